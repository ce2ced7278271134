//! The gate's cache of enrollments, so that trusted travelers pass while the service is away, and the key of their codes.
//!
//! It holds nothing that the service does not have, so whatever is wrong with it, it is destroyed and fetched anew. It lies
//! in a vault ([`VaultStore`]): each record under a key of its own in an envelope beside it. What the gate is told to forget
//! loses its envelope at once, and copies of that envelope are dead when the key that sealed it is destroyed, which happens
//! every few hours ([`Cache::keep_up`]), and at once when everything is destroyed ([`Cache::destroy`]) or another
//! application key came. Cards are found by a map in memory: the disk tells no card number, not even by a pseudonym
//! that somebody with the root key could try all numbers on.
//!
//! | Somebody who writes to the gate's disk | |
//! |---|---|
//! | changes, cuts, swaps, takes out or puts back records, envelopes or either store | is noticed at the start, or when a record is read; all is fetched anew |
//! | puts back everything, counter and keys included, as it was | is not noticed while the service is away; trusted for no longer than the grace time after that copy last agreed with the service |
//! | does that where the keys are in a token | finds nothing that opens, once the key was rotated |

mod place;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use sallyport_privacy::{
    keys::{ApplicationKey, random_key},
    vault::{Clock, ManifestKey, Vault},
};
use sallyport_protocol::{CardNumber, EnrollmentForGate, EnrollmentId, EnrollmentPage, EpochId};
use sallyport_store::{
    Anchor, EnvelopeKey, Opening, Store, StoreError, Upkeep, UpkeepError, VaultChange, VaultKeys, VaultStore,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use self::place::CachePlace;
use crate::sync::KeyRing;

/// Enrollment -> what the gate needs of it.
const ENROLLMENTS: &str = "enrollments";
const STATE: &str = "state";
const APPLICATION_KEY: &str = "application-key";
const TREES: [&str; 3] = [ENROLLMENTS, STATE, APPLICATION_KEY];
/// The one record of a tree that holds one.
const ONLY: &[u8] = b"";
/// How many records are read at a time when all are.
const CHUNK: usize = 500;
/// That the service said nothing new is written down this often at most: each write wears the disk, and a gate that starts
/// again only takes its cache for a little older than it is.
const AGREEMENT_NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// How far the cache agrees with the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheState {
    /// The last revision taken over.
    pub revision: u64,
    /// The epoch of the service that gave it.
    pub epoch: Option<EpochId>,
    /// Generation of the application key of its codes.
    pub key_generation: u32,
    /// When it last agreed wholly with the service.
    pub synced: Option<Timestamp>,
    /// When the service last gave anything.
    pub heard: Option<Timestamp>,
}

/// What a cache is made of.
pub struct CacheParts {
    /// Where its records lie,
    pub records: Arc<dyn Store>,
    /// and the keys of each.
    pub envelopes: Arc<dyn Store>,
    /// How far it had come.
    pub anchor: Arc<dyn Anchor>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The key of what the whole must hold.
    pub manifest: ManifestKey,
    /// The key of the envelopes.
    pub key: EnvelopeKey,
    /// For how long it is kept when the service is not heard.
    pub keep: SignedDuration,
}

/// The cache.
pub struct Cache {
    store: Arc<VaultStore>,
    upkeep: Upkeep,
    clock: Arc<dyn Clock>,
    keep: SignedDuration,
    keys: Arc<KeyRing>,
    /// Gives pseudonyms of cards, in memory and for this run alone.
    cards: Vault,
    /// What is known of the disk; `None` when a write failed, until it is read again.
    known: RwLock<Option<Known>>,
    damaged: AtomicBool,
    /// Nothing is kept, and no key is left that ever sealed anything.
    bare: AtomicBool,
    /// Something was replaced that must not outlive the next upkeep in any copy.
    rotate_soon: AtomicBool,
}

#[derive(Default)]
struct Known {
    state: CacheState,
    /// When it agreed with the service, as the disk has it.
    synced_on_disk: Option<Timestamp>,
    /// Pseudonyms of the cards that claim enrollments.
    cards: BTreeMap<EnrollmentId, [u8; 32]>,
}

/// Of an enrollment, what finds it.
#[derive(Deserialize)]
struct Claim {
    card: CardNumber,
}

