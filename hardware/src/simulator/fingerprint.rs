//! A fingerprint sensor that shows what somebody sends it: the bytes are those of libfprint's virtual image device, so
//! that the same [`VirtualFinger`] can be placed on either.
//!
//! libfprint listens at the socket that `FP_VIRTUAL_IMAGE` names. Two numbers, 32 bits in the machine's own order, begin
//! each message: the sides of a picture, followed by its gray bytes; or, where the first is negative, an order.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use crate::fingerprint::{FingerprintSensor, Guidance, Impression, Pixels, SensorError};

/// Longest side that libfprint's virtual device takes, in pixels.
const SIDE_PX_MAX: i32 = 5_000;
/// How long nothing is looked at while a message is waited for.
const PAUSE: Duration = Duration::from_millis(2);

// What negative numbers order (libfprint's virtual-image.c).
const RETRY: i32 = -1;
const FAIL: i32 = -2;
const AUTOMATIC: i32 = -3;
const TOUCH: i32 = -4;

/// What is sent to a virtual sensor.
#[derive(PartialEq, Eq)]
pub enum Message {
    /// A picture.
    Picture {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// A byte a pixel, rows from above.
        gray: Zeroizing<Vec<u8>>,
    },
    /// The finger is to be placed again, by libfprint's number of the reason.
    Retry(i32),
    /// The sensor fails, by libfprint's number of the error.
    Fail(i32),
    /// Whether a picture alone says that a finger came and went; at first it does.
    Automatic(bool),
    /// A finger comes or goes.
    Touch(bool),
}

/// Bytes that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no message of a virtual finger: {0} and {1}, where sides of 1 to {SIDE_PX_MAX} or an order are due")]
pub struct NoMessage(i32, i32);

