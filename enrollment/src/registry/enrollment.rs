//! One enrollment, as the store holds it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sallyport_protocol::{
    CardNumber, EnrollmentForGate, EnrollmentId, EnrollmentStatus, FingerCodes, FingerPosition, ProtectedCode,
};
use serde::{Deserialize, Serialize};

use super::{Consent, PersonName};

/// One enrollment of one trusted traveler.
#[derive(Debug, Serialize, Deserialize)]
pub struct Enrollment {
    /// Its identifier.
    pub id: EnrollmentId,
    /// Whose.
    pub name: PersonName,
    /// The card that claims it.
    pub card: CardNumber,
    /// Version of the seed of the face's code; each photograph raises it.
    pub version: u32,
    /// Whether it may be used.
    pub status: EnrollmentStatus,
    /// When it ends.
    pub expires: Timestamp,
    /// What the person agreed to.
    pub consent: Consent,
    /// The account that enrolled the person.
    pub enrolled_by: String,
    /// When.
    pub enrolled_at: Timestamp,
    /// The account that took the present photograph, if there is one.
    pub photographed_by: Option<String>,
    /// When.
    pub photographed_at: Option<Timestamp>,
    /// Manifest name of the net whose embedding is protected.
    pub model: Option<String>,
    /// The last change to it.
    pub revision: u64,
    pub(super) code: Option<ProtectedCode>,
    /// Version of the seed of the fingers' codes; taking all of them anew raises it.
    #[serde(default)]
    pub finger_version: u32,
    /// The account that took the last impression of a finger, if there is one.
    #[serde(default)]
    pub fingers_by: Option<String>,
    /// When.
    #[serde(default)]
    pub fingers_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) fingers: Vec<FingerCodes>,
}

impl Enrollment {
    /// What gates need of it.
    pub(super) fn for_gate(self) -> EnrollmentForGate {
        EnrollmentForGate {
            id: self.id,
            card: self.card,
            version: self.version,
            status: self.status,
            expires: self.expires,
            model: self.model,
            code: self.code,
            finger_version: self.finger_version,
            fingers: self.fingers,
        }
    }

    /// Whether a face is enrolled.
    pub fn has_face(&self) -> bool {
        self.code.is_some()
    }

    /// The fingers that are enrolled, each with how many impressions.
    pub fn fingers(&self) -> BTreeMap<FingerPosition, usize> {
        let mut fingers = BTreeMap::new();
        for codes in &self.fingers {
            let known = fingers.entry(codes.position).or_insert(0);
            *known = codes.impressions.len().max(*known);
        }
        fingers
    }

    /// Whether name or card number holds each of these words.
    pub(super) fn holds(&self, words: &[String]) -> bool {
        let (name, card) = (self.name.as_str().to_lowercase(), self.card.as_str().to_lowercase());
        words.iter().all(|word| name.contains(word) || card.contains(word))
    }
}

/// About how many bytes an enrollment has on its way to a gate.
pub(super) fn sent_bytes(enrollment: &EnrollmentForGate) -> usize {
    const ALL_ELSE: usize = 512;
    const AROUND_A_FINGER: usize = 128;
    let codes = enrollment.fingers.iter().flat_map(|finger| &finger.impressions).chain(&enrollment.code);
    // Four characters for three bytes, and those around them.
    ALL_ELSE
        + AROUND_A_FINGER * enrollment.fingers.len()
        + codes.map(|code| code.expose_bytes().len() * 4 / 3 + 8).sum::<usize>()
}
