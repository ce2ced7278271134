//! Puts a gate together and runs it.

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread,
    time::Duration,
};

use anyhow::Context as _;
use jiff::Timestamp;
use sallyport_emrtd::passive::TrustStore;
use sallyport_gate::{
    accounts::FileAccounts,
    audit::{Condition, GateAudit},
    config::{Camera, Config, Fingerprint, Identity, Reader},
    journal::Journal,
    screens::{Seam, Station},
    server::Server,
    simulation::Simulation,
    supervisor::{self, Display, Engine, FinishedRecords, Input, Parts},
    sync::Centre,
    view::{ReferralDesk, TravelerInstruction},
};
use sallyport_hardware::{
    barrier::SerialBarrier,
    camera::{Mounted, Totem},
    document::DocumentReader,
    fingerprint::FingerprintSensor,
    simulator::{camera::SceneCamera, document::SimulatedReader, finger::SimulatedFinger},
};
use sallyport_privacy::keys::{Keys, RootKey};
use sallyport_protocol::{GateMode, Reason};
use tokio::sync::mpsc;

use crate::{accounts, cache, devices};

/// How long to wait before something that is not there is tried again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Orders that may wait for the machine's thread.
const ORDERS_WAITING_MAX: usize = 16;

/// Runs until a signal ends it. What the operator must put right first is an error; whatever can go wrong later is
/// shown on the screens and tried again.
pub(crate) fn run(config: &Config, keys: &Keys) -> anyhow::Result<()> {
    let trust = trust_store(&config.trust)?;
    let centre = match (&config.centre, &config.identity) {
        (Some(centre), Some(identity)) => {
            Some((Centre::new(&centre.url, identity)?, Duration::from_millis(centre.interval_ms)))
        }
        _ => None,
    };
    let desk = Arc::new(ReferralDesk::new());
    let finished = Arc::<FinishedRecords>::default();
    let display = Display::new(config.gate.clone(), desk.clone(), finished.clone(), Timestamp::now());
    let Devices { reader, cameras, fingers, simulation } = devices(config, &display, finished)?;
    let (sender, inputs) = channel();
    let (order, orders) = mpsc::channel(ORDERS_WAITING_MAX);
    let audit = start_audit(config, &keys.root, &sender)?;

    let station = Station::new(Seam {
        traveler: display.traveler(),
        gate: display.gate(),
        orders: order,
        referral: desk,
        accounts: Arc::new(FileAccounts(accounts(&config.data))),
        audit: audit.clone(),
        language: config.language.clone(),
        simulated: simulation.is_some(),
        others: config.screens.others.clone(),
    })?;
    let tls = match &config.identity {
        Some(Identity { certificate, key, .. }) if !config.screens.plain_http => {
            Some(sallyport_link::server_config(certificate, key, None)?)
        }
        _ => None,
    };
    let listen = config.screens.listen;
    Server { listen, tls, station, simulation, inputs: sender.clone() }.start().context("start the screens")?;
    stop_on_signal(sender.clone())?;

    let (journal, mode) = open_journal(config, &display, &sender);
    let cache = cache::open(config, keys, &display, &sender);
    let (line, baud) = (config.devices.turnstile.line.display().to_string(), config.devices.turnstile.baud);
    let parts = Parts {
        gate: config.gate.clone(),
        policy: config.policy.clone(),
        mode,
        display,
        journal,
        keys: cache.as_ref().map(|cache| cache.keys()).unwrap_or_default(),
        audit,
        cache,
        centre,
        connect: Box::new(move || Ok(Box::new(SerialBarrier::open(&line, baud)?))),
        reader,
        cameras,
        fingers,
        engine: Arc::new(Engine::at(config.models.clone())),
        trust,
        orders,
    };
    supervisor::run(parts, &sender, &inputs);
    tracing::info!("stopped");
    Ok(())
}

struct Devices {
    reader: Box<dyn DocumentReader>,
    cameras: Totem,
    /// With the resolution of pictures that do not say.
    fingers: Option<(Box<dyn FingerprintSensor>, f64)>,
    simulation: Option<Arc<Simulation>>,
}

