//! Disks, a counter and a clock of which the test has hold: the power is cut at any write, and the clock set.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use jiff::Timestamp;
use sallyport_privacy::vault::Clock;
use sallyport_store::{Anchor, Change, Entries, MemoryStore, Store, StoreError};

/// Counts writes to both stores and the anchor, and lets one of them fail, done or not; after it nothing is written.
#[derive(Default)]
pub(crate) struct Power {
    writes: Mutex<(usize, Option<Cut>)>,
}

/// Where the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// At this write, counted from 0.
    pub(crate) at: usize,
    /// Whether that write was done still.
    pub(crate) done: bool,
}

impl Power {
    /// Power that is cut there, if anywhere.
    pub(crate) fn with(cut: Option<Cut>) -> Self {
        Self { writes: Mutex::new((0, cut)) }
    }

    /// How many writes there were.
    pub(crate) fn writes(&self) -> usize {
        self.writes.lock().unwrap().0
    }

    /// Does a write, unless it is dark.
    pub(crate) fn write(&self, work: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut writes = self.writes.lock().unwrap();
        let (number, cut) = *writes;
        writes.0 += 1;
        match cut {
            Some(cut) if number > cut.at || (number == cut.at && !cut.done) => Err(dark()),
            Some(cut) if number == cut.at => work().and(Err(dark())),
            _ => work(),
        }
    }
}

/// What a write in the dark answers.
pub(crate) fn dark() -> StoreError {
    StoreError::Disk("the power is cut".into())
}

/// A disk with that power.
pub(crate) struct Powered<T: ?Sized>(pub(crate) Arc<T>, pub(crate) Arc<Power>);

impl Store for Powered<MemoryStore> {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(tree, key)
    }
    fn scan(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Entries, StoreError> {
        self.0.scan(tree, after, limit)
    }
    fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.1.write(|| self.0.apply(changes))
    }
    fn clear(&self) -> Result<(), StoreError> {
        self.1.write(|| self.0.clear())
    }
}

/// A number that is remembered elsewhere.
#[derive(Default)]
pub(crate) struct Counter(pub(crate) AtomicU64);

impl Anchor for Powered<Counter> {
    fn least(&self) -> Result<u64, StoreError> {
        Ok(self.0.0.load(Ordering::SeqCst))
    }
    fn advance(&self, counter: u64) -> Result<(), StoreError> {
        self.1.write(|| {
            self.0.0.store(counter, Ordering::SeqCst);
            Ok(())
        })
    }
}

/// A clock that is set by hand, in milliseconds since 1970.
pub(crate) struct Hand(pub(crate) AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}
