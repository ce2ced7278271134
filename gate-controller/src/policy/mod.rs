//! What this location admits: eligibility, proofs, thresholds, timeouts, retries. All of it configuration.

mod card;
mod chip;
mod face;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::Date};
use sallyport_matcher::{
    face::{Fmr, PadPolicy},
    finger::Extraction,
};
use sallyport_protocol::{EnrollmentId, EnrollmentStatus, Reason, TokenKind};
use serde::{Deserialize, Serialize};

pub use self::{
    card::{CardFactor, Factor},
    chip::{ChipAccess, ChipGenuineness},
    face::LivenessRule,
};

/// The policy of one location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Youngest traveler admitted without an officer, in years.
    pub minimum_age_years: u16,
    /// Issuers admitted, as in the machine readable zone; empty: all.
    pub admitted_issuers: Vec<String>,
    /// First letters of the document codes admitted.
    pub admitted_documents: Vec<String>,
    /// How chips are opened.
    pub chip_access: ChipAccess,
    /// Whether a chip must prove that it is the issued one.
    pub chip_genuineness: ChipGenuineness,
    /// Longest time without the enrollment service for which its cache is trusted, in hours.
    pub cache_grace_h: u32,
    /// How often a document may be presented in one crossing.
    pub document_attempts: u32,
    /// How long a document may take to be read, in milliseconds.
    pub document_ms: u64,
    /// False match rate at which faces are compared.
    pub face_fmr: Fmr,
    /// How often a face may be compared in one crossing.
    pub face_attempts: u32,
    /// How long one attempt looks for a face that is good enough, in milliseconds.
    pub face_attempt_ms: u64,
    /// How long capture and comparison may take together, in milliseconds.
    pub face_ms: u64,
    /// How many frames must agree before a match is accepted ahead of time; below 2 the false match rate rises above
    /// `face_fmr`.
    pub face_frames_min: usize,
    /// Whether a living face must be seen.
    pub liveness: LivenessRule,
    /// How long the cues may take before a match counts without their verdict, where `liveness` allows that, in
    /// milliseconds.
    pub liveness_patience_ms: u64,
    /// From where on a cue speaks against a living face.
    pub pad: PadPolicy,
    /// Which factor a trusted traveler's card asks for.
    pub card_factor: CardFactor,
    /// False match rate at which fingers are compared: of one comparison with one enrolled finger. Several enrolled fingers
    /// are several chances.
    pub finger_fmr: Fmr,
    /// How fingers are read.
    pub finger_extraction: Extraction,
    /// How often a finger may be compared in one crossing.
    pub finger_attempts: u32,
    /// How long one attempt waits for an impression that is good enough, in milliseconds.
    pub finger_attempt_ms: u64,
    /// How long capture and comparison of fingers may take together, in milliseconds.
    pub finger_ms: u64,
    /// How long a traveler may take to walk through a door, in milliseconds.
    pub passage_ms: u64,
    /// How often the way out, or back, is opened for somebody who does not go.
    pub passage_attempts: u32,
    /// How long a door may take to close, in milliseconds.
    pub closing_ms: u64,
    /// How long a referral waits for an officer, in milliseconds.
    pub referral_ms: u64,
    /// How long a traveler who was not admitted is still told where to go, in milliseconds.
    pub farewell_ms: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            minimum_age_years: 16,
            admitted_issuers: Vec::new(),
            admitted_documents: vec!["P".into()],
            chip_access: ChipAccess::default(),
            chip_genuineness: ChipGenuineness::default(),
            cache_grace_h: 24,
            document_attempts: 3,
            document_ms: 20_000,
            face_fmr: Fmr::OneInTenThousand,
            face_attempts: 3,
            face_attempt_ms: 3_000,
            face_ms: 20_000,
            face_frames_min: 2,
            liveness: LivenessRule::default(),
            liveness_patience_ms: 800,
            pad: PadPolicy::default(),
            card_factor: CardFactor::default(),
            finger_fmr: Fmr::OneInTenThousand,
            finger_extraction: Extraction::default(),
            finger_attempts: 3,
            finger_attempt_ms: 15_000,
            finger_ms: 45_000,
            passage_ms: 15_000,
            passage_attempts: 3,
            closing_ms: 5_000,
            referral_ms: 120_000,
            farewell_ms: 5_000,
        }
    }
}

/// What is known of a trusted traveler's enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentFacts {
    /// The enrollment.
    pub id: EnrollmentId,
    /// Whether it may be used.
    pub status: EnrollmentStatus,
    /// When it ends.
    pub expires: Timestamp,
    /// When the cache last agreed with the service.
    pub synced: Timestamp,
    /// Whether the gate can compare a face with it.
    pub face: bool,
    /// Whether the gate can compare a finger with it, given a sensor.
    pub fingers: bool,
}

