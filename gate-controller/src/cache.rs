//! The gate's cache of enrollments: sealed, so that trusted travelers pass while the service is away.
//!
//! Cards are found by a keyed pseudonym, so that the store's keys tell no card number.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use sallyport_privacy::vault::Vault;
use sallyport_protocol::{CardNumber, EnrollmentForGate, EnrollmentId, EnrollmentPage, EpochId};
use sallyport_store::{Change, SealedStore, Store, StoreError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Pseudonym of a card -> enrollment.
const ENROLLMENTS: &str = "enrollments";
/// Enrollment -> pseudonym of its card, to forget it by.
const CARDS: &str = "cards";
const STATE: &str = "state";

/// How far the cache agrees with the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheState {
    /// The last revision taken over.
    pub revision: u64,
    /// The epoch of the service that gave it.
    #[serde(default)]
    pub epoch: Option<EpochId>,
    /// Generation of the application key of its codes.
    pub key_generation: u32,
    /// When it last agreed wholly with the service.
    pub synced: Option<Timestamp>,
}

/// The cache.
pub struct Cache {
    store: SealedStore,
    damaged: AtomicBool,
}

impl Cache {
    /// A cache in this store.
    pub fn new(store: Arc<dyn Store>, vault: Vault) -> Self {
        Self { store: SealedStore::new(store, vault), damaged: AtomicBool::new(false) }
    }

    fn pseudonym(&self, card: &CardNumber) -> Vec<u8> {
        self.store.pseudonym("card", card.as_str().as_bytes()).to_vec()
    }

    /// How far it agrees.
    pub fn state(&self) -> Result<CacheState, StoreError> {
        Ok(self.get(STATE, b"")?.unwrap_or_default())
    }

    /// The enrollment that this card claims.
    pub fn find(&self, card: &CardNumber) -> Result<Option<EnrollmentForGate>, StoreError> {
        self.get(ENROLLMENTS, &self.pseudonym(card))
    }

    /// Whether anything that was read is damaged: only [`Cache::clear`] helps.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Forgets everything: it holds nothing that the service does not have.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.store.clear()?;
        self.damaged.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn get<T: DeserializeOwned>(&self, tree: &'static str, key: &[u8]) -> Result<Option<T>, StoreError> {
        let found = self.store.get(tree, key);
        if matches!(found, Err(StoreError::Corrupt { .. } | StoreError::Damaged { .. })) {
            self.damaged.store(true, Ordering::Relaxed);
        }
        found
    }

    /// Takes over one page, all or nothing. With the last page the cache agrees with the service, as of `now`.
    pub fn take(&self, page: &EnrollmentPage, now: Timestamp) -> Result<CacheState, StoreError> {
        let mut state = self.state()?;
        let mut changes = Vec::new();
        for id in page.removed.iter().chain(page.changed.iter().map(|enrollment| &enrollment.id)) {
            changes.extend(self.forget(id)?);
        }
        for enrollment in &page.changed {
            let pseudonym = self.pseudonym(&enrollment.card);
            changes.push(self.store.seal(ENROLLMENTS, &pseudonym, enrollment)?);
            changes.push(self.store.seal(CARDS, enrollment.id.as_bytes(), &pseudonym)?);
        }
        (state.revision, state.epoch, state.key_generation) = (page.revision, Some(page.epoch), page.key_generation);
        if !page.more {
            state.synced = Some(now);
        }
        changes.push(self.store.seal(STATE, b"", &state)?);
        self.store.apply(changes)?;
        Ok(state)
    }

    /// Trusts nothing here any longer until the service is heard again.
    pub fn distrust(&self) -> Result<(), StoreError> {
        let state = self.state()?;
        if state.synced.is_some() {
            self.store.apply(vec![self.store.seal(STATE, b"", &CacheState { synced: None, ..state })?])?;
        }
        Ok(())
    }

    /// An enrollment may have changed its card, so the old place is looked up.
    fn forget(&self, id: &EnrollmentId) -> Result<Vec<Change>, StoreError> {
        let Some(pseudonym) = self.get::<Vec<u8>>(CARDS, id.as_bytes())? else { return Ok(Vec::new()) };
        Ok(vec![
            Change::Remove { tree: ENROLLMENTS, key: pseudonym },
            Change::Remove { tree: CARDS, key: id.as_bytes().to_vec() },
        ])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_protocol::{EnrollmentStatus, ProtectedCode};
    use sallyport_store::MemoryStore;
    use zeroize::Zeroizing;

    use super::*;

    fn cache(store: &Arc<MemoryStore>) -> Cache {
        Cache::new(store.clone(), Vault::new(&[1; 32]))
    }

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn enrollment(id: u8, card: &str, version: u32) -> EnrollmentForGate {
        EnrollmentForGate {
            id: EnrollmentId::from_bytes([id; 16]),
            card: card.parse().unwrap(),
            version,
            status: EnrollmentStatus::Active,
            expires: now(),
            model: Some("net".into()),
            code: Some(ProtectedCode::new(Zeroizing::new(vec![version as u8; 8]))),
            finger_version: 0,
            fingers: Vec::new(),
        }
    }

    fn page(revision: u64, more: bool, changed: Vec<EnrollmentForGate>, removed: Vec<u8>) -> EnrollmentPage {
        let removed = removed.into_iter().map(|id| EnrollmentId::from_bytes([id; 16])).collect();
        EnrollmentPage { revision, epoch: EpochId::from_bytes([7; 16]), more, key_generation: 1, changed, removed }
    }

    #[test]
    fn a_card_finds_its_newest_enrollment_and_a_removed_one_is_gone() {
        let store = Arc::new(MemoryStore::default());
        let (one, two): (CardNumber, CardNumber) = ("04A1B2C3".parse().unwrap(), "04A1B2C4".parse().unwrap());
        let cache = cache(&store);
        assert_eq!(cache.state().unwrap(), CacheState::default());
        cache.take(&page(3, true, vec![enrollment(1, one.as_str(), 1)], vec![]), now()).unwrap();
        assert_eq!(cache.state().unwrap().synced, None, "more pages wait");
        cache.take(&page(4, false, vec![enrollment(2, two.as_str(), 1)], vec![]), now()).unwrap();
        let state = cache.state().unwrap();
        assert_eq!((state.revision, state.synced), (4, Some(now())));
        assert_eq!(cache.find(&one).unwrap().unwrap().version, 1);

        // Another card for the first enrollment: the old card claims nothing any more.
        let other: CardNumber = "0400000000".parse().unwrap();
        cache.take(&page(5, false, vec![enrollment(1, other.as_str(), 2)], vec![2]), now()).unwrap();
        assert!(cache.find(&one).unwrap().is_none());
        assert!(cache.find(&two).unwrap().is_none());
        assert_eq!(cache.find(&other).unwrap().unwrap().version, 2);
        assert!(Cache::new(store, Vault::new(&[9; 32])).state().is_err(), "sealed with another key");
    }
}
