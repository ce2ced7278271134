//! DG14 of documents that others issued. Skips loudly where the evaluation data is absent.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    crypto::group::{Agreement, KeyPair},
    security_info::{SecurityInfo, SecurityInfos},
};

fn dg14(name: &str) -> Option<Vec<u8>> {
    let data = std::env::var_os("SALLYPORT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let file = data.join("chips").join(name);
    let found = fs::read(&file).ok();
    if found.is_none() {
        eprintln!("SKIPPED: no specimen {}", file.display());
    }
    found
}

/// Reads the file, agrees on a secret with its only key, and gives the key's group by kind and number.
fn check(name: &str) -> Option<(Agreement, Option<u8>)> {
    let file = dg14(name)?;
    let infos = SecurityInfos::parse_dg14(&file).unwrap();
    assert!(infos.0.iter().all(|info| !matches!(info, SecurityInfo::Other { .. })), "{infos:?}");
    assert_eq!(infos.0.len(), 3);
    let (id, key) = infos.chip_authentication_keys().next().unwrap();
    let key = key.unwrap();
    assert_eq!(id, None);
    let own = KeyPair::generate(key.group(), &mut StdRng::seed_from_u64(1)).unwrap();
    assert_eq!(own.agree(&key).unwrap().len(), key.group().field_bytes());
    // Nothing is lost in writing, but the order may change.
    let mut written = infos.to_der();
    let mut original = file[4..].to_vec();
    written.sort_unstable();
    original.sort_unstable();
    assert_eq!(written, original);
    Some((key.group().agreement(), key.group().id()))
}

#[test]
fn a_curve_written_in_full_is_known_again() {
    if let Some(found) = check("bsi2008/Datagroup14.bin") {
        assert_eq!(found, (Agreement::Ecdh, Some(11)));
    }
}

#[test]
fn a_field_without_the_order_of_its_generator_is_used() {
    if let Some(found) = check("spec_sample_encoded_dg14.bin") {
        assert_eq!(found, (Agreement::Dh, None));
    }
}
