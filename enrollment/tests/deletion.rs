//! A person's deletion as staff and gates see it, and its certificate in the hands of others.
#![allow(clippy::unwrap_used)]

mod world;

use std::{fs, path::Path, process::Command};

use jiff::Timestamp;
use sallyport_protocol::{
    CrossingId, CrossingRecord, EnrollmentId, EnrollmentPage, EpochId, GateHealth, GateMode, Outcome, Reason,
    RecordBatch, TokenKind, paths,
};
use serde_json::Value;
use ureq::Agent;

use world::{CARD, NAME, World, equipped, face, text};

fn changes(gate: &Agent, world: &World) -> EnrollmentPage {
    let asked = gate.get(format!("{}{}?since=0", world.gates, paths::ENROLLMENTS)).call();
    serde_json::from_str(&asked.unwrap().body_mut().read_to_string().unwrap()).unwrap()
}

fn post(gate: &Agent, world: &World, path: &str, message: &impl serde::Serialize) -> u16 {
    gate.post(format!("{}{path}", world.gates)).send_json(message).unwrap().status().as_u16()
}

fn alive(gate: &Agent, world: &World, name: &str, revision: u64, epoch: Option<EpochId>) {
    let health = GateHealth {
        gate: name.parse().unwrap(),
        software: "0.1.0".into(),
        mode: GateMode::InService,
        troubles: Vec::new(),
        records_waiting: 0,
        revision,
        epoch,
        trail: None,
    };
    assert_eq!(post(gate, world, paths::HEALTH, &health), 204);
}

fn crossing_of(enrollment: EnrollmentId) -> RecordBatch {
    let ended = Timestamp::now();
    let record = CrossingRecord {
        crossing: CrossingId::random(),
        gate: "gate-1".parse().unwrap(),
        began: ended,
        ended,
        token: TokenKind::TrustedTravelerCard,
        issuer: None,
        enrollment: Some(enrollment),
        outcome: Outcome::Accepted,
        reasons: vec![Reason::FaceMatchedEnrollment],
        officer: None,
        measurement: None,
        timeline: Vec::new(),
        doors: Vec::new(),
    };
    RecordBatch { records: vec![record] }
}

/// Runs `enrollment proof verify` where nothing of the service is; gives whether it succeeded, and what it said.
fn verified(certificate: &str, more: &[&str]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("certificate.json"), certificate).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_enrollment"));
    command.current_dir(folder.path()).args(["proof", "verify", "certificate.json"]).args(more);
    let ran = command.output().unwrap();
    (ran.status.success(), text(&ran.stdout) + &text(&ran.stderr))
}

