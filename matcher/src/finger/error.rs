//! Why there is no template of a finger.

use super::wsq::WsqError;
use crate::ImageError;

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
    /// Bytes that begin like no picture.
    #[error("the picture is neither WSQ, PNG, BMP, TIFF, PGM, JPEG nor JPEG 2000: store it as one of them")]
    Format,
    /// A picture file that cannot be decoded.
    #[error(transparent)]
    Picture(#[from] ImageError),
    /// A WSQ picture that cannot be decoded or made.
    #[error(transparent)]
    Wsq(#[from] WsqError),
    /// A file without resolution, and none was given.
    #[error("the picture does not say its resolution: give that of the sensor, 250 to 1000 dpi")]
    NoResolution,
    /// A resolution at which ridges cannot be followed, or none that a sensor has.
    #[error("the picture has {x:.0} x {y:.0} dpi: give the sensor's own resolution, 250 to 1000 dpi")]
    Resolution {
        /// From left to right, in pixels an inch.
        x: f64,
        /// From top to bottom.
        y: f64,
    },
    /// A net.
    #[error("the net failed: {0}")]
    Inference(String),
}
