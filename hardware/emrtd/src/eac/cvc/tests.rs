#![allow(clippy::unwrap_used)]
use std::sync::LazyLock;

use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
};
use proptest::prelude::*;

use super::*;
use crate::crypto::hash::HashAlgorithm;

const ALL_RIGHTS: Rights = Rights::READ_DG3.with(Rights::READ_DG4);

fn day(year: u16, month: u8, day: u8) -> Date {
    Date::new(year, month, day).unwrap()
}

fn ec_key(curve: Nid, hash: HashAlgorithm) -> SigningKey {
    let key = EcKey::generate(&EcGroup::from_curve_name(curve).unwrap()).unwrap();
    let algorithm = SignatureAlgorithm { scheme: SignatureScheme::Ecdsa, hash };
    SigningKey::new(algorithm, PKey::from_ec_key(key).unwrap()).unwrap()
}

fn reference(name: &str) -> Reference {
    Reference::new("UT", name, "00001").unwrap()
}

fn contents(authority: &str, holder: &str, key: PublicKey, authorization: Authorization) -> Contents {
    Contents {
        authority: reference(authority),
        key,
        holder: reference(holder),
        authorization,
        effective: day(2026, 1, 1),
        expiration: day(2026, 12, 31),
    }
}

struct Chain {
    cvca: Certificate,
    verifier: Certificate,
    terminal: Certificate,
}

fn chain(keys: [&SigningKey; 3], verifier_role: Role, verifier_rights: Rights) -> Chain {
    let public = |at: usize| keys[at].public_key().unwrap();
    let authorization = Authorization::inspection;
    let issue = |contents, key| Certificate::issue(contents, key).unwrap();
    let cvca = contents("CVCA", "CVCA", public(0), authorization(Role::Cvca, ALL_RIGHTS));
    let lower = public(1).without_parameters();
    let verifier = contents("CVCA", "DV", lower, authorization(verifier_role, verifier_rights));
    let lower = public(2).without_parameters();
    let terminal = contents("DV", "IS", lower, authorization(Role::Terminal, ALL_RIGHTS));
    Chain { cvca: issue(cvca, keys[0]), verifier: issue(verifier, keys[0]), terminal: issue(terminal, keys[1]) }
}

static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let key = || ec_key(Nid::X9_62_PRIME256V1, HashAlgorithm::Sha256);
    chain([&key(), &key(), &key()], Role::DomesticVerifier, Rights::READ_DG3)
});

#[test]
fn rights_shrink_along_a_chain_of_any_algorithm() {
    let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    for algorithm in SignatureAlgorithm::all() {
        let key = || match algorithm.scheme {
            SignatureScheme::Ecdsa => ec_key(Nid::BRAINPOOL_P256R1, algorithm.hash),
            _ => SigningKey::new(algorithm, rsa.clone()).unwrap(),
        };
        let keys = [key(), key(), key()];
        let chain = chain([&keys[0], &keys[1], &keys[2]], Role::ForeignVerifier, Rights::READ_DG4);
        let today = day(2026, 6, 1);
        let cvca = Certified::trust_point(&chain.cvca).unwrap();
        let verifier = cvca.certify(&chain.verifier, today).unwrap();
        let terminal = verifier.certify(&chain.terminal, today).unwrap();
        assert_eq!(terminal.authorization, Authorization::inspection(Role::Terminal, Rights::READ_DG4));
        assert!(terminal.authorization.rights.may_read(4) && !terminal.authorization.rights.may_read(3));
        assert!(is_accurate(&cvca) && !is_accurate(&verifier));
        let signature = keys[2].sign(b"challenge").unwrap();
        assert!(terminal.key.verify(b"challenge", &signature));
        assert!(!terminal.key.verify(b"another", &signature));
        assert!(keys[2].matches(&chain.terminal.contents().key));
        let back = Certificate::parse(&chain.terminal.to_bytes()).unwrap();
        assert!(back == chain.terminal);
    }
}

