//! Any bytes from a chip, a camera or an applicant: a picture within the limits, or a typed error, in bounded memory.
#![no_main]
#![allow(dead_code)]

#[path = "../../src/header/mod.rs"]
mod header;
#[path = "../../src/image.rs"]
mod image;

use image::{Image, ImageError, PIXELS_MAX, SIDE_PX_MAX};

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    match Image::decode(file) {
        Ok(image) => {
            let (width, height) = (image.width(), image.height());
            assert!((1..=SIDE_PX_MAX).contains(&width) && (1..=SIDE_PX_MAX).contains(&height));
            assert!(u64::from(width) * u64::from(height) <= PIXELS_MAX);
            assert_eq!(image.bgr().len(), width as usize * height as usize * 3);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
