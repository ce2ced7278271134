//! Any bytes from a chip or a file: a WSQ picture within the limits, or a typed error, in bounded memory.
#![no_main]
#![allow(dead_code)]

#[path = "../../src/finger/wsq/mod.rs"]
mod wsq;

/// As in the matcher, but smaller: what is slow is not the point.
const FILE_BYTES_MAX: usize = 16 << 20;
const PIXELS_MAX: u64 = 1 << 20;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    match wsq::decode(file) {
        Ok((header, gray)) => assert_eq!(gray.len(), header.width as usize * header.height as usize),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
