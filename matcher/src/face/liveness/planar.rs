//! Planar motion: two views show a flat picture through one homography, and a head not, whose nose and ears lie at
//! different depths (Hartley and Zisserman, 13.1; for faces: De Marsico et al., Moving face spoofing detection via 3D
//! projective invariants, 2012).
//!
//! Cameras need no calibration: faces are aligned by their landmarks, points are followed from one view to the other, and
//! the homography that explains most of their motion is fitted. What remains beside the change of shape tells depth.
//!
//! It speaks only against a living face: bent paper is no plane, either, and what a screen replays may move over time as
//! a head does.

use super::{Cue, CueName, Evidence, View, flow::SIDE, homography::Homography, recent::Recent, views::Motion};
use crate::face::FaceError;

/// Least points that two views must share.
const POINTS_MIN: usize = 40;
/// Least change of shape between two views that can tell anything, in pixels of the aligned face (root of mean square):
/// three times what following points errs.
const CHANGE_PX_MIN: f64 = 0.6;
/// Pairs of views needed, and how many count.
const VIEWS_MIN: usize = 3;
const VIEWS_MAX: usize = 24;

/// See the module.
#[derive(Default)]
pub(super) struct PlanarMotion {
    of_a_moment: Recent<VIEWS_MAX>,
    over_time: Recent<VIEWS_MAX>,
}

impl Cue for PlanarMotion {
    fn name(&self) -> CueName {
        CueName::PlanarMotion
    }

    fn look(&mut self, _: &View<'_>, motions: &[Motion]) -> Result<(), FaceError> {
        for motion in motions {
            let scores = if motion.over_time { &mut self.over_time } else { &mut self.of_a_moment };
            scores.extend(planarity(motion));
        }
        Ok(())
    }

    fn evidence(&self) -> Option<Evidence> {
        // Two cameras at one moment show a plane better than one that waits for it to turn.
        let score = self.of_a_moment.median(VIEWS_MIN).or_else(|| self.over_time.median(VIEWS_MIN))?;
        Some(Evidence { score: score as f32, vouches: false })
    }

    fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The part of the change of shape between two views that one homography explains: 1 for a flat picture, less for a
/// head. `None` if there is too little to follow or too little change.
fn planarity(motion: &Motion) -> Option<f64> {
    let center = SIDE as f64 / 2.0;
    let scaled = |[x, y]: [f32; 2]| [(f64::from(x) - center) / center, (f64::from(y) - center) / center];
    if motion.pairs.len() < POINTS_MIN {
        return None;
    }
    let points: Vec<_> = motion.pairs.iter().map(|pair| (scaled(pair.from), scaled(pair.to))).collect();
    let map = Homography::fit(&points)?;
    let square =
        |errors: &mut dyn Iterator<Item = f64>| errors.map(|error| error * error).sum::<f64>() / points.len() as f64;
    // Back and forth errs twice.
    let noise = square(&mut motion.pairs.iter().map(|pair| f64::from(pair.miss) / center)) / 2.0;
    let left = square(&mut points.iter().map(|pair| map.error(pair)));
    let changed = change(&points);
    if changed.sqrt() * center < CHANGE_PX_MIN {
        return None;
    }
    Some(1.0 - ((left - noise) / changed).clamp(0.0, 1.0))
}

/// Mean square of what no shift, turn and scale explains: these follow from where landmarks were found, and tell nothing
/// of the view.
fn change(points: &[([f64; 2], [f64; 2])]) -> f64 {
    let count = points.len().max(1) as f64;
    let mean = |of: fn(&([f64; 2], [f64; 2])) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (fx, fy) = (mean(|pair| pair.0[0]), mean(|pair| pair.0[1]));
    let (tx, ty) = (mean(|pair| pair.1[0]), mean(|pair| pair.1[1]));
    let (mut a, mut b, mut square, mut size) = (0.0, 0.0, f64::EPSILON, 0.0);
    for (from, to) in points {
        let (x, y, u, v) = (from[0] - fx, from[1] - fy, to[0] - tx, to[1] - ty);
        a += x * u + y * v;
        b += x * v - y * u;
        square += x * x + y * y;
        size += u * u + v * v;
    }
    ((size - (a * a + b * b) / square) / count).max(0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::face::liveness::views::tests::seen;

    #[test]
    fn a_plane_is_planar_a_head_is_not_and_one_view_twice_tells_nothing() {
        let tilted = |[x, y]: [f64; 2]| [1.02 * x, 0.9 * y + 0.05 * x * y, 0.0];
        let plane = planarity(&seen(|[x, y]| [x, y, 0.3 * y], 0.35)).unwrap();
        assert!(plane > 0.95, "{plane}");
        let head = planarity(&seen(|[x, y]| [x, y, 0.5 * x * x + 0.3 * y * y], 0.35)).unwrap();
        assert!(head < 0.6, "{head}");
        assert!(planarity(&seen(tilted, 0.0)).is_none());
    }
}
