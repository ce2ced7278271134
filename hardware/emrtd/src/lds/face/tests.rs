#![allow(clippy::unwrap_used)]
use super::*;
use crate::tlv;
use proptest::prelude::*;

const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3, 0xFF, 0xD9];
const JP2: &[u8] = &[0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', 13, 10, 0x87, 10];
const CODESTREAM: &[u8] = &[0xFF, 0x4F, 0xFF, 0x51, 0, 47];

const ENCODINGS: [FaceEncoding; 3] =
    [FaceEncoding::Iso19794Edition2005, FaceEncoding::Iso19794Edition2011, FaceEncoding::Iso39794];

fn read(file: Vec<u8>) -> Result<Vec<FaceImage>, LdsError> {
    ChipContents::of(2, file).dg2()
}

fn plain(image: &[u8]) -> FaceRecord<'_> {
    const METADATA: &FaceMetadata = &FaceMetadata {
        kind: FaceKind::Unspecified,
        size: None,
        quality: Vec::new(),
        pose: Pose { yaw: None, pitch: None, roll: None },
        feature_points: Vec::new(),
        captured: None,
    };
    FaceRecord { image, format: ImageFormat::of(image).unwrap(), metadata: METADATA }
}

#[test]
fn a_portrait_survives_its_wrappings_and_truncation_is_noticed() {
    let file = write_dg2(JPEG, ImageFormat::Jpeg, 300, 400);
    let faces = read(file.clone()).unwrap();
    assert_eq!((faces[0].format, faces[0].bytes.as_slice()), (ImageFormat::Jpeg, JPEG));
    assert_eq!((faces[0].metadata.size, faces[0].metadata.kind), (Some((300, 400)), FaceKind::FullFrontal));
    for end in 0..file.len() {
        assert!(read(file[..end].to_vec()).is_err());
    }
    assert_eq!(ChipContents::default().dg2().unwrap_err(), LdsError::Missing(2));
}

#[test]
fn several_portraits_of_every_coding_are_read_in_order() {
    for encoding in ENCODINGS {
        let file = dg2_file(&[plain(JPEG), plain(JP2), plain(CODESTREAM)], encoding);
        let faces = read(file).unwrap();
        assert!(faces.iter().map(|face| face.bytes.as_slice()).eq([JPEG, JP2, CODESTREAM]));
        let formats = [ImageFormat::Jpeg, ImageFormat::Jpeg2000, ImageFormat::Jpeg2000];
        assert!(faces.iter().map(|face| face.format).eq(formats));
        assert!(faces.iter().all(|face| face.encoding == encoding));
    }
}

/// Several images in one record, instead of in templates of their own.
#[test]
fn one_record_may_hold_several_portraits() {
    let both = [plain(JPEG), plain(JP2)];
    for (block, encoding) in [
        (biometric::record_block(&iso19794::write(&both, ENCODINGS[0])), ENCODINGS[0]),
        (biometric::record_block(&iso19794::write(&both, ENCODINGS[1])), ENCODINGS[1]),
        (biometric::objects_block(&iso39794::write(&both)), ENCODINGS[2]),
        // The tag of what is now ISO/IEC 39794 held records of 19794 in older documents.
        (tlv::object(0x7F2E, &iso19794::write(&both, ENCODINGS[0])), ENCODINGS[0]),
    ] {
        let template = biometric::write_template(BIOMETRIC_TYPE, None, 8, &block);
        let faces = read(biometric::write_group(0x75, &[template], None)).unwrap();
        assert!(faces.iter().map(|face| face.bytes.as_slice()).eq([JPEG, JP2]));
        assert!(faces.iter().all(|face| face.encoding == encoding));
    }
}

#[test]
fn what_is_no_portrait_is_told() {
    let refused = |record: &[u8]| {
        let template = biometric::write_template(BIOMETRIC_TYPE, None, 8, &biometric::record_block(record));
        read(biometric::write_group(0x75, &[template], None)).unwrap_err()
    };
    assert_eq!(refused(b"FIR\x00010\0"), LdsError::Face("not a record of ISO/IEC 19794-5"));
    assert!(refused(b"FAC\x00099\0\0\0\0\0\0\0").to_string().contains("edition"));
    assert_eq!(refused(b"FAC\x00010\0\0\0\0\0\0\x01"), LdsError::Face("the record ends early"));
    // A count without images allocates nothing and ends with the record.
    assert_eq!(refused(b"FAC\x00010\0\0\0\0\0\xFF\xFF"), LdsError::Face("the record ends early"));
    let bitmap = FaceRecord { image: b"BM", format: ImageFormat::Jpeg, metadata: &FaceMetadata::default() };
    for encoding in ENCODINGS {
        let error = read(dg2_file(&[bitmap], encoding)).unwrap_err();
        assert_eq!(error, LdsError::Face("the image is neither JPEG nor JPEG 2000"));
        assert_eq!(read(dg2_file(&[], encoding)).unwrap_err(), LdsError::Face("no biometric template"));
    }
}

