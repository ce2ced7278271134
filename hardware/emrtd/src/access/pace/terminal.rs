//! The terminal's steps.

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    CHIP_KEY, CHIP_MAPPING, CHIP_TOKEN, ChipProof, ENCRYPTED_CHIP_DATA, NONCE, Offer, PaceError, Password,
    TERMINAL_KEY, TERMINAL_MAPPING, TERMINAL_TOKEN, dynamic_data, find, integrated, nonce_bytes, token, token_is,
    zero_vector,
};
use crate::{
    crypto::group::{Generator, KeyPair, PublicKey},
    secure::Keys,
    security_info::Mapping,
};

/// What PACE gives the terminal.
pub struct Established {
    /// The session keys; the send sequence counter begins at zero.
    pub keys: Keys,
    /// With chip authentication mapping: what is to be checked once EF.CardSecurity is read and authentic.
    pub chip_proof: Option<ChipProof>,
    /// The chip's compressed ephemeral key, its identifier in Terminal Authentication.
    pub chip_key: Vec<u8>,
}

/// Waits for the encrypted nonce.
pub struct AwaitNonce {
    offer: Offer,
    password: Password,
}

/// Waits for the chip's mapping data.
pub struct AwaitMapping {
    offer: Offer,
    mapping: TerminalMapping,
}

enum TerminalMapping {
    Generic { nonce: Zeroizing<Vec<u8>>, own: KeyPair },
    Integrated(Generator),
}

/// Waits for the chip's ephemeral public key.
pub struct AwaitKey {
    offer: Offer,
    own: KeyPair,
    /// With chip authentication mapping, the key that the proof is about.
    chip_mapping: Option<PublicKey>,
}

/// Waits for the chip's authentication token.
pub struct AwaitToken {
    keys: Keys,
    expected: [u8; 8],
    chip_mapping: Option<PublicKey>,
    chip_key: Vec<u8>,
}

impl AwaitNonce {
    /// Begins; gives the data of the first command, which asks for the nonce.
    pub fn start(offer: Offer, password: Password) -> (Self, Vec<u8>) {
        (Self { offer, password }, dynamic_data(&[]))
    }

    /// Decrypts the nonce (Doc 9303-11, 4.4.1, step 1) and begins to map it.
    pub fn map(self, response: &[u8], rng: &mut impl CryptoRng) -> Result<(AwaitMapping, Vec<u8>), PaceError> {
        let Self { offer, password } = self;
        let suite = offer.protocol.suite;
        let encrypted = find(response, NONCE, "the chip sent no nonce")?;
        let long = encrypted.len() == 32 && offer.protocol.mapping != Mapping::Integrated;
        if encrypted.len() != nonce_bytes(offer.protocol) && !long {
            return Err(PaceError::Protocol("the chip's nonce has not the length of one"));
        }
        let nonce = suite.decrypt(&password.key(suite), &zero_vector(suite), encrypted);
        let (mapping, data) = match offer.protocol.mapping {
            Mapping::Integrated => {
                let mut own = Zeroizing::new(vec![0; suite.key_bytes()]);
                rng.fill_bytes(&mut own);
                let data = dynamic_data(&[(TERMINAL_MAPPING, &own)]);
                (TerminalMapping::Integrated(integrated::map(&offer.group, suite, &nonce, &own)?), data)
            }
            Mapping::Generic | Mapping::ChipAuthentication => {
                let own = KeyPair::generate(&offer.group, rng)?;
                let data = dynamic_data(&[(TERMINAL_MAPPING, own.public().encoded())]);
                (TerminalMapping::Generic { nonce, own }, data)
            }
        };
        Ok((AwaitMapping { offer, mapping }, data))
    }
}

impl AwaitMapping {
    /// Finishes the mapping (step 2) and begins the key agreement.
    pub fn agree(self, response: &[u8], rng: &mut impl CryptoRng) -> Result<(AwaitKey, Vec<u8>), PaceError> {
        let Self { offer, mapping } = self;
        let (generator, chip_mapping) = match mapping {
            // The chip has nothing to say; some chips say it with an empty object, some with nothing at all.
            TerminalMapping::Integrated(generator) => (generator, None),
            TerminalMapping::Generic { nonce, own } => {
                let chip = find(response, CHIP_MAPPING, "the chip sent no key for the mapping")?;
                let chip = offer.group.decode(chip)?;
                if chip == *own.public() {
                    return Err(PaceError::Protocol("the chip sent back our own key for the mapping"));
                }
                (offer.group.map_generic(&nonce, &own, &chip)?, Some(chip))
            }
        };
        let own = KeyPair::generate_mapped(&generator, rng)?;
        let data = dynamic_data(&[(TERMINAL_KEY, own.public().encoded())]);
        let chip_mapping = chip_mapping.filter(|_| offer.protocol.mapping == Mapping::ChipAuthentication);
        Ok((AwaitKey { offer, own, chip_mapping }, data))
    }
}

impl AwaitKey {
    /// Agrees on the session keys (step 3) and gives the terminal's token.
    pub fn authenticate(self, response: &[u8]) -> Result<(AwaitToken, Vec<u8>), PaceError> {
        let Self { offer, own, chip_mapping } = self;
        let chip = offer.group.decode(find(response, CHIP_KEY, "the chip sent no ephemeral key")?)?;
        // Doc 9303-11, 4.4.1, step 3 c: the two keys must differ, else the chip need not know the password.
        if chip == *own.public() {
            return Err(PaceError::Protocol("the chip sent back our own ephemeral key"));
        }
        let keys = Keys::derive(offer.protocol.suite, &own.agree(&chip)?);
        let data = dynamic_data(&[(TERMINAL_TOKEN, &token(offer.protocol, &keys, &chip))]);
        let expected = token(offer.protocol, &keys, own.public());
        Ok((AwaitToken { keys, expected, chip_mapping, chip_key: chip.compressed() }, data))
    }
}

impl AwaitToken {
    /// Checks the chip's token (step 4).
    pub fn finish(self, response: &[u8]) -> Result<Established, PaceError> {
        let Self { keys, expected, chip_mapping, chip_key } = self;
        if !token_is(expected, find(response, CHIP_TOKEN, "the chip sent no token")?) {
            return Err(PaceError::WrongPassword { tries_left: None });
        }
        let chip_proof = match chip_mapping {
            None => None,
            Some(mapping) => {
                let encrypted = find(response, ENCRYPTED_CHIP_DATA, "the chip sent no chip authentication data")?;
                Some(ChipProof::open(&keys, mapping, encrypted)?)
            }
        };
        Ok(Established { keys, chip_proof, chip_key })
    }
}
