//! Terminal and chip against each other, from MRZ to passive authentication, and everything that can go wrong.
#![allow(clippy::unwrap_used)]

mod support;

use std::cell::Cell;

use sallyport_emrtd::{
    ChipContents, ImageFormat, Mrz,
    chip::{Behavior, Chip, ChipFiles},
    issue::{Authority, Portrait},
    passive::{self, PassiveError, TrustStore},
    terminal::{self, AccessKey, ReadError, Terminal, TerminalError},
};
use support::NOW;

const DAY: i64 = 86_400;

fn mrz(number: &str) -> Mrz {
    let mut mrz = support::mrz();
    mrz.document_number = number.into();
    mrz
}

fn jpeg(fill: u8) -> Vec<u8> {
    let mut image = vec![0xFF, 0xD8, 0xFF, 0xE0];
    image.resize(9_000, fill);
    image
}

fn portrait(image: &[u8]) -> Portrait<'_> {
    Portrait { image, format: ImageFormat::Jpeg, width: 300, height: 400 }
}

fn read(files: ChipFiles, behavior: Behavior, key: &Mrz) -> Result<ChipContents, ReadError<&'static str>> {
    let mut chip = Chip::new(files, mrz("L898902C3").key(), behavior, &mut rand::rng());
    let mut terminal = Terminal::new(AccessKey::Mrz(key.key()), &mut rand::rng());
    let answered = Cell::new(0);
    terminal::read(
        &mut terminal,
        &mut |command| match chip.transmit(command) {
            answer if answer.is_empty() => Err("no answer"),
            answer => Ok(answer),
        },
        &mut |_| answered.set(answered.get() + 1),
    )
    .map(|reading| reading.contents)
}

struct Country {
    csca: Authority,
    signer: Authority,
}

fn country() -> Country {
    let csca = Authority::csca("UT", NOW).unwrap();
    let signer = csca.document_signer("UT", NOW, 90).unwrap();
    Country { csca, signer }
}

impl Country {
    fn trust(&self) -> TrustStore {
        let der = self.csca.certificate_der().unwrap();
        TrustStore::from_certificates([der.as_slice()]).unwrap()
    }
}

#[test]
fn a_genuine_passport_is_read_and_authenticated() {
    let country = country();
    let files = country.signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    let contents = read(files, Behavior::default(), &mrz("L898902C3")).unwrap();
    assert_eq!(contents.dg1().unwrap().surname, "ERIKSSON");
    assert_eq!(*contents.dg2().unwrap()[0].bytes, jpeg(7));
    let verified = passive::verify(&contents, &country.trust(), NOW).unwrap();
    assert_eq!(verified.groups, [1, 2]);
    assert!(verified.csca.contains("CN=CSCA UT"), "{verified:?}");
}

/// A buffer that grew has left a copy of what it held in memory that nobody zeroes.
#[test]
fn no_file_grows_while_it_is_read() {
    let files = country().signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    let contents = read(files, Behavior::default(), &mrz("L898902C3")).unwrap();
    for (group, file) in &contents.groups {
        assert_eq!(file.capacity(), file.len(), "DG{group}");
    }
}

#[test]
fn a_replaced_portrait_is_named_with_both_hashes() {
    let country = country();
    let mut files = country.signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    files.groups.insert(2, portrait(&jpeg(8)).dg2());
    let contents = read(files, Behavior::default(), &mrz("L898902C3")).unwrap();
    match passive::verify(&contents, &country.trust(), NOW).unwrap_err() {
        PassiveError::HashMismatch { group: 2, hashes: Some(hashes) } => {
            assert_ne!(hashes.signed, hashes.found);
            assert_eq!((hashes.signed.len(), hashes.found.len()), (64, 64));
        }
        other => panic!("{other}"),
    }
}

/// A name and a date can be tried until their hash is found: that of DG1 is as personal as DG1.
#[test]
fn the_hash_of_a_changed_zone_is_not_told() {
    let country = country();
    let mut files = country.signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    let other = country.signer.issue(&mrz("L898902C4"), &portrait(&jpeg(7))).unwrap();
    files.groups.insert(1, other.groups[&1].clone());
    let contents = read(files, Behavior::default(), &mrz("L898902C3")).unwrap();
    let error = passive::verify(&contents, &country.trust(), NOW).unwrap_err();
    assert_eq!(error, PassiveError::HashMismatch { group: 1, hashes: None });
    assert_eq!(error.to_string(), "the hash of DG1 is not the signed one");
}

