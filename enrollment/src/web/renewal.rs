//! Codes that are revoked, of one enrollment or of all: face or fingers are taken anew afterwards.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data, Form, Path, ServiceConfig},
};
use jiff::Timestamp;
use sallyport_protocol::EnrollmentId;

use super::{
    Desk, Role,
    enrollments::{blocking, missing},
    pages::{RevokePage, Section, rendered},
    redirect,
    session::{Staff, Token},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/admin/revoke", web::get().to(ask_all))
        .route("/admin/revoke", web::post().to(revoke_all))
        .route("/admin/enrollments/{id}/revoke", web::get().to(ask_one))
        .route("/admin/enrollments/{id}/revoke", web::post().to(revoke_one));
}

async fn ask_all(request: HttpRequest, desk: Data<Desk>, staff: Staff) -> HttpResponse {
    if staff.0.role != Role::Admin {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-admin-only");
    }
    let page = desk.page(&request, Some(staff.0), Section::Enrollments);
    rendered(StatusCode::OK, &RevokePage { page, whose: None })
}

async fn ask_one(request: HttpRequest, desk: Data<Desk>, staff: Staff, id: Path<String>) -> HttpResponse {
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let service = desk.0.service.clone();
    match blocking(move || service.registry.get(id)).await {
        Ok(enrollment) => {
            let page = desk.page(&request, Some(staff.0), Section::Enrollments);
            let whose = Some((id, enrollment.name.as_str().to_owned()));
            rendered(StatusCode::OK, &RevokePage { page, whose })
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

async fn revoke_all(request: HttpRequest, desk: Data<Desk>, staff: Staff, form: Form<Token>) -> HttpResponse {
    if !staff.sent(&request, &form.token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    if staff.0.role != Role::Admin {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-admin-only");
    }
    let service = desk.0.service.clone();
    match blocking(move || service.registry.revoke_all(Timestamp::now())).await {
        Ok(revoked) => {
            tracing::warn!(account = %staff.0.name, revoked, "all codes revoked");
            redirect("/admin/enrollments?only=revoked&done=revoked-all")
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

async fn revoke_one(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    form: Form<Token>,
) -> HttpResponse {
    if !staff.sent(&request, &form.token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    let Ok(id) = id.parse::<EnrollmentId>() else { return missing(&request, &desk, staff) };
    let service = desk.0.service.clone();
    match blocking(move || service.registry.revoke(id, Timestamp::now())).await {
        Ok(()) => {
            tracing::info!(account = %staff.0.name, enrollment = %id, "codes revoked");
            redirect(&format!("/admin/enrollments/{id}?done=revoked"))
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}
