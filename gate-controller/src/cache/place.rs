//! Where the cache lies on a gate's disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::SignedDuration;
use sallyport_privacy::{
    keys::{KeyError, Keys},
    vault::{Clock, ManifestKey},
};
use sallyport_store::{EnvelopeKey, FileAnchor, Opening, SledStore, StoreError, UpkeepError};

use super::{Cache, CacheParts};

/// The name of the key of the cache's envelopes.
const ENVELOPE_KEY: &str = "cache";
/// One generation of it: nothing needs copies of envelopes, since the service has all there is.
const GENERATIONS_KEPT: usize = 1;

/// Where a gate's cache lies, and how long what is kept.
pub struct CachePlace<'a> {
    /// The gate's data folder.
    pub data: &'a Path,
    /// The gate's keys.
    pub keys: &'a Keys,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How old the key of the envelopes becomes: copies of what the gate forgot open for as long.
    pub rotate_every: SignedDuration,
    /// For how long the cache is kept when the service is not heard.
    pub keep: SignedDuration,
}

impl CachePlace<'_> {
    /// Opens the cache. A damaged one, or one that was put back, is destroyed, and what was wrong with it is given, too: what
    /// it held is fetched anew.
    pub fn open(&self) -> Result<(Cache, Option<UpkeepError>), UpkeepError> {
        self.destroy_earlier()?;
        let error = match self.parts().and_then(|parts| Cache::open(parts, Opening::AsLeft)) {
            Ok(cache) => return Ok((cache, None)),
            Err(error) => error,
        };
        if !is_damage(&error) {
            return Err(error);
        }
        self.remove_folder()?;
        Ok((Cache::open(self.parts()?, Opening::Anew)?, Some(error)))
    }

    /// Destroys what a gate left that had an enrollment service then. Gives whether there was anything.
    pub fn destroy(&self) -> Result<bool, UpkeepError> {
        self.destroy_earlier()?;
        let there = self.folder().exists();
        if there {
            self.envelope_key().generations().renew()?;
            self.remove_folder()?;
            // What comes later is no older copy of this.
            if_there(fs::remove_file(self.counter())).map_err(|error| failed(&self.counter(), &error))?;
        }
        Ok(there)
    }

    fn folder(&self) -> PathBuf {
        self.data.join("cache")
    }

    /// Beside the folder, so that putting back that alone is noticed.
    fn counter(&self) -> PathBuf {
        self.data.join("cache-counter")
    }

    fn envelope_key(&self) -> EnvelopeKey {
        EnvelopeKey {
            keys: self.keys.store.clone(),
            name: ENVELOPE_KEY,
            rotate_every: self.rotate_every,
            keep: GENERATIONS_KEPT,
            rotated: self.data.join("cache-rotated"),
        }
    }

    fn parts(&self) -> Result<CacheParts, UpkeepError> {
        let folder = self.folder();
        Ok(CacheParts {
            records: Arc::new(SledStore::open(&folder.join("records"))?),
            envelopes: Arc::new(SledStore::open(&folder.join("envelopes"))?),
            anchor: Arc::new(FileAnchor::at(&self.counter())),
            clock: self.clock.clone(),
            manifest: ManifestKey::new(&self.keys.root.key("cache manifest")),
            key: self.envelope_key(),
            keep: self.keep,
        })
    }

    fn remove_folder(&self) -> Result<(), StoreError> {
        let folder = self.folder();
        if_there(fs::remove_dir_all(&folder)).map_err(|error| failed(&folder, &error))
    }

    /// Overwrites and removes what the version before this one left: it lies under the root key, which cannot be destroyed.
    /// On flash nothing else than another root key is sure.
    fn destroy_earlier(&self) -> Result<(), StoreError> {
        let folder = self.folder();
        // Its store lay in the folder itself. Moved first, so that a stop in between leaves nothing that looks like ours.
        if folder.join("conf").exists() {
            let aside = self.data.join("cache-damaged-0");
            fs::rename(&folder, &aside).map_err(|error| failed(&folder, &error))?;
        }
        let unreadable = |error: io::Error| failed(self.data, &error);
        for entry in fs::read_dir(self.data).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            if name.starts_with("cache-damaged-") || name == "cache.cleared" || name == "trusted-traveler.key" {
                overwrite(&path).map_err(|error| failed(&path, &error))?;
                tracing::info!("{} was overwritten: this version keeps what it held elsewhere", path.display());
            }
        }
        Ok(())
    }
}

/// Whether what is on the disk is not what was written, so that trying again does not help.
fn is_damage(error: &UpkeepError) -> bool {
    match error {
        UpkeepError::Store(error) => error.is_damage(),
        UpkeepError::Key(error) => {
            matches!(error, KeyError::Passphrase(_) | KeyError::Format(_) | KeyError::Unknown(_))
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Disk(format!("{}: {error}", path.display()))
}

/// That there is nothing to remove is fine.
fn if_there(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Overwrites a file, or each in a folder, and removes it; a link is removed alone.
fn overwrite(path: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            overwrite(&entry?.path())?;
        }
        return fs::remove_dir(path);
    }
    if kind.is_file() {
        let file = fs::OpenOptions::new().write(true).open(path)?;
        io::copy(&mut io::Read::take(io::repeat(0), file.metadata()?.len()), &mut &file)?;
        file.sync_all()?;
    }
    fs::remove_file(path)
}
