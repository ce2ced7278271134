//! The small fields of a card-verifiable certificate: references, dates and authorizations (TR-03110-3, C.1 and C.4).

use std::{fmt, ops::BitAnd};

use super::CvcError;
use crate::{asn1::OBJECT_IDENTIFIER, tlv};

/// The name of a key: country, holder's mnemonic, sequence number (TR-03110-3, C.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(Vec<u8>);

impl Reference {
    const COUNTRY_BYTES: usize = 2;
    const SEQUENCE_BYTES: usize = 5;
    const BYTES_MIN: usize = Self::COUNTRY_BYTES + 1 + Self::SEQUENCE_BYTES;
    const BYTES_MAX: usize = 16;

    /// From its bytes, printable ISO 8859-1.
    pub fn parse(bytes: &[u8]) -> Result<Self, CvcError> {
        let length_fits = (Self::BYTES_MIN..=Self::BYTES_MAX).contains(&bytes.len());
        let printable = bytes.iter().all(|&byte| !char::from(byte).is_control());
        if !length_fits || !printable {
            return Err(CvcError::Malformed("a reference is not country, mnemonic and sequence number"));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// From its parts: two letters, one to nine characters, five characters.
    pub fn new(country: &str, mnemonic: &str, sequence: &str) -> Result<Self, CvcError> {
        if country.len() != Self::COUNTRY_BYTES || sequence.len() != Self::SEQUENCE_BYTES || !mnemonic.is_ascii() {
            return Err(CvcError::Malformed("a reference is not country, mnemonic and sequence number"));
        }
        Self::parse(format!("{country}{mnemonic}{sequence}").as_bytes())
    }

    /// As certificates and commands carry it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The two letters of the country.
    pub fn country(&self) -> String {
        text(self.0.get(..Self::COUNTRY_BYTES).unwrap_or_default())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

/// ISO 8859-1 is the first 256 characters of Unicode.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// A day from 2000 to 2099, as certificates count (TR-03110-3, D.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u8,
    month: u8,
    day: u8,
}

impl Date {
    /// From the year, of which the century must be the present one, month and day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let year = u8::try_from(year.checked_sub(2000)?).ok().filter(|year| *year < 100)?;
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Self { year, month, day })
    }

    /// From six digits, one a byte.
    pub fn parse(bytes: &[u8]) -> Result<Self, CvcError> {
        let date = match bytes {
            [a, b, c, d, e, f] if bytes.iter().all(|digit| *digit < 10) => {
                Self::new(2000 + u16::from(a * 10 + b), c * 10 + d, e * 10 + f)
            }
            _ => None,
        };
        date.ok_or(CvcError::Malformed("a date is not six digits of a day"))
    }

    /// As certificates carry it.
    pub fn digits(self) -> [u8; 6] {
        let Self { year, month, day } = self;
        [year / 10, year % 10, month / 10, month % 10, day / 10, day % 10]
    }

    /// The day of this time, in seconds since 1970; the first or last day countable if it lies outside.
    pub fn from_unix_s(seconds: i64) -> Self {
        const DAY_S: i64 = 86_400;
        const DAYS_TO_2000: i64 = 10_957;
        const DAYS_TO_2100: i64 = 47_482;
        let mut days = seconds.div_euclid(DAY_S).clamp(DAYS_TO_2000, DAYS_TO_2100 - 1) - DAYS_TO_2000;
        let leap = |year: u8| year.is_multiple_of(4);
        let mut year = 0;
        while days >= if leap(year) { 366 } else { 365 } {
            days -= if leap(year) { 366 } else { 365 };
            year += 1;
        }
        let february = if leap(year) { 29 } else { 28 };
        let mut month = 1;
        for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if days < length {
                break;
            }
            days -= length;
            month += 1;
        }
        Self { year, month, day: days as u8 + 1 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "20{:02}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// What kind of terminal a certificate is for (TR-03110-3, C.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TerminalType {
    /// Inspection system, id-IS: reads the eMRTD application.
    Inspection,
    /// Authentication terminal, id-AT: reads the eID application.
    Authentication,
    /// Signature terminal, id-ST.
    Signature,
}

/// id-roles, 0.4.0.127.0.7.3.1.2; the terminal type follows.
const ROLES: &[u8] = &[0x04, 0x00, 0x7F, 0x00, 0x07, 3, 1, 2];

impl TerminalType {
    const ALL: [Self; 3] = [Self::Inspection, Self::Authentication, Self::Signature];

    fn oid(self) -> Vec<u8> {
        [ROLES, &[self as u8 + 1]].concat()
    }

    fn template_bytes(self) -> usize {
        if self == Self::Authentication { 5 } else { 1 }
    }
}

/// What a certificate's holder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Country verifying CA.
    Cvca,
    /// Document verifier of the chip's own country: its terminals' dates are believed.
    DomesticVerifier,
    /// Document verifier of another country, or not an official one.
    ForeignVerifier,
    /// Terminal.
    Terminal,
}

impl Role {
    const ALL: [(Self, u8); 4] =
        [(Self::Cvca, 3), (Self::DomesticVerifier, 2), (Self::ForeignVerifier, 1), (Self::Terminal, 0)];

    fn bits(self) -> u8 {
        Self::ALL.into_iter().find(|&(role, _)| role == self).map_or(0, |(_, bits)| bits)
    }

