//! What remains of a crossing: an outcome with reasons, times and door movements, and nothing biometric.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CrossingId, EnrollmentId, GateId, Reason};

/// The stages of a crossing, in order (DESIGN section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The document is on the reader; machine readable zone or card number.
    Presentation,
    /// The chip is read: access, EF.SOD, data groups; or the card's enrollment is looked up.
    Document,
    /// Passive authentication.
    Authentication,
    /// Age, issuer, validity, lists.
    Eligibility,
    /// The first door: the traveler walks in.
    Entry,
    /// Capture and comparison of face or finger.
    Biometric,
    /// An officer decides.
    Referral,
    /// The second door: the traveler walks out.
    Exit,
    /// The traveler walks back through the first door.
    WayBack,
    /// Purge and record.
    Closing,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: &'static [Self] = &[
        Self::Presentation,
        Self::Document,
        Self::Authentication,
        Self::Eligibility,
        Self::Entry,
        Self::Biometric,
        Self::Referral,
        Self::Exit,
        Self::WayBack,
        Self::Closing,
    ];
}

/// How a crossing ended. Every crossing has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The gate accepted the traveler.
    Accepted,
    /// A named officer accepted the traveler.
    AcceptedByOfficer,
    /// A named officer refused the traveler.
    RefusedByOfficer,
    /// The gate refused the document.
    Refused,
    /// Referred, and sent to the desk: no officer decided at the gate.
    SentToDesk,
    /// The traveler went away, or took the document away, before a decision.
    Abandoned,
    /// The equipment failed, or an emergency release ended it.
    Failed,
    /// The controller stopped in the middle; closed when it started again.
    Interrupted,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[
        Self::Accepted,
        Self::AcceptedByOfficer,
        Self::RefusedByOfficer,
        Self::Refused,
        Self::SentToDesk,
        Self::Abandoned,
        Self::Failed,
        Self::Interrupted,
    ];

    /// Whether the second door was to open.
    pub const fn admits(self) -> bool {
        matches!(self, Self::Accepted | Self::AcceptedByOfficer)
    }
}

/// What the traveler presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// An electronic travel document.
    TravelDocument,
    /// A trusted traveler's card.
    TrustedTravelerCard,
    /// It was never told.
    Unknown,
}

/// A door of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The first door, from the waiting side.
    Entry,
    /// The second door, to the far side.
    Exit,
}

/// What happened to a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorMovementKind {
    /// The controller ordered it to open.
    OpenOrdered,
    /// The controller ordered it to close.
    CloseOrdered,
    /// The turnstile reported it open.
    Opened,
    /// The turnstile reported it closed.
    Closed,
    /// A person went through.
    Passed,
    /// Something stood in its way.
    Obstructed,
}

/// One movement of one door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorMovement {
    /// Which door.
    pub door: Door,
    /// What it did.
    pub movement: DoorMovementKind,
    /// Milliseconds since the crossing began.
    pub at_ms: u64,
}

/// One line of a crossing's time line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// The stage.
    pub stage: Stage,
    /// When it began: milliseconds since the crossing began.
    pub began_ms: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Reasons that arose in it, retries included.
    pub reasons: Vec<Reason>,
    /// Facts for the officer, such as the data group whose hash failed. Never personal or biometric.
    pub detail: Option<String>,
}

/// A comparison's score against its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The score, in the units of the comparison: cosine for plain templates, `1 - 2 d / bits` for codes.
    pub score: f32,
    /// The threshold of this location.
    pub threshold: f32,
}

/// What an officer chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfficerChoice {
    /// Let the traveler through.
    Accept,
    /// Do not.
    Refuse,
}

/// A named officer's decision on one crossing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficerDecision {
    /// The officer's login name.
    pub officer: String,
    /// Accept or refuse.
    pub choice: OfficerChoice,
    /// The reason that the officer wrote; never empty.
    pub note: String,
    /// Milliseconds since the crossing began.
    pub at_ms: u64,
}

/// The record of one finished crossing. Holds no name, no document number and nothing biometric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossingRecord {
    /// The crossing. Uploads are idempotent by it.
    pub crossing: CrossingId,
    /// The gate.
    pub gate: GateId,
    /// When the document was presented.
    pub began: Timestamp,
    /// When the outcome was final.
    pub ended: Timestamp,
    /// What was presented.
    pub token: TokenKind,
    /// The issuing state or organization of the document, as in its machine readable zone.
    pub issuer: Option<String>,
    /// The trusted traveler's enrollment.
    pub enrollment: Option<EnrollmentId>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why; the decisive reason first, never empty.
    pub reasons: Vec<Reason>,
    /// The officer's decision, if one was asked.
    pub officer: Option<OfficerDecision>,
    /// The last comparison.
    pub measurement: Option<Measurement>,
    /// Stage by stage.
    pub timeline: Vec<TimelineEntry>,
    /// Every movement of both doors.
    pub doors: Vec<DoorMovement>,
}