impl Cache {
    /// Opens the cache and reads all of it once, so that nothing damaged is found out by a traveler.
    pub fn open(parts: CacheParts, opening: Opening) -> Result<Self, UpkeepError> {
        let generations = parts.key.generations();
        let envelopes = if opening == Opening::Anew { generations.renew()? } else { generations.vault()? };
        let store = Arc::new(VaultStore::open(
            parts.records,
            parts.envelopes,
            parts.anchor,
            parts.clock.clone(),
            &TREES,
            VaultKeys { envelopes, manifest: parts.manifest },
            opening,
        )?);
        let cache = Self {
            upkeep: Upkeep::new(store.clone(), parts.key),
            store,
            clock: parts.clock,
            keep: parts.keep,
            keys: Arc::default(),
            cards: Vault::new(&Zeroizing::new(random_key())),
            known: RwLock::new(None),
            damaged: AtomicBool::new(false),
            bare: AtomicBool::new(false),
            rotate_soon: AtomicBool::new(false),
        };
        let mut bare = cache.known(|known| known.state == CacheState::default() && known.cards.is_empty())?;
        if let Some(key) = cache.store.get(APPLICATION_KEY, ONLY)? {
            let why = || StoreError::Corrupt { tree: APPLICATION_KEY, why: "it is no application key".to_owned() };
            cache.keys.hold(ApplicationKey::from_plain(&key).ok_or_else(why)?);
            bare = false;
        }
        cache.bare.store(bare, Ordering::Relaxed);
        Ok(cache)
    }

    /// The application key, as long as the cache has it.
    pub fn keys(&self) -> Arc<KeyRing> {
        self.keys.clone()
    }

    /// How far it agrees.
    pub fn state(&self) -> Result<CacheState, StoreError> {
        self.known(|known| known.state)
    }

    /// The enrollment that this card claims. A card that two of them claim finds none. Codes of an older key than the present
    /// one, of which the change has not arrived yet, are left out: compared under the present key they would only look like
    /// somebody else's.
    pub fn find(&self, card: &CardNumber) -> Result<Option<EnrollmentForGate>, StoreError> {
        let pseudonym = self.pseudonym(card);
        let claimed = self.known(|known| {
            let claims = known.cards.iter().filter(|(_, own)| **own == pseudonym);
            claims.map(|(id, _)| *id).collect::<Vec<_>>()
        })?;
        let [id] = claimed[..] else { return Ok(None) };
        let found = self.noticed(self.store.get_as::<EnrollmentForGate>(ENROLLMENTS, id.as_bytes()))?;
        // It may have got another card in this very moment.
        let Some(mut enrollment) = found.filter(|enrollment| enrollment.card == *card) else { return Ok(None) };
        if enrollment.key_generation != self.state()?.key_generation {
            (enrollment.code, enrollment.fingers, enrollment.revoked) = (None, Vec::new(), true);
        }
        Ok(Some(enrollment))
    }

    /// Whether anything that was read is damaged: only [`Cache::destroy`] helps.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Takes over one page, all or nothing. With the last page the cache agrees with the service, as of now.
    pub fn take(&self, page: &EnrollmentPage) -> Result<CacheState, StoreError> {
        let (before, now) = (self.state()?, self.clock.now());
        let mut state = CacheState {
            revision: page.revision,
            epoch: Some(page.epoch),
            key_generation: page.key_generation,
            heard: Some(now),
            ..before
        };
        if !page.more {
            state.synced = Some(now);
        }
        let told_nothing = page.removed.is_empty()
            && page.changed.is_empty()
            && CacheState { synced: before.synced, heard: before.heard, ..state } == before;
        if told_nothing && self.is_noted(now)? {
            self.updated(|known| known.state = state);
            return Ok(state);
        }
        let changed = page.changed.iter().map(|enrollment| &enrollment.id);
        // Removed first, also what is changed: so it gets another key, and its old form is dead with the old one.
        let gone = page.removed.iter().chain(changed).map(|id| VaultChange::remove(ENROLLMENTS, id.as_bytes()));
        let mut changes: Vec<_> = gone.collect();
        for enrollment in &page.changed {
            changes.push(VaultChange::put(ENROLLMENTS, enrollment.id.as_bytes(), enrollment, None)?);
        }
        changes.push(VaultChange::put(STATE, ONLY, &state, None)?);
        self.apply(changes, |known| {
            for id in &page.removed {
                known.cards.remove(id);
            }
            known.cards.extend(page.changed.iter().map(|one| (one.id, self.pseudonym(&one.card))));
            (known.state, known.synced_on_disk) = (state, state.synced);
        })?;
        Ok(state)
    }

