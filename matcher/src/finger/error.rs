//! Why there is no template of a finger.

/// Why there is no template of this picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FingerError {
    /// Nothing to be seen.
    #[error("the picture shows no finger: place the finger on the sensor")]
    Blank,
    /// Too little of the finger, or too few minutiae.
    #[error("{found} minutiae, at least {least} are needed: place the middle of the finger flat on the sensor")]
    TooFew {
        /// How many were found.
        found: usize,
        /// How many are needed.
        least: usize,
    },
    /// The picture's size or resolution.
    #[error("{0}")]
    Size(String),
    /// A net.
    #[error("the net failed: {0}")]
    Inference(String),
}
