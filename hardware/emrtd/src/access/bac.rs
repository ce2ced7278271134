//! Basic Access Control (Doc 9303-11, 4.3): mutual authentication with keys printed in the document.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    crypto::suite::Suite,
    mrz::MrzKey,
    secure::{Channel, Keys},
};

/// BAC encrypts from a vector of zeros (Doc 9303-11, 4.3.3.1).
const VECTOR: [u8; 8] = [0; 8];

/// Challenge (8 bytes) and keying material (16 bytes) that one side contributes.
pub struct Contribution {
    /// RND.IFD or RND.IC.
    pub challenge: [u8; 8],
    /// K.IFD or K.IC.
    pub material: Zeroizing<[u8; 16]>,
}

/// The document's basic access keys.
pub fn document_keys(key: &MrzKey) -> Keys {
    Keys::derive(Suite::TripleDes, &Zeroizing::new(Sha1::digest(key.information().as_bytes()).to_vec())[..16])
}

/// Terminal: the data of EXTERNAL AUTHENTICATE, 40 bytes.
pub fn terminal_cryptogram(keys: &Keys, own: &Contribution, chip_challenge: &[u8; 8]) -> Vec<u8> {
    cryptogram(keys, &own.challenge, chip_challenge, &own.material)
}

fn cryptogram(keys: &Keys, first: &[u8; 8], second: &[u8; 8], material: &[u8; 16]) -> Vec<u8> {
    let plain = Zeroizing::new([&first[..], second, material].concat());
    let mut out = Suite::TripleDes.encrypt(&keys.encryption, &VECTOR, &plain).to_vec();
    let checksum = Suite::TripleDes.mac(&keys.mac, &out);
    out.extend_from_slice(&checksum);
    out
}

/// Opens the other side's 40 bytes, whose first two challenges must be these.
fn open(keys: &Keys, data: &[u8], first: &[u8; 8], second: &[u8; 8]) -> Option<Zeroizing<[u8; 16]>> {
    let (cipher, checksum) = data.split_last_chunk::<8>()?;
    if cipher.len() != 32 || !bool::from(Suite::TripleDes.mac(&keys.mac, cipher)[..].ct_eq(checksum)) {
        return None;
    }
    let plain = Suite::TripleDes.decrypt(&keys.encryption, &VECTOR, cipher);
    let fresh = plain[..8].ct_eq(first) & plain[8..16].ct_eq(second);
    let material = plain[16..].try_into().ok().map(Zeroizing::new)?;
    bool::from(fresh).then_some(material)
}

/// Terminal: checks the chip's answer and sets up secure messaging; `None` if the chip does not hold the same keys.
pub fn terminal_channel(keys: &Keys, own: &Contribution, chip_challenge: &[u8; 8], answer: &[u8]) -> Option<Channel> {
    let chip_material = open(keys, answer, chip_challenge, &own.challenge)?;
    Some(channel(&own.material, &chip_material, chip_challenge, &own.challenge))
}

/// Chip: checks the terminal's 40 bytes; gives the answer and the channel.
pub fn chip_answer(keys: &Keys, own: &Contribution, data: &[u8]) -> Option<(Vec<u8>, Channel)> {
    let plain = Suite::TripleDes.decrypt(&keys.encryption, &VECTOR, data.get(..32)?);
    let terminal_challenge: [u8; 8] = plain[..8].try_into().ok()?;
    let terminal_material = open(keys, data, &terminal_challenge, &own.challenge)?;
    let answer = cryptogram(keys, &own.challenge, &terminal_challenge, &own.material);
    Some((answer, channel(&terminal_material, &own.material, &own.challenge, &terminal_challenge)))
}

fn channel(terminal: &[u8; 16], chip: &[u8; 16], chip_challenge: &[u8; 8], terminal_challenge: &[u8; 8]) -> Channel {
    let seed: Zeroizing<Vec<u8>> = Zeroizing::new(terminal.iter().zip(chip).map(|(a, b)| a ^ b).collect());
    // SSC = four lowest bytes of RND.IC || four lowest bytes of RND.IFD (Doc 9303-11, 9.8.6.3).
    let mut counter = [0; 8];
    counter[..4].copy_from_slice(&chip_challenge[4..]);
    counter[4..].copy_from_slice(&terminal_challenge[4..]);
    Channel::new(Keys::derive(Suite::TripleDes, &seed)).with_counter(u64::from_be_bytes(counter))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{apdu::Command, mrz::Mrz};

    fn array<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    // Doc 9303-11, appendices D.2 and D.3.
    #[test]
    fn the_worked_example_of_the_standard() {
        let text = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C<3UTO6908061F9406236ZE184226B<<<<<14";
        let keys = document_keys(&Mrz::parse(text).unwrap().key());
        assert_eq!(*keys.encryption, array::<16>("AB94FDECF2674FDFB9B391F85D7F76F2"));
        assert_eq!(*keys.mac, array::<16>("7962D9ECE03D1ACD4C76089DCE131543"));
        let terminal = Contribution {
            challenge: array("781723860C06C226"),
            material: Zeroizing::new(array("0B795240CB7049B01C19B33E32804F0B")),
        };
        let chip = Contribution {
            challenge: array("4608F91988702212"),
            material: Zeroizing::new(array("0B4F80323EB3191CB04970CB4052790B")),
        };
        let request = terminal_cryptogram(&keys, &terminal, &chip.challenge);
        assert_eq!(
            hex::encode_upper(&request),
            "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7"
        );
        let (answer, _) = chip_answer(&keys, &chip, &request).unwrap();
        assert_eq!(
            hex::encode_upper(&answer),
            "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449"
        );
        let mut channel = terminal_channel(&keys, &terminal, &chip.challenge, &answer).unwrap();
        let select = Command::new([0, 0xA4, 2, 0x0C]).data([1, 0x1E]);
        assert_eq!(
            hex::encode_upper(channel.protect(&select)),
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"
        );
        let mut forged = answer.clone();
        forged[3] ^= 1;
        assert!(terminal_channel(&keys, &terminal, &chip.challenge, &forged).is_none());
    }
}
