//! One finger laid upon the other, and what then lies together.
//!
//! Relaxation tells which pairs agree. From those around a strong one follows how the fingers lie (least squares after
//! Umeyama 1991, without scale). Then minutiae that have no cylinder count as well, and so do those that find no partner
//! where both fingers reach.

use super::{
    super::cylinder::{Place, wrapped},
    Point, PreparedFinger,
    relaxation::Relaxed,
    similarity::Pair,
};

/// How far apart partners may lie, in pixels: a ridge and a half (nine pixels from ridge to ridge), for skin stretches.
const APART_MOST_PX: f32 = 14.0;
/// How much their directions may differ, in radians.
const TURN_MOST: f32 = 0.4;
/// The strongest pairs that an alignment is tried from.
const SEEDS: usize = 2;
/// Least agreement with such a pair of those that the alignment is made from.
const AGREEMENT_LEAST: f32 = 0.2;
/// How far from its place a direction's turn counts as much as a place does, in pixels.
const ARM_PX: f32 = 20.0;
/// How far around its minutiae's hull a finger reaches, in pixels: about a ridge.
const EDGE_PX: f32 = 12.0;
/// Minutiae without a partner that are always counted, so that a small common part, in which a few lie together by chance,
/// proves little.
const UNMATCHED_LEAST: f32 = 8.0;

/// Turn and way that lay the first finger upon the second.
#[derive(Debug, Clone, Copy)]
struct Motion {
    cos: f32,
    sin: f32,
    turn: f32,
    x: f32,
    y: f32,
}

/// Minutiae that lie together: of the first and the second finger, and how closely, 0 to 1.
type Together = (usize, usize, f32);

impl Motion {
    /// The best one for minutiae that should lie together.
    fn of(a: &PreparedFinger, b: &PreparedFinger, together: &[Together]) -> Option<Self> {
        let pairs = || {
            together
                .iter()
                .filter_map(|&(first, second, weight)| Some((a.points.get(first)?, b.points.get(second)?, weight)))
        };
        let weight: f32 = pairs().map(|pair| pair.2).sum();
        if weight <= 0.0 {
            return None;
        }
        let sums = pairs().fold([0.0; 4], |sums, (a, b, weight)| {
            [sums[0] + weight * a.x, sums[1] + weight * a.y, sums[2] + weight * b.x, sums[3] + weight * b.y]
        });
        let [ax, ay, bx, by] = sums.map(|sum| sum / weight);
        let (mut dot, mut cross) = (0.0, 0.0);
        for (a, b, weight) in pairs() {
            let (ax, ay, bx, by) = (a.x - ax, a.y - ay, b.x - bx, b.y - by);
            let (sin, cos) = (b.direction - a.direction).sin_cos();
            dot += weight * (ax * bx + ay * by + ARM_PX * ARM_PX * cos);
            cross += weight * (ax * by - ay * bx + ARM_PX * ARM_PX * sin);
        }
        let length = dot.hypot(cross);
        if length <= 0.0 {
            return None;
        }
        let (cos, sin) = (dot / length, cross / length);
        let turn = sin.atan2(cos);
        Some(Self { cos, sin, turn, x: bx - (cos * ax - sin * ay), y: by - (sin * ax + cos * ay) })
    }

    fn apply(&self, point: &Point) -> Point {
        Point {
            x: self.cos * point.x - self.sin * point.y + self.x,
            y: self.sin * point.x + self.cos * point.y + self.y,
            direction: point.direction + self.turn,
        }
    }

    fn back(&self, point: &Point) -> Place {
        let (x, y) = (point.x - self.x, point.y - self.y);
        Place { x: self.cos * x + self.sin * y, y: self.cos * y - self.sin * x }
    }
}

/// How much of the common part of both fingers lies together, 0 to 1, in the best alignment.
pub(super) fn score(a: &PreparedFinger, b: &PreparedFinger, pairs: &[Pair], relaxed: &Relaxed) -> f32 {
    let mut strongest: Vec<(usize, f32)> = relaxed.values.iter().copied().enumerate().collect();
    strongest.sort_unstable_by(|x, y| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0)));
    let tried = strongest.iter().take(SEEDS).filter_map(|&(seed, _)| {
        let around = around(seed, pairs, relaxed);
        let first = Motion::of(a, b, &around)?;
        let refined = Motion::of(a, b, &together(a, b, &first)).unwrap_or(first);
        Some(part(a, b, &refined))
    });
    tried.fold(0.0, f32::max)
}

/// A pair with those that agree with it.
fn around(seed: usize, pairs: &[Pair], relaxed: &Relaxed) -> Vec<Together> {
    let weighted = |at: usize, agreement: f32| {
        let (pair, value) = (pairs.get(at)?, relaxed.values.get(at)?);
        Some((pair.first, pair.second, agreement * value))
    };
    let agreeing = relaxed.agreements.iter().filter_map(|agreement| {
        let [one, other] = agreement.pairs;
        let (with, seen) = if one == seed { (other, agreement.seen[0]) } else { (one, agreement.seen[1]) };
        if (one == seed || other == seed) && seen > AGREEMENT_LEAST { weighted(with, seen) } else { None }
    });
    weighted(seed, 1.0).into_iter().chain(agreeing).collect()
}

/// Minutiae that lie together, each with one other at most, the closest first.
fn together(a: &PreparedFinger, b: &PreparedFinger, motion: &Motion) -> Vec<Together> {
    let mut near: Vec<Together> = Vec::new();
    for (first, point) in a.points.iter().enumerate() {
        let moved = motion.apply(point);
        for (second, other) in b.points.iter().enumerate() {
            let squared = (moved.x - other.x).powi(2) + (moved.y - other.y).powi(2);
            if squared > APART_MOST_PX * APART_MOST_PX {
                continue;
            }
            let turn = wrapped(moved.direction - other.direction);
            let apart = squared / (APART_MOST_PX * APART_MOST_PX) + turn * turn / (TURN_MOST * TURN_MOST);
            if apart < 1.0 {
                near.push((first, second, 1.0 - apart / 2.0));
            }
        }
    }
    near.sort_unstable_by(|x, y| y.2.total_cmp(&x.2).then((x.0, x.1).cmp(&(y.0, y.1))));
    let (mut first_taken, mut second_taken) = (vec![false; a.points.len()], vec![false; b.points.len()]);
    near.retain(|&(first, second, _)| {
        let (Some(first), Some(second)) = (first_taken.get_mut(first), second_taken.get_mut(second)) else {
            return false;
        };
        let free = !*first && !*second;
        (*first, *second) = (*first || free, *second || free);
        free
    });
    near
}

/// What lies together, beside what lies where both fingers reach.
fn part(a: &PreparedFinger, b: &PreparedFinger, motion: &Motion) -> f32 {
    let together = together(a, b, motion);
    let common_a = a.points.iter().filter(|point| b.hull.reaches(motion.apply(point).place(), EDGE_PX)).count();
    let common_b = b.points.iter().filter(|point| a.hull.reaches(motion.back(point), EDGE_PX)).count();
    let [common_a, common_b] = [common_a, common_b].map(|count| count.max(together.len()) as f32);
    together.iter().map(|pair| pair.2).sum::<f32>() / ((common_a * common_b).sqrt() + UNMATCHED_LEAST)
}
