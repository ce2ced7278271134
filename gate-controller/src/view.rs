//! What the supervisor shows and what officers order: the seam between the supervisor and the screens.
//!
//! The supervisor publishes a [`TravelerView`] and a [`GateView`] through watch channels, puts the two images of
//! a referral on the [`ReferralDesk`], and answers each [`OfficerOrder`] through its reply channel. Views are plain
//! data, serialized as they are to the pages; nothing biometric is ever part of one.

use std::{fmt, sync::Mutex};

use jiff::Timestamp;
use sallyport_privacy::accounts::Standing;
use sallyport_protocol::{
    CrossingId, Door, EnrollmentId, GateId, GateMode, Measurement, OfficerChoice, Outcome, Reason, Stage, TokenKind,
};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// What the traveler is asked to do now: one thing at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TravelerInstruction {
    /// Lay the passport, or hold the card, on the reader.
    PresentDocument,
    /// Leave the document where it is: it is being read.
    KeepDocument,
    /// The first door is open: take the document and walk in.
    WalkIn,
    /// Look at the camera and stand still.
    LookAtCamera,
    /// Take off hat, sunglasses or mask, then look at the camera.
    UncoverFace,
    /// Too far from the cameras.
    StepCloser,
    /// Too near.
    StepBack,
    /// The face is blurred by movement.
    HoldStill,
    /// The head is turned or tilted.
    FaceTheCamera,
    /// Dark glasses hide the eyes.
    TakeOffGlasses,
    /// A hat hides the forehead.
    TakeOffHat,
    /// The eyes are shut.
    OpenEyes,
    /// The mouth is open.
    CloseMouth,
    /// Only one person may be inside.
    OnePersonOnly,
    /// Place a finger on the sensor.
    PlaceFinger,
    /// The impression is taken: lift the finger.
    LiftFinger,
    /// The finger's middle belongs on the sensor's.
    CenterFinger,
    /// The finger left the sensor too soon.
    HoldFinger,
    /// The ridges are broken or faint: a dry finger, or one that hardly touches.
    PressHarder,
    /// The ridges run into each other: a wet finger, or one that is pressed too hard.
    PressLess,
    /// Another finger, or the same once more.
    AnotherFinger,
    /// Wait: an officer is looking, or the gate is working.
    Wait,
    /// The second door is open: go through.
    GoThrough,
    /// The first door is open as the way back.
    GoBack,
    /// Go to the desk: this gate cannot decide.
    GoToDesk,
    /// The gate is closed, held or broken.
    OutOfService,
    /// Emergency: doors are released, leave now.
    LeaveNow,
}