#[test]
fn enumerations_of_39794_may_be_extended() {
    // A kind unknown to older readers, as a fallback inside its extension.
    let code = extension(0);
    assert_eq!(crate::lds::extensible::code(&code).unwrap(), Some(0));
    let mut metadata = FaceMetadata { kind: FaceKind::TravelDocument, ..Default::default() };
    let known = dg2_file(&[FaceRecord { metadata: &metadata, ..plain(JPEG) }], FaceEncoding::Iso39794);
    assert_eq!(read(known).unwrap()[0].metadata.kind, FaceKind::TravelDocument);
    metadata.kind = FaceKind::Other(9);
    let other = dg2_file(&[FaceRecord { metadata: &metadata, ..plain(JPEG) }], FaceEncoding::Iso39794);
    assert_eq!(read(other).unwrap()[0].metadata.kind, FaceKind::Other(9));
}

fn extension(code: i64) -> Vec<u8> {
    tlv::object(0xA1, &crate::lds::extensible::integer(0x80, code))
}

fn angles() -> impl Strategy<Value = Option<Angle>> {
    // Even degrees: a record of 19794 counts in steps of two.
    prop::option::of(
        (-89i16..=90, prop::option::of(0u8..=180))
            .prop_map(|(half, uncertainty_degrees)| Angle { degrees: half * 2, uncertainty_degrees }),
    )
}

prop_compose! {
    fn metadata(encoding: FaceEncoding)(
        kind in match encoding {
            FaceEncoding::Iso39794 => prop_oneof![
                Just(FaceKind::TravelDocument),
                Just(FaceKind::GeneralPurpose),
                Just(FaceKind::Unspecified),
            ].boxed(),
            _ => prop_oneof![Just(FaceKind::Basic), Just(FaceKind::FullFrontal), Just(FaceKind::TokenFrontal)].boxed(),
        },
        size in prop::option::of((1u16.., 1u16..)),
        scores in match encoding {
            FaceEncoding::Iso19794Edition2005 => {
                prop::collection::vec((1u16..).prop_map(|score| (Some(score), 0, 0)), 0..2).boxed()
            }
            _ => prop::collection::vec((prop::option::of(0u16..=100), any::<u16>(), any::<u16>()), 0..4).boxed(),
        },
        (yaw, pitch, roll) in (angles(), angles(), angles()),
        feature_points in prop::collection::vec((1u8..16, 1u8..16, any::<u16>(), any::<u16>()), 0..6),
        captured in match encoding {
            FaceEncoding::Iso19794Edition2005 => Just(None).boxed(),
            _ => prop::option::of((
                1900u16..2100,
                prop::option::of(1u8..=12),
                prop::option::of(1u8..=31),
                prop::option::of((0u8..24, 0u8..60, 0u8..60)),
            )).boxed(),
        },
    ) -> FaceMetadata {
        FaceMetadata {
            kind,
            size,
            quality: scores
                .into_iter()
                .map(|(score, organization, algorithm)| FaceQuality { score, organization, algorithm })
                .collect(),
            pose: Pose { yaw, pitch, roll },
            feature_points: feature_points.into_iter().map(|(major, minor, x, y)| {
                let kind = match encoding {
                    FaceEncoding::Iso39794 => FeaturePointKind::Mpeg4Code(u16::from(major) * 16 + u16::from(minor)),
                    _ => FeaturePointKind::Mpeg4 { major, minor },
                };
                FeaturePoint { kind, x, y }
            }).collect(),
            captured: captured.map(|(year, month, day, time)| CaptureTime { year, month, day, time }),
        }
    }
}

fn records() -> impl Strategy<Value = (FaceEncoding, Vec<(Vec<u8>, FaceMetadata)>)> {
    (0usize..3).prop_flat_map(|at| {
        let image = (prop_oneof![Just(JPEG), Just(JP2), Just(CODESTREAM)], prop::collection::vec(any::<u8>(), 0..400))
            .prop_map(|(start, rest)| [start, &rest].concat());
        (Just(ENCODINGS[at]), prop::collection::vec((image, metadata(ENCODINGS[at])), 1..4))
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back((encoding, faces) in records()) {
        let records: Vec<FaceRecord<'_>> = faces
            .iter()
            .map(|(image, metadata)| FaceRecord { image, format: ImageFormat::of(image).unwrap(), metadata })
            .collect();
        let read = read(dg2_file(&records, encoding)).unwrap();
        prop_assert_eq!(read.len(), faces.len());
        for (read, (image, metadata)) in read.iter().zip(&faces) {
            prop_assert_eq!(&*read.bytes, image);
            prop_assert!(read.metadata == *metadata);
        }
    }

    #[test]
    fn a_changed_portrait_file_never_panics(
        encoding in 0usize..3,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let metadata = FaceMetadata {
            quality: vec![FaceQuality { score: Some(9), organization: 1, algorithm: 2 }],
            pose: Pose { yaw: Some(Angle { degrees: -4, uncertainty_degrees: Some(1) }), ..Default::default() },
            feature_points: vec![FeaturePoint { kind: FeaturePointKind::Mpeg4Code(3), x: 1, y: 2 }],
            captured: Some(CaptureTime { year: 2024, month: Some(1), day: None, time: None }),
            ..Default::default()
        };
        let mut file = dg2_file(&[FaceRecord { metadata: &metadata, ..plain(JPEG) }], ENCODINGS[encoding]);
        let at = at.index(file.len());
        file[at] = byte;
        let _ = read(file.clone());
        file.truncate(at);
        prop_assert!(read(file).is_err());
    }
}
