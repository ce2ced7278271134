//! What a person has a right to: all that is held on them, machine-readable.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, Form, Path, ServiceConfig},
};
use jiff::Timestamp;
use sallyport_protocol::EnrollmentId;

use super::{
    Desk, Role,
    enrollments::blocking,
    secured,
    session::{Staff, Token},
};
use crate::{registry::RegistryError, serve::Service};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.route("/admin/enrollments/{id}/export", web::post().to(export));
}

async fn export(
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
    let Ok(id) = id.parse::<EnrollmentId>() else {
        return desk.fault(&request, staff.0, StatusCode::NOT_FOUND, "fault-missing");
    };
    let service = desk.0.service.clone();
    match blocking(move || held(&service, id, Timestamp::now())).await {
        Ok(held) => secured(HttpResponse::Ok())
            .content_type("application/json")
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"enrollment-{id}.json\"")))
            .body(held),
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

/// All that is held on one person: the enrollment with its codes, its crossings as gates reported them, and who did what to it.
fn held(service: &Service, id: EnrollmentId, now: Timestamp) -> Result<String, RegistryError> {
    let enrollment = service.registry.get(id)?;
    let crossings = service.crossings.of(id)?;
    let audit = service
        .audit
        .about(id)
        .map_err(|error| sallyport_store::StoreError::Disk(format!("the audit trail cannot be read: {error}")))?;
    let held = serde_json::json!({
        "exported": now,
        "enrollment": enrollment,
        "crossings": crossings,
        "audit": audit,
    });
    Ok(format!("{held:#}\n"))
}
