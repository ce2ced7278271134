//! Where nets and demonstration faces are.

use std::path::{Path, PathBuf};

/// The folder that `make setup` fills; says loudly that a test is left out where it did not.
pub(crate) fn assets() -> Option<PathBuf> {
    let folder = std::env::var_os("SALLYPORT_ASSETS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets"), PathBuf::from);
    let there = folder.join("models/face_recognition_sface.onnx").exists();
    if !there {
        eprintln!("SKIPPED: no nets and faces in {}: run `make setup`", folder.display());
    }
    there.then_some(folder)
}
