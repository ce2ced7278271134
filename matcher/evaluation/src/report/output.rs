//! How a measurement is told.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

/// In which forms it is told, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Forms {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Also write a page with the curves and tables here: one file that loads nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// What is told of accuracy, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    #[command(flatten)]
    pub forms: Forms,
    /// False match rate at whose threshold groups are compared, at most 0.01. One in a thousand is what Frontex asks
    /// of automated border control (Best Practice Technical Guidelines for ABC Systems, 2015).
    #[arg(long, default_value_t = 1e-3)]
    pub operating_fmr: f64,
}

impl Output {
    /// What would fail later, told now rather than after minutes of measuring.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let fmr = self.operating_fmr;
        ensure!(fmr > 0.0 && fmr <= 0.01, "--operating-fmr {fmr} is not above 0 and at most 0.01");
        self.forms.check()
    }
}

impl Forms {
    /// What would fail later, told now rather than after minutes of measuring.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if let Some(page) = &self.html {
            let folder = page.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            ensure!(folder.is_dir(), "--html {}: its folder is not there: create it first", page.display());
        }
        Ok(())
    }

    /// Writes the page, if one is wanted.
    pub(crate) fn write_page(&self, page: impl FnOnce() -> String) -> anyhow::Result<()> {
        let Some(path) = &self.html else { return Ok(()) };
        let written = fs::write(path, page());
        written.with_context(|| format!("--html {} cannot be written: choose another place", path.display()))
    }
}
