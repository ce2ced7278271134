//! Codes that are revoked and made anew.
//!
//! One enrollment is revoked by raising the versions of its seeds; all of them are by the next generation of the
//! application's key. Either way the codes are destroyed here and, with their next synchronization, at every gate, and an
//! enrollment waits for face or fingers to be taken anew. What a thief has of before matches nothing that is made
//! afterwards.

use std::sync::{MutexGuard, PoisonError};

use jiff::Timestamp;
use sallyport_privacy::keys::{ApplicationKey, ApplicationKeys, KeyError};
use sallyport_protocol::EnrollmentId;
use sallyport_store::Change;
use serde::{Deserialize, Serialize};

use super::{APPLICATION, ENROLLMENTS, Enrollment, Registry, RegistryError};
use crate::vaults::Keys;

/// How many enrollments are revoked before others may use the registry again.
const REVOKED_AT_ONCE: usize = 100;

/// What can be taken anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    Face,
    Fingers,
}

/// What was revoked of an enrollment and was not taken anew yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// The face.
    pub face: bool,
    /// The fingers.
    pub fingers: bool,
}

impl Enrollment {
    /// Destroys all codes; their seeds will never be used again.
    fn revoke(&mut self, key_generation: u32, now: Timestamp) {
        let before = self.revoked.take();
        let had = |code: bool, before: Option<bool>| code || before.unwrap_or(false);
        self.revoked = Some(Revoked {
            at: now,
            face: had(self.code.is_some(), before.map(|before| before.face)),
            fingers: had(!self.fingers.is_empty(), before.map(|before| before.fingers)),
        });
        self.code = None;
        self.fingers.clear();
        self.version = self.version.saturating_add(1);
        self.finger_version = self.finger_version.saturating_add(1);
        self.key_generation = key_generation;
    }

    /// Something was taken anew.
    pub(super) fn renewed(&mut self, factor: Factor) {
        if let Some(revoked) = &mut self.revoked {
            match factor {
                Factor::Face => revoked.face = false,
                Factor::Fingers => revoked.fingers = false,
            }
        }
        self.revoked.take_if(|revoked| !revoked.face && !revoked.fingers);
    }

    fn has_codes(&self) -> bool {
        self.code.is_some() || !self.fingers.is_empty()
    }
}

/// The key that codes are made with. A registry without any enrollment begins with one that can be destroyed.
pub(super) fn key_in_use(keys: &Keys, last_revision: u64) -> Result<ApplicationKey, KeyError> {
    let stored = ApplicationKeys::new(&*keys.store, APPLICATION);
    match stored.newest()? {
        Some(newest) => stored.key(newest),
        None if last_revision == 0 => stored.key(stored.revoke()?),
        None => Ok(keys.root.application(APPLICATION, 1)),
    }
}

impl Registry {
    /// Revokes the codes of one enrollment.
    pub fn revoke(&self, id: EnrollmentId, now: Timestamp) -> Result<(), RegistryError> {
        let mut last = self.locked();
        let mut enrollment = self.get(id)?;
        enrollment.revoke(self.key().generation(), now);
        self.rewrite(&mut last, vec![enrollment])
    }

    /// Revokes the application's key, and with it all codes: no gate uses any of them after its next synchronization.
    /// Gives how many enrollments wait to be taken anew for it. Cut short, it goes on with [`Registry::keep_up`].
    pub fn revoke_all(&self, now: Timestamp) -> Result<usize, RegistryError> {
        ApplicationKeys::new(&*self.keys, APPLICATION).revoke()?;
        self.keep_up(now)
    }

    /// Takes a newer generation of the application's key in use if there is one, destroys all codes of older ones, and
    /// then those keys. Gives how many enrollments lost their codes.
    pub fn keep_up(&self, now: Timestamp) -> Result<usize, RegistryError> {
        let keys = ApplicationKeys::new(&*self.keys, APPLICATION);
        let Some(newest) = keys.newest()? else { return Ok(0) };
        {
            let _last = self.locked();
            let in_use = self.key().generation();
            if in_use < newest {
                *self.key.write().unwrap_or_else(PoisonError::into_inner) = keys.key(newest)?;
                tracing::warn!(generation = newest, "the application's key was revoked, and all codes made with it");
            }
        }
        let revoked = self.destroy_codes_before(newest, now)?;
        keys.destroy_before(newest)?;
        Ok(revoked)
    }

    /// An enrollment to be changed: codes of an older key do not come along.
    pub(super) fn current(&self, id: EnrollmentId, now: Timestamp) -> Result<Enrollment, RegistryError> {
        let mut enrollment = self.get(id)?;
        let generation = self.key().generation();
        if enrollment.key_generation < generation {
            if enrollment.has_codes() {
                enrollment.revoke(generation, now);
            }
            enrollment.key_generation = generation;
        }
        Ok(enrollment)
    }

    fn destroy_codes_before(&self, generation: u32, now: Timestamp) -> Result<usize, RegistryError> {
        let (mut revoked, mut after) = (0, None::<Vec<u8>>);
        loop {
            let mut last = self.locked();
            let chunk = self.store.scan::<Enrollment>(ENROLLMENTS, after.as_deref(), REVOKED_AT_ONCE)?;
            let Some((key, _)) = chunk.last() else { return Ok(revoked) };
            after = Some(key.clone());
            let mut stale = Vec::new();
            for (_, enrollment) in chunk {
                match enrollment {
                    Ok(mut enrollment) if enrollment.key_generation < generation && enrollment.has_codes() => {
                        enrollment.revoke(generation, now);
                        stale.push(enrollment);
                    }
                    Ok(_) => {}
                    // Gates are told to forget it.
                    Err(error) => tracing::error!(%error, "damaged record: its codes cannot be revoked, its key is"),
                }
            }
            revoked += stale.len();
            if !stale.is_empty() {
                self.rewrite(&mut last, stale)?;
            }
        }
    }

    /// Writes enrollments under new record keys, so that what they were before is lost in every copy, too.
    fn rewrite(&self, last: &mut MutexGuard<'_, u64>, enrollments: Vec<Enrollment>) -> Result<(), RegistryError> {
        let (mut next, mut changes) = (**last, Vec::new());
        for mut enrollment in enrollments {
            next = next.saturating_add(1);
            changes.push(Change::Remove { tree: ENROLLMENTS, key: enrollment.id.as_bytes().to_vec() });
            self.change(&mut changes, &mut enrollment, next)?;
        }
        self.store.apply(changes)?;
        **last = next;
        Ok(())
    }
}
