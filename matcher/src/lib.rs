//! Pixels to templates to scores. No devices, no network, no store, no keys.

mod calibration;
pub mod face;
pub mod finger;
mod header;
mod image;
mod nets;

pub use image::{FILE_BYTES_MAX, Image, ImageError, PIXELS_MAX, SIDE_PX_MAX};
