//! Fingers of an enrollment: which, and what is kept of each.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{IdentityError, ProtectedCode};

/// Which finger it is (finger position, ISO/IEC 19794-2:2005, table 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FingerPosition {
    /// Right thumb.
    RightThumb,
    /// Right index finger.
    RightIndex,
    /// Right middle finger.
    RightMiddle,
    /// Right ring finger.
    RightRing,
    /// Right little finger.
    RightLittle,
    /// Left thumb.
    LeftThumb,
    /// Left index finger.
    LeftIndex,
    /// Left middle finger.
    LeftMiddle,
    /// Left ring finger.
    LeftRing,
    /// Left little finger.
    LeftLittle,
}

impl FingerPosition {
    /// Every finger, in the order of the standard.
    pub const ALL: &'static [Self] = &[
        Self::RightThumb,
        Self::RightIndex,
        Self::RightMiddle,
        Self::RightRing,
        Self::RightLittle,
        Self::LeftThumb,
        Self::LeftIndex,
        Self::LeftMiddle,
        Self::LeftRing,
        Self::LeftLittle,
    ];

    /// The name in forms and records, such as `right-index`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RightThumb => "right-thumb",
            Self::RightIndex => "right-index",
            Self::RightMiddle => "right-middle",
            Self::RightRing => "right-ring",
            Self::RightLittle => "right-little",
            Self::LeftThumb => "left-thumb",
            Self::LeftIndex => "left-index",
            Self::LeftMiddle => "left-middle",
            Self::LeftRing => "left-ring",
            Self::LeftLittle => "left-little",
        }
    }
}

impl fmt::Display for FingerPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FingerPosition {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().copied().find(|position| position.name() == text);
        known.ok_or_else(|| IdentityError::Finger(text.chars().take(60).collect()))
    }
}

/// One finger, as one extractor read it.
#[derive(Debug, Serialize, Deserialize)]
pub struct FingerCodes {
    /// Which finger.
    pub position: FingerPosition,
    /// Name of the extractor whose minutiae are protected: codes of others do not compare with these.
    pub extractor: String,
    /// The protected code of each impression.
    pub impressions: Vec<ProtectedCode>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fingers_are_named_alike_in_forms_and_records() {
        for &position in FingerPosition::ALL {
            assert_eq!(position.name().parse::<FingerPosition>().unwrap(), position);
            assert_eq!(serde_json::to_value(position).unwrap(), position.name());
        }
        assert!("right-toe".parse::<FingerPosition>().unwrap_err().to_string().contains("right-index"));
    }
}
