//! Who is enrolled, and what gates need to know of it.
//!
//! Every change to an enrollment takes the next revision, and the tree of revisions holds one entry for each
//! enrollment that is or was: a gate asks for what changed since the revision it has. Removed enrollments stay in it as
//! tombstones, without anything about the person.

mod enrollment;
mod fingers;
mod history;
mod person;
mod portrait;
mod retention;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use sallyport_matcher::face::FaceTemplate;
use sallyport_privacy::{
    keys::{ApplicationKey, RootKey},
    template::{self, FingerProjection, TemplateError},
};
use sallyport_protocol::{
    ApplicationKeyGrant, CardNumber, EnrollmentId, EnrollmentPage, EnrollmentStatus, EpochId, FingerCodes,
    FingerPosition, ProtectedCode,
};
use sallyport_store::{Change, SealedStore, StoreError};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use self::{
    enrollment::Enrollment,
    fingers::{FingerImpression, FingerprintError, Fingerprints, IMPRESSIONS_MAX},
    person::{Applicant, Consent, Expiry, PersonError, PersonName},
    portrait::{PortraitError, Portraits},
};
use self::{enrollment::sent_bytes, history::History};

const ENROLLMENTS: &str = "enrollments";
const CARDS: &str = "cards";
const REVISIONS: &str = "revisions";
/// How many records are read at a time when all are.
const CHUNK: usize = 500;
/// A page of changes ends with the enrollment that makes it longer than this, in bytes: gates take pages of 32 MiB.
const PAGE_BYTES_MAX: usize = 8 << 20;
/// The application whose key protects the codes.
pub const APPLICATION: &str = "trusted-traveler";
/// Generation of its key.
pub const KEY_GENERATION: u32 = 1;

/// Why the registry did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is none of this identifier.
    #[error("there is no enrollment {0}: it may have been deleted; look in the list")]
    Unknown(EnrollmentId),
    /// One card, one enrollment.
    #[error("this card belongs to enrollment {0}: use another card, or delete that enrollment first")]
    CardTaken(EnrollmentId),
    /// Somebody who could be recognized by nothing.
    #[error("an enrollment needs a face or a finger: take a photograph, or an impression of a finger")]
    NoFactor,
    /// Enough impressions of one finger.
    #[error("there are {IMPRESSIONS_MAX} impressions of the {0} already: take another finger, or all of them anew")]
    EnoughImpressions(FingerPosition),
    /// The embedding, or the minutiae, cannot be protected.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A gate's revision that is none of ours: this store was restored from a backup.
    #[error(
        "revision {asked} is not of this store's history, the last one is {last}: the service was restored from a \
         backup; the gate must forget its enrollments and ask from 0"
    )]
    OtherHistory {
        /// What the gate has.
        asked: u64,
        /// What we have.
        last: u64,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The embedding of a face, with the manifest name of the net that made it.
#[derive(Clone, Copy)]
pub struct Embedding<'a> {
    /// The net.
    pub model: &'a str,
    /// The values.
    pub values: &'a [f32],
}

impl<'a> From<&'a FaceTemplate> for Embedding<'a> {
    fn from(template: &'a FaceTemplate) -> Self {
        Self { model: template.model(), values: template.values() }
    }
}

/// An enrollment in a list: damaged ones are listed as such and do not hide the others.
#[derive(Debug)]
pub struct Listed {
    /// Its identifier, if even that is readable.
    pub id: Option<EnrollmentId>,
    /// The enrollment, unless its record is damaged.
    pub enrollment: Result<Enrollment, StoreError>,
}

#[derive(Serialize, Deserialize)]
struct Revision {
    id: EnrollmentId,
    removed: bool,
}

/// The registry over a store.
pub struct Registry {
    store: SealedStore,
    key: ApplicationKey,
    history: History,
    /// The last revision. Whoever changes something holds it.
    last: Mutex<u64>,
}

impl Registry {
    /// The trees that it keeps.
    pub const TREES: [&str; 4] = [ENROLLMENTS, CARDS, REVISIONS, history::EPOCHS];

    /// The registry in this store, with the key for its codes from this root.
    pub fn open(store: SealedStore, root: &RootKey) -> Result<Self, RegistryError> {
        let mut last = 0u64;
        let mut after: Option<Vec<u8>> = None;
        // The entry of the last change is never removed before a later one is there, so the greatest key is the last.
        loop {
            let keys = store.keys(REVISIONS, after.as_deref(), CHUNK)?;
            let Some(key) = keys.last() else { break };
            last = revision_of(key).unwrap_or(last);
            after = Some(key.clone());
        }
        let history = History::begin(&store, last)?;
        Ok(Self { store, key: root.application(APPLICATION, KEY_GENERATION), history, last: Mutex::new(last) })
    }

