//! A card in the virtual reader `vpcd` (Debian's `vsmartcard-vpcd`), which lends it to every program that speaks PC/SC.
//!
//! The virtual reader is a driver of `pcscd` that listens on TCP; whoever connects is the card in its slot. Each message
//! is two bytes of length, greatest byte first, and a body. The reader sends one byte of control, of which only the
//! request for the ATR is answered, or a command APDU, which is answered with a response APDU.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sallyport_emrtd::chip::Chip;

/// The port of the virtual reader's first slot as Debian configures it; the second slot's is one more.
pub const PORT: u16 = 35_963;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// Historical bytes that fit an ATR (ISO/IEC 7816-3, 8.2.4).
const HISTORICAL_BYTES_MAX: usize = 15;
/// How soon a stop is noticed while the reader says nothing.
const STOP_WITHIN: Duration = Duration::from_millis(20);
/// How long the reader may take to connect, or to take an answer.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// What lies in the reader.
pub trait Card {
    /// Answers one command APDU. An empty answer stands for a card that says nothing.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;
    /// The field goes off or on: all state but the files is lost.
    fn reset(&mut self);
    /// Answer to reset.
    fn atr(&self) -> Vec<u8> {
        contactless_atr(&[])
    }
}

impl Card for Chip {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        Chip::transmit(self, command)
    }

    fn reset(&mut self) {
        Chip::reset(self);
    }
}

/// The ATR that a contactless reader makes up for a card of ISO/IEC 14443-4 with these historical bytes (PC/SC part 3,
/// 3.1.3.2.3.1). Only the first fifteen fit.
pub fn contactless_atr(historical: &[u8]) -> Vec<u8> {
    let historical = &historical[..historical.len().min(HISTORICAL_BYTES_MAX)];
    let mut atr = vec![0x3B, 0x80 | historical.len() as u8, 0x80, 0x01];
    atr.extend_from_slice(historical);
    let check = atr.iter().skip(1).fold(0, |check, byte| check ^ byte);
    atr.push(check);
    atr
}

/// How serving ended without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The caller took the card away.
    Removed,
    /// The reader closed the line: `pcscd` was stopped.
    ReaderClosed,
}

