//! What a picture file claims to be, read before a decoder allocates for it: a header of a few bytes can ask for
//! gigabytes. Only what decoders allocate by is read here; whether the rest is sound they find out themselves.

use crate::ImageError;

/// Most scans of a progressive JPEG: each is decoded over the whole picture. Encoders write about ten.
const SCANS_MAX: usize = 100;
/// Most tiles of a JPEG 2000 codestream: OpenJPEG keeps several kilobytes for each. Portraits have one.
const TILES_MAX: u64 = 256;
/// Most components of a JPEG 2000 codestream: colors and alpha.
const COMPONENTS_MAX: u16 = 4;

/// Width and height that the header claims, and whether the file is complete.
pub(crate) fn sides(file: &[u8]) -> Result<(u32, u32), ImageError> {
    match file {
        [0xFF, 0xD8, 0xFF, ..] => jpeg(file),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => png(file),
        [0xFF, 0x4F, 0xFF, 0x51, ..] => codestream(file),
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] => jp2(file),
        _ => Err(ImageError::Format),
    }
}

/// ITU-T T.81, B.1.1 and B.2.2: segments up to the frame header.
fn jpeg(file: &[u8]) -> Result<(u32, u32), ImageError> {
    let mut rest = file.get(2..).unwrap_or_default();
    let sides = loop {
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
    Ok(sides)
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

/// JP2 (ISO/IEC 15444-1), annex I: boxes up to the codestream.
fn jp2(file: &[u8]) -> Result<(u32, u32), ImageError> {
    let mut rest = file;
    loop {
        let JpBox { kind, content, after } = next_box(rest)?;
        match &kind {
            b"jp2c" => return codestream(content),
            b"jp2h" => {
                let mut inner = content;
                while !inner.is_empty() {
                    let part = next_box(inner)?;
                    // A palette multiplies the components that the codestream has.
                    if &part.kind == b"pclr" {
                        return Err(malformed("a palette"));
                    }
                    inner = part.after;
                }
            }
            _ => {}
        }
        rest = after;
    }
}

struct JpBox<'a> {
    kind: [u8; 4],
    content: &'a [u8],
    after: &'a [u8],
}

/// The first box and what follows it (I.4).
fn next_box(bytes: &[u8]) -> Result<JpBox<'_>, ImageError> {
    let kind = *bytes.get(4..).and_then(<[u8]>::first_chunk).ok_or(ImageError::Truncated)?;
    let (header, length) = match u32_at(bytes, 0)? {
        0 => (8, bytes.len()),
        1 => {
            let long = *bytes.get(8..).and_then(<[u8]>::first_chunk).ok_or(ImageError::Truncated)?;
            (16, usize::try_from(u64::from_be_bytes(long)).map_err(|_| ImageError::Truncated)?)
        }
        short => (8, short as usize),
    };
    if length < header {
        return Err(malformed("a box shorter than its own header"));
    }
    let (this, after) = bytes.split_at_checked(length).ok_or(ImageError::Truncated)?;
    Ok(JpBox { kind, content: this.get(header..).unwrap_or_default(), after })
}

/// ISO/IEC 15444-1, A.5.1: the SIZ segment directly follows the start of the codestream.
fn codestream(bytes: &[u8]) -> Result<(u32, u32), ImageError> {
    if bytes.get(..4).ok_or(ImageError::Truncated)? != [0xFF, 0x4F, 0xFF, 0x51] {
        return Err(malformed("no size at the beginning of its codestream"));
    }
    let [right, bottom, left, top] = [8, 12, 16, 20].map(|at| u32_at(bytes, at));
    let [tile_width, tile_height, tiles_left, tiles_top] = [24, 28, 32, 36].map(|at| u32_at(bytes, at));
    let (right, bottom) = (right?, bottom?);
    let tiles = |end: u32, origin: u32, size: u32| match size {
        0 => Err(malformed("tiles without extent")),
        _ => Ok(u64::from(end.saturating_sub(origin).div_ceil(size))),
    };
    let across = tiles(right, tiles_left?, tile_width?)?;
    if across.saturating_mul(tiles(bottom, tiles_top?, tile_height?)?) > TILES_MAX {
        return Err(malformed("too many tiles"));
    }
    if u16_at(bytes, 40)? > COMPONENTS_MAX {
        return Err(malformed("too many components"));
    }
    // The decoder accepts a codestream that ends early. In coded data no 0xFF is followed by more than 0x8F.
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xFF, marker]);
    match (last(0x93), last(0xD9)) {
        (Some(data), Some(end)) if end > data => Ok((right.saturating_sub(left?), bottom.saturating_sub(top?))),
        _ => Err(ImageError::Truncated),
    }
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
