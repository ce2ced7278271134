//! Where the registry's records lie and the keys to them, and their upkeep.

use std::{
    fs, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use sallyport_privacy::{
    keys::{KeyError, KeyStore, RootKey, Rotating, write_private},
    vault::{ManifestKey, SystemClock},
};
use sallyport_store::{FileAnchor, Opening, SealedStore, SledStore, StoreError, VaultKeys, VaultStore};

use crate::{config::Config, gates::Crossings, registry::Registry};

/// The key by which envelopes are sealed.
pub const ENVELOPES: &str = "envelopes";
/// How many envelopes are sealed anew before others may use the store again.
const RESEALED_AT_ONCE: usize = 100;

/// The root key, and the store of the keys that are rotated and destroyed.
pub struct Keys {
    /// The root.
    pub root: RootKey,
    /// The others.
    pub store: Arc<dyn KeyStore>,
}

/// Why the records are not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The registry's records, and those that are not of persons.
pub struct Vaults {
    records: Arc<VaultStore>,
    keys: Arc<dyn KeyStore>,
    keep: usize,
    rotate_days: u16,
    /// When the key was last rotated.
    rotated: PathBuf,
    /// The generation by which all envelopes are known to be sealed.
    resealed: AtomicU32,
}

/// What upkeep found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Records whose time was over.
    pub expired: usize,
    /// Envelopes sealed anew.
    pub resealed: usize,
    /// Keys destroyed.
    pub retired: usize,
}

/// Stores as registry and reports use them.
pub struct Opened {
    /// Their upkeep.
    pub vaults: Vaults,
    /// The registry's, each record under a key of its own.
    pub registry: SealedStore,
    /// The reports'.
    pub reports: SealedStore,
    /// Records of crossings: in the same store, under keys of their days.
    pub crossings: Crossings,
}

impl Vaults {
    /// Opens the records. What an earlier version kept in the common store is moved to the vault.
    pub fn open(config: &Config, keys: &Keys, opening: Opening, now: Timestamp) -> Result<Opened, VaultsError> {
        let store = Arc::new(SledStore::open(&config.store())?);
        let common = SealedStore::new(store.clone(), keys.root.vault("store"));
        let crossings = Crossings::open(store, keys.store.clone(), config.retention.crossings_days, now)?;
        let vault_keys = VaultKeys {
            envelopes: Rotating::new(&*keys.store, ENVELOPES).vault()?,
            manifest: ManifestKey::new(&keys.root.key("manifest")),
        };
        let records = Arc::new(VaultStore::open(
            Arc::new(SledStore::open(&config.records())?),
            Arc::new(SledStore::open(&config.envelopes())?),
            Arc::new(FileAnchor::at(&config.counter())),
            Arc::new(SystemClock),
            &Registry::TREES,
            vault_keys,
            opening,
        )?);
        let registry = SealedStore::vaulted(records.clone(), keys.root.vault("store"));
        let moved = common.move_to(&registry, &Registry::TREES)?;
        if moved > 0 {
            tracing::info!(moved, "records of an earlier version have keys of their own now");
        }
        let vaults = Self {
            records,
            keys: keys.store.clone(),
            keep: config.keys.keep_generations,
            rotate_days: config.keys.rotate_days,
            rotated: config.rotated(),
            resealed: AtomicU32::new(0),
        };
        Ok(Opened { vaults, registry, reports: common, crossings })
    }

