//! Any bytes as TLV.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = sallyport_emrtd::tlv::all(bytes);
});
