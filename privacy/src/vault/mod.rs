//! Sealed records: AES-256-GCM, each sealing under a key of its own, bound to the record's place and version.
//!
//! * [`Vault`]: seals and opens bytes under one key, or under the generations of a key that is rotated.
//! * [`Manifest`]: what a whole store of records must hold, so that one that was put back, taken out or brought back is
//!   noticed.
//! * [`Retention`], [`Clock`]: how long records may be kept.
//!
//! The records themselves lie in `sallyport_store::VaultStore`, with their keys in envelopes elsewhere, to be destroyed.

mod format;
mod manifest;
mod retention;

use std::collections::BTreeMap;

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sallyport_memory::Locked;
use sha2::Sha256;
use zeroize::Zeroizing;

use self::format::{Cryptogram, Form};
pub use self::{
    format::{Header, OVERHEAD_BYTES},
    manifest::{Manifest, ManifestKey, Recorded},
    retention::{Clock, Material, Retention, SystemClock},
};

/// Why a record did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// Too short, or of a format that this version does not know.
    #[error("the sealed record is cut short or of an unknown format: restore it from a backup")]
    Format,
    /// Changed, moved to another place, or sealed with another key.
    #[error("the sealed record was changed, moved, or sealed with another key: restore it from a backup")]
    Sealed,
    /// Sealed with a generation of the key that is not here.
    #[error("the sealed record needs generation {0} of its key, which is not here: it was destroyed, or is not loaded")]
    Generation(u32),
    /// An older or newer version than the one that belongs there.
    #[error("the sealed record has version {found}, and version {wanted} belongs there: somebody put another one back")]
    Version {
        /// Which belongs there.
        wanted: u64,
        /// Which is there.
        found: u64,
    },
}

/// Seals and opens records under one key, or under the generations of one: the newest seals, all open.
pub struct Vault {
    generations: BTreeMap<u32, Locked<32>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// A vault under this key, which is its first generation.
    pub fn new(key: &[u8; 32]) -> Self {
        Self::of_generation(FIRST_GENERATION, key)
    }

    /// A vault under this generation of a key.
    pub fn of_generation(generation: u32, key: &[u8; 32]) -> Self {
        Self { generations: BTreeMap::from([(generation, Locked::from(key))]) }
    }

    /// Adds a generation of the key, or replaces one. From then on the greatest seals.
    #[must_use]
    pub fn with_generation(mut self, generation: u32, key: &[u8; 32]) -> Self {
        self.generations.insert(generation, Locked::from(key));
        self
    }

    /// Leaves out generations before this one, but never the newest.
    #[must_use]
    pub fn without_generations_before(mut self, generation: u32) -> Self {
        let newest = self.newest();
        self.generations.retain(|&own, _| own >= generation || own == newest);
        self
    }

    /// The generation that seals.
    pub fn newest(&self) -> u32 {
        self.generations.last_key_value().map_or(0, |(&generation, _)| generation)
    }

    /// The generations that open.
    pub fn generations(&self) -> impl Iterator<Item = u32> {
        self.generations.keys().copied()
    }

    fn derive(&self, generation: u32) -> Result<Hkdf<Sha256>, VaultError> {
        let key = self.generations.get(&generation).ok_or(VaultError::Generation(generation))?;
        Ok(Hkdf::new(Some(b"sallyport vault 1"), &key[..]))
    }

    /// Seals a record. `context` names its place (tree and key); it opens nowhere else.
    pub fn seal(&self, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
        self.seal_version(context, 0, plaintext)
    }

    /// Seals this version of a record: whoever knows which version belongs there notices when an older one was put back.
    pub fn seal_version(&self, context: &[u8], version: u64, plaintext: &[u8]) -> Vec<u8> {
        self.seal_with(&fresh(), context, version, plaintext)
    }

    /// Seals a record of this place by the generation that sealed what is there now: it ends with that generation's key, and
    /// not later.
    pub fn seal_in_place_of(&self, before: &[u8], context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let generation = Header::parse(before)?.generation;
        Ok(Self::seal_by(generation, &self.derive(generation)?, &fresh(), (context, 0, plaintext)))
    }

