//! The chip's steps.

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    CHIP_KEY, CHIP_MAPPING, CHIP_TOKEN, ENCRYPTED_CHIP_DATA, NONCE, Offer, PaceError, Password, TERMINAL_KEY,
    TERMINAL_MAPPING, TERMINAL_TOKEN, chip_proof, dynamic_data, find, integrated, nonce_bytes, token, token_is,
    zero_vector,
};
use crate::{
    crypto::group::{Generator, KeyPair},
    secure::Keys,
    security_info::Mapping,
};

/// Waits for the command that asks for the nonce.
pub struct AwaitStart {
    offer: Offer,
    password: Password,
    static_key: Option<KeyPair>,
}

/// Waits for the terminal's mapping data.
pub struct AwaitMapping {
    offer: Offer,
    nonce: Zeroizing<Vec<u8>>,
    static_key: Option<KeyPair>,
}

/// Waits for the terminal's ephemeral public key.
pub struct AwaitKey {
    offer: Offer,
    generator: Generator,
    /// With chip authentication mapping, the encrypted proof's number.
    chip_data: Option<Zeroizing<Vec<u8>>>,
}

/// What PACE gives the chip.
pub struct Established {
    /// The session keys; the send sequence counter begins at zero.
    pub keys: Keys,
    /// The chip's compressed ephemeral key, its identifier in Terminal Authentication.
    pub chip_key: Vec<u8>,
}

/// Waits for the terminal's authentication token.
pub struct AwaitToken {
    keys: Keys,
    chip_key: Vec<u8>,
    expected: [u8; 8],
    own_token: [u8; 8],
    chip_data: Option<Zeroizing<Vec<u8>>>,
}

impl AwaitStart {
    /// What MSE:Set AT selected. Chip authentication mapping needs the chip's static key, in the same group.
    pub fn new(offer: Offer, password: Password, static_key: Option<KeyPair>) -> Result<Self, PaceError> {
        let missing = || PaceError::Protocol("chip authentication mapping needs a static key in the group of PACE");
        if offer.protocol.mapping == Mapping::ChipAuthentication
            && *static_key.as_ref().ok_or_else(missing)?.public().group() != offer.group
        {
            return Err(missing());
        }
        Ok(Self { offer, password, static_key })
    }

    /// Draws and encrypts the nonce (Doc 9303-11, 4.4.1, step 1).
    pub fn nonce(self, command: &[u8], rng: &mut impl CryptoRng) -> Result<(AwaitMapping, Vec<u8>), PaceError> {
        let Self { offer, password, static_key } = self;
        if command != dynamic_data(&[]) {
            return Err(PaceError::Protocol("the first command does not ask for the nonce"));
        }
        let suite = offer.protocol.suite;
        let mut nonce = Zeroizing::new(vec![0; nonce_bytes(offer.protocol)]);
        rng.fill_bytes(&mut nonce);
        let encrypted = suite.encrypt(&password.key(suite), &zero_vector(suite), &nonce);
        let response = dynamic_data(&[(NONCE, &encrypted)]);
        Ok((AwaitMapping { offer, nonce, static_key }, response))
    }
}

impl AwaitMapping {
    /// Maps the nonce (step 2).
    pub fn map(self, command: &[u8], rng: &mut impl CryptoRng) -> Result<(AwaitKey, Vec<u8>), PaceError> {
        let Self { offer, nonce, static_key } = self;
        let terminal = find(command, TERMINAL_MAPPING, "the terminal sent no mapping data")?;
        if offer.protocol.mapping == Mapping::Integrated {
            let generator = integrated::map(&offer.group, offer.protocol.suite, &nonce, terminal)?;
            return Ok((AwaitKey { offer, generator, chip_data: None }, dynamic_data(&[(CHIP_MAPPING, &[])])));
        }
        let terminal = offer.group.decode(terminal)?;
        let own = KeyPair::generate(&offer.group, rng)?;
        if terminal == *own.public() {
            return Err(PaceError::Protocol("the terminal sent our own key for the mapping"));
        }
        let generator = offer.group.map_generic(&nonce, &own, &terminal)?;
        let response = dynamic_data(&[(CHIP_MAPPING, own.public().encoded())]);
        let chip_data = match static_key {
            Some(key) if offer.protocol.mapping == Mapping::ChipAuthentication => Some(own.quotient(&key)?),
            _ => None,
        };
        Ok((AwaitKey { offer, generator, chip_data }, response))
    }
}

impl AwaitKey {
    /// Agrees on the session keys (step 3).
    pub fn agree(self, command: &[u8], rng: &mut impl CryptoRng) -> Result<(AwaitToken, Vec<u8>), PaceError> {
        let Self { offer, generator, chip_data } = self;
        let terminal = offer.group.decode(find(command, TERMINAL_KEY, "the terminal sent no ephemeral key")?)?;
        let own = KeyPair::generate_mapped(&generator, rng)?;
        if terminal == *own.public() {
            return Err(PaceError::Protocol("the terminal sent our own ephemeral key"));
        }
        let keys = Keys::derive(offer.protocol.suite, &own.agree(&terminal)?);
        let response = dynamic_data(&[(CHIP_KEY, own.public().encoded())]);
        let expected = token(offer.protocol, &keys, own.public());
        let own_token = token(offer.protocol, &keys, &terminal);
        let chip_key = own.public().compressed();
        Ok((AwaitToken { keys, chip_key, expected, own_token, chip_data }, response))
    }
}

impl AwaitToken {
    /// Checks the terminal's token and gives the chip's (step 4), with the session keys.
    pub fn finish(self, command: &[u8]) -> Result<(Established, Vec<u8>), PaceError> {
        let Self { keys, chip_key, expected, own_token, chip_data } = self;
        if !token_is(expected, find(command, TERMINAL_TOKEN, "the terminal sent no token")?) {
            return Err(PaceError::WrongPassword { tries_left: None });
        }
        let response = match chip_data {
            None => dynamic_data(&[(CHIP_TOKEN, &own_token)]),
            Some(data) => {
                let encrypted = chip_proof::encrypt(&keys, &data);
                dynamic_data(&[(CHIP_TOKEN, &own_token), (ENCRYPTED_CHIP_DATA, &encrypted)])
            }
        };
        Ok((Established { keys, chip_key }, response))
    }
}
