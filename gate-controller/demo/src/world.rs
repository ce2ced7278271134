//! The demonstration's folder, its configurations and its processes.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::{
    admin::Admin,
    documents,
    gate::GatePages,
    process::{Process, run},
    stop,
};

/// The passphrase of both root keys: a demonstration keeps no secrets.
pub const PASSPHRASE: &str = "demonstration only";

/// The file that tells a demonstration's folder from any other.
const MARKER: &str = ".sallyport-demo";

/// What may be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where everything is put: a new folder, an empty one, or an earlier demonstration's, which is emptied.
    pub folder: PathBuf,
    /// Where `make setup` put nets and faces.
    pub assets: PathBuf,
    /// The first of three ports to try; any free ones when taken or 0.
    pub port: u16,
    /// How long one attempt at a face takes at most, in milliseconds.
    pub face_attempt_ms: u64,
    /// How long a referral waits for an officer, in milliseconds.
    pub referral_ms: u64,
    /// A gate by itself: no enrollment service, passports only.
    pub alone: bool,
    /// The gate's screens over TLS with its own certificate, as anywhere but in a demonstration.
    pub tls: bool,
}

impl Settings {
    /// A demonstration in this folder.
    pub fn new(folder: PathBuf, assets: PathBuf) -> Self {
        Self { folder, assets, port: 0, face_attempt_ms: 1_500, referral_ms: 120_000, alone: false, tls: false }
    }
}

/// Everything that runs.
pub struct World {
    settings: Settings,
    /// Screens, gates' interface, web admin.
    ports: [u16; 3],
    /// The officer's password.
    pub officer_password: String,
    /// The administrator's password.
    pub admin_password: String,
    turnstile: Option<Process>,
    service: Option<Process>,
    gate: Option<Process>,
}

impl World {
    /// Issues documents, makes keys, certificates and accounts. Nothing runs yet.
    pub fn prepare(settings: Settings) -> anyhow::Result<Self> {
        let folder = &settings.folder;
        for net in ["face_detection_yunet.onnx", "face_recognition_sface.onnx"] {
            let path = settings.assets.join("models").join(net);
            if !path.exists() {
                bail!("{} is missing: run `make setup`", path.display());
            }
        }
        claim(folder)?;
        fs::create_dir(folder.join("logs")).with_context(|| format!("make {}", folder.display()))?;
        documents::issue(&settings.assets, folder)?;
        let mut world = Self {
            ports: free_ports(settings.port)?,
            officer_password: String::new(),
            admin_password: String::new(),
            turnstile: None,
            service: None,
            gate: None,
            settings,
        };
        world.write_configurations()?;
        if !world.settings.alone {
            world.prepare_service()?;
        }
        let gate = world.path("gate.toml");
        let printed = run("gate", &["init".as_ref(), "--config".as_ref(), gate.as_os_str()], PASSPHRASE)?;
        world.officer_password = password(&printed, "officer")?;
        Ok(world)
    }

    fn prepare_service(&mut self) -> anyhow::Result<()> {
        let service = self.path("enrollment.toml");
        let printed = run("enrollment", &["init".as_ref(), "--config".as_ref(), service.as_os_str()], PASSPHRASE)?;
        self.admin_password = password(&printed, "admin")?;
        let identity = self.path("identity");
        let add = ["gate", "add", "gate-1", "--config"].map(std::ffi::OsStr::new);
        let arguments = [&add[..], &[service.as_os_str(), "--out".as_ref(), identity.as_os_str()]].concat();
        run("enrollment", &arguments, PASSPHRASE).map(drop)
    }