    /// Enrolls a person with the embedding of a photograph, impressions of fingers, or both. Only protected codes are kept.
    pub fn enroll(
        &self,
        applicant: Applicant,
        face: Option<Embedding<'_>>,
        impressions: &[FingerImpression],
        by: &str,
        now: Timestamp,
    ) -> Result<EnrollmentId, RegistryError> {
        if face.is_none() && impressions.is_empty() {
            return Err(RegistryError::NoFactor);
        }
        let id = EnrollmentId::random();
        let code = face.map(|face| self.protected(id, 1, face.values)).transpose()?;
        let mut fingers = Vec::new();
        self.protect_fingers(id, 1, impressions, &mut fingers)?;
        let mut last = self.locked();
        let card_key = self.card_key(&applicant.card);
        if let Some(owner) = self.store.get::<EnrollmentId>(CARDS, &card_key)? {
            return Err(RegistryError::CardTaken(owner));
        }
        let enrollment = Enrollment {
            id,
            name: applicant.name,
            card: applicant.card,
            version: u32::from(face.is_some()),
            status: EnrollmentStatus::Active,
            expires: applicant.expires.timestamp(),
            consent: Consent { purpose: applicant.consent_purpose, at: now, taken_by: by.to_owned() },
            enrolled_by: by.to_owned(),
            enrolled_at: now,
            photographed_by: face.map(|_| by.to_owned()),
            photographed_at: face.map(|_| now),
            model: face.map(|face| face.model.to_owned()),
            revision: 0,
            code,
            finger_version: u32::from(!impressions.is_empty()),
            fingers_by: (!impressions.is_empty()).then(|| by.to_owned()),
            fingers_at: (!impressions.is_empty()).then_some(now),
            fingers,
        };
        let card = self.store.seal(CARDS, &card_key, &id)?;
        self.write(&mut last, enrollment, vec![card])?;
        Ok(id)
    }

    /// Adds impressions of fingers; `anew`: in place of all earlier ones. Their version rises then, and so the old codes are
    /// worthless from then on.
    pub fn add_fingers(
        &self,
        id: EnrollmentId,
        impressions: &[FingerImpression],
        anew: bool,
        by: &str,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        if impressions.is_empty() {
            return Err(RegistryError::NoFactor);
        }
        let mut last = self.locked();
        let mut enrollment = self.get(id)?;
        if anew || enrollment.fingers.is_empty() {
            enrollment.finger_version = enrollment.finger_version.saturating_add(1);
            enrollment.fingers.clear();
        }
        self.protect_fingers(id, enrollment.finger_version, impressions, &mut enrollment.fingers)?;
        (enrollment.fingers_by, enrollment.fingers_at) = (Some(by.to_owned()), Some(now));
        self.write(&mut last, enrollment, Vec::new())
    }

    fn protect_fingers(
        &self,
        id: EnrollmentId,
        version: u32,
        impressions: &[FingerImpression],
        fingers: &mut Vec<FingerCodes>,
    ) -> Result<(), RegistryError> {
        let projection = FingerProjection::new(&self.key.enrollment_seed(id.as_bytes(), version));
        for impression in impressions {
            impression.protect(&projection, fingers)?;
        }
        match fingers.iter().find(|codes| codes.impressions.len() > IMPRESSIONS_MAX) {
            Some(codes) => Err(RegistryError::EnoughImpressions(codes.position)),
            None => Ok(()),
        }
    }

    /// Replaces the photograph: the version rises, and so the old code is worthless from then on.
    pub fn rephotograph(
        &self,
        id: EnrollmentId,
        embedding: Embedding<'_>,
        by: &str,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let mut last = self.locked();
        let mut enrollment = self.get(id)?;
        enrollment.version = enrollment.version.saturating_add(1);
        enrollment.code = Some(self.protected(id, enrollment.version, embedding.values)?);
        enrollment.model = Some(embedding.model.to_owned());
        (enrollment.photographed_by, enrollment.photographed_at) = (Some(by.to_owned()), Some(now));
        self.write(&mut last, enrollment, Vec::new())
    }

