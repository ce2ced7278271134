//! DG3: fingerprints (Doc 9303-10, 4.7.3), in records of ISO/IEC 19794-4 or 39794-4. Read only where terminal
//! authentication has opened it.

mod iso19794;
mod iso39794;
#[cfg(test)]
mod tests;

use std::fmt;

use zeroize::Zeroizing;

use super::{
    ChipContents, LdsError,
    biometric::{self, Block},
    group_tag,
};

/// The biometric type of fingers in its header (ISO/IEC 19785-3).
const BIOMETRIC_TYPE: u8 = 8;

/// How a fingerprint is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FingerFormat {
    /// Gray values without any header, a byte a pixel.
    Raw,
    /// Gray values without any header, packed without gaps.
    PackedRaw,
    /// Wavelet scalar quantization.
    Wsq,
    /// JPEG.
    Jpeg,
    /// JPEG 2000, as a file or as a bare codestream.
    Jpeg2000,
    /// PNG.
    Png,
    /// Portable graymap (ISO/IEC 39794-4).
    Pgm,
}

impl FingerFormat {
    /// By the image's first bytes; raw images have none of their own.
    pub fn of(image: &[u8]) -> Option<Self> {
        match image {
            [0xFF, 0xA0, ..] => Some(Self::Wsq),
            [0xFF, 0xD8, ..] => Some(Self::Jpeg),
            [0, 0, 0, 0x0C, b'j', b'P', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => Some(Self::Jpeg2000),
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            [b'P', b'5', ..] => Some(Self::Pgm),
            _ => None,
        }
    }
}

/// Which finger (ISO/IEC 19794-4, table 5, and the same codes in 39794-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FingerPosition {
    /// Not known.
    #[default]
    Unknown,
    /// Right thumb.
    RightThumb,
    /// Right index finger.
    RightIndex,
    /// Right middle finger.
    RightMiddle,
    /// Right ring finger.
    RightRing,
    /// Right little finger.
    RightLittle,
    /// Left thumb.
    LeftThumb,
    /// Left index finger.
    LeftIndex,
    /// Left middle finger.
    LeftMiddle,
    /// Left ring finger.
    LeftRing,
    /// Left little finger.
    LeftLittle,
    /// Several fingers at once, or a palm, by the code of the standard.
    Other(u8),
}

/// The fingers in the order of their codes.
const POSITIONS: [FingerPosition; 11] = [
    FingerPosition::Unknown,
    FingerPosition::RightThumb,
    FingerPosition::RightIndex,
    FingerPosition::RightMiddle,
    FingerPosition::RightRing,
    FingerPosition::RightLittle,
    FingerPosition::LeftThumb,
    FingerPosition::LeftIndex,
    FingerPosition::LeftMiddle,
    FingerPosition::LeftRing,
    FingerPosition::LeftLittle,
];

impl FingerPosition {
    /// From the code of the standard.
    pub fn from_code(code: u8) -> Self {
        POSITIONS.get(usize::from(code)).copied().unwrap_or(Self::Other(code))
    }

    /// The code of the standard.
    pub fn code(self) -> u8 {
        match self {
            Self::Other(code) => code,
            known => POSITIONS.iter().position(|&position| position == known).unwrap_or(0) as u8,
        }
    }

    /// The subtype in the template's header (Doc 9303-10, table 49): the hand in two bits, the finger in three above
    /// them.
    pub fn subtype(self) -> Option<u8> {
        match self.code() {
            code @ 1..=5 => Some(code << 2 | 0b01),
            code @ 6..=10 => Some((code - 5) << 2 | 0b10),
            _ => None,
        }
    }

    /// From the subtype in the template's header.
    pub fn from_subtype(subtype: u8) -> Self {
        match (subtype & 0b11, subtype >> 2 & 0b111) {
            (0b01, finger @ 1..=5) => Self::from_code(finger),
            (0b10, finger @ 1..=5) => Self::from_code(finger + 5),
            _ => Self::Unknown,
        }
    }
}

/// One fingerprint of DG3.
pub struct FingerImage {
    /// Which finger.
    pub position: FingerPosition,
    /// How the image is coded.
    pub format: FingerFormat,
    /// The image.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Width and height in pixels, where the record says them; a raw image has no others.
    pub size: Option<(u16, u16)>,
    /// Bits a pixel, where the record says so.
    pub bits_per_pixel: Option<u8>,
    /// Pixels an inch, where the record says so.
    pub pixels_per_inch: Option<u16>,
    /// Quality from 0 to 100, where the record says so.
    pub quality: Option<u8>,
    /// How the print was taken, by the code of the standard; zero is plain and live.
    pub impression: u8,
}

impl fmt::Debug for FingerImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerImage({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

impl ChipContents {
    /// The fingerprints of DG3; none where the holder had none to give (Doc 9303-10, 4.7.3.2.2).
    pub fn dg3(&self) -> Result<Vec<FingerImage>, LdsError> {
        let mut fingers = Vec::new();
        biometric::each_template(3, self.group(3)?, |subtype, block| {
            let first = fingers.len();
            match block {
                Block::Record(record) => iso19794::read(record, &mut fingers),
                Block::Objects(objects) => iso39794::read(objects, &mut fingers),
            }?;
            // A template is of one finger: where the record does not say which, its header does.
            let position = subtype.map(FingerPosition::from_subtype).unwrap_or_default();
            for finger in fingers.iter_mut().skip(first).filter(|finger| finger.position == FingerPosition::Unknown) {
                finger.position = position;
            }
            Ok(())
        })?;
        Ok(fingers)
    }
}

/// A fingerprint to be written.
#[derive(Debug, Clone, Copy)]
pub struct FingerRecord<'a> {
    /// Which finger.
    pub position: FingerPosition,
    /// How the image is coded; not [`FingerFormat::Pgm`], which ISO/IEC 19794-4 does not know.
    pub format: FingerFormat,
    /// The image.
    pub image: &'a [u8],
    /// Width and height in pixels.
    pub size: (u16, u16),
    /// Quality from 0 to 100.
    pub quality: Option<u8>,
}

/// Writes EF.DG3: a template for each finger in ISO/IEC 19794-4:2005.
pub fn dg3_file(fingers: &[FingerRecord<'_>]) -> Vec<u8> {
    let templates: Vec<Vec<u8>> = fingers
        .iter()
        .map(|finger| {
            let block = biometric::record_block(&iso19794::write(finger));
            let subtype = finger.position.subtype().unwrap_or(0);
            biometric::write_template(BIOMETRIC_TYPE, Some(subtype), iso19794::FORMAT_TYPE, &block)
        })
        .collect();
    biometric::write_group(group_tag(3).unwrap_or_default(), &templates, None)
}

/// Writes EF.DG3 of a person without fingers to print: an empty group, and random bytes so that its hash, which anybody
/// can read in EF.SOD, does not tell (Doc 9303-10, 4.7.3.2.2).
pub fn dg3_file_empty(random: &[u8]) -> Vec<u8> {
    biometric::write_group(group_tag(3).unwrap_or_default(), &[], Some(random))
}
