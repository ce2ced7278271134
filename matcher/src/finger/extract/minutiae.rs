//! Minutiae: where the thinned ridges end or fork (crossing number, Handbook of Fingerprint Recognition, 3.7.1), without
//! those that thinning, dirt, creases and the finger's edge make.

use std::{collections::HashSet, f32::consts::PI};

use zeroize::{Zeroize, Zeroizing};

use super::{
    orientation::Orientation,
    plane::{CELL, Plane},
    skeleton::{AROUND, Skeleton},
};
use crate::finger::{Kind, Minutia};

/// Longest branch that is a spur, longest ridge that is an island, in pixels: less than a ridge's period and a half.
const SPUR_PX: usize = 10;
const ISLAND_PX: usize = 14;
/// Longest ridge between two forks that is a bridge or the side of a lake, in pixels.
const BRIDGE_PX: usize = 12;
const LAKE_PX: usize = 16;
/// Widest gap of a broken ridge, in pixels, and how far its two ends may be out of line, in radians.
const GAP_PX: f32 = 14.0;
const GAP_TURN: f32 = PI / 4.0;
/// How near to the finger's edge ridges end because the picture does, in cells.
const EDGE_CELLS: f32 = 2.5;
/// How far a ridge is followed for its direction, in pixels.
const FOLLOWED_PX: usize = 14;
/// Minutiae nearer than this to each other are noise, in pixels.
const CROWD_PX: f32 = 6.0;

/// What the minutiae are read from.
pub(super) struct Field<'a> {
    pub(super) skeleton: &'a Skeleton,
    pub(super) orientation: &'a Orientation,
    /// Finger (1) or not, a value a cell.
    pub(super) mask: &'a Plane<f32>,
    /// How certain the ridges are, 0 to 1, a value a cell.
    pub(super) certainty: &'a Plane<f32>,
}

type Pixel = (isize, isize);

/// Where a ridge was followed to.
struct Way {
    pixels: Zeroizing<Vec<Pixel>>,
    end: End,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Ending(Pixel),
    Fork(Pixel),
    Further,
}

struct Candidate {
    at: Pixel,
    kind: Kind,
    ways: Vec<Way>,
    /// From the minutia on, as [`Minutia::direction`] has it.
    direction: f32,
    real: bool,
}

impl Zeroize for Candidate {
    fn zeroize(&mut self) {
        self.at.zeroize();
        self.direction.zeroize();
        self.ways.clear();
    }
}

/// All minutiae of the finger.
pub(super) fn minutiae(field: &Field<'_>) -> Zeroizing<Vec<Minutia>> {
    let mut found = candidates(field);
    clear_ways(&mut found);
    clear_gaps(&mut found);
    clear_edge(&mut found, field.mask);
    clear_crowds(&mut found);
    let minutia = |candidate: &Candidate| {
        let (x, y) = (candidate.at.0 as f32, candidate.at.1 as f32);
        Minutia {
            x,
            y,
            direction: candidate.direction,
            kind: candidate.kind,
            quality: (100.0 * field.certainty.of_pixel(x, y)).clamp(0.0, 100.0) as u8,
        }
    };
    Zeroizing::new(found.iter().filter(|candidate| candidate.real).map(minutia).collect())
}

fn candidates(field: &Field<'_>) -> Zeroizing<Vec<Candidate>> {
    let lines = field.skeleton.lines();
    let mut found = Zeroizing::new(Vec::new());
    for y in 0..lines.height() {
        for (x, _) in lines.row(y).iter().enumerate().filter(|(_, line)| **line != 0) {
            let at = (x as isize, y as isize);
            let kind = match field.skeleton.crossings(at.0, at.1) {
                1 => Kind::Ending,
                3 => Kind::Bifurcation,
                _ => continue,
            };
            let ways: Vec<Way> = starts(field.skeleton, at).map(|start| follow(field.skeleton, at, start)).collect();
            let direction = direction(field.orientation, at, &ways);
            found.push(Candidate { at, kind, ways, direction, real: true });
        }
    }
    found
}

/// The first pixel of each line that leaves this one: of neighbors that touch each other, the nearest.
fn starts(skeleton: &Skeleton, (x, y): Pixel) -> impl Iterator<Item = Pixel> {
    let set = move |bit: usize| {
        let (dx, dy) = AROUND[bit % 8];
        skeleton.is_line(x + dx, y + dy)
    };
    (0..8).filter(move |&bit| set(bit) && (bit % 2 == 0 || (!set(bit + 1) && !set(bit + 7)))).map(move |bit| {
        let (dx, dy) = AROUND[bit];
        (x + dx, y + dy)
    })
}

/// Follows a line until it ends, forks, or has gone as far as anybody asks.
fn follow(skeleton: &Skeleton, from: Pixel, start: Pixel) -> Way {
    let mut pixels = Zeroizing::new(vec![start]);
    let (mut before, mut at) = (from, start);
    while pixels.len() < LAKE_PX.max(FOLLOWED_PX) {
        match skeleton.crossings(at.0, at.1) {
            0 | 1 => return Way { pixels, end: End::Ending(at) },
            2 => {}
            _ => return Way { pixels, end: End::Fork(at) },
        }
        let near = |a: Pixel, b: Pixel| (a.0 - b.0).abs() <= 1 && (a.1 - b.1).abs() <= 1;
        let Some(next) = starts(skeleton, at)
            .find(|&next| next != before && !(near(next, before) && next != from && before != from))
        else {
            return Way { pixels, end: End::Further };
        };
        pixels.push(next);
        (before, at) = (at, next);
    }
    Way { pixels, end: End::Further }
}

