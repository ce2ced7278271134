//! Document readers: what travelers lay down, an electronic travel document or a card, as APDUs.

pub mod credentials;
mod pcsc;
pub mod report;
pub mod zone;

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

pub use self::{
    pcsc::PcscReader,
    zone::{SerialZoneReader, ZoneSource},
};

/// What lies on the reader.
pub enum Token {
    /// An electronic travel document.
    Document {
        /// Its printed zone as read: of a zone's shape, its check digits not necessarily right.
        zone: Zeroizing<String>,
    },
    /// A card without the eMRTD application.
    Card {
        /// Its number, 4 to 10 bytes.
        uid: Vec<u8>,
    },
}

/// Without content: a zone is personal, a card's number stands for its holder.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document { .. } => "Document(..)",
            Self::Card { .. } => "Card(..)",
        })
    }
}

/// Why a reader gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderError {
    /// The reader itself. It is tried again at the next call.
    #[error("the reader `{name}` is not available ({why}): check its cable and power, pcscd, and [devices]")]
    Unavailable {
        /// Which: a reader's name or a line's path.
        name: String,
        /// What went wrong.
        why: String,
    },
    /// What lay there was taken away.
    #[error("the document was taken from the reader: lay it down again and leave it there")]
    Removed,
    /// It lies there, but its chip says nothing.
    #[error("the chip stopped answering: lay the document down again and leave it there")]
    NoAnswer,
    /// Nothing came from the printed page, or nothing of a zone's shape.
    #[error("the printed zone cannot be read ({0}): lay the page flat on the reader")]
    ZoneUnreadable(&'static str),
    /// Neither a travel document nor a card that can be recognized again.
    #[error("what lies on the reader cannot be used ({0}): lay down a passport or an enrolled card, alone")]
    Unknown(&'static str),
}

/// A reader on which documents and cards are laid.
pub trait DocumentReader: Send {
    /// Waits until something is newly laid down; what stays there is reported once.
    fn wait(&mut self, patience: Duration) -> Result<bool, ReaderError>;
    /// Says what it is. For a document this waits for its printed zone. The chip is fresh afterwards: nothing
    /// selected, no session.
    fn identify(&mut self, patience: Duration) -> Result<Token, ReaderError>;
    /// Sends one command APDU and gives the response with its status word.
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError>;
    /// Whether it still lies there.
    fn is_present(&mut self) -> bool;
}

/// A card by its number, if the number can stand for the card: 4, 7 or 10 bytes of ISO/IEC 14443-3, 8 of ISO/IEC
/// 15693; four bytes that begin with 08 are drawn anew at each power-up (ISO/IEC 14443-3, 6.5.4).
pub(crate) fn card(uid: &[u8]) -> Result<Token, ReaderError> {
    match uid {
        [] => Err(ReaderError::Unknown("no travel document, and it tells no number")),
        [0x08, _, _, _] => Err(ReaderError::Unknown("its number is another one each time")),
        _ if (4..=10).contains(&uid.len()) => Ok(Token::Card { uid: uid.to_vec() }),
        _ => Err(ReaderError::Unknown("its number has not 4 to 10 bytes")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_a_lasting_number_makes_a_card() {
        for length in [4, 7, 8, 10] {
            assert!(matches!(card(&vec![0x04; length]), Ok(Token::Card { uid }) if uid.len() == length));
        }
        for uid in [&[][..], &[1, 2, 3], &[4; 11], &[0x08, 1, 2, 3]] {
            assert!(matches!(card(uid), Err(ReaderError::Unknown(_))), "{uid:?}");
        }
        let zone = Zeroizing::new("P<UTOERIKSSON".to_owned());
        assert!(!format!("{:?}", Token::Document { zone }).contains("ERIKSSON"));
    }
}
