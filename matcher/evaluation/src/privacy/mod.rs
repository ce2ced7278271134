//! `matcher-eval privacy`: what protected templates cost in accuracy, and what they are worth.

mod faces;
mod faces_codes;
mod faces_judge;
mod faces_report;
mod linkability;
mod reconstruction;
mod tables;

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
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.of {
        Of::Faces(arguments) => faces::run(arguments),
    }
}
