//! Machine-readable reasons. Each has a traveler's text, an officer's text and a remedy in `sallyport-wording`.

use serde::{Deserialize, Serialize};

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Explains a success.
    Information,
    /// The traveler can put it right and try again.
    Retry,
    /// An officer must look.
    Referral,
    /// The document or crossing is refused.
    Refusal,
    /// The equipment or its surroundings need attention.
    Equipment,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $severity:ident;)*) => {
        /// Why a crossing went as it did, or why a gate is not in service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Reason {
            /// Every reason there is, in the order of the crossing.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code in records and reports, such as `PA_HASH_MISMATCH`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How much it weighs.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

reasons! {
    /// The live face matched the portrait in DG2.
    FaceMatchedChip = "FACE_MATCHED_CHIP", Information;
    /// The live face matched the protected template of the enrollment.
    FaceMatchedEnrollment = "FACE_MATCHED_ENROLLMENT", Information;
    /// The live finger matched a protected template of the enrollment.
    FingerMatchedEnrollment = "FINGER_MATCHED_ENROLLMENT", Information;
    /// A named officer accepted the crossing.
    OfficerAccepted = "OFFICER_ACCEPTED", Information;
    /// A named officer refused the crossing.
    OfficerRefused = "OFFICER_REFUSED", Refusal;

    /// The reader saw a document but could not work with it.
    DocumentUnreadable = "DOCUMENT_UNREADABLE", Retry;
    /// The reader itself does not answer.
    ReaderUnavailable = "READER_UNAVAILABLE", Equipment;
    /// No machine readable zone was found on the page.
    MrzUnreadable = "MRZ_UNREADABLE", Retry;
    /// A check digit of the machine readable zone is wrong (Doc 9303-3, 4.9).
    MrzCheckDigitWrong = "MRZ_CHECK_DIGIT_WRONG", Retry;
    /// The chip stopped answering, or the document was taken away too soon.
    ChipNotResponding = "CHIP_NOT_RESPONDING", Retry;
    /// The chip did not accept the key derived from the machine readable zone.
    ChipAccessDenied = "CHIP_ACCESS_DENIED", Referral;
    /// The chip answered otherwise than Doc 9303 requires.
    ChipProtocolError = "CHIP_PROTOCOL_ERROR", Referral;
    /// PACE failed for another cause than a wrong key, or is not offered, and policy allows no BAC in its place.
    PaceFailed = "PACE_FAILED", Referral;
    /// The chip refuses a data group that the crossing needs.
    ChipDataRefused = "CHIP_DATA_REFUSED", Referral;
    /// Chip Authentication: the chip does not hold the private key to the signed public key (Doc 9303-11, 6.2): a clone.
    ChipAuthenticationFailed = "CHIP_AUTHENTICATION_FAILED", Refusal;
    /// Active Authentication: the chip does not hold the private key to the signed public key (Doc 9303-11, 6.1): a clone.
    ActiveAuthenticationFailed = "ACTIVE_AUTHENTICATION_FAILED", Refusal;
    /// The chip gave no proof that it is the issued one, though the signed data announce one or policy demands it: a
    /// clone from which the proof was stripped, or a document that never had any.
    ChipNotProvenGenuine = "CHIP_NOT_PROVEN_GENUINE", Referral;
    /// DG1 says something else than the printed machine readable zone.
    ChipMrzMismatch = "CHIP_MRZ_MISMATCH", Refusal;
    /// The portrait in DG2 cannot be decoded or holds no usable face.
    ChipPortraitUnusable = "CHIP_PORTRAIT_UNUSABLE", Referral;
    /// Passive authentication: a data group's hash differs from the one that EF.SOD signs.
    PaHashMismatch = "PA_HASH_MISMATCH", Refusal;
    /// Passive authentication: the signature over EF.SOD does not verify.
    PaSignatureInvalid = "PA_SIGNATURE_INVALID", Refusal;
    /// Passive authentication: no trusted CSCA issued the document signer.
    PaCscaUnknown = "PA_CSCA_UNKNOWN", Referral;
    /// Passive authentication: the document signer's certificate was not valid at the time.
    PaSignerExpired = "PA_SIGNER_EXPIRED", Referral;
    /// Passive authentication: the document signer's certificate was revoked. What it signed before may be genuine.
    PaSignerRevoked = "PA_SIGNER_REVOKED", Referral;
    /// Passive authentication: the document signer belongs to another country than the document's issuer. Not every
    /// organization's signers name a country that belongs to its code.
    PaCountryMismatch = "PA_COUNTRY_MISMATCH", Referral;
    /// Passive authentication: the document signer may not sign this type of document. Some issuers list too few.
    PaDocumentTypeMismatch = "PA_DOCUMENT_TYPE_MISMATCH", Referral;
    /// Passive authentication: EF.SOD is not what Doc 9303-10 describes.
    PaMalformed = "PA_MALFORMED", Refusal;

    /// The document's date of expiry has passed.
    DocumentExpired = "DOCUMENT_EXPIRED", Referral;
    /// This gate does not take this kind of document.
    DocumentTypeNotAdmitted = "DOCUMENT_TYPE_NOT_ADMITTED", Referral;
    /// This gate does not take documents of this issuer.
    IssuerNotAdmitted = "ISSUER_NOT_ADMITTED", Referral;
    /// The traveler is younger than this gate admits.
    AgeBelowMinimum = "AGE_BELOW_MINIMUM", Referral;
    /// The date of birth is unknown or incomplete, so that the age cannot be told.
    AgeUnknown = "AGE_UNKNOWN", Referral;

    /// The card belongs to no enrollment that this gate knows.
    CardUnknown = "CARD_UNKNOWN", Referral;
    /// The enrollment is suspended.
    EnrollmentSuspended = "ENROLLMENT_SUSPENDED", Referral;
    /// The enrollment has expired.
    EnrollmentExpired = "ENROLLMENT_EXPIRED", Referral;
    /// The enrollment's codes were revoked: face or fingers have to be taken anew.
    EnrollmentRevoked = "ENROLLMENT_REVOKED", Referral;
    /// The enrollment has neither of the factors (face, finger) that this location's policy takes.
    FactorNotEnrolled = "FACTOR_NOT_ENROLLED", Referral;
    /// A factor that this location's policy takes was enrolled, but the holder's consent to compare it has ended or was
    /// withdrawn, and there is no other.
    ConsentEnded = "CONSENT_ENDED", Referral;
    /// The gate has been cut off from the enrollment service for longer than its policy allows.
    EnrollmentCacheStale = "ENROLLMENT_CACHE_STALE", Referral;
    /// A record of the gate's cache cannot be opened: corrupt or sealed with another key.
    StoreCorrupt = "STORE_CORRUPT", Equipment;

    /// No face in view.
    FaceNotFound = "FACE_NOT_FOUND", Retry;
    /// More than one face in view.
    FaceMultiple = "FACE_MULTIPLE", Retry;
    /// The frame is blank.
    FaceImageBlank = "FACE_IMAGE_BLANK", Equipment;
    /// The picture cannot be decoded.
    FaceImageUnreadable = "FACE_IMAGE_UNREADABLE", Equipment;
    /// The face is too small, blurred, dark or turned away.
    FaceQualityLow = "FACE_QUALITY_LOW", Retry;
    /// The score stayed below the threshold of this location.
    FaceScoreBelowThreshold = "FACE_SCORE_BELOW_THRESHOLD", Referral;
    /// The face before the cameras may not be a living one.
    PresentationAttackSuspected = "PRESENTATION_ATTACK_SUSPECTED", Referral;
    /// No usable face was captured in the time allowed (failure to acquire).
    FaceCaptureTimeout = "FACE_CAPTURE_TIMEOUT", Referral;
    /// The camera does not answer.
    CameraUnavailable = "CAMERA_UNAVAILABLE", Equipment;
    /// One of several cameras gives no frames.
    CameraDegraded = "CAMERA_DEGRADED", Equipment;
    /// No finger was placed on the sensor in the time of an attempt.
    FingerNotPlaced = "FINGER_NOT_PLACED", Retry;
    /// The impressions of the finger are too dry, too wet, smudged or of too small a part.
    FingerQualityLow = "FINGER_QUALITY_LOW", Retry;
    /// The sensor's picture cannot be decoded.
    FingerImageUnreadable = "FINGER_IMAGE_UNREADABLE", Equipment;
    /// The score stayed below the threshold of this location.
    FingerScoreBelowThreshold = "FINGER_SCORE_BELOW_THRESHOLD", Referral;
    /// No usable impression of a finger was taken in the time allowed (failure to acquire).
    FingerCaptureTimeout = "FINGER_CAPTURE_TIMEOUT", Referral;
    /// The fingerprint sensor does not answer, or the gate has none.
    FingerSensorUnavailable = "FINGER_SENSOR_UNAVAILABLE", Equipment;
    /// What reads and compares fingers failed or is missing.
    FingerMatcherUnavailable = "FINGER_MATCHER_UNAVAILABLE", Equipment;
    /// A matching net failed or is missing.
    MatcherUnavailable = "MATCHER_UNAVAILABLE", Equipment;

    /// Nobody came through the first door in time.
    EntryTimeout = "ENTRY_TIMEOUT", Retry;
    /// The traveler left before the decision.
    TravelerLeft = "TRAVELER_LEFT", Retry;
    /// Nobody left by the second door in time.
    ExitTimeout = "EXIT_TIMEOUT", Referral;
    /// No officer decided the referral in time.
    ReferralTimeout = "REFERRAL_TIMEOUT", Referral;
    /// Something stands in a door's way.
    Obstacle = "OBSTACLE", Equipment;
    /// A door did not reach the position it was sent to, or moved without being sent.
    DoorFault = "DOOR_FAULT", Equipment;
    /// Somebody stands between the doors, and no crossing is in progress.
    PersonInside = "PERSON_INSIDE", Equipment;
    /// The turnstile refused a command to keep both doors from being open.
    InterlockRefused = "INTERLOCK_REFUSED", Equipment;
    /// The line to the turnstile is lost.
    BarrierLineLost = "BARRIER_LINE_LOST", Equipment;
    /// The fire input released the doors.
    EmergencyRelease = "EMERGENCY_RELEASE", Equipment;
    /// An officer holds the gate.
    GateHeld = "GATE_HELD", Equipment;
    /// An officer closed the gate.
    GateClosed = "GATE_CLOSED", Equipment;
    /// The controller stopped in the middle of the crossing.
    ControllerInterrupted = "CONTROLLER_INTERRUPTED", Equipment;
    /// The journal could not be written, so that no door may move.
    JournalUnavailable = "JOURNAL_UNAVAILABLE", Equipment;
    /// What officers do cannot be noted in the gate's audit trail.
    AuditNotWritten = "AUDIT_NOT_WRITTEN", Equipment;
    /// The disk is full.
    DiskFull = "DISK_FULL", Equipment;
    /// A port that the gate needs is used by another program.
    PortInUse = "PORT_IN_USE", Equipment;
    /// The enrollment service cannot be reached.
    CentreUnreachable = "CENTRE_UNREACHABLE", Equipment;
    /// The enrollment service does not admit the gate: dismissed, or given another certificate.
    GateNotAdmitted = "GATE_NOT_ADMITTED", Equipment;
    /// The enrollment service answers otherwise than the gate can use: an error, or another version.
    CentreFault = "CENTRE_FAULT", Equipment;
    /// A fault in the controller's own software.
    InternalFault = "INTERNAL_FAULT", Equipment;
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_are_unique_and_serialize_as_themselves() {
        let mut seen = std::collections::BTreeSet::new();
        for &reason in Reason::ALL {
            assert!(seen.insert(reason.code()), "{reason} twice");
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
        }
        assert!(seen.len() > 40);
    }
}
