//! Enrollments: list, enroll, look, suspend, resume, photograph anew, add fingers, delete.

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data, Form, Path, Query, ServiceConfig},
};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use sallyport_privacy::accounts::Login;
use sallyport_protocol::{EnrollmentId, EnrollmentStatus, FingerPosition};
use serde::Deserialize;

use super::{
    Desk, Role, fault_of, fingers,
    fingers::Refused,
    pages::{DeletePage, EnrollmentPage, EnrollmentsPage, Entered, Faults, NewPage, Section, Told, rendered},
    redirect,
    session::{Staff, Token},
    upload::Upload,
};
use crate::registry::{Applicant, Expiry, PersonError, PersonName, PortraitError, RegistryError};

/// Most enrollments shown at once.
const LISTED_MAX: usize = 200;
/// To what a person consents; its wording is the message `purpose-trusted-traveler`.
const PURPOSE: &str = "trusted-traveler";
/// The finger that a form proposes first: the one that most people place well.
const USUAL_FINGER: FingerPosition = FingerPosition::RightIndex;
/// The longest search, in characters.
const SEARCH_CHARS_MAX: usize = 200;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/admin/enrollments", web::get().to(list))
        .route("/admin/enrollments", web::post().to(enroll))
        .route("/admin/enrollments/new", web::get().to(new))
        .route("/admin/enrollments/{id}", web::get().to(show))
        .route("/admin/enrollments/{id}/suspend", web::post().to(suspend))
        .route("/admin/enrollments/{id}/resume", web::post().to(resume))
        .route("/admin/enrollments/{id}/photograph", web::post().to(photograph))
        .route("/admin/enrollments/{id}/fingers", web::post().to(fingers::add))
        .route("/admin/enrollments/{id}/delete", web::get().to(ask_delete))
        .route("/admin/enrollments/{id}/delete", web::post().to(delete));
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    search: String,
    done: Option<String>,
}

async fn list(request: HttpRequest, desk: Data<Desk>, staff: Staff, asked: Query<Listing>) -> HttpResponse {
    let search: String = asked.search.trim().chars().take(SEARCH_CHARS_MAX).collect();
    let (service, wanted) = (desk.0.service.clone(), search.clone());
    let found = match blocking(move || service.registry.list(&wanted, LISTED_MAX)).await {
        Ok(found) => found,
        Err(error) => return desk.failed(&request, staff.0, &error),
    };
    let (listed, count) = found;
    let page = desk.page(&request, Some(staff.0), Section::Enrollments);
    let done = asked.done.as_deref().and_then(done_text);
    rendered(StatusCode::OK, &EnrollmentsPage { page, search, listed, count, now: Timestamp::now(), done })
}

async fn new(request: HttpRequest, desk: Data<Desk>, staff: Staff) -> HttpResponse {
    let entered = Entered { expires: in_a_year(), position: USUAL_FINGER.name().to_owned(), ..Entered::default() };
    new_page(&request, &desk, staff.0, StatusCode::OK, entered, Faults::default(), None)
}

fn new_page(
    request: &HttpRequest,
    desk: &Desk,
    login: Login<Role>,
    status: StatusCode,
    entered: Entered,
    faults: Faults,
    card_owner: Option<EnrollmentId>,
) -> HttpResponse {
    let page = desk.page(request, Some(login), Section::Enrollments);
    rendered(status, &NewPage { page, entered, faults, card_owner, today: day(Timestamp::now()) })
}

