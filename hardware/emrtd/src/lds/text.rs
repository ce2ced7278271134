//! Text, names and dates as DG11, DG12 and DG16 hold them (Doc 9303-10, 3.9.1, 4.7.11 to 4.7.16).

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::tlv::{self, TlvError};

/// A name as in the zone, but in national characters and never truncated. Zeroed on drop, and printed without content.
#[derive(Clone, PartialEq, Eq, Default, Zeroize, ZeroizeOnDrop)]
pub struct PersonName {
    /// Primary identifier.
    pub surname: String,
    /// Secondary identifier.
    pub given_names: String,
}

impl PersonName {
    /// A name that the standard's fillers part, or one in plain text, which is taken for a surname.
    fn read(value: &[u8]) -> Self {
        let mut text = text(value);
        let (surname, given_names) = text.split_once("<<").unwrap_or((&text, ""));
        let plain = |part: &str| part.split('<').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let name = Self { surname: plain(surname), given_names: plain(given_names) };
        text.zeroize();
        name
    }

    /// With fillers as in the zone, and none at the end.
    pub(super) fn write(&self) -> String {
        let filled = |part: &str| part.split_whitespace().collect::<Vec<_>>().join("<");
        let mut written = filled(&self.surname);
        if !self.given_names.is_empty() {
            written.push_str("<<");
            written.push_str(&filled(&self.given_names));
        }
        written
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(..)")
    }
}

/// A date with its century; parts may be unknown, which issuers write as zeros (Doc 9303-10, table 72, note).
#[derive(Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct FullDate {
    /// Year, such as 1974.
    pub year: Option<u16>,
    /// Month (1..=12).
    pub month: Option<u8>,
    /// Day (1..=31).
    pub day: Option<u8>,
}

impl FullDate {
    /// A fully known date.
    pub fn known(year: u16, month: u8, day: u8) -> Self {
        Self { year: Some(year), month: Some(month), day: Some(day) }
    }

    /// Eight digits in ASCII, or four bytes of packed digits (Doc 9303-10, table 73).
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let digits = Digits::read(value)?;
        if digits.count() != 8 {
            return None;
        }
        Self::of(&digits)
    }

    fn of(digits: &Digits<'_>) -> Option<Self> {
        let part = |range: std::ops::Range<usize>, max: u16| {
            let value = digits.number(range)?;
            (value <= max).then_some(Some(value).filter(|&value| value != 0))
        };
        let (year, month, day) = (part(0..4, 9999)?, part(4..6, 12)?, part(6..8, 31)?);
        Some(Self { year, month: month.map(|month| month as u8), day: day.map(|day| day as u8) })
    }

    /// Eight digits in ASCII.
    pub(super) fn write(self) -> String {
        let (year, month, day) = (self.year.unwrap_or(0), self.month.unwrap_or(0), self.day.unwrap_or(0));
        format!("{:04}{:02}{:02}", year % 10_000, month % 100, day % 100)
    }
}

impl fmt::Debug for FullDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullDate(..)")
    }
}

/// A date with a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullTime {
    /// The date.
    pub date: FullDate,
    /// Hour (0..=23).
    pub hour: u8,
    /// Minute (0..=59).
    pub minute: u8,
    /// Second (0..=60).
    pub second: u8,
}

impl FullTime {
    /// Fourteen digits in ASCII, or seven bytes of packed digits.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let digits = Digits::read(value)?;
        if digits.count() != 14 {
            return None;
        }
        let part = |from: usize, max: u16| {
            digits.number(from..from + 2).filter(|&value| value <= max).map(|value| value as u8)
        };
        Some(Self { date: FullDate::of(&digits)?, hour: part(8, 23)?, minute: part(10, 59)?, second: part(12, 60)? })
    }

    pub(super) fn write(self) -> String {
        format!("{}{:02}{:02}{:02}", self.date.write(), self.hour % 100, self.minute % 100, self.second % 100)
    }
}

