//! Planar motion: two cameras at different heights see a flat picture through one homography, and a head not, whose nose
//! and ears lie at different depths (Hartley and Zisserman, 13.1; for faces: De Marsico et al., Moving face spoofing
//! detection via 3D projective invariants, 2012).
//!
//! Cameras need no calibration: faces are aligned by their landmarks, points are followed from one camera to the other, and
//! the homography that explains most of their motion is fitted. What remains beside the whole motion tells depth.

use std::collections::VecDeque;

use super::{
    Cue, CueName, Evidence, View,
    flow::{Patch, SIDE, pairs},
    homography::{Homography, median},
};
use crate::face::{Detection, FaceError};

/// Two frames are of one moment when they are no farther apart, in milliseconds: a head hardly turns meanwhile.
const MOMENT_MS: u64 = 150;
/// Least points that two faces must share.
const POINTS_MIN: usize = 25;
/// Least motion between two views that can tell anything, in pixels of the aligned face.
const MOTION_MIN: f64 = 0.8;
/// Pairs of views needed, and how many count.
const VIEWS_MIN: usize = 3;
const VIEWS_MAX: usize = 24;
/// Least distance of the eyes that leaves something to be followed, in pixels.
const EYES_PX_MIN: f32 = 24.0;

struct Sight {
    camera: u8,
    taken_ms: u64,
    patch: Patch,
}

/// See the module.
#[derive(Default)]
pub(super) struct PlanarMotion {
    /// The last sight of each camera.
    sights: Vec<Sight>,
    scores: VecDeque<f64>,
}

impl Cue for PlanarMotion {
    fn name(&self) -> CueName {
        CueName::PlanarMotion
    }

    fn look(&mut self, view: &View<'_>) -> Result<(), FaceError> {
        if !is_sound(view.detection) {
            return Ok(());
        }
        let patch = Patch::of(view.image, &view.detection.landmarks)?;
        let others = self
            .sights
            .iter()
            .filter(|sight| sight.camera != view.camera && sight.taken_ms.abs_diff(view.taken_ms) <= MOMENT_MS);
        let found: Vec<f64> = others.filter_map(|other| planarity(&other.patch, &patch)).collect();
        self.scores.extend(found);
        while self.scores.len() > VIEWS_MAX {
            self.scores.pop_front();
        }
        self.sights.retain(|sight| sight.camera != view.camera);
        self.sights.push(Sight { camera: view.camera, taken_ms: view.taken_ms, patch });
        Ok(())
    }

    fn evidence(&self) -> Option<Evidence> {
        let scores: Vec<f64> = self.scores.iter().copied().collect();
        (scores.len() >= VIEWS_MIN).then(|| Evidence { score: median(&scores) as f32, vouches: true })
    }

    fn forget(&mut self) {
        self.sights.clear();
        self.scores.clear();
    }
}

fn is_sound(detection: &Detection) -> bool {
    detection.eyes_px() >= EYES_PX_MIN && detection.landmarks.as_flattened().iter().all(|value| value.is_finite())
}

/// The part of the motion between two views that one homography explains: 1 for a flat picture, less for a head. `None` if
/// there is too little to follow or too little motion.
fn planarity(one: &Patch, other: &Patch) -> Option<f64> {
    let center = SIDE as f64 / 2.0;
    let scaled = |[x, y]: [f32; 2]| [(f64::from(x) - center) / center, (f64::from(y) - center) / center];
    let found = pairs(one, other);
    if found.len() < POINTS_MIN {
        return None;
    }
    let points: Vec<_> = found.iter().map(|pair| (scaled(pair.from), scaled(pair.to))).collect();
    let map = Homography::fit(&points)?;
    let count = points.len() as f64;
    let square = |errors: &mut dyn Iterator<Item = f64>| errors.map(|error| error * error).sum::<f64>() / count;
    // Back and forth errs twice.
    let noise = square(&mut found.iter().map(|pair| f64::from(pair.miss) / center)) / 2.0;
    let left = square(&mut points.iter().map(|pair| map.error(pair)));
    let [mean_x, mean_y] =
        [0, 1].map(|axis| points.iter().map(|(from, to)| to[axis] - from[axis]).sum::<f64>() / count);
    let moved = square(&mut points.iter().map(|(from, to)| (to[0] - from[0] - mean_x).hypot(to[1] - from[1] - mean_y)));
    if moved.sqrt() * center < MOTION_MIN {
        return None;
    }
    Some(1.0 - ((left - noise) / moved).clamp(0.0, 1.0))
}
