//! Any bytes from a store: a finger's code within the limits, or a typed error.
#![no_main]

use sallyport_privacy::template::{FINGER_CODE_BYTES_MAX, FingerCode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match FingerCode::from_bytes(bytes) {
        Ok(code) => {
            assert_eq!(code.expose_bytes(), bytes);
            assert!(bytes.len() <= FINGER_CODE_BYTES_MAX && code.minutiae() > 0);
            assert!((0.0..=1.0).contains(&code.similarity(&code)));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
