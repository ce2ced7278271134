//! `matcher-eval faces`: every pair of one person is genuine, every other pair impostor.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, bail};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, FaceTemplate, Source},
};
use serde::Serialize;

use crate::metrics::{OperatingPoint, Scores};

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person.
    folder: PathBuf,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    images: usize,
    failures_to_acquire: usize,
    genuine: usize,
    impostor: usize,
    eer: Option<f64>,
    points: Vec<OperatingPoint>,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    report(&faces(&arguments.folder, &arguments.models)?, arguments.json)
}

fn report(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    println!("{} images, failure to acquire {}", report.images, report.failures_to_acquire);
    println!("{} genuine and {} impostor comparisons", report.genuine, report.impostor);
    println!("EER {:.2} %", report.eer.unwrap_or(f64::NAN) * 100.0);
    for point in &report.points {
        println!(
            "FNMR {:.2} % at FMR {:.0e} (threshold {:.4})",
            point.fnmr.unwrap_or(f64::NAN) * 100.0,
            point.fmr,
            point.threshold
        );
    }
    Ok(())
}

/// Pictures by person, in a fixed order.
fn pictures(folder: &Path) -> anyhow::Result<Vec<(usize, PathBuf)>> {
    let listed = |folder: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut pictures = Vec::new();
    for (person, folder) in listed(folder)?.into_iter().filter(|path| path.is_dir()).enumerate() {
        pictures.extend(listed(&folder)?.into_iter().map(|path| (person, path)));
    }
    if pictures.is_empty() {
        bail!("no pictures in {}: expected one folder a person", folder.display());
    }
    Ok(pictures)
}

fn faces(folder: &Path, models: &Path) -> anyhow::Result<Report> {
    let engine = FaceEngine::load(models)?;
    let pictures = pictures(folder)?;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut templates: Vec<(usize, FaceTemplate)> = Vec::new();
        while let Some((person, path)) = pictures.get(next.fetch_add(1, Ordering::Relaxed)) {
            match fs::read(path)
                .map_err(anyhow::Error::from)
                .and_then(|file| Ok(engine.template(&Image::decode(&file)?, Source::Portrait)?))
            {
                Ok(sample) => templates.push((*person, sample.template)),
                Err(error) => eprintln!("{}: {error:#}", path.display()),
            }
        }
        templates
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut templates = Vec::new();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            templates.extend(worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))?);
        }
        Ok(())
    })?;
    let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
    for (at, (person, template)) in templates.iter().enumerate() {
        for (other, against) in &templates[at + 1..] {
            let kind = if person == other { &mut genuine } else { &mut impostor };
            kind.push(template.compare(against)?);
        }
    }
    let scores = Scores::new(genuine, impostor);
    let (genuine, impostor) = scores.counts();
    Ok(Report {
        images: pictures.len(),
        failures_to_acquire: pictures.len() - templates.len(),
        genuine,
        impostor,
        eer: scores.eer().map(|equal| equal.rate),
        points: [1e-2, 1e-3, 1e-4, 1e-5].into_iter().filter_map(|fmr| scores.at_fmr(fmr)).collect(),
    })
}