fn devices(config: &Config, display: &Display, finished: Arc<FinishedRecords>) -> anyhow::Result<Devices> {
    let (cameras, sensor) = (&config.devices.cameras, &config.devices.fingerprint);
    if let (Some(reader), Some(cameras)) = (devices::reader(&config.devices.reader), devices::cameras(cameras)) {
        let fingers = sensor.as_ref().and_then(|config| Some((devices::fingerprint(config)?, config.dpi())));
        return Ok(Devices { reader, cameras: Totem::new(cameras), fingers, simulation: None });
    }
    let (Reader::Simulated { documents }, Some(Camera::Simulated { scenes })) =
        (&config.devices.reader, cameras.values().next())
    else {
        anyhow::bail!("reader and camera must both be simulated, or neither");
    };
    let finger = match sensor {
        Some(Fingerprint::Simulated { fingers }) => Some(SimulatedFinger::new(fingers)?),
        _ => None,
    };
    let reader = SimulatedReader::new();
    let camera = SceneCamera::new(scenes)?;
    let simulation = Simulation {
        documents: documents.clone(),
        reader: reader.control(),
        camera: camera.control(),
        finger: finger.as_ref().map(SimulatedFinger::control),
        turnstile: config.devices.turnstile.control.clone(),
        finished,
        traveler: display.traveler(),
        gate: display.gate(),
    };
    tracing::warn!("all devices are simulated: this gate is for demonstrations only");
    let views = cameras.iter().map(|(&position, config)| Mounted {
        position,
        camera: Box::new(camera.beside(position)),
        frames_per_second: config.per_second(),
    });
    let dpi = sensor.as_ref().map_or(0.0, Fingerprint::dpi);
    Ok(Devices {
        reader: Box::new(reader),
        cameras: Totem::new(views.collect()),
        fingers: finger.map(|finger| (Box::new(finger) as Box<dyn FingerprintSensor>, dpi)),
        simulation: Some(Arc::new(simulation)),
    })
}

fn trust_store(folder: &Path) -> anyhow::Result<TrustStore> {
    let (trust, unused) = TrustStore::load(folder, Timestamp::now().as_second())
        .with_context(|| format!("the trust folder {} (`trust`)", folder.display()))?;
    for name in unused {
        tracing::warn!("{name} in the trust folder is not used: of no known kind, or signed by nobody trusted");
    }
    let lists = trust.crls().count();
    if trust.is_empty() {
        tracing::warn!("no CSCA certificate in {}: every document will be referred", folder.display());
    } else {
        tracing::info!(
            "{} CSCA certificates of {} countries, {lists} revocation lists",
            trust.len(),
            trust.countries().len()
        );
    }
    Ok(trust)
}

fn start_audit(config: &Config, root: &Arc<RootKey>, sender: &Sender<Input>) -> anyhow::Result<GateAudit> {
    let sender = sender.clone();
    let told = move |condition| {
        let (reason, there) = match condition {
            Condition::Waiting => (Reason::AuditNotWritten, true),
            Condition::Written => (Reason::AuditNotWritten, false),
            Condition::Damaged => (Reason::StoreCorrupt, true),
        };
        let _ = sender.send(Input::Aside { reason, there });
    };
    GateAudit::start(&config.data, root.clone(), told).context("start the audit trail")
}

/// Without its journal no door moves, so this waits until there is one, and says so.
fn open_journal(config: &Config, display: &Display, sender: &Sender<Input>) -> (Arc<Journal>, GateMode) {
    loop {
        match Journal::open(&config.data.join("journal"), &config.gate, config.centre.is_some(), Timestamp::now()) {
            Ok((journal, found)) => {
                if !found.interrupted.is_empty() {
                    tracing::warn!(crossings = ?found.interrupted, "closed crossings that a stop had cut off");
                }
                if let Some(aside) = found.damaged {
                    tracing::error!("the journal was damaged and put aside as {}: look into it", aside.display());
                    let _ = sender.send(Input::Aside { reason: Reason::StoreCorrupt, there: true });
                }
                return (Arc::new(journal), found.mode.unwrap_or(GateMode::InService));
            }
            Err(error) => {
                tracing::error!("{error}");
                display.show(TravelerInstruction::OutOfService, Some(error.reason()));
                thread::sleep(RETRY_AFTER);
            }
        }
    }
}

/// A second signal ends the process at once: the journal is made for that, and the turnstile closes by itself.
fn stop_on_signal(inputs: Sender<Input>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("wait for signals")?;
    thread::spawn(move || {
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut terminate), Ok(mut interrupt)) =
                (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
            else {
                return tracing::error!("signals cannot be waited for: stop the gate by killing it");
            };
            for last in [false, true] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if last {
                    std::process::exit(1);
                }
                tracing::info!("stopping: the crossing in progress ends, both doors close");
                let _ = inputs.send(Input::Stop);
            }
        });
    });
    Ok(())
}