/// What was learned from the token: no name, no number, nothing biometric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFacts {
    /// What was presented.
    pub token: TokenKind,
    /// The document code, such as `P`.
    pub document_type: Option<String>,
    /// The issuer, as in the machine readable zone.
    pub issuer: Option<String>,
    /// The date of birth, when wholly known.
    pub birth: Option<Date>,
    /// The date of expiry.
    pub expiry: Option<Date>,
    /// The enrollment, for a card.
    pub enrollment: Option<EnrollmentFacts>,
}

impl Policy {
    /// Why this traveler must see an officer before the first door; empty if the gate may go on.
    pub fn objections(&self, facts: &DocumentFacts, now: Timestamp) -> Vec<Reason> {
        match (facts.token, &facts.enrollment) {
            (TokenKind::TravelDocument, _) => self.document_objections(facts, now),
            (TokenKind::TrustedTravelerCard, Some(enrollment)) => self.enrollment_objections(enrollment, now),
            (TokenKind::TrustedTravelerCard, None) => vec![Reason::CardUnknown],
            (TokenKind::Unknown, _) => vec![Reason::DocumentTypeNotAdmitted],
        }
    }

    /// The factor that the holder of this card is asked for now, or why nobody can be: an officer decides then.
    pub fn factor(&self, enrollment: &EnrollmentFacts, sensor_works: bool) -> Result<Factor, Reason> {
        let face = enrollment.face && self.card_factor.takes(Factor::Face);
        let fingers = enrollment.fingers && self.card_factor.takes(Factor::Finger);
        match (fingers, face) {
            (true, _) if sensor_works => Ok(Factor::Finger),
            (_, true) => Ok(Factor::Face),
            (true, false) => Err(Reason::FingerSensorUnavailable),
            (false, false) => Err(Reason::FactorNotEnrolled),
        }
    }

    fn document_objections(&self, facts: &DocumentFacts, now: Timestamp) -> Vec<Reason> {
        // Days are counted in UTC: at worst some hours early or late, and never a different answer at two gates.
        let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
        let mut objections = Vec::new();
        let code = facts.document_type.as_deref().unwrap_or_default();
        if !self.admitted_documents.iter().any(|admitted| code.starts_with(admitted.as_str())) {
            objections.push(Reason::DocumentTypeNotAdmitted);
        }
        let issuer = facts.issuer.as_deref().unwrap_or_default();
        if !self.admitted_issuers.is_empty() && !self.admitted_issuers.iter().any(|admitted| admitted == issuer) {
            objections.push(Reason::IssuerNotAdmitted);
        }
        if facts.expiry.is_none_or(|expiry| expiry < today) {
            objections.push(Reason::DocumentExpired);
        }
        match facts.birth {
            None => objections.push(Reason::AgeUnknown),
            Some(birth) if age_years(birth, today) < i32::from(self.minimum_age_years) => {
                objections.push(Reason::AgeBelowMinimum);
            }
            Some(_) => {}
        }
        objections
    }

    fn enrollment_objections(&self, enrollment: &EnrollmentFacts, now: Timestamp) -> Vec<Reason> {
        let mut objections = Vec::new();
        if enrollment.status == EnrollmentStatus::Suspended {
            objections.push(Reason::EnrollmentSuspended);
        }
        if enrollment.expires <= now {
            objections.push(Reason::EnrollmentExpired);
        }
        if is_stale(enrollment.synced, now, Duration::from_secs(u64::from(self.cache_grace_h) * 3_600)) {
            objections.push(Reason::EnrollmentCacheStale);
        }
        objections
    }
}

/// How far a clock may be set back without putting in doubt for how long the gate has been cut off.
const SET_BACK_MAX: SignedDuration = SignedDuration::from_mins(5);

/// Whether what agreed with the service at `synced` is older than its grace time, or of a time that has not come yet: the
/// clock was set back then, and nobody knows how old it is.
pub fn is_stale(synced: Timestamp, now: Timestamp, grace: Duration) -> bool {
    let age = now.duration_since(synced);
    age < -SET_BACK_MAX || age > SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX)
}

