//! A child process that ends with its owner.

use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::stop;

/// How long a process may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program of Sallyport.
pub struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

/// The program of this name beside the present one.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let mut folder = std::env::current_exe().context("where this program lies")?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    if !path.exists() {
        bail!("{} is missing: build the whole workspace first (`cargo build --workspace`)", path.display());
    }
    Ok(path)
}

/// Runs a program to its end and gives what it printed.
pub fn run<S: AsRef<OsStr>>(name: &str, arguments: &[S], passphrase: &str) -> anyhow::Result<String> {
    let output = Command::new(program(name)?)
        .args(arguments)
        .env("SALLYPORT_PASSPHRASE", passphrase)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start {name}"))?;
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Process {
    /// Starts a program; its log goes to `<logs>/<name>.log`.
    pub fn start<S: AsRef<OsStr>>(name: &str, arguments: &[S], passphrase: &str, logs: &Path) -> anyhow::Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let file: File = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("open {}", log.display()))?;
        let mut child = Command::new(program(name)?)
            .args(arguments)
            .env("SALLYPORT_PASSPHRASE", passphrase)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { name: name.to_owned(), child, lines, log })
    }

    /// Waits for a line that begins so; gives the rest of it.
    pub fn await_line(&mut self, beginning: &str) -> anyhow::Result<String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100))
                && let Some(rest) = line.strip_prefix(beginning)
            {
                return Ok(rest.trim().to_owned());
            }
            stop::look()?;
            if let Some(status) = self.child.try_wait().context("look after a process")? {
                bail!("{} ended ({status}): see {}", self.name, self.log.display());
            }
        }
        bail!("{} did not print `{beginning}`: see {}", self.name, self.log.display())
    }

    /// Ends it in good order and waits.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.signal(Signal::SIGTERM)?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().context("look after a process")? {
                return if status.success() { Ok(()) } else { bail!("{} ended with {status}", self.name) };
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("{} does not end: see {}", self.name, self.log.display())
    }

    /// Kills it at once, as a loss of power would.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.child.wait().map(drop).context("wait for a killed process")
    }

    /// Its identifier.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).context("process identifier")?;
        kill(Pid::from_raw(pid), signal).with_context(|| format!("signal {}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
