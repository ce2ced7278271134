//! Documents from folders through the simulated reader, read as a gate reads them, and all that can go wrong.
#![allow(clippy::unwrap_used)]

mod passport;

use std::{fs, path::Path, time::Duration};

use passport::{Passport, read, read_with};
use sallyport_emrtd::{
    crypto::{group::Agreement, suite::Suite},
    issue::{self, AgreementKey, Authority, DocumentProfile, Genuineness},
    security_info::{Mapping, PaceProtocol},
    terminal::{Access, AccessKey, ReadError},
};
use sallyport_hardware::{
    document::{DocumentReader as _, ReaderError, Token},
    simulator::document::{Presented, PresentedError, SimulatedReader},
};

const PATIENCE: Duration = Duration::from_secs(20);

fn reader() -> SimulatedReader {
    SimulatedReader::new().with_latency(Duration::ZERO)
}

fn lay_down(reader: &mut SimulatedReader, folder: &Path) -> Result<Token, ReaderError> {
    reader.control().present(Presented::load(folder).unwrap());
    assert!(reader.wait(PATIENCE).unwrap());
    reader.identify(PATIENCE)
}

#[test]
fn a_passport_from_a_folder_is_read_and_authenticated() {
    let (folder, passport) = (tempfile::tempdir().unwrap(), Passport::issue());
    issue::save(folder.path(), &passport.zone, &passport.files).unwrap();
    let mut reader = reader();
    // Twice: a chip that was read begins anew when it is laid down again.
    for _ in 0..2 {
        let Token::Document { zone } = lay_down(&mut reader, folder.path()).unwrap() else { panic!("a card") };
        assert_eq!(zone, passport.zone);
        let contents = read(&mut reader, &zone, &mut |_| {}).unwrap();
        assert_eq!(contents.dg1().unwrap(), passport.mrz());
        assert_eq!(passport.verify(&contents).groups, [1, 2]);
        assert!(reader.is_present());
    }
}

#[test]
fn a_chip_that_falls_silent_is_no_answer_at_any_command() {
    let (folder, passport) = (tempfile::tempdir().unwrap(), Passport::issue());
    issue::save(folder.path(), &passport.zone, &passport.files).unwrap();
    let mut reader = reader();
    for limit in 0..100 {
        fs::write(folder.path().join("behavior.json"), format!("{{\"silent_after\": {limit}}}")).unwrap();
        lay_down(&mut reader, folder.path()).unwrap();
        match read(&mut reader, &passport.zone, &mut |_| {}) {
            Err(ReadError::Line(error)) => assert_eq!(error, ReaderError::NoAnswer, "command {limit}"),
            Ok(_) => {
                assert!(limit > 20, "{limit}");
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("never finished");
}

#[test]
fn a_document_taken_away_is_removed_at_any_command_and_another_is_not_taken_for_it() {
    let (folder, passport) = (tempfile::tempdir().unwrap(), Passport::issue());
    issue::save(folder.path(), &passport.zone, &passport.files).unwrap();
    let mut reader = reader();
    let hand = reader.control();
    for last in 0..20 {
        lay_down(&mut reader, folder.path()).unwrap();
        let exchange = last % 2 == 1;
        let result = read(&mut reader, &passport.zone, &mut |answered| {
            if answered == last && exchange {
                hand.present(Presented::load(folder.path()).unwrap());
            } else if answered == last {
                hand.remove();
            }
        });
        assert!(matches!(result, Err(ReadError::Line(ReaderError::Removed))), "command {last}: {result:?}");
        assert!(!reader.is_present());
        assert_eq!(reader.wait(Duration::ZERO).unwrap(), exchange);
        hand.remove();
    }
}

#[test]
fn a_wrong_check_digit_reaches_the_gate_and_a_page_without_zone_does_not() {
    let (folder, passport) = (tempfile::tempdir().unwrap(), Passport::issue());
    let wrong = passport.zone.replace("L898902C3", "L898902C4");
    issue::save(folder.path(), &wrong, &passport.files).unwrap();
    let mut reader = reader();
    match lay_down(&mut reader, folder.path()).unwrap() {
        Token::Document { zone } => assert_eq!(*zone, wrong),
        token => panic!("{token:?}"),
    }
    // The page is wrong, the chip is not.
    read(&mut reader, &passport.zone, &mut |_| {}).unwrap();
    for page in ["", "P<UTOERIKSSON<<ANNA", &passport.zone.replace('<', "*")] {
        fs::write(folder.path().join("mrz.txt"), page).unwrap();
        let refusal = lay_down(&mut reader, folder.path()).unwrap_err();
        assert!(matches!(refusal, ReaderError::ZoneUnreadable(_)), "{page}: {refusal}");
    }
}

#[test]
fn a_card_tells_its_number_and_knows_no_passport_commands() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("card.txt"), "04:a1:b2:c3 d4 e5 f6\n").unwrap();
    let mut reader = reader();
    match lay_down(&mut reader, folder.path()).unwrap() {
        Token::Card { uid } => assert_eq!(uid, [0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6]),
        token => panic!("{token:?}"),
    }
    assert_eq!(*reader.transmit(&[0, 0xA4, 4, 0x0C, 0]).unwrap(), [0x6D, 0x00]);
    fs::write(folder.path().join("card.txt"), "08 01 02 03").unwrap();
    assert!(matches!(lay_down(&mut reader, folder.path()), Err(ReaderError::Unknown(_))));
}

#[test]
fn folders_that_hold_nothing_usable_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = || Presented::load(folder.path()).err().unwrap();
    assert!(matches!(error(), PresentedError::Document { .. }));
    let passport = Passport::issue();
    issue::save(folder.path(), &passport.zone, &passport.files).unwrap();
    fs::write(at("behavior.json"), "{\"silent_afer\": 3}").unwrap();
    assert!(matches!(error(), PresentedError::Behavior { .. }));
    fs::remove_file(at("behavior.json")).unwrap();
    fs::write(at("mrz.txt"), "no zone").unwrap();
    fs::write(at("DG1.bin"), "no data group").unwrap();
    assert!(matches!(error(), PresentedError::Document { .. }));
    fs::write(at("card.txt"), "number 7").unwrap();
    assert!(matches!(error(), PresentedError::CardNumber(_)));
}

