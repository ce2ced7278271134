//! Where each field stands (Doc 9303-4, 4.2.2; -5, 4.2.2; -6, 4.2.2; -7, 4.2.2 and 7.2.2), for reading and writing
//! alike.

use super::Format;

/// Characters `from..to` of a line, both from 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) line: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Span {
    pub(super) fn width(self) -> usize {
        self.to - self.from
    }

    /// The characters; empty where the line is shorter.
    pub(super) fn of<'a>(self, lines: &[&'a str]) -> &'a str {
        lines.get(self.line).and_then(|line| line.get(self.from..self.to)).unwrap_or_default()
    }

    /// The character behind: the check digit of a number or date.
    pub(super) fn digit(self) -> Self {
        Self { line: self.line, from: self.to, to: self.to + 1 }
    }
}

const fn span(line: usize, from: usize, to: usize) -> Span {
    Span { line, from, to }
}

/// The places of the document code and the issuer are those of every format.
pub(super) const DOCUMENT_CODE: Span = span(0, 0, 2);
pub(super) const ISSUER: Span = span(0, 2, 5);

/// The fields of one format. Document number, birth and expiry are followed by their check digits.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) format: Format,
    pub(super) lines: usize,
    pub(super) width: usize,
    pub(super) name: Span,
    pub(super) number: Span,
    /// Whether a longer number may continue in the optional data (Doc 9303-5, 4.2.2 note j; -6, note j).
    pub(super) long_number: bool,
    pub(super) nationality: Span,
    pub(super) birth: Span,
    pub(super) sex: Span,
    pub(super) expiry: Span,
    pub(super) optional: Span,
    pub(super) optional_digit: Option<Span>,
    pub(super) optional_second: Option<Span>,
    /// The composite digit, and what it is over.
    pub(super) composite: Option<(Span, &'static [Span])>,
}

const TD1: Layout = Layout {
    format: Format::Td1,
    lines: 3,
    width: 30,
    name: span(2, 0, 30),
    number: span(0, 5, 14),
    long_number: true,
    nationality: span(1, 15, 18),
    birth: span(1, 0, 6),
    sex: span(1, 7, 8),
    expiry: span(1, 8, 14),
    optional: span(0, 15, 30),
    optional_digit: None,
    optional_second: Some(span(1, 18, 29)),
    composite: Some((span(1, 29, 30), &[span(0, 5, 30), span(1, 0, 7), span(1, 8, 15), span(1, 18, 29)])),
};

/// Two lines, of which the second begins alike in every format.
const TD3: Layout = Layout {
    format: Format::Td3,
    lines: 2,
    width: 44,
    name: span(0, 5, 44),
    number: span(1, 0, 9),
    long_number: false,
    nationality: span(1, 10, 13),
    birth: span(1, 13, 19),
    sex: span(1, 20, 21),
    expiry: span(1, 21, 27),
    optional: span(1, 28, 42),
    optional_digit: Some(span(1, 42, 43)),
    optional_second: None,
    composite: Some((span(1, 43, 44), &[span(1, 0, 10), span(1, 13, 20), span(1, 21, 43)])),
};

const TD2: Layout = Layout {
    format: Format::Td2,
    width: 36,
    name: span(0, 5, 36),
    long_number: true,
    optional: span(1, 28, 35),
    optional_digit: None,
    composite: Some((span(1, 35, 36), &[span(1, 0, 10), span(1, 13, 20), span(1, 21, 35)])),
    ..TD3
};

const MRV_A: Layout =
    Layout { format: Format::MrvA, optional: span(1, 28, 44), optional_digit: None, composite: None, ..TD3 };

const MRV_B: Layout = Layout {
    format: Format::MrvB,
    width: 36,
    name: span(0, 5, 36),
    optional: span(1, 28, 36),
    optional_digit: None,
    composite: None,
    ..TD3
};

impl Layout {
    pub(super) fn of(format: Format) -> &'static Self {
        match format {
            Format::Td1 => &TD1,
            Format::Td2 => &TD2,
            Format::Td3 => &TD3,
            Format::MrvA => &MRV_A,
            Format::MrvB => &MRV_B,
        }
    }

    /// By the lines' number and width; visas begin with `V` (Doc 9303-7, 4.2.2), which no other document may.
    pub(super) fn of_lines(lines: &[&str]) -> Option<&'static Self> {
        let visa = lines.first()?.starts_with('V');
        let candidates = if visa { [&MRV_A, &MRV_B, &TD1] } else { [&TD3, &TD2, &TD1] };
        candidates
            .into_iter()
            .find(|layout| lines.len() == layout.lines && lines.iter().all(|line| line.len() == layout.width))
    }
}
