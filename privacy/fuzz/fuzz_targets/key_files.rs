//! Any bytes as a key's file: no key, or a typed error, without stretching any passphrase; and what was sealed as such a file
//! is a key if it is as long as one.
#![no_main]

use std::{cell::OnceCell, fs};

use sallyport_privacy::{
    keys::{ApplicationKey, FileKeyStore, KeyError, KeyStore, RootFile, RootKey},
    memory::Locked,
    vault::Vault,
};

/// Gives every root the same key.
struct Fixed;

impl KeyStore for Fixed {
    fn derive(&self, _: &str, _: &[u8]) -> Result<Locked<32>, KeyError> {
        Ok(Locked::from(&[5; 32]))
    }

    fn create(&self, name: &str) -> Result<(), KeyError> {
        Err(KeyError::Exists(name.into()))
    }

    fn destroy(&self, name: &str) -> Result<(), KeyError> {
        Err(KeyError::Unknown(name.into()))
    }

    fn names(&self) -> Result<Vec<String>, KeyError> {
        Ok(Vec::new())
    }
}

struct Folder {
    _kept: tempfile::TempDir,
    file: std::path::PathBuf,
    store: FileKeyStore,
    vault: Vault,
}

thread_local! {
    static FOLDER: OnceCell<Folder> = const { OnceCell::new() };
}

fn folder() -> Folder {
    // In memory, where there is such a folder: what is fuzzed is no disk.
    let kept = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let (Ok(kept), Ok(root)) = (kept, RootKey::from_store(&Fixed)) else { unreachable!("there is room") };
    let Ok(store) = FileKeyStore::open(kept.path(), &root) else { unreachable!("the folder is there") };
    Folder { file: kept.path().join("any-1.key"), _kept: kept, store, vault: root.vault("key store") }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = RootFile::parse(bytes) {
        assert!(!error.to_string().is_empty());
    }
    let key = ApplicationKey::from_plain(bytes);
    assert_eq!(key.is_some(), bytes.len() == 36);
    if let Some(key) = key {
        assert_eq!((&key.generation().to_be_bytes()[..], &key.expose_bytes()[..]), bytes.split_at(4));
    }
    FOLDER.with(|cell| {
        let Folder { file, store, vault, .. } = cell.get_or_init(folder);
        let derived = |content: &[u8]| fs::write(file, content).map(|()| store.derive("any-1", b"purpose"));
        assert!(derived(bytes).is_ok_and(|key| key.is_err()));
        assert!(derived(&vault.seal(b"any-1", bytes)).is_ok_and(|key| key.is_ok() == (bytes.len() == 32)));
        assert!(store.names().is_ok_and(|names| names == ["any-1", "root"]));
    });
});
