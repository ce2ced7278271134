//! Facial records of ISO/IEC 19794-5, editions of 2005 and 2011.

use super::{
    Angle, CaptureTime, FaceEncoding, FaceImage, FaceKind, FaceMetadata, FaceQuality, FaceRecord, FeaturePoint,
    FeaturePointKind, ImageFormat, Pose,
};
use crate::lds::{LdsError, record::Record};

/// The format type in the template's header.
pub(super) const FORMAT_TYPE: u16 = 8;

const IDENTIFIER: &[u8] = b"FAC\0";
const EDITION_2005: &[u8] = b"010\0";
const EDITION_2011: &[u8] = b"030\0";
/// An MPEG-4 point in the image (2005, 5.6.1; 2011, table 12).
const MPEG4_POINT: u8 = 1;
/// Bytes of a feature point.
const POINT_BYTES: usize = 8;
/// The color space of a written image: sRGB.
const SRGB: u8 = 1;

/// Reads all images of a record.
pub(super) fn read(record: &[u8], faces: &mut Vec<FaceImage>) -> Result<(), LdsError> {
    let short = || LdsError::Face("the record ends early");
    let mut record = Record(record);
    if record.bytes(4) != Some(IDENTIFIER) {
        return Err(LdsError::Face("not a record of ISO/IEC 19794-5"));
    }
    let edition = record.bytes(4).ok_or_else(short)?;
    let _length = record.u32().ok_or_else(short)?;
    let count = record.u16().ok_or_else(short)?;
    let encoding = match edition {
        EDITION_2005 => FaceEncoding::Iso19794Edition2005,
        EDITION_2011 => {
            // Certification flag and temporal semantics.
            record.bytes(3).ok_or_else(short)?;
            FaceEncoding::Iso19794Edition2011
        }
        _ => return Err(LdsError::Face("an edition of ISO/IEC 19794-5 other than 2005 and 2011")),
    };
    for _ in 0..count {
        let part = record.part().ok_or_else(short)?;
        let (metadata, image) = match encoding {
            FaceEncoding::Iso19794Edition2005 => read_2005(part),
            _ => read_2011(part),
        }
        .ok_or_else(short)?;
        faces.push(FaceImage::new(image, encoding, metadata)?);
    }
    Ok(())
}

/// Facial information (16 bytes behind the length), feature points (8 each), image information (12), and the image
/// (2005, 5.5 to 5.8).
fn read_2005(mut part: Record<'_>) -> Option<(FaceMetadata, &[u8])> {
    let mut metadata = FaceMetadata::default();
    let points = part.u16()?;
    // Sex, colors of eyes and hair, features, expression: what the machine compares is the image.
    part.bytes(8)?;
    metadata.pose = read_pose(&mut part)?;
    metadata.feature_points = read_points(&mut part, points)?;
    let kind = part.u8()?;
    metadata.kind = match kind {
        0 => FaceKind::Basic,
        1 => FaceKind::FullFrontal,
        2 => FaceKind::TokenFrontal,
        other => FaceKind::Other(other),
    };
    let _coding = part.u8()?;
    metadata.size = read_size(&mut part)?;
    // Color space, source and device.
    part.bytes(4)?;
    let quality = part.u16()?;
    if quality != 0 {
        metadata.quality.push(FaceQuality { score: Some(quality), organization: 0, algorithm: 0 });
    }
    Some((metadata, part.0))
}

