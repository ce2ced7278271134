//! The real binary in a folder of its own, and clients of both its sides.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part of this

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sallyport_protocol::{EnrollmentPage, paths};
use ureq::{
    Agent,
    tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig},
    unversioned::multipart::{Form, Part},
};

/// How long anything may take before a test fails: patience, not a measurement.
pub const PATIENCE: Duration = Duration::from_secs(30);
pub const PASSPHRASE: &str = "correct horse battery";
pub const NAME: &str = "Ana Silva";
pub const CARD: &str = "04A1B2C3D4E5F6";

pub fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets")
}

/// Whether nets and faces are there; says loudly if not.
pub fn equipped() -> bool {
    let there = ["models/face_recognition_sface.onnx", "faces/obama.jpg", "fingers/p1_1.png"]
        .iter()
        .all(|it| assets().join(it).exists());
    if !there {
        eprintln!(
            "SKIPPED: the enrollment service was not tried: assets/ lacks nets, faces or fingers; run `make setup`"
        );
    }
    there
}

pub fn finger(name: &str) -> Vec<u8> {
    fs::read(assets().join("fingers").join(name)).unwrap()
}

pub fn face(name: &str) -> Vec<u8> {
    fs::read(assets().join("faces").join(name)).unwrap()
}

/// A service with its folder. Ends with the test.
pub struct World {
    pub folder: tempfile::TempDir,
    pub password: String,
    running: Option<(Child, BufReader<ChildStdout>)>,
    pub gates: String,
    pub admin: String,
    /// What else the configuration says, and what the programs find in their environment.
    more: String,
    environment: Vec<(String, PathBuf)>,
}

