//! A passport of Utopia and a terminal that reads it.
#![allow(dead_code, reason = "each suite uses its part")]

use sallyport_emrtd::{
    ImageFormat, Mrz,
    chip::{Behavior, Chip, ChipFiles},
    issue::{Authority, Portrait},
    mrz::{Format, MrzDate},
    terminal::{self, AccessKey, Options, ReadError, Reading, Terminal, TerminalError},
};

pub(crate) const NOW: i64 = 1_780_000_000;

/// A document and the CSCA's certificate.
pub(crate) struct Document {
    pub(crate) files: ChipFiles,
    pub(crate) csca_der: Vec<u8>,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no answer")]
    NoAnswer,
    #[error(transparent)]
    Terminal(TerminalError),
}

pub(crate) fn mrz() -> Mrz {
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

pub(crate) fn key() -> AccessKey {
    AccessKey::Mrz(mrz().key())
}

/// EF.DG2 with a portrait of this many bytes.
pub(crate) fn portrait_dg2(bytes: usize) -> Vec<u8> {
    let mut image = vec![0xFF, 0xD8, 0xFF, 0xE0];
    image.resize(bytes, 7);
    Portrait { image: &image, format: ImageFormat::Jpeg, width: 300, height: 400 }.dg2()
}

/// A passport with a portrait of about this many bytes.
pub(crate) fn passport(portrait_bytes: usize) -> Document {
    let mut image = vec![0xFF, 0xD8, 0xFF, 0xE0];
    image.resize(portrait_bytes, 7);
    let portrait = Portrait { image: &image, format: ImageFormat::Jpeg, width: 300, height: 400 };
    let csca = Authority::csca("UT", NOW).unwrap();
    let signer = csca.document_signer("UT", NOW, 90).unwrap();
    Document { files: signer.issue(&mrz(), &portrait).unwrap(), csca_der: csca.certificate_der().unwrap() }
}

/// Reads a chip with these files.
pub(crate) fn read_with(document: &Document, behavior: Behavior, options: Options) -> Result<Box<Reading>, Failure> {
    let mut chip = Chip::new(document.files.clone(), mrz().key(), behavior, &mut rand::rng());
    read_chip(&mut chip, key(), options)
}

pub(crate) fn read_chip(chip: &mut Chip, key: AccessKey, options: Options) -> Result<Box<Reading>, Failure> {
    let mut terminal = Terminal::with_options(key, options, &mut rand::rng());
    let mut transmit = |command: &[u8]| match chip.transmit(command) {
        answer if answer.is_empty() => Err(Failure::NoAnswer),
        answer => Ok(answer),
    };
    terminal::read(&mut terminal, &mut transmit, &mut |_| {}).map_err(|error| match error {
        ReadError::Line(error) => error,
        ReadError::Terminal(error) => Failure::Terminal(error),
    })
}
