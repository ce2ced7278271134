//! The machine readable zone: TD1, TD2 and TD3 (Doc 9303-3 section 4, parts 4 to 6).

mod compose;
mod date;
mod error;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

pub use date::{CivilDate, MrzDate, age_on};
pub use error::{Field, MrzError};

/// Size of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Three lines of 30 (cards).
    Td1,
    /// Two lines of 36.
    Td2,
    /// Two lines of 44 (passports).
    Td3,
}

/// A parsed zone. Personal data: zeroed on drop, and printed without content.
#[derive(PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Mrz {
    /// Size.
    #[zeroize(skip)]
    pub format: Format,
    /// The document code, such as `P` or `ID`.
    pub document_code: String,
    /// Issuing state or organization, such as `UTO` or `D`.
    pub issuer: String,
    /// Primary identifier.
    pub surname: String,
    /// Secondary identifier.
    pub given_names: String,
    /// Document number, fillers removed.
    pub document_number: String,
    /// Nationality.
    pub nationality: String,
    /// Date of birth.
    pub birth: MrzDate,
    /// `M`, `F` or `<`.
    pub sex: char,
    /// Date of expiry.
    pub expiry: MrzDate,
    /// Optional data, fillers removed.
    pub optional: String,
    /// Optional data of the second line of a TD1, fillers removed; empty in every other format.
    pub optional_second: String,
}

impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mrz({:?}, {} of {})", self.format, self.document_code, self.issuer)
    }
}

/// What the zone contributes to access keys: number, birth and expiry with check digits (Doc 9303-11, 4.3.2).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct MrzKey(String);

impl MrzKey {
    /// The `MRZ_information` from which keys are derived.
    pub fn information(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MrzKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MrzKey(..)")
    }
}

/// The check digit over these characters (Doc 9303-3, 4.9: weights 7, 3, 1, modulo 10).
pub fn check_digit(text: &str) -> char {
    let sum: u32 = text
        .bytes()
        .zip([7u32, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| {
            weight
                * match byte {
                    b'0'..=b'9' => u32::from(byte - b'0'),
                    b'A'..=b'Z' => u32::from(byte - b'A') + 10,
                    _ => 0,
                }
        })
        .sum();
    char::from(b'0' + (sum % 10) as u8)
}

impl Mrz {
    /// What access keys are derived from.
    pub fn key(&self) -> MrzKey {
        let number = format!("{:<<9}", self.document_number.replace(' ', "<"));
        let (birth, expiry) = (self.birth.text(), self.expiry.text());
        let digits = [&number, &birth, &expiry].map(|field| check_digit(field));
        MrzKey(format!("{number}{}{birth}{}{expiry}{}", digits[0], digits[1], digits[2]))
    }
}
