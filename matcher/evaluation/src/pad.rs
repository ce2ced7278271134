//! Presentation attack detection over rendered presentations, reported as ISO/IEC 30107-3 does: APCER for each species of
//! attack instrument, BPCER for heads.
//!
//! It shows that the geometry and the pipeline work, on attacks that differ from heads in nothing else. It is no evaluation
//! in the standard's sense: no instrument was printed, no sensor looked at it.

use std::{fs, path::PathBuf, sync::Mutex};

use anyhow::{Context as _, bail};
use sallyport_evaluation::attack::{CAMERAS, Scene, Species};
use sallyport_matcher::{
    Image,
    face::{CueName, Detection, FaceEngine, Liveness, PadPolicy, Verdict, View},
};
use serde::Serialize;

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
    /// Scores of each cue at 5, 50 and 95 % of the presentations.
    scores: Vec<(CueName, [f32; 3])>,
}

#[derive(Default)]
struct Tally {
    not_acquired: usize,
    verdicts: Vec<Verdict>,
    scores: Vec<(CueName, f32)>,
}

/// Presents every person as a head and as each species of attack.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let engine = FaceEngine::load(&arguments.models)?;
    let pictures = first_pictures(arguments)?;
    let tallies: Vec<Mutex<Tally>> = Species::ALL.iter().map(|_| Mutex::default()).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = || -> anyhow::Result<()> {
            while let Some((at, path)) =
                pictures.iter().enumerate().nth(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            {
                let photo = Image::decode(&fs::read(path).with_context(|| format!("read {}", path.display()))?)?;
                let Some(face) = engine.detect(&photo)?.first().copied() else { continue };
                for (species, tally) in Species::ALL.iter().zip(&tallies) {
                    let scene = Scene { species: *species, seed: at as u64 };
                    present(&engine, &scene, &photo, &face, arguments.moments, tally)?;
                }
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        }
        anyhow::Ok(())
    })?;
    let rows: Vec<Row> = Species::ALL
        .iter()
        .zip(tallies)
        .map(|(species, tally)| {
            Row::of(*species, &tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        })
        .collect();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for row in rows {
        let kind = if row.species == Species::Genuine.name() { "BPCER" } else { "APCER" };
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
        for (cue, [low, middle, high]) in row.scores {
            println!("    {cue}: {low:.3} {middle:.3} {high:.3} (5, 50, 95 %)");
        }
    }
    Ok(())
}

fn first_pictures(arguments: &Arguments) -> anyhow::Result<Vec<PathBuf>> {
    let sorted = |folder: &PathBuf| -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let people: Vec<PathBuf> = sorted(&arguments.folder)?.into_iter().filter(|path| path.is_dir()).collect();
    // From all over the list rather than from its beginning.
    let stride = people.len().div_ceil(arguments.people.max(1)).max(1);
    let mut pictures = Vec::new();
    for person in people.iter().step_by(stride) {
        pictures.extend(sorted(person)?.into_iter().next());
    }
    if pictures.is_empty() {
        bail!("no pictures in {}: expected one folder a person", arguments.folder.display());
    }
    Ok(pictures)
}

fn present(
    engine: &FaceEngine,
    scene: &Scene,
    photo: &Image,
    face: &Detection,
    moments: u64,
    tally: &Mutex<Tally>,
) -> anyhow::Result<()> {
    let mut liveness = Liveness::new(&PadPolicy::default());
    let mut acquired = 0;
    for moment in 0..moments {
        for camera in 0..CAMERAS {
            let taken_ms = 100 * moment;
            let image = scene.render(photo, &face.landmarks, camera, taken_ms)?;
            if let Some(detection) = engine.detect(&image)?.first() {
                acquired += 1;
                liveness.look(&View { camera, taken_ms, image: &image, detection })?;
            }
        }
    }
    let mut tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if acquired * 2 < moments * u64::from(CAMERAS) {
        tally.not_acquired += 1;
        return Ok(());
    }
    tally.scores.extend(liveness.evidence().into_iter().filter_map(|(cue, seen)| Some((cue, seen?.score))));
    tally.verdicts.push(liveness.verdict());
    Ok(())
}

impl Row {
    fn of(species: Species, tally: &Tally) -> Self {
        let count = |wanted: fn(&Verdict) -> bool| tally.verdicts.iter().filter(|verdict| wanted(verdict)).count();
        let genuine = count(|verdict| matches!(verdict, Verdict::Genuine));
        let undecided = count(|verdict| matches!(verdict, Verdict::Undecided));
        let suspected = count(|verdict| matches!(verdict, Verdict::Suspected { .. }));
        let wrong = if species == Species::Genuine { suspected } else { genuine + undecided };
        let mut cues: Vec<(CueName, Vec<f32>)> = Vec::new();
        for (cue, score) in &tally.scores {
            match cues.iter_mut().find(|(name, _)| name == cue) {
                Some((_, scores)) => scores.push(*score),
                None => cues.push((*cue, vec![*score])),
            }
        }
        let scores = cues.into_iter().map(|(cue, mut scores)| {
            scores.sort_by(f32::total_cmp);
            let at = |part: f64| scores[((scores.len() - 1) as f64 * part).round() as usize];
            (cue, [at(0.05), at(0.5), at(0.95)])
        });
        Self {
            species: species.name(),
            presentations: tally.verdicts.len(),
            not_acquired: tally.not_acquired,
            genuine,
            undecided,
            suspected,
            error_rate: wrong as f64 / tally.verdicts.len().max(1) as f64,
            interval: wilson(wrong, tally.verdicts.len()),
            scores: scores.collect(),
        }
    }
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
}
