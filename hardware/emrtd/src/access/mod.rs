//! Access to the chip with what is printed in the document: Basic Access Control, and PACE which takes its place.

pub mod bac;
pub mod pace;
