//! The gate's journal: an append-only file, flushed before a door moves.
//!
//! One line an entry: a check over itself and the entry before it, the time, and JSON; so that a torn end, a changed
//! line and a line taken out are all noticed. Holds no name, no document number and nothing biometric.
//!
//! It tells which enrollment crossed when, though, and so it is not kept for longer than it is needed: a day after its first
//! crossing, as soon as the enrollment service has every record in it, it begins anew, and the file that was is removed. A
//! gate without a service keeps its journals, and a damaged one is always kept: somebody has to look into it.

mod entry;
mod recovery;

use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use sallyport_protocol::{CrossingId, CrossingRecord, GateId, GateMode, Reason};

pub use self::entry::{Check, Entry, EntryError, Own};
use self::recovery::{History, Unfinished};
use crate::transaction::JournalLine;

/// A journal of which everything is uploaded begins anew after this time,
const RENEW_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// or at a start from this size on.
const RENEW_BYTES: u64 = 8 << 20;

/// Why the journal cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// No room.
    #[error("the disk is full: make room in {path}")]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("journal {path}: {source}; check the disk and who owns the folder")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl JournalError {
    /// The reason in records and on screens.
    pub fn reason(&self) -> Reason {
        match self {
            Self::DiskFull { .. } => Reason::DiskFull,
            Self::File { .. } => Reason::JournalUnavailable,
        }
    }

    fn of(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::File { path, source },
        }
    }
}

/// What was found when the journal was opened.
#[derive(Debug, Default)]
pub struct Found {
    /// Crossings that were in progress when the controller stopped; each now has its record.
    pub interrupted: Vec<CrossingId>,
    /// The mode that an officer last set.
    pub mode: Option<GateMode>,
    /// Where the file was put aside, if entries in its middle were damaged.
    pub damaged: Option<PathBuf>,
}

/// The journal of one gate.
pub struct Journal {
    path: PathBuf,
    /// How many records wait: asked for by those who must not wait for a flush.
    count: AtomicUsize,
    state: Mutex<State>,
}

struct State {
    file: File,
    /// Length of what is whole and on the disk. Anything behind it is the rest of a failed write.
    length: u64,
    torn: bool,
    last: Check,
    /// When the first crossing in it began.
    since: Option<Timestamp>,
    waiting: VecDeque<CrossingRecord>,
    /// Crossings that began and have no record yet.
    in_progress: Vec<CrossingId>,
    mode: Option<(GateMode, String)>,
    has_centre: bool,
    /// The folder in which the file came to its name and which was not flushed since.
    moved_in: Option<PathBuf>,
}

