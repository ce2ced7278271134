//! Records of a vault store as JSON.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::{VaultChange, VaultStore};
use crate::{
    StoreError,
    sealed::{json, parsed},
};

impl VaultChange {
    /// Writes this record, as JSON, in place of another if there is one.
    pub fn put<T: Serialize>(
        tree: &'static str,
        key: &[u8],
        record: &T,
        expires: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let plain = json(record).map_err(|error| StoreError::Unwritable { tree, why: error.to_string() })?;
        Ok(Self::Put { tree, key: key.to_vec(), plain, expires })
    }

    /// Destroys the record's key, and removes it, if there is one.
    pub fn remove(tree: &'static str, key: &[u8]) -> Self {
        Self::Remove { tree, key: key.to_vec() }
    }
}

impl VaultStore {
    /// The record, read from JSON, unless there is none or its time is over.
    pub fn get_as<T: DeserializeOwned>(&self, tree: &'static str, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.get(tree, key)?.map(|plain| parsed(tree, &plain)).transpose()
    }
}