    /// Suspends an enrollment, or takes it up again.
    pub fn set_status(&self, id: EnrollmentId, status: EnrollmentStatus) -> Result<(), RegistryError> {
        let mut last = self.locked();
        let mut enrollment = self.get(id)?;
        if enrollment.status == status {
            return Ok(());
        }
        enrollment.status = status;
        self.write(&mut last, enrollment, Vec::new())
    }

    /// Deletes an enrollment: nothing about the person remains, only the identifier for gates to forget it by. A
    /// damaged one can be deleted too; what pointed to it is then found by looking through the store.
    pub fn delete(&self, id: EnrollmentId) -> Result<(), RegistryError> {
        let mut last = self.locked();
        let (card, revision) = match self.get(id) {
            Ok(enrollment) => (Some(self.card_key(&enrollment.card).to_vec()), Some(enrollment.revision)),
            Err(RegistryError::Store(StoreError::Corrupt { .. })) => {
                let card = self.find(CARDS, |owner: &EnrollmentId| *owner == id)?;
                let entry = self.find(REVISIONS, |entry: &Revision| entry.id == id)?;
                (card, entry.and_then(|key| revision_of(&key)))
            }
            Err(other) => return Err(other),
        };
        let next = last.saturating_add(1);
        let mut changes = vec![
            Change::Remove { tree: ENROLLMENTS, key: id.as_bytes().to_vec() },
            self.store.seal(REVISIONS, &next.to_be_bytes(), &Revision { id, removed: true })?,
        ];
        changes.extend(card.map(|key| Change::Remove { tree: CARDS, key }));
        changes.extend(revision.map(remove_revision));
        self.store.apply(changes)?;
        *last = next;
        Ok(())
    }

    /// One enrollment.
    pub fn get(&self, id: EnrollmentId) -> Result<Enrollment, RegistryError> {
        self.store.get(ENROLLMENTS, id.as_bytes())?.ok_or(RegistryError::Unknown(id))
    }

    /// The enrollment that this card claims.
    pub fn by_card(&self, card: &CardNumber) -> Result<Option<EnrollmentId>, RegistryError> {
        Ok(self.store.get(CARDS, &self.card_key(card))?)
    }

    /// Enrollments whose name or card number holds all words of `search`, by name, damaged ones first. Names are
    /// sealed, so all records are read; at most `limit` are given, and how many there are.
    pub fn list(&self, search: &str, limit: usize) -> Result<(Vec<Listed>, usize), RegistryError> {
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let (mut damaged, mut found) = (Vec::new(), BTreeMap::new());
        let mut count = 0usize;
        self.each::<Enrollment>(ENROLLMENTS, |key, record| {
            let id = <[u8; 16]>::try_from(key).ok().map(EnrollmentId::from_bytes);
            match record {
                Ok(enrollment) if !enrollment.holds(&words) => {}
                Ok(enrollment) => {
                    count += 1;
                    found.insert((enrollment.name.as_str().to_lowercase(), key.to_vec()), enrollment);
                    if found.len() > limit {
                        found.pop_last();
                    }
                }
                Err(error) => {
                    count += 1;
                    let shown = id.map_or_else(|| "?".to_owned(), |id| id.to_string());
                    tracing::error!(enrollment = %shown, %error, "damaged record");
                    damaged.push(Listed { id, enrollment: Err(error) });
                }
            }
            true
        })?;
        let sound =
            found.into_values().map(|enrollment| Listed { id: Some(enrollment.id), enrollment: Ok(enrollment) });
        damaged.extend(sound);
        damaged.truncate(limit);
        Ok((damaged, count))
    }

    /// What changed after this revision of this epoch, at most `limit` changes.
    pub fn changes(&self, since: u64, epoch: Option<EpochId>, limit: usize) -> Result<EnrollmentPage, RegistryError> {
        // Under the lock, so that no revision of the page is replaced while its enrollment is read.
        let last = self.locked();
        if !self.history.holds(epoch, since, *last) {
            return Err(RegistryError::OtherHistory { asked: since, last: *last });
        }
        let entries = self.store.scan::<Revision>(REVISIONS, Some(&since.to_be_bytes()), limit.max(1))?;
        let mut page = EnrollmentPage {
            revision: *last,
            epoch: self.history.present(),
            more: false,
            key_generation: KEY_GENERATION,
            changed: Vec::new(),
            removed: Vec::new(),
        };
        let mut bytes = 0usize;
        for (key, entry) in entries {
            page.revision = revision_of(&key).unwrap_or(*last);
            let before = page.changed.len();
            match entry {
                Ok(Revision { id, removed: true }) => page.removed.push(id),
                Ok(Revision { id, removed: false }) => self.send(id, &mut page)?,
                Err(error) => {
                    tracing::error!(revision = ?revision_of(&key), %error, "damaged record of a change");
                    self.send_all_that_may_be(revision_of(&key), &mut page)?;
                }
            }
            bytes = bytes.saturating_add(page.changed.iter().skip(before).map(sent_bytes).sum());
            if bytes > PAGE_BYTES_MAX {
                break;
            }
        }
        page.more = page.revision < *last;
        Ok(page)
    }

