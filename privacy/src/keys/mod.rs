//! The key hierarchy (DESIGN section 5): root -> application or gallery -> enrollment.
//!
//! The root lies in a file that a passphrase seals, or in a [`KeyStore`]: a PKCS#11 token gives out only what it derives.
//! What comes from the root comes again whenever it is needed, so it cannot be destroyed; keys that must be are made in a
//! key store, one a generation, and [`Rotating`] and [`ApplicationKeys`] tell which there are; [`Daily`] makes one a day.

mod application;
mod daily;
mod key_store;
mod passphrase;
mod pkcs11;
mod place;
mod root_file;
mod rotation;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use hkdf::Hkdf;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use sallyport_memory::{Locked, wipe_stack};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::{
    application::ApplicationKeys,
    daily::Daily,
    key_store::{FileKeyStore, KeyStore, ROOT},
    passphrase::{PASSPHRASE_VARIABLE, PassphraseError, passphrase, passphrase_in},
    pkcs11::{Pkcs11Error, Pkcs11KeyStore},
    place::{KeyPlace, Keys},
    root_file::{RootFile, RootFileError},
    rotation::Rotating,
};
use crate::vault::Vault;

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
    /// A name of other characters.
    #[error("`{0}` is no name of a key: use 1 to 40 of a-z, 0-9 and `-`")]
    Name(String),
    /// A key of this name is there.
    #[error("there is a key `{0}` already, and it was not replaced: use the one that is there")]
    Exists(String),
    /// There is no such key.
    #[error(
        "there is no key `{0}`: it was destroyed, never made, or this is another key store than the one that has it"
    )]
    Unknown(String),
    /// The token.
    #[error(transparent)]
    Token(#[from] Pkcs11Error),
}

/// Shortest passphrase, in bytes.
pub const PASSPHRASE_BYTES_MIN: usize = 12;

/// The root of all keys: never leaves this type.
pub struct RootKey(Locked<32>);

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootKey(..)")
    }
}

impl KeyError {
    fn of_root_file(path: &Path, error: RootFileError) -> Self {
        match error {
            RootFileError::Format => Self::Format(path.into()),
            RootFileError::Stretch(error) => Self::Stretch(error),
            RootFileError::Passphrase => Self::Passphrase(path.into()),
        }
    }
}

impl RootKey {
    /// Makes a root key and writes it, sealed by the passphrase, to a new file readable by its owner alone.
    pub fn create(path: &Path, passphrase: &str) -> Result<Self, KeyError> {
        if passphrase.len() < PASSPHRASE_BYTES_MIN {
            return Err(KeyError::Weak(PASSPHRASE_BYTES_MIN));
        }
        let mut key = Self(Locked::zeroed());
        rand::Rng::fill_bytes(&mut rand::rng(), &mut key.0[..]);
        key.write(path, passphrase, false)?;
        Ok(key)
    }

    /// Seals the file by another passphrase. The key stays the same: copies of the file open with the old one.
    pub fn change_passphrase(path: &Path, old: &str, new: &str) -> Result<(), KeyError> {
        if new.len() < PASSPHRASE_BYTES_MIN {
            return Err(KeyError::Weak(PASSPHRASE_BYTES_MIN));
        }
        Self::open(path, old)?.write(path, new, true)
    }

    fn write(&self, path: &Path, passphrase: &str, replace: bool) -> Result<(), KeyError> {
        let text = RootFile::written(&self.0, passphrase).map_err(|error| KeyError::of_root_file(path, error))?;
        write_private(path, &text, replace).map_err(|source| KeyError::File { path: path.into(), source })
    }

    /// The root of this key store, such as a token: what the store derives from its own root, which stays there. Whoever
    /// reads this process's memory has this key; whoever takes the disk, or the token without its PIN, has neither.
    pub fn from_store(store: &dyn KeyStore) -> Result<Self, KeyError> {
        Ok(Self(store.derive(ROOT, b"sallyport root 1")?))
    }

    /// Opens the file that [`RootKey::create`] wrote.
    pub fn open(path: &Path, passphrase: &str) -> Result<Self, KeyError> {
        let text = fs::read(path).map_err(|source| KeyError::File { path: path.into(), source })?;
        let opened = RootFile::parse(&text).and_then(|file| file.open(passphrase));
        let opened = opened.map_err(|error| KeyError::of_root_file(path, error))?;
        opened[..].try_into().map(|key: &[u8; 32]| Self(key.into())).map_err(|_| KeyError::Format(path.into()))
    }

    fn derive(&self, purpose: &[&[u8]]) -> Locked<32> {
        let mut key = Locked::zeroed();
        // 32 bytes are far below HKDF's limit of 255 hashes (RFC 5869, 2.3), the only error there is.
        let _ = Hkdf::<Sha256>::new(Some(b"sallyport root 1"), &self.0[..]).expand_multi_info(purpose, &mut key[..]);
        wipe_stack();
        key
    }

    /// The vault for this purpose, such as `store`.
    pub fn vault(&self, purpose: &str) -> Vault {
        Vault::new(&self.derive(&[b"vault", &[0], purpose.as_bytes()]))
    }

    /// The same with this many generations of its key, of which the last one seals: raise the number, seal all records anew,
    /// then leave out those before ([`Vault::without_generations_before`]).
    pub fn vault_of_generations(&self, purpose: &str, generations: u32) -> Vault {
        (2..=generations).fold(self.vault(purpose), |vault, number| {
            let key = self.derive(&[b"vault", &[0], purpose.as_bytes(), &[0], &number.to_be_bytes()]);
            vault.with_generation(number, &key)
        })
    }

