//! The hash algorithms of signatures on documents, chips and terminals (Doc 9303-12, 4.4; TR-03110-3, A.7).

use openssl::hash::MessageDigest;
use sha1::{Digest, Sha1};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::{
    asn1::{Asn1Error, Elements, OBJECT_IDENTIFIER, SEQUENCE},
    tlv,
};

/// A hash algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-1: only to verify what was issued long ago.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, shortest first.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Bytes of a hash.
    pub fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of these parts, one after another.
    pub fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn with<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            parts.iter().fold(D::new(), |digest, part| digest.chain_update(part)).finalize().to_vec()
        }
        match self {
            Self::Sha1 => with::<Sha1>(parts),
            Self::Sha224 => with::<Sha224>(parts),
            Self::Sha256 => with::<Sha256>(parts),
            Self::Sha384 => with::<Sha384>(parts),
            Self::Sha512 => with::<Sha512>(parts),
        }
    }

    /// The object identifier's value, as in a DigestInfo.
    pub fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &[0x2B, 0x0E, 3, 2, 0x1A],
            Self::Sha224 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4],
            Self::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
            Self::Sha384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
            Self::Sha512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
        }
    }

    /// The algorithm of an AlgorithmIdentifier's value; its parameters mean nothing (RFC 5754, 2).
    pub fn parse(identifier: &[u8]) -> Result<Self, Asn1Error> {
        let found = Elements::new(identifier).identifier("a hash algorithm")?;
        let known = Self::ALL.into_iter().find(|hash| hash.oid() == found);
        known.ok_or(Asn1Error::Value("a hash algorithm (none that Doc 9303-12 allows)"))
    }

    /// The AlgorithmIdentifier, without parameters (RFC 5754, 2).
    pub fn write(self) -> Vec<u8> {
        tlv::object(SEQUENCE, &tlv::object(OBJECT_IDENTIFIER, self.oid()))
    }

    /// For use with OpenSSL.
    pub fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha224 => MessageDigest::sha224(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }

    /// The algorithm whose hashes are no longer than a key of so many bits, and as long as possible.
    pub fn for_key_bits(bits: u32) -> Self {
        Self::ALL.into_iter().rev().find(|hash| hash.bytes() * 8 <= bits as usize).unwrap_or(Self::Sha1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_libraries_agree_on_every_algorithm_and_each_is_read_as_written() {
        for algorithm in HashAlgorithm::ALL {
            let hash = algorithm.of(&[b"abc", b"", b"def"]);
            assert_eq!(hash.len(), algorithm.bytes());
            assert_eq!(HashAlgorithm::parse(tlv::expect(&algorithm.write(), SEQUENCE).unwrap().0), Ok(algorithm));
            assert_eq!(hash, openssl::hash::hash(algorithm.message_digest(), b"abcdef").unwrap().to_vec());
        }
        assert_eq!(HashAlgorithm::for_key_bits(160), HashAlgorithm::Sha1);
        assert_eq!(HashAlgorithm::for_key_bits(320), HashAlgorithm::Sha256);
        assert_eq!(HashAlgorithm::for_key_bits(521), HashAlgorithm::Sha512);
    }
}
