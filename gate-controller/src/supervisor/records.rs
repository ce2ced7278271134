//! The last finished crossings, whole, for whoever plays with simulated devices.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use sallyport_protocol::CrossingRecord;

const KEPT: usize = 50;

/// The last records, oldest first.
#[derive(Default)]
pub struct FinishedRecords(Mutex<VecDeque<CrossingRecord>>);

impl FinishedRecords {
    /// Adds one.
    pub fn add(&self, record: CrossingRecord) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.push_back(record);
        while records.len() > KEPT {
            records.pop_front();
        }
    }

    /// All that are kept.
    pub fn all(&self) -> Vec<CrossingRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
