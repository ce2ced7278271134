//! The running service: both listeners, until it is told to stop.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::{App, HttpServer, dev::Server, middleware::from_fn};
use anyhow::{Context as _, Result, bail};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
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
    copies::Copies,
    gates::{Admission, Crossings, Reports, Trails},
    proof::Prover,
    registry::{Fingerprints, Portraits, Registry},
    vaults::{Done, Keys, Opened, Vaults},
    web,
};

/// How long to wait before a store that did not open is tried again.
const STORE_RETRY: Duration = Duration::from_secs(3);
/// Most connections of each of a side's two workers: together far below the usual limit of 1,024 descriptors, which the
/// store and the accounts need too.
const WORKER_CONNECTIONS_MAX: usize = 64;
/// How long to wait for a port that another process has.
const PORT_RETRY: Duration = Duration::from_secs(3);
/// How often records are looked through for what is over, and keys for a newer one. Enrollments are at each start and when
/// a day begins in UTC, since enrollments and consents end with a day.
const UPKEEP: Duration = Duration::from_secs(60);
/// How long requests in progress may take to end when the service stops.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// How often to look whether they have.
const RELEASE_LOOK: Duration = Duration::from_millis(10);

/// What both sides work on.
pub struct Service {
    /// Who is enrolled.
    pub registry: Registry,
    /// Which gates are admitted.
    pub admission: Admission,
    /// Their signs of life.
    pub reports: Reports,
    /// Who crossed them.
    pub crossings: Crossings,
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
    /// Signs what is stated of deletions.
    pub prover: Prover,
    /// Upkeep of the records.
    pub vaults: Vaults,
    /// By which keys copies of the records' own keys are sealed.
    pub copies: Copies,
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
        let (audit, Stores { registry, reports, trails, crossings, vaults, prover }) = loop {
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
        let service = Self {
            registry,
            admission,
            reports,
            crossings,
            trails,
            portraits,
            fingerprints,
            accounts,
            audit,
            prover,
            vaults,
            copies: Copies::new(config, keys.store.clone()),
            retention: config.retention.clone(),
        };
        if opening == Opening::Restored {
            // Before anybody is served: nobody comes back by a backup.
            let again = service.delete_again(Timestamp::now())?;
            tracing::info!(again, "people who had been deleted since the backup are deleted again");
        }
        Ok(Some(service))
    }
}

/// What is kept on the disk.
struct Stores {
    registry: Registry,
    reports: Reports,
    trails: Trails,
    crossings: Crossings,
    vaults: Vaults,
    prover: Prover,
}

fn trail(config: &Config, keys: &Keys, opening: Opening) -> Result<Audit> {
    let audit = Audit::open(config, &keys.root, Timestamp::now())?;
    if opening == Opening::Restored {
        audit.note(&operator(), Act::Restore, None, "told-to")?;
    }
    Ok(audit)
}

fn stores(config: &Config, keys: &Keys, opening: Opening) -> Result<Stores> {
    let now = Timestamp::now();
    let prover = Prover::open(config, &keys.root)?;
    let Opened { vaults, registry, reports, crossings } = Vaults::open(config, keys, opening, now)?;
    let registry = Registry::open(registry, keys)?.with_consent_days_max(config.retention.consent_days_max);
    let moved = crossings.take_over(&reports, |id| registry.has(id))?;
    if moved > 0 {
        tracing::info!(moved, "records of crossings of an earlier version end with the key of this day now");
    }
    let (trails, reports) = (Trails::new(reports.clone()), Reports::new(reports));
    Ok(Stores { registry, reports, trails, crossings, vaults, prover })
}

impl Service {
    /// Destroys codes whose consent has ended, and deletes enrollments that are over.
    fn delete_ended(&self, now: Timestamp) -> Result<()> {
        for id in self.registry.unconsented(now)? {
            self.audit.note(web::SERVICE, Act::Expire, Some(id), "consent-ended")?;
            let purposes = self.registry.forget_unconsented(id, now)?;
            tracing::info!(enrollment = %id, ?purposes, "codes destroyed, since the consent to them has ended");
        }
        for (id, why) in self.registry.over(&self.retention, now)? {
            let entry = self.audit.note(web::SERVICE, Act::Expire, Some(id), why.as_str())?;
            self.delete(id, web::SERVICE, why.as_str(), entry, now)?;
            tracing::info!(enrollment = %id, why = why.as_str(), "deleted, since it is over");
        }
        let remembered = SignedDuration::from_hours(24 * i64::from(self.retention.deletions_days));
        let forgotten = self.registry.forget_deletions_before(now.saturating_sub(remembered)?)?;
        if forgotten > 0 {
            tracing::info!(forgotten, "deletions so long ago that nothing of them is remembered");
            self.audit.note(web::SERVICE, Act::Expire, None, "deletions")?;
        }
        Ok(())
    }

