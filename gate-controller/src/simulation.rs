//! Crossings by hand with simulated devices: what `/simulation/page` asks for. Never there with real devices.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::IpAddr,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{header, uri::Authority},
    middleware::{Next, from_fn},
    web::{self, Data, Json, ServiceConfig},
};
use sallyport_hardware::simulator::{
    camera::SceneControl,
    document::{Presented, ReaderControl},
    finger::FingerControl,
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    screens::same_origin,
    supervisor::FinishedRecords,
    view::{GateView, TravelerView},
};

const TURNSTILE_WITHIN: Duration = Duration::from_secs(2);

/// The controls of the simulated devices.
pub struct Simulation {
    /// The folder of simulated documents.
    pub documents: PathBuf,
    /// The reader.
    pub reader: ReaderControl,
    /// The camera.
    pub camera: SceneControl,
    /// The fingerprint sensor, where there is one.
    pub finger: Option<FingerControl>,
    /// The turnstile's control socket.
    pub turnstile: Option<PathBuf>,
    /// Crossings that ended.
    pub finished: Arc<FinishedRecords>,
    /// What travelers see.
    pub traveler: watch::Receiver<TravelerView>,
    /// What officers see.
    pub gate: watch::Receiver<GateView>,
}

/// Adds the simulation's paths to a server.
pub fn configure(config: &mut ServiceConfig, simulation: Arc<Simulation>) {
    let scope = web::scope("/simulation")
        .wrap(from_fn(only_by_a_loopback_name))
        .app_data(Data::from(simulation))
        .route("", web::get().to(lists))
        .route("/records", web::get().to(records))
        .route("/state", web::get().to(state))
        .route("/present", web::post().to(present))
        .route("/remove", web::post().to(remove))
        .route("/scene", web::post().to(scene))
        .route("/finger", web::post().to(finger))
        .route("/turnstile", web::post().to(turnstile));
    config.service(scope);
}

/// Nobody logs in here. A page from elsewhere that had its own name point to the loopback (DNS rebinding) would be of our
/// origin, so only names that nobody else can have are answered.
async fn only_by_a_loopback_name(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(is_loopback) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let refusal = HttpResponse::Forbidden().body("use http://127.0.0.1 or http://localhost");
    Ok(request.into_response(refusal))
}

/// Whether a `Host` header (RFC 9110, 7.2) names the loopback itself.
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

async fn lists(simulation: Data<Simulation>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "documents": folders(&simulation.documents),
        "scenes": simulation.camera.scenes(),
        "fingers": simulation.finger.as_ref().map(FingerControl::fingers).unwrap_or_default(),
    }))
}

async fn records(simulation: Data<Simulation>) -> HttpResponse {
    HttpResponse::Ok().json(simulation.finished.all())
}

async fn state(simulation: Data<Simulation>) -> HttpResponse {
    let (traveler, gate) = (simulation.traveler.borrow().clone(), simulation.gate.borrow().clone());
    HttpResponse::Ok().json(json!({ "traveler": traveler, "gate": gate }))
}

#[derive(Deserialize)]
struct Wanted {
    document: String,
    scene: Option<String>,
    finger: Option<String>,
}

async fn present(request: HttpRequest, simulation: Data<Simulation>, wanted: Json<Wanted>) -> HttpResponse {
    done(&request, || {
        // Only names that the folder really has: no path comes from outside.
        let known = folders(&simulation.documents).into_iter().find(|name| *name == wanted.document);
        let name = known.ok_or("no such document")?;
        simulation.camera.show(wanted.scene.as_deref()).map_err(|error| error.to_string())?;
        simulation.lay(wanted.finger.as_deref())?;
        let presented = Presented::load(&simulation.documents.join(name)).map_err(|error| error.to_string())?;
        simulation.reader.present(presented);
        Ok(())
    })
}

async fn remove(request: HttpRequest, simulation: Data<Simulation>) -> HttpResponse {
    done(&request, || {
        simulation.reader.remove();
        Ok(())
    })
}

#[derive(Deserialize)]
struct Scene {
    scene: Option<String>,
}

async fn scene(request: HttpRequest, simulation: Data<Simulation>, wanted: Json<Scene>) -> HttpResponse {
    done(&request, || simulation.camera.show(wanted.scene.as_deref()).map_err(|error| error.to_string()))
}

#[derive(Deserialize)]
struct Finger {
    /// `None`: no finger lies on the sensor.
    finger: Option<String>,
    /// Whether the sensor is plugged in; as it was when absent.
    plugged: Option<bool>,
}