async fn enroll(request: HttpRequest, desk: Data<Desk>, staff: Staff, form: Multipart) -> HttpResponse {
    let upload = match desk.received(&request, &staff, form).await {
        Ok(upload) => upload,
        Err(refused) => return refused,
    };
    let now = Timestamp::now();
    let entered = Entered {
        name: upload.text("name").to_owned(),
        card: upload.text("card").to_owned(),
        expires: upload.text("expires").to_owned(),
        position: upload.text("position").to_owned(),
        consent: upload.text("consent") == "yes",
    };
    let again = |faults, owner| {
        new_page(&request, &desk, staff.0.clone(), StatusCode::UNPROCESSABLE_ENTITY, entered, faults, owner)
    };
    let applicant = match applicant(&upload, now) {
        Ok(applicant) => applicant,
        Err(faults) => return again(*faults, None),
    };
    let (service, by) = (desk.0.service.clone(), staff.0.name.clone());
    let enrolled = blocking(move || {
        let position = upload.text("position").to_owned();
        let face = match upload.photograph {
            Err(PortraitError::Missing) => None,
            photograph => Some(service.portraits.template(photograph?)?),
        };
        let impressions = fingers::read(&service.fingerprints, &position, upload.impressions)?;
        let id = service.registry.enroll(applicant, face.as_ref().map(Into::into), &impressions, &by, now)?;
        Ok((id, fingers::qualities(&impressions)))
    });
    match enrolled.await {
        Ok((id, qualities)) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, "enrolled");
            redirect(&format!("/admin/enrollments/{id}?done=enrolled&quality={qualities}"))
        }
        Err(EnrollError::Finger(refused)) => again(Faults { finger: Some(refused), ..Faults::default() }, None),
        Err(EnrollError::Registry(error @ RegistryError::NoFactor)) => {
            again(Faults { form: Some(fault_of(&error).1), ..Faults::default() }, None)
        }
        Err(EnrollError::Portrait(error)) => {
            again(Faults { photograph: Some(error.text()), ..Faults::default() }, None)
        }
        Err(EnrollError::Registry(RegistryError::CardTaken(owner))) => {
            again(Faults { card: Some("fault-card-taken"), ..Faults::default() }, Some(owner))
        }
        Err(EnrollError::Registry(error)) => {
            tracing::error!(%error, account = %staff.0.name, "not enrolled");
            let (status, text) = fault_of(&error);
            let faults = Faults { form: Some(text), ..Faults::default() };
            new_page(&request, &desk, staff.0.clone(), status, Entered::default(), faults, None)
        }
    }
}

/// Reads what staff typed; otherwise what is wrong, beside each field.
fn applicant(upload: &Upload, now: Timestamp) -> Result<Applicant, Box<Faults>> {
    let name = PersonName::try_from(upload.text("name").to_owned()).map_err(|_| "fault-name");
    let card = upload.text("card").parse().map_err(|_| "fault-card");
    let expires = Expiry::parse(upload.text("expires").trim(), now).map_err(|error| match error {
        PersonError::Past => "fault-past",
        _ => "fault-date",
    });
    let consent = if upload.text("consent") == "yes" { Ok(()) } else { Err("fault-consent") };
    match (name, card, expires, consent) {
        (Ok(name), Ok(card), Ok(expires), Ok(())) => {
            Ok(Applicant { name, card, expires, consent_purpose: PURPOSE.to_owned() })
        }
        (name, card, expires, consent) => Err(Box::new(Faults {
            name: name.err(),
            card: card.err(),
            expires: expires.err(),
            consent: consent.err(),
            ..Faults::default()
        })),
    }
}

#[derive(Deserialize)]
struct Done {
    done: Option<String>,
    /// Of impressions that were taken.
    quality: Option<String>,
}

async fn show(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    asked: Query<Done>,
) -> HttpResponse {
    let Ok(id) = id.parse() else { return missing(&request, &desk, staff) };
    let told = Told {
        done: asked.done.as_deref().and_then(done_text),
        qualities: fingers::shown_qualities(asked.quality.as_deref()),
        ..Told::default()
    };
    show_one(&request, &desk, staff, id, StatusCode::OK, told).await
}

pub(super) async fn show_one(
    request: &HttpRequest,
    desk: &Desk,
    staff: Staff,
    id: EnrollmentId,
    status: StatusCode,
    told: Told,
) -> HttpResponse {
    let service = desk.0.service.clone();
    match blocking(move || service.registry.get(id)).await {
        Ok(enrollment) => {
            let page = desk.page(request, Some(staff.0), Section::Enrollments);
            rendered(status, &EnrollmentPage { page, enrollment, now: Timestamp::now(), told })
        }
        Err(error) => desk.failed(request, staff.0, &error),
    }
}

