//! Why there is no template of a picture.

use super::{Flaw, Guidance, OtherModel, Quality};
use crate::ImageError;

/// Least distance between the eyes, in pixels (ISO/IEC 19794-5 asks for 60 in a token image; SFace works from 24).
pub(super) const EYES_PX_MIN: f32 = 24.0;
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
        quality: Box<Quality>,
    },
    /// The picture.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Templates of two nets.
    #[error(transparent)]
    Model(#[from] OtherModel),
    /// The net.
    #[error("the net failed: {0}")]
    Inference(String),
}

impl FaceError {
    /// What the traveler can do about it, if anything.
    pub fn guidance(&self) -> Option<Guidance> {
        match self {
            Self::TooSmall { .. } => Some(Guidance::StepCloser),
            Self::Quality { flaw: Flaw::Blurred, .. } => Some(Guidance::HoldStill),
            Self::Quality { quality, .. } => quality.guidance(),
            _ => None,
        }
    }
}
