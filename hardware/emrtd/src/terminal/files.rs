//! Selecting and reading elementary files (Doc 9303-10, 3.6; ISO/IEC 7816-4, 11.2 and 11.3).

use zeroize::Zeroizing;

use super::{Progress, TerminalError, line::Session};
use crate::{
    apdu::{Command, Response, SHORT_RESPONSE_BYTES_MAX, status},
    secure::SecureError,
    tlv,
};

/// The largest file accepted. Portraits take 8 to 25 kB; several faces or fingers a few times that.
const FILE_BYTES_MAX: usize = 1 << 20;
/// The largest of those that hold no image: nobody checked who wrote them before they are computed with.
const STRUCTURE_BYTES_MAX: usize = 1 << 16;
/// READ BINARY with an even instruction reaches no further (15-bit offset, ISO/IEC 7816-4, 11.3.3).
const EVEN_OFFSET_MAX: usize = 0x7FFF;
/// An answer to the odd instruction wraps its data in an object `53` of at most this header.
const DISCRETIONARY_HEADER_BYTES: usize = 4;
/// Reads that chips of the field accept, tried one after another when a larger one fails: what fits a short answer with
/// AES, which most terminals ask for, and what every chip accepts.
const CAUTIOUS_READ_BYTES: [usize; 2] = [223, 160];

/// An elementary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct File {
    /// File identifier.
    pub(crate) identifier: u16,
    /// Short file identifier; where it is none of 1 to 30 the file has none (ISO/IEC 7816-4, 7.3.2).
    pub(crate) short: u8,
}

impl File {
    /// EF.CardAccess (Doc 9303-10, 3.11.3).
    pub(crate) const CARD_ACCESS: Self = Self { identifier: 0x011C, short: 0x1C };
    /// EF.CardSecurity (Doc 9303-10, 3.11.4).
    pub(crate) const CARD_SECURITY: Self = Self { identifier: 0x011D, short: 0x1D };
    /// EF.ATR/INFO (Doc 9303-10, 3.11.1).
    pub(crate) const ATR_INFO: Self = Self { identifier: 0x2F01, short: 0x01 };
    /// EF.DIR (Doc 9303-10, 3.11.2).
    pub(crate) const DIR: Self = Self { identifier: 0x2F00, short: 0x1E };
    /// EF.CVCA of the application (BSI TR-03110-3, A.2.1.1).
    pub(crate) const CVCA: Self = Self { identifier: 0x011C, short: 0x1C };
    /// EF.COM (Doc 9303-10, 4.6.1).
    pub(crate) const COM: Self = Self { identifier: 0x011E, short: 0x1E };
    /// EF.SOD (Doc 9303-10, 4.6.2).
    pub(crate) const SOD: Self = Self { identifier: 0x011D, short: 0x1D };

    /// A data group (Doc 9303-10, table 38).
    pub(crate) fn group(group: u8) -> Self {
        Self { identifier: 0x0100 | u16::from(group), short: group }
    }

    fn bytes_max(self) -> usize {
        let structures = [Self::COM, Self::SOD, Self::CARD_ACCESS, Self::ATR_INFO, Self::DIR];
        if structures.contains(&self) || [14, 15].map(Self::group).contains(&self) {
            STRUCTURE_BYTES_MAX
        } else {
            FILE_BYTES_MAX
        }
    }
}

/// What became of a file.
pub(super) enum Found {
    /// All of it.
    File(Zeroizing<Vec<u8>>),
    /// The chip does not give it; its status word.
    Refused(u16),
}

/// How files are read from this chip, learned while reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    /// Most bytes of a response, status word not counted; above 256 the extended form is used.
    pub(super) response_bytes: usize,
    /// Whether a file is selected by its short identifier while reading it, which spares a command.
    pub(super) short_identifiers: bool,
    /// Most bytes asked for at once, if the chip gave less than fits.
    read_bytes: usize,
}

