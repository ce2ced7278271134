//! The file of a root key: what is read and checked before any passphrase is stretched.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::vault::Vault;

/// Argon2id as the second choice of RFC 9106, 4 (64 MiB, three passes, four lanes).
const STRETCH: Stretch = Stretch { memory_kib: 65_536, passes: 3, lanes: 4 };
/// Most memory and passes that a file may ask for: a changed file must not make us allocate or compute without bounds.
const MEMORY_KIB_MAX: u32 = 1 << 21;
const PASSES_MAX: u32 = 64;

const FORMAT: &str = "sallyport root key 1";

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Stretch {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Stretch {
    fn params(self) -> Result<Params, argon2::Error> {
        if self.memory_kib > MEMORY_KIB_MAX || self.passes > PASSES_MAX {
            return Err(argon2::Error::MemoryTooMuch);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: String,
    stretch: Stretch,
    salt: String,
    sealed: String,
}

/// Why bytes are no root key's file, or do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootFileError {
    /// Not of this format.
    #[error("this is no root key's file of this version")]
    Format,
    /// Argon2 refused the parameters in the file, or memory is short.
    #[error("the passphrase could not be stretched: {0}")]
    Stretch(argon2::Error),
    /// The passphrase is wrong, or the file was changed.
    #[error("the passphrase is wrong, or the file was changed")]
    Passphrase,
}

/// A root key, sealed by a passphrase.
pub struct RootFile {
    stretch: Params,
    salt: Vec<u8>,
    sealed: Vec<u8>,
}

impl std::fmt::Debug for RootFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootFile(..)")
    }
}

impl RootFile {
    /// Reads a file's bytes; nothing secret is needed for that.
    pub fn parse(text: &[u8]) -> Result<Self, RootFileError> {
        let format = |_| RootFileError::Format;
        let file: Written = serde_json::from_slice(text).map_err(|_| RootFileError::Format)?;
        if file.format != FORMAT {
            return Err(RootFileError::Format);
        }
        Ok(Self {
            stretch: file.stretch.params().map_err(RootFileError::Stretch)?,
            salt: STANDARD.decode(file.salt).map_err(format)?,
            sealed: STANDARD.decode(file.sealed).map_err(format)?,
        })
    }

    /// The file's bytes of a key, sealed by this passphrase under a new salt.
    pub(super) fn written(key: &[u8; 32], passphrase: &str) -> Result<Vec<u8>, RootFileError> {
        let mut salt = [0; 16];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut salt);
        let stretch = STRETCH.params().map_err(RootFileError::Stretch)?;
        let sealed = Vault::new(&*stretched(stretch, passphrase, &salt)?).seal(FORMAT.as_bytes(), key);
        let file = Written {
            format: FORMAT.into(),
            stretch: STRETCH,
            salt: STANDARD.encode(salt),
            sealed: STANDARD.encode(sealed),
        };
        serde_json::to_vec_pretty(&file).map_err(|_| RootFileError::Format)
    }

    /// The key that is in it. Takes as long as the file says: that is what stretching is for.
    pub(super) fn open(self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, RootFileError> {
        let key = stretched(self.stretch, passphrase, &self.salt)?;
        Vault::new(&key).open(FORMAT.as_bytes(), &self.sealed).map_err(|_| RootFileError::Passphrase)
    }
}

fn stretched(params: Params, passphrase: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, RootFileError> {
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key[..])
        .map_err(RootFileError::Stretch)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_a_file_asks_for_is_bounded_before_anything_is_stretched() {
        let text = String::from_utf8(RootFile::written(&[7; 32], "correct horse battery").unwrap()).unwrap();
        assert!(RootFile::parse(text.as_bytes()).is_ok());
        let refused = |from: &str, to: &str| RootFile::parse(text.replace(from, to).as_bytes()).unwrap_err();
        for (from, to) in [("65536", "2097153"), ("\"passes\": 3", "\"passes\": 65"), ("\"lanes\": 4", "\"lanes\": 0")]
        {
            assert!(matches!(refused(from, to), RootFileError::Stretch(_)), "{to}");
        }
        for (from, to) in [("root key 1", "root key 2"), ("==", "!!"), ("65536", "-1"), ("}", "")] {
            assert_eq!(refused(from, to), RootFileError::Format, "{to}");
        }
    }
}
