//! Deleting a person, and what is remembered of it: that it was done, by whom, and where it has arrived.
//!
//! In one batch the records go, their own keys with them, and the tombstone and the *deletion* come: nobody is deleted
//! without one. It says nothing of the person but the identifier that the enrollment had. What takes longer is noted in it
//! as it happens: reports of crossings no longer name the enrollment, each gate has reported a revision past the
//! tombstone, and the last key that opens a copy of the records' keys is destroyed.

mod ledger;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::PoisonError};

use jiff::Timestamp;
use sallyport_protocol::{EnrollmentId, EpochId, GateId};
use sallyport_store::{Change, StoreError};
use serde::{Deserialize, Serialize};

pub(super) use self::ledger::Ledger;
use super::{CARDS, ENROLLMENTS, REVISIONS, Registry, RegistryError, Revision, remove_revision, revision_of};

pub(super) const DELETIONS: &str = "deletions";

/// On whose word a person is deleted.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The account, or the service itself.
    pub by: &'a str,
    /// Why: the fixed word that the audit trail has, never free text.
    pub reason: &'a str,
    /// The audit trail's entry.
    pub audit_entry: u64,
    /// When.
    pub at: Timestamp,
    /// Every gate that may have heard of the person.
    pub gates: Vec<GateId>,
}

/// What is remembered of a person's deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// The enrollment that was.
    pub enrollment: EnrollmentId,
    /// When it was deleted.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The audit trail's entry.
    pub audit_entry: u64,
    /// The tombstone's revision,
    pub revision: u64,
    /// and the epoch that gave it.
    pub epoch: EpochId,
    /// How many protected codes were destroyed; `None`: the record was damaged and did not tell.
    pub codes: Option<u64>,
    /// How many records, each with its own key.
    pub records: u64,
    /// When each gate first reported a revision past the tombstone; `None`: not yet.
    pub gates: BTreeMap<GateId, Option<Timestamp>>,
    /// What was done behind the records.
    pub behind: Option<Behind>,
    /// When the last key generation that opened copies of the records' keys was found destroyed.
    pub copies_dead: Option<Timestamp>,
}

/// What was done after the records were gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behind {
    /// When.
    pub at: Timestamp,
    /// How many reports of crossings named the enrollment, and do so no longer.
    pub links: u64,
    /// When the last copy of a report that names it is dead.
    pub links_dead_by: Timestamp,
    /// The newest generation by which copies of the records' keys may be sealed.
    pub generation: u32,
    /// When that is to be destroyed; `None`: not by itself.
    pub copies_dead_by: Option<Timestamp>,
}

impl Registry {
    /// Deletes an enrollment: nothing about the person remains, only the identifier for gates to forget it by. A
    /// damaged one can be deleted too; what pointed to it is then found by looking through the store.
    pub fn delete(&self, id: EnrollmentId, order: Order<'_>) -> Result<Deletion, RegistryError> {
        let mut last = self.locked();
        let (codes, card, revision) = match self.get(id) {
            Ok(enrollment) => {
                let card = self.card_key(&enrollment.card).to_vec();
                (Some(enrollment.codes()), Some(card), Some(enrollment.revision))
            }
            Err(RegistryError::Store(StoreError::Corrupt { .. })) => {
                let card = self.find(CARDS, |owner: &EnrollmentId| *owner == id)?;
                let entry = self.find(REVISIONS, |entry: &Revision| entry.id == id)?;
                (None, card, entry.and_then(|key| revision_of(&key)))
            }
            Err(other) => return Err(other),
        };
        let next = last.saturating_add(1);
        let mut changes = vec![Change::Remove { tree: ENROLLMENTS, key: id.as_bytes().to_vec() }];
        changes.extend(card.map(|key| Change::Remove { tree: CARDS, key }));
        changes.extend(revision.map(remove_revision));
        let deletion = Deletion {
            enrollment: id,
            at: order.at,
            by: order.by.to_owned(),
            reason: order.reason.to_owned(),
            audit_entry: order.audit_entry,
            revision: next,
            epoch: self.history.present(),
            codes,
            records: changes.len() as u64,
            gates: order.gates.into_iter().map(|gate| (gate, None)).collect(),
            behind: None,
            copies_dead: None,
        };
        changes.push(self.store.seal(REVISIONS, &next.to_be_bytes(), &Revision { id, removed: true })?);
        changes.push(self.store.seal(DELETIONS, id.as_bytes(), &deletion)?);
        self.store.apply(changes)?;
        *last = next;
        self.ledger().enter(&deletion);
        Ok(deletion)
    }