    /// A path in the demonstration's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.settings.folder.join(name)
    }

    /// The address of the gate's screens.
    pub fn screens(&self) -> String {
        let scheme = if self.settings.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.ports[0])
    }

    /// The address of the service's side for gates.
    pub fn gates_interface(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports[1])
    }

    /// The address of the web admin.
    pub fn web_admin(&self) -> String {
        format!("http://127.0.0.1:{}/admin", self.ports[2])
    }

    /// The turnstile's own log of every movement.
    pub fn turnstile_log(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.path("turnstile.jsonl")).context("read the turnstile's log")
    }

    fn write_configurations(&self) -> anyhow::Result<()> {
        let absolute = |path: &Path| std::path::absolute(path).context("absolute path");
        let models = absolute(&self.settings.assets.join("models"))?;
        let enrollment = json!({
            "data": "service", "models": models,
            "gates": { "listen": format!("127.0.0.1:{}", self.ports[1]) },
            "admin": { "listen": format!("127.0.0.1:{}", self.ports[2]), "plain_http": true },
        });
        let scenes = json!({ "kind": "simulated", "scenes": "scenes" });
        let mut gate = json!({
            "gate": "gate-1", "data": "gate", "models": models, "trust": "trust",
            "screens": { "listen": format!("127.0.0.1:{}", self.ports[0]), "plain_http": true },
            "identity": {
                "certificate": "identity/gate.crt", "key": "identity/gate.key", "authority": "identity/ca.crt",
            },
            "centre": { "url": self.gates_interface(), "interval_ms": 1_000 },
            "devices": {
                "turnstile": { "line": "turnstile", "control": "turnstile.control" },
                "reader": { "kind": "simulated", "documents": "documents" },
                "cameras": { "lower": scenes, "middle": scenes, "upper": scenes },
                "fingerprint": { "kind": "simulated", "fingers": "fingers" },
            },
            "policy": {
                "admitted_issuers": [documents::ADMITTED],
                "face_attempt_ms": self.settings.face_attempt_ms,
                "referral_ms": self.settings.referral_ms,
                "farewell_ms": 1_500,
            },
        });
        if self.settings.tls
            && let Some(screens) = gate["screens"].as_object_mut()
        {
            screens.remove("plain_http");
        }
        if self.settings.alone
            && let Some(tables) = gate.as_object_mut()
        {
            tables.retain(|name, _| name != "identity" && name != "centre");
        }
        for (name, value) in [("enrollment.toml", enrollment), ("gate.toml", gate)] {
            let text = toml::to_string(&value).with_context(|| format!("write {name}"))?;
            fs::write(self.path(name), text).with_context(|| format!("write {name}"))?;
        }
        Ok(())
    }

    /// Starts the turnstile.
    pub fn start_turnstile(&mut self) -> anyhow::Result<()> {
        let (link, log, control) =
            (self.path("turnstile"), self.path("turnstile.jsonl"), self.path("turnstile.control"));
        let arguments = [
            "--link".as_ref(),
            link.as_os_str(),
            "--log".as_ref(),
            log.as_os_str(),
            "--control".as_ref(),
            control.as_os_str(),
        ];
        self.turnstile = Some(Process::start("turnstile-sim", &arguments, "", &self.path("logs"))?);
        wait_for("the turnstile's line", || Ok(link.exists().then_some(())))
    }

    /// Starts the enrollment service and waits until it listens.
    pub fn start_service(&mut self) -> anyhow::Result<()> {
        self.service = Some(self.start("enrollment", "enrollment.toml")?);
        Ok(())
    }

    /// Stops the enrollment service.
    pub fn stop_service(&mut self) -> anyhow::Result<()> {
        self.service.take().map_or(Ok(()), Process::stop)
    }

    /// Starts the gate and waits until its screens are there.
    pub fn start_gate(&mut self) -> anyhow::Result<()> {
        self.gate = Some(self.start("gate", "gate.toml")?);
        Ok(())
    }

    /// Stops the gate in good order.
    pub fn stop_gate(&mut self) -> anyhow::Result<()> {
        self.gate.take().map_or(Ok(()), Process::stop)
    }

    /// Kills the gate.
    pub fn kill_gate(&mut self) -> anyhow::Result<()> {
        self.gate.take().map_or(Ok(()), Process::kill)
    }

    /// Whether the gate's process still runs.
    pub fn gate_is_alive(&mut self) -> bool {
        self.gate.as_mut().is_some_and(Process::is_alive)
    }

    /// The identifier of the gate's process.
    pub fn gate_process(&self) -> Option<u32> {
        self.gate.as_ref().map(Process::id)
    }

    fn start(&self, program: &str, config: &str) -> anyhow::Result<Process> {
        let config = self.path(config);
        let arguments = ["run".as_ref(), "--config".as_ref(), config.as_os_str()];
        let mut process = Process::start(program, &arguments, PASSPHRASE, &self.path("logs"))?;
        process.await_line("ready: ")?;
        Ok(process)
    }

    /// Starts everything, with the trusted travelers enrolled, and waits until the gate is in service.
    pub fn start_all(&mut self) -> anyhow::Result<()> {
        self.start_turnstile()?;
        if !self.settings.alone {
            self.start_service()?;
            let admin = Admin::log_in(&self.web_admin(), &self.admin_password)?;
            let asset = |name: &str| self.settings.assets.join(name);
            admin.enroll("Demonstration Traveler", documents::CARD, Some(&asset("faces/obama.jpg")), &[])?;
            admin.enroll("Finger Traveler", documents::FINGER_CARD, None, &[&asset("fingers/p1_1.png")])?;
        }
        self.start_gate()?;
        let gate = self.gate_pages();
        gate.await_service()?;
        if self.settings.alone { Ok(()) } else { gate.await_connected() }
    }

    /// The gate's pages.
    pub fn gate_pages(&self) -> GatePages {
        GatePages::new(&self.screens())
    }
}

