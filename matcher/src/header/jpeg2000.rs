//! JPEG 2000 (ISO/IEC 15444-1): JP2 boxes and the segments of a codestream that tell how much a decoder will allocate.
//!
//! Pixels alone do not tell it: OpenJPEG keeps hundreds of bytes for each code-block and each precinct before it reads
//! any coded data, and both can be as small as a few pixels. A file of 152 bytes and one megapixel took 1.7 GB and six
//! seconds.

use super::{malformed, u16_at, u32_at};
use crate::ImageError;

/// Most tiles: OpenJPEG keeps several kilobytes for each. Portraits have one.
const TILES_MAX: u64 = 256;
/// Most components: colors and alpha.
const COMPONENTS_MAX: u16 = 4;
/// Least sides of a code-block, as the exponent of two. Encoders use 32 or 64 pixels a side.
const BLOCK_EXPONENT_MIN: u8 = 4;
/// The standard's own limit (table A.18).
const BLOCK_EXPONENT_MAX: u8 = 10;
/// Least sides of a precinct, likewise. Encoders use the largest, 2^15, or 128 and 256 pixels.
const PRECINCT_EXPONENT_MIN: u8 = 5;
/// Most layers: OpenJPEG keeps two bytes for each layer of each precinct, and looks at each. Encoders use one to twenty.
const LAYERS_MAX: u16 = 64;
/// Most decomposition levels. Encoders use five; eleven levels halve a side of [`crate::SIDE_PX_MAX`] to four pixels.
const LEVELS_MAX: u8 = 11;
/// Most parts of tiles, so that the way through them ends soon.
const TILE_PARTS_MAX: usize = 4 * TILES_MAX as usize;

// Markers (A.2).
const START_OF_TILE_PART: u8 = 0x90;
const START_OF_DATA: u8 = 0x93;
const END: u8 = 0xD9;
const CODING: u8 = 0x52;
const CODING_OF_COMPONENT: u8 = 0x53;
/// Segments of which nothing is read here: TLM, PLM, PLT, QCD, QCC, RGN, POC, PPM, PPT, CRG, COM. A decoder looks
/// for the next marker it knows *inside* a segment that it does not know; so only these are let through.
const HARMLESS: [u8; 11] = [0x55, 0x57, 0x58, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61, 0x63, 0x64];

/// Annex I: boxes up to the codestream.
pub(super) fn boxes(file: &[u8]) -> Result<(u32, u32), ImageError> {
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

/// A.5.1: the SIZ segment directly follows the start of the codestream.
pub(super) fn codestream(bytes: &[u8]) -> Result<(u32, u32), ImageError> {
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
    coding(bytes)?;
    // The decoder accepts a codestream that ends early. In coded data no 0xFF is followed by more than 0x8F.
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xFF, marker]);
    match (last(0x93), last(0xD9)) {
        (Some(data), Some(end)) if end > data => Ok((right.saturating_sub(left?), bottom.saturating_sub(top?))),
        _ => Err(ImageError::Truncated),
    }
}

/// All coding styles, those in the headers of tile-parts included, which override the main header's (A.3, A.4.2).
fn coding(bytes: &[u8]) -> Result<(), ImageError> {
    let size = bytes.get(2..).unwrap_or_default();
    let mut rest = size.get(4 + segment(size)?.len()..).ok_or(ImageError::Truncated)?;
    for _ in 0..=TILE_PARTS_MAX {
        let part = rest;
        // The length of a tile-part counts from its own marker; zero reaches to the end.
        let mut length = None;
        loop {
            let [0xFF, marker, ..] = *rest else {
                return Err(if rest.len() < 2 {
                    ImageError::Truncated
                } else {
                    malformed("bytes between its segments")
                });
            };
            match marker {
                START_OF_DATA => break,
                END if rest.len() == part.len() => return Ok(()),
                START_OF_TILE_PART if rest.len() == part.len() => length = Some(u32_at(rest, 6)? as usize),
                // The main header ends where the first tile-part begins.
                START_OF_TILE_PART if length.is_none() => break,
                CODING => style(segment(rest)?, true)?,
                CODING_OF_COMPONENT => style(segment(rest)?, false)?,
                marker if HARMLESS.contains(&marker) => {}
                _ => return Err(malformed("a segment that no portrait needs")),
            }
            rest = rest.get(4 + segment(rest)?.len()..).ok_or(ImageError::Truncated)?;
        }
        match length {
            // The main header's end.
            None if rest.starts_with(&[0xFF, START_OF_TILE_PART]) => {}
            None => return Err(malformed("coded data outside of tiles")),
            Some(0) => return Ok(()),
            // Beyond its own header's marker of the data, or the decoder would read on elsewhere than we do.
            Some(length) if length < part.len() - rest.len() + 2 => return Err(malformed("a tile-part without room")),
            // As much as there is; whether the file is whole, the end marker tells.
            Some(length) => match part.get(length..) {
                None | Some([] | [_]) => return Ok(()),
                Some(after) => rest = after,
            },
        }
    }
    Err(malformed("too many tile-parts"))
}

/// What a segment holds behind its length.
fn segment(bytes: &[u8]) -> Result<&[u8], ImageError> {
    let length = usize::from(u16_at(bytes, 2)?);
    if length < 2 {
        return Err(malformed("a segment shorter than its own length"));
    }
    bytes.get(4..2 + length).ok_or(ImageError::Truncated)
}

/// The coding style of all components or of one (A.6.1, A.6.2, table A.13).
fn style(segment: &[u8], is_default: bool) -> Result<(), ImageError> {
    let byte = |at: usize| segment.get(at).copied().ok_or(ImageError::Truncated);
    // SGcod holds progression, layers and color transform; a component's own style begins with its number.
    let (own_precincts, parameters) = if is_default {
        if u16_at(segment, 2)? > LAYERS_MAX {
            return Err(malformed("too many layers"));
        }
        (byte(0)? & 1 == 1, 5)
    } else {
        (byte(1)? & 1 == 1, 2)
    };
    let (levels, width, height) = (byte(parameters)?, byte(parameters + 1)?, byte(parameters + 2)?);
    if levels > LEVELS_MAX {
        return Err(malformed("too many decomposition levels"));
    }
    // Exponents less two.
    if [width, height].iter().any(|&less_two| less_two > BLOCK_EXPONENT_MAX - 2) {
        return Err(malformed("code-blocks larger than the standard allows"));
    }
    if width.min(height) < BLOCK_EXPONENT_MIN - 2 {
        return Err(malformed("code-blocks too small"));
    }
    if own_precincts {
        for level in 0..=usize::from(levels) {
            let size = byte(parameters + 5 + level)?;
            if (size & 0x0F).min(size >> 4) < PRECINCT_EXPONENT_MIN {
                return Err(malformed("precincts too small"));
            }
        }
    }
    Ok(())
}
