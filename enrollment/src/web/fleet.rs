//! Gates and crossings, to look at.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data, Query, ServiceConfig},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Desk,
    pages::{CrossingsPage, GateRow, GatesPage, Section, rendered},
    session::Staff,
};

/// Crossings on one page.
const CROSSINGS_SHOWN: usize = 50;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.route("/admin/gates", web::get().to(gates)).route("/admin/crossings", web::get().to(crossings));
}

async fn gates(request: HttpRequest, desk: Data<Desk>, staff: Staff) -> HttpResponse {
    let service = desk.0.service.clone();
    let rows = web::block(move || {
        let gates = service.admission.gates()?.into_iter().map(|gate| {
            let report = service.reports.last(&gate).unwrap_or_else(|error| {
                tracing::error!(%gate, %error, "a gate's last sign of life does not open");
                None
            });
            GateRow { gate, report }
        });
        anyhow::Ok((gates.collect::<Vec<_>>(), service.registry.revision()))
    });
    match rows.await.map_err(anyhow::Error::from).flatten() {
        Ok((gates, revision)) => {
            let page = desk.page(&request, Some(staff.0), Section::Gates);
            rendered(StatusCode::OK, &GatesPage { page, gates, revision, now: Timestamp::now() })
        }
        Err(error) => {
            tracing::error!(%error, "gates cannot be shown");
            desk.fault(&request, staff.0, StatusCode::INTERNAL_SERVER_ERROR, "fault-store")
        }
    }
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
