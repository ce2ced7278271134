//! The pages, as templates see them.

use std::{collections::BTreeMap, fmt::Display};

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use jiff::Timestamp;
use sallyport_privacy::{
    accounts::Login,
    audit::{Act, Entry, Report},
};
use sallyport_protocol::{
    CrossingRecord, Door, DoorMovementKind, EnrollmentId, EnrollmentStatus, FingerPosition, GateId, Outcome, Reason,
};
use sallyport_wording::{LANGUAGES, Texts, direction};
use serde::Serialize;

use super::{
    Role, StatedReason,
    consent::{Panel, asking, wording},
    fingers::Refused,
    secured,
    trail::Wanted,
};
use crate::{
    gates::{GateReport, GateTrail, TrailAlarm},
    proof::{KeysIn, Statement},
    registry::{Deletion, Enrollment, Listed, Only, Purpose},
};

/// A gate that has been silent for longer than this is marked, in seconds.
const SILENT_S: i64 = 120;

/// Where in the web admin a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Enrollments,
    Gates,
    Crossings,
    Audit,
    Other,
}

/// What every page has.
pub(super) struct Page<'a> {
    messages: Option<&'a BTreeMap<String, String>>,
    pub(super) language: &'static str,
    back: String,
    login: Option<Login<Role>>,
    section: Section,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        texts: &'a Texts,
        language: &'static str,
        back: String,
        login: Option<Login<Role>>,
        section: Section,
    ) -> Self {
        Self { messages: texts.of(language), language, back, login, section }
    }

    /// A message in the page's language. That all exist is tested.
    pub(super) fn t(&self, name: &str) -> &str {
        self.messages.and_then(|messages| messages.get(name)).map_or("…", String::as_str)
    }

    /// The message of this kind and name.
    fn t_of(&self, kind: &str, name: &str) -> &str {
        self.t(&format!("{kind}-{name}"))
    }

    /// The message by which people are asked now for their consent to comparing the face.
    fn wording_of_face(&self) -> String {
        wording(Purpose::FaceTrustedTraveler, Purpose::FaceTrustedTraveler.wording())
    }

    /// The same of fingers.
    fn wording_of_fingers(&self) -> String {
        wording(Purpose::FingersTrustedTraveler, Purpose::FingersTrustedTraveler.wording())
    }

    /// The message for a value of the protocol, such as `outcome-accepted`.
    fn of<T: Serialize + ?Sized>(&self, kind: &str, value: &T) -> &str {
        self.t(&format!("{kind}-{}", key(value)))
    }

    fn key<T: Serialize + ?Sized>(&self, value: &T) -> String {
        key(value)
    }

    fn reason(&self, reason: &Reason) -> &str {
        self.t(&format!("reason-{}-officer", reason.code()))
    }

    fn direction(&self) -> &'static str {
        direction(self.language)
    }

    fn languages(&self) -> &'static [(&'static str, &'static str)] {
        LANGUAGES
    }

    fn fingers(&self) -> &'static [FingerPosition] {
        FingerPosition::ALL
    }

    fn acts(&self) -> &'static [Act] {
        Act::ALL
    }

    fn is_stated(&self, why: &str) -> bool {
        why.parse::<StatedReason>().is_ok()
    }

    fn stated_reasons(&self) -> &'static [StatedReason] {
        StatedReason::ALL
    }

    /// The wording of a stated reason; other words of the trail have none.
    fn of_why(&self, why: &impl Display) -> &str {
        self.t(&format!("why-{why}"))
    }

    fn token(&self) -> &str {
        self.login.as_ref().map_or("", |login| login.token.as_str())
    }

    fn is_admin(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.role == Role::Admin)
    }

    fn current(&self, section: &str) -> &'static str {
        let here = match self.section {
            Section::Enrollments => "enrollments",
            Section::Gates => "gates",
            Section::Crossings => "crossings",
            Section::Audit => "audit",
            Section::Other => "",
        };
        if here == section { "page" } else { "false" }
    }
}

/// The name of a value of the protocol, as classes and messages have it.
pub(super) fn key<T: Serialize + ?Sized>(value: &T) -> String {
    let name = serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.replace('_', "-")));
    name.unwrap_or_default()
}

/// A page as an answer.
pub(super) fn rendered<T: Template>(status: StatusCode, page: &T) -> HttpResponse {
    match page.render() {
        Ok(html) => secured(HttpResponse::build(status)).content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            secured(HttpResponse::InternalServerError()).finish()
        }
    }
}