    /// Gates forget a damaged enrollment, since it may have been suspended when they last heard of it. The list of the
    /// web admin shows it as damaged.
    fn send(&self, id: EnrollmentId, page: &mut EnrollmentPage) -> Result<(), RegistryError> {
        match self.get(id) {
            Ok(enrollment) => page.changed.push(enrollment.for_gate()),
            Err(error @ (RegistryError::Unknown(_) | RegistryError::Store(StoreError::Corrupt { .. }))) => {
                tracing::error!(enrollment = %id, %error, "damaged record: gates are told to forget it");
                page.removed.push(id);
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// Of a damaged change it is unknown whose it was: it is that of the enrollment which names it, or of a damaged one.
    fn send_all_that_may_be(&self, revision: Option<u64>, page: &mut EnrollmentPage) -> Result<(), RegistryError> {
        self.each::<Enrollment>(ENROLLMENTS, |key, record| {
            match record {
                Ok(enrollment) if Some(enrollment.revision) == revision => page.changed.push(enrollment.for_gate()),
                Ok(_) => {}
                Err(_) => page.removed.extend(<[u8; 16]>::try_from(key).ok().map(EnrollmentId::from_bytes)),
            }
            true
        })
    }

    /// The last revision.
    pub fn revision(&self) -> u64 {
        *self.locked()
    }

    /// The key under which gates make codes to compare, for them.
    pub fn grant(&self) -> ApplicationKeyGrant {
        ApplicationKeyGrant {
            application: APPLICATION.to_owned(),
            generation: self.key.generation(),
            key: Zeroizing::new(self.key.expose_bytes().to_vec()),
        }
    }

    /// Writes an enrollment under the next revision, together with these changes.
    fn write(&self, last: &mut u64, mut enrollment: Enrollment, mut with: Vec<Change>) -> Result<(), RegistryError> {
        let (id, next) = (enrollment.id, last.saturating_add(1));
        let before = std::mem::replace(&mut enrollment.revision, next);
        with.push(self.store.seal(ENROLLMENTS, id.as_bytes(), &enrollment)?);
        with.push(self.store.seal(REVISIONS, &next.to_be_bytes(), &Revision { id, removed: false })?);
        if before > 0 {
            with.push(remove_revision(before));
        }
        self.store.apply(with)?;
        *last = next;
        Ok(())
    }

    fn protected(&self, id: EnrollmentId, version: u32, embedding: &[f32]) -> Result<ProtectedCode, RegistryError> {
        let code = template::protect(embedding, &self.key.enrollment_seed(id.as_bytes(), version))?;
        Ok(ProtectedCode::new(Zeroizing::new(code.expose_bytes().to_vec())))
    }

    fn card_key(&self, card: &CardNumber) -> [u8; 32] {
        self.store.pseudonym("card", card.as_str().as_bytes())
    }

    /// Reads a whole tree in chunks, until `visit` says no.
    fn each<T: serde::de::DeserializeOwned>(
        &self,
        tree: &'static str,
        mut visit: impl FnMut(&[u8], Result<T, StoreError>) -> bool,
    ) -> Result<(), RegistryError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let chunk = self.store.scan::<T>(tree, after.as_deref(), CHUNK)?;
            if chunk.is_empty() {
                return Ok(());
            }
            for (key, record) in chunk {
                if !visit(&key, record) {
                    return Ok(());
                }
                after = Some(key);
            }
        }
    }

    fn find<T: serde::de::DeserializeOwned>(
        &self,
        tree: &'static str,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Option<Vec<u8>>, RegistryError> {
        let mut found = None;
        self.each::<T>(tree, |key, record| {
            if record.is_ok_and(|record| wanted(&record)) {
                found = Some(key.to_vec());
            }
            found.is_none()
        })?;
        Ok(found)
    }

    fn locked(&self) -> MutexGuard<'_, u64> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_revision(revision: u64) -> Change {
    Change::Remove { tree: REVISIONS, key: revision.to_be_bytes().to_vec() }
}

fn revision_of(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}
