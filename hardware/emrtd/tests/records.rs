//! Biometric records that somebody else wrote. Skips loudly where the evaluation data is absent.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use sallyport_emrtd::{
    ChipContents, ImageFormat,
    lds::{
        Angle, CaptureTime, Com, FaceEncoding, FaceKind, FaceQuality, FeaturePoint, FeaturePointKind, FingerFormat,
        FingerPosition, Pose,
    },
    tlv,
};

/// The folder of chip data with this name, where there is one.
fn folder(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("SALLYPORT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = data.join("chips").join(name);
    if !folder.exists() {
        eprintln!("SKIPPED: no records in {}", folder.display());
        return None;
    }
    Some(folder)
}

fn contents(group: u8, file: Vec<u8>) -> ChipContents {
    let mut contents = ChipContents::default();
    contents.groups.insert(group, file);
    contents
}

#[test]
fn the_application_profile_of_39794_5_is_read_with_all_its_fields() {
    let Some(folder) = folder("faces_in_dg2") else { return };
    let read = |name: &str| contents(2, fs::read(folder.join(name)).unwrap()).dg2().unwrap();
    let all = read("ICAO_39794_5_AP_DG2_AllFields.dat").remove(0);
    assert_eq!((all.encoding, all.format), (FaceEncoding::Iso39794, ImageFormat::Jpeg2000));
    // The image that the sample's makers give beside it, whatever its name says of its format.
    let image = fs::read(folder.join("ICAO_39794_5_AP_DG2_Face.jpg")).unwrap();
    assert!(*all.bytes == image);
    let metadata = &all.metadata;
    assert_eq!((metadata.kind, metadata.size), (FaceKind::TravelDocument, Some((572, 731))));
    assert_eq!(metadata.quality, [FaceQuality { score: Some(99), organization: 1, algorithm: 1 }]);
    let angle = |degrees, uncertainty| Some(Angle { degrees, uncertainty_degrees: Some(uncertainty) });
    assert_eq!(metadata.pose, Pose { yaw: angle(2, 1), pitch: angle(3, 1), roll: angle(1, 2) });
    assert_eq!(metadata.feature_points, [FeaturePoint { kind: FeaturePointKind::Mpeg4Code(10), x: 90, y: 22 }]);
    let captured = CaptureTime { year: 2024, month: Some(1), day: Some(20), time: Some((13, 23, 9)) };
    assert_eq!(metadata.captured, Some(captured));

    let mandatory = read("ICAO_39794_5_AP_DG2_MandFields.dat").remove(0);
    assert!(*mandatory.bytes == image);
    assert_eq!((mandatory.metadata.kind, mandatory.metadata.captured), (FaceKind::Unspecified, None));
}

#[test]
fn a_facial_record_of_19794_5_is_read() {
    let Some(folder) = folder("faces_in_dg2") else { return };
    let record = fs::read(folder.join("ISO19794_Test1_Data.bin")).unwrap();
    let template = tlv::object(0x7F60, &tlv::object(0x5F2E, &record));
    let face = contents(2, tlv::object(0x75, &tlv::object(0x7F61, &template))).dg2().unwrap().remove(0);
    assert_eq!((face.encoding, face.format), (FaceEncoding::Iso19794Edition2005, ImageFormat::Jpeg));
    assert!(*face.bytes == fs::read(folder.join("ISO19794_Test1_Face.jpg")).unwrap());
    assert_eq!((face.metadata.kind, face.metadata.size), (FaceKind::TokenFrontal, Some((148, 70))));
}

#[test]
fn a_specimen_s_fingers_and_irises_are_read() {
    let Some(folder) = folder("bsi2008") else { return };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let fingers = contents(3, read("Datagroup3.bin")).dg3().unwrap();
    let positions: Vec<FingerPosition> = fingers.iter().map(|finger| finger.position).collect();
    assert_eq!(positions, [FingerPosition::RightIndex, FingerPosition::LeftIndex]);
    for finger in &fingers {
        assert_eq!((finger.format, finger.size), (FingerFormat::Wsq, Some((620, 620))));
        assert_eq!((finger.pixels_per_inch, finger.bits_per_pixel, finger.quality), (Some(500), Some(8), Some(100)));
        // WSQ ends with its end marker: nothing was cut and nothing of the next finger is in it.
        assert!(finger.bytes.starts_with(&[0xFF, 0xA0]) && finger.bytes.ends_with(&[0xFF, 0xA1]));
    }
    let irises = contents(4, read("Datagroup4.bin")).dg4().unwrap();
    assert!(irises.len() == 2 && irises.iter().all(|record| record.starts_with(b"IIR\0")));
    assert_eq!(Com::parse(&read("EF_COM.bin")).unwrap().groups, [1, 2, 3, 14]);
    // Groups of others' making give their value.
    assert_eq!(contents(15, read("Datagroup15.bin")).group(15).unwrap()[0], 0x30);
}
