//! ISO/IEC 19794-2:2011, clause 8: each view (there: representation) says all about itself.

use zeroize::Zeroizing;

use super::{
    RecordError, VIEWS_MOST, View,
    fields::{
        Coding, Fields, Picture, check_length, count, impression, impression_number, minutiae, position, push_minutiae,
        quality,
    },
};

const MAGIC: &[u8; 8] = b"FMR\x00030\0";
/// Header, and that of a view without a quality block and minutiae but with the length of what else there is.
const HEADER_BYTES: usize = 15;
const VIEW_BYTES: usize = 34;
const QUALITY_BYTES: usize = 5;
const MINUTIA_BYTES: usize = 6;
/// Date and time of the capture.
const TIME_BYTES: usize = 9;
/// Of each of them: not told (8.4.1.2).
const TIME_UNKNOWN: u8 = 0xFF;
/// What the capture device works with, who made it and which it is.
const DEVICE_BYTES: usize = 5;
const CERTIFICATION_BYTES: usize = 3;
/// Not known (table 7).
const IMPRESSION_OTHER: u8 = 29;
/// Minutiae with quality; where ridges end is told by the ridge's skeleton (table 8).
const FIELDS_AND_ENDINGS: u8 = 0x61;
/// With and without quality.
const MINUTIA_LENGTHS: [u8; 2] = [5, 6];

fn coding(qualities: bool) -> Coding {
    Coding { angles: 256, qualities, untold: 254 }
}

/// Reads what follows the magic number and the version of a record of so many bytes.
pub(super) fn read(length: usize, rest: &[u8]) -> Result<Vec<View>, RecordError> {
    let mut fields = Fields(rest);
    check_length(usize::try_from(fields.u32()?).unwrap_or(usize::MAX), length)?;
    let views = usize::from(fields.u16()?);
    if !(1..=VIEWS_MOST).contains(&views) {
        return Err(RecordError::Views(views));
    }
    let certified = fields.u8()? != 0;
    let views = (0..views).map(|_| view(&mut fields, certified)).collect::<Result<_, _>>()?;
    check_length(length, length - fields.0.len())?;
    Ok(views)
}

fn view(fields: &mut Fields<'_>, certified: bool) -> Result<View, RecordError> {
    let said = usize::try_from(fields.u32()?).unwrap_or(usize::MAX);
    let mut fields = Fields(fields.take(said.checked_sub(4).ok_or(RecordError::Truncated)?)?);
    fields.take(TIME_BYTES + DEVICE_BYTES)?;
    // The first quality is taken: which algorithm of which vendor it comes from says little.
    let mut told = None;
    for _ in 0..fields.u8()? {
        let block = fields.take(QUALITY_BYTES)?;
        told = told.or(block.first().copied().and_then(quality));
    }
    if certified {
        let count = usize::from(fields.u8()?);
        fields.take(count * CERTIFICATION_BYTES)?;
    }
    let position = position(fields.u8()?)?;
    fields.take(1)?;
    let resolution = [fields.u16()?, fields.u16()?];
    let impression = impression(fields.u8()?);
    let picture = Picture { width: fields.u16()?, height: fields.u16()?, resolution }.checked()?;
    let bytes = fields.u8()? >> 4;
    if !MINUTIA_LENGTHS.contains(&bytes) {
        return Err(RecordError::MinutiaLength(bytes));
    }
    let count = fields.u8()?;
    let template = minutiae(&mut fields, count, picture, coding(usize::from(bytes) == MINUTIA_BYTES))?;
    let others = fields.u16()?;
    fields.take(others.into())?;
    check_length(said, said - fields.0.len())?;
    Ok(View { position, impression, quality: told, template })
}

fn view_bytes(view: &View) -> usize {
    VIEW_BYTES
        + QUALITY_BYTES * usize::from(view.quality.is_some())
        + MINUTIA_BYTES * usize::from(count(&view.template))
}

/// Writes a record.
pub(super) fn write(views: &[&View]) -> Result<Zeroizing<Vec<u8>>, RecordError> {
    let length = HEADER_BYTES + views.iter().map(|view| view_bytes(view)).sum::<usize>();
    // Its final size at once: growing would leave copies behind.
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    out.extend(MAGIC);
    out.extend((length as u32).to_be_bytes());
    out.extend((views.len() as u16).to_be_bytes());
    out.push(0);
    for (at, view) in views.iter().enumerate() {
        let picture = Picture::of(&view.template)?;
        out.extend((view_bytes(view) as u32).to_be_bytes());
        out.extend([TIME_UNKNOWN; TIME_BYTES]);
        out.extend([0; DEVICE_BYTES]);
        out.push(u8::from(view.quality.is_some()));
        if let Some(quality) = view.quality {
            out.extend([quality.min(100), 0, 0, 0, 0]);
        }
        let number = views.iter().take(at).filter(|before| before.position == view.position).count() as u8;
        out.extend([view.position as u8, number]);
        picture.resolution.iter().for_each(|resolution| out.extend(resolution.to_be_bytes()));
        out.push(impression_number(view.impression, IMPRESSION_OTHER));
        out.extend([picture.width.to_be_bytes(), picture.height.to_be_bytes()].concat());
        out.extend([FIELDS_AND_ENDINGS, count(&view.template)]);
        push_minutiae(&mut out, &view.template, coding(true));
        out.extend([0; 2]);
    }
    Ok(out)
}
