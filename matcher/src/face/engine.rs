//! Both nets, and the way of a picture through them.

use std::path::Path;

use tract_onnx::prelude::*;
use zeroize::Zeroizing;

use super::{
    Detection, FaceError, FaceSample, FaceTemplate, ModelError, Net, Quality,
    align::{ALIGNED_LANDMARKS, ALIGNED_PX, View, planes, similarity},
    detect,
    error::EYES_PX_MIN,
    landmarks::Montage,
    template::EMBEDDING_LENGTH,
};
use crate::Image;

const DETECTOR_SHA256: &str = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10";
const EMBEDDER_SHA256: &str = "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee";
/// Manifest name of the embedding net: templates of different nets do not compare.
pub const MODEL: &str = "sface-2021dec-int8bq";

/// Least standard deviation of brightness in a frame that shows something.
const BLANK_DEVIATION: f64 = 4.0;
/// A second face counts when it is this large beside the first.
const COMPARABLE: f32 = 0.6;

/// What kind of picture it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A frame of a gate's camera: two comparable faces are an error. Embedded once and fast: there are more frames.
    Live,
    /// A portrait in a document or of an applicant: the most prominent face counts (large and central), since
    /// backgrounds and ghost images occur. Embedded thoroughly, at twice a frame's cost: all comparisons of a crossing
    /// or of an enrollment rest on it.
    Portrait,
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
        match source {
            Source::Live => self.sample(image, first),
            Source::Portrait => self.reference(image, first),
        }
    }

    /// Aligns and embeds this face of a frame, if it is sharp and lit.
    pub fn sample(&self, image: &Image, detection: Detection) -> Result<FaceSample, FaceError> {
        self.seen(image, detection, View::PROBE)
    }

    /// The same for a portrait, thoroughly: landmarks found again on the face itself, and several views.
    pub fn reference(&self, image: &Image, detection: Detection) -> Result<FaceSample, FaceError> {
        let montage = Montage::new(image, &detection.landmarks)?;
        let landmarks = montage.landmarks(&detection.landmarks, &self.detect(montage.picture())?);
        self.seen(image, Detection { landmarks, ..detection }, View::REFERENCE)
    }

    fn seen(&self, image: &Image, detection: Detection, views: &[View]) -> Result<FaceSample, FaceError> {
        let m = similarity(&detection.landmarks, &ALIGNED_LANDMARKS);
        let aligned = image.warped(m, ALIGNED_PX, ALIGNED_PX)?;
        let quality = Quality::of(image, &aligned, &detection)?;
        if let Some(flaw) = quality.flaw() {
            return Err(FaceError::Quality { flaw, quality });
        }
        let mut sum = Zeroizing::new(vec![0.0f32; EMBEDDING_LENGTH]);
        for view in views {
            let raw = if view.is_plain() {
                self.embed(&aligned)?
            } else {
                self.embed(&image.warped(view.of(m, ALIGNED_PX, ALIGNED_PX), ALIGNED_PX, ALIGNED_PX)?)?
            };
            sum.iter_mut().zip(raw.iter()).for_each(|(sum, value)| *sum += value);
        }
        let norm = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
        if !norm.is_finite() || norm == 0.0 {
            return Err(FaceError::Inference(format!("an embedding of norm {norm}")));
        }
        let mut template = FaceTemplate([0.0; EMBEDDING_LENGTH]);
        template.0.iter_mut().zip(sum.iter()).for_each(|(out, value)| *out = value / norm);
        Ok(FaceSample { template, detection, quality })
    }

    /// The detector's net, for measurement.
    pub fn detector(&self) -> &Net {
        &self.detector
    }

    /// The embedder's net, for measurement.
    pub fn embedder(&self) -> &Net {
        &self.embedder
    }

    fn embed(&self, aligned: &Image) -> Result<Zeroizing<Vec<f32>>, FaceError> {
        let failed = |error: TractError| FaceError::Inference(format!("{error:#}"));
        // The net wants red first.
        let outputs = self.embedder.run(planes(aligned, ALIGNED_PX as usize, true).map_err(failed)?).map_err(failed)?;
        let output = outputs.first().ok_or_else(|| FaceError::Inference("no output".into()))?;
        let view = output.to_plain_array_view::<f32>().map_err(failed)?;
        let raw: Zeroizing<Vec<f32>> = Zeroizing::new(view.iter().copied().collect());
        if raw.len() != EMBEDDING_LENGTH {
            return Err(FaceError::Inference(format!("an embedding of {} values", raw.len())));
        }
        Ok(raw)
    }
}
