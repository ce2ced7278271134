//! Secure messaging with 3DES (Doc 9303-11, 9.8): both ends of the channel.

use cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use des::{Des, TdesEde2};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::tlv;

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

/// The pair of 3DES keys of one channel, 16 bytes each.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    pub(crate) encryption: [u8; 16],
    pub(crate) mac: [u8; 16],
}

impl Keys {
    /// Derives both keys from a shared secret or seed (Doc 9303-11, 9.7.1; counters 1 and 2).
    pub fn derive(seed: &[u8]) -> Self {
        Self { encryption: derive(seed, 1), mac: derive(seed, 2) }
    }
}

fn derive(seed: &[u8], counter: u32) -> [u8; 16] {
    use sha1::{Digest, Sha1};
    let digest = Zeroizing::new(Sha1::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize().to_vec());
    let mut key = [0; 16];
    for (out, byte) in key.iter_mut().zip(digest.iter()) {
        // DES keys carry odd parity in the lowest bit.
        *out = (byte & 0xFE) | u8::from((byte & 0xFE).count_ones().is_multiple_of(2));
    }
    key
}

/// Adds `80 00 ..` up to a multiple of 8 (ISO/IEC 9797-1 method 2).
pub(crate) fn pad(data: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(data.len() + 8));
    padded.extend_from_slice(data);
    padded.push(0x80);
    let whole = padded.len().next_multiple_of(8);
    padded.resize(whole, 0);
    padded
}

fn unpad(data: &[u8]) -> Result<&[u8], SecureError> {
    let end = data.iter().rposition(|&byte| byte != 0).ok_or(SecureError::Malformed("padding"))?;
    if data[end] == 0x80 { Ok(&data[..end]) } else { Err(SecureError::Malformed("padding")) }
}

/// 3DES in CBC mode with a zero vector; `data` must be whole blocks.
pub(crate) fn encrypt(key: &[u8; 16], data: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut cipher = cbc::Encryptor::<TdesEde2>::new(key.into(), &[0; 8].into());
    let mut out = Zeroizing::new(data.to_vec());
    for block in out.chunks_exact_mut(8) {
        if let Ok(block) = <&mut Array<u8, _>>::try_from(block) {
            cipher.encrypt_block(block);
        }
    }
    out
}

/// The inverse of [`encrypt`].
pub(crate) fn decrypt(key: &[u8; 16], data: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut cipher = cbc::Decryptor::<TdesEde2>::new(key.into(), &[0; 8].into());
    let mut out = Zeroizing::new(data.to_vec());
    for block in out.chunks_exact_mut(8) {
        if let Ok(block) = <&mut Array<u8, _>>::try_from(block) {
            cipher.decrypt_block(block);
        }
    }
    out
}

/// Retail MAC over padded data (ISO/IEC 9797-1 MAC algorithm 3, padding method 2).
pub(crate) fn mac(key: &[u8; 16], data: &[u8]) -> [u8; 8] {
    let (first, second) = key.split_at(8);
    let cipher = |half: &[u8]| <&Array<u8, _>>::try_from(half).map(Des::new);
    let mut state = Array::from([0u8; 8]);
    if let (Ok(first), Ok(second)) = (cipher(first), cipher(second)) {
        for block in pad(data).chunks_exact(8) {
            for (byte, input) in state.iter_mut().zip(block) {
                *byte ^= input;
            }
            first.encrypt_block(&mut state);
        }
        second.decrypt_block(&mut state);
        first.encrypt_block(&mut state);
    }
    state.into()
}

/// A command before protection (ISO/IEC 7816-4, 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Class, instruction, P1, P2.
    pub header: [u8; 4],
    /// Command data, at most 255 bytes.
    pub data: Vec<u8>,
    /// Expected response length: 1..=256.
    pub expected: Option<u16>,
}