impl TravelerInstruction {
    /// Every instruction, in the order of a crossing.
    pub const ALL: &'static [Self] = &[
        Self::PresentDocument,
        Self::KeepDocument,
        Self::WalkIn,
        Self::LookAtCamera,
        Self::UncoverFace,
        Self::StepCloser,
        Self::StepBack,
        Self::HoldStill,
        Self::FaceTheCamera,
        Self::TakeOffGlasses,
        Self::TakeOffHat,
        Self::OpenEyes,
        Self::CloseMouth,
        Self::OnePersonOnly,
        Self::PlaceFinger,
        Self::LiftFinger,
        Self::CenterFinger,
        Self::HoldFinger,
        Self::PressHarder,
        Self::PressLess,
        Self::AnotherFinger,
        Self::Wait,
        Self::GoThrough,
        Self::GoBack,
        Self::GoToDesk,
        Self::OutOfService,
        Self::LeaveNow,
    ];

    /// Whether it is what a traveler does while the cameras look: one such instruction may take another's place.
    pub const fn is_for_the_camera(self) -> bool {
        matches!(
            self,
            Self::LookAtCamera
                | Self::UncoverFace
                | Self::StepCloser
                | Self::StepBack
                | Self::HoldStill
                | Self::FaceTheCamera
                | Self::TakeOffGlasses
                | Self::TakeOffHat
                | Self::OpenEyes
                | Self::CloseMouth
                | Self::OnePersonOnly
        )
    }

    /// Whether it is what a traveler does with a finger on the sensor, likewise.
    pub const fn is_for_the_sensor(self) -> bool {
        matches!(
            self,
            Self::PlaceFinger
                | Self::LiftFinger
                | Self::CenterFinger
                | Self::HoldFinger
                | Self::PressHarder
                | Self::PressLess
                | Self::AnotherFinger
        )
    }

    /// The name in views, message identifiers and pictograms, such as `present-document`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PresentDocument => "present-document",
            Self::KeepDocument => "keep-document",
            Self::WalkIn => "walk-in",
            Self::LookAtCamera => "look-at-camera",
            Self::UncoverFace => "uncover-face",
            Self::StepCloser => "step-closer",
            Self::StepBack => "step-back",
            Self::HoldStill => "hold-still",
            Self::FaceTheCamera => "face-the-camera",
            Self::TakeOffGlasses => "take-off-glasses",
            Self::TakeOffHat => "take-off-hat",
            Self::OpenEyes => "open-eyes",
            Self::CloseMouth => "close-mouth",
            Self::OnePersonOnly => "one-person-only",
            Self::PlaceFinger => "place-finger",
            Self::LiftFinger => "lift-finger",
            Self::CenterFinger => "center-finger",
            Self::HoldFinger => "hold-finger",
            Self::PressHarder => "press-harder",
            Self::PressLess => "press-less",
            Self::AnotherFinger => "another-finger",
            Self::Wait => "wait",
            Self::GoThrough => "go-through",
            Self::GoBack => "go-back",
            Self::GoToDesk => "go-to-desk",
            Self::OutOfService => "out-of-service",
            Self::LeaveNow => "leave-now",
        }
    }
}

/// What the traveler screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TravelerView {
    /// The one thing to do.
    pub instruction: TravelerInstruction,
    /// Why, if it helps the traveler: shown below in the traveler's words.
    pub reason: Option<Reason>,
    /// Progress of reading the chip, in percent (0..=100).
    pub progress: Option<u8>,
    /// The language to start in (`en`, `fr`, `es`, `ar`, `zh`, `ja`); the page's default when `None`.
    pub language: Option<String>,
}

impl TravelerView {
    /// A view of this instruction and nothing else.
    pub fn of(instruction: TravelerInstruction) -> Self {
        Self { instruction, reason: None, progress: None, language: None }
    }
}

/// What is known of a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorView {
    /// Reported closed.
    Closed,
    /// Ordered or moving, not yet reported.
    Moving,
    /// Reported open.
    Open,
    /// Something stands in its way.
    Obstructed,
    /// The line is lost, so nobody knows.
    Unknown,
}

/// The link to the enrollment service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// The last exchange succeeded.
    Connected,
    /// Cut off, still inside the policy's grace.
    Offline,
    /// Cut off for longer than the policy allows.
    Stale,
}

/// What the officer is told of the document: never a name or number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferralFacts {
    /// What was presented.
    pub token: TokenKind,
    /// The document code of the machine readable zone, such as `P`.
    pub document_type: Option<String>,
    /// The issuing state or organization, as in the machine readable zone.
    pub issuer: Option<String>,
    /// Age in whole years.
    pub age_years: Option<u16>,
    /// The date of expiry, `YYYY-MM-DD`.
    pub expiry: Option<String>,
    /// A technical fact, such as the data group whose hash differs.
    pub detail: Option<String>,
}

/// A crossing that waits for an officer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferralView {
    /// The crossing.
    pub crossing: CrossingId,
    /// Why it was referred; the decisive reason first.
    pub reasons: Vec<Reason>,
    /// The last comparison.
    pub measurement: Option<Measurement>,
    /// The stage that referred it.
    pub stage: Stage,
    /// Since when the traveler has been waiting.
    pub waiting_since: Timestamp,
    /// When the gate stops waiting and sends the traveler to the desk.
    pub decide_before: Option<Timestamp>,
    /// Whether the desk holds the document's portrait.
    pub has_reference: bool,
    /// Whether the desk holds the live picture.
    pub has_probe: bool,
    /// What is known of the document.
    pub facts: ReferralFacts,
}

