//! A document reader without a device: documents and cards from folders, their chips answering raw APDUs.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sallyport_emrtd::{
    Mrz,
    chip::{Behavior, Chip, ChipFiles, Secrets},
    issue::{Document, IssueError},
    mrz::MrzError,
};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::document::{DocumentReader, ReaderError, Token, card};

/// About what a contactless chip takes for a short command.
const LATENCY: Duration = Duration::from_millis(3);

/// Why a folder holds nothing that could be laid down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PresentedError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no document's folder.
    #[error("{} holds no document ({source}): one has mrz.txt, EF_COM.bin, EF_SOD.bin and DG1.bin, a card card.txt", path.display())]
    Document {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        source: IssueError,
    },
    /// behavior.json is something else.
    #[error("{} is not what a chip can do ({source}): write for example {{\"silent_after\": 12}}", path.display())]
    Behavior {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// card.txt is something else.
    #[error("{} holds no card number: write 4 to 10 bytes in hexadecimal, such as 04:A1:B2:C3", .0.display())]
    CardNumber(PathBuf),
}

/// Something to lay down.
pub struct Presented(Kind);

enum Kind {
    Document { zone: Zeroizing<String>, chip: Box<Chip> },
    Card { uid: Vec<u8> },
}

/// What `behavior.json` may hold; the rest is an ideal chip's.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BehaviorFile {
    silent_after: Option<usize>,
    gone_after_bytes: Option<usize>,
    hostile_after: Option<usize>,
    garbage_after: Option<usize>,
    read_bytes_max: Option<usize>,
    silent_above: Option<usize>,
    withheld_groups: Vec<u8>,
    pace_fails_at: Option<u8>,
}

impl From<BehaviorFile> for Behavior {
    fn from(file: BehaviorFile) -> Self {
        Self {
            silent_after: file.silent_after,
            gone_after_bytes: file.gone_after_bytes,
            hostile_after: file.hostile_after,
            garbage_after: file.garbage_after,
            read_bytes_max: file.read_bytes_max,
            silent_above: file.silent_above,
            withheld_groups: file.withheld_groups,
            pace_fails_at: file.pace_fails_at,
            ..Self::default()
        }
    }
}

