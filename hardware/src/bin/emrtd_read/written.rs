//! The files of a chip in a folder that only its owner can read.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::Context as _;
use sallyport_emrtd::ChipContents;
use sallyport_hardware::document::report::files;

/// Writes each file that was read. The folder must be new: what is in another one might be another document's.
pub(crate) fn write(folder: &Path, contents: &ChipContents) -> anyhow::Result<()> {
    DirBuilder::new()
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("--write needs a new folder, and {} cannot be made", folder.display()))?;
    for (name, bytes) in files(contents) {
        // As simulated documents are laid out, so that they can be served again.
        let path = folder.join(name.replace("EF.", "EF_").replace("/INFO", "_INFO")).with_extension("bin");
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| path.display().to_string())?;
        file.write_all(bytes).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
