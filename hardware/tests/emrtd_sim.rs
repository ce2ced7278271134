//! The program `emrtd-sim`: documents of every kind issued, read in process, and laid into a real PC/SC service.
#![allow(clippy::unwrap_used)]

mod pcscd;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use pcscd::{Service, in_namespaces, until};
use sallyport_emrtd::Mrz;
use serde_json::Value;

fn emrtd_sim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_emrtd-sim")).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", text(output));
}

/// Issues a document of this profile; gives its folder.
#[track_caller]
fn issue(folder: &Path, name: &str, profile: &str, more: &[&str]) -> String {
    let (written, out) = (folder.join(name).with_extension("toml"), folder.join(name));
    fs::write(&written, profile).unwrap();
    let (written, out) = (written.to_str().unwrap(), out.to_str().unwrap().to_owned());
    assert_exit(&emrtd_sim(&[&["issue", written, "--out", &out], more].concat()), 0);
    out
}

#[track_caller]
fn outcome(report: &Value, check: &str) -> String {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|made| made["check"] == check);
    found.unwrap_or_else(|| panic!("no {check}"))["outcome"].as_str().unwrap().to_owned()
}

fn read_as_json(document: &str, more: &[&str]) -> Value {
    let output = emrtd_sim(&[&["read", document, "--json"], more].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output)))
}

#[test]
fn the_example_is_a_genuine_passport_that_proves_itself() {
    let folder = tempfile::tempdir().unwrap();
    let example = emrtd_sim(&["example"]);
    let document = issue(folder.path(), "example", &text(&example), &[]);
    let read = emrtd_sim(&["read", &document]);
    assert_exit(&read, 0);
    assert!(
        text(&read).contains("\nAUTHENTIC") && text(&read).contains("s on the air at 848 kbit/s"),
        "{}",
        text(&read)
    );
    assert!(!text(&read).contains("ERIKSSON"), "{}", text(&read));
    for more in [&[][..], &["--can"]] {
        let report = read_as_json(&document, more);
        assert_eq!((&report["verdict"], report["holder"].is_null()), (&"authentic".into(), true));
        assert!(report["access"].as_str().unwrap().starts_with("PACE (Ecdh, CAM"), "{report}");
        let proofs = ["access-downgrade", "proofs-complete", "active-authentication", "chip-authentication"];
        for check in proofs.iter().chain(&["chip-authentication-mapping", "hash-dg2", "hash-dg15"]) {
            assert_eq!(outcome(&report, check), "passed", "{check}");
        }
        let air = |rate: &str| report["air_ms_by_kbit_s"][rate].as_u64().unwrap();
        assert!(air("848") > 0 && air("106") > 3 * air("848"), "{report}");
    }
    assert_eq!(read_as_json(&document, &["--show"])["holder"]["surname"], "ERIKSSON");
}

#[test]
fn fingerprints_are_for_the_terminal_that_has_the_right() {
    let folder = tempfile::tempdir().unwrap();
    let document = issue(folder.path(), "fingers", "[proofs]\nfingers = true\n", &[]);
    let report = read_as_json(&document, &[]);
    assert_eq!(report["verdict"], "authentic");
    for check in ["terminal-authentication", "hash-dg3"] {
        assert_eq!(outcome(&report, check), "passed", "{check}: {report}");
    }
    fs::rename(Path::new(&document).join("terminal"), folder.path().join("elsewhere")).unwrap();
    let report = read_as_json(&document, &[]);
    assert_eq!((&report["verdict"], outcome(&report, "hash-dg3")), (&"authentic".into(), "not-done".into()));
    assert_eq!(report["refused"][0][0], "DG3", "{report}");
}

#[test]
fn profiles_choose_zone_algorithms_and_protocols() {
    let folder = tempfile::tempdir().unwrap();
    for (name, profile, access, passed) in [
        (
            "old",
            "can = \"\"\n[authority]\ncsca_key = \"rsa-2048\"\nsigner_key = \"rsa-2048\"\nhash = \"sha1\"\n\
             [access]\npace = []\n[proofs]\nactive = \"rsa-1024\"\nchip = []\n",
            "BAC",
            &["active-authentication", "signature"][..],
        ),
        (
            "pss",
            "[authority]\ncsca_key = \"rsa-3072\"\nsigner_key = \"rsa-2048\"\npss = true\nhash = \"sha512\"\n\
             [access]\nbac = false\npace = [\"im-ecdh-aes256-16\"]\n[proofs]\nactive = \"\"\nchip = [\"2-3des\"]\n",
            "PACE (Ecdh, IM, Aes256, parameters 16)",
            &["chip-authentication", "signer-chain"],
        ),
        (
            "card",
            "face_encoding = \"39794-5\"\n[zone]\nformat = \"TD1\"\ncode = \"I\"\n[authority]\nsigner_key = \"nist-p521\"\n\
             [access]\npace = [\"gm-dh-aes128-1\"]\nextended_bytes = 1024\n[proofs]\nchip = [\"13-aes128\", \"12-aes256\"]\n",
            "PACE (Dh, GM, Aes128, parameters 1)",
            &["chip-authentication", "active-authentication"],
        ),
    ] {
        let document = issue(folder.path(), name, profile, &[]);
        let report = read_as_json(&document, &[]);
        assert_eq!((&report["verdict"], &report["access"]), (&"authentic".into(), &access.into()), "{name}: {report}");
        for check in passed {
            assert_eq!(outcome(&report, check), "passed", "{name}: {check}");
        }
    }
    let zone = fs::read_to_string(folder.path().join("card/mrz.txt")).unwrap();
    assert_eq!(zone.lines().map(str::len).collect::<Vec<_>>(), [30, 30, 30]);
}

