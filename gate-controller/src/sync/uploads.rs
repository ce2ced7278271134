//! Records on their way to the service: at least once, the oldest first, and none in another's way.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use sallyport_protocol::{CrossingId, CrossingRecord, RecordBatch, paths};

use super::{Centre, CentreError, SyncError};
use crate::journal::Journal;

/// Records that the service refused are offered again after this: it may be of a newer version by then.
const OFFERED_AGAIN_AFTER: Duration = Duration::from_secs(3_600);
/// What a batch holds beside its records, in bytes.
const FRAME_BYTES: usize = 64;

/// What is sent, and what the service does not take. The journal keeps the latter too, so that nothing is lost by it.
#[derive(Debug)]
pub struct Uploads {
    aside: BTreeSet<CrossingId>,
    since: Instant,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { aside: BTreeSet::new(), since: Instant::now() }
    }
}

impl Uploads {
    /// Sends what waits; what the service has stored is not sent again. A batch that it refuses is sent in halves, down
    /// to the one record that it does not want, which is then set aside.
    pub fn send(&mut self, centre: &Centre, journal: &Journal) -> Result<(), SyncError> {
        if self.since.elapsed() > OFFERED_AGAIN_AFTER {
            *self = Self::default();
        }
        loop {
            let batch = self.next_batch(journal.waiting(self.aside.len() + RecordBatch::RECORDS_MAX));
            if batch.is_empty() {
                return Ok(());
            }
            self.upload(centre, journal, batch)?;
        }
    }

    /// As many records as the service takes at once. One that is too long by itself is set aside here: the service would
    /// close the line before it had all of it.
    fn next_batch(&mut self, waiting: Vec<CrossingRecord>) -> Vec<CrossingRecord> {
        let (mut batch, mut bytes) = (Vec::new(), FRAME_BYTES);
        for record in waiting {
            if self.aside.contains(&record.crossing) {
                continue;
            }
            let length = serde_json::to_vec(&record).map_or(usize::MAX, |json| json.len() + 1);
            if length > RecordBatch::BYTES_MAX - FRAME_BYTES {
                self.set_aside(&record, "it is too long");
                continue;
            }
            bytes += length;
            if bytes > RecordBatch::BYTES_MAX || batch.len() == RecordBatch::RECORDS_MAX {
                break;
            }
            batch.push(record);
        }
        batch
    }

    fn upload(
        &mut self,
        centre: &Centre,
        journal: &Journal,
        mut records: Vec<CrossingRecord>,
    ) -> Result<(), SyncError> {
        let sent: Vec<_> = records.iter().map(|record| record.crossing).collect();
        let batch = RecordBatch { records };
        match centre.upload(&batch) {
            Ok(receipt) => {
                let stored: Vec<_> = sent.into_iter().filter(|id| receipt.stored.contains(id)).collect();
                if stored.is_empty() {
                    let why = "it stored none of the records".to_owned();
                    return Err(CentreError::Answer { path: paths::RECORDS, why }.into());
                }
                Ok(journal.uploaded(&stored)?)
            }
            Err(error) if error.is_of_content() => {
                records = batch.records;
                if let [record] = &records[..] {
                    self.set_aside(record, &error.to_string());
                    return Ok(());
                }
                let later = records.split_off(records.len() / 2);
                self.upload(centre, journal, records)?;
                self.upload(centre, journal, later)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn set_aside(&mut self, record: &CrossingRecord, why: &str) {
        tracing::error!(
            crossing = %record.crossing,
            "a record stays in the gate's journal and is not uploaded: {why}; look into it, it is offered again in {} min",
            OFFERED_AGAIN_AFTER.as_secs() / 60
        );
        self.aside.insert(record.crossing);
    }
}
