//! Any bytes as a master list that the operator vouches for.
#![no_main]
use sallyport_emrtd::trust::{Authentication, TrustStore};
libfuzzer_sys::fuzz_target!(|list: &[u8]| {
    let _ = TrustStore::default().import_master_list(list, "", Authentication::Operator, 1_780_000_000);
});
