//! A contactless reader behind PC/SC.

use std::{
    ffi::CString,
    time::{Duration, Instant},
};

use pcsc::{Card, Context, Disposition, Error, Protocol, Protocols, ReaderState, Scope, ShareMode, State};
use sallyport_emrtd::{
    apdu::{Command, split_status},
    terminal::APPLICATION,
};
use zeroize::Zeroizing;

use super::{DocumentReader, ReaderError, Token, ZoneSource, card};

/// How long one wait for a zone lasts before the token is looked for again.
const ZONE_SLICE: Duration = Duration::from_millis(250);
/// The service looks every 400 ms whether the token lies there still.
const NOTICED_WITHIN: Duration = Duration::from_millis(1_000);
/// GET DATA for the UID (PC/SC part 3, 3.2.2.1.3).
const GET_UID: [u8; 5] = [0xFF, 0xCA, 0, 0, 0];
/// The longest answer put together from GET RESPONSE: an extended one.
const ANSWER_BYTES_MAX: usize = 65_536;

/// A reader that the PC/SC service knows, with the zone source that belongs to it.
pub struct PcscReader {
    /// Part of the reader's name; the first reader if empty.
    wanted: String,
    zones: Box<dyn ZoneSource>,
    link: Option<Link>,
    card: Option<Connection>,
}

struct Connection {
    card: Card,
    /// By bytes, as cards with contacts do.
    t0: bool,
}

/// A service and reader that were there a moment ago.
struct Link {
    context: Context,
    reader: CString,
    state: ReaderState,
    /// The count of insertions and removals at which a token was last reported.
    reported: Option<u32>,
}

impl PcscReader {
    /// The first reader whose name holds `name`, or the first at all. Whatever fails later, the service's restart and
    /// the reader's unplugging included, is an error of that call and tried anew at the next.
    pub fn open(name: Option<&str>, zones: Box<dyn ZoneSource>) -> Result<Self, ReaderError> {
        let mut reader = Self { wanted: name.unwrap_or_default().to_owned(), zones, link: None, card: None };
        reader.link()?;
        Ok(reader)
    }

    /// The names of the readers that the service knows, in its order.
    pub fn names() -> Result<Vec<String>, ReaderError> {
        let unavailable = |error: Error| ReaderError::Unavailable { name: "pcscd".to_owned(), why: error.to_string() };
        let context = Context::establish(Scope::System).map_err(unavailable)?;
        match context.list_readers_owned() {
            Ok(names) => Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect()),
            Err(Error::NoReadersAvailable) => Ok(Vec::new()),
            Err(error) => Err(unavailable(error)),
        }
    }

    fn link(&mut self) -> Result<&mut Link, ReaderError> {
        if self.link.is_none() {
            let link = Link::establish(&self.wanted).map_err(|error| self.unavailable(error))?;
            tracing::info!(reader = %link.reader.to_string_lossy(), "document reader found");
            self.link = Some(link);
        }
        self.link.as_mut().ok_or(ReaderError::Removed)
    }

    /// Ends the connection to what lay there. Without a reset: the service would do that to what lies there by now, and
    /// report that one before it has powered it.
    fn let_go(&mut self) {
        if let Some(connection) = self.card.take() {
            let _ = connection.card.disconnect(Disposition::LeaveCard);
        }
    }

    /// What a failure means. After one of the service or the reader everything is established anew.
    fn failed(&mut self, error: Error) -> ReaderError {
        match error {
            Error::RemovedCard | Error::NoSmartcard | Error::ResetCard => ReaderError::Removed,
            Error::UnresponsiveCard | Error::UnpoweredCard | Error::NotTransacted | Error::ProtoMismatch => {
                self.silent()
            }
            error => {
                (self.link, self.card) = (None, None);
                self.unavailable(error)
            }
        }
    }

    /// It gave no answer: it is silent, or about to be noticed as gone.
    fn silent(&mut self) -> ReaderError {
        let deadline = Instant::now() + NOTICED_WITHIN;
        while self.is_present() {
            let left = deadline.saturating_duration_since(Instant::now());
            let changed = self.link.as_mut().is_some_and(|link| link.change(left).is_ok());
            if left.is_zero() || !changed {
                return ReaderError::NoAnswer;
            }
        }
        ReaderError::Removed
    }

    fn unavailable(&self, error: Error) -> ReaderError {
        let name = if self.wanted.is_empty() { "the first PC/SC reader".to_owned() } else { self.wanted.clone() };
        ReaderError::Unavailable { name, why: error.to_string() }
    }

    fn exchange(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        let Some(Connection { card, t0 }) = &self.card else { return Err(ReaderError::Removed) };
        let mut buffer = Zeroizing::new(vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED]);
        let mut send =
            |command: &[u8]| card.transmit(command, &mut buffer).map(|answer| Zeroizing::new(answer.to_vec()));
        let answer = if *t0 { exchange_t0(command, &mut send) } else { send(command) };
        match answer {
            Ok(answer) if answer.len() < 2 => Err(self.silent()),
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.failed(error)),
        }
    }
}

impl Link {
    fn establish(wanted: &str) -> Result<Self, Error> {
        let context = Context::establish(Scope::System)?;
        let readers = context.list_readers_owned()?;
        let reader =
            readers.into_iter().find(|reader| reader.to_string_lossy().contains(wanted)).ok_or(Error::UnknownReader)?;
        let state = ReaderState::new(reader.clone(), State::UNAWARE);
        Ok(Self { context, reader, state, reported: None })
    }

