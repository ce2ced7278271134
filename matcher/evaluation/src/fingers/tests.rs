//! Whole measurements of synthetic fingers.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use clap::Parser as _;
use sallyport_matcher::finger::{
    FingerImage, Minutia, MinutiaTemplate,
    record::{Format, View, write},
    wsq::RATE_15_TO_1,
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::*;

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

/// What is measured, as JSON says it.
fn report(arguments: &[&str]) -> anyhow::Result<FingerReport> {
    let all = ["fingers", "--threads", "2"].iter().chain(arguments);
    let Command { arguments } = Command::try_parse_from(all)?;
    let experiment = &arguments.experiment;
    let extractor = experiment.extractor()?;
    let measured = sets(&experiment.folder)?
        .into_iter()
        .map(|set| measure(set, extractor.as_ref(), experiment))
        .collect::<anyhow::Result<Vec<_>>>()?;
    FingerReport::of(&measured, arguments.output.operating_fmr).ok_or_else(|| anyhow::anyhow!("no sets"))
}

fn json(report: &FingerReport) -> Value {
    serde_json::to_value(report).unwrap()
}

/// A number below 1 that depends on all of these.
fn draw(seeds: [usize; 3]) -> f32 {
    let mixed = seeds.iter().fold(0x9e37_79b9_u64, |mixed, &seed| {
        let mixed = (mixed ^ seed as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 29)
    });
    (mixed >> 40) as f32 / (1 << 24) as f32
}

/// An impression of a finger of thirty minutiae, each a little elsewhere every time.
fn minutiae(finger: usize, impression: usize) -> MinutiaTemplate {
    let minutia = |at: usize| Minutia {
        x: 40.0 + 220.0 * draw([finger, at, 1]) + 3.0 * draw([finger, at, 10 + impression]),
        y: 40.0 + 220.0 * draw([finger, at, 2]) + 3.0 * draw([finger, at, 20 + impression]),
        direction: std::f32::consts::TAU * draw([finger, at, 3]),
        quality: 80,
        ..Minutia::default()
    };
    MinutiaTemplate::new(300, 300, Zeroizing::new((0..30).map(minutia).collect()))
}

/// Sets of fingers with impressions: pictures that cannot be decoded, and the records of what would be on them.
fn recorded_sets(folder: &Path, sets: &[&str], fingers: usize, impressions: usize) {
    for (number, set) in sets.iter().enumerate() {
        fs::create_dir(folder.join(set)).unwrap();
        for finger in 0..fingers {
            for impression in 1..=impressions {
                let template = minutiae(100 * number + finger, impression);
                let view =
                    View { position: Default::default(), impression: Default::default(), quality: None, template };
                let name = folder.join(set).join(format!("{finger}_{impression}.png"));
                // Different bytes, or they would be copies of each other.
                fs::write(&name, format!("{set} {finger} {impression}")).unwrap();
                fs::write(name.with_extension("fmr"), write(&[&view], Format::Iso2005).unwrap()).unwrap();
            }
        }
    }
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn fingers_have_the_keys_of_faces_and_their_own() {
    let folder = tempfile::tempdir().unwrap();
    recorded_sets(folder.path(), &["a", "b"], 10, 8);
    let path = folder.path().to_str().unwrap();
    let value = json(&report(&[path, "--minutiae", path]).unwrap());
    let faces = Measured { subject: Subject::Face, ..Measured::together(std::iter::once(&empty())).unwrap() };
    let faces = keys(&serde_json::to_value(faces.report(&[], 1e-3)).unwrap());
    assert!(faces.contains("eer") && faces.contains("fnmr_at_fmr") && faces.contains("failed_to_acquire"));
    let own: BTreeSet<String> =
        ["extraction_ms", "comparison_us", "template_bytes", "protocol", "impressions"].map(String::from).into();
    let of_set: BTreeSet<String> = faces.union(&own).cloned().chain(["set".to_owned()]).collect();
    let sets = value["sets"].as_array().unwrap();
    let mut found = keys(&sets[0]);
    found.remove("quality");
    assert_eq!(found, of_set);
    let of_all = ["sets", "mean_eer", "mean_eer_interval"].map(String::from);
    let whole: BTreeSet<String> = faces.union(&own).cloned().chain(of_all).collect();
    assert_eq!(keys(&value), whole);

    assert_eq!((&value["genuine"], &value["impostor"], &value["people"]), (&560.into(), &5_760.into(), &20.into()));
    for set in sets {
        assert_eq!((&set["genuine"], &set["impostor"], &set["images"]), (&280.into(), &2_880.into(), &80.into()));
        assert_eq!((&set["failed_to_acquire"], &set["extraction_ms"]), (&0.into(), &Value::Null));
        assert!(set["comparison_us"].as_f64().unwrap() > 0.0);
        // 24 bytes of header, 4 of the view, 6 a minutia and 2 for what may follow.
        assert_eq!(set["template_bytes"], Value::from(24 + 4 + 30 * 6 + 2));
    }
    assert!(value["eer"].as_f64().unwrap() < 0.05, "{}", value["eer"]);
    assert_eq!(value["intervals"]["method"], "bootstrap over fingers");
    assert_eq!(value["breakdown"]["set"][1]["group"], "b");
    assert_eq!(value["breakdown"]["set"][1]["impostor"], 2_880);
    assert!(value["mean_eer_interval"].as_array().unwrap().len() == 2);
}

fn empty() -> Measured {
    let acquired = crate::acquisition::Acquisition::<()> {
        samples: Vec::new(),
        failures: Vec::new(),
        repeated: Vec::new(),
        seconds: 1.0,
        threads: 1,
    };
    let comparisons = Comparisons::chosen(Vec::new(), Vec::new());
    Measured::of(Subject::Finger, &crate::subjects::Subjects::default(), &acquired, comparisons, "none")
}

#[test]
fn protocols_and_enrollment_have_as_many_comparisons_as_they_say() {
    let folder = tempfile::tempdir().unwrap();
    recorded_sets(folder.path(), &["a"], 10, 8);
    let path = folder.path().to_str().unwrap();
    for (protocol, impressions, genuine, impostor) in
        [("all", "1", 280, 2_880), ("fvc", "1", 280, 45), ("all", "3", 50, 720), ("fvc", "3", 50, 90)]
    {
        let arguments = [path, "--minutiae", path, "--protocol", protocol, "--impressions", impressions];
        let report = report(&arguments).unwrap();
        assert_eq!((report.all.genuine, report.all.impostor), (genuine, impostor), "{protocol} {impressions}");
        assert!(report.all.eer.unwrap() < 0.05 && report.mean_eer == report.all.eer);
        let worst = &report.all.worst_pairs.genuine[0].first;
        assert_eq!(worst.contains("first of 3"), impressions == "3", "{worst}");
    }
}

/// Ridges nine pixels apart with a minutia at each of some places, as a picture of `shift` pixels further right.
fn picture(finger: usize, shift: f32) -> FingerImage {
    let places: Vec<(f32, f32, f32)> = (0..24)
        .map(|at| {
            let side = |axis| 20.0 + 280.0 * draw([finger, at, axis]);
            (side(1), side(2), if at % 2 == 0 { 1.0 } else { -1.0 })
        })
        .collect();
    let gray = (0..320 * 320).map(|at| {
        let (x, y) = ((at % 320) as f32 - shift, (at / 320) as f32);
        let turns: f32 = places.iter().map(|(left, upper, sign)| sign * (y - upper).atan2(x - left)).sum();
        let wave = (std::f32::consts::TAU * y / 9.0 + turns).cos();
        (128.0 + 100.0 * wave) as u8
    });
    FingerImage::new(320, 320, Zeroizing::new(gray.collect())).unwrap()
}

#[test]
fn pictures_are_extracted_compared_and_told_of_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    for finger in 0..3 {
        for impression in 1..=3_u8 {
            let image = picture(finger, 2.0 * f32::from(impression));
            put(&format!("{finger}_{impression}.wsq"), &image.encode_wsq(RATE_15_TO_1).unwrap());
        }
    }
    put("3_1.png", b"not a picture");
    let blank = FingerImage::new(320, 320, Zeroizing::new(vec![200; 320 * 320])).unwrap();
    put("<script>_1.wsq", &blank.encode_wsq(RATE_15_TO_1).unwrap());
    put("stray.txt", b"");
    let found = report(&[folder.path().to_str().unwrap()]).unwrap();
    let all = &found.all;
    assert_eq!((all.images, all.people, all.failed_to_acquire), (11, 5, 2));
    assert_eq!((all.genuine, all.impostor), (9, 27));
    assert!(all.eer.unwrap() < 0.2, "{:?}", all.equal_error);
    let failed: Vec<&str> = all.failures.iter().map(|failure| failure.image.rsplit('/').next().unwrap()).collect();
    assert_eq!(failed, ["3_1.png", "<script>_1.wsq"]);
    assert!(all.failures[1].reason.contains("no finger"), "{}", all.failures[1].reason);
    assert_eq!(all.ignored.len(), 1);
    assert!(all.fingers.as_ref().unwrap().extraction_ms.unwrap() > 0.0);

    let page = html::finger_page(&found);
    assert!(page.contains("&lt;script&gt;_1.wsq") && !page.contains("<script>"));
    assert!(page.contains("Detection error trade-off") && page.contains("Most alike of different fingers"));
    let text = text::fingers(&found);
    assert!(text.contains("11 images of 5 fingers") && text.contains("mean EER"), "{text}");
}

#[test]
fn one_finger_and_none_are_no_comparisons() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(report(&[path]).unwrap_err().to_string().contains("name them <finger>_<impression>"));
    fs::write(folder.path().join("1_1.png"), b"no picture").unwrap();
    let report = report(&[path]).unwrap();
    assert_eq!((report.all.genuine, report.all.failed_to_acquire, report.mean_eer), (0, 1, None));
    let page = html::finger_page(&report);
    assert!(page.contains("No genuine comparisons") && page.contains("No impostor comparisons"));
}

#[test]
fn resolutions_are_told_by_set() {
    for wrong in ["569", "a=b", "=", "db2="] {
        assert!(Command::try_parse_from(["fingers", "x", "--dpi", wrong]).is_err(), "{wrong}");
    }
    let found = Command::try_parse_from(["fingers", "x", "--dpi", "db2=569", "--dpi", "db1=500"]).unwrap();
    assert_eq!(found.arguments.experiment.source.dpi, [("db2".to_owned(), 569.0), ("db1".to_owned(), 500.0)]);
}
