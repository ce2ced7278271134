//! `matcher-eval faces`: every pair of one person is genuine, every other pair impostor.

use std::{num::NonZero, path::PathBuf, thread};

use anyhow::Context as _;
use sallyport_matcher::face::FaceEngine;

use crate::{
    acquisition::{self, Sample},
    attributes,
    measured::Measured,
    report::{Output, Subject, html, text},
    subjects::{SUBJECTS_FILE, Subjects},
};

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person, and perhaps `subjects.csv`: `person,country,age,...`.
    folder: PathBuf,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    /// Pictures and comparisons at once; as many as there are cores when not given.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    #[command(flatten)]
    output: Output,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.output.check()?;
    let subjects = Subjects::list(&arguments.folder)?;
    let (columns, strangers) = attributes::read(&arguments.folder, &subjects)?;
    let engine = FaceEngine::load(&arguments.models)
        .with_context(|| format!("nets in {}: run `make setup`, or give --models", arguments.models.display()))?;
    let cores = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let threads = arguments.threads.unwrap_or(cores).get();
    let acquired = acquisition::acquire(&engine, &subjects.pictures, threads)?;
    let samples: Vec<&Sample> = acquired.samples.iter().collect();
    let comparisons = acquisition::compare(&samples, &subjects.pictures, threads)?;
    let measured = Measured::of(Subject::Face, &subjects, &acquired, comparisons, engine.model());
    let mut report = measured.report(&columns, arguments.output.operating_fmr);
    report.strangers = strangers.iter().map(|stranger| format!("{SUBJECTS_FILE} {stranger}")).collect();
    eprint!("{}", text::warnings(&report));
    if arguments.output.forms.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        eprint!("{}", text::remarks(&report));
        print!("{}", text::render(&report));
    }
    arguments.output.forms.write_page(|| html::page(&report))
}
