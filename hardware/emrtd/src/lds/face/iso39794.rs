//! Face image data blocks of ISO/IEC 39794-5:2019, in the tagged binary encoding (Doc 9303-10, 4.5.6, and ICAO's
//! application profile).
//!
//! Every field has its own context-specific tag, so that what a newer edition adds is passed over. The depth is that of
//! the paths below; nothing here recurses.

use super::{
    Angle, CaptureTime, FaceEncoding, FaceImage, FaceKind, FaceMetadata, FaceQuality, FaceRecord, FeaturePoint,
    FeaturePointKind, ImageFormat, Pose,
};
use crate::{
    lds::{
        LdsError,
        extensible::{self, code, each, integer, path},
    },
    tlv::{self, TlvError},
};

/// The format type in the template's header.
pub(super) const FORMAT_TYPE: u16 = 0x2A;
/// `FaceImageDataBlock`, application class 5 (Doc 9303-10, 4.5.6, table 3).
const DATA_BLOCK: u16 = 0x65;
/// The generation and year of the version block.
const VERSION: (i64, i64) = (3, 2019);

/// Reads all representations below tag 7F2E.
pub(super) fn read(objects: &[u8], faces: &mut Vec<FaceImage>) -> Result<(), LdsError> {
    let wrong = |source| LdsError::Tlv { group: 2, source };
    let block = extensible::data_block(objects, DATA_BLOCK).map_err(wrong)?;
    let representations = tlv::find(block, 0xA1).map_err(wrong)?;
    for representation in each(representations) {
        let representation = representation.map_err(wrong)?;
        // imageRepresentation, base, imageRepresentation2DBlock: a face in three dimensions has none.
        let Some(image) = path(representation, &[0xA1, 0xA0, 0xA0]).map_err(wrong)? else {
            return Err(LdsError::Face("a representation without a flat image"));
        };
        let metadata = read_metadata(representation, image).map_err(wrong)?;
        faces.push(FaceImage::new(tlv::find(image, 0x80).map_err(wrong)?, FaceEncoding::Iso39794, metadata)?);
    }
    Ok(())
}

fn read_metadata(representation: &[u8], image: &[u8]) -> Result<FaceMetadata, TlvError> {
    let information = tlv::find(image, 0xA1)?;
    let number =
        |path: &[u16]| Ok(extensible::number(information, path)?.and_then(|number| u16::try_from(number).ok()));
    let mut metadata = FaceMetadata {
        kind: match path(information, &[0xA1])?.map(code).transpose()?.flatten() {
            None => FaceKind::Unspecified,
            Some(0) => FaceKind::TravelDocument,
            Some(1) => FaceKind::GeneralPurpose,
            Some(other) => FaceKind::Other(u8::try_from(other).unwrap_or(u8::MAX)),
        },
        size: number(&[0xA7, 0x80])?.zip(number(&[0xA7, 0x81])?),
        captured: read_captured(representation)?,
        pose: read_pose(representation)?,
        ..Default::default()
    };
    if let Some(blocks) = path(representation, &[0xA3])? {
        for block in each(blocks) {
            let block = block?;
            let number = |path: &[u16]| extensible::number(block, path);
            metadata.quality.push(FaceQuality {
                score: number(&[0xA1, 0x80])?.and_then(|score| u16::try_from(score).ok()),
                organization: number(&[0xA0, 0x80])?.and_then(|value| u16::try_from(value).ok()).unwrap_or(0),
                algorithm: number(&[0xA0, 0x81])?.and_then(|value| u16::try_from(value).ok()).unwrap_or(0),
            });
        }
    }
    if let Some(blocks) = path(representation, &[0xA9])? {
        for block in each(blocks) {
            metadata.feature_points.extend(read_point(block?)?);
        }
    }
    Ok(metadata)
}

fn read_captured(representation: &[u8]) -> Result<Option<CaptureTime>, TlvError> {
    let Some(block) = path(representation, &[0xA2])? else { return Ok(None) };
    let number = |tag: u16| extensible::number(block, &[tag]);
    let small =
        |tag: u16| -> Result<Option<u8>, TlvError> { Ok(number(tag)?.and_then(|value| u8::try_from(value).ok())) };
    let Some(year) = number(0x80)?.and_then(|year| u16::try_from(year).ok()) else { return Ok(None) };
    let (hour, minute, second) = (small(0x83)?, small(0x84)?, small(0x85)?);
    let time = hour.zip(minute).zip(second).map(|((hour, minute), second)| (hour, minute, second));
    Ok(Some(CaptureTime { year, month: small(0x81)?, day: small(0x82)?, time }))
}

/// `identityMetadataBlock`, `poseAngleBlock`.
fn read_pose(representation: &[u8]) -> Result<Pose, TlvError> {
    let Some(block) = path(representation, &[0xA8, 0xA6])? else { return Ok(Pose::default()) };
    let angle = |tag: u16| {
        let degrees = extensible::number(block, &[tag, 0x80])?;
        let uncertainty = extensible::number(block, &[tag, 0x81])?;
        Ok(degrees.and_then(|degrees| i16::try_from(degrees).ok()).map(|degrees| Angle {
            degrees,
            uncertainty_degrees: uncertainty.and_then(|degrees| u8::try_from(degrees).ok()),
        }))
    };
    Ok(Pose { yaw: angle(0xA0)?, pitch: angle(0xA1)?, roll: angle(0xA2)? })
}