    /// Whether it is a document verifier.
    pub fn is_verifier(self) -> bool {
        matches!(self, Self::DomesticVerifier | Self::ForeignVerifier)
    }
}

/// Access rights: the bits of an authorization template below the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u64);

impl Rights {
    /// No rights.
    pub const NONE: Self = Self(0);
    /// Reading DG3, the fingerprints.
    pub const READ_DG3: Self = Self(1);
    /// Reading DG4, the irises.
    pub const READ_DG4: Self = Self(2);

    /// Both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of these rights are among them.
    pub const fn include(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether an inspection system with these rights may read this data group. Only DG3 and DG4 are protected.
    pub const fn may_read(self, group: u8) -> bool {
        match group {
            3 => self.include(Self::READ_DG3),
            4 => self.include(Self::READ_DG4),
            _ => true,
        }
    }
}

impl BitAnd for Rights {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The certificate holder authorization template (TR-03110-3, C.1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Authorization {
    /// The kind of terminal.
    pub terminal: TerminalType,
    /// What the holder is.
    pub role: Role,
    /// What it, or terminals below it, may do.
    pub rights: Rights,
}

const TEMPLATE: u16 = 0x53;

impl Authorization {
    /// An inspection system's, or that of an authority over them.
    pub fn inspection(role: Role, rights: Rights) -> Self {
        Self { terminal: TerminalType::Inspection, role, rights }
    }

    /// Reads the template's value.
    pub(super) fn parse(value: &[u8]) -> Result<Self, CvcError> {
        let wrong = CvcError::Malformed("the authorization template");
        let (oid, rest) = tlv::expect(value, OBJECT_IDENTIFIER)?;
        let (template, rest) = tlv::expect(rest, TEMPLATE)?;
        let terminal = TerminalType::ALL.into_iter().find(|terminal| terminal.oid() == oid);
        let terminal = terminal.ok_or(CvcError::Malformed("an unknown kind of terminal"))?;
        let Some(&first) = template.first() else { return Err(wrong) };
        if !rest.is_empty() || template.len() != terminal.template_bytes() {
            return Err(wrong);
        }
        let role = Role::ALL.into_iter().find(|&(_, bits)| bits == first >> 6).map(|(role, _)| role).ok_or(wrong)?;
        let bits = template.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        Ok(Self { terminal, role, rights: Rights(bits & rights_mask(terminal)) })
    }

    /// The template's value.
    pub(super) fn value(&self) -> Vec<u8> {
        let bytes = self.terminal.template_bytes();
        let role = u64::from(self.role.bits()) << (8 * bytes - 2);
        let bits = (self.rights.0 & rights_mask(self.terminal) | role).to_be_bytes();
        let template = tlv::object(TEMPLATE, bits.get(8 - bytes..).unwrap_or_default());
        [tlv::object(OBJECT_IDENTIFIER, &self.terminal.oid()), template].concat()
    }
}

/// The bits below the role.
fn rights_mask(terminal: TerminalType) -> u64 {
    (1 << (8 * terminal.template_bytes() - 2)) - 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, text) in [
            (946_684_799, "2000-01-01"),
            (951_782_400, "2000-02-29"),
            (1_220_227_200, "2008-09-01"),
            (1_798_761_599, "2026-12-31"),
            (4_102_444_800, "2099-12-31"),
            (i64::MIN, "2000-01-01"),
            (i64::MAX, "2099-12-31"),
        ] {
            let date = Date::from_unix_s(seconds);
            assert_eq!(date.to_string(), text);
            assert_eq!(Date::parse(&date.digits()).unwrap(), date);
        }
        assert!(Date::new(2008, 1, 9) < Date::new(2008, 2, 1));
        for wrong in [&[0, 8, 1, 3, 0, 1][..], &[0, 8, 0, 0, 0, 1], &[0, 8, 0, 1, 0, 10], &[0, 8, 0, 1, 0]] {
            assert!(Date::parse(wrong).is_err());
        }
    }

    // TR-03110-4, 2.2.3: the bits of an inspection system's template.
    #[test]
    fn authorizations_read_and_write() {
        let oid = [6, 9, 4, 0, 0x7F, 0, 7, 3, 1, 2, 1, 0x53, 1];
        for (byte, role, rights) in [
            (0xC3, Role::Cvca, Rights::READ_DG3.with(Rights::READ_DG4)),
            (0x81, Role::DomesticVerifier, Rights::READ_DG3),
            (0x42, Role::ForeignVerifier, Rights::READ_DG4),
            (0x00, Role::Terminal, Rights::NONE),
        ] {
            let value = [&oid[..], &[byte]].concat();
            let authorization = Authorization::parse(&value).unwrap();
            assert_eq!(authorization, Authorization::inspection(role, rights));
            assert_eq!(authorization.value(), value);
        }
        assert!(Authorization::parse(&[&oid[..11], &[0x53, 2, 0, 0]].concat()).is_err());
        assert!(Authorization::parse(&oid[..11]).is_err());
    }

    #[test]
    fn references_have_their_parts() {
        let reference = Reference::new("UT", "IS1", "00001").unwrap();
        assert_eq!(reference.as_bytes(), b"UTIS100001");
        assert_eq!(reference.country(), "UT");
        assert!(Reference::new("UT", "", "00001").is_err());
        assert!(Reference::parse(b"UT00001").is_err());
        assert!(Reference::parse(b"UTIS\x0100001").is_err());
        assert!(Reference::parse(&[b'A'; 17]).is_err());
    }
}
