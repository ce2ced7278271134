//! The running service: both listeners, until it is told to stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::Server};
use anyhow::{Context as _, Result, bail};
use sallyport_link::server_config;
use sallyport_privacy::{accounts::Accounts, keys::RootKey, template::EMBEDDING_LENGTH};
use sallyport_store::{SealedStore, SledStore};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time,
};

use crate::{
    api,
    config::Config,
    gates::{Admission, Reports},
    registry::{Fingerprints, Portraits, Registry, RegistryError},
    web,
};

/// How long to wait before a store that did not open is tried again.
const STORE_RETRY: Duration = Duration::from_secs(3);
/// Most connections of each of a side's two workers: together far below the usual limit of 1,024 descriptors, which the
/// store and the accounts need too.
const WORKER_CONNECTIONS_MAX: usize = 64;
/// How long to wait for a port that another process has.
const PORT_RETRY: Duration = Duration::from_secs(3);
/// How long requests in progress may take to end when the service stops, in seconds.
const SHUTDOWN_S: u64 = 5;

/// What both sides work on.
pub struct Service {
    /// Who is enrolled.
    pub registry: Registry,
    /// Which gates are admitted.
    pub admission: Admission,
    /// What they reported.
    pub reports: Reports,
    /// Makes embeddings of photographs.
    pub portraits: Portraits,
    /// Reads impressions of fingers.
    pub fingerprints: Fingerprints,
    /// Staff's accounts.
    pub accounts: Accounts,
}

impl Service {
    /// Loads the nets and opens the store, waiting for as long as it cannot be opened: the log says what to do, and
    /// nobody has to start the service again afterwards. `None` if it is to stop meanwhile.
    async fn open(config: &Config, root: &RootKey, stop: &mut Stop) -> Result<Option<Self>> {
        let portraits = Portraits::load(&config.models)?;
        let (model, length) = portraits.model();
        if length != EMBEDDING_LENGTH {
            bail!("codes are made of {EMBEDDING_LENGTH} values, net {model} gives {length}: enroll with another net");
        }
        let fingerprints = Fingerprints::load(&config.models);
        let mut said = String::new();
        let (registry, reports) = loop {
            let why = match stores(config, root) {
                Ok(opened) => break opened,
                Err(error) => error.to_string(),
            };
            if why != said {
                let every_s = STORE_RETRY.as_secs();
                tracing::error!("{why}; nothing is served until then, and it is tried again every {every_s} s");
                said = why;
            }
            tokio::select! {
                () = time::sleep(STORE_RETRY) => {}
                () = stop.asked() => return Ok(None),
            }
        };
        let (admission, accounts) = (Admission::at(config.admitted()), Accounts::at(config.accounts()));
        Ok(Some(Self { registry, admission, reports, portraits, fingerprints, accounts }))
    }
}

fn stores(config: &Config, root: &RootKey) -> Result<(Registry, Reports), RegistryError> {
    let store = SealedStore::new(Arc::new(SledStore::open(&config.store())?), root.vault("store"));
    Ok((Registry::open(store.clone(), root)?, Reports::new(store)))
}

/// Serves until SIGTERM or SIGINT; `ready` hears the line that says where.
pub async fn run(config: &Config, root: RootKey, ready: impl FnOnce(&str)) -> Result<()> {
    let mut stop = Stop::listen()?;
    let Some(service) = Service::open(config, &root, &mut stop).await? else { return Ok(()) };
    drop(root);
    let service = Arc::new(service);
    let Some(gates) = bound(config.gates.listen, "gates", &mut stop).await? else { return Ok(()) };
    let Some(admin) = bound(config.admin.listen, "the web admin", &mut stop).await? else { return Ok(()) };
    let (gates_at, admin_at) = (gates.local_addr()?, admin.local_addr()?);
    let scheme = if config.admin.plain_http { "http" } else { "https" };
    let gates = serve_gates(config, gates, service.clone())?;
    let admin = serve_admin(config, admin, service)?;
    let handles = [gates.handle(), admin.handle()];
    ready(&format!("ready: gates on https://{gates_at}, admin on {scheme}://{admin_at}"));
    let serving = async { tokio::try_join!(gates, admin) };
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stop.asked() => {
            tracing::info!("stopping");
            tokio::join!(handles[0].stop(true), handles[1].stop(true), &mut serving).2
        }
    };
    ended.map(drop).context("a listener ended")
}

fn serve_gates(config: &Config, listener: TcpListener, service: Arc<Service>) -> Result<Server> {
    let data = &config.data;
    let tls = server_config(&data.join("server.crt"), &data.join("server.key"), Some(&data.join("ca.crt")))?;
    let server = HttpServer::new(move || App::new().configure(|app| api::configure(app, service.clone())))
        .on_connect(api::remember_certificate)
        .workers(2)
        .max_connections(WORKER_CONNECTIONS_MAX)
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals()
        .listen_rustls_0_23(listener, tls)?;
    Ok(server.run())
}

fn serve_admin(config: &Config, listener: TcpListener, service: Arc<Service>) -> Result<Server> {
    let desk = web::Desk::new(service, &config.language)?;
    let server = HttpServer::new(move || App::new().configure(|app| web::configure(app, desk.clone())))
        .workers(2)
        .max_connections(WORKER_CONNECTIONS_MAX)
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals();
    let server = if config.admin.plain_http {
        server.listen(listener)?
    } else {
        let data = &config.data;
        server.listen_rustls_0_23(listener, server_config(&data.join("server.crt"), &data.join("server.key"), None)?)?
    };
    Ok(server.run())
}

/// Binds, waiting for as long as another process has the port; `None` if the service is to stop meanwhile.
async fn bound(address: SocketAddr, what: &str, stop: &mut Stop) -> Result<Option<TcpListener>> {
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(Some(listener)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                tracing::error!(
                    "port in use: another process listens on {address}, where {what} should connect; stop it, or \
                     change `listen` in the configuration; trying again in {} s",
                    PORT_RETRY.as_secs()
                );
            }
            Err(error) => {
                let advice = format!("cannot listen on {address} for {what}: change `listen` in the configuration");
                return Err(error).context(advice);
            }
        }
        tokio::select! {
            () = time::sleep(PORT_RETRY) => {}
            () = stop.asked() => return Ok(None),
        }
    }
}

/// SIGTERM and SIGINT.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
