//! Upkeep of a vault store: what is over is destroyed, and the key of its envelopes rotated, so that what was destroyed is
//! dead in every copy that was ever made of them.

use std::{
    fs, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use sallyport_privacy::keys::{KeyError, KeyStore, Rotating, write_private};

use super::VaultStore;
use crate::StoreError;

/// How many envelopes are sealed anew before others may use the store again.
const RESEALED_AT_ONCE: usize = 100;

/// Why a store whose keys are rotated could not be opened or kept up.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The key by which a store's envelopes are sealed, and how it is rotated.
pub struct EnvelopeKey {
    /// Where its generations lie.
    pub keys: Arc<dyn KeyStore>,
    /// Its name there.
    pub name: &'static str,
    /// How old a generation becomes. Zero: it is rotated only when somebody asks.
    pub rotate_every: SignedDuration,
    /// How many generations are kept, the newest included. Copies of envelopes open for as long, and so do records in
    /// them that were destroyed since.
    pub keep: usize,
    /// The file that says when it was last rotated.
    pub rotated: PathBuf,
}

impl EnvelopeKey {
    /// Its generations.
    pub fn generations(&self) -> Rotating<'_> {
        Rotating::new(&*self.keys, self.name)
    }
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

/// The upkeep of one store.
pub struct Upkeep {
    records: Arc<VaultStore>,
    key: EnvelopeKey,
    /// The generation by which all envelopes are known to be sealed; 0: none is.
    resealed: AtomicU32,
}

impl Upkeep {
    /// The upkeep of this store, whose envelopes are sealed by this key.
    pub fn new(records: Arc<VaultStore>, key: EnvelopeKey) -> Self {
        Self { records, key, resealed: AtomicU32::new(0) }
    }

    /// Destroys what is over; rotates the envelopes' key when it is time; seals envelopes by its newest generation, step by
    /// step while the store is in use; and destroys generations that are not kept. Cut short, it goes on the next time.
    pub fn keep_up(&self, now: Timestamp) -> Result<Done, UpkeepError> {
        if self.is_due(now)? {
            // Noted before: a power cut loses one rotation at most, and never makes one too many.
            self.note(now)?;
            self.key.generations().rotate()?;
        }
        let expired = self.records.purge()?;
        Ok(Done { expired, ..self.settle()? })
    }

    /// Rotates the key whether it is time or not: what was destroyed before this is dead when `keep` more such have passed.
    pub fn rotate(&self, now: Timestamp) -> Result<Done, UpkeepError> {
        self.note(now)?;
        self.key.generations().rotate()?;
        self.settle()
    }

    /// Destroys everything, damaged as it may be: the key of all envelopes first, so that no copy of them opens, then the
    /// records and envelopes that are there.
    pub fn destroy(&self, now: Timestamp) -> Result<(), UpkeepError> {
        let renewed = self.key.generations().renew();
        if let Ok(vault) = renewed {
            self.resealed.store(vault.newest(), Ordering::Relaxed);
            self.records.rotate(vault);
            self.records.clear()?;
            return Ok(self.note(now)?);
        }
        // A token that does not answer must not keep the disk from being cleared.
        self.records.clear()?;
        Ok(renewed.map(drop)?)
    }

    /// Whether there is anything to do now but to look for what is over.
    pub fn is_settled(&self, now: Timestamp) -> Result<bool, UpkeepError> {
        Ok(self.resealed.load(Ordering::Relaxed) != 0 && !self.is_due(now)?)
    }

    /// Seals all envelopes by the newest generation, which another process may have made, and destroys old ones.
    fn settle(&self) -> Result<Done, UpkeepError> {
        let (mut done, generations) = (Done::default(), self.key.generations());
        let vault = generations.vault()?;
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
        done.retired = generations.retire(self.key.keep)?;
        self.records.rotate(generations.vault()?);
        self.resealed.store(newest, Ordering::Relaxed);
        Ok(done)
    }

    /// When the key was last rotated, if that is known.
    pub fn last_rotated(&self) -> Result<Option<Timestamp>, KeyError> {
        match fs::read_to_string(&self.key.rotated) {
            // One that is no instant is as good as none: the next rotation comes a little later.
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
            Err(source) => Err(KeyError::File { path: self.key.rotated.clone(), source }),
        }
    }

    /// Whether the key is old enough to be rotated. The first time, and after a clock was set back, it counts as new.
    fn is_due(&self, now: Timestamp) -> Result<bool, KeyError> {
        let every = self.key.rotate_every;
        match self.last_rotated()? {
            Some(last) if last <= now => Ok(every.is_positive() && now.duration_since(last) >= every),
            _ => self.note(now).map(|()| false),
        }
    }

    fn note(&self, now: Timestamp) -> Result<(), KeyError> {
        let path = &self.key.rotated;
        write_private(path, format!("{now}\n").as_bytes(), true)
            .map_err(|source| KeyError::File { path: path.clone(), source })
    }
}
