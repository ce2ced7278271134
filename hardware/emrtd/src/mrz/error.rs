//! What can be wrong with a zone, by field and by place.
//!
//! No message repeats what a person's document says: number, birth and expiry are the key to the chip, check digits
//! included, so only the digits that no key holds are told.

use std::fmt;

/// A field of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The document code.
    DocumentCode,
    /// The issuing state or organization.
    Issuer,
    /// The holder's name.
    Name,
    /// The document number.
    DocumentNumber,
    /// The nationality.
    Nationality,
    /// The date of birth.
    Birth,
    /// The sex.
    Sex,
    /// The date of expiry.
    Expiry,
    /// The optional data.
    Optional,
    /// The composite check digit at the end.
    Composite,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentCode => "document code",
            Self::Issuer => "issuing state",
            Self::Name => "name",
            Self::DocumentNumber => "document number",
            Self::Nationality => "nationality",
            Self::Birth => "date of birth",
            Self::Sex => "sex",
            Self::Expiry => "date of expiry",
            Self::Optional => "optional data",
            Self::Composite => "whole zone",
        })
    }
}

/// A check digit that does not fit its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongDigit {
    /// The field that the digit is over.
    pub field: Field,
    /// The line of the digit, from 1.
    pub line: usize,
    /// The column of the digit, from 1.
    pub column: usize,
    /// What was read and what was computed, where that is no part of an access key.
    pub digits: Option<(char, char)>,
}

impl fmt::Display for WrongDigit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the check digit of the {} (line {}, column {}) is wrong", self.field, self.line, self.column)?;
        match self.digits {
            Some((found, expected)) => write!(f, ": {found} read, {expected} computed"),
            None => Ok(()),
        }
    }
}

/// Why text is no machine readable zone, or why a zone cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MrzError {
    /// Not three lines of 30, two of 36 or two of 44.
    #[error("expected 3 lines of 30, 2 of 36 or 2 of 44 characters, got {0:?}: read the page again")]
    Shape(Vec<usize>),
    /// A character other than `A-Z`, `0-9`, `<`.
    #[error("line {line}, column {column} holds {found:?} and not one of A-Z, 0-9 and <: read the page again")]
    Character {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What stands there.
        found: char,
    },
    /// A check digit does not fit its field (Doc 9303-3, 4.9).
    #[error("{0}: read the page again")]
    CheckDigit(WrongDigit),
    /// A date that no calendar has.
    #[error("the {field} (line {line}, column {column}) is no date: read the page again")]
    Date {
        /// Which date.
        field: Field,
        /// Its line, from 1.
        line: usize,
        /// Its first column, from 1.
        column: usize,
    },
    /// What was given is longer than its field, or holds what the field cannot.
    #[error("the {field} does not fit into its {width} characters: shorten it")]
    DoesNotFit {
        /// Which field.
        field: Field,
        /// Its width in characters.
        width: usize,
    },
    /// A character that Doc 9303-3, 6 has no transliteration for.
    #[error("the {0} holds a character that the zone cannot: give it in Latin letters")]
    Untransliterable(Field),
}
