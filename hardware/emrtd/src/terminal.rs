//! The terminal: selects the application, runs BAC, reads EF.COM, EF.SOD and the data groups. Sans-I/O: give each
//! response to [`Terminal::advance`], send what it returns.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    access::{self, Contribution},
    lds::{ChipContents, group_of_tag},
    mrz::MrzKey,
    secure::{Channel, Command, Keys, SecureError, split_status},
    tlv,
};

/// The eMRTD application (Doc 9303-10, 3.6.3).
pub const APPLICATION: [u8; 7] = [0xA0, 0, 0, 2, 0x47, 0x10, 0x01];

/// EF.COM (Doc 9303-10, 4.6.1).
pub(crate) const EF_COM: u16 = 0x011E;
/// EF.SOD (Doc 9303-10, 4.6.2).
pub(crate) const EF_SOD: u16 = 0x011D;

/// Bytes asked for at once: fits the short form with secure messaging for every chip seen in the field.
const READ_BYTES: usize = 0xDF;
/// The largest file accepted; plain READ BINARY reaches no further (15-bit offset, ISO/IEC 7816-4, 7.2.2).
const FILE_BYTES_MAX: usize = 0x7FFF;

/// What opens the chip.
#[derive(Debug, Clone)]
pub enum AccessKey {
    /// The machine readable zone, for BAC.
    Mrz(MrzKey),
}

/// Where the terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Selecting the eMRTD application.
    Selecting,
    /// Basic Access Control.
    Access,
    /// Reading EF.COM.
    Com,
    /// Reading EF.SOD.
    Sod,
    /// Reading this data group.
    Group(u8),
}

/// Progress of the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Where the terminal is.
    pub stage: Stage,
    /// Bytes of the present file read so far.
    pub bytes_read: usize,
    /// Bytes of the present file, once known.
    pub bytes_total: usize,
}

/// Why the reading ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalError {
    /// No eMRTD application on this chip.
    #[error("the chip has no eMRTD application (status {0:04X}): this is no electronic passport")]
    NoApplication(u16),
    /// BAC failed: the key does not belong to this chip.
    #[error("the chip does not accept the key from the machine readable zone ({0}): read the page again")]
    AccessDenied(&'static str),
    /// The secure channel broke.
    #[error("secure messaging failed while {stage:?}: {source}")]
    Secure {
        /// Where.
        stage: Stage,
        /// Why.
        source: SecureError,
    },
    /// The chip refused a command.
    #[error("the chip answered {status:04X} while {stage:?}")]
    Refused {
        /// Where.
        stage: Stage,
        /// Status word.
        status: u16,
    },
    /// The chip's answer is not what the standard requires.
    #[error("the chip answered wrongly while {stage:?}: {what}")]
    Protocol {
        /// Where.
        stage: Stage,
        /// What was wrong.
        what: &'static str,
    },
    /// `advance` was called with a response before a command, or after the end.
    #[error("the terminal was driven out of turn: start with no response, then give each response once")]
    OutOfTurn,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send these bytes; give the response to [`Terminal::advance`].
    Send(Vec<u8>),
    /// All files are read.
    Done(Box<ChipContents>),
}

enum State {
    Start,
    Selected,
    Challenged,
    Authenticated { chip_challenge: [u8; 8] },
    Reading(Box<Reading>),
    Over,
}

struct Reading {
    channel: Channel,
    stage: Stage,
    selected: bool,
    file: Zeroizing<Vec<u8>>,
    total: usize,
    remaining: Vec<u8>,
    contents: ChipContents,
}

/// One reading of one chip.
pub struct Terminal {
    keys: Keys,
    own: Contribution,
    state: State,
    wanted: Vec<u8>,
}

impl Terminal {
    /// A terminal that reads DG1 and DG2, and DG14 and DG15 where present.
    pub fn new(access: AccessKey, rng: &mut impl CryptoRng) -> Self {
        let AccessKey::Mrz(key) = access;
        let mut own = Contribution { challenge: [0; 8], material: Zeroizing::new([0; 16]) };
        rng.fill_bytes(&mut own.challenge);
        rng.fill_bytes(&mut own.material[..]);
        Self { keys: access::document_keys(&key), own, state: State::Start, wanted: vec![1, 2, 14, 15] }
    }

    /// Where it is and how far.
    pub fn progress(&self) -> Progress {
        let at = |stage| Progress { stage, bytes_read: 0, bytes_total: 0 };
        match &self.state {
            State::Start | State::Selected => at(Stage::Selecting),
            State::Challenged | State::Authenticated { .. } | State::Over => at(Stage::Access),
            State::Reading(reading) => {
                Progress { stage: reading.stage, bytes_read: reading.file.len(), bytes_total: reading.total }
            }
        }
    }

