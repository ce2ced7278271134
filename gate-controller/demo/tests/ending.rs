//! A signal ends the demonstration and every program that it started.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sallyport_demo::{process::program, world::wait_for};
use support::assets;

#[test]
fn a_signal_at_any_time_leaves_no_program_behind() {
    let Some(assets) = assets() else { return };
    for (signal, at) in [(Signal::SIGTERM, "turnstile-sim"), (Signal::SIGINT, "gate")] {
        let folder = tempfile::tempdir().unwrap();
        let world = folder.path().join("world");
        let mut demo = Command::new(program("sallyport-demo").unwrap())
            .args(["--port", "0", "--folder"])
            .args([&world, Path::new("--assets"), &assets])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let is_running = || running(&world).iter().any(|name| name == at);
        wait_for(at, || Ok(is_running().then_some(()))).unwrap();
        kill(Pid::from_raw(demo.id().try_into().unwrap()), signal).unwrap();
        let ended = wait_for("the end", || Ok(demo.try_wait()?));
        if ended.is_err() {
            demo.kill().unwrap();
        }
        ended.unwrap();
        let left = running(&world);
        assert!(left.is_empty(), "after {signal} these still run: {left:?}");
    }
}

/// The programs whose arguments name something in this folder, but not the demonstration itself.
fn running(folder: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let arguments = |process: PathBuf| fs::read(process.join("cmdline")).ok();
    let mut names = Vec::new();
    for line in processes.filter_map(arguments) {
        let line = String::from_utf8_lossy(&line);
        let program = Path::new(line.split('\0').next().unwrap_or_default()).file_name().unwrap_or_default();
        if line.contains(&*folder.to_string_lossy()) && program != "sallyport-demo" {
            names.push(program.to_string_lossy().into_owned());
        }
    }
    names
}
