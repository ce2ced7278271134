//! The program `trust`, with lists made here and with the one that Germany publishes.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{SystemTime, UNIX_EPOCH},
};

use sallyport_emrtd::issue::{Authority, Profile, Role, SignedDataProfile};
use serde_json::Value;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

fn trust(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trust")).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

/// A folder with a master list of Utopia that names Utopia and Ruritania, and both countries' certificates.
struct Lists(tempfile::TempDir);

impl Lists {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (utopia, ruritania) = (Authority::csca("UT", now()).unwrap(), Authority::csca("RU", now()).unwrap());
        let (utopian, ruritanian) = (utopia.certificate_der().unwrap(), ruritania.certificate_der().unwrap());
        let profile = Profile::new(Role::MasterListSigner, "UT", "Master List Signer", now(), 90).unwrap();
        let signer = utopia.certify(&profile).unwrap();
        let list = signer.sign_master_list(&[&utopian, &ruritanian], &SignedDataProfile::default()).unwrap();
        let mut altered = list.clone();
        let at = altered.windows(7).position(|bytes| bytes == b"CSCA RU").unwrap();
        altered[at + 6] = b'V';
        for (name, bytes) in [("ut.ml", &list), ("altered.ml", &altered), ("ut.cer", &utopian), ("ru.cer", &ruritanian)]
        {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn a_master_list_counts_under_its_root_only() {
    let lists = Lists::make();
    let (list, store) = (lists.path("ut.ml"), lists.path("store"));
    for root in [&[][..], &["--root", &lists.path("ru.cer")]] {
        let refused = trust(&[&["import", &list, "--store", &store], root].concat());
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(
            text(&refused).contains("give the CSCA certificate of the list's country as root"),
            "{}",
            text(&refused)
        );
        assert!(!Path::new(&store).exists());
    }
    let altered = trust(&["import", &lists.path("altered.ml"), "--store", &store, "--vouch"]);
    assert_eq!(altered.status.code(), Some(1), "{}", text(&altered));

    let taken = trust(&["import", &list, "--store", &store, "--root", &lists.path("ut.cer"), "--json"]);
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken));
    let report = json(&taken);
    assert_eq!(report["authorities"], 2);
    assert_eq!(report["files"][0]["authorities"].as_array().unwrap().len(), 2);
    assert!(report["files"][0]["lists"][0]["anchor"].as_str().unwrap().contains("CSCA UT"));

    // Now the store itself vouches for the list.
    let again = trust(&["import", &list, "--store", &store]);
    assert!(again.status.success() && text(&again).contains("0 authorities"), "{}", text(&again));
    assert!(text(&again).contains("2 authorities of 2 countries"), "{}", text(&again));
}

#[test]
fn a_store_is_listed_by_country_and_shown_in_full() {
    let lists = Lists::make();
    let store = lists.path("store");
    assert!(trust(&["import", &lists.path("ut.ml"), "--store", &store, "--vouch"]).status.success());
    let all = text(&trust(&["list", "--store", &store]));
    assert!(all.contains("RU\n  ") && all.contains("UT\n  ") && all.contains("CN=CSCA UT"), "{all}");
    let one = trust(&["list", "--store", &store, "--country", "ru", "--valid", "--json"]);
    let listed = json(&one);
    let [authority] = listed.as_array().unwrap().as_slice() else { panic!("{}", text(&one)) };
    assert_eq!((&authority["standing"], &authority["valid_today"]), (&"anchor".into(), &true.into()));
    let none = trust(&["list", "--store", &store, "--country", "XX"]);
    assert_eq!(none.status.code(), Some(3));
    assert!(text(&none).contains("import a master list"), "{}", text(&none));

    let shown = text(&trust(&["show", authority["fingerprint"].as_str().unwrap(), "--store", &store]));
    for expected in ["CN=CSCA RU", "elliptic curve, 256 bits", "ut.ml, list of", "only the operator vouches"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert_eq!(json(&trust(&["show", "csca", "--store", &store, "--json"])).as_array().unwrap().len(), 2);
    assert_eq!(trust(&["show", "nobody", "--store", &store]).status.code(), Some(3));
}

#[test]
fn what_cannot_be_used_says_what_to_do() {
    let lists = Lists::make();
    let no_store = trust(&["list", "--store", &lists.path("nothing")]);
    assert_eq!(no_store.status.code(), Some(3));
    assert!(text(&no_store).contains("`trust import` makes a store"), "{}", text(&no_store));
    let no_file = trust(&["import", &lists.path("no.ml"), "--store", &lists.path("store")]);
    assert_eq!(no_file.status.code(), Some(3), "{}", text(&no_file));
    fs::write(lists.path("text"), "no certificate").unwrap();
    // What is good is taken nevertheless.
    let mixed = trust(&["import", &lists.path("text"), &lists.path("ut.cer"), "--store", &lists.path("store")]);
    assert_eq!(mixed.status.code(), Some(1), "{}", text(&mixed));
    assert!(text(&mixed).contains("text: REFUSED") && text(&mixed).contains("1 authorities of 1 countries"));
    assert_eq!(trust(&["import", "--store", "x"]).status.code(), Some(2));
}

#[test]
fn the_german_master_list_comes_in_whole() {
    let data = std::env::var_os("SALLYPORT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = data.join("chips/trust");
    if !folder.exists() {
        eprintln!("SKIPPED: no master list in {}", folder.display());
        return;
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let temporary = tempfile::tempdir().unwrap();
    let store = temporary.path().join("store").to_str().unwrap().to_owned();
    let (list, root) = (path("DE_ML_2026-05-28.ml"), path("DE_ROOT_CA_CSCA07.cer"));
    let taken = trust(&["import", &list, "--store", &store, "--root", &root, "--json"]);
    let report = json(&taken);
    let left_out = report["files"][0]["left_out"].as_array().unwrap();
    assert_eq!(report["authorities"].as_u64().unwrap() + left_out.len() as u64, 588);
    assert!(left_out.len() < 10, "{left_out:?}");
    let german = json(&trust(&["list", "--store", &store, "--country", "DE", "--json"]));
    assert!(german.as_array().unwrap().len() >= 5, "{german}");
}
