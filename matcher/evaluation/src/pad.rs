//! Presentation attack detection over rendered presentations, reported as ISO/IEC 30107-3 does: APCER for each species of
//! attack instrument, BPCER for heads.
//!
//! It shows that the geometry and the pipeline work, on attacks that differ from heads in nothing else, and that gross
//! attacks are found. It is no evaluation in the standard's sense: no instrument was printed, no sensor looked at it, and
//! heads are of one smooth family. Of three-dimensional masks, deep fakes and attackers who know the cues it says nothing.
//!
//! Real photographs stand beside the heads: three of one person, as if three cameras had taken them at once. Their faces
//! are real and their sensors, too, but expressions differ, so that they show only that real faces do not look flat.
//!
//! People fall into two halves by a hash of their names. Where thresholds are moved (APCER at a BPCER), they come from the
//! first half and the rates from the second.

use std::{fs, path::PathBuf, sync::Mutex, time::Instant};

use anyhow::{Context as _, bail};
use sallyport_evaluation::attack::{CAMERAS, Scene, Species};
use sallyport_matcher::{
    Image,
    face::{CueName, Detection, FaceEngine, Liveness, PadPolicy, Verdict, View},
};
use serde::Serialize;

use crate::workers;

/// What to try.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person; the first picture of each is presented.
    folder: PathBuf,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    /// How many people at most.
    #[arg(long, default_value_t = 100)]
    people: usize,
    /// Moments that each of the three cameras sees, 100 ms apart.
    #[arg(long, default_value_t = 4)]
    moments: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which half of the people somebody belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Thresholds,
    Rates,
}

impl Half {
    /// By a hash of the name (FNV-1a), so that more people leave the others where they were.
    fn of(name: &str) -> Self {
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        // The lowest bit of FNV is a mere parity.
        if (hash >> 32) & 1 == 0 { Self::Thresholds } else { Self::Rates }
    }
}

/// One presentation, judged.
struct Judged {
    half: Half,
    verdict: Verdict,
    scores: Vec<(CueName, f32)>,
}

impl Judged {
    /// How far the cue that speaks most against a living face is above the policy's threshold.
    fn suspicion(&self, policy: &PadPolicy) -> f32 {
        self.scores.iter().map(|(cue, score)| score - policy.threshold(*cue)).fold(f32::NEG_INFINITY, f32::max)
    }

    fn is_suspected(&self) -> bool {
        matches!(self.verdict, Verdict::Suspected { .. })
    }
}

#[derive(Default)]
struct Tally {
    not_acquired: usize,
    judged: Vec<Judged>,
}

/// What is presented: rendered, or three real photographs.
const PHOTOGRAPHS: &str = "photographs";

#[derive(Debug, Serialize)]
struct Report {
    /// At the default policy's thresholds.
    rows: Vec<Row>,
    /// APCER where thresholds are moved to a BPCER of the other half.
    moved: Vec<Moved>,
    /// Mean time of one look of all cues, in milliseconds.
    look_ms: f64,
}

/// What came of one species.
#[derive(Debug, Serialize)]
struct Row {
    species: &'static str,
    presentations: usize,
    /// No face was found in enough frames: neither right nor wrong.
    not_acquired: usize,
    genuine: usize,
    undecided: usize,
    suspected: usize,
    /// Rate of the wrong answer: APCER for attacks (taken for a head or left undecided), BPCER for heads (suspected).
    error_rate: f64,
    /// Wilson's interval of 95 %.
    interval: [f64; 2],
    /// Scores of each cue at 5, 50 and 95 % of the presentations that it came to one for.
    scores: Vec<(CueName, [f32; 3])>,
}

