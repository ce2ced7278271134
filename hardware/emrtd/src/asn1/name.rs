//! Distinguished names (X.501), compared as the field needs it.

use std::fmt::{self, Write as _};

use super::{Asn1Error, Elements, OBJECT_IDENTIFIER, SEQUENCE, SET, dotted, oid};
use crate::tlv;

/// Attributes of a name that have a short form.
const SHORT: [(&[u8], &str); 7] = [
    (oid::COUNTRY, "C"),
    (oid::ORGANIZATION, "O"),
    (oid::ORGANIZATIONAL_UNIT, "OU"),
    (oid::COMMON_NAME, "CN"),
    (oid::SERIAL_NUMBER, "serialNumber"),
    (oid::LOCALITY, "L"),
    (oid::STATE, "ST"),
];

/// A distinguished name.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    der: Vec<u8>,
    attributes: Vec<(Vec<u8>, String)>,
}

impl Name {
    /// Reads a whole name, tag and length included.
    pub fn parse(der: &[u8]) -> Result<Self, Asn1Error> {
        let mut attributes = Vec::new();
        for set in tlv::objects(tlv::expect(der, SEQUENCE)?.0) {
            let set = set?;
            if set.tag != SET {
                return Err(Asn1Error::Missing("a relative name"));
            }
            for pair in tlv::objects(set.value) {
                let mut pair = Elements::new(tlv::expect(pair?.whole, SEQUENCE)?.0);
                let kind = pair.next(OBJECT_IDENTIFIER, "the type of a name's part")?.value;
                let value = pair.any()?.ok_or(Asn1Error::Missing("the value of a name's part"))?;
                attributes.push((kind.to_vec(), text(value.tag, value.value)));
            }
        }
        Ok(Self { der: der.to_vec(), attributes })
    }

    /// The encoding.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What two spellings of one name share: type of string, case, spaces and order do not count. Such a match only
    /// finds candidates; a signature decides.
    pub fn key(&self) -> String {
        let mut parts: Vec<String> = self
            .attributes
            .iter()
            .map(|(kind, value)| {
                let value = value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
                format!("{}={value}", hex::encode(kind))
            })
            .collect();
        parts.sort_unstable();
        parts.join("\n")
    }

    /// Country (C=), as written.
    pub fn country(&self) -> Option<&str> {
        self.attributes.iter().find(|(kind, _)| kind == oid::COUNTRY).map(|(_, value)| value.trim())
    }
}

/// `C=UT, O=.., CN=..`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (kind, value)) in self.attributes.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            match SHORT.iter().find(|(known, _)| known == kind) {
                Some((_, short)) => f.write_str(short)?,
                None => f.write_str(&dotted(kind))?,
            }
            f.write_char('=')?;
            // A hostile certificate must not write control characters onto an officer's screen.
            value
                .chars()
                .filter(|character| !character.is_control())
                .try_for_each(|character| f.write_char(character))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// A DirectoryString or IA5String.
fn text(tag: u16, value: &[u8]) -> String {
    match tag {
        // T61String, in practice Latin-1.
        0x14 => value.iter().map(|&byte| char::from(byte)).collect(),
        0x1E => {
            let units: Vec<u16> = value.as_chunks::<2>().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
            String::from_utf16_lossy(&units)
        }
        0x1C => value
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&unit| char::from_u32(u32::from_be_bytes(unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
        _ => String::from_utf8_lossy(value).into_owned(),
    }
}

/// The encoding of a name of these parts, types and values (PrintableString for the country, UTF8String else).
pub(crate) fn write_name(parts: &[(&[u8], &str)]) -> Vec<u8> {
    let mut sets = Vec::new();
    for &(kind, value) in parts {
        let string = if kind == oid::COUNTRY { 0x13 } else { 0x0C };
        let pair = tlv::constructed(
            SEQUENCE,
            &[&tlv::object(OBJECT_IDENTIFIER, kind), &tlv::object(string, value.as_bytes())],
        );
        tlv::push(&mut sets, SET, &pair);
    }
    tlv::object(SEQUENCE, &sets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_share_a_key_and_other_names_do_not() {
        let name = Name::parse(&write_name(&[(oid::COUNTRY, "UT"), (oid::COMMON_NAME, "CSCA  Utopia")])).unwrap();
        let turned = Name::parse(&write_name(&[(oid::COMMON_NAME, "csca utopia "), (oid::COUNTRY, "ut")])).unwrap();
        let other = Name::parse(&write_name(&[(oid::COUNTRY, "UT"), (oid::COMMON_NAME, "CSCA Utopia 2")])).unwrap();
        assert_eq!(name.key(), turned.key());
        assert_ne!(name.key(), other.key());
        assert_eq!((name.to_string().as_str(), name.country()), ("C=UT, CN=CSCA  Utopia", Some("UT")));
    }

    #[test]
    fn strings_of_every_type_are_read() {
        assert_eq!(text(0x1E, &[0, b'A', 0x20, 0xAC]), "A\u{20AC}");
        assert_eq!(text(0x1C, &[0, 1, 0xF6, 0]), "\u{1F600}");
        assert_eq!(text(0x14, &[0xE9]), "\u{E9}");
    }

    proptest! {
        #[test]
        fn a_changed_name_never_panics(at in 0usize..60, byte in any::<u8>()) {
            let mut der = write_name(&[(oid::COUNTRY, "UT"), (oid::COMMON_NAME, "CSCA Utopia")]);
            let at = at % der.len();
            der[at] = byte;
            if let Ok(name) = Name::parse(&der) {
                let _ = (name.key(), name.to_string(), name.country());
            }
        }
    }
}
