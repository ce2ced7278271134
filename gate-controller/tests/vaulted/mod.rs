//! A gate's cache on disks in memory, of which the test has hold.
#![allow(dead_code)]

#[path = "../../../enrollment/store/tests/power/mod.rs"]
pub(crate) mod power;

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use power::{Counter, Hand, Power, Powered};
use sallyport_gate::cache::{Cache, CacheParts};
use sallyport_privacy::{
    keys::{KeyError, KeyStore, Rotating, random_key},
    memory::Locked,
    vault::{Clock, ManifestKey, SystemClock, Vault},
};
use sallyport_protocol::*;
use sallyport_store::{EnvelopeKey, MemoryStore, Opening, Store as _, UpkeepError};
use zeroize::Zeroizing;

pub(crate) const ROTATE_EVERY: SignedDuration = SignedDuration::from_hours(12);
pub(crate) const KEEP: SignedDuration = SignedDuration::from_hours(72);

/// Keys in memory.
#[derive(Default)]
pub(crate) struct MemoryKeys(Mutex<BTreeMap<String, [u8; 32]>>);

impl MemoryKeys {
    fn key(&self, name: &str) -> Result<[u8; 32], KeyError> {
        self.0.lock().unwrap().get(name).copied().ok_or_else(|| KeyError::Unknown(name.into()))
    }
}

impl KeyStore for Powered<MemoryKeys> {
    fn derive(&self, name: &str, purpose: &[u8]) -> Result<Locked<32>, KeyError> {
        Ok(Locked::from(&Vault::new(&self.0.key(name)?).pseudonym("derive", purpose)))
    }
    fn create(&self, name: &str) -> Result<(), KeyError> {
        written(&self.1, || self.0.0.lock().unwrap().insert(name.into(), random_key()))
    }
    fn destroy(&self, name: &str) -> Result<(), KeyError> {
        written(&self.1, || self.0.0.lock().unwrap().remove(name))
    }
    fn names(&self) -> Result<Vec<String>, KeyError> {
        Ok(self.0.0.lock().unwrap().keys().cloned().collect())
    }
}

fn written<T>(power: &Power, work: impl FnOnce() -> T) -> Result<(), KeyError> {
    let done = power.write(|| {
        work();
        Ok(())
    });
    done.map_err(|error| KeyError::File { path: "keys".into(), source: io::Error::other(error.to_string()) })
}

/// What survives a restart.
pub(crate) struct Disks {
    pub(crate) records: Arc<MemoryStore>,
    pub(crate) envelopes: Arc<MemoryStore>,
    pub(crate) counter: Arc<Counter>,
    pub(crate) keys: Arc<MemoryKeys>,
    /// The time, where the test sets it.
    pub(crate) hand: Option<Arc<Hand>>,
    folder: tempfile::TempDir,
}

impl Disks {
    /// Empty disks; the clock goes by itself, or stands still until it is set.
    pub(crate) fn new(stands: bool) -> Self {
        let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let hand = stands.then(|| Arc::new(Hand(AtomicI64::new(noon.as_millisecond()))));
        let (records, envelopes, counter, keys) = Default::default();
        Self { records, envelopes, counter, keys, hand, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn parts(&self, power: &Arc<Power>) -> CacheParts {
        let clock: Arc<dyn Clock> = match &self.hand {
            Some(hand) => hand.clone(),
            None => Arc::new(SystemClock),
        };
        CacheParts {
            records: Arc::new(Powered(self.records.clone(), power.clone())),
            envelopes: Arc::new(Powered(self.envelopes.clone(), power.clone())),
            anchor: Arc::new(Powered(self.counter.clone(), power.clone())),
            clock,
            manifest: ManifestKey::new(&[9; 32]),
            key: EnvelopeKey {
                keys: Arc::new(Powered(self.keys.clone(), power.clone())),
                name: "cache",
                rotate_every: ROTATE_EVERY,
                keep: 1,
                rotated: self.folder.path().join("rotated"),
            },
            keep: KEEP,
        }
    }

    /// As it was left.
    pub(crate) fn open(&self) -> Result<Cache, UpkeepError> {
        Cache::open(self.parts(&Arc::default()), Opening::AsLeft)
    }

    /// As a gate opens it: a damaged one anew.
    pub(crate) fn open_whatever_it_is(&self) -> Cache {
        self.open().unwrap_or_else(|error| {
            assert!(matches!(&error, UpkeepError::Store(error) if error.is_damage()), "{error}");
            Cache::open(self.parts(&Arc::default()), Opening::Anew).unwrap()
        })
    }

    pub(crate) fn pass(&self, hours: i64) {
        self.hand.as_ref().unwrap().0.fetch_add(hours * 3_600_000, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.hand.as_ref().unwrap().now()
    }

    /// All envelopes, as whoever copies the disk has them.
    pub(crate) fn copied_envelopes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.envelopes.scan("envelopes", None, 1_000).unwrap()
    }

    /// What whoever has the present keys opens with.
    pub(crate) fn present_keys(&self) -> Vault {
        Rotating::new(&Powered(self.keys.clone(), Arc::default()), "cache").vault().unwrap()
    }
}

pub(crate) fn card(number: u8) -> CardNumber {
    CardNumber::from_uid(&[4, 1, 2, number]).unwrap()
}

pub(crate) fn enrollment(id: u8, card_number: u8, version: u32, status: EnrollmentStatus) -> EnrollmentForGate {
    EnrollmentForGate {
        id: EnrollmentId::from_bytes([id; 16]),
        card: card(card_number),
        version,
        status,
        expires: "2099-01-01T00:00:00Z".parse().unwrap(),
        model: Some("net".into()),
        code: Some(ProtectedCode::new(Zeroizing::new(vec![id; 8]))),
        face_until: None,
        finger_version: 0,
        fingers: Vec::new(),
        fingers_until: None,
        key_generation: 1,
        revoked: false,
    }
}

/// The last page of a revision.
pub(crate) fn page(revision: u64, changed: Vec<EnrollmentForGate>, removed: &[u8]) -> EnrollmentPage {
    EnrollmentPage {
        revision,
        epoch: EpochId::from_bytes([7; 16]),
        more: false,
        key_generation: 1,
        changed,
        removed: removed.iter().map(|id| EnrollmentId::from_bytes([*id; 16])).collect(),
    }
}