#[test]
fn every_forgery_is_found_by_the_check_that_is_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let profile = "[authority]\nsigner_key = \"nist-p256\"\n";
    for (forgery, checks) in [
        ("clone", &["active-authentication", "chip-authentication", "chip-authentication-mapping"][..]),
        ("silent-clone", &["proofs-complete"]),
        ("altered-group", &["hash-dg2"]),
        ("wrong-hash", &["hash-dg2"]),
        ("expired-signer", &["signer-validity"]),
        ("revoked-signer", &["signer-revocation"]),
        ("unknown-authority", &["signer-chain"]),
    ] {
        let document = issue(folder.path(), forgery, profile, &["--forgery", forgery]);
        assert_exit(&emrtd_sim(&["read", &document]), 1);
        let report = read_as_json(&document, &[]);
        for made in report["checks"].as_array().unwrap() {
            let failed = made["outcome"] == "failed";
            assert_eq!(failed, checks.contains(&made["check"].as_str().unwrap()), "{forgery}: {made}");
        }
    }
}

#[test]
fn every_fault_ends_the_reading_or_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let document = issue(folder.path(), "faulty", "", &[]);
    for (fault, code, expected) in [
        ("downgrade", 1, "FAILED    access-downgrade"),
        ("short-reads", 0, "\nAUTHENTIC"),
        ("silent", 3, "stopped answering"),
        ("gone", 3, ""),
        ("garbage", 3, ""),
        ("hostile", 3, ""),
    ] {
        let read = emrtd_sim(&["read", &document, "--fault", fault, "--after", "25"]);
        assert_exit(&read, code);
        assert!(text(&read).contains(expected) && !text(&read).contains("panicked"), "{fault}: {}", text(&read));
    }
}

#[test]
fn what_is_wrong_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let document = issue(folder.path(), "document", "can = \"\"\n", &[]);
    let profile = folder.path().join("wrong.toml");
    fs::write(&profile, "[access]\npace = [\"gm-ecdh-13\"]\n").unwrap();
    let new = folder.path().join("new");
    for (arguments, code, expected) in [
        (&["issue", "--out", &document][..], 3, "--out needs a new folder"),
        (&["issue", profile.to_str().unwrap(), "--out", new.to_str().unwrap()], 3, "of the form gm-ecdh-aes128-13"),
        (&["issue", "nothing.toml", "--out", new.to_str().unwrap()], 3, "nothing.toml"),
        (&["read", "nothing"], 3, "emrtd-sim issue"),
        (&["read", &document, "--can"], 3, "leave --can out"),
        (&["read", &document, "--rate", "300"], 2, "106, 212, 424 and 848"),
        (&["serve", &document, "--once", "--address", "127.0.0.1:9"], 3, "start pcscd"),
    ] {
        let output = emrtd_sim(arguments);
        assert_exit(&output, code);
        assert!(text(&output).contains(expected), "{arguments:?}: {}", text(&output));
    }
    assert!(!new.exists());
}

/// `emrtd-sim serve`, ended when dropped.
struct Served(Child);

impl Served {
    fn start(document: &str, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emrtd-sim"));
        Self(command.args(["serve", document]).args(more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn what_is_served_is_read_by_emrtd_read() {
    in_namespaces("what_is_served_is_read_by_emrtd_read", || {
        let folder = tempfile::tempdir().unwrap();
        let document = issue(folder.path(), "served", "", &[]);
        // Before the service, which it waits for.
        let served = Served::start(&document, &["--rate", "848"]);
        let _service = Service::start();
        let zone = fs::read_to_string(Path::new(&document).join("mrz.txt")).unwrap();
        assert!(Mrz::parse(&zone).is_ok());
        let lines: Vec<&str> = zone.lines().collect();
        let trust = Path::new(&document).join("trust");
        let arguments = [&["--mrz"][..], &lines, &["--groups", "all", "--trust", trust.to_str().unwrap()]].concat();
        let read = |arguments: &[&str]| {
            until("the reader", || {
                let output = Command::new(env!("CARGO_BIN_EXE_emrtd-read")).args(arguments).output().unwrap();
                (!text(&output).contains("is not available")).then_some(output)
            })
        };
        let genuine = read(&arguments);
        assert_exit(&genuine, 0);
        assert!(text(&genuine).contains("opened by PACE (Ecdh, CAM"), "{}", text(&genuine));
        let by_number = read(&["--can", "123456", "--access", "pace", "--trust", trust.to_str().unwrap()]);
        assert_exit(&by_number, 0);
        drop(served);
        let clone = issue(folder.path(), "clone", "", &["--forgery", "clone"]);
        let _served = Served::start(&clone, &[]);
        // Until the service has seen that another one lies there.
        let trust = Path::new(&clone).join("trust").to_str().unwrap().to_owned();
        let arguments = ["--can", "123456", "--trust", &trust];
        let said = until("the clone", || Some(read(&arguments)).filter(|output| text(output).contains("it is a copy")));
        assert_exit(&said, 1);
    });
}