impl Command {
    /// The command's bytes in short form.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.header.to_vec();
        if !self.data.is_empty() {
            out.push(self.data.len() as u8);
            out.extend_from_slice(&self.data);
        }
        out.extend(self.expected.map(|length| length as u8));
        out
    }

    /// Reads a short command.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&header, body) = bytes.split_first_chunk::<4>()?;
        let expected = |byte: u8| Some(if byte == 0 { 256 } else { u16::from(byte) });
        match body {
            [] => Some(Self { header, data: Vec::new(), expected: None }),
            [length] => Some(Self { header, data: Vec::new(), expected: expected(*length) }),
            [length, rest @ ..] => {
                let (data, rest) = rest.split_at_checked(usize::from(*length))?;
                let expected = match rest {
                    [] => None,
                    [length] => expected(*length),
                    _ => return None,
                };
                Some(Self { header, data: data.to_vec(), expected })
            }
        }
    }
}

/// One end of a channel.
pub struct Channel {
    keys: Keys,
    counter: u64,
}

impl Channel {
    /// A channel with these session keys and this send sequence counter.
    pub fn new(keys: Keys, counter: u64) -> Self {
        Self { keys, counter }
    }

    fn next_mac(&mut self, message: &[u8]) -> [u8; 8] {
        self.counter = self.counter.wrapping_add(1);
        mac(&self.keys.mac, &[&self.counter.to_be_bytes(), message].concat())
    }

    /// Terminal: protects a command (Doc 9303-11, 9.8.4).
    pub fn protect(&mut self, command: &Command) -> Vec<u8> {
        let mut header = command.header;
        header[0] |= 0x0C;
        let mut objects = Vec::new();
        if !command.data.is_empty() {
            let cryptogram = encrypt(&self.keys.encryption, &pad(&command.data));
            tlv::push(&mut objects, 0x87, &[&[1], &cryptogram[..]].concat());
        }
        if let Some(expected) = command.expected {
            tlv::push(&mut objects, 0x97, &[expected as u8]);
        }
        let checksum = self.next_mac(&[&pad(&header)[..], &objects].concat());
        tlv::push(&mut objects, 0x8E, &checksum);
        Command { header, data: objects, expected: Some(256) }.bytes()
    }

    /// Terminal: checks and opens a response, status included. Gives data and status word.
    pub fn open(&mut self, response: &[u8]) -> Result<(Zeroizing<Vec<u8>>, u16), SecureError> {
        let (body, status) = split_status(response).ok_or(SecureError::Malformed("response without status"))?;
        if body.is_empty() {
            return Err(SecureError::Unprotected(status));
        }
        let objects = tlv::all(body).map_err(|_| SecureError::Malformed("data objects"))?;
        let mut checked = Vec::new();
        let (mut data, mut protected_status, mut checksum) = (None, None, None);
        for object in &objects {
            match object.tag {
                0x87 => data = Some(object.value),
                0x99 => protected_status = <[u8; 2]>::try_from(object.value).ok(),
                0x8E => {
                    checksum = Some(object.value);
                    continue;
                }
                _ => return Err(SecureError::Malformed("unknown data object")),
            }
            checked.extend_from_slice(object.whole);
        }
        let expected = self.next_mac(&checked);
        let checksum = checksum.ok_or(SecureError::Malformed("no checksum"))?;
        if !bool::from(expected[..].ct_eq(checksum)) {
            return Err(SecureError::Checksum);
        }
        let status = protected_status.map(u16::from_be_bytes).ok_or(SecureError::Malformed("no status object"))?;
        let plain = match data {
            None => Zeroizing::new(Vec::new()),
            Some([1, cryptogram @ ..]) if cryptogram.len().is_multiple_of(8) => {
                let padded = decrypt(&self.keys.encryption, cryptogram);
                Zeroizing::new(unpad(&padded)?.to_vec())
            }
            Some(_) => return Err(SecureError::Malformed("cryptogram")),
        };
        Ok((plain, status))
    }