impl Journal {
    /// Opens or begins the journal in this folder: drops a torn end, puts a damaged file aside, and closes the crossings
    /// that were in progress. After this every crossing in it has exactly one record. Where there is no centre to send
    /// records to, none waits.
    pub fn open(folder: &Path, gate: &GateId, has_centre: bool, now: Timestamp) -> Result<(Self, Found), JournalError> {
        let path = folder.join("journal.log");
        let failed = |source| JournalError::of(&path, source);
        let sync_folder = || File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed);
        fs::create_dir_all(folder).map_err(failed)?;
        let fresh = folder.join("journal.new");
        if fresh.exists() && !path.exists() {
            // An earlier start was stopped between putting a damaged file aside and putting this whole one in place.
            fs::rename(&fresh, &path).map_err(failed)?;
            sync_folder()?;
        }
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other.map_err(failed)?,
        };
        let mut history = recovery::read(&text);
        let damaged = history.damaged;
        if !has_centre && !damaged {
            history.waiting.clear();
        }
        let settled = history.waiting.is_empty() && history.unfinished.is_empty();
        let due = text.len() as u64 > RENEW_BYTES || (has_centre && is_old(history.since, now));
        if damaged || (settled && due) {
            // What the old file still tells is told again in one that is whole before the old one is put aside.
            let _ = fs::remove_file(&fresh);
            let anew = History { whole_bytes: 0, last: Check::default(), ..history };
            let interrupted = Self::begin(fresh.clone(), anew, has_centre)?.close_interrupted(gate, now)?;
            let name = if damaged { "journal-damaged" } else { "journal" };
            let aside = folder.join(format!("{name}-{}.log", now.as_millisecond()));
            if damaged || !has_centre {
                fs::rename(&path, &aside).map_err(failed)?;
            }
            fs::rename(&fresh, &path).map_err(failed)?;
            sync_folder()?;
            let (journal, found) = Self::open(folder, gate, has_centre, now)?;
            return Ok((journal, Found { interrupted, damaged: damaged.then_some(aside), ..found }));
        }
        let mode = history.mode.as_ref().map(|(mode, _)| *mode);
        let mut begun = Self::begin(path.clone(), history, has_centre)?;
        sync_folder()?;
        let interrupted = begun.close_interrupted(gate, now)?;
        Ok((begun.journal, Found { interrupted, mode, damaged: None }))
    }

    /// Goes on behind `history`, in a file that holds it or in a new one, into which what waits is written first.
    fn begin(path: PathBuf, history: History, has_centre: bool) -> Result<Begun, JournalError> {
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| JournalError::of(&path, source))?;
        let History { waiting, unfinished, mode, whole_bytes: length, last, since, .. } = history;
        let anew = length == 0;
        let (waiting, carried) = if anew { (VecDeque::new(), waiting) } else { (waiting, VecDeque::new()) };
        let count = AtomicUsize::new(waiting.len());
        let since = since.filter(|_| !anew);
        let in_progress = unfinished.iter().map(|crossing| crossing.id).collect();
        let (torn, moved_in, known) = (true, None, mode.clone());
        let state = State { file, length, torn, last, since, waiting, in_progress, mode: known, has_centre, moved_in };
        let journal = Self { path, count, state: Mutex::new(state) };
        if let Some((mode, officer)) = mode.filter(|_| anew) {
            journal.append(JournalLine::ModeSet { mode, officer })?;
        }
        for record in carried {
            let ended = record.ended;
            journal.append_at(&Entry::Gate(JournalLine::Finished(Box::new(record))), ended)?;
        }
        Ok(Begun { journal, unfinished })
    }

    /// Appends a line; it is on the disk when this returns.
    pub fn append(&self, line: JournalLine) -> Result<(), JournalError> {
        self.append_at(&Entry::Gate(line), Timestamp::now())
    }

    fn append_at(&self, entry: &Entry, now: Timestamp) -> Result<(), JournalError> {
        let mut state = self.locked();
        let result = state.write(entry, now).map_err(|source| JournalError::of(&self.path, source));
        self.count.store(state.waiting.len(), Ordering::Relaxed);
        result
    }

    /// The oldest records that the service does not have yet.
    pub fn waiting(&self, most: usize) -> Vec<CrossingRecord> {
        self.locked().waiting.iter().take(most).cloned().collect()
    }

    /// How many records wait.
    pub fn waiting_count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes that the service has these. Losing this line only means sending them again.
    pub fn uploaded(&self, crossings: &[CrossingId]) -> Result<(), JournalError> {
        self.append_at(&Entry::Journal(Own::Uploaded { crossings: crossings.to_vec() }), Timestamp::now())
    }

    /// Begins anew if it is old and the service has everything; the file that was is removed. To be called now and then.
    pub fn renew(&self, now: Timestamp) -> Result<(), JournalError> {
        let mut state = self.locked();
        let settled = state.waiting.is_empty() && state.in_progress.is_empty();
        if !state.has_centre || !settled || !is_old(state.since, now) {
            return Ok(());
        }
        let fresh = self.path.with_extension("new");
        let _ = fs::remove_file(&fresh);
        let history = History { mode: state.mode.clone(), ..History::default() };
        let begun = Self::begin(fresh.clone(), history, state.has_centre)?;
        fs::rename(&fresh, &self.path).map_err(|source| JournalError::of(&self.path, source))?;
        // Cut here, either file may be found at the next start. Nothing is written to the new one before the folder is
        // flushed, so both tell the same.
        *state = begun.journal.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.moved_in = self.path.parent().map(Path::to_owned);
        tracing::info!("the service has every record of the journal, which begins anew");
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A journal of which some crossings have no record yet.
struct Begun {
    journal: Journal,
    unfinished: Vec<Unfinished>,
}

impl Begun {
    fn close_interrupted(&mut self, gate: &GateId, now: Timestamp) -> Result<Vec<CrossingId>, JournalError> {
        let mut closed = Vec::new();
        for crossing in std::mem::take(&mut self.unfinished) {
            closed.push(crossing.id);
            let record = crossing.interrupted(gate, now);
            self.journal.append_at(&Entry::Gate(JournalLine::Finished(Box::new(record))), now)?;
        }
        Ok(closed)
    }
}

/// Whether what began at this instant is over.
fn is_old(since: Option<Timestamp>, now: Timestamp) -> bool {
    since.is_some_and(|since| now.duration_since(since) > RENEW_AFTER)
}

impl State {
    fn write(&mut self, entry: &Entry, now: Timestamp) -> io::Result<()> {
        if let Some(folder) = &self.moved_in {
            File::open(folder)?.sync_all()?;
            self.moved_in = None;
        }
        if self.torn {
            self.file.set_len(self.length)?;
            self.torn = false;
        }
        let (line, check) = entry.line(&self.last, now).map_err(io::Error::other)?;
        // Until it is known to be on the disk it does not count, whatever became of it.
        self.torn = true;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        self.torn = false;
        self.length += line.len() as u64;
        self.last = check;
        match entry {
            Entry::Gate(JournalLine::Began { crossing, .. }) => {
                self.since.get_or_insert(now);
                self.in_progress.push(*crossing);
            }
            Entry::Gate(JournalLine::Finished(record)) => {
                self.since.get_or_insert(now);
                self.in_progress.retain(|crossing| *crossing != record.crossing);
                if self.has_centre {
                    self.waiting.push_back((**record).clone());
                }
            }
            Entry::Gate(JournalLine::ModeSet { mode, officer }) => self.mode = Some((*mode, officer.clone())),
            Entry::Journal(Own::Uploaded { crossings }) => {
                self.waiting.retain(|record| !crossings.contains(&record.crossing));
            }
            Entry::Gate(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
