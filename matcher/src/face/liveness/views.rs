//! Views of one face that can be told apart by geometry: of two cameras at one moment, or of one camera over time. Points
//! are followed once here, for all cues that look at how they moved.

use std::collections::VecDeque;

use super::{
    View,
    flow::{Pair, Patch, pairs},
};
use crate::{ImageError, face::Detection};

/// Two frames are of one moment when they are no farther apart, in milliseconds: a head hardly turns meanwhile.
const MOMENT_MS: u64 = 150;
/// Two frames of one camera are compared when this far apart, in milliseconds: time to turn something.
const TURN_MS: std::ops::RangeInclusive<u64> = 400..=2_000;
/// The same two cameras are not compared again sooner, in milliseconds: following points takes more time than all the
/// rest, and a face shows little new so soon.
const AGAIN_MS: u64 = 90;
/// Cameras that are remembered: one more than a totem has.
const CAMERAS_MAX: usize = 4;
/// Least distance of the eyes that leaves something to be followed, in pixels.
const EYES_PX_MIN: f32 = 24.0;

struct Sight {
    camera: u8,
    taken_ms: u64,
    patch: Patch,
}

/// How the points of a face moved from one view to another.
pub struct Motion {
    /// Where landmarks lie in the view that points are followed from, in pixels of the aligned face.
    pub(super) landmarks: [[f64; 2]; 5],
    pub(super) pairs: Vec<Pair>,
    /// Both views are of one camera, at different times.
    pub(super) over_time: bool,
}

/// The last view of each camera, and one of each that is older.
#[derive(Default)]
pub(super) struct Views {
    last: VecDeque<Sight>,
    before: VecDeque<Sight>,
    compared: VecDeque<([u8; 2], u64)>,
}

impl Views {
    /// Takes a view, and tells how the face's points moved to it from the others.
    pub(super) fn look(&mut self, view: &View<'_>) -> Result<Vec<Motion>, ImageError> {
        if !is_sound(view.detection) {
            return Ok(Vec::new());
        }
        let sight = Sight {
            camera: view.camera,
            taken_ms: view.taken_ms,
            patch: Patch::of(view.image, &view.detection.landmarks)?,
        };
        let mut motions = Vec::new();
        for other in self.last.iter().filter(|other| other.camera != sight.camera) {
            if other.taken_ms.abs_diff(sight.taken_ms) <= MOMENT_MS && is_due(&mut self.compared, other, &sight) {
                motions.push(motion(other, &sight, false));
            }
        }
        // With several cameras, time adds nothing that they do not show better.
        if self.last.iter().all(|other| other.camera == sight.camera) {
            let older = self.before.iter().find(|older| older.camera == sight.camera);
            if let Some(older) = older.filter(|older| TURN_MS.contains(&sight.taken_ms.abs_diff(older.taken_ms)))
                && is_due(&mut self.compared, older, &sight)
            {
                motions.push(motion(older, &sight, true));
            }
        }
        self.keep(sight);
        Ok(motions)
    }

    fn keep(&mut self, sight: Sight) {
        let stale = |older: &Sight| older.taken_ms.abs_diff(sight.taken_ms) > *TURN_MS.end();
        self.before.retain(|older| older.camera != sight.camera || !stale(older));
        if let Some(at) = self.last.iter().position(|last| last.camera == sight.camera)
            && let Some(last) = self.last.remove(at)
            && self.before.iter().all(|older| older.camera != sight.camera)
        {
            self.before.push_back(last);
        }
        self.last.push_back(sight);
        for sights in [&mut self.last, &mut self.before] {
            while sights.len() > CAMERAS_MAX {
                sights.pop_front();
            }
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Whether these cameras were not compared a moment ago; if so, they are now.
fn is_due(compared: &mut VecDeque<([u8; 2], u64)>, one: &Sight, other: &Sight) -> bool {
    let cameras = [one.camera.min(other.camera), one.camera.max(other.camera)];
    let known = compared.iter().position(|(before, _)| *before == cameras);
    if let Some((_, when)) = known.and_then(|at| compared.get(at))
        && when.abs_diff(other.taken_ms) < AGAIN_MS
    {
        return false;
    }
    if let Some(at) = known {
        compared.remove(at);
    }
    compared.push_back((cameras, other.taken_ms));
    while compared.len() > CAMERAS_MAX * CAMERAS_MAX {
        compared.pop_front();
    }
    true
}

fn motion(from: &Sight, to: &Sight, over_time: bool) -> Motion {
    Motion { landmarks: from.patch.landmarks, pairs: pairs(&from.patch, &to.patch), over_time }
}

fn is_sound(detection: &Detection) -> bool {
    detection.eyes_px() >= EYES_PX_MIN && detection.landmarks.as_flattened().iter().all(|value| value.is_finite())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Landmarks of an aligned face.
    pub(in crate::face::liveness) const LANDMARKS: [[f64; 2]; 5] = crate::face::align::ALIGNED_LANDMARKS;

    /// How points of a surface move between two cameras that lie `angle` radians apart, seven faces' halves away. The
    /// surface is given over the aligned face, in halves of its side.
    pub(in crate::face::liveness) fn seen(surface: impl Fn([f64; 2]) -> [f64; 3], angle: f64) -> Motion {
        let pixel = |turn: f64, [x, y, z]: [f64; 3]| {
            let (sin, cos) = turn.sin_cos();
            let (y, z) = (y * cos - z * sin, y * sin + z * cos);
            [x, y].map(|value| (56.0 * (1.0 + 7.0 * value / (7.0 + z))) as f32)
        };
        let steps = || (0..12).map(|at| f64::from(at) / 8.0 - 0.6875);
        let pairs = steps().flat_map(|y| steps().map(move |x| [x, y])).map(|point| {
            let at = surface(point);
            Pair { from: pixel(0.0, at), to: pixel(angle, at), miss: 0.0 }
        });
        Motion { landmarks: LANDMARKS, pairs: pairs.collect(), over_time: false }
    }
}
