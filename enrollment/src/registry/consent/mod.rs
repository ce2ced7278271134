//! What a person consented to, until when and by which wording: without a valid consent to a purpose there is none of its
//! codes.
//!
//! A consent is to one purpose, ends by itself, and is withdrawn as easily as it was given (GDPR Articles 4(11), 7(3) and
//! 9(2)(a)). That it was given must be shown for as long as something rests on it (Article 7(1)), so earlier consents are
//! kept beside the present one until the enrollment is deleted. Once a consent is over, its codes are destroyed
//! (Article 17(1)(b)); an enrollment without any consent is deleted a few days later ([`Registry::over`]).

use jiff::{SignedDuration, Timestamp};
use sallyport_protocol::EnrollmentId;
use serde::{Deserialize, Serialize};

use super::{Applicant, ENROLLMENTS, Enrollment, Expiry, Registry, RegistryError, renewal::Factor};

/// The longest consent, in days, where the configuration says nothing else: five years, as long as memberships in trusted
/// traveler programs usually last. Nobody still knows after more what they once agreed to.
pub const CONSENT_DAYS_MAX: u16 = 1_826;
/// A consent with fewer days left ends soon.
pub const ENDS_SOON_DAYS: i64 = 30;
/// Most consents to one purpose that are kept, the last ones. That earlier ones were given stays in the audit trail.
const KEPT_OF_A_PURPOSE: usize = 24;
/// The wording that people were shown before its versions were counted.
const FIRST_WORDING: u32 = 1;

/// What somebody's codes may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Comparing the face when its owner's card is presented at a gate.
    FaceTrustedTraveler,
    /// Comparing fingers, likewise.
    FingersTrustedTraveler,
}

impl Purpose {
    /// Every purpose there is.
    pub const ALL: &'static [Self] = &[Self::FaceTrustedTraveler, Self::FingersTrustedTraveler];

    /// The version of the wording that people are shown now: message `consent-PURPOSE-VERSION` in `admin.ftl`. Another
    /// wording is another message with the next version; earlier ones stay as they were, for those who agreed to them.
    pub const fn wording(self) -> u32 {
        match self {
            Self::FaceTrustedTraveler | Self::FingersTrustedTraveler => 2,
        }
    }
}

/// Why a consent cannot be written down, or something not be done for want of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentError {
    /// It was not given, was withdrawn, or is over.
    #[error("there is no valid consent to {0:?}: ask the person for it first")]
    Missing(Purpose),
    /// Longer than the policy allows, or than the enrollment lasts.
    #[error("this consent may last until {latest} at most: choose an earlier day")]
    TooLong {
        /// The latest end that it may have.
        latest: Timestamp,
    },
    /// The enrollment's last day has passed.
    #[error("the enrollment is over, and with it every consent: delete it and enroll the person anew")]
    Over,
}

/// A consent that somebody is just giving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// To what.
    pub purpose: Purpose,
    /// Its last day; `None`: as late as it may be.
    pub last_day: Option<Expiry>,
    /// The language in which the wording was shown, such as `en`.
    pub language: String,
}

/// A consent that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// To what.
    pub purpose: Purpose,
    /// When it was given.
    pub given_at: Timestamp,
    /// The account to which it was given.
    pub given_to: String,
    /// When it ends by itself.
    pub until: Timestamp,
    /// Version of the wording that was shown.
    pub wording: u32,
    /// The language in which it was shown, where that is known.
    #[serde(default)]
    pub language: Option<String>,
    /// That it was withdrawn.
    #[serde(default)]
    pub withdrawn: Option<Withdrawal>,
}

/// A consent's withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// When.
    pub at: Timestamp,
    /// The account that wrote it down.
    pub by: String,
}

impl Consent {
    /// When it ends, or ended.
    pub fn ends(&self) -> Timestamp {
        self.withdrawn.as_ref().map_or(self.until, |withdrawn| withdrawn.at.min(self.until))
    }

    /// Whether codes may be kept and compared on its ground. A clock that is set back brings no withdrawn one back.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.withdrawn.is_none() && self.until > now
    }

    /// Whether it is valid, but not for long.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        let left = self.until.duration_since(now);
        self.is_valid(now) && left < SignedDuration::from_hours(24 * ENDS_SOON_DAYS)
    }
}

/// The consents of one person, in the order in which they were given. To each purpose the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consents(Vec<Consent>);

