//! BER-TLV as Doc 9303-10 and X.690 use it: tags of one or two bytes, definite lengths.

/// Why bytes are no TLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlvError {
    /// The bytes end inside a tag, a length or a value.
    #[error("the structure ends early: {needed} bytes expected, {available} there")]
    Truncated {
        /// Bytes that the length announces.
        needed: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// A tag of more than two bytes, or a length of indefinite or more than four bytes.
    #[error("tag or length is not in the form that Doc 9303 uses")]
    Form,
    /// Another tag was expected.
    #[error("expected tag {expected:X}, found {found:X}")]
    Tag {
        /// The tag expected here.
        expected: u16,
        /// The tag found.
        found: u16,
    },
    /// A tag is missing.
    #[error("tag {0:X} is missing")]
    Missing(u16),
}

/// One object: its tag, its value, and all of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag, one or two bytes big-endian.
    pub tag: u16,
    /// The value.
    pub value: &'a [u8],
    /// Tag, length and value.
    pub whole: &'a [u8],
}

/// Tag, length of the header in bytes, and length of the value, from the first bytes of an object.
pub fn header(bytes: &[u8]) -> Result<(u16, usize, usize), TlvError> {
    let byte = |at: usize| {
        bytes.get(at).copied().map(usize::from).ok_or(TlvError::Truncated { needed: at + 1, available: bytes.len() })
    };
    let first = byte(0)?;
    let (tag, mut at) = if first & 0x1F == 0x1F {
        let second = byte(1)?;
        if second & 0x80 != 0 {
            return Err(TlvError::Form);
        }
        (first << 8 | second, 2)
    } else {
        (first, 1)
    };
    let short = byte(at)?;
    at += 1;
    let length = match short {
        0..=0x7F => short,
        0x81..=0x84 => {
            let mut length = 0usize;
            for _ in 0..short - 0x80 {
                length = length << 8 | byte(at)?;
                at += 1;
            }
            length
        }
        _ => return Err(TlvError::Form),
    };
    Ok((tag as u16, at, length))
}

/// The first object and what follows it.
pub fn read(bytes: &[u8]) -> Result<(Tlv<'_>, &[u8]), TlvError> {
    let (tag, start, length) = header(bytes)?;
    let end = start.checked_add(length).ok_or(TlvError::Form)?;
    let value = bytes.get(start..end).ok_or(TlvError::Truncated { needed: end, available: bytes.len() })?;
    Ok((Tlv { tag, value, whole: &bytes[..end] }, &bytes[end..]))
}

/// The value of the first object, which must have this tag, and what follows it.
pub fn expect(bytes: &[u8], tag: u16) -> Result<(&[u8], &[u8]), TlvError> {
    let (object, rest) = read(bytes)?;
    if object.tag != tag {
        return Err(TlvError::Tag { expected: tag, found: object.tag });
    }
    Ok((object.value, rest))
}

/// The objects of a sequence, one after another, without memory of their own; ends behind the first error.
pub fn objects(bytes: &[u8]) -> Objects<'_> {
    Objects { rest: bytes }
}

/// See [`objects`].
#[derive(Debug, Clone)]
pub struct Objects<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<Tlv<'a>, TlvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = read(self.rest);
        self.rest = read.map_or(&[], |(_, rest)| rest);
        Some(read.map(|(object, _)| object))
    }
}

/// All objects of a sequence.
pub fn all(bytes: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    objects(bytes).collect()
}

/// The value of the first object with this tag in a sequence, which must be well-formed as a whole.
pub fn find(bytes: &[u8], tag: u16) -> Result<&[u8], TlvError> {
    find_optional(bytes, tag)?.ok_or(TlvError::Missing(tag))
}

/// Like [`find`], where the object may be absent.
pub fn find_optional(bytes: &[u8], tag: u16) -> Result<Option<&[u8]>, TlvError> {
    let mut found = None;
    for object in objects(bytes) {
        let object = object?;
        if found.is_none() && object.tag == tag {
            found = Some(object.value);
        }
    }
    Ok(found)
}

/// Appends an object.
pub fn push(out: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let [high, low] = tag.to_be_bytes();
    if high != 0 {
        out.push(high);
    }
    out.push(low);
    push_length(out, value.len());
    out.extend_from_slice(value);
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = (length as u32).to_be_bytes();
        let skip = bytes.iter().take_while(|&&byte| byte == 0).count();
        out.push(0x80 | (4 - skip) as u8);
        out.extend_from_slice(&bytes[skip..]);
    }
}

/// One object.
pub fn object(tag: u16, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 6);
    push(&mut out, tag, value);
    out
}

/// One object whose value is these parts, one after another.
pub fn constructed(tag: u16, parts: &[&[u8]]) -> Vec<u8> {
    object(tag, &parts.concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(tag in prop_oneof![Just(0x61u16), Just(0x7F61), Just(0x5F2E)], value in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let bytes = object(tag, &value);
            let (read_back, rest) = read(&bytes).unwrap();
            prop_assert_eq!(read_back.tag, tag);
            prop_assert_eq!(read_back.value, &value[..]);
            prop_assert!(rest.is_empty());
            prop_assert!(read(&bytes[..bytes.len() - 1]).is_err());
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = all(&bytes);
        }
    }
}
