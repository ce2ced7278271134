//! Why a reading ended.

use super::Stage;
use crate::secure::SecureError;

/// Why the reading ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalError {
    /// No eMRTD application on this chip.
    #[error("the chip has no eMRTD application (status {0:04X}): this is no electronic passport")]
    NoApplication(u16),
    /// The key does not belong to this chip.
    #[error("the chip does not accept the key from the document ({0}): read the page again")]
    AccessDenied(&'static str),
    /// The chip announces PACE, and PACE failed for another cause than the key.
    #[error("PACE failed ({0}): lay the document down again; policy may allow BAC in its place")]
    PaceFailed(String),
    /// What the chip offers is not what policy demands.
    #[error("the chip offers no {0}, which policy demands")]
    NotOffered(&'static str),
    /// The secure channel broke.
    #[error("secure messaging failed while {stage:?}: {source}")]
    Secure {
        /// Where.
        stage: Stage,
        /// Why.
        source: SecureError,
    },
    /// The chip refused a command.
    #[error("the chip answered {status:04X} while {stage:?}")]
    Refused {
        /// Where.
        stage: Stage,
        /// Status word.
        status: u16,
    },
    /// The chip's answer is not what the standard requires.
    #[error("the chip answered wrongly while {stage:?}: {what}")]
    Protocol {
        /// Where.
        stage: Stage,
        /// What was wrong.
        what: &'static str,
    },
    /// `advance` was called with a response before a command, or after the end.
    #[error("the terminal was driven out of turn: start with no response, then give each response once")]
    OutOfTurn,
}