    /// Upkeep of all records; what was done is noted in the audit trail. What fails is tried again at the next time, and keeps
    /// nothing else from being done.
    fn keep_up(&self, now: Timestamp) {
        let revoked = self.registry.keep_up(now).map(|revoked| vec![(revoked, Act::Revoke, "key-revoked")]);
        let records = self.vaults.keep_up(now).map(|done| {
            let Done { expired, resealed, retired } = done;
            vec![
                (expired, Act::Expire, "retention"),
                (resealed, Act::Rotate, "sealed-anew"),
                (retired, Act::Rotate, "key-destroyed"),
            ]
        });
        let crossings = self.crossings.keep_up(now).map(|days| vec![(days, Act::Expire, "crossings")]);
        let deletions = self.keep_up_deletions(now).map(|died| vec![(died, Act::Rotate, "copies-dead")]);
        let steps = [
            revoked.map_err(anyhow::Error::from),
            records.map_err(anyhow::Error::from),
            crossings.map_err(anyhow::Error::from),
            deletions,
        ];
        for step in steps {
            let done = step.unwrap_or_else(|error| {
                tracing::error!(%error, "upkeep of the records failed; it is tried again");
                Vec::new()
            });
            for (count, act, why) in done.into_iter().filter(|(count, ..)| *count > 0) {
                tracing::info!(count, %act, why, "upkeep");
                let noted = self.audit.note(web::SERVICE, act, None, why);
                let _ = noted.inspect_err(|error| tracing::error!(%error, "upkeep was not noted"));
            }
        }
    }
}

/// Keeps up the records for as long as the service runs.
async fn keep_up(service: Arc<Service>) {
    let mut looked = None;
    loop {
        let now = Timestamp::now();
        let today = TimeZone::UTC.to_datetime(now).date();
        if looked != Some(today) {
            let working = service.clone();
            match actix_web::web::block(move || working.delete_ended(now)).await {
                Ok(Ok(())) => looked = Some(today),
                Ok(Err(error)) => tracing::error!(%error, "enrollments that are over cannot be deleted"),
                Err(_) => return,
            }
        }
        let working = service.clone();
        if actix_web::web::block(move || working.keep_up(Timestamp::now())).await.is_err() {
            return;
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
    let upkeep = actix_web::rt::spawn(keep_up(service.clone()));
    let ended = listen(config, &service, &mut stop, ready).await;
    upkeep.abort();
    released(&service).await;
    ended
}

/// Waits until nothing works any more with what the service has open. A token's module, say, must not be in use, or be closed, by
/// one thread while the end of the process unloads it in another.
async fn released(service: &Arc<Service>) {
    let mut waited = Duration::ZERO;
    while Arc::strong_count(service) > 1 {
        if waited > SHUTDOWN {
            return tracing::warn!("something still goes on, and is cut off");
        }
        time::sleep(RELEASE_LOOK).await;
        waited += RELEASE_LOOK;
    }
}

/// Both listeners, until the service is told to stop.
async fn listen(config: &Config, service: &Arc<Service>, stop: &mut Stop, ready: impl FnOnce(&str)) -> Result<()> {
    let Some(gates) = bound(config.gates.listen, "gates", stop).await? else { return Ok(()) };
    let Some(admin) = bound(config.admin.listen, "the web admin", stop).await? else { return Ok(()) };
    let (gates_at, admin_at) = (gates.local_addr()?, admin.local_addr()?);
    let scheme = if config.admin.plain_http { "http" } else { "https" };
    let gates = serve_gates(config, gates, service.clone())?;
    let admin = serve_admin(config, admin, service.clone())?;
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
        .shutdown_timeout(SHUTDOWN.as_secs())
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
    .shutdown_timeout(SHUTDOWN.as_secs())
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
