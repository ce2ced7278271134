//! Markers and what stands behind them (IAFIS-IC-0110, annex B).

use super::{WsqError, bands::TABLED, huffman::Code, quantize::Steps, wavelet::Filters};

// The second byte of markers (table B.1).
pub(super) const START: u8 = 0xA0;
pub(super) const END: u8 = 0xA1;
pub(super) const FRAME: u8 = 0xA2;
pub(super) const BLOCK: u8 = 0xA3;
pub(super) const TRANSFORM: u8 = 0xA4;
pub(super) const QUANTIZATION: u8 = 0xA5;
pub(super) const HUFFMAN: u8 = 0xA6;
pub(super) const RESTART_INTERVAL: u8 = 0xA7;
pub(super) const COMMENT: u8 = 0xA8;

/// How many Huffman tables there may be.
pub(super) const CODES: usize = 8;

/// Takes the next marker and its segment; START and END have none.
pub(super) fn next<'a>(rest: &mut &'a [u8]) -> Result<(u8, &'a [u8]), WsqError> {
    let (marker, after) = match **rest {
        [0xFF, marker, ..] => (marker, &rest[2..]),
        [] | [_] => return Err(WsqError::Truncated),
        _ => return Err(WsqError::Malformed("bytes between its segments")),
    };
    if matches!(marker, START | END) {
        *rest = after;
        return Ok((marker, &[]));
    }
    let mut fields = Fields(after);
    let length =
        usize::from(fields.u16()?).checked_sub(2).ok_or(WsqError::Malformed("a segment shorter than its length"))?;
    let (segment, after) = fields.0.split_at_checked(length).ok_or(WsqError::Truncated)?;
    *rest = after;
    Ok((marker, segment))
}

/// Big-endian numbers one after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn bytes<const N: usize>(&mut self) -> Result<&'a [u8; N], WsqError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(WsqError::Malformed("a segment that is too short"))?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WsqError> {
        self.bytes::<1>().map(|[byte]| *byte)
    }

    fn u16(&mut self) -> Result<u16, WsqError> {
        self.bytes().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// A decimal number: the power of ten by which the digits are to be divided, and the digits.
    fn decimal(&mut self) -> Result<f64, WsqError> {
        let scale = self.u8()?;
        Ok(f64::from(self.u16()?) / 10f64.powi(i32::from(scale)))
    }

    fn tap(&mut self) -> Result<f64, WsqError> {
        let (sign, scale) = (self.u8()?, self.u8()?);
        let digits = u32::from_be_bytes(*self.bytes()?);
        let size = f64::from(digits) / 10f64.powi(i32::from(scale));
        Ok(if sign == 0 { size } else { -size })
    }
}

/// SOF: the picture's sides, and how its gray values were shifted and scaled before the transform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub width: u32,
    pub height: u32,
    pub shift: f32,
    pub scale: f32,
}

impl Frame {
    pub(super) fn read(segment: &[u8]) -> Result<Self, WsqError> {
        let mut fields = Fields(segment);
        // What black and white are called.
        let _ = (fields.u8()?, fields.u8()?);
        let (height, width) = (u32::from(fields.u16()?), u32::from(fields.u16()?));
        let (shift, scale) = (fields.decimal()? as f32, fields.decimal()? as f32);
        Ok(Self { width, height, shift, scale })
    }

    /// With the number of the encoder, which is for those that the FBI has certified.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut segment = vec![0, 255];
        segment.extend((self.height as u16).to_be_bytes());
        segment.extend((self.width as u16).to_be_bytes());
        segment.extend(decimal(self.shift));
        segment.extend(decimal(self.scale));
        segment.extend([ENCODER, 0, 0]);
        write(FRAME, &segment, out);
    }
}

/// The algorithm that an encoder follows; version of its software: not given.
const ENCODER: u8 = 2;

