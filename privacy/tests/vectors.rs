//! The primitives as they are built here against Wycheproof: AES-256-GCM, HKDF and HMAC with SHA-256, Ed25519.
#![allow(clippy::unwrap_used)]

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;
use sha2::Sha256;

/// Runs each test of a file; `passes` says whether what is valid works and what is not is refused.
fn each(file: &str, at_least: usize, passes: impl Fn(&dyn Fn(&str) -> Vec<u8>, bool, &Value) -> bool) {
    let file: Value = serde_json::from_str(file).unwrap();
    let tests = file["tests"].as_array().unwrap();
    assert!(tests.len() >= at_least, "{} tests", tests.len());
    let mut refused = 0;
    for test in tests {
        let bytes = |field: &str| hex::decode(test[field].as_str().unwrap()).unwrap();
        let valid = match test["result"].as_str().unwrap() {
            "valid" => true,
            "invalid" => false,
            other => panic!("{other}"),
        };
        refused += usize::from(!valid);
        assert!(passes(&bytes, valid, test), "test {}: {}", test["tcId"], test["comment"]);
    }
    assert!(refused > 0, "some tests must be of what is to be refused");
}

#[test]
fn aes_256_gcm() {
    each(include_str!("data/wycheproof-aes-256-gcm.json"), 60, |bytes, valid, _| {
        let cipher = Aes256Gcm::new_from_slice(&bytes("key")).unwrap();
        let nonce: [u8; 12] = bytes("iv").try_into().unwrap();
        let sealed = [bytes("ct"), bytes("tag")].concat();
        let (aad, message) = (bytes("aad"), bytes("msg"));
        let opened = cipher.decrypt((&nonce).into(), Payload { msg: &sealed, aad: &aad });
        let again = cipher.encrypt((&nonce).into(), Payload { msg: &message, aad: &aad }).unwrap();
        match opened {
            Ok(opened) => valid && opened == message && again == sealed,
            Err(_) => !valid,
        }
    });
}

#[test]
fn hkdf_sha_256() {
    each(include_str!("data/wycheproof-hkdf-sha-256.json"), 80, |bytes, valid, test| {
        let mut derived = vec![0; usize::try_from(test["size"].as_u64().unwrap()).unwrap()];
        let expanded = Hkdf::<Sha256>::new(Some(&bytes("salt")), &bytes("ikm")).expand(&bytes("info"), &mut derived);
        if valid { expanded.is_ok() && derived == bytes("okm") } else { expanded.is_err() }
    });
}

#[test]
fn hmac_sha_256() {
    each(include_str!("data/wycheproof-hmac-sha-256.json"), 60, |bytes, valid, _| {
        let mac = Hmac::<Sha256>::new_from_slice(&bytes("key")).unwrap().chain_update(bytes("msg"));
        mac.verify_slice(&bytes("tag")).is_ok() == valid
    });
}

#[test]
fn ed25519() {
    each(include_str!("data/wycheproof-ed25519.json"), 100, |bytes, valid, _| {
        UnparsedPublicKey::new(&ED25519, bytes("pk")).verify(&bytes("msg"), &bytes("sig")).is_ok() == valid
    });
}
