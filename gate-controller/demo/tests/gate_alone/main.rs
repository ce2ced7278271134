//! One gate as a process: crossings, bad input, and what breaks in the middle.
#![allow(clippy::unwrap_used)]

mod cameras;
mod disk;
mod doors;
#[path = "../support/mod.rs"]
mod support;

use std::fs;

use sallyport_demo::{
    crossings::{CONNECTED, Expected},
    documents::{name, scene},
    gate::GatePages,
    report,
    world::{World, wait_for},
};
use sallyport_protocol::{CrossingRecord, Door, DoorMovementKind, OfficerChoice, Outcome, Reason, Stage};
use support::world;

/// A gate without an enrollment service, in service, its officer logged in.
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

/// A document that is refused before the first door.
const REFUSED: Expected = Expected { officer: None, outcome: Outcome::Refused, ..REFERRED };

/// A chip that answers otherwise than it should.
const CHIP_WRONG: Expected = Expected { reason: Reason::ChipProtocolError, stage: Some(Stage::Document), ..REFERRED };

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
            what: "a signed portrait that is cut short",
            document: name::CUT_PORTRAIT,
            reason: Reason::ChipPortraitUnusable,
            stage: Some(Stage::Authentication),
            ..REFERRED
        },
        Expected { what: "a DG2 that ends too soon", document: name::CUT_GROUP, ..CHIP_WRONG },
        Expected { what: "a DG2 of two gigabytes", document: name::ENDLESS, ..CHIP_WRONG },
        Expected { what: "lengths far beyond the answer", document: name::HOSTILE, ..CHIP_WRONG },
        Expected {
            what: "garbage for a signature",
            document: name::GARBAGE,
            reason: Reason::PaMalformed,
            stage: Some(Stage::Authentication),
            ..REFUSED
        },
        Expected {
            what: "a PACE that breaks off",
            document: name::PACE_BROKEN,
            reason: Reason::PaceFailed,
            stage: Some(Stage::Document),
            ..REFERRED
        },
        Expected {
            what: "a PACE that was hidden",
            document: name::DOWNGRADED,
            reason: Reason::PaceFailed,
            stage: Some(Stage::Authentication),
            ..REFERRED
        },
        Expected {
            what: "a portrait that the chip keeps to itself",
            document: name::PORTRAIT_WITHHELD,
            reason: Reason::ChipDataRefused,
            stage: Some(Stage::Document),
            ..REFERRED
        },
        Expected { what: "Chip Authentication Mapping", document: name::MAPPED, ..CONNECTED[0] },
        Expected {
            what: "a clone that hides PACE",
            document: name::CLONE_WITHOUT_PACE,
            reason: Reason::ChipAuthenticationFailed,
            stage: Some(Stage::Authentication),
            ..REFUSED
        },
        Expected {
            what: "a clone with a key of its own",
            document: name::CLONE_WITH_KEY,
            reason: Reason::ChipAuthenticationFailed,
            stage: Some(Stage::Authentication),
            ..REFUSED
        },
        Expected {
            what: "a document signed by another country",
            document: name::FOREIGN_SIGNER,
            reason: Reason::PaCountryMismatch,
            stage: Some(Stage::Authentication),
            ..REFERRED
        },
        Expected {
            what: "a document signed by a signer of visas",
            document: name::OTHER_TYPE,
            reason: Reason::PaDocumentTypeMismatch,
            stage: Some(Stage::Authentication),
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
    // A chip that long reads silence is read with caution at the second attempt, and passes.
    gate.await_service().unwrap();
    let before = gate.records().unwrap().len();
    gate.present(name::SILENT_OVER_LONG_READS, scene::TRAVELER).unwrap();
    let mut again = false;
    let record = wait_for("the crossing", || {
        if !again && gate.state()?["traveler"]["instruction"] == "present_document" {
            again = !gate.state()?["traveler"]["reason"].is_null();
            if again {
                gate.take_away()?;
                gate.present(name::SILENT_OVER_LONG_READS, scene::TRAVELER)?;
            }
        }
        Ok(gate.records()?.into_iter().nth(before))
    })
    .unwrap();
    gate.take_away().unwrap();
    assert!(told(&record, Reason::ChipNotResponding), "{}", report::time_line(&record));
    assert!(moved(&record, Door::Exit), "{}", report::time_line(&record));
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