#[test]
fn a_deletion_is_followed_to_every_gate_and_copy_and_stated_under_a_signature() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let (one, two) = (world.gate("gate-1"), world.gate("gate-2"));
    alive(&two, &world, "gate-2", 0, None);
    assert!(world.command(&["gate", "remove", "gate-2"]).status.success());
    let staff = world.staff("admin", &world.password);
    assert!(staff.get("/admin/deletions").1.contains("Nobody was deleted yet"));
    let (status, enrollment) = staff.enroll(NAME, CARD, &face("obama.jpg"));
    assert_eq!(status, 303, "{enrollment}");
    let enrollment = enrollment.split_once('?').unwrap().0.to_owned();
    let id: EnrollmentId = enrollment.rsplit('/').next().unwrap().parse().unwrap();
    let before = changes(&one, &world);
    assert_eq!(post(&one, &world, paths::RECORDS, &crossing_of(id)), 200);
    let held: Value = serde_json::from_str(&staff.submit(&format!("{enrollment}/export")).1).unwrap();
    assert_eq!(held["crossings"].as_array().unwrap().len(), 1);

    let landed = staff.submit(&format!("{enrollment}/delete"));
    assert_eq!(landed, (303, format!("/admin/deletions/{id}?done=deleted")));
    let (status, page) = staff.get(&landed.1);
    assert!(status == 200 && page.contains("Deleted. Gates forget it") && page.contains("Dismissed before it forgot"));
    assert!(!page.contains(NAME) && !page.contains(CARD) && !page.contains("Forgotten"), "{page}");
    assert!(staff.get("/admin/deletions").1.contains("0 / 2"));
    let stated = |staff: &world::Staff| -> (String, Value) {
        let (status, certificate) = staff.get(&format!("/admin/deletions/{id}/certificate"));
        assert_eq!(status, 200, "{certificate}");
        let parsed: Value = serde_json::from_str(&certificate).unwrap();
        (certificate, parsed["statement"].clone())
    };
    let (_, statement) = stated(&staff);
    assert_eq!(
        (&statement["codes"], &statement["records"], &statement["behind"]["links"]),
        (&1.into(), &3.into(), &1.into())
    );
    assert_eq!((&statement["by"], &statement["reason"]), (&"admin".into(), &"mistake".into()));
    assert_eq!(statement["gates"][0]["forgotten"], Value::Null);

    // A record that comes late names nobody any more, so no second look finds one.
    assert_eq!(post(&one, &world, paths::RECORDS, &crossing_of(id)), 200);
    alive(&one, &world, "gate-1", before.revision, Some(before.epoch));
    assert_eq!(stated(&staff).1["gates"][0]["forgotten"], Value::Null, "it has not heard of it");
    let after = changes(&one, &world);
    assert_eq!((after.removed.as_slice(), after.revision), (&[id][..], before.revision + 1));
    alive(&one, &world, "gate-1", after.revision, None);
    assert_eq!(stated(&staff).1["gates"][0]["forgotten"], Value::Null, "nobody knows of which history");
    alive(&one, &world, "gate-1", after.revision, Some(after.epoch));
    let (status, page) = staff.get(&format!("/admin/deletions/{id}"));
    assert!(status == 200 && page.contains("Forgotten") && page.contains("Dismissed before it forgot"), "{page}");
    assert!(staff.get("/admin/deletions").1.contains("1 / 2"));

    // Two rotations later no copy opens; each start looks after the keys.
    assert!(stated(&staff).1["copies_dead"].is_null() && stated(&staff).1["behind"]["copies_dead_by"].is_string());
    for _ in 0..2 {
        assert_eq!(world.stop(), Some(0));
        assert!(world.command(&["key", "rotate"]).status.success());
        world.start();
    }
    let staff = world.staff("admin", &world.password);
    let began = std::time::Instant::now();
    let (certificate, statement) = loop {
        let (certificate, statement) = stated(&staff);
        if statement["copies_dead"].is_string() {
            break (certificate, statement);
        }
        assert!(began.elapsed() < world::PATIENCE, "{certificate}");
    };
    assert!(!certificate.contains(NAME) && !certificate.contains(CARD));
    assert!(staff.get(&format!("/admin/deletions/{id}")).1.contains("The last key that opened copies"));
    let missing = staff.get(&format!("/admin/deletions/{}", EnrollmentId::random()));
    assert!(missing.0 == 404 && missing.1.contains("There is no such deletion"), "{}", missing.1);
    assert_eq!(world.stop(), Some(0));

    let key = fs::read_to_string(world.path("data/audit/deletions.pub")).unwrap();
    let (sound, said) = verified(&certificate, &["--key", key.trim()]);
    assert!(sound && said.contains(&id.to_string()) && said.contains("gate gate-1: forgotten"), "{said}");
    assert!(said.contains("gate-2: outstanding, and dismissed") && said.contains("backups: dead"), "{said}");
    assert!(said.contains("1 named it, none since"), "{said}");
    let configured = world.path("enrollment.toml");
    assert!(verified(&certificate, &["--config", configured.to_str().unwrap()]).0);
    let laid_out: Value = serde_json::from_str(&certificate).unwrap();
    assert!(verified(&laid_out.to_string(), &["--key", key.trim()]).0, "in one line it says the same");
    for (from, to) in [
        (statement["deleted"].as_str().unwrap(), "2020-01-01T00:00:00Z"),
        ("\"by\": \"admin\"", "\"by\": \"somebody\""),
        ("\"admitted\": false", "\"admitted\": true"),
        ("\"records\": 3", "\"records\": 4"),
    ] {
        assert!(certificate.contains(from), "{from}");
        let (sound, said) = verified(&certificate.replacen(from, to, 1), &["--key", key.trim()]);
        assert!(!sound && said.contains("the statement was changed"), "{from}: {said}");
    }
    let (sound, said) = verified(&certificate, &["--key", &"0".repeat(64)]);
    assert!(!sound && said.contains("another service"), "{said}");
    let (sound, said) = verified(&certificate, &[]);
    assert!(!sound && said.contains("--key"), "{said}");
    let audit = fs::read_to_string(world.path("data/audit/audit.pub")).unwrap();
    assert!(!verified(&certificate, &["--key", audit.trim()]).0, "it is not the audit trail's key");
}

#[test]
fn nobody_who_was_deleted_comes_back_with_a_backup() {
    if !equipped() {
        return;
    }
    let mut world = World::new();
    world.start();
    let staff = world.staff("admin", &world.password);
    let enroll = |name, card, picture| {
        let (status, location) = staff.enroll(name, card, &face(picture));
        assert_eq!(status, 303, "{location}");
        location.split_once('?').unwrap().0.to_owned()
    };
    let (one, other) = (enroll(NAME, CARD, "obama.jpg"), enroll("Ben Okafor", "04AA11BB", "biden.jpg"));
    assert_eq!(world.stop(), Some(0));
    let stores = ["records", "envelopes"].map(|store| world.path("data").join(store));
    let copied = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
    };
    stores.iter().for_each(|store| copied(store, &store.with_extension("backup")));
    world.start();
    let staff = world.staff("admin", &world.password);
    assert_eq!(staff.submit(&format!("{one}/delete")).0, 303);
    assert_eq!(world.stop(), Some(0));
    // Records, envelopes and keys: all that would be needed.
    stores.iter().for_each(|store| copied(&store.with_extension("backup"), store));
    world.launch_as(&["run", "--restored"]);
    world.await_ready();
    let staff = world.staff("admin", &world.password);
    let list = staff.get("/admin/enrollments").1;
    assert!(list.contains("Ben Okafor") && !list.contains(NAME), "{list}");
    assert_eq!((staff.get(&one).0, staff.get(&other).0), (404, 200));
    let again = staff.get(&one.replace("enrollments", "deletions")).1;
    assert!(again.contains("deleted-before") && again.contains("service"), "{again}");
    assert_eq!(world.stop(), Some(0));
}
