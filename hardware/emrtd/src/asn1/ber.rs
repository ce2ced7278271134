//! Indefinite lengths and strings in pieces (X.690, 8.1.3.6 and 8.7): streaming signers write their CMS so.

use std::borrow::Cow;

use super::{Asn1Error, OCTET_STRING};
use crate::tlv::{self, TlvError};

/// Constructed OCTET STRING.
const CONSTRUCTED_OCTET_STRING: u8 = 0x24;
/// Bit of a tag that says: made of elements.
const CONSTRUCTED: u8 = 0x20;
/// No list or certificate of Doc 9303 nests half as deep.
const DEPTH_MAX: usize = 48;

/// The first element of these bytes with definite lengths and strings in one piece, and nothing after it.
///
/// What has them already stays as it is, octet for octet: a certificate inside is signed in its encoding.
pub fn definite(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Asn1Error> {
    Ok(element(bytes, 0)?.0)
}

/// An element and how many bytes it took.
fn element(bytes: &[u8], depth: usize) -> Result<(Cow<'_, [u8]>, usize), Asn1Error> {
    if depth > DEPTH_MAX {
        return Err(Asn1Error::Depth);
    }
    let truncated = |needed| Asn1Error::Tlv(TlvError::Truncated { needed, available: bytes.len() });
    let first = *bytes.first().ok_or(truncated(1))?;
    let tag_bytes = if first & 0x1F == 0x1F { 2 } else { 1 };
    if bytes.get(tag_bytes) == Some(&0x80) {
        if first & CONSTRUCTED == 0 {
            return Err(TlvError::Form.into());
        }
        let mut at = tag_bytes + 1;
        let mut content = Vec::new();
        loop {
            let rest = bytes.get(at..).ok_or(truncated(at))?;
            if rest.starts_with(&[0, 0]) {
                return Ok((Cow::Owned(rebuilt(bytes, tag_bytes, &content)?), at + 2));
            }
            let (child, taken) = element(rest, depth + 1)?;
            content.extend_from_slice(&child);
            at += taken;
        }
    }
    let (object, _) = tlv::read(bytes)?;
    let taken = object.whole.len();
    if first & CONSTRUCTED == 0 {
        return Ok((Cow::Borrowed(object.whole), taken));
    }
    let mut changed = first == CONSTRUCTED_OCTET_STRING;
    let mut children = Vec::new();
    let mut at = 0;
    while let Some(rest) = object.value.get(at..).filter(|rest| !rest.is_empty()) {
        let (child, child_bytes) = element(rest, depth + 1)?;
        changed |= matches!(child, Cow::Owned(_));
        children.push(child);
        at += child_bytes;
    }
    if changed {
        Ok((Cow::Owned(rebuilt(bytes, tag_bytes, &children.concat())?), taken))
    } else {
        Ok((Cow::Borrowed(object.whole), taken))
    }
}

/// The element with this content, by now definite.
fn rebuilt(bytes: &[u8], tag_bytes: usize, content: &[u8]) -> Result<Vec<u8>, Asn1Error> {
    let tag = bytes.get(..tag_bytes).unwrap_or_default();
    if tag != [CONSTRUCTED_OCTET_STRING] {
        return Ok(tlv::object(tag.iter().fold(0, |tag, &byte| tag << 8 | u16::from(byte)), content));
    }
    let mut octets = Vec::with_capacity(content.len());
    for piece in tlv::all(content)? {
        if piece.tag != OCTET_STRING {
            return Err(Asn1Error::Value("a string in pieces"));
        }
        octets.extend_from_slice(piece.value);
    }
    Ok(tlv::object(OCTET_STRING, &octets))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn indefinite_lengths_and_pieces_become_definite_and_whole() {
        // SEQUENCE { [0] { OCTET STRING "ab" || "c" }, INTEGER 1 }, as a streaming signer writes it.
        let stream =
            [0x30, 0x80, 0xA0, 0x80, 0x24, 0x80, 4, 2, b'a', b'b', 4, 1, b'c', 0, 0, 0, 0, 2, 1, 1, 0, 0, 0xFF];
        let expected = [0x30, 10, 0xA0, 5, 4, 3, b'a', b'b', b'c', 2, 1, 1];
        assert_eq!(definite(&stream).unwrap().as_ref(), expected);
        assert!(matches!(definite(&expected).unwrap(), Cow::Borrowed(_)));
        for end in 0..stream.len() - 1 {
            assert!(definite(&stream[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_length_in_more_bytes_than_needed_is_kept() {
        let long = [0x30, 0x82, 0, 3, 2, 1, 5];
        assert_eq!(definite(&long).unwrap().as_ref(), long);
    }

    #[test]
    fn endless_nesting_is_an_error_and_no_overflow_of_the_stack() {
        assert_eq!(definite(&[0x30, 0x80].repeat(100_000)), Err(Asn1Error::Depth));
        assert!(definite(&[0x04, 0x80, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(prop_oneof![Just(0x30u8), Just(0x24), Just(0x80), Just(0), any::<u8>()], 0..200)) {
            if let Ok(whole) = definite(&bytes) {
                prop_assert!(tlv::read(&whole).unwrap().1.is_empty());
                let again = definite(&whole).unwrap();
                prop_assert_eq!(again.as_ref(), whole.as_ref());
            }
        }
    }
}