/// Rates where every threshold is moved by the same step.
#[derive(Debug, Serialize)]
struct Moved {
    /// BPCER that the step has among the first half.
    asked: f64,
    /// What is added to each threshold.
    step: f32,
    /// BPCER among the second half.
    bpcer: f64,
    /// APCER among the second half, by species.
    apcer: Vec<(&'static str, f64)>,
}

#[derive(Default)]
struct Clock {
    looks: u32,
    ms: f64,
}

struct Person {
    half: Half,
    pictures: Vec<PathBuf>,
}

/// Presents every person as a head and as each species of attack.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let engine = FaceEngine::load(&arguments.models)?;
    let people = people(arguments)?;
    let tallies: Vec<Mutex<Tally>> = Species::ALL.iter().map(|_| Mutex::default()).collect();
    let (photographs, clock) = (Mutex::<Tally>::default(), Mutex::<Clock>::default());
    let done = workers::each(people.len(), workers::cores(), |at| -> anyhow::Result<()> {
        let stage = Stage { engine: &engine, moments: arguments.moments, clock: &clock };
        let Some(person) = people.get(at) else { return Ok(()) };
        stage.photographs(person, &photographs)?;
        let Some(path) = person.pictures.first() else { return Ok(()) };
        let photo = Image::decode(&fs::read(path).with_context(|| format!("read {}", path.display()))?)?;
        let Some(face) = engine.detect(&photo)?.first().copied() else { return Ok(()) };
        for (species, tally) in Species::ALL.iter().zip(&tallies) {
            let scene = Scene { species: *species, seed: at as u64 };
            stage.scene(person.half, &scene, &photo, &face, tally)?;
        }
        Ok(())
    })?;
    done.into_iter().collect::<anyhow::Result<()>>()?;
    let owned = |tally: Mutex<Tally>| tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut tallies: Vec<(&'static str, Tally)> =
        Species::ALL.iter().zip(tallies).map(|(species, tally)| (species.name(), owned(tally))).collect();
    let moved = Vec::from([0.01, 0.05].map(|asked| Moved::at(asked, &tallies)));
    tallies.push((PHOTOGRAPHS, owned(photographs)));
    let clock = clock.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let report = Report {
        rows: tallies.iter().map(|(name, tally)| Row::of(name, tally)).collect(),
        moved,
        look_ms: clock.ms / f64::from(clock.looks.max(1)),
    };
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => report.print(),
    }
    Ok(())
}

fn people(arguments: &Arguments) -> anyhow::Result<Vec<Person>> {
    let sorted = |folder: &PathBuf| -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let folders: Vec<PathBuf> = sorted(&arguments.folder)?.into_iter().filter(|path| path.is_dir()).collect();
    // From all over the list rather than from its beginning.
    let stride = folders.len().div_ceil(arguments.people.max(1)).max(1);
    let mut people = Vec::new();
    for folder in folders.iter().step_by(stride) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        people.push(Person { half: Half::of(&name), pictures: sorted(folder)? });
    }
    if people.iter().all(|person| person.pictures.is_empty()) {
        bail!("no pictures in {}: expected one folder a person", arguments.folder.display());
    }
    Ok(people)
}

/// Where things are presented.
struct Stage<'a> {
    engine: &'a FaceEngine,
    moments: u64,
    clock: &'a Mutex<Clock>,
}

impl Stage<'_> {
    /// A rendered presentation before all cameras.
    fn scene(
        &self,
        half: Half,
        scene: &Scene,
        photo: &Image,
        face: &Detection,
        tally: &Mutex<Tally>,
    ) -> anyhow::Result<()> {
        let mut liveness = self.engine.liveness(&PadPolicy::default());
        let mut acquired = 0;
        for taken_ms in (0..self.moments).map(|moment| 100 * moment) {
            for camera in 0..CAMERAS {
                let image = scene.render(photo, &face.landmarks, camera, taken_ms)?;
                acquired += u64::from(self.look(&mut liveness, camera, taken_ms, &image)?);
            }
        }
        conclude(half, &liveness, acquired * 2 >= self.moments * u64::from(CAMERAS), tally);
        Ok(())
    }

    /// Three photographs of a person, if there are as many, as if each camera had taken one.
    fn photographs(&self, person: &Person, tally: &Mutex<Tally>) -> anyhow::Result<()> {
        let Some(pictures) = person.pictures.first_chunk::<{ CAMERAS as usize }>() else { return Ok(()) };
        let mut liveness = self.engine.liveness(&PadPolicy::default());
        let mut all = true;
        for (camera, path) in (0..).zip(pictures) {
            let image = Image::decode(&fs::read(path).with_context(|| format!("read {}", path.display()))?)?;
            all &= self.look(&mut liveness, camera, 0, &image)?;
        }
        conclude(person.half, &liveness, all, tally);
        Ok(())
    }

    /// Whether there was a face to look at.
    fn look(&self, liveness: &mut Liveness, camera: u8, taken_ms: u64, image: &Image) -> anyhow::Result<bool> {
        let faces = self.engine.detect(image)?;
        let Some(detection) = faces.first() else { return Ok(false) };
        let began = Instant::now();
        liveness.look(&View { camera, taken_ms, image, detection })?;
        let mut clock = self.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        clock.ms += began.elapsed().as_secs_f64() * 1e3;
        clock.looks = clock.looks.saturating_add(1);
        Ok(true)
    }
}

