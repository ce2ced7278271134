//! From impressions of fingers to minutiae and their protected codes, and nothing of the pictures afterwards.

use std::{path::Path, sync::Arc};

use sallyport_matcher::{
    ImageError,
    finger::{
        CylinderVectors, Extraction, Extractors, FingerError, FingerImage, Guidance, MinutiaTemplate, NetExtractor,
        QUALITY_GOOD, Resolution, extract::RidgeExtractor,
    },
};
use sallyport_privacy::template::{FingerProjection, TemplateError};
use sallyport_protocol::{FingerCodes, FingerPosition, IdentityError, ProtectedCode};
use zeroize::Zeroizing;

/// Most impressions of one finger: more add hardly anything to the two most alike that are compared.
pub const IMPRESSIONS_MAX: usize = 5;
/// Resolution of pictures that do not say, in pixels an inch: what most sensors have.
const USUAL_DPI: f64 = sallyport_matcher::finger::DPI as f64;

/// Why an impression cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// No file was sent.
    #[error("there is no impression of a finger: choose a file")]
    Missing,
    /// More bytes than a picture may have.
    #[error("the impression's file is too large: at most {} MB", sallyport_matcher::FILE_BYTES_MAX >> 20)]
    TooLarge,
    /// It would not match well at the gates.
    #[error("the impression's quality is {quality} of 100, at least {QUALITY_GOOD} are needed ({guidance:?})")]
    Poor {
        /// 0 to 100.
        quality: u8,
        /// What would make it better.
        guidance: Guidance,
    },
    /// No finger has this name.
    #[error(transparent)]
    Position(IdentityError),
    /// The file, or the finger in it.
    #[error(transparent)]
    Finger(#[from] FingerError),
}

impl FingerprintError {
    /// The message that tells staff what to do, in `admin.ftl`.
    pub fn text(&self) -> &'static str {
        match self {
            Self::Missing => "fault-finger-missing",
            Self::Position(_) => "fault-finger-position",
            Self::TooLarge | Self::Finger(FingerError::Picture(ImageError::Size(_))) => "fault-finger-too-large",
            Self::Poor { guidance, .. } => match guidance {
                Guidance::CoverMore => "fault-finger-cover",
                Guidance::MoveRight | Guidance::MoveLeft | Guidance::MoveDown | Guidance::MoveUp => {
                    "fault-finger-center"
                }
                Guidance::TooDry | Guidance::PressMore => "fault-finger-dry",
                Guidance::TooWet => "fault-finger-wet",
                Guidance::HoldStill => "fault-finger-still",
                _ => "fault-finger-worn",
            },
            Self::Finger(FingerError::Blank) => "fault-finger-blank",
            Self::Finger(FingerError::TooFew { .. }) => "fault-finger-cover",
            Self::Finger(FingerError::Format) => "fault-finger-no-image",
            Self::Finger(FingerError::Size(_)) => "fault-finger-size",
            Self::Finger(FingerError::Picture(_) | FingerError::Wsq(_)) => "fault-finger-unreadable",
            Self::Finger(_) => "fault-finger-failed",
        }
    }

    /// The quality that was measured, 0 to 100.
    pub fn quality(&self) -> Option<u8> {
        match self {
            Self::Poor { quality, .. } => Some(*quality),
            _ => None,
        }
    }
}

/// What is known of one impression: minutiae, as each extractor finds them. Neither cloned nor printed.
pub struct FingerImpression {
    /// Which finger.
    pub position: FingerPosition,
    /// 0 to 100.
    pub quality: u8,
    /// Name of the extractor, and what it found.
    templates: Vec<(String, MinutiaTemplate)>,
}

impl FingerImpression {
    /// An impression that these extractors read.
    pub fn new(position: FingerPosition, quality: u8, templates: Vec<(String, MinutiaTemplate)>) -> Self {
        Self { position, quality, templates }
    }

    /// Adds its codes to those of its finger.
    pub(super) fn protect(
        &self,
        projection: &FingerProjection,
        fingers: &mut Vec<FingerCodes>,
    ) -> Result<(), TemplateError> {
        for (extractor, template) in &self.templates {
            let code = projection.protect(CylinderVectors::new(template).iter())?;
            let code = ProtectedCode::new(Zeroizing::new(code.expose_bytes().to_vec()));
            let known = |codes: &FingerCodes| codes.position == self.position && codes.extractor == *extractor;
            match fingers.iter_mut().find(|codes| known(codes)) {
                Some(codes) => codes.impressions.push(code),
                None => fingers.push(FingerCodes {
                    position: self.position,
                    extractor: extractor.clone(),
                    impressions: vec![code],
                }),
            }
        }
        Ok(())
    }
}

/// Reads impressions.
#[derive(Clone)]
pub struct Fingerprints {
    extractors: Extractors,
    extraction: Extraction,
}

impl Fingerprints {
    /// With the net from this folder, so that gates may read thoroughly; without it for gates that read fast alone.
    pub fn load(models: &Path) -> Self {
        let fast = Arc::new(RidgeExtractor);
        match NetExtractor::load(models) {
            Ok(net) => {
                Self { extractors: Extractors { fast, thorough: Arc::new(net) }, extraction: Extraction::Hybrid }
            }
            Err(error) => {
                tracing::warn!(%error, "fingers are enrolled for gates that read them fast; for others add the net");
                Self { extractors: Extractors { fast: fast.clone(), thorough: fast }, extraction: Extraction::Fast }
            }
        }
    }

    /// What an impression of this finger gives. Takes the file, so that it is zeroed when this returns.
    pub fn read(
        &self,
        position: FingerPosition,
        file: Zeroizing<Vec<u8>>,
    ) -> Result<FingerImpression, FingerprintError> {
        if file.is_empty() {
            return Err(FingerprintError::Missing);
        }
        let image = FingerImage::decode(&file, Resolution::OfFileOr(USUAL_DPI))?;
        drop(file);
        let analysis = RidgeExtractor.analyze(&image)?;
        let quality = analysis.quality();
        if quality.overall < QUALITY_GOOD {
            return Err(FingerprintError::Poor { quality: quality.overall, guidance: quality.guidance });
        }
        let found = self.extractors.enroll(self.extraction, &image, Some(analysis.into_template()))?;
        let named = |(stage, template)| (self.extractors.of(stage).name().to_owned(), template);
        Ok(FingerImpression::new(position, quality.overall, found.into_iter().map(named).collect()))
    }
}