    /// Takes the response to the last command (`None` at first) and says what to do next. After an error the terminal
    /// is over: a secure channel cannot be resumed.
    pub fn advance(&mut self, response: Option<&[u8]>) -> Result<Step, TerminalError> {
        let state = std::mem::replace(&mut self.state, State::Over);
        match (state, response) {
            (State::Start, None) => {
                self.state = State::Selected;
                Ok(send([0, 0xA4, 4, 0x0C], &APPLICATION, None))
            }
            (State::Selected, Some(response)) => match split_status(response) {
                Some((_, 0x9000)) => {
                    self.state = State::Challenged;
                    Ok(send([0, 0x84, 0, 0], &[], Some(8)))
                }
                other => Err(TerminalError::NoApplication(other.map_or(0, |(_, status)| status))),
            },
            (State::Challenged, Some(response)) => {
                let challenge = match split_status(response) {
                    Some((data, 0x9000)) => <[u8; 8]>::try_from(data).ok(),
                    _ => None,
                };
                let chip_challenge = challenge.ok_or(TerminalError::AccessDenied("no challenge of 8 bytes"))?;
                let data = access::terminal_cryptogram(&self.keys, &self.own, &chip_challenge);
                self.state = State::Authenticated { chip_challenge };
                Ok(send([0, 0x82, 0, 0], &data, Some(0x28)))
            }
            (State::Authenticated { chip_challenge }, Some(response)) => {
                let Some((answer, 0x9000)) = split_status(response) else {
                    return Err(TerminalError::AccessDenied("refused by the chip"));
                };
                let channel = access::terminal_channel(&self.keys, &self.own, &chip_challenge, answer)
                    .ok_or(TerminalError::AccessDenied("the chip's proof is wrong"))?;
                self.read_next(Box::new(Reading {
                    channel,
                    stage: Stage::Com,
                    selected: false,
                    file: Zeroizing::default(),
                    total: 0,
                    remaining: Vec::new(),
                    contents: ChipContents::default(),
                }))
            }
            (State::Reading(reading), Some(response)) => self.continue_reading(reading, response),
            _ => Err(TerminalError::OutOfTurn),
        }
    }

    fn continue_reading(&mut self, mut reading: Box<Reading>, response: &[u8]) -> Result<Step, TerminalError> {
        let stage = reading.stage;
        let (data, status) =
            reading.channel.open(response).map_err(|source| TerminalError::Secure { stage, source })?;
        // 6282: end of file before Le bytes, with data; regular in the field.
        if !matches!(status, 0x9000 | 0x6282) {
            return Err(TerminalError::Refused { stage, status });
        }
        if !reading.selected {
            reading.selected = true;
            return self.read_next(reading);
        }
        if data.is_empty() {
            return Err(TerminalError::Protocol { stage, what: "no data before the end of the file" });
        }
        if reading.total == 0 {
            let (_, start, length) =
                tlv::header(&data).map_err(|_| TerminalError::Protocol { stage, what: "the file is no TLV" })?;
            reading.total = start.saturating_add(length);
            if reading.total > FILE_BYTES_MAX {
                return Err(TerminalError::Protocol { stage, what: "the file is longer than 32 kB" });
            }
            // At once in full, so that no copy of a portrait is left behind when it grows.
            reading.file = Zeroizing::new(Vec::with_capacity(reading.total));
        }
        let missing = reading.total.saturating_sub(reading.file.len());
        reading.file.extend_from_slice(&data[..missing.min(data.len())]);
        if reading.file.len() < reading.total {
            return self.read_next(reading);
        }
        let file = std::mem::take(&mut *reading.file);
        match stage {
            Stage::Com => {
                reading.remaining = self
                    .groups_to_read(&file)
                    .ok_or(TerminalError::Protocol { stage, what: "EF.COM lists no data groups" })?;
                reading.contents.com = file;
                reading.stage = Stage::Sod;
            }
            Stage::Group(group) => {
                reading.contents.groups.insert(group, file);
            }
            _ => reading.contents.sod = file,
        }
        if stage != Stage::Com {
            match reading.remaining.pop() {
                Some(group) => reading.stage = Stage::Group(group),
                None => return Ok(Step::Done(Box::new(std::mem::take(&mut reading.contents)))),
            }
        }
        (reading.selected, reading.total) = (false, 0);
        self.read_next(reading)
    }

    /// The wanted groups that EF.COM lists, in reverse order of reading.
    fn groups_to_read(&self, com: &[u8]) -> Option<Vec<u8>> {
        let (value, _) = tlv::expect(com, 0x60).ok()?;
        let present: Vec<u8> = tlv::find(value, 0x5C).ok()?.iter().filter_map(|&tag| group_of_tag(tag)).collect();
        Some(self.wanted.iter().rev().copied().filter(|group| present.contains(group)).collect())
    }

    fn read_next(&mut self, mut reading: Box<Reading>) -> Result<Step, TerminalError> {
        let command = if reading.selected {
            let offset = reading.file.len();
            // The first read takes just enough to learn the length.
            let wanted = if reading.total == 0 { 8 } else { READ_BYTES.min(reading.total - offset) };
            let [high, low] = (offset as u16).to_be_bytes();
            Command::new([0, 0xB0, high, low]).expecting(wanted)
        } else {
            let identifier = match reading.stage {
                Stage::Group(group) => 0x0100 | u16::from(group),
                Stage::Sod => EF_SOD,
                _ => EF_COM,
            };
            Command::new([0, 0xA4, 2, 0x0C]).data(identifier.to_be_bytes())
        };
        let bytes = reading.channel.protect(&command);
        self.state = State::Reading(reading);
        Ok(Step::Send(bytes))
    }
}

fn send(header: [u8; 4], data: &[u8], expected: Option<usize>) -> Step {
    Step::Send(Command { header, data: data.to_vec(), expected }.bytes())
}

/// Why a reading over some line ended.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// The line failed.
    #[error("the reader failed: {0}")]
    Line(E),
    /// The terminal ended it.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
}

/// Sends one command and waits for its response.
pub type Transmit<'a, E> = dyn FnMut(&[u8]) -> Result<Vec<u8>, E> + 'a;

/// Drives a terminal over a line to its end; `observe` is called after each answer.
pub fn read<E>(
    terminal: &mut Terminal,
    transmit: &mut Transmit<'_, E>,
    observe: &mut dyn FnMut(Progress),
) -> Result<Box<ChipContents>, ReadError<E>> {
    let mut step = terminal.advance(None)?;
    loop {
        match step {
            Step::Done(contents) => return Ok(contents),
            Step::Send(command) => {
                let response = Zeroizing::new(transmit(&command).map_err(ReadError::Line)?);
                step = terminal.advance(Some(&response))?;
                observe(terminal.progress());
            }
        }
    }
}
