//! Deletions: which there were, how each stands, and its certificate.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, Path, Query, ServiceConfig},
};
use jiff::Timestamp;
use sallyport_protocol::EnrollmentId;
use serde::Deserialize;

use super::{
    Desk,
    enrollments::{blocking, done_text},
    pages::{DeletionPage, DeletionsPage, Section, rendered},
    secured,
    session::Staff,
};
use crate::{proof::Statement, registry::RegistryError};

/// Most deletions shown at once.
const LISTED_MAX: usize = 200;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/admin/deletions", web::get().to(list))
        .route("/admin/deletions/{id}", web::get().to(show))
        .route("/admin/deletions/{id}/certificate", web::get().to(certificate));
}

async fn list(request: HttpRequest, desk: Data<Desk>, staff: Staff) -> HttpResponse {
    let service = desk.0.service.clone();
    match blocking(move || service.registry.deletions(LISTED_MAX)).await {
        Ok((deletions, count)) => {
            let page = desk.page(&request, Some(staff.0), Section::Enrollments);
            rendered(StatusCode::OK, &DeletionsPage { page, deletions, count })
        }
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

#[derive(Deserialize)]
struct Done {
    done: Option<String>,
}

async fn show(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    id: Path<String>,
    asked: Query<Done>,
) -> HttpResponse {
    match stated(&request, &desk, &staff, &id).await {
        Ok(statement) => {
            let page = desk.page(&request, Some(staff.0), Section::Enrollments);
            let key = desk.0.service.prover.verifier().to_string();
            let done = asked.done.as_deref().and_then(done_text);
            rendered(StatusCode::OK, &DeletionPage { page, statement, key, done })
        }
        Err(refused) => refused,
    }
}

async fn certificate(request: HttpRequest, desk: Data<Desk>, staff: Staff, id: Path<String>) -> HttpResponse {
    let statement = match stated(&request, &desk, &staff, &id).await {
        Ok(statement) => statement,
        Err(refused) => return refused,
    };
    match desk.0.service.prover.certify(&statement) {
        Ok(certificate) => {
            let name = format!("attachment; filename=\"deletion-{}.json\"", statement.enrollment);
            secured(HttpResponse::Ok())
                .content_type("application/json")
                .insert_header((header::CONTENT_DISPOSITION, name))
                .body(certificate)
        }
        Err(error) => {
            tracing::error!(%error, "a certificate cannot be written");
            desk.fault(&request, staff.0, StatusCode::INTERNAL_SERVER_ERROR, "fault-store")
        }
    }
}

/// What can be stated of a deletion; else the page that says why not.
async fn stated(request: &HttpRequest, desk: &Desk, staff: &Staff, id: &str) -> Result<Statement, HttpResponse> {
    let missing = || desk.fault(request, staff.0.clone(), StatusCode::NOT_FOUND, "fault-no-deletion");
    let id = id.parse::<EnrollmentId>().map_err(|_| missing())?;
    let service = desk.0.service.clone();
    let stated = blocking(move || service.statement(id, Timestamp::now())).await;
    let stated = stated.map_err(|error: RegistryError| desk.failed(request, staff.0.clone(), &error))?;
    stated.ok_or_else(missing)
}
