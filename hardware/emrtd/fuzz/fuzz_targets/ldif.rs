//! Any bytes as a file to import: LDIF, PEM, DER or a list.
#![no_main]
use sallyport_emrtd::trust::{Authentication, TrustStore};
libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let _ = TrustStore::default().import(file, "", Authentication::Store, 1_780_000_000);
});
