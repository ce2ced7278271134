//! A real `pcscd` with a virtual reader (Debian's `vsmartcard-vpcd`), in namespaces of its own: the virtual reader
//! listens on all addresses and `pcscd` at one place of the whole machine. Where that cannot be had the tests say so and
//! do nothing.
#![allow(dead_code, reason = "each suite uses its part")]

use std::{
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use sallyport_hardware::simulator::vpcd::{self, Card, VpcdError};

const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const PCSCD: &str = "/usr/sbin/pcscd";
const NAMESPACE: &str = "SALLYPORT_PCSC_TEST_NAMESPACE";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn slot() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, vpcd::PORT).into()
}

/// Something in the first slot of the virtual reader; taken out when dropped.
pub(crate) struct InSlot {
    stop: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl InSlot {
    pub(crate) fn lay(mut card: impl Card + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let server = std::thread::spawn(move || {
            // The service takes its time to open the slot, and to notice that the last card is gone.
            until("the virtual reader", || match vpcd::serve(&mut card, slot(), &stopped) {
                Err(VpcdError::NoReader { .. }) if !stopped.load(Ordering::Relaxed) => None,
                end => Some(end),
            })
            .unwrap();
        });
        Self { stop, server: Some(server) }
    }
}

impl Drop for InSlot {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.server.take().map_or(Ok(()), JoinHandle::join);
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

pub(crate) struct Service(Child);

impl Service {
    pub(crate) fn start() -> Self {
        Self(Command::new(PCSCD).arg("--foreground").stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        let _ = fs::remove_dir_all("/run/pcscd");
    }
}

/// Calls until it gives something: services and readers take their time.
pub(crate) fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// This command in namespaces of its own, with `/run` empty and the loopback up.
fn apart(command: &[&str]) -> Command {
    let mut apart = Command::new("unshare");
    apart.args(["--map-root-user", "--mount", "--net", "--kill-child", "--", "sh", "-c"]);
    apart.arg("mount -t tmpfs tmpfs /run && ip link set lo up && exec \"$@\"").arg("sh").args(command);
    apart
}

fn hindrance() -> Option<&'static str> {
    if !Path::new(PCSCD).exists() || !Path::new(DRIVER).exists() {
        Some("install pcscd and vsmartcard-vpcd")
    } else if !apart(&["true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        Some("this machine gives no namespaces (unshare --map-root-user --mount --net)")
    } else {
        None
    }
}

/// Past the test harness, which would keep it to itself.
pub(crate) fn skip(what: &str, hindrance: &str) {
    let _ = writeln!(io::stderr(), "\nSKIPPED: {what} was not tested: {hindrance}\n");
}

/// Runs the test of this name in namespaces of its own.
pub(crate) fn in_namespaces(test: &str, work: impl FnOnce()) {
    if std::env::var_os(NAMESPACE).is_some() {
        return work();
    }
    if let Some(hindrance) = hindrance() {
        return skip(test, hindrance);
    }
    let own = std::env::current_exe().unwrap();
    let status = apart(&[own.to_str().unwrap(), test, "--exact", "--nocapture"]).env(NAMESPACE, "1").status().unwrap();
    assert!(status.success(), "{status}");
}