/// Waits for something that happens by itself.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while std::time::Instant::now() < deadline {
        stop::look()?;
        if let Some(found) = look()? {
            return Ok(found);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    bail!("waited in vain for {what}")
}

/// Makes the folder, or empties it if it is an earlier demonstration's. Nothing else is ever emptied.
fn claim(folder: &Path) -> anyhow::Result<()> {
    let marker = folder.join(MARKER);
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let emptying = || format!("empty {}", folder.display());
    let entries = fs::read_dir(folder).with_context(emptying)?.collect::<Result<Vec<_>, _>>().with_context(emptying)?;
    if !entries.is_empty() && !marker.is_file() {
        bail!("{} holds something else than a demonstration: name another folder, or empty it first", folder.display());
    }
    fs::write(&marker, "sallyport-demo empties this folder each time it begins.\n").with_context(emptying)?;
    for path in entries.iter().map(fs::DirEntry::path).filter(|path| *path != marker) {
        let remove = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all } else { fs::remove_file };
        remove(&path).with_context(|| format!("remove {}", path.display()))?;
    }
    Ok(())
}

fn password(printed: &str, name: &str) -> anyhow::Result<String> {
    let beginning = format!("password of {name}: ");
    let line = printed.lines().find_map(|line| line.strip_prefix(beginning.as_str()));
    Ok(line.with_context(|| format!("no password of {name} was printed"))?.trim().to_owned())
}

fn free_ports(first: u16) -> anyhow::Result<[u16; 3]> {
    let bind = |port: u16| TcpListener::bind(("127.0.0.1", port));
    let mut held = Vec::new();
    for offset in 0..3 {
        let wanted = if first == 0 { 0 } else { first.saturating_add(offset) };
        held.push(bind(wanted).or_else(|_| bind(0)).context("no free port on the loopback")?);
    }
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr().context("a port's number")?.port();
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_a_demonstrations_folder_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (folder.path().join("a/demo"), folder.path().join("other"));
        claim(&own).unwrap();
        fs::create_dir(own.join("gate")).unwrap();
        fs::write(own.join("gate/journal.log"), "old").unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(other.join("thesis.txt"), "years").unwrap();
        std::os::unix::fs::symlink(&other, own.join("link")).unwrap();
        claim(&own).unwrap();
        assert_eq!(fs::read_dir(&own).unwrap().count(), 1, "its marker alone");

        let refused = claim(&other).unwrap_err().to_string();
        assert!(refused.contains("name another folder"), "{refused}");
        assert_eq!(fs::read_to_string(other.join("thesis.txt")).unwrap(), "years");
        fs::remove_file(other.join("thesis.txt")).unwrap();
        claim(&other).unwrap();
    }
}
