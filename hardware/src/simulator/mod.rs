//! Simulated devices: the same traits, the same bytes.

pub mod camera;
pub mod document;
pub mod turnstile;
pub mod vpcd;
