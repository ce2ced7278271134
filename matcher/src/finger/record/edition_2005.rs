//! ISO/IEC 19794-2:2005, record format (clause 8), and ANSI/INCITS 378-2004 (clause 6), from which it comes: the header
//! differs, an angle has other steps, and the rest is the same.

use zeroize::Zeroizing;

use super::{
    Format, RecordError, VIEWS_MOST, View,
    fields::{
        Coding, Fields, Picture, check_length, count, impression, impression_number, minutiae, position, push_minutiae,
        quality,
    },
};

const MAGIC: &[u8; 8] = b"FMR\0 20\0";
/// Header of ISO, and of a view, without minutiae but with the length of what else there is; header of ANSI.
const ISO_HEADER_BYTES: usize = 24;
const ANSI_HEADER_BYTES: usize = 26;
const VIEW_BYTES: usize = 6;
const MINUTIA_BYTES: usize = 6;
/// Four bits hold no number for other impressions: the first reserved one.
const IMPRESSION_OTHER: u8 = 15;

fn coding(format: Format) -> Coding {
    Coding { angles: if format == Format::Ansi2004 { 180 } else { 256 }, qualities: true, untold: 0 }
}

/// Reads what follows the magic number and the version of a record of so many bytes.
pub(super) fn read(length: usize, rest: &[u8]) -> Result<(Format, Vec<View>), RecordError> {
    let mut fields = Fields(rest);
    // Both begin alike; ANSI's length has two bytes and is never 0 (six bytes follow a 0, for records longer than any
    // that is read here), ISO's has four of which the first two are always 0 here.
    let format = match fields.u16()? {
        0 => {
            check_length(fields.u16()?.into(), length)?;
            Format::Iso2005
        }
        said => {
            check_length(said.into(), length)?;
            // Who made the record, and with what.
            fields.take(4)?;
            Format::Ansi2004
        }
    };
    // The sensor.
    fields.take(2)?;
    let (width, height) = (fields.u16()?, fields.u16()?);
    let picture = Picture { width, height, resolution: [fields.u16()?, fields.u16()?] }.checked()?;
    let views = usize::from(fields.u8()?);
    if !(1..=VIEWS_MOST).contains(&views) {
        return Err(RecordError::Views(views));
    }
    fields.take(1)?;
    let views = (0..views).map(|_| view(&mut fields, picture, format)).collect::<Result<_, _>>()?;
    check_length(length, length - fields.0.len())?;
    Ok((format, views))
}

fn view(fields: &mut Fields<'_>, picture: Picture, format: Format) -> Result<View, RecordError> {
    let position = position(fields.u8()?)?;
    let impression = impression(fields.u8()? & 0x0F);
    let quality = quality(fields.u8()?);
    let count = fields.u8()?;
    let template = minutiae(fields, count, picture, coding(format))?;
    let others = fields.u16()?;
    fields.take(others.into())?;
    Ok(View { position, impression, quality, template })
}

/// Writes a record.
pub(super) fn write(views: &[&View], format: Format) -> Result<Zeroizing<Vec<u8>>, RecordError> {
    let first = views.first().ok_or(RecordError::Views(0))?;
    let picture = Picture::of(&first.template)?;
    for view in views {
        if Picture::of(&view.template)? != picture {
            return Err(RecordError::Different);
        }
    }
    let header = if format == Format::Ansi2004 { ANSI_HEADER_BYTES } else { ISO_HEADER_BYTES };
    let length = header
        + views.iter().map(|view| VIEW_BYTES + MINUTIA_BYTES * usize::from(count(&view.template))).sum::<usize>();
    let said = u16::try_from(length).map_err(|_| RecordError::Size(length))?;
    // Its final size at once: growing would leave copies behind.
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    out.extend(MAGIC);
    match format {
        // No vendor is registered for us.
        Format::Ansi2004 => out.extend([said.to_be_bytes(), [0; 2], [0; 2]].concat()),
        _ => out.extend(u32::from(said).to_be_bytes()),
    }
    out.extend([0; 2]);
    for value in [picture.width, picture.height, picture.resolution[0], picture.resolution[1]] {
        out.extend(value.to_be_bytes());
    }
    out.extend([views.len() as u8, 0]);
    for (at, view) in views.iter().enumerate() {
        // Views of one finger are counted.
        let number = views.iter().take(at).filter(|before| before.position == view.position).count() as u8;
        let impression = impression_number(view.impression, IMPRESSION_OTHER);
        let quality = view.quality.map_or(0, |quality| quality.min(100));
        out.extend([view.position as u8, number << 4 | impression, quality, count(&view.template)]);
        push_minutiae(&mut out, &view.template, coding(format));
        out.extend([0; 2]);
    }
    Ok(out)
}
