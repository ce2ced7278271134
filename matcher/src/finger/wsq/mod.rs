//! Wavelet scalar quantization: how fingerprints are stored by the FBI (IAFIS-IC-0110, version 3.1), by NIST's tools, and
//! in many passports. Read and written in Rust; no other decoder is asked.

mod bands;
mod huffman;
mod quantize;
mod segments;
mod wavelet;

use zeroize::Zeroizing;

use self::{
    bands::Bands,
    huffman::{Code, Coefficients},
    quantize::Steps,
    segments::{CODES, Frame},
    wavelet::Filters,
};
use crate::{FILE_BYTES_MAX, PIXELS_MAX};

/// Least of a side: five halvings leave a pixel. NIST's own decoder reads beyond the shortest lines of pictures below 80
/// pixels a side, and so shows other pixels than this one there.
const SIDE_PX_MIN: u32 = 32;

/// Bits a pixel of the FBI's fifteen to one.
pub const RATE_15_TO_1: f64 = 0.75;
/// Bits a pixel of five to one.
pub const RATE_5_TO_1: f64 = 2.25;

/// Why bytes are no WSQ picture, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WsqError {
    /// It does not begin like one.
    #[error("the file is no WSQ picture")]
    Format,
    /// It ends early.
    #[error("the WSQ picture is cut short: send the whole file")]
    Truncated,
    /// A segment that contradicts the standard.
    #[error("the WSQ picture cannot be decoded ({0}): ask its maker for another copy")]
    Malformed(&'static str),
    /// Bits that are no code.
    #[error("the WSQ picture's coded part is damaged: ask its maker for another copy")]
    Code,
    /// A table is missing where it is needed.
    #[error("the WSQ picture has no {0} before its coded part")]
    Missing(&'static str),
    /// What the standard allows and no encoder in use does.
    #[error("the WSQ picture has {0}, which are not read: store it as encoder number 2 does")]
    Unsupported(&'static str),
    /// Too many bytes or pixels, or too few.
    #[error(
        "the WSQ picture has {0}: at least {SIDE_PX_MIN} a side, at most {PIXELS_MAX} pixels and {FILE_BYTES_MAX} bytes"
    )]
    Size(String),
    /// Bits a pixel that make no sense.
    #[error("{0} bits a pixel: 0.1 to 8 are taken, 0.75 is usual")]
    Rate(String),
}

/// What a file says of itself before its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Pixels an inch, where NIST's comment tells them.
    pub pixels_per_inch: Option<u32>,
}

/// Reads what stands before the pixels.
pub fn header(file: &[u8]) -> Result<Header, WsqError> {
    let (tables, _) = Tables::read(file)?;
    let frame = tables.frame()?;
    Ok(Header { width: frame.width, height: frame.height, pixels_per_inch: tables.pixels_per_inch })
}

/// Decodes a file: rows of gray values, and what its header says.
pub fn decode(file: &[u8]) -> Result<(Header, Zeroizing<Vec<u8>>), WsqError> {
    let (mut tables, mut rest) = Tables::read(file)?;
    let frame = tables.frame()?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let bands = Bands::of(width, height);
    let mut coefficients = None;
    let steps = loop {
        let (marker, segment) = segments::next(&mut rest)?;
        if marker == segments::END {
            break tables.steps.as_ref().ok_or(WsqError::Missing("quantization table"))?;
        }
        if marker != segments::BLOCK {
            tables.take(marker, segment)?;
            continue;
        }
        if coefficients.is_none() {
            let steps = tables.steps.as_ref().ok_or(WsqError::Missing("quantization table"))?;
            coefficients = Some(Coefficients::new(steps.count(&bands)));
        }
        let number = segment.first().copied().ok_or(WsqError::Malformed("a block without Huffman table"))?;
        let code = tables.codes.get(usize::from(number)).and_then(Option::as_ref);
        let code = code.ok_or(WsqError::Missing("Huffman table"))?;
        if let Some(coefficients) = &mut coefficients {
            rest = coefficients.decode(rest, code)?;
        }
    };
    let coefficients = coefficients.filter(Coefficients::are_complete).ok_or(WsqError::Truncated)?;
    let filters = tables.filters.as_ref().ok_or(WsqError::Missing("wavelet filters"))?;
    let mut pixels = Zeroizing::new(vec![0.0; width * height]);
    steps.restore(&coefficients.values, &mut pixels, width, &bands);
    drop(coefficients);
    wavelet::synthesize(&mut pixels, width, &bands, filters);
    let gray = pixels.iter().map(|pixel| (pixel * frame.scale + frame.shift + 0.5) as u8).collect();
    let header = Header { width: frame.width, height: frame.height, pixels_per_inch: tables.pixels_per_inch };
    Ok((header, Zeroizing::new(gray)))
}

