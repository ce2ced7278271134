//! Records in a vault: each under a key of its own that can be destroyed, with a day on which it ends, and of which none can
//! be put back unnoticed.
//!
//! Two stores: the records, and their keys, each sealed in an *envelope*. Keep them on different disks, or at least out of the
//! same backup: whoever has the records alone has nothing, and when an envelope is destroyed its record is lost in every
//! copy there is. Envelopes in turn are sealed by a key that is rotated ([`VaultStore::rotate`], [`VaultStore::reseal`]): once
//! its old generation is destroyed in the key store, copies of destroyed envelopes are dead, too.
//!
//! A change is: envelopes of new records, then records and manifest in one batch, then the envelopes of removed records are
//! destroyed, then the anchor. Cut anywhere, either all of it happened or nothing, and an envelope without a record is
//! destroyed at the next start.
//!
//! | Somebody who writes to the disks | is noticed |
//! |---|---|
//! | changes, cuts, moves or swaps records or envelopes | when the record is read |
//! | puts back an older version of a record, or a removed one, or takes one out | when the store is opened, or the record read |
//! | removes an envelope | when the record is read |
//! | puts back records, manifest and envelopes as a whole | when the store is opened, if the [`Anchor`] is out of reach |
//! | does that, and cuts the power before the anchor moved | not: the last change is lost |

mod opening;
mod typed;
mod upkeep;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use jiff::Timestamp;
use sallyport_privacy::{
    keys::random_key,
    vault::{Clock, Header, Manifest, ManifestKey, Recorded, Vault},
};
use zeroize::Zeroizing;

pub use self::{
    opening::Opening,
    upkeep::{Done, EnvelopeKey, Upkeep, UpkeepError},
};
use crate::{Anchor, Change, Store, StoreError};

const ENVELOPES: &str = "envelopes";
const MANIFEST: &str = "vault-manifest";
/// Of a record that does not end by itself.
const NEVER_MS: i64 = i64::MAX;

/// The keys of a vault store.
pub struct VaultKeys {
    /// What envelopes are sealed by: generations of a key that can be destroyed.
    pub envelopes: Vault,
    /// The manifest's.
    pub manifest: ManifestKey,
}

/// One change of a batch.
pub enum VaultChange {
    /// Write this record, in place of another if there is one.
    Put {
        /// The tree.
        tree: &'static str,
        /// The key: not sealed, so an identifier that says nothing, or a pseudonym.
        key: Vec<u8>,
        /// What to seal.
        plain: Zeroizing<Vec<u8>>,
        /// When it must be gone.
        expires: Option<Timestamp>,
    },
    /// Destroy the record's key, and remove it, if there is one.
    Remove {
        /// The tree.
        tree: &'static str,
        /// The key.
        key: Vec<u8>,
    },
}

/// How far sealing anew has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// How many were sealed anew in this step.
    pub done: usize,
    /// How many were looked at in this step.
    pub seen: usize,
    /// Where to go on; `None`: all are sealed by the newest generation, and older ones may be destroyed.
    pub after: Option<Vec<u8>>,
}

type Place = (&'static str, Vec<u8>);

/// A record as it must be found.
#[derive(Clone, Copy)]
struct Held {
    version: u64,
    recorded: Recorded,
    terms: Terms,
}

/// What lies before each record, in the clear, and is bound to it.
#[derive(Clone, Copy)]
struct Terms {
    expires_ms: i64,
    /// The change with which the record came: its envelope is named by it, so that no envelope is ever overwritten while
    /// the record that it opens is there.
    born: u64,
}

impl Terms {
    fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.expires_ms.to_be_bytes());
        bytes[8..].copy_from_slice(&self.born.to_be_bytes());
        bytes
    }

    /// What the record at this place is sealed for.
    fn context(self, at: &[u8]) -> Vec<u8> {
        [&self.to_bytes()[..], at].concat()
    }

    /// Where the envelope of the record at this place lies.
    fn envelope(self, at: &[u8]) -> Vec<u8> {
        [&self.born.to_be_bytes()[..], at].concat()
    }
}

