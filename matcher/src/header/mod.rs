//! What a picture file claims to be, read before a decoder allocates for it: a header of a few bytes can ask for
//! gigabytes. Only what decoders allocate by is read here; whether the rest is sound they find out themselves.

pub(crate) mod bitmap;
mod exif;
mod jpeg2000;
pub(crate) mod tiff;

pub(crate) use exif::Orientation;

use crate::ImageError;

/// APP1, where JPEG files carry Exif (CIPA DC-008, 4.7.1).
const EXIF_MARKER: u8 = 0xE1;
/// Most scans of a progressive JPEG: each is decoded over the whole picture. Encoders write about ten.
const SCANS_MAX: usize = 100;

/// What a header claims.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// How the camera was held.
    pub orientation: Orientation,
}

impl Header {
    fn upright((width, height): (u32, u32)) -> Self {
        Self { width, height, orientation: Orientation::default() }
    }
}

/// Pixels an inch, as a file claims them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Density {
    /// From left to right.
    pub x: f64,
    /// From top to bottom.
    pub y: f64,
}

/// BMP and PNG count pixels a meter.
const METERS_AN_INCH: f64 = 0.0254;

/// What the header claims, if the file is complete and a decoder can be let at it.
pub(crate) fn read(file: &[u8]) -> Result<Header, ImageError> {
    match file {
        [0xFF, 0xD8, 0xFF, ..] => jpeg(file),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => png(file).map(Header::upright),
        [0xFF, 0x4F, 0xFF, 0x51, ..] => jpeg2000::codestream(file).map(Header::upright),
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] => jpeg2000::boxes(file).map(Header::upright),
        _ => Err(ImageError::Format),
    }
}

/// ITU-T T.81, B.1.1 and B.2.2: segments up to the frame header.
fn jpeg(file: &[u8]) -> Result<Header, ImageError> {
    let mut rest = file.get(2..).unwrap_or_default();
    let mut orientation = None;
    let (width, height) = loop {
        let marker = match rest {
            // Fill bytes and markers without a segment (TEM, RSTn).
            [0xFF, 0xFF, ..] => {
                rest = &rest[1..];
                continue;
            }
            [0xFF, 0x01 | 0xD0..=0xD7, after @ ..] => {
                rest = after;
                continue;
            }
            [0xFF, 0xD9 | 0xDA, ..] => return Err(malformed("no frame header before its pixels")),
            [0xFF, marker, ..] => *marker,
            [] | [_] => return Err(ImageError::Truncated),
            _ => return Err(malformed("bytes between its segments")),
        };
        let length = usize::from(u16_at(rest, 2)?);
        let (segment, after) = rest.split_at_checked(2 + length).ok_or(ImageError::Truncated)?;
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            break (u32::from(u16_at(segment, 7)?), u32::from(u16_at(segment, 5)?));
        }
        if marker == EXIF_MARKER && orientation.is_none() {
            orientation = segment.get(4..).and_then(Orientation::of);
        }
        rest = after;
    };
    // A file that ends early decodes to a picture with a gray rest, so its end is looked for: an EOI marker behind the
    // last start of scan. In coded data each 0xFF is followed by zero or RSTn.
    let pairs = || file.windows(2);
    match (pairs().rposition(|pair| pair == [0xFF, 0xDA]), pairs().rposition(|pair| pair == [0xFF, 0xD9])) {
        (Some(scan), Some(end)) if end > scan => {}
        _ => return Err(ImageError::Truncated),
    }
    if pairs().filter(|pair| *pair == [0xFF, 0xDA]).count() > SCANS_MAX {
        return Err(malformed("too many scans"));
    }
    Ok(Header { width, height, orientation: orientation.unwrap_or_default() })
}

/// PNG (ISO/IEC 15948), 11.2.1: the header is the first chunk; 11.2.5: the trailer is the last.
fn png(file: &[u8]) -> Result<(u32, u32), ImageError> {
    if file.get(12..16).ok_or(ImageError::Truncated)? != b"IHDR" {
        return Err(malformed("no header chunk at its beginning"));
    }
    let sides = (u32_at(file, 16)?, u32_at(file, 20)?);
    match file.windows(4).rposition(|kind| kind == b"IEND") {
        Some(at) if file.len() >= at + 8 => Ok(sides),
        _ => Err(ImageError::Truncated),
    }
}

/// PNG, 11.3.5.3 (pHYs), before the pixels.
pub(crate) fn png_density(file: &[u8]) -> Option<Density> {
    let mut rest = file.get(8..)?;
    loop {
        let length = u32_at(rest, 0).ok()? as usize;
        let (kind, content) = (rest.get(4..8)?, rest.get(8..)?.get(..length)?);
        match kind {
            b"pHYs" if content.get(8) == Some(&1) => {
                let along = |at| u32_at(content, at).ok().map(|pixels| f64::from(pixels) * METERS_AN_INCH);
                return Some(Density { x: along(0)?, y: along(4)? });
            }
            b"IDAT" | b"IEND" => return None,
            _ => rest = rest.get(length.checked_add(12)?..)?,
        }
    }
}

/// ISO/IEC 10918-5 (JFIF), 10.1: in the first segment.
pub(crate) fn jpeg_density(file: &[u8]) -> Option<Density> {
    let segment = file.strip_prefix(&[0xFF, 0xD8, 0xFF, 0xE0])?;
    if segment.get(2..7)? != b"JFIF\0" {
        return None;
    }
    let factor = match segment.get(9)? {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    let along = |at| u16_at(segment, at).ok().map(|pixels| f64::from(pixels) * factor);
    Some(Density { x: along(10)?, y: along(12)? })
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, ImageError> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map(|bytes| u16::from_be_bytes(*bytes)).ok_or(ImageError::Truncated)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, ImageError> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map(|bytes| u32::from_be_bytes(*bytes)).ok_or(ImageError::Truncated)
}

fn malformed(what: &str) -> ImageError {
    ImageError::Decode(what.to_owned())
}
