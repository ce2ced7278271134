//! Enrollments that are over.

use jiff::{SignedDuration, Timestamp};
use sallyport_protocol::EnrollmentId;

use super::{ENROLLMENTS, Enrollment, Registry, RegistryError};
use crate::config::Kept;

/// Why an enrollment is deleted without anybody asking for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Its last day is long over.
    Ended,
    /// The person consents to nothing any more, and did not come to be asked anew.
    NoConsent,
}

impl Over {
    /// The word in the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "enrollment-ended",
            Self::NoConsent => "no-consent",
        }
    }
}

impl Enrollment {
    /// Whether it must be gone. A consent that ended with the enrollment, and not before, does not end it sooner.
    fn over(&self, kept: &Kept, now: Timestamp) -> Option<Over> {
        let past =
            |since: Timestamp, days: u16| now.duration_since(since) > SignedDuration::from_hours(24 * i64::from(days));
        let alone_since = self.consents.none_since(now).filter(|since| *since < self.expires);
        if past(self.expires, kept.expired_enrollments_days) {
            Some(Over::Ended)
        } else if alone_since.is_some_and(|since| past(since, kept.unconsented_enrollments_days)) {
            Some(Over::NoConsent)
        } else {
            None
        }
    }
}

impl Registry {
    /// Enrollments that must be gone, and why. Damaged ones say no date.
    pub fn over(&self, kept: &Kept, now: Timestamp) -> Result<Vec<(EnrollmentId, Over)>, RegistryError> {
        let mut found = Vec::new();
        self.each::<Enrollment>(ENROLLMENTS, |_, record| {
            found.extend(record.ok().and_then(|one| Some((one.id, one.over(kept, now)?))));
            true
        })?;
        Ok(found)
    }
}
