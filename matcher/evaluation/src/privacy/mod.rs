//! `matcher-eval privacy`: what protected templates cost in accuracy, and what they are worth.

mod faces;
mod faces_codes;
mod faces_judge;
mod faces_report;
mod fingers;
mod fingers_codes;
mod fingers_report;
mod judge;
mod linkability;
mod reconstruction;
mod report;
mod tables;
mod typical;

use clap::Subcommand;

/// Of which templates.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    of: Of,
}

#[derive(Subcommand)]
enum Of {
    /// Faces: embeddings against codes.
    Faces(faces::Arguments),
    /// Fingers: minutiae against codes.
    Fingers(fingers::Arguments),
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.of {
        Of::Faces(arguments) => faces::run(arguments),
        Of::Fingers(arguments) => fingers::run(arguments),
    }
}
