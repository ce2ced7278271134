//! Reading a zone.

use super::{Field, Format, Mrz, MrzDate, MrzError, check_digit};

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
            optional_second: String::new(),
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
            optional_second: without_fillers(&second[18..29]),
        })
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
