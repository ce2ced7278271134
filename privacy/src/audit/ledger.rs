//! The trail of one program: where it lies, the key of its pseudonyms, and what its commands do with it.
//!
//! In the data folder: `audit/audit.log`, `audit/audit.pub`, and `audit/audit.head` unless the head is kept elsewhere.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sallyport_memory::Locked;

use super::{
    Act, AuditError, Checkpoint, Deed, Entry, Found, Pseudonym, Query, Report, Signer, Trail, Verifier, reader, search,
    verify,
};
use crate::keys::RootKey;

/// The trail's folder in a data folder.
pub const FOLDER: &str = "audit";
/// The file of the head.
pub const HEAD: &str = "audit.head";
const LOG: &str = "audit.log";
const PUBLIC_KEY: &str = "audit.pub";
/// Most entries that are listed.
const LISTED_MAX: usize = 10_000;

/// A trail, and the key of its pseudonyms.
#[derive(Debug)]
pub struct Ledger {
    trail: Trail,
    verifier: Verifier,
    pseudonyms: Locked<32>,
}

impl Ledger {
    /// Opens or begins the trail in this folder, for the program that keeps it ([`Trail::open`]).
    pub fn open(folder: &Path, head: &Path, root: &RootKey, now: Timestamp) -> Result<(Self, Found), AuditError> {
        let signer = Signer::of(root);
        let verifier = signer.verifier();
        let (trail, found) = Trail::open(&folder.join(LOG), head, signer, now)?;
        Ok((Self { trail, verifier, pseudonyms: pseudonyms(root) }, found))
    }

    /// The same for a command beside it ([`Trail::join`]).
    pub fn join(folder: &Path, head: &Path, root: &RootKey) -> Result<Self, AuditError> {
        let signer = Signer::of(root);
        let verifier = signer.verifier();
        let trail = Trail::join(&folder.join(LOG), head, signer)?;
        Ok(Self { trail, verifier, pseudonyms: pseudonyms(root) })
    }

    /// Writes down a deed, now ([`Trail::append`]).
    pub fn note(&self, deed: &Deed<'_>) -> Result<u64, AuditError> {
        self.trail.append(deed, Timestamp::now())
    }

    /// Writes down a deed that had to wait.
    pub fn note_of(&self, at: Timestamp, deed: &Deed<'_>) -> Result<u64, AuditError> {
        self.trail.append(deed, at)
    }

    /// Writes down a deed, does it, and writes down if it fails.
    pub fn noted<T, E: From<AuditError>>(&self, deed: &Deed<'_>, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let entry = self.note(deed)?;
        work().inspect_err(|_| {
            // It failed already, and the trail tells of the attempt.
            let _ = self.note(&Deed { act: Act::Fail, of: Some(entry), ..deed.clone() });
        })
    }

    /// Whose data: what the trail says of this identifier.
    pub fn pseudonym(&self, identifier: &[u8]) -> Pseudonym {
        Pseudonym::new(&self.pseudonyms, identifier)
    }

    /// The last entries that fit, at most so many.
    pub fn search(&self, query: &Query, limit: usize) -> io::Result<Vec<Entry>> {
        search(reader(self.trail.path())?, query, limit)
    }

    /// Verifies the whole trail, with its head.
    pub fn verify(&self) -> Result<Report, AuditError> {
        // The head first: what is written afterwards is no longer than the trail.
        let known = self.trail.last()?;
        let failed = |source| AuditError::File { path: self.trail.path().into(), source };
        verify(reader(self.trail.path()).map_err(failed)?, &self.verifier, known.as_slice()).map_err(failed)
    }

    /// The last check-point.
    pub fn last(&self) -> Result<Option<Checkpoint>, AuditError> {
        self.trail.last()
    }

    /// The public key.
    pub fn verifier(&self) -> Verifier {
        self.verifier
    }
}

fn pseudonyms(root: &RootKey) -> Locked<32> {
    root.key("audit pseudonyms")
}

/// What a whole trail has.
#[derive(Debug)]
pub struct Whole {
    entries: u64,
    last: Option<Checkpoint>,
    verifier: Verifier,
    known: usize,
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends = match self.known {
            0 => "no head was given: a cut end would not show".to_owned(),
            1 => "nothing is cut off".to_owned(),
            known => format!("nothing is cut off, and all {known} check-points kept elsewhere agree"),
        };
        writeln!(f, "whole: {} entries, {ends}", self.entries)?;
        writeln!(f, "public key: {}", self.verifier)?;
        write!(f, "check-point: {}", self.last.map_or_else(|| "none".to_owned(), |last| last.to_string()))
    }
}