fn conclude(half: Half, liveness: &Liveness, acquired: bool, tally: &Mutex<Tally>) {
    let mut tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !acquired {
        tally.not_acquired += 1;
        return;
    }
    let scores = liveness.evidence().into_iter().filter_map(|(cue, seen)| Some((cue, seen?.score))).collect();
    tally.judged.push(Judged { half, verdict: liveness.verdict(), scores });
}

fn is_bona_fide(species: &str) -> bool {
    species == Species::Genuine.name() || species == PHOTOGRAPHS
}

impl Row {
    fn of(species: &'static str, tally: &Tally) -> Self {
        let count = |wanted: fn(&Judged) -> bool| tally.judged.iter().filter(|judged| wanted(judged)).count();
        let genuine = count(|judged| judged.verdict == Verdict::Genuine);
        let undecided = count(|judged| judged.verdict == Verdict::Undecided);
        let suspected = count(Judged::is_suspected);
        let wrong = if is_bona_fide(species) { suspected } else { genuine + undecided };
        let mut cues: Vec<(CueName, Vec<f32>)> = Vec::new();
        for (cue, score) in tally.judged.iter().flat_map(|judged| &judged.scores) {
            match cues.iter_mut().find(|(name, _)| name == cue) {
                Some((_, scores)) => scores.push(*score),
                None => cues.push((*cue, vec![*score])),
            }
        }
        let scores = cues.into_iter().map(|(cue, mut scores)| {
            scores.sort_by(f32::total_cmp);
            (cue, [0.05, 0.5, 0.95].map(|part| quantile(&scores, part)))
        });
        Self {
            species,
            presentations: tally.judged.len(),
            not_acquired: tally.not_acquired,
            genuine,
            undecided,
            suspected,
            error_rate: wrong as f64 / tally.judged.len().max(1) as f64,
            interval: wilson(wrong, tally.judged.len()),
            scores: scores.collect(),
        }
    }
}

