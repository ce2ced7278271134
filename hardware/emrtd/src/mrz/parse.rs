//! Reading a zone.

use super::{
    Field, Format, Mrz, MrzDate, MrzError, WrongDigit, check_digit,
    layout::{DOCUMENT_CODE, ISSUER, Layout, Span},
};

impl Mrz {
    /// Reads a zone; line ends, spaces around lines and empty lines do not matter.
    pub fn parse(text: &str) -> Result<Self, MrzError> {
        let lines: Vec<&str> = text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect();
        for (at, line) in lines.iter().enumerate() {
            if let Some((column, found)) = line.chars().enumerate().find(|&(_, found)| !is_zone_character(found)) {
                return Err(MrzError::Character { line: at + 1, column: column + 1, found });
            }
        }
        let layout =
            Layout::of_lines(&lines).ok_or_else(|| MrzError::Shape(lines.iter().map(|line| line.len()).collect()))?;
        Self::parse_fields(&lines, layout)
    }

    fn parse_fields(lines: &[&str], layout: &Layout) -> Result<Self, MrzError> {
        let (document_number, optional) = match (layout.number.of(lines), layout.number.digit().of(lines)) {
            (number, "<") if layout.long_number && !is_empty(number) => long_number(lines, layout)?,
            (number, digit) => {
                check(number, digit, Field::DocumentNumber, layout.number.digit())?;
                (without_fillers(number), without_fillers(layout.optional.of(lines)))
            }
        };
        let birth = date(lines, layout.birth, Field::Birth)?;
        let expiry = date(lines, layout.expiry, Field::Expiry)?;
        if let Some(digit) = layout.optional_digit {
            check(layout.optional.of(lines), digit.of(lines), Field::Optional, digit)?;
        }
        if let Some((digit, spans)) = layout.composite {
            let over: Vec<&str> = spans.iter().map(|span| span.of(lines)).collect();
            check(&zeroize::Zeroizing::new(over.concat()), digit.of(lines), Field::Composite, digit)?;
        }
        let (surname, given_names) = names(layout.name.of(lines));
        Ok(Self {
            format: layout.format,
            document_code: without_fillers(DOCUMENT_CODE.of(lines)),
            issuer: without_fillers(ISSUER.of(lines)),
            surname,
            given_names,
            document_number,
            nationality: without_fillers(layout.nationality.of(lines)),
            birth,
            sex: layout.sex.of(lines).chars().next().unwrap_or('<'),
            expiry,
            optional,
            optional_second: layout.optional_second.map_or_else(String::new, |span| without_fillers(span.of(lines))),
        })
    }
}

fn is_zone_character(character: char) -> bool {
    character.is_ascii_uppercase() || character.is_ascii_digit() || character == '<'
}

fn is_empty(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'<')
}

/// A wrong digit is an error. Machines and issuers write the digit of a field of fillers alone as `<` or `0` (Doc
/// 9303-4, 4.2.2.2, of the optional data).
fn check(text: &str, digit: &str, field: Field, at: Span) -> Result<(), MrzError> {
    let expected = check_digit(text);
    let found = digit.chars().next().unwrap_or('<');
    if found == expected || (found == '<' && is_empty(text)) {
        return Ok(());
    }
    let digits = matches!(field, Field::Composite | Field::Optional).then_some((found, expected));
    Err(MrzError::CheckDigit(WrongDigit { field, line: at.line + 1, column: at.from + 1, digits }))
}

fn date(lines: &[&str], span: Span, field: Field) -> Result<MrzDate, MrzError> {
    check(span.of(lines), span.digit().of(lines), field, span.digit())?;
    MrzDate::parse(span.of(lines)).ok_or(MrzError::Date { field, line: span.line + 1, column: span.from + 1 })
}

/// A document number of more than nine characters continues in the optional data, followed by its check digit and
/// a filler (Doc 9303-5, 4.2.2 note j).
fn long_number(lines: &[&str], layout: &Layout) -> Result<(String, String), MrzError> {
    let (number, optional) = (layout.number.of(lines), layout.optional.of(lines));
    let (continued, rest) = optional.split_once('<').unwrap_or((optional, ""));
    let split = continued.len().saturating_sub(1);
    let (continued, digit) = continued.split_at_checked(split).unwrap_or_default();
    let whole = format!("{number}{continued}");
    let from = layout.optional.from + split;
    check(&whole, digit, Field::DocumentNumber, Span { line: layout.optional.line, from, to: from + 1 })?;
    Ok((whole.replace('<', " "), without_fillers(rest)))
}

/// Fillers at the beginning stay: they belong to what is printed, and so to the key.
fn without_fillers(text: &str) -> String {
    text.trim_end_matches('<').replace('<', " ")
}

fn names(text: &str) -> (String, String) {
    let (surname, given) = text.split_once("<<").unwrap_or((text, ""));
    (without_fillers(surname), without_fillers(given.trim_start_matches('<')))
}

impl Format {
    /// How many characters the name may have.
    pub fn name_width(self) -> usize {
        Layout::of(self).name.width()
    }
}
