//! Secure messaging (Doc 9303-11, 9.8): both ends of the channel, with 3DES or AES.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    apdu::{Command, SHORT_DATA_BYTES_MAX, split_status},
    crypto::suite::{Key, Purpose, Suite, unpad},
    tlv::{self, Tlv},
};

/// Padded data with a padding indicator, or without one where the instruction is odd (ISO/IEC 7816-4, 10.2).
const CRYPTOGRAM: u16 = 0x87;
const CRYPTOGRAM_OF_TLV: u16 = 0x85;
const EXPECTED_LENGTH: u16 = 0x97;
const STATUS: u16 = 0x99;
const CHECKSUM: u16 = 0x8E;
/// The class bits that say: secure messaging, header authenticated.
const SECURE_CLASS: u8 = 0x0C;
/// Status object (4 bytes) and checksum (10 bytes) of a response.
const RESPONSE_TRAILER_BYTES: usize = 14;

/// Why a protected message was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecureError {
    /// The MAC differs: another channel, a replay, or a changed message.
    #[error("the checksum of a protected message is wrong")]
    Checksum,
    /// Data objects are missing or misplaced.
    #[error("a protected message is malformed: {0}")]
    Malformed(&'static str),
    /// The other end answered without protection.
    #[error("the chip answered {0:04X} without secure messaging")]
    Unprotected(u16),
}

/// The keys of one channel.
pub struct Keys {
    pub(crate) suite: Suite,
    pub(crate) encryption: Key,
    pub(crate) mac: Key,
}

impl Keys {
    /// Derives both keys from a shared secret or seed (Doc 9303-11, 9.7.1).
    pub fn derive(suite: Suite, seed: &[u8]) -> Self {
        Self {
            suite,
            encryption: suite.derive_key(seed, Purpose::Encryption),
            mac: suite.derive_key(seed, Purpose::Mac),
        }
    }

    /// The block cipher.
    pub fn suite(&self) -> Suite {
        self.suite
    }
}

/// One end of a channel.
pub struct Channel {
    keys: Keys,
    /// The send sequence counter, in the lowest bytes as wide as a block.
    counter: u128,
}

impl Channel {
    /// A channel with these session keys, its counter at zero as after PACE and Chip Authentication (Doc 9303-11,
    /// 9.8.6.3).
    pub fn new(keys: Keys) -> Self {
        Self { keys, counter: 0 }
    }

    /// With this send sequence counter, as BAC agrees on one.
    pub fn with_counter(mut self, counter: u64) -> Self {
        self.counter = counter.into();
        self
    }

    /// The block cipher.
    pub fn suite(&self) -> Suite {
        self.keys.suite
    }

    /// How many bytes of plain data fit into a protected response of at most `bytes`, status word not counted.
    pub fn capacity(&self, bytes: usize) -> usize {
        let header = match bytes {
            0..=0x7F => 2,
            0x80..=0xFF => 3,
            0x100..=0xFFFF => 4,
            _ => 5,
        };
        // One byte of padding indicator; padding takes at least one more.
        let cryptogram = bytes.saturating_sub(RESPONSE_TRAILER_BYTES + header + 1);
        let block = self.keys.suite.block_bytes();
        (cryptogram / block * block).saturating_sub(1)
    }

    fn step(&mut self) {
        self.counter = self.counter.wrapping_add(1);
    }

    /// The counter as one block, as many bytes as the suite takes.
    fn counter_block(&self) -> ([u8; 16], usize) {
        (self.counter.to_be_bytes(), 16 - self.keys.suite.block_bytes())
    }

    /// Over the counter and these parts, each padded (Doc 9303-11, 9.8.6: CMAC takes the padded message, the retail
    /// MAC pads by itself).
    fn checksum(&self, header: &[u8], objects: &[u8]) -> [u8; 8] {
        let suite = self.keys.suite;
        let (counter, from) = self.counter_block();
        let mut message = counter[from..].to_vec();
        if !header.is_empty() {
            message.extend_from_slice(&suite.pad(header));
        }
        if suite == Suite::TripleDes {
            message.extend_from_slice(objects);
        } else if !objects.is_empty() {
            message.extend_from_slice(&suite.pad(objects));
        }
        suite.mac(&self.keys.mac, &message)
    }

