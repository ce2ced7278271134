//! Enrollments that are over.

use jiff::Timestamp;
use sallyport_protocol::EnrollmentId;
use sallyport_store::StoreError;
use serde::Deserialize;

use super::{ENROLLMENTS, Registry, RegistryError};

/// The one thing that matters here of an enrollment.
#[derive(Deserialize)]
struct LastDay {
    expires: Timestamp,
}

impl Registry {
    /// Enrollments that ended before this instant, and with them the consent to keep them. Damaged ones say no date.
    pub fn ended_before(&self, instant: Timestamp) -> Result<Vec<EnrollmentId>, RegistryError> {
        let mut ended = Vec::new();
        self.each(ENROLLMENTS, |key, record: Result<LastDay, StoreError>| {
            let id = <[u8; 16]>::try_from(key).ok().map(EnrollmentId::from_bytes);
            if record.is_ok_and(|record| record.expires < instant) {
                ended.extend(id);
            }
            true
        })?;
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use sallyport_privacy::keys::RootKey;
    use sallyport_store::{MemoryStore, SealedStore};

    use super::*;

    #[test]
    fn only_what_ended_before_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let root = RootKey::create(&folder.path().join("root.json"), "a passphrase for tests").unwrap();
        let store = SealedStore::new(Arc::new(MemoryStore::new()), root.vault("store"));
        let registry = Registry::open(store.clone(), &root).unwrap();
        let days = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"];
        for (number, expires) in days.iter().enumerate() {
            let record = serde_json::json!({ "name": "not looked at", "expires": expires });
            store.apply(vec![store.seal(ENROLLMENTS, &[number as u8; 16], &record).unwrap()]).unwrap();
        }
        store.apply(vec![store.seal(ENROLLMENTS, &[9; 16], &"damaged").unwrap()]).unwrap();
        let ended = |before: &str| registry.ended_before(before.parse().unwrap()).unwrap();
        assert_eq!(ended("2026-02-01T00:00:00Z"), [EnrollmentId::from_bytes([0; 16])]);
        assert_eq!(ended("2027-01-01T00:00:00Z").len(), 3);
    }
}