#[test]
fn strangers_namesakes_and_expired_signers_are_refused() {
    let (country, namesake) = (country(), country());
    let files = country.signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    let contents = read(files, Behavior::default(), &mrz("L898902C3")).unwrap();
    for trust in [TrustStore::default(), namesake.trust()] {
        let refusal = passive::verify(&contents, &trust, NOW).unwrap_err();
        assert!(matches!(&refusal, PassiveError::CscaUnknown { issuer } if issuer.contains("CSCA UT")), "{refusal}");
    }
    for time in [NOW + 91 * DAY, NOW - 3 * DAY] {
        let refusal = passive::verify(&contents, &country.trust(), time).unwrap_err();
        assert!(matches!(refusal, PassiveError::SignerExpired { .. }), "{refusal}");
    }
}

#[test]
fn no_changed_byte_of_the_security_object_passes_unnoticed() {
    let country = country();
    let files = country.signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    let trust = country.trust();
    let mut contents = read(files, Behavior::default(), &mrz("L898902C3")).unwrap();
    let genuine = contents.sod.clone();
    let mut accepted = Vec::new();
    for at in 0..genuine.len() {
        contents.sod[at] ^= 0x01;
        if passive::verify(&contents, &trust, NOW).is_ok() {
            accepted.push(at);
        }
        contents.sod[at] = genuine[at];
        contents.sod.truncate(at);
        assert!(passive::verify(&contents, &trust, NOW).is_err(), "cut at {at}");
        contents.sod = genuine.clone();
    }
    // CMS leaves the version numbers and the outer list of digest algorithms unsigned (RFC 5652, 5.1).
    assert!(accepted.len() <= 24, "{accepted:?}");
}

#[test]
fn a_wrong_key_opens_nothing() {
    let files = country().signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    let error = read(files, Behavior::default(), &mrz("L898902C4")).unwrap_err();
    assert!(matches!(error, ReadError::Terminal(TerminalError::AccessDenied(_))), "{error}");
}

#[test]
fn a_chip_that_falls_silent_at_any_command_is_an_error_and_not_a_hang() {
    let files = country().signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    for limit in 0..200 {
        let behavior = Behavior { silent_after: Some(limit), ..Default::default() };
        match read(files.clone(), behavior, &mrz("L898902C3")) {
            Err(ReadError::Line("no answer")) => {}
            Ok(_) => {
                assert!(limit > 40);
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("never finished");
}

#[test]
fn hostile_lengths_at_any_command_are_an_error() {
    let files = country().signer.issue(&mrz("L898902C3"), &portrait(&jpeg(7))).unwrap();
    for limit in 0..60 {
        let behavior = Behavior { hostile_after: Some(limit), ..Default::default() };
        match read(files.clone(), behavior, &mrz("L898902C3")) {
            Err(ReadError::Terminal(_)) => {}
            Ok(_) => return assert!(limit > 40),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_terminal_driven_out_of_turn_says_so() {
    let mut terminal = Terminal::new(AccessKey::Mrz(mrz("L898902C3").key()), &mut rand::rng());
    assert_eq!(terminal.advance(Some(&[0x90, 0])).unwrap_err(), TerminalError::OutOfTurn);
    assert_eq!(terminal.advance(None).unwrap_err(), TerminalError::OutOfTurn);
}

proptest::proptest! {
    #[test]
    fn neither_side_panics_on_random_bytes(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let mut chip = Chip::new(ChipFiles::default(), mrz("L898902C3").key(), Behavior::default(), &mut rand::rng());
        chip.transmit(&bytes);
        let mut terminal = Terminal::new(AccessKey::Mrz(mrz("L898902C3").key()), &mut rand::rng());
        terminal.advance(None).unwrap();
        let _ = terminal.advance(Some(&bytes));
    }
}
