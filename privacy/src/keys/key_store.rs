//! Where keys live that never come out: a folder under the root key, or a token.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hkdf::Hkdf;
use sallyport_memory::{Locked, wipe_stack};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KeyError, RootKey, random_key, write_private};
use crate::vault::Vault;

/// The name of the root key.
pub const ROOT: &str = "root";
/// Longest name of a key.
const NAME_BYTES_MAX: usize = 40;
const ENDING: &str = "key";
/// Of a key's file that is being destroyed: it is no key any more, whatever is left of it.
const DYING: &str = "destroyed";

/// Keys of 256 bits, by name. They stay where they are: what is used is derived from them.
pub trait KeyStore: Send + Sync {
    /// A key for this purpose, from the key of this name: the same each time, another one for any other purpose.
    fn derive(&self, name: &str, purpose: &[u8]) -> Result<Locked<32>, KeyError>;

    /// Makes a random key. One that is there is never replaced.
    fn create(&self, name: &str) -> Result<(), KeyError>;

    /// Destroys a key, for good.
    fn destroy(&self, name: &str) -> Result<(), KeyError>;

    /// The names of all keys, in order.
    fn names(&self) -> Result<Vec<String>, KeyError>;
}

pub(super) fn checked(name: &str) -> Result<&str, KeyError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name)
    } else {
        Err(KeyError::Name(name.chars().take(60).collect()))
    }
}

/// Keys in a folder, each sealed under the root key.
///
/// A destroyed key's file is overwritten and removed. A disk that writes elsewhere than it is told (flash), or a backup, may
/// still have the old bytes, sealed; against whoever has those *and* the root key only a token helps.
pub struct FileKeyStore {
    folder: PathBuf,
    root: Locked<32>,
    vault: Vault,
}

impl std::fmt::Debug for FileKeyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileKeyStore({})", self.folder.display())
    }
}

impl FileKeyStore {
    /// The keys in this folder, which is made if need be.
    pub fn open(folder: &Path, root: &RootKey) -> Result<Self, KeyError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let failed = |source| KeyError::File { path: folder.into(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|ending| ending == DYING) {
                // The power was cut while it was destroyed.
                overwrite(&path).map_err(failed)?;
            }
        }
        Ok(Self { folder: folder.into(), vault: root.vault("key store"), root: root.key("key store") })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(ENDING)
    }

    fn key(&self, name: &str) -> Result<Locked<32>, KeyError> {
        if name == ROOT {
            return Ok((&*self.root).into());
        }
        let path = self.path(name);
        let sealed = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(KeyError::Unknown(name.into())),
            other => other.map_err(|source| KeyError::File { path: path.clone(), source })?,
        };
        let plain = self.vault.open(name.as_bytes(), &sealed).map_err(|_| KeyError::Passphrase(path.clone()))?;
        let key: &[u8; 32] = plain[..].try_into().map_err(|_| KeyError::Format(path))?;
        Ok(key.into())
    }
}

impl KeyStore for FileKeyStore {
    fn derive(&self, name: &str, purpose: &[u8]) -> Result<Locked<32>, KeyError> {
        let key = self.key(checked(name)?)?;
        let mut derived = Locked::zeroed();
        // 32 bytes are far below HKDF's limit of 255 hashes (RFC 5869, 2.3), the only error there is.
        let _ = Hkdf::<Sha256>::new(Some(b"sallyport key store 1"), &key[..]).expand(purpose, &mut derived[..]);
        wipe_stack();
        Ok(derived)
    }

    fn create(&self, name: &str) -> Result<(), KeyError> {
        let path = self.path(checked(name)?);
        if name == ROOT || path.exists() {
            return Err(KeyError::Exists(name.into()));
        }
        let key = Zeroizing::new(random_key());
        let sealed = self.vault.seal(name.as_bytes(), &key[..]);
        write_private(&path, &sealed, false).map_err(|source| KeyError::File { path, source })
    }