impl Consents {
    /// All that are kept, the last one first.
    pub fn history(&self) -> impl Iterator<Item = &Consent> {
        self.0.iter().rev()
    }

    /// The one that counts, valid or not.
    pub fn last(&self, purpose: Purpose) -> Option<&Consent> {
        self.history().find(|consent| consent.purpose == purpose)
    }

    /// The one that counts, if it is valid.
    pub fn valid(&self, purpose: Purpose, now: Timestamp) -> Option<&Consent> {
        self.last(purpose).filter(|consent| consent.is_valid(now))
    }

    /// Since when there is no valid consent to anything; `None` while there is one.
    pub fn none_since(&self, now: Timestamp) -> Option<Timestamp> {
        let last = || Purpose::ALL.iter().filter_map(|&purpose| self.last(purpose));
        if last().any(|consent| consent.is_valid(now)) { None } else { last().map(Consent::ends).max() }
    }

    /// Whether one that counts ends soon, or none is valid any more: somebody should ask the person.
    pub fn needs_asking(&self, now: Timestamp) -> bool {
        let soon = |purpose: &Purpose| self.last(*purpose).is_some_and(|consent| consent.ends_soon(now));
        self.none_since(now).is_some() || Purpose::ALL.iter().any(soon)
    }

    /// Refuses where there is no valid consent.
    pub(super) fn require(&self, purpose: Purpose, now: Timestamp) -> Result<(), ConsentError> {
        self.valid(purpose, now).map(drop).ok_or(ConsentError::Missing(purpose))
    }

    /// Writes down a consent that is given now and may not end later than this.
    pub(super) fn give(
        &mut self,
        given: Given,
        latest: Timestamp,
        to: &str,
        now: Timestamp,
    ) -> Result<(), ConsentError> {
        let until = given.last_day.map_or(latest, Expiry::timestamp);
        if latest <= now {
            return Err(ConsentError::Over);
        }
        if until > latest {
            return Err(ConsentError::TooLong { latest });
        }
        let purpose = given.purpose;
        let (given_to, wording, language) = (to.to_owned(), purpose.wording(), Some(given.language));
        self.0.push(Consent { purpose, given_at: now, given_to, until, wording, language, withdrawn: None });
        let of_it = self.0.iter().filter(|consent| consent.purpose == purpose).count();
        if of_it > KEPT_OF_A_PURPOSE
            && let Some(oldest) = self.0.iter().position(|consent| consent.purpose == purpose)
        {
            self.0.remove(oldest);
        }
        Ok(())
    }

    fn withdraw(&mut self, purpose: Purpose, by: &str, now: Timestamp) -> Result<(), ConsentError> {
        let last = self.0.iter_mut().rev().find(|consent| consent.purpose == purpose);
        let valid = last.filter(|consent| consent.is_valid(now)).ok_or(ConsentError::Missing(purpose))?;
        valid.withdrawn = Some(Withdrawal { at: now, by: by.to_owned() });
        Ok(())
    }
}

/// The one consent of a record of before each purpose had its own.
#[derive(Debug, Deserialize)]
pub(super) struct EarlierConsent {
    at: Timestamp,
    taken_by: String,
}

impl Enrollment {
    /// Takes over the consent of an earlier version. Its wording named the face, and fingers where they were taken; for each
    /// impression it was asked for again. It was to end with the enrollment.
    pub(super) fn take_over(&mut self, earlier: EarlierConsent) {
        let until = self.expires;
        let consent = |purpose, given_at, given_to| Consent {
            purpose,
            given_at,
            given_to,
            until,
            wording: FIRST_WORDING,
            language: None,
            withdrawn: None,
        };
        let mut consents = Vec::new();
        if self.holds_codes(Purpose::FaceTrustedTraveler) {
            consents.push(consent(Purpose::FaceTrustedTraveler, earlier.at, earlier.taken_by.clone()));
        }
        if self.holds_codes(Purpose::FingersTrustedTraveler) {
            let (at, by) = (self.fingers_at.unwrap_or(earlier.at), self.fingers_by.clone());
            consents.push(consent(Purpose::FingersTrustedTraveler, at, by.unwrap_or(earlier.taken_by)));
        }
        self.consents = Consents(consents);
    }

