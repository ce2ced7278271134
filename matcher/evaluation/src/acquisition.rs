//! From picture files to templates, on all cores, with what failed and why (ISO/IEC 19795-1:2021, 3: failure to
//! acquire).

use std::{collections::HashMap, fs::File, io::Read as _, time::Instant};

use sallyport_matcher::{
    FILE_BYTES_MAX, Image,
    face::{FaceEngine, FaceTemplate, Source},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{comparisons::Comparisons, subjects::Picture, workers};

/// After how many pictures progress is told.
const PROGRESS_EVERY: usize = 1000;

/// What became of a picture.
pub(crate) struct Sample {
    /// Which, as an index into the list of pictures.
    pub picture: u32,
    /// The template.
    pub template: FaceTemplate,
    /// Unified quality, 0..=100.
    pub quality: u8,
}

/// What became of all pictures.
pub(crate) struct Acquisition {
    /// In the order of the pictures.
    pub samples: Vec<Sample>,
    /// Picture and reason, in that order too.
    pub failures: Vec<(u32, String)>,
    /// Picture files that are equal to an earlier one, byte for byte: first and repeated.
    pub repeated: Vec<(u32, u32)>,
    /// Wall-clock time of reading, decoding, detecting and embedding.
    pub seconds: f64,
    /// At once.
    pub threads: usize,
}

impl Acquisition {
    /// Pictures a second of the whole machine, failures included.
    pub(crate) fn per_second(&self) -> f64 {
        (self.samples.len() + self.failures.len()) as f64 / self.seconds.max(f64::EPSILON)
    }
}

type Outcome = (u32, Option<[u8; 32]>, Result<(FaceTemplate, u8), String>);

/// Makes a template of each picture.
pub(crate) fn acquire(engine: &FaceEngine, pictures: &[Picture], threads: usize) -> anyhow::Result<Acquisition> {
    let began = Instant::now();
    let outcomes = workers::each(pictures.len(), threads, |at| {
        if at > 0 && at.is_multiple_of(PROGRESS_EVERY) {
            eprintln!("{at} of {} pictures after {:.0} s", pictures.len(), began.elapsed().as_secs_f64());
        }
        pictures.get(at).map(|picture| one(engine, at as u32, picture))
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let mut acquired =
        Acquisition { samples: Vec::new(), failures: Vec::new(), repeated: Vec::new(), seconds, threads };
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    for (picture, hash, outcome) in outcomes.into_iter().flatten() {
        if let Some(&first) = hash.and_then(|hash| seen.get(&hash)) {
            acquired.repeated.push((first, picture));
        } else if let Some(hash) = hash {
            seen.insert(hash, picture);
        }
        match outcome {
            Ok((template, quality)) => acquired.samples.push(Sample { picture, template, quality }),
            Err(reason) => acquired.failures.push((picture, reason)),
        }
    }
    Ok(acquired)
}

/// Compares every sample with all later ones; two of one person are a genuine comparison.
pub(crate) fn compare(samples: &[&Sample], pictures: &[Picture], threads: usize) -> anyhow::Result<Comparisons> {
    let person = |sample: &&Sample| pictures.get(sample.picture as usize).map_or(u32::MAX, |picture| picture.person);
    let people: Vec<u32> = samples.iter().map(person).collect();
    Comparisons::all(&people, threads, |first, second| {
        let pair = samples.get(first).zip(samples.get(second));
        // One engine made both, so that their models are the same.
        pair.and_then(|(first, second)| first.template.compare(&second.template).ok()).unwrap_or(f32::NEG_INFINITY)
    })
}

fn one(engine: &FaceEngine, at: u32, picture: &Picture) -> Outcome {
    // One byte more than `Image::decode` takes, so that it refuses what is longer without our reading all of it.
    let mut file = Zeroizing::new(Vec::new());
    let read = File::open(&picture.path)
        .and_then(|opened| opened.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut file))
        .map_err(|error| format!("it cannot be read: {error}"));
    if let Err(reason) = read {
        return (at, None, Err(reason));
    }
    let hash = (!file.is_empty()).then(|| Sha256::digest(&*file).into());
    let outcome = Image::decode(&file)
        .map_err(|error| error.to_string())
        .and_then(|image| engine.template(&image, Source::Portrait).map_err(|error| error.to_string()))
        .map(|sample| (sample.template, sample.quality.unified()));
    (at, hash, outcome)
}
