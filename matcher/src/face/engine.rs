//! Both nets, and the way of a picture through them.

use std::{path::Path, sync::Arc};

use tract_onnx::prelude::*;
use zeroize::Zeroizing;

use super::{
    Calibration, Detection, Embedding, FaceError, FaceSample, FaceTemplate, Fmr, Input, Liveness, Manifests,
    ModelError, Net, PadPolicy, Quality, Region,
    align::{ALIGNED_LANDMARKS, ALIGNED_PX, View, planes, similarity},
    detect::Detector,
    error::EYES_PX_MIN,
    landmarks::Montage,
    liveness::AttackNet,
};
use crate::{Image, ImageError};

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

/// A face of a live frame as the embedder wants it.
#[derive(Debug)]
pub struct AlignedFace {
    input: Image,
    /// The face.
    pub detection: Detection,
    /// How good its picture is.
    pub quality: Quality,
}

/// The nets.
pub struct FaceEngine {
    detector: Detector,
    embedder: Net,
    embedder_input: Input,
    embedding: Embedding,
    model: Arc<str>,
    calibration: Option<Calibration>,
    attacks: Option<Arc<AttackNet>>,
}

impl FaceEngine {
    /// Loads the nets of the manifests in this folder, by hash.
    pub fn load(models: &Path) -> Result<Self, ModelError> {
        let Manifests { detector, embedder, embedding, attacks, .. } = Manifests::read(models)?;
        let detector = Detector::load(&models.join(&detector.file), &detector.sha256, detector.input)?;
        let shape = [1, 3, embedder.input.height as usize, embedder.input.width as usize];
        let embedder_net = Net::load(&models.join(&embedder.file), &embedder.sha256, shape)?;
        if let Some(found) = embedder_net.output_length().filter(|&found| found != embedding.length) {
            return Err(ModelError::Length { model: embedder.name, expected: embedding.length, found });
        }
        let attacks = attacks.map(|(net, classes)| AttackNet::load(models, net, classes)).transpose()?;
        Ok(Self {
            attacks: attacks.map(Arc::new),
            detector,
            embedder: embedder_net,
            embedder_input: embedder.input,
            embedding,
            model: embedder.name.into(),
            calibration: embedder.calibration,
        })
    }

    /// Manifest name of the embedder: templates of different nets do not compare.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// How many values an embedding has.
    pub fn embedding_length(&self) -> usize {
        self.embedding.length
    }

    /// What the embedder's scores mean, if it was measured.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// Least score that matches at this false match rate.
    pub fn threshold(&self, fmr: Fmr) -> Result<f32, ModelError> {
        let threshold = self.calibration().and_then(|calibration| calibration.threshold(fmr));
        let threshold = threshold.ok_or_else(|| ModelError::NoThreshold { model: self.model().to_owned(), fmr })?;
        Ok(threshold.score)
    }

    /// log10 of how much likelier this score is when both faces are one person's than when they are two people's.
    pub fn log10_likelihood_ratio(&self, score: f32) -> Result<f32, ModelError> {
        let unknown = || ModelError::NoLikelihoodRatio { model: self.model().to_owned() };
        Ok(self.calibration().ok_or_else(unknown)?.log10_likelihood_ratio(score))
    }

    /// All cues of presentation attack detection, a net's among them where the folder holds one, over a new traveler.
    pub fn liveness(&self, policy: &PadPolicy) -> Liveness {
        Liveness::new(policy).and(self.attacks.as_ref())
    }

    /// All faces, largest first.
    pub fn detect(&self, image: &Image) -> Result<Vec<Detection>, FaceError> {
        self.detector.detect(image)
    }

    /// All faces of this part of a frame, largest first: where to look for a face that was there before, with a
    /// third of a whole frame's arithmetic. Faces that its border cuts may be missed.
    pub fn detect_within(&self, image: &Image, region: &Region) -> Result<Vec<Detection>, FaceError> {
        self.detector.detect_within(image, region)
    }

