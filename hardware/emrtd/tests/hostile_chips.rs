//! Chips and lines that mean harm: what a terminal must not take for a proof, and where it must come to an end.
#![allow(clippy::unwrap_used)]

mod support;

use std::convert::Infallible;

use sallyport_emrtd::{
    chip::{Behavior, Chip},
    crypto::{group::Agreement, suite::Suite},
    issue::{AgreementKey, Authority, Document, DocumentProfile, Genuineness},
    passive::{self, TrustStore},
    security_info::{Mapping, PaceProtocol},
    terminal::{self, Access, Options, ReadError, Reading, Terminal, TerminalError},
};
use support::{NOW, key, mrz, portrait_dg2};

/// Statuses of a chip that does not understand what comes through the channel.
const SECURE_OBJECTS_WRONG: [u8; 2] = [0x69, 0x88];
const SECURE_MESSAGING_NOT_SUPPORTED: [u8; 2] = [0x68, 0x82];
const FILE_NOT_FOUND: [u8; 2] = [0x6A, 0x82];

fn agreement(group: u8, suites: &[Suite]) -> AgreementKey {
    AgreementKey::generate(group, None, suites, &mut rand::rng()).unwrap()
}

fn document(change: impl FnOnce(&mut DocumentProfile<'_>)) -> (Document, TrustStore) {
    let csca = Authority::csca("UT", NOW).unwrap();
    let signer = csca.document_signer("UT", NOW, 90).unwrap();
    let trust = TrustStore::from_certificates([csca.certificate_der().unwrap().as_slice()]).unwrap();
    let mrz = mrz();
    let mut profile = DocumentProfile::plain(&mrz, portrait_dg2(900));
    change(&mut profile);
    (signer.issue_document(profile).unwrap(), trust)
}

/// The same signed files in another chip.
fn chip(document: &Document, genuineness: Genuineness, behavior: Behavior) -> Chip {
    let mut secrets = sallyport_emrtd::chip::Secrets::from(mrz().key());
    secrets.genuineness = genuineness;
    Chip::new(document.files.clone(), secrets, behavior, &mut rand::rng())
}

fn read(answer: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> Result<Box<Reading>, TerminalError> {
    read_with(Options::default(), answer)
}

fn read_with(options: Options, answer: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> Result<Box<Reading>, TerminalError> {
    let mut terminal = Terminal::with_options(key(), options, &mut rand::rng());
    let read = terminal::read(&mut terminal, &mut |command| Ok::<_, Infallible>(answer(command)), &mut |_| {});
    read.map_err(|error| match error {
        ReadError::Terminal(error) => error,
        ReadError::Line(never) => match never {},
    })
}

fn with_agreement() -> (Document, TrustStore) {
    document(|profile| profile.genuineness.agreement = vec![agreement(12, &[Suite::Aes128])])
}

fn clone_with_another_key() -> Genuineness {
    Genuineness { agreement: vec![agreement(12, &[Suite::Aes128])], ..Genuineness::default() }
}

/// "No such file", unprotected, is tolerated from chips of the field. Anybody can say it: after Chip Authentication it
/// proves nothing.
#[test]
fn an_unprotected_status_is_no_proof_of_chip_authentication() {
    let (document, _) = with_agreement();
    let mut clone = chip(&document, clone_with_another_key(), Behavior::default());
    let reading = read(&mut |command| match clone.transmit(command) {
        answer if answer == SECURE_OBJECTS_WRONG => FILE_NOT_FOUND.to_vec(),
        answer => answer,
    });
    let reading = reading.unwrap();
    assert!(reading.chip_authentication.failed(), "{:?}", reading.chip_authentication);
    assert!(reading.contents.groups.contains_key(&2));
}

/// A copy breaks the channel after such a status, and gives the rest as a chip without access control.
#[test]
fn a_copy_that_opens_without_a_channel_is_asked_for_chip_authentication() {
    let (document, trust) = with_agreement();
    for keys in [clone_with_another_key(), Genuineness::default()] {
        let mut closed = chip(&document, clone_with_another_key(), Behavior::default());
        let mut open = chip(&document, keys, Behavior { open: true, ..Behavior::default() });
        let mut broken = false;
        let reading = read(&mut |command| {
            let answer = if broken { open.transmit(command) } else { closed.transmit(command) };
            if !broken && answer == SECURE_OBJECTS_WRONG {
                return FILE_NOT_FOUND.to_vec();
            }
            broken |= answer == SECURE_MESSAGING_NOT_SUPPORTED;
            answer
        });
        let reading = reading.unwrap();
        assert!(passive::verify(&reading.contents, &trust, NOW).is_ok());
        assert!(reading.chip_authentication.failed(), "{:?}", reading.chip_authentication);
    }
    // And one that never had a channel.
    let mut open = chip(&document, Genuineness::default(), Behavior { open: true, ..Behavior::default() });
    let reading = read(&mut |command| open.transmit(command)).unwrap();
    assert_eq!(reading.access, Access::Open);
    assert!(reading.chip_authentication.failed(), "{:?}", reading.chip_authentication);
}

/// The genuine chip proves itself and is taken away while DG1 is read; a copy goes on.
#[test]
fn a_proof_does_not_outlive_its_channel() {
    let pace = |mapping| PaceProtocol { mapping, agreement: Agreement::Ecdh, suite: Suite::Aes128 };
    let (mapped, generic) = (pace(Mapping::ChipAuthentication), pace(Mapping::Generic));
    for (offers, access) in [
        (vec![], Access::Open),
        (vec![(mapped, 12), (generic, 12)], Access::Pace { protocol: generic, parameter_id: Some(12) }),
    ] {
        let (mut document, _) = document(|profile| {
            profile.genuineness.agreement = vec![agreement(12, &[Suite::Aes128])];
            profile.pace = offers;
        });
        let keys = std::mem::take(&mut document.secrets.genuineness);
        let mut genuine = chip(&document, keys, Behavior::default());
        let whole = read(&mut |command| genuine.transmit(command)).unwrap();
        assert!(whole.chip_authentication.passed());
        assert_eq!(whole.chip_authentication_mapping.passed(), access != Access::Open);
        genuine.reset();
        let mut copy = chip(&document, Genuineness::default(), Behavior { open: true, ..Behavior::default() });
        let mut taken = false;
        let reading = read(&mut |command| {
            if taken {
                return copy.transmit(command);
            }
            taken = command.starts_with(&[0x0C, 0xB0, 0x81]);
            if taken { SECURE_MESSAGING_NOT_SUPPORTED.to_vec() } else { genuine.transmit(command) }
        });
        let reading = reading.unwrap();
        assert!(taken && reading.contents.groups.contains_key(&2));
        assert_eq!(reading.access, access);
        assert!(reading.chip_authentication.failed(), "{:?}", reading.chip_authentication);
        assert!(!reading.chip_authentication_mapping.passed());
    }
}

/// "More waits" without end, with and without bytes.
#[test]
fn a_chip_that_promises_more_for_ever_is_an_error() {
    for piece in [&[0x61, 0x00][..], &[7, 0x61, 0x01]] {
        let mut commands = 0;
        let error = read(&mut |_| {
            commands += 1;
            assert!(commands < 20_000);
            piece.to_vec()
        });
        assert!(error.is_err());
    }
}

/// Files that are computed with before their signature is looked at are small.
#[test]
fn no_chip_has_structures_of_a_megabyte() {
    let (mut document, _) = document(|_| {});
    let infos = [0x30, 5, 6, 1, 0x2A, 5, 0].repeat(10_000);
    document.files.card_access = Some(sallyport_emrtd::tlv::object(0x31, &infos));
    let mut chip = chip(&document, Genuineness::default(), Behavior::default());
    let mut commands = 0;
    let refusal = read(&mut |command| {
        commands += 1;
        chip.transmit(command)
    });
    assert!(matches!(refusal, Err(TerminalError::Protocol { .. })), "{refusal:?}");
    assert_eq!(commands, 1);
}
