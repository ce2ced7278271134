//! The devices of a gate, each family a trait with real drivers and a simulator that speaks the same bytes.

pub mod barrier;
pub mod camera;
pub mod console;
pub mod document;
pub mod fingerprint;
pub mod simulator;