/// A landmark of another kind than MPEG-4, or with other than flat coordinates, is passed over.
fn read_point(block: &[u8]) -> Result<Option<FeaturePoint>, TlvError> {
    let kind = path(block, &[0xA0, 0xA0, 0xA0])?.map(code).transpose()?.flatten();
    let number =
        |tag: u16| Ok(extensible::number(block, &[0xA1, 0xA0, 0xA0, tag])?.and_then(|value| u16::try_from(value).ok()));
    let place = number(0x80)?.zip(number(0x81)?);
    Ok(kind.and_then(|code| u16::try_from(code).ok()).zip(place).map(|(code, (x, y))| FeaturePoint {
        kind: FeaturePointKind::Mpeg4Code(code),
        x,
        y,
    }))
}

/// Writes a data block of these portraits.
pub(super) fn write(faces: &[FaceRecord<'_>]) -> Vec<u8> {
    let version = tlv::constructed(0xA0, &[&integer(0x80, VERSION.0), &integer(0x81, VERSION.1)]);
    let representations: Vec<u8> =
        faces.iter().enumerate().flat_map(|(at, face)| write_representation(at, face)).collect();
    tlv::constructed(DATA_BLOCK, &[&version, &tlv::object(0xA1, &representations)])
}

fn write_representation(at: usize, face: &FaceRecord<'_>) -> Vec<u8> {
    let metadata = face.metadata;
    let format = tlv::object(0xA0, &integer(0x80, if face.format == ImageFormat::Jpeg { 2 } else { 3 }));
    let kind = match metadata.kind {
        FaceKind::TravelDocument | FaceKind::FullFrontal | FaceKind::TokenFrontal => Some(0),
        FaceKind::GeneralPurpose | FaceKind::Basic => Some(1),
        FaceKind::Other(code) => Some(i64::from(code)),
        FaceKind::Unspecified => None,
    };
    let kind = kind.map(|code| tlv::object(0xA1, &integer(0x80, code))).unwrap_or_default();
    let size = metadata
        .size
        .map(|(width, height)| tlv::constructed(0xA7, &[&integer(0x80, width.into()), &integer(0x81, height.into())]));
    let information = tlv::constructed(0xA1, &[&format, &kind, &size.unwrap_or_default()]);
    let image = tlv::constructed(0xA0, &[&tlv::object(0x80, face.image), &information]);
    let mut body = integer(0x80, at as i64);
    tlv::push(&mut body, 0xA1, &tlv::object(0xA0, &image));
    if let Some(captured) = metadata.captured {
        tlv::push(&mut body, 0xA2, &write_captured(captured));
    }
    if !metadata.quality.is_empty() {
        tlv::push(&mut body, 0xA3, &metadata.quality.iter().flat_map(write_quality).collect::<Vec<u8>>());
    }
    if metadata.pose != Pose::default() {
        let angles = [(0xA0, metadata.pose.yaw), (0xA1, metadata.pose.pitch), (0xA2, metadata.pose.roll)];
        let angles: Vec<u8> =
            angles.into_iter().filter_map(|(tag, angle)| Some(write_angle(tag, angle?))).flatten().collect();
        tlv::push(&mut body, 0xA8, &tlv::object(0xA6, &angles));
    }
    if !metadata.feature_points.is_empty() {
        tlv::push(&mut body, 0xA9, &metadata.feature_points.iter().flat_map(write_point).collect::<Vec<u8>>());
    }
    tlv::object(0x30, &body)
}

fn write_captured(captured: CaptureTime) -> Vec<u8> {
    let mut block = integer(0x80, captured.year.into());
    let (hour, minute, second) = captured.time.map_or((None, None, None), |(h, m, s)| (Some(h), Some(m), Some(s)));
    for (tag, value) in [(0x81, captured.month), (0x82, captured.day), (0x83, hour), (0x84, minute), (0x85, second)] {
        if let Some(value) = value {
            block.extend(integer(tag, value.into()));
        }
    }
    block
}

/// A score, or that it could not be computed (error code 0).
fn write_quality(quality: &FaceQuality) -> Vec<u8> {
    let algorithm = [integer(0x80, quality.organization.into()), integer(0x81, quality.algorithm.into())].concat();
    let score = match quality.score {
        Some(score) => integer(0x80, score.into()),
        None => tlv::object(0xA1, &integer(0x80, 0)),
    };
    tlv::constructed(0x30, &[&tlv::object(0xA0, &algorithm), &tlv::object(0xA1, &score)])
}

fn write_angle(tag: u16, angle: Angle) -> Vec<u8> {
    let uncertainty = angle.uncertainty_degrees.map(|degrees| integer(0x81, degrees.into())).unwrap_or_default();
    tlv::constructed(tag, &[&integer(0x80, angle.degrees.into()), &uncertainty])
}

fn write_point(point: &FeaturePoint) -> Vec<u8> {
    let code = match point.kind {
        FeaturePointKind::Mpeg4Code(code) => code,
        FeaturePointKind::Mpeg4 { major, minor } => u16::from(major) << 4 | u16::from(minor),
        FeaturePointKind::Other { code, .. } => code.into(),
    };
    let kind = tlv::object(0xA0, &tlv::object(0xA0, &tlv::object(0xA0, &integer(0x80, code.into()))));
    let place = [integer(0x80, point.x.into()), integer(0x81, point.y.into())].concat();
    tlv::constructed(0x30, &[&kind, &tlv::object(0xA1, &tlv::object(0xA0, &tlv::object(0xA0, &place)))])
}
