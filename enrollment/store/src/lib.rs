//! Sealed records in a transactional store, for gates and the enrollment service alike.
//!
//! * [`Store`]: bytes under (tree, key), changed by batches that are applied whole or not at all and are on the disk
//!   when acknowledged. [`SledStore`] is the one on disk, [`MemoryStore`] the model in tests.
//! * [`SealedStore`]: values sealed by a vault before they reach a store. Keys are not sealed: use identifiers that
//!   say nothing, or pseudonyms.
//! * [`VaultStore`]: records whose own keys lie in envelopes elsewhere, that expire, and of which none can be put back.
//!   [`Upkeep`] rotates the key of the envelopes.

mod anchor;
mod memory;
mod on_disk;
mod sealed;
mod vault_store;

use std::path::PathBuf;

pub use self::{
    anchor::{Anchor, FileAnchor, NoAnchor},
    memory::MemoryStore,
    on_disk::SledStore,
    sealed::{Opened, SealedStore},
    vault_store::{Done, EnvelopeKey, Opening, Resealed, Upkeep, UpkeepError, VaultChange, VaultKeys, VaultStore},
};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be used.
    #[error("the store in {path} cannot be opened ({why}): check that the folder exists and belongs to this user")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Another process has it.
    #[error("another process uses the store in {path}: stop that process, or give this one another folder")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The store as a whole is not what was written.
    #[error("the store in {path} is damaged ({why}): put the folder aside and restore it from a backup")]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// No room for more; what was acknowledged is kept.
    #[error("the disk of the store in {path} is full: make room; nothing acknowledged is lost")]
    Full {
        /// The folder.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error("the store cannot read or write its disk ({0}): check the disk, then start again")]
    Disk(String),
    /// One record does not open.
    #[error("a record of `{tree}` is damaged ({why}): restore it from a backup, or delete and enter it anew")]
    Corrupt {
        /// The record's tree.
        tree: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Records were put back, taken out or brought in while nobody looked.
    #[error(
        "the records are not those that the manifest was sealed for: some were taken out, brought in or put back as they \
         were; find out who wrote to the disk, then restore all of the store from a backup, or take what is there with \
         `--restored`"
    )]
    Disagrees,
    /// The number kept elsewhere is none.
    #[error("the counter in {0} is damaged: find out who wrote to it, then write 0 there to begin anew")]
    Counter(PathBuf),
    /// The whole store is older than it was.
    #[error(
        "the store stands at change {found}, and had come to {least} at least: an older copy was put in its place; bring \
         back the newer one, or take this one as it is with `--restored`"
    )]
    RolledBack {
        /// Where it stands.
        found: u64,
        /// Where it stood, as is known from elsewhere.
        least: u64,
    },
    /// A value cannot be written as JSON: a fault of the program.
    #[error("a record of `{tree}` cannot be written as JSON ({why}): report this fault")]
    Unwritable {
        /// The record's tree.
        tree: &'static str,
        /// Why.
        why: String,
    },
}

impl StoreError {
    /// Whether what is on the disk is not what was written there: trying again does not help, and what could be read of it is
    /// not to be trusted.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. } | Self::Corrupt { .. } | Self::Disagrees | Self::Counter(_) | Self::RolledBack { .. }
        )
    }
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Write this value, in place of another if there is one.
    Put {
        /// The tree.
        tree: &'static str,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Remove the value, if there is one.
    Remove {
        /// The tree.
        tree: &'static str,
        /// The key.
        key: Vec<u8>,
    },
}

/// Keys and values, as a scan gives them.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Bytes under (tree, key). A tree's name holds no NUL byte.
pub trait Store: Send + Sync {
    /// The value under this key.
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Records after this key (from the first one on if `None`), in key order, at most `limit`.
    fn scan(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Entries, StoreError>;

    /// Applies all or nothing, in this order; it is on the disk, flushed, when this returns.
    fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// Forgets everything, damaged as it may be: for copies of what others have.
    fn clear(&self) -> Result<(), StoreError>;
}
