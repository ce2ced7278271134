//! One gate as a process, without an enrollment service: crossings, bad input, and what breaks in the middle.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use sallyport_demo::{
    crossings::{CONNECTED, Expected},
    documents::{name, scene},
    gate::GatePages,
    report,
    world::{World, wait_for},
};
use sallyport_protocol::{CrossingRecord, Door, DoorMovementKind, OfficerChoice, Outcome, Reason, Stage};
use support::{clear_out, world};

fn started() -> Option<(tempfile::TempDir, World, GatePages)> {
    let (folder, mut world) = world(|settings| settings.alone = true)?;
    world.start_all().unwrap();
    let gate = world.gate_pages();
    gate.log_in(&world.officer_password).unwrap();
    Some((folder, world, gate))
}

fn crossed(expected: &Expected, gate: &GatePages) -> CrossingRecord {
    let record = expected.cross(gate).unwrap_or_else(|error| panic!("{}: {error:#}", expected.what));
    let faults = expected.faults(&record);
    assert!(faults.is_empty(), "{}: {faults:?}\n{}", expected.what, report::time_line(&record));
    record
}

const REFUSE: Option<(OfficerChoice, &str)> = Some((OfficerChoice::Refuse, "To the desk"));

/// A referral before the first door.
const REFERRED: Expected = Expected {
    officer: REFUSE,
    outcome: Outcome::RefusedByOfficer,
    entry_opens: false,
    exit_opens: false,
    ..CONNECTED[0]
};

#[test]
fn every_kind_of_bad_input_has_its_reason_and_none_ends_the_gate() {
    let Some((_folder, mut world, gate)) = started() else { return };
    let cases = [
        Expected { what: "JPEG 2000", document: name::JPEG_2000, ..CONNECTED[0] },
        Expected {
            what: "an unknown CSCA",
            document: name::UNKNOWN_CSCA,
            reason: Reason::PaCscaUnknown,
            stage: Some(Stage::Authentication),
            ..REFERRED
        },
        Expected {
            what: "an expired document",
            document: name::EXPIRED,
            reason: Reason::DocumentExpired,
            stage: Some(Stage::Eligibility),
            ..REFERRED
        },
        Expected {
            what: "an unknown card",
            document: name::UNKNOWN_CARD,
            reason: Reason::CardUnknown,
            stage: Some(Stage::Eligibility),
            ..REFERRED
        },
        Expected {
            what: "nobody before the camera",
            scene: scene::NOBODY,
            reason: Reason::FaceNotFound,
            stage: Some(Stage::Biometric),
            entry_opens: true,
            ..REFERRED
        },
        Expected {
            what: "two people before the camera",
            scene: scene::TWO,
            reason: Reason::FaceMultiple,
            stage: Some(Stage::Biometric),
            entry_opens: true,
            ..REFERRED
        },
        Expected {
            what: "a blank frame",
            scene: scene::BLANK,
            reason: Reason::FaceImageBlank,
            stage: Some(Stage::Biometric),
            entry_opens: true,
            ..REFERRED
        },
        Expected {
            what: "a truncated frame",
            scene: scene::TRUNCATED,
            reason: Reason::FaceImageUnreadable,
            stage: Some(Stage::Biometric),
            entry_opens: true,
            ..REFERRED
        },
    ];
    for case in &cases {
        crossed(case, &gate);
    }
    for (document, reason) in
        [(name::WRONG_DIGIT, Reason::MrzCheckDigitWrong), (name::SILENT, Reason::ChipNotResponding)]
    {
        let record = presented_until_referred(&gate, document);
        assert!(told(&record, reason), "{document}: {}", report::time_line(&record));
        assert!(!moved(&record, Door::Entry) && !moved(&record, Door::Exit), "{document}");
    }
    crossed(&CONNECTED[0], &gate);
    assert!(world.gate_is_alive());
    world.stop_gate().unwrap();
    assert!(!world.turnstile_log().unwrap().contains("violation"));
}

/// The traveler tries again as often as allowed; then the officer refuses.
fn presented_until_referred(gate: &GatePages, document: &str) -> CrossingRecord {
    gate.await_service().unwrap();
    let before = gate.records().unwrap().len();
    gate.present(document, scene::TRAVELER).unwrap();
    let record = wait_for("the referral", || {
        let state = gate.state()?;
        if let Some(referral) = gate.referral()? {
            gate.decide(referral["crossing"].as_str().unwrap().parse()?, OfficerChoice::Refuse, "To the desk")?;
        } else if state["traveler"]["instruction"] == "present_document" && !state["traveler"]["reason"].is_null() {
            gate.take_away()?;
            gate.present(document, scene::TRAVELER)?;
        }
        Ok(gate.records()?.into_iter().nth(before))
    })
    .unwrap();
    gate.take_away().unwrap();
    record
}

