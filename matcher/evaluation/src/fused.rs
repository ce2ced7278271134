//! `matcher-eval fused`: what several frames of a traveler are worth, and what they cost in false matches.
//!
//! As at a gate: each person's pictures take turns in being the portrait, embedded thoroughly, and the next ones are the
//! frames, embedded fast. Every probe is compared with its own portrait and with all pictures of all other people. The
//! frames of a gate are seconds apart and less different than these, which are years apart: the gain is smaller there,
//! and so is what further looks add to the false match rate.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, FaceSample, FaceTemplate, Fmr, Fused, Source},
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::{metrics::Scores, subjects::Subjects, workers};

/// Looks at a growing fusion begin at this many frames.
const FRAMES_MIN: usize = 2;
/// At which false match rates is told.
const RATES: [Fmr; 4] = [Fmr::OneInHundred, Fmr::OneInThousand, Fmr::OneInTenThousand, Fmr::OneInHundredThousand];

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person; only those with more pictures than frames count.
    folder: PathBuf,
    /// How many frames a probe is made of.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=8))]
    frames: u8,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One picture both ways.
struct Both {
    person: u32,
    reference: FaceTemplate,
    frame: FaceTemplate,
    weight: f32,
}

#[derive(Serialize)]
struct Report {
    frames: usize,
    people: usize,
    failed: usize,
    rules: Vec<Rule>,
}

/// A way from several frames to one score.
#[derive(Serialize)]
struct Rule {
    name: &'static str,
    genuine: usize,
    impostor: usize,
    eer: Option<f64>,
    points: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    fmr: f64,
    /// At the threshold at which these scores have this FMR.
    fnmr: Option<f64>,
    /// At the manifest's threshold for this FMR, which is that of single pictures.
    fmr_by_manifest: Option<f64>,
    fnmr_by_manifest: Option<f64>,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let engine = FaceEngine::load(&arguments.models)?;
    let subjects = Subjects::list(&arguments.folder)?;
    let frames = usize::from(arguments.frames);
    let (pictures, failed) = acquire(&engine, &subjects)?;
    let people = subjects.people.len() as u32;
    let of = |person: u32| pictures.iter().filter(|picture| picture.person == person).collect::<Vec<_>>();
    let people: Vec<Vec<&Both>> = (0..people).map(of).filter(|own| own.len() > frames).collect();
    ensure!(
        !people.is_empty(),
        "nobody in {} has more than {frames} pictures: ask for fewer --frames",
        arguments.folder.display()
    );
    let mut rules = against_portraits(&people, &pictures, frames, &engine);
    rules.extend(a_side(&people, frames, &engine));
    let report = Report { frames, people: people.len(), failed, rules };
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => render(&report),
    }
    Ok(())
}

fn render(report: &Report) {
    println!("{} people with more than {} pictures, {} pictures failed", report.people, report.frames, report.failed);
    let percent = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{:.2}", 100.0 * rate));
    for rule in &report.rules {
        println!("\n{} ({} genuine, {} impostor): EER {} %", rule.name, rule.genuine, rule.impostor, percent(rule.eer));
        for point in &rule.points {
            println!(
                "  FMR {:.0e}: FNMR {:>6} %; by the manifest's threshold FMR {} and FNMR {:>6} %",
                point.fmr,
                percent(point.fnmr),
                point.fmr_by_manifest.map_or("-".to_owned(), |rate| format!("{rate:.1e}")),
                percent(point.fnmr_by_manifest),
            );
        }
    }
}

/// Scores of one rule.
#[derive(Default)]
struct Gathered {
    genuine: Vec<f32>,
    impostor: Vec<f32>,
}

impl Gathered {
    fn note(&mut self, is_genuine: bool, score: f32) {
        if is_genuine { &mut self.genuine } else { &mut self.impostor }.push(score);
    }

    fn rule(self, name: &'static str, engine: &FaceEngine) -> Rule {
        let scores = Scores::new(self.genuine, self.impostor);
        let (genuine, impostor) = scores.counts();
        let point = |fmr: Fmr| {
            let threshold = engine.threshold(fmr).ok();
            Point {
                fmr: fmr.rate(),
                fnmr: scores.at_fmr(fmr.rate()).and_then(|point| point.fnmr),
                fmr_by_manifest: threshold.and_then(|threshold| scores.fmr(threshold)),
                fnmr_by_manifest: threshold.and_then(|threshold| scores.fnmr(threshold)),
            }
        };
        let eer = scores.eer().map(|equal| equal.rate);
        Rule { name, genuine, impostor, eer, points: Vec::from(RATES.map(point)) }
    }
}

