//! Gates and crossings, to look at; and gates' audit trails, to be taken for right again.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, Form, Path, Query, ServiceConfig},
};
use jiff::Timestamp;
use sallyport_protocol::GateId;
use serde::Deserialize;

use super::{
    Desk, Role,
    enrollments::blocking,
    pages::{CrossingsPage, GateRow, GatesPage, Section, rendered},
    redirect, secured,
    session::{Staff, Token},
};
use crate::registry::RegistryError;

/// Crossings on one page.
const CROSSINGS_SHOWN: usize = 50;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/admin/gates", web::get().to(gates))
        .route("/admin/gates/{gate}/check-points", web::get().to(check_points))
        .route("/admin/gates/{gate}/acknowledge", web::post().to(acknowledge))
        .route("/admin/crossings", web::get().to(crossings));
}

#[derive(Deserialize)]
struct Done {
    done: Option<String>,
}

async fn gates(request: HttpRequest, desk: Data<Desk>, staff: Staff, asked: Query<Done>) -> HttpResponse {
    let service = desk.0.service.clone();
    let rows = web::block(move || {
        let gates = service.admission.gates()?.into_iter().map(|gate| {
            let report = service.reports.last(&gate).unwrap_or_else(|error| {
                tracing::error!(%gate, %error, "a gate's last sign of life does not open");
                None
            });
            let trail = service.trails.of(&gate).unwrap_or_else(|error| {
                tracing::error!(%gate, %error, "what is remembered of a gate's audit trail does not open");
                None
            });
            GateRow { gate, report, trail }
        });
        anyhow::Ok((gates.collect::<Vec<_>>(), service.registry.revision()))
    });
    match rows.await.map_err(anyhow::Error::from).flatten() {
        Ok((gates, revision)) => {
            let page = desk.page(&request, Some(staff.0), Section::Gates);
            let done = asked.done.as_deref().filter(|done| *done == "acknowledged").map(|_| "done-acknowledged");
            rendered(StatusCode::OK, &GatesPage { page, gates, revision, now: Timestamp::now(), done })
        }
        Err(error) => {
            tracing::error!(%error, "gates cannot be shown");
            desk.fault(&request, staff.0, StatusCode::INTERNAL_SERVER_ERROR, "fault-store")
        }
    }
}

/// The check-points that are kept of a gate's trail, as a file for `gate audit verify --head`.
async fn check_points(request: HttpRequest, desk: Data<Desk>, staff: Staff, gate: Path<String>) -> HttpResponse {
    let gate = match named(&staff, &gate) {
        Ok(gate) => gate,
        Err((status, text)) => return desk.fault(&request, staff.0, status, text),
    };
    let (service, of) = (desk.0.service.clone(), gate.clone());
    match blocking(move || Ok::<_, RegistryError>(service.trails.check_points(&of)?)).await {
        Ok(lines) => secured(HttpResponse::Ok())
            .content_type("text/plain; charset=utf-8")
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{gate}.head\"")))
            .body(lines),
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

/// Takes a gate's trail for right as it is now.
async fn acknowledge(
    request: HttpRequest,
    desk: Data<Desk>,
    staff: Staff,
    gate: Path<String>,
    form: Form<Token>,
) -> HttpResponse {
    if !staff.sent(&request, &form.token) {
        return desk.fault(&request, staff.0, StatusCode::FORBIDDEN, "fault-forbidden");
    }
    let gate = match named(&staff, &gate) {
        Ok(gate) => gate,
        Err((status, text)) => return desk.fault(&request, staff.0, status, text),
    };
    let service = desk.0.service.clone();
    match blocking(move || Ok::<_, RegistryError>(service.trails.acknowledge(&gate)?)).await {
        Ok(()) => redirect("/admin/gates?done=acknowledged"),
        Err(error) => desk.failed(&request, staff.0, &error),
    }
}

/// The gate that an administrator names; else status and message of why not.
fn named(staff: &Staff, gate: &str) -> Result<GateId, (StatusCode, &'static str)> {
    if staff.0.role != Role::Admin {
        return Err((StatusCode::FORBIDDEN, "fault-admin-only"));
    }
    gate.parse().map_err(|_| (StatusCode::NOT_FOUND, "fault-missing"))
}

#[derive(Deserialize)]
struct From {
    from: Option<String>,
}

async fn crossings(request: HttpRequest, desk: Data<Desk>, staff: Staff, asked: Query<From>) -> HttpResponse {
    // What is no place in the list is taken for its beginning.
    let from = asked.from.as_deref().and_then(|text| hex::decode(text).ok());
    let (service, first) = (desk.0.service.clone(), from.is_none());
    match web::block(move || service.crossings.page(from.as_deref(), CROSSINGS_SHOWN)).await {
        Ok(Ok(found)) => {
            let page = desk.page(&request, Some(staff.0), Section::Crossings);
            let crossings = found.crossings.into_iter().map(Result::ok).collect();
            rendered(StatusCode::OK, &CrossingsPage { page, crossings, older: found.older.map(hex::encode), first })
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "crossings cannot be shown");
            desk.fault(&request, staff.0, StatusCode::INTERNAL_SERVER_ERROR, "fault-store")
        }
        Err(_) => desk.fault(&request, staff.0, StatusCode::SERVICE_UNAVAILABLE, "fault-store"),
    }
}