/// The login page.
#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct LoginPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) fault: Option<&'static str>,
}

/// Something was not done.
#[derive(Template)]
#[template(path = "fault.html")]
pub(super) struct FaultPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) text: &'static str,
}

/// The list of enrollments.
#[derive(Template)]
#[template(path = "enrollments.html")]
pub(super) struct EnrollmentsPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) search: String,
    pub(super) only: Only,
    pub(super) listed: Vec<Listed>,
    pub(super) count: usize,
    pub(super) now: Timestamp,
    pub(super) done: Option<&'static str>,
}

/// The form for a new enrollment.
#[derive(Template)]
#[template(path = "new.html")]
pub(super) struct NewPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) entered: Entered,
    pub(super) faults: Faults,
    pub(super) card_owner: Option<EnrollmentId>,
    pub(super) today: String,
}

/// What staff typed, to be shown again.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) name: String,
    pub(super) card: String,
    pub(super) expires: String,
    /// Name of a finger.
    pub(super) position: String,
    pub(super) face: EnteredConsent,
    pub(super) fingers: EnteredConsent,
}

/// What staff said of one consent.
#[derive(Default)]
pub(super) struct EnteredConsent {
    pub(super) given: bool,
    pub(super) until: String,
}

/// Messages beside fields.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) form: Option<&'static str>,
    pub(super) name: Option<&'static str>,
    pub(super) card: Option<&'static str>,
    pub(super) expires: Option<&'static str>,
    pub(super) consent_face: Option<&'static str>,
    pub(super) consent_fingers: Option<&'static str>,
    pub(super) photograph: Option<&'static str>,
    pub(super) finger: Option<Refused>,
}

/// One enrollment.
#[derive(Template)]
#[template(path = "enrollment.html")]
pub(super) struct EnrollmentPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) enrollment: Enrollment,
    pub(super) consent: Panel,
    pub(super) now: Timestamp,
    pub(super) told: Told,
}

/// Whether a consent shall really be withdrawn.
#[derive(Template)]
#[template(path = "withdraw.html")]
pub(super) struct WithdrawPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) id: EnrollmentId,
    pub(super) name: String,
    pub(super) purpose: Purpose,
    /// Whether there is a valid consent to nothing else.
    pub(super) last: bool,
}

/// What came of a form.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) done: Option<&'static str>,
    pub(super) fault: Option<&'static str>,
    /// Of impressions that were taken, 0 to 100.
    pub(super) qualities: Vec<u8>,
    pub(super) refused: Option<Refused>,
}

impl From<&'static str> for Told {
    fn from(fault: &'static str) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }
}

impl From<Refused> for Told {
    fn from(refused: Refused) -> Self {
        Self { refused: Some(refused), ..Self::default() }
    }
}

/// Whether an enrollment shall really be deleted.
#[derive(Template)]
#[template(path = "delete.html")]
pub(super) struct DeletePage<'a> {
    pub(super) page: Page<'a>,
    pub(super) id: EnrollmentId,
    /// The name, unless the record is damaged.
    pub(super) name: Option<String>,
}

/// Whether codes shall really be revoked.
#[derive(Template)]
#[template(path = "revoke.html")]
pub(super) struct RevokePage<'a> {
    pub(super) page: Page<'a>,
    /// Identifier and name of the one enrollment; `None`: all.
    pub(super) whose: Option<(EnrollmentId, String)>,
}

/// How one deletion stands.
#[derive(Template)]
#[template(path = "deletion.html")]
pub(super) struct DeletionPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) statement: Statement,
    /// What its certificate is verified by.
    pub(super) key: String,
    pub(super) done: Option<&'static str>,
}

/// The deletions.
#[derive(Template)]
#[template(path = "deletions.html")]
pub(super) struct DeletionsPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) deletions: Vec<Deletion>,
    pub(super) count: usize,
}

/// The gates.
#[derive(Template)]
#[template(path = "gates.html")]
pub(super) struct GatesPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) gates: Vec<GateRow>,
    pub(super) revision: u64,
    pub(super) now: Timestamp,
    pub(super) done: Option<&'static str>,
}

/// One gate, and what it said last.
pub(super) struct GateRow {
    pub(super) gate: GateId,
    pub(super) report: Option<GateReport>,
    pub(super) trail: Option<GateTrail>,
}

