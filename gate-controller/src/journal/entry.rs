//! One line of the journal's file.

use std::fmt;

use jiff::Timestamp;
use sallyport_protocol::CrossingId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::transaction::JournalLine;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// Of the crossing machine.
    Gate(JournalLine),
    /// Of the journal itself.
    Journal(Own),
}

/// What the journal notes for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Own {
    /// The enrollment service has the records of these crossings.
    Uploaded {
        /// The crossings.
        crossings: Vec<CrossingId>,
    },
}

/// The first eight bytes of SHA-256 over the check before, the time and the entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Check([u8; 8]);

impl Check {
    fn over(before: &Self, at: &str, entry: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(before.0)
            .chain_update(at.as_bytes())
            .chain_update([0])
            .chain_update(entry.as_bytes())
            .finalize();
        let mut check = Self::default();
        check.0.copy_from_slice(&digest[..8]);
        check
    }

    fn parse(text: &str) -> Option<Self> {
        let mut check = Self::default();
        hex::decode_to_slice(text, &mut check.0).ok().map(|()| check)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Why a line is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Cut short, or not of this form.
    #[error("the line is no entry of this version")]
    Form,
    /// Changed, or the line before it is missing or changed. The line's own check is told, to go on from.
    #[error("the line or the one before it was changed or taken out")]
    Check(Check),
}

impl Entry {
    /// The line behind an entry with the check `before`: check, time and JSON, with spaces between, and a newline.
    pub fn line(&self, before: &Check, now: Timestamp) -> serde_json::Result<(String, Check)> {
        let (entry, at) = (serde_json::to_string(self)?, now.to_string());
        let check = Check::over(before, &at, &entry);
        Ok((format!("{check} {at} {entry}\n"), check))
    }

    /// Reads a line without its newline.
    pub fn parse(line: &[u8], before: &Check) -> Result<(Self, Timestamp, Check), EntryError> {
        let line = std::str::from_utf8(line).map_err(|_| EntryError::Form)?;
        let (check, rest) = line.split_once(' ').ok_or(EntryError::Form)?;
        let (at, entry) = rest.split_once(' ').ok_or(EntryError::Form)?;
        let stated = Check::parse(check).ok_or(EntryError::Form)?;
        if Check::over(before, at, entry) != stated {
            return Err(EntryError::Check(stated));
        }
        let entry = serde_json::from_str(entry).map_err(|_| EntryError::Form)?;
        let at = at.parse().map_err(|_| EntryError::Form)?;
        Ok((entry, at, stated))
    }
}