#[test]
fn what_breaks_the_chain_is_named() {
    let today = day(2026, 6, 1);
    let cvca = Certified::trust_point(&CHAIN.cvca).unwrap();
    let verifier = cvca.certify(&CHAIN.verifier, today).unwrap();
    let refusal =
        |issuer: &Certified, certificate: &Certificate, today: Date| issuer.certify(certificate, today).err().unwrap();
    let error = refusal(&cvca, &CHAIN.terminal, today);
    assert!(matches!(error, CvcError::OtherAuthority { .. }), "{error}");
    let error = refusal(&verifier, &CHAIN.terminal, day(2027, 1, 1));
    assert!(matches!(error, CvcError::Expired { .. }), "{error}");
    assert!(verifier.certify(&CHAIN.terminal, day(2026, 12, 31)).is_ok());
    // Somebody else's key under the same name.
    let other = ec_key(Nid::X9_62_PRIME256V1, HashAlgorithm::Sha256);
    let forged = Certificate::issue(CHAIN.terminal.contents().clone(), &other).unwrap();
    assert_eq!(refusal(&verifier, &forged, today), CvcError::SignatureInvalid(reference("IS")));
    // A verifier may not make verifiers, a terminal nothing, a CVCA no terminal.
    let key = ec_key(Nid::X9_62_PRIME256V1, HashAlgorithm::Sha256);
    let chain = chain([&key, &key, &key], Role::DomesticVerifier, ALL_RIGHTS);
    let cvca = Certified::trust_point(&chain.cvca).unwrap();
    let verifier = cvca.certify(&chain.verifier, today).unwrap();
    let terminal = verifier.certify(&chain.terminal, today).unwrap();
    let public = key.public_key().unwrap();
    for (issuer, name, role) in [
        (&verifier, "DV", Role::DomesticVerifier),
        (&verifier, "DV", Role::Cvca),
        (&terminal, "IS", Role::Terminal),
        (&cvca, "CVCA", Role::Terminal),
    ] {
        let contents = contents(name, "NEW", public.clone(), Authorization::inspection(role, ALL_RIGHTS));
        let certificate = Certificate::issue(contents, &key).unwrap();
        assert_eq!(refusal(issuer, &certificate, today), CvcError::Role(reference("NEW")));
    }
    assert!(Certified::trust_point(&chain.verifier).is_err());
    // On a curve, but nowhere which.
    let lost = chain.terminal.contents().key.complete(None).err();
    assert_eq!(lost, Some(CvcError::ParametersMissing));
}

#[test]
fn a_link_certificate_stands_in_for_the_trust_point_even_when_expired() {
    let (old, new) =
        (ec_key(Nid::X9_62_PRIME256V1, HashAlgorithm::Sha256), ec_key(Nid::SECP384R1, HashAlgorithm::Sha384));
    let authorization = Authorization::inspection(Role::Cvca, ALL_RIGHTS);
    let first = contents("CVCA", "CVCA", old.public_key().unwrap(), authorization);
    let link = contents("CVCA", "CVCANEW", new.public_key().unwrap(), authorization);
    let first = Certified::trust_point(&Certificate::issue(first, &old).unwrap()).unwrap();
    let link = Certificate::issue(link, &old).unwrap();
    let second = first.certify(&link, day(2030, 1, 1)).unwrap();
    assert_eq!(second.holder, reference("CVCANEW"));
    // Terminals below are of the new curve.
    let key = ec_key(Nid::SECP384R1, HashAlgorithm::Sha384);
    let lower = key.public_key().unwrap().without_parameters();
    let verifier = contents("CVCANEW", "DV", lower, Authorization::inspection(Role::DomesticVerifier, ALL_RIGHTS));
    let verifier = Certificate::issue(verifier, &new).unwrap();
    assert!(second.certify(&verifier, day(2026, 2, 1)).is_ok());
    assert!(matches!(second.certify(&verifier, day(2030, 1, 1)), Err(CvcError::Expired { .. })));
}

#[test]
fn every_changed_byte_is_noticed() {
    let cvca = Certified::trust_point(&CHAIN.cvca).unwrap();
    let bytes = CHAIN.verifier.to_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let accepted = Certificate::parse(&changed).and_then(|changed| cvca.certify(&changed, day(2026, 6, 1)));
        assert!(accepted.is_err(), "byte {at}");
    }
}

proptest! {
    #[test]
    fn hostile_certificates_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Certificate::parse(&bytes);
        let _ = Certificate::parse_command_data(&bytes);
    }

    #[test]
    fn hostile_parameters_never_panic(at in 0usize..400, value in any::<u8>(), cut in 0usize..400) {
        let mut bytes = CHAIN.cvca.to_bytes();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(certificate) = Certificate::parse(&bytes) {
            let _ = Certified::trust_point(&certificate);
        }
        prop_assert!(Certificate::parse(&bytes[..cut % bytes.len()]).is_err());
    }
}