/// Why the card is no longer in the reader.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VpcdError {
    /// Nobody listens.
    #[error(
        "no virtual reader at {address} ({source}): install vsmartcard-vpcd, start pcscd, and check the port in \
         /etc/reader.conf.d/vpcd"
    )]
    NoReader {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The line broke.
    #[error("the line to the virtual reader broke ({0}): start pcscd again, then lay the card down again")]
    Line(#[from] io::Error),
    /// This is another protocol.
    #[error("the other side is no virtual reader ({0}): check that the port is the one of vpcd")]
    Protocol(&'static str),
    /// The card said more than a message holds.
    #[error("the card's answer of {0} bytes does not fit the virtual reader's messages of 65535: let it answer less")]
    AnswerTooLong(usize),
}

/// Lays the card into the slot at this address and serves it until `stop` is set or the reader goes. Once `stop` is set
/// nothing more is said: a card that sets it while it answers is gone with that answer. To come back after an end or
/// an error is the caller's choice.
pub fn serve(card: &mut dyn Card, address: SocketAddr, stop: &AtomicBool) -> Result<End, VpcdError> {
    let mut line = TcpStream::connect_timeout(&address, READER_PATIENCE)
        .map_err(|source| VpcdError::NoReader { address, source })?;
    line.set_nodelay(true)?;
    line.set_read_timeout(Some(STOP_WITHIN))?;
    line.set_write_timeout(Some(READER_PATIENCE))?;
    let mut messages = Messages::default();
    let mut buffer = [0; 4_096];
    loop {
        while let Some(message) = messages.next_message()? {
            let answer = answer(card, &message)?;
            if stop.load(Ordering::Relaxed) {
                return Ok(End::Removed);
            }
            if let Some(answer) = answer {
                line.write_all(&answer)?;
            }
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(End::Removed);
        }
        match line.read(&mut buffer) {
            Ok(0) => return Ok(End::ReaderClosed),
            Ok(count) => messages.feed(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(End::ReaderClosed),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What the card says to one message of the reader, as a message, if it says anything.
pub fn answer(card: &mut dyn Card, message: &[u8]) -> Result<Option<Vec<u8>>, VpcdError> {
    let body = match message {
        [GET_ATR] => card.atr(),
        [POWER_OFF | POWER_ON | RESET] => {
            card.reset();
            return Ok(None);
        }
        [_] => return Err(VpcdError::Protocol("an unknown control byte")),
        command => card.transmit(command),
    };
    let length = u16::try_from(body.len()).map_err(|_| VpcdError::AnswerTooLong(body.len()))?;
    Ok(Some([&length.to_be_bytes()[..], &body].concat()))
}

/// Messages out of a stream of bytes. It holds what came and no more, whatever length is claimed.
#[derive(Default)]
pub struct Messages {
    received: Vec<u8>,
}

impl Messages {
    /// Takes bytes from the line.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next whole message.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, VpcdError> {
        let Some((length, rest)) = self.received.split_first_chunk::<2>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 {
            return Err(VpcdError::Protocol("a message without content"));
        }
        let Some(message) = rest.get(..length) else { return Ok(None) };
        let message = message.to_vec();
        self.received.drain(..2 + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{net::TcpListener, sync::Arc, thread};

    use proptest::prelude::*;

    use super::*;

    /// Answers a command with itself and 9000; counts resets.
    #[derive(Default)]
    struct Echo {
        resets: usize,
        answer_bytes: Option<usize>,
        stop: Option<Arc<AtomicBool>>,
    }

    impl Card for Echo {
        fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
            if let Some(stop) = &self.stop {
                stop.store(true, Ordering::Relaxed);
            }
            match self.answer_bytes {
                Some(count) => vec![0; count],
                None => [command, &[0x90, 0]].concat(),
            }
        }

        fn reset(&mut self) {
            self.resets += 1;
        }
    }

    fn message(body: &[u8]) -> Vec<u8> {
        [&(body.len() as u16).to_be_bytes()[..], body].concat()
    }

    fn receive(line: &mut TcpStream) -> Vec<u8> {
        let mut length = [0; 2];
        line.read_exact(&mut length).unwrap();
        let mut body = vec![0; usize::from(u16::from_be_bytes(length))];
        line.read_exact(&mut body).unwrap();
        body
    }

    type Served = thread::JoinHandle<(Result<End, VpcdError>, Echo)>;

    /// The card on a thread, and the reader's end of its line.
    fn laid(mut card: Echo, stop: Arc<AtomicBool>) -> (TcpStream, Served) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = thread::spawn(move || (serve(&mut card, address, &stop), card));
        let (line, _) = listener.accept().unwrap();
        (line, served)
    }

    #[test]
    fn atrs_are_those_of_contactless_readers() {
        assert_eq!(contactless_atr(&[]), [0x3B, 0x80, 0x80, 0x01, 0x01]);
        // PC/SC part 3, 3.1.3.2.3.1 applied to the historical bytes of a German identity card (BSI TR-03105).
        let historical = [0x80, 0x31, 0xF8, 0x73, 0xF7, 0x41, 0xE0, 0x82, 0x90, 0x00];
        assert_eq!(hex::encode_upper(contactless_atr(&historical)), "3B8A80018031F873F741E082900075");
        let long = contactless_atr(&[7; 40]);
        assert_eq!((long.len(), long[1]), (20, 0x8F));
        assert_eq!(long[1..].iter().fold(0, |check, byte| check ^ byte), 0);
    }

    #[test]
    fn control_and_commands_in_pieces_and_together() {
        let stop = Arc::new(AtomicBool::new(false));
        let (mut line, served) = laid(Echo::default(), Arc::clone(&stop));
        line.write_all(&[message(&[POWER_ON]), message(&[GET_ATR])].concat()).unwrap();
        assert_eq!(receive(&mut line), contactless_atr(&[]));
        for byte in message(&[0, 0xA4, 4, 0x0C]) {
            line.write_all(&[byte]).unwrap();
            line.flush().unwrap();
        }
        assert_eq!(receive(&mut line), [0, 0xA4, 4, 0x0C, 0x90, 0]);
        let long = vec![7; 40_000];
        line.write_all(&[message(&long), message(&[RESET]), message(&[POWER_OFF])].concat()).unwrap();
        assert_eq!(receive(&mut line).len(), 40_002);
        drop(line);
        let (end, card) = served.join().unwrap();
        assert_eq!((end.unwrap(), card.resets), (End::ReaderClosed, 3));
    }

    #[test]
    fn a_card_is_taken_away_in_silence_and_in_the_middle_of_an_answer() {
        let stop = Arc::new(AtomicBool::new(false));
        let (line, served) = laid(Echo::default(), Arc::clone(&stop));
        stop.store(true, Ordering::Relaxed);
        assert_eq!(served.join().unwrap().0.unwrap(), End::Removed);
        drop(line);

        let stop = Arc::new(AtomicBool::new(false));
        let (mut line, served) = laid(Echo { stop: Some(Arc::clone(&stop)), ..Echo::default() }, stop);
        line.write_all(&message(&[0, 0xB0, 0, 0, 8])).unwrap();
        assert_eq!(served.join().unwrap().0.unwrap(), End::Removed);
        assert_eq!(line.read(&mut [0; 8]).unwrap(), 0, "an answer came");
    }

    #[test]
    fn faults_of_either_side_have_names() {
        for (sent, fault) in [(&[0, 0][..], "without content"), (&[0, 1, 3], "control byte")] {
            let (mut line, served) = laid(Echo::default(), Arc::default());
            line.write_all(sent).unwrap();
            let error = served.join().unwrap().0.unwrap_err();
            assert!(matches!(error, VpcdError::Protocol(what) if what.contains(fault)), "{error}");
        }
        let (mut line, served) = laid(Echo { answer_bytes: Some(65_536), ..Echo::default() }, Arc::default());
        line.write_all(&message(&[0, 0xB0, 0, 0, 0])).unwrap();
        assert!(matches!(served.join().unwrap().0, Err(VpcdError::AnswerTooLong(65_536))));
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = serve(&mut Echo::default(), nobody, &AtomicBool::new(false)).unwrap_err();
        assert!(error.to_string().contains("start pcscd"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_of_the_reader_get_a_whole_message_or_an_error(
            bytes in prop::collection::vec(prop_oneof![2 => 0u8..6, 1 => any::<u8>()], 0..600),
        ) {
            let mut messages = Messages::default();
            messages.feed(&bytes);
            while let Ok(Some(message)) = messages.next_message() {
                if let Ok(Some(answer)) = answer(&mut Echo::default(), &message) {
                    let (length, body) = answer.split_first_chunk().unwrap();
                    prop_assert_eq!(usize::from(u16::from_be_bytes(*length)), body.len());
                }
            }
            prop_assert!(messages.received.len() <= bytes.len());
        }

        #[test]
        fn messages_come_out_as_they_went_in_whatever_the_pieces(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..8),
            piece in 1usize..400,
        ) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| message(body)).collect();
            let mut messages = Messages::default();
            let mut found = Vec::new();
            for piece in stream.chunks(piece) {
                messages.feed(piece);
                while let Some(message) = messages.next_message().unwrap() {
                    found.push(message);
                }
            }
            prop_assert_eq!(found, bodies);
            prop_assert!(messages.received.is_empty());
        }
    }
}
