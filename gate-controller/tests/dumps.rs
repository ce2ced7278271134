//! The gate leaves no core dump, whatever the limit of whoever started it.
#![allow(clippy::unwrap_used)]

use std::{fs, process::Command};

use nix::{sys::stat::Mode, unistd::mkfifo};
use sallyport_traces::aborted_when_it_reads;

#[test]
fn the_gate_leaves_no_core_dump() {
    let folder = tempfile::tempdir().unwrap();
    let (config, passphrase) = (folder.path().join("gate.toml"), folder.path().join("passphrase"));
    let program = env!("CARGO_BIN_EXE_gate");
    fs::write(&config, Command::new(program).arg("config").output().unwrap().stdout).unwrap();
    mkfifo(&passphrase, Mode::S_IRWXU).unwrap();
    // It waits for the passphrase, which never comes: the next thing that it would do is to make keys.
    let mut waiting = Command::new(program);
    waiting.args(["init", "--config"]).arg(&config).arg("--passphrase-file").arg(&passphrase);
    waiting.current_dir(folder.path()).env_remove("SALLYPORT_PASSPHRASE");
    let Some(end) = aborted_when_it_reads(&waiting, &passphrase).unwrap() else { return };
    assert!(!end.dumped && end.size_max == "0", "{end:?}");
    // Another program in its place may leave one; whether it does depends on where the kernel puts them.
    let mut other = Command::new("sh");
    other.args(["-c", "read line < passphrase"]).current_dir(folder.path());
    let Some(end) = aborted_when_it_reads(&other, &passphrase).unwrap() else { return };
    assert_eq!(end.size_max, "unlimited");
}
