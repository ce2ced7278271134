//! The crossings of the demonstration, each with what must come of it.

use anyhow::{Context as _, ensure};
use sallyport_protocol::{CrossingId, CrossingRecord, Door, DoorMovementKind, OfficerChoice, Outcome, Reason, Stage};

use crate::{
    documents::{finger, name, scene},
    gate::GatePages,
    world::wait_for,
};

/// One crossing, and what must come of it.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// What it shows.
    pub what: &'static str,
    /// The document laid down.
    pub document: &'static str,
    /// What the camera sees.
    pub scene: &'static str,
    /// The finger on the sensor.
    pub finger: Option<&'static str>,
    /// What the officer does, when asked.
    pub officer: Option<(OfficerChoice, &'static str)>,
    /// How it must end.
    pub outcome: Outcome,
    /// A reason that must be told.
    pub reason: Reason,
    /// The stage at which that reason must arise, when it is not of the outcome itself.
    pub stage: Option<Stage>,
    /// What the fact beside that reason must tell.
    pub detail: Option<&'static str>,
    /// Whether the first door must open, or must not.
    pub entry_opens: bool,
    /// Whether the second door must open, or must not.
    pub exit_opens: bool,
}

const GENUINE: Expected = Expected {
    what: "a genuine traveler: PACE, Chip Authentication",
    document: name::GENUINE,
    scene: scene::TRAVELER,
    finger: None,
    officer: None,
    outcome: Outcome::Accepted,
    reason: Reason::FaceMatchedChip,
    stage: None,
    detail: None,
    entry_opens: true,
    exit_opens: true,
};

const TRUSTED: Expected = Expected {
    what: "a trusted traveler, by card and protected template",
    document: name::CARD,
    reason: Reason::FaceMatchedEnrollment,
    ..GENUINE
};

/// Nobody is before the cameras: the finger alone decides.
const FINGER: Expected = Expected {
    what: "a card and its holder's finger",
    document: name::FINGER_CARD,
    scene: scene::NOBODY,
    finger: Some(finger::HOLDER),
    reason: Reason::FingerMatchedEnrollment,
    ..GENUINE
};

const PRINT: Expected = Expected {
    what: "a print of the traveler's photograph before the cameras",
    scene: scene::PRINT,
    officer: Some((OfficerChoice::Refuse, "A sheet of paper")),
    outcome: Outcome::RefusedByOfficer,
    reason: Reason::PresentationAttackSuspected,
    stage: Some(Stage::Biometric),
    detail: Some("planar motion"),
    exit_opens: false,
    ..GENUINE
};

/// Crossings with everything running.
pub const CONNECTED: &[Expected] = &[
    GENUINE,
    Expected {
        what: "an impostor, refused by the officer",
        scene: scene::STRANGER,
        officer: Some((OfficerChoice::Refuse, "Not the same person")),
        outcome: Outcome::RefusedByOfficer,
        reason: Reason::FaceScoreBelowThreshold,
        stage: Some(Stage::Biometric),
        exit_opens: false,
        ..GENUINE
    },
    Expected {
        what: "the same, accepted by the officer",
        scene: scene::STRANGER,
        officer: Some((OfficerChoice::Accept, "Same person, checked by eye")),
        outcome: Outcome::AcceptedByOfficer,
        reason: Reason::FaceScoreBelowThreshold,
        stage: Some(Stage::Biometric),
        ..GENUINE
    },
    PRINT,
    Expected {
        what: "the same on a tablet",
        scene: scene::SCREEN,
        officer: Some((OfficerChoice::Refuse, "A tablet")),
        ..PRINT
    },
    Expected {
        what: "a passport whose portrait was replaced",
        document: name::REPLACED,
        scene: scene::STRANGER,
        outcome: Outcome::Refused,
        reason: Reason::PaHashMismatch,
        stage: Some(Stage::Authentication),
        detail: Some("the hash of DG2 is "),
        entry_opens: false,
        exit_opens: false,
        ..GENUINE
    },
    Expected {
        what: "a clone of the genuine passport",
        document: name::CLONE,
        outcome: Outcome::Refused,
        reason: Reason::ChipAuthenticationFailed,
        stage: Some(Stage::Authentication),
        entry_opens: false,
        exit_opens: false,
        ..GENUINE
    },
    Expected {
        what: "a clone that hides what it cannot prove",
        document: name::STRIPPED_CLONE,
        officer: Some((OfficerChoice::Refuse, "The chip was replaced")),
        outcome: Outcome::RefusedByOfficer,
        reason: Reason::ChipNotProvenGenuine,
        stage: Some(Stage::Authentication),
        detail: Some("EF.SOD lists DG14"),
        entry_opens: false,
        exit_opens: false,
        ..GENUINE
    },
    Expected { what: "an older passport: BAC, Active Authentication", document: name::ACTIVE, ..GENUINE },
    Expected {
        what: "a clone of that passport",
        document: name::CLONE_OF_ACTIVE,
        outcome: Outcome::Refused,
        reason: Reason::ActiveAuthenticationFailed,
        stage: Some(Stage::Authentication),
        entry_opens: false,
        exit_opens: false,
        ..GENUINE
    },
    Expected { what: "a still older one: BAC, no proof of the chip", document: name::OLDER, ..GENUINE },
    Expected {
        what: "a passport whose signer was revoked",
        document: name::REVOKED_SIGNER,
        officer: Some((OfficerChoice::Refuse, "To the desk")),
        outcome: Outcome::RefusedByOfficer,
        reason: Reason::PaSignerRevoked,
        stage: Some(Stage::Authentication),
        entry_opens: false,
        exit_opens: false,
        ..GENUINE
    },
    Expected {
        what: "a traveler below the minimum age",
        document: name::CHILD,
        officer: Some((OfficerChoice::Refuse, "To the desk, with a guardian")),
        outcome: Outcome::RefusedByOfficer,
        reason: Reason::AgeBelowMinimum,
        stage: Some(Stage::Eligibility),
        entry_opens: false,
        exit_opens: false,
        ..GENUINE
    },
    Expected {
        what: "an issuer that is not admitted",
        document: name::OTHER_ISSUER,
        officer: Some((OfficerChoice::Refuse, "To the desk")),
        outcome: Outcome::RefusedByOfficer,
        reason: Reason::IssuerNotAdmitted,
        stage: Some(Stage::Eligibility),
        entry_opens: false,
        exit_opens: false,
        ..GENUINE
    },
    TRUSTED,
    FINGER,
    Expected {
        what: "the same card and another's finger",
        finger: Some(finger::STRANGER),
        officer: Some((OfficerChoice::Refuse, "Another's finger")),
        outcome: Outcome::RefusedByOfficer,
        reason: Reason::FingerScoreBelowThreshold,
        stage: Some(Stage::Biometric),
        exit_opens: false,
        ..FINGER
    },
];

