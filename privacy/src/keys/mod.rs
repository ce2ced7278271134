//! The key hierarchy (DESIGN section 5): root -> application -> enrollment.

mod passphrase;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use self::passphrase::{PASSPHRASE_VARIABLE, PassphraseError, passphrase};
use crate::vault::{Vault, VaultError};

/// Why a key could not be made, opened or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no key file.
    #[error("{0} is no key file of this version: restore it from a backup")]
    Format(PathBuf),
    /// The passphrase is wrong, or the file was changed.
    #[error("{0} does not open: the passphrase is wrong, or the file was changed")]
    Passphrase(PathBuf),
    /// The passphrase is too short.
    #[error("the passphrase has fewer than {0} characters: choose a longer one")]
    Weak(usize),
    /// Argon2 refused the parameters in the file, or memory is short.
    #[error("the passphrase could not be stretched: {0}")]
    Stretch(argon2::Error),
}

/// Shortest passphrase, in bytes.
pub const PASSPHRASE_BYTES_MIN: usize = 12;

/// The root of all keys: never leaves this type.
#[derive(ZeroizeOnDrop)]
pub struct RootKey([u8; 32]);

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootKey(..)")
    }
}

/// Argon2id as the second choice of RFC 9106, 4 (64 MiB, three passes, four lanes).
const STRETCH: Stretch = Stretch { memory_kib: 65_536, passes: 3, lanes: 4 };

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Stretch {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Stretch {
    fn key(self, passphrase: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        // A changed file must not make us allocate without bounds.
        if self.memory_kib > 1 << 21 || self.passes > 64 {
            return Err(KeyError::Stretch(argon2::Error::MemoryTooMuch));
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(KeyError::Stretch)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, &mut key[..])
            .map_err(KeyError::Stretch)?;
        Ok(key)
    }
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    format: String,
    stretch: Stretch,
    salt: String,
    sealed: String,
}

const KEY_FORMAT: &str = "sallyport root key 1";

impl RootKey {
    /// Makes a root key and writes it, sealed by the passphrase, to a new file readable by its owner alone.
    pub fn create(path: &Path, passphrase: &str) -> Result<Self, KeyError> {
        if passphrase.len() < PASSPHRASE_BYTES_MIN {
            return Err(KeyError::Weak(PASSPHRASE_BYTES_MIN));
        }
        let mut key = Self([0; 32]);
        let mut salt = [0; 16];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut key.0);
        rand::Rng::fill_bytes(&mut rand::rng(), &mut salt);
        let sealed = Vault::new(&*STRETCH.key(passphrase, &salt)?).seal(KEY_FORMAT.as_bytes(), &key.0);
        let file = KeyFile {
            format: KEY_FORMAT.into(),
            stretch: STRETCH,
            salt: STANDARD.encode(salt),
            sealed: STANDARD.encode(sealed),
        };
        let text = serde_json::to_vec_pretty(&file).map_err(|_| KeyError::Format(path.into()))?;
        write_private(path, &text, false).map_err(|source| KeyError::File { path: path.into(), source })?;
        Ok(key)
    }

    /// Opens the file that [`RootKey::create`] wrote.
    pub fn open(path: &Path, passphrase: &str) -> Result<Self, KeyError> {
        let text = fs::read(path).map_err(|source| KeyError::File { path: path.into(), source })?;
        let format = || KeyError::Format(path.into());
        let file: KeyFile = serde_json::from_slice(&text).map_err(|_| format())?;
        if file.format != KEY_FORMAT {
            return Err(format());
        }
        let (salt, sealed) = (STANDARD.decode(file.salt), STANDARD.decode(file.sealed));
        let (salt, sealed) = (salt.map_err(|_| format())?, sealed.map_err(|_| format())?);
        let stretched = file.stretch.key(passphrase, &salt)?;
        let opened = Vault::new(&stretched)
            .open(KEY_FORMAT.as_bytes(), &sealed)
            .map_err(|_| KeyError::Passphrase(path.into()))?;
        opened[..].try_into().map(Self).map_err(|_| format())
    }

    fn derive(&self, purpose: &[&[u8]]) -> [u8; 32] {
        let mut key = [0; 32];
        let _ = Hkdf::<Sha256>::new(Some(b"sallyport root 1"), &self.0).expand_multi_info(purpose, &mut key);
        key
    }

    /// The vault for this purpose, such as `store`.
    pub fn vault(&self, purpose: &str) -> Vault {
        Vault::new(&Zeroizing::new(self.derive(&[b"vault", &[0], purpose.as_bytes()])))
    }

    /// The key of this application and generation, such as `trusted-traveler`, 1.
    pub fn application(&self, name: &str, generation: u32) -> ApplicationKey {
        let key = self.derive(&[b"application", &[0], name.as_bytes(), &[0], &generation.to_be_bytes()]);
        ApplicationKey { key, generation }
    }
}

/// The key of one application: the centre derives it, gates receive it at commissioning.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ApplicationKey {
    key: [u8; 32],
    generation: u32,
}

impl std::fmt::Debug for ApplicationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApplicationKey(generation {})", self.generation)
    }
}

