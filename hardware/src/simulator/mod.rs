//! Simulated devices: the same traits, the same bytes.

pub mod camera;
pub mod document;
pub mod finger;
pub mod fingerprint;
pub mod turnstile;
pub mod vpcd;