    /// Zero with 3DES, the encrypted counter with AES (Doc 9303-11, 9.8.6.1 and .2).
    fn vector(&self) -> Zeroizing<Vec<u8>> {
        let suite = self.keys.suite;
        let zero = [0; 16];
        let zero = &zero[..suite.block_bytes()];
        match suite {
            Suite::TripleDes => Zeroizing::new(zero.to_vec()),
            _ => suite.encrypt(&self.keys.encryption, zero, &self.counter_block().0),
        }
    }

    fn seal(&self, data: &[u8]) -> Zeroizing<Vec<u8>> {
        self.keys.suite.encrypt(&self.keys.encryption, &self.vector(), &self.keys.suite.pad(data))
    }

    /// Opens the value of a cryptogram object, padding indicator included.
    fn unseal(&self, object: Tlv<'_>) -> Result<Zeroizing<Vec<u8>>, SecureError> {
        let cryptogram = match (object.tag, object.value) {
            (CRYPTOGRAM, [1, cryptogram @ ..]) | (CRYPTOGRAM_OF_TLV, cryptogram) => cryptogram,
            _ => return Err(SecureError::Malformed("padding indicator")),
        };
        if !cryptogram.len().is_multiple_of(self.keys.suite.block_bytes()) {
            return Err(SecureError::Malformed("cryptogram"));
        }
        let padded = self.keys.suite.decrypt(&self.keys.encryption, &self.vector(), cryptogram);
        let plain = unpad(&padded).ok_or(SecureError::Malformed("padding"))?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    /// Terminal: protects a command (Doc 9303-11, 9.8.4).
    pub fn protect(&mut self, command: &Command) -> Vec<u8> {
        self.step();
        let mut header = command.header;
        header[0] |= SECURE_CLASS;
        let mut objects = Vec::new();
        if !command.data.is_empty() {
            let cryptogram = self.seal(&command.data);
            match header[1] & 1 {
                0 => tlv::push(&mut objects, CRYPTOGRAM, &[&[1], &cryptogram[..]].concat()),
                _ => tlv::push(&mut objects, CRYPTOGRAM_OF_TLV, &cryptogram),
            }
        }
        let extended = command.is_extended();
        if let Some(expected) = command.expected {
            // Zero stands for the greatest, as in a plain command.
            let expected = (expected as u16).to_be_bytes();
            tlv::push(&mut objects, EXPECTED_LENGTH, if extended { &expected } else { &expected[1..] });
        }
        let checksum = self.checksum(&header, &objects);
        tlv::push(&mut objects, CHECKSUM, &checksum);
        let extended = extended || objects.len() > SHORT_DATA_BYTES_MAX;
        Command { header, data: objects, expected: Some(if extended { 65_536 } else { 256 }) }.encode(extended)
    }

    /// Terminal: checks and opens a response, status included. Gives data and status word. A response that is not
    /// protected leaves the counter as it is, as it does at the chip.
    pub fn open(&mut self, response: &[u8]) -> Result<(Zeroizing<Vec<u8>>, u16), SecureError> {
        let (body, status) = split_status(response).ok_or(SecureError::Malformed("response without status"))?;
        if body.is_empty() {
            return Err(SecureError::Unprotected(status));
        }
        let mut checked = Vec::with_capacity(body.len());
        let (mut data, mut protected_status, mut checksum) = (None, None, None);
        for object in tlv::objects(body) {
            let object = object.map_err(|_| SecureError::Malformed("data objects"))?;
            let slot = match object.tag {
                CRYPTOGRAM | CRYPTOGRAM_OF_TLV => &mut data,
                STATUS => &mut protected_status,
                CHECKSUM => &mut checksum,
                _ => return Err(SecureError::Malformed("unknown data object")),
            };
            if slot.replace(object).is_some() || (object.tag != CHECKSUM && checksum.is_some()) {
                return Err(SecureError::Malformed("a data object twice or after the checksum"));
            }
            if object.tag != CHECKSUM {
                checked.extend_from_slice(object.whole);
            }
        }
        self.step();
        let checksum = checksum.ok_or(SecureError::Malformed("no checksum"))?;
        if !bool::from(self.checksum(&[], &checked)[..].ct_eq(checksum.value)) {
            return Err(SecureError::Checksum);
        }
        let status = protected_status
            .and_then(|object| <[u8; 2]>::try_from(object.value).ok())
            .ok_or(SecureError::Malformed("no status object"))?;
        let plain = data.map_or_else(|| Ok(Zeroizing::default()), |object| self.unseal(object))?;
        Ok((plain, u16::from_be_bytes(status)))
    }

    /// Chip: checks and opens a protected command.
    pub fn open_command(&mut self, command: &Command) -> Result<Command, SecureError> {
        let mut checked = Vec::with_capacity(command.data.len());
        let (mut data, mut expected, mut checksum) = (None, None, None);
        for object in tlv::objects(&command.data) {
            let object = object.map_err(|_| SecureError::Malformed("data objects"))?;
            match (object.tag, object.value) {
                (CRYPTOGRAM | CRYPTOGRAM_OF_TLV, _) => data = Some(object),
                (EXPECTED_LENGTH, [low]) => expected = Some(greatest(usize::from(*low), 256)),
                (EXPECTED_LENGTH, [high, low]) => {
                    expected = Some(greatest(usize::from(u16::from_be_bytes([*high, *low])), 65_536));
                }
                (CHECKSUM, value) => {
                    checksum = Some(value);
                    continue;
                }
                _ => return Err(SecureError::Malformed("unknown data object")),
            }
            checked.extend_from_slice(object.whole);
        }
        self.step();
        let own = self.checksum(&command.header, &checked);
        if !checksum.is_some_and(|checksum| bool::from(own[..].ct_eq(checksum))) {
            return Err(SecureError::Checksum);
        }
        let data = data.map_or_else(|| Ok(Zeroizing::default()), |object| self.unseal(object))?;
        let mut header = command.header;
        header[0] &= !SECURE_CLASS;
        Ok(Command { header, data: data.to_vec(), expected })
    }

    /// Chip: protects a response to a command with this instruction.
    pub fn protect_response(&mut self, instruction: u8, data: &[u8], status: u16) -> Vec<u8> {
        self.step();
        let mut objects = Vec::with_capacity(data.len() + 64);
        if !data.is_empty() {
            let cryptogram = self.seal(data);
            match instruction & 1 {
                0 => tlv::push(&mut objects, CRYPTOGRAM, &[&[1], &cryptogram[..]].concat()),
                _ => tlv::push(&mut objects, CRYPTOGRAM_OF_TLV, &cryptogram),
            }
        }
        tlv::push(&mut objects, STATUS, &status.to_be_bytes());
        let checksum = self.checksum(&[], &objects);
        tlv::push(&mut objects, CHECKSUM, &checksum);
        objects.extend_from_slice(&status.to_be_bytes());
        objects
    }
}

fn greatest(value: usize, instead_of_zero: usize) -> usize {
    if value == 0 { instead_of_zero } else { value }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    // Doc 9303-11, appendix D.4: selecting and reading EF.COM.
    fn worked_example() -> Channel {
        let keys = Keys {
            suite: Suite::TripleDes,
            encryption: Zeroizing::new(bytes("979EC13B1CBFE9DCD01AB0FED307EAE5")),
            mac: Zeroizing::new(bytes("F1CB1F1FB5ADF208806B89DC579DC1F8")),
        };
        Channel::new(keys).with_counter(0x887022120C06C226)
    }

    #[test]
    fn the_worked_example_of_the_standard_byte_for_byte() {
        let mut channel = worked_example();
        let select = Command::new([0, 0xA4, 2, 0x0C]).data([1, 0x1E]);
        assert_eq!(channel.protect(&select), bytes("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"));
        let (data, status) = channel.open(&bytes("990290008E08FA855A5D4C50A8ED9000")).unwrap();
        assert!(data.is_empty());
        assert_eq!(status, 0x9000);
        let read = Command::new([0, 0xB0, 0, 0]).expecting(4);
        assert_eq!(channel.protect(&read), bytes("0CB000000D9701048E08ED6705417E96BA5500"));
        let (data, _) = channel.open(&bytes("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000")).unwrap();
        assert_eq!(*data, bytes("60145F01"));
        let read = Command::new([0, 0xB0, 0, 4]).expecting(0x12);
        assert_eq!(channel.protect(&read), bytes("0CB000040D9701128E082EA28A70F3C7B53500"));
        let (data, _) = channel
            .open(&bytes("871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000"))
            .unwrap();
        assert_eq!(*data, bytes("04303130365F36063034303030305C026175"));
    }

    #[test]
    fn a_changed_or_replayed_or_plain_answer_is_refused() {
        let good = bytes("990290008E08FA855A5D4C50A8ED9000");
        let select = Command::new([0, 0xA4, 2, 0x0C]).data([1, 0x1E]);
        for at in 0..good.len() - 2 {
            let mut channel = worked_example();
            channel.protect(&select);
            let mut changed = good.clone();
            changed[at] ^= 1;
            assert!(channel.open(&changed).is_err(), "byte {at}");
        }
        let mut channel = worked_example();
        channel.protect(&select);
        channel.open(&good).unwrap();
        assert_eq!(channel.open(&good), Err(SecureError::Checksum));
        assert_eq!(channel.open(&bytes("6A82")), Err(SecureError::Unprotected(0x6A82)));
    }

    fn pair(suite: Suite) -> (Channel, Channel) {
        let channel = || Channel::new(Keys::derive(suite, b"a secret that both ends agreed on"));
        (channel(), channel())
    }

    #[test]
    fn what_fits_a_response_fits_it_exactly() {
        for suite in Suite::ALL {
            for limit in [64, 140, 141, 200, 231, 255, 256, 272, 300, 1_024, 4_096, 65_535] {
                let (_, mut chip) = pair(suite);
                let most = chip.capacity(limit);
                let sealed = |chip: &mut Channel, bytes| chip.protect_response(0xB0, &vec![7; bytes], 0x9000).len() - 2;
                assert!(sealed(&mut chip, most) <= limit, "{suite:?} {limit}");
                assert!(sealed(&mut chip, most + 1) > limit, "{suite:?} {limit}");
            }
        }
        // The figures that terminals in the field use.
        assert_eq!((pair(Suite::TripleDes).0.capacity(256), pair(Suite::Aes128).0.capacity(256)), (0xE7, 0xDF));
    }

    proptest! {
        #[test]
        fn both_ends_understand_each_other_in_every_suite(
            suite in prop::sample::select(&Suite::ALL[..]),
            exchanges in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..400),
                prop::option::of(1usize..=65_536), prop::collection::vec(any::<u8>(), 0..400), any::<u16>()), 1..6),
        ) {
            let (mut terminal, mut chip) = pair(suite);
            for (instruction, data, expected, answer, status) in exchanges {
                let command = Command { header: [0, instruction, 1, 2], data, expected };
                let sent = Command::parse(&terminal.protect(&command)).unwrap();
                prop_assert!(chip.open_command(&sent).unwrap() == command);
                let received = chip.protect_response(instruction, &answer, status);
                let (opened, opened_status) = terminal.open(&received).unwrap();
                prop_assert_eq!((&opened[..], opened_status), (&answer[..], status));
            }
        }

        #[test]
        fn one_changed_bit_is_noticed_at_either_end(
            suite in prop::sample::select(&Suite::ALL[..]),
            data in prop::collection::vec(any::<u8>(), 0..60),
            at in any::<prop::sample::Index>(),
            bit in 0u8..8,
        ) {
            let (mut terminal, mut chip) = pair(suite);
            let command = Command { header: [0, 0xD6, 1, 2], data, expected: Some(9) };
            let mut sent = Command::parse(&terminal.protect(&command)).unwrap();
            let place = at.index(sent.data.len());
            sent.data[place] ^= 1 << bit;
            prop_assert!(chip.open_command(&sent).is_err());
            let (mut terminal, mut chip) = pair(suite);
            terminal.protect(&command);
            chip.step();
            let mut received = chip.protect_response(0xD6, &command.data, 0x9000);
            // The last two bytes are the unprotected status word, which nobody reads.
            let place = at.index(received.len() - 2);
            received[place] ^= 1 << bit;
            prop_assert!(terminal.open(&received).is_err());
        }

        #[test]
        fn random_answers_never_panic(suite in prop::sample::select(&Suite::ALL[..]), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let (mut terminal, mut chip) = pair(suite);
            let _ = terminal.open(&bytes);
            let _ = chip.open_command(&Command::new([0x0C, 0xB0, 0, 0]).data(bytes));
        }
    }
}
