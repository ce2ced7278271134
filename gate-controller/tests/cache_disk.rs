//! The gate's cache on a real disk: what a thief has of it, and what becomes of damaged and of earlier ones.
#![allow(clippy::unwrap_used)]

mod vaulted;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use sallyport_gate::cache::{Cache, CachePlace};
use sallyport_privacy::{
    keys::{ApplicationKey, KeyPlace, Keys, Rotating},
    vault::{Clock, SystemClock},
};
use sallyport_protocol::EnrollmentStatus;
use sallyport_store::{SealedStore, SledStore, Store as _, StoreError, UpkeepError};
use vaulted::{KEEP, ROTATE_EVERY, card, enrollment, page, power::Hand};

const PASSPHRASE: &str = "correct horse battery";
const ACTIVE: EnrollmentStatus = EnrollmentStatus::Active;

/// The data folder of a gate.
struct Gate {
    folder: tempfile::TempDir,
    keys: Keys,
    clock: Arc<Hand>,
}

fn key_place(data: &Path) -> KeyPlace {
    KeyPlace::Files { root: data.join("root.key"), others: data.join("keys") }
}

/// Stretching a passphrase takes its time: once for all tests.
fn made() -> &'static tempfile::TempDir {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        key_place(folder.path()).create(PASSPHRASE).unwrap();
        folder
    })
}

fn copied(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

impl Gate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copied(made().path(), &folder.path().join("data"));
        let keys = key_place(&folder.path().join("data")).open(PASSPHRASE).unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(SystemClock.now().as_millisecond())));
        Self { folder, keys, clock }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn open(&self) -> (Cache, Option<UpkeepError>) {
        self.open_in(&self.data())
    }

    fn open_in(&self, data: &Path) -> (Cache, Option<UpkeepError>) {
        let keys = Keys { root: key_place(data).open(PASSPHRASE).unwrap().root, store: self.keys.store.clone() };
        let place = CachePlace { data, keys: &keys, clock: self.clock.clone(), rotate_every: ROTATE_EVERY, keep: KEEP };
        place.open().unwrap()
    }

    /// A cache that agreed with the service.
    fn filled(&self) -> Cache {
        let (cache, wrong) = self.open();
        assert!(wrong.is_none());
        cache.keep_key(ApplicationKey::received(&[9; 32], 1)).unwrap();
        cache.take(&page(1, vec![enrollment(1, 1, 1, ACTIVE), enrollment(2, 2, 1, ACTIVE)], &[])).unwrap();
        cache.keep_up().unwrap();
        cache
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(self.data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn is_empty(cache: &Cache) -> bool {
    let found = [1, 2].map(|number| cache.find(&card(number)).unwrap());
    found.iter().all(Option::is_none)
        && cache.state().unwrap() == Default::default()
        && cache.keys().generation().is_none()
}

#[test]
fn a_thief_with_disk_and_passphrase_finds_what_is_there_and_nothing_older() {
    let gate = Gate::new();
    let cache = gate.filled();
    let backup = gate.folder.path().join("backup");
    copied(&gate.data(), &backup);
    cache.take(&page(2, Vec::new(), &[1])).unwrap();
    gate.clock.0.fetch_add(ROTATE_EVERY.as_millis() as i64, Ordering::SeqCst);
    cache.take(&page(2, Vec::new(), &[])).unwrap();
    cache.keep_up().unwrap();
    drop(cache);

    // The present disk, with its passphrase: the present.
    let thief = gate.folder.path().join("thief");
    copied(&gate.data(), &thief);
    let stolen = key_place(&thief).open(PASSPHRASE).unwrap();
    assert!(gate.open_in(&thief).0.find(&card(2)).unwrap().is_some());
    // An earlier copy of the cache, with the present keys: nothing, file by file ...
    let old = SledStore::open(&backup.join("cache/envelopes")).unwrap();
    let envelopes = old.scan("envelopes", None, 99).unwrap();
    assert_eq!(envelopes.len(), 4, "two enrollments, the state, the application key");
    let present = Rotating::new(&*stolen.store, "cache").vault().unwrap();
    assert!(envelopes.iter().all(|(place, sealed)| present.open(place, sealed).is_err()));
    drop(old);
    // ... nor by the gate's own program, whether the counter is there to tell or not.
    for counter in [true, false] {
        copied(&gate.data(), &thief);
        copied(&backup.join("cache"), &thief.join("cache"));
        if !counter {
            fs::remove_file(thief.join("cache-counter")).unwrap();
        }
        let stolen = key_place(&thief).open(PASSPHRASE).unwrap();
        let place = CachePlace {
            data: &thief,
            keys: &stolen,
            clock: gate.clock.clone(),
            rotate_every: ROTATE_EVERY,
            keep: KEEP,
        };
        let (cache, wrong) = place.open().unwrap();
        match wrong.unwrap() {
            UpkeepError::Store(StoreError::RolledBack { .. }) => assert!(counter),
            UpkeepError::Store(StoreError::Corrupt { .. }) => assert!(!counter),
            other => panic!("{other}"),
        }
        assert!(is_empty(&cache));
    }
    // No file tells a card, or a code, in the clear.
    for secret in [card(2).as_str().as_bytes(), b"AgICAgICAgI="] {
        assert!(!holds(&gate.data(), secret));
    }
}

fn holds(path: &Path, secret: &[u8]) -> bool {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().any(|entry| holds(&entry.unwrap().path(), secret));
    }
    fs::read(path).unwrap().windows(secret.len()).any(|window| window == secret)
}

#[test]
fn a_destroyed_cache_is_dead_at_once_in_every_copy() {
    let gate = Gate::new();
    let cache = gate.filled();
    let backup = gate.folder.path().join("backup");
    copied(&gate.data().join("cache/envelopes"), &backup);
    cache.destroy().unwrap();
    assert!(is_empty(&cache));
    let old = SledStore::open(&backup).unwrap().scan("envelopes", None, 99).unwrap();
    let present = Rotating::new(&*gate.keys.store, "cache").vault().unwrap();
    assert!(old.len() == 4 && old.iter().all(|(place, sealed)| present.open(place, sealed).is_err()));
    drop(cache);
    let (again, wrong) = gate.open();
    assert!(wrong.is_none() && is_empty(&again));
    again.take(&page(5, vec![enrollment(1, 1, 1, ACTIVE)], &[])).unwrap();
    assert!(again.find(&card(1)).unwrap().is_some(), "and is fetched anew");
}

/// Changes a byte in every 64.
fn flip(path: &Path) {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().for_each(|entry| flip(&entry.unwrap().path()));
    }
    let mut bytes = fs::read(path).unwrap();
    bytes.iter_mut().skip(20).step_by(64).for_each(|byte| *byte ^= 0x10);
    fs::write(path, bytes).unwrap();
}

