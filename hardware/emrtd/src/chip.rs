//! A passport's chip as software: answers raw APDUs as Doc 9303-10 and -11 require. With faults to order, for tests.

use std::collections::BTreeMap;

use rand::{CryptoRng, Rng as _, SeedableRng as _, rngs::StdRng};
use zeroize::Zeroizing;

use crate::{
    access::{self, Contribution},
    mrz::MrzKey,
    secure::{Channel, Command},
    terminal::{APPLICATION, File},
};

/// The files on a chip.
#[derive(Default, Clone)]
pub struct ChipFiles {
    /// EF.COM.
    pub com: Vec<u8>,
    /// EF.SOD.
    pub sod: Vec<u8>,
    /// Data groups by number.
    pub groups: BTreeMap<u8, Vec<u8>>,
}

/// How the chip misbehaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behavior {
    /// After this many commands it answers nothing (an empty response).
    pub silent_after: Option<usize>,
    /// After this many commands it answers with lengths that lead far beyond the answer.
    pub hostile_after: Option<usize>,
}

/// A data object of secure messaging that claims two gigabytes, and a status that says all is well.
const HOSTILE: [u8; 9] = [0x87, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x01, 0x90, 0x00];

/// A powered chip.
pub struct Chip {
    files: BTreeMap<u16, Vec<u8>>,
    key: MrzKey,
    behavior: Behavior,
    uid: [u8; 4],
    commands: usize,
    challenge: Option<[u8; 8]>,
    selected: bool,
    channel: Option<Channel>,
    file: Option<u16>,
    random: StdRng,
}

impl Chip {
    /// A chip with these files that opens to this key.
    pub fn new(files: ChipFiles, key: MrzKey, behavior: Behavior, rng: &mut impl CryptoRng) -> Self {
        let mut random = StdRng::from_rng(rng);
        let mut by_identifier: BTreeMap<u16, Vec<u8>> =
            files.groups.into_iter().map(|(group, file)| (0x0100 | u16::from(group), file)).collect();
        by_identifier.insert(File::COM.identifier, files.com);
        by_identifier.insert(File::SOD.identifier, files.sod);
        // ISO/IEC 14443-3: a random UID begins with 08.
        let uid = (0x0800_0000 | (random.next_u32() >> 8)).to_be_bytes();
        Self {
            files: by_identifier,
            key,
            behavior,
            uid,
            commands: 0,
            challenge: None,
            selected: false,
            channel: None,
            file: None,
            random,
        }
    }

    /// Takes the chip out of the field and back: all state but the files is lost.
    pub fn reset(&mut self) {
        (self.challenge, self.selected, self.channel, self.file, self.commands) = (None, false, None, None, 0);
    }

    /// Answers one command. An empty answer stands for a chip that does not answer.
    pub fn transmit(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.commands += 1;
        if self.behavior.silent_after.is_some_and(|limit| self.commands > limit) {
            return Vec::new();
        }
        if self.behavior.hostile_after.is_some_and(|limit| self.commands > limit) {
            return HOSTILE.to_vec();
        }
        let Some(command) = Command::parse(bytes) else { return status(0x6700) };
        if command.header == [0xFF, 0xCA, 0, 0] {
            return [&self.uid[..], &[0x90, 0]].concat();
        }
        if command.header[0] & 0x0C == 0x0C {
            // Any error of secure messaging ends the session (Doc 9303-11, 9.8.7).
            let Some(mut channel) = self.channel.take() else { return status(0x6985) };
            let Ok(plain) = channel.open_command(&command) else { return status(0x6988) };
            let (data, word) = self.file_command(&plain);
            let answer = channel.protect_response(plain.header[1], &data, word);
            self.channel = Some(channel);
            return answer;
        }
        self.channel = None;
        self.plain_command(&command)
    }

    fn plain_command(&mut self, command: &Command) -> Vec<u8> {
        match command.header {
            [0, 0xA4, 4, _] if command.data == APPLICATION => {
                self.selected = true;
                status(0x9000)
            }
            [0, 0xA4, 4, _] => status(0x6A82),
            [0, 0x84, 0, 0] if self.selected => {
                let mut challenge = [0; 8];
                self.random.fill_bytes(&mut challenge);
                self.challenge = Some(challenge);
                [&challenge[..], &[0x90, 0]].concat()
            }
            [0, 0x82, 0, 0] => {
                let Some(challenge) = self.challenge.take() else { return status(0x6985) };
                let mut own = Contribution { challenge, material: Zeroizing::new([0; 16]) };
                self.random.fill_bytes(&mut own.material[..]);
                match access::chip_answer(&access::document_keys(&self.key), &own, &command.data) {
                    Some((mut answer, channel)) => {
                        self.channel = Some(channel);
                        answer.extend_from_slice(&[0x90, 0]);
                        answer
                    }
                    None => status(0x6300),
                }
            }
            [_, 0xA4 | 0xB0, ..] => status(0x6982),
            _ => status(0x6D00),
        }
    }

    fn file_command(&mut self, command: &Command) -> (Vec<u8>, u16) {
        match command.header {
            [0, 0xA4, 2, _] => {
                let identifier = <[u8; 2]>::try_from(&command.data[..]).ok().map(u16::from_be_bytes);
                self.file = identifier.filter(|identifier| self.files.contains_key(identifier));
                (Vec::new(), if self.file.is_some() { 0x9000 } else { 0x6A82 })
            }
            [0, 0xB0, high @ 0..0x80, low] => {
                let Some(file) = self.file.and_then(|file| self.files.get(&file)) else {
                    return (Vec::new(), 0x6986);
                };
                let offset = usize::from(u16::from_be_bytes([high, low]));
                let wanted = command.expected.unwrap_or(256).min(0xE7);
                match file.get(offset..) {
                    Some(rest) => (rest[..wanted.min(rest.len())].to_vec(), 0x9000),
                    None => (Vec::new(), 0x6B00),
                }
            }
            _ => (Vec::new(), 0x6D00),
        }
    }
}

fn status(word: u16) -> Vec<u8> {
    word.to_be_bytes().to_vec()
}
