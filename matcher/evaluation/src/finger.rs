//! One finger looked at closely: `matcher-eval finger inspect IMAGE --html FILE`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use opencv::{
    core::{Mat, MatTraitConst as _, MatTraitConstManual as _, MatTraitManual as _, Size},
    imgproc,
};
use sallyport_matcher::{
    Image,
    finger::{
        DPI, FingerImage,
        extract::{RidgeExtractor, inspect},
    },
};
use zeroize::{Zeroize as _, Zeroizing};

/// Resolutions taken, in pixels an inch.
const DPI_TAKEN: std::ops::RangeInclusive<u32> = 250..=1_000;

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
    /// A picture of one finger.
    image: PathBuf,
    /// Where the page goes.
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// The picture's resolution, in pixels an inch.
    #[arg(long, default_value_t = DPI)]
    dpi: u32,
}

/// Does what is asked.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Task::Inspect(asked) = &arguments.task;
    let finger = read(&asked.image, asked.dpi)?;
    let analysis = RidgeExtractor.analyze(&finger).with_context(|| asked.image.display().to_string())?;
    let page = inspect(&analysis)?;
    fs::write(&asked.html, page.as_bytes()).with_context(|| format!("cannot write {}", asked.html.display()))?;
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

/// The picture at the resolution that extractors want.
fn read(path: &Path, dpi: u32) -> anyhow::Result<FingerImage> {
    ensure!(DPI_TAKEN.contains(&dpi), "{dpi} dpi: {} to {} are taken", DPI_TAKEN.start(), DPI_TAKEN.end());
    let file = Zeroizing::new(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
    let image = Image::decode(&file).with_context(|| path.display().to_string())?;
    let gray = Zeroizing::new(image.bgr().as_chunks::<3>().0.iter().map(|pixel| pixel[1]).collect::<Vec<u8>>());
    let (width, height) = (image.width(), image.height());
    if dpi == DPI {
        return Ok(FingerImage::new(width, height, gray)?);
    }
    let scaled = |side: u32| (f64::from(side) * f64::from(DPI) / f64::from(dpi)).round().max(1.0) as i32;
    let mat = Mat::new_rows_cols_with_bytes::<u8>(height as i32, width as i32, &gray)?;
    let mut out = Mat::default();
    // Averaging when shrinking: other ways would alias.
    let how = if dpi > DPI { imgproc::INTER_AREA } else { imgproc::INTER_CUBIC };
    imgproc::resize(&mat, &mut out, Size::new(scaled(width), scaled(height)), 0.0, 0.0, how)?;
    let bytes = Zeroizing::new(out.data_bytes()?.to_vec());
    out.data_bytes_mut()?.zeroize();
    Ok(FingerImage::new(out.cols() as u32, out.rows() as u32, bytes)?)
}
