//! Where a program's keys lie: sealed by a passphrase beside its data, or in a token whose PIN the passphrase is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroizing;

use super::{FileKeyStore, KeyError, KeyStore, Pkcs11KeyStore, ROOT, RootKey};

/// The root key, and the store of the keys that are rotated and destroyed.
pub struct Keys {
    /// The root, shared with whatever has to be opened again later.
    pub root: Arc<RootKey>,
    /// The others.
    pub store: Arc<dyn KeyStore>,
}

/// Where keys lie, as a configuration says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In files.
    Files {
        /// The root key, sealed by the passphrase.
        root: PathBuf,
        /// The folder of the others, each sealed under the root key.
        others: PathBuf,
    },
    /// All in a PKCS#11 token.
    Token {
        /// The module of the token's vendor.
        module: PathBuf,
        /// The token's label.
        label: String,
    },
}

impl KeyPlace {
    /// Makes the root key. A file that is there is an error; a token that has served before keeps its root, so that what was
    /// sealed under it opens still.
    pub fn create(&self, passphrase: &str) -> Result<Keys, KeyError> {
        match self {
            Self::Files { root, others } => in_files(RootKey::create(root, passphrase)?, others),
            Self::Token { module, label } => {
                let token = token(module, label, passphrase)?;
                if !token.names()?.iter().any(|name| name == ROOT) {
                    token.create(ROOT)?;
                }
                in_token(token)
            }
        }
    }

    /// Opens the keys that [`KeyPlace::create`] made.
    pub fn open(&self, passphrase: &str) -> Result<Keys, KeyError> {
        match self {
            Self::Files { root, others } => in_files(RootKey::open(root, passphrase)?, others),
            Self::Token { module, label } => in_token(token(module, label, passphrase)?),
        }
    }
}

fn in_files(root: RootKey, others: &Path) -> Result<Keys, KeyError> {
    let store = Arc::new(FileKeyStore::open(others, &root)?);
    Ok(Keys { root: Arc::new(root), store })
}

fn token(module: &Path, label: &str, pin: &str) -> Result<Pkcs11KeyStore, KeyError> {
    Ok(Pkcs11KeyStore::open(module, label, &Zeroizing::new(pin.to_owned()))?)
}

fn in_token(token: Pkcs11KeyStore) -> Result<Keys, KeyError> {
    Ok(Keys { root: Arc::new(RootKey::from_store(&token)?), store: Arc::new(token) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_in_files_are_made_once_and_open_with_their_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let place = KeyPlace::Files { root: folder.path().join("root.key"), others: folder.path().join("keys") };
        assert!(matches!(place.open("correct horse battery"), Err(KeyError::File { .. })), "not made yet");
        let made = place.create("correct horse battery").unwrap();
        made.store.create("envelopes-1").unwrap();
        assert!(matches!(place.create("correct horse battery"), Err(KeyError::File { .. })), "nothing is overwritten");
        assert!(matches!(place.open("correct horse batterz"), Err(KeyError::Passphrase(_))));
        let opened = place.open("correct horse battery").unwrap();
        assert_eq!(*opened.root.key("a"), *made.root.key("a"));
        assert_eq!(opened.store.names().unwrap(), ["envelopes-1", ROOT]);
    }
}