struct State {
    manifest: Manifest,
    index: BTreeMap<Place, Held>,
    /// A write failed, and what it left is unknown until the stores are read again.
    unsure: bool,
}

/// The store.
pub struct VaultStore {
    records: Arc<dyn Store>,
    envelopes: Arc<dyn Store>,
    anchor: Arc<dyn Anchor>,
    clock: Arc<dyn Clock>,
    trees: Vec<&'static str>,
    manifest_key: ManifestKey,
    vault: RwLock<Arc<Vault>>,
    state: Mutex<State>,
}

impl VaultStore {
    /// The record, unless there is none or its time is over.
    pub fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let mut state = self.sure()?;
        let now_ms = self.now_ms(&mut state);
        match state.index.get(&(tree, key.to_vec())) {
            Some(held) if held.terms.expires_ms > now_ms => self.opened(tree, key, held).map(Some),
            _ => Ok(None),
        }
    }

    /// Keys after this one, in order, at most `limit`, of records whose time is not over.
    pub fn keys(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut state = self.sure()?;
        let now_ms = self.now_ms(&mut state);
        let from = (tree, after.map_or(Vec::new(), <[u8]>::to_vec));
        let places = state.index.range(from..).take_while(|((own, _), _)| *own == tree);
        let later = places.filter(|((_, key), held)| after != Some(key) && held.terms.expires_ms > now_ms);
        Ok(later.take(limit).map(|((_, key), _)| key.clone()).collect())
    }

    /// Applies all or nothing. When this returns it is on the disks, and the keys of what was removed are destroyed. Gives
    /// the number of the change, which no other change ever has.
    pub fn apply(&self, changes: Vec<VaultChange>) -> Result<u64, StoreError> {
        let mut state = self.sure()?;
        self.now_ms(&mut state);
        state.unsure = true;
        let counter = self.write(&mut state, changes)?;
        state.unsure = false;
        Ok(counter)
    }

    /// Destroys everything, damaged as it may be, and begins anew: for copies of what others have. Cut short, the store
    /// does not open as it was left, or holds records without keys; clear it again then.
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut state = self.locked();
        state.unsure = true;
        *state = self.begin_anew(state.manifest.counter)?;
        Ok(())
    }

    /// Destroys what is over. Gives how many records that were.
    pub fn purge(&self) -> Result<usize, StoreError> {
        let over: Vec<VaultChange> = {
            let mut state = self.sure()?;
            let now_ms = self.now_ms(&mut state);
            let over = state.index.iter().filter(|(_, held)| held.terms.expires_ms <= now_ms);
            over.map(|((tree, key), _)| VaultChange::Remove { tree, key: key.clone() }).collect()
        };
        let count = over.len();
        if count > 0 {
            self.apply(over)?;
        }
        Ok(count)
    }

    /// When [`VaultStore::purge`] next has something to do.
    pub fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        let earliest = self.sure()?.index.values().map(|held| held.terms.expires_ms).min();
        Ok(earliest.filter(|&ms| ms != NEVER_MS).and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    /// Takes other generations of the envelopes' key: the newest seals from now on, all open.
    pub fn rotate(&self, envelopes: Vault) {
        *self.vault.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(envelopes);
    }

    /// Seals envelopes after this one anew, if they are of an older generation: `limit` are looked at, and others may use
    /// the store between steps.
    pub fn reseal(&self, after: Option<&[u8]>, limit: usize) -> Result<Resealed, StoreError> {
        let _state = self.sure()?;
        let (vault, limit) = (self.vault(), limit.max(1));
        let found = self.envelopes.scan(ENVELOPES, after, limit)?;
        let seen = found.len();
        let after = found.last().map(|(place, _)| place.clone()).filter(|_| seen == limit);
        let mut changes = Vec::new();
        for (place, sealed) in found {
            // What does not open stays as it is: reading its record says so.
            if vault.is_outdated(&sealed)
                && let Ok(key) = vault.open(&place, &sealed)
            {
                changes.push(Change::Put { tree: ENVELOPES, value: vault.seal(&place, &key), key: place });
            }
        }
        let done = changes.len();
        if done > 0 {
            self.envelopes.apply(changes)?;
        }
        Ok(Resealed { done, seen, after })
    }

    fn write(&self, state: &mut State, changes: Vec<VaultChange>) -> Result<u64, StoreError> {
        let vault = self.vault();
        let mut manifest = state.manifest;
        manifest.counter = manifest.counter.saturating_add(1);
        let mut batch = Batch { manifest, ..Batch::default() };
        for change in changes {
            match change {
                VaultChange::Put { tree, key, plain, expires } => {
                    let expires_ms = expires.map_or(NEVER_MS, Timestamp::as_millisecond);
                    self.put(&mut batch, state, &vault, (tree, key), &plain, expires_ms)?;
                }
                VaultChange::Remove { tree, key } => batch.remove(state, (tree, key)),
            }
        }
        let Batch { manifest, created, mut written, destroyed, index } = batch;
        written.push(Change::Put { tree: MANIFEST, key: Vec::new(), value: manifest.seal(&self.manifest_key) });
        self.put_away(&vault, &created)?;
        self.records.apply(written)?;
        self.destroy(destroyed)?;
        self.anchor.advance(manifest.counter)?;
        state.manifest = manifest;
        for (place, held) in index {
            match held {
                Some(held) => drop(state.index.insert(place, held)),
                None => drop(state.index.remove(&place)),
            }
        }
        Ok(manifest.counter)
    }

    fn put(
        &self,
        batch: &mut Batch,
        state: &State,
        vault: &Vault,
        (tree, key): Place,
        plain: &[u8],
        expires_ms: i64,
    ) -> Result<(), StoreError> {
        let (at, version) = (place(tree, &key), batch.manifest.counter);
        let before = batch.take_out(state, &(tree, key.clone()));
        let terms = Terms { expires_ms, born: before.map_or(version, |before| before.terms.born) };
        let envelope = terms.envelope(&at);
        let own_key = match batch.created.get(&envelope) {
            Some(fresh) => Zeroizing::new(**fresh),
            None if before.is_some() => self.own_key(vault, tree, &envelope)?,
            None => Zeroizing::new(random_key()),
        };
        let sealed = Vault::new(&own_key).seal_version(&terms.context(&at), version, plain);
        let header = Header::parse(&sealed).map_err(|error| corrupt(tree, &error))?;
        let recorded = Recorded::new(&self.manifest_key, &at, &header, &terms.to_bytes());
        if terms.born == version {
            batch.created.insert(envelope, own_key);
        }
        batch.manifest.add(&recorded);
        batch.written.push(Change::Put { tree, key: key.clone(), value: [&terms.to_bytes()[..], &sealed].concat() });
        batch.index.insert((tree, key), Some(Held { version, recorded, terms }));
        Ok(())
    }

    /// Puts keys of new records into envelopes.
    fn put_away(&self, vault: &Vault, keys: &BTreeMap<Vec<u8>, Zeroizing<[u8; 32]>>) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let envelope = |(at, key): (&Vec<u8>, &Zeroizing<[u8; 32]>)| Change::Put {
            tree: ENVELOPES,
            key: at.clone(),
            value: vault.seal(at, &key[..]),
        };
        self.envelopes.apply(keys.iter().map(envelope).collect())
    }

    fn destroy(&self, envelopes: Vec<Vec<u8>>) -> Result<(), StoreError> {
        if envelopes.is_empty() {
            return Ok(());
        }
        self.envelopes.apply(envelopes.into_iter().map(|key| Change::Remove { tree: ENVELOPES, key }).collect())
    }

    fn opened(&self, tree: &'static str, key: &[u8], held: &Held) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let gone = || StoreError::Corrupt { tree, why: "it was taken out of the store".into() };
        let value = self.records.get(tree, key)?.ok_or_else(gone)?;
        let (at, (terms, sealed, header)) = (place(tree, key), taken_apart(tree, &value)?);
        if Recorded::new(&self.manifest_key, &at, &header, &terms.to_bytes()) != held.recorded {
            let why = format!("it is not version {}, which belongs there: another one was put back", held.version);
            return Err(StoreError::Corrupt { tree, why });
        }
        let own_key = self.own_key(&self.vault(), tree, &terms.envelope(&at))?;
        let opened = Vault::new(&own_key).open_version(&terms.context(&at), held.version, sealed);
        opened.map_err(|error| corrupt(tree, &error))
    }

    /// The key in an envelope.
    fn own_key(&self, vault: &Vault, tree: &'static str, envelope: &[u8]) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let gone = || StoreError::Corrupt { tree, why: "the envelope with its key is gone".into() };
        let sealed = self.envelopes.get(ENVELOPES, envelope)?.ok_or_else(gone)?;
        let key = vault.open(envelope, &sealed).map_err(|error| corrupt(tree, &error))?;
        key[..].try_into().map(Zeroizing::new).map_err(|_| gone())
    }

    fn vault(&self) -> Arc<Vault> {
        self.vault.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Now, and never earlier than before.
    fn now_ms(&self, state: &mut State) -> i64 {
        state.manifest.latest_ms = state.manifest.latest_ms.max(self.clock.now().as_millisecond());
        state.manifest.latest_ms
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, read anew if the last write failed.
    fn sure(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let mut state = self.locked();
        if state.unsure {
            *state = self.load(Opening::AsLeft)?;
        }
        Ok(state)
    }
}

/// What a batch is to do, gathered before any of it is done.
#[derive(Default)]
struct Batch {
    manifest: Manifest,
    /// Envelope -> key.
    created: BTreeMap<Vec<u8>, Zeroizing<[u8; 32]>>,
    written: Vec<Change>,
    destroyed: Vec<Vec<u8>>,
    index: BTreeMap<Place, Option<Held>>,
}

impl Batch {
    /// What is at this place, after the changes before this one, and no longer counted.
    fn take_out(&mut self, state: &State, place: &Place) -> Option<Held> {
        let before = self.index.get(place).map_or_else(|| state.index.get(place), Option::as_ref).copied()?;
        self.manifest.remove(&before.recorded);
        Some(before)
    }

    fn remove(&mut self, state: &State, (tree, key): Place) {
        let Some(before) = self.take_out(state, &(tree, key.clone())) else { return };
        let envelope = before.terms.envelope(&place(tree, &key));
        if self.created.remove(&envelope).is_none() {
            self.destroyed.push(envelope);
        }
        self.written.push(Change::Remove { tree, key: key.clone() });
        self.index.insert((tree, key), None);
    }
}

/// A record's place: a tree's name holds no NUL.
fn place(tree: &str, key: &[u8]) -> Vec<u8> {
    [tree.as_bytes(), &[0], key].concat()
}

/// A record as it lies in the store: its terms, and what was sealed.
fn taken_apart<'a>(tree: &'static str, value: &'a [u8]) -> Result<(Terms, &'a [u8], Header), StoreError> {
    let cut = || StoreError::Corrupt { tree, why: "it is cut short".into() };
    let (expires, rest) = value.split_first_chunk().ok_or_else(cut)?;
    let (born, sealed) = rest.split_first_chunk().ok_or_else(cut)?;
    let header = Header::parse(sealed).map_err(|error| corrupt(tree, &error))?;
    Ok((Terms { expires_ms: i64::from_be_bytes(*expires), born: u64::from_be_bytes(*born) }, sealed, header))
}

fn corrupt(tree: &'static str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { tree, why: error.to_string() }
}
