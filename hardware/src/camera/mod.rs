//! Cameras: one frame after another, in memory only.

mod folder;
mod totem;
mod video;

use std::{
    fmt,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

pub(crate) use self::folder::{FRAMES_PER_SECOND, Pace, files_of, pictures};
pub use self::{
    folder::FolderCamera,
    totem::{Mounted, Position, Seen, Totem},
    video::VideoCamera,
};

/// A frame's pixels. Zeroed on drop.
pub enum Pixels {
    /// Rows of 8-bit blue, green, red, without padding.
    Bgr {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The rows, `3 * width * height` bytes.
        bytes: Zeroizing<Vec<u8>>,
    },
    /// A whole image file, as an image folder gives it.
    File(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bgr { width, height, .. } => write!(f, "Bgr({width} x {height})"),
            Self::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
        }
    }
}

/// One frame; printed without content.
#[derive(Debug)]
pub struct Frame {
    /// What it shows.
    pub pixels: Pixels,
    /// When it was taken.
    pub taken: Instant,
    /// Which of its camera's frames it is, from 1, where a [`Totem`] counts them: a gap tells of frames that were dropped.
    pub sequence: u64,
}

impl Frame {
    /// A frame that nobody has counted yet.
    pub fn new(pixels: Pixels, taken: Instant) -> Self {
        Self { pixels, taken, sequence: 0 }
    }
}

/// Why a camera gives no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// It cannot be opened.
    #[error("the camera {name} cannot be opened ({why}): check its cable and [devices] in the configuration")]
    Open {
        /// Which, without the password of its address.
        name: String,
        /// Why.
        why: String,
    },
    /// It was there and is gone. It is opened again by itself.
    #[error("the camera {name} is lost ({why}): check its cable, network and power")]
    Lost {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// It is there, but no frame came in time, or none that can be used.
    #[error("the camera {name} gave no frame ({why}): check whether another program uses it")]
    NoFrame {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
}

/// Something that sees the traveler.
///
/// A driver gives upright pictures of 8 bits, in color or gray, as large as it has them and compressed by nobody but the
/// camera itself; the matcher scales them down. Where the traveler stands, the eyes should be a twentieth of the picture's
/// longer side apart or more. Its errors name the device, never its password.
pub trait Camera: Send {
    /// The newest frame, none twice, waiting this long. A device that is gone is an error, and the next call tries it again.
    fn frame(&mut self, patience: Duration) -> Result<Frame, CameraError>;
}
