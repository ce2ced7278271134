//! Primitives that the protocols share.

pub mod group;
pub mod suite;
