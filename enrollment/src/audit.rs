//! The service's audit trail: `audit/audit.log` in the data folder, its public key `audit.pub` beside it, and its head where
//! the configuration says.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use sallyport_privacy::{
    audit::{Act, AuditError, Checkpoint, Deed, Pseudonym, Query, Signer, Trail, Verifier, search, verify},
    keys::{RootKey, write_private},
    memory::Locked,
};
use sallyport_protocol::EnrollmentId;

use crate::config::Config;

const LOG: &str = "audit.log";
const PUBLIC_KEY: &str = "audit.pub";
/// Most entries that are listed.
const LISTED_MAX: usize = 10_000;

/// The trail, and the key of its pseudonyms.
pub struct Audit {
    trail: Trail,
    pseudonyms: Locked<32>,
}

impl Audit {
    /// Opens or begins the trail. What is wrong with the one that is there is logged, and it is put aside.
    pub fn open(config: &Config, root: &RootKey, now: Timestamp) -> Result<Self, AuditError> {
        let (folder, head) = (config.audit(), config.audit_head());
        let signer = Signer::new(root.key("audit"));
        let public = format!("{}\n", signer.verifier());
        let (trail, found) = Trail::open(&folder.join(LOG), &head, signer, now)?;
        if let Some(aside) = &found.aside {
            for problem in &found.problems {
                tracing::error!("audit trail: {problem}");
            }
            tracing::error!(
                "the audit trail was changed by somebody else: it is kept as {}, find out who",
                aside.display()
            );
        }
        let path = folder.join(PUBLIC_KEY);
        write_private(&path, public.as_bytes(), true).map_err(|source| AuditError::File { path, source })?;
        Ok(Self { trail, pseudonyms: root.key("audit pseudonyms") })
    }

    /// Writes down what an account is about to do.
    pub fn note(&self, who: &str, act: Act, whose: Option<EnrollmentId>, why: &str) -> Result<u64, AuditError> {
        let whose = whose.map(|id| self.pseudonym(id));
        self.trail.append(&Deed { who, act, whose, why, of: None }, Timestamp::now())
    }

    /// Writes down what became of an earlier entry. It is done or not done already, so a failure is only logged.
    pub fn follow_up(&self, of: u64, who: &str, act: Act, whose: Option<EnrollmentId>, why: &str) {
        let whose = whose.map(|id| self.pseudonym(id));
        if let Err(error) = self.trail.append(&Deed { who, act, whose, why, of: Some(of) }, Timestamp::now()) {
            tracing::error!(entry = of, %error, "what became of it cannot be noted");
        }
    }

    /// Entries about one person, the last ones.
    pub fn about(&self, id: EnrollmentId) -> io::Result<Vec<sallyport_privacy::audit::Entry>> {
        let query = Query { whose: Some(self.pseudonym(id)), ..Query::default() };
        search(BufReader::new(fs::File::open(self.trail.path())?), &query, LISTED_MAX)
    }

    /// Everybody whose enrollment was deleted, as far as the trail tells.
    pub fn deleted(&self) -> io::Result<BTreeSet<Pseudonym>> {
        let of = |act| {
            let query = Query { act: Some(act), ..Query::default() };
            search(BufReader::new(fs::File::open(self.trail.path())?), &query, usize::MAX)
        };
        let failed: BTreeSet<u64> = of(Act::Fail)?.into_iter().filter_map(|entry| entry.of).collect();
        let deleted = of(Act::Delete)?.into_iter().chain(of(Act::Expire)?).filter(|entry| !failed.contains(&entry.n));
        Ok(deleted.filter_map(|entry| entry.whose).collect())
    }

    /// By what name the trail knows a person.
    pub fn pseudonym(&self, id: EnrollmentId) -> Pseudonym {
        pseudonym(&self.pseudonyms, id)
    }
}

fn pseudonym(key: &Locked<32>, id: EnrollmentId) -> Pseudonym {
    Pseudonym::new(key, id.as_bytes())
}

/// Verifies a trail: a file, or that of a data folder. Without `key`, by the public key beside it, which whoever changed the
/// trail may have changed, too. `head` is a check-point kept elsewhere. Fails if anything is wrong.
pub fn verify_trail(path: &Path, key: Option<&str>, head: Option<&Path>) -> Result<String> {
    let log = trail_of(path);
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()));
    let verifier: Verifier = match key {
        Some(key) => key.parse()?,
        None => read(&log.with_file_name(PUBLIC_KEY))?.parse()?,
    };
    let beside = log.with_file_name(crate::config::AUDIT_HEAD);
    let head = head.or_else(|| Some(beside.as_path()).filter(|beside| beside.exists()));
    let known: Option<Checkpoint> = head.map(|head| Ok::<_, anyhow::Error>(read(head)?.parse()?)).transpose()?;
    let file = fs::File::open(&log).with_context(|| format!("{} cannot be read", log.display()))?;
    let report = verify(BufReader::new(file), &verifier, known.as_ref())?;
    if !report.is_whole() {
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        bail!("{} is not as it was written:\n{}", log.display(), problems.join("\n"));
    }
    let last = report.checkpoint.map_or_else(|| "none".to_owned(), |checkpoint| checkpoint.to_string());
    let ends = if known.is_some() { "nothing is cut off" } else { "no head was given: a cut end would not show" };
    Ok(format!("whole: {} entries, {ends}\npublic key: {verifier}\ncheck-point: {last}", report.entries))
}

/// Entries that fit, one a line, as JSON. `person` is found by the root key.
pub fn search_trail(path: &Path, mut query: Query, person: Option<(&RootKey, EnrollmentId)>) -> Result<String> {
    query.whose = person.map(|(root, id)| pseudonym(&root.key("audit pseudonyms"), id));
    let log = trail_of(path);
    let file = fs::File::open(&log).with_context(|| format!("{} cannot be read", log.display()))?;
    let found = search(BufReader::new(file), &query, LISTED_MAX)?;
    Ok(found.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?.join("\n"))
}

fn trail_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(crate::config::AUDIT).join(LOG) } else { path.to_owned() }
}
