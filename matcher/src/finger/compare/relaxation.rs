//! Pairs of minutiae that agree with each other gain, others lose (Cappelli 2010, section 5.2; equations 24 to 26).

use super::{super::cylinder::wrapped, Point, PreparedFinger, similarity::Pair};

/// Weight of a pair's own value in a round (w R).
const OWN_WEIGHT: f32 = 0.5;
/// Rounds (n rel).
const ROUNDS: usize = 5;
/// Middle and steepness of the three sigmoids: of the difference of distances in pixels, and of both angles.
const DISTANCE: (f32, f32) = (5.0, -8.0 / 5.0);
const ANGLE: (f32, f32) = (std::f32::consts::PI / 12.0, -30.0);
/// Beyond these both are below a thousandth, and taken as 0.
const DISTANCE_MOST_PX: f32 = 10.0;
const ANGLE_MOST: f32 = 0.5;

fn sigmoid(value: f32, (middle, steepness): (f32, f32)) -> f32 {
    1.0 / (1.0 + (-steepness * (value - middle)).exp())
}

/// The value of each pair after relaxation.
pub(super) fn relax(a: &PreparedFinger, b: &PreparedFinger, pairs: &[Pair]) -> Vec<f32> {
    let ends: Vec<(&Point, &Point)> = pairs
        .iter()
        .filter_map(|pair| Some((a.points.get(usize::from(pair.first))?, b.points.get(usize::from(pair.second))?)))
        .collect();
    let count = ends.len();
    if count == 0 {
        return Vec::new();
    }
    let mut agreeing = vec![0.0_f32; count * count];
    for (row, of) in agreeing.chunks_exact_mut(count).zip(&ends) {
        for (value, with) in row.iter_mut().zip(&ends) {
            *value = agreement(of, with);
        }
    }
    let mut values: Vec<f32> = pairs.iter().map(|pair| pair.similarity).collect();
    for _ in 0..ROUNDS {
        values = agreeing
            .chunks_exact(count)
            .zip(&values)
            .map(|(row, own)| {
                let others: f32 = row.iter().zip(&values).map(|(agreement, value)| agreement * value).sum();
                OWN_WEIGHT * own + (1.0 - OWN_WEIGHT) * others / (count.max(2) - 1) as f32
            })
            .collect();
    }
    values
}

/// How well two pairs agree: the second minutia lies as far from the first, in the same direction, and is turned alike,
/// on both fingers (25). A pair does not speak for itself.
fn agreement((a, b): &(&Point, &Point), (a2, b2): &(&Point, &Point)) -> f32 {
    let (ax, ay) = (a2.x - a.x, a2.y - a.y);
    let (bx, by) = (b2.x - b.x, b2.y - b.y);
    let (far_a, far_b) = (ax.hypot(ay), bx.hypot(by));
    let distance = (far_a - far_b).abs();
    if distance > DISTANCE_MOST_PX || far_a <= 0.0 || far_b <= 0.0 {
        return 0.0;
    }
    let turn = wrapped((a.direction - a2.direction) - (b.direction - b2.direction)).abs();
    if turn > ANGLE_MOST {
        return 0.0;
    }
    let radial = wrapped((a.direction - ay.atan2(ax)) - (b.direction - by.atan2(bx))).abs();
    if radial > ANGLE_MOST {
        return 0.0;
    }
    sigmoid(distance, DISTANCE) * sigmoid(turn, ANGLE) * sigmoid(radial, ANGLE)
}