/// Age in whole years; negative before birth. Who is born on 29 February is a year older on 1 March.
pub fn age_years(birth: Date, today: Date) -> i32 {
    let before_birthday = (today.month(), today.day()) < (birth.month(), birth.day());
    i32::from(today.year()) - i32::from(birth.year()) - i32::from(before_birthday)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn passport() -> DocumentFacts {
        DocumentFacts {
            token: TokenKind::TravelDocument,
            document_type: Some("P".into()),
            issuer: Some("UTO".into()),
            birth: Some("1974-08-12".parse().unwrap()),
            expiry: Some("2026-11-24".parse().unwrap()),
            enrollment: None,
        }
    }

    #[test]
    fn each_objection_is_its_own() {
        let policy = Policy { admitted_issuers: vec!["UTO".into()], ..Policy::default() };
        let objections = |change: &dyn Fn(&mut DocumentFacts)| {
            let mut facts = passport();
            change(&mut facts);
            policy.objections(&facts, now())
        };
        assert_eq!(objections(&|_| {}), [], "valid on its last day");
        assert_eq!(objections(&|facts| facts.issuer = Some("XXA".into())), [Reason::IssuerNotAdmitted]);
        assert_eq!(objections(&|facts| facts.document_type = Some("V".into())), [Reason::DocumentTypeNotAdmitted]);
        assert_eq!(objections(&|facts| facts.expiry = Some("2026-11-23".parse().unwrap())), [Reason::DocumentExpired]);
        assert_eq!(objections(&|facts| facts.birth = None), [Reason::AgeUnknown]);
        let born = |text: &str| objections(&|facts| facts.birth = Some(text.parse().unwrap()));
        assert_eq!(born("2010-11-24"), [], "sixteen today");
        assert_eq!(born("2010-11-25"), [Reason::AgeBelowMinimum]);
    }

    #[test]
    fn a_clock_that_was_set_back_lengthens_no_grace() {
        let after = |seconds: i64| Timestamp::from_second(now().as_second() + seconds).unwrap();
        let grace = Duration::from_secs(3_600);
        for (seconds, stale) in
            [(0, false), (3_600, false), (3_601, true), (-300, false), (-301, true), (-90_000, true)]
        {
            assert_eq!(is_stale(now(), after(seconds), grace), stale, "{seconds} s later");
        }
    }

    #[test]
    fn enrollments_are_suspended_expire_and_grow_stale() {
        let hours_ago = |hours: i64| Timestamp::from_second(now().as_second() - hours * 3_600).unwrap();
        let objections = |status, expires, synced| {
            let id = EnrollmentId::from_bytes([1; 16]);
            let enrollment = EnrollmentFacts { id, status, expires, synced, face: true, fingers: false };
            let token = TokenKind::TrustedTravelerCard;
            let facts = DocumentFacts { token, enrollment: Some(enrollment), ..passport() };
            Policy::default().objections(&facts, now())
        };
        let (active, later) = (EnrollmentStatus::Active, hours_ago(-1));
        assert_eq!(objections(active, later, hours_ago(24)), []);
        assert_eq!(objections(active, later, hours_ago(25)), [Reason::EnrollmentCacheStale]);
        assert_eq!(objections(active, later, hours_ago(-1)), [Reason::EnrollmentCacheStale], "the clock was set back");
        assert_eq!(objections(active, now(), now()), [Reason::EnrollmentExpired]);
        assert_eq!(objections(EnrollmentStatus::Suspended, later, now()), [Reason::EnrollmentSuspended]);
        let card = DocumentFacts { token: TokenKind::TrustedTravelerCard, ..passport() };
        assert_eq!(Policy::default().objections(&card, now()), [Reason::CardUnknown]);
    }

    #[test]
    fn a_card_asks_for_what_policy_takes_and_the_enrollment_has() {
        use CardFactor::{Face, Finger, FingerElseFace};
        use Reason::{FactorNotEnrolled as NotEnrolled, FingerSensorUnavailable as NoSensor};
        // Policy; whether face and fingers are enrolled; with a sensor that works, and without.
        for (card_factor, face, fingers, with, without) in [
            (FingerElseFace, true, true, Ok(Factor::Finger), Ok(Factor::Face)),
            (FingerElseFace, true, false, Ok(Factor::Face), Ok(Factor::Face)),
            (FingerElseFace, false, true, Ok(Factor::Finger), Err(NoSensor)),
            (FingerElseFace, false, false, Err(NotEnrolled), Err(NotEnrolled)),
            (Finger, true, true, Ok(Factor::Finger), Err(NoSensor)),
            (Finger, true, false, Err(NotEnrolled), Err(NotEnrolled)),
            (Face, true, true, Ok(Factor::Face), Ok(Factor::Face)),
            (Face, false, true, Err(NotEnrolled), Err(NotEnrolled)),
        ] {
            let policy = Policy { card_factor, ..Policy::default() };
            let (id, status) = (EnrollmentId::from_bytes([1; 16]), EnrollmentStatus::Active);
            let enrollment = EnrollmentFacts { id, status, expires: now(), synced: now(), face, fingers };
            for (works, expected) in [(true, with), (false, without)] {
                assert_eq!(policy.factor(&enrollment, works), expected, "{card_factor:?} {face} {fingers} {works}");
            }
        }
    }
}
