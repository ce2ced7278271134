//! What a journal tells after a stop, orderly or not.

use std::collections::VecDeque;

use jiff::Timestamp;
use sallyport_protocol::{
    CrossingId, CrossingRecord, Door, DoorMovement, DoorMovementKind, GateId, GateMode, Outcome, Reason, Stage,
    TimelineEntry, TokenKind,
};

use super::entry::{Check, Entry, EntryError, Own};
use crate::transaction::JournalLine;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Records that the service does not have.
    pub waiting: VecDeque<CrossingRecord>,
    /// Crossings without a record.
    pub unfinished: Vec<Unfinished>,
    /// The mode that an officer last set, and who did.
    pub mode: Option<(GateMode, String)>,
    /// When the first crossing began.
    pub since: Option<Timestamp>,
    /// Length up to the last whole entry.
    pub whole_bytes: u64,
    /// The last whole entry's check.
    pub last: Check,
    /// Whether something other than the very end is not as it was written.
    pub damaged: bool,
}

/// A crossing that the controller's stop cut off.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub id: CrossingId,
    began: Timestamp,
    /// The record so far, of a decided crossing.
    decided: Option<Box<CrossingRecord>>,
    ordered: Vec<(Door, Timestamp)>,
}

/// Reads the whole file. Lines that were changed are skipped, and the reading goes on behind them.
pub(super) fn read(text: &[u8]) -> History {
    let mut history = History::default();
    let mut at = 0u64;
    let mut skipped = false;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        at += line.len() as u64;
        let Some(line) = line.strip_suffix(b"\n") else { break }; // torn: it was never acknowledged
        match Entry::parse(line, &history.last) {
            Ok((entry, written, check)) => {
                // Behind a bad line there is a good one, so that was no torn end.
                history.damaged |= skipped;
                history.last = check;
                history.whole_bytes = at;
                history.take(entry, written);
            }
            Err(EntryError::Check(stated)) => {
                skipped = true;
                history.last = stated;
            }
            Err(EntryError::Form) => skipped = true,
        }
    }
    // A file in which nothing at the end can be believed must not be written behind.
    history.damaged |= skipped;
    history
}

impl History {
    fn take(&mut self, entry: Entry, at: Timestamp) {
        match entry {
            Entry::Gate(JournalLine::Began { crossing, at: began }) => {
                self.since.get_or_insert(at);
                self.unfinished.push(Unfinished { id: crossing, began, decided: None, ordered: Vec::new() });
            }
            Entry::Gate(JournalLine::Decided(record)) => {
                if let Some(unfinished) = self.unfinished(record.crossing) {
                    unfinished.decided = Some(record);
                }
            }
            Entry::Gate(JournalLine::DoorOrdered { crossing: Some(crossing), door, .. }) => {
                if let Some(unfinished) = self.unfinished(crossing) {
                    unfinished.ordered.push((door, at));
                }
            }
            Entry::Gate(JournalLine::Finished(record)) => {
                self.since.get_or_insert(at);
                self.unfinished.retain(|unfinished| unfinished.id != record.crossing);
                self.waiting.push_back(*record);
            }
            Entry::Gate(JournalLine::ModeSet { mode, officer }) => self.mode = Some((mode, officer)),
            Entry::Journal(Own::Uploaded { crossings }) => {
                self.unfinished.retain(|unfinished| !crossings.contains(&unfinished.id));
                self.waiting.retain(|record| !crossings.contains(&record.crossing));
            }
            Entry::Gate(JournalLine::DoorOrdered { crossing: None, .. }) => {}
        }
    }

    fn unfinished(&mut self, id: CrossingId) -> Option<&mut Unfinished> {
        self.unfinished.iter_mut().find(|unfinished| unfinished.id == id)
    }
}

impl Unfinished {
    /// Its record. What was decided stays decided.
    pub(super) fn interrupted(self, gate: &GateId, now: Timestamp) -> CrossingRecord {
        let since = |at: Timestamp| u64::try_from(at.as_millisecond() - self.began.as_millisecond()).unwrap_or(0);
        let mut record = self.decided.map_or_else(
            || CrossingRecord {
                crossing: self.id,
                gate: gate.clone(),
                began: self.began,
                ended: now,
                token: TokenKind::Unknown,
                issuer: None,
                enrollment: None,
                outcome: Outcome::Interrupted,
                reasons: Vec::new(),
                officer: None,
                measurement: None,
                timeline: Vec::new(),
                doors: Vec::new(),
            },
            |decided| *decided,
        );
        let movement = DoorMovementKind::OpenOrdered;
        for (door, at_ms) in self.ordered.iter().map(|&(door, at)| (door, since(at))) {
            // Those before the decision are in its record, at a time that differs by the writing of the line.
            let told = record.doors.iter().filter(|seen| seen.door == door && seen.movement == movement).count();
            let wanted = self.ordered.iter().filter(|(of, _)| *of == door).count();
            if told < wanted {
                record.doors.push(DoorMovement { door, movement, at_ms });
            }
        }
        record.ended = now;
        record.reasons.push(Reason::ControllerInterrupted);
        record.timeline.push(TimelineEntry {
            stage: Stage::Closing,
            began_ms: since(now),
            took_ms: 0,
            reasons: vec![Reason::ControllerInterrupted],
            detail: None,
        });
        record
    }
}
