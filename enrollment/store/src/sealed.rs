//! Values sealed before they reach a store.

use std::{io, sync::Arc};

use sallyport_privacy::vault::Vault;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{Change, Resealed, Store, StoreError, VaultChange, VaultStore};

/// A store whose values are JSON, sealed for their place (tree and key): by one key, or each by its own in a vault.
#[derive(Clone)]
pub struct SealedStore {
    below: Below,
    vault: Arc<Vault>,
}

#[derive(Clone)]
enum Below {
    /// What is sealed lies there as it is.
    Plain(Arc<dyn Store>),
    /// What is sealed is so for the way only; there each record is sealed under a key that can be destroyed.
    Vaulted(Arc<VaultStore>),
}

impl std::fmt::Debug for SealedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedStore(..)")
    }
}

/// How many records are moved in one batch.
const MOVED_AT_ONCE: usize = 200;

/// A record's key, and the record unless it is damaged.
pub type Opened<T> = (Vec<u8>, Result<T, StoreError>);

impl SealedStore {
    /// Seals what goes to this store with this vault.
    pub fn new(store: Arc<dyn Store>, vault: Vault) -> Self {
        Self { below: Below::Plain(store), vault: Arc::new(vault) }
    }

    /// Records in a vault store; pseudonyms come from this vault.
    pub fn vaulted(store: Arc<VaultStore>, vault: Vault) -> Self {
        Self { below: Below::Vaulted(store), vault: Arc::new(vault) }
    }

    /// Opens the record under this key.
    pub fn get<T: DeserializeOwned>(&self, tree: &'static str, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.plain(tree, key)?.map(|plain| parsed(tree, &plain)).transpose()
    }

    /// Opens records after this key, in key order, at most `limit`. Each has its own result, so that a damaged one
    /// does not hide the others.
    pub fn scan<T: DeserializeOwned>(
        &self,
        tree: &'static str,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Opened<T>>, StoreError> {
        let opened = self.scan_plain(tree, after, limit)?;
        Ok(opened.into_iter().map(|(key, plain)| (key, plain.and_then(|plain| parsed(tree, &plain)))).collect())
    }

    /// Keys after this one, in order, at most `limit`, without opening their records.
    pub fn keys(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        match &self.below {
            Below::Plain(store) => Ok(store.scan(tree, after, limit)?.into_iter().map(|(key, _)| key).collect()),
            Below::Vaulted(store) => store.keys(tree, after, limit),
        }
    }

    /// The change that writes this record, sealed, for [`SealedStore::apply`].
    pub fn seal<T: Serialize>(&self, tree: &'static str, key: &[u8], record: &T) -> Result<Change, StoreError> {
        let plain = json(record).map_err(|error| StoreError::Unwritable { tree, why: error.to_string() })?;
        let value = self.vault.seal(&context(tree, key), &plain);
        Ok(Change::Put { tree, key: key.to_vec(), value })
    }

    /// The change that writes this record in place of the one under this key, sealed by the same generation of the vault's key:
    /// where that key ends on a day, the record does not end later.
    pub fn seal_in_place<T: Serialize>(
        &self,
        tree: &'static str,
        key: &[u8],
        record: &T,
    ) -> Result<Change, StoreError> {
        let Below::Plain(store) = &self.below else { return self.seal(tree, key, record) };
        let Some(before) = store.get(tree, key)? else { return self.seal(tree, key, record) };
        let plain = json(record).map_err(|error| StoreError::Unwritable { tree, why: error.to_string() })?;
        let sealed = self.vault.seal_in_place_of(&before, &context(tree, key), &plain);
        let value = sealed.map_err(|error| StoreError::Corrupt { tree, why: error.to_string() })?;
        Ok(Change::Put { tree, key: key.to_vec(), value })
    }