impl World {
    /// An initialized folder, nothing running yet.
    pub fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap(), String::new(), Vec::new())
    }

    /// The same in this folder, with more in its configuration and in the environment.
    pub fn with(folder: tempfile::TempDir, more: String, environment: Vec<(String, PathBuf)>) -> Self {
        let (password, gates, admin) = Default::default();
        let mut world = Self { folder, password, running: None, gates, admin, more, environment };
        world.configure("127.0.0.1:0", "127.0.0.1:0");
        let made = world.command(&["init"]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let said = text(&made.stdout);
        assert_eq!(said.lines().count(), 1, "{said}");
        world.password = said.trim().strip_prefix("password of admin: ").unwrap().to_owned();
        world
    }

    pub fn configure(&self, gates: &str, admin: &str) {
        let models = fs::canonicalize(assets().join("models")).unwrap_or_default();
        let config = format!(
            "models = {models:?}\n[gates]\nlisten = \"{gates}\"\n[admin]\nlisten = \"{admin}\"\nplain_http = true\n"
        );
        fs::write(self.path("enrollment.toml"), config + &self.more).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command of the binary, with the configuration last.
    pub fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enrollment"));
        command.args(arguments).arg("--config").arg(self.path("enrollment.toml"));
        command.current_dir(self.folder.path()).env("SALLYPORT_PASSPHRASE", PASSPHRASE).env_remove("RUST_LOG");
        command.envs(self.environment.iter().cloned());
        command
    }

    pub fn command(&self, arguments: &[&str]) -> Output {
        self.prepared(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Starts the service and waits until it is ready. Its log goes to `log`.
    pub fn start(&mut self) {
        self.launch();
        self.await_ready();
    }

    pub fn launch(&mut self) {
        self.launch_as(&["run"]);
    }

    pub fn launch_as(&mut self, arguments: &[&str]) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let mut child = self.prepared(arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        self.running = Some((child, out));
    }

    pub fn await_ready(&mut self) {
        let mut line = String::new();
        self.running.as_mut().unwrap().1.read_line(&mut line).unwrap();
        let (gates, admin) = line
            .trim()
            .strip_prefix("ready: gates on ")
            .and_then(|rest| rest.split_once(", admin on "))
            .unwrap_or_else(|| panic!("not ready: {line:?}\n{}", self.log()));
        (self.gates, self.admin) = (gates.to_owned(), admin.to_owned());
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// As if the power had failed (but for the disk's cache).
    pub fn kill(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to end, and gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let (mut child, _) = self.running.take().unwrap();
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
        let began = Instant::now();
        loop {
            match child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if began.elapsed() > PATIENCE => {
                    child.kill().unwrap();
                    panic!("the service did not end:\n{}", self.log());
                }
                None => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Admits a gate and gives its client.
    pub fn gate(&self, name: &str) -> Agent {
        let out = self.path(name);
        let added = self.command(&["gate", "add", name, "--out", out.to_str().unwrap()]);
        assert!(added.status.success(), "{}", text(&added.stderr));
        let read = |file: &str| fs::read(out.join(file)).unwrap();
        self.client(Some((&read("gate.crt"), &read("gate.key"))))
    }

    /// A client of the gates' side that shows this certificate and key.
    pub fn client(&self, own: Option<(&[u8], &[u8])>) -> Agent {
        let ca = Certificate::from_pem(&fs::read(self.path("data/ca.crt")).unwrap()).unwrap();
        let own = own.map(|(certificate, key)| {
            let certificate = Certificate::from_pem(certificate).unwrap();
            ClientCert::new_with_certs(&[certificate], PrivateKey::from_pem(key).unwrap())
        });
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca])).client_cert(own).build();
        let config = Agent::config_builder().tls_config(tls).http_status_as_error(false);
        config.timeout_global(Some(Duration::from_secs(60))).build().into()
    }

    /// Somebody at the web admin, logged in.
    pub fn staff(&self, name: &str, password: &str) -> Staff {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let config = config.timeout_global(Some(Duration::from_secs(60)));
        let staff = Staff { agent: config.build().into(), admin: self.admin.clone() };
        let answer = staff.post("/admin/login", &[("name", name), ("password", password)]);
        assert_eq!(answer, (303, "/admin/enrollments".to_owned()));
        staff
    }
}

/// What a gate is answered; otherwise status and text, or 0 and why there was no answer.
pub fn get<T: serde::de::DeserializeOwned>(gate: &Agent, world: &World, path: &str) -> Result<T, (u16, String)> {
    let mut answer = gate.get(format!("{}{path}", world.gates)).call().map_err(|error| (0, error.to_string()))?;
    let body = answer.body_mut().read_to_string().unwrap();
    match answer.status().as_u16() {
        200 => Ok(serde_json::from_str(&body).unwrap()),
        status => Err((status, body)),
    }
}

/// Everything, or what changed since an earlier page.
pub fn changes(gate: &Agent, world: &World, since: Option<&EnrollmentPage>) -> EnrollmentPage {
    let asked = since.map_or("since=0".to_owned(), |page| format!("since={}&epoch={}", page.revision, page.epoch));
    get(gate, world, &format!("{}?{asked}", paths::ENROLLMENTS)).unwrap()
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A browser without a screen.
pub struct Staff {
    agent: Agent,
    admin: String,
}

impl Staff {
    /// Status, and the page, or where it sends us.
    pub fn get(&self, path: &str) -> (u16, String) {
        answer(self.agent.get(format!("{}{path}", self.admin)).call().unwrap())
    }

    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let fields = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        answer(self.agent.post(format!("{}{path}", self.admin)).send_form(fields).unwrap())
    }

    pub fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        let request = self.agent.post(format!("{}{path}", self.admin)).header("origin", origin);
        request
            .send_form(fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())))
            .unwrap()
            .status()
            .as_u16()
    }

    pub fn token(&self) -> String {
        let (_, page) = self.get("/admin/enrollments/new");
        let rest = page.split_once("name=\"token\" value=\"").unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// Sends a form of our own, with a reason where one is needed.
    pub fn submit(&self, path: &str) -> (u16, String) {
        self.submit_because(path, "mistake")
    }

    pub fn submit_because(&self, path: &str, why: &str) -> (u16, String) {
        self.post(path, &[("token", &self.token()), ("why", why)])
    }

    /// Sends a form with a photograph.
    pub fn upload(&self, path: &str, fields: &[(&str, &str)], photograph: &[u8]) -> (u16, String) {
        let token = self.token();
        let mut form = Form::new().text("token", &token);
        for (name, value) in fields {
            form = form.text(name, value);
        }
        let form = form.part("photograph", Part::bytes(photograph).file_name("photograph.jpg"));
        answer(self.agent.post(format!("{}{path}", self.admin)).send(form).unwrap())
    }

    /// Sends a form with impressions of a finger; `json`: as a program does.
    pub fn upload_fingers(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        impressions: &[&[u8]],
        json: bool,
    ) -> (u16, String) {
        let token = self.token();
        let mut form = Form::new().text("token", &token);
        for (name, value) in fields {
            form = form.text(name, value);
        }
        for impression in impressions {
            form = form.part("impression", Part::bytes(impression).file_name("impression"));
        }
        let request = self.agent.post(format!("{}{path}", self.admin));
        let accepted = if json { "application/json" } else { "text/html" };
        answer(request.header("accept", accepted).send(form).unwrap())
    }

    pub fn enroll(&self, name: &str, card: &str, photograph: &[u8]) -> (u16, String) {
        let fields = [("name", name), ("card", card), ("expires", "2099-12-31"), ("consent-face", "yes")];
        self.upload("/admin/enrollments", &fields, photograph)
    }
}

fn answer(mut answer: ureq::http::Response<ureq::Body>) -> (u16, String) {
    let status = answer.status().as_u16();
    let said = match answer.headers().get("location") {
        Some(location) => location.to_str().unwrap().to_owned(),
        None => answer.body_mut().read_to_string().unwrap(),
    };
    (status, said)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
