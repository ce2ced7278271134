//! Where the registry's records lie and the keys to them, and their upkeep.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
pub use sallyport_privacy::keys::Keys;
use sallyport_privacy::vault::{ManifestKey, SystemClock};
pub use sallyport_store::{Done, UpkeepError};
use sallyport_store::{EnvelopeKey, FileAnchor, Opening, SealedStore, SledStore, Upkeep, VaultKeys, VaultStore};

use crate::{config::Config, gates::Crossings, registry::Registry};

/// The key by which envelopes are sealed.
pub const ENVELOPES: &str = "envelopes";
/// The registry's records, and those that are not of persons.
pub struct Vaults(Upkeep);

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
    pub fn open(config: &Config, keys: &Keys, opening: Opening, now: Timestamp) -> Result<Opened, UpkeepError> {
        let store = Arc::new(SledStore::open(&config.store())?);
        let common = SealedStore::new(store.clone(), keys.root.vault("store"));
        let crossings = Crossings::open(store, keys.store.clone(), config.retention.crossings_days, now)?;
        let envelope_key = EnvelopeKey {
            keys: keys.store.clone(),
            name: ENVELOPES,
            rotate_every: SignedDuration::from_hours(24 * i64::from(config.keys.rotate_days)),
            keep: config.keys.keep_generations,
            rotated: config.rotated(),
        };
        let vault_keys = VaultKeys {
            envelopes: envelope_key.generations().vault()?,
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
        let vaults = Self(Upkeep::new(records, envelope_key));
        Ok(Opened { vaults, registry, reports: common, crossings })
    }

    /// Destroys what is over, and rotates the envelopes' key when it is time: see [`Upkeep::keep_up`].
    pub fn keep_up(&self, now: Timestamp) -> Result<Done, UpkeepError> {
        self.0.keep_up(now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_privacy::keys::{Daily, ROOT, RootKey, Rotating};
    use sallyport_store::{Change, StoreError};

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
            self.config.key_place().open("correct horse battery").unwrap()
        }

        fn open(&self) -> Result<Opened, UpkeepError> {
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
        assert!(matches!(error, UpkeepError::Store(StoreError::RolledBack { .. })), "{error}");
        let restored = Vaults::open(&world.config, &world.keys(), Opening::Restored, now()).unwrap();
        let dead = restored.registry.get::<u8>(TREE, &[1]);
        assert!(matches!(dead, Err(StoreError::Corrupt { .. })), "its key was destroyed with it: {dead:?}");
        drop(restored);
        assert!(world.open().is_ok());
    }
}
