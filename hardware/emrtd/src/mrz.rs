//! The machine readable zone: TD1, TD2 and TD3 (Doc 9303-3 section 4, parts 4 to 6).

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

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

/// A date as printed: two digits of the year; parts may be unknown (`<<`, Doc 9303-3, 4.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct MrzDate {
    /// Year without century (0..=99).
    pub year: Option<u8>,
    /// Month (1..=12).
    pub month: Option<u8>,
    /// Day (1..=31).
    pub day: Option<u8>,
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDate {
    /// Year, such as 2026.
    pub year: i32,
    /// Month (1..=12).
    pub month: u8,
    /// Day (1..=31).
    pub day: u8,
}

impl MrzDate {
    /// A fully known date.
    pub fn known(year: u8, month: u8, day: u8) -> Self {
        Self { year: Some(year), month: Some(month), day: Some(day) }
    }

    fn parse(text: &str, field: Field) -> Result<Self, MrzError> {
        let part = |range: std::ops::Range<usize>, allowed: std::ops::RangeInclusive<u8>| match text.get(range) {
            Some("<<") => Ok(None),
            Some(digits) => match digits.parse::<u8>() {
                Ok(value) if allowed.contains(&value) => Ok(Some(value)),
                _ => Err(MrzError::Date(field)),
            },
            None => Err(MrzError::Date(field)),
        };
        Ok(Self { year: part(0..2, 0..=99)?, month: part(2..4, 1..=12)?, day: part(4..6, 1..=31)? })
    }

    fn text(self) -> String {
        [self.year, self.month, self.day]
            .map(|part| part.map_or_else(|| "<<".to_owned(), |value| format!("{value:02}")))
            .concat()
    }

    /// The date of birth: the latest century that does not lie after `today`.
    pub fn as_birth(self, today: CivilDate) -> Option<CivilDate> {
        let (year, month, day) = (i32::from(self.year?), self.month?, self.day?);
        let born = |century: i32| CivilDate { year: century + year, month, day };
        let this_century = today.year - today.year.rem_euclid(100);
        Some(if born(this_century) <= today { born(this_century) } else { born(this_century - 100) })
    }

    /// The date of expiry: the century that puts it within 50 years of `today`. An unknown day is the last.
    pub fn as_expiry(self, today: CivilDate) -> Option<CivilDate> {
        let century = today.year - today.year.rem_euclid(100);
        let mut year = century + i32::from(self.year?);
        if year > today.year + 50 {
            year -= 100;
        } else if year < today.year - 50 {
            year += 100;
        }
        Some(CivilDate { year, month: self.month.unwrap_or(12), day: self.day.unwrap_or(31) })
    }
}

/// Age in whole years.
pub fn age_on(birth: CivilDate, today: CivilDate) -> u16 {
    let before_birthday = (today.month, today.day) < (birth.month, birth.day);
    u16::try_from(today.year - birth.year - i32::from(before_birthday)).unwrap_or(0)
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

fn checked<'a>(text: &'a str, digit: &str, field: Field) -> Result<&'a str, MrzError> {
    // An all-filler field may have a filler as its check digit (Doc 9303-4, 4.2.2.2, for optional data).
    let empty = text.bytes().all(|byte| byte == b'<') && digit == "<";
    if empty || digit == check_digit(text).to_string() { Ok(text) } else { Err(MrzError::CheckDigit(field)) }
}

fn without_fillers(text: &str) -> String {
    text.trim_end_matches('<').replace('<', " ").trim().to_owned()
}

