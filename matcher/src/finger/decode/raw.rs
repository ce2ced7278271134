//! Gray values without any coding: from sensors, from records of ISO/IEC 19794-4, and in portable graymaps.

use zeroize::Zeroizing;

use super::Gray;
use crate::{ImageError, PIXELS_MAX, finger::FingerError};

/// How gray values without a header lie in their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// 1 to 16. Of more than eight the upper eight are taken, less are spread to eight.
    pub bits_per_pixel: u8,
    /// Pixels follow each other without gaps, over bytes and rows (ISO/IEC 19794-4:2005, 7.1.13, code 1); else each has
    /// a byte of its own, or two, the upper first.
    pub packed: bool,
}

impl Raw {
    /// A byte a pixel, as sensors give them.
    pub fn bytes(width: u32, height: u32) -> Self {
        Self { width, height, bits_per_pixel: 8, packed: false }
    }
}

/// The pixels, eight bits each.
pub(super) fn unpack(raw: Raw, bytes: &[u8]) -> Result<Gray, FingerError> {
    let Raw { width, height, bits_per_pixel: bits, packed } = raw;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > PIXELS_MAX {
        return Err(ImageError::Size(format!("{width} x {height} pixels")).into());
    }
    let pixels = pixels as usize;
    let (needed, most) = match (bits, packed) {
        (1..=16, true) => ((pixels * usize::from(bits)).div_ceil(8), (1u32 << bits) - 1),
        (1..=8, false) => (pixels, (1 << bits) - 1),
        (9..=16, false) => (2 * pixels, (1 << bits) - 1),
        _ => return Err(ImageError::Decode(format!("{bits} bits a pixel: 1 to 16 are taken")).into()),
    };
    let bytes = match bytes.len() == needed {
        true => bytes,
        false if bytes.len() < needed => return Err(ImageError::Truncated.into()),
        false => {
            let has = bytes.len();
            return Err(ImageError::Decode(format!("{has} bytes for {width} x {height} pixels, not {needed}")).into());
        }
    };
    let to_eight = |value: u32| ((value.min(most) * 255 + most / 2) / most) as u8;
    let gray: Vec<u8> = match (bits, packed) {
        (8, _) => bytes.to_vec(),
        (_, true) => (0..pixels).map(|at| to_eight(bits_at(bytes, at * usize::from(bits), bits))).collect(),
        (..=8, false) => bytes.iter().map(|&value| to_eight(u32::from(value))).collect(),
        (_, false) => {
            bytes.as_chunks::<2>().0.iter().map(|pair| to_eight(u32::from(u16::from_be_bytes(*pair)))).collect()
        }
    };
    Ok(Gray { width, height, gray: Zeroizing::new(gray) })
}

/// The bits of one pixel, which lie in three bytes at most.
fn bits_at(bytes: &[u8], at: usize, bits: u8) -> u32 {
    let byte = |offset: usize| u32::from(bytes.get(at / 8 + offset).copied().unwrap_or(0));
    let window = byte(0) << 16 | byte(1) << 8 | byte(2);
    let shift = 24 - (at % 8) as u32 - u32::from(bits);
    window >> shift & ((1 << bits) - 1)
}

/// The header of a portable graymap with binary pixels (Netpbm, `P5`), and its pixels.
pub(super) fn pgm(file: &[u8]) -> Result<(Raw, &[u8]), FingerError> {
    let mut rest = file.get(2..).unwrap_or_default();
    let mut numbers = [0u32; 3];
    for number in &mut numbers {
        rest = after_space(rest)?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (text, behind) = rest.split_at(digits);
        let text = std::str::from_utf8(text).unwrap_or_default();
        *number = text.parse().map_err(|_| ImageError::Decode("no number in its header".to_owned()))?;
        rest = behind;
    }
    let [width, height, most] = numbers;
    // One white space, then pixels.
    let (Some(b' ' | b'\t' | b'\n' | b'\r'), Some(pixels)) = (rest.first(), rest.get(1..)) else {
        return Err(ImageError::Truncated.into());
    };
    let bits = match most {
        255 => 8,
        65_535 => 16,
        _ => return Err(ImageError::Decode(format!("gray values up to {most}: 255 or 65535 are taken")).into()),
    };
    Ok((Raw { width, height, bits_per_pixel: bits, packed: false }, pixels))
}

/// Behind white space, of which there must be some, and comments.
fn after_space(bytes: &[u8]) -> Result<&[u8], ImageError> {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [b' ' | b'\t' | b'\n' | b'\r', after @ ..] => after,
            [b'#', ..] => {
                let end = rest.iter().position(|&byte| byte == b'\n').ok_or(ImageError::Truncated)?;
                &rest[end..]
            }
            [] => return Err(ImageError::Truncated),
            _ if rest.len() == bytes.len() => {
                return Err(ImageError::Decode("no white space in its header".to_owned()));
            }
            _ => return Ok(rest),
        };
    }
}
