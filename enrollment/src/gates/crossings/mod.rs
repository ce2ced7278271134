//! Records of crossings: each sealed by the key of the day on which it came, which is destroyed when the day is over for
//! long enough. Then its records are lost in every copy, and they are removed here.
//!
//! They hold no name and nothing biometric, but tell when a trusted traveler's enrollment crossed where. Of a deleted one
//! they tell no longer whose crossing it was: not those that are here, and not those that a gate sends later.
//!
//! Everything of one record comes and goes in one batch. Records are removed before their key is destroyed, so that
//! whatever is listed opens; cut in between, both are done at the next upkeep.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU32, Ordering},
    },
};

use jiff::Timestamp;
use sallyport_privacy::keys::{Daily, KeyError, KeyStore};
use sallyport_protocol::{CrossingId, CrossingRecord, EnrollmentId, GateId, RecordBatch, RecordReceipt};
use sallyport_store::{Change, SealedStore, Store, StoreError};

use super::ReportError;

/// The purpose of the days' keys.
pub const CROSSING_KEYS: &str = "crossings";
/// Crossing -> record.
const RECORDS: &str = "crossing-records";
/// Times counted down, then the crossing, so that the order of keys is newest first.
const NEWEST_FIRST: &str = "crossing-order";
/// The day on which it came, then its key in [`NEWEST_FIRST`]: what ends with a day is found without its key.
const BY_DAY: &str = "crossing-days";
/// Where an earlier version kept them, under a key that cannot be destroyed.
const FORMER: [&str; 2] = ["crossings", "crossings-newest-first"];
/// How many records are read at a time when all are.
const CHUNK: usize = 500;
const DAY_BYTES: usize = 4;
const TIME_BYTES: usize = 8;

/// Crossings, newest first.
#[derive(Debug)]
pub struct CrossingPage {
    /// The crossings; damaged ones as such.
    pub crossings: Vec<Result<CrossingRecord, StoreError>>,
    /// Where older ones begin, if there are any.
    pub older: Option<Vec<u8>>,
}

/// Records over a store.
pub struct Crossings {
    store: Arc<dyn Store>,
    keys: Arc<dyn KeyStore>,
    /// How many days a record is kept after the one on which it came.
    kept_days: u32,
    days: RwLock<Days>,
    /// Held by whoever changes or removes records that are there.
    changing: Mutex<()>,
    /// The day for which what is over was last removed.
    settled: AtomicU32,
}

/// The keys in use. What is written is sealed by today's, even if a clock that ran ahead once left keys of later days.
struct Days {
    today: u32,
    writing: SealedStore,
    reading: SealedStore,
}

impl Days {
    fn of(today: u32, store: &Arc<dyn Store>, keys: &dyn KeyStore) -> Result<Self, KeyError> {
        let daily = Daily::new(keys, CROSSING_KEYS);
        let writing = SealedStore::new(store.clone(), daily.of(today)?);
        Ok(Self { today, writing, reading: SealedStore::new(store.clone(), daily.all(today)?) })
    }

    /// The changes that write this record.
    fn put(&self, record: &CrossingRecord) -> Result<[Change; 3], StoreError> {
        let order = newest_first(record);
        let by_day = [&self.today.to_be_bytes()[..], &order].concat();
        Ok([
            self.writing.seal(RECORDS, record.crossing.as_bytes(), record)?,
            self.writing.seal(NEWEST_FIRST, &order, &record.crossing)?,
            self.writing.seal(BY_DAY, &by_day, &())?,
        ])
    }
}

impl Crossings {
    /// The records in this store under keys of this key store, kept for as many days.
    pub fn open(
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
        kept_days: u16,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let days = RwLock::new(Days::of(Daily::day(now), &store, &*keys)?);
        let (changing, settled) = (Mutex::new(()), AtomicU32::new(0));
        Ok(Self { store, keys, kept_days: kept_days.into(), days, changing, settled })
    }

    /// When the keys of all that came until this instant are destroyed: at the end of the last day on which it is kept.
    pub fn over_by(&self, at: Timestamp) -> Timestamp {
        let last = Daily::day(at).saturating_add(self.kept_days);
        Daily::end(last)
    }

