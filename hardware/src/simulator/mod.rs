//! Simulated devices: the same traits, the same bytes.

pub mod document;
pub mod turnstile;