    /// Keeps another application key in place of the one before, of which no copy outlives the next upkeep.
    pub fn keep_key(&self, key: ApplicationKey) -> Result<(), StoreError> {
        let state = CacheState { heard: Some(self.clock.now()), ..self.state()? };
        let replaced = !self.store.keys(APPLICATION_KEY, None, 1)?.is_empty();
        let changes = vec![
            VaultChange::remove(APPLICATION_KEY, ONLY),
            VaultChange::Put { tree: APPLICATION_KEY, key: ONLY.to_vec(), plain: key.to_plain(), expires: None },
            VaultChange::put(STATE, ONLY, &state, None)?,
        ];
        self.apply(changes, |known| known.state = state)?;
        self.keys.hold(key);
        self.rotate_soon.fetch_or(replaced, Ordering::Relaxed);
        Ok(())
    }

    /// Destroys everything, damaged as it may be, in every copy there is: what the service still wants kept here, it gives
    /// anew.
    pub fn destroy(&self) -> Result<(), UpkeepError> {
        if self.bare.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.keys.forget();
        *self.written() = Some(Known::default());
        let destroyed = self.upkeep.destroy(self.clock.now());
        if destroyed.is_err() {
            *self.written() = None;
        }
        destroyed?;
        self.damaged.store(false, Ordering::Relaxed);
        self.bare.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// To be called every now and then: destroys everything when the service has not been heard for too long, and rotates
    /// the key of the envelopes when it is time.
    pub fn keep_up(&self) -> Result<(), UpkeepError> {
        let now = self.clock.now();
        if self.is_over(now)? {
            tracing::warn!("the service was not heard for too long: enrollments and their key are destroyed");
            return self.destroy();
        }
        if self.rotate_soon.load(Ordering::Relaxed) {
            self.upkeep.rotate(now)?;
            self.rotate_soon.store(false, Ordering::Relaxed);
        } else if !self.upkeep.is_settled(now)? {
            self.upkeep.keep_up(now)?;
        }
        Ok(())
    }

    /// Whether it must not be kept any longer. A time that has not come yet counts as far away, too: the clock was set back,
    /// and nobody knows how old the cache is.
    fn is_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(match self.state()?.heard {
            Some(heard) => now.duration_since(heard).abs() > self.keep,
            None => !self.bare.load(Ordering::Relaxed),
        })
    }

    fn is_noted(&self, now: Timestamp) -> Result<bool, StoreError> {
        let on_disk = self.known(|known| known.synced_on_disk)?;
        Ok(on_disk.is_some_and(|synced| now.duration_since(synced).abs() < AGREEMENT_NOTED_EVERY))
    }

    fn pseudonym(&self, card: &CardNumber) -> [u8; 32] {
        self.cards.pseudonym("card", card.as_str().as_bytes())
    }

    fn apply(&self, changes: Vec<VaultChange>, done: impl FnOnce(&mut Known)) -> Result<(), StoreError> {
        self.bare.store(false, Ordering::Relaxed);
        let applied = self.noticed(self.store.apply(changes));
        match applied {
            Ok(_) => self.updated(done),
            Err(_) => *self.written() = None,
        }
        applied.map(drop)
    }

    fn updated(&self, change: impl FnOnce(&mut Known)) {
        if let Some(known) = self.written().as_mut() {
            change(known);
        }
    }

    fn written(&self) -> RwLockWriteGuard<'_, Option<Known>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn known<T>(&self, look: impl FnOnce(&Known) -> T) -> Result<T, StoreError> {
        if let Some(known) = &*self.known.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(look(known));
        }
        let mut place = self.written();
        let known = match place.take() {
            Some(known) => known,
            None => self.noticed(self.read())?,
        };
        Ok(look(place.insert(known)))
    }

    fn read(&self) -> Result<Known, StoreError> {
        let state: CacheState = self.store.get_as(STATE, ONLY)?.unwrap_or_default();
        let (mut cards, mut after) = (BTreeMap::new(), None::<Vec<u8>>);
        loop {
            let keys = self.store.keys(ENROLLMENTS, after.as_deref(), CHUNK)?;
            let Some(last) = keys.last() else { break };
            after = Some(last.clone());
            for key in keys {
                let id = <[u8; 16]>::try_from(&key[..]).map_err(|_| StoreError::Corrupt {
                    tree: ENROLLMENTS,
                    why: "it lies under what is no enrollment".to_owned(),
                })?;
                if let Some(Claim { card }) = self.store.get_as(ENROLLMENTS, &key)? {
                    cards.insert(EnrollmentId::from_bytes(id), self.pseudonym(&card));
                }
            }
        }
        Ok(Known { state, synced_on_disk: state.synced, cards })
    }

    fn noticed<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.as_ref().is_err_and(StoreError::is_damage) {
            self.damaged.store(true, Ordering::Relaxed);
        }
        result
    }
}
