//! Faces: detection (YuNet), alignment, quality, embedding (SFace), comparison.

mod detect;
mod nets;
mod prelu;
mod quality;
mod threshold;

use std::{fmt, path::Path};

use tract_onnx::prelude::*;
use zeroize::{ZeroizeOnDrop, Zeroizing};

pub use self::{
    detect::Detection,
    nets::{ModelError, Net},
    quality::{Flaw, Quality},
    threshold::{Fmr, threshold},
};
use crate::{Image, ImageError};

/// Length of an embedding.
pub const EMBEDDING_LENGTH: usize = 128;
/// Side of an aligned face, in pixels.
const ALIGNED_PX: u32 = 112;
/// Where eyes, nose and mouth corners lie in an aligned face (InsightFace's template for 112 x 112, as in OpenCV's
/// FaceRecognizerSF).
const TEMPLATE: [[f64; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

const DETECTOR_SHA256: &str = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10";
const EMBEDDER_SHA256: &str = "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee";
/// Manifest name of the embedding net: templates of different nets do not compare.
pub const MODEL: &str = "sface-2021dec-int8bq";

/// Least distance between the eyes, in pixels (ISO/IEC 19794-5 asks for 60 in a token image; SFace works from 24).
const EYES_PX_MIN: f32 = 24.0;
/// Least standard deviation of brightness in a frame that shows something.
const BLANK_DEVIATION: f64 = 4.0;
/// A second face counts when it is this large beside the first.
const COMPARABLE: f32 = 0.6;

/// Why there is no template of this picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaceError {
    /// Nothing to be seen.
    #[error("the picture is blank: check the camera")]
    Blank,
    /// No face.
    #[error("no face in the picture")]
    NoFace,
    /// Several faces of comparable size.
    #[error("{0} faces in the picture: one person only")]
    Several(usize),
    /// Too few pixels.
    #[error("the eyes are {found:.0} pixels apart, at least {EYES_PX_MIN} are needed: step closer")]
    TooSmall {
        /// Distance of the eyes, in pixels.
        found: f32,
    },
    /// Too blurred or badly lit to be compared.
    #[error("the face is {flaw}")]
    Quality {
        /// What is wrong.
        flaw: Flaw,
        /// As measured.
        quality: Quality,
    },
    /// The picture.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The net.
    #[error("the net failed: {0}")]
    Inference(String),
}

/// What kind of picture it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A frame of a gate's camera: two comparable faces are an error.
    Live,
    /// A portrait in a document or of an applicant: the most prominent face counts (large and central), since
    /// backgrounds and ghost images occur.
    Portrait,
}

/// An embedding of unit length. Zeroed on drop; neither cloned nor printed.
#[derive(ZeroizeOnDrop)]
pub struct FaceTemplate([f32; EMBEDDING_LENGTH]);

impl fmt::Debug for FaceTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaceTemplate(..)")
    }
}