    /// Finds, aligns and embeds the face.
    pub fn template(&self, image: &Image, source: Source) -> Result<FaceSample, FaceError> {
        let faces = self.detect_unless_blank(image)?;
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

    /// All faces, largest first; a picture that shows nothing at all is told.
    pub fn detect_unless_blank(&self, image: &Image) -> Result<Vec<Detection>, FaceError> {
        if image.brightness().1 < BLANK_DEVIATION {
            return Err(FaceError::Blank);
        }
        self.detect(image)
    }

    /// Aligns a face of a live frame and measures its quality, before it is decided whether it is worth a template.
    pub fn align(&self, image: &Image, detection: Detection) -> Result<AlignedFace, FaceError> {
        if detection.eyes_px() < EYES_PX_MIN {
            return Err(FaceError::TooSmall { found: detection.eyes_px() });
        }
        let (aligned, quality) = aligned(image, &detection)?;
        let input = if self.takes_aligned() { aligned } else { self.input(image, &detection, View::PLAIN)? };
        Ok(AlignedFace { input, detection, quality })
    }

    /// Embeds an aligned face.
    pub fn embed_aligned(&self, face: &AlignedFace) -> Result<FaceSample, FaceError> {
        let raw = self.embed(&face.input)?;
        let quality = self.embedded(face.quality, &raw, 1);
        Ok(FaceSample { template: FaceTemplate::new(&self.model, raw)?, detection: face.detection, quality })
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
        let (aligned, quality) = aligned(image, &detection)?;
        if let Some(flaw) = quality.flaw() {
            return Err(FaceError::Quality { flaw, quality: Box::new(quality) });
        }
        let mut sum = Zeroizing::new(vec![0.0f32; self.embedding.length]);
        for view in views {
            let raw = if view.is_plain() && self.takes_aligned() {
                self.embed(&aligned)?
            } else {
                self.embed(&self.input(image, &detection, *view)?)?
            };
            sum.iter_mut().zip(raw.iter()).for_each(|(sum, value)| *sum += value);
        }
        let quality = self.embedded(quality, &sum, views.len());
        Ok(FaceSample { template: FaceTemplate::new(&self.model, sum)?, detection, quality })
    }

    /// Quality with what the embedder thinks of the face, given the sum of its views.
    fn embedded(&self, quality: Quality, sum: &[f32], views: usize) -> Quality {
        let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt() / views.max(1) as f32;
        self.embedding.magnitude.map_or(quality, |magnitude| quality.with_magnitude(length, magnitude))
    }

    /// Whether the embedder sees a face just as quality is measured on it.
    fn takes_aligned(&self) -> bool {
        let Input { width, height, .. } = self.embedder_input;
        (width, height, &self.embedding.landmarks) == (ALIGNED_PX, ALIGNED_PX, &ALIGNED_LANDMARKS)
    }

    /// The face as the embedder sees it in this view.
    fn input(&self, image: &Image, detection: &Detection, view: View) -> Result<Image, ImageError> {
        let Input { width, height, .. } = self.embedder_input;
        let to = similarity(&detection.landmarks, &self.embedding.landmarks);
        image.warped(view.of(to, width, height), width, height)
    }

    /// The detector's net, for measurement.
    pub fn detector(&self) -> &Net {
        &self.detector.full
    }

    /// The embedder's net, for measurement.
    pub fn embedder(&self) -> &Net {
        &self.embedder
    }

    fn embed(&self, aligned: &Image) -> Result<Zeroizing<Vec<f32>>, FaceError> {
        let failed = |error: TractError| FaceError::Inference(format!("{error:#}"));
        let outputs = self.embedder.run(planes(aligned, &self.embedder_input).map_err(failed)?).map_err(failed)?;
        let output = outputs.first().ok_or_else(|| FaceError::Inference("no output".into()))?;
        let view = output.to_plain_array_view::<f32>().map_err(failed)?;
        let raw: Zeroizing<Vec<f32>> = Zeroizing::new(view.iter().copied().collect());
        if raw.len() != self.embedding.length {
            return Err(FaceError::Inference(format!("an embedding of {} values", raw.len())));
        }
        Ok(raw)
    }
}

/// The face as quality is measured on it.
fn aligned(image: &Image, detection: &Detection) -> Result<(Image, Quality), ImageError> {
    let aligned = image.warped(similarity(&detection.landmarks, &ALIGNED_LANDMARKS), ALIGNED_PX, ALIGNED_PX)?;
    let quality = Quality::of(image, &aligned, detection);
    Ok((aligned, quality))
}
