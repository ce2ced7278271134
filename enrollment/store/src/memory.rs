//! The store as a map: what the others are compared with.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{Change, Entries, Store, StoreError};

type Tree = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store in memory, gone with the process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<&'static str, Tree>>);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<&'static str, Tree>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.locked().get(tree).and_then(|records| records.get(key)).cloned())
    }

    fn scan(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Entries, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let trees = self.locked();
        let Some(records) = trees.get(tree) else { return Ok(Vec::new()) };
        let found = records.range::<[u8], _>((from, Bound::Unbounded)).take(limit);
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut trees = self.locked();
        for change in changes {
            match change {
                Change::Put { tree, key, value } => drop(trees.entry(tree).or_default().insert(key, value)),
                Change::Remove { tree, key } => drop(trees.entry(tree).or_default().remove(&key)),
            }
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.locked().clear();
        Ok(())
    }
}
