//! One finger looked at closely: `matcher-eval finger inspect IMAGE --html FILE`.

use std::{fs::File, io::Read as _, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sallyport_matcher::{
    FILE_BYTES_MAX,
    finger::{
        FingerImage, Resolution,
        extract::{RidgeExtractor, inspect},
    },
};
use zeroize::Zeroizing;

/// What is asked of one finger.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Writes a page that shows every stage of the extraction, with minutiae and quality. It shows the finger.
    Inspect(Inspect),
}

#[derive(Args)]
struct Inspect {
    /// A picture of one finger: WSQ, PNG, BMP, TIFF, PGM, JPEG or JPEG 2000.
    image: PathBuf,
    /// Where the page goes.
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// The sensor's resolution, in pixels an inch; when not given, as the picture says, or 500.
    #[arg(long)]
    dpi: Option<f64>,
    /// The sensor shows ridges light. Most such pictures are told by their ground and turned without this.
    #[arg(long)]
    inverted: bool,
}

/// Resolution of pictures that say none.
const DPI: f64 = 500.0;

/// Does what is asked.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Task::Inspect(asked) = &arguments.task;
    let finger = read(asked).with_context(|| asked.image.display().to_string())?;
    let analysis = RidgeExtractor.analyze(&finger).with_context(|| asked.image.display().to_string())?;
    let page = inspect(&analysis)?;
    std::fs::write(&asked.html, page.as_bytes())
        .with_context(|| format!("--html {} cannot be written", asked.html.display()))?;
    let quality = analysis.quality();
    println!(
        "{} minutiae, {} singular points, quality {} ({:?}): {}",
        analysis.template().minutiae().len(),
        analysis.singular_points().len(),
        quality.overall,
        quality.guidance,
        asked.html.display()
    );
    Ok(())
}

fn read(asked: &Inspect) -> anyhow::Result<FingerImage> {
    // One byte more than is taken, so that what is longer is refused without our reading all of it.
    let mut file = Zeroizing::new(Vec::new());
    File::open(&asked.image)?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut file)?;
    let resolution = asked.dpi.map_or(Resolution::OfFileOr(DPI), Resolution::Known);
    let finger = FingerImage::decode(&file, resolution)?;
    Ok(if asked.inverted { finger.inverted() } else { finger })
}
