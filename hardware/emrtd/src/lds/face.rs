//! DG2: the portraits (Doc 9303-10, 4.7.2).

use std::fmt;

use zeroize::Zeroizing;

use super::{ChipContents, LdsError};
use crate::tlv;

/// How a portrait is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// JPEG (ISO/IEC 10918).
    Jpeg,
    /// JPEG 2000 (ISO/IEC 15444).
    Jpeg2000,
}

/// One portrait of DG2.
pub struct FaceImage {
    /// How it is coded.
    pub format: ImageFormat,
    /// The image file.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for FaceImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaceImage({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

impl ChipContents {
    /// The portraits of DG2 (Doc 9303-10, 4.7.2; ISO/IEC 19794-5:2005, 5).
    pub fn dg2(&self) -> Result<Vec<FaceImage>, LdsError> {
        let wrong = |source| LdsError::Tlv { group: 2, source };
        let templates = tlv::find(self.group(2)?, 0x7F61).map_err(wrong)?;
        let mut faces = Vec::new();
        for template in tlv::all(templates).map_err(wrong)?.iter().filter(|object| object.tag == 0x7F60) {
            let objects = tlv::all(template.value).map_err(wrong)?;
            let block = objects.iter().find(|object| matches!(object.tag, 0x5F2E | 0x7F2E));
            face_images(block.ok_or(LdsError::Face("no biometric data block"))?.value, &mut faces)?;
        }
        if faces.is_empty() { Err(LdsError::Face("no biometric template")) } else { Ok(faces) }
    }
}

/// Facial record header (14 bytes), then for each image: record data (20), feature points (8 each), image
/// information (12) and the image.
fn face_images(record: &[u8], faces: &mut Vec<FaceImage>) -> Result<(), LdsError> {
    if !record.starts_with(b"FAC\0") {
        return Err(LdsError::Face("not an ISO/IEC 19794-5 record"));
    }
    let short = || LdsError::Face("the record ends early");
    let number = |at: usize, width: usize| {
        record.get(at..at + width).map(|bytes| bytes.iter().fold(0usize, |n, &b| n << 8 | usize::from(b)))
    };
    let count = number(12, 2).ok_or_else(short)?;
    let mut at = 14;
    for _ in 0..count {
        let length = number(at, 4).ok_or_else(short)?;
        let points = number(at + 4, 2).ok_or_else(short)?;
        let image_at = at + 20 + 8 * points + 12;
        let end = at.checked_add(length).ok_or_else(short)?;
        let image = record.get(image_at..end).ok_or_else(short)?;
        let format = match image {
            [0xFF, 0xD8, ..] => ImageFormat::Jpeg,
            [0, 0, 0, 0x0C, b'j', b'P', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => ImageFormat::Jpeg2000,
            _ => return Err(LdsError::Face("the image is neither JPEG nor JPEG 2000")),
        };
        faces.push(FaceImage { format, bytes: Zeroizing::new(image.to_vec()) });
        at = end;
    }
    Ok(())
}

/// Writes EF.DG2 with one portrait of this size in pixels.
pub(crate) fn write_dg2(image: &[u8], format: ImageFormat, width: u16, height: u16) -> Vec<u8> {
    let mut record = Vec::with_capacity(image.len() + 46);
    record.extend_from_slice(b"FAC\x00010\x00");
    record.extend_from_slice(&((image.len() + 46) as u32).to_be_bytes());
    record.extend_from_slice(&1u16.to_be_bytes());
    record.extend_from_slice(&((image.len() + 32) as u32).to_be_bytes());
    // No feature points; sex, eye and hair color, features, expression and pose unspecified.
    record.extend_from_slice(&[0; 16]);
    // Face image type: full frontal; then the image's coding.
    record.extend_from_slice(&[1, u8::from(format == ImageFormat::Jpeg2000)]);
    record.extend_from_slice(&width.to_be_bytes());
    record.extend_from_slice(&height.to_be_bytes());
    // Color space sRGB; source, device and quality unspecified.
    record.extend_from_slice(&[1, 0, 0, 0, 0, 0]);
    record.extend_from_slice(image);
    // Biometric header template (ISO/IEC 7816-11): facial features, owner JTC 1/SC 37, format 8 (19794-5).
    let header = tlv::constructed(
        0xA1,
        &[
            &tlv::object(0x80, &[1, 1]),
            &tlv::object(0x81, &[2]),
            &tlv::object(0x87, &[1, 1]),
            &tlv::object(0x88, &[0, 8]),
        ],
    );
    let template = tlv::constructed(0x7F60, &[&header, &tlv::object(0x5F2E, &record)]);
    tlv::object(0x75, &tlv::constructed(0x7F61, &[&tlv::object(0x02, &[1]), &template]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3, 0xFF, 0xD9];

    fn contents(group: u8, file: Vec<u8>) -> ChipContents {
        let mut contents = ChipContents::default();
        contents.groups.insert(group, file);
        contents
    }

    #[test]
    fn a_portrait_survives_its_wrappings_and_truncation_is_noticed() {
        let file = write_dg2(JPEG, ImageFormat::Jpeg, 300, 400);
        let faces = contents(2, file.clone()).dg2().unwrap();
        assert_eq!((faces[0].format, faces[0].bytes.as_slice()), (ImageFormat::Jpeg, JPEG));
        for end in 0..file.len() {
            assert!(contents(2, file[..end].to_vec()).dg2().is_err());
        }
        assert_eq!(ChipContents::default().dg2().unwrap_err(), LdsError::Missing(2));
    }

    proptest! {
        #[test]
        fn a_changed_portrait_file_never_panics(at in 0usize..90, byte in any::<u8>()) {
            let mut file = write_dg2(JPEG, ImageFormat::Jpeg, 300, 400);
            let at = at % file.len();
            file[at] = byte;
            let _ = contents(2, file).dg2();
        }
    }
}
