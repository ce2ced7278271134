//! Facial relief: between two cameras a nose moves against the face around it. Paper that is bent, or worn as a mask, is no
//! plane, but as smooth as it was: all its motion is quadratic in place.
//!
//! The motion that no quadratic explains is compared with what a ridge between eyes and tip of the nose would cause
//! (plane and parallax: Irani and Anandan 1996). Whoever hides the nose has no relief either.

use super::{
    Cue, CueName, Evidence, View,
    homography::{median, solve},
    recent::Recent,
    views::Motion,
};
use crate::face::FaceError;

/// Motion of the nose that speaks for a head beyond doubt, in distances of the eyes: a nose stands 0.3 such distances
/// over the face (Farkas 1994), which cameras see 20 degrees apart (`0.3 tan 20°` is 0.11).
const FULL: f64 = 0.10;
/// Terms of the motion: a constant, two linear, three quadratic, and the nose.
const TERMS: usize = 7;
/// Rounds in which outliers lose their weight, and from how many robust deviations on they do.
const ROUNDS: usize = 6;
const HUBER: f64 = 2.0;
/// Least that the points tell of the nose, in points on its tip: too few are found again where the view hides its side.
const NOSE_POINTS_MIN: f64 = 0.6;
/// Where the ridge begins and ends, in lengths from between the eyes to the tip.
const RIDGE_BEGINS: f64 = -0.1;
const RIDGE_ENDS: f64 = 1.35;
/// Half the breadth of the ridge, in distances of the eyes, and how windows widen it, in pixels of the aligned face.
const RIDGE_WIDTH: f64 = 0.16;
const WINDOW_PX: f64 = 4.0;
/// Pairs of views needed, and how many count.
const VIEWS_MIN: usize = 3;
const VIEWS_MAX: usize = 24;

/// See the module.
#[derive(Default)]
pub(super) struct FacialRelief(Recent<VIEWS_MAX>);

impl Cue for FacialRelief {
    fn name(&self) -> CueName {
        CueName::FacialRelief
    }

    fn look(&mut self, _: &View<'_>, motions: &[Motion]) -> Result<(), FaceError> {
        // Over time, lips and brows move as well.
        self.0.extend(motions.iter().filter(|motion| !motion.over_time).filter_map(relief));
        Ok(())
    }

    fn evidence(&self) -> Option<Evidence> {
        let moved = self.0.median(VIEWS_MIN)?;
        Some(Evidence { score: (1.0 - moved / FULL).clamp(0.0, 1.0) as f32, vouches: true })
    }

    fn forget(&mut self) {
        self.0.clear();
    }
}

/// The nose's axis in the aligned face.
struct Nose {
    start: [f64; 2],
    /// Unit vector from between the eyes to the tip.
    along: [f64; 2],
    length: f64,
    eyes: f64,
}

