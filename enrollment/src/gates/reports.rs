//! What gates report: records of crossings, and signs of life.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sallyport_protocol::{CrossingId, CrossingRecord, EnrollmentId, GateHealth, GateId, RecordBatch, RecordReceipt};
use sallyport_store::{SealedStore, StoreError};
use serde::{Deserialize, Serialize};

const CROSSINGS: &str = "crossings";
/// Keys are times counted down, then the crossing, so that the order of keys is newest first.
const NEWEST_FIRST: &str = "crossings-newest-first";
const GATES: &str = "gates";
/// How many records are read at a time when all are.
const CHUNK: usize = 500;

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
}

/// A gate's last sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// What it said.
    pub health: GateHealth,
    /// When we heard it.
    pub at: Timestamp,
}

/// Crossings, newest first.
#[derive(Debug)]
pub struct CrossingPage {
    /// The crossings; damaged ones as such.
    pub crossings: Vec<Result<CrossingRecord, StoreError>>,
    /// Where older ones begin, if there are any.
    pub older: Option<Vec<u8>>,
}

/// Reports over a store.
#[derive(Debug)]
pub struct Reports(SealedStore);

impl Reports {
    /// The reports in this store.
    pub fn new(store: SealedStore) -> Self {
        Self(store)
    }

    /// Stores records, all or none, and says which are on the disk. The same crossing again changes nothing, unless
    /// what was stored of it is damaged.
    pub fn store(&self, gate: &GateId, batch: RecordBatch) -> Result<RecordReceipt, ReportError> {
        if batch.records.len() > RecordBatch::RECORDS_MAX {
            return Err(ReportError::TooMany(batch.records.len()));
        }
        let (mut changes, mut stored, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for record in &batch.records {
            if record.gate != *gate {
                return Err(ReportError::AnotherGate { own: gate.clone(), claimed: record.gate.clone() });
            }
            let known = self.0.get::<CrossingRecord>(CROSSINGS, record.crossing.as_bytes());
            match known {
                Ok(Some(known)) if known.gate != *gate => {
                    return Err(ReportError::AnothersCrossing(record.crossing));
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(StoreError::Corrupt { .. }) => {
                    if seen.insert(record.crossing) {
                        changes.push(self.0.seal(CROSSINGS, record.crossing.as_bytes(), record)?);
                        changes.push(self.0.seal(NEWEST_FIRST, &newest_first(record), &record.crossing)?);
                    }
                }
                Err(other) => return Err(other.into()),
            }
            stored.push(record.crossing);
        }
        if !changes.is_empty() {
            self.0.apply(changes)?;
        }
        Ok(RecordReceipt { stored })
    }

    /// Crossings, newest first, from `from` on (see [`CrossingPage::older`]).
    pub fn crossings(&self, from: Option<&[u8]>, limit: usize) -> Result<CrossingPage, ReportError> {
        let entries = self.0.scan::<CrossingId>(NEWEST_FIRST, from, limit)?;
        let older = entries.last().filter(|_| entries.len() == limit).map(|(key, _)| key.clone());
        let older = match older {
            Some(key) if self.0.keys(NEWEST_FIRST, Some(&key), 1)?.is_empty() => None,
            other => other,
        };
        let crossings = entries.into_iter().map(|(_, crossing)| {
            let crossing = crossing?;
            let gone = || StoreError::Corrupt { tree: CROSSINGS, why: format!("crossing {crossing} is missing") };
            self.0.get::<CrossingRecord>(CROSSINGS, crossing.as_bytes())?.ok_or_else(gone)
        });
        let crossings = crossings.inspect(|crossing| {
            if let Err(error) = crossing {
                tracing::error!(%error, "damaged record of a crossing");
            }
        });
        Ok(CrossingPage { crossings: crossings.collect(), older })
    }

    /// All crossings of one enrollment, in no order: every record is read. Damaged ones tell of nobody.
    pub fn of(&self, enrollment: EnrollmentId) -> Result<Vec<CrossingRecord>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None::<Vec<u8>>);
        loop {
            let chunk = self.0.scan::<CrossingRecord>(CROSSINGS, after.as_deref(), CHUNK)?;
            let Some((last, _)) = chunk.last() else { return Ok(found) };
            after = Some(last.clone());
            let records = chunk.into_iter().filter_map(|(_, record)| record.ok());
            found.extend(records.filter(|record| record.enrollment == Some(enrollment)));
        }
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
}

fn newest_first(record: &CrossingRecord) -> Vec<u8> {
    // Flipping the sign bit orders instants before 1970 below those after it.
    let counted_up = (record.ended.as_millisecond() as u64) ^ (1 << 63);
    [&(!counted_up).to_be_bytes()[..], record.crossing.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sallyport_privacy::vault::Vault;
    use sallyport_protocol::{GateMode, Outcome, Reason, TokenKind};
    use sallyport_store::{Change, MemoryStore, Store as _};
    use std::sync::Arc;

    fn record(gate: &GateId, number: u8, second: i64) -> CrossingRecord {
        CrossingRecord {
            crossing: CrossingId::from_bytes([number; 16]),
            gate: gate.clone(),
            began: Timestamp::from_second(second - 5).unwrap(),
            ended: Timestamp::from_second(second).unwrap(),
            token: TokenKind::TravelDocument,
            issuer: Some("UTO".into()),
            enrollment: None,
            outcome: Outcome::Accepted,
            reasons: vec![Reason::FaceMatchedChip],
            officer: None,
            measurement: None,
            timeline: Vec::new(),
            doors: Vec::new(),
        }
    }

    fn reports() -> (Arc<MemoryStore>, Reports, GateId) {
        let memory = Arc::new(MemoryStore::new());
        let sealed = SealedStore::new(memory.clone(), Vault::new(&[7; 32]));
        (memory, Reports::new(sealed), "gate-1".parse().unwrap())
    }

    fn numbers(page: &CrossingPage) -> Vec<u8> {
        page.crossings.iter().map(|crossing| crossing.as_ref().unwrap().crossing.as_bytes()[0]).collect()
    }

    #[test]
    fn crossings_come_newest_first_in_pages_and_once_each() {
        let (_, reports, gate) = reports();
        let times = [(1, 500), (2, -500), (3, 1_000), (4, 500)];
        let records: Vec<_> = times.iter().map(|(number, at)| record(&gate, *number, *at)).collect();
        for _ in 0..2 {
            let twice = [records.clone(), records.clone()].concat();
            let receipt = reports.store(&gate, RecordBatch { records: twice }).unwrap();
            assert_eq!(receipt.stored.len(), 8);
        }
        assert_eq!(numbers(&reports.crossings(None, 10).unwrap()), [3, 1, 4, 2]);
        let first = reports.crossings(None, 2).unwrap();
        let second = reports.crossings(first.older.as_deref(), 2).unwrap();
        assert_eq!((numbers(&first), numbers(&second)), (vec![3, 1], vec![4, 2]));
        assert!(first.older.is_some() && second.older.is_none());
    }

    #[test]
    fn a_gate_reports_for_itself_only() {
        let (memory, reports, gate) = reports();
        let other: GateId = "gate-2".parse().unwrap();
        let mixed = RecordBatch { records: vec![record(&gate, 1, 0), record(&other, 2, 0)] };
        assert!(matches!(reports.store(&gate, mixed), Err(ReportError::AnotherGate { .. })));
        assert!(memory.scan(CROSSINGS, None, 10).unwrap().is_empty(), "nothing was stored");
        reports.store(&gate, RecordBatch { records: vec![record(&gate, 1, 0)] }).unwrap();
        let stolen = RecordBatch { records: vec![record(&other, 1, 0)] };
        assert!(matches!(reports.store(&other, stolen), Err(ReportError::AnothersCrossing(_))));
        let many = RecordBatch { records: vec![record(&gate, 1, 0); RecordBatch::RECORDS_MAX + 1] };
        assert!(matches!(reports.store(&gate, many), Err(ReportError::TooMany(_))));
    }

    #[test]
    fn a_damaged_record_is_shown_as_such_and_mended_by_the_next_upload() {
        let (memory, reports, gate) = reports();
        let records = vec![record(&gate, 1, 10), record(&gate, 2, 20)];
        reports.store(&gate, RecordBatch { records: records.clone() }).unwrap();
        memory.apply(vec![Change::Put { tree: CROSSINGS, key: vec![2; 16], value: b"garbage".to_vec() }]).unwrap();
        let page = reports.crossings(None, 10).unwrap();
        assert!(matches!(page.crossings[..], [Err(_), Ok(_)]));
        reports.store(&gate, RecordBatch { records }).unwrap();
        assert_eq!(numbers(&reports.crossings(None, 10).unwrap()), [2, 1]);
    }

    #[test]
    fn the_last_sign_of_life_counts() {
        let (_, reports, gate) = reports();
        let mut health = GateHealth {
            gate: gate.clone(),
            software: "0.1.0".into(),
            mode: GateMode::InService,
            troubles: Vec::new(),
            records_waiting: 3,
            revision: 7,
            trail: None,
        };
        assert_eq!(reports.last(&gate).unwrap(), None);
        reports.alive(&gate, health.clone(), Timestamp::UNIX_EPOCH).unwrap();
        health.records_waiting = 0;
        reports.alive(&gate, health.clone(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(reports.last(&gate).unwrap().unwrap().health.records_waiting, 0);
        let other: GateId = "gate-2".parse().unwrap();
        assert!(matches!(reports.alive(&other, health, Timestamp::UNIX_EPOCH), Err(ReportError::AnotherGate { .. })));
    }
}
