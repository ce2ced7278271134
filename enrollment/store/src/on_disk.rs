//! The store on disk: sled 0.34.
//!
//! All records lie in one sled tree under `tree NUL key`, since sled's batches are atomic within one tree only. Every
//! batch is flushed before it is acknowledged. Sled panics over some damaged files instead of saying so; that is
//! caught here and becomes an error. Once a write has failed, sled refuses everything until it is opened again: so it is,
//! at the next use, and a batch is not even begun when the disk is nearly full.

use std::{
    fs, io,
    ops::Bound,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
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
    /// `None` after a failure, until the next use opens it again.
    db: RwLock<Option<Db>>,
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
        Ok(Self { db: RwLock::new(Some(opened(path)?)), path: path.into() })
    }

    /// Does something with sled, which is opened anew after a failure.
    fn with<T>(&self, work: impl FnOnce(&Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let mut db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        if db.is_none() {
            drop(db);
            let mut closed = self.db.write().unwrap_or_else(PoisonError::into_inner);
            if closed.is_none() {
                *closed = Some(opened(&self.path)?);
            }
            drop(closed);
            db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        }
        let Some(open) = &*db else {
            return Err(StoreError::Disk("the store failed while it was being opened again".to_owned()));
        };
        let result = guarded(&self.path, || work(open));
        drop(db);
        if result.is_err() {
            *self.db.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        result
    }

    fn check_room(&self) -> Result<(), StoreError> {
        let disk = statvfs(&self.path).map_err(|error| StoreError::Disk(error.to_string()))?;
        let room = disk.blocks_available().saturating_mul(disk.fragment_size());
        if room < ROOM_BYTES_MIN { Err(StoreError::Full { path: self.path.clone() }) } else { Ok(()) }
    }
}

impl Store for SledStore {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|db| Ok(db.get(place(tree, key))?.map(|value| value.to_vec())))
    }

    fn scan(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Entries, StoreError> {
        let prefix = place(tree, &[]);
        let from = after.map_or_else(|| Bound::Included(prefix.clone()), |key| Bound::Excluded(place(tree, key)));
        self.with(|db| {
            let mut entries = Entries::new();
            for record in db.range((from, Bound::Unbounded)).take(limit) {
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
        self.with(|db| {
            db.apply_batch(batch)?;
            db.flush().map(drop)
        })
    }

    fn clear(&self) -> Result<(), StoreError> {
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        *db = None;
        // Moved first, so that a stop in between leaves the old store or a new one, never half of one.
        let mut aside = self.path.clone().into_os_string();
        aside.push(".cleared");
        if_there(fs::remove_dir_all(&aside))?;
        if_there(fs::rename(&self.path, &aside))?;
        if_there(fs::remove_dir_all(&aside))?;
        *db = Some(opened(&self.path)?);
        Ok(())
    }
}

/// That there is nothing to move or remove is fine.
fn if_there(done: io::Result<()>) -> Result<(), StoreError> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::Disk(error.to_string())),
        _ => Ok(()),
    }
}

fn opened(path: &Path) -> Result<Db, StoreError> {
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
    check_origin(&db, path)?;
    Ok(db)
}

/// Sled takes a log that it cannot read at all for an empty one. So the first record ever written is a mark, and a file
/// beside the log says that it was written.
fn check_origin(db: &Db, path: &Path) -> Result<(), StoreError> {
    let (mark, note) = (place("", b"made"), path.join("made"));
    if guarded(path, || db.contains_key(&mark))? {
        return Ok(());
    }
    if note.exists() {
        return Err(StoreError::Damaged { path: path.into(), why: "all its records are gone".into() });
    }
    guarded(path, || {
        db.insert(mark, b"1")?;
        db.flush().map(drop)
    })?;
    let noted = fs::File::create(&note).and_then(|file| file.sync_all());
    noted.map_err(|error| StoreError::Open { path: path.into(), why: error.to_string() })
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
    #[test]
    fn a_store_that_failed_is_opened_again_with_all_that_was_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path()).unwrap();
        store.apply(vec![Change::Put { tree: "a", key: vec![1], value: vec![2] }]).unwrap();
        let failed = store.with(|_| Err::<(), _>(sled::Error::Io(io::ErrorKind::Other.into())));
        assert!(matches!(failed, Err(StoreError::Disk(_))));
        assert!(store.db.read().unwrap().is_none(), "closed");
        assert_eq!(store.get("a", &[1]).unwrap(), Some(vec![2]));
    }

    #[test]
    fn a_damaged_store_is_cleared_in_place_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let store = SledStore::open(&path).unwrap();
        let put = || Change::Put { tree: "a", key: vec![1], value: b"to be forgotten".to_vec() };
        store.apply(vec![put()]).unwrap();
        *store.db.write().unwrap() = None;
        fs::write(path.join("db"), b"this is no store".repeat(4096)).unwrap();
        assert!(store.get("a", &[1]).is_err());
        store.clear().unwrap();
        assert_eq!(store.get("a", &[1]).unwrap(), None);
        store.apply(vec![put()]).unwrap();
        store.clear().unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["store"]);
        assert!(!fs::read(path.join("db")).unwrap().windows(15).any(|window| window == b"to be forgotten"));
    }
}