/// Verifies a trail: a file, or that of a data folder. Without `key`, by the public key beside it, which whoever changed the
/// trail may have changed, too. `head` is a file of check-points kept elsewhere; without it, the one beside the trail.
pub fn verify_file(path: &Path, key: Option<&str>, head: Option<&Path>) -> Result<Whole, AuditError> {
    let log = log_of(path);
    let read = |path: &Path| fs::read_to_string(path).map_err(|source| AuditError::File { path: path.into(), source });
    let verifier: Verifier = match key {
        Some(key) => key.parse()?,
        None => read(&log.with_file_name(PUBLIC_KEY))?.parse()?,
    };
    let beside = log.with_file_name(HEAD);
    let head = head.or_else(|| Some(beside.as_path()).filter(|beside| beside.exists()));
    let known = head.map(|head| Checkpoint::parse_all(&read(head)?)).transpose()?.unwrap_or_default();
    let failed = |source| AuditError::File { path: log.clone(), source };
    let report = verify(reader(&log).map_err(failed)?, &verifier, &known).map_err(failed)?;
    if !report.is_whole() {
        return Err(AuditError::Altered { path: log, problems: report.problems });
    }
    Ok(Whole { entries: report.entries, last: report.checkpoint, verifier, known: known.len() })
}

/// Entries of a trail (a file, or that of a data folder) that fit, one a line, as JSON. `person` is found by the root key.
pub fn search_file(path: &Path, mut query: Query, person: Option<(&RootKey, &[u8])>) -> Result<String, AuditError> {
    if let Some((root, identifier)) = person {
        query.whose = Some(Pseudonym::new(&pseudonyms(root), identifier));
    }
    let log = log_of(path);
    let failed = |source| AuditError::File { path: log.clone(), source };
    let found = search(reader(&log).map_err(failed)?, &query, LISTED_MAX).map_err(failed)?;
    let lines: Result<Vec<_>, _> = found.iter().map(serde_json::to_string).collect();
    Ok(lines.map_err(|error| failed(error.into()))?.join("\n"))
}

fn log_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FOLDER).join(LOG) } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_service_and_a_command_beside_it_note_what_they_do_and_what_failed() {
        let data = tempfile::tempdir().unwrap();
        let root = RootKey::create(&data.path().join("root.key"), "correct horse battery").unwrap();
        let (folder, person) = (data.path().join(FOLDER), [7u8; 16]);
        let head = folder.join(HEAD);
        let (service, found) = Ledger::open(&folder, &head, &root, Timestamp::now()).unwrap();
        assert!(found.problems.is_empty());
        let command = Ledger::join(&folder, &head, &root).unwrap();
        let whose = Some(command.pseudonym(&person));
        let deed = Deed { whose, ..Deed::new("ana@console", Act::Revoke, "lost-card") };
        let done: Result<u8, AuditError> = command.noted(&deed, || Ok(1));
        let failed: Result<u8, AuditError> = command.noted(&deed, || Err(AuditError::Key));
        assert!(matches!((done, failed), (Ok(1), Err(AuditError::Key))));
        service.note(&Deed::new("bo", Act::LogIn, "web-admin")).unwrap();

        let told: Vec<_> = service.search(&Query { whose, ..Query::default() }, 10).unwrap();
        let told: Vec<_> = told.iter().map(|entry| (entry.act, entry.of)).collect();
        assert_eq!(told, [(Act::Revoke, None), (Act::Revoke, None), (Act::Fail, Some(3))]);
        assert_eq!(service.verify().unwrap().entries, 5);
        let by_person = search_file(data.path(), Query::default(), Some((&root, &person))).unwrap();
        assert_eq!(by_person.lines().count(), 3);
        assert!(!by_person.contains(&hex::encode(person)));

        let whole = verify_file(data.path(), None, None).unwrap().to_string();
        assert!(whole.contains("5 entries, nothing is cut off") && whole.contains(&service.verifier().to_string()));
        let elsewhere = data.path().join("elsewhere");
        let log = fs::read_to_string(folder.join(LOG)).unwrap();
        let kept: String = log.lines().filter(|line| line.starts_with('C')).map(|line| format!("{line}\n")).collect();
        fs::write(&elsewhere, &kept).unwrap();
        let all = verify_file(data.path(), None, Some(&elsewhere)).unwrap().to_string();
        assert!(all.contains("all 5 check-points kept elsewhere agree"), "{all}");
        fs::write(&elsewhere, "no check-point").unwrap();
        assert!(matches!(verify_file(data.path(), None, Some(&elsewhere)), Err(AuditError::Checkpoint)));

        // Whoever has the key writes another history of as many entries, and is found out by any check-point kept elsewhere.
        let other = tempfile::tempdir().unwrap();
        let forged = Ledger::join(other.path(), &other.path().join(HEAD), &root).unwrap();
        for n in 1..=5 {
            assert_eq!(forged.note(&Deed::new("eve", Act::View, "look")).unwrap(), n);
        }
        assert!(verify_file(&other.path().join(LOG), None, None).is_ok());
        for one in kept.lines() {
            fs::write(&elsewhere, one).unwrap();
            let found = verify_file(&other.path().join(LOG), None, Some(&elsewhere));
            assert!(matches!(found, Err(AuditError::Altered { .. })), "{one}");
        }
    }
}