impl Message {
    /// The first message in these bytes and its length; `None` where its rest is still to come.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, NoMessage> {
        let Some((first, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
        let Some((second, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let (first, second) = (i32::from_ne_bytes(*first), i32::from_ne_bytes(*second));
        let order = match first {
            RETRY => Self::Retry(second),
            FAIL => Self::Fail(second),
            AUTOMATIC => Self::Automatic(second != 0),
            TOUCH => Self::Touch(second != 0),
            _ => {
                let sides = 1..=SIDE_PX_MAX;
                if !sides.contains(&first) || !sides.contains(&second) {
                    return Err(NoMessage(first, second));
                }
                let (width, height) = (first.unsigned_abs(), second.unsigned_abs());
                let length = width as usize * height as usize;
                let Some(gray) = rest.get(..length) else { return Ok(None) };
                let gray = Zeroizing::new(gray.to_vec());
                return Ok(Some((Self::Picture { width, height, gray }, 8 + length)));
            }
        };
        Ok(Some((order, 8)))
    }

    /// As bytes.
    pub fn write(&self) -> Zeroizing<Vec<u8>> {
        let (first, second, gray) = match self {
            Self::Picture { width, height, gray } => (*width as i32, *height as i32, &gray[..]),
            Self::Retry(reason) => (RETRY, *reason, &[][..]),
            Self::Fail(error) => (FAIL, *error, &[][..]),
            Self::Automatic(on) => (AUTOMATIC, i32::from(*on), &[][..]),
            Self::Touch(on) => (TOUCH, i32::from(*on), &[][..]),
        };
        Zeroizing::new([&first.to_ne_bytes(), &second.to_ne_bytes(), gray].concat())
    }
}

/// Places fingers on a virtual sensor, libfprint's or [`VirtualSensor`].
pub struct VirtualFinger(UnixStream);

impl VirtualFinger {
    /// Finds the sensor that listens at this socket.
    pub fn at(socket: &Path) -> io::Result<Self> {
        UnixStream::connect(socket).map(Self)
    }

    /// Sends it something.
    pub fn send(&mut self, message: &Message) -> io::Result<()> {
        self.0.write_all(&message.write())
    }
}

/// A virtual sensor of our own, where libfprint is not wanted.
pub struct VirtualSensor {
    name: String,
    socket: PathBuf,
    listener: UnixListener,
    connected: Option<Connection>,
    dpi: f64,
}

struct Connection {
    stream: UnixStream,
    /// What came and is not yet a whole message.
    bytes: Zeroizing<Vec<u8>>,
    automatic: bool,
    touched: bool,
}

impl VirtualSensor {
    /// Listens at this socket for pictures of this resolution, in pixels an inch.
    pub fn listen(socket: &Path, dpi: f64) -> Result<Self, SensorError> {
        let name = format!("virtual sensor {}", socket.display());
        let listener = UnixListener::bind(socket).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        match listener {
            Ok(listener) => Ok(Self { name, socket: socket.to_owned(), listener, connected: None, dpi }),
            Err(error) => Err(SensorError::Open { name, why: error.to_string() }),
        }
    }

    /// The next message, if one has come whole.
    fn message(&mut self) -> io::Result<Option<Message>> {
        if self.connected.is_none() {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(true)?;
                    let bytes = Zeroizing::default();
                    self.connected = Some(Connection { stream, bytes, automatic: true, touched: false });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let Some(connection) = &mut self.connected else { return Ok(None) };
        match connection.message() {
            Ok(message) => Ok(message),
            Err(error) => {
                // Gone, or it did not play fair: libfprint hangs up as well, and waits for the next one.
                tracing::info!(sensor = self.name, %error, "a virtual finger is gone");
                self.connected = None;
                Ok(None)
            }
        }
    }
}

impl Connection {
    fn message(&mut self) -> io::Result<Option<Message>> {
        let mut part = Zeroizing::new([0; 1 << 14]);
        loop {
            if let Some((message, length)) = Message::parse(&self.bytes).map_err(io::Error::other)? {
                self.bytes.drain(..length);
                return Ok(Some(message));
            }
            match self.stream.read(&mut part[..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // Growing leaves copies behind, so a whole picture gets its room at once.
                Ok(length) => append(&mut self.bytes, &part[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Appends without leaving a copy in memory that is given back.
fn append(bytes: &mut Zeroizing<Vec<u8>>, part: &[u8]) {
    let needed = bytes.len() + part.len();
    if needed > bytes.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * needed));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    bytes.extend_from_slice(part);
}

impl Drop for VirtualSensor {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

impl FingerprintSensor for VirtualSensor {
    fn name(&self) -> &str {
        &self.name
    }

    fn capture(&mut self, patience: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError> {
        let deadline = Instant::now().checked_add(patience);
        let lost = |name: &str, why: String| SensorError::Lost { name: name.to_owned(), why };
        guide(Guidance::Place);
        loop {
            let message = self.message().map_err(|error| lost(&self.name, error.to_string()))?;
            let (Some(message), Some(connection)) = (message, &mut self.connected) else {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Err(SensorError::NoFinger { name: self.name.clone() });
                }
                sleep(PAUSE);
                continue;
            };
            match message {
                Message::Picture { width, height, gray } if connection.automatic || connection.touched => {
                    guide(Guidance::Lift);
                    let pixels = Pixels::Gray { width, height, bytes: gray };
                    return Ok(Impression { pixels, dpi: Some(self.dpi), taken: Instant::now() });
                }
                // A picture of no finger.
                Message::Picture { .. } => {}
                Message::Retry(reason) => guide(match reason {
                    1 => Guidance::TooShort,
                    2 => Guidance::Center,
                    3 => Guidance::Lift,
                    _ => Guidance::Again,
                }),
                Message::Fail(error) => return Err(lost(&self.name, format!("error {error}"))),
                Message::Automatic(on) => connection.automatic = on,
                Message::Touch(on) => connection.touched = on,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn picture(width: u32, height: u32) -> Message {
        let gray = (0..width * height).map(|at| (at % 253) as u8).collect();
        Message::Picture { width, height, gray: Zeroizing::new(gray) }
    }

    #[test]
    fn messages_are_read_as_they_are_written() {
        let orders = [Message::Retry(2), Message::Fail(0x100), Message::Automatic(false), Message::Touch(true)];
        for message in orders.into_iter().chain([picture(3, 2)]) {
            let bytes = message.write();
            for end in 0..bytes.len() {
                assert!(Message::parse(&bytes[..end]).unwrap().is_none());
            }
            let more = [&bytes[..], &[9, 9]].concat();
            assert!(Message::parse(&more).unwrap() == Some((message, bytes.len())));
        }
        let impossible = [[0, 10], [10, 0], [5_001, 1], [-5, 1], [10, -1]];
        for [first, second] in impossible {
            let bytes = [i32::to_ne_bytes(first), i32::to_ne_bytes(second)].concat();
            assert_eq!(Message::parse(&bytes).err(), Some(NoMessage(first, second)));
        }
    }

    #[test]
    fn fingers_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("finger");
        let mut sensor = VirtualSensor::listen(&socket, 500.0).unwrap();
        assert!(matches!(VirtualSensor::listen(&socket, 500.0), Err(SensorError::Open { .. })));
        let mut said = Vec::new();
        let nobody = sensor.capture(Duration::ZERO, &mut |guidance| said.push(guidance));
        assert!(matches!(nobody, Err(SensorError::NoFinger { .. })));

        let mut finger = VirtualFinger::at(&socket).unwrap();
        for message in [Message::Retry(1), Message::Retry(2), picture(60, 70), Message::Automatic(false), picture(8, 8)]
        {
            finger.send(&message).unwrap();
        }
        let mut capture = || sensor.capture(Duration::from_secs(60), &mut |guidance| said.push(guidance));
        let first = capture().unwrap();
        assert!(matches!(first.pixels, Pixels::Gray { width: 60, height: 70, .. }) && first.dpi == Some(500.0));
        for message in [Message::Touch(true), picture(9, 9), Message::Touch(false), Message::Fail(0)] {
            finger.send(&message).unwrap();
        }
        // The one that nobody's finger made is passed over.
        assert!(matches!(capture().unwrap().pixels, Pixels::Gray { width: 9, height: 9, .. }));
        assert!(matches!(capture(), Err(SensorError::Lost { .. })));

        // One that does not play fair is hung up on, and the next is let in.
        finger.send(&Message::Retry(3)).unwrap();
        finger.0.write_all(&[0x7F; 8]).unwrap();
        let mut next = VirtualFinger::at(&socket).unwrap();
        next.send(&picture(61, 62)).unwrap();
        assert!(matches!(capture().unwrap().pixels, Pixels::Gray { width: 61, .. }));
        use Guidance::{Center, Lift, Place, TooShort};
        assert_eq!(said, [Place, Place, TooShort, Center, Lift, Place, Lift, Place, Place, Lift, Lift]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_messages_or_not(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(Some((message, length))) = Message::parse(&bytes) {
                prop_assert!(bytes.starts_with(&message.write()[..4]) && length <= bytes.len());
            }
        }
    }
}
