//! Any bytes as a certificate that may have signed itself.
#![no_main]
libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    if let Ok(certificate) = sallyport_emrtd::certificate::Certificate::parse(der) {
        let _ = (certificate.names_itself(), certificate.is_signed_by(&certificate), certificate.subject().to_string());
    }
});