/// What the chip may have stumbled over when it broke the channel; the next try does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspect {
    ExtendedLength,
    ShortIdentifier,
    /// This many bytes are asked for instead.
    ReadLength(usize),
    /// A file that it refused, and will not be asked for again.
    Refusal,
    ChipAuthentication,
    ActiveAuthentication,
    TerminalAuthentication,
}

impl Manner {
    pub(super) fn new(response_bytes: usize) -> Self {
        Self { response_bytes, short_identifiers: true, read_bytes: usize::MAX }
    }

    /// As every chip of the field accepts it.
    pub(super) fn cautious() -> Self {
        let read_bytes = CAUTIOUS_READ_BYTES.into_iter().min().unwrap_or(SHORT_RESPONSE_BYTES_MAX);
        Self { response_bytes: SHORT_RESPONSE_BYTES_MAX, short_identifiers: false, read_bytes }
    }

    /// Does without this from now on.
    pub(super) fn concede(&mut self, suspect: Suspect) {
        match suspect {
            Suspect::ExtendedLength => self.response_bytes = SHORT_RESPONSE_BYTES_MAX,
            Suspect::ShortIdentifier => self.short_identifiers = false,
            Suspect::ReadLength(less) => self.read_bytes = less,
            // What is not about reading is the procedure's.
            _ => {}
        }
    }

    /// Whether the chip takes the extended form.
    pub(super) fn extended(&self) -> bool {
        self.response_bytes > SHORT_RESPONSE_BYTES_MAX
    }

    /// How much is asked for at once.
    fn chunk(&self, session: &Session) -> usize {
        let fits = match &session.channel {
            Some(channel) => channel.capacity(self.response_bytes),
            None => self.response_bytes,
        };
        fits.min(self.read_bytes).max(1)
    }

    fn next_suspect(&self, session: &Session) -> Option<Suspect> {
        if self.extended() {
            return Some(Suspect::ExtendedLength);
        }
        let chunk = self.chunk(session);
        CAUTIOUS_READ_BYTES.into_iter().find(|&less| less < chunk).map(Suspect::ReadLength)
    }
}

/// A file being read. The pieces are put together at the end, in one allocation of the file's own size: a length that
/// a chip states is only a claim.
#[derive(Default)]
struct Pieces {
    pieces: Vec<Zeroizing<Vec<u8>>>,
    bytes: usize,
}

impl Pieces {
    fn push(&mut self, piece: Zeroizing<Vec<u8>>) {
        self.bytes += piece.len();
        self.pieces.push(piece);
    }

    /// The first `total` bytes.
    fn join(self, total: usize) -> Zeroizing<Vec<u8>> {
        let mut whole = Zeroizing::new(Vec::with_capacity(total.min(self.bytes)));
        for piece in &self.pieces {
            let missing = total.saturating_sub(whole.len());
            whole.extend_from_slice(piece.split_at(piece.len().min(missing)).0);
        }
        whole
    }
}

/// Reads a whole file. On an error of the channel, `suspect` tells what to do without.
pub(super) async fn read(
    session: &mut Session,
    manner: &mut Manner,
    file: File,
    suspect: &mut Option<Suspect>,
) -> Result<Found, TerminalError> {
    let mut pieces = Pieces::default();
    let first = match first_piece(session, manner, file, suspect).await? {
        Ok(piece) => piece,
        Err(status) => return Ok(Found::Refused(status)),
    };
    let (_, start, length) = tlv::header(&first).map_err(|_| session.protocol("the file is no TLV"))?;
    let total = start.saturating_add(length);
    if total > file.bytes_max() {
        return Err(session.protocol("the file is longer than any of its kind"));
    }
    pieces.push(first);
    loop {
        session.line.report(Progress { stage: session.stage, bytes_read: pieces.bytes.min(total), bytes_total: total });
        if pieces.bytes >= total {
            return Ok(Found::File(pieces.join(total)));
        }
        let wanted = manner.chunk(session).min(total - pieces.bytes);
        *suspect = manner.next_suspect(session);
        let answer = read_at(session, pieces.bytes, wanted).await?;
        if answer.data.is_empty() {
            match manner.next_suspect(session) {
                Some(next) if answer.is_ok() || is_about_length(answer.status) => manner.concede(next),
                _ if answer.is_ok() || answer.status == status::WRONG_OFFSET => {
                    return Err(session.protocol("the file ends before the length that it states"));
                }
                _ => return Err(session.refused(answer.status)),
            }
            continue;
        }
        pieces.push(answer.data);
    }
}

