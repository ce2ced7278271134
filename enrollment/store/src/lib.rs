//! Sealed records in a transactional store.
