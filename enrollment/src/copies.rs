//! Until when copies of the records' own keys open, in backups and in what a disk keeps of removed files.
//!
//! Such a copy is an envelope, sealed by the generation of the envelopes' key that was the newest when it was made, or by an
//! older one. It is dead when that generation is destroyed.

use std::{fs, io, path::PathBuf, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use sallyport_privacy::keys::{KeyError, KeyStore, Rotating};

use crate::{config::Config, vaults::ENVELOPES};

const DAY_S: i64 = 24 * 60 * 60;

/// The generations of the envelopes' key, as far as copies are concerned.
pub struct Copies {
    keys: Arc<dyn KeyStore>,
    keep: usize,
    rotate_days: u16,
    /// When the key was last rotated.
    rotated: PathBuf,
}

/// The generations at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generations {
    /// What only older ones sealed is dead.
    pub oldest: u32,
    /// No later one sealed what is destroyed now.
    pub newest: u32,
    /// When the newest is destroyed, if the service runs; `None`: not by itself.
    pub newest_ends: Option<Timestamp>,
}

impl Copies {
    /// As the configuration says.
    pub fn new(config: &Config, keys: Arc<dyn KeyStore>) -> Self {
        let (keep, rotate_days) = (config.keys.keep_generations, config.keys.rotate_days);
        Self { keys, keep, rotate_days, rotated: config.rotated() }
    }

    /// The generations now.
    pub fn generations(&self, now: Timestamp) -> Result<Generations, KeyError> {
        let generations = Rotating::new(&*self.keys, ENVELOPES).generations()?;
        // It is destroyed when as many newer ones are made as are kept: one each `rotate_days` from the last one on.
        let rotations = i64::try_from(self.keep.max(1)).unwrap_or(i64::MAX);
        let until = SignedDuration::from_secs(rotations.saturating_mul(DAY_S * i64::from(self.rotate_days)));
        let ends = self.last_rotated()?.unwrap_or(now).saturating_add(until).unwrap_or(Timestamp::MAX);
        Ok(Generations {
            oldest: generations.first().copied().unwrap_or_default(),
            newest: generations.last().copied().unwrap_or_default(),
            newest_ends: (self.rotate_days > 0).then_some(ends),
        })
    }

    fn last_rotated(&self) -> Result<Option<Timestamp>, KeyError> {
        match fs::read_to_string(&self.rotated) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyError::File { path: self.rotated.clone(), source }),
        }
    }
}