/// One crossing that ended a short while ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentCrossing {
    /// When it ended.
    pub time: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Why; the decisive reason first.
    pub reasons: Vec<Reason>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What was presented.
    pub token: TokenKind,
}

/// What an officer sees of one gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateView {
    /// The gate.
    pub gate: GateId,
    /// The mode that officers set.
    pub mode: GateMode,
    /// Whether a traveler may come, now or after the crossing in progress.
    pub serves: bool,
    /// The stage of the crossing in progress.
    pub stage: Option<Stage>,
    /// The first door.
    pub entry: DoorView,
    /// The second door.
    pub exit: DoorView,
    /// The crossing in progress.
    pub crossing: Option<CrossingId>,
    /// Since when this stage, or this idleness, has lasted.
    pub since: Timestamp,
    /// What needs attention now.
    pub troubles: Vec<Reason>,
    /// The link to the enrollment service.
    pub link: LinkState,
    /// Records not yet uploaded.
    pub records_waiting: u64,
    /// The crossing that waits for an officer.
    pub referral: Option<ReferralView>,
    /// The last crossings, newest first, at most [`GateView::RECENT_MAX`].
    pub recent: Vec<RecentCrossing>,
}

impl GateView {
    /// Most crossings in [`GateView::recent`].
    pub const RECENT_MAX: usize = 20;
}

/// What a logged-in officer orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Decide the referral of this crossing.
    Decide {
        /// The crossing that the officer saw.
        crossing: CrossingId,
        /// Accept or refuse.
        choice: OfficerChoice,
        /// Why; never empty.
        note: String,
    },
    /// Hold, close or take into service. [`GateMode::Released`] is never ordered from a screen.
    SetMode {
        /// The new mode.
        mode: GateMode,
    },
    /// Manual passage through one door.
    OpenDoor {
        /// The door.
        door: Door,
        /// Why; never empty.
        note: String,
    },
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refused", rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderRefused {
    /// That crossing waits for no decision: another officer was first, or it timed out.
    #[error("this crossing no longer waits for a decision: look at the recent crossings")]
    NoSuchReferral,
    /// The other door is not closed.
    #[error("the other door is not closed: wait until it is")]
    Interlock,
    /// A crossing is in progress, or the mode forbids it.
    #[error("not possible now: wait for the end of the crossing, then try again")]
    NotNow,
    /// The equipment does not allow it.
    #[error("the equipment does not allow it now ({reason})")]
    Equipment {
        /// What is wrong.
        reason: Reason,
    },
    /// The controller did not answer.
    #[error("the controller did not answer: look at the gate before you try again")]
    NoAnswer,
}

/// One order of one officer, with the way back for its result.
#[derive(Debug)]
pub struct OfficerOrder {
    /// The officer's login name, from the session.
    pub officer: String,
    /// The order.
    pub order: Order,
    /// Takes the result, once it is journaled and accepted by the machine; the page waits for it.
    pub reply: oneshot::Sender<Result<(), OrderRefused>>,
}

/// Which of the two images of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferralImage {
    /// The document's portrait (DG2).
    Reference,
    /// The live picture.
    Probe,
}

/// The two images of the one referral in progress: in memory only, zeroed when taken away.
#[derive(Default)]
pub struct ReferralDesk(Mutex<Option<Laid>>);

struct Laid {
    crossing: CrossingId,
    enrollment: Option<EnrollmentId>,
    reference: Option<Zeroizing<Vec<u8>>>,
    probe: Option<Zeroizing<Vec<u8>>>,
}

impl ReferralDesk {
    /// An empty desk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays JPEG files on the desk for this crossing, in place of whatever lay there, and whose enrollment was presented:
    /// officers do not see it, their audit trail tells of it.
    pub fn lay(
        &self,
        crossing: CrossingId,
        enrollment: Option<EnrollmentId>,
        reference: Option<Zeroizing<Vec<u8>>>,
        probe: Option<Zeroizing<Vec<u8>>>,
    ) {
        *self.laid() = Some(Laid { crossing, enrollment, reference, probe });
    }

