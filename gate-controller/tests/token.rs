//! A gate whose keys are in a token of Debian's `softhsm2`. Skipped, loudly, where it is not installed.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sallyport_link::{Authority, Usage};
use sallyport_privacy::keys::{KeyStore as _, PASSPHRASE_VARIABLE, Pkcs11KeyStore};
use zeroize::Zeroizing;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const TOKEN: &str = "gate-1";
const PIN: &str = "a pin of some length";

/// A gate in a folder, with a token of its own.
struct World(tempfile::TempDir);

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        for folder in ["tokens", "trust", "documents", "scenes"] {
            fs::create_dir(world.path(folder)).unwrap();
        }
        let tokens = world.path("tokens");
        fs::write(world.path("softhsm2.conf"), format!("directories.tokendir = {}\n", tokens.display())).unwrap();
        let mut made = world.command("softhsm2-util");
        made.args(["--init-token", "--free", "--label", TOKEN, "--so-pin", "12345678", "--pin", PIN]);
        let made = made.output().unwrap();
        assert!(made.status.success(), "{}", text(&made.stderr));
        let authority = Authority::create().unwrap();
        authority.issue("gate-1", &[], Usage::Both).unwrap().save(world.0.path(), "gate").unwrap();
        fs::write(world.path("ca.crt"), authority.certificate_pem()).unwrap();
        let config = format!(
            r#"
            gate = "gate-1"
            data = "data"
            models = "models"
            trust = "trust"
            screens = {{ listen = "127.0.0.1:0", plain_http = true }}
            identity = {{ certificate = "gate.crt", key = "gate.key", authority = "ca.crt" }}
            centre = {{ url = "https://localhost:1", interval_ms = 200 }}
            keys = {{ module = "{MODULE}", token = "{TOKEN}" }}
            devices.turnstile = {{ line = "turnstile", control = "turnstile.control" }}
            devices.reader = {{ kind = "simulated", documents = "documents" }}
            devices.camera = {{ kind = "simulated", scenes = "scenes" }}
            "#
        );
        fs::write(world.path("gate.toml"), config).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf")).stdin(Stdio::null());
        command
    }

    fn gate(&self, task: &str, pin: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_gate"));
        command.args([task, "--config"]).arg(self.path("gate.toml")).env(PASSPHRASE_VARIABLE, pin);
        command
    }

    fn done(&self, task: &str, pin: &str) -> Output {
        self.gate(task, pin).output().unwrap()
    }

    /// Runs the gate until it has made its round, and gives its log.
    fn run(&self) -> String {
        let log = self.path("gate.log");
        let mut gate =
            self.gate("run", PIN).stdout(Stdio::piped()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(gate.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert!(ready.starts_with("ready: "), "{ready}{}", fs::read_to_string(&log).unwrap());
        let (said, began) = (|| fs::read_to_string(&log).unwrap(), Instant::now());
        while !said().contains("cannot be reached") && began.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(20));
        }
        stop(&mut gate);
        said()
    }

    /// The names of the keys in the token. SoftHSM finds its tokens by an environment variable, which a test must not change
    /// for itself: so it begins itself anew.
    fn names(&self) -> String {
        let mut again = self.command(env::current_exe().unwrap());
        let ran = again.args(["--exact", "prints_the_names", "--ignored", "--nocapture"]).output().unwrap();
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        text(&ran.stdout).lines().find_map(|line| line.split_once("keys: ")).unwrap().1.to_owned()
    }
}

fn stop(gate: &mut Child) {
    kill(Pid::from_raw(gate.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    assert!(gate.wait().unwrap().success());
}

#[test]
#[ignore = "begun by the test below, with its token"]
fn prints_the_names() {
    let store = Pkcs11KeyStore::open(Path::new(MODULE), TOKEN, &Zeroizing::new(PIN.to_owned())).unwrap();
    println!("\nkeys: {}", store.names().unwrap().join(" "));
}

#[test]
fn a_token_holds_the_gates_keys() {
    if !Path::new(MODULE).exists() || Command::new("softhsm2-util").arg("--version").output().is_err() {
        eprintln!("SKIPPED: a gate's keys in a PKCS#11 token, since softhsm2 is not installed");
        return;
    }
    let world = World::new();
    let early = world.done("run", PIN);
    assert!(text(&early.stderr).contains("run `gate init` first"), "{}", text(&early.stderr));
    let made = world.done("init", PIN);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("password of officer: "));
    let again = world.done("init", PIN);
    assert!(text(&again.stderr).contains("nothing was changed"), "{}", text(&again.stderr));
    assert_eq!(world.names(), "root");

    for start in ["first", "second"] {
        let log = world.run();
        assert!(log.contains("cannot be reached"), "{start}: {log}");
        assert!(!log.contains("destroyed") && !log.contains("damaged"), "{start}: {log}");
        assert_eq!(world.names(), "cache-1 root", "{start}");
    }
    assert!(world.path("data/cache/records/db").exists());
    assert!(!world.path("data/root.key").exists() && !world.path("data/keys").exists(), "no key is on the disk");
    assert!(world.path("data/cache-rotated").exists(), "its upkeep ran");

    let wrong = world.done("run", "another pin entirely");
    assert!(text(&wrong.stderr).contains("does not take the PIN"), "{}", text(&wrong.stderr));
    assert!(!text(&wrong.stderr).contains("another pin"), "{}", text(&wrong.stderr));
}
