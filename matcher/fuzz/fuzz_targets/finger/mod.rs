//! The matcher's own modules of fingers, without extractors and nets.

#[path = "../../../src/finger/decode/mod.rs"]
mod decode;
#[path = "../../../src/finger/error.rs"]
mod error;
#[path = "../../../src/finger/image.rs"]
mod image;
#[path = "../../../src/finger/minutia.rs"]
mod minutia;
#[path = "../../../src/finger/record/mod.rs"]
pub mod record;
#[path = "../../../src/finger/wsq/mod.rs"]
pub mod wsq;

pub use self::{
    decode::{Raw, Resolution},
    error::FingerError,
    image::{DPI, FingerImage},
    minutia::{Kind, MINUTIAE_MOST, Minutia, MinutiaTemplate},
};