#[test]
fn whatever_is_damaged_is_destroyed_and_told_and_works_on() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 9] = [
        ("records", |data| flip(&data.join("cache/records"))),
        ("envelopes", |data| flip(&data.join("cache/envelopes"))),
        ("no records", |data| fs::remove_dir_all(data.join("cache/records")).unwrap()),
        ("no envelopes", |data| fs::remove_dir_all(data.join("cache/envelopes")).unwrap()),
        ("no cache", |data| fs::remove_dir_all(data.join("cache")).unwrap()),
        ("cut records", |data| fs::write(data.join("cache/records/db"), b"").unwrap()),
        ("the counter", |data| fs::write(data.join("cache-counter"), b"many").unwrap()),
        ("a key", |data| flip(&data.join("keys/cache-1.key"))),
        ("no key", |data| fs::remove_file(data.join("keys/cache-1.key")).unwrap()),
    ];
    for (what, damage) in damages {
        let gate = Gate::new();
        drop(gate.filled());
        damage(&gate.data());
        let (cache, wrong) = gate.open();
        assert!(wrong.is_some() && is_empty(&cache), "{what}: {wrong:?}");
        assert_eq!(gate.names(), ["cache", "cache-counter", "cache-rotated", "keys", "root.key"], "{what}");
        cache.take(&page(9, vec![enrollment(1, 1, 1, ACTIVE)], &[])).unwrap();
        drop(cache);
        let (cache, wrong) = gate.open();
        assert!(wrong.is_none() && cache.find(&card(1)).unwrap().is_some(), "{what}: {wrong:?}");
    }
}

#[test]
fn what_an_earlier_version_left_is_destroyed_and_fetched_anew() {
    let gate = Gate::new();
    let data = gate.data();
    let elsewhere = gate.folder.path().join("elsewhere");
    fs::write(&elsewhere, b"of somebody else").unwrap();
    let earlier =
        SealedStore::new(Arc::new(SledStore::open(&data.join("cache")).unwrap()), gate.keys.root.vault("cache"));
    earlier.apply(vec![earlier.seal("enrollments", b"1", &enrollment(1, 1, 1, ACTIVE)).unwrap()]).unwrap();
    drop(earlier);
    copied(&data.join("cache"), &data.join("cache-damaged-1764000000000"));
    std::os::unix::fs::symlink(&elsewhere, data.join("cache-damaged-1764000000000/link")).unwrap();
    fs::write(data.join("trusted-traveler.key"), gate.keys.root.vault("keys").seal(b"application key", &[9; 36]))
        .unwrap();
    let (cache, wrong) = gate.open();
    assert!(wrong.is_none() && is_empty(&cache), "{wrong:?}");
    assert_eq!(gate.names(), ["cache", "keys", "root.key"]);
    assert_eq!(fs::read(elsewhere).unwrap(), b"of somebody else");
}

#[test]
fn a_gate_that_works_alone_from_now_on_keeps_nothing() {
    let gate = Gate::new();
    drop(gate.filled());
    let old = SledStore::open(&gate.data().join("cache/envelopes")).unwrap().scan("envelopes", None, 99).unwrap();
    let data = gate.data();
    let place =
        CachePlace { data: &data, keys: &gate.keys, clock: gate.clock.clone(), rotate_every: ROTATE_EVERY, keep: KEEP };
    assert!(place.destroy().unwrap() && !place.destroy().unwrap());
    let present = Rotating::new(&*gate.keys.store, "cache").vault().unwrap();
    assert!(old.len() == 4 && old.iter().all(|(place, sealed)| present.open(place, sealed).is_err()));
    assert!(!gate.names().contains(&"cache".to_owned()));
    let (cache, wrong) = gate.open();
    assert!(wrong.is_none() && is_empty(&cache), "{wrong:?}");
}

#[test]
fn another_process_with_the_cache_is_no_damage() {
    let gate = Gate::new();
    let cache = gate.filled();
    let data = gate.data();
    let place =
        CachePlace { data: &data, keys: &gate.keys, clock: gate.clock.clone(), rotate_every: ROTATE_EVERY, keep: KEEP };
    assert!(matches!(place.open(), Err(UpkeepError::Store(StoreError::Locked { .. }))));
    assert!(cache.find(&card(1)).unwrap().is_some());
}
