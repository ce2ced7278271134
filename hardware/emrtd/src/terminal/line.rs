//! From a procedure that awaits answers to a machine that is given them.
//!
//! What a terminal does with a chip is a procedure of many exchanges with loops and detours, so it is written as one, as
//! an `async fn`. Nothing runs it but [`super::Terminal::advance`]: each call polls it once, and at each await of an
//! answer it stops with a command in the [`Line`]. There is no executor, no waker, no thread.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use zeroize::Zeroizing;

use super::{Progress, Stage, TerminalError};
use crate::{
    apdu::{Command, Response, split_status, status},
    secure::{Channel, SecureError},
};

/// The longest answer put together from GET RESPONSE, and how often it is asked for more.
const ANSWER_BYTES_MAX: usize = 65_536;
const GET_RESPONSES_MAX: usize = 1_024;
/// GET RESPONSE (ISO/IEC 7816-4, 11.8.1).
const GET_RESPONSE: [u8; 4] = [0, 0xC0, 0, 0];

/// Where commands and answers change hands.
#[derive(Clone)]
pub(super) struct Line(Arc<Mutex<Slots>>);

struct Slots {
    command: Option<Vec<u8>>,
    answer: Option<Zeroizing<Vec<u8>>>,
    progress: Progress,
}

impl Line {
    pub(super) fn new() -> Self {
        let progress = Progress { stage: Stage::Selecting, bytes_read: 0, bytes_total: 0 };
        Self(Arc::new(Mutex::new(Slots { command: None, answer: None, progress })))
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_command(&self) -> Option<Vec<u8>> {
        self.slots().command.take()
    }

    pub(super) fn put_answer(&self, answer: &[u8]) {
        self.slots().answer = Some(Zeroizing::new(answer.to_vec()));
    }

    pub(super) fn progress(&self) -> Progress {
        self.slots().progress
    }

    pub(super) fn report(&self, progress: Progress) {
        self.slots().progress = progress;
    }

    async fn exchange(&self, command: Vec<u8>) -> Zeroizing<Vec<u8>> {
        self.slots().command = Some(command);
        poll_fn(|_| self.slots().answer.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// Commands to the chip, protected once there is a channel.
pub(super) struct Session {
    pub(super) line: Line,
    pub(super) channel: Option<Channel>,
    pub(super) stage: Stage,
    pub(super) commands: usize,
}

impl Session {
    pub(super) fn new(line: Line) -> Self {
        Self { line, channel: None, stage: Stage::Selecting, commands: 0 }
    }

    pub(super) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.line.report(Progress { stage, bytes_read: 0, bytes_total: 0 });
    }

    pub(super) fn protocol(&self, what: &'static str) -> TerminalError {
        TerminalError::Protocol { stage: self.stage, what }
    }

    pub(super) fn refused(&self, status: u16) -> TerminalError {
        TerminalError::Refused { stage: self.stage, status }
    }

    /// Sends a command and gives the plain answer. With a channel, an unprotected status that [`keeps_channel`] passes as
    /// an answer without data: chips of the field tell of a missing file like that and keep the channel.
    pub(super) async fn send(&mut self, command: &Command) -> Result<Response, TerminalError> {
        self.transact(command, keeps_channel).await
    }

    /// Sends a command whose answer must come through the channel, whatever it says: that it opens is the proof.
    pub(super) async fn prove(&mut self, command: &Command) -> Result<(), TerminalError> {
        self.transact(command, |_| false).await.map(drop)
    }

    async fn transact(&mut self, command: &Command, tolerated: fn(u16) -> bool) -> Result<Response, TerminalError> {
        let stage = self.stage;
        let Some(mut channel) = self.channel.take() else {
            let answer = self.exchange(command.bytes()).await;
            let (data, status) = split_status(&answer).ok_or_else(|| self.protocol("an answer without status"))?;
            return Ok(Response { data: Zeroizing::new(data.to_vec()), status });
        };
        let answer = self.exchange(channel.protect(command)).await;
        let opened = channel.open(&answer);
        match opened {
            Ok((data, status)) => {
                self.channel = Some(channel);
                Ok(Response { data, status })
            }
            Err(SecureError::Unprotected(status)) if tolerated(status) => {
                self.channel = Some(channel);
                Ok(Response { data: Zeroizing::default(), status })
            }
            Err(source) => Err(TerminalError::Secure { stage, source }),
        }
    }

    /// One command with what ISO/IEC 7816-4, 5.3.4 and 5.6 have for lengths: `6Cxx` tells the right one, `61xx` that
    /// more waits.
    async fn exchange(&mut self, mut command: Vec<u8>) -> Zeroizing<Vec<u8>> {
        let mut answer = self.count(command.clone()).await;
        if let Some((&[], word @ 0x6C00..=0x6CFF)) = split_status(&answer)
            && has_short_length(&command)
            && let Some(length) = command.last_mut()
        {
            *length = word as u8;
            answer = self.count(command).await;
        }
        let mut whole = Zeroizing::new(Vec::new());
        // A chip may promise more for ever.
        for _ in 0..GET_RESPONSES_MAX {
            let Some((data, word @ 0x6100..=0x61FF)) = split_status(&answer) else { break };
            if whole.len() + data.len() > ANSWER_BYTES_MAX {
                break;
            }
            whole = joined(&whole, data);
            let fetch =
                Command::new(GET_RESPONSE).expecting(if word & 0xFF == 0 { 256 } else { usize::from(word & 0xFF) });
            answer = self.count(fetch.bytes()).await;
        }
        if whole.is_empty() { answer } else { joined(&whole, &answer) }
    }

    async fn count(&mut self, command: Vec<u8>) -> Zeroizing<Vec<u8>> {
        self.commands += 1;
        self.line.exchange(command).await
    }
}

/// Statuses that say something about a file and nothing about the channel.
fn keeps_channel(word: u16) -> bool {
    matches!(word, status::FILE_NOT_FOUND | status::SECURITY_STATUS | status::WRONG_OFFSET | status::WRONG_PARAMETERS)
}

/// Whether the last byte is a short Le: a command with neither data nor extended length, or with data and a byte after.
fn has_short_length(command: &[u8]) -> bool {
    match command {
        [_, _, _, _, _] => true,
        [_, _, _, _, length, data @ ..] => *length != 0 && data.len() == usize::from(*length) + 1,
        _ => false,
    }
}

/// In one new piece, so that no copy of personal data is left behind where a vector grew.
fn joined(first: &[u8], second: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(first.len() + second.len()));
    whole.extend_from_slice(first);
    whole.extend_from_slice(second);
    whole
}
