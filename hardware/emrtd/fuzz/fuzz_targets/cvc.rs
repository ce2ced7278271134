//! Any bytes as a certificate and as EF.CVCA: what parses is written again, trusted, and verified below itself.
#![no_main]
use sallyport_emrtd::eac::{
    cvc::{Certificate, Certified},
    terminal_authentication::{Credentials, read_ef_cvca},
};
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = read_ef_cvca(bytes);
    let Ok(certificate) = Certificate::parse(bytes) else { return };
    assert!(Certificate::parse(&certificate.to_bytes()).expect("what was written") == certificate);
    let today = certificate.contents().effective;
    if let Ok(trust_point) = Certified::trust_point(&certificate) {
        let _ = trust_point.certify(&certificate, today);
    }
    let _ = certificate.contents().key.complete(None).map(|key| certificate.is_signed_by(&key));
    let authorities = [certificate.authority().clone()];
    let _ = Credentials::new(vec![certificate], Vec::new()).path(&authorities, today);
});