/// Encodes rows of gray values with about so many bits a pixel.
pub fn encode(header: Header, gray: &[u8], bits_per_pixel: f64) -> Result<Zeroizing<Vec<u8>>, WsqError> {
    let (width, height) = checked_sides(header.width, header.height)?;
    if gray.len() != width * height {
        return Err(WsqError::Size(format!("{width} x {height} pixels in {} bytes", gray.len())));
    }
    if !(0.1..=8.0).contains(&bits_per_pixel) {
        return Err(WsqError::Rate(bits_per_pixel.to_string()));
    }
    let frame = frame_of(header, gray);
    let mut out = Zeroizing::new(Vec::with_capacity(gray.len() / 2));
    out.extend([0xFF, segments::START]);
    segments::write(segments::COMMENT, comment(header, bits_per_pixel).as_bytes(), &mut out);
    let filters = Filters::nine_seven();
    segments::write_filters(&filters, &mut out);

    let bands = Bands::of(width, height);
    let mut pixels = Zeroizing::new(Vec::with_capacity(gray.len()));
    pixels.extend(gray.iter().map(|&value| (f32::from(value) - frame.shift) / frame.scale));
    wavelet::analyze(&mut pixels, width, &bands, &filters);
    let steps = Steps::for_rate(&pixels, width, &bands, bits_per_pixel);
    segments::write_steps(&steps, &mut out);
    frame.write(&mut out);

    let [first, second, third] = steps.quantize(&pixels, width, &bands).map(|values| huffman::symbols(&values));
    // The second and third block share a table.
    let codes = [huffman::code_for(first.iter()), huffman::code_for(second.iter().chain(third.iter()))];
    segments::write_code(0, &codes[0], &mut out);
    segments::write(segments::BLOCK, &[0], &mut out);
    huffman::write(&first, &codes[0], &mut out);
    segments::write_code(1, &codes[1], &mut out);
    for block in [second, third] {
        segments::write(segments::BLOCK, &[1], &mut out);
        huffman::write(&block, &codes[1], &mut out);
    }
    out.extend([0xFF, segments::END]);
    Ok(out)
}

/// Gray values are shifted by their mean and scaled so that they reach 128 from it (annex A).
fn frame_of(header: Header, gray: &[u8]) -> Frame {
    let mean = gray.iter().map(|&value| f64::from(value)).sum::<f64>() / gray.len() as f64;
    let farthest = gray.iter().map(|&value| (f64::from(value) - mean).abs()).fold(0.0, f64::max);
    // A picture of one gray is all shift.
    let scale = if farthest > 0.0 { farthest / 128.0 } else { 1.0 };
    Frame { width: header.width, height: header.height, shift: mean as f32, scale: scale as f32 }
}

/// NIST's list of attributes, which other programs look for.
fn comment(header: Header, bits_per_pixel: f64) -> String {
    let Header { width, height, pixels_per_inch } = header;
    let ppi = pixels_per_inch.map_or("-1".to_owned(), |ppi| ppi.to_string());
    format!(
        "NIST_COM 9\nPIX_WIDTH {width}\nPIX_HEIGHT {height}\nPIX_DEPTH 8\nPPI {ppi}\nLOSSY 1\nCOLORSPACE GRAY\n\
         COMPRESSION WSQ\nWSQ_BITRATE {bits_per_pixel:.6}"
    )
}

/// What segments have told so far.
#[derive(Default)]
struct Tables {
    frame: Option<Frame>,
    filters: Option<Filters>,
    steps: Option<Steps>,
    codes: [Option<Code>; CODES],
    pixels_per_inch: Option<u32>,
}

impl Tables {
    /// All before the first block; gives what follows from there.
    fn read(file: &[u8]) -> Result<(Self, &[u8]), WsqError> {
        if file.len() > FILE_BYTES_MAX {
            return Err(WsqError::Size(format!("{} bytes", file.len())));
        }
        let mut rest = file.strip_prefix(&[0xFF, segments::START]).ok_or(WsqError::Format)?;
        let mut tables = Self::default();
        loop {
            let before = rest;
            let (marker, segment) = segments::next(&mut rest)?;
            match marker {
                segments::BLOCK => return Ok((tables, before)),
                segments::END => return Err(WsqError::Missing("picture")),
                _ => tables.take(marker, segment)?,
            }
        }
    }

    fn frame(&self) -> Result<Frame, WsqError> {
        self.frame.ok_or(WsqError::Missing("frame header"))
    }

    fn take(&mut self, marker: u8, segment: &[u8]) -> Result<(), WsqError> {
        match marker {
            segments::FRAME if self.frame.is_some() => return Err(WsqError::Malformed("two frames")),
            segments::FRAME => {
                let frame = Frame::read(segment)?;
                checked_sides(frame.width, frame.height)?;
                self.frame = Some(frame);
            }
            segments::TRANSFORM => self.filters = Some(segments::filters(segment)?),
            // Those of the first block count for all: coefficients are counted by them.
            segments::QUANTIZATION if self.steps.is_some() => {
                return Err(WsqError::Malformed("two quantization tables"));
            }
            segments::QUANTIZATION => self.steps = Some(segments::steps(segment)?),
            segments::HUFFMAN => segments::codes(segment, &mut self.codes)?,
            segments::COMMENT => self.pixels_per_inch = self.pixels_per_inch.or(segments::pixels_per_inch(segment)),
            // Restart markers tell themselves.
            segments::RESTART_INTERVAL => {}
            _ => return Err(WsqError::Malformed("a marker that the standard does not know")),
        }
        Ok(())
    }
}

fn checked_sides(width: u32, height: u32) -> Result<(usize, usize), WsqError> {
    let sides = SIDE_PX_MIN..=u32::from(u16::MAX);
    if !sides.contains(&width) || !sides.contains(&height) || u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(WsqError::Size(format!("{width} x {height} pixels")));
    }
    Ok((width as usize, height as usize))
}
