//! Primitives that the protocols share.

pub mod suite;
