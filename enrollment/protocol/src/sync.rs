//! Messages over the mutual TLS link. The gate is always the client; its name is its certificate's.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use crate::{CardNumber, CrossingId, CrossingRecord, EnrollmentId, EpochId, FingerCodes, GateId, Reason};

/// Paths of the gates' interface, version 1.
pub mod paths {
    /// `GET`: the application key of trusted travelers, [`super::ApplicationKeyGrant`].
    pub const APPLICATION_KEY: &str = "/api/v1/gate/application-key";
    /// `GET ?since=<revision>&epoch=<epoch>`: enrollments changed since then, [`super::EnrollmentPage`]. Answered by `409`
    /// if the service's history has no such revision: it was restored from a backup, and the gate must forget what it has
    /// and ask from 0, without an epoch.
    pub const ENROLLMENTS: &str = "/api/v1/gate/enrollments";
    /// `POST` a [`super::RecordBatch`], answered by a [`super::RecordReceipt`]; by `400`, `413` or `422` if something is
    /// wrong with these very records.
    pub const RECORDS: &str = "/api/v1/gate/records";
    /// `POST` a [`super::GateHealth`], answered by `204`.
    pub const HEALTH: &str = "/api/v1/gate/health";
}

/// A protected (cancellable) code as it travels: useless without the seed, zeroed on drop, never printed.
///
/// It is written, for that is how it travels, but not copied:
/// ```compile_fail,E0277
/// fn copied<T: Clone>() {}
/// copied::<sallyport_protocol::ProtectedCode>();
/// ```
pub struct ProtectedCode(Zeroizing<Vec<u8>>);

impl ProtectedCode {
    /// The longest code accepted, in bytes.
    pub const BYTES_MAX: usize = 8192;

    /// Wraps a code's bytes.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The code's bytes, for `sallyport-privacy` to read.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ProtectedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProtectedCode({} bytes)", self.0.len())
    }
}

/// A secret that travels once, at commissioning: 32 bytes, zeroed on drop, never printed.
///
/// It is written, for that is how it travels, but not copied:
/// ```compile_fail,E0277
/// fn copied<T: Clone>() {}
/// copied::<sallyport_protocol::ApplicationKeyGrant>();
/// ```
pub struct ApplicationKeyGrant {
    /// The application: `trusted-traveler`.
    pub application: String,
    /// Which generation of the key: a gate fetches again when a page names another.
    pub generation: u32,
    /// The key.
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for ApplicationKeyGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApplicationKeyGrant({}, generation {})", self.application, self.generation)
    }
}

#[derive(Serialize, Deserialize)]
struct ApplicationKeyGrantOnWire {
    application: String,
    generation: u32,
    key: Base64Secret,
}

impl Serialize for ApplicationKeyGrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ApplicationKeyGrantOnWire {
            application: self.application.clone(),
            generation: self.generation,
            key: Base64Secret(Zeroizing::new(self.key.to_vec())),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ApplicationKeyGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = ApplicationKeyGrantOnWire::deserialize(deserializer)?;
        if wire.key.0.len() != 32 {
            return Err(D::Error::custom(format!("an application key has 32 bytes, this has {}", wire.key.0.len())));
        }
        Ok(Self { application: wire.application, generation: wire.generation, key: wire.key.0 })
    }
}

struct Base64Secret(Zeroizing<Vec<u8>>);

impl Serialize for Base64Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(&self.0[..])))
    }
}

impl<'de> Deserialize<'de> for Base64Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        STANDARD.decode(text.as_bytes()).map(|bytes| Self(Zeroizing::new(bytes))).map_err(D::Error::custom)
    }
}

impl Serialize for ProtectedCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(&self.0[..])))
    }
}

impl<'de> Deserialize<'de> for ProtectedCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Base64Secret::deserialize(deserializer)?.0;
        if bytes.is_empty() || bytes.len() > Self::BYTES_MAX {
            return Err(D::Error::custom(format!(
                "a code has 1 to {} bytes, this has {}",
                Self::BYTES_MAX,
                bytes.len()
            )));
        }
        Ok(Self(bytes))
    }
}

/// Whether an enrollment may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrollmentStatus {
    /// In use.
    Active,
    /// Suspended by staff; may be taken up again.
    Suspended,
}

/// What a gate needs of an enrollment: no name, no photograph.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnrollmentForGate {
    /// The enrollment.
    pub id: EnrollmentId,
    /// The card that claims it.
    pub card: CardNumber,
    /// Version of the seed of the face's code; raised to revoke.
    pub version: u32,
    /// Whether it may be used.
    pub status: EnrollmentStatus,
    /// When it ends.
    pub expires: Timestamp,
    /// Manifest name of the net whose embedding is protected, where the face is enrolled.
    #[serde(default)]
    pub model: Option<String>,
    /// The face's protected code, likewise.
    #[serde(default)]
    pub code: Option<ProtectedCode>,
    /// When the consent to compare the face ends, or ended before it would have. Services of before consents had an end of
    /// their own do not say: it ends with the enrollment then.
    #[serde(default)]
    pub face_until: Option<Timestamp>,
    /// Version of the seed of the fingers' codes; raised to revoke them.
    #[serde(default)]
    pub finger_version: u32,
    /// The fingers that are enrolled.
    #[serde(default)]
    pub fingers: Vec<FingerCodes>,
    /// When the consent to compare fingers ends, or ended, likewise.
    #[serde(default)]
    pub fingers_until: Option<Timestamp>,
    /// Generation of the application key with which all codes were made. With another one they match nobody.
    #[serde(default = "of_the_first_version")]
    pub key_generation: u32,
    /// Whether codes were revoked, and face or fingers have to be taken anew.
    #[serde(default)]
    pub revoked: bool,
}