    /// Whether there is an enrollment of this identifier, damaged or not.
    pub fn has(&self, id: EnrollmentId) -> Result<bool, StoreError> {
        match self.store.get::<serde::de::IgnoredAny>(ENROLLMENTS, id.as_bytes()) {
            Err(StoreError::Corrupt { .. }) => Ok(true),
            other => other.map(|found| found.is_some()),
        }
    }

    /// Every enrollment, damaged ones too.
    pub fn identifiers(&self) -> Result<Vec<EnrollmentId>, StoreError> {
        let keys = self.store.keys(ENROLLMENTS, None, usize::MAX)?.into_iter();
        Ok(keys.filter_map(|key| Some(EnrollmentId::from_bytes(key.try_into().ok()?))).collect())
    }

    /// What is remembered of this deletion.
    pub fn deletion(&self, id: EnrollmentId) -> Result<Option<Deletion>, RegistryError> {
        Ok(self.store.get(DELETIONS, id.as_bytes())?)
    }

    /// The last `limit` deletions, newest first, and how many there are. Damaged ones are left out and logged.
    pub fn deletions(&self, limit: usize) -> Result<(Vec<Deletion>, usize), RegistryError> {
        let (mut found, mut count) = (BTreeMap::new(), 0usize);
        self.each_deletion(|deletion| {
            count += 1;
            found.insert((deletion.at, deletion.enrollment), deletion);
            if found.len() > limit {
                found.pop_first();
            }
        })?;
        Ok((found.into_values().rev().collect(), count))
    }

    /// Deletions behind which something is still to be done.
    pub fn unfinished_deletions(&self) -> Vec<EnrollmentId> {
        self.ledger().unfinished()
    }

    /// Notes what was done behind the records.
    pub fn note_behind(&self, id: EnrollmentId, behind: Behind) -> Result<(), RegistryError> {
        self.note(id, |deletion| deletion.behind = Some(behind))
    }

    /// Notes that a gate has come to this revision of this epoch, in deletions before it that this gate had not
    /// reported past. Gives how many those were.
    pub fn note_reached(
        &self,
        gate: &GateId,
        epoch: Option<EpochId>,
        revision: u64,
        now: Timestamp,
    ) -> Result<usize, RegistryError> {
        let passed = self.ledger().passed(gate, revision);
        // A revision of another history says nothing of ours.
        if passed.is_empty() || !self.history.holds(epoch, revision, *self.locked()) {
            return Ok(0);
        }
        for id in &passed {
            self.note(*id, |deletion| deletion.gates.extend([(gate.clone(), Some(now))]))?;
        }
        Ok(passed.len())
    }

    /// Notes that no generation before this one is there any more. Gives how many deletions' copies died by it.
    pub fn note_oldest_generation(&self, oldest: u32, now: Timestamp) -> Result<usize, RegistryError> {
        let died = self.ledger().sealed_before(oldest);
        for id in &died {
            self.note(*id, |deletion| deletion.copies_dead = Some(now))?;
        }
        Ok(died.len())
    }

    /// Forgets deletions before this instant. Gives how many.
    pub fn forget_deletions_before(&self, instant: Timestamp) -> Result<usize, RegistryError> {
        let mut over = Vec::new();
        self.each_deletion(|deletion| over.extend((deletion.at < instant).then_some(deletion.enrollment)))?;
        let mut ledger = self.ledger();
        for id in &over {
            self.store.apply(vec![Change::Remove { tree: DELETIONS, key: id.as_bytes().to_vec() }])?;
            ledger.strike(*id);
        }
        Ok(over.len())
    }

    fn note(&self, id: EnrollmentId, what: impl FnOnce(&mut Deletion)) -> Result<(), RegistryError> {
        let mut ledger = self.ledger();
        let mut deletion = match self.store.get::<Deletion>(DELETIONS, id.as_bytes()) {
            Ok(Some(deletion)) => deletion,
            gone @ (Ok(None) | Err(StoreError::Corrupt { .. })) => {
                tracing::error!(enrollment = %id, ?gone, "a deletion cannot be noted further: its record is gone");
                ledger.strike(id);
                return Ok(());
            }
            Err(other) => return Err(other.into()),
        };
        what(&mut deletion);
        self.store.apply(vec![self.store.seal(DELETIONS, id.as_bytes(), &deletion)?])?;
        ledger.enter(&deletion);
        Ok(())
    }

    /// Reads all deletions once, when the registry is opened.
    pub(super) fn open_ledger(&self) -> Result<(), RegistryError> {
        self.each_deletion(|deletion| self.ledger().enter(&deletion))
    }

    fn each_deletion(&self, mut visit: impl FnMut(Deletion)) -> Result<(), RegistryError> {
        self.each::<Deletion>(DELETIONS, |_, record| {
            match record {
                Ok(deletion) => visit(deletion),
                Err(error) => tracing::error!(%error, "damaged record of a deletion"),
            }
            true
        })
    }

    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.deletions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
