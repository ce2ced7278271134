//! `matcher-eval compression`: what it costs that chips hold small files.
//!
//! Each picture becomes a token image; that image as it is, and as files of several sizes, is embedded as a portrait.
//! Told is how alike both are, and how the same person's other pictures score against them.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use sallyport_evaluation::passport::{Codec, compressed, token};
use sallyport_matcher::{
    FILE_BYTES_MAX, Image,
    face::{FaceEngine, FaceTemplate, Fmr, Source},
};
use serde::Serialize;

use crate::{
    acquisition::acquire,
    metrics::Scores,
    subjects::{Picture, Subjects},
    workers,
};

/// Sizes of the files, in bytes: DG2 in the field.
const SIZES: [usize; 4] = [8_000, 12_000, 18_000, 25_000];
/// The rate at which misses are told.
const FMR: Fmr = Fmr::OneInTenThousand;

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person; only those with several pictures count.
    folder: PathBuf,
    /// Take so many people, evenly among all: each picture is coded eight times.
    #[arg(long, default_value_t = 150)]
    people: usize,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    people: usize,
    portraits: usize,
    genuine: usize,
    /// FNMR of the token images as they are, at the manifest's threshold.
    fnmr_uncompressed: Option<f64>,
    sizes: Vec<Row>,
}

/// One codec and size.
#[derive(Serialize)]
struct Row {
    codec: &'static str,
    bytes_max: usize,
    bytes_mean: f64,
    /// Files of this size from which no template could be made.
    failed: usize,
    /// How alike the file and the token image are: mean, hundredth percentile, least.
    alike_mean: f64,
    alike_p1: f32,
    alike_least: f32,
    /// How much lower the same person's other pictures score, on average.
    loss_mean: f64,
    fnmr: Option<f64>,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let engine = FaceEngine::load(&arguments.models)?;
    let pictures = chosen(Subjects::list(&arguments.folder)?, arguments.people);
    ensure!(!pictures.is_empty(), "nobody in {} has two pictures", arguments.folder.display());
    let threads = workers::cores();
    let acquired = acquire(&engine, &pictures, threads)?;
    let person = |at: u32| pictures.get(at as usize).map_or(u32::MAX, |picture| picture.person);
    let probes: Vec<Probe> = acquired
        .samples
        .into_iter()
        .map(|sample| Probe { at: sample.picture, person: person(sample.picture), template: sample.template })
        .collect();
    let portraits = workers::each(pictures.len(), threads, |at| {
        let picture = pictures.get(at)?;
        let portrait = Portrait::of(&engine, at as u32, picture, &probes);
        portrait.map_err(|error| eprintln!("{}: {error:#}", picture.name)).ok()
    })?;
    let portraits: Vec<Portrait> = portraits.into_iter().flatten().collect();
    let mut people: Vec<u32> = pictures.iter().map(|picture| picture.person).collect();
    people.dedup();
    let report = summary(&engine, people.len(), &portraits)?;
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => render(&report),
    }
    Ok(())
}

fn render(report: &Report) {
    let percent = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{:.2}", 100.0 * rate));
    println!(
        "{} portraits of {} people, {} genuine comparisons; uncompressed FNMR {} % at FMR {:.0e}",
        report.portraits,
        report.people,
        report.genuine,
        percent(report.fnmr_uncompressed),
        FMR.rate()
    );
    println!("codec       bytes at most   mean  failed  alike: mean     1 %   least  score loss  FNMR %");
    for row in &report.sizes {
        println!(
            "{:<10}{:>15}{:>7.0}{:>8}{:>13.4}{:>8.4}{:>8.4}{:>12.4}{:>8}",
            row.codec,
            row.bytes_max,
            row.bytes_mean,
            row.failed,
            row.alike_mean,
            row.alike_p1,
            row.alike_least,
            row.loss_mean,
            percent(row.fnmr)
        );
    }
}

/// The pictures of so many people with several, evenly among all.
fn chosen(subjects: Subjects, people: usize) -> Vec<Picture> {
    let count = |person: u32| subjects.pictures.iter().filter(|picture| picture.person == person).count();
    let several: Vec<u32> = (0..subjects.people.len() as u32).filter(|&person| count(person) > 1).collect();
    let step = several.len().div_ceil(people.max(1)).max(1);
    let kept: Vec<u32> = several.into_iter().step_by(step).collect();
    subjects.pictures.into_iter().filter(|picture| kept.binary_search(&picture.person).is_ok()).collect()
}

