//! Consents: given with a factor or by themselves, renewed, withdrawn.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data, Form, Path, Query, ServiceConfig},
};
use jiff::Timestamp;
use sallyport_protocol::EnrollmentId;
use serde::Deserialize;

use super::{
    Desk,
    enrollments::{blocking, fault_of_day, missing, show_one},
    fault_of,
    pages::{Section, WithdrawPage, day, instant, key, last_day, rendered},
    redirect,
    session::Staff,
    upload::Upload,
};
use crate::registry::{Consent, Enrollment, Expiry, Given, Purpose, RegistryError};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/admin/enrollments/{id}/consent", web::post().to(give))
        .route("/admin/enrollments/{id}/withdraw", web::get().to(ask_withdraw))
        .route("/admin/enrollments/{id}/withdraw", web::post().to(withdraw));
}

/// What a form says of a consent; `None` where its box is not ticked. Otherwise the message that says what is wrong.
pub(super) fn given(
    upload: &Upload,
    field: &str,
    purpose: Purpose,
    language: &str,
    now: Timestamp,
) -> Result<Option<Given>, &'static str> {
    if upload.text(field) != "yes" {
        return Ok(None);
    }
    read(purpose, upload.text(&format!("{field}-until")), language, now).map(Some)
}

/// The consent that comes with a photograph or impressions, where it is not there already.
pub(super) fn given_with(
    request: &HttpRequest,
    desk: &Desk,
    upload: &Upload,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Given>, &'static str> {
    given(upload, "consent", purpose, desk.page(request, None, Section::Other).language, now)
}

fn read(purpose: Purpose, until: &str, language: &str, now: Timestamp) -> Result<Given, &'static str> {
    let last_day = match until.trim() {
        "" => None,
        day => Some(Expiry::parse(day, now).map_err(|error| fault_of_day(&error))?),
    };
    Ok(Given { purpose, last_day, language: language.to_owned() })
}

/// A consent that is given by itself, mostly anew before the last one ends.
#[derive(Deserialize)]
struct GivenForm {
    token: String,
    purpose: Purpose,
    #[serde(default)]
    consent: String,
    #[serde(default, rename = "consent-until")]
    until: String,
}