    /// Applies all or nothing; flushed when this returns.
    pub fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let store = match &self.below {
            Below::Plain(store) => return store.apply(changes),
            Below::Vaulted(store) => store,
        };
        let vaulted = changes.into_iter().map(|change| match change {
            Change::Remove { tree, key } => Ok(VaultChange::Remove { tree, key }),
            Change::Put { tree, key, value } => {
                let plain = self.opened(tree, &key, &value)?;
                Ok(VaultChange::Put { tree, key, plain, expires: None })
            }
        });
        store.apply(vaulted.collect::<Result<_, StoreError>>()?).map(drop)
    }

    /// Moves the sound records of these trees to another store, where nothing may be newer, and gives how many they were.
    /// Cut short, it can be begun again.
    pub fn move_to(&self, other: &Self, trees: &[&'static str]) -> Result<usize, StoreError> {
        let mut moved: Vec<Change> = Vec::new();
        for tree in trees {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let chunk = self.scan_plain(tree, after.as_deref(), MOVED_AT_ONCE)?;
                let Some((last, _)) = chunk.last() else { break };
                after = Some(last.clone());
                let mut changes = Vec::new();
                for (key, plain) in chunk {
                    let Ok(plain) = plain else { continue };
                    let value = other.vault.seal(&context(tree, &key), &plain);
                    changes.push(Change::Put { tree, key: key.clone(), value });
                    moved.push(Change::Remove { tree, key });
                }
                other.apply(changes)?;
            }
        }
        let count = moved.len();
        if count > 0 {
            self.apply(moved)?;
        }
        Ok(count)
    }

    /// Seals records after this one anew that an older generation of the vault's key or an older format sealed; `limit` are
    /// looked at. A record that is written meanwhile would be lost: whoever else writes to this tree must wait for each
    /// step.
    pub fn reseal(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Resealed, StoreError> {
        let limit = limit.max(1);
        let store = match &self.below {
            Below::Plain(store) => store,
            // There only envelopes are sealed by a key that lasts.
            Below::Vaulted(store) => return store.reseal(after, limit),
        };
        let found = store.scan(tree, after, limit)?;
        let seen = found.len();
        let after = found.last().map(|(key, _)| key.clone()).filter(|_| seen == limit);
        let mut changes = Vec::new();
        for (key, sealed) in found.into_iter().filter(|(_, sealed)| self.vault.is_outdated(sealed)) {
            let place = context(tree, &key);
            // A damaged record stays as it is: whoever reads it is told.
            if let Ok(plain) = self.vault.open(&place, &sealed) {
                changes.push(Change::Put { tree, value: self.vault.seal(&place, &plain), key });
            }
        }
        let done = changes.len();
        if done > 0 {
            store.apply(changes)?;
        }
        Ok(Resealed { done, seen, after })
    }

    /// Forgets everything.
    pub fn clear(&self) -> Result<(), StoreError> {
        match &self.below {
            Below::Plain(store) => store.clear(),
            Below::Vaulted(store) => store.clear(),
        }
    }

    /// A keyed pseudonym of an identifier, to be a key: the same each time, useless without the vault's key.
    pub fn pseudonym(&self, purpose: &str, identifier: &[u8]) -> [u8; 32] {
        self.vault.pseudonym(purpose, identifier)
    }

    fn plain(&self, tree: &'static str, key: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        match &self.below {
            Below::Plain(store) => store.get(tree, key)?.map(|sealed| self.opened(tree, key, &sealed)).transpose(),
            Below::Vaulted(store) => store.get(tree, key),
        }
    }

    fn scan_plain(
        &self,
        tree: &'static str,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Opened<Zeroizing<Vec<u8>>>>, StoreError> {
        let store = match &self.below {
            Below::Plain(store) => store,
            Below::Vaulted(store) => {
                let keys = store.keys(tree, after, limit)?.into_iter();
                // One that was removed meanwhile is not there.
                return Ok(keys
                    .filter_map(|key| Some((store.get(tree, &key).transpose()?, key)))
                    .map(swapped)
                    .collect());
            }
        };
        let entries = store.scan(tree, after, limit)?.into_iter();
        Ok(entries.map(|(key, sealed)| (self.opened(tree, &key, &sealed), key)).map(swapped).collect())
    }

    fn opened(&self, tree: &'static str, key: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let corrupt =
            |error: sallyport_privacy::vault::VaultError| StoreError::Corrupt { tree, why: error.to_string() };
        self.vault.open(&context(tree, key), sealed).map_err(corrupt)
    }
}

