//! Gates' signs of life, and why what they report is not taken.

use jiff::Timestamp;
use sallyport_privacy::keys::KeyError;
use sallyport_protocol::{CrossingId, GateHealth, GateId, RecordBatch};
use sallyport_store::{SealedStore, StoreError};
use serde::{Deserialize, Serialize};

const GATES: &str = "gates";

/// Why a report was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A gate reports for itself only.
    #[error("gate {own} may not report for gate {claimed}: nothing of this was stored")]
    AnotherGate {
        /// Who reports.
        own: GateId,
        /// For whom.
        claimed: GateId,
    },
    /// Another gate's crossing.
    #[error("crossing {0} was reported by another gate: nothing of this was stored")]
    AnothersCrossing(CrossingId),
    /// Too much at once.
    #[error("a batch has at most {max} records, this has {0}: send fewer", max = RecordBatch::RECORDS_MAX)]
    TooMany(usize),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys of the days.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A gate's last sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// What it said.
    pub health: GateHealth,
    /// When we heard it.
    pub at: Timestamp,
}

/// Signs of life over a store.
#[derive(Debug)]
pub struct Reports(SealedStore);

impl Reports {
    /// The reports in this store.
    pub fn new(store: SealedStore) -> Self {
        Self(store)
    }

    /// Notes a sign of life.
    pub fn alive(&self, gate: &GateId, health: GateHealth, now: Timestamp) -> Result<(), ReportError> {
        if health.gate != *gate {
            return Err(ReportError::AnotherGate { own: gate.clone(), claimed: health.gate });
        }
        let change = self.0.seal(GATES, gate.as_str().as_bytes(), &GateReport { health, at: now })?;
        Ok(self.0.apply(vec![change])?)
    }

    /// A gate's last sign of life.
    pub fn last(&self, gate: &GateId) -> Result<Option<GateReport>, ReportError> {
        Ok(self.0.get(GATES, gate.as_str().as_bytes())?)
    }

    /// Every gate that was ever heard, dismissed ones too.
    pub fn heard(&self) -> Result<Vec<GateId>, ReportError> {
        let keys = self.0.keys(GATES, None, usize::MAX)?;
        Ok(keys.iter().filter_map(|key| std::str::from_utf8(key).ok()?.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use sallyport_privacy::vault::Vault;
    use sallyport_protocol::GateMode;
    use sallyport_store::MemoryStore;

    use super::*;

    #[test]
    fn the_last_sign_of_life_counts() {
        let reports = Reports::new(SealedStore::new(Arc::new(MemoryStore::new()), Vault::new(&[7; 32])));
        let gate: GateId = "gate-1".parse().unwrap();
        let mut health = GateHealth {
            gate: gate.clone(),
            software: "0.1.0".into(),
            mode: GateMode::InService,
            troubles: Vec::new(),
            records_waiting: 3,
            revision: 7,
            epoch: None,
            trail: None,
        };
        assert!(reports.last(&gate).unwrap().is_none() && reports.heard().unwrap().is_empty());
        reports.alive(&gate, health.clone(), Timestamp::UNIX_EPOCH).unwrap();
        health.records_waiting = 0;
        reports.alive(&gate, health.clone(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(reports.last(&gate).unwrap().unwrap().health.records_waiting, 0);
        assert_eq!(reports.heard().unwrap(), std::slice::from_ref(&gate));
        let other: GateId = "gate-2".parse().unwrap();
        assert!(matches!(reports.alive(&other, health, Timestamp::UNIX_EPOCH), Err(ReportError::AnotherGate { .. })));
    }
}
