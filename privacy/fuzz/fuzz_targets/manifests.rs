//! Any bytes sealed as a store's manifest: one that says the same again, or a typed error.
#![no_main]

use sallyport_privacy::vault::{Header, Manifest, ManifestKey, Recorded, Vault};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let secret = [7; 32];
    let key = ManifestKey::new(&secret);
    let Ok(manifest) = Manifest::open(&key, &Vault::new(&secret).seal(b"manifest", bytes)) else {
        assert_ne!(bytes.len(), 56);
        return;
    };
    assert_eq!(bytes.len(), 56);
    assert_eq!(manifest.counter.to_be_bytes(), bytes[..8]);
    assert_eq!(Manifest::open(&key, &manifest.seal(&key)), Ok(manifest));
    // Whatever it counts, a record that comes and goes leaves it as it was.
    let record = Recorded::new(&key, bytes, &Header { generation: 1, version: 2, salt: [3; 32] }, b"");
    let mut changed = manifest;
    changed.add(&record);
    assert!(!changed.agrees(&manifest));
    changed.remove(&record);
    assert!(changed.agrees(&manifest));
});