fn swapped<A, B>((one, other): (A, B)) -> (B, A) {
    (other, one)
}

pub(crate) fn parsed<T: DeserializeOwned>(tree: &'static str, plain: &[u8]) -> Result<T, StoreError> {
    // The parser's own message could quote the record, so only its place is told.
    serde_json::from_slice(plain).map_err(|error| {
        let why = format!("not this version's format, at line {} column {}", error.line(), error.column());
        StoreError::Corrupt { tree, why }
    })
}

fn context(tree: &str, key: &[u8]) -> Vec<u8> {
    [tree.as_bytes(), &[0], key].concat()
}

/// JSON in a buffer that never grows: growing would leave copies behind that nobody zeroes.
pub(crate) fn json<T: Serialize>(record: &T) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    struct Length(usize);
    impl io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut length = Length(0);
    serde_json::to_writer(&mut length, record)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *plain, record)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::MemoryStore;

    const TREE: &str = "people";

    fn stores() -> (Arc<MemoryStore>, SealedStore) {
        let memory = Arc::new(MemoryStore::new());
        (memory.clone(), SealedStore::new(memory, Vault::new(&[7; 32])))
    }

    #[test]
    fn records_round_trip_and_nothing_lies_in_the_clear() {
        let (memory, sealed) = stores();
        let record = ("Ana".to_owned(), vec![1u32, 2, 3]);
        sealed.apply(vec![sealed.seal(TREE, b"1", &record).unwrap()]).unwrap();
        assert_eq!(sealed.get::<(String, Vec<u32>)>(TREE, b"1").unwrap(), Some(record));
        assert_eq!(sealed.get::<(String, Vec<u32>)>(TREE, b"2").unwrap(), None);
        let stored = memory.get(TREE, b"1").unwrap().unwrap();
        assert!(!stored.windows(3).any(|window| window == b"Ana"));
    }

    #[test]
    fn one_damaged_record_does_not_hide_the_others() {
        let (memory, sealed) = stores();
        let changes = (0..3u8).map(|key| sealed.seal(TREE, &[key], &key).unwrap()).collect();
        sealed.apply(changes).unwrap();
        let mut value = memory.get(TREE, &[1]).unwrap().unwrap();
        *value.last_mut().unwrap() ^= 1;
        memory.apply(vec![Change::Put { tree: TREE, key: vec![1], value }]).unwrap();
        let found = sealed.scan::<u8>(TREE, None, 10).unwrap();
        assert!(matches!(found[..], [(_, Ok(0)), (_, Err(StoreError::Corrupt { tree: TREE, .. })), (_, Ok(2))]));
        assert!(sealed.get::<u8>(TREE, &[1]).is_err());
        assert_eq!(sealed.keys(TREE, Some(&[0]), 10).unwrap(), [[1], [2]]);
    }

    #[test]
    fn records_move_into_a_vault_and_look_the_same_there() {
        use sallyport_privacy::vault::{ManifestKey, SystemClock};

        use crate::{NoAnchor, Opening, VaultKeys};
        let (memory, plain) = stores();
        plain.apply((0..5u8).map(|key| plain.seal(TREE, &[key], &key).unwrap()).collect()).unwrap();
        plain.apply(vec![plain.seal("others", &[1], &"stays").unwrap()]).unwrap();
        let (records, envelopes): (Arc<MemoryStore>, Arc<MemoryStore>) = Default::default();
        let keys = VaultKeys { envelopes: Vault::new(&[1; 32]), manifest: ManifestKey::new(&[2; 32]) };
        let (anchor, clock) = (Arc::new(NoAnchor), Arc::new(SystemClock));
        let store = VaultStore::open(records.clone(), envelopes.clone(), anchor, clock, &[TREE], keys, Opening::AsLeft)
            .unwrap();
        let vaulted = SealedStore::vaulted(Arc::new(store), Vault::new(&[7; 32]));
        assert_eq!(plain.move_to(&vaulted, &[TREE]).unwrap(), 5);
        assert_eq!(plain.move_to(&vaulted, &[TREE]).unwrap(), 0);
        assert!(memory.scan(TREE, None, 9).unwrap().is_empty());
        assert!(plain.get::<String>("others", &[1]).unwrap().is_some());
        let found = vaulted.scan::<u8>(TREE, Some(&[1]), 2).unwrap();
        assert!(matches!(found[..], [(_, Ok(2)), (_, Ok(3))]));
        assert_eq!(vaulted.pseudonym("card", b"1"), plain.pseudonym("card", b"1"));
        vaulted.apply(vec![Change::Remove { tree: TREE, key: vec![2] }]).unwrap();
        assert_eq!((vaulted.get::<u8>(TREE, &[2]).unwrap(), vaulted.keys(TREE, None, 9).unwrap().len()), (None, 4));
        assert_eq!(envelopes.scan("envelopes", None, 9).unwrap().len(), 4);
        let mut value = records.get(TREE, &[3]).unwrap().unwrap();
        *value.last_mut().unwrap() ^= 1;
        records.apply(vec![Change::Put { tree: TREE, key: vec![3], value }]).unwrap();
        let found = vaulted.scan::<u8>(TREE, None, 9).unwrap();
        assert!(matches!(found[2], (_, Err(StoreError::Corrupt { .. }))) && found[3].1.is_ok());
        vaulted.clear().unwrap();
        assert!(vaulted.keys(TREE, None, 9).unwrap().is_empty());
    }

    #[test]
    fn records_of_an_older_key_are_read_all_the_while_and_then_of_the_new_one() {
        let (memory, before) = stores();
        before.apply((0..5u8).map(|key| before.seal(TREE, &[key], &key).unwrap()).collect()).unwrap();
        let both = SealedStore::new(memory.clone(), Vault::new(&[7; 32]).with_generation(2, &[8; 32]));
        let first = both.reseal(TREE, None, 3).unwrap();
        assert_eq!((first.done, first.seen, first.after.as_deref()), (3, 3, Some(&[2][..])));
        assert!((0..5u8).all(|key| both.get::<u8>(TREE, &[key]).unwrap() == Some(key)));
        let rest = both.reseal(TREE, first.after.as_deref(), 3).unwrap();
        assert_eq!((rest.done, rest.after), (2, None));
        assert_eq!(both.reseal(TREE, None, 9).unwrap().done, 0);
        let vault = Vault::new(&[7; 32]).with_generation(2, &[8; 32]).without_generations_before(2);
        let after = SealedStore::new(memory, vault);
        assert!((0..5u8).all(|key| after.get::<u8>(TREE, &[key]).unwrap() == Some(key)));
        assert!(before.get::<u8>(TREE, &[0]).is_err());
    }

    #[test]
    fn a_record_moved_to_another_place_or_of_another_type_is_damaged() {
        let (memory, sealed) = stores();
        sealed.apply(vec![sealed.seal(TREE, b"1", &"Ana Silva").unwrap()]).unwrap();
        let value = memory.get(TREE, b"1").unwrap().unwrap();
        memory.apply(vec![Change::Put { tree: TREE, key: b"2".to_vec(), value }]).unwrap();
        assert!(matches!(sealed.get::<String>(TREE, b"2"), Err(StoreError::Corrupt { .. })));
        let error = sealed.get::<u32>(TREE, b"1").unwrap_err().to_string();
        assert!(error.contains("column") && !error.contains("Ana"), "{error}");
    }
}
