//! Any bytes as a file of a finger, and as a sensor's rows whose first bytes say how they lie: a picture at 500 dpi within
//! the limits, or a typed error, in bounded memory.
#![no_main]
#![allow(dead_code, unused_imports)]

mod finger;
#[path = "../../src/header/mod.rs"]
mod header;
#[path = "../../src/image.rs"]
mod image;

use finger::{FingerError, FingerImage, Raw, Resolution};
use image::{FILE_BYTES_MAX, Image, ImageError, PIXELS_MAX, SIDE_PX_MAX};

fn check(found: Result<FingerImage, FingerError>) {
    match found {
        Ok(image) => {
            assert!((60..=1_280).contains(&image.width()) && (60..=1_280).contains(&image.height()));
            assert_eq!(image.gray().len(), image.width() as usize * image.height() as usize);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(FingerImage::decode(bytes, Resolution::OfFile));
    check(FingerImage::decode(bytes, Resolution::OfFileOr(500.0)));
    if let Some((&[a, b, c, d, bits_per_pixel, flags, dpi, _], rows)) = bytes.split_first_chunk() {
        let [width, height] = [[a, b], [c, d]].map(|side| u32::from(u16::from_le_bytes(side)));
        let raw = Raw { width, height, bits_per_pixel, packed: flags & 1 == 1 };
        check(FingerImage::from_raw(raw, 8.0 * f64::from(dpi), rows));
    }
});