/// DTT: the lengths of the analysis filters, then half of each.
pub(super) fn filters(segment: &[u8]) -> Result<Filters, WsqError> {
    let mut fields = Fields(segment);
    let lengths = (Filters::half(fields.u8()?)?, Filters::half(fields.u8()?)?);
    let mut half = |length| (0..length).map(|_| fields.tap()).collect::<Result<Vec<f64>, _>>();
    Filters::new(half(lengths.0)?, half(lengths.1)?)
}

pub(super) fn write_filters(filters: &Filters, out: &mut Vec<u8>) {
    let halves = filters.halves();
    let mut segment: Vec<u8> = halves.iter().map(|half| 2 * half.len() as u8 - 1).collect();
    for tap in halves.into_iter().flatten() {
        // As many digits as 32 bits hold.
        let (mut size, mut scale) = (f64::from(tap.abs()), 0);
        while size > 0.0 && size < f64::from(u32::MAX / 10) && scale < 40 {
            size *= 10.0;
            scale += 1;
        }
        let digits = size.round() as u32;
        segment.extend([u8::from(*tap < 0.0), scale]);
        segment.extend(digits.to_be_bytes());
    }
    write(TRANSFORM, &segment, out);
}

/// DQT: where in a step values are taken to be, then each band's step and the one around zero.
pub(super) fn steps(segment: &[u8]) -> Result<Steps, WsqError> {
    let mut fields = Fields(segment);
    let center = fields.decimal()? as f32;
    let mut widths = [(0.0, 0.0); TABLED];
    for width in &mut widths {
        *width = (fields.decimal()? as f32, fields.decimal()? as f32);
    }
    Ok(Steps { center, widths })
}

pub(super) fn write_steps(steps: &Steps, out: &mut Vec<u8>) {
    let mut segment = decimal(steps.center).to_vec();
    for (step, zero) in steps.widths {
        segment.extend(decimal(step));
        segment.extend(decimal(zero));
    }
    write(QUANTIZATION, &segment, out);
}

/// DHT: tables one after the other.
pub(super) fn codes(segment: &[u8], codes: &mut [Option<Code>; CODES]) -> Result<(), WsqError> {
    let mut fields = Fields(segment);
    while !fields.0.is_empty() {
        let place =
            codes.get_mut(usize::from(fields.u8()?)).ok_or(WsqError::Malformed("a Huffman table's number above 7"))?;
        let counts = *fields.bytes::<16>()?;
        let symbols: Result<Vec<u8>, _> =
            (0..counts.iter().map(|&count| usize::from(count)).sum()).map(|_| fields.u8()).collect();
        *place = Some(Code::new(counts, symbols?)?);
    }
    Ok(())
}

pub(super) fn write_code(number: u8, code: &Code, out: &mut Vec<u8>) {
    let segment = [&[number], &code.counts[..], &code.symbols].concat();
    write(HUFFMAN, &segment, out);
}

/// The resolution that NIST's comment tells (a line `PPI 500` in a list that begins `NIST_COM`).
pub(super) fn pixels_per_inch(comment: &[u8]) -> Option<u32> {
    let text = comment.strip_prefix(b"NIST_COM")?;
    let line = text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"PPI "))?;
    std::str::from_utf8(line).ok()?.trim().parse().ok().filter(|ppi| *ppi > 0)
}

pub(super) fn write(marker: u8, segment: &[u8], out: &mut Vec<u8>) {
    out.extend([0xFF, marker]);
    out.extend((segment.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(segment);
}

/// As many digits as sixteen bits hold.
fn decimal(number: f32) -> [u8; 3] {
    let (mut scaled, mut scale) = (f64::from(number), 0u8);
    while scaled > 0.0 && scaled < 6_553.5 && scale < 40 {
        scaled *= 10.0;
        scale += 1;
    }
    let [upper, lower] = (scaled.round() as u16).to_be_bytes();
    [scale, upper, lower]
}
