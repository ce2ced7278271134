//! Any bytes as a revocation list.
#![no_main]
libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    if let Ok(crl) = sallyport_emrtd::certificate::Crl::parse(der) {
        assert!(sallyport_emrtd::trust::TrustStore::default().add_crl(crl, 1_780_000_000).is_err());
    }
});
