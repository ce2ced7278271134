//! The machine readable zone (Doc 9303-3, 4): passports and cards (parts 4 to 6), visas (part 7), and the card access
//! number printed beside it.

mod can;
mod compose;
mod date;
mod error;
mod layout;
mod name;
mod parse;
#[cfg(test)]
mod tests;
mod transliteration;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use can::{Can, CanError};
pub use date::{CivilDate, MrzDate, age_on};
pub use error::{Field, MrzError, WrongDigit};
pub use transliteration::{Language, LatinStyle, Transliteration};

/// Size of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Three lines of 30 (cards, Doc 9303-5).
    Td1,
    /// Two lines of 36 (Doc 9303-6).
    Td2,
    /// Two lines of 44 (passports, Doc 9303-4).
    Td3,
    /// A visa of two lines of 44 (Doc 9303-7, 4).
    MrvA,
    /// A visa of two lines of 36 (Doc 9303-7, 7).
    MrvB,
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

impl Mrz {
    /// What access keys are derived from. Unknown parts of dates count as they are printed.
    pub fn key(&self) -> MrzKey {
        let number = Zeroizing::new(format!("{:<<9}", self.document_number.replace(' ', "<")));
        // A date that was read always has its text; one that was put together out of range has no key on any chip.
        let date = |date: MrzDate| Zeroizing::new(date.text().unwrap_or_else(|| "<<<<<<".to_owned()));
        let (birth, expiry) = (date(self.birth), date(self.expiry));
        let digits = [&number, &birth, &expiry].map(|field| check_digit(field));
        MrzKey(format!("{}{}{}{}{}{}", *number, digits[0], *birth, digits[1], *expiry, digits[2]))
    }

    /// Whether the name reaches the end of its field, so that it must be taken for truncated (Doc 9303-4, 4.2.3.4):
    /// DG11 may hold it in full.
    pub fn name_may_be_truncated(&self) -> bool {
        let given = if self.given_names.is_empty() { 0 } else { self.given_names.len() + 2 };
        self.surname.len() + given >= self.format.name_width()
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
        .fold(0, |sum, product| (sum + product) % 10);
    char::from(b'0' + sum as u8)
}
