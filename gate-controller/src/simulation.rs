//! Crossings by hand with simulated devices: what `/simulation/page` asks for. Never there with real devices.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, Json, ServiceConfig},
};
use sallyport_hardware::simulator::{
    camera::SceneControl,
    document::{Presented, ReaderControl},
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
    config
        .app_data(Data::from(simulation))
        .route("/simulation", web::get().to(lists))
        .route("/simulation/records", web::get().to(records))
        .route("/simulation/state", web::get().to(state))
        .route("/simulation/present", web::post().to(present))
        .route("/simulation/remove", web::post().to(remove))
        .route("/simulation/scene", web::post().to(scene))
        .route("/simulation/turnstile", web::post().to(turnstile));
}

async fn lists(simulation: Data<Simulation>) -> HttpResponse {
    HttpResponse::Ok()
        .json(json!({ "documents": folders(&simulation.documents), "scenes": simulation.camera.scenes() }))
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
}

async fn present(request: HttpRequest, simulation: Data<Simulation>, wanted: Json<Wanted>) -> HttpResponse {
    // Only names that the folder really has: no path comes from outside.
    let known = folders(&simulation.documents).into_iter().find(|name| *name == wanted.document);
    let Some(name) = known else { return refused("no such document") };
    done(&request, || {
        simulation.camera.show(wanted.scene.as_deref()).map_err(|error| error.to_string())?;
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
