//! Finger image records of ISO/IEC 19794-4:2005.

use zeroize::Zeroizing;

use super::{FingerFormat, FingerImage, FingerPosition, FingerRecord};
use crate::lds::{LdsError, record::Record};

/// The format type in the template's header.
pub(super) const FORMAT_TYPE: u16 = 7;

const IDENTIFIER: &[u8] = b"FIR\0";
const EDITION_2005: &[u8] = b"010\0";
/// Scale units (7.1.6).
const PER_INCH: u8 = 1;
const PER_CENTIMETER: u8 = 2;
/// Resolution of a written image, and what Doc 9303-9 asks for.
const PIXELS_PER_INCH: u16 = 500;
/// Image acquisition level 31: a single finger at 500 pixels an inch (7.1.4).
const ACQUISITION_LEVEL: u16 = 31;
/// A quality that is not known (7.2.5).
const QUALITY_UNKNOWN: u8 = 254;

/// General header of 32 bytes, then for each view 14 bytes and an image.
pub(super) fn read(record: &[u8], fingers: &mut Vec<FingerImage>) -> Result<(), LdsError> {
    let short = || LdsError::Finger("the record ends early");
    let mut record = Record(record);
    if record.bytes(4) != Some(IDENTIFIER) {
        return Err(LdsError::Finger("not a record of ISO/IEC 19794-4"));
    }
    if record.bytes(4).ok_or_else(short)? != EDITION_2005 {
        return Err(LdsError::Finger("an edition of ISO/IEC 19794-4 other than 2005"));
    }
    let header = read_header(&mut record).ok_or_else(short)?;
    while !record.0.is_empty() {
        let view = record.part().ok_or_else(short)?;
        fingers.push(read_view(view, &header).ok_or_else(short)??);
    }
    Ok(())
}

/// What the general header says of every view.
struct Header {
    pixels_per_inch: Option<u16>,
    bits_per_pixel: u8,
    coding: u8,
}

fn read_header(record: &mut Record<'_>) -> Option<Header> {
    // Length of the record, device, acquisition level, and a count that is not needed: the views end with the record.
    record.bytes(6 + 2 + 2 + 1)?;
    let unit = record.u8()?;
    let _scan_resolution = record.bytes(4)?;
    let resolution = record.u16()?;
    let _vertical = record.u16()?;
    let bits_per_pixel = record.u8()?;
    let coding = record.u8()?;
    let _reserved = record.u16()?;
    let pixels_per_inch = match unit {
        PER_INCH => Some(resolution),
        // One inch is 2.54 cm.
        PER_CENTIMETER => u16::try_from((u32::from(resolution) * 254 + 50) / 100).ok(),
        _ => None,
    };
    Some(Header { pixels_per_inch, bits_per_pixel, coding })
}

fn read_view(mut view: Record<'_>, header: &Header) -> Option<Result<FingerImage, LdsError>> {
    let position = FingerPosition::from_code(view.u8()?);
    // Count and number of the view.
    view.bytes(2)?;
    let (quality, impression) = (view.u8()?, view.u8()?);
    let size = (view.u16()?, view.u16()?);
    let _reserved = view.u8()?;
    let image = view.0;
    let format = match header.coding {
        0 => Some(FingerFormat::Raw),
        1 => Some(FingerFormat::PackedRaw),
        // What the image is decides, not what the header calls it.
        _ => FingerFormat::of(image),
    };
    Some(format.ok_or(LdsError::Finger("the image is none that ISO/IEC 19794-4 names")).map(|format| FingerImage {
        position,
        format,
        bytes: Zeroizing::new(image.to_vec()),
        size: Some(size),
        bits_per_pixel: Some(header.bits_per_pixel),
        pixels_per_inch: header.pixels_per_inch,
        quality: Some(quality).filter(|&quality| quality <= 100),
        impression,
    }))
}

/// Writes a record of one finger.
pub(super) fn write(finger: &FingerRecord<'_>) -> Vec<u8> {
    let coding = match finger.format {
        FingerFormat::Raw => 0,
        FingerFormat::PackedRaw => 1,
        FingerFormat::Wsq => 2,
        FingerFormat::Jpeg => 3,
        FingerFormat::Jpeg2000 => 4,
        FingerFormat::Png | FingerFormat::Pgm => 5,
    };
    let view_length = finger.image.len() + 14;
    let length = (view_length + 32) as u64;
    let mut record = Vec::with_capacity(view_length + 32);
    record.extend_from_slice(IDENTIFIER);
    record.extend_from_slice(EDITION_2005);
    record.extend_from_slice(&length.to_be_bytes()[2..]);
    // Device unspecified.
    record.extend_from_slice(&[0, 0]);
    record.extend_from_slice(&ACQUISITION_LEVEL.to_be_bytes());
    record.extend_from_slice(&[1, PER_INCH]);
    for _ in 0..4 {
        record.extend_from_slice(&PIXELS_PER_INCH.to_be_bytes());
    }
    record.extend_from_slice(&[8, coding, 0, 0]);
    record.extend_from_slice(&(view_length as u32).to_be_bytes());
    record.extend_from_slice(&[finger.position.code(), 1, 1, finger.quality.unwrap_or(QUALITY_UNKNOWN), 0]);
    record.extend_from_slice(&finger.size.0.to_be_bytes());
    record.extend_from_slice(&finger.size.1.to_be_bytes());
    record.push(0);
    record.extend_from_slice(finger.image);
    record
}
