//! Primitives that the protocols share.

pub mod ecdsa;
pub mod hash;
pub mod suite;
