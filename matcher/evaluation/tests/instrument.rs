//! The built `matcher-eval faces` over real pictures: what it prints, and the page that it writes. Needs the nets and
//! pictures of `make setup`.
#![allow(clippy::unwrap_used)]

mod assets;

use std::{fs, path::Path, process::Command};

use assets::assets;
use serde_json::Value;

/// A name that is markup where it is not escaped.
const SPITEFUL: &str = "<b>O'Bama & \"co\"";

/// Puts copies of these pictures into the person's folder.
fn person(data: &Path, name: &str, faces: &Path, pictures: &[&str]) {
    let folder = data.join(name);
    fs::create_dir_all(&folder).unwrap();
    for picture in pictures {
        fs::copy(faces.join(picture), folder.join(picture)).unwrap();
    }
}

/// Measures and reads what is printed.
fn measure(assets: &Path, data: &Path, more: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_matcher-eval"));
    command.arg("faces").arg(data).arg("--models").arg(assets.join("models")).arg("--json").args(more);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Fails unless every tag that is opened is closed, in order.
fn assert_balanced(page: &str) {
    let (mut open, mut rest) = (Vec::new(), page.strip_prefix("<!doctype html>").unwrap());
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, then) = after.split_once('>').unwrap();
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "before {}", then.chars().take(80).collect::<String>());
        } else if !tag.ends_with('/') {
            assert!(name.chars().all(|character| character.is_ascii_alphanumeric()), "<{tag}>");
            open.push(name);
        }
        rest = then;
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn what_is_measured_is_printed_and_drawn() {
    let Some(assets) = assets() else { return };
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    person(data.path(), SPITEFUL, &assets.join("faces"), &["obama.jpg", "obama2.jpg", "obama3.jpg"]);
    person(data.path(), "biden", &assets.join("faces"), &["biden.jpg"]);
    fs::write(data.path().join("biden/broken.jpg"), b"\xff\xd8\xff\xe0 no picture").unwrap();
    fs::write(data.path().join("subjects.csv"), "person,<i>group</i>\nbiden,<u>one</u>\n").unwrap();
    let page = out.path().join("page.html");
    let report = measure(&assets, data.path(), &["--html", page.to_str().unwrap()]);

    for (key, count) in [("images", 5), ("people", 2), ("failed_to_acquire", 1), ("genuine", 3), ("impostor", 3)] {
        assert_eq!(report[key], count, "{key}");
    }
    assert_eq!(report["eer"], 0.0);
    for fmr in ["1e-2", "1e-3", "1e-4", "1e-5"] {
        assert_eq!(report["fnmr_at_fmr"][fmr], 0.0, "{fmr}");
    }
    assert!(report["images_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(report["failures"][0]["image"], "biden/broken.jpg");
    let counted =
        |kind: &str| report["histogram"][kind].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!((counted("genuine"), counted("impostor")), (3, 3));

    let page = fs::read_to_string(page).unwrap();
    assert_balanced(&page);
    let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
    for alien in ["http", "<script", "javascript:", "<link", "src=", "url(", "@import", "<b>O", "<i>group", "<u>one"] {
        assert!(!without_namespace.contains(alien), "{alien}");
    }
    for told in ["&lt;b&gt;O&#39;Bama &amp; &quot;co&quot;", "&lt;i&gt;group&lt;/i&gt;", "biden/broken.jpg", "<svg"] {
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn rates_of_no_comparisons_are_null() {
    let Some(assets) = assets() else { return };
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    person(data.path(), "obama", &assets.join("faces"), &["obama.jpg"]);
    person(data.path(), "biden", &assets.join("faces"), &["biden.jpg"]);
    let page = out.path().join("page.html");
    let report = measure(&assets, data.path(), &["--html", page.to_str().unwrap()]);
    assert_eq!((&report["genuine"], &report["impostor"]), (&0.into(), &1.into()));
    assert!(report["eer"].is_null());
    for fmr in ["1e-2", "1e-3", "1e-4", "1e-5"] {
        // There, and null.
        assert_eq!(report["fnmr_at_fmr"].get(fmr), Some(&Value::Null), "{fmr}");
    }
    let page = fs::read_to_string(page).unwrap();
    assert_balanced(&page);
    assert!(page.contains("No genuine comparisons") && !page.contains("NaN"));
}

#[test]
fn a_page_that_cannot_be_written_is_told_before_anything_is_measured() {
    let data = tempfile::tempdir().unwrap();
    let page = data.path().join("nowhere/page.html");
    let mut command = Command::new(env!("CARGO_BIN_EXE_matcher-eval"));
    let output = command.arg("faces").arg(data.path()).arg("--html").arg(page).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("its folder is not there: create it first"));
}
