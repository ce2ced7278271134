//! Nothing biometric lies on a disk in the clear: after enrollments and crossings, gate's and service's folders are
//! searched for photographs, portraits, live pictures, fingers, embeddings, codes and keys.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use sallyport_demo::{
    crossings::{CONNECTED, CUT_OFF, Expected},
    documents::{CARD, name},
    gate::GatePages,
    report,
    world::World,
};
use sallyport_emrtd::{ChipContents, issue};
use sallyport_gate::{config::Identity, sync::Centre};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, FaceTemplate, Source},
    finger::{CylinderVectors, Extractor as _, FingerImage, Resolution, extract::RidgeExtractor},
};
use sallyport_privacy::{
    keys::ApplicationKey,
    template::{FingerProjection, protect},
};
use support::{assets, world};

#[test]
fn whole_crossings_leave_neither_face_nor_finger_on_the_disk() {
    let Some((_folder, mut world)) = world(|_| {}) else { return };
    world.start_all().unwrap();
    let gate = world.gate_pages();
    gate.log_in(&world.officer_password).unwrap();
    cross(CONNECTED, &gate);
    let mut secrets = Secrets::default();
    secrets.add_faces(&world);
    secrets.add_enrollment(&world);
    world.stop_service().unwrap();
    cross(CUT_OFF, &gate);
    world.stop_gate().unwrap();

    // The codes in the stores are sealed with all else of their records, names and numbers too.
    secrets.add("the traveler's name", b"Demonstration Traveler");
    secrets.add("the card's number", CARD.as_bytes());
    secrets.add("the document's number", b"L898902C3");
    secrets.add("the head of a JPEG file", b"\xFF\xD8\xFF\xE0\x00\x10JFIF");
    let kept = ["gate", "service", "logs"].map(|folder| files(&world.path(folder))).concat();
    let stores = ["gate/cache/records/db", "gate/cache/envelopes/db", "gate/journal/journal.log", "service/store/db"];
    for store in stores {
        assert!(kept.contains(&world.path(store)), "{store} is not among {kept:?}");
    }
    assert_eq!(secrets.found_in(&kept), Vec::<String>::new());
    // The search itself can find.
    let found = secrets.found_in(&["documents", "scenes"].map(|folder| files(&world.path(folder))).concat());
    assert!(found.iter().any(|what| what.contains("the portrait of passport")), "{found:?}");
    assert!(found.iter().any(|what| what.contains("the live picture traveler/middle/3.jpg")), "{found:?}");
}

fn cross(all: &[Expected], gate: &GatePages) {
    for expected in all {
        let record = expected.cross(gate).unwrap();
        let faults = expected.faults(&record);
        assert!(faults.is_empty(), "{}: {faults:?}\n{}", expected.what, report::time_line(&record));
    }
}

/// What must lie nowhere.
#[derive(Default)]
struct Secrets(Vec<(String, Vec<u8>)>);

impl Secrets {
    fn add(&mut self, what: &str, bytes: &[u8]) {
        self.0.push((what.to_owned(), bytes.to_vec()));
    }

    /// A file's middle: its beginning may be like any other's.
    fn add_file(&mut self, what: &str, file: &[u8]) {
        self.add(what, &file[file.len() / 2..][..32]);
    }

    fn add_embedding(&mut self, of: &str, template: &FaceTemplate) {
        let floats: Vec<u8> = template.values()[..8].iter().flat_map(|value| value.to_le_bytes()).collect();
        self.add(&format!("the embedding of {of}"), &floats);
        self.add(&format!("the embedding of {of} as text"), template.values()[0].to_string().as_bytes());
    }