impl Mrz {
    /// Reads a zone; line ends, spaces around lines and empty lines do not matter.
    pub fn parse(text: &str) -> Result<Self, MrzError> {
        let lines: Vec<&str> = text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
        for (at, line) in lines.iter().enumerate() {
            if !line.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<') {
                return Err(MrzError::Character { line: at + 1 });
            }
        }
        let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
        match (lines.as_slice(), lengths.as_slice()) {
            ([a, b], [44, 44]) => Self::parse_two(Format::Td3, a, b),
            ([a, b], [36, 36]) => Self::parse_two(Format::Td2, a, b),
            ([a, b, c], [30, 30, 30]) => Self::parse_td1(a, b, c),
            _ => Err(MrzError::Shape(lengths)),
        }
    }

    // Lengths and ASCII were checked by `parse`, so slicing cannot fail.
    fn parse_two(format: Format, first: &str, second: &str) -> Result<Self, MrzError> {
        let (number, number_digit) = (&second[0..9], &second[9..10]);
        let birth = checked(&second[13..19], &second[19..20], Field::Birth)?;
        let expiry = checked(&second[21..27], &second[27..28], Field::Expiry)?;
        let (optional, composite_at) = match format {
            Format::Td3 => (checked(&second[28..42], &second[42..43], Field::Optional)?, 43),
            _ => (&second[28..35], 35),
        };
        let composite = [&second[0..10], &second[13..20], &second[21..composite_at]].concat();
        let (document_number, optional) = if format == Format::Td2 && number_digit == "<" && number != "<<<<<<<<<" {
            long_number(number, optional)?
        } else {
            checked(number, number_digit, Field::DocumentNumber)?;
            (without_fillers(number), without_fillers(optional))
        };
        checked(&composite, &second[composite_at..composite_at + 1], Field::Composite)?;
        let (surname, given_names) = names(&first[5..]);
        Ok(Self {
            format,
            document_code: without_fillers(&first[0..2]),
            issuer: without_fillers(&first[2..5]),
            surname,
            given_names,
            document_number,
            nationality: without_fillers(&second[10..13]),
            birth: MrzDate::parse(birth, Field::Birth)?,
            sex: char::from(second.as_bytes()[20]),
            expiry: MrzDate::parse(expiry, Field::Expiry)?,
            optional,
        })
    }

    fn parse_td1(first: &str, second: &str, third: &str) -> Result<Self, MrzError> {
        let (number, number_digit) = (&first[5..14], &first[14..15]);
        let (document_number, optional) = if number_digit == "<" && number != "<<<<<<<<<" {
            long_number(number, &first[15..30])?
        } else {
            checked(number, number_digit, Field::DocumentNumber)?;
            (without_fillers(number), without_fillers(&first[15..30]))
        };
        let birth = checked(&second[0..6], &second[6..7], Field::Birth)?;
        let expiry = checked(&second[8..14], &second[14..15], Field::Expiry)?;
        let composite = [&first[5..30], &second[0..7], &second[8..15], &second[18..29]].concat();
        checked(&composite, &second[29..30], Field::Composite)?;
        let (surname, given_names) = names(third);
        Ok(Self {
            format: Format::Td1,
            document_code: without_fillers(&first[0..2]),
            issuer: without_fillers(&first[2..5]),
            surname,
            given_names,
            document_number,
            nationality: without_fillers(&second[15..18]),
            birth: MrzDate::parse(birth, Field::Birth)?,
            sex: char::from(second.as_bytes()[7]),
            expiry: MrzDate::parse(expiry, Field::Expiry)?,
            optional,
        })
    }

    /// What access keys are derived from.
    pub fn key(&self) -> MrzKey {
        let number = format!("{:<<9}", self.document_number.replace(' ', "<"));
        let (birth, expiry) = (self.birth.text(), self.expiry.text());
        let digits = [&number, &birth, &expiry].map(|field| check_digit(field));
        MrzKey(format!("{number}{}{birth}{}{expiry}{}", digits[0], digits[1], digits[2]))
    }

    /// Writes the two lines of a TD3, check digits computed (Doc 9303-4, 4.2.2).
    pub fn compose_td3(&self) -> Result<Zeroizing<String>, MrzError> {
        let fit = |text: &str, width: usize, what: &'static str| {
            let text = text.to_ascii_uppercase().replace([' ', '-', '\''], "<");
            if text.len() > width || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'<') {
                return Err(MrzError::DoesNotFit(what));
            }
            Ok(format!("{text:<<width$}"))
        };
        let mut name = format!("{}<<{}", self.surname, self.given_names);
        name.truncate(39);
        let first =
            [fit(&self.document_code, 2, "document code")?, fit(&self.issuer, 3, "issuer")?, fit(&name, 39, "name")?]
                .concat();
        let number = fit(&self.document_number, 9, "document number")?;
        let (birth, expiry) = (self.birth.text(), self.expiry.text());
        let optional = fit(&self.optional, 14, "optional data")?;
        let with_digit = |field: &str| format!("{field}{}", check_digit(field));
        let (number, birth, expiry, optional) =
            (with_digit(&number), with_digit(&birth), with_digit(&expiry), with_digit(&optional));
        let composite = check_digit(&[number.as_str(), &birth, &expiry, &optional].concat());
        let nationality = fit(&self.nationality, 3, "nationality")?;
        let sex = self.sex;
        Ok(Zeroizing::new(format!("{first}\n{number}{nationality}{birth}{sex}{expiry}{optional}{composite}")))
    }
}

