//! The crossing: a machine without I/O. Events in, commands out (DESIGN section 2).
//!
//! A door that lets somebody in or out opens only after [`Event::Journaled`] for the line that orders it; only the
//! release in an emergency does not wait.

mod crossing;
mod gate;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use sallyport_hardware::barrier;
use sallyport_protocol::{CrossingId, CrossingRecord, Door, GateMode, Measurement, Reason, Stage};
use serde::{Deserialize, Serialize};

pub use self::{crossing::Crossing, gate::Gate};
use crate::{
    policy::DocumentFacts,
    view::{Order, OrderRefused, TravelerInstruction},
};

/// A time, twice: monotonic for durations, wall for records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic milliseconds.
    pub ms: u64,
    /// Wall clock.
    pub wall: Timestamp,
}

/// Why a step failed, with a fact for the officer: never personal or biometric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The reason.
    pub reason: Reason,
    /// A technical fact.
    pub detail: Option<String>,
}

impl Problem {
    /// This reason, with an error's text as the fact. Part of it may be a stranger's, such as the name in a certificate
    /// on a chip: so only its beginning is kept, and nothing in it that moves the text around it.
    pub fn because(reason: Reason, error: &dyn std::fmt::Display) -> Self {
        const CHARS_MAX: usize = 300;
        // Marks that turn the direction of writing (Unicode Standard Annex 9, 2), and line separators.
        let moves = |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{61C}');
        let clean = |c: char| if c.is_control() || moves(c) { char::REPLACEMENT_CHARACTER } else { c };
        Self { reason, detail: Some(error.to_string().chars().take(CHARS_MAX).map(clean).collect()) }
    }
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        Self { reason, detail: None }
    }
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Time passes.
    Tick,
    /// A token lies on the reader. The crossing is new unless one waits for another attempt.
    DocumentPresented {
        /// A fresh identifier.
        crossing: CrossingId,
    },
    /// The supervisor entered this stage of reading.
    StageReached {
        /// The crossing.
        crossing: CrossingId,
        /// The stage.
        stage: Stage,
    },
    /// The document was read, or not.
    DocumentRead {
        /// The crossing.
        crossing: CrossingId,
        /// What was learned.
        result: Result<DocumentFacts, Problem>,
    },
    /// A face was captured and compared, or not.
    FaceCompared {
        /// The crossing.
        crossing: CrossingId,
        /// Which attempt.
        attempt: u32,
        /// The comparison.
        result: Result<Measurement, Problem>,
    },
    /// A finger was captured and compared, or not.
    FingerCompared {
        /// The crossing.
        crossing: CrossingId,
        /// Which attempt.
        attempt: u32,
        /// The comparison.
        result: Result<Measurement, Problem>,
    },
    /// The fingerprint sensor works, or no longer. A gate serves without one.
    FingerSensor {
        /// Whether it works.
        works: bool,
    },
    /// The turnstile reports.
    Barrier(barrier::Event),
    /// The line to the turnstile broke, or a command was not acknowledged.
    BarrierLost,
    /// The line is back.
    BarrierRestored,
    /// The controller is about to stop.
    Stopping,
    /// A device that a crossing needs fails, or works again: reader, camera, matcher.
    Equipment {
        /// What is wrong.
        reason: Reason,
        /// Whether it works again.
        works: bool,
    },
    /// An officer orders.
    Ordered {
        /// For the answer.
        request: u64,
        /// The officer's login name.
        officer: String,
        /// The order.
        order: Order,
    },
    /// A journal line is on the disk.
    Journaled {
        /// Which.
        entry: u64,
    },
    /// A journal line could not be written.
    JournalFailed {
        /// Which.
        entry: u64,
        /// Why.
        reason: Reason,
    },
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Read the token on the reader.
    ReadDocument {
        /// The crossing.
        crossing: CrossingId,
    },
    /// Capture a face and compare it.
    CaptureFace {
        /// The crossing.
        crossing: CrossingId,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// Capture a finger and compare it.
    CaptureFinger {
        /// The crossing.
        crossing: CrossingId,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// Write a line, flush it, then send [`Event::Journaled`].
    Journal {
        /// Which.
        entry: u64,
        /// The line.
        line: JournalLine,
    },
    /// Send this to the turnstile.
    Door(barrier::Command),
    /// Show this to the traveler.
    Show {
        /// The one thing to do.
        instruction: TravelerInstruction,
        /// Why.
        reason: Option<Reason>,
    },
    /// Ask an officer.
    Refer {
        /// The crossing.
        crossing: CrossingId,
        /// Why.
        reasons: Vec<Reason>,
        /// The stage that referred it.
        stage: Stage,
        /// How long the gate waits, in milliseconds.
        within_ms: u64,
    },
    /// No officer is asked any more.
    WithdrawReferral,
    /// Forget everything biometric of this crossing.
    Purge {
        /// The crossing.
        crossing: CrossingId,
    },
    /// Answer an officer's order.
    Answer {
        /// Which.
        request: u64,
        /// Done, or why not.
        result: Result<(), OrderRefused>,
    },
}

/// A line of the gate's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum JournalLine {
    /// A crossing began.
    Began {
        /// The crossing.
        crossing: CrossingId,
        /// When.
        at: Timestamp,
    },
    /// A crossing is decided; its outcome will not change. Its record so far.
    Decided(Box<CrossingRecord>),
    /// A door is ordered to open.
    DoorOrdered {
        /// The crossing, unless an officer opens it by hand.
        crossing: Option<CrossingId>,
        /// The door.
        door: Door,
        /// The officer who opens it by hand, and why.
        by: Option<(String, String)>,
    },
    /// An officer set the mode.
    ModeSet {
        /// The mode.
        mode: GateMode,
        /// The officer.
        officer: String,
    },
    /// A crossing ended.
    Finished(Box<CrossingRecord>),
}

/// The record's name of a turnstile's door.
pub fn recorded(door: barrier::Door) -> Door {
    match door {
        barrier::Door::Entry => Door::Entry,
        barrier::Door::Exit => Door::Exit,
    }
}

#[cfg(test)]
mod problem_tests {
    use super::*;

    #[test]
    fn a_strangers_text_is_bounded_and_moves_nothing() {
        let hostile = format!("CN=\u{202E}\u{2066}\n\u{0}{}", "\u{1}".repeat(32_000));
        let detail = Problem::because(Reason::PaCscaUnknown, &hostile).detail.unwrap_or_default();
        assert!(detail.starts_with("CN=\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"));
        assert_eq!(detail.chars().count(), 300);
        assert!(detail.chars().skip(3).all(|c| c == char::REPLACEMENT_CHARACTER));
        let said = "the issuer Ünïön, 宛 is unknown";
        assert_eq!(Problem::because(Reason::PaCscaUnknown, &said).detail.as_deref(), Some(said));
    }
}
