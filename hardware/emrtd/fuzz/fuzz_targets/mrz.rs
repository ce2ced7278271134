//! Any text as a zone: what parses gives a key, and what can be written again reads the same.
#![no_main]
use sallyport_emrtd::{Can, Mrz};
libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = Can::parse(text);
    let Ok(mrz) = Mrz::parse(text) else { return };
    let _ = mrz.compose_td3();
    if let Ok(written) = mrz.compose() {
        assert!(Mrz::parse(&written).expect("a zone that was written").key() == mrz.key());
    }
});