    /// The enrollment that was presented at this crossing.
    pub fn enrollment(&self, crossing: CrossingId) -> Option<EnrollmentId> {
        self.laid().as_ref().filter(|laid| laid.crossing == crossing)?.enrollment
    }

    /// Takes everything away and zeroes it. Called whenever a referral or its crossing ends.
    pub fn clear(&self) {
        *self.laid() = None;
    }

    /// Whether images of this crossing lie here.
    pub fn holds(&self, crossing: CrossingId) -> bool {
        self.laid().as_ref().is_some_and(|laid| laid.crossing == crossing)
    }

    /// A copy of one JPEG file for one response, zeroed when the response has been sent.
    pub fn image(&self, crossing: CrossingId, which: ReferralImage) -> Option<Zeroizing<Vec<u8>>> {
        let guard = self.laid();
        let laid = guard.as_ref().filter(|laid| laid.crossing == crossing)?;
        match which {
            ReferralImage::Reference => laid.reference.clone(),
            ReferralImage::Probe => laid.probe.clone(),
        }
    }

    // A panic elsewhere must not keep images on the desk: the poisoned lock is taken all the same.
    fn laid(&self) -> std::sync::MutexGuard<'_, Option<Laid>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl fmt::Debug for ReferralDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.laid().is_some() { "ReferralDesk(in use)" } else { "ReferralDesk(empty)" })
    }
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides referrals, sets modes, opens doors.
    Officer,
    /// Looks only.
    Observer,
}

impl Role {
    /// The name in the accounts file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Observer => "observer",
        }
    }
}

/// Why a login failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Unknown name or wrong password: deliberately the same.
    #[error("name or password is wrong")]
    Wrong,
    /// The accounts cannot be read.
    #[error("the accounts cannot be read ({0}): check accounts.toml in the gate's data folder")]
    Store(String),
}

/// Officers' accounts.
pub trait Accounts: Send + Sync {
    /// Checks a password. Must take as long for an unknown name as for a wrong password (hash a dummy).
    /// Called off the event loop, so that it may take its time.
    fn verify(&self, name: &str, password: &str) -> Result<Role, AccountError>;

    /// What sessions of this account rest on: another one after each change of its password or role, `None` if there is
    /// no such account.
    fn standing(&self, name: &str) -> Result<Option<Standing>, AccountError>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_desk_shows_images_of_its_crossing_only_and_forgets_them() {
        let (desk, mine, other) = (ReferralDesk::new(), CrossingId::random(), CrossingId::random());
        desk.lay(mine, Some(EnrollmentId::from_bytes([7; 16])), Some(Zeroizing::new(vec![1])), None);
        assert_eq!(desk.enrollment(mine), Some(EnrollmentId::from_bytes([7; 16])));
        assert_eq!(desk.enrollment(other), None);
        assert_eq!(*desk.image(mine, ReferralImage::Reference).unwrap(), vec![1]);
        assert!(desk.image(mine, ReferralImage::Probe).is_none());
        assert!(desk.image(other, ReferralImage::Reference).is_none());
        assert_eq!(format!("{desk:?}"), "ReferralDesk(in use)");
        desk.clear();
        assert!(!desk.holds(mine));
        assert!(desk.image(mine, ReferralImage::Reference).is_none());
    }

    #[test]
    fn instructions_have_distinct_names() {
        let names: std::collections::BTreeSet<_> = TravelerInstruction::ALL.iter().map(|i| i.name()).collect();
        assert_eq!(names.len(), TravelerInstruction::ALL.len());
        for instruction in TravelerInstruction::ALL {
            let json = serde_json::to_value(instruction).unwrap();
            assert_eq!(json.as_str().unwrap().replace('_', "-"), instruction.name());
        }
    }
}