/// Representation header with capture time, device and quality blocks, then as in 2005 with other widths, and the image
/// behind its length (2011, table 2).
fn read_2011(mut part: Record<'_>) -> Option<(FaceMetadata, &[u8])> {
    const UNSPECIFIED: u8 = 0xFF;
    let mut metadata = FaceMetadata::default();
    let year = part.u16()?;
    let [month, day, hour, minute, second] = *part.bytes(5)? else { return None };
    let _milliseconds = part.u16()?;
    let known = |value: u8| (value != UNSPECIFIED).then_some(value);
    metadata.captured = (!matches!(year, 0 | 0xFFFF)).then(|| CaptureTime {
        year,
        month: known(month),
        day: known(day),
        time: known(hour).zip(known(minute)).zip(known(second)).map(|((hour, minute), second)| (hour, minute, second)),
    });
    // Technology, vendor and type of the device.
    part.bytes(5)?;
    for _ in 0..part.u8()? {
        let score = part.u8()?;
        let (organization, algorithm) = (part.u16()?, part.u16()?);
        metadata.quality.push(FaceQuality { score: known(score).map(u16::from), organization, algorithm });
    }
    let points = part.u16()?;
    // Sex, colors, height, properties and expression.
    part.bytes(9)?;
    metadata.pose = read_pose(&mut part)?;
    metadata.feature_points = read_points(&mut part, points)?;
    metadata.kind = match part.u8()? {
        1 => FaceKind::Basic,
        2 => FaceKind::FullFrontal,
        3 => FaceKind::TokenFrontal,
        other => FaceKind::Other(other),
    };
    let _coding = part.u8()?;
    metadata.size = read_size(&mut part)?;
    // Sampling rate, processing, cross reference, color space.
    part.bytes(5)?;
    let length = usize::try_from(part.u32()?).ok()?;
    let image = part.bytes(length)?;
    Some((metadata, image))
}

fn read_size(part: &mut Record<'_>) -> Option<Option<(u16, u16)>> {
    let size = (part.u16()?, part.u16()?);
    Some((size != (0, 0)).then_some(size))
}

fn read_points(part: &mut Record<'_>, count: u16) -> Option<Vec<FeaturePoint>> {
    let mut bytes = Record(part.bytes(usize::from(count) * POINT_BYTES)?);
    let mut points = Vec::with_capacity(usize::from(count));
    while !bytes.0.is_empty() {
        let (kind, code) = (bytes.u8()?, bytes.u8()?);
        let kind = match kind {
            MPEG4_POINT => FeaturePointKind::Mpeg4 { major: code >> 4, minor: code & 0x0F },
            kind => FeaturePointKind::Other { kind, code },
        };
        points.push(FeaturePoint { kind, x: bytes.u16()?, y: bytes.u16()? });
        bytes.bytes(2)?;
    }
    Some(points)
}

/// Three angles in steps of two degrees and three uncertainties (2005, 5.5.8 and 5.5.9).
fn read_pose(part: &mut Record<'_>) -> Option<Pose> {
    let [yaw, pitch, roll, yaw_off, pitch_off, roll_off] = *part.bytes(6)? else { return None };
    let angle = |byte: u8, off: u8| {
        let degrees = match byte {
            1..=91 => (i16::from(byte) - 1) * 2,
            92..=180 => (i16::from(byte) - 181) * 2,
            _ => return None,
        };
        Some(Angle { degrees, uncertainty_degrees: off.checked_sub(1) })
    };
    Some(Pose { yaw: angle(yaw, yaw_off), pitch: angle(pitch, pitch_off), roll: angle(roll, roll_off) })
}

