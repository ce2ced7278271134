//! The gate's link to the enrollment service: fetches keys and enrollments, sends records and signs of life. The gate
//! works on without it.

mod centre;
mod uploads;

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use sallyport_privacy::{
    audit::Act,
    keys::{ApplicationKey, EnrollmentSeed, KeyError},
    template::{FingerProjection, Projection},
};
use sallyport_protocol::{EnrollmentForGate, GateHealth, GateId, Reason};
use sallyport_store::{StoreError, UpkeepError};
use tokio::sync::watch;

pub use self::{
    centre::{Centre, CentreError},
    uploads::Uploads,
};
use crate::{
    audit::{GateAudit, GateDeed},
    cache::Cache,
    journal::{Journal, JournalError},
    policy,
    view::{GateView, LinkState},
};

/// What the gate's audit trail calls them.
const CACHE: &str = "cache";
const APPLICATION_KEY: &str = "trusted-traveler";

/// The application key, open in memory; on the disk the cache has it.
#[derive(Default)]
pub struct KeyRing(RwLock<Option<ApplicationKey>>);

impl KeyRing {
    /// Which generation it holds.
    pub fn generation(&self) -> Option<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(ApplicationKey::generation)
    }

    /// The projection of the code of an enrollment's face; `None` without the key.
    pub fn projection(&self, enrollment: &EnrollmentForGate) -> Option<Projection> {
        Some(Projection::new(&self.seed(enrollment, enrollment.version)?))
    }

    /// The projection of the codes of its fingers; `None` without the key.
    pub fn finger_projection(&self, enrollment: &EnrollmentForGate) -> Option<FingerProjection> {
        Some(FingerProjection::new(&self.seed(enrollment, enrollment.finger_version)?))
    }

    fn seed(&self, enrollment: &EnrollmentForGate, version: u32) -> Option<EnrollmentSeed> {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(key.as_ref()?.enrollment_seed(enrollment.id.as_bytes(), version))
    }

    pub(crate) fn hold(&self, key: ApplicationKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    pub(crate) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Why a round did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The service.
    #[error(transparent)]
    Centre(#[from] CentreError),
    /// The cache.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The service granted something else than a key of 32 bytes.
    #[error("the enrollment service granted no usable key: are gate and service of the same version?")]
    Grant,
}

impl From<UpkeepError> for SyncError {
    fn from(error: UpkeepError) -> Self {
        match error {
            UpkeepError::Key(error) => Self::Key(error),
            UpkeepError::Store(error) => Self::Store(error),
        }
    }
}

impl SyncError {
    /// The reason on the officer's screen.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Centre(error) => error.reason(),
            Self::Grant => Reason::CentreFault,
            Self::Store(_) | Self::Key(_) => Reason::StoreCorrupt,
            Self::Journal(error) => error.reason(),
        }
    }
}

/// What one gate synchronizes.
pub struct Synchronizer {
    /// The service.
    pub centre: Centre,
    /// The gate.
    pub gate: GateId,
    /// Where enrollments and the application key go.
    pub cache: Arc<Cache>,
    /// Where records come from.
    pub journal: Arc<Journal>,
    /// The gate's audit trail.
    pub audit: GateAudit,
    /// What the gate looks like.
    pub view: watch::Receiver<GateView>,
    /// How long the cache is trusted without the service.
    pub grace: Duration,
    /// How often to ask for changes.
    pub interval: Duration,
}

/// How the link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkStatus {
    /// As officers see it.
    pub link: LinkState,
    /// What is wrong.
    pub trouble: Option<Reason>,
}