    /// Stores records, all or none, and says which are on the disk. The same crossing again changes nothing, unless
    /// what was stored of it is damaged. Of enrollments that are not there (any more) nothing is told.
    pub fn store(
        &self,
        gate: &GateId,
        batch: RecordBatch,
        is_enrolled: impl Fn(EnrollmentId) -> Result<bool, StoreError>,
    ) -> Result<RecordReceipt, ReportError> {
        if batch.records.len() > RecordBatch::RECORDS_MAX {
            return Err(ReportError::TooMany(batch.records.len()));
        }
        // Until these are on the disk nobody is forgotten, and no day ends.
        let days = self.days();
        let (mut changes, mut stored, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for mut record in batch.records {
            if record.gate != *gate {
                return Err(ReportError::AnotherGate { own: gate.clone(), claimed: record.gate });
            }
            let crossing = record.crossing;
            match days.reading.get::<CrossingRecord>(RECORDS, crossing.as_bytes()) {
                Ok(Some(known)) if known.gate != *gate => return Err(ReportError::AnothersCrossing(crossing)),
                Ok(Some(_)) => {}
                Ok(None) | Err(StoreError::Corrupt { .. }) => {
                    if seen.insert(crossing) {
                        unlink(&mut record, &is_enrolled)?;
                        changes.extend(days.put(&record)?);
                    }
                }
                Err(other) => return Err(other.into()),
            }
            stored.push(crossing);
        }
        if !changes.is_empty() {
            self.store.apply(changes)?;
        }
        Ok(RecordReceipt { stored })
    }

    /// Crossings, newest first, from `from` on (see [`CrossingPage::older`]).
    pub fn page(&self, from: Option<&[u8]>, limit: usize) -> Result<CrossingPage, ReportError> {
        let store = self.days().reading.clone();
        let entries = store.scan::<CrossingId>(NEWEST_FIRST, from, limit)?;
        let older = entries.last().filter(|_| entries.len() == limit).map(|(key, _)| key.clone());
        let older = match older {
            Some(key) if store.keys(NEWEST_FIRST, Some(&key), 1)?.is_empty() => None,
            other => other,
        };
        let crossings = entries.into_iter().map(|(_, crossing)| {
            let crossing = crossing?;
            let gone = || StoreError::Corrupt { tree: RECORDS, why: format!("crossing {crossing} is missing") };
            store.get::<CrossingRecord>(RECORDS, crossing.as_bytes())?.ok_or_else(gone)
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
        let mut found = Vec::new();
        self.each_of(enrollment, |_, records| {
            found.extend(records);
            Ok(())
        })?;
        Ok(found)
    }

    /// Removes the enrollment from all records that name it, and gives how many did. It must be gone already, so that
    /// none comes that names it. A record is sealed by its own day's key again and does not become younger by it.
    pub fn forget(&self, enrollment: EnrollmentId) -> Result<u64, StoreError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever stores records now may have asked before it was gone: they are done when this is.
        drop(self.days.write().unwrap_or_else(PoisonError::into_inner));
        let mut count = 0;
        self.each_of(enrollment, |store, records| {
            let unlinked = records.into_iter().map(|record| CrossingRecord { enrollment: None, ..record });
            let changes = unlinked.map(|record| store.seal_in_place(RECORDS, record.crossing.as_bytes(), &record));
            let changes = changes.collect::<Result<Vec<_>, _>>()?;
            count += changes.len() as u64;
            if changes.is_empty() { Ok(()) } else { self.store.apply(changes) }
        })?;
        Ok(count)
    }

    /// Begins a new day's key when it is time, removes the records of days that are over, and destroys their keys. Gives how
    /// many keys.
    pub fn keep_up(&self, now: Timestamp) -> Result<usize, ReportError> {
        let today = Daily::day(now);
        if self.settled.load(Ordering::Relaxed) == today {
            return Ok(0);
        }
        if self.days().today != today {
            self.take_up(today)?;
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let first = today.saturating_sub(self.kept_days);
        self.remove_before(first)?;
        let retired = Daily::new(&*self.keys, CROSSING_KEYS).retire_before(first)?;
        if retired > 0 {
            self.take_up(today)?;
        }
        self.settled.store(today, Ordering::Relaxed);
        Ok(retired)
    }

    /// Takes over what an earlier version kept, as if it had come today, and gives how many records. What does not open is
    /// left out. Cut short, it is gone on with at the next start.
    pub fn take_over(
        &self,
        former: &SealedStore,
        is_enrolled: impl Fn(EnrollmentId) -> Result<bool, StoreError>,
    ) -> Result<usize, StoreError> {
        let (days, mut count) = (self.days(), 0);
        loop {
            let chunk = former.scan::<CrossingRecord>(FORMER[0], None, CHUNK)?;
            if chunk.is_empty() {
                break;
            }
            let mut changes = Vec::new();
            for (key, record) in chunk {
                match record {
                    Ok(mut record) => {
                        count += 1;
                        unlink(&mut record, &is_enrolled)?;
                        changes.extend(days.put(&record)?);
                    }
                    Err(error) => tracing::error!(%error, "damaged record of a crossing is left out"),
                }
                changes.push(Change::Remove { tree: FORMER[0], key });
            }
            self.store.apply(changes)?;
        }
        loop {
            let keys = former.keys(FORMER[1], None, CHUNK)?;
            if keys.is_empty() {
                return Ok(count);
            }
            self.store.apply(keys.into_iter().map(|key| Change::Remove { tree: FORMER[1], key }).collect())?;
        }
    }

    fn days(&self) -> RwLockReadGuard<'_, Days> {
        self.days.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_up(&self, today: u32) -> Result<(), KeyError> {
        let days = Days::of(today, &self.store, &*self.keys)?;
        *self.days.write().unwrap_or_else(PoisonError::into_inner) = days;
        Ok(())
    }

    fn remove_before(&self, first: u32) -> Result<(), StoreError> {
        loop {
            let keys = self.store.scan(BY_DAY, None, CHUNK)?.into_iter().map(|(key, _)| key);
            let over: Vec<_> = keys.take_while(|key| *key < first.to_be_bytes().to_vec()).collect();
            if over.is_empty() {
                return Ok(());
            }
            let remove = |by_day: Vec<u8>| {
                let order = by_day.get(DAY_BYTES..).unwrap_or_default().to_vec();
                let crossing = order.get(TIME_BYTES..).unwrap_or_default().to_vec();
                [(RECORDS, crossing), (NEWEST_FIRST, order), (BY_DAY, by_day)]
            };
            let removed = over.into_iter().flat_map(remove);
            self.store.apply(removed.map(|(tree, key)| Change::Remove { tree, key }).collect())?;
        }
    }

    /// Visits all records that name this enrollment, in chunks.
    fn each_of(
        &self,
        enrollment: EnrollmentId,
        mut visit: impl FnMut(&SealedStore, Vec<CrossingRecord>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let store = self.days().reading.clone();
        let mut after = None::<Vec<u8>>;
        loop {
            let chunk = store.scan::<CrossingRecord>(RECORDS, after.as_deref(), CHUNK)?;
            let Some((last, _)) = chunk.last() else { return Ok(()) };
            after = Some(last.clone());
            let records = chunk.into_iter().filter_map(|(_, record)| record.ok());
            visit(&store, records.filter(|record| record.enrollment == Some(enrollment)).collect())?;
        }
    }
}

/// Keeps the link to an enrollment only if there is one.
fn unlink(
    record: &mut CrossingRecord,
    is_enrolled: impl Fn(EnrollmentId) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    if let Some(id) = record.enrollment
        && !is_enrolled(id)?
    {
        record.enrollment = None;
    }
    Ok(())
}

fn newest_first(record: &CrossingRecord) -> Vec<u8> {
    // Flipping the sign bit orders instants before 1970 below those after it.
    let counted_up = (record.ended.as_millisecond() as u64) ^ (1 << 63);
    [&(!counted_up).to_be_bytes()[..], record.crossing.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
