//! A world for one test, in a folder of its own.

#![allow(dead_code)] // each test program uses a part of it

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use sallyport_demo::{
    gate::GatePages,
    world::{Settings, World, wait_for},
};
use tempfile::TempDir;

/// The nets and faces; says loudly when they are missing.
pub(crate) fn assets() -> Option<PathBuf> {
    let folder = std::env::var_os("SALLYPORT_ASSETS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets"), PathBuf::from);
    let there = folder.join("faces/obama.jpg").exists();
    if !there {
        eprintln!("SKIPPED: no nets and faces in {}: run `make setup`", folder.display());
    }
    there.then_some(folder)
}

/// Prepares a world; nothing runs yet.
pub(crate) fn world(adapt: impl FnOnce(&mut Settings)) -> Option<(TempDir, World)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut settings = Settings::new(folder.path().join("world"), assets()?);
    adapt(&mut settings);
    let world = World::prepare(settings).expect("the world is prepared");
    Some((folder, world))
}

/// Waits until the gate is in service; whoever is locked in after a stop is let out by an officer, under a name.
pub(crate) fn clear_out(world: &World, gate: &GatePages) {
    let (mut logged_in, mut last) = (false, String::new());
    let cleared = wait_for("the gate to be in service", || {
        if gate.is_in_service()? {
            return Ok(Some(()));
        }
        let state = gate.state()?;
        last = state.to_string();
        let closed = state["gate"]["entry"] == "closed" && state["gate"]["exit"] == "closed";
        if closed && state["traveler"]["reason"] == "PERSON_INSIDE" {
            if !logged_in {
                gate.log_in(&world.officer_password)?;
                logged_in = true;
            }
            // Refused while a door still moves: looked at again.
            let _ = gate.open_door("entry", "let out");
            thread::sleep(Duration::from_millis(200));
        }
        Ok(None)
    });
    cleared.unwrap_or_else(|error| panic!("{error:#}; last seen: {last}"));
}