    /// A key for something else than a vault, such as signing the audit trail.
    pub fn key(&self, purpose: &str) -> Locked<32> {
        self.derive(&[b"key", &[0], purpose.as_bytes()])
    }

    /// The key of this application and generation, such as `trusted-traveler`, 1.
    pub fn application(&self, name: &str, generation: u32) -> ApplicationKey {
        let key = self.derive(&[b"application", &[0], name.as_bytes(), &[0], &generation.to_be_bytes()]);
        ApplicationKey { key, generation }
    }
}

/// The key of one application: the centre derives it, gates receive it at commissioning.
pub struct ApplicationKey {
    key: Locked<32>,
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
        Self { key: key.into(), generation }
    }

    /// The key of one gallery, such as a flight's: random, and so gone for good when the record that holds it is.
    pub fn for_gallery() -> Self {
        Self { key: (&*Zeroizing::new(random_key())).into(), generation: 1 }
    }

    /// Which generation it is.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The key's bytes, to be granted to a gate over mutual TLS.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// Generation and key, to be sealed and kept.
    pub fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&self.generation.to_be_bytes()[..], &self.key[..]].concat())
    }

    /// What [`ApplicationKey::to_plain`] gave; `None` if it is anything else.
    pub fn from_plain(plain: &[u8]) -> Option<Self> {
        let (generation, key) = plain.split_first_chunk()?;
        let key: &[u8; 32] = key.try_into().ok()?;
        Some(Self { key: key.into(), generation: u32::from_be_bytes(*generation) })
    }

    /// The seed of one enrollment's code. Raising `version` revokes the code.
    pub fn enrollment_seed(&self, enrollment: &[u8; 16], version: u32) -> EnrollmentSeed {
        let mut seed = Locked::zeroed();
        let info: [&[u8]; 3] = [b"enrollment\0", enrollment, &version.to_be_bytes()];
        let _ = Hkdf::<Sha256>::new(Some(b"sallyport application 1"), &self.key[..])
            .expand_multi_info(&info, &mut seed[..]);
        wipe_stack();
        EnrollmentSeed(seed)
    }
}

/// What makes one enrollment's projection.
pub struct EnrollmentSeed(Locked<32>);

impl EnrollmentSeed {
    /// Draws something from the seed's random numbers, of which nothing stays on the stack.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
        #[inline(never)]
        fn drawn<T>(seed: &[u8; 32], draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
            draw(&mut ChaCha20Rng::from_seed(*seed))
        }
        let drawn = drawn(&self.0, draw);
        wipe_stack();
        drawn
    }
}

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

    fn root(of: u8) -> RootKey {
        RootKey((&[of; 32]).into())
    }

    #[test]
    fn a_root_key_opens_with_its_passphrase_only_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.json");
        let made = RootKey::create(&path, PASSPHRASE).unwrap();
        assert_eq!(*RootKey::open(&path, PASSPHRASE).unwrap().0, *made.0);
        assert!(matches!(RootKey::open(&path, "correct horse batterz"), Err(KeyError::Passphrase(_))));
        assert!(matches!(RootKey::create(&path, PASSPHRASE), Err(KeyError::File { .. })));
        assert!(matches!(RootKey::create(&path, "short"), Err(KeyError::Weak(_))));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read(&path).unwrap();
        assert!(!text.windows(8).any(|window| window == &made.0[..8]));
        RootKey::change_passphrase(&path, PASSPHRASE, "staple horse battery").unwrap();
        assert_eq!(*RootKey::open(&path, "staple horse battery").unwrap().0, *made.0);
        assert!(matches!(RootKey::open(&path, PASSPHRASE), Err(KeyError::Passphrase(_))));
        assert!(RootKey::change_passphrase(&path, PASSPHRASE, "battery horse staple").is_err());
        fs::write(&path, b"{}").unwrap();
        assert!(matches!(RootKey::open(&path, PASSPHRASE), Err(KeyError::Format(_))));
    }

    #[test]
    fn every_step_of_the_hierarchy_separates() {
        let root = root(7);
        let key = root.application("trusted-traveler", 1);
        assert_ne!(*key.key, *root.application("broker", 1).key);
        assert_ne!(*key.key, *root.application("trusted-traveler", 2).key);
        assert_ne!(*root.key("a"), *root.key("b"));
        let (one, two) = (root.vault("store").seal(b"a", b"x"), root.vault_of_generations("store", 2));
        assert!(two.open(b"a", &one).is_ok() && two.newest() == 2);
        assert!(root.vault("store").open(b"a", &two.seal(b"a", b"x")).is_err());
        assert_ne!(*ApplicationKey::for_gallery().key, *ApplicationKey::for_gallery().key);
        let seed = key.enrollment_seed(&[1; 16], 1);
        assert_eq!(*seed.0, *ApplicationKey::received(&key.key, 1).enrollment_seed(&[1; 16], 1).0);
        assert_ne!(*seed.0, *key.enrollment_seed(&[2; 16], 1).0);
        assert_ne!(*seed.0, *key.enrollment_seed(&[1; 16], 2).0);
        assert_eq!(format!("{root:?} {key:?} {seed:?}"), "RootKey(..) ApplicationKey(generation 1) EnrollmentSeed(..)");
    }

    #[test]
    fn a_received_key_is_kept_with_its_generation() {
        let key = ApplicationKey::received(&[9; 32], 3);
        let plain = key.to_plain();
        let back = ApplicationKey::from_plain(&plain).unwrap();
        assert_eq!((*back.key, back.generation), ([9; 32], 3));
        assert!((0..plain.len()).all(|cut| ApplicationKey::from_plain(&plain[..cut]).is_none()));
    }
}
