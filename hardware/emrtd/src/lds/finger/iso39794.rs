//! Finger image data blocks of ISO/IEC 39794-4:2019, in the tagged binary encoding (Doc 9303-10, 4.5.6).

use zeroize::Zeroizing;

use super::{FingerFormat, FingerImage, FingerPosition};
use crate::{
    lds::{
        LdsError,
        extensible::{self, code, each, number, path},
    },
    tlv::{self, TlvError},
};

/// `FingerImageDataBlock`, application class 4 (Doc 9303-10, 4.5.6, table 3).
pub(super) const DATA_BLOCK: u16 = 0x64;

/// Reads all representations below tag 7F2E.
pub(super) fn read(objects: &[u8], fingers: &mut Vec<FingerImage>) -> Result<(), LdsError> {
    let wrong = |source| LdsError::Tlv { group: 3, source };
    let block = extensible::data_block(objects, DATA_BLOCK).map_err(wrong)?;
    let representations = tlv::find(block, 0xA1).map_err(wrong)?;
    for representation in each(representations) {
        let finger = read_representation(representation.map_err(wrong)?).map_err(wrong)?;
        fingers.push(finger.ok_or(LdsError::Finger("the image is none that ISO/IEC 39794-4 names"))?);
    }
    Ok(())
}

/// `position [0], impression [1], imageDataFormat [2], imageData [3], qualityBlocks [6], spatialSamplingRateBlock [7]`;
/// the image itself says its size.
fn read_representation(representation: &[u8]) -> Result<Option<FingerImage>, TlvError> {
    let small = |tag: u16| {
        Ok(path(representation, &[tag])?.map(code).transpose()?.flatten().and_then(|code| u8::try_from(code).ok()))
    };
    let image = tlv::find(representation, 0x83)?;
    let quality = match path(representation, &[0xA6])? {
        Some(blocks) => {
            each(blocks).next().transpose()?.map(|block| number(block, &[0xA1, 0x80])).transpose()?.flatten()
        }
        None => None,
    };
    let resolution = number(representation, &[0xA7, 0x80])?.and_then(|value| u32::try_from(value).ok());
    let per_centimeter = number(representation, &[0xA7, 0x81])? == Some(1);
    let pixels_per_inch = resolution.and_then(|value| {
        let value = if per_centimeter { value.checked_mul(254)?.checked_add(50)? / 100 } else { value };
        u16::try_from(value).ok()
    });
    let position = small(0xA0)?.map(FingerPosition::from_code).unwrap_or_default();
    let impression = small(0xA1)?.unwrap_or(0);
    Ok(FingerFormat::of(image).map(|format| FingerImage {
        position,
        format,
        bytes: Zeroizing::new(image.to_vec()),
        size: None,
        bits_per_pixel: None,
        pixels_per_inch,
        quality: quality.and_then(|quality| u8::try_from(quality).ok()).filter(|&quality| quality <= 100),
        impression,
    }))
}
