//! A finger from the sensor to a chip's DG3 as WSQ, read back with the right to it, and compared with its holder.
#![allow(clippy::unwrap_used)]

use std::f32::consts::TAU;

use rand::{SeedableRng as _, rngs::StdRng};
use sallyport_emrtd::{
    ImageFormat, Mrz,
    chip::{Behavior, Chip},
    crypto::suite::Suite,
    eac::{
        cvc::{Date, Rights},
        terminal_authentication::Credentials,
    },
    issue::{AgreementKey, Authority, Document, DocumentProfile, Portrait, TerminalAuthority, TerminalTrust},
    lds::{self, FingerFormat, FingerPosition, FingerRecord},
    mrz::{Format, MrzDate},
    passive::{self, TrustStore},
    terminal::{self, AccessKey, Groups, Options, Proof, Reading, Terminal, TerminalAuthentication},
};
use sallyport_gate::chip_fingers;
use sallyport_matcher::finger::{
    Extractor as _, FingerError, FingerImage, PreparedFinger,
    extract::RidgeExtractor,
    wsq::{RATE_5_TO_1, RATE_15_TO_1},
};
use zeroize::Zeroizing;

const NOW: i64 = 1_780_000_000;
const SIDES: (u16, u16) = (300, 340);

/// Ridges around a loop with a minutia every 45 pixels, whose directions differ from person to person, touched a little
/// aside.
fn finger(person: u32, aside: f32) -> FingerImage {
    let (width, height) = (u32::from(SIDES.0), u32::from(SIDES.1));
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x as f32 + aside, y as f32)));
    let gray = pixels.map(|(x, y)| {
        let (right, down) = (x - 150.0, y - 170.0);
        if (right / 140.0).hypot(down / 165.0) > 1.0 {
            return 245;
        }
        let turns: f32 = (0..49_u32)
            .map(|at| {
                let bits = (at * 97 + person * 7_919 + 1).wrapping_mul(0x9e37_79b9).rotate_left(11);
                let place = |column: u32, bits: u32| 45.0 * column as f32 + 4.0 + 30.0 * (bits & 255) as f32 / 255.0;
                let sign = if bits >> 30 & 1 == 0 { 1.0 } else { -1.0 };
                sign * (y - place(at / 7, bits >> 8)).atan2(x - place(at % 7, bits >> 16))
            })
            .sum();
        (128.0 + 90.0 * (TAU * right.hypot(down + 40.0) / 9.0 + turns).cos()) as u8
    });
    FingerImage::new(width, height, Zeroizing::new(gray.collect())).unwrap()
}

fn prepared(image: &FingerImage) -> PreparedFinger {
    PreparedFinger::new(&RidgeExtractor.extract(image).unwrap())
}

fn mrz() -> Mrz {
    Mrz {
        format: Format::Td3,
        document_code: "P".into(),
        issuer: "UTO".into(),
        surname: "Eriksson".into(),
        given_names: "Anna Maria".into(),
        document_number: "L898902C3".into(),
        nationality: "UTO".into(),
        birth: MrzDate::known(74, 8, 12),
        sex: 'F',
        expiry: MrzDate::known(32, 4, 15),
        optional: String::new(),
        optional_second: String::new(),
    }
}

/// A passport with these fingers, whose chip opens them to terminals of this authority.
fn issued(signer: &Authority, terminals: &TerminalAuthority, dg3: Vec<u8>) -> Document {
    let mut portrait = vec![0xFF, 0xD8, 0xFF, 0xE0];
    portrait.resize(4_000, 7);
    let mrz = mrz();
    let portrait = Portrait { image: &portrait, format: ImageFormat::Jpeg, width: 300, height: 400 };
    let mut profile = DocumentProfile::plain(&mrz, portrait.dg2());
    let mut random = StdRng::seed_from_u64(3);
    profile.genuineness.agreement = vec![AgreementKey::generate(13, None, &[Suite::Aes128], &mut random).unwrap()];
    profile.genuineness.terminals = Some(TerminalTrust::new(terminals.cvca().clone(), Date::from_unix_s(NOW)).unwrap());
    profile.more_groups.insert(3, dg3);
    signer.issue_document(profile).unwrap()
}