    /// What was photographed at the enrollment, read from chips and seen by the camera.
    fn add_faces(&mut self, world: &World) {
        let engine = engine();
        for face in ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"] {
            let file = fs::read(assets().unwrap().join("faces").join(face)).unwrap();
            self.add_file(&format!("the photograph {face}"), &file);
            self.add_embedding(&format!("the photograph {face}"), &embedded(&engine, &file, Source::Portrait));
        }
        for document in [name::GENUINE, name::REPLACED] {
            let file = portrait(&world.path("documents").join(document));
            self.add_file(&format!("the portrait of {document}"), &file);
            self.add_embedding(&format!("the portrait of {document}"), &embedded(&engine, &file, Source::Portrait));
        }
        for seen in LIVE {
            let file = fs::read(world.path("scenes").join(seen)).unwrap();
            self.add_file(&format!("the live picture {seen}"), &file);
            self.add_embedding(&format!("the live picture {seen}"), &embedded(&engine, &file, Source::Live));
        }
    }

    /// What the gate was sent, fetched with its own identity; and what it made of the live faces.
    fn add_enrollment(&mut self, world: &World) {
        let [certificate, key, authority] =
            ["gate.crt", "gate.key", "ca.crt"].map(|file| world.path("identity").join(file));
        let centre = Centre::new(&world.gates_interface(), &Identity { certificate, key, authority }).unwrap();
        let grant = centre.application_key().unwrap();
        let page = centre.enrollments(0, None).unwrap();
        let [enrolled, with_finger] = &page.changed[..] else { panic!("{page:?}") };
        self.add("the application key", &grant.key);
        self.add_as_text("the application key", &grant);
        let code = enrolled.code.as_ref().unwrap();
        self.add("the enrolled code", &code.expose_bytes()[..32]);
        self.add_as_text("the enrolled code", code);
        let key = ApplicationKey::received(grant.key[..].try_into().unwrap(), grant.generation);
        assert!(with_finger.code.is_none() && with_finger.fingers.len() == 2, "a finger, as two extractors read it");
        for finger in &with_finger.fingers {
            let code = &finger.impressions[0];
            self.add(&format!("the finger's code by {}", finger.extractor), &code.expose_bytes()[..32]);
            self.add_as_text("the finger's code", code);
        }
        let projection =
            FingerProjection::new(&key.enrollment_seed(with_finger.id.as_bytes(), with_finger.finger_version));
        for impression in FINGERS {
            let file = fs::read(assets().unwrap().join("fingers").join(impression)).unwrap();
            self.add_file(&format!("the finger {impression}"), &file);
            let image = FingerImage::decode(&file, Resolution::OfFileOr(500.0)).unwrap();
            let code =
                projection.protect(CylinderVectors::new(&RidgeExtractor.extract(&image).unwrap()).iter()).unwrap();
            self.add(&format!("the code of the finger {impression}"), &code.expose_bytes()[..32]);
            self.add(&format!("rows of the finger {impression}"), &image.gray()[image.gray().len() / 2..][..32]);
        }
        let seed = key.enrollment_seed(enrolled.id.as_bytes(), enrolled.version);
        let engine = engine();
        for seen in LIVE {
            let file = fs::read(world.path("scenes").join(seen)).unwrap();
            let code = protect(embedded(&engine, &file, Source::Live).values(), &seed).unwrap();
            self.add(&format!("the code of the live picture {seen}"), &code.expose_bytes()[..32]);
        }
    }

    /// The longest piece of base64 in a message, as it travels.
    fn add_as_text(&mut self, what: &str, message: &impl serde::Serialize) {
        let json = serde_json::to_string(message).unwrap();
        let longest = json.split('"').max_by_key(|piece| piece.len()).unwrap();
        assert!(longest.len() > 40, "{what} is no longer sent as base64");
        self.add(&format!("{what} as base64"), &longest.as_bytes()[..40]);
    }

    fn found_in(&self, files: &[PathBuf]) -> Vec<String> {
        let mut found = Vec::new();
        for file in files {
            let bytes = fs::read(file).unwrap();
            for (what, secret) in &self.0 {
                if bytes.windows(secret.len()).any(|window| window == secret) {
                    found.push(format!("{what} lies in {}", file.display()));
                }
            }
        }
        found
    }
}

/// What the cameras see in these crossings.
const LIVE: [&str; 4] =
    ["traveler/lower/0.jpg", "traveler/middle/3.jpg", "traveler/upper/5.jpg", "stranger/middle/0.jpg"];

/// What was enrolled and lay on the sensor.
const FINGERS: [&str; 3] = ["p1_1.png", "p1_2.png", "p2_1.png"];

fn engine() -> FaceEngine {
    FaceEngine::load(&assets().unwrap().join("models")).unwrap()
}

fn embedded(engine: &FaceEngine, file: &[u8], source: Source) -> FaceTemplate {
    engine.template(&Image::decode(file).unwrap(), source).unwrap().template
}

/// The picture in a document's DG2.
fn portrait(document: &Path) -> Vec<u8> {
    let (_, files) = issue::load(document).unwrap();
    let mut contents = ChipContents::default();
    contents.groups.extend(files.groups);
    contents.dg2().unwrap()[0].bytes.to_vec()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
