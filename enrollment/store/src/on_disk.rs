//! The store on disk: sled 0.34.
//!
//! All records lie in one sled tree under `tree NUL key`, since sled's batches are atomic within one tree only. Every
//! batch is flushed before it is acknowledged. Sled panics over some damaged files instead of saying so; that is
//! caught here and becomes an error. Once a write has failed, sled refuses everything until it is opened again, so a
//! batch is not even begun when the disk is nearly full.

use std::{
    fs, io,
    ops::Bound,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::sys::statvfs::statvfs;
use sled::{Batch, Db};

use crate::{Change, Entries, Store, StoreError};

/// Memory for pages read lately.
const CACHE_BYTES: u64 = 64 << 20;
/// Room that must be left on the disk for a batch to be begun: several of sled's segments of 512 KiB.
const ROOM_BYTES_MIN: u64 = 8 << 20;

/// Sled's threads let go of the lock a moment after the store was dropped, so that opening it anew must wait for them.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// A store in a folder of its own.
pub struct SledStore {
    db: Db,
    path: PathBuf,
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SledStore({})", self.path.display())
    }
}

impl SledStore {
    /// Opens the store in this folder, or makes it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let unusable = |error: io::Error| StoreError::Open { path: path.into(), why: error.to_string() };
        fs::create_dir_all(path).map_err(unusable)?;
        // No background flushing: nothing waits to be flushed.
        let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let began = Instant::now();
        let db = loop {
            match guarded(path, || config.open()) {
                Ok(db) => break db,
                Err(StoreError::Disk(why)) if why.contains("could not acquire lock") => {
                    if began.elapsed() > LOCK_PATIENCE {
                        return Err(StoreError::Locked { path: path.into() });
                    }
                    thread::sleep(LOCK_RETRY);
                }
                Err(StoreError::Disk(why)) => return Err(StoreError::Open { path: path.into(), why }),
                Err(other) => return Err(other),
            }
        };
        let store = Self { db, path: path.into() };
        store.check_origin()?;
        Ok(store)
    }

    /// Sled takes a log that it cannot read at all for an empty one. So the first record ever written is a mark, and
    /// a file beside the log says that it was written.
    fn check_origin(&self) -> Result<(), StoreError> {
        let (mark, note) = (place("", b"made"), self.path.join("made"));
        if guarded(&self.path, || self.db.contains_key(&mark))? {
            return Ok(());
        }
        if note.exists() {
            return Err(StoreError::Damaged { path: self.path.clone(), why: "all its records are gone".into() });
        }
        guarded(&self.path, || {
            self.db.insert(mark, b"1")?;
            self.db.flush().map(drop)
        })?;
        let noted = fs::File::create(&note).and_then(|file| file.sync_all());
        noted.map_err(|error| StoreError::Open { path: self.path.clone(), why: error.to_string() })
    }

    fn check_room(&self) -> Result<(), StoreError> {
        let disk = statvfs(&self.path).map_err(|error| StoreError::Disk(error.to_string()))?;
        let room = disk.blocks_available().saturating_mul(disk.fragment_size());
        if room < ROOM_BYTES_MIN { Err(StoreError::Full { path: self.path.clone() }) } else { Ok(()) }
    }
}

impl Store for SledStore {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(&self.path, || Ok(self.db.get(place(tree, key))?.map(|value| value.to_vec())))
    }

    fn scan(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Entries, StoreError> {
        let prefix = place(tree, &[]);
        let from = after.map_or_else(|| Bound::Included(prefix.clone()), |key| Bound::Excluded(place(tree, key)));
        guarded(&self.path, || {
            let mut entries = Entries::new();
            for record in self.db.range((from, Bound::Unbounded)).take(limit) {
                let (key, value) = record?;
                let Some(key) = key.strip_prefix(&prefix[..]) else { break };
                entries.push((key.to_vec(), value.to_vec()));
            }
            Ok(entries)
        })
    }

    fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.check_room()?;
        let mut batch = Batch::default();
        for change in changes {
            match change {
                Change::Put { tree, key, value } => batch.insert(place(tree, &key), value),
                Change::Remove { tree, key } => batch.remove(place(tree, &key)),
            }
        }
        guarded(&self.path, || {
            self.db.apply_batch(batch)?;
            self.db.flush().map(drop)
        })
    }
}

fn place(tree: &str, key: &[u8]) -> Vec<u8> {
    debug_assert!(!tree.contains('\0'), "{tree:?}");
    [tree.as_bytes(), &[0], key].concat()
}

/// Does something with sled, whose panics over damaged files become errors. Unwind safety: what sled leaves behind
/// after a panic is either sound or answers with an error again; nothing of ours is shared with it.
fn guarded<T>(path: &Path, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    let damaged = |why: String| StoreError::Damaged { path: path.into(), why };
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { path: path.into() },
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => damaged(error.to_string()),
            _ => StoreError::Disk(error.to_string()),
        }),
        Ok(Err(error @ sled::Error::Corruption { .. })) => Err(damaged(error.to_string())),
        Ok(Err(error)) => Err(damaged(error.to_string())),
        Err(panicked) => {
            let said = panicked.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panicked.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            Err(damaged(format!("sled gave up: {said}")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        let io = |kind: io::ErrorKind| guarded(Path::new("x"), || Err::<(), _>(sled::Error::Io(kind.into())));
        assert!(matches!(io(io::ErrorKind::StorageFull), Err(StoreError::Full { .. })));
        assert!(matches!(io(io::ErrorKind::QuotaExceeded), Err(StoreError::Full { .. })));
        assert!(matches!(io(io::ErrorKind::PermissionDenied), Err(StoreError::Disk(_))));
        let panicking = guarded(Path::new("x"), || -> sled::Result<()> { panic!("on purpose") });
        assert!(panicking.unwrap_err().to_string().contains("on purpose"));
    }

    #[test]
    fn a_store_in_use_and_an_unusable_folder_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let first = SledStore::open(folder.path()).unwrap();
        assert!(matches!(SledStore::open(folder.path()), Err(StoreError::Locked { .. })));
        drop(first);
        let file = folder.path().join("a file");
        fs::write(&file, b"x").unwrap();
        assert!(matches!(SledStore::open(&file), Err(StoreError::Open { .. })));
    }
}