/// A picture as others are compared with it.
struct Probe {
    at: u32,
    person: u32,
    template: FaceTemplate,
}

/// What one portrait gave.
struct Portrait {
    /// Of the token image as it is, against the person's other pictures.
    genuine: Vec<f32>,
    /// In the order of codecs and sizes.
    files: Vec<Option<Coded>>,
}

struct Coded {
    bytes: usize,
    alike: f32,
    genuine: Vec<f32>,
}

impl Portrait {
    fn of(engine: &FaceEngine, at: u32, picture: &Picture, probes: &[Probe]) -> anyhow::Result<Self> {
        let length = std::fs::metadata(&picture.path)?.len();
        ensure!(length <= FILE_BYTES_MAX as u64, "{length} bytes are too many");
        let image = Image::decode(&zeroize::Zeroizing::new(std::fs::read(&picture.path)?))?;
        let detection = engine.template(&image, Source::Portrait)?.detection;
        let token = token(&image, &detection)?;
        let whole = engine.template(&token, Source::Portrait).context("the token image")?.template;
        let against = |template: &FaceTemplate| -> anyhow::Result<Vec<f32>> {
            let others = probes.iter().filter(|probe| probe.person == picture.person && probe.at != at);
            Ok(others.map(|probe| probe.template.compare(template)).collect::<Result<_, _>>()?)
        };
        let mut files = Vec::new();
        for (codec, bytes_max) in conditions() {
            let file = compressed(&token, codec, bytes_max)?;
            let sample = Image::decode(&file)
                .map_err(anyhow::Error::from)
                .and_then(|image| engine.template(&image, Source::Portrait).map_err(anyhow::Error::from));
            files.push(match sample {
                Ok(sample) => Some(Coded {
                    bytes: file.len(),
                    alike: whole.compare(&sample.template)?,
                    genuine: against(&sample.template)?,
                }),
                Err(_) => None,
            });
        }
        Ok(Self { genuine: against(&whole)?, files })
    }
}

fn conditions() -> impl Iterator<Item = (Codec, usize)> {
    Codec::ALL.into_iter().flat_map(|codec| SIZES.map(|size| (codec, size)))
}

fn summary(engine: &FaceEngine, people: usize, portraits: &[Portrait]) -> anyhow::Result<Report> {
    let threshold = engine.threshold(FMR)?;
    let fnmr = |scores: &[f32]| Scores::new(scores.to_vec(), Vec::new()).fnmr(threshold);
    let whole: Vec<f32> = portraits.iter().flat_map(|portrait| portrait.genuine.iter().copied()).collect();
    let mut sizes = Vec::new();
    for (at, (codec, bytes_max)) in conditions().enumerate() {
        let (mut bytes, mut alike, mut genuine, mut loss) = (0, Vec::new(), Vec::new(), 0.0);
        for portrait in portraits {
            let Some(coded) = portrait.files.get(at).and_then(Option::as_ref) else { continue };
            bytes += coded.bytes;
            alike.push(coded.alike);
            loss += portrait.genuine.iter().zip(&coded.genuine).map(|(a, b)| f64::from(a - b)).sum::<f64>();
            genuine.extend(&coded.genuine);
        }
        alike.sort_unstable_by(f32::total_cmp);
        let files = alike.len().max(1) as f64;
        sizes.push(Row {
            codec: codec.name(),
            bytes_max,
            bytes_mean: bytes as f64 / files,
            failed: portraits.len() - alike.len(),
            alike_mean: alike.iter().map(|&score| f64::from(score)).sum::<f64>() / files,
            alike_p1: alike.get(alike.len() / 100).copied().unwrap_or(f32::NAN),
            alike_least: alike.first().copied().unwrap_or(f32::NAN),
            loss_mean: loss / genuine.len().max(1) as f64,
            fnmr: fnmr(&genuine),
        });
    }
    Ok(Report { people, portraits: portraits.len(), genuine: whole.len(), fnmr_uncompressed: fnmr(&whole), sizes })
}
