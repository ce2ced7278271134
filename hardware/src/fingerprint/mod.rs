//! Fingerprint sensors: one impression of a finger after another, in memory only, with words for the person before them.

mod folder;
mod libfprint;
mod retake;

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use self::folder::FINGER_FILES;
pub use self::{folder::FolderSensor, libfprint::LibfprintSensor, retake::until_accepted};

/// An impression's pixels. Zeroed on drop.
pub enum Pixels {
    /// Rows of 8-bit gray, without padding, ridges dark, fingertip up.
    Gray {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The rows, `width * height` bytes.
        bytes: Zeroizing<Vec<u8>>,
    },
    /// A whole image file, as an image folder gives it.
    File(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gray { width, height, .. } => write!(f, "Gray({width} x {height})"),
            Self::File(bytes) => write!(f, "File({} bytes)", bytes.len()),
        }
    }
}

/// One impression of a finger; printed without content.
#[derive(Debug)]
pub struct Impression {
    /// What it shows.
    pub pixels: Pixels,
    /// Pixels an inch, where the sensor's driver knows them.
    pub dpi: Option<f64>,
    /// When it was taken.
    pub taken: Instant,
}

/// What the person is to do. Said as often as it becomes true; a screen shows the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Guidance {
    /// Place the finger on the sensor.
    Place,
    /// The impression is taken, or the finger has to leave before the next one: lift it.
    Lift,
    /// It was lifted or swiped too soon: leave it longer.
    TooShort,
    /// Place its middle on the sensor's middle.
    Center,
    /// The ridges are broken: moisten the finger or press harder. Sensors do not tell; who judges the image does.
    Dry,
    /// The ridges run into each other: dry the finger or press more lightly. Likewise.
    Wet,
    /// Place it once more; why, the sensor does not say.
    Again,
    /// This finger may be a poor one: another one is welcome.
    AnotherFinger,
}

/// Why a sensor gives no impression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SensorError {
    /// It cannot be opened.
    #[error("the fingerprint sensor {name} cannot be opened ({why}): check its cable and who may use its device file")]
    Open {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// It was there and is gone. The next capture opens it again.
    #[error("the fingerprint sensor {name} is lost ({why}): check its cable")]
    Lost {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// It is there, but no finger that it could read was placed in time.
    #[error("no finger was placed on the fingerprint sensor {name} in time: ask for it again")]
    NoFinger {
        /// Which.
        name: String,
    },
}

/// Something that takes impressions of fingers.
///
/// A driver gives images as its sensor sees them, the right way round (not mirrored) and with dark ridges, at the sensor's
/// own resolution; the matcher brings them to one. What a sensor refuses is told to `guide`, and the sensor goes on: poor
/// fingers are normal, and nobody counts attempts here.
pub trait FingerprintSensor: Send {
    /// For messages.
    fn name(&self) -> &str;

    /// The next impression, waiting this long for one that the sensor can read. A device that is gone is an error, and
    /// the next call tries it again.
    fn capture(&mut self, patience: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError>;

    /// Whether it is there, while nobody is asked for a finger; one that is gone is tried again. A driver that cannot
    /// tell without taking an impression says yes until the next capture finds it gone.
    fn check(&mut self) -> Result<(), SensorError> {
        Ok(())
    }
}
