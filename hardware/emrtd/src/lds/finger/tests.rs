#![allow(clippy::unwrap_used)]
use super::*;
use crate::{
    lds::extensible::integer,
    tlv::{self, TlvError},
};
use proptest::prelude::*;

const WSQ: &[u8] = &[0xFF, 0xA0, 0xFF, 0xA4, 0, 58];
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";

fn read(file: Vec<u8>) -> Result<Vec<FingerImage>, LdsError> {
    ChipContents::of(3, file).dg3()
}

fn record(position: FingerPosition, image: &[u8]) -> FingerRecord<'_> {
    FingerRecord { position, format: FingerFormat::of(image).unwrap(), image, size: (620, 620), quality: Some(70) }
}

#[test]
fn two_fingers_are_read_each_from_its_template() {
    let file = dg3_file(&[record(FingerPosition::RightIndex, WSQ), record(FingerPosition::LeftIndex, PNG)]);
    let fingers = read(file.clone()).unwrap();
    let (right, left) = (&fingers[0], &fingers[1]);
    assert_eq!((right.position, right.format, &right.bytes[..]), (FingerPosition::RightIndex, FingerFormat::Wsq, WSQ));
    assert_eq!((left.position, left.format, &left.bytes[..]), (FingerPosition::LeftIndex, FingerFormat::Png, PNG));
    assert_eq!((right.size, right.bits_per_pixel, right.pixels_per_inch), (Some((620, 620)), Some(8), Some(500)));
    assert_eq!((right.quality, right.impression), (Some(70), 0));
    assert!(!format!("{right:?}").contains("Index"));
    for end in 0..file.len() {
        assert!(read(file[..end].to_vec()).is_err());
    }
}

#[test]
fn a_hand_without_fingers_is_an_empty_group_with_random_content() {
    // Doc 9303-10, table 50.
    let file = dg3_file_empty(&[0xA5; 4]);
    assert_eq!(file, [0x63, 0x0C, 0x7F, 0x61, 3, 2, 1, 0, 0x53, 4, 0xA5, 0xA5, 0xA5, 0xA5]);
    assert!(read(file).unwrap().is_empty());
    let error = read(vec![0x63, 0]).unwrap_err();
    assert_eq!(error, LdsError::Tlv { group: 3, source: TlvError::Missing(0x7F61) });
}

#[test]
fn subtypes_are_those_of_table_49() {
    assert_eq!(FingerPosition::RightIndex.subtype(), Some(0b0_1001));
    assert_eq!(FingerPosition::LeftIndex.subtype(), Some(0b0_1010));
    assert_eq!((FingerPosition::LeftThumb.subtype(), FingerPosition::Other(13).subtype()), (Some(0b0_0110), None));
    for code in 0..=255 {
        let position = FingerPosition::from_code(code);
        assert_eq!(position.code(), code);
        if let Some(subtype) = position.subtype() {
            assert_eq!(FingerPosition::from_subtype(subtype), position);
        }
    }
}

#[test]
fn what_the_record_does_not_say_its_header_says() {
    let block = biometric::record_block(&iso19794::write(&record(FingerPosition::Unknown, WSQ)));
    let template = biometric::write_template(BIOMETRIC_TYPE, Some(0b0_0101), 7, &block);
    let fingers = read(biometric::write_group(0x63, &[template], None)).unwrap();
    assert_eq!(fingers[0].position, FingerPosition::RightThumb);
}

#[test]
fn resolutions_in_centimeters_are_told_in_inches() {
    let mut bytes = iso19794::write(&record(FingerPosition::RightThumb, WSQ));
    bytes[19] = 2;
    bytes[24..26].copy_from_slice(&197u16.to_be_bytes());
    let template = biometric::write_template(BIOMETRIC_TYPE, None, 7, &biometric::record_block(&bytes));
    let fingers = read(biometric::write_group(0x63, &[template], None)).unwrap();
    assert_eq!(fingers[0].pixels_per_inch, Some(500));
}

#[test]
fn records_of_39794_4_are_read() {
    let position = tlv::object(0xA0, &integer(0x80, 7));
    // An impression unknown to older readers, which shall take it for code 29.
    let impression = tlv::object(0xA1, &tlv::object(0xA1, &integer(0x80, 29)));
    let format = tlv::object(0xA2, &integer(0x80, 1));
    let score =
        [tlv::constructed(0xA0, &[&integer(0x80, 1), &integer(0x81, 1)]), tlv::object(0xA1, &integer(0x80, 88))]
            .concat();
    let quality = tlv::object(0xA6, &tlv::object(0x30, &score));
    let sampling = tlv::constructed(0xA7, &[&integer(0x80, 197), &integer(0x81, 1)]);
    let image = tlv::object(0x83, WSQ);
    let representation = tlv::constructed(0x30, &[&position, &impression, &format, &image, &quality, &sampling]);
    let version = tlv::constructed(0xA0, &[&integer(0x80, 3), &integer(0x81, 2019)]);
    let data = tlv::constructed(iso39794::DATA_BLOCK, &[&version, &tlv::object(0xA1, &representation)]);
    let template = biometric::write_template(BIOMETRIC_TYPE, Some(0b0_1010), 0, &biometric::objects_block(&data));
    let finger = read(biometric::write_group(0x63, &[template], None)).unwrap().remove(0);
    assert_eq!(
        (finger.position, finger.format, &finger.bytes[..]),
        (FingerPosition::LeftIndex, FingerFormat::Wsq, WSQ)
    );
    assert_eq!((finger.impression, finger.quality, finger.pixels_per_inch), (29, Some(88), Some(500)));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        fingers in prop::collection::vec((
            0u8..16,
            0usize..5,
            prop::collection::vec(any::<u8>(), 0..300),
            any::<(u16, u16)>(),
            prop::option::of(0u8..=100),
        ), 0..4)
    ) {
        let kinds: [(&[u8], FingerFormat); 5] = [
            (&[], FingerFormat::Raw),
            (&[], FingerFormat::PackedRaw),
            (WSQ, FingerFormat::Wsq),
            (&[0xFF, 0xD8], FingerFormat::Jpeg),
            (PNG, FingerFormat::Png),
        ];
        let images: Vec<Vec<u8>> = fingers.iter().map(|(_, kind, rest, ..)| [kinds[*kind].0, rest].concat()).collect();
        let records: Vec<FingerRecord<'_>> = fingers
            .iter()
            .zip(&images)
            .map(|((code, kind, _, size, quality), image)| FingerRecord {
                position: FingerPosition::from_code(*code),
                format: kinds[*kind].1,
                image,
                size: *size,
                quality: *quality,
            })
            .collect();
        let read = read(dg3_file(&records)).unwrap();
        prop_assert_eq!(read.len(), records.len());
        for (read, record) in read.iter().zip(&records) {
            prop_assert_eq!((read.position, read.format), (record.position, record.format));
            prop_assert_eq!(read.size, Some(record.size));
            prop_assert_eq!((&read.bytes[..], read.quality), (record.image, record.quality));
        }
    }

    #[test]
    fn random_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        tag in prop_oneof![Just(0x5F2Eu16), Just(0x7F2E)],
    ) {
        let block = tlv::object(tag, &[b"FIR\x00010\0", &bytes[..]].concat());
        let template = biometric::write_template(BIOMETRIC_TYPE, None, 7, &block);
        let _ = read(biometric::write_group(0x63, &[template], None));
        let _ = read(biometric::write_group(0x63, &[bytes], None));
    }
}