impl Nose {
    fn of([left, right, tip, ..]: &[[f64; 2]; 5]) -> Option<Self> {
        let start = [(left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0];
        let (dx, dy) = (tip[0] - start[0], tip[1] - start[1]);
        let (length, eyes) = (dx.hypot(dy), (right[0] - left[0]).hypot(right[1] - left[1]));
        // Not even half a pixel: no landmarks of a face.
        (length > 0.5 && eyes > 0.5 && length.is_finite() && eyes.is_finite()).then(|| Self {
            start,
            along: [dx / length, dy / length],
            length,
            eyes,
        })
    }

    /// How high a point of the face stands, beside the tip.
    fn height(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (x - self.start[0], y - self.start[1]);
        let down = (dx * self.along[0] + dy * self.along[1]) / self.length;
        let aside = dy * self.along[0] - dx * self.along[1];
        let rise = if down < 1.0 {
            (down - RIDGE_BEGINS) / (1.0 - RIDGE_BEGINS)
        } else {
            (RIDGE_ENDS - down) / (RIDGE_ENDS - 1.0)
        };
        let rise = rise.clamp(0.0, 1.0);
        let rise = rise * rise * (3.0 - 2.0 * rise);
        let width = (RIDGE_WIDTH * self.eyes * (0.7 + 0.5 * rise)).hypot(WINDOW_PX);
        rise * (-(aside / width).powi(2) / 2.0).exp()
    }
}

/// How far the nose moved against what is smooth, in distances of the eyes. `None` if too few of its points were found.
fn relief(motion: &Motion) -> Option<f64> {
    let nose = Nose::of(&motion.landmarks)?;
    let center = super::flow::SIDE as f64 / 2.0;
    let rows: Vec<([f64; TERMS], [f64; 2])> = motion
        .pairs
        .iter()
        .map(|pair| {
            let ([px, py], [qx, qy]) = (pair.from.map(f64::from), pair.to.map(f64::from));
            let (x, y) = ((px - center) / center, (py - center) / center);
            let moved = [(qx - px) / nose.eyes, (qy - py) / nose.eyes];
            ([1.0, x, y, x * x, x * y, y * y, nose.height(px, py)], moved)
        })
        .collect();
    if rows.len() < 2 * TERMS {
        return None;
    }
    let even = vec![1.0; rows.len()];
    let (system, _) = normal(&rows, &even);
    // The last element of the inverse is the variance that unit noise gives the nose.
    let variance = *solve(system, std::array::from_fn(|at| f64::from(u8::from(at + 1 == TERMS))))?.last()?;
    if !(variance > 0.0 && 1.0 / variance >= NOSE_POINTS_MIN) {
        return None;
    }
    let mut weights = even;
    let mut nose_moved = None;
    for _ in 0..ROUNDS {
        let (system, [across, down]) = normal(&rows, &weights);
        let (across, down) = (solve(system, across)?, solve(system, down)?);
        let dot = |terms: &[f64; TERMS], by: &[f64; TERMS]| terms.iter().zip(by).map(|(a, b)| a * b).sum::<f64>();
        let misses: Vec<f64> =
            rows.iter().map(|(terms, [u, v])| (u - dot(terms, &across)).hypot(v - dot(terms, &down))).collect();
        let scale = HUBER * 1.4826 * median(&misses).max(1e-6);
        weights.iter_mut().zip(&misses).for_each(|(weight, miss)| *weight = (scale / miss).min(1.0));
        nose_moved = Some(across[TERMS - 1].hypot(down[TERMS - 1]));
    }
    nose_moved.filter(|moved| moved.is_finite())
}

/// Normal equations of both components, which share their left side.
fn normal(rows: &[([f64; TERMS], [f64; 2])], weights: &[f64]) -> ([[f64; TERMS]; TERMS], [[f64; TERMS]; 2]) {
    let (mut system, mut right) = ([[0.0; TERMS]; TERMS], [[0.0; TERMS]; 2]);
    for ((terms, moved), weight) in rows.iter().zip(weights) {
        for (at, a) in terms.iter().enumerate() {
            system[at].iter_mut().zip(terms).for_each(|(cell, b)| *cell += weight * a * b);
            right.iter_mut().zip(moved).for_each(|(right, moved)| right[at] += weight * a * moved);
        }
    }
    (system, right)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::face::liveness::{
        flow::Pair,
        views::tests::{LANDMARKS, seen},
    };

    #[test]
    fn a_nose_moves_and_bent_paper_has_none() {
        let nose = Nose::of(&LANDMARKS).unwrap();
        let head = move |[x, y]: [f64; 2]| {
            // 0.3 distances of the eyes, in halves of the aligned face.
            let height = 0.3 * nose.eyes / 56.0 * nose.height(56.0 * (x + 1.0), 56.0 * (y + 1.0));
            [x, y, 0.5 * x * x + 0.3 * y * y - height]
        };
        let moved = relief(&seen(head, 0.35)).unwrap();
        assert!((0.08..0.14).contains(&moved), "{moved}");
        let bent = relief(&seen(|[x, y]| [x, y, 0.6 * x * x], 0.35)).unwrap();
        assert!(bent < 0.01, "{bent}");
        let flat = relief(&seen(|[x, y]| [x, y, 0.2 * y], 0.35)).unwrap();
        assert!(flat < 0.01, "{flat}");
    }

    #[test]
    fn a_nose_that_was_not_found_again_tells_nothing() {
        let nose = Nose::of(&LANDMARKS).unwrap();
        let mut motion = seen(|[x, y]| [x, y, 0.6 * x * x], 0.35);
        motion.pairs.retain(|pair| nose.height(f64::from(pair.from[0]), f64::from(pair.from[1])) < 0.05);
        assert!(motion.pairs.len() > 40 && relief(&motion).is_none());
    }

    proptest! {
        #[test]
        fn nothing_panics(
            landmarks in any::<[[f64; 2]; 5]>(),
            points in prop::collection::vec(any::<([f32; 2], [f32; 2], f32)>(), 0..40),
        ) {
            let pairs = points.into_iter().map(|(from, to, miss)| Pair { from, to, miss }).collect();
            let moved = relief(&Motion { landmarks, pairs, over_time: false });
            prop_assert!(moved.is_none_or(|moved| moved >= 0.0));
        }
    }
}
