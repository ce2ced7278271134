//! A specimen passport that somebody else issued. Skips loudly where the evaluation data is absent.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use sallyport_emrtd::{
    ChipContents,
    passive::{self, PassiveError, TrustStore},
};

#[test]
fn a_foreign_specimen_is_read_and_its_signature_and_hashes_hold() {
    let data = std::env::var_os("SALLYPORT_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = data.join("chips/bsi2008");
    if !folder.exists() {
        eprintln!("SKIPPED: no specimen in {}", folder.display());
        return;
    }
    let read = |group: u8| fs::read(folder.join(format!("Datagroup{group}.bin"))).unwrap();
    let mut contents = ChipContents::default();
    contents.sod = fs::read(folder.join("EF_SOD.bin")).unwrap();
    for group in [1, 2, 14] {
        contents.groups.insert(group, read(group));
    }
    let mrz = contents.dg1().unwrap();
    assert_eq!(mrz.issuer, "D");
    assert!(!contents.dg2().unwrap().is_empty());
    // Signature and hashes are checked first, so that an unknown CSCA is all that is left to object to.
    let refusal = passive::verify(&contents, &TrustStore::default(), 1_220_000_000).unwrap_err();
    assert!(matches!(refusal, PassiveError::CscaUnknown { .. }), "{refusal}");
    // The set holds a DG15 that its signer did not sign.
    contents.groups.insert(15, read(15));
    let refusal = passive::verify(&contents, &TrustStore::default(), 1_220_000_000).unwrap_err();
    assert_eq!(refusal, PassiveError::NotSigned(15));
    contents.groups.remove(&15);
    contents.groups.get_mut(&2).unwrap()[500] ^= 1;
    let refusal = passive::verify(&contents, &TrustStore::default(), 1_220_000_000).unwrap_err();
    assert!(matches!(refusal, PassiveError::HashMismatch { group: 2, .. }), "{refusal}");
}
