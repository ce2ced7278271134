//! Simulated devices: the same traits, the same bytes.

pub mod turnstile;
