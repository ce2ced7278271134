//! Sealed records: AES-256-GCM with a key of its own for every record's context.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 12;

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
}

/// Seals and opens records under one key.
pub struct Vault {
    derive: Hkdf<Sha256>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// A vault under this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { derive: Hkdf::new(Some(b"sallyport vault 1"), key) }
    }

    fn subkey(&self, purpose: &[u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are far below HKDF's limit of 255 hashes (RFC 5869, 2.3), the only error there is.
        let _ = self.derive.expand_multi_info(&[purpose, &[0], context], &mut key[..]);
        key
    }

    fn cipher(&self, context: &[u8]) -> Aes256Gcm {
        let key = self.subkey(b"record", context);
        Aes256Gcm::new((&*key).into())
    }

    /// Seals a record. `context` names its place (tree and key); it opens nowhere else.
    pub fn seal(&self, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut nonce = [0u8; NONCE_BYTES];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut nonce);
        let mut sealed = vec![FORMAT];
        sealed.extend_from_slice(&nonce);
        let payload = Payload { msg: plaintext, aad: context };
        match self.cipher(context).encrypt((&nonce).into(), payload) {
            Ok(cryptogram) => sealed.extend(cryptogram),
            // Rather no record at all than one of which only the header is there, in place of a good one.
            Err(_) => unreachable!("AES-GCM seals up to 64 GiB (NIST SP 800-38D, 5.2.1.1)"),
        }
        sealed
    }

    /// Opens a record of this place.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (&format, rest) = sealed.split_first().ok_or(VaultError::Format)?;
        let (nonce, cryptogram) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Format)?;
        if format != FORMAT {
            return Err(VaultError::Format);
        }
        let payload = Payload { msg: cryptogram, aad: context };
        let plain = self.cipher(context).decrypt(nonce.into(), payload).map_err(|_| VaultError::Sealed)?;
        Ok(Zeroizing::new(plain))
    }

    /// A keyed pseudonym (HMAC-SHA-256) of an identifier such as a card number, as a store's key: the same each
    /// time, and useless without this vault's key.
    pub fn pseudonym(&self, purpose: &str, identifier: &[u8]) -> [u8; 32] {
        let key = self.subkey(b"pseudonym", purpose.as_bytes());
        match Hmac::<Sha256>::new_from_slice(&key[..]) {
            Ok(mac) => mac.chain_update(identifier).finalize().into_bytes().into(),
            Err(_) => unreachable!("HMAC takes keys of any length (RFC 2104)"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_record_opens_only_unchanged_in_its_place_and_under_its_key() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal(b"people/1", b"a face");
        assert_eq!(**vault.open(b"people/1", &sealed).unwrap(), *b"a face");
        assert_eq!(vault.open(b"people/2", &sealed), Err(VaultError::Sealed));
        assert_eq!(Vault::new(&[8; 32]).open(b"people/1", &sealed), Err(VaultError::Sealed));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open(b"people/1", &changed).is_err(), "byte {at}");
            assert!(vault.open(b"people/1", &sealed[..at]).is_err(), "cut at {at}");
        }
        assert_ne!(sealed, vault.seal(b"people/1", b"a face"), "nonces must differ");
    }

    #[test]
    fn pseudonyms_depend_on_key_purpose_and_identifier() {
        let vault = Vault::new(&[7; 32]);
        let card = vault.pseudonym("card", b"04A1B2C3");
        assert_eq!(card, vault.pseudonym("card", b"04A1B2C3"));
        assert_ne!(card, vault.pseudonym("card", b"04A1B2C4"));
        assert_ne!(card, vault.pseudonym("passport", b"04A1B2C3"));
        assert_ne!(card, Vault::new(&[8; 32]).pseudonym("card", b"04A1B2C3"));
    }
}