    fn seal_with(&self, random: &[u8; 32], context: &[u8], version: u64, plaintext: &[u8]) -> Vec<u8> {
        let generation = self.newest();
        let Ok(derive) = self.derive(generation) else { unreachable!("a vault has at least one key") };
        Self::seal_by(generation, &derive, random, (context, version, plaintext))
    }

    fn seal_by(
        generation: u32,
        derive: &Hkdf<Sha256>,
        random: &[u8; 32],
        (context, version, plaintext): (&[u8], u64, &[u8]),
    ) -> Vec<u8> {
        let salt = format::salt(derive, random, context, version, plaintext);
        let header = Header { generation, version, salt };
        let (key, nonce) = format::key_and_nonce(derive, &salt);
        let payload = Payload { msg: plaintext, aad: &header.associated(context) };
        match Aes256Gcm::new((&*key).into()).encrypt((&nonce).into(), payload) {
            Ok(cryptogram) => [&header.to_bytes()[..], &cryptogram].concat(),
            // Rather no record at all than one of which only the header is there, in place of a good one.
            Err(_) => unreachable!("AES-GCM seals up to 64 GiB (NIST SP 800-38D, 5.2.1.1)"),
        }
    }

    /// Opens a record of this place, of whatever version.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let cryptogram = Cryptogram::parse(sealed)?;
        let (key, nonce, associated) = match &cryptogram.form {
            Form::First { nonce } => {
                (subkey(&self.derive(FIRST_GENERATION)?, b"record", context), *nonce, context.to_vec())
            }
            Form::Second(header) => {
                let (key, nonce) = format::key_and_nonce(&self.derive(header.generation)?, &header.salt);
                (key, nonce, header.associated(context))
            }
        };
        let payload = Payload { msg: cryptogram.rest, aad: &associated };
        let opened = Aes256Gcm::new((&*key).into()).decrypt((&nonce).into(), payload);
        opened.map(Zeroizing::new).map_err(|_| VaultError::Sealed)
    }

    /// Opens a record of this place that must have this version.
    pub fn open_version(&self, context: &[u8], version: u64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let opened = self.open(context, sealed)?;
        // Only now is the header known to be what was sealed.
        match Header::parse(sealed)?.version {
            found if found == version => Ok(opened),
            found => Err(VaultError::Version { wanted: version, found }),
        }
    }

    /// Whether a record should be sealed anew: with an older key, or in an older format.
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        Header::parse(sealed).is_ok_and(|header| header.generation < self.newest())
            || sealed.first() == Some(&format::FIRST)
    }

    /// A keyed pseudonym (HMAC-SHA-256) of an identifier such as a card number, as a store's key: the same each
    /// time, and useless without this vault's key. It is always of the oldest generation, since keys of a store do not
    /// change when its records are sealed anew: keep that one as long as the store.
    pub fn pseudonym(&self, purpose: &str, identifier: &[u8]) -> [u8; 32] {
        let oldest = self.generations.first_key_value().map_or(FIRST_GENERATION, |(&generation, _)| generation);
        let Ok(derive) = self.derive(oldest) else { unreachable!("a vault has at least one key") };
        mac(&subkey(&derive, b"pseudonym", purpose.as_bytes()), &[identifier])
    }
}

/// The generation of the key under which records of format 1, which say none, were sealed.
const FIRST_GENERATION: u32 = 1;

fn fresh() -> Zeroizing<[u8; 32]> {
    let mut random = Zeroizing::new([0; 32]);
    rand::Rng::fill_bytes(&mut rand::rng(), &mut random[..]);
    random
}

fn subkey(derive: &Hkdf<Sha256>, purpose: &[u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // 32 bytes are far below HKDF's limit of 255 hashes (RFC 5869, 2.3), the only error there is.
    let _ = derive.expand_multi_info(&[purpose, &[0], context], &mut key[..]);
    key
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().into(),
        Err(_) => unreachable!("HMAC takes keys of any length (RFC 2104)"),
    }
}

#[cfg(test)]
mod tests;