impl Moved {
    /// The step that suspects this part of the first half's heads, and what it does to the second half.
    fn at(asked: f64, tallies: &[(&'static str, Tally)]) -> Self {
        let policy = PadPolicy::default();
        let suspicions = |tally: &Tally, half: Half| -> Vec<f32> {
            let of_half = tally.judged.iter().filter(|judged| judged.half == half);
            let mut all: Vec<f32> = of_half.map(|judged| judged.suspicion(&policy)).collect();
            all.sort_by(f32::total_cmp);
            all
        };
        let heads = tallies.iter().find(|(species, _)| *species == Species::Genuine.name());
        let chosen_on = heads.map(|(_, tally)| suspicions(tally, Half::Thresholds)).unwrap_or_default();
        let allowed = (asked * chosen_on.len() as f64).floor() as usize;
        let step = chosen_on.iter().rev().nth(allowed).copied().unwrap_or(0.0);
        let suspected = |tally: &Tally| {
            let all = suspicions(tally, Half::Rates);
            all.iter().filter(|suspicion| **suspicion > step).count() as f64 / all.len().max(1) as f64
        };
        let attacks = tallies.iter().filter(|(species, _)| !is_bona_fide(species));
        Self {
            asked,
            step,
            bpcer: heads.map_or(f64::NAN, |(_, tally)| suspected(tally)),
            apcer: attacks.map(|(species, tally)| (*species, 1.0 - suspected(tally))).collect(),
        }
    }
}

impl Report {
    fn print(&self) {
        for row in &self.rows {
            let kind = if is_bona_fide(row.species) { "BPCER" } else { "APCER" };
            let [low, high] = row.interval.map(|rate| rate * 100.0);
            println!(
                "{:<14} {kind} {:5.1} % ({low:.1} to {high:.1}); of {}: {} genuine, {} undecided, {} suspected, {} not acquired",
                row.species,
                row.error_rate * 100.0,
                row.presentations,
                row.genuine,
                row.undecided,
                row.suspected,
                row.not_acquired
            );
            for (cue, [low, middle, high]) in &row.scores {
                println!("    {cue}: {low:.3} {middle:.3} {high:.3} (5, 50, 95 %)");
            }
        }
        for moved in &self.moved {
            print!(
                "thresholds {:+.3} (BPCER {:.0} % among the first half): among the second BPCER {:.1} %, APCER",
                moved.step,
                moved.asked * 100.0,
                moved.bpcer * 100.0
            );
            moved.apcer.iter().for_each(|(species, rate)| print!(" {species} {:.1} %", rate * 100.0));
            println!();
        }
        println!("{:.2} ms a look", self.look_ms);
    }
}

/// The value below which this part of sorted values lies; 0 of none.
fn quantile(sorted: &[f32], part: f64) -> f32 {
    sorted.get((sorted.len().saturating_sub(1) as f64 * part).round() as usize).copied().unwrap_or_default()
}

/// Wilson's score interval of 95 % for a rate.
fn wilson(wrong: usize, all: usize) -> [f64; 2] {
    const Z: f64 = 1.96;
    if all == 0 {
        return [0.0, 1.0];
    }
    let (n, p) = (all as f64, wrong as f64 / all as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(middle - half) / (1.0 + Z * Z / n), (middle + half) / (1.0 + Z * Z / n)].map(|rate| rate.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_by_hand() {
        // Wilson 1927: none of ten: up to 0.278.
        let [low, high] = wilson(0, 10);
        assert!(low.abs() < 1e-9 && (high - 0.278).abs() < 1e-3, "{high}");
        let [low, high] = wilson(5, 10);
        assert!((low - 0.237).abs() < 1e-3 && (high - 0.763).abs() < 1e-3, "{low} {high}");
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
    }

    fn judged(half: Half, score: f32) -> Judged {
        Judged { half, verdict: Verdict::Genuine, scores: vec![(CueName::PlanarMotion, score)] }
    }

    #[test]
    fn thresholds_come_from_one_half_and_rates_from_the_other() {
        let limit = PadPolicy::default().planar_motion_max;
        let mut heads = Tally::default();
        for at in 0..20 {
            heads.judged.push(judged(Half::Thresholds, limit - 0.5 + 0.01 * at as f32));
            heads.judged.push(judged(Half::Rates, limit - 0.4));
        }
        let mut prints = Tally::default();
        prints.judged.extend([0.2, -0.3, -0.4].map(|over| judged(Half::Rates, limit + over)));
        prints.judged.push(judged(Half::Thresholds, limit - 0.9));
        let moved = Moved::at(0.05, &[("genuine", heads), ("flat-print", prints)]);
        // One of twenty may be above: the step is the second highest head of the first half.
        assert!((moved.step + 0.32).abs() < 1e-5, "{}", moved.step);
        assert_eq!(moved.bpcer, 0.0);
        assert!((moved.apcer[0].1 - 1.0 / 3.0).abs() < 1e-9, "{:?}", moved.apcer);
    }

    #[test]
    fn names_fall_into_both_halves() {
        let first = (0..200).filter(|at| Half::of(&format!("Person_{at}")) == Half::Thresholds).count();
        assert!((70..130).contains(&first), "{first}");
    }
}