/// Decimal digits, one a byte or two a byte.
enum Digits<'a> {
    Ascii(&'a [u8]),
    Packed(&'a [u8]),
}

impl<'a> Digits<'a> {
    /// A filler stands for a digit that is not known.
    fn read(value: &'a [u8]) -> Option<Self> {
        if value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'<') && value.len() >= 8 {
            return Some(Self::Ascii(value));
        }
        value.iter().all(|byte| byte >> 4 <= 9 && byte & 0x0F <= 9).then_some(Self::Packed(value))
    }

    fn count(&self) -> usize {
        match self {
            Self::Ascii(bytes) => bytes.len(),
            Self::Packed(bytes) => bytes.len() * 2,
        }
    }

    fn number(&self, range: std::ops::Range<usize>) -> Option<u16> {
        range.into_iter().try_fold(0u16, |number, at| {
            let digit = match self {
                Self::Ascii(bytes) => bytes.get(at)?.checked_sub(b'0').filter(|&digit| digit <= 9).unwrap_or(0),
                Self::Packed(bytes) if at % 2 == 0 => bytes.get(at / 2)? >> 4,
                Self::Packed(bytes) => bytes.get(at / 2)? & 0x0F,
            };
            number.checked_mul(10)?.checked_add(digit.into())
        })
    }
}

/// UTF-8; what is no UTF-8 is taken for ISO/IEC 8859-1, which some issuers write.
pub(super) fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.trim_matches([' ', '\0']).to_owned(),
        Err(_) => value.iter().map(|&byte| char::from(byte)).collect::<String>().trim_matches([' ', '\0']).to_owned(),
    }
}

/// Parts that a filler separates (Doc 9303-10, table 71: address, place of birth, numbers of other documents).
pub(super) fn parts(value: &[u8]) -> Vec<String> {
    let mut whole = text(value);
    let parts = whole.split('<').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    whole.zeroize();
    parts
}

pub(super) fn name(value: &[u8]) -> PersonName {
    PersonName::read(value)
}

/// The values of this tag, which stand in a content-specific list behind their count (Doc 9303-10, tables 71 and 73) or,
/// with some issuers, on their own.
pub(super) fn names(group: &[u8], tag: u16) -> Result<Vec<PersonName>, TlvError> {
    let mut found = Vec::new();
    for object in tlv::objects(group) {
        let object = object?;
        if object.tag == tag {
            found.push(name(object.value));
        } else if object.tag == LIST {
            for listed in tlv::objects(object.value) {
                let listed = listed?;
                if listed.tag == tag {
                    found.push(name(listed.value));
                }
            }
        }
    }
    Ok(found)
}

/// The content-specific list.
pub(super) const LIST: u16 = 0xA0;
/// The list of tags that a group holds.
pub(super) const TAG_LIST: u16 = 0x5C;

/// Objects of a group that begins with the list of their tags.
#[derive(Default)]
pub(super) struct TaggedWriter {
    tags: Vec<u8>,
    body: Vec<u8>,
}

impl TaggedWriter {
    pub(super) fn put(&mut self, tag: u16, value: &[u8]) {
        self.tags.extend_from_slice(&tag.to_be_bytes());
        tlv::push(&mut self.body, tag, value);
    }

    pub(super) fn put_text(&mut self, tag: u16, text: &str) {
        if !text.is_empty() {
            self.put(tag, text.as_bytes());
        }
    }

    pub(super) fn put_name(&mut self, tag: u16, name: &PersonName) {
        self.put_text(tag, &name.write());
    }

    pub(super) fn put_names(&mut self, tag: u16, names: &[PersonName]) {
        if names.is_empty() {
            return;
        }
        self.tags.extend_from_slice(&tag.to_be_bytes());
        let mut list = tlv::object(0x02, &[names.len() as u8]);
        for name in names {
            tlv::push(&mut list, tag, name.write().as_bytes());
        }
        tlv::push(&mut self.body, LIST, &list);
    }

    pub(super) fn file(self, file_tag: u16) -> Vec<u8> {
        tlv::constructed(file_tag, &[&tlv::object(TAG_LIST, &self.tags), &self.body])
    }
}