async fn finger(request: HttpRequest, simulation: Data<Simulation>, wanted: Json<Finger>) -> HttpResponse {
    done(&request, || {
        if let (Some(sensor), Some(plugged)) = (&simulation.finger, wanted.plugged) {
            sensor.plug(plugged);
        }
        simulation.lay(wanted.finger.as_deref())
    })
}

impl Simulation {
    /// Lays a finger on the sensor, or takes it away.
    fn lay(&self, finger: Option<&str>) -> Result<(), String> {
        match (&self.finger, finger) {
            (Some(sensor), finger) => sensor.lay(finger).map_err(|error| error.to_string()),
            (None, None) => Ok(()),
            (None, Some(_)) => Err("devices.fingerprint is not configured".to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct TurnstileOrder {
    order: String,
}

async fn turnstile(request: HttpRequest, simulation: Data<Simulation>, wanted: Json<TurnstileOrder>) -> HttpResponse {
    done(&request, || {
        let socket = simulation.turnstile.as_ref().ok_or("devices.turnstile.control is not configured")?;
        order_turnstile(socket, &wanted.order).map_err(|error| format!("the simulated turnstile: {error}"))
    })
}

fn order_turnstile(socket: &Path, order: &str) -> std::io::Result<()> {
    let order: String = order.chars().filter(|c| !c.is_control()).collect();
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TURNSTILE_WITHIN))?;
    writeln!(stream, "{order}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("error") { Err(std::io::Error::other(answer.trim().to_owned())) } else { Ok(()) }
}

fn done(request: &HttpRequest, work: impl FnOnce() -> Result<(), String>) -> HttpResponse {
    if !same_origin(request) {
        return HttpResponse::Forbidden().finish();
    }
    match work() {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(why) => {
            tracing::warn!("simulation: {why}");
            refused(&why)
        }
    }
}

fn refused(why: &str) -> HttpResponse {
    HttpResponse::UnprocessableEntity().json(json!({ "refused": why }))
}

fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use actix_web::{
        App,
        http::{Method, StatusCode},
        test::{TestRequest, call_service, init_service},
    };
    use sallyport_hardware::simulator::{camera::SceneCamera, document::SimulatedReader};

    use super::*;
    use crate::view::{DoorView, LinkState, TravelerInstruction};
    use sallyport_protocol::GateMode;

    fn simulation(folder: &Path) -> Arc<Simulation> {
        let gate = GateView {
            gate: "gate-1".parse().unwrap(),
            serves: true,
            mode: GateMode::InService,
            stage: None,
            entry: DoorView::Closed,
            exit: DoorView::Closed,
            crossing: None,
            since: jiff::Timestamp::UNIX_EPOCH,
            troubles: Vec::new(),
            link: LinkState::Connected,
            records_waiting: 0,
            referral: None,
            recent: Vec::new(),
        };
        Arc::new(Simulation {
            documents: folder.to_owned(),
            reader: SimulatedReader::new().control(),
            camera: SceneCamera::new(folder).unwrap().control(),
            finger: None,
            turnstile: None,
            finished: Arc::default(),
            traveler: watch::channel(TravelerView::of(TravelerInstruction::PresentDocument)).1,
            gate: watch::channel(gate).1,
        })
    }

    #[actix_web::test]
    async fn it_is_driven_by_a_loopback_name_only_whatever_the_method() {
        let folder = tempfile::tempdir().unwrap();
        let app = init_service(App::new().configure(|config| configure(config, simulation(folder.path())))).await;
        let paths = [
            (Method::GET, "/simulation", StatusCode::OK),
            (Method::GET, "/simulation/records", StatusCode::OK),
            (Method::GET, "/simulation/state", StatusCode::OK),
            (Method::POST, "/simulation/remove", StatusCode::NO_CONTENT),
        ];
        for (method, path, right) in paths {
            for (host, expected) in [
                ("127.0.0.1:8080", right),
                ("localhost:8080", right),
                ("[::1]:8080", right),
                ("evil.example:8080", StatusCode::FORBIDDEN),
                ("127.0.0.1.evil.example", StatusCode::FORBIDDEN),
                ("localhost.evil.example", StatusCode::FORBIDDEN),
                ("192.0.2.1:8080", StatusCode::FORBIDDEN),
            ] {
                // As a rebound page would send it: of its own origin.
                let request = TestRequest::default().method(method.clone()).uri(path);
                let request = request.insert_header((header::HOST, host));
                let request = request.insert_header((header::ORIGIN, format!("http://{host}"))).to_request();
                assert_eq!(call_service(&app, request).await.status(), expected, "{method} {path} {host}");
            }
        }
        let nameless = TestRequest::get().uri("/simulation/state").to_request();
        assert_eq!(call_service(&app, nameless).await.status(), StatusCode::FORBIDDEN);
    }
}
