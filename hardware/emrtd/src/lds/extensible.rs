//! What the data blocks of all parts of ISO/IEC 39794 have in common: fields by context-specific tags, and enumerations
//! that later editions may extend.

use crate::{
    asn1::SEQUENCE,
    tlv::{self, TlvError},
};

/// The biometric data in standardized format below tag 7F2E (Doc 9303-10, 4.5.6, table 2).
const STANDARDIZED: u16 = 0xA1;

/// The content of the data block with this tag; some write it without the object around it.
pub(super) fn data_block(objects: &[u8], tag: u16) -> Result<&[u8], TlvError> {
    match tlv::find_optional(objects, STANDARDIZED)? {
        Some(standardized) => tlv::find(standardized, tag),
        None => tlv::find(objects, tag),
    }
}

/// The value at the end of this path of tags, where it exists.
pub(super) fn path<'a>(mut bytes: &'a [u8], tags: &[u16]) -> Result<Option<&'a [u8]>, TlvError> {
    for &tag in tags {
        match tlv::find_optional(bytes, tag)? {
            Some(value) => bytes = value,
            None => return Ok(None),
        }
    }
    Ok(Some(bytes))
}

/// The blocks of a `SEQUENCE OF`; one block alone may stand without a sequence around it.
pub(super) fn each(blocks: &[u8]) -> impl Iterator<Item = Result<&[u8], TlvError>> {
    let alone = tlv::read(blocks).is_ok_and(|(first, _)| first.tag != SEQUENCE);
    let listed = if alone { &[][..] } else { blocks };
    alone.then_some(Ok(blocks)).into_iter().chain(tlv::objects(listed).map(|block| block.map(|block| block.value)))
}

/// The integer at the end of this path.
pub(super) fn number(bytes: &[u8], tags: &[u16]) -> Result<Option<i64>, TlvError> {
    Ok(path(bytes, tags)?.and_then(integer_value))
}

/// A code, or what a reader that does not know a newer code shall take it for: `CHOICE { code [0], extensionBlock [1] {
/// fallback [0] } }`.
pub(super) fn code(choice: &[u8]) -> Result<Option<u32>, TlvError> {
    let value = match number(choice, &[0x80])? {
        Some(code) => Some(code),
        None => number(choice, &[0xA1, 0x80])?,
    };
    Ok(value.and_then(|value| u32::try_from(value).ok()))
}

/// Two's complement (X.690, 8.3).
fn integer_value(bytes: &[u8]) -> Option<i64> {
    let first = *bytes.first()?;
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    (bytes.len() <= 8).then(|| bytes.iter().fold(sign, |value, &byte| value << 8 | i64::from(byte)))
}

/// Writes an integer under this tag.
pub(super) fn integer(tag: u16, value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let needed = |skip: usize| {
        let (sign, next) = (bytes[skip], bytes[skip + 1]);
        !(sign == 0 && next & 0x80 == 0 || sign == 0xFF && next & 0x80 != 0)
    };
    let skip = (0..7).find(|&skip| needed(skip)).unwrap_or(7);
    tlv::object(tag, &bytes[skip..])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_read_back_from_as_few_bytes_as_may_be(value in any::<i64>(), shift in 0u32..64) {
            let value = value >> shift;
            let object = integer(0x80, value);
            prop_assert_eq!(number(&object, &[0x80]).unwrap(), Some(value));
            prop_assert!(object.len() == 3 || !matches!(object[2..4], [0, 0..=0x7F] | [0xFF, 0x80..=0xFF]));
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = (code(&bytes), path(&bytes, &[0xA0, 0xA0]), each(&bytes).count(), data_block(&bytes, 0x65));
        }
    }
}
