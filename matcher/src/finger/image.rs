//! A finger's picture in memory, as all extractors want it.

use std::fmt;

use zeroize::Zeroizing;

use super::FingerError;

/// The resolution that every picture is brought to, in pixels an inch.
pub const DPI: u32 = 500;
/// Least and most of a side at 500 dpi, in pixels: 3 mm and 65 mm.
const SIDES_PX: std::ops::RangeInclusive<u32> = 60..=1_280;

/// A gray picture of one finger at 500 dpi: rows without padding, ridges dark (0) on a light ground (255), as seen on the
/// sensor's surface (not mirrored), fingertip up. Zeroed on drop; neither cloned nor printed.
pub struct FingerImage {
    width: u32,
    height: u32,
    pub(super) gray: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for FingerImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerImage({} x {})", self.width, self.height)
    }
}

impl FingerImage {
    /// A picture of these rows, which are at 500 dpi.
    pub fn new(width: u32, height: u32, gray: Zeroizing<Vec<u8>>) -> Result<Self, FingerError> {
        check_sides(width, height)?;
        if gray.len() != width as usize * height as usize {
            return Err(FingerError::Size(format!("{width} x {height} pixels in {} bytes", gray.len())));
        }
        Ok(Self { width, height, gray })
    }

    /// In pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Row by row.
    pub fn gray(&self) -> &[u8] {
        &self.gray
    }
}

/// Whether a picture of these sides, in pixels at 500 dpi, can be one of a finger.
pub(super) fn check_sides(width: u32, height: u32) -> Result<(), FingerError> {
    if SIDES_PX.contains(&width) && SIDES_PX.contains(&height) {
        return Ok(());
    }
    let (least, most) = SIDES_PX.into_inner();
    Err(FingerError::Size(format!(
        "the picture has {width} x {height} pixels at {DPI} dpi: {least} to {most} a side are taken"
    )))
}
