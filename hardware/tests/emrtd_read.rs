//! The program `emrtd-read`, over a real PC/SC service with a virtual reader.
#![allow(clippy::unwrap_used)]

mod passport;
mod pcscd;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use passport::Passport;
use pcscd::{InSlot, Service, in_namespaces, until};
use sallyport_emrtd::chip::{Behavior, Chip, ChipFiles};
use serde_json::Value;

const BY_FIELDS: [&str; 6] = ["--number", "L898902C3", "--birth", "740812", "--expiry", "320415"];

fn emrtd_read(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_emrtd-read")).args(arguments).output().unwrap()
}

fn typing(input: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emrtd-read"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", text(output));
}

fn lay(passport: &Passport, files: ChipFiles) -> InSlot {
    InSlot::lay(Chip::new(files, passport.mrz().key(), Behavior::default(), &mut rand::rng()))
}

/// A trust store with this authority.
fn store(folder: &Path, name: &str, passport: &Passport) -> String {
    let certificate = folder.join(name).with_extension("cer");
    fs::write(&certificate, &passport.csca_der).unwrap();
    let store = folder.join(name).to_str().unwrap().to_owned();
    let import = Command::new(env!("CARGO_BIN_EXE_trust"))
        .args(["import", certificate.to_str().unwrap(), "--store", &store])
        .status();
    assert!(import.unwrap().success());
    store
}

#[test]
fn documents_are_read_and_judged() {
    in_namespaces("documents_are_read_and_judged", || {
        let (passport, folder) = (Passport::issue(), tempfile::tempdir().unwrap());
        let trusted = store(folder.path(), "trusted", &passport);
        let others = store(folder.path(), "others", &Passport::issue());

        let no_service = emrtd_read(&["list"]);
        assert_exit(&no_service, 3);
        assert!(text(&no_service).contains("pcscd"), "{}", text(&no_service));
        let _service = Service::start();
        let listed = until("the readers", || Some(emrtd_read(&["list"])).filter(|output| output.status.success()));
        assert!(text(&listed).starts_with("Virtual PCD"), "{}", text(&listed));
        let nothing = emrtd_read(&[&BY_FIELDS[..], &["--wait", "1"]].concat());
        assert_exit(&nothing, 3);
        assert!(text(&nothing).contains("no document within 1 s"), "{}", text(&nothing));

        let laid = lay(&passport, passport.files.clone());
        let genuine = emrtd_read(&[&BY_FIELDS[..], &["--trust", &trusted]].concat());
        assert_exit(&genuine, 0);
        let said = text(&genuine);
        for expected in ["opened by BAC", "passed    signature", "passed    hash-dg2", "under C=UT", "\nAUTHENTIC"] {
            assert!(said.contains(expected), "{expected}: {said}");
        }
        assert!(!said.to_uppercase().contains("ERIKSSON") && !said.contains("L898902C3"), "{said}");
        let shown = text(&emrtd_read(&[&BY_FIELDS[..], &["--trust", &trusted, "--show"]].concat()));
        assert!(shown.contains("ERIKSSON, ANNA MARIA (F), born 74-08-12"), "{shown}");

        // The zone from the standard input, the report for programs, the files for later.
        let written = folder.path().join("written");
        let arguments = ["--mrz", "-", "--json", "--groups", "all", "--write", written.to_str().unwrap()];
        let unjudged = typing(&passport.zone, &arguments);
        assert_exit(&unjudged, 4);
        let report: Value = serde_json::from_slice(&unjudged.stdout).unwrap();
        assert_eq!(report["verdict"], "undetermined");
        let chain = report["checks"].as_array().unwrap().iter().find(|check| check["check"] == "signer-chain").unwrap();
        assert_eq!(chain["outcome"], "not-done");
        assert!(report.get("holder").is_none());
        assert_eq!(fs::metadata(&written).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read(written.join("DG2.bin")).unwrap(), passport.files.groups[&2]);
        assert_eq!(fs::read(written.join("EF_SOD.bin")).unwrap(), passport.files.sod);
        assert_exit(&typing(&passport.zone, &arguments), 3); // the folder is there now

        let strangers = emrtd_read(&[&BY_FIELDS[..], &["--trust", &others]].concat());
        assert_exit(&strangers, 1);
        assert!(text(&strangers).contains("FAILED    signer-chain"), "{}", text(&strangers));

        for (arguments, expected) in [
            (&["--number", "L898902C4", "--birth", "740812", "--expiry", "320415"][..], "does not accept the key"),
            (&["--can", "123456"], "PACE"),
            (&["--mrz", "P<UTO"], "read the page again"),
            (&["--number", "L898902C3", "--birth", "741312", "--expiry", "320415"], "YYMMDD"),
            (&["--can", "12345"], "6 digits"),
            (&[], "say what opens the chip"),
        ] {
            let output = emrtd_read(arguments);
            assert_exit(&output, 3);
            assert!(text(&output).contains(expected), "{arguments:?}: {}", text(&output));
        }
        assert_exit(&emrtd_read(&["--number", "L898902C3"]), 2);
        drop(laid);
        // The service takes a moment to notice.
        until("its removal", || {
            let output = emrtd_read(&[&BY_FIELDS[..], &["--wait", "0"]].concat());
            text(&output).contains("no document").then_some(())
        });

        let mut altered = passport.files.clone();
        *altered.groups.get_mut(&2).unwrap().last_mut().unwrap() ^= 1;
        let _laid = lay(&passport, altered);
        let forged = emrtd_read(&[&BY_FIELDS[..], &["--trust", &trusted]].concat());
        assert_exit(&forged, 1);
        let said = text(&forged);
        assert!(said.contains("FAILED    hash-dg2") && said.contains("\nNOT AUTHENTIC"), "{said}");
        // Without anybody's trust a wrong hash shows all the same.
        assert_exit(&emrtd_read(&BY_FIELDS), 1);
    });
}
