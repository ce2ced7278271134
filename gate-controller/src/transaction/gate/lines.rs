//! Journal lines on their way to the disk: what waits for them, and what becomes of it when they cannot be written.

use sallyport_hardware::barrier::Door;
use sallyport_protocol::{Outcome, Reason};

use super::{Gate, PendingDoor};
use crate::{
    transaction::{Command, JournalLine, Moment},
    view::OrderRefused,
};

/// A failed line is tried again after this long.
const RETRY_MS: u64 = 1_000;

/// A line that must be written, sooner or later.
#[derive(Debug)]
pub(super) struct Unsaved {
    entry: u64,
    line: JournalLine,
    /// When it is tried again; `None` while it is being written.
    pub(super) retry_at_ms: Option<u64>,
}

impl Unsaved {
    /// A line that is being written.
    pub(super) fn written(entry: u64, line: JournalLine) -> Self {
        Self { entry, line, retry_at_ms: None }
    }
}

/// An order that is answered once its line is on the disk.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) entry: u64,
    pub(super) request: u64,
    /// The line, if it is owed even when it cannot be written now: what it tells has been done.
    pub(super) owed: Option<JournalLine>,
}

impl Gate {
    /// Has a line written; gives its number.
    pub(super) fn journal(&mut self, line: JournalLine) -> u64 {
        let entry = self.next_entry;
        self.next_entry += 1;
        self.push(Command::Journal { entry, line });
        entry
    }

    /// A line without which the crossing in progress cannot go on.
    pub(super) fn journal_of_crossing(&mut self, line: JournalLine) -> u64 {
        let entry = self.journal(line);
        if let Some(active) = &mut self.active {
            active.lines.push(entry);
        }
        entry
    }

    pub(super) fn journaled(&mut self, now: Moment, entry: u64) {
        let unsaved = self.unsaved.len();
        self.unsaved.retain(|unsaved| unsaved.entry != entry);
        if unsaved > 0 && self.unsaved.is_empty() {
            self.trouble = None;
            if self.farewell_until_ms.is_none() && self.active.is_none() {
                self.show_idle();
            }
        }
        if let Some(active) = &mut self.active {
            active.lines.retain(|line| *line != entry);
        }
        for Unanswered { request, .. } in self.unanswered.extract_if(.., |waiting| waiting.entry == entry) {
            self.commands.push(Command::Answer { request, result: Ok(()) });
        }
        if let Some(pending) = self.pending.take_if(|pending| pending.entry == entry) {
            self.open_pending(now, pending);
        }
    }

    pub(super) fn journal_failed(&mut self, now: Moment, entry: u64, reason: Reason) {
        self.trouble = Some(reason);
        let retry_at_ms = Some(now.ms.saturating_add(RETRY_MS));
        for Unanswered { request, owed, .. } in self.unanswered.extract_if(.., |waiting| waiting.entry == entry) {
            self.commands.push(Command::Answer { request, result: Err(OrderRefused::Equipment { reason }) });
            self.unsaved.extend(owed.map(|line| Unsaved { entry, line, retry_at_ms }));
        }
        if let Some(unsaved) = self.unsaved.iter_mut().find(|unsaved| unsaved.entry == entry) {
            unsaved.retry_at_ms = retry_at_ms;
            if self.active.is_none() {
                self.show_idle();
            }
            return;
        }
        match self.pending.take_if(|pending| pending.entry == entry) {
            // People before records: whoever stands between the doors is let out by a named officer all the same, and
            // the line is written when there is room.
            Some(PendingDoor { door: Door::Entry, by_hand: Some((request, line)), .. }) if self.person_inside => {
                self.unsaved.push(Unsaved { entry, line: line.clone(), retry_at_ms });
                let by_hand = Some((request, line));
                return self.open_pending(now, PendingDoor { entry, door: Door::Entry, by_hand });
            }
            Some(PendingDoor { by_hand: Some((request, _)), .. }) => {
                self.push(Command::Answer { request, result: Err(OrderRefused::Equipment { reason }) });
            }
            _ => {}
        }
        // Without its lines no crossing goes on. What was decided stays so, unless it was not written.
        if let Some(active) = self.active.as_mut().filter(|active| active.lines.contains(&entry)) {
            if active.decision == Some(entry) {
                active.crossing.decided = None;
            }
            self.end(now, Outcome::Failed, &[reason]);
        }
    }

    pub(super) fn retry_lines(&mut self, now: Moment) {
        let mut again = Vec::new();
        for unsaved in &mut self.unsaved {
            if unsaved.retry_at_ms.take_if(|retry_at| now.ms >= *retry_at).is_some() {
                unsaved.entry = self.next_entry;
                self.next_entry += 1;
                again.push(Command::Journal { entry: unsaved.entry, line: unsaved.line.clone() });
            }
        }
        self.commands.extend(again);
    }
}
