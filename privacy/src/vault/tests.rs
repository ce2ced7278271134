#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

/// `people/1` holding `a face` under the key 7, 7, ...: what the version before this one wrote.
const FIRST_FORMAT: &str = include_str!("../../tests/data/format-1.hex");

#[test]
fn a_record_opens_only_unchanged_in_its_place_and_under_its_key() {
    let vault = Vault::new(&[7; 32]);
    let sealed = vault.seal(b"people/1", b"a face");
    assert_eq!(sealed.len(), 6 + OVERHEAD_BYTES);
    assert_eq!(**vault.open(b"people/1", &sealed).unwrap(), *b"a face");
    assert_eq!(vault.open(b"people/2", &sealed), Err(VaultError::Sealed));
    assert_eq!(Vault::new(&[8; 32]).open(b"people/1", &sealed), Err(VaultError::Sealed));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(vault.open(b"people/1", &changed).is_err(), "byte {at}");
        assert!(vault.open(b"people/1", &sealed[..at]).is_err(), "cut at {at}");
    }
    assert_ne!(sealed, vault.seal(b"people/1", b"a face"), "salts must differ");
}

#[test]
fn records_of_the_first_format_open() {
    let (vault, sealed) = (Vault::new(&[7; 32]), hex::decode(FIRST_FORMAT.trim()).unwrap());
    assert_eq!(**vault.open(b"people/1", &sealed).unwrap(), *b"a face");
    assert_eq!(vault.open(b"people/2", &sealed), Err(VaultError::Sealed));
    assert!(vault.is_outdated(&sealed) && !vault.is_outdated(&vault.seal(b"people/1", b"a face")));
    let rotated = Vault::new(&[7; 32]).with_generation(2, &[8; 32]);
    assert!(rotated.open(b"people/1", &sealed).is_ok());
    for at in 0..sealed.len() {
        assert!(vault.open(b"people/1", &sealed[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn an_older_version_is_told_from_the_one_that_belongs_there() {
    let vault = Vault::new(&[7; 32]);
    let (old, new) = (vault.seal_version(b"a", 1, b"suspended"), vault.seal_version(b"a", 2, b"active"));
    assert_eq!(**vault.open_version(b"a", 2, &new).unwrap(), *b"active");
    assert_eq!(vault.open_version(b"a", 2, &old), Err(VaultError::Version { wanted: 2, found: 1 }));
    let mut forged = old.clone();
    forged[12] = 2; // the last byte of the version
    assert_eq!(vault.open_version(b"a", 2, &forged), Err(VaultError::Sealed));
}

#[test]
fn the_newest_generation_seals_and_older_ones_open() {
    let before = Vault::new(&[7; 32]);
    let old = before.seal(b"a", b"x");
    let rotated = Vault::new(&[7; 32]).with_generation(2, &[8; 32]);
    let new = rotated.seal(b"a", b"x");
    assert!(rotated.open(b"a", &old).is_ok() && rotated.is_outdated(&old) && !rotated.is_outdated(&new));
    assert_eq!(before.open(b"a", &new), Err(VaultError::Generation(2)));
    assert_eq!(rotated.pseudonym("card", b"1"), before.pseudonym("card", b"1"), "keys of a store stay");
    let done = rotated.without_generations_before(2);
    assert_eq!(done.open(b"a", &old), Err(VaultError::Generation(1)));
    assert!(done.open(b"a", &new).is_ok());
    assert_eq!(done.without_generations_before(9).newest(), 2, "one is always left");
}

/// A machine that was copied draws the same random numbers as its original.
#[test]
fn repeated_random_numbers_repeat_no_key_for_another_record() {
    let (vault, random) = (Vault::new(&[7; 32]), [0; 32]);
    let sealed = |context: &[u8], version, plain: &[u8]| vault.seal_with(&random, context, version, plain);
    let all = [
        sealed(b"a", 1, b"one"),
        sealed(b"a", 1, b"two"),
        sealed(b"a", 2, b"one"),
        sealed(b"b", 1, b"one"),
        sealed(b"ao", 1, b"ne"),
    ];
    let salts: std::collections::BTreeSet<_> = all.iter().map(|sealed| Header::parse(sealed).unwrap().salt).collect();
    assert_eq!(salts.len(), all.len());
    assert_eq!(sealed(b"a", 1, b"one"), all[0], "only the very same record is the same");
}

#[test]
fn pseudonyms_depend_on_key_purpose_and_identifier() {
    let vault = Vault::new(&[7; 32]);
    let card = vault.pseudonym("card", b"04A1B2C3");
    assert_eq!(card, vault.pseudonym("card", b"04A1B2C3"));
    assert_ne!(card, vault.pseudonym("card", b"04A1B2C4"));
    assert_ne!(card, vault.pseudonym("passport", b"04A1B2C3"));
    assert_ne!(card, Vault::new(&[8; 32]).pseudonym("card", b"04A1B2C3"));
}

proptest! {
    #[test]
    fn whatever_was_sealed_opens(
        context in prop::collection::vec(any::<u8>(), 0..40),
        version: u64,
        plain in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal_version(&context, version, &plain);
        prop_assert_eq!(&**vault.open_version(&context, version, &sealed).unwrap(), &plain);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), format in 0u8..4) {
        let bytes = [&[format][..], &bytes].concat();
        prop_assert!(Vault::new(&[7; 32]).open(b"a", &bytes).is_err());
    }
}
