//! What gates ask for, over mutual TLS: version 1.
//!
//! A gate is who its client certificate names, if that very certificate is admitted; whatever a message says of its
//! sender must agree. Everything is looked up for each request, so that a gate that was removed is refused at once.

use std::{any::Any, future::Future, pin::Pin, sync::Arc};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::{Extensions, Payload},
    http::{StatusCode, header},
    rt::net::TcpStream,
    web::{self, Data, Json, JsonConfig, Query, QueryConfig, ServiceConfig},
};
use jiff::Timestamp;
use sallyport_protocol::{EpochId, GateHealth, GateId, RecordBatch, paths};
use sallyport_store::StoreError;
use serde::{Deserialize, Serialize};

use crate::{
    gates::{AdmissionError, ReportError},
    registry::RegistryError,
    serve::Service,
};

/// Most changes in one page: about 1 kB each.
const PAGE_CHANGES_MAX: usize = 500;
/// The peer's certificate (DER), noted when it connected.
struct PeerCertificate(Vec<u8>);

/// Notes the peer's certificate, for `HttpServer::on_connect`.
pub fn remember_certificate(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let (_, session) = stream.get_ref();
    if let Some(certificate) = session.peer_certificates().and_then(|chain| chain.first()) {
        data.insert(PeerCertificate(certificate.to_vec()));
    }
}

/// Adds the interface to a server.
pub fn configure(config: &mut ServiceConfig, service: Arc<Service>) {
    let unreadable = |error: &dyn std::fmt::Display| Refusal::Unreadable(error.to_string());
    config
        .app_data(Data::from(service))
        .app_data(
            JsonConfig::default()
                .limit(RecordBatch::BYTES_MAX)
                .error_handler(move |error, _| unreadable(&error).into()),
        )
        .app_data(QueryConfig::default().error_handler(move |error, _| unreadable(&error).into()))
        .route(paths::APPLICATION_KEY, web::get().to(application_key))
        .route(paths::ENROLLMENTS, web::get().to(enrollments))
        .route(paths::RECORDS, web::post().to(records))
        .route(paths::HEALTH, web::post().to(health))
        .default_service(web::to(async || -> Result<HttpResponse, Refusal> { Err(Refusal::NoSuchPath) }));
}

async fn application_key(_: Admitted, service: Data<Service>) -> HttpResponse {
    answer().json(service.registry.grant())
}

#[derive(Deserialize)]
struct Since {
    since: u64,
    epoch: Option<EpochId>,
}

async fn enrollments(_: Admitted, service: Data<Service>, since: Query<Since>) -> Result<HttpResponse, Refusal> {
    let Since { since, epoch } = since.into_inner();
    let page = web::block(move || service.registry.changes(since, epoch, PAGE_CHANGES_MAX)).await??;
    Ok(answer().json(page))
}

async fn records(gate: Admitted, service: Data<Service>, batch: Json<RecordBatch>) -> Result<HttpResponse, Refusal> {
    let batch = batch.into_inner();
    // The receipt is written only after the records are on the disk.
    let receipt = web::block(move || service.crossings.store(&gate.0, batch, |id| service.registry.has(id))).await??;
    Ok(answer().json(receipt))
}

async fn health(gate: Admitted, service: Data<Service>, health: Json<GateHealth>) -> Result<HttpResponse, Refusal> {
    let health = health.into_inner();
    web::block(move || {
        let (now, head) = (Timestamp::now(), health.trail.clone());
        service.heard(&gate.0, health, now)?;
        if let Some(head) = head {
            service.trails.hear(&gate.0, &head, now)?;
        }
        Ok::<_, ReportError>(())
    })
    .await??;
    Ok(HttpResponse::NoContent().finish())
}

fn answer() -> actix_web::HttpResponseBuilder {
    let mut builder = HttpResponse::Ok();
    builder.insert_header((header::CACHE_CONTROL, "no-store"));
    builder
}

/// A gate whose certificate is admitted now.
struct Admitted(GateId);

impl FromRequest for Admitted {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let certificate = request.conn_data::<PeerCertificate>().map(|peer| peer.0.clone());
        let service = request.app_data::<Data<Service>>().cloned();
        Box::pin(async move {
            let (Some(certificate), Some(service)) = (certificate, service) else { return Err(Refusal::Anonymous) };
            let admitted = web::block(move || service.admission.admit(&certificate)).await?;
            admitted.map(Self).map_err(|error| {
                tracing::warn!(%error, "a gate was refused");
                Refusal::Admission(error)
            })
        })
    }
}

/// Why a request is not answered; gates log its text.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("no client certificate: connect with the files of `enrollment gate add`")]
    Anonymous,
    #[error(transparent)]
    Admission(AdmissionError),
    #[error("the message cannot be read ({0}): is the gate's software newer than the service's?")]
    Unreadable(String),
    #[error("no such path: this service speaks version 1, /api/v1/gate/; is the gate's software newer?")]
    NoSuchPath,
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("the service is stopping: try again")]
    Stopping(#[from] actix_web::error::BlockingError),
}

#[derive(Serialize)]
struct RefusalBody {
    error: String,
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Anonymous => StatusCode::UNAUTHORIZED,
            Self::Admission(AdmissionError::Link(_) | AdmissionError::Folder { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Admission(_) => StatusCode::FORBIDDEN,
            // Not 403: the gate itself is welcome, what it sent is not.
            Self::Report(ReportError::AnotherGate { .. } | ReportError::AnothersCrossing(_)) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Registry(RegistryError::OtherHistory { .. }) => StatusCode::CONFLICT,
            Self::Report(ReportError::TooMany(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Registry(RegistryError::Store(StoreError::Full { .. }))
            | Self::Report(ReportError::Store(StoreError::Full { .. })) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Registry(_) | Self::Report(_) | Self::Stopping(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        if status.is_server_error() {
            tracing::error!(error = %self, "a gate's request failed");
        }
        HttpResponse::build(status).json(RefusalBody { error: self.to_string() })
    }
}
