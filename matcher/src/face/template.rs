//! What remains of a face: its embedding.

use std::fmt;

use zeroize::ZeroizeOnDrop;

use super::{Detection, Quality};

/// Length of an embedding.
pub const EMBEDDING_LENGTH: usize = 128;
/// An embedding of unit length. Zeroed on drop; neither cloned nor printed.
#[derive(ZeroizeOnDrop)]
pub struct FaceTemplate(pub(super) [f32; EMBEDDING_LENGTH]);

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
