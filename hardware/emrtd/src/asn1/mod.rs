//! The ASN.1 of certificates and CMS (X.680, X.690) over [`crate::tlv`]: elements in order, identifiers, names, times.

mod ber;
mod name;
pub mod oid;
mod time;

pub use ber::definite;
pub use name::Name;
pub use time::{date, generalized_time, unix_time};
pub(crate) use {
    name::write_name,
    time::{write_generalized, write_time},
};

use crate::tlv::{self, Tlv, TlvError};

/// BOOLEAN.
pub const BOOLEAN: u16 = 0x01;
/// INTEGER.
pub const INTEGER: u16 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u16 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u16 = 0x04;
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u16 = 0x06;
/// PrintableString.
pub const PRINTABLE_STRING: u16 = 0x13;
/// SEQUENCE.
pub const SEQUENCE: u16 = 0x30;
/// SET.
pub const SET: u16 = 0x31;

/// Why a structure is not what its standard describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Asn1Error {
    /// It is no TLV.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// An element is not where it belongs.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An element's value is none that its type allows.
    #[error("{0} has an impossible value")]
    Value(&'static str),
    /// Constructed elements inside each other, deeper than any certificate or list needs.
    #[error("its elements are nested too deep")]
    Depth,
}

/// The elements of a SEQUENCE or SET, in order.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// Of this value, without its own tag and length.
    pub fn new(value: &'a [u8]) -> Self {
        Self(value)
    }

    /// Of the first element of these bytes, which must have this tag.
    pub fn of(bytes: &'a [u8], tag: u16) -> Result<Self, Asn1Error> {
        Ok(Self(tlv::expect(bytes, tag)?.0))
    }

    /// The next element, which must have this tag; `what` names it in the error.
    pub fn next(&mut self, tag: u16, what: &'static str) -> Result<Tlv<'a>, Asn1Error> {
        self.optional(tag)?.ok_or(Asn1Error::Missing(what))
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, tag: u16) -> Result<Option<Tlv<'a>>, Asn1Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (object, rest) = tlv::read(self.0)?;
        if object.tag != tag {
            return Ok(None);
        }
        self.0 = rest;
        Ok(Some(object))
    }

    /// The next element, whatever its tag; `None` at the end.
    pub fn any(&mut self) -> Result<Option<Tlv<'a>>, Asn1Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (object, rest) = tlv::read(self.0)?;
        self.0 = rest;
        Ok(Some(object))
    }

    /// The next element, a SEQUENCE, opened.
    pub fn sequence(&mut self, what: &'static str) -> Result<Self, Asn1Error> {
        Ok(Self(self.next(SEQUENCE, what)?.value))
    }

    /// The value of the next element, an OBJECT IDENTIFIER.
    pub fn identifier(&mut self, what: &'static str) -> Result<&'a [u8], Asn1Error> {
        Ok(self.next(OBJECT_IDENTIFIER, what)?.value)
    }
}

/// The magnitude of a non-negative INTEGER, without leading zeros; also of one whose sign bit was forgotten, as serial
/// numbers in the field have it.
pub fn magnitude(value: &[u8]) -> &[u8] {
    let zeros = value.iter().take_while(|&&byte| byte == 0).count();
    value.get(zeros..).unwrap_or_default()
}

/// A small non-negative INTEGER.
pub fn small(value: &[u8]) -> Option<u32> {
    match magnitude(value) {
        bytes if bytes.len() <= 4 && !value.is_empty() => {
            Some(bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
        }
        _ => None,
    }
}

/// An INTEGER of this magnitude.
pub fn integer(magnitude: &[u8]) -> Vec<u8> {
    let mut value = self::magnitude(magnitude).to_vec();
    if value.first().is_none_or(|byte| byte & 0x80 != 0) {
        value.insert(0, 0);
    }
    tlv::object(INTEGER, &value)
}

/// The octets of a BIT STRING of whole octets.
pub fn bits<'a>(value: &'a [u8], what: &'static str) -> Result<&'a [u8], Asn1Error> {
    match value.split_first() {
        Some((0, octets)) => Ok(octets),
        _ => Err(Asn1Error::Value(what)),
    }
}

/// An OBJECT IDENTIFIER in dotted form, as reports show it.
pub fn dotted(identifier: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0u64;
    for &byte in identifier {
        number = number.saturating_mul(128).saturating_add(u64::from(byte & 0x7F));
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.extend([first, number - 40 * first]);
            } else {
                numbers.push(number);
            }
            number = 0;
        }
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn integers_and_identifiers_are_written_as_x690_says() {
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0, 0x7F]), [2, 1, 0x7F]);
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!((small(&[1, 0]), small(&[]), small(&[1, 2, 3, 4, 5])), (Some(256), None, None));
        assert_eq!(dotted(oid::LDS_SECURITY_OBJECT), "2.23.136.1.1.1");
        assert_eq!(dotted(oid::SIGNED_DATA), "1.2.840.113549.1.7.2");
        assert_eq!(dotted(oid::SECURITY_OBJECT), "0.4.0.127.0.7.3.2.1");
    }

    #[test]
    fn elements_are_taken_in_order_and_a_missing_one_is_named() {
        let sequence = tlv::constructed(SEQUENCE, &[&tlv::object(INTEGER, &[1]), &tlv::object(OCTET_STRING, &[2])]);
        let mut elements = Elements::of(&sequence, SEQUENCE).unwrap();
        assert!(elements.optional(OCTET_STRING).unwrap().is_none());
        assert_eq!(elements.next(INTEGER, "the number").unwrap().value, [1]);
        assert_eq!(elements.identifier("the type").unwrap_err(), Asn1Error::Missing("the type"));
        assert_eq!(elements.any().unwrap().unwrap().value, [2]);
        assert!(elements.any().unwrap().is_none());
    }
}
