//! The terminal of an inspection system (Doc 9303-11, 7.1): opens the chip by PACE or BAC, reads its files and lets it
//! prove that it is the one that was issued. Sans-I/O: give each response to [`Terminal::advance`], send what it
//! returns.

mod access;
mod error;
mod files;
mod line;
mod options;
mod procedure;
mod proofs;
mod reading;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use rand::{CryptoRng, SeedableRng as _, rngs::StdRng};
use zeroize::Zeroizing;

pub(crate) use self::files::File;
use self::line::{Line, Session};
pub use self::{
    error::TerminalError,
    options::{AccessKey, AccessPolicy, ExtendedLength, Groups, Options, TerminalAuthentication},
    reading::{Access, NotDone, Proof, Reading},
};

/// The eMRTD application (Doc 9303-10, 3.6.3).
pub const APPLICATION: [u8; 7] = [0xA0, 0, 0, 2, 0x47, 0x10, 0x01];

/// Where the terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Looking what the chip offers, selecting the eMRTD application.
    Selecting,
    /// PACE or BAC.
    Access,
    /// Reading EF.CardSecurity.
    CardSecurity,
    /// Reading EF.COM.
    Com,
    /// Reading EF.SOD.
    Sod,
    /// Chip Authentication.
    ChipAuthentication,
    /// Terminal Authentication.
    TerminalAuthentication,
    /// Active Authentication.
    ActiveAuthentication,
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

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send these bytes; give the response to [`Terminal::advance`].
    Send(Vec<u8>),
    /// The reading is done.
    Done(Box<Reading>),
}

type Procedure = Pin<Box<dyn Future<Output = Result<Reading, TerminalError>> + Send>>;

/// One reading of one chip.
pub struct Terminal {
    line: Line,
    /// `None` once it is over.
    procedure: Option<Procedure>,
    started: bool,
}

impl Terminal {
    /// A terminal that reads DG1 and DG2 and asks for every proof that the chip offers.
    pub fn new(access: AccessKey, rng: &mut impl CryptoRng) -> Self {
        Self::with_options(access, Options::default(), rng)
    }

    /// A terminal with these orders.
    pub fn with_options(key: AccessKey, options: Options, rng: &mut impl CryptoRng) -> Self {
        let line = Line::new();
        let random = StdRng::from_rng(rng);
        let procedure = Box::pin(procedure::inspect(Session::new(line.clone()), key, options, random));
        Self { line, procedure: Some(procedure), started: false }
    }

    /// Where it is and how far.
    pub fn progress(&self) -> Progress {
        self.line.progress()
    }

    /// Takes the response to the last command (`None` at first) and says what to do next. After an error the terminal
    /// is over: a secure channel cannot be resumed.
    pub fn advance(&mut self, response: Option<&[u8]>) -> Result<Step, TerminalError> {
        if response.is_some() != self.started {
            self.procedure = None;
        }
        let mut procedure = self.procedure.take().ok_or(TerminalError::OutOfTurn)?;
        self.started = true;
        if let Some(response) = response {
            self.line.put_answer(response);
        }
        match procedure.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome.map(|reading| Step::Done(Box::new(reading))),
            // It awaits nothing but answers, and so has just asked for one.
            Poll::Pending => {
                let command = self.line.take_command().ok_or(TerminalError::OutOfTurn)?;
                self.procedure = Some(procedure);
                Ok(Step::Send(command))
            }
        }
    }
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
) -> Result<Box<Reading>, ReadError<E>> {
    let mut step = terminal.advance(None)?;
    loop {
        match step {
            Step::Done(reading) => return Ok(reading),
            Step::Send(command) => {
                let response = Zeroizing::new(transmit(&command).map_err(ReadError::Line)?);
                step = terminal.advance(Some(&response))?;
                observe(terminal.progress());
            }
        }
    }
}
