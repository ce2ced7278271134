//! Every signature algorithm of Doc 9303-12, 4.1.6, of signers and of CSCAs, with every hash of the data groups.
#![allow(clippy::unwrap_used)]

mod country;

use country::*;
use sallyport_emrtd::{
    cms::{HashAlgorithm, Scheme, SignatureAlgorithm},
    issue::{Authority, Curve, KeyKind, Parameters, SigningKey, SodProfile},
    passive::{PassiveError, verify},
};

/// Keys with every algorithm that they can sign with.
fn table() -> Vec<(String, SigningKey, SignatureAlgorithm)> {
    let mut table = Vec::new();
    let rsa = |bits| match bits {
        2048 => RSA_2048.clone(),
        bits => SigningKey::generate(KeyKind::Rsa { bits }).unwrap(),
    };
    for bits in [2048, 3072, 4096] {
        let key = rsa(bits);
        for hash in HashAlgorithm::ALL {
            table.push((format!("RSA {bits} PKCS#1 {hash:?}"), key.clone(), key.usual(hash)));
            let bound = key.presented_as(KeyKind::RsaPss { bits, hash }).unwrap();
            table.push((format!("RSA {bits} PSS key {hash:?}"), bound, pss(hash, hash)));
            for mask in HashAlgorithm::ALL {
                table.push((format!("RSA {bits} PSS {hash:?} mask {mask:?}"), key.clone(), pss(hash, mask)));
            }
        }
    }
    for curve in Curve::ALL {
        for parameters in [Parameters::Named, Parameters::Explicit] {
            let key = ec(curve, parameters);
            for hash in HashAlgorithm::ALL {
                for scheme in [Scheme::Ecdsa, Scheme::EcdsaPlain] {
                    let name = format!("{curve:?} {parameters:?} {scheme:?} {hash:?}");
                    table.push((name, key.clone(), SignatureAlgorithm { scheme, hash: Some(hash) }));
                }
            }
        }
    }
    table
}

#[test]
fn every_algorithm_of_signers_and_every_hash_of_groups_is_verified_and_no_other_signature() {
    let csca = Authority::csca("UT", NOW).unwrap();
    let trust = trust(&[&csca]);
    let mut contents = document(&csca.certify(&signer_profile()).unwrap(), &zone());
    for (name, key, algorithm) in table() {
        let signer = csca.certify(&signer_profile().signing_with(&key, algorithm)).unwrap();
        // Every pair of signature and hash is there once; the form of the parameters and of the value add nothing to it.
        let once = name.contains("Explicit") || name.contains("Plain") || name.contains("mask");
        let groups = if once { &HashAlgorithm::ALL[2..3] } else { &HashAlgorithm::ALL[..] };
        for &hash in groups {
            let versions = (hash == HashAlgorithm::Sha512).then(|| ("0108".into(), "040000".into()));
            sign(&mut contents, &signer, &SodProfile { hash, versions, ..Default::default() });
            assert!(verify(&contents, &trust, NOW).is_ok(), "{name}, groups {hash:?}");
        }
        // The signature is the last value of the file.
        let last = contents.sod.len() - 1;
        contents.sod[last] ^= 1;
        assert_eq!(verify(&contents, &trust, NOW), Err(PassiveError::SignatureInvalid), "{name}");
    }
}

#[test]
fn every_algorithm_of_cscas_is_verified() {
    for (name, key, algorithm) in table() {
        let csca = Authority::self_signed(&csca_profile("CSCA UT").signing_with(&key, algorithm)).unwrap();
        assert!(csca.certificate().is_signed_by(csca.certificate()), "{name}");
        let stranger = Authority::csca("UT", NOW).unwrap();
        assert!(!csca.certificate().is_signed_by(stranger.certificate()), "{name}");
        let signer = csca.certify(&signer_profile()).unwrap();
        accept(&document(&signer, &zone()), &trust(&[&csca]));
    }
}

// RFC 4055, 1.2: a key that is bound to PSS makes no other signatures.
#[test]
fn a_key_that_is_bound_to_pss_signs_nothing_else() {
    let csca = Authority::csca("UT", NOW).unwrap();
    let sha256 = HashAlgorithm::Sha256;
    let bound = RSA_2048.presented_as(KeyKind::RsaPss { bits: 2048, hash: sha256 }).unwrap();
    let refused = [bound.usual(sha256), pss(HashAlgorithm::Sha512, HashAlgorithm::Sha512)];
    let mut contents = document(&csca.certify(&signer_profile()).unwrap(), &zone());
    for algorithm in refused {
        let signer = csca.certify(&signer_profile().signing_with(&bound, algorithm)).unwrap();
        sign(&mut contents, &signer, &SodProfile::default());
        assert_eq!(verify(&contents, &trust(&[&csca]), NOW), Err(PassiveError::SignatureInvalid));
    }
}
