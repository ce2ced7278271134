//! A passport's chip as software: answers raw APDUs as Doc 9303-10 and -11 require. With limits, habits and faults to
//! order, for tests.

mod behavior;
mod files;

use rand::{CryptoRng, Rng as _, SeedableRng as _, rngs::StdRng};
use zeroize::Zeroizing;

use self::files::{FileSystem, Rights};
pub use self::{
    behavior::{Behavior, BitRate},
    files::ChipFiles,
};
use crate::{
    access::{self, Contribution},
    apdu::{Command, EXTENDED_RESPONSE_BYTES_MAX, SHORT_RESPONSE_BYTES_MAX, status},
    mrz::MrzKey,
    secure::Channel,
};

/// A data object of secure messaging that claims two gigabytes, and a status that says all is well.
const HOSTILE: [u8; 9] = [0x87, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x01, 0x90, 0x00];
/// The reader's own command for the UID (PC/SC part 3, 3.2.2.1.3).
const GET_UID: [u8; 4] = [0xFF, 0xCA, 0, 0];
/// Secure messaging in the class byte.
const SECURE: u8 = 0x0C;

/// A powered chip.
pub struct Chip {
    files: FileSystem,
    key: MrzKey,
    behavior: Behavior,
    uid: [u8; 4],
    random: StdRng,
    commands: usize,
    bytes_sent: usize,
    state: State,
}

/// What is lost when the chip leaves the field.
#[derive(Default)]
struct State {
    challenge: Option<[u8; 8]>,
    channel: Option<Channel>,
    /// Takes the channel's place once the response is sent.
    next_channel: Option<Channel>,
    rights: Rights,
    /// What waits for GET RESPONSE.
    waiting: Zeroizing<Vec<u8>>,
}

/// Response data and status word of a command, before protection.
struct Reply {
    data: Zeroizing<Vec<u8>>,
    status: u16,
}

impl From<u16> for Reply {
    fn from(status: u16) -> Self {
        Self { data: Zeroizing::default(), status }
    }
}

impl Reply {
    fn ok(data: impl Into<Vec<u8>>) -> Self {
        Self { data: Zeroizing::new(data.into()), status: status::OK }
    }
}

impl Chip {
    /// A chip with these files that opens to this key.
    pub fn new(files: ChipFiles, key: MrzKey, behavior: Behavior, rng: &mut impl CryptoRng) -> Self {
        let mut random = StdRng::from_rng(rng);
        // ISO/IEC 14443-3: a random UID begins with 08.
        let uid = (0x0800_0000 | (random.next_u32() >> 8)).to_be_bytes();
        let files = FileSystem::new(files, &behavior.withheld_groups, behavior.short_identifiers, behavior.open);
        Self { files, key, behavior, uid, random, commands: 0, bytes_sent: 0, state: State::default() }
    }

    /// Takes the chip out of the field and back: all state but the files is lost.
    pub fn reset(&mut self) {
        (self.commands, self.bytes_sent, self.state) = (0, 0, State::default());
        self.files.reset();
    }

    /// Answers one command. An empty answer stands for a chip that does not answer.
    pub fn transmit(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.commands += 1;
        let after = |limit: Option<usize>| limit.is_some_and(|limit| self.commands > limit);
        if after(self.behavior.silent_after) {
            return Vec::new();
        }
        if after(self.behavior.hostile_after) {
            return HOSTILE.to_vec();
        }
        if after(self.behavior.garbage_after) {
            let mut garbage = vec![0; (self.random.next_u32() % 300) as usize];
            self.random.fill_bytes(&mut garbage);
            return garbage;
        }
        let mut answer = self.answer(bytes);
        if let Some(limit) = self.behavior.gone_after_bytes {
            answer.truncate(limit.saturating_sub(self.bytes_sent));
        }
        self.bytes_sent += answer.len();
        answer
    }

    fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(command) = Command::parse(bytes) else { return plain(status::WRONG_LENGTH.into()) };
        if command.header == GET_UID {
            return plain(Reply::ok(self.uid));
        }
        // Told from the bytes: a short answer may be asked for in the extended form, too.
        let extended = bytes.len() > 5 && bytes.get(4) == Some(&0);
        let room = match self.behavior.extended_bytes_max {
            None if extended => return plain(status::WRONG_LENGTH.into()),
            Some(most) if extended && command.data.len() > most => return plain(status::WRONG_LENGTH.into()),
            Some(most) if extended => most.min(EXTENDED_RESPONSE_BYTES_MAX),
            _ => SHORT_RESPONSE_BYTES_MAX,
        };
        let mut answer = if command.header[1] == 0xC0 {
            std::mem::take(&mut *self.state.waiting)
        } else if command.header[0] & SECURE == SECURE {
            self.protected(&command, room)
        } else {
            // A plain command ends the channel (Doc 9303-11, 9.8.7).
            if self.state.channel.take().is_some() {
                self.state = State::default();
            }
            let reply = self.execute(&command, room);
            self.state.channel = self.state.next_channel.take();
            plain(reply)
        };
        // What the form of the command has no room for waits (ISO/IEC 7816-4, 5.3.4).
        if answer.len() > room + 2 {
            let rest = answer.split_off(room);
            let left = rest.len() - 2;
            self.state.waiting = Zeroizing::new(rest);
            answer.extend_from_slice(&[0x61, if left < 256 { left as u8 } else { 0 }]);
        }
        answer
    }

    /// Any error of secure messaging ends the session (Doc 9303-11, 9.8.7).
    fn protected(&mut self, command: &Command, room: usize) -> Vec<u8> {
        let Some(mut channel) = self.state.channel.take() else {
            return plain(status::SECURE_MESSAGING_NOT_SUPPORTED.into());
        };
        let Ok(opened) = channel.open_command(command) else {
            self.state = State::default();
            return plain(status::SECURE_OBJECTS_WRONG.into());
        };
        let reply = self.execute(&opened, channel.capacity(room));
        let failed = !matches!(reply.status, status::OK | status::END_OF_FILE);
        if failed && self.behavior.errors_end_channel {
            self.state = State::default();
            return plain(reply);
        }
        if failed && self.behavior.plain_errors {
            self.state.channel = Some(channel);
            return plain(reply);
        }
        let answer = channel.protect_response(opened.header[1], &reply.data, reply.status);
        self.state.channel = Some(self.state.next_channel.take().unwrap_or(channel));
        answer
    }

    fn execute(&mut self, command: &Command, room: usize) -> Reply {
        match command.header {
            [_, 0xA4, ..] => self.files.select(command, self.state.rights).into(),
            [_, 0xB0 | 0xB1, ..] => self.read(command, room),
            [_, 0x84, 0, 0] => self.challenge(),
            [_, 0x82, 0, 0] => self.basic_access(command),
            _ => status::INSTRUCTION_NOT_SUPPORTED.into(),
        }
    }

    fn read(&mut self, command: &Command, room: usize) -> Reply {
        if self.behavior.empty_above.is_some_and(|most| command.expected.is_some_and(|expected| expected > most)) {
            return Reply::ok([]);
        }
        let room = room.min(self.behavior.read_bytes_max.unwrap_or(usize::MAX));
        match self.files.read(command, self.state.rights, room) {
            Ok((data, status)) => Reply { data: Zeroizing::new(data), status },
            Err(status) => status.into(),
        }
    }

    fn challenge(&mut self) -> Reply {
        if self.behavior.open {
            return status::INSTRUCTION_NOT_SUPPORTED.into();
        }
        if !self.files.application_selected() {
            return status::CONDITIONS.into();
        }
        let mut challenge = [0; 8];
        self.random.fill_bytes(&mut challenge);
        self.state.challenge = Some(challenge);
        Reply::ok(challenge)
    }

    fn basic_access(&mut self, command: &Command) -> Reply {
        if !self.behavior.basic_access {
            return status::SECURITY_STATUS.into();
        }
        let Some(challenge) = self.state.challenge.take() else { return status::CONDITIONS.into() };
        let mut own = Contribution { challenge, material: Zeroizing::new([0; 16]) };
        self.random.fill_bytes(&mut own.material[..]);
        match access::chip_answer(&access::document_keys(&self.key), &own, &command.data) {
            Some((answer, channel)) => {
                self.state.next_channel = Some(channel);
                self.state.rights.access = true;
                Reply::ok(answer)
            }
            None => status::VERIFICATION_FAILED.into(),
        }
    }
}

fn plain(reply: Reply) -> Vec<u8> {
    [&reply.data[..], &reply.status.to_be_bytes()].concat()
}
