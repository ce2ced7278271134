//! Any bytes from a chip or another vendor's device: minutiae within the limits, which are written and read again alike, or
//! a typed error.
#![no_main]
#![allow(dead_code, unused_imports)]

mod finger;
#[path = "../../src/header/mod.rs"]
mod header;
#[path = "../../src/image.rs"]
mod image;

use finger::{
    MINUTIAE_MOST,
    record::{self, Format, VIEWS_MOST, View},
};
use image::{FILE_BYTES_MAX, Image, ImageError, PIXELS_MAX, SIDE_PX_MAX};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let views = match record::read(bytes) {
        Ok((_, views)) => views,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert!(views.len() <= VIEWS_MOST);
    assert!(views.iter().all(|view| view.template.minutiae().len() <= MINUTIAE_MOST));
    let views: Vec<&View> = views.iter().collect();
    for format in Format::ALL {
        if let Ok(written) = record::write(&views, format) {
            let (_, again) = record::read(&written).expect("what was written is read");
            let counts = |views: &mut dyn Iterator<Item = &View>| {
                views.map(|view| view.template.minutiae().len()).collect::<Vec<_>>()
            };
            assert_eq!(counts(&mut again.iter()), counts(&mut views.iter().copied()));
        }
    }
});
