//! Pictures of fingers from files and sensors, brought to what extractors want: gray, 500 dpi, ridges dark.
//!
//! A mirrored picture cannot be told from another finger's: hands are mirror images of each other. A driver whose sensor
//! gives mirrored pictures turns them itself.

mod polarity;
mod raw;
mod resample;

use zeroize::Zeroizing;

use super::{DPI, FingerError, FingerImage, image::check_sides, wsq};
use crate::{
    FILE_BYTES_MAX, Image, ImageError,
    header::{self, Density, Orientation},
};

pub use self::raw::Raw;

/// Resolutions that are brought to 500 dpi, in pixels an inch. Below them ridges of 9 pixels at 500 dpi (children have
/// less) are no longer four pixels apart.
const RESOLUTIONS_DPI: std::ops::RangeInclusive<f64> = 250.0..=1_000.0;

/// How many pixels an inch a picture has.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Resolution {
    /// As its file says; an error where it says nothing.
    #[default]
    OfFile,
    /// As its file says, and this where it says nothing, or something that no fingerprint sensor has: what writes a
    /// picture anew often puts a screen's 72 or 96 dpi into it.
    OfFileOr(f64),
    /// This, whatever the file says.
    Known(f64),
}

impl Resolution {
    fn of(self, file: Option<Density>) -> Result<Density, FingerError> {
        let same = |dpi| Density { x: dpi, y: dpi };
        let plausible = |density: &Density| {
            RESOLUTIONS_DPI.contains(&density.x.round()) && RESOLUTIONS_DPI.contains(&density.y.round())
        };
        // BMP and PNG have zeros where they know nothing.
        let said = file.filter(|density| density.x > 0.0 && density.y > 0.0);
        let density = match self {
            Self::OfFile => said.ok_or(FingerError::NoResolution)?,
            Self::OfFileOr(dpi) => said.filter(plausible).unwrap_or(same(dpi)),
            Self::Known(dpi) => same(dpi),
        };
        match plausible(&density) {
            true => Ok(density),
            false => Err(FingerError::Resolution { x: density.x, y: density.y }),
        }
    }
}

/// A gray picture as it came.
struct Gray {
    width: u32,
    height: u32,
    gray: Zeroizing<Vec<u8>>,
}

impl FingerImage {
    /// Decodes a WSQ, PNG, BMP, TIFF, PGM, JPEG or JPEG 2000 file, gray or in color, of 250 to 1,000 dpi, and brings it to 500.
    ///
    /// An inverted picture (ridges light) is turned where its empty ground shows it to be one: see [`Self::inverted`] for
    /// the others. A mirrored picture is taken as it is, since nothing in it tells.
    pub fn decode(file: &[u8], resolution: Resolution) -> Result<Self, FingerError> {
        if file.len() > FILE_BYTES_MAX {
            return Err(ImageError::Size(format!("{} bytes", file.len())).into());
        }
        let (sides, orientation, density) = match file {
            [0xFF, 0xA0, ..] => {
                let wsq::Header { width, height, pixels_per_inch } = wsq::header(file)?;
                let said = pixels_per_inch.map(f64::from).map(|dpi| Density { x: dpi, y: dpi });
                let density = resolution.of(said)?;
                sides_at(density, width, height)?;
                return finished(Gray { width, height, gray: wsq::decode(file)?.1 }, density);
            }
            [b'P', b'5', ..] => {
                let pgm = raw::pgm(file)?;
                let density = resolution.of(None)?;
                sides_at(density, pgm.0.width, pgm.0.height)?;
                return finished(raw::unpack(pgm.0, pgm.1)?, density);
            }
            [b'B', b'M', ..] => {
                let (sides, density) = header::bitmap::read(file)?;
                (sides, Orientation::default(), density)
            }
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
                let (sides, density) = header::tiff::read(file)?;
                (sides, Orientation::default(), density)
            }
            _ => {
                let header = header::read(file).map_err(|error| match error {
                    ImageError::Format => FingerError::Format,
                    other => other.into(),
                })?;
                let density = header::png_density(file).or_else(|| header::jpeg_density(file));
                ((header.width, header.height), header.orientation, density)
            }
        };
        let density = resolution.of(density)?;
        sides_at(density, sides.0, sides.1)?;
        finished(gray_of(&Image::decode_checked(file, sides, orientation)?), density)
    }

    /// A picture from a sensor's or record's own rows.
    pub fn from_raw(raw: Raw, dpi: f64, bytes: &[u8]) -> Result<Self, FingerError> {
        let density = Resolution::Known(dpi).of(None)?;
        sides_at(density, raw.width, raw.height)?;
        finished(raw::unpack(raw, bytes)?, density)
    }

    /// A WSQ file of it with about so many bits a pixel, [`wsq::RATE_15_TO_1`] for one; it says 500 dpi.
    pub fn encode_wsq(&self, bits_per_pixel: f64) -> Result<Zeroizing<Vec<u8>>, FingerError> {
        let header = wsq::Header { width: self.width(), height: self.height(), pixels_per_inch: Some(DPI) };
        Ok(wsq::encode(header, self.gray(), bits_per_pixel)?)
    }

    /// The same with light for dark: for sensors that are known to show ridges light, since a picture that a finger
    /// fills to its edges does not tell.
    pub fn inverted(mut self) -> Self {
        self.gray.iter_mut().for_each(|value| *value = !*value);
        self
    }
}

/// Whether a picture of these sides is one of a finger, before anything is made room for.
fn sides_at(density: Density, width: u32, height: u32) -> Result<(u32, u32), FingerError> {
    let at = |side: u32, dpi: f64| (f64::from(side) * f64::from(DPI) / dpi).round() as u32;
    let sides = (at(width, density.x), at(height, density.y));
    check_sides(sides.0, sides.1)?;
    Ok(sides)
}

fn gray_of(image: &Image) -> Gray {
    let gray = image.luma().iter().map(|luma| luma.round() as u8).collect();
    Gray { width: image.width(), height: image.height(), gray: Zeroizing::new(gray) }
}

fn finished(gray: Gray, density: Density) -> Result<FingerImage, FingerError> {
    let (width, height) = sides_at(density, gray.width, gray.height)?;
    let image = resample::to_500_dpi(gray, density, (width, height))?;
    Ok(if polarity::is_inverted(&image) { image.inverted() } else { image })
}
