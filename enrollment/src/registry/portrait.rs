//! From a photograph to an embedding, and nothing of the photograph afterwards.

use std::{path::Path, sync::Arc};

use sallyport_matcher::{
    Image, ImageError,
    face::{FaceEngine, FaceError, FaceTemplate, ModelError, Source},
};
use zeroize::Zeroizing;

/// Why a photograph cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortraitError {
    /// No file was sent.
    #[error("there is no photograph: choose a file")]
    Missing,
    /// More bytes than a photograph may have.
    #[error("the photograph's file is too large: at most {} MB", sallyport_matcher::FILE_BYTES_MAX >> 20)]
    TooLarge,
    /// The file, or the face in it.
    #[error(transparent)]
    Face(#[from] FaceError),
}

impl PortraitError {
    /// The message that tells staff, in `admin.ftl`.
    pub fn text(&self) -> &'static str {
        match self {
            Self::Missing => "portrait-missing",
            Self::TooLarge | Self::Face(FaceError::Image(ImageError::Size(_))) => "portrait-too-large",
            Self::Face(FaceError::Blank) => "portrait-blank",
            Self::Face(FaceError::NoFace) => "portrait-no-face",
            Self::Face(FaceError::Several(_)) => "portrait-several",
            Self::Face(FaceError::TooSmall { .. }) => "portrait-too-small",
            Self::Face(FaceError::Image(ImageError::Format)) => "portrait-no-image",
            Self::Face(FaceError::Image(ImageError::Truncated)) => "portrait-truncated",
            Self::Face(FaceError::Image(_)) => "portrait-unreadable",
            Self::Face(_) => "portrait-failed",
        }
    }
}

/// Makes embeddings of photographs.
#[derive(Clone)]
pub struct Portraits(Arc<FaceEngine>);

impl Portraits {
    /// Loads the nets from this folder.
    pub fn load(models: &Path) -> Result<Self, ModelError> {
        FaceEngine::load(models).map(|engine| Self(Arc::new(engine)))
    }

    /// Manifest name of the net, and how many values its embeddings have.
    pub fn model(&self) -> (&str, usize) {
        (self.0.model(), self.0.embedding_length())
    }

    /// The embedding of the one who is portrayed. Takes the file, so that it is zeroed when this returns.
    pub fn template(&self, file: Zeroizing<Vec<u8>>) -> Result<FaceTemplate, PortraitError> {
        if file.is_empty() {
            return Err(PortraitError::Missing);
        }
        let image = Image::decode(&file).map_err(FaceError::from)?;
        Ok(self.0.template(&image, Source::Portrait)?.template)
    }
}