    /// Destroys what is over; rotates the envelopes' key when it is time; seals envelopes by its newest generation, step by
    /// step while the service goes on; and destroys generations that no backup needs any more.
    pub fn keep_up(&self, now: Timestamp) -> Result<Done, VaultsError> {
        let mut done = Done { expired: self.records.purge()?, ..Done::default() };
        let rotating = Rotating::new(&*self.keys, ENVELOPES);
        if self.is_due(now)? {
            rotating.rotate()?;
        }
        let vault = rotating.vault()?;
        let newest = vault.newest();
        if self.resealed.load(Ordering::Relaxed) == newest {
            return Ok(done);
        }
        self.records.rotate(vault);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let step = self.records.reseal(after.as_deref(), RESEALED_AT_ONCE)?;
            done.resealed += step.done;
            if step.done > 0 {
                tracing::info!(done = done.resealed, generation = newest, "sealing envelopes anew");
            }
            after = step.after;
            if after.is_none() {
                break;
            }
        }
        done.retired = rotating.retire(self.keep)?;
        self.records.rotate(rotating.vault()?);
        self.resealed.store(newest, Ordering::Relaxed);
        Ok(done)
    }

    /// Whether the key is old enough to be rotated; from then on it is new. The first time it is.
    fn is_due(&self, now: Timestamp) -> Result<bool, KeyError> {
        let path = &self.rotated;
        let failed = |source| KeyError::File { path: path.clone(), source };
        let known = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // One that is no instant is as good as none: the next rotation comes a little later.
            other => other.map_err(failed)?.trim().parse::<Timestamp>().ok(),
        };
        let days = SignedDuration::from_hours(24 * i64::from(self.rotate_days));
        let due = known.is_some_and(|known| now.duration_since(known) >= days) && self.rotate_days > 0;
        if due || known.is_none() {
            // Written before: a power cut loses one rotation at most, and never makes one too many.
            write_private(path, format!("{now}\n").as_bytes(), true).map_err(failed)?;
        }
        Ok(due)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_privacy::keys::{Daily, FileKeyStore, ROOT};
    use sallyport_store::Change;

    use super::*;

    const TREE: &str = Registry::TREES[0];

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    struct World {
        folder: tempfile::TempDir,
        config: Config,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let config = Config { data: folder.path().join("data"), ..Config::default() };
            std::fs::create_dir(&config.data).unwrap();
            RootKey::create(&config.root_key(), "correct horse battery").unwrap();
            Self { folder, config }
        }

        fn keys(&self) -> Keys {
            let root = RootKey::open(&self.config.root_key(), "correct horse battery").unwrap();
            let store = Arc::new(FileKeyStore::open(&self.config.key_folder(), &root).unwrap());
            Keys { root, store }
        }

        fn open(&self) -> Result<Opened, VaultsError> {
            Vaults::open(&self.config, &self.keys(), Opening::AsLeft, now())
        }
    }

    #[test]
    fn records_of_an_earlier_version_move_into_the_vault_once() {
        let world = World::new();
        let root = world.keys().root;
        let common =
            || SealedStore::new(Arc::new(SledStore::open(&world.config.store()).unwrap()), root.vault("store"));
        let before = common();
        let changes = (0..3u8).map(|key| before.seal(TREE, &[key], &key).unwrap());
        before.apply(changes.collect()).unwrap();
        drop(before);
        for _ in 0..2 {
            let opened = world.open().unwrap();
            assert!((0..3u8).all(|key| opened.registry.get::<u8>(TREE, &[key]).unwrap() == Some(key)));
            assert!(opened.reports.keys(TREE, None, 9).unwrap().is_empty());
        }
    }

    #[test]
    fn a_rotated_key_is_taken_up_while_running_and_old_ones_are_destroyed() {
        let world = World::new();
        let keys = world.keys();
        let opened = world.open().unwrap();
        let now = now();
        let write = |key: u8| opened.registry.apply(vec![opened.registry.seal(TREE, &[key], &key).unwrap()]).unwrap();
        (0..5).for_each(write);
        assert_eq!(opened.vaults.keep_up(now).unwrap(), Done::default());
        for generation in 2..=4u32 {
            Rotating::new(&*keys.store, ENVELOPES).rotate().unwrap();
            let retired = usize::from(generation > 2);
            assert_eq!(opened.vaults.keep_up(now).unwrap(), Done { expired: 0, resealed: 5, retired });
        }
        assert_eq!(opened.vaults.keep_up(now).unwrap(), Done::default());
        write(5);
        assert!((0..6u8).all(|key| opened.registry.get::<u8>(TREE, &[key]).unwrap() == Some(key)));
        let day = format!("crossings-{}", Daily::day(now));
        assert_eq!(keys.store.names().unwrap(), [day.as_str(), "envelopes-3", "envelopes-4", ROOT]);
        // By itself after seven days, once.
        let week = now + SignedDuration::from_hours(7 * 24);
        assert_eq!(opened.vaults.keep_up(week - SignedDuration::from_secs(1)).unwrap(), Done::default());
        assert_eq!(opened.vaults.keep_up(week).unwrap(), Done { expired: 0, resealed: 6, retired: 1 });
        assert_eq!(opened.vaults.keep_up(week).unwrap(), Done::default());
        drop(opened);
        let again = world.open().unwrap();
        assert_eq!(again.vaults.keep_up(week).unwrap(), Done::default(), "a restart makes no key older");
        assert!((0..6u8).all(|key| again.registry.get::<u8>(TREE, &[key]).unwrap() == Some(key)));
    }

    #[test]
    fn records_put_back_from_a_backup_are_taken_only_when_somebody_says_so() {
        let world = World::new();
        let opened = world.open().unwrap();
        let registry = &opened.registry;
        registry.apply(vec![registry.seal(TREE, &[1], &1u8).unwrap()]).unwrap();
        drop(opened);
        let backup = world.folder.path().join("backup");
        let copy = |from: &std::path::Path, to: &std::path::Path| {
            let _ = std::fs::remove_dir_all(to);
            assert!(std::process::Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
        };
        copy(&world.config.records(), &backup);
        let opened = world.open().unwrap();
        opened.registry.apply(vec![opened.registry.seal(TREE, &[1], &2u8).unwrap()]).unwrap();
        opened.registry.apply(vec![Change::Remove { tree: TREE, key: vec![1] }]).unwrap();
        drop(opened);
        copy(&backup, &world.config.records());
        let error = world.open().err().unwrap();
        assert!(matches!(error, VaultsError::Store(StoreError::RolledBack { .. })), "{error}");
        let restored = Vaults::open(&world.config, &world.keys(), Opening::Restored, now()).unwrap();
        let dead = restored.registry.get::<u8>(TREE, &[1]);
        assert!(matches!(dead, Err(StoreError::Corrupt { .. })), "its key was destroyed with it: {dead:?}");
        drop(restored);
        assert!(world.open().is_ok());
    }
}
