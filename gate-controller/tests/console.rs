//! The gate's commands, beside its audit trail.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use sallyport_gate::config::COMMENTED_DEFAULT;

fn gate(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("SALLYPORT_PASSPHRASE", "correct horse battery").env_remove("RUST_LOG").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn commands_are_noted_before_they_are_done_and_the_trail_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = COMMENTED_DEFAULT.lines().find(|line| line.starts_with("data = ")).unwrap();
    fs::write(folder.join("gate.toml"), COMMENTED_DEFAULT.replace(line, "data = \"data\"")).unwrap();
    let run = |arguments: &[&str]| gate(folder, &[arguments, &["--config", "gate.toml"]].concat());
    let done = |arguments: &[&str]| {
        let said = run(arguments);
        assert!(said.status.success(), "{arguments:?}: {}", text(&said.stderr));
        text(&said.stdout)
    };
    assert!(done(&["init"]).starts_with("password of officer: "));
    assert!(done(&["account", "add", "ana"]).starts_with("password of ana: "));
    done(&["account", "remove", "ana"]);
    let unknown = run(&["account", "reset", "ana"]);
    assert!(text(&unknown.stderr).contains("account add"), "{}", text(&unknown.stderr));
    let person = "5d0dcd3b-5a49-4f2e-8f0a-0a3a3c5f2b10";
    assert_eq!(done(&["audit", "search", "data", "--person", person]).lines().count(), 1, "that somebody looked");

    let search = |narrowed: &[&str]| {
        let found = gate(folder, &[&["audit", "search", "data"], narrowed].concat());
        let act = |line: &str| {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(entry["who"], sallyport_privacy::audit::operator());
            entry["act"].as_str().unwrap().to_owned()
        };
        text(&found.stdout).lines().filter(|line| !line.is_empty()).map(act).collect::<Vec<_>>()
    };
    let all = ["initialize", "add_account", "remove_account", "reset_account", "fail", "audit"];
    assert_eq!(search(&[]), all);
    assert_eq!(search(&["--what", "ana"]), ["add_account", "remove_account", "reset_account", "fail"]);
    let verified = gate(folder, &["audit", "verify", "data"]);
    assert!(text(&verified.stdout).starts_with("whole: 6 entries, nothing is cut off"), "{}", text(&verified.stderr));

    // Whoever cuts the trail, and the head beside it, is found out by a check-point that the centre keeps.
    let (log, head) = (folder.join("data/audit/audit.log"), folder.join("data/audit/audit.head"));
    fs::copy(&head, folder.join("kept")).unwrap();
    let trail = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = trail.lines().collect();
    fs::write(&log, lines[..lines.len() - 2].join("\n") + "\n").unwrap();
    fs::write(&head, lines[lines.len() - 3]).unwrap();
    assert!(gate(folder, &["audit", "verify", "data"]).status.success());
    let cut = gate(folder, &["audit", "verify", "data", "--head", "kept"]);
    assert!(!cut.status.success() && text(&cut.stderr).contains("its end was cut off"), "{}", text(&cut.stderr));
}