/// The first bytes, by short identifier or after selecting; the status word if the chip does not give them.
async fn first_piece(
    session: &mut Session,
    manner: &mut Manner,
    file: File,
    suspect: &mut Option<Suspect>,
) -> Result<Result<Zeroizing<Vec<u8>>, u16>, TerminalError> {
    let has_short = (1..=30).contains(&file.short);
    if manner.short_identifiers && has_short {
        *suspect = Some(Suspect::ShortIdentifier);
        let wanted = manner.chunk(session);
        let read = Command::new([0, 0xB0, 0x80 | file.short, 0]).expecting(wanted);
        let answer = match session.send(&read).await {
            // A channel that broke over a long answer is not the identifier's fault.
            Err(TerminalError::Secure { source: SecureError::Unprotected(word), stage }) => {
                if is_about_length(word) {
                    *suspect = manner.next_suspect(session);
                }
                return Err(TerminalError::Secure { source: SecureError::Unprotected(word), stage });
            }
            other => other?,
        };
        if !answer.data.is_empty() {
            return Ok(Ok(answer.data));
        }
        if matches!(answer.status, status::FILE_NOT_FOUND | status::SECURITY_STATUS) {
            return Ok(Err(answer.status));
        }
        // Not understood, or the length was too much: select, then see.
    }
    let select = Command::new([0, 0xA4, 2, 0x0C]).data(file.identifier.to_be_bytes());
    let answer = session.send(&select).await?;
    // 62xx warns and selects.
    if !answer.is_ok() && answer.status >> 8 != 0x62 {
        return Ok(Err(answer.status));
    }
    *suspect = None;
    loop {
        *suspect = manner.next_suspect(session);
        let answer = read_at(session, 0, manner.chunk(session)).await?;
        if !answer.data.is_empty() {
            if has_short {
                // It could be read, only not by its short identifier.
                manner.short_identifiers = false;
            }
            return Ok(Ok(answer.data));
        }
        match manner.next_suspect(session) {
            Some(next) if answer.is_ok() || is_about_length(answer.status) => manner.concede(next),
            // An empty file is none.
            _ if answer.is_ok() => return Ok(Err(status::END_OF_FILE)),
            _ => return Ok(Err(answer.status)),
        }
    }
}

/// Bytes of the selected file: with the even instruction up to 32 kB, with the odd one beyond.
async fn read_at(session: &mut Session, offset: usize, wanted: usize) -> Result<Response, TerminalError> {
    if offset <= EVEN_OFFSET_MAX {
        let [high, low] = (offset as u16).to_be_bytes();
        return session.send(&Command::new([0, 0xB0, high, low]).expecting(wanted)).await;
    }
    let offset = (offset as u32).to_be_bytes();
    let significant = offset.iter().position(|&byte| byte != 0).unwrap_or(3).min(2);
    let command = Command::new([0, 0xB1, 0, 0])
        .data(tlv::object(0x54, &offset[significant..]))
        .expecting(wanted.saturating_sub(DISCRETIONARY_HEADER_BYTES).max(1) + DISCRETIONARY_HEADER_BYTES);
    let answer = session.send(&command).await?;
    if answer.data.is_empty() {
        return Ok(answer);
    }
    let (value, _) = tlv::expect(&answer.data, 0x53).map_err(|_| session.protocol("no object 53 in an odd read"))?;
    Ok(Response { data: Zeroizing::new(value.to_vec()), status: answer.status })
}

/// Statuses by which chips refuse a length.
fn is_about_length(word: u16) -> bool {
    matches!(word, status::WRONG_LENGTH | 0x6C00..=0x6CFF | 0x6F00 | status::CLASS_NOT_SUPPORTED)
        || matches!(word, status::WRONG_DATA | status::WRONG_PARAMETERS)
}
