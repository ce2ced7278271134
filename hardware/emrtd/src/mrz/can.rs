//! The card access number (Doc 9303-11, 4.4.1; Doc 9303-5, 3.2.3): six digits printed on a document's face, with which
//! PACE opens the chip without the zone. It has no check digit: the protocol is the check.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// How many digits it has.
const DIGITS: usize = 6;

/// A card access number. A secret: zeroed on drop, and printed without content.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Can([u8; DIGITS]);

/// Why text is no card access number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanError {
    /// Not six characters.
    #[error("a card access number has 6 digits, not {0}: read it again")]
    Length(usize),
    /// A character that is no digit.
    #[error("character {column} of the card access number is no digit: read it again")]
    Character {
        /// The column, from 1.
        column: usize,
    },
}

impl Can {
    /// Six digits; spaces around and between them do not matter.
    pub fn parse(text: &str) -> Result<Self, CanError> {
        let mut digits = [0; DIGITS];
        let mut count = 0;
        for character in text.chars().filter(|character| !character.is_whitespace()) {
            let digit = u8::try_from(character).ok().filter(u8::is_ascii_digit);
            let digit = digit.ok_or(CanError::Character { column: count + 1 })?;
            if let Some(place) = digits.get_mut(count) {
                *place = digit;
            }
            count += 1;
        }
        let can = Self(digits);
        digits.zeroize();
        if count == DIGITS { Ok(can) } else { Err(CanError::Length(count)) }
    }

    /// The digits in ASCII, from which keys are derived.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Can {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Can(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn six_digits_are_a_number_and_nothing_else_is() {
        assert_eq!(Can::parse(" 500 540\n").unwrap().as_bytes(), b"500540");
        assert_eq!(Can::parse("000000").unwrap().as_bytes(), b"000000");
        assert_eq!(Can::parse("50054"), Err(CanError::Length(5)));
        assert_eq!(Can::parse("5005401"), Err(CanError::Length(7)));
        assert_eq!(Can::parse("50O540"), Err(CanError::Character { column: 3 }));
        assert_eq!(Can::parse("50054\u{664}"), Err(CanError::Character { column: 6 }));
        assert_eq!(format!("{:?}", Can::parse("123456").unwrap()), "Can(..)");
    }

    proptest! {
        #[test]
        fn random_text_never_panics(text in "\\PC{0,20}|[0-9 ]{0,9}") {
            let _ = Can::parse(&text);
        }
    }
}
