//! `matcher-eval`: accuracy over real data. Each task is a module with its `Arguments` and a `run`.

mod acquisition;
mod attributes;
mod bootstrap;
mod breakdown;
mod calibrate;
mod comparisons;
mod compression;
mod faces;
mod finger;
mod fingers;
mod fused;
mod measured;
mod metrics;
mod nets;
mod pad;
mod privacy;
mod report;
mod subjects;
mod workers;

use clap::{Parser, Subcommand};

/// Accuracy over real data (ISO/IEC 19795-1).
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Faces: every pair of one person is genuine, every other pair impostor.
    Faces(faces::Arguments),
    /// Fingers: every pair of one finger's impressions is genuine; FVC's impostors, or all.
    Fingers(fingers::Arguments),
    /// Writes what the embedder's scores mean into its manifest: thresholds by false match rate, likelihood ratio.
    Calibrate(calibrate::Arguments),
    /// One finger, looked at closely.
    Finger(finger::Arguments),
    /// What the compression of a chip's portrait costs in score.
    Compression(compression::Arguments),
    /// Several frames of one person in one template, beside single ones.
    Fused(fused::Arguments),
    /// Presentation attack detection over rendered attacks: APCER and BPCER.
    Pad(pad::Arguments),
    /// Protected templates: their accuracy, and what linking and reconstruction make of them.
    Privacy(privacy::Arguments),
    /// Runs nets as told on standard input: the part of `make bench` that another runtime is timed against.
    Nets(nets::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Faces(arguments) => faces::run(&arguments),
        Task::Fingers(arguments) => fingers::run(&arguments),
        Task::Calibrate(arguments) => calibrate::run(&arguments),
        Task::Finger(arguments) => finger::run(&arguments),
        Task::Compression(arguments) => compression::run(&arguments),
        Task::Fused(arguments) => fused::run(&arguments),
        Task::Pad(arguments) => pad::run(&arguments),
        Task::Privacy(arguments) => privacy::run(&arguments),
        Task::Nets(arguments) => nets::run(&arguments),
    }
}
