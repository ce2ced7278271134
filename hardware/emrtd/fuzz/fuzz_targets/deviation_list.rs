//! Any bytes as a deviation list.
#![no_main]
use sallyport_emrtd::trust::{Authentication, DeviationList, TrustStore};
libfuzzer_sys::fuzz_target!(|list: &[u8]| {
    let _ = DeviationList::parse(list).map(|list| list.deviations.len());
    let _ = TrustStore::default().import(list, "", Authentication::Operator, 1_780_000_000);
});