fn read(document: Document, terminals: &TerminalAuthority, rights: Rights) -> Box<Reading> {
    let (certificate, key) = terminals.terminal("GATE", rights, NOW, 30).unwrap();
    let credentials = Credentials::new(vec![terminals.verifier().clone(), certificate], vec![key]);
    let options = Options {
        groups: Groups::All,
        terminal_authentication: Some(TerminalAuthentication { credentials, today: Date::from_unix_s(NOW) }),
        ..Options::default()
    };
    let mut chip = Chip::new(document.files, document.secrets, Behavior::default(), &mut rand::rng());
    let mut terminal = Terminal::with_options(AccessKey::Mrz(mrz().key()), options, &mut rand::rng());
    let mut transmit = |command: &[u8]| Ok::<_, std::convert::Infallible>(chip.transmit(command));
    terminal::read(&mut terminal, &mut transmit, &mut |_| {}).unwrap()
}

#[test]
fn the_holders_finger_matches_that_of_the_chip_and_a_strangers_does_not() {
    let enrolled = finger(1, 0.0);
    let [index, thumb] = [RATE_15_TO_1, RATE_5_TO_1].map(|rate| enrolled.encode_wsq(rate).unwrap());
    let record = |position, format, image| FingerRecord { position, format, image, size: SIDES, quality: Some(70) };
    let dg3 = lds::dg3_file(&[
        record(FingerPosition::RightIndex, FingerFormat::Wsq, &index),
        record(FingerPosition::LeftIndex, FingerFormat::Raw, enrolled.gray()),
        record(FingerPosition::RightThumb, FingerFormat::Wsq, &thumb),
    ]);
    let csca = Authority::csca("UT", NOW).unwrap();
    let signer = csca.document_signer("UT", NOW, 90).unwrap();
    let terminals = TerminalAuthority::new("UT", NOW, Rights::READ_DG3).unwrap();

    // Without the right the group stays closed.
    let refused = read(issued(&signer, &terminals, dg3.clone()), &terminals, Rights::NONE);
    assert!(refused.refused.contains_key(&3) && refused.contents.dg3().is_err());

    let reading = read(issued(&signer, &terminals, dg3), &terminals, Rights::READ_DG3);
    assert_eq!(reading.terminal_authentication, Proof::Passed);
    let trust = TrustStore::from_certificates([csca.certificate_der().unwrap().as_slice()]).unwrap();
    assert!(passive::verify(&reading.contents, &trust, NOW).is_ok());
    let fingers = reading.contents.dg3().unwrap();
    let positions: Vec<FingerPosition> = fingers.iter().map(|finger| finger.position).collect();
    assert_eq!(positions, [FingerPosition::RightIndex, FingerPosition::LeftIndex, FingerPosition::RightThumb]);
    let (holder, stranger) = (prepared(&finger(1, 9.0)), prepared(&finger(2, 0.0)));
    for finger in &fingers {
        let image = chip_fingers::picture(finger).unwrap();
        assert_eq!((image.width(), image.height()), (SIDES.0.into(), SIDES.1.into()));
        let reference = prepared(&image);
        let (same, other) = (reference.compare(&holder), reference.compare(&stranger));
        assert!(same > 0.4 && other < 0.2, "{finger:?}: {same} and {other}");
    }
}

#[test]
fn a_record_that_lies_of_its_picture_is_an_error() {
    let raw = finger(1, 0.0);
    let of = |format, image: &[u8], size| {
        let record = FingerRecord { position: FingerPosition::RightIndex, format, image, size, quality: None };
        let csca = Authority::csca("UT", NOW).unwrap();
        let terminals = TerminalAuthority::new("UT", NOW, Rights::READ_DG3).unwrap();
        let document = issued(&csca.document_signer("UT", NOW, 90).unwrap(), &terminals, lds::dg3_file(&[record]));
        let fingers = read(document, &terminals, Rights::READ_DG3).contents.dg3().unwrap();
        chip_fingers::picture(&fingers[0])
    };
    assert!(matches!(of(FingerFormat::Raw, raw.gray(), (300, 341)), Err(FingerError::Picture(_))));
    assert!(matches!(of(FingerFormat::Raw, &[], (20, 20)), Err(FingerError::Size(_))));
    assert!(matches!(of(FingerFormat::Wsq, &[0xFF, 0xA0, 0xFF], SIDES), Err(FingerError::Wsq(_))));
}