impl Synchronizer {
    /// Works until `wake` is disconnected: at once when woken (a record waits), else every interval.
    pub fn run(&self, wake: &Receiver<()>, told: impl Fn(LinkStatus)) {
        let mut uploads = Uploads::default();
        let mut next_round = Instant::now();
        let mut failed: Option<String> = None;
        loop {
            let whole = Instant::now() >= next_round;
            if whole {
                next_round = Instant::now() + self.interval;
            }
            let result = if whole { self.round(&mut uploads) } else { self.send_records(&mut uploads) };
            // That a record went through says nothing of the other steps: the next round tells.
            if whole || result.is_err() {
                let said = result.as_ref().err().map(ToString::to_string);
                match (&said, &failed) {
                    (Some(now), before) if before.as_ref() != Some(now) => tracing::warn!("{now}"),
                    (None, Some(_)) => tracing::info!("the enrollment service is there again"),
                    _ => {}
                }
                failed = said;
                told(self.status(result.err()));
            }
            match wake.recv_timeout(next_round.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Disconnected) => return,
                // Several records at once need one round only.
                _ => while wake.try_recv().is_ok() {},
            }
        }
    }

    fn status(&self, error: Option<SyncError>) -> LinkStatus {
        let Some(error) = error else { return LinkStatus { link: LinkState::Connected, trouble: None } };
        let synced = self.cache.state().ok().and_then(|state| state.synced);
        let stale = synced.is_none_or(|synced| policy::is_stale(synced, Timestamp::now(), self.grace));
        let link = if stale { LinkState::Stale } else { LinkState::Offline };
        LinkStatus { link, trouble: Some(error.reason()) }
    }

    /// One whole round: changes with their key, records, health, upkeep of the cache. None waits for another: a record that
    /// the service does not want must not keep a suspension from the gate. The first error is given, but what is wrong
    /// with the gate itself goes before it.
    pub fn round(&self, uploads: &mut Uploads) -> Result<(), SyncError> {
        let changes = self.heard(self.fetch_enrollments());
        let records = self.send_records(uploads);
        if let Err(error) = self.journal.renew(Timestamp::now()) {
            tracing::warn!("the journal goes on as it is: {error}");
        }
        let health = self.heard(self.tell_health());
        let kept = self.cache.keep_up().map_err(SyncError::from);
        kept.and(changes).and(records).and(health)
    }

    fn send_records(&self, uploads: &mut Uploads) -> Result<(), SyncError> {
        self.heard(uploads.send(&self.centre, &self.journal))
    }

    /// A gate that is dismissed is not a gate that is cut off: it keeps nothing. One that was dismissed by mistake fetches all
    /// anew when it is admitted again.
    fn heard(&self, result: Result<(), SyncError>) -> Result<(), SyncError> {
        if let Err(SyncError::Centre(error)) = &result
            && error.is_dismissal()
        {
            if self.cache.state()?.synced.is_some() {
                self.audit.note(GateDeed::own(Act::Forget, CACHE, "dismissed"));
            }
            self.cache.destroy()?;
        }
        result
    }

    fn tell_health(&self) -> Result<(), SyncError> {
        let state = self.cache.state().unwrap_or_default();
        let view = self.view.borrow().clone();
        self.centre.health(&GateHealth {
            gate: self.gate.clone(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            mode: view.mode,
            // Whoever reads this report was reached: the view tells of the round before.
            troubles: view.troubles.into_iter().filter(|&reason| reason != Reason::CentreUnreachable).collect(),
            records_waiting: self.journal.waiting_count() as u64,
            revision: state.revision,
            epoch: state.epoch,
            trail: self.audit.head(),
        })?;
        Ok(())
    }

    fn fetch_enrollments(&self) -> Result<(), SyncError> {
        if self.cache.is_damaged() {
            tracing::error!("a record of the cache is damaged: all is forgotten and fetched anew");
            self.audit.note(GateDeed::own(Act::Forget, CACHE, "damaged"));
            self.cache.destroy()?;
        }
        loop {
            let state = self.cache.state()?;
            let page = match self.centre.enrollments(state.revision, state.epoch) {
                Err(error) if error.is_of_another_history() && state.revision > 0 => {
                    tracing::warn!("{error}: all is forgotten and fetched anew");
                    self.audit.note(GateDeed::own(Act::Forget, CACHE, "another-history"));
                    self.cache.destroy()?;
                    continue;
                }
                other => other?,
            };
            if self.cache.keys().generation() != Some(page.key_generation) {
                let grant = self.centre.application_key()?;
                let key = grant.key[..].try_into().map_err(|_| SyncError::Grant)?;
                self.audit.note(GateDeed::own(Act::Grant, APPLICATION_KEY, "new-generation"));
                self.cache.keep_key(ApplicationKey::received(key, grant.generation))?;
            }
            self.cache.take(&page)?;
            if !page.more {
                return Ok(());
            }
        }
    }
}
