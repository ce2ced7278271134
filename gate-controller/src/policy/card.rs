//! What a card's holder is asked for: something that the person is, besides the card that the person has.

use jiff::Timestamp;
use sallyport_protocol::EnrollmentForGate;
use serde::{Deserialize, Serialize};

/// Something that the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
    /// The face.
    Face,
    /// A finger.
    Finger,
}

/// The factors whose owner's consent to compare them is over: they are not looked at, though their codes may still be here
/// until the gate synchronizes.
pub fn consent_ended(enrollment: &EnrollmentForGate, now: Timestamp) -> Vec<Factor> {
    let ends = [(Factor::Face, enrollment.face_until), (Factor::Finger, enrollment.fingers_until)];
    ends.into_iter().filter(|(_, until)| until.is_some_and(|until| until <= now)).map(|(factor, _)| factor).collect()
}

/// Which factor a card asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardFactor {
    /// The face only.
    Face,
    /// A finger only.
    Finger,
    /// A finger where fingers are enrolled and the sensor works, and otherwise the face, if that is enrolled; the face
    /// also after fingers that could not be read. A finger that was read and is another's is referred: the second factor
    /// is no second chance.
    #[default]
    FingerElseFace,
}

impl CardFactor {
    /// Whether this factor may be asked for at all.
    pub fn takes(self, factor: Factor) -> bool {
        match self {
            Self::FingerElseFace => true,
            Self::Face => factor == Factor::Face,
            Self::Finger => factor == Factor::Finger,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_factor_ends_with_its_own_consent() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let (before, after) = ("2026-11-24T11:59:59Z".parse().unwrap(), "2026-11-24T12:00:01Z".parse().unwrap());
        let mut enrollment: EnrollmentForGate = serde_json::from_str(
            r#"{"id":"01010101-0101-0101-0101-010101010101","card":"04A1B2C3","version":1,"status":"active",
                "expires":"2027-02-01T00:00:00Z"}"#,
        )
        .unwrap();
        assert_eq!(consent_ended(&enrollment, enrollment.expires), [], "it ends with the enrollment");
        for (face, fingers, ended) in [
            (Some(after), Some(after), vec![]),
            (Some(now), Some(after), vec![Factor::Face]),
            (None, Some(before), vec![Factor::Finger]),
            (Some(before), Some(before), vec![Factor::Face, Factor::Finger]),
        ] {
            (enrollment.face_until, enrollment.fingers_until) = (face, fingers);
            assert_eq!(consent_ended(&enrollment, now), ended, "{face:?} {fingers:?}");
        }
    }
}
