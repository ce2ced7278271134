//! A genuine passport for the tests of readers, and how a gate reads one.
#![allow(dead_code, reason = "each suite uses its part")]

use std::time::{SystemTime, UNIX_EPOCH};

use sallyport_emrtd::{
    ChipContents, ImageFormat, Mrz,
    chip::ChipFiles,
    issue::{Authority, Portrait},
    mrz::{Format, MrzDate},
    passive::{self, TrustStore, Verified},
    terminal::{self, AccessKey, ReadError, Reading, Terminal},
};
use sallyport_hardware::document::{DocumentReader, ReaderError};
use zeroize::Zeroizing;

pub(crate) struct Passport {
    pub(crate) zone: Zeroizing<String>,
    pub(crate) files: ChipFiles,
    pub(crate) csca_der: Vec<u8>,
    trust: TrustStore,
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

impl Passport {
    pub(crate) fn issue() -> Self {
        let mrz = Mrz {
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
        };
        let mut image = vec![0xFF, 0xD8, 0xFF, 0xE0];
        image.resize(3_000, 7);
        let csca = Authority::csca("UT", now()).unwrap();
        let signer = csca.document_signer("UT", now(), 90).unwrap();
        let portrait = Portrait { image: &image, format: ImageFormat::Jpeg, width: 300, height: 400 };
        let files = signer.issue(&mrz, &portrait).unwrap();
        let csca_der = csca.certificate_der().unwrap();
        let trust = TrustStore::from_certificates([csca_der.as_slice()]).unwrap();
        Self { zone: mrz.compose_td3().unwrap(), files, csca_der, trust }
    }

    pub(crate) fn mrz(&self) -> Mrz {
        Mrz::parse(&self.zone).unwrap()
    }

    pub(crate) fn verify(&self, contents: &ChipContents) -> Verified {
        passive::verify(contents, &self.trust, now()).unwrap()
    }
}

/// Reads the chip on this reader with the key of this zone; `before` is told how many commands were answered.
pub(crate) fn read(
    reader: &mut dyn DocumentReader,
    zone: &str,
    before: &mut dyn FnMut(usize),
) -> Result<Box<ChipContents>, ReadError<ReaderError>> {
    let key = AccessKey::Mrz(Mrz::parse(zone).unwrap().key());
    read_with(reader, key, before).map(|reading| Box::new(reading.contents))
}

pub(crate) fn read_with(
    reader: &mut dyn DocumentReader,
    key: AccessKey,
    before: &mut dyn FnMut(usize),
) -> Result<Box<Reading>, ReadError<ReaderError>> {
    let mut terminal = Terminal::new(key, &mut rand::rng());
    let mut answered = 0;
    let mut transmit = |command: &[u8]| {
        before(answered);
        answered += 1;
        reader.transmit(command).map(|mut answer| std::mem::take(&mut *answer))
    };
    terminal::read(&mut terminal, &mut transmit, &mut |_| {})
}
