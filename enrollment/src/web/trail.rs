//! The audit trail, to look through and to verify.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data, Query, ServiceConfig},
};
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use sallyport_privacy::audit::{self, Act};
use sallyport_protocol::EnrollmentId;
use serde::Deserialize;

use super::{
    Desk, Role,
    pages::{Section, TrailPage, rendered},
    session::Staff,
};

/// Entries on one page.
const SHOWN: usize = 100;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.route("/admin/audit", web::get().to(show));
}

/// What to look for, as it was typed; empty fields ask for nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) who: String,
    pub(super) act: String,
    pub(super) person: String,
    /// First and last day, in UTC.
    pub(super) since: String,
    pub(super) until: String,
    /// Entries of lower numbers only.
    below: Option<u64>,
    /// Whether the whole trail is to be verified.
    check: Option<String>,
}

impl Wanted {
    /// What is no act, day or person fits nothing, rather than everything.
    fn parse(&self) -> Option<(audit::Query, Option<EnrollmentId>)> {
        let query = audit::Query {
            who: stated(&self.who).map(str::to_owned),
            act: stated(&self.act).map(str::parse::<Act>).transpose().ok()?,
            since: stated(&self.since).map(begins).transpose().ok()?,
            until: stated(&self.until).map(ends).transpose().ok()?,
            below: self.below,
            ..audit::Query::default()
        };
        Some((query, stated(&self.person).map(str::parse).transpose().ok()?))
    }

    /// The link to what is older than this entry.
    fn older(&self, below: u64) -> String {
        let Self { who, act, person, since, until, .. } = self;
        let fields = [("who", who), ("act", act), ("person", person), ("since", since), ("until", until)];
        let mut form = form_urlencoded(fields.iter().filter(|(_, value)| !value.is_empty()));
        form.push_str(&format!("below={below}"));
        format!("/admin/audit?{form}")
    }
}

fn stated(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn begins(day: &str) -> Result<Timestamp, jiff::Error> {
    midnight(day.parse()?)
}

fn ends(day: &str) -> Result<Timestamp, jiff::Error> {
    midnight(day.parse::<Date>()?.checked_add(1.day())?)?.checked_sub(1.nanosecond())
}

fn midnight(before: Date) -> Result<Timestamp, jiff::Error> {
    Ok(before.to_datetime(Time::midnight()).to_zoned_datetime(TimeZone::UTC)?.timestamp())
}

/// Fields of a link, each followed by `&` (the percent-encoding of WHATWG URL, 5.2, of all but letters, digits, `.` and `-`).
fn form_urlencoded<'a>(fields: impl Iterator<Item = &'a (&'static str, &'a String)>) -> String {
    let mut form = String::new();
    for (name, value) in fields {
        form.push_str(name);
        form.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => form.push(char::from(byte)),
                _ => form.push_str(&format!("%{byte:02X}")),
            }
        }
        form.push('&');
    }
    form
}

async fn show(request: HttpRequest, desk: Data<Desk>, staff: Staff, wanted: Query<Wanted>) -> HttpResponse {
    if staff.0.role != Role::Admin {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-admin-only");
    }
    let (service, wanted) = (desk.0.service.clone(), wanted.into_inner());
    let asked = wanted.clone();
    let found = web::block(move || {
        let found = match asked.parse() {
            Some((query, person)) => service.audit.search(query, person, SHOWN)?,
            None => Vec::new(),
        };
        let report = asked.check.is_some().then(|| service.audit.verify()).transpose()?;
        anyhow::Ok((found, report))
    });
    match found.await.map_err(anyhow::Error::from).flatten() {
        Ok((mut entries, report)) => {
            entries.reverse();
            let older = entries.last().filter(|_| entries.len() == SHOWN).map(|last| wanted.older(last.n));
            let page = desk.page(&request, Some(staff.0), Section::Audit);
            rendered(StatusCode::OK, &TrailPage { page, wanted, entries, older, report })
        }
        Err(error) => {
            tracing::error!(%error, "the audit trail cannot be shown");
            desk.fault(&request, staff.0, StatusCode::INTERNAL_SERVER_ERROR, "fault-store")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_typed_is_looked_for_and_what_is_no_day_or_person_fits_nothing() {
        let id = EnrollmentId::random();
        let typed = |person: &str, since: &str| Wanted {
            who: " ana ".into(),
            act: "log_in".into(),
            person: person.into(),
            since: since.into(),
            until: "2026-03-01".into(),
            ..Wanted::default()
        };
        let (query, person) = typed(&id.to_string(), "2026-03-01").parse().unwrap();
        assert_eq!((query.who.as_deref(), query.act, person), (Some("ana"), Some(Act::LogIn), Some(id)));
        assert_eq!(query.since.unwrap().to_string(), "2026-03-01T00:00:00Z");
        assert_eq!(query.until.unwrap().to_string(), "2026-03-01T23:59:59.999999999Z");
        assert!(typed("", "").parse().is_some_and(|(query, person)| query.since.is_none() && person.is_none()));
        assert!(typed("Ana Silva", "").parse().is_none() && typed("", "yesterday").parse().is_none());
        let wanted = Wanted { who: "a&b é".into(), ..Wanted::default() };
        assert_eq!(wanted.older(7), "/admin/audit?who=a%26b%20%C3%A9&below=7");
    }
}
