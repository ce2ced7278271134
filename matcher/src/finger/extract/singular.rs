//! Singular points: cores and deltas, by the Poincaré index (Kawagoe and Tojo 1984; Handbook of Fingerprint Recognition,
//! 3.6.1), with the direction that fits the flow around them (after Bazen and Gerez 2002).

use std::f32::consts::{PI, TAU};

use zeroize::{Zeroize, Zeroizing};

use super::{
    orientation::Orientation,
    plane::{CELL, Plane},
};

/// How far the flow is smoothed before its turns are counted, in cells: two ridges.
const SMOOTH_CELLS: f32 = 3.0;
/// How near to the finger's edge nothing is believed, in cells.
const EDGE_CELLS: isize = 4;
/// A core and a delta nearer than this undo each other, two of a kind are one; in cells: three ridges.
const PAIR_CELLS: f32 = 7.0;
/// Ring whose flow tells the direction, in cells.
const RING_CELLS: std::ops::RangeInclusive<f32> = 2.5..=6.0;
/// Most of one kind: a whorl has two.
const EACH_MOST: usize = 2;

/// What kind of singular point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SingularKind {
    /// The innermost turn of a loop.
    #[default]
    Core,
    /// Where three flows part.
    Delta,
}

/// Where the ridges' flow has no direction.
#[derive(Clone, Copy, PartialEq, Default)]
pub struct Singular {
    /// Core or delta.
    pub kind: SingularKind,
    /// In pixels at 500 dpi, from the left edge.
    pub x: f32,
    /// In pixels at 500 dpi, from the upper edge.
    pub y: f32,
    /// 0 to 2 pi, counter-clockwise as seen: from a core to the open end of its loop; from a delta along one of its three
    /// flows, the others a third of a turn to each side (ISO/IEC 19794-2:2005, 7.5.3).
    pub direction: f32,
    /// How well the flow around it is that of such a point, 0 to 1.
    pub fit: f32,
}

impl Zeroize for Singular {
    fn zeroize(&mut self) {
        *self = Self::default();
    }
}

/// Cores and deltas within the finger, best first.
pub(super) fn singular_points(orientation: &Orientation, mask: &Plane<f32>) -> Zeroizing<Vec<Singular>> {
    let flow = [0, 1].map(|part| {
        let mut mask = mask.values().iter();
        let masked = |doubled: &[f32; 2]| doubled[part] * mask.next().copied().unwrap_or_default();
        orientation.doubled.map(masked).blurred(SMOOTH_CELLS)
    });
    let mut found = Zeroizing::new(Vec::<Singular>::new());
    for y in 0..mask.height() as isize {
        for x in 0..mask.width() as isize {
            let kind = match index(&flow, x, y) {
                1 => SingularKind::Core,
                -1 => SingularKind::Delta,
                _ => continue,
            };
            let inside = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)]
                .iter()
                .all(|(dx, dy)| mask.at(x + dx * EDGE_CELLS, y + dy * EDGE_CELLS) != 0.0);
            if inside {
                found.push(fitted(kind, orientation, x, y));
            }
        }
    }
    plausible(&found)
}

/// Half turns of the flow, once around the corner that this cell shares with those to its right and below.
fn index(flow: &[Plane<f32>; 2], x: isize, y: isize) -> i32 {
    let [cosine, sine] = flow;
    let corners = [(0, 0), (0, 1), (1, 1), (1, 0)].map(|(dx, dy)| {
        let (cosine, sine) = (cosine.at(x + dx, y + dy), sine.at(x + dx, y + dy));
        (cosine != 0.0 || sine != 0.0).then(|| sine.atan2(cosine))
    });
    let mut sum = 0.0;
    for (at, corner) in corners.iter().enumerate() {
        let (Some(from), Some(to)) = (corner, corners[(at + 1) % 4]) else { return 0 };
        let turn = to - from;
        sum += turn - TAU * (turn / TAU).round();
    }
    // Around by the cell below first is counter-clockwise as seen, and angles of the field grow clockwise.
    -(sum / TAU).round() as i32
}