/// The one generation that there was before keys were revoked.
fn of_the_first_version() -> u32 {
    1
}

/// Changes since a revision.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnrollmentPage {
    /// Ask for changes since this revision next time,
    pub revision: u64,
    /// and of this epoch.
    pub epoch: EpochId,
    /// More changes wait: ask again at once.
    pub more: bool,
    /// Generation of the application key under which the codes were made.
    pub key_generation: u32,
    /// Enrollments that are new or changed.
    pub changed: Vec<EnrollmentForGate>,
    /// Enrollments to forget.
    pub removed: Vec<EnrollmentId>,
}

/// Records for upload; at least once, idempotent by crossing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordBatch {
    /// The records, oldest first, at most [`RecordBatch::RECORDS_MAX`].
    pub records: Vec<CrossingRecord>,
}

impl RecordBatch {
    /// Most records in one batch.
    pub const RECORDS_MAX: usize = 200;
    /// Longest batch as JSON, in bytes: 200 records of 20 kB.
    pub const BYTES_MAX: usize = 4 << 20;
}

/// The records that the service has on its disk, flushed, whether from this upload or an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReceipt {
    /// The crossings that need not be sent again.
    pub stored: Vec<CrossingId>,
}

/// What an officer set the gate to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateMode {
    /// Working by itself.
    InService,
    /// Held: finishes the crossing in progress, takes no new one.
    Held,
    /// Closed.
    Closed,
    /// Emergency release is active.
    Released,
}

/// A gate's sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateHealth {
    /// The gate, as in its certificate.
    pub gate: GateId,
    /// Software version.
    pub software: String,
    /// Mode set by officers.
    pub mode: GateMode,
    /// What needs attention now.
    pub troubles: Vec<Reason>,
    /// Records not yet uploaded.
    pub records_waiting: u64,
    /// The cache's revision,
    pub revision: u64,
    /// and the epoch that gave it: without it nobody can tell what the revision stands for.
    #[serde(default)]
    pub epoch: Option<EpochId>,
    /// How far its audit trail has come; `None` from gates that keep none, or cannot read it.
    #[serde(default)]
    pub trail: Option<TrailHead>,
}

/// How far a gate's audit trail has come, as the gate signs it. Whoever remembers it notices when the trail is cut or
/// rewritten later, by the gate's owner too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailHead {
    /// The trail's public key.
    pub key: String,
    /// Its last check-point, one line.
    pub checkpoint: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_survives_the_wire_and_prints_nothing() {
        let code = ProtectedCode::new(Zeroizing::new(vec![0xA5; 512]));
        let json = serde_json::to_string(&code).unwrap();
        let back: ProtectedCode = serde_json::from_str(&json).unwrap();
        assert_eq!(back.expose_bytes(), code.expose_bytes());
        assert_eq!(format!("{back:?}"), "ProtectedCode(512 bytes)");
        assert!(serde_json::from_str::<ProtectedCode>("\"\"").is_err());
    }

    #[test]
    fn an_enrollment_of_before_there_were_fingers_has_a_face() {
        let id = EnrollmentId::from_bytes([1; 16]);
        let old = format!(
            r#"{{"id":"{id}","card":"04A1B2C3","version":2,"status":"active","expires":"2027-02-01T00:00:00Z",
                "model":"net","code":"pQ=="}}"#
        );
        let enrollment: EnrollmentForGate = serde_json::from_str(&old).unwrap();
        assert_eq!(enrollment.code.as_ref().map(ProtectedCode::expose_bytes), Some(&[0xA5][..]));
        assert_eq!((enrollment.face_until, enrollment.fingers_until), (None, None));
        assert!(enrollment.fingers.is_empty() && enrollment.model.as_deref() == Some("net"));
        let fingers = FingerCodes {
            position: crate::FingerPosition::LeftThumb,
            extractor: "ridges".into(),
            impressions: vec![ProtectedCode::new(Zeroizing::new(vec![7; 65]))],
        };
        let new =
            EnrollmentForGate { model: None, code: None, finger_version: 3, fingers: vec![fingers], ..enrollment };
        let back: EnrollmentForGate = serde_json::from_str(&serde_json::to_string(&new).unwrap()).unwrap();
        assert_eq!((back.finger_version, back.fingers[0].impressions[0].expose_bytes()), (3, &[7; 65][..]));
        assert!(back.code.is_none() && !format!("{back:?}").contains("7, 7"));
    }

    #[test]
    fn an_application_key_of_another_length_is_refused() {
        let grant = ApplicationKeyGrant {
            application: "trusted-traveler".into(),
            generation: 1,
            key: Zeroizing::new(vec![7; 32]),
        };
        let json = serde_json::to_string(&grant).unwrap();
        assert!(!format!("{grant:?}").contains('7'));
        assert_eq!(*serde_json::from_str::<ApplicationKeyGrant>(&json).unwrap().key, vec![7; 32]);
        let short = r#"{"application":"trusted-traveler","generation":1,"key":"AAAA"}"#;
        assert!(serde_json::from_str::<ApplicationKeyGrant>(short).is_err());
    }
}