    fn destroy(&self, name: &str) -> Result<(), KeyError> {
        if checked(name)? == ROOT {
            return Err(KeyError::Name(name.into()));
        }
        let path = self.path(name);
        let dying = path.with_extension(DYING);
        let destroyed = || {
            fs::rename(&path, &dying)?;
            overwrite(&dying)?;
            fs::File::open(&self.folder)?.sync_all()
        };
        destroyed().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Unknown(name.into()),
            _ => KeyError::File { path: path.clone(), source },
        })
    }

    fn names(&self) -> Result<Vec<String>, KeyError> {
        let failed = |source| KeyError::File { path: self.folder.clone(), source };
        let mut names = vec![ROOT.to_owned()];
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).filter(|name| checked(name).is_ok());
            if path.extension().is_some_and(|ending| ending == ENDING) {
                names.extend(name.map(str::to_owned));
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Overwrites a file and removes it.
fn overwrite(path: &Path) -> io::Result<()> {
    let file = fs::OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or_default();
    io::Write::write_all(&mut &file, &vec![0; length.min(1 << 16)])?;
    file.sync_all()?;
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PASSPHRASE: &str = "correct horse battery";

    #[test]
    fn keys_are_made_used_and_destroyed_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let (root, keys) = (folder.path().join("root.json"), folder.path().join("keys"));
        let store = FileKeyStore::open(&keys, &RootKey::create(&root, PASSPHRASE).unwrap()).unwrap();
        assert!(matches!(store.derive("envelopes-1", b"a"), Err(KeyError::Unknown(_))));
        store.create("envelopes-1").unwrap();
        assert!(matches!(store.create("envelopes-1"), Err(KeyError::Exists(_))));
        let derived = store.derive("envelopes-1", b"a").unwrap();
        assert_ne!(*derived, *store.derive("envelopes-1", b"b").unwrap());
        assert_ne!(*derived, *store.derive(ROOT, b"a").unwrap());
        store.create("envelopes-2").unwrap();
        assert_ne!(*derived, *store.derive("envelopes-2", b"a").unwrap());
        assert_eq!(store.names().unwrap(), ["envelopes-1", "envelopes-2", ROOT]);

        let again = FileKeyStore::open(&keys, &RootKey::open(&root, PASSPHRASE).unwrap()).unwrap();
        assert_eq!(*again.derive("envelopes-1", b"a").unwrap(), *derived, "the same after a restart");
        again.destroy("envelopes-1").unwrap();
        assert!(matches!(again.derive("envelopes-1", b"a"), Err(KeyError::Unknown(_))));
        assert!(matches!(again.destroy("envelopes-1"), Err(KeyError::Unknown(_))));
        assert_eq!(again.names().unwrap(), ["envelopes-2", ROOT]);
        for wrong in ["", "Root", "a/b", "..", &"a".repeat(41)] {
            assert!(matches!(again.create(wrong), Err(KeyError::Name(_))), "{wrong}");
        }
        assert!(again.destroy(ROOT).is_err() && again.create(ROOT).is_err());
        // The power was cut while a key was destroyed: it is none any more, and the next start ends it.
        again.create("envelopes-4").unwrap();
        fs::rename(keys.join("envelopes-4.key"), keys.join("envelopes-4.destroyed")).unwrap();
        assert!(matches!(again.derive("envelopes-4", b"a"), Err(KeyError::Unknown(_))));
        assert_eq!(again.names().unwrap(), ["envelopes-2", ROOT]);
        let again = FileKeyStore::open(&keys, &RootKey::open(&root, PASSPHRASE).unwrap()).unwrap();
        assert!(!keys.join("envelopes-4.destroyed").exists());
        fs::copy(keys.join("envelopes-2.key"), keys.join("envelopes-3.key")).unwrap();
        assert!(matches!(again.derive("envelopes-3", b"a"), Err(KeyError::Passphrase(_))), "renamed");
    }
}
