//! A passport's chip as software: answers raw APDUs as Doc 9303-10 and -11 require. With limits, habits and faults to
//! order, for tests.

mod access;
mod behavior;
mod files;
mod proofs;
mod secrets;

use rand::{CryptoRng, Rng as _, SeedableRng as _, rngs::StdRng};
use zeroize::Zeroizing;

use self::{
    access::Pace,
    files::{FileSystem, Rights},
};
pub use self::{
    behavior::{Behavior, BitRate},
    files::ChipFiles,
    secrets::Secrets,
};
use crate::{
    access::pace::Offer,
    apdu::{Command, EXTENDED_DATA_BYTES_MAX, EXTENDED_RESPONSE_BYTES_MAX, SHORT_RESPONSE_BYTES_MAX, status},
    eac::terminal_authentication,
    genuineness::chip_authentication::Selected,
    secure::Channel,
};

/// A data object of secure messaging that claims two gigabytes, and a status that says all is well.
const HOSTILE: [u8; 9] = [0x87, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x01, 0x90, 0x00];
/// The reader's own command for the UID (PC/SC part 3, 3.2.2.1.3).
const GET_UID: [u8; 4] = [0xFF, 0xCA, 0, 0];
/// Secure messaging, and more commands of a chain, in the class byte.
const SECURE: u8 = 0x0C;
const CHAINED: u8 = 0x10;
/// GENERAL AUTHENTICATE.
const GENERAL_AUTHENTICATE: u8 = 0x86;

/// A powered chip.
pub struct Chip {
    files: FileSystem,
    secrets: Secrets,
    /// The variants of PACE that it announces.
    offers: Vec<Offer>,
    /// The authorities it trusts and the day it believes it is: what a chip learns for good.
    trust: Option<terminal_authentication::Trust>,
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
    /// Whether the present command came through the channel.
    protected: bool,
    /// Takes the channel's place once the response is sent.
    next_channel: Option<Channel>,
    rights: Rights,
    pace: Option<Pace>,
    /// Which key Chip Authentication was selected with.
    agreement: Option<Selected>,
    /// The terminal's compressed ephemeral key of Chip Authentication.
    terminal_key: Option<Vec<u8>>,
    terminal: terminal_authentication::Session,
    /// The chip's identifier in Terminal Authentication.
    identifier: Vec<u8>,
    /// Pieces of a chained command's data.
    chain: Vec<u8>,
    /// It fell silent over a read that was too long.
    silent: bool,
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
    /// A chip with these files and secrets; from a zone's key alone, one that opens to it and proves nothing.
    pub fn new(files: ChipFiles, secrets: impl Into<Secrets>, behavior: Behavior, rng: &mut impl CryptoRng) -> Self {
        let mut random = StdRng::from_rng(rng);
        // ISO/IEC 14443-3: a random UID begins with 08.
        let uid = (0x0800_0000 | (random.next_u32() >> 8)).to_be_bytes();
        let secrets = secrets.into();
        let offers = access::offers(files.card_access.as_deref());
        let trust = secrets.genuineness.terminals.as_ref().and_then(|terminals| terminals.trust().ok());
        let files = FileSystem::new(files, &behavior.withheld_groups, behavior.short_identifiers, behavior.open);
        let (commands, bytes_sent, state) = (0, 0, State::default());
        Self { files, secrets, offers, trust, behavior, uid, random, commands, bytes_sent, state }
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
        if after(self.behavior.silent_after) || self.state.silent {
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
        if self.state.silent {
            return Vec::new();
        }
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
        self.state.protected = true;
        let reply = self.execute(&opened, channel.capacity(room));
        self.state.protected = false;
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

    /// Puts chained commands together (ISO/IEC 7816-4, 5.4.1) and carries them out.
    fn execute(&mut self, command: &Command, room: usize) -> Reply {
        let [class, instruction, ..] = command.header;
        // In PACE the chain is one of steps, not of pieces.
        if instruction == GENERAL_AUTHENTICATE && self.state.pace.is_some() {
            return self.carry_out(command, room);
        }
        let mut data = std::mem::take(&mut self.state.chain);
        if data.len() + command.data.len() > EXTENDED_DATA_BYTES_MAX {
            return status::WRONG_LENGTH.into();
        }
        data.extend_from_slice(&command.data);
        if class & CHAINED != 0 {
            self.state.chain = data;
            return status::OK.into();
        }
        self.carry_out(&Command { header: command.header, data, expected: command.expected }, room)
    }

    fn carry_out(&mut self, command: &Command, room: usize) -> Reply {
        let protected = self.state.protected;
        match command.header {
            [_, 0xA4, 4, _] if !self.may_select_application() => status::SECURITY_STATUS.into(),
            [_, 0xA4, ..] => self.files.select(command, self.state.rights).into(),
            [_, 0xB0 | 0xB1, ..] => self.read(command, room),
            [_, 0x22, 0xC1, 0xA4] => self.select_pace(command),
            [_, 0x22, 0x41, 0xA6] => self.agree_at_once(command),
            [_, 0x22, 0x41, 0xA4] => self.select_agreement(command),
            [_, 0x22, 0x81, 0xB6] if protected => self.select_authority(command),
            [_, 0x22, 0x81, 0xA4] if protected => self.select_terminal(command),
            [_, 0x2A, 0x00, 0xBE] if protected => self.verify_certificate(command),
            [_, GENERAL_AUTHENTICATE, 0, 0] => match self.state.pace.take() {
                Some(pace) => self.continue_pace(pace, command),
                None => self.agree(command),
            },
            [_, 0x84, 0, 0] if protected => self.terminal_challenge(),
            [_, 0x84, 0, 0] => self.challenge(),
            [_, 0x82, 0, 0] if protected => self.authenticate_terminal(command),
            [_, 0x82, 0, 0] => self.basic_access(command),
            [_, 0x88, 0, 0] => self.authenticate_actively(command),
            _ => status::INSTRUCTION_NOT_SUPPORTED.into(),
        }
    }

    /// A chip that knows PACE only does not even show its application before.
    fn may_select_application(&self) -> bool {
        self.behavior.basic_access || self.behavior.open || self.state.rights.access
    }

    fn read(&mut self, command: &Command, room: usize) -> Reply {
        self.state.silent = self.behavior.silent_above.is_some_and(|most| command.expected > Some(most));
        if self.behavior.empty_above.is_some_and(|most| command.expected.is_some_and(|expected| expected > most)) {
            return Reply::ok([]);
        }
        let room = room.min(self.behavior.read_bytes_max.unwrap_or(usize::MAX));
        match self.files.read(command, self.state.rights, room) {
            Ok((data, status)) => Reply { data: Zeroizing::new(data), status },
            Err(status) => status.into(),
        }
    }
}

fn plain(reply: Reply) -> Vec<u8> {
    [&reply.data[..], &reply.status.to_be_bytes()].concat()
}
