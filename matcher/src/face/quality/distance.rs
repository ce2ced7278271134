//! How far the face is, and whether the picture holds all of it.

use super::{
    super::Detection,
    component::{Guidance, Measure},
    pose::Pose,
};
use crate::Image;

/// Eyes this far apart are worth half, in pixels: the embedder's input has 35, which nearer ones are enlarged to.
const HALF_PX: f32 = 31.0;
const SPREAD_PX: f32 = 3.5;
/// Below this the traveler is asked to step closer, in pixels; [`super::super::FaceError::TooSmall`] begins at 24.
const CLOSER_PX: f32 = 30.0;
/// No turn makes the eyes nearer to each other than to this part; beyond, the landmarks are wrong.
const COSINE_MIN: f32 = 0.5;
/// A head above, beside and below the eyes' middle, in eye distances, without the hair.
const ABOVE: f32 = 1.1;
const BESIDE: f32 = 1.0;
const BELOW: f32 = 1.8;
/// A face that fills this much of the picture's height, or of its width, is too near.
const FILLS: f32 = 0.95;

/// OFIQ's InterEyeDistance: pixels between the eyes, by the cosine of yaw.
pub(super) fn eyes(detection: &Detection, pose: &Pose) -> (Measure, Option<Guidance>) {
    let distance = detection.eyes_px() / pose.yaw.to_radians().cos().max(COSINE_MIN);
    let value = 1.0 / (1.0 + ((HALF_PX - distance) / SPREAD_PX).exp());
    (Measure::new(distance, value), (distance < CLOSER_PX).then_some(Guidance::StepCloser))
}

/// OFIQ's crop of the face image, its four sides in one: how much of the face the picture has.
pub(super) fn crop(image: &Image, detection: &Detection, pose: &Pose) -> (Measure, Option<Guidance>) {
    let [a, b, ..] = detection.landmarks;
    let eyes = detection.eyes_px() / pose.yaw.to_radians().cos().max(COSINE_MIN);
    let (x, y) = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0);
    let (width, height) = (image.width() as f32, image.height() as f32);
    let inside = |from: f32, to: f32, end: f32| ((to.min(end) - from.max(0.0)) / (to - from).max(1.0)).max(0.0);
    let part = inside(x - BESIDE * eyes, x + BESIDE * eyes, width) * inside(y - ABOVE * eyes, y + BELOW * eyes, height);
    let too_near = (ABOVE + BELOW) * eyes > FILLS * height || 2.0 * BESIDE * eyes > FILLS * width;
    (Measure::new(part, part), too_near.then_some(Guidance::StepBack))
}