/// Several frames against one portrait.
fn against_portraits(people: &[Vec<&Both>], all: &[Both], frames: usize, engine: &FaceEngine) -> Vec<Rule> {
    let names = ["one frame", "highest of single frames", "fused, cosine", "fused, score", "fused, looks from two on"];
    let mut rules: [Gathered; 5] = Default::default();
    for own in people {
        for turn in 0..own.len() {
            let mut order = own.iter().cycle().skip(turn).copied();
            let Some(portrait) = order.next() else { continue };
            let frames: Vec<(&FaceTemplate, f32)> =
                order.take(frames).map(|picture| (&picture.frame, picture.weight)).collect();
            let grown: Vec<Fused> =
                (1..=frames.len()).filter_map(|count| Fused::of(frames.get(..count)?).ok()).collect();
            let others = all.iter().filter(|other| other.person != portrait.person);
            for reference in std::iter::once(portrait).chain(others) {
                let cosine = |probe: &FaceTemplate| probe.compare(&reference.reference).unwrap_or(f32::NAN);
                let singles: Vec<f32> = frames.iter().map(|&(frame, _)| cosine(frame)).collect();
                let fused: Vec<f32> = grown.iter().map(|fused| cosine(&fused.template)).collect();
                let scores: Vec<f32> = grown.iter().zip(&fused).map(|(fused, &cosine)| fused.score(cosine)).collect();
                let highest = |scores: &[f32]| scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let found = [
                    singles.first().copied().unwrap_or(f32::NAN),
                    highest(&singles),
                    fused.last().copied().unwrap_or(f32::NAN),
                    scores.last().copied().unwrap_or(f32::NAN),
                    highest(scores.get(FRAMES_MIN - 1..).unwrap_or_default()),
                ];
                let is_genuine = reference.person == portrait.person;
                rules.iter_mut().zip(found).for_each(|(rule, score)| rule.note(is_genuine, score));
            }
        }
    }
    rules.into_iter().zip(names).map(|(rule, name)| rule.rule(name, engine)).collect()
}

/// As many frames on the one side as on the other, of those who have enough pictures.
fn a_side(people: &[Vec<&Both>], frames: usize, engine: &FaceEngine) -> Vec<Rule> {
    let mut sides: Vec<(u32, Fused, Fused)> = Vec::new();
    for own in people.iter().filter(|own| own.len() >= 2 * frames) {
        for turn in 0..own.len() {
            let order: Vec<_> = own.iter().cycle().skip(turn).take(2 * frames).copied().collect();
            let (probe, reference) = order.split_at(frames);
            let probe: Vec<_> = probe.iter().map(|picture| (&picture.frame, picture.weight)).collect();
            let reference: Vec<_> = reference.iter().map(|picture| (&picture.reference, picture.weight)).collect();
            if let (Some(first), Ok(probe), Ok(reference)) = (own.first(), Fused::of(&probe), Fused::of(&reference)) {
                sides.push((first.person, probe, reference));
            }
        }
    }
    let mut rules: [Gathered; 2] = Default::default();
    for (at, (person, probe, _)) in sides.iter().enumerate() {
        for (with, (other, _, reference)) in sides.iter().enumerate() {
            // Of one person only disjoint pictures.
            if person != other || at == with {
                let cosine = probe.template.compare(&reference.template).unwrap_or(f32::NAN);
                rules[0].note(person == other, cosine);
                rules[1].note(person == other, reference.score(probe.score(cosine)));
            }
        }
    }
    let names = ["as many a side, cosine", "as many a side, score"];
    rules.into_iter().zip(names).map(|(rule, name)| rule.rule(name, engine)).collect()
}

/// Every picture as a portrait and as a frame, on all cores.
fn acquire(engine: &FaceEngine, subjects: &Subjects) -> anyhow::Result<(Vec<Both>, usize)> {
    let found = workers::each(subjects.pictures.len(), workers::cores(), |at| {
        let picture = subjects.pictures.get(at)?;
        match fs::read(&picture.path).context("read").and_then(|file| both(engine, &Zeroizing::new(file))) {
            Ok((reference, frame)) => {
                let weight = Fused::weight(frame.quality.unified());
                let (reference, frame) = (reference.template, frame.template);
                Some(Both { person: picture.person, reference, frame, weight })
            }
            Err(error) => {
                eprintln!("{}: {error:#}", picture.name);
                None
            }
        }
    })?;
    let found: Vec<Both> = found.into_iter().flatten().collect();
    let failed = subjects.pictures.len() - found.len();
    Ok((found, failed))
}

fn both(engine: &FaceEngine, file: &[u8]) -> anyhow::Result<(FaceSample, FaceSample)> {
    let image = Image::decode(file)?;
    let reference = engine.template(&image, Source::Portrait)?;
    // The same face, before its landmarks were found again.
    let same = |face: &&sallyport_matcher::face::Detection| {
        (face.left, face.top) == (reference.detection.left, reference.detection.top)
    };
    let faces = engine.detect(&image)?;
    let frame = engine.sample(&image, *faces.iter().find(same).context("the face is gone")?)?;
    Ok((reference, frame))
}