/// Crossings while the enrollment service is stopped.
pub const CUT_OFF: &[Expected] = &[
    Expected { what: "a genuine traveler, the service stopped", ..GENUINE },
    Expected { what: "a trusted traveler, the service stopped", ..TRUSTED },
    Expected { what: "a card and a finger, the service stopped", ..FINGER },
];

impl Expected {
    /// Crosses, playing traveler and officer; gives the record. The officer must be logged in.
    pub fn cross(&self, gate: &GatePages) -> anyhow::Result<CrossingRecord> {
        gate.await_service()?;
        let before = gate.records()?.len();
        match self.finger {
            None => gate.present(self.document, self.scene)?,
            Some(finger) => gate.present_with_finger(self.document, self.scene, finger)?,
        }
        let mut decided = false;
        let record = wait_for("the end of the crossing", || {
            if let (Some((choice, note)), false) = (self.officer, decided)
                && let Some(referral) = gate.referral()?
            {
                let crossing: CrossingId = referral["crossing"].as_str().context("no crossing")?.parse()?;
                if [Reason::FaceScoreBelowThreshold, Reason::PresentationAttackSuspected].contains(&self.reason) {
                    ensure!(gate.has_picture(crossing, "reference")?, "no portrait at the officer's station");
                    ensure!(gate.has_picture(crossing, "probe")?, "no live picture at the officer's station");
                }
                gate.decide(crossing, choice, note)?;
                decided = true;
            }
            Ok(gate.records()?.into_iter().nth(before))
        })?;
        gate.take_away()?;
        Ok(record)
    }

    /// What is otherwise than it must be.
    pub fn faults(&self, record: &CrossingRecord) -> Vec<String> {
        let mut faults = Vec::new();
        if record.outcome != self.outcome {
            faults.push(format!("outcome {:?} instead of {:?}", record.outcome, self.outcome));
        }
        let told = match self.stage {
            None => record.reasons.contains(&self.reason),
            Some(stage) => {
                record.timeline.iter().any(|entry| entry.stage == stage && entry.reasons.contains(&self.reason))
            }
        };
        if !told {
            faults.push(format!(
                "{} is not told{}",
                self.reason,
                self.stage.map_or(String::new(), |s| format!(" at {s:?}"))
            ));
        }
        let tells = |detail: &str| {
            let mut facts = record.timeline.iter().filter(|entry| entry.reasons.contains(&self.reason));
            facts.any(|entry| entry.detail.as_ref().is_some_and(|fact| fact.contains(detail)))
        };
        if let Some(detail) = self.detail.filter(|detail| !tells(detail)) {
            faults.push(format!("no fact beside {} tells `{detail}`", self.reason));
        }
        for (door, must) in [(Door::Entry, self.entry_opens), (Door::Exit, self.exit_opens)] {
            let opened = |kind| record.doors.iter().any(|seen| seen.door == door && seen.movement == kind);
            if opened(DoorMovementKind::Opened) != must || opened(DoorMovementKind::OpenOrdered) != must {
                faults.push(format!("the {door:?} door {}", if must { "did not open" } else { "opened" }));
            }
        }
        if self.officer.is_some() != record.officer.is_some() {
            faults.push("the officer's decision is not in the record".to_owned());
        }
        faults
    }
}
