//! What a sealed record looks like.
//!
//! Format 2, numbers big endian: `2`, generation of the key (4 bytes), version (8), salt (32), cryptogram and tag of
//! AES-256-GCM. Associated data: all before the salt, then the record's place. Key and nonce (44 bytes) come from HKDF
//! over the vault's key and the salt, so no nonce has to be counted, stored or kept apart between restarts and replicas.
//!
//! **Bound.** Two sealings share key and nonce only if their 256-bit salts collide: with q sealings under one generation at
//! most q^2 / 2^257, that is 2^-129 for 2^64 of them (NIST SP 800-38D, 8.3 asks for 2^-32). A key seals one record, so
//! GCM's limits on a key's use (8.3; 2^32 random nonces) are out of reach.
//!
//! **Clones.** A copied virtual machine or a restored snapshot may repeat its random numbers. So the salt is not random
//! itself but a MAC over random bytes, place, version and plaintext: a repeated random number then gives another salt for
//! anything but the very same record, and all that an observer learns is that it was the same (the hedge of Bellare et al.,
//! "Hedged public-key encryption", 2009, for a nonce; compare RFC 6979). No key is ever used twice for different records.
//!
//! Format 1 (read only): `1`, random nonce (12), cryptogram, tag; a key for each place; associated data: the place.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{VaultError, mac, subkey};

pub(super) const FIRST: u8 = 1;
const SECOND: u8 = 2;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const SALT_BYTES: usize = 32;
const SALT_AT: usize = 1 + 4 + 8;
const HEADER_BYTES: usize = SALT_AT + SALT_BYTES;

/// How much longer a sealed record is than what is in it.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;

/// What a record of format 2 says of itself in the clear. Until the record was opened, anyone may have written it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The generation of the key.
    pub generation: u32,
    /// The record's version; 0 where none is kept.
    pub version: u64,
    /// What key and nonce come from: no two sealings have the same.
    pub salt: [u8; SALT_BYTES],
}

impl Header {
    /// Reads the header of a record of format 2.
    pub fn parse(sealed: &[u8]) -> Result<Self, VaultError> {
        match Cryptogram::parse(sealed)?.form {
            Form::Second(header) => Ok(header),
            Form::First { .. } => Err(VaultError::Format),
        }
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = SECOND;
        bytes[1..5].copy_from_slice(&self.generation.to_be_bytes());
        bytes[5..SALT_AT].copy_from_slice(&self.version.to_be_bytes());
        bytes[SALT_AT..].copy_from_slice(&self.salt);
        bytes
    }

    /// Fixed length before the place, so that no two pairs of header and place give the same bytes.
    pub(super) fn associated(self, context: &[u8]) -> Vec<u8> {
        [&self.to_bytes()[..SALT_AT], context].concat()
    }
}

/// A sealed record, taken apart.
pub(super) struct Cryptogram<'a> {
    pub(super) form: Form,
    pub(super) rest: &'a [u8],
}

pub(super) enum Form {
    First { nonce: [u8; NONCE_BYTES] },
    Second(Header),
}

impl<'a> Cryptogram<'a> {
    pub(super) fn parse(sealed: &'a [u8]) -> Result<Self, VaultError> {
        let (&format, rest) = sealed.split_first().ok_or(VaultError::Format)?;
        let (form, rest) = match format {
            FIRST => {
                let (nonce, rest) = rest.split_first_chunk().ok_or(VaultError::Format)?;
                (Form::First { nonce: *nonce }, rest)
            }
            SECOND => {
                let (generation, rest) = rest.split_first_chunk().ok_or(VaultError::Format)?;
                let (version, rest) = rest.split_first_chunk().ok_or(VaultError::Format)?;
                let (salt, rest) = rest.split_first_chunk().ok_or(VaultError::Format)?;
                let (generation, version) = (u32::from_be_bytes(*generation), u64::from_be_bytes(*version));
                (Form::Second(Header { generation, version, salt: *salt }), rest)
            }
            _ => return Err(VaultError::Format),
        };
        if rest.len() < TAG_BYTES { Err(VaultError::Format) } else { Ok(Self { form, rest }) }
    }
}

pub(super) fn salt(
    derive: &Hkdf<Sha256>,
    random: &[u8; 32],
    context: &[u8],
    version: u64,
    plaintext: &[u8],
) -> [u8; SALT_BYTES] {
    let key = subkey(derive, b"salt 2", &[]);
    let length = (context.len() as u64).to_be_bytes();
    mac(&key, &[random, &version.to_be_bytes(), &length, context, plaintext])
}

pub(super) fn key_and_nonce(
    derive: &Hkdf<Sha256>,
    salt: &[u8; SALT_BYTES],
) -> (Zeroizing<[u8; 32]>, [u8; NONCE_BYTES]) {
    let mut both = Zeroizing::new([0; 32 + NONCE_BYTES]);
    // 44 bytes are far below HKDF's limit of 255 hashes (RFC 5869, 2.3), the only error there is.
    let _ = derive.expand_multi_info(&[b"record 2\0", salt], &mut both[..]);
    let (mut key, mut nonce) = (Zeroizing::new([0; 32]), [0; NONCE_BYTES]);
    key.copy_from_slice(&both[..32]);
    nonce.copy_from_slice(&both[32..]);
    (key, nonce)
}
