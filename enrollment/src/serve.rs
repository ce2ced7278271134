//! The running service: both listeners, until it is told to stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::Server, middleware::from_fn};
use anyhow::{Context as _, Result, bail};
use jiff::{SignedDuration, Timestamp};
use sallyport_link::server_config;
use sallyport_privacy::{
    accounts::Accounts,
    audit::{Act, operator},
    template::EMBEDDING_LENGTH,
};
use sallyport_store::Opening;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time,
};

use crate::{
    api,
    audit::Audit,
    config::{Config, Kept},
    gates::{Admission, Reports, Trails},
    registry::{Fingerprints, Portraits, Registry},
    vaults::{Keys, Opened, Vaults},
    web,
};

/// How long to wait before a store that did not open is tried again.
const STORE_RETRY: Duration = Duration::from_secs(3);
/// Most connections of each of a side's two workers: together far below the usual limit of 1,024 descriptors, which the
/// store and the accounts need too.
const WORKER_CONNECTIONS_MAX: usize = 64;
/// How long to wait for a port that another process has.
const PORT_RETRY: Duration = Duration::from_secs(3);
/// How often records are looked through for what is over, and keys for a newer one.
const UPKEEP: Duration = Duration::from_secs(60);
/// Enrollments are looked through once a day, and at each start.
const ROUNDS_A_DAY: u64 = 24 * 60 * 60 / UPKEEP.as_secs();
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
    /// How far their audit trails have come.
    pub trails: Trails,
    /// Makes embeddings of photographs.
    pub portraits: Portraits,
    /// Reads impressions of fingers.
    pub fingerprints: Fingerprints,
    /// Staff's accounts.
    pub accounts: Accounts,
    /// Who did what.
    pub audit: Audit,
    /// Upkeep of the records.
    pub vaults: Vaults,
    /// How long what is over is kept.
    pub retention: Kept,
}

impl Service {
    /// Loads the nets and opens the store, waiting for as long as it cannot be opened: the log says what to do, and
    /// nobody has to start the service again afterwards. `None` if it is to stop meanwhile.
    async fn open(config: &Config, keys: &Keys, opening: Opening, stop: &mut Stop) -> Result<Option<Self>> {
        let portraits = Portraits::load(&config.models)?;
        let (model, length) = portraits.model();
        if length != EMBEDDING_LENGTH {
            bail!("codes are made of {EMBEDDING_LENGTH} values, net {model} gives {length}: enroll with another net");
        }
        let fingerprints = Fingerprints::load(&config.models);
        let (mut said, mut begun) = (String::new(), None);
        let (audit, (registry, reports, trails, vaults)) = loop {
            // A trail that was opened stays open while the rest is tried again: it tells of one beginning.
            let audit = begun.take().map_or_else(|| trail(config, keys, opening), Ok);
            let why = match audit.map(|audit| (stores(config, keys, opening), audit)) {
                Ok((Ok(opened), audit)) => break (audit, opened),
                Ok((Err(error), audit)) => {
                    begun = Some(audit);
                    format!("{error:#}")
                }
                Err(error) => format!("{error:#}"),
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
        Ok(Some(Self {
            registry,
            admission,
            reports,
            trails,
            portraits,
            fingerprints,
            accounts,
            audit,
            vaults,
            retention: config.retention.clone(),
        }))
    }
}

fn trail(config: &Config, keys: &Keys, opening: Opening) -> Result<Audit> {
    let audit = Audit::open(config, &keys.root, Timestamp::now())?;
    if opening == Opening::Restored {
        audit.note(&operator(), Act::Restore, None, "told-to")?;
    }
    Ok(audit)
}

fn stores(config: &Config, keys: &Keys, opening: Opening) -> Result<(Registry, Reports, Trails, Vaults)> {
    let Opened { vaults, registry, reports } = Vaults::open(config, keys, opening)?;
    Ok((Registry::open(registry, &keys.root)?, Reports::new(reports.clone()), Trails::new(reports), vaults))
}

impl Service {
    /// Deletes enrollments whose last day is long over.
    fn delete_ended(&self, now: Timestamp) -> Result<()> {
        let kept = SignedDuration::from_hours(24 * i64::from(self.retention.expired_enrollments_days));
        for id in self.registry.ended_before(now.saturating_sub(kept)?)? {
            self.audit.note(web::SERVICE, Act::Expire, Some(id), "enrollment-ended")?;
            self.registry.delete(id)?;
            tracing::info!(enrollment = %id, "deleted, since its last day is long over");
        }
        Ok(())
    }
}

/// Keeps up the records for as long as the service runs.
async fn keep_up(service: Arc<Service>) {
    for round in 0u64.. {
        if round.is_multiple_of(ROUNDS_A_DAY) {
            let working = service.clone();
            match actix_web::web::block(move || working.delete_ended(Timestamp::now())).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "enrollments that are over cannot be deleted"),
                Err(_) => return,
            }
        }
        let working = service.clone();
        let done = actix_web::web::block(move || working.vaults.keep_up(Timestamp::now()).map(|done| (working, done)));
        match done.await {
            Ok(Ok((service, done))) => {
                for (count, act, why) in [
                    (done.expired, Act::Expire, "retention"),
                    (done.resealed, Act::Rotate, "sealed-anew"),
                    (done.retired, Act::Rotate, "key-destroyed"),
                ] {
                    if count > 0 {
                        tracing::info!(count, %act, why, "upkeep");
                        let noted = service.audit.note(web::SERVICE, act, None, why);
                        let _ = noted.inspect_err(|error| tracing::error!(%error, "upkeep was not noted"));
                    }
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "upkeep of the records failed; it is tried again"),
            Err(_) => return,
        }
        time::sleep(UPKEEP).await;
    }
}

/// Serves until SIGTERM or SIGINT; `ready` hears the line that says where.
pub async fn run(config: &Config, keys: Keys, opening: Opening, ready: impl FnOnce(&str)) -> Result<()> {
    let mut stop = Stop::listen()?;
    let Some(service) = Service::open(config, &keys, opening, &mut stop).await? else { return Ok(()) };
    drop(keys);
    let service = Arc::new(service);
    actix_web::rt::spawn(keep_up(service.clone()));
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
    let server = HttpServer::new(move || {
        App::new().wrap(from_fn(web::audited)).configure(|app| web::configure(app, desk.clone()))
    })
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
