//! A number kept elsewhere, by which a store that was put back as a whole is told from the one that it was.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sallyport_privacy::keys::write_private;

use crate::StoreError;

/// How far a store had come, remembered where whoever replaces the store's files cannot reach: on another disk, in
/// another machine, in a token.
pub trait Anchor: Send + Sync {
    /// How far it had come at least.
    fn least(&self) -> Result<u64, StoreError>;

    /// It has come this far. Told after the change is on the disk, so that a power cut in between leaves the store ahead.
    fn advance(&self, counter: u64) -> Result<(), StoreError>;
}

/// Nothing is remembered: a store that is put back as a whole is not noticed.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAnchor;

impl Anchor for NoAnchor {
    fn least(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn advance(&self, _: u64) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A number in a file: to be on another disk than the store, and in none of its backups.
#[derive(Debug, Clone)]
pub struct FileAnchor(PathBuf);

impl FileAnchor {
    /// The number in this file; it need not exist yet.
    pub fn at(path: &Path) -> Self {
        Self(path.into())
    }

    fn failed(&self, why: &str) -> StoreError {
        StoreError::Disk(format!("the counter in {}: {why}", self.0.display()))
    }
}

impl Anchor for FileAnchor {
    fn least(&self) -> Result<u64, StoreError> {
        match fs::read_to_string(&self.0) {
            Ok(text) => text.trim().parse().map_err(|_| StoreError::Counter(self.0.clone())),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(StoreError::Counter(self.0.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(self.failed(&error.to_string())),
        }
    }

    fn advance(&self, counter: u64) -> Result<(), StoreError> {
        write_private(&self.0, format!("{counter}\n").as_bytes(), true).map_err(|error| self.failed(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_remembers_and_garbage_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counter");
        assert_eq!(FileAnchor::at(&path).least().unwrap(), 0);
        FileAnchor::at(&path).advance(7).unwrap();
        assert_eq!(FileAnchor::at(&path).least().unwrap(), 7);
        for garbage in [&b"seven"[..], b"", b"\xff\xff"] {
            fs::write(&path, garbage).unwrap();
            assert!(matches!(FileAnchor::at(&path).least(), Err(StoreError::Counter(_))), "never taken for nothing");
        }
    }
}
