//! BMP: the headers of Windows and OS/2 (as Microsoft describes BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER).

use super::{Density, METERS_AN_INCH, malformed};
use crate::ImageError;

/// Length of the file's own header.
const FILE_HEADER: usize = 14;
/// Length of OS/2's picture header, and least of Windows' ones.
const CORE_HEADER: u32 = 12;
const INFO_HEADER: u32 = 40;
/// Compressions: none, and none with the bits of each color named.
const PLAIN: [u32; 2] = [0, 3];
const DEPTHS: [u16; 6] = [1, 4, 8, 16, 24, 32];

/// Sides and density, if the file is complete. Run-length coded ones are refused: no sensor's software writes them, and
/// for them a few bytes can stand for many pixels.
pub(crate) fn read(file: &[u8]) -> Result<((u32, u32), Option<Density>), ImageError> {
    let pixels_at = long(file, 10)?;
    let length = long(file, FILE_HEADER)?;
    let (width, height, depth, compression, density) = match length {
        CORE_HEADER => (u32::from(short(file, 18)?), u32::from(short(file, 20)?), short(file, 24)?, 0, None),
        INFO_HEADER.. => {
            // A negative height: rows from above.
            let (width, height) = (long(file, 18)?, long(file, 22)?.cast_signed().unsigned_abs());
            let (x, y) = (f64::from(long(file, 38)?.cast_signed()), f64::from(long(file, 42)?.cast_signed()));
            let density = Density { x: x * METERS_AN_INCH, y: y * METERS_AN_INCH };
            (width, height, short(file, 28)?, long(file, 30)?, Some(density))
        }
        _ => return Err(malformed("a header of no known kind")),
    };
    if !PLAIN.contains(&compression) {
        return Err(malformed("run-length coded, or another picture inside: store it uncompressed"));
    }
    if !DEPTHS.contains(&depth) {
        return Err(malformed("a number of bits a pixel that is none"));
    }
    // Rows are padded to four bytes.
    let row = (u64::from(width) * u64::from(depth)).div_ceil(32) * 4;
    let end = row.checked_mul(u64::from(height)).and_then(|pixels| pixels.checked_add(u64::from(pixels_at)));
    match end {
        Some(end) if end <= file.len() as u64 => Ok(((width, height), density)),
        _ => Err(ImageError::Truncated),
    }
}

fn short(file: &[u8], at: usize) -> Result<u16, ImageError> {
    file.get(at..).and_then(<[u8]>::first_chunk).map(|bytes| u16::from_le_bytes(*bytes)).ok_or(ImageError::Truncated)
}

fn long(file: &[u8], at: usize) -> Result<u32, ImageError> {
    file.get(at..).and_then(<[u8]>::first_chunk).map(|bytes| u32::from_le_bytes(*bytes)).ok_or(ImageError::Truncated)
}