/// Counter-clockwise angle as seen, of the way from one pixel to another.
fn towards(from: Pixel, to: Pixel) -> f32 {
    (-((to.1 - from.1) as f32)).atan2((to.0 - from.0) as f32)
}

/// The least turn between two directions, 0 to pi.
fn turn(one: f32, other: f32) -> f32 {
    let turn = (one - other).rem_euclid(2.0 * PI);
    turn.min(2.0 * PI - turn)
}

/// The axis of the ridges' flow, in the sense in which the ending's ridge goes back, or the fork's branches go.
fn direction(orientation: &Orientation, at: Pixel, ways: &[Way]) -> f32 {
    let headings: Vec<f32> = ways
        .iter()
        .filter_map(|way| way.pixels.get(FOLLOWED_PX.min(way.pixels.len()) - 1))
        .map(|&to| towards(at, to))
        .collect();
    let sense = match headings.as_slice() {
        [only] => *only,
        [first, second, third] => {
            let pairs = [(first, second), (second, third), (third, first)];
            let (one, other) = pairs
                .into_iter()
                .min_by(|a, b| turn(*a.0, *a.1).total_cmp(&turn(*b.0, *b.1)))
                .unwrap_or((first, second));
            (one.sin() + other.sin()).atan2(one.cos() + other.cos())
        }
        _ => 0.0,
    };
    // The field's angle turns the other way: its axis down is positive.
    let axis = -orientation.angle_at(at.0 as f32 + 0.5, at.1 as f32 + 0.5);
    let axis = if turn(axis, sense) > PI / 2.0 { axis + PI } else { axis };
    axis.rem_euclid(2.0 * PI)
}

/// Spurs, islands, bridges and lakes.
fn clear_ways(found: &mut [Candidate]) {
    let mut false_ones = HashSet::new();
    for candidate in found.iter() {
        for (number, way) in candidate.ways.iter().enumerate() {
            let length = way.pixels.len();
            let other = match (candidate.kind, way.end) {
                (Kind::Ending, End::Ending(other)) if length <= ISLAND_PX => other,
                (Kind::Ending, End::Fork(other)) if length <= SPUR_PX => other,
                (_, End::Fork(other)) if length <= LAKE_PX => {
                    let again = candidate
                        .ways
                        .iter()
                        .skip(number + 1)
                        .any(|way| way.end == End::Fork(other) && way.pixels.len() <= LAKE_PX);
                    let bridge = length <= BRIDGE_PX && {
                        let across = turn(towards(candidate.at, other), candidate.direction);
                        (PI / 4.0..3.0 * PI / 4.0).contains(&across)
                    };
                    if !again && !bridge && other != candidate.at {
                        continue;
                    }
                    other
                }
                _ => continue,
            };
            false_ones.insert(candidate.at);
            false_ones.insert(other);
        }
    }
    found
        .iter_mut()
        .filter(|candidate| false_ones.contains(&candidate.at))
        .for_each(|candidate| candidate.real = false);
}

/// Two endings that face each other across a gap.
fn clear_gaps(found: &mut [Candidate]) {
    let endings: Vec<(usize, Pixel, f32)> = found
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.real && candidate.kind == Kind::Ending)
        .map(|(at, candidate)| (at, candidate.at, candidate.direction))
        .collect();
    for (number, &(first, one, back)) in endings.iter().enumerate() {
        for &(second, other, other_back) in endings.iter().skip(number + 1) {
            let distance = ((one.0 - other.0) as f32).hypot((one.1 - other.1) as f32);
            let ahead = turn(towards(other, one), back);
            let across = turn(towards(one, other), other_back);
            if distance <= GAP_PX && turn(back, other_back) > PI - GAP_TURN && ahead < GAP_TURN && across < GAP_TURN {
                for at in [first, second] {
                    if let Some(candidate) = found.get_mut(at) {
                        candidate.real = false;
                    }
                }
            }
        }
    }
}

/// Minutiae that the finger's edge or the picture's makes.
fn clear_edge(found: &mut [Candidate], mask: &Plane<f32>) {
    let reach = EDGE_CELLS.ceil() as isize;
    for candidate in found.iter_mut().filter(|candidate| candidate.real) {
        let (x, y) = (candidate.at.0 / CELL as isize, candidate.at.1 / CELL as isize);
        let outside = (-reach..=reach).any(|dy| {
            (-reach..=reach)
                .any(|dx| ((dx * dx + dy * dy) as f32) <= EDGE_CELLS * EDGE_CELLS && mask.at(x + dx, y + dy) == 0.0)
        });
        candidate.real = !outside;
    }
}

/// Of minutiae that stand in each other's way none is certain.
fn clear_crowds(found: &mut [Candidate]) {
    let places: Vec<(usize, Pixel)> = found
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.real)
        .map(|(at, candidate)| (at, candidate.at))
        .collect();
    for (number, &(first, one)) in places.iter().enumerate() {
        for &(second, other) in places.iter().skip(number + 1) {
            if ((one.0 - other.0) as f32).hypot((one.1 - other.1) as f32) < CROWD_PX {
                for at in [first, second] {
                    if let Some(candidate) = found.get_mut(at) {
                        candidate.real = false;
                    }
                }
            }
        }
    }
}