async fn give(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Form<GivenForm>,
) -> HttpResponse {
    if !staff.sent(&request, &form.token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let now = Timestamp::now();
    let language = desk.page(&request, None, Section::Other).language;
    let read = match form.consent.as_str() {
        "yes" => read(form.purpose, &form.until, language, now),
        _ => Err("fault-consent"),
    };
    let given = match read {
        Ok(given) => given,
        Err(fault) => {
            return show_one(&request, &desk, staff, id, StatusCode::UNPROCESSABLE_ENTITY, fault.into()).await;
        }
    };
    let (service, to) = (desk.0.service.clone(), staff.0.name.clone());
    match blocking(move || service.registry.give_consent(id, given, &to, now)).await {
        Ok(()) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, purpose = ?form.purpose, "consent given");
            redirect(&format!("/admin/enrollments/{id}?done=consent"))
        }
        Err(error @ RegistryError::Consent(_)) => {
            let (status, text) = fault_of(&error);
            show_one(&request, &desk, staff, id, status, text.into()).await
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

#[derive(Deserialize)]
struct Asked {
    purpose: Purpose,
}

async fn ask_withdraw(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    asked: Query<Asked>,
) -> HttpResponse {
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let (service, purpose, now) = (desk.0.service.clone(), asked.purpose, Timestamp::now());
    match blocking(move || service.registry.get(id)).await {
        Ok(enrollment) => {
            let others = |other: &&Purpose| **other != purpose;
            let last = Purpose::ALL.iter().filter(others).all(|&other| enrollment.consents.valid(other, now).is_none());
            let page = desk.page(&request, Some(staff.0), Section::Enrollments);
            let name = enrollment.name.as_str().to_owned();
            rendered(StatusCode::OK, &WithdrawPage { page, id, name, purpose, last })
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

#[derive(Deserialize)]
struct Withdrawn {
    token: String,
    purpose: Purpose,
}

async fn withdraw(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Form<Withdrawn>,
) -> HttpResponse {
    if !staff.sent(&request, &form.token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let (service, by, purpose) = (desk.0.service.clone(), staff.0.name.clone(), form.purpose);
    match blocking(move || service.registry.withdraw_consent(id, purpose, &by, Timestamp::now())).await {
        Ok(()) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, ?purpose, "consent withdrawn");
            redirect(&format!("/admin/enrollments/{id}?done=withdrawn"))
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

/// The consents of one enrollment, as its page shows them.
pub(super) struct Panel {
    /// What staff should do about them.
    pub(super) alert: Option<&'static str>,
    pub(super) purposes: Vec<Row>,
    pub(super) earlier: Vec<Shown>,
    /// The first and the last day that a consent given now may end on; `None`: the enrollment is over.
    pub(super) days: Option<(String, String)>,
}

/// A purpose, and the consent to it that counts.
pub(super) struct Row {
    /// Its name in messages and forms.
    pub(super) purpose: String,
    pub(super) last: Option<Shown>,
    pub(super) valid: bool,
    /// The message with the wording that is shown now.
    pub(super) wording: String,
}

/// A consent.
pub(super) struct Shown {
    pub(super) purpose: String,
    pub(super) standing: &'static str,
    pub(super) given_at: String,
    pub(super) given_to: String,
    pub(super) last_day: String,
    /// The message with the wording that was shown.
    pub(super) wording: String,
    /// When it was withdrawn, and who wrote it down.
    pub(super) withdrawn: Option<(String, String)>,
}

impl Panel {
    /// The consents of this enrollment, in which one that is given now ends then at the latest.
    pub(super) fn new(enrollment: &Enrollment, latest: Timestamp, now: Timestamp) -> Self {
        let consents = &enrollment.consents;
        let row = |&purpose: &Purpose| Row {
            purpose: key(&purpose),
            last: consents.last(purpose).map(|consent| Shown::new(consent, standing(consent, now))),
            valid: consents.valid(purpose, now).is_some(),
            wording: wording(purpose, purpose.wording()),
        };
        let counts = |consent: &Consent| consents.last(consent.purpose).is_some_and(|last| std::ptr::eq(last, consent));
        let earlier = consents.history().filter(|consent| !counts(consent)).map(|consent| {
            let replaced = if consent.withdrawn.is_some() { "withdrawn" } else { "replaced" };
            Shown::new(consent, replaced)
        });
        Self {
            alert: asking(enrollment, &now),
            purposes: Purpose::ALL.iter().map(row).collect(),
            earlier: earlier.collect(),
            days: (latest > now).then(|| (day(&now), last_day(&latest))),
        }
    }

    /// Whether a consent to this purpose counts.
    pub(super) fn covers(&self, purpose: &str) -> bool {
        self.purposes.iter().any(|row| row.purpose == purpose && row.valid)
    }
}

impl Shown {
    fn new(consent: &Consent, standing: &'static str) -> Self {
        Self {
            purpose: key(&consent.purpose),
            standing,
            given_at: instant(&consent.given_at),
            given_to: consent.given_to.clone(),
            last_day: last_day(&consent.until),
            wording: wording(consent.purpose, consent.wording),
            withdrawn: consent.withdrawn.as_ref().map(|withdrawn| (instant(&withdrawn.at), withdrawn.by.clone())),
        }
    }
}

/// What staff should do about somebody's consents, if anything.
pub(super) fn asking(enrollment: &Enrollment, now: &Timestamp) -> Option<&'static str> {
    if enrollment.consents.none_since(*now).is_some() {
        return Some("consent-none");
    }
    enrollment.consents.needs_asking(*now).then_some("consent-soon")
}

fn standing(consent: &Consent, now: Timestamp) -> &'static str {
    match consent {
        _ if consent.withdrawn.is_some() => "withdrawn",
        _ if consent.ends_soon(now) => "soon",
        _ if consent.is_valid(now) => "valid",
        _ => "ended",
    }
}

/// The message with this version of the wording.
pub(super) fn wording(purpose: Purpose, version: u32) -> String {
    format!("consent-{}-{version}", key(&purpose))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_wording::{LANGUAGES, Texts};
    use sha2::{Digest as _, Sha256};

    use super::{super::SOURCES, *};

    /// Every wording that somebody may have agreed to, and the beginning of the SHA-256 of its six texts.
    const AGREED_TO: [(Purpose, u32, &str); 4] = [
        (Purpose::FaceTrustedTraveler, 1, "ef43b55a383f3c52"),
        (Purpose::FingersTrustedTraveler, 1, "8ecde43847e897e8"),
        (Purpose::FaceTrustedTraveler, 2, "0aa68a26a6136e6f"),
        (Purpose::FingersTrustedTraveler, 2, "543938a8edfa3411"),
    ];

    #[test]
    fn what_people_agreed_to_stays_as_they_read_it() {
        let texts = Texts::load(SOURCES).unwrap();
        for (purpose, version, known) in AGREED_TO {
            let mut digest = Sha256::new();
            for (language, _) in LANGUAGES {
                digest.update(texts.of(language).unwrap()[&wording(purpose, version)].as_bytes());
            }
            let digest = hex::encode(&digest.finalize()[..8]);
            assert_eq!(
                digest, known,
                "{purpose:?} {version} was reworded: write a new version of it, and keep this one"
            );
        }
        for &purpose in Purpose::ALL {
            let newest = AGREED_TO.iter().filter(|known| known.0 == purpose).map(|known| known.1).max();
            assert_eq!(newest, Some(purpose.wording()), "what is shown now is pinned, too");
        }
    }

    #[test]
    fn every_message_that_is_put_together_exists() {
        let texts = Texts::load(SOURCES).unwrap();
        let mut named = vec!["consent-none".to_owned(), "consent-soon".to_owned()];
        named.extend(
            ["valid", "soon", "ended", "withdrawn", "replaced"].map(|standing| format!("consent-is-{standing}")),
        );
        named.extend(["consent-none", "consent-soon"].map(|alert| format!("list-{alert}")));
        named.extend(Purpose::ALL.iter().map(|purpose| format!("purpose-{}", key(purpose))));
        for name in named {
            assert!(texts.of("en").unwrap().contains_key(&name), "{name}");
        }
    }
}