/// The direction of a point from the flow on a ring around it. Around a core the doubled angle goes around with the place,
/// around a delta against it.
fn fitted(kind: SingularKind, orientation: &Orientation, x: isize, y: isize) -> Singular {
    let reach = RING_CELLS.end().ceil() as isize;
    let (mut cosine, mut sine, mut count) = (0.0f32, 0.0f32, 0.0f32);
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            // The point lies at the corner to the right and below.
            let (right, down) = (dx as f32 - 0.5, dy as f32 - 0.5);
            if !RING_CELLS.contains(&right.hypot(down)) {
                continue;
            }
            let place = down.atan2(right);
            let doubled = 2.0 * orientation.angle(x + dx, y + dy);
            let rest = if kind == SingularKind::Core { doubled - place } else { doubled + place };
            cosine += rest.cos();
            sine += rest.sin();
            count += 1.0;
        }
    }
    let rest = sine.atan2(cosine);
    let down = if kind == SingularKind::Core { rest } else { rest / 3.0 };
    let pixel = |cell: isize| (cell + 1) as f32 * CELL as f32;
    Singular {
        kind,
        x: pixel(x),
        y: pixel(y),
        direction: (-down).rem_euclid(2.0 * PI),
        fit: cosine.hypot(sine) / count.max(1.0),
    }
}

/// Without pairs that undo each other, doubles, and more than a finger has.
fn plausible(found: &[Singular]) -> Zeroizing<Vec<Singular>> {
    let near = |one: &Singular, other: &Singular| {
        (one.x - other.x).hypot(one.y - other.y) < PAIR_CELLS * CELL as f32 && one != other
    };
    let lone = found.iter().filter(|one| !found.iter().any(|other| one.kind != other.kind && near(one, other)));
    let mut sorted = Zeroizing::new(lone.copied().collect::<Vec<_>>());
    sorted.sort_by(|one, other| other.fit.total_cmp(&one.fit));
    let mut kept = Zeroizing::new(Vec::<Singular>::new());
    for one in sorted.iter() {
        let same = kept.iter().filter(|other| other.kind == one.kind);
        if same.clone().count() < EACH_MOST && !same.clone().any(|other| near(one, other)) {
            kept.push(*one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flow whose doubled angle goes around the middle this often, turned by this.
    fn flow(around: f32, rest: f32) -> (Orientation, Plane<f32>) {
        let doubled = Plane::of(60, 60, |x, y| {
            let doubled = around * (y as f32 - 29.5).atan2(x as f32 - 29.5) + rest;
            [doubled.cos(), doubled.sin()]
        });
        (Orientation { doubled, coherence: Plane::new(60, 60) }, Plane::of(60, 60, |_, _| 1.0))
    }

    #[test]
    fn a_core_opens_where_it_does_and_a_delta_has_three_flows() {
        for opening in [0.5f32, 1.6, 3.0, 5.5] {
            let (orientation, mask) = flow(1.0, -opening);
            let found = singular_points(&orientation, &mask);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].kind, SingularKind::Core);
            assert!((found[0].x - 120.0).abs() < 5.0 && (found[0].y - 120.0).abs() < 5.0);
            assert!((found[0].direction - opening).abs() < 0.1, "{} of {opening}", found[0].direction);
            assert!(found[0].fit > 0.95);
        }
        let (orientation, mask) = flow(-1.0, -3.0 * 0.4);
        let found = singular_points(&orientation, &mask);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, SingularKind::Delta);
        let third = (found[0].direction - 0.4).rem_euclid(TAU / 3.0);
        assert!(third.min(TAU / 3.0 - third) < 0.1, "{third}");
        let (orientation, mask) = flow(0.0, 1.0);
        assert!(singular_points(&orientation, &mask).is_empty());
    }
}
