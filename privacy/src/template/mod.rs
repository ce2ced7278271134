//! Cancellable templates (ISO/IEC 24745): what is stored and compared instead of a face or a finger.
//!
//! * [`face`]: one code of an embedding.
//! * [`finger`]: one code a minutia.
//!
//! Both are signs of projections that only their seed's holder can make: another seed makes an unrelated code, so that a
//! stolen one is revoked by raising its version, and the person keeps face and finger.

pub mod face;
pub mod finger;

pub use self::{
    face::{CODE_BITS, Code, CodeLength, EMBEDDING_LENGTH, MEAN_PROJECTION, Probe, Projection, protect},
    finger::{CYLINDER_LENGTH, FINGER_CODE_BYTES_MAX, FingerCode, FingerProbe, FingerProjection},
};

/// Why something cannot be protected, or bytes are no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Another length.
    #[error("an embedding has {EMBEDDING_LENGTH} values, this has {0}: is this another net's?")]
    Length(usize),
    /// Zero, infinite or not numbers.
    #[error("the embedding, or the cylinder of a minutia, is zero or not finite")]
    Degenerate,
    /// A code of another length.
    #[error("a code has {len} bytes, this has {0}: was it made by another version?", len = CODE_BITS / 8)]
    CodeLength(usize),
    /// A cylinder of another length.
    #[error("a minutia's cylinder has {CYLINDER_LENGTH} values, this has {0}: are matcher and privacy of one version?")]
    CylinderLength(usize),
    /// No minutia whose surroundings can be told.
    #[error("no minutia has surroundings to protect: take another impression or another finger")]
    NoMinutiae,
    /// A finger code of another version.
    #[error("finger codes of version {0} are not known: enroll again, or update this program")]
    FingerCodeVersion(u8),
    /// Bytes that are no finger code.
    #[error("{0} bytes are no finger code: was it cut off on its way?")]
    FingerCodeLength(usize),
}
