//! Printed zones from readers on a serial line.
//!
//! Such readers send the lines of a zone as text. Some frame them with STX and ETX, end lines with CR, LF or both, put
//! a letter in front of each or a check byte behind, or send all lines in one. So the framing is not configured: [`ZoneFramer`]
//! looks for lines of the right lengths, and where several readings are possible the check digits decide.

use std::{
    io::{self, Read as _},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use sallyport_emrtd::Mrz;
use zeroize::{Zeroize as _, Zeroizing};

use super::ReaderError;

/// Where printed zones come from.
pub trait ZoneSource: Send {
    /// The zone of the document that lies there or was just drawn through, waiting this long. Each is given once.
    fn read(&mut self, patience: Duration) -> Result<Zeroizing<String>, ReaderError>;
}

/// Number of lines and their length, by Doc 9303-4, -6 and -5.
const SHAPES: [(usize, usize); 3] = [(2, 44), (2, 36), (3, 30)];
const LINES_MAX: usize = 3;
/// Three lines of 30 in one and a byte more.
const RUN_BYTES_MAX: usize = 91;
/// The shortest line; shorter runs are check bytes and the like.
const RUN_BYTES_MIN: usize = 30;

/// Finds zones in a stream of bytes.
#[derive(Default)]
pub struct ZoneFramer {
    /// The run of zone characters that has not ended yet. One byte more than can be used tells that it is too long.
    run: Zeroizing<Vec<u8>>,
    /// The last runs that could be lines, oldest first.
    lines: Vec<Zeroizing<String>>,
}

impl ZoneFramer {
    /// Takes bytes from the line; gives the zones that end in them, lines separated by `\n`.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Zeroizing<String>> {
        let mut zones = Vec::new();
        for &byte in bytes {
            if is_zone_character(byte) {
                if self.run.is_empty() {
                    // At once in full, so that no copy is left behind when it grows.
                    self.run.reserve(RUN_BYTES_MAX + 1);
                }
                if self.run.len() <= RUN_BYTES_MAX {
                    self.run.push(byte);
                }
                // Not every reader marks the end of the last line.
                if let Some(zone) = self.zone_with_right_digits() {
                    self.forget();
                    zones.push(zone);
                }
            } else if !self.run.is_empty() {
                zones.extend(self.end_run());
            }
        }
        zones
    }

    /// The line has been silent: a zone comes in one go, so what came so far ends here.
    pub fn silence(&mut self) -> Option<Zeroizing<String>> {
        let zone = self.end_run();
        self.forget();
        zone
    }

    fn end_run(&mut self) -> Option<Zeroizing<String>> {
        if (RUN_BYTES_MIN..=RUN_BYTES_MAX).contains(&self.run.len()) {
            // Zone characters are ASCII.
            let text = self.run.iter().copied().map(char::from).collect();
            self.lines.push(Zeroizing::new(text));
            if self.lines.len() > LINES_MAX {
                self.lines.remove(0);
            }
        }
        self.run.zeroize();
        let zone = self.zone_of_right_shape()?;
        self.forget();
        Some(zone)
    }

    fn forget(&mut self) {
        self.run.zeroize();
        self.lines.clear();
    }

    /// Readings that end with the unfinished run and whose check digits are all right.
    fn zone_with_right_digits(&self) -> Option<Zeroizing<String>> {
        if self.run.len() < RUN_BYTES_MIN {
            return None;
        }
        let last = std::str::from_utf8(&self.run).ok()?;
        readings(&self.lines, last).into_iter().find(|zone| Mrz::parse(zone).is_ok())
    }

    /// Readings of ended lines; their digits were found wrong before. A zone whose check digit is wrong is a zone still:
    /// whoever asked must hear of the digit.
    fn zone_of_right_shape(&self) -> Option<Zeroizing<String>> {
        let (last, before) = self.lines.split_last()?;
        readings(before, last).into_iter().next()
    }
}

/// `A-Z`, `0-9` and `<` (Doc 9303-3, 4.1).
fn is_zone_character(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<'
}

/// All zones that end with `last`, the likeliest first: lines as they are, one byte more behind the last or behind each,
/// one more in front of each. Mixtures stay out: names carry no check digit that could tell a wrong reading.
fn readings(before: &[Zeroizing<String>], last: &str) -> Vec<Zeroizing<String>> {
    let mut found = Vec::new();
    for (count, width) in SHAPES {
        found.extend(
            [exact(last, count * width), without_last(last, count * width), without_first(last, count * width)]
                .map(|run| run.map(|run| vec![run])),
        );
        let Some(skipped) = (before.len() + 1).checked_sub(count) else { continue };
        let before: Vec<&str> = before[skipped..].iter().map(|line| line.as_str()).collect();
        for (trim_before, trim_last) in [
            (exact as Trim, exact as Trim),
            (exact, without_last),
            (without_last, without_last),
            (without_first, without_first),
        ] {
            let lines = before.iter().map(|line| trim_before(line, width)).chain([trim_last(last, width)]);
            found.push(lines.collect());
        }
    }
    found.into_iter().flatten().map(|lines| compose(&lines)).collect()
}

