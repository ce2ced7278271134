//! A world for one test, in a folder of its own.

use std::path::{Path, PathBuf};

use sallyport_demo::world::{Settings, World};
use tempfile::TempDir;

/// The nets and faces; says loudly when they are missing.
pub fn assets() -> Option<PathBuf> {
    let folder = std::env::var_os("SALLYPORT_ASSETS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets"), PathBuf::from);
    let there = folder.join("faces/obama.jpg").exists();
    if !there {
        eprintln!("SKIPPED: no nets and faces in {}: run `make setup`", folder.display());
    }
    there.then_some(folder)
}

/// Prepares a world; nothing runs yet.
pub fn world(adapt: impl FnOnce(&mut Settings)) -> Option<(TempDir, World)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut settings = Settings::new(folder.path().join("world"), assets()?);
    adapt(&mut settings);
    let world = World::prepare(settings).expect("the world is prepared");
    Some((folder, world))
}
