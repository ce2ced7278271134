//! Any text as a zone; what parses gives a key.
#![no_main]
libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = sallyport_emrtd::Mrz::parse(text).map(|mrz| (mrz.key(), mrz.compose_td3()));
});