impl Presented {
    /// Reads a folder: a document's, as [`Document::save`] writes it, its chip's private keys with it, and a
    /// `behavior.json` if it shall misbehave; or a card's with its number in `card.txt`.
    pub fn load(folder: &Path) -> Result<Self, PresentedError> {
        let path = folder.join("card.txt");
        match fs::read_to_string(&path) {
            Ok(text) => return parse_card_number(&text).map(Self::card).ok_or(PresentedError::CardNumber(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(PresentedError::Read { path, source }),
        }
        let (zone, document) =
            Document::load(folder).map_err(|source| PresentedError::Document { path: folder.to_owned(), source })?;
        let path = folder.join("behavior.json");
        let behavior = match fs::read(&path) {
            Ok(json) => serde_json::from_slice::<BehaviorFile>(&json)
                .map_err(|source| PresentedError::Behavior { path, source })?
                .into(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Behavior::default(),
            Err(source) => return Err(PresentedError::Read { path, source }),
        };
        Ok(Self::document(zone, document.files, document.secrets, behavior))
    }

    /// A document with this printed zone, whose chip has these files and secrets.
    pub fn document(
        zone: Zeroizing<String>,
        files: ChipFiles,
        secrets: impl Into<Secrets>,
        behavior: Behavior,
    ) -> Self {
        Self(Kind::Document { zone, chip: Box::new(Chip::new(files, secrets, behavior, &mut rand::rng())) })
    }

    /// A card with this number.
    pub fn card(uid: Vec<u8>) -> Self {
        Self(Kind::Card { uid })
    }
}

/// As staff write it: in either case, with spaces, `:` or `-` between.
fn parse_card_number(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.trim().chars().filter(|c| !matches!(c, ' ' | ':' | '-')).collect();
    hex::decode(digits).ok().filter(|uid| (4..=10).contains(&uid.len()))
}

/// A reader on which [`ReaderControl`] lays things.
pub struct SimulatedReader {
    control: ReaderControl,
    latency: Duration,
    /// The presentation last reported by `wait`.
    reported: u64,
}

/// The hand that lays things on a [`SimulatedReader`] and takes them away.
#[derive(Clone, Default)]
pub struct ReaderControl(Arc<Shared>);

#[derive(Default)]
struct Shared {
    field: Mutex<Field>,
    changed: Condvar,
}

#[derive(Default)]
struct Field {
    token: Option<Presented>,
    /// Counts what was laid down.
    presentation: u64,
}

impl ReaderControl {
    /// Lays this down, in place of what lies there.
    pub fn present(&self, token: Presented) {
        let mut field = self.field();
        field.token = Some(token);
        field.presentation += 1;
        self.0.changed.notify_all();
    }

    /// Takes away what lies there.
    pub fn remove(&self) {
        self.field().token = None;
        self.0.changed.notify_all();
    }

    fn field(&self) -> MutexGuard<'_, Field> {
        self.0.field.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for SimulatedReader {
    fn default() -> Self {
        Self { control: ReaderControl::default(), latency: LATENCY, reported: 0 }
    }
}

impl SimulatedReader {
    /// An empty reader whose chips take about 3 ms for a command.
    pub fn new() -> Self {
        Self::default()
    }

    /// With chips that take this long for a command.
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The hand for this reader.
    pub fn control(&self) -> ReaderControl {
        self.control.clone()
    }
}

impl Field {
    /// What was reported, if it lies there still.
    fn reported(&mut self, presentation: u64) -> Result<&mut Kind, ReaderError> {
        match &mut self.token {
            Some(token) if self.presentation == presentation => Ok(&mut token.0),
            _ => Err(ReaderError::Removed),
        }
    }
}

impl DocumentReader for SimulatedReader {
    fn wait(&mut self, patience: Duration) -> Result<bool, ReaderError> {
        let deadline = Instant::now() + patience;
        let mut field = self.control.field();
        loop {
            if field.token.is_some() && field.presentation != self.reported {
                self.reported = field.presentation;
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            field = self.control.0.changed.wait_timeout(field, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn identify(&mut self, _patience: Duration) -> Result<Token, ReaderError> {
        match self.control.field().reported(self.reported)? {
            Kind::Card { uid } => card(uid),
            Kind::Document { zone, chip } => {
                chip.reset();
                match Mrz::parse(zone) {
                    Err(MrzError::Shape(_) | MrzError::Character { .. }) => {
                        Err(ReaderError::ZoneUnreadable("what is printed has not a zone's shape"))
                    }
                    _ => Ok(Token::Document { zone: zone.clone() }),
                }
            }
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        std::thread::sleep(self.latency);
        let answer = match self.control.field().reported(self.reported)? {
            Kind::Document { chip, .. } => chip.transmit(command),
            // INS not supported (ISO/IEC 7816-4, 5.6).
            Kind::Card { .. } => vec![0x6D, 0x00],
        };
        if answer.is_empty() { Err(ReaderError::NoAnswer) } else { Ok(Zeroizing::new(answer)) }
    }

    fn is_present(&mut self) -> bool {
        self.control.field().reported(self.reported).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn card_numbers_are_read_as_staff_write_them() {
        for text in ["04A1B2C3", "04:a1:b2:c3\n", " 04 A1-B2 C3"] {
            assert_eq!(parse_card_number(text).unwrap(), [0x04, 0xA1, 0xB2, 0xC3], "{text}");
        }
        for text in ["", "04A1B2", "04A1B2C", "04A1B2CX", "0102030405060708090A0B"] {
            assert!(parse_card_number(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_stays_is_reported_once_and_what_is_exchanged_again() {
        let mut reader = SimulatedReader::new();
        let control = reader.control();
        let now = Duration::ZERO;
        assert!(!reader.wait(now).unwrap());
        control.present(Presented::card(vec![4; 7]));
        assert!(reader.wait(now).unwrap());
        assert!(!reader.wait(now).unwrap());
        assert!(matches!(reader.identify(now), Ok(Token::Card { uid }) if uid == [4; 7]));
        assert!(reader.is_present());
        control.remove();
        assert!(!reader.is_present());
        assert!(matches!(reader.identify(now), Err(ReaderError::Removed)));
        control.present(Presented::card(vec![5; 4]));
        assert!(!reader.is_present(), "another one, not reported yet");
        let hand = std::thread::spawn(move || control.present(Presented::card(vec![6; 4])));
        assert!(reader.wait(Duration::from_secs(20)).unwrap());
        hand.join().unwrap();
        reader.wait(now).unwrap();
        assert!(matches!(reader.identify(now), Ok(Token::Card { uid }) if uid == [6; 4]));
    }
}