/// A document number of more than nine characters continues in the optional data, followed by its check digit and
/// a filler (Doc 9303-5, 4.2.4 note j).
fn long_number(number: &str, optional: &str) -> Result<(String, String), MrzError> {
    let (continued, rest) = optional.split_once('<').unwrap_or((optional, ""));
    let split = continued.len().checked_sub(1).ok_or(MrzError::CheckDigit(Field::DocumentNumber))?;
    let whole = format!("{number}{}", &continued[..split]);
    checked(&whole, &continued[split..], Field::DocumentNumber)?;
    Ok((whole, without_fillers(rest)))
}

fn names(text: &str) -> (String, String) {
    let (surname, given) = text.split_once("<<").unwrap_or((text, ""));
    (without_fillers(surname), without_fillers(given))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    // Doc 9303-4, appendix B; Doc 9303-5, appendix B; Doc 9303-6, appendix B.
    const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";
    const TODAY: CivilDate = CivilDate { year: 2026, month: 11, day: 24 };

    #[test]
    fn the_published_specimens_parse() {
        for (text, format, number) in
            [(TD3, Format::Td3, "L898902C3"), (TD1, Format::Td1, "D23145890"), (TD2, Format::Td2, "D23145890")]
        {
            let mrz = Mrz::parse(text).unwrap();
            assert_eq!((mrz.format, mrz.document_number.as_str()), (format, number));
            assert_eq!((mrz.surname.as_str(), mrz.given_names.as_str()), ("ERIKSSON", "ANNA MARIA"));
            assert_eq!((mrz.issuer.as_str(), mrz.sex), ("UTO", 'F'));
            assert_eq!(age_on(mrz.birth.as_birth(TODAY).unwrap(), TODAY), 52);
        }
        assert_eq!(*Mrz::parse(TD3).unwrap().compose_td3().unwrap(), TD3);
    }

    #[test]
    fn the_key_is_that_of_the_worked_examples() {
        // Doc 9303-11, appendix D.2: TD2 with a short number, TD1 with a long one.
        assert_eq!(Mrz::parse(TD3).unwrap().key().information(), "L898902C3674081221204159");
        let long = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<";
        let mrz = Mrz::parse(long).unwrap();
        assert_eq!(mrz.document_number, "D23145890734");
        assert_eq!(mrz.key().information(), "D23145890734934071279507122");
    }

    #[test]
    fn each_wrong_check_digit_is_named() {
        let flip = |at: usize| {
            let mut bytes = TD3.as_bytes().to_vec();
            bytes[45 + at] = if bytes[45 + at] == b'0' { b'1' } else { b'0' };
            Mrz::parse(std::str::from_utf8(&bytes).unwrap()).unwrap_err()
        };
        assert_eq!(flip(9), MrzError::CheckDigit(Field::DocumentNumber));
        assert_eq!(flip(19), MrzError::CheckDigit(Field::Birth));
        assert_eq!(flip(27), MrzError::CheckDigit(Field::Expiry));
        assert_eq!(flip(42), MrzError::CheckDigit(Field::Optional));
        assert_eq!(flip(43), MrzError::CheckDigit(Field::Composite));
        assert!(matches!(Mrz::parse("P<UTO"), Err(MrzError::Shape(_))));
        assert_eq!(Mrz::parse(&TD3.replace("ANNA", "AnNA")).unwrap_err(), MrzError::Character { line: 1 });
    }

    #[test]
    fn dates_find_their_century_and_may_be_unknown() {
        let birth = |year| MrzDate::known(year, 11, 25).as_birth(TODAY).unwrap().year;
        assert_eq!((birth(25), birth(26), birth(74)), (2025, 1926, 1974));
        assert_eq!(MrzDate::known(30, 1, 1).as_expiry(TODAY).unwrap().year, 2030);
        assert_eq!(MrzDate::parse("74<<<<", Field::Birth).unwrap().as_birth(TODAY), None);
        assert!(MrzDate::parse("741312", Field::Birth).is_err());
    }

    proptest! {
        #[test]
        fn random_text_never_panics(text in "[A-Z0-9<]{44}\n[A-Z0-9<]{44}|[A-Z0-9<]{30}\n[A-Z0-9<]{30}\n[A-Z0-9<]{30}|\\PC{0,90}") {
            let _ = Mrz::parse(&text);
        }
    }
}
