//! The PC/SC driver against a real `pcscd` with a virtual reader (Debian's `vsmartcard-vpcd`), in which our chip lies.
#![allow(clippy::unwrap_used)]

mod passport;
mod pcscd;

use std::time::Duration;

use passport::{Passport, read};
use pcscd::{InSlot, PATIENCE, Service, in_namespaces, until};
use sallyport_emrtd::{
    chip::{Behavior, Chip},
    terminal::ReadError,
};
use sallyport_hardware::{
    document::{DocumentReader as _, PcscReader, ReaderError, Token, ZoneSource},
    simulator::vpcd::Card,
};
use zeroize::Zeroizing;

/// A card without the eMRTD application.
struct Numbered(&'static [u8]);

impl Card for Numbered {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        match command {
            [0xFF, 0xCA, 0, 0, 0] => [self.0, &[0x90, 0][..]].concat(),
            _ => vec![0x6A, 0x82],
        }
    }

    fn reset(&mut self) {}
}

/// Answers half a status word.
struct Broken;

impl Card for Broken {
    fn transmit(&mut self, _command: &[u8]) -> Vec<u8> {
        vec![0x90]
    }

    fn reset(&mut self) {}
}

struct Page(Zeroizing<String>);

impl ZoneSource for Page {
    fn read(&mut self, _patience: Duration) -> Result<Zeroizing<String>, ReaderError> {
        Ok(self.0.clone())
    }
}

#[test]
fn passports_and_cards_are_read_through_a_real_service() {
    in_namespaces("passports_and_cards_are_read_through_a_real_service", read_through_a_real_service);
}

fn read_through_a_real_service() {
    let passport = Passport::issue();
    let page = || Box::new(Page(passport.zone.clone()));
    let chip = || {
        let key = passport.mrz().key();
        let chip = Chip::new(passport.files.clone(), key, Behavior::default(), &mut rand::rng());
        InSlot::lay(chip)
    };
    let is_away = |reader: &mut PcscReader| until("its removal", || (!reader.is_present()).then_some(()));

    let stopped = PcscReader::open(None, page()).err().unwrap();
    assert!(matches!(stopped, ReaderError::Unavailable { .. }), "{stopped}");
    let service = Service::start();
    let mut reader = until("the reader", || PcscReader::open(Some("00 00"), page()).ok());
    assert!(matches!(PcscReader::open(Some("no such"), page()), Err(ReaderError::Unavailable { .. })));
    assert!(!reader.wait(Duration::from_millis(100)).unwrap());

    // A passport.
    let laid = chip();
    assert!(reader.wait(PATIENCE).unwrap());
    assert!(!reader.wait(Duration::from_millis(700)).unwrap(), "reported twice");
    let Token::Document { zone } = reader.identify(PATIENCE).unwrap() else { panic!("a card") };
    let contents = read(&mut reader, &zone, &mut |_| {}).unwrap();
    assert_eq!(passport.verify(&contents).groups, [1, 2]);
    assert!(reader.is_present());
    drop(laid);
    is_away(&mut reader);
    assert!(!reader.wait(Duration::ZERO).unwrap());

    // A card.
    let laid = InSlot::lay(Numbered(&[0x04, 0xA1, 0xB2, 0xC3]));
    assert!(reader.wait(PATIENCE).unwrap());
    assert!(matches!(reader.identify(PATIENCE), Ok(Token::Card { uid }) if uid == [0x04, 0xA1, 0xB2, 0xC3]));
    drop(laid);
    is_away(&mut reader);

    // Taken away while it is read.
    let mut laid = Some(chip());
    assert!(reader.wait(PATIENCE).unwrap());
    reader.identify(PATIENCE).unwrap();
    let result = read(&mut reader, &zone, &mut |answered| {
        if answered == 12 {
            laid = None;
        }
    });
    assert!(matches!(result, Err(ReadError::Line(ReaderError::Removed))), "{result:?}");
    is_away(&mut reader);

    // There, but without a whole answer.
    let laid = InSlot::lay(Broken);
    assert!(reader.wait(PATIENCE).unwrap());
    assert_eq!(reader.identify(PATIENCE).unwrap_err(), ReaderError::NoAnswer);
    drop(laid);
    is_away(&mut reader);

    // The service dies and comes back.
    drop(service);
    until("the loss", || matches!(reader.wait(Duration::ZERO), Err(ReaderError::Unavailable { .. })).then_some(()));
    assert!(!reader.is_present());
    let _service = Service::start();
    let _laid = chip();
    until("the service", || reader.wait(Duration::from_millis(500)).ok().filter(|laid| *laid));
    reader.identify(PATIENCE).unwrap();
    passport.verify(&read(&mut reader, &zone, &mut |_| {}).unwrap());
}