/// Writes a record of these portraits.
pub(super) fn write(faces: &[FaceRecord<'_>], edition: FaceEncoding) -> Vec<u8> {
    let old = edition != FaceEncoding::Iso19794Edition2011;
    let mut parts = Vec::new();
    for face in faces {
        let part = if old { write_2005(face) } else { write_2011(face) };
        parts.extend_from_slice(&((part.len() + 4) as u32).to_be_bytes());
        parts.extend_from_slice(&part);
    }
    let rest: &[u8] = if old { &[] } else { &[0, 0, 1] };
    let length = (14 + rest.len() + parts.len()) as u32;
    let count = faces.len() as u16;
    [
        IDENTIFIER,
        if old { EDITION_2005 } else { EDITION_2011 },
        &length.to_be_bytes(),
        &count.to_be_bytes(),
        rest,
        &parts,
    ]
    .concat()
}

fn write_2005(face: &FaceRecord<'_>) -> Vec<u8> {
    let metadata = face.metadata;
    let mut part = Vec::with_capacity(face.image.len() + 64);
    part.extend_from_slice(&(metadata.feature_points.len() as u16).to_be_bytes());
    // Sex, colors, features and expression unspecified.
    part.extend_from_slice(&[0; 8]);
    write_pose(&metadata.pose, &mut part);
    write_points(&metadata.feature_points, &mut part);
    part.push(match metadata.kind {
        FaceKind::Other(code) => code,
        FaceKind::FullFrontal => 1,
        FaceKind::TokenFrontal => 2,
        _ => 0,
    });
    part.push(u8::from(face.format == ImageFormat::Jpeg2000));
    write_size(metadata, &mut part);
    // Source and device unspecified.
    part.extend_from_slice(&[SRGB, 0, 0, 0]);
    let quality = metadata.quality.first().and_then(|quality| quality.score).unwrap_or(0);
    part.extend_from_slice(&quality.to_be_bytes());
    part.extend_from_slice(face.image);
    part
}

fn write_2011(face: &FaceRecord<'_>) -> Vec<u8> {
    let metadata = face.metadata;
    let mut part = Vec::with_capacity(face.image.len() + 64);
    let known = |value: Option<u8>| value.unwrap_or(0xFF);
    match metadata.captured {
        Some(CaptureTime { year, month, day, time }) => {
            part.extend_from_slice(&year.to_be_bytes());
            let (hour, minute, second) = time.unwrap_or((0xFF, 0xFF, 0xFF));
            part.extend_from_slice(&[known(month), known(day), hour, minute, second, 0xFF, 0xFF]);
        }
        None => part.extend_from_slice(&[0xFF; 9]),
    }
    // Device unspecified.
    part.extend_from_slice(&[0; 5]);
    part.push(metadata.quality.len() as u8);
    for quality in metadata.quality.iter().take(0xFF) {
        part.push(quality.score.map_or(0xFF, |score| score.min(100) as u8));
        part.extend_from_slice(&quality.organization.to_be_bytes());
        part.extend_from_slice(&quality.algorithm.to_be_bytes());
    }
    part.extend_from_slice(&(metadata.feature_points.len() as u16).to_be_bytes());
    part.extend_from_slice(&[0; 9]);
    write_pose(&metadata.pose, &mut part);
    write_points(&metadata.feature_points, &mut part);
    part.push(match metadata.kind {
        FaceKind::Other(code) => code,
        FaceKind::FullFrontal => 2,
        FaceKind::TokenFrontal => 3,
        _ => 1,
    });
    part.push(u8::from(face.format == ImageFormat::Jpeg2000));
    write_size(metadata, &mut part);
    // Sampling rate, processing and cross reference unspecified.
    part.extend_from_slice(&[0, 0, 0, 0, SRGB]);
    part.extend_from_slice(&(face.image.len() as u32).to_be_bytes());
    part.extend_from_slice(face.image);
    part
}

fn write_size(metadata: &FaceMetadata, part: &mut Vec<u8>) {
    let (width, height) = metadata.size.unwrap_or((0, 0));
    part.extend_from_slice(&width.to_be_bytes());
    part.extend_from_slice(&height.to_be_bytes());
}

fn write_points(points: &[FeaturePoint], part: &mut Vec<u8>) {
    for point in points {
        let (kind, code) = match point.kind {
            FeaturePointKind::Mpeg4 { major, minor } => (MPEG4_POINT, major << 4 | minor & 0x0F),
            FeaturePointKind::Mpeg4Code(code) => (0, code as u8),
            FeaturePointKind::Other { kind, code } => (kind, code),
        };
        part.extend_from_slice(&[kind, code]);
        part.extend_from_slice(&point.x.to_be_bytes());
        part.extend_from_slice(&point.y.to_be_bytes());
        part.extend_from_slice(&[0, 0]);
    }
}

fn write_pose(pose: &Pose, part: &mut Vec<u8>) {
    let angles = [pose.yaw, pose.pitch, pose.roll];
    part.extend(angles.map(|angle| match angle {
        Some(Angle { degrees, .. }) if degrees < 0 => (degrees.max(-178) / 2 + 181) as u8,
        Some(Angle { degrees, .. }) => (degrees.min(180) / 2 + 1) as u8,
        None => 0,
    }));
    part.extend(angles.map(|angle| {
        angle.and_then(|angle| angle.uncertainty_degrees).map_or(0, |uncertainty| uncertainty.saturating_add(1))
    }));
}
