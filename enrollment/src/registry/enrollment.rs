//! One enrollment, as the store holds it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sallyport_protocol::{
    CardNumber, EnrollmentForGate, EnrollmentId, EnrollmentStatus, FingerCodes, FingerPosition, ProtectedCode,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Consent, Consents, PersonName, Purpose, Revoked, consent::EarlierConsent};

/// One enrollment of one trusted traveler.
#[derive(Debug, Serialize, Deserialize)]
#[serde(remote = "Self")] // read and written by way of the implementations below
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
    /// What the person agreed to, and agreed to before.
    #[serde(default)]
    pub consents: Consents,
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
    /// Generation of the application's key with which all codes were made.
    #[serde(default = "of_the_first_version")]
    pub key_generation: u32,
    /// What was revoked, and was not taken anew yet.
    #[serde(default)]
    pub revoked: Option<Revoked>,
    /// Of a record of an earlier version; never there once it was read.
    #[serde(default, rename = "consent", skip_serializing)]
    pub(super) earlier_consent: Option<EarlierConsent>,
}

/// The one generation that there was before keys were revoked.
fn of_the_first_version() -> u32 {
    1
}

impl<'de> Deserialize<'de> for Enrollment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The one that `remote` derives.
        let mut enrollment = Self::deserialize(deserializer)?;
        if let Some(earlier) = enrollment.earlier_consent.take() {
            enrollment.take_over(earlier);
        }
        Ok(enrollment)
    }
}

impl Serialize for Enrollment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl Enrollment {
    /// What gates need of it, while this generation of the key is in use: codes of another one go nowhere, nor do those that
    /// nobody consented to.
    pub(super) fn for_gate(mut self, key_generation: u32) -> EnrollmentForGate {
        let revoked = self.revoked.is_some() || self.key_generation != key_generation;
        if self.key_generation != key_generation {
            self.code = None;
            self.fingers.clear();
        }
        let ends = |purpose| self.consents.last(purpose).map(Consent::ends);
        let (face_until, fingers_until) = (ends(Purpose::FaceTrustedTraveler), ends(Purpose::FingersTrustedTraveler));
        EnrollmentForGate {
            id: self.id,
            card: self.card,
            version: self.version,
            status: self.status,
            expires: self.expires,
            model: self.model,
            code: self.code.filter(|_| face_until.is_some()),
            face_until,
            finger_version: self.finger_version,
            fingers: if fingers_until.is_some() { self.fingers } else { Vec::new() },
            fingers_until,
            key_generation,
            revoked,
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

    /// How many protected codes it has.
    pub(super) fn codes(&self) -> u64 {
        let impressions: usize = self.fingers.iter().map(|finger| finger.impressions.len()).sum();
        u64::from(self.code.is_some()) + impressions as u64
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
