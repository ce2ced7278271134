//! `matcher-eval fingers`: error rates over sets of `<finger>_<impression>.png`, by the protocols of FVC (Maio et al.,
//! "FVC2002: Second Fingerprint Verification Competition", 2002).
//!
//! Genuine are all pairs of one finger's impressions. Impostors are by `fvc` the first impressions of two fingers, by
//! `all` every impression of every other finger.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use sallyport_matcher::finger::{
    EnrolledFinger, Extractor, FingerImage, MinutiaTemplate, NetExtractor, PreparedFinger, Resolution,
    extract::RidgeExtractor,
    record::{self, Format, Impression, Position, View},
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    metrics::Scores,
    report::{FMRS, Named, text::percent},
};

/// Files that are meant as pictures.
const PICTURE_ENDINGS: [&str; 5] = ["png", "tif", "tiff", "bmp", "wsq"];
/// Resolution of pictures that say none, unless `--dpi` tells.
const DPI: f64 = 500.0;

/// Which impostors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Protocol {
    /// First impressions of two fingers.
    Fvc,
    /// All impressions of two fingers.
    All,
}

/// Which extractor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// Ours, the fast one.
    Own,
    /// The net, the thorough one.
    Net,
}

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder of `<finger>_<impression>.png`, `.tif`, `.bmp` or `.wsq`, or of such folders: then each is a set.
    folder: PathBuf,
    /// Which impostors.
    #[arg(long, value_enum, default_value = "all")]
    protocol: Protocol,
    /// How many impressions of a finger are enrolled, the first ones; the others are compared with all of them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    impressions: u8,
    /// Resolution of a set, `fvc2002_db2_b=569`, where its pictures do not say it themselves.
    #[arg(long, value_name = "SET=DPI", value_parser = resolution)]
    dpi: Vec<(String, f64)>,
    /// What finds the minutiae.
    #[arg(long, value_enum, default_value = "own")]
    extractor: By,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    /// Take the minutiae from the records (`.fmr`) of the same names in this folder rather than from the pictures.
    #[arg(long, value_name = "FOLDER")]
    minutiae: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn resolution(text: &str) -> Result<(String, f64), String> {
    let parts = text.split_once('=').and_then(|(set, dpi)| Some((set.to_owned(), dpi.parse().ok()?)));
    parts.ok_or_else(|| format!("{text:?} is not SET=DPI, as in fvc2002_db2_b=569"))
}

/// What was measured of one set, or the mean of all.
#[derive(Debug, Serialize)]
struct Report {
    set: String,
    images: usize,
    people: usize,
    failed_to_acquire: usize,
    genuine: usize,
    impostor: usize,
    eer: Option<f64>,
    fnmr_at_fmr: Named<Option<f64>>,
    extraction_ms: f64,
    comparison_us: f64,
    /// Of the largest template, as an ISO/IEC 19794-2:2005 record.
    template_bytes: usize,
    failures: Vec<String>,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let extractor: Box<dyn Extractor> = match arguments.extractor {
        By::Own => Box::new(RidgeExtractor),
        By::Net => Box::new(NetExtractor::load(&arguments.models)?),
    };
    let mut reports = Vec::new();
    for folder in sets(&arguments.folder)? {
        reports.push(measure(&folder, extractor.as_ref(), arguments)?);
    }
    let eers: Vec<f64> = reports.iter().filter_map(|report| report.eer).collect();
    let mean = (!eers.is_empty()).then(|| eers.iter().sum::<f64>() / eers.len() as f64);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "sets": reports, "mean_eer": mean }))?);
        return Ok(());
    }
    let shown = |rate: Option<f64>| rate.map_or_else(|| "-".into(), percent);
    for report in &reports {
        report.failures.iter().for_each(|failure| eprintln!("failed to acquire {failure}"));
        println!("{}: {} images of {} fingers", report.set, report.images, report.people);
        println!("  comparisons        {} genuine, {} impostor", report.genuine, report.impostor);
        println!("  EER                {}", shown(report.eer));
        for (fmr, fnmr) in &report.fnmr_at_fmr.0 {
            println!("  FNMR at FMR {fmr}   {}", shown(*fnmr));
        }
        println!(
            "  {:.1} ms an extraction, {:.1} us a comparison, templates of at most {} bytes",
            report.extraction_ms, report.comparison_us, report.template_bytes
        );
    }
    println!("mean EER {}", shown(mean));
    Ok(())
}

fn listed(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}: give a folder", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn sets(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folders: Vec<PathBuf> = listed(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    Ok(if folders.is_empty() { vec![folder.to_owned()] } else { folders })
}

/// Finger and impression that a file's name tells.
fn named(path: &Path) -> Option<(String, u32)> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let (finger, impression) = path.file_stem()?.to_str()?.rsplit_once('_')?;
    let impression = impression.parse().ok()?;
    PICTURE_ENDINGS.contains(&ending.as_str()).then(|| (finger.to_owned(), impression))
}

