//! Deleting a person everywhere: the records, what names them elsewhere, the gates, the copies; and what can be stated of it.
//!
//! What is not done when the records are gone, because the power was cut or a key store was away, is done by upkeep.

use jiff::Timestamp;
use sallyport_privacy::audit::Act;
use sallyport_protocol::{EnrollmentId, GateHealth, GateId};
use sallyport_store::StoreError;

use crate::{
    gates::ReportError,
    proof::{AtGate, Statement},
    registry::{Behind, Deletion, Order, RegistryError},
    serve::Service,
    web::SERVICE,
};

impl Service {
    /// Deletes an enrollment on this account's word, for this reason, as this entry of the audit trail has it.
    pub fn delete(
        &self,
        id: EnrollmentId,
        by: &str,
        reason: &str,
        audit_entry: u64,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let gates = self.gates_known()?;
        self.registry.delete(id, Order { by, reason, audit_entry, at: now, gates })?;
        self.finish_deletion(id, now).unwrap_or_else(|error| {
            tracing::error!(enrollment = %id, %error, "deleted, but not yet in reports of crossings: it is tried again");
        });
        Ok(())
    }

    /// Deletes again whoever was deleted, as the audit trail tells, and came back with a backup. Gives how many.
    pub(crate) fn delete_again(&self, now: Timestamp) -> anyhow::Result<usize> {
        let (deleted, reason) = (self.audit.deleted()?, "deleted-before");
        let back = self.registry.identifiers()?.into_iter().filter(|id| deleted.contains(&self.audit.pseudonym(*id)));
        let mut count = 0;
        for id in back {
            let entry = self.audit.note(SERVICE, Act::Delete, Some(id), reason)?;
            self.delete(id, SERVICE, reason, entry, now)?;
            count += 1;
        }
        Ok(count)
    }

    /// Removes what names a deleted enrollment elsewhere, and notes by when copies are dead.
    fn finish_deletion(&self, id: EnrollmentId, now: Timestamp) -> anyhow::Result<()> {
        let links = self.crossings.forget(id)?;
        // Its key was destroyed before: no copy of it is sealed by a generation after the newest one now.
        let generations = self.copies.generations(now)?;
        let behind = Behind {
            at: now,
            links,
            links_dead_by: self.crossings.over_by(now),
            generation: generations.newest,
            copies_dead_by: generations.newest_ends,
        };
        Ok(self.registry.note_behind(id, behind)?)
    }

    /// Goes on with what deletions left to be done, and notes which copies died. Gives of how many deletions.
    pub(crate) fn keep_up_deletions(&self, now: Timestamp) -> anyhow::Result<usize> {
        for id in self.registry.unfinished_deletions() {
            self.finish_deletion(id, now)?;
        }
        Ok(self.registry.note_oldest_generation(self.copies.generations(now)?.oldest, now)?)
    }

    /// Takes a gate's sign of life, and notes which deletions have reached it.
    pub fn heard(&self, gate: &GateId, health: GateHealth, now: Timestamp) -> Result<(), ReportError> {
        let (epoch, revision) = (health.epoch, health.revision);
        self.reports.alive(gate, health, now)?;
        match self.registry.note_reached(gate, epoch, revision, now) {
            Ok(0) => {}
            Ok(count) => tracing::info!(%gate, count, "the gate has forgotten whom it was told to"),
            Err(error) => tracing::error!(%gate, %error, "what the gate has forgotten cannot be noted"),
        }
        Ok(())
    }

    /// What can be stated of a deletion now.
    pub fn statement(&self, id: EnrollmentId, now: Timestamp) -> Result<Option<Statement>, RegistryError> {
        let Some(deletion) = self.registry.deletion(id)? else { return Ok(None) };
        let admitted = self.admission.gates().map_err(disk)?;
        let gates = at_gates(&deletion, &admitted, |gate| self.reports.last(gate).ok()?.map(|report| report.at));
        let pseudonym = self.audit.pseudonym(id);
        Ok(Some(Statement::new(deletion, pseudonym, self.prover.keys_in(), gates, now)))
    }

    /// Every gate that may hold anything: those admitted, and those that were heard before they were dismissed.
    fn gates_known(&self) -> Result<Vec<GateId>, RegistryError> {
        let mut gates = self.admission.gates().map_err(disk)?;
        gates.extend(self.reports.heard().map_err(disk)?);
        Ok(gates)
    }
}

fn at_gates(deletion: &Deletion, admitted: &[GateId], heard: impl Fn(&GateId) -> Option<Timestamp>) -> Vec<AtGate> {
    let one = |(gate, &forgotten): (&GateId, &Option<Timestamp>)| AtGate {
        heard: heard(gate),
        admitted: admitted.contains(gate),
        gate: gate.clone(),
        forgotten,
    };
    deletion.gates.iter().map(one).collect()
}

fn disk(error: impl std::fmt::Display) -> RegistryError {
    StoreError::Disk(error.to_string()).into()
}
