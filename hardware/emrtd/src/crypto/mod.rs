//! Primitives that the protocols share.

pub mod ecdsa;
pub mod group;
pub mod hash;
pub mod suite;