impl GateRow {
    fn alarm(&self) -> Option<&(TrailAlarm, Timestamp)> {
        self.trail.as_ref()?.alarm.as_ref()
    }
}

/// The audit trail.
#[derive(Template)]
#[template(path = "audit.html")]
pub(super) struct TrailPage<'a> {
    pub(super) page: Page<'a>,
    pub(super) wanted: Wanted,
    /// Newest first.
    pub(super) entries: Vec<Entry>,
    /// The link to older ones.
    pub(super) older: Option<String>,
    /// What came of verifying the whole.
    pub(super) report: Option<Report>,
}

/// Crossings, newest first.
#[derive(Template)]
#[template(path = "crossings.html")]
pub(super) struct CrossingsPage<'a> {
    pub(super) page: Page<'a>,
    /// `None` stands for a damaged record.
    pub(super) crossings: Vec<Option<CrossingRecord>>,
    pub(super) older: Option<String>,
    pub(super) first: bool,
}

/// How an enrollment stands: suspended, expired, to be renewed or active.
fn standing(enrollment: &Enrollment, now: &Timestamp) -> &'static str {
    match enrollment.status {
        EnrollmentStatus::Suspended => "suspended",
        EnrollmentStatus::Active if enrollment.expires <= *now => "expired",
        EnrollmentStatus::Active if enrollment.revoked.is_some() => "revoked",
        EnrollmentStatus::Active => "active",
    }
}

/// How an outcome is marked: accepted, refused, or neither.
fn weight(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted | Outcome::AcceptedByOfficer => "accepted",
        Outcome::Refused | Outcome::RefusedByOfficer | Outcome::Failed => "refused",
        Outcome::SentToDesk | Outcome::Abandoned | Outcome::Interrupted => "undecided",
    }
}

/// An instant, in UTC, to the second.
pub(super) fn instant(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

pub(super) fn day(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn clock(at: &Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}

/// The last day before an instant at which something ends.
pub(super) fn last_day(ends: &Timestamp) -> String {
    let inside = Timestamp::from_second(ends.as_second().saturating_sub(1)).unwrap_or(*ends);
    inside.strftime("%Y-%m-%d").to_string()
}

/// How many gates have forgotten the person, of how many.
fn forgotten(deletion: &Deletion) -> String {
    let done = deletion.gates.values().filter(|reached| reached.is_some()).count();
    format!("{done} / {}", deletion.gates.len())
}

fn silent(report: &GateReport, now: &Timestamp) -> bool {
    now.as_second().saturating_sub(report.at.as_second()) > SILENT_S
}

fn seconds(from: &Timestamp, to: &Timestamp) -> String {
    tenths(u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0))
}

fn tenths(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}

/// What a door did, and when.
type Movement = (&'static str, String);

/// What each door that moved was reported to do, in order.
fn movements(record: &CrossingRecord) -> Vec<(&'static str, Vec<Movement>)> {
    let of = |door: Door| -> Vec<Movement> {
        let of_door = record.doors.iter().filter(|movement| movement.door == door);
        let reported = of_door.filter_map(|movement| {
            let name = match movement.movement {
                DoorMovementKind::Opened => "movement-opened",
                DoorMovementKind::Closed => "movement-closed",
                DoorMovementKind::Passed => "movement-passed",
                DoorMovementKind::Obstructed => "movement-obstructed",
                DoorMovementKind::OpenOrdered | DoorMovementKind::CloseOrdered => return None,
            };
            Some((name, tenths(movement.at_ms)))
        });
        reported.collect()
    };
    let mut doors = vec![("door-entry", of(Door::Entry)), ("door-exit", of(Door::Exit))];
    doors.retain(|(_, moved)| !moved.is_empty());
    doors
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_last_day_is_the_day_before_the_end() {
        assert_eq!(last_day(&"2027-02-01T00:00:00Z".parse().unwrap()), "2027-01-31");
        assert_eq!(instant(&"2027-02-01T03:04:05.9Z".parse().unwrap()), "2027-02-01 03:04:05 UTC");
    }

    #[test]
    fn durations_have_tenths_and_are_never_negative() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        assert_eq!(seconds(&at(1_000), &at(10_450)), "9.4 s");
        assert_eq!(seconds(&at(1_000), &at(0)), "0.0 s");
    }
}
