//! Frames on the turnstile's line: STX, length (16 bits), sequence, kind, payload, CRC-16.
//!
//! Length counts sequence, kind and payload. The CRC is CRC-16/CCITT-FALSE (polynomial 1021, initial FFFF) over
//! length to payload. All numbers are big-endian. A receiver that loses its place looks for the next STX.

/// Start of a frame.
pub const STX: u8 = 0x02;
/// Longest payload, in bytes: anything longer is noise.
pub const PAYLOAD_BYTES_MAX: usize = 32;
const OVERHEAD: usize = 7;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Sequence of the command; an acknowledgment repeats it, events carry the device's own.
    pub sequence: u8,
    /// What it is.
    pub kind: u8,
    /// Its arguments.
    pub payload: Vec<u8>,
}

/// CRC-16/CCITT-FALSE.
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| crc << 1 ^ if crc & 0x8000 != 0 { 0x1021 } else { 0 })
    })
}

impl Frame {
    /// The frame's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![STX];
        out.extend_from_slice(&((self.payload.len() + 2) as u16).to_be_bytes());
        out.extend_from_slice(&[self.sequence, self.kind]);
        out.extend_from_slice(&self.payload);
        let crc = crc(&out[1..]);
        out.extend_from_slice(&crc.to_be_bytes());
        out
    }
}

/// Finds frames in a stream of bytes.
#[derive(Debug, Default)]
pub struct Parser {
    pending: Vec<u8>,
}

impl Parser {
    /// Takes bytes from the line.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next whole frame with a right checksum.
    pub fn next_frame(&mut self) -> Option<Frame> {
        loop {
            let start = self.pending.iter().position(|&byte| byte == STX).unwrap_or(self.pending.len());
            self.pending.drain(..start);
            let &[_, high, low, ..] = self.pending.as_slice() else { return None };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let total = length + OVERHEAD - 2;
            let plausible = (2..=PAYLOAD_BYTES_MAX + 2).contains(&length);
            if plausible && self.pending.len() < total {
                return None;
            }
            if plausible
                && let Some((body, sum)) = self.pending[..total].split_last_chunk::<2>()
                && crc(&body[1..]) == u16::from_be_bytes(*sum)
                && let [_, _, _, sequence, kind, payload @ ..] = body
            {
                let frame = Frame { sequence: *sequence, kind: *kind, payload: payload.to_vec() };
                self.pending.drain(..total);
                return Some(frame);
            }
            // Not a frame after all: go on behind this STX.
            self.pending.drain(..1);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_ccitt_false() {
        assert_eq!(crc(b"123456789"), 0x29B1);
    }

    proptest! {
        #[test]
        fn a_frame_is_found_after_noise_and_in_pieces(
            noise in prop::collection::vec(any::<u8>().prop_filter("no STX", |byte| *byte != STX), 0..40),
            sequence: u8, kind: u8,
            payload in prop::collection::vec(any::<u8>(), 0..PAYLOAD_BYTES_MAX),
            piece in 1usize..9,
        ) {
            let frame = Frame { sequence, kind, payload };
            let mut parser = Parser::default();
            let mut found = Vec::new();
            for bytes in [noise, frame.bytes(), frame.bytes()].concat().chunks(piece) {
                parser.feed(bytes);
                while let Some(next) = parser.next_frame() {
                    found.push(next);
                }
            }
            prop_assert_eq!(found, vec![frame.clone(), frame]);
        }

        #[test]
        fn one_flipped_bit_is_never_a_frame(at in 0usize..64, kind: u8, payload in prop::collection::vec(any::<u8>(), 0..4)) {
            let frame = Frame { sequence: 1, kind, payload };
            let mut bytes = frame.bytes();
            let bit = at % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut parser = Parser::default();
            parser.feed(&bytes);
            prop_assert_ne!(parser.next_frame(), Some(frame));
        }
    }
}