    /// Whether there are codes for this purpose.
    pub fn holds_codes(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::FaceTrustedTraveler => self.code.is_some(),
            Purpose::FingersTrustedTraveler => !self.fingers.is_empty(),
        }
    }

    /// Purposes for which there are codes and no valid consent.
    fn unconsented(&self, now: Timestamp) -> impl Iterator<Item = Purpose> {
        let without =
            move |purpose: &Purpose| self.holds_codes(*purpose) && self.consents.valid(*purpose, now).is_none();
        Purpose::ALL.iter().copied().filter(without)
    }

    /// Destroys the codes for a purpose, and waits for none to be taken anew. Their seed will never be used again.
    fn forget(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::FaceTrustedTraveler => {
                (self.code, self.model) = (None, None);
                (self.photographed_by, self.photographed_at) = (None, None);
                self.version = self.version.saturating_add(1);
                self.renewed(Factor::Face);
            }
            Purpose::FingersTrustedTraveler => {
                self.fingers.clear();
                (self.fingers_by, self.fingers_at) = (None, None);
                self.finger_version = self.finger_version.saturating_add(1);
                self.renewed(Factor::Fingers);
            }
        }
    }
}

impl Registry {
    /// With another longest consent, in days.
    #[must_use]
    pub fn with_consent_days_max(self, consent_days_max: u16) -> Self {
        Self { consent_days_max, ..self }
    }

    /// The latest end of a consent that is given now, in an enrollment that ends then.
    pub fn latest_consent(&self, enrollment_ends: Timestamp, now: Timestamp) -> Timestamp {
        enrollment_ends.min(Expiry::in_days(self.consent_days_max, now).timestamp())
    }

    /// The consents of somebody who is enrolled now, who must consent to each factor that is taken.
    pub(super) fn consents_of(
        &self,
        applicant: &Applicant,
        face: bool,
        fingers: bool,
        by: &str,
        now: Timestamp,
    ) -> Result<Consents, ConsentError> {
        let mut consents = Consents::default();
        let latest = self.latest_consent(applicant.expires.timestamp(), now);
        for given in &applicant.consents {
            consents.give(given.clone(), latest, by, now)?;
        }
        let taken = [(face, Purpose::FaceTrustedTraveler), (fingers, Purpose::FingersTrustedTraveler)];
        let mut needed = taken.into_iter().filter_map(|(is_taken, purpose)| is_taken.then_some(purpose));
        needed.try_for_each(|purpose| consents.require(purpose, now))?;
        Ok(consents)
    }

    /// Writes down that a person consents, for the first time or anew.
    pub fn give_consent(&self, id: EnrollmentId, given: Given, to: &str, now: Timestamp) -> Result<(), RegistryError> {
        let mut last = self.locked();
        let mut enrollment = self.get(id)?;
        enrollment.consents.give(given, self.latest_consent(enrollment.expires, now), to, now)?;
        self.write(&mut last, enrollment, Vec::new())
    }

    /// Writes down that a person does not consent any more, and destroys the codes for that purpose.
    pub fn withdraw_consent(
        &self,
        id: EnrollmentId,
        purpose: Purpose,
        by: &str,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        let mut last = self.locked();
        let mut enrollment = self.current(id, now)?;
        enrollment.consents.withdraw(purpose, by, now)?;
        enrollment.forget(purpose);
        self.rewrite(&mut last, vec![enrollment])
    }

    /// Enrollments with codes that no consent covers any more.
    pub fn unconsented(&self, now: Timestamp) -> Result<Vec<EnrollmentId>, RegistryError> {
        let mut found = Vec::new();
        self.each::<Enrollment>(ENROLLMENTS, |_, record| {
            found.extend(record.ok().filter(|one| one.unconsented(now).next().is_some()).map(|one| one.id));
            true
        })?;
        Ok(found)
    }

    /// Destroys the codes that no consent covers any more, and tells for which purposes.
    pub fn forget_unconsented(&self, id: EnrollmentId, now: Timestamp) -> Result<Vec<Purpose>, RegistryError> {
        let mut last = self.locked();
        let mut enrollment = self.get(id)?;
        let over: Vec<Purpose> = enrollment.unconsented(now).collect();
        if !over.is_empty() {
            over.iter().for_each(|&purpose| enrollment.forget(purpose));
            self.rewrite(&mut last, vec![enrollment])?;
        }
        Ok(over)
    }
}

#[cfg(test)]
mod tests;
