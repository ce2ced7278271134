//! Names of gates, crossings, enrollments and cards.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a name was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A gate's name has other characters or another length than its certificate may carry.
    #[error("`{0}` is no gate name: use 1 to 40 of a-z, 0-9 and `-`, as in the gate's certificate")]
    Gate(String),
    /// A card number is not the hexadecimal form of 4 to 10 bytes.
    #[error("`{0}` is no card number: use the 8 to 20 hexadecimal digits that the card's reader shows")]
    Card(String),
    /// A crossing or enrollment identifier is not a UUID.
    #[error("`{0}` is no identifier: expected a UUID such as 6f1c2e9a-0b7d-4c35-9d51-7d3f0a8a2b11")]
    Uuid(String),
    /// No finger has this name.
    #[error("`{0}` is no finger: expected one such as right-index or left-thumb")]
    Finger(String),
}

/// A gate's name: the common name of its client certificate, 1 to 40 of `a-z`, `0-9`, `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GateId(String);

impl GateId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GateId {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=40).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentityError::Gate(text.chars().take(60).collect()))
        }
    }
}

/// The number a card answers to PC/SC's GET DATA `FF CA 00 00 00`: 4 to 10 bytes, written in upper-case
/// hexadecimal (ISO/IEC 14443-3 UIDs have 4, 7 or 10).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CardNumber(String);

impl CardNumber {
    /// The number of the card with this UID.
    pub fn from_uid(uid: &[u8]) -> Result<Self, IdentityError> {
        uid.iter().map(|byte| format!("{byte:02X}")).collect::<String>().parse()
    }

    /// The number as upper-case hexadecimal text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CardNumber {
    type Err = IdentityError;

    /// Reads hexadecimal digits in either case; spaces, `:` and `-` between them are dropped, since staff
    /// copy the number from readers and card faces that group it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ':' | '-')).collect();
        let sized = (8..=20).contains(&digits.len()) && digits.len().is_multiple_of(2);
        if sized && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(digits.to_ascii_uppercase()))
        } else {
            Err(IdentityError::Card(text.chars().take(60).collect()))
        }
    }
}

macro_rules! text_conversions {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdentityError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    )*};
}
text_conversions!(GateId, CardNumber);

macro_rules! uuid_identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new random identifier (UUID version 4).
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The identifier with these 16 bytes, for replays and tests.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The identifier's 16 bytes, as keys of a store and as key derivation input.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdentityError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdentityError::Uuid(text.chars().take(60).collect()))
            }
        }
    };
}

uuid_identity!(
    /// One attempt to cross one gate, from the document's presentation to its outcome.
    CrossingId
);
uuid_identity!(
    /// One enrollment of one trusted traveler.
    EnrollmentId
);
uuid_identity!(
    /// One run of the enrollment service, from its start to its end. Revisions of its registry can be told from those of
    /// a store that was restored from a backup only together with the run that gave them.
    EpochId
);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_card_number_reads_as_staff_write_it() {
        let number: CardNumber = "04:a1-b2 c3".parse().unwrap();
        assert_eq!(number.as_str(), "04A1B2C3");
        assert_eq!(CardNumber::from_uid(&[0x04, 0xA1, 0xB2, 0xC3]).unwrap(), number);
        for wrong in ["", "04A1B2", "04A1B2C", "04A1B2CG", "0102030405060708090A0B"] {
            assert!(wrong.parse::<CardNumber>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_gate_name_is_checked_when_deserialized() {
        assert!(serde_json::from_str::<GateId>("\"gate-1\"").is_ok());
        assert!(serde_json::from_str::<GateId>("\"Gate 1\"").is_err());
        assert!(serde_json::from_str::<GateId>("\"\"").is_err());
    }

    #[test]
    fn identifiers_round_trip_as_text() {
        let id = CrossingId::random();
        assert_eq!(id.to_string().parse::<CrossingId>().unwrap(), id);
        assert!("6f1c".parse::<EnrollmentId>().is_err());
    }
}
