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
pub(crate) struct Sample<Template = FaceTemplate> {
    /// Which, as an index into the list of pictures.
    pub picture: u32,
    /// The template.
    pub template: Template,
    /// Unified quality, 0..=100.
    pub quality: u8,
}

/// What became of all pictures.
pub(crate) struct Acquisition<Template = FaceTemplate> {
    /// In the order of the pictures.
    pub samples: Vec<Sample<Template>>,
    /// Picture and reason, in that order too.
    pub failures: Vec<(u32, String)>,
    /// Picture files that are equal to an earlier one, byte for byte: first and repeated.
    pub repeated: Vec<(u32, u32)>,
    /// Wall-clock time of reading, decoding and making templates.
    pub seconds: f64,
    /// At once.
    pub threads: usize,
}

type Outcome<Template> = (u32, Option<[u8; 32]>, Result<(Template, u8), String>);

/// Makes a template of each picture of a face.
pub(crate) fn acquire(engine: &FaceEngine, pictures: &[Picture], threads: usize) -> anyhow::Result<Acquisition> {
    templates(pictures, threads, |file, _| {
        let image = Image::decode(file).map_err(|error| error.to_string())?;
        let sample = engine.template(&image, Source::Portrait).map_err(|error| error.to_string())?;
        Ok((sample.template, sample.quality.unified()))
    })
}

/// Makes a template of each picture; `make` gets the file and gives the template with its quality, or says why not.
pub(crate) fn templates<Template: Send>(
    pictures: &[Picture],
    threads: usize,
    make: impl Fn(&[u8], &Picture) -> Result<(Template, u8), String> + Sync,
) -> anyhow::Result<Acquisition<Template>> {
    let began = Instant::now();
    let outcomes = workers::each(pictures.len(), threads, |at| {
        if at > 0 && at.is_multiple_of(PROGRESS_EVERY) {
            eprintln!("{at} of {} pictures after {:.0} s", pictures.len(), began.elapsed().as_secs_f64());
        }
        pictures.get(at).map(|picture| one(&make, at as u32, picture))
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

fn one<Template>(
    make: impl Fn(&[u8], &Picture) -> Result<(Template, u8), String>,
    at: u32,
    picture: &Picture,
) -> Outcome<Template> {
    // One byte more than decoders take, so that they refuse what is longer without our reading all of it.
    let mut file = Zeroizing::new(Vec::new());
    let read = File::open(&picture.path)
        .and_then(|opened| opened.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut file))
        .map_err(|error| format!("it cannot be read: {error}"));
    if let Err(reason) = read {
        return (at, None, Err(reason));
    }
    let hash = (!file.is_empty()).then(|| Sha256::digest(&*file).into());
    (at, hash, make(&file, picture))
}