    /// Chip: checks and opens a protected command.
    pub fn open_command(&mut self, command: &Command) -> Result<Command, SecureError> {
        let objects = tlv::all(&command.data).map_err(|_| SecureError::Malformed("data objects"))?;
        let mut checked = pad(&command.header).to_vec();
        let (mut data, mut expected, mut checksum) = (Vec::new(), None, None);
        for object in &objects {
            match (object.tag, object.value) {
                (0x87, [1, cryptogram @ ..]) if cryptogram.len().is_multiple_of(8) => {
                    data = unpad(&decrypt(&self.keys.encryption, cryptogram))?.to_vec();
                }
                (0x97, [length]) => expected = Some(if *length == 0 { 256 } else { u16::from(*length) }),
                (0x8E, value) => {
                    checksum = Some(value);
                    continue;
                }
                _ => return Err(SecureError::Malformed("unknown data object")),
            }
            checked.extend_from_slice(object.whole);
        }
        let own = self.next_mac(&checked);
        if !checksum.is_some_and(|checksum| bool::from(own[..].ct_eq(checksum))) {
            return Err(SecureError::Checksum);
        }
        let mut header = command.header;
        header[0] &= !0x0C;
        Ok(Command { header, data, expected })
    }

    /// Chip: protects a response.
    pub fn protect_response(&mut self, data: &[u8], status: u16) -> Vec<u8> {
        let mut objects = Vec::new();
        if !data.is_empty() {
            let cryptogram = encrypt(&self.keys.encryption, &pad(data));
            tlv::push(&mut objects, 0x87, &[&[1], &cryptogram[..]].concat());
        }
        tlv::push(&mut objects, 0x99, &status.to_be_bytes());
        let checksum = self.next_mac(&objects);
        tlv::push(&mut objects, 0x8E, &checksum);
        objects.extend_from_slice(&status.to_be_bytes());
        objects
    }
}

/// Response data and status word.
pub fn split_status(response: &[u8]) -> Option<(&[u8], u16)> {
    response.split_last_chunk::<2>().map(|(data, status)| (data, u16::from_be_bytes(*status)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    // Doc 9303-11, appendix D.4: selecting and reading EF.COM.
    fn worked_example() -> Channel {
        let keys = Keys {
            encryption: bytes("979EC13B1CBFE9DCD01AB0FED307EAE5").try_into().unwrap(),
            mac: bytes("F1CB1F1FB5ADF208806B89DC579DC1F8").try_into().unwrap(),
        };
        Channel::new(keys, 0x887022120C06C226)
    }

    #[test]
    fn the_worked_example_of_the_standard_byte_for_byte() {
        let mut channel = worked_example();
        let select = Command { header: [0, 0xA4, 2, 0x0C], data: vec![1, 0x1E], expected: None };
        assert_eq!(channel.protect(&select), bytes("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"));
        let (data, status) = channel.open(&bytes("990290008E08FA855A5D4C50A8ED9000")).unwrap();
        assert!(data.is_empty());
        assert_eq!(status, 0x9000);
        let read = Command { header: [0, 0xB0, 0, 0], data: Vec::new(), expected: Some(4) };
        assert_eq!(channel.protect(&read), bytes("0CB000000D9701048E08ED6705417E96BA5500"));
        let (data, _) = channel.open(&bytes("8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000")).unwrap();
        assert_eq!(*data, bytes("60145F01"));
        let read = Command { header: [0, 0xB0, 0, 4], data: Vec::new(), expected: Some(0x12) };
        assert_eq!(channel.protect(&read), bytes("0CB000040D9701128E082EA28A70F3C7B53500"));
        let (data, _) = channel
            .open(&bytes("871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000"))
            .unwrap();
        assert_eq!(*data, bytes("04303130365F36063034303030305C026175"));
    }

    #[test]
    fn a_changed_or_replayed_or_plain_answer_is_refused() {
        let good = bytes("990290008E08FA855A5D4C50A8ED9000");
        let select = Command { header: [0, 0xA4, 2, 0x0C], data: vec![1, 0x1E], expected: None };
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
}
