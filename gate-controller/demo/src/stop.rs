//! The end by a signal: asked for once, looked at wherever this program waits.
//!
//! Programs that it started must end with it, so a signal may not end it at once; and signals that were merely blocked
//! would stay blocked in those programs, too.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

const LOOK_EVERY: Duration = Duration::from_millis(50);

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on SIGINT and SIGTERM ask for the end. To be called before anything is started.
pub fn on_signal() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("wait for signals")?;
    let context = runtime.enter();
    let mut terminate = signal(SignalKind::terminate()).context("wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("wait for signals")?;
    drop(context);
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        ASKED.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// An error, once the end was asked for.
pub fn look() -> anyhow::Result<()> {
    anyhow::ensure!(!ASKED.load(Ordering::Relaxed), "stopped by a signal");
    Ok(())
}

/// Waits until the end is asked for.
pub fn wait() {
    while look().is_ok() {
        thread::sleep(LOOK_EVERY);
    }
}