#[test]
fn a_folder_with_private_keys_makes_a_chip_that_proves_itself_and_one_without_makes_a_clone() {
    let (original, clone) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut rng = rand::rng();
    let zone = Passport::issue().mrz();
    let protocol = PaceProtocol { mapping: Mapping::Generic, agreement: Agreement::Ecdh, suite: Suite::Aes128 };
    let profile = DocumentProfile {
        pace: vec![(protocol, 12)],
        genuineness: Genuineness {
            agreement: vec![AgreementKey::generate(12, None, &[Suite::Aes128], &mut rng).unwrap()],
            ..Genuineness::default()
        },
        ..DocumentProfile::plain(&zone, vec![0x75, 0x00])
    };
    let signer = Authority::csca("UT", 1_790_000_000).unwrap().document_signer("UT", 1_790_000_000, 90).unwrap();
    let document = signer.issue_document(profile).unwrap();
    document.save(original.path(), &zone.compose().unwrap()).unwrap();
    issue::save(clone.path(), &zone.compose().unwrap(), &document.files).unwrap();
    let mut reader = reader();
    let mut reading = |folder: &Path| {
        lay_down(&mut reader, folder).unwrap();
        read_with(&mut reader, AccessKey::Mrz(zone.key()), &mut |_| {}).unwrap()
    };
    let (genuine, cloned) = (reading(original.path()), reading(clone.path()));
    assert_eq!(genuine.access, Access::Pace { protocol, parameter_id: Some(12) });
    assert!(genuine.chip_authentication.passed(), "{:?}", genuine.chip_authentication);
    assert_eq!(cloned.access, genuine.access);
    assert!(cloned.chip_authentication.failed(), "{:?}", cloned.chip_authentication);
    // A chip that pretends not to have the file is no better off.
    fs::write(clone.path().join("behavior.json"), "{\"withheld_groups\": [14]}").unwrap();
    let stripped = reading(clone.path());
    assert_eq!(stripped.refused.keys().collect::<Vec<_>>(), [&14]);
    assert!(!stripped.chip_authentication.passed());
}
