//! What can be wrong with a zone, by field.

use std::fmt;

/// Which field a complaint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The document number.
    DocumentNumber,
    /// The date of birth.
    Birth,
    /// The date of expiry.
    Expiry,
    /// The optional data of a TD3.
    Optional,
    /// The composite check digit at the end.
    Composite,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentNumber => "document number",
            Self::Birth => "date of birth",
            Self::Expiry => "date of expiry",
            Self::Optional => "optional data",
            Self::Composite => "whole zone",
        })
    }
}

/// Why text is no machine readable zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MrzError {
    /// Not three lines of 30, two of 36 or two of 44.
    #[error("expected 3 lines of 30, 2 of 36 or 2 of 44 characters, got {0:?}: read the page again")]
    Shape(Vec<usize>),
    /// A character other than `A-Z`, `0-9`, `<`.
    #[error("line {line} holds a character other than A-Z, 0-9 and <: read the page again")]
    Character {
        /// The line, from 1.
        line: usize,
    },
    /// A check digit does not fit its field (Doc 9303-3, 4.9).
    #[error("the check digit of the {0} is wrong: read the page again")]
    CheckDigit(Field),
    /// A date that no calendar has.
    #[error("the {0} is no date")]
    Date(Field),
    /// What was given cannot be written in the zone.
    #[error("the {0} does not fit into the zone")]
    DoesNotFit(&'static str),
}
