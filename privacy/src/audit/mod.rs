//! The audit trail: who did what to whose data and why, in a file that nobody changes unnoticed.
//!
//! A line an entry, each with a hash over itself and the one before (SHA-256), and behind each write a check-point: number and
//! hash of the last entry, signed (Ed25519, RFC 8032). Holds pseudonyms and names of accounts, never a traveler's name,
//! number, picture or code.
//!
//! [`verify`] needs the public key only. It finds
//! * an entry that was changed, taken out, put in or moved, even if all hashes after it were made anew: check-points disagree;
//! * a tail without a check-point, and a check-point of somebody else;
//! * a tail that was cut off together with its check-points, if it is given a later check-point that was kept elsewhere: the
//!   *head* that [`Trail`] writes beside each append, best on another disk, or one that an auditor took along.
//!
//! Several processes may write one trail, such as a service and the commands beside it: [`Trail`] tells how. What a program
//! needs around it (places, pseudonyms, its commands) is [`Ledger`].
//!
//! Whoever has the signing key (a running service's memory, or the root key) can write another history from the last
//! check-point that others hold. Entries older than that stay proven.

mod console;
mod entry;
mod ledger;
mod trail;
mod verification;

#[cfg(test)]
mod several;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf};

pub use self::{
    console::operator,
    entry::{Act, Deed, Entry, Pseudonym, Query, search},
    ledger::{FOLDER, HEAD, Ledger, Whole, search_file, verify_file},
    trail::{Found, SERVICE, Trail, reader},
    verification::{Checkpoint, Problem, ProblemKind, Report, Signer, Verifier, verify},
};

/// Why nothing was written down, or nothing could be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be read or written.
    #[error(
        "audit trail {path}: {source}; check the disk and who owns the folder: nothing is done that cannot be noted"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else changed it, or cut its end off.
    #[error(
        "the audit trail {path} is not as it was written:\n{}\nkeep a copy, and find out who changed it; nothing is noted, \
         nor done that must be, until service or gate starts anew, which puts it aside and begins another",
        listed(.problems)
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
    /// A name or reason that could hold anything.
    #[error(
        "`{0}` cannot be noted: names have 1 to 64 characters on one line, things and reasons 1 to 64 of a-z, 0-9, `.` \
         and `-`"
    )]
    Field(String),
    /// Not 64 hexadecimal digits.
    #[error("that is no public key: it has 64 hexadecimal digits, as in the files `audit.pub` and `deletions.pub`")]
    Key,
    /// Not a line that [`Checkpoint`] wrote.
    #[error("that is no check-point: it is one line that begins with `C`, as in the file `audit.head`")]
    Checkpoint,
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
