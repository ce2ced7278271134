//! DG2: the portraits (Doc 9303-10, 4.7.2), in records of ISO/IEC 19794-5 or 39794-5.

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

/// The biometric type of a face in its header (ISO/IEC 19785-3).
const BIOMETRIC_TYPE: u8 = 2;

/// How a portrait is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// JPEG (ISO/IEC 10918).
    Jpeg,
    /// JPEG 2000 (ISO/IEC 15444), as a file or as a bare codestream.
    Jpeg2000,
}

impl ImageFormat {
    /// By the image's first bytes: what a record says of its image is not always so.
    pub fn of(image: &[u8]) -> Option<Self> {
        match image {
            [0xFF, 0xD8, ..] => Some(Self::Jpeg),
            [0, 0, 0, 0x0C, b'j', b'P', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => Some(Self::Jpeg2000),
            _ => None,
        }
    }
}

/// The standard that a record of a face follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaceEncoding {
    /// ISO/IEC 19794-5:2005, the one of nearly all documents.
    Iso19794Edition2005,
    /// ISO/IEC 19794-5:2011, which Doc 9303 does not name, but which occurs.
    Iso19794Edition2011,
    /// ISO/IEC 39794-5:2019, which readers must know since 2026 (Doc 9303-10, 4.5.6).
    Iso39794,
}

/// What a portrait was made to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FaceKind {
    /// Not said.
    #[default]
    Unspecified,
    /// Any face (ISO/IEC 19794-5, basic).
    Basic,
    /// From the front, with hair, neck and shoulders (ISO/IEC 19794-5, full frontal).
    FullFrontal,
    /// From the front, cut by the eyes' places (ISO/IEC 19794-5, token frontal).
    TokenFrontal,
    /// For a travel document (ISO/IEC 39794-5).
    TravelDocument,
    /// For any purpose (ISO/IEC 39794-5).
    GeneralPurpose,
    /// Another code.
    Other(u8),
}

/// A score of how well the portrait suits recognition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceQuality {
    /// The score, the higher the better; none where it could not be computed.
    pub score: Option<u16>,
    /// Whose algorithm it is (registered with IBIA); zero in the edition of 2005, which does not say.
    pub organization: u16,
    /// Which of its algorithms.
    pub algorithm: u16,
}

/// Rotation about one axis, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Angle {
    /// From -180 to 180.
    pub degrees: i16,
    /// How much it may be off, where that is known.
    pub uncertainty_degrees: Option<u8>,
}

/// How the head is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pose {
    /// About the vertical axis.
    pub yaw: Option<Angle>,
    /// Up and down.
    pub pitch: Option<Angle>,
    /// To a shoulder.
    pub roll: Option<Angle>,
}

/// Which point of a face it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeaturePointKind {
    /// A point of ISO/IEC 14496-2 (MPEG-4), such as 12.1, the left eye's center in ISO/IEC 19794-5.
    Mpeg4 {
        /// The group.
        major: u8,
        /// The point in it.
        minor: u8,
    },
    /// An MPEG-4 point by its code in ISO/IEC 39794-5.
    Mpeg4Code(u16),
    /// Any other, by the type and code of the record.
    Other {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
}

/// A point of the face, in pixels from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeaturePoint {
    /// Which point.
    pub kind: FeaturePointKind,
    /// To the right.
    pub x: u16,
    /// Down.
    pub y: u16,
}

/// When a portrait was taken; in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureTime {
    /// Year.
    pub year: u16,
    /// Month (1..=12).
    pub month: Option<u8>,
    /// Day (1..=31).
    pub day: Option<u8>,
    /// Hour, minute and second.
    pub time: Option<(u8, u8, u8)>,
}

/// What the record says of a portrait. Derived from a person: printed without content.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FaceMetadata {
    /// What it was made to be.
    pub kind: FaceKind,
    /// Width and height in pixels, as the record says.
    pub size: Option<(u16, u16)>,
    /// Scores.
    pub quality: Vec<FaceQuality>,
    /// How the head is turned.
    pub pose: Pose,
    /// Points of the face.
    pub feature_points: Vec<FeaturePoint>,
    /// When it was taken.
    pub captured: Option<CaptureTime>,
}

impl fmt::Debug for FaceMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaceMetadata(..)")
    }
}

/// One portrait of DG2.
pub struct FaceImage {
    /// How it is coded.
    pub format: ImageFormat,
    /// The image file.
    pub bytes: Zeroizing<Vec<u8>>,
    /// The standard of the record around it.
    pub encoding: FaceEncoding,
    /// What the record says of it.
    pub metadata: FaceMetadata,
}

impl FaceImage {
    /// The image is copied: the file that it stands in is zeroed on its own.
    fn new(image: &[u8], encoding: FaceEncoding, metadata: FaceMetadata) -> Result<Self, LdsError> {
        let format = ImageFormat::of(image).ok_or(LdsError::Face("the image is neither JPEG nor JPEG 2000"))?;
        Ok(Self { format, bytes: Zeroizing::new(image.to_vec()), encoding, metadata })
    }
}

impl fmt::Debug for FaceImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaceImage({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

impl ChipContents {
    /// The portraits of DG2, the most recent first (Doc 9303-10, 4.7.2).
    pub fn dg2(&self) -> Result<Vec<FaceImage>, LdsError> {
        let mut faces = Vec::new();
        biometric::each_template(2, self.group(2)?, |_, block| match block {
            Block::Record(record) => iso19794::read(record, &mut faces),
            Block::Objects(objects) => iso39794::read(objects, &mut faces),
        })?;
        if faces.is_empty() { Err(LdsError::Face("no biometric template")) } else { Ok(faces) }
    }
}

/// A portrait to be written.
#[derive(Debug, Clone, Copy)]
pub struct FaceRecord<'a> {
    /// The image file.
    pub image: &'a [u8],
    /// How it is coded.
    pub format: ImageFormat,
    /// What to say of it.
    pub metadata: &'a FaceMetadata,
}

/// Writes EF.DG2: a template for each portrait, as Doc 9303-10, table 44 has them.
pub fn dg2_file(faces: &[FaceRecord<'_>], encoding: FaceEncoding) -> Vec<u8> {
    let templates: Vec<Vec<u8>> = faces
        .iter()
        .map(|face| {
            let (format_type, block) = match encoding {
                FaceEncoding::Iso39794 => {
                    (iso39794::FORMAT_TYPE, biometric::objects_block(&iso39794::write(std::slice::from_ref(face))))
                }
                edition => (
                    iso19794::FORMAT_TYPE,
                    biometric::record_block(&iso19794::write(std::slice::from_ref(face), edition)),
                ),
            };
            biometric::write_template(BIOMETRIC_TYPE, None, format_type, &block)
        })
        .collect();
    biometric::write_group(group_tag(2).unwrap_or_default(), &templates, None)
}

/// Writes EF.DG2 with one portrait of this size in pixels.
pub(crate) fn write_dg2(image: &[u8], format: ImageFormat, width: u16, height: u16) -> Vec<u8> {
    let metadata = FaceMetadata { kind: FaceKind::FullFrontal, size: Some((width, height)), ..Default::default() };
    dg2_file(&[FaceRecord { image, format, metadata: &metadata }], FaceEncoding::Iso19794Edition2005)
}
