//! Keys that are rotated, and destroyed when nothing needs them any more.

use sallyport_memory::Locked;

use super::{KeyError, KeyStore};
use crate::vault::Vault;

/// The generations of one purpose's key in a key store, by the names `PURPOSE-1`, `PURPOSE-2`, ...
#[derive(Clone, Copy)]
pub struct Rotating<'a> {
    pub(super) store: &'a dyn KeyStore,
    purpose: &'a str,
}

impl std::fmt::Debug for Rotating<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rotating({})", self.purpose)
    }
}

impl<'a> Rotating<'a> {
    /// The key of this purpose in this store.
    pub fn new(store: &'a dyn KeyStore, purpose: &'a str) -> Self {
        Self { store, purpose }
    }

    /// A vault of all generations that there are; the first one is made if there is none.
    pub fn vault(&self) -> Result<Vault, KeyError> {
        let mut generations = self.generations()?;
        if generations.is_empty() {
            self.store.create(&self.name(1))?;
            generations.push(1);
        }
        let mut vault: Option<Vault> = None;
        for generation in generations {
            let key = self.key(generation)?;
            vault = Some(match vault {
                None => Vault::of_generation(generation, &key),
                Some(vault) => vault.with_generation(generation, &key),
            });
        }
        vault.ok_or_else(|| KeyError::Unknown(self.name(1)))
    }

    /// Makes the next generation. The vault that is given seals with it and still opens with those before: put it in use,
    /// seal anew what the older ones sealed, then [`Rotating::retire`] them.
    pub fn rotate(&self) -> Result<Vault, KeyError> {
        self.make_next()?;
        self.vault()
    }

    /// Destroys all generations but the last `keep` (one at least): for good, so that what only they open is gone, in
    /// backups, too. As many generations as backups must be good for have to be kept. Gives how many were destroyed.
    pub fn retire(&self, keep: usize) -> Result<usize, KeyError> {
        let generations = self.generations()?;
        let over = generations.len().saturating_sub(keep.max(1));
        self.destroy(generations.into_iter().take(over))
    }

    /// Makes the next generation and destroys all before it at once, damaged or not: whatever they sealed is gone for good.
    pub fn renew(&self) -> Result<Vault, KeyError> {
        self.make_next()?;
        self.retire(1)?;
        self.vault()
    }

    /// Makes this generation, unless it is there.
    pub(super) fn ensure(&self, generation: u32) -> Result<(), KeyError> {
        match self.store.create(&self.name(generation)) {
            Err(KeyError::Exists(_)) => Ok(()),
            other => other,
        }
    }

    /// Destroys all generations before this one. Gives how many.
    pub(super) fn retire_before(&self, generation: u32) -> Result<usize, KeyError> {
        self.destroy(self.generations()?.into_iter().filter(|&own| own < generation))
    }

    fn make_next(&self) -> Result<(), KeyError> {
        let newest = self.generations()?.last().copied().unwrap_or_default();
        self.store.create(&self.name(newest.saturating_add(1)))
    }

    fn destroy(&self, generations: impl Iterator<Item = u32>) -> Result<usize, KeyError> {
        let mut destroyed = 0;
        for generation in generations {
            self.store.destroy(&self.name(generation))?;
            destroyed += 1;
        }
        Ok(destroyed)
    }

    pub(super) fn key(&self, generation: u32) -> Result<Locked<32>, KeyError> {
        self.store.derive(&self.name(generation), b"sallyport vault")
    }

    /// The generations that there are, the oldest first.
    pub fn generations(&self) -> Result<Vec<u32>, KeyError> {
        let names = self.store.names()?;
        let number = |name: &String| name.strip_prefix(self.purpose)?.strip_prefix('-')?.parse().ok();
        let mut generations: Vec<u32> = names.iter().filter_map(number).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    /// The name of this generation in the key store.
    pub(super) fn name(&self, generation: u32) -> String {
        format!("{}-{generation}", self.purpose)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        keys::{FileKeyStore, RootKey},
        vault::VaultError,
    };

    #[test]
    fn old_keys_read_until_they_are_retired_and_then_nothing_does() {
        let folder = tempfile::tempdir().unwrap();
        let root = RootKey::create(&folder.path().join("root.json"), "correct horse battery").unwrap();
        let store = FileKeyStore::open(&folder.path().join("keys"), &root).unwrap();
        let keys = Rotating::new(&store, "envelopes");
        let old = keys.vault().unwrap().seal(b"a", b"x");
        let vault = keys.rotate().unwrap();
        assert!(vault.newest() == 2 && vault.open(b"a", &old).is_ok());
        let new = vault.seal(b"a", b"x");
        for number in 3..=11 {
            assert_eq!(keys.rotate().unwrap().newest(), number, "in order of numbers, not of names");
        }
        assert_eq!(keys.retire(10).unwrap(), 1);
        let left = keys.vault().unwrap();
        assert_eq!(left.open(b"a", &old), Err(VaultError::Generation(1)));
        assert!(left.open(b"a", &new).is_ok());
        assert_eq!(keys.retire(0).unwrap(), 9, "one always stays");
        assert_eq!(keys.vault().unwrap().generations().collect::<Vec<_>>(), [11]);
    }

    #[test]
    fn a_key_that_is_renewed_opens_nothing_older_though_it_was_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let root = RootKey::create(&folder.path().join("root.json"), "correct horse battery").unwrap();
        let store = FileKeyStore::open(&folder.path().join("keys"), &root).unwrap();
        let keys = Rotating::new(&store, "envelopes");
        assert_eq!(keys.renew().unwrap().newest(), 1, "the first one");
        let sealed = keys.rotate().unwrap().seal(b"a", b"x");
        let file = folder.path().join("keys/envelopes-2.key");
        std::fs::write(&file, b"garbage").unwrap();
        assert!(matches!(keys.vault(), Err(KeyError::Passphrase(_))));
        let renewed = keys.renew().unwrap();
        assert_eq!(renewed.generations().collect::<Vec<_>>(), [3]);
        assert_eq!(renewed.open(b"a", &sealed), Err(VaultError::Generation(2)));
        assert!(!file.exists());
    }
}
