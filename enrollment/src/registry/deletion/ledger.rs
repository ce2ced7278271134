//! Which deletions have not arrived everywhere yet, so that not all need be read to find them.

use std::collections::{BTreeMap, BTreeSet};

use sallyport_protocol::{EnrollmentId, GateId};

use super::Deletion;

/// What is outstanding, in memory: read from the store when it is opened.
#[derive(Default)]
pub(in crate::registry) struct Ledger {
    /// Behind these something is to be done.
    unfinished: BTreeSet<EnrollmentId>,
    /// The generation of the key that opens copies still.
    sealed: BTreeMap<EnrollmentId, u32>,
    /// Tombstones that a gate has not reported past, by revision.
    ahead: BTreeMap<GateId, BTreeMap<u64, EnrollmentId>>,
}

impl Ledger {
    /// Takes over how a deletion stands now.
    pub(super) fn enter(&mut self, deletion: &Deletion) {
        let (id, revision) = (deletion.enrollment, deletion.revision);
        self.unfinished.remove(&id);
        self.sealed.remove(&id);
        match &deletion.behind {
            None => drop(self.unfinished.insert(id)),
            Some(behind) if deletion.copies_dead.is_none() => drop(self.sealed.insert(id, behind.generation)),
            Some(_) => {}
        }
        for (gate, reached) in &deletion.gates {
            let tombstones = self.ahead.entry(gate.clone()).or_default();
            match reached {
                None => drop(tombstones.insert(revision, id)),
                Some(_) => drop(tombstones.remove(&revision)),
            }
        }
    }

    /// Knows nothing of this deletion any more.
    pub(super) fn strike(&mut self, id: EnrollmentId) {
        self.unfinished.remove(&id);
        self.sealed.remove(&id);
        self.ahead.values_mut().for_each(|tombstones| tombstones.retain(|_, own| *own != id));
    }

    pub(super) fn unfinished(&self) -> Vec<EnrollmentId> {
        self.unfinished.iter().copied().collect()
    }

    /// Deletions that a gate at this revision is past.
    pub(super) fn passed(&self, gate: &GateId, revision: u64) -> Vec<EnrollmentId> {
        self.ahead
            .get(gate)
            .into_iter()
            .flat_map(|tombstones| tombstones.range(..=revision))
            .map(|(_, id)| *id)
            .collect()
    }

    /// Deletions whose copies open only with generations before this one.
    pub(super) fn sealed_before(&self, oldest: u32) -> Vec<EnrollmentId> {
        self.sealed.iter().filter(|(_, generation)| **generation < oldest).map(|(id, _)| *id).collect()
    }
}