fn extract(
    path: &Path,
    set: &str,
    extractor: &dyn Extractor,
    arguments: &Arguments,
) -> anyhow::Result<(MinutiaTemplate, f64)> {
    if let Some(folder) = &arguments.minutiae {
        let name = path.file_stem().unwrap_or_default();
        let places = [folder.join(set).join(name), folder.join(name)].map(|place| place.with_extension("fmr"));
        let place = places.iter().find(|place| place.is_file()).context("there is no record of its minutiae")?;
        let (_, mut views) = record::read(&Zeroizing::new(fs::read(place)?))?;
        return Ok((views.swap_remove(0).template, 0.0));
    }
    let given = arguments.dpi.iter().find(|given| given.0 == set);
    let resolution = given.map_or(Resolution::OfFileOr(DPI), |given| Resolution::Known(given.1));
    let image = FingerImage::decode(&Zeroizing::new(fs::read(path)?), resolution)?;
    let began = Instant::now();
    let template = extractor.extract(&image)?;
    Ok((template, began.elapsed().as_secs_f64() * 1e3))
}

fn bytes(template: MinutiaTemplate) -> anyhow::Result<(MinutiaTemplate, usize)> {
    let view = View { position: Position::Unknown, impression: Impression::LivePlain, quality: None, template };
    let length = record::write(&[&view], Format::Iso2005)?.len();
    Ok((view.template, length))
}

fn measure(folder: &Path, extractor: &dyn Extractor, arguments: &Arguments) -> anyhow::Result<Report> {
    let set = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut fingers: BTreeMap<String, Vec<(u32, PreparedFinger)>> = BTreeMap::new();
    let (mut images, mut failures, mut milliseconds, mut template_bytes) = (0, Vec::new(), 0.0, 0);
    for path in listed(folder)? {
        let Some((finger, impression)) = named(&path) else { continue };
        images += 1;
        match extract(&path, &set, extractor, arguments).and_then(|(template, ms)| Ok((bytes(template)?, ms))) {
            Ok(((template, length), ms)) => {
                milliseconds += ms;
                template_bytes = template_bytes.max(length);
                fingers.entry(finger).or_default().push((impression, PreparedFinger::new(&template)));
            }
            Err(error) => failures.push(format!("{}: {error:#}", path.display())),
        }
    }
    ensure!(images > 0, "no <finger>_<impression> pictures in {}: name them so", folder.display());
    for impressions in fingers.values_mut() {
        impressions.sort_by_key(|impression| impression.0);
    }
    let fingers: Vec<Vec<(u32, PreparedFinger)>> = fingers.into_values().collect();
    let (scores, comparison_us) = compare(&fingers, arguments);
    let (genuine, impostor) = scores.counts();
    Ok(Report {
        set,
        images,
        people: fingers.len(),
        failed_to_acquire: failures.len(),
        genuine,
        impostor,
        eer: scores.eer().map(|equal| equal.rate),
        fnmr_at_fmr: Named(
            FMRS.iter().map(|(name, fmr)| ((*name).to_owned(), scores.at_fmr(*fmr).and_then(|at| at.fnmr))).collect(),
        ),
        extraction_ms: milliseconds / (images - failures.len()).max(1) as f64,
        comparison_us,
        template_bytes,
        failures,
    })
}

/// All scores of the protocol, and the microseconds of a comparison.
fn compare(fingers: &[Vec<(u32, PreparedFinger)>], arguments: &Arguments) -> (Scores, f64) {
    let enrolled = usize::from(arguments.impressions);
    let (mut genuine, mut impostor, mut count) = (Vec::new(), Vec::new(), 0_usize);
    let began = Instant::now();
    for (at, finger) in fingers.iter().enumerate() {
        for (with, other) in fingers.iter().enumerate() {
            let is_impostor = |first: usize, second: usize| match arguments.protocol {
                Protocol::Fvc => first == 0 && second == 0,
                Protocol::All => true,
            };
            if enrolled > 1 {
                let references = finger.iter().take(enrolled);
                let from = if at == with { enrolled } else { 0 };
                for (second, (_, probe)) in other.iter().enumerate().skip(from) {
                    if at == with || is_impostor(0, second) {
                        let scores: Vec<f32> = references.clone().map(|(_, one)| one.compare(probe)).collect();
                        count += scores.len();
                        let into = if at == with { &mut genuine } else { &mut impostor };
                        into.push(EnrolledFinger::fuse(&scores));
                    }
                }
            } else if at <= with {
                for (first, (_, one)) in finger.iter().enumerate() {
                    for (second, (_, probe)) in other.iter().enumerate() {
                        let into = match at == with {
                            true if first < second => &mut genuine,
                            false if is_impostor(first, second) => &mut impostor,
                            _ => continue,
                        };
                        into.push(one.compare(probe));
                        count += 1;
                    }
                }
            }
        }
    }
    (Scores::new(genuine, impostor), began.elapsed().as_secs_f64() * 1e6 / count.max(1) as f64)
}
