//! Opening a vault store: everything is compared with the manifest before anything is given out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use sallyport_privacy::vault::{Clock, Manifest, Recorded};

use super::{ENVELOPES, Held, MANIFEST, Place, State, VaultKeys, VaultStore, place, taken_apart};
use crate::{Anchor, Change, Store, StoreError};

/// How many records are read at a time.
const CHUNK: usize = 500;

/// In what state a store is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// As it was left.
    AsLeft,
    /// Put back from a backup, as somebody decided who has the right to: the records that are there are taken as they
    /// are, and the counter goes on beyond where it had come. To be written into the audit trail.
    Restored,
    /// Empty: whatever is there is destroyed, damaged as it may be. For copies of what others have.
    Anew,
}

impl VaultStore {
    /// Opens the store over these two, whose records lie in these trees; checks that it is what was left.
    pub fn open(
        records: Arc<dyn Store>,
        envelopes: Arc<dyn Store>,
        anchor: Arc<dyn Anchor>,
        clock: Arc<dyn Clock>,
        trees: &[&'static str],
        keys: VaultKeys,
        opening: Opening,
    ) -> Result<Self, StoreError> {
        let (manifest, index) = (Manifest::default(), BTreeMap::new());
        let store = Self {
            records,
            envelopes,
            anchor,
            clock,
            trees: trees.to_vec(),
            manifest_key: keys.manifest,
            vault: RwLock::new(Arc::new(keys.envelopes)),
            state: Mutex::new(State { manifest, index, unsure: true }),
        };
        let state = store.load(opening)?;
        *store.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        Ok(store)
    }

    pub(super) fn load(&self, opening: Opening) -> Result<State, StoreError> {
        if opening == Opening::Anew {
            return self.begin_anew(0);
        }
        let least = self.anchor.least()?;
        let sealed = self.records.get(MANIFEST, &[])?;
        let mut manifest = sealed.map(|sealed| Manifest::open(&self.manifest_key, &sealed));
        if opening == Opening::Restored {
            manifest = manifest.filter(Result::is_ok);
        }
        let manifest = manifest.transpose().map_err(|error| super::corrupt(MANIFEST, &error))?;
        let stated = manifest.unwrap_or_default();
        let mut state = State { manifest: stated.emptied(), index: BTreeMap::new(), unsure: false };
        for tree in &self.trees {
            self.read_tree(tree, &mut state, opening)?;
        }
        match opening {
            Opening::AsLeft if stated.counter < least => {
                return Err(StoreError::RolledBack { found: stated.counter, least });
            }
            Opening::AsLeft if !state.manifest.agrees(&stated) => return Err(StoreError::Disagrees),
            Opening::AsLeft | Opening::Anew => {}
            Opening::Restored => self.take_over(&mut state, least)?,
        }
        self.destroy_orphans(&state)?;
        self.now_ms(&mut state);
        Ok(state)
    }

    fn read_tree(&self, tree: &'static str, state: &mut State, opening: Opening) -> Result<(), StoreError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let chunk = self.records.scan(tree, after.as_deref(), CHUNK)?;
            let Some((last, _)) = chunk.last() else { return Ok(()) };
            after = Some(last.clone());
            for (key, value) in chunk {
                let (terms, _, header) = match taken_apart(tree, &value) {
                    // It cannot be what the manifest was sealed for.
                    Err(_) if opening == Opening::AsLeft => return Err(StoreError::Disagrees),
                    Err(_) => {
                        self.records.apply(vec![Change::Remove { tree, key }])?;
                        continue;
                    }
                    Ok(parts) => parts,
                };
                let recorded = Recorded::new(&self.manifest_key, &place(tree, &key), &header, &terms.to_bytes());
                state.manifest.add(&recorded);
                state.index.insert((tree, key), Held { version: header.version, recorded, terms });
            }
        }
    }

    /// Goes on from a restored store, beyond every number that was ever given.
    fn take_over(&self, state: &mut State, least: u64) -> Result<(), StoreError> {
        let versions = state.index.values().map(|held| held.version).max().unwrap_or_default();
        state.manifest.counter = state.manifest.counter.max(least).max(versions).saturating_add(1);
        let value = state.manifest.seal(&self.manifest_key);
        self.records.apply(vec![Change::Put { tree: MANIFEST, key: Vec::new(), value }])?;
        self.anchor.advance(state.manifest.counter)
    }

    /// Destroys everything, keys first. The counter goes on, and time begins anew: nothing is left that it could prolong.
    pub(super) fn begin_anew(&self, counter: u64) -> Result<State, StoreError> {
        // A counter that cannot be read is written anew.
        let least = self.anchor.least().unwrap_or_default();
        let manifest = Manifest::begun_at(counter.max(least).saturating_add(1));
        self.envelopes.clear()?;
        self.records.clear()?;
        let value = manifest.seal(&self.manifest_key);
        self.records.apply(vec![Change::Put { tree: MANIFEST, key: Vec::new(), value }])?;
        self.anchor.advance(manifest.counter)?;
        Ok(State { manifest, index: BTreeMap::new(), unsure: false })
    }

    /// Envelopes whose records never came, or were removed just before the power was cut.
    fn destroy_orphans(&self, state: &State) -> Result<(), StoreError> {
        let envelope = |((tree, key), held): (&Place, &Held)| held.terms.envelope(&place(tree, key));
        let held: BTreeSet<Vec<u8>> = state.index.iter().map(envelope).collect();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let chunk = self.envelopes.scan(ENVELOPES, after.as_deref(), CHUNK)?;
            let Some((last, _)) = chunk.last() else { return Ok(()) };
            after = Some(last.clone());
            let envelopes = chunk.into_iter().map(|(envelope, _)| envelope);
            self.destroy(envelopes.filter(|envelope| !held.contains(envelope)).collect())?;
        }
    }
}