impl ApplicationKey {
    /// A key received from the centre.
    pub fn received(key: &[u8; 32], generation: u32) -> Self {
        Self { key: *key, generation }
    }

    /// Which generation it is.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The key's bytes, to be granted to a gate over mutual TLS.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// Seals it into a file of a gate.
    pub fn save(&self, path: &Path, vault: &Vault) -> Result<(), KeyError> {
        let plain = Zeroizing::new([&self.generation.to_be_bytes()[..], &self.key].concat());
        let sealed = vault.seal(b"application key", &plain);
        write_private(path, &sealed, true).map_err(|source| KeyError::File { path: path.into(), source })
    }

    /// Opens what [`ApplicationKey::save`] sealed; `None` if there is none yet.
    pub fn load(path: &Path, vault: &Vault) -> Result<Option<Self>, KeyError> {
        let sealed = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|source| KeyError::File { path: path.into(), source })?,
        };
        let plain = vault.open(b"application key", &sealed).map_err(|error| match error {
            VaultError::Sealed => KeyError::Passphrase(path.into()),
            _ => KeyError::Format(path.into()),
        })?;
        let (generation, key) = plain.split_first_chunk::<4>().ok_or_else(|| KeyError::Format(path.into()))?;
        let key = key.try_into().map_err(|_| KeyError::Format(path.into()))?;
        Ok(Some(Self { key, generation: u32::from_be_bytes(*generation) }))
    }

    /// The seed of one enrollment's code. Raising `version` revokes the code.
    pub fn enrollment_seed(&self, enrollment: &[u8; 16], version: u32) -> EnrollmentSeed {
        let mut seed = [0; 32];
        let info: [&[u8]; 3] = [b"enrollment\0", enrollment, &version.to_be_bytes()];
        let _ = Hkdf::<Sha256>::new(Some(b"sallyport application 1"), &self.key).expand_multi_info(&info, &mut seed);
        EnrollmentSeed(seed)
    }
}

/// What makes one enrollment's projection.
#[derive(ZeroizeOnDrop)]
pub struct EnrollmentSeed(pub(crate) [u8; 32]);

impl std::fmt::Debug for EnrollmentSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnrollmentSeed(..)")
    }
}

/// A new key: 256 random bits.
pub fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut key);
    key
}

/// Writes a file for its owner alone, whole or not at all, flushed to the disk. Unless `replace`, a file that is there
/// stays.
pub fn write_private(path: &Path, bytes: &[u8], replace: bool) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if !replace && path.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there already; nothing was overwritten"));
    }
    let temporary = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) if folder != Path::new("") => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const PASSPHRASE: &str = "correct horse battery";

    #[test]
    fn a_root_key_opens_with_its_passphrase_only_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.json");
        let made = RootKey::create(&path, PASSPHRASE).unwrap();
        assert_eq!(RootKey::open(&path, PASSPHRASE).unwrap().0, made.0);
        assert!(matches!(RootKey::open(&path, "correct horse batterz"), Err(KeyError::Passphrase(_))));
        assert!(matches!(RootKey::create(&path, PASSPHRASE), Err(KeyError::File { .. })));
        assert!(matches!(RootKey::create(&path, "short"), Err(KeyError::Weak(_))));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read(&path).unwrap();
        assert!(!text.windows(8).any(|window| window == &made.0[..8]));
        fs::write(&path, b"{}").unwrap();
        assert!(matches!(RootKey::open(&path, PASSPHRASE), Err(KeyError::Format(_))));
    }

    #[test]
    fn every_step_of_the_hierarchy_separates() {
        let root = RootKey([7; 32]);
        let key = root.application("trusted-traveler", 1);
        assert_ne!(key.key, root.application("broker", 1).key);
        assert_ne!(key.key, root.application("trusted-traveler", 2).key);
        let seed = key.enrollment_seed(&[1; 16], 1);
        assert_eq!(seed.0, ApplicationKey::received(&key.key, 1).enrollment_seed(&[1; 16], 1).0);
        assert_ne!(seed.0, key.enrollment_seed(&[2; 16], 1).0);
        assert_ne!(seed.0, key.enrollment_seed(&[1; 16], 2).0);
        assert_eq!(format!("{root:?} {key:?} {seed:?}"), "RootKey(..) ApplicationKey(generation 1) EnrollmentSeed(..)");
    }

    #[test]
    fn a_received_key_survives_a_restart_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trusted-traveler.key");
        let (vault, key) = (RootKey([7; 32]).vault("keys"), ApplicationKey::received(&[9; 32], 3));
        assert!(ApplicationKey::load(&path, &vault).unwrap().is_none());
        key.save(&path, &vault).unwrap();
        let back = ApplicationKey::load(&path, &vault).unwrap().unwrap();
        assert_eq!((back.key, back.generation), ([9; 32], 3));
        assert!(!fs::read(&path).unwrap().windows(8).any(|window| window == [9; 8]));
        assert!(ApplicationKey::load(&path, &RootKey([8; 32]).vault("keys")).is_err());
    }
}
