//! The service's audit trail: `audit/audit.log` in the data folder, its public key `audit.pub` beside it, and its head where
//! the configuration says.

use std::{collections::BTreeSet, io};

use jiff::Timestamp;
use sallyport_privacy::{
    audit::{Act, AuditError, Deed, Entry, Ledger, Pseudonym, Query, Report},
    keys::RootKey,
};
use sallyport_protocol::EnrollmentId;

use crate::config::Config;

/// Most entries about one person that are given out.
const ABOUT_MAX: usize = 10_000;

/// The trail.
#[derive(Debug)]
pub struct Audit(Ledger);

impl Audit {
    /// Opens or begins the trail, for the service. What is wrong with the one that is there is logged, and it is put aside.
    pub fn open(config: &Config, root: &RootKey, now: Timestamp) -> Result<Self, AuditError> {
        let (ledger, found) = Ledger::open(&config.audit(), &config.audit_head(), root, now)?;
        if let Some(aside) = &found.aside {
            for problem in &found.problems {
                tracing::error!("audit trail: {problem}");
            }
            tracing::error!(
                "the audit trail was changed by somebody else: it is kept as {}, find out who",
                aside.display()
            );
        }
        Ok(Self(ledger))
    }

    /// Opens or begins it for a command, while the service may run.
    pub fn join(config: &Config, root: &RootKey) -> Result<Self, AuditError> {
        Ledger::join(&config.audit(), &config.audit_head(), root).map(Self)
    }

    /// Writes down what an account is about to do.
    pub fn note(&self, who: &str, act: Act, whose: Option<EnrollmentId>, why: &str) -> Result<u64, AuditError> {
        self.0.note(&self.deed(who, act, whose, why))
    }

    /// Writes down what an account is about to do with a gate or the like.
    pub fn note_of(&self, who: &str, act: Act, what: &str, why: &str) -> Result<u64, AuditError> {
        self.0.note(&Deed::new(who, act, why).to(what))
    }

    /// Writes down what became of an earlier entry. It is done or not done already, so a failure is only logged.
    pub fn follow_up(&self, of: u64, who: &str, act: Act, whose: Option<EnrollmentId>, why: &str) {
        if let Err(error) = self.0.note(&Deed { of: Some(of), ..self.deed(who, act, whose, why) }) {
            tracing::error!(entry = of, %error, "what became of it cannot be noted");
        }
    }

    fn deed<'a>(&self, who: &'a str, act: Act, whose: Option<EnrollmentId>, why: &'a str) -> Deed<'a> {
        Deed { whose: whose.map(|id| self.pseudonym(id)), ..Deed::new(who, act, why) }
    }

    /// Entries about one person, the last ones.
    pub fn about(&self, id: EnrollmentId) -> io::Result<Vec<Entry>> {
        self.search(Query::default(), Some(id), ABOUT_MAX)
    }

    /// The last entries that fit, about this person if one is named.
    pub fn search(&self, query: Query, person: Option<EnrollmentId>, limit: usize) -> io::Result<Vec<Entry>> {
        let whose = person.map(|id| self.pseudonym(id));
        self.0.search(&Query { whose: whose.or(query.whose), ..query }, limit)
    }

    /// Everybody whose enrollment was deleted, as far as the trail tells.
    pub fn deleted(&self) -> io::Result<BTreeSet<Pseudonym>> {
        let of = |act| self.search(Query { act: Some(act), ..Query::default() }, None, usize::MAX);
        let failed: BTreeSet<u64> = of(Act::Fail)?.into_iter().filter_map(|entry| entry.of).collect();
        let deleted = of(Act::Delete)?.into_iter().chain(of(Act::Expire)?).filter(|entry| !failed.contains(&entry.n));
        Ok(deleted.filter_map(|entry| entry.whose).collect())
    }

    /// By what name the trail knows a person.
    pub fn pseudonym(&self, id: EnrollmentId) -> Pseudonym {
        self.0.pseudonym(id.as_bytes())
    }

    /// Verifies the whole trail.
    pub fn verify(&self) -> Result<Report, AuditError> {
        self.0.verify()
    }

    /// The trail below.
    pub fn ledger(&self) -> &Ledger {
        &self.0
    }
}