type Trim = fn(&str, usize) -> Option<&str>;

fn exact(line: &str, width: usize) -> Option<&str> {
    (line.len() == width).then_some(line)
}

fn without_last(line: &str, width: usize) -> Option<&str> {
    exact(line.get(..line.len().checked_sub(1)?)?, width)
}

fn without_first(line: &str, width: usize) -> Option<&str> {
    exact(line.get(1..)?, width)
}

/// Lines, or all lines in one, as text with `\n` between lines.
fn compose(lines: &[&str]) -> Zeroizing<String> {
    let total: usize = lines.iter().map(|line| line.len()).sum();
    let width = SHAPES.iter().find(|(count, width)| count * width == total).map_or(total, |(_, width)| *width);
    let mut zone = Zeroizing::new(String::with_capacity(total + LINES_MAX));
    for (at, character) in lines.iter().flat_map(|line| line.chars()).enumerate() {
        if at > 0 && at % width == 0 {
            zone.push('\n');
        }
        zone.push(character);
    }
    zone
}

/// How long one read of the line waits: this long without a byte is silence.
const SILENCE: Duration = Duration::from_millis(300);
/// How long a zone that nobody asked for stays valid. Some readers send it seconds before the chip is in reach; one of
/// the traveler before must be gone.
const FRESH: Duration = Duration::from_secs(8);
/// How long a lost line is left alone before it is opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// A zone reader on a serial line. It listens all the time and opens a lost line again by itself.
pub struct SerialZoneReader {
    path: String,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    inbox: Mutex<Inbox>,
    changed: Condvar,
}

#[derive(Default)]
struct Inbox {
    zone: Option<(Zeroizing<String>, Instant)>,
    /// Why the line is lost, while it is.
    lost: Option<String>,
    closed: bool,
}

