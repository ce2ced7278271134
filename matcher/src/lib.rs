//! Pixels to templates to scores. No devices, no network, no store, no keys.

mod calibration;
pub mod face;
pub mod finger;
pub mod gallery;
mod header;
mod image;
mod nets;
#[cfg(doctest)]
mod sensitive;

pub use image::{FILE_BYTES_MAX, Image, ImageError, PIXELS_MAX, SIDE_PX_MAX};