impl FaceTemplate {
    /// The values, for protection.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// Cosine similarity (-1..=1).
    pub fn compare(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

/// A template with where it came from.
#[derive(Debug)]
pub struct FaceSample {
    /// The template.
    pub template: FaceTemplate,
    /// The face.
    pub detection: Detection,
    /// How sharp and lit it is.
    pub quality: Quality,
}

/// Both nets.
pub struct FaceEngine {
    detector: Net,
    embedder: Net,
}

impl FaceEngine {
    /// Loads `face_detection_yunet.onnx` and `face_recognition_sface.onnx` from this folder, by hash.
    pub fn load(models: &Path) -> Result<Self, ModelError> {
        let (side, aligned) = (detect::SIDE_PX as usize, ALIGNED_PX as usize);
        Ok(Self {
            detector: Net::load(&models.join("face_detection_yunet.onnx"), DETECTOR_SHA256, [1, 3, side, side])?,
            embedder: Net::load(
                &models.join("face_recognition_sface.onnx"),
                EMBEDDER_SHA256,
                [1, 3, aligned, aligned],
            )?,
        })
    }

    /// All faces, largest first.
    pub fn detect(&self, image: &Image) -> Result<Vec<Detection>, FaceError> {
        detect::detect(&self.detector, image)
    }

    /// Finds, aligns and embeds the face.
    pub fn template(&self, image: &Image, source: Source) -> Result<FaceSample, FaceError> {
        if image.brightness().1 < BLANK_DEVIATION {
            return Err(FaceError::Blank);
        }
        let faces = self.detect(image)?;
        let first = *match source {
            Source::Live => faces.first(),
            Source::Portrait => faces.iter().max_by(|a, b| {
                let prominence = |face: &Detection| face.prominence(image.width(), image.height());
                prominence(a).total_cmp(&prominence(b))
            }),
        }
        .ok_or(FaceError::NoFace)?;
        let comparable = faces.iter().filter(|face| face.width > COMPARABLE * first.width).count();
        if source == Source::Live && comparable > 1 {
            return Err(FaceError::Several(comparable));
        }
        if first.eyes_px() < EYES_PX_MIN {
            return Err(FaceError::TooSmall { found: first.eyes_px() });
        }
        self.sample(image, first)
    }

    /// Aligns and embeds this face of the picture, if it is sharp and lit.
    pub fn sample(&self, image: &Image, detection: Detection) -> Result<FaceSample, FaceError> {
        let aligned = image.warped(similarity(&detection.landmarks), ALIGNED_PX)?;
        let quality = Quality::of(&aligned);
        if let Some(flaw) = quality.flaw() {
            return Err(FaceError::Quality { flaw, quality });
        }
        Ok(FaceSample { template: self.embed(&aligned)?, detection, quality })
    }

    /// The detector's net, for measurement.
    pub fn detector(&self) -> &Net {
        &self.detector
    }

    /// The embedder's net, for measurement.
    pub fn embedder(&self) -> &Net {
        &self.embedder
    }

    fn embed(&self, aligned: &Image) -> Result<FaceTemplate, FaceError> {
        let failed = |error: TractError| FaceError::Inference(format!("{error:#}"));
        // The net wants red first.
        let outputs = self.embedder.run(planes(aligned, ALIGNED_PX as usize, true).map_err(failed)?).map_err(failed)?;
        let output = outputs.first().ok_or_else(|| FaceError::Inference("no output".into()))?;
        let view = output.to_plain_array_view::<f32>().map_err(failed)?;
        let raw: Zeroizing<Vec<f32>> = Zeroizing::new(view.iter().copied().collect());
        let norm = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
        if raw.len() != EMBEDDING_LENGTH || !norm.is_finite() || norm == 0.0 {
            return Err(FaceError::Inference(format!("an embedding of {} values and norm {norm}", raw.len())));
        }
        let mut template = FaceTemplate([0.0; EMBEDDING_LENGTH]);
        template.0.iter_mut().zip(raw.iter()).for_each(|(out, value)| *out = value / norm);
        Ok(template)
    }
}

/// Rows of pixels to planes of floats (NCHW) in a square of `side`, the rest black.
fn planes(image: &Image, side: usize, red_first: bool) -> TractResult<Tensor> {
    let mut input = Tensor::zero::<f32>(&[1, 3, side, side])?;
    let mut values = input.try_as_plain_ram_mut()?;
    for (at, plane) in values.as_slice_mut::<f32>()?.chunks_exact_mut(side * side).enumerate() {
        let channel = if red_first { 2 - at } else { at };
        for (row, pixels) in plane.chunks_exact_mut(side).zip(image.bgr().chunks_exact(3 * image.width() as usize)) {
            for (value, pixel) in row.iter_mut().zip(pixels.as_chunks::<3>().0) {
                *value = f32::from(pixel[channel]);
            }
        }
    }
    Ok(input)
}

/// The similarity transform (rotation, scale, shift) that best maps landmarks to the template (least squares).
fn similarity(landmarks: &[[f32; 2]; 5]) -> [[f64; 3]; 2] {
    let mean = |points: &[[f64; 2]; 5], axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / 5.0;
    let from = landmarks.map(|point| point.map(f64::from));
    let (fx, fy, tx, ty) = (mean(&from, 0), mean(&from, 1), mean(&TEMPLATE, 0), mean(&TEMPLATE, 1));
    let (mut a, mut b, mut square) = (0.0, 0.0, f64::EPSILON);
    for (point, target) in from.iter().zip(&TEMPLATE) {
        let (x, y, u, v) = (point[0] - fx, point[1] - fy, target[0] - tx, target[1] - ty);
        a += x * u + y * v;
        b += x * v - y * u;
        square += x * x + y * y;
    }
    let (a, b) = (a / square, b / square);
    [[a, -b, tx - a * fx + b * fy], [b, a, ty - b * fx - a * fy]]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_template_maps_to_itself_from_any_pose() {
        let (scale, angle) = (2.5f64, 0.4f64);
        let turned = TEMPLATE.map(|[x, y]| {
            [
                (scale * (angle.cos() * x - angle.sin() * y) + 30.0) as f32,
                (scale * (angle.sin() * x + angle.cos() * y) - 7.0) as f32,
            ]
        });
        let m = similarity(&turned);
        for (point, target) in turned.iter().zip(&TEMPLATE) {
            let (x, y) = (f64::from(point[0]), f64::from(point[1]));
            assert!((m[0][0] * x + m[0][1] * y + m[0][2] - target[0]).abs() < 1e-3);
            assert!((m[1][0] * x + m[1][1] * y + m[1][2] - target[1]).abs() < 1e-3);
        }
    }
}
