//! Nothing biometric lies on a disk in the clear: after enrollments and crossings, gate's and service's folders are
//! searched for photographs, portraits, embeddings and codes.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use sallyport_demo::{
    crossings::{CONNECTED, CUT_OFF},
    documents::name,
    report,
};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, Source},
};
use support::{assets, world};

#[test]
fn whole_crossings_leave_no_face_on_the_disk() {
    let Some((_folder, mut world)) = world(|_| {}) else { return };
    world.start_all().unwrap();
    let gate = world.gate_pages();
    gate.log_in(&world.officer_password).unwrap();
    for expected in CONNECTED.iter().chain(CUT_OFF) {
        let record = expected.cross(&gate).unwrap();
        let faults = expected.faults(&record);
        assert!(faults.is_empty(), "{}: {faults:?}\n{}", expected.what, report::time_line(&record));
    }
    world.stop_gate().unwrap();
    world.stop_service().unwrap();

    let assets = assets().unwrap();
    let engine = FaceEngine::load(&assets.join("models")).unwrap();
    let mut needles: Vec<(String, Vec<u8>)> = Vec::new();
    for face in ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"] {
        let file = fs::read(assets.join("faces").join(face)).unwrap();
        let image = Image::decode(&file).unwrap();
        let template = engine.template(&image, Source::Portrait).unwrap().template;
        let floats: Vec<u8> = template.values()[..4].iter().flat_map(|value| value.to_le_bytes()).collect();
        needles.push((format!("the file {face}"), file[file.len() / 2..][..24].to_vec()));
        needles.push((format!("the embedding of {face}"), floats));
        let text = template.values()[0].to_string();
        needles.push((format!("the embedding of {face} as text"), text.into_bytes()));
    }
    for document in [name::GENUINE, name::REPLACED] {
        let portrait = fs::read(world.path("documents").join(document).join("DG2.bin")).unwrap();
        needles.push((format!("the portrait of {document}"), portrait[portrait.len() / 2..][..24].to_vec()));
    }
    needles.push(("the head of a JPEG file".into(), b"\xFF\xD8\xFF\xE0\x00\x10JFIF".to_vec()));
    needles.push(("a protected code as it travels".into(), br#""code":""#.to_vec()));
    // The codes in the stores are sealed with all else of their records, names and numbers too.
    needles.push(("the traveler's name".into(), b"Demonstration Traveler".to_vec()));
    needles.push(("the card's number".into(), sallyport_demo::documents::CARD.as_bytes().to_vec()));
    needles.push(("the document's number".into(), b"L898902C3".to_vec()));

    let mut files = Vec::new();
    for folder in ["gate", "service", "logs"] {
        collect(&world.path(folder), &mut files);
    }
    let searched: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(files.len() > 6 && searched > 10_000, "there was hardly anything to search: {files:?}");
    for file in &files {
        let bytes = fs::read(file).unwrap();
        for (what, needle) in &needles {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{what} lies in {}", file.display());
        }
    }
    // The search itself can find: the documents' folder holds portraits.
    let dg2 = fs::read(world.path("documents").join(name::GENUINE).join("DG2.bin")).unwrap();
    assert!(needles.iter().any(|(_, needle)| dg2.windows(needle.len()).any(|window| window == needle)));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