fn told(record: &CrossingRecord, reason: Reason) -> bool {
    record.timeline.iter().any(|entry| entry.reasons.contains(&reason)) || record.reasons.contains(&reason)
}

fn moved(record: &CrossingRecord, door: Door) -> bool {
    record.doors.iter().any(|seen| seen.door == door && seen.movement == DoorMovementKind::OpenOrdered)
}

#[test]
fn an_unplugged_turnstile_and_a_fire_end_the_crossing_safely() {
    let Some((_folder, mut world, gate)) = started() else { return };
    gate.turnstile("nobody").unwrap();
    gate.present(name::GENUINE, scene::TRAVELER).unwrap();
    let open = |door: &str| {
        wait_for("an open door", || Ok((gate.state()?["gate"][door] == "open").then_some(()))).unwrap();
    };
    open("entry");
    gate.turnstile("unplug").unwrap();
    let record = wait_for("the end of the crossing", || Ok(gate.records()?.pop())).unwrap();
    assert_eq!((record.outcome, record.reasons.as_slice()), (Outcome::Failed, &[Reason::BarrierLineLost][..]));
    wait_for("the doors to close by themselves", || {
        Ok(world.turnstile_log()?.contains(r#""what":"closed""#).then_some(()))
    })
    .unwrap();
    let state = gate.state().unwrap();
    assert_eq!(state["traveler"]["instruction"], "out_of_service");
    assert_eq!(state["gate"]["troubles"][0], "BARRIER_LINE_LOST");
    gate.take_away().unwrap();
    gate.turnstile("plug").unwrap();
    gate.turnstile("people").unwrap();
    crossed(&CONNECTED[0], &gate);

    gate.turnstile("nobody").unwrap();
    gate.present(name::GENUINE, scene::TRAVELER).unwrap();
    open("entry");
    gate.turnstile("fire on").unwrap();
    open("exit");
    assert_eq!(gate.state().unwrap()["traveler"]["instruction"], "leave_now");
    let record = gate.records().unwrap().pop().unwrap();
    assert_eq!(record.reasons, [Reason::EmergencyRelease]);
    gate.turnstile("fire off").unwrap();
    gate.turnstile("people").unwrap();
    gate.take_away().unwrap();
    crossed(&CONNECTED[0], &gate);
    world.stop_gate().unwrap();
}

/// A small file system of its own for the journal.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"].map(str::to_owned);
        let status = Command::new("mount").args(mount).arg(&folder).stderr(Stdio::null()).status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: a full disk was not tried: no right to mount a small one");
            return None;
        }
        Some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_doors_and_nothing_else() {
    let Some((_folder, mut world)) = world(|settings| settings.alone = true) else { return };
    let Some(disk) = SmallDisk::mount(world.path("gate/journal")) else { return };
    world.start_all().unwrap();
    let gate = world.gate_pages();
    crossed(&CONNECTED[0], &gate);
    let filler = disk.0.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 64]).is_ok() {}
    drop(file); // held open it would keep its room
    // Some lines still fit into the file's last page: travelers come until the gate says why it takes no more.
    wait_for("the gate to say why", || {
        let traveler = gate.state()?["traveler"].clone();
        if gate.is_in_service()? {
            gate.take_away()?;
            gate.present(name::GENUINE, scene::TRAVELER)?;
        }
        Ok((traveler["instruction"] == "out_of_service" && traveler["reason"] == "DISK_FULL").then_some(()))
    })
    .unwrap();
    assert!(world.gate_is_alive());
    fs::remove_file(&filler).unwrap();
    gate.take_away().unwrap();
    clear_out(&world, &gate);
    crossed(&CONNECTED[0], &gate);
    world.stop_gate().unwrap();
    let journal = fs::read_to_string(disk.0.join("journal.log")).unwrap();
    let count = |line: &str| journal.matches(&format!(r#""line":"{line}""#)).count();
    assert!(count("began") >= 3);
    assert!(count("finished") >= count("began"), "the record was kept until there was room");
    let opened = world.turnstile_log().unwrap().matches(r#""what":"opening""#).count();
    assert!(opened <= count("door_ordered"), "no door moved without its written order");
}

#[test]
fn a_port_in_use_is_waited_for_and_told() {
    let Some((_folder, mut world)) = world(|settings| settings.alone = true) else { return };
    let port = world.screens().rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let squatter = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    world.start_turnstile().unwrap();
    let log = world.path("logs/gate.log");
    let starting = std::thread::scope(|scope| {
        let starting = scope.spawn(|| world.start_gate());
        wait_for("the complaint", || {
            Ok(fs::read_to_string(&log).unwrap_or_default().contains("is the port taken?").then_some(()))
        })
        .unwrap();
        drop(squatter);
        starting.join().unwrap()
    });
    starting.unwrap();
    world.gate_pages().await_service().unwrap();
}
