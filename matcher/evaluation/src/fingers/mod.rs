//! `matcher-eval fingers`: error rates over sets of `<finger>_<impression>.png`, by the protocols of FVC (Maio et al.,
//! "FVC2002: Second Fingerprint Verification Competition", 2002).
//!
//! Genuine are all pairs of one finger's impressions. Impostors are by `fvc` the first impressions of two fingers, by
//! `all` every impression of every other finger.

pub(crate) mod acquire;
pub(crate) mod protocol;
pub(crate) mod report;
pub(crate) mod sets;

use std::{path::PathBuf, time::Instant};

use sallyport_matcher::finger::{EnrolledFinger, Extractor, PreparedFinger};

use self::{
    acquire::{By, Extracted, Source, acquire, people_of, record_bytes, recorded},
    protocol::{Protocol, Trial, trials},
    report::{Costs, FingerReport},
    sets::{Set, sets},
};
use crate::{
    acquisition::Acquisition,
    comparisons::{Comparisons, Pair},
    measured::Measured,
    report::{Output, Subject, html, text},
    workers,
};

/// Trials that one thread makes at a time: what a comparison takes is told of so many.
const TRIALS_AT_ONCE: usize = 64;

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    experiment: Experiment,
    #[command(flatten)]
    output: Output,
}

/// Which fingers are compared, by which protocol, and what finds their minutiae.
#[derive(clap::Args)]
pub(crate) struct Experiment {
    /// A folder of `<finger>_<impression>.png`, `.tif`, `.bmp` or `.wsq`, or of such folders: then each is a set.
    pub(crate) folder: PathBuf,
    /// Which impostors.
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) protocol: Protocol,
    /// How many impressions of a finger are enrolled, the first ones; the others are compared with all of them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) impressions: u8,
    /// What finds the minutiae.
    #[arg(long, value_enum, default_value = "own")]
    extractor: By,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Take the minutiae from the records (`.fmr`) of the same names in this folder rather than from the pictures.
    #[arg(long, value_name = "FOLDER")]
    minutiae: Option<PathBuf>,
}

impl Experiment {
    /// What finds the minutiae, loaded.
    pub(crate) fn extractor(&self) -> anyhow::Result<Box<dyn Extractor>> {
        self.extractor.load(&self.source.models)
    }

    /// Who found the minutiae.
    pub(crate) fn model<'a>(&self, extractor: &'a dyn Extractor) -> &'a str {
        if self.minutiae.is_some() { "records" } else { extractor.name() }
    }

    /// The minutiae of a set.
    pub(crate) fn acquire(&self, set: &Set, extractor: &dyn Extractor) -> anyhow::Result<Acquisition<Extracted>> {
        match &self.minutiae {
            Some(folder) => recorded(set, folder, &self.source),
            None => acquire(set, extractor, &self.source),
        }
    }

    /// The protocol's comparisons of these people.
    pub(crate) fn trials(&self, people: &[u32]) -> Vec<Trial> {
        trials(people, self.protocol, self.impressions.into())
    }
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.output.check()?;
    let Arguments { experiment, .. } = arguments;
    let extractor = experiment.extractor()?;
    let mut measured = Vec::new();
    for set in sets(&experiment.folder)? {
        measured.push(measure(set, extractor.as_ref(), experiment)?);
    }
    let Some(report) = FingerReport::of(&measured, arguments.output.operating_fmr) else { return Ok(()) };
    eprint!("{}", text::warnings(&report.all));
    if arguments.output.forms.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        eprint!("{}", text::remarks(&report.all));
        print!("{}", text::fingers(&report));
    }
    arguments.output.forms.write_page(|| html::finger_page(&report))
}

/// A set with all its comparisons.
struct MeasuredSet {
    name: String,
    measured: Measured,
    costs: Costs,
}

fn measure(set: Set, extractor: &dyn Extractor, experiment: &Experiment) -> anyhow::Result<MeasuredSet> {
    let acquired = experiment.acquire(&set, extractor)?;
    let mut costs = Costs::new(experiment.protocol, experiment.impressions.into());
    let mut prepared = Vec::new();
    for sample in &acquired.samples {
        costs.template_bytes = costs.template_bytes.max(record_bytes(&sample.template.template)?);
        costs.extraction_ms.extend(sample.template.milliseconds);
        prepared.push(PreparedFinger::new(&sample.template.template));
    }
    let trials = experiment.trials(&people_of(&set, &acquired));
    let (comparisons, comparison_us) = compare(&prepared, &trials, experiment.source.threads())?;
    costs.comparison_us = comparison_us;
    let model = experiment.model(extractor);
    let measured = Measured::of(Subject::Finger, &set.fingers, &acquired, comparisons, model);
    Ok(MeasuredSet {
        name: set.name,
        measured: Measured { enrolled: experiment.impressions.into(), ..measured },
        costs,
    })
}

/// Makes the comparisons on so many threads; with them come the microseconds that two impressions took, each the mean of
/// some trials.
fn compare(prepared: &[PreparedFinger], trials: &[Trial], threads: usize) -> anyhow::Result<(Comparisons, Vec<f64>)> {
    let score = |trial: &Trial| {
        let references = prepared.get(trial.references()).unwrap_or_default();
        let probe = prepared.get(trial.probe as usize);
        let scores = references.iter().zip(probe.into_iter().cycle()).map(|(one, probe)| one.compare(probe));
        EnrolledFinger::fuse(&scores.collect::<Vec<f32>>())
    };
    let chunks: Vec<&[Trial]> = trials.chunks(TRIALS_AT_ONCE).collect();
    let done = workers::each(chunks.len(), threads, |at| {
        let chunk = chunks.get(at).copied().unwrap_or_default();
        let began = Instant::now();
        let scores: Vec<f32> = chunk.iter().map(score).collect();
        let compared: u32 = chunk.iter().map(|trial| trial.enrolled).sum();
        (scores, began.elapsed().as_secs_f64() * 1e6 / f64::from(compared.max(1)))
    })?;
    let (mut genuine, mut impostor, mut microseconds) = (Vec::new(), Vec::new(), Vec::new());
    for (chunk, (scores, mean)) in chunks.iter().zip(done) {
        microseconds.push(mean);
        for (trial, score) in chunk.iter().zip(scores) {
            let into = if trial.genuine { &mut genuine } else { &mut impostor };
            into.push(Pair { first: trial.reference, second: trial.probe, score });
        }
    }
    Ok((Comparisons::chosen(genuine, impostor), microseconds))
}

#[cfg(test)]
mod tests;