    /// Waits for a change of the reader's state; gives whether there was one.
    fn change(&mut self, patience: Duration) -> Result<bool, Error> {
        self.state.sync_current_state();
        match self.context.get_status_change(patience, std::slice::from_mut(&mut self.state)) {
            Ok(()) if self.state.event_state().intersects(State::UNKNOWN | State::UNAVAILABLE | State::IGNORE) => {
                Err(Error::ReaderUnavailable)
            }
            Ok(()) => Ok(true),
            Err(Error::Timeout) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn present(&self) -> bool {
        self.state.event_state().contains(State::PRESENT)
    }
}

impl DocumentReader for PcscReader {
    fn wait(&mut self, patience: Duration) -> Result<bool, ReaderError> {
        let deadline = Instant::now() + patience;
        self.let_go();
        loop {
            let link = self.link()?;
            if link.present() && link.reported != Some(link.state.event_count()) {
                link.reported = Some(link.state.event_count());
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match link.change(left) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    fn identify(&mut self, patience: Duration) -> Result<Token, ReaderError> {
        let deadline = Instant::now() + patience;
        self.let_go();
        let link = self.link()?;
        let connected = link.context.connect(&link.reader, ShareMode::Shared, Protocols::ANY).and_then(|card| {
            let t0 = card.status2_owned()?.protocol2() == Some(Protocol::T0);
            Ok(Connection { card, t0 })
        });
        match connected {
            Ok(connection) => self.card = Some(connection),
            Err(error) => return Err(self.failed(error)),
        }
        let uid = self.exchange(&GET_UID)?;
        let select = Command { header: [0, 0xA4, 4, 0x0C], data: APPLICATION.to_vec(), expected: None };
        let selected = self.exchange(&select.bytes())?;
        match split_status(&selected) {
            // 6982: there, but it wants PACE first.
            Some((_, 0x9000 | 0x6982)) => {}
            _ => {
                return match split_status(&uid) {
                    Some((uid, 0x9000)) => card(uid),
                    _ => card(&[]),
                };
            }
        }
        // Whoever reads it selects the application again, on a chip as it was laid down.
        if let Some(connection) = &mut self.card
            && let Err(error) = connection.card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::ResetCard)
        {
            return Err(self.failed(error));
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.zones.read(left.min(ZONE_SLICE)) {
                Ok(zone) => return Ok(Token::Document { zone }),
                Err(ReaderError::ZoneUnreadable(_)) if !left.is_zero() => {
                    if !self.is_present() {
                        return Err(ReaderError::Removed);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        self.exchange(command)
    }

    fn is_present(&mut self) -> bool {
        let Some(link) = &mut self.link else { return false };
        // The count tells one that was exchanged meanwhile.
        link.change(Duration::ZERO).is_ok() && link.present() && link.reported == Some(link.state.event_count())
    }
}

/// One command over T=0 (ISO/IEC 7816-3, 12.2): no Le beside data; `6Cxx` names the right Le, `61xx` bytes to fetch.
fn exchange_t0<E>(
    command: &[u8],
    send: &mut impl FnMut(&[u8]) -> Result<Zeroizing<Vec<u8>>, E>,
) -> Result<Zeroizing<Vec<u8>>, E> {
    let mut command = command.to_vec();
    if let [_, _, _, _, length, data @ ..] = command.as_slice()
        && data.len() == usize::from(*length) + 1
    {
        command.pop();
    }
    let mut answer = send(&command)?;
    if let (Some((_, 0x6C00..=0x6CFF)), [_, _, _, _, expected]) = (split_status(&answer), command.as_mut_slice()) {
        *expected = answer.last().copied().unwrap_or_default();
        answer = send(&command)?;
    }
    let mut whole = Zeroizing::new(Vec::new());
    loop {
        let fetch = match split_status(&answer) {
            Some((data, 0x6100..=0x61FF)) if whole.len() + data.len() < ANSWER_BYTES_MAX => {
                whole.extend_from_slice(data);
                [0, 0xC0, 0, 0, answer.last().copied().unwrap_or_default()]
            }
            _ => {
                whole.extend_from_slice(&answer);
                return Ok(whole);
            }
        };
        answer = send(&fetch)?;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn over_t0(command: &[u8], script: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut script = script.iter();
        let mut send = |sent: &[u8]| {
            let (expected, answer) = script.next().ok_or("too many commands")?;
            if sent == *expected { Ok(Zeroizing::new(answer.to_vec())) } else { Err("another command") }
        };
        let answer = exchange_t0(command, &mut send).unwrap();
        assert!(script.next().is_none());
        answer.to_vec()
    }

    #[test]
    fn t0_is_told_the_length_and_fetches_what_waits() {
        assert_eq!(over_t0(&[0, 0xB0, 0, 0, 8], &[(&[0, 0xB0, 0, 0, 8], &[1, 2, 0x90, 0])]), [1, 2, 0x90, 0]);
        let script: [(&[u8], &[u8]); 2] = [(&[0, 0xB0, 0, 0, 0], &[0x6C, 2]), (&[0, 0xB0, 0, 0, 2], &[1, 2, 0x90, 0])];
        assert_eq!(over_t0(&[0, 0xB0, 0, 0, 0], &script), [1, 2, 0x90, 0]);
        let script: [(&[u8], &[u8]); 3] = [
            (&[0, 0x82, 0, 0, 2, 7, 7], &[0x61, 2]),
            (&[0, 0xC0, 0, 0, 2], &[1, 2, 0x61, 1]),
            (&[0, 0xC0, 0, 0, 1], &[3, 0x90, 0]),
        ];
        assert_eq!(over_t0(&[0, 0x82, 0, 0, 2, 7, 7, 0x28], &script), [1, 2, 3, 0x90, 0]);
        assert_eq!(over_t0(&[0, 0xA4, 4, 0x0C, 1, 7], &[(&[0, 0xA4, 4, 0x0C, 1, 7], &[0x6A, 0x82])]), [0x6A, 0x82]);
    }
}