async fn suspend(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Form<Token>,
) -> HttpResponse {
    set_status(request, desk, staff, &id, &form.token, EnrollmentStatus::Suspended).await
}

async fn resume(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Form<Token>,
) -> HttpResponse {
    set_status(request, desk, staff, &id, &form.token, EnrollmentStatus::Active).await
}

async fn set_status(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: &str,
    token: &str,
    status: EnrollmentStatus,
) -> HttpResponse {
    if !staff.sent(&request, token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let service = desk.0.service.clone();
    match blocking(move || service.registry.set_status(id, status)).await {
        Ok(()) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, ?status, "status set");
            let done = if status == EnrollmentStatus::Active { "resumed" } else { "suspended" };
            redirect(&format!("/admin/enrollments/{id}?done={done}"))
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

async fn photograph(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Multipart,
) -> HttpResponse {
    let upload = match desk.received(&request, &staff, form).await {
        Ok(upload) => upload,
        Err(refused) => return refused,
    };
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let (service, by) = (desk.0.service.clone(), staff.0.name.clone());
    let taken = blocking(move || {
        let face = service.portraits.template(upload.photograph?)?;
        Ok(service.registry.rephotograph(id, (&face).into(), &by, Timestamp::now())?)
    });
    match taken.await {
        Ok(()) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, "photographed anew");
            redirect(&format!("/admin/enrollments/{id}?done=photographed"))
        }
        Err(EnrollError::Portrait(error)) => {
            show_one(&request, &desk, staff, id, StatusCode::UNPROCESSABLE_ENTITY, error.text().into()).await
        }
        Err(EnrollError::Registry(error)) => desk.failed(&request, staff.0, &error),
        Err(EnrollError::Finger(refused)) => {
            show_one(&request, &desk, staff, id, StatusCode::UNPROCESSABLE_ENTITY, refused.into()).await
        }
    }
}

async fn ask_delete(request: HttpRequest, desk: Data<Desk>, staff: Staff, id: Path<String>) -> HttpResponse {
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let service = desk.0.service.clone();
    let name = match blocking(move || service.registry.get(id)).await {
        Ok(enrollment) => Some(enrollment.name.as_str().to_owned()),
        Err(error @ RegistryError::Unknown(_)) => return desk.failed(&request, staff.0, &error),
        Err(_) => None, // a damaged one may be deleted too
    };
    let page = desk.page(&request, Some(staff.0), Section::Enrollments);
    rendered(StatusCode::OK, &DeletePage { page, id, name })
}

async fn delete(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Form<Token>,
) -> HttpResponse {
    if !staff.sent(&request, &form.token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    if staff.0.role != Role::Admin {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-admin-only");
    }
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let service = desk.0.service.clone();
    match blocking(move || service.registry.delete(id)).await {
        Ok(()) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, "deleted");
            redirect("/admin/enrollments?done=deleted")
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

pub(super) fn missing(request: &HttpRequest, desk: &Desk, staff: Staff) -> HttpResponse {
    desk.fault(request, staff.0, StatusCode::NOT_FOUND, "fault-missing")
}

#[derive(Debug, thiserror::Error)]
enum EnrollError {
    #[error(transparent)]
    Portrait(#[from] PortraitError),
    #[error(transparent)]
    Finger(#[from] Refused),
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Work that waits for the disk or the nets, off the event loop.
pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<RegistryError> + Send + 'static,
{
    // The pool fails only when the work panicked or the service stops.
    let stopped = |_| RegistryError::Store(sallyport_store::StoreError::Disk("the work was cut short".into()));
    web::block(work).await.map_err(stopped)?
}

fn done_text(done: &str) -> Option<&'static str> {
    let known =
        ["done-enrolled", "done-suspended", "done-resumed", "done-photographed", "done-fingers", "done-deleted"];
    known.into_iter().find(|text| text.strip_prefix("done-") == Some(done))
}

fn in_a_year() -> String {
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    today.checked_add(1.year()).unwrap_or(today).to_string()
}

fn day(at: Timestamp) -> String {
    at.to_zoned_datetime(TimeZone::UTC).date().to_string()
}
