//! Any bytes from a store: no sealed record, manifest or code, or a typed error; never one that was not sealed.
#![no_main]

use sallyport_privacy::{
    template::Code,
    vault::{Header, Manifest, ManifestKey, Vault},
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let vault = Vault::new(&[9; 32]).with_generation(3, &[8; 32]);
    assert!(vault.open(b"people/1", bytes).is_err(), "nobody finds a tag of 128 bits by chance");
    assert!(vault.open_version(b"people/1", 1, bytes).is_err());
    assert!(Manifest::open(&ManifestKey::new(&[7; 32]), bytes).is_err());
    let _ = vault.is_outdated(bytes);
    if let Ok(header) = Header::parse(bytes) {
        assert_eq!(bytes[0], 2);
        assert_eq!(bytes[1..5], header.generation.to_be_bytes());
    }
    if let Ok(code) = Code::from_bytes(bytes) {
        assert_eq!((code.expose_bytes(), code.distance(&code)), (bytes, 0));
    }
});
