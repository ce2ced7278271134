//! Pairs of minutiae that agree with each other gain, others lose (Cappelli 2010, section 5.2; equations 24 to 27).

use super::{super::cylinder::wrapped, Point, PreparedFinger, similarity::Pair};

/// Weight of a pair's own value in a round (w R).
const OWN_WEIGHT: f32 = 0.5;
/// Rounds (n rel).
const ROUNDS: usize = 5;
/// Middle and steepness of the sigmoid of a difference of distances, in pixels (mu 1, tau 1).
const DISTANCE_PX: (f32, f32) = (5.0, -8.0 / 5.0);
/// The same of angles, in radians (mu 2 and 3, tau 2 and 3).
const ANGLE: (f32, f32) = (std::f32::consts::PI / 12.0, -30.0);
/// Beyond these, where the sigmoids are below a thousandth, two pairs do not agree at all.
const DISTANCE_MOST_PX: f32 = 10.0;
const ANGLE_MOST: f32 = 0.5;

/// How much two pairs agree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreement {
    /// Both pairs, by index.
    pub pairs: [usize; 2],
    /// As each of them sees it.
    pub seen: [f32; 2],
}

/// What relaxation found.
pub(super) struct Relaxed {
    /// The value of each pair.
    pub values: Vec<f32>,
    /// Of the pairs that agree at all.
    pub agreements: Vec<Agreement>,
}

impl Relaxed {
    /// Mean value of so many pairs, those that kept the most of their similarity (27).
    pub(super) fn score(&self, pairs: &[Pair], scored: usize) -> f32 {
        let mut kept: Vec<(f32, f32)> =
            self.values.iter().zip(pairs).map(|(&value, pair)| (value / pair.similarity, value)).collect();
        kept.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)));
        kept.iter().take(scored).map(|pair| pair.1).sum::<f32>() / scored as f32
    }
}

fn sigmoid(value: f32, (middle, steepness): (f32, f32)) -> f32 {
    1.0 / (1.0 + (-steepness * (value - middle)).exp())
}

/// Relaxes these pairs.
pub(super) fn relax(a: &PreparedFinger, b: &PreparedFinger, pairs: &[Pair]) -> Relaxed {
    let agreements = agreements(a, b, pairs);
    let mut values: Vec<f32> = pairs.iter().map(|pair| pair.similarity).collect();
    let share = (1.0 - OWN_WEIGHT) / (pairs.len().max(2) - 1) as f32;
    for _ in 0..ROUNDS {
        let mut next: Vec<f32> = values.iter().map(|value| OWN_WEIGHT * value).collect();
        for &Agreement { pairs: [one, other], seen } in &agreements {
            for (to, from, seen) in [(one, other, seen[0]), (other, one, seen[1])] {
                if let (Some(to), Some(from)) = (next.get_mut(to), values.get(from)) {
                    *to += share * seen * from;
                }
            }
        }
        values = next;
    }
    Relaxed { values, agreements }
}

/// Both minutiae of each pair, and the turn from the first to the second.
fn ends<'a>(a: &'a PreparedFinger, b: &'a PreparedFinger, pairs: &[Pair]) -> Vec<(&'a Point, &'a Point, f32)> {
    let ends = pairs.iter().filter_map(|pair| {
        let (first, second) = (a.points.get(pair.first)?, b.points.get(pair.second)?);
        Some((first, second, second.direction - first.direction))
    });
    ends.collect()
}

fn agreements(a: &PreparedFinger, b: &PreparedFinger, pairs: &[Pair]) -> Vec<Agreement> {
    let ends = ends(a, b, pairs);
    let mut found = Vec::new();
    for (other, with) in ends.iter().enumerate() {
        for (one, of) in ends.iter().take(other).enumerate() {
            if let Some(seen) = agreement(of, with) {
                found.push(Agreement { pairs: [one, other], seen });
            }
        }
    }
    found
}

/// How well two pairs agree: the second minutia lies as far from the first, in the same direction, and is turned alike, on
/// both fingers (25, 26); as the first pair sees it and as the second does.
fn agreement(of: &(&Point, &Point, f32), with: &(&Point, &Point, f32)) -> Option<[f32; 2]> {
    let (ax, ay) = (with.0.x - of.0.x, with.0.y - of.0.y);
    let (bx, by) = (with.1.x - of.1.x, with.1.y - of.1.y);
    let distance = ((ax * ax + ay * ay).sqrt() - (bx * bx + by * by).sqrt()).abs();
    if distance > DISTANCE_MOST_PX {
        return None;
    }
    let turn = wrapped(with.2 - of.2).abs();
    if turn > ANGLE_MOST {
        return None;
    }
    // How much the way from the one minutia to the other turns between the fingers; each pair sees it beside its own turn.
    let way = (ax * by - ay * bx).atan2(ax * bx + ay * by);
    let [one, other] = [of.2, with.2].map(|turn| wrapped(way - turn).abs());
    if one.min(other) > ANGLE_MOST {
        return None;
    }
    let both = sigmoid(distance, DISTANCE_PX) * sigmoid(turn, ANGLE);
    Some([both * sigmoid(one, ANGLE), both * sigmoid(other, ANGLE)])
}

/// How much the other pairs agree with that one of the first few that most agree with.
pub(super) fn support(a: &PreparedFinger, b: &PreparedFinger, pairs: &[Pair], seeds: usize) -> f32 {
    let ends = ends(a, b, pairs);
    let supported = ends.iter().take(seeds).map(|of| {
        let others = ends.iter().zip(pairs).filter(|(with, _)| !std::ptr::eq(*with, of));
        others.filter_map(|(with, pair)| Some(agreement(of, with)?[0] * pair.similarity)).sum::<f32>()
    });
    supported.fold(0.0, f32::max)
}