impl Inbox {
    /// A zone that nobody fetched in time is of no use any more, and personal: it does not wait for the next one.
    fn forget_stale(&mut self, now: Instant) {
        self.zone.take_if(|(_, came)| now.saturating_duration_since(*came) >= FRESH);
    }
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SerialZoneReader {
    /// Opens a port, such as `/dev/ttyUSB1`, at 8N1.
    pub fn open(path: &str, baud: u32) -> Result<Self, ReaderError> {
        let port = open(path, baud)
            .map_err(|error| ReaderError::Unavailable { name: path.to_owned(), why: error.to_string() })?;
        let shared = Arc::new(Shared { inbox: Mutex::default(), changed: Condvar::new() });
        let (inbox, line) = (Arc::clone(&shared), path.to_owned());
        let listener = std::thread::spawn(move || listen(&inbox, &line, baud, port));
        Ok(Self { path: path.to_owned(), shared, listener: Some(listener) })
    }
}

impl Drop for SerialZoneReader {
    /// Waits until the port is closed, so that it can be opened again at once.
    fn drop(&mut self) {
        self.shared.inbox().closed = true;
        self.shared.changed.notify_all();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl ZoneSource for SerialZoneReader {
    fn read(&mut self, patience: Duration) -> Result<Zeroizing<String>, ReaderError> {
        let deadline = Instant::now() + patience;
        let mut inbox = self.shared.inbox();
        loop {
            inbox.forget_stale(Instant::now());
            if let Some((zone, _)) = inbox.zone.take() {
                return Ok(zone);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(match &inbox.lost {
                    Some(why) => ReaderError::Unavailable { name: self.path.clone(), why: why.clone() },
                    None => ReaderError::ZoneUnreadable("no zone came from the page reader"),
                });
            }
            inbox = self.shared.changed.wait_timeout(inbox, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn open(path: &str, baud: u32) -> serialport::Result<Box<dyn serialport::SerialPort>> {
    serialport::new(path, baud).timeout(SILENCE).open()
}

fn listen(shared: &Shared, path: &str, baud: u32, port: Box<dyn serialport::SerialPort>) {
    let mut port = Some(port);
    let mut framer = ZoneFramer::default();
    while !shared.inbox().closed {
        shared.inbox().forget_stale(Instant::now());
        let Some(line) = &mut port else {
            let inbox = shared.inbox();
            let rest = shared.changed.wait_timeout_while(inbox, REOPEN_AFTER, |inbox| !inbox.closed);
            drop(rest.unwrap_or_else(PoisonError::into_inner));
            match open(path, baud) {
                Ok(opened) => {
                    tracing::info!(path, "the zone reader's line is back");
                    shared.inbox().lost = None;
                    port = Some(opened);
                }
                Err(error) => shared.inbox().lost = Some(error.to_string()),
            }
            continue;
        };
        let mut buffer = Zeroizing::new([0; 128]);
        let zones = match line.read(&mut buffer[..]) {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Ok(count) => Ok(framer.feed(&buffer[..count])),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(framer.silence().into_iter().collect()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        match zones {
            Ok(zones) => {
                if let Some(zone) = zones.into_iter().next_back() {
                    shared.inbox().zone = Some((zone, Instant::now()));
                    shared.changed.notify_all();
                }
            }
            Err(error) => {
                tracing::warn!(path, %error, "the zone reader's line is lost");
                framer = ZoneFramer::default();
                port = None;
                shared.inbox().lost = Some(error.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    // Doc 9303-4, -5 and -6, appendices B.
    const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6";

    fn found(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut framer = ZoneFramer::default();
        let mut zones: Vec<String> = Vec::new();
        for bytes in bytes.chunks(piece) {
            zones.extend(framer.feed(bytes).iter().map(|zone| zone.to_string()));
        }
        zones.extend(framer.silence().iter().map(|zone| zone.to_string()));
        zones
    }

    fn is_of_a_zones_shape(text: &str) -> bool {
        let lines: Vec<usize> = text.lines().map(str::len).collect();
        [vec![44, 44], vec![36, 36], vec![30, 30, 30]].contains(&lines)
            && text.bytes().all(|byte| byte == b'\n' || is_zone_character(byte))
    }

    #[test]
    fn a_zone_with_a_wrong_check_digit_is_given_as_it_is() {
        let wrong = TD3.replace("C36UTO", "C37UTO");
        assert!(Mrz::parse(&wrong).is_err());
        assert_eq!(found(format!("\x02{wrong}\r\x03").as_bytes(), 7), std::slice::from_ref(&wrong));
        assert_eq!(found(wrong.as_bytes(), 100), [wrong], "without an end, after silence");
    }

    #[test]
    fn halves_of_two_documents_make_no_zone() {
        let (first, second) = TD3.split_once('\n').unwrap();
        let mut framer = ZoneFramer::default();
        assert!(framer.feed(format!("{first}\r").as_bytes()).is_empty());
        assert!(framer.silence().is_none());
        assert!(framer.feed(format!("{second}\r").as_bytes()).is_empty());
        assert!(framer.silence().is_none());
    }

    #[test]
    fn a_zone_that_nobody_fetches_is_forgotten() {
        let came = Instant::now();
        let mut inbox = Inbox { zone: Some((Zeroizing::new(TD3.to_owned()), came)), ..Default::default() };
        inbox.forget_stale(came + FRESH / 2);
        assert!(inbox.zone.is_some());
        inbox.forget_stale(came + FRESH);
        assert!(inbox.zone.is_none());
    }

    fn framed(zone: &str, framing: u8, check: u8) -> Vec<u8> {
        let text = match framing {
            0 => format!("\x02{}\r\x03{}", zone.replace('\n', "\r"), char::from(check)),
            1 => format!("{}\r\n", zone.replace('\n', "\r\n")),
            2 => format!("{zone}\n"),
            3 => format!("{}\r", zone.replace('\n', "")),
            4 => zone.lines().map(|line| format!("\x02{line}\x03{}", char::from(check))).collect(),
            5 => zone.lines().map(|line| format!("{line}{}\r", char::from(check))).collect(),
            6 => zone.lines().map(|line| format!("M{line}\r")).collect(),
            _ => zone.to_owned(),
        };
        text.into_bytes()
    }

    proptest! {
        #[test]
        fn every_framing_gives_the_zone_once(
            zone in prop::sample::select(vec![TD1, TD2, TD3]),
            framing in 0u8..8,
            check in 0u8..0x80,
            noise in prop::collection::vec(any::<u8>().prop_filter("ends a run", |byte| !is_zone_character(*byte)), 0..30),
            piece in 1usize..50,
        ) {
            let bytes = [&noise[..], &framed(zone, framing, check), &noise].concat();
            prop_assert_eq!(found(&bytes, piece), [zone]);
        }

        #[test]
        fn any_stream_keeps_memory_bounded_and_gives_only_zones(
            bytes in prop::collection::vec(prop_oneof![4 => prop::sample::select(b"A<0Z9".to_vec()), 1 => any::<u8>()], 0..2_000),
        ) {
            let mut framer = ZoneFramer::default();
            for byte in bytes {
                for zone in framer.feed(&[byte]) {
                    prop_assert!(is_of_a_zones_shape(&zone), "{zone:?}");
                }
                prop_assert!(framer.run.len() <= RUN_BYTES_MAX + 1 && framer.lines.len() <= LINES_MAX);
            }
        }

        #[test]
        fn lines_of_the_right_length_are_always_a_zone(
            zone in "[A-Z0-9<]{44}\n[A-Z0-9<]{44}|[A-Z0-9<]{36}\n[A-Z0-9<]{36}|[A-Z0-9<]{30}\n[A-Z0-9<]{30}\n[A-Z0-9<]{30}",
        ) {
            prop_assert_eq!(found(format!("\x02{zone}\r\x03").as_bytes(), 16), [zone]);
        }
    }
}
