//! What all editions have in common: big-endian fields, and minutiae.

use std::f32::consts::TAU;

use zeroize::Zeroizing;

use super::{
    super::{Kind, Minutia, MinutiaTemplate},
    IMPRESSIONS, Impression, OURS, Position, RESOLUTIONS, RecordError,
};

/// 500 dpi in pixels a centimeter.
pub(super) const RESOLUTION: u16 = OURS[0];
/// Fourteen bits.
const COORDINATE_MOST: u32 = 0x3FFF;
/// Beyond the best, a quality says that there is none (254: not told, 255: it could not be found out).
const QUALITY_MOST: u8 = 100;

/// What is left to read.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(RecordError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], RecordError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(RecordError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, RecordError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, RecordError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, RecordError> {
        Ok(u32::from_be_bytes(self.array()?))
    }
}

/// Whether a length field tells the truth.
pub(super) fn check_length(said: usize, found: usize) -> Result<(), RecordError> {
    if said == found { Ok(()) } else { Err(RecordError::Length { said, found }) }
}

pub(super) fn position(number: u8) -> Result<Position, RecordError> {
    Position::ALL.get(usize::from(number)).copied().ok_or(RecordError::Position(number))
}

pub(super) fn impression(number: u8) -> Impression {
    IMPRESSIONS.iter().find(|known| known.0 == number).map_or(Impression::Other, |known| known.1)
}

/// `other` is what the edition says for what has no number of its own.
pub(super) fn impression_number(impression: Impression, other: u8) -> u8 {
    IMPRESSIONS.iter().find(|known| known.1 == impression).map_or(other, |known| known.0)
}

pub(super) fn quality(value: u8) -> Option<u8> {
    (value <= QUALITY_MOST).then_some(value)
}

/// The picture that minutiae lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Picture {
    pub width: u16,
    pub height: u16,
    /// From left to right and from top to bottom, in pixels a centimeter.
    pub resolution: [u16; 2],
}

impl Picture {
    pub(super) fn checked(self) -> Result<Self, RecordError> {
        let sides = 1..=COORDINATE_MOST as u16;
        if !sides.contains(&self.width) || !sides.contains(&self.height) {
            return Err(RecordError::Sides(self.width.into(), self.height.into()));
        }
        if let Some(&resolution) = self.resolution.iter().find(|resolution| !RESOLUTIONS.contains(resolution)) {
            return Err(RecordError::Resolution(resolution));
        }
        // At 500 dpi, too: what was read can be written again.
        let [width, height] = self.sides();
        if width.max(height) > COORDINATE_MOST { Err(RecordError::Sides(width, height)) } else { Ok(self) }
    }

    /// That of a template.
    pub(super) fn of(template: &MinutiaTemplate) -> Result<Self, RecordError> {
        let (width, height) = (template.width(), template.height());
        let side = |side: u32| u16::try_from(side).map_err(|_| RecordError::Sides(width, height));
        Self { width: side(width)?, height: side(height)?, resolution: [RESOLUTION; 2] }.checked()
    }

    /// How much longer the sides are at 500 dpi.
    fn scale(self) -> [f32; 2] {
        self.resolution.map(|resolution| match OURS.contains(&resolution) {
            true => 1.0,
            false => 500.0 / (2.54 * f32::from(resolution)),
        })
    }

    /// Width and height at 500 dpi.
    fn sides(self) -> [u32; 2] {
        let [x, y] = self.scale();
        [(self.width, x), (self.height, y)].map(|(side, scale)| (f32::from(side) * scale).ceil() as u32)
    }
}

/// How the minutiae of an edition are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coding {
    /// Steps of an angle in a turn: 256, or 180 of two degrees each.
    pub angles: u16,
    /// With a byte of quality.
    pub qualities: bool,
    /// What says that a quality is not told.
    pub untold: u8,
}

/// Reads so many minutiae (ISO/IEC 19794-2:2005, 8.5; :2011, 8.4.2; ANSI/INCITS 378-2004, 6.5).
pub(super) fn minutiae(
    fields: &mut Fields<'_>,
    count: u8,
    picture: Picture,
    coding: Coding,
) -> Result<MinutiaTemplate, RecordError> {
    let [scale_x, scale_y] = picture.scale();
    let mut minutiae = Zeroizing::new(Vec::with_capacity(count.into()));
    for _ in 0..count {
        let (x, y, angle) = (fields.u16()?, fields.u16()?, fields.u8()?);
        let kind = match x >> 14 {
            1 => Kind::Ending,
            2 => Kind::Bifurcation,
            _ => Kind::Other,
        };
        let coordinate = |value: u16| f32::from(value & COORDINATE_MOST as u16);
        let quality = if coding.qualities { quality(fields.u8()?).unwrap_or(0) } else { 0 };
        minutiae.push(Minutia {
            x: coordinate(x) * scale_x,
            y: coordinate(y) * scale_y,
            direction: f32::from(angle) / f32::from(coding.angles) * TAU,
            kind,
            quality,
        });
    }
    let [width, height] = picture.sides();
    Ok(MinutiaTemplate::new(width, height, minutiae))
}

/// Writes all minutiae, best first.
pub(super) fn push_minutiae(out: &mut Vec<u8>, template: &MinutiaTemplate, coding: Coding) {
    for minutia in template.minutiae() {
        let kind: u16 = match minutia.kind {
            Kind::Ending => 1,
            Kind::Bifurcation => 2,
            Kind::Other => 0,
        };
        // They lie within the picture: half a pixel more may be its edge.
        let coordinate = |value: f32, side: u32| (value.round() as u32).min(side.saturating_sub(1)) as u16;
        out.extend((kind << 14 | coordinate(minutia.x, template.width())).to_be_bytes());
        out.extend(coordinate(minutia.y, template.height()).to_be_bytes());
        let angle = (minutia.direction / TAU * f32::from(coding.angles)).round() as u16 % coding.angles;
        out.push(angle as u8);
        if coding.qualities {
            out.push(if minutia.quality == 0 { coding.untold } else { minutia.quality.min(QUALITY_MOST) });
        }
    }
}

/// How many there are: a template holds no more than a byte counts.
pub(super) fn count(template: &MinutiaTemplate) -> u8 {
    template.minutiae().len().min(u8::MAX.into()) as u8
}
