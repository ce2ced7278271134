//! A country of its own for each test: authorities, documents, and what an inspection finds.
#![allow(dead_code)] // each test file uses its part

use std::sync::LazyLock;

use sallyport_emrtd::{
    ChipContents, ImageFormat, Mrz,
    certificate::Certificate,
    cms::{HashAlgorithm, Scheme, SignatureAlgorithm},
    issue::{Authority, Curve, KeyKind, Parameters, Portrait, Profile, Role, SigningKey, SodProfile},
    passive::{Check, Outcome, PassiveError, Report, inspect},
    trust::{Standing, TrustStore},
};

/// 28 May 2026.
pub(crate) const NOW: i64 = 1_780_000_000;
pub(crate) const DAY: i64 = 86_400;

/// RSA keys take seconds to make: one for all.
pub(crate) static RSA_2048: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::generate(KeyKind::Rsa { bits: 2048 }).unwrap());

pub(crate) fn ec(curve: Curve, parameters: Parameters) -> SigningKey {
    SigningKey::generate(KeyKind::Ec { curve, parameters }).unwrap()
}

pub(crate) fn pss(hash: HashAlgorithm, mask: HashAlgorithm) -> SignatureAlgorithm {
    let salt_bytes = hash.bytes() as u32;
    SignatureAlgorithm { scheme: Scheme::Pss { mask: Some(mask), salt_bytes }, hash: Some(hash) }
}

pub(crate) fn csca_profile(name: &str) -> Profile {
    Profile::new(Role::Csca, "UT", name, NOW, 3650).unwrap()
}

pub(crate) fn signer_profile() -> Profile {
    Profile::new(Role::DocumentSigner, "UT", "DS 1", NOW, 90).unwrap()
}

pub(crate) fn trust(authorities: &[&Authority]) -> TrustStore {
    let ders: Vec<Vec<u8>> = authorities.iter().map(|authority| authority.certificate_der().unwrap()).collect();
    TrustStore::from_certificates(ders.iter().map(Vec::as_slice)).unwrap()
}

pub(crate) fn with_link(mut store: TrustStore, link: Certificate) -> TrustStore {
    assert!(store.add(link, Standing::Link, None));
    store
}

pub(crate) fn zone() -> Mrz {
    let text = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    Mrz::parse(text).unwrap()
}

/// A document of this signer, as read.
pub(crate) fn document(signer: &Authority, zone: &Mrz) -> ChipContents {
    let image = [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3];
    let portrait = Portrait { image: &image, format: ImageFormat::Jpeg, width: 300, height: 400 };
    let files = signer.issue(zone, &portrait).unwrap();
    let mut contents = ChipContents::default();
    (contents.com, contents.sod, contents.groups) = (files.com, files.sod, files.groups);
    contents
}

/// The same document, signed anew.
pub(crate) fn sign(contents: &mut ChipContents, signer: &Authority, profile: &SodProfile) {
    let groups = contents.groups.iter().map(|(&group, file)| (group, file.as_slice()));
    contents.sod = signer.sign_groups(groups, profile).unwrap();
}

/// The only binding check that failed; everything before it must have passed.
pub(crate) fn only_failure(report: &Report) -> (Check, PassiveError) {
    let failures: Vec<_> = report.failures().filter(|(check, _)| check.is_binding()).collect();
    assert_eq!(failures.len(), 1, "{report}");
    (failures[0].0, failures[0].1.clone())
}

pub(crate) fn code(report: &Report, check: Check) -> (&'static str, Option<&'static str>) {
    let outcome: &Outcome = report.outcome(check).unwrap();
    (outcome.code(), outcome.reason_code())
}

/// Inspects at [`NOW`] and demands that a document is authentic.
pub(crate) fn accept(contents: &ChipContents, trust: &TrustStore) -> Report {
    let report = inspect(contents, trust, NOW);
    assert!(report.summary().is_ok(), "{report}");
    report
}
