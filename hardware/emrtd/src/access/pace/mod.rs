//! PACE, version 2 (Doc 9303-11, 4.4; BSI TR-03110): a password, however short, becomes strong session keys.
//!
//! Both sides, each as one small type a step. A step takes the data field of one GENERAL AUTHENTICATE command or response
//! (the whole dynamic authentication data object 7C) and gives the next one. The terminal begins with
//! [`Offer::select`], MSE:Set AT with [`SetAt`], and [`terminal::AwaitNonce`]; the chip with [`chip::AwaitStart`].

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    asn1::OBJECT_IDENTIFIER,
    crypto::{
        group::{Agreement, GroupError, PublicKey},
        suite::{Key, Purpose, Suite},
    },
    mrz::{Can, MrzKey},
    secure::Keys,
    security_info::PaceProtocol,
    tlv,
};

pub mod chip;
mod chip_proof;
mod integrated;
mod offer;
pub mod terminal;

pub use chip_proof::{ChipProof, ChipProofError};
pub use offer::Offer;

/// Dynamic authentication data.
const DYNAMIC_DATA: u16 = 0x7C;
/// Public key data object, and in it, after the protocol, an integer or a point.
const PUBLIC_KEY: u16 = 0x7F49;
const INTEGER: u16 = 0x84;
const POINT: u16 = 0x86;

/// Objects of the dynamic authentication data (Doc 9303-11, table 2).
const NONCE: u16 = 0x80;
const TERMINAL_MAPPING: u16 = 0x81;
const CHIP_MAPPING: u16 = 0x82;
const TERMINAL_KEY: u16 = 0x83;
const CHIP_KEY: u16 = 0x84;
const TERMINAL_TOKEN: u16 = 0x85;
const CHIP_TOKEN: u16 = 0x86;
const ENCRYPTED_CHIP_DATA: u16 = 0x8A;

/// Why PACE failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaceError {
    /// The two sides do not have the same password.
    #[error(
        "the chip does not accept the password{}: read the page again",
        tries_left.map(|tries| format!(", {tries} tries left")).unwrap_or_default()
    )]
    WrongPassword {
        /// What the chip said about further attempts.
        tries_left: Option<u8>,
    },
    /// The chip refused a command.
    #[error("the chip answered {0:04X} during PACE: present the document again")]
    Refused(u16),
    /// The other side did not keep to the protocol.
    #[error("the other side did not keep to PACE: {0}; present the document again")]
    Protocol(&'static str),
    /// Keys or parameters that cannot be used.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// EF.CardAccess offers nothing that can be used.
    #[error("the chip offers PACE only in forms that are not defined: refer the traveler to an officer")]
    NoOffer,
}

impl PaceError {
    /// What a status word other than 9000 means in PACE (Doc 9303-11, 4.4.4.2; ISO/IEC 7816-4, 5.6).
    pub fn of_status(status: u16) -> Self {
        match status {
            0x6300 => Self::WrongPassword { tries_left: None },
            0x63C0..=0x63CF => Self::WrongPassword { tries_left: Some((status & 0x0F) as u8) },
            _ => Self::Refused(status),
        }
    }
}

/// What PACE is run with.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Password {
    /// f(π) of Doc 9303-11, 9.7.3.
    secret: Vec<u8>,
    #[zeroize(skip)]
    reference: PasswordReference,
}

/// Which password (Doc 9303-11, 4.4.4.1, tag 83).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordReference {
    /// The machine readable zone.
    Mrz = 1,
    /// The card access number.
    Can = 2,
}

impl Password {
    /// Document number, birth and expiry (Doc 9303-11, 9.7.3).
    pub fn of_mrz(key: &MrzKey) -> Self {
        use sha1::{Digest as _, Sha1};
        Self { secret: Sha1::digest(key.information().as_bytes()).to_vec(), reference: PasswordReference::Mrz }
    }

    /// The card access number printed on the document.
    pub fn of_can(can: &Can) -> Self {
        Self { secret: can.as_bytes().to_vec(), reference: PasswordReference::Can }
    }

    /// Which it is.
    pub fn reference(&self) -> PasswordReference {
        self.reference
    }

    /// K_π, which encrypts the nonce.
    fn key(&self, suite: Suite) -> Key {
        suite.derive_key(&self.secret, Purpose::Password)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Password({:?})", self.reference)
    }
}

/// The data of MSE:Set AT (Doc 9303-11, 4.4.4.1; INS 22, P1 C1, P2 A4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAt {
    /// The variant of PACE.
    pub protocol: PaceProtocol,
    /// The password.
    pub reference: PasswordReference,
    /// Which domain parameters; needed where there are several, and by some chips always.
    pub parameter_id: Option<u64>,
}

impl SetAt {
    /// Writes the command's data.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        tlv::push(&mut out, 0x80, &self.protocol.oid());
        tlv::push(&mut out, 0x83, &[self.reference as u8]);
        if let Some(id) = self.parameter_id {
            let bytes = id.to_be_bytes();
            let skip = bytes.iter().take_while(|&&byte| byte == 0).count().min(7);
            tlv::push(&mut out, 0x84, &bytes[skip..]);
        }
        out
    }

    /// Reads the command's data. Other objects, such as a holder's authorization (7F4C), do not matter here.
    pub fn parse(data: &[u8]) -> Result<Self, PaceError> {
        let wrong = |_| PaceError::Protocol("the data of MSE:Set AT are malformed");
        let protocol = PaceProtocol::from_oid(tlv::find(data, 0x80).map_err(wrong)?)
            .ok_or(PaceError::Protocol("MSE:Set AT names no variant of PACE"))?;
        let reference = match tlv::find(data, 0x83).map_err(wrong)? {
            [1] => PasswordReference::Mrz,
            [2] => PasswordReference::Can,
            _ => return Err(PaceError::Protocol("MSE:Set AT names no password of a passport")),
        };
        let parameter_id = match tlv::find(data, 0x84) {
            Err(_) => None,
            Ok(bytes) if (1..=8).contains(&bytes.len()) => {
                Some(bytes.iter().fold(0u64, |id, &byte| id << 8 | u64::from(byte)))
            }
            Ok(_) => return Err(PaceError::Protocol("MSE:Set AT names no domain parameters")),
        };
        Ok(Self { protocol, reference, parameter_id })
    }
}

/// One object in the dynamic authentication data.
fn dynamic_data(objects: &[(u16, &[u8])]) -> Vec<u8> {
    let mut content = Vec::new();
    for (tag, value) in objects {
        tlv::push(&mut content, *tag, value);
    }
    tlv::object(DYNAMIC_DATA, &content)
}

/// The value of one object in the dynamic authentication data.
fn find<'a>(data: &'a [u8], tag: u16, missing: &'static str) -> Result<&'a [u8], PaceError> {
    let wrong = |_| PaceError::Protocol("the dynamic authentication data are malformed");
    let (content, _) = tlv::expect(data, DYNAMIC_DATA).map_err(wrong)?;
    tlv::find_optional(content, tag).map_err(wrong)?.ok_or(PaceError::Protocol(missing))
}

/// The authentication token over the other side's ephemeral public key (Doc 9303-11, 4.4.3.4 and 9.4.4). Integers stand
/// without leading zeros there, as in the worked example of appendix G.2.
fn token(protocol: PaceProtocol, keys: &Keys, of: &PublicKey) -> [u8; 8] {
    let encoded = of.encoded();
    let (tag, value) = match protocol.agreement {
        Agreement::Ecdh => (POINT, encoded),
        Agreement::Dh => {
            (INTEGER, encoded.iter().position(|&byte| byte != 0).map_or(encoded, |at| encoded.split_at(at).1))
        }
    };
    let message =
        tlv::constructed(PUBLIC_KEY, &[&tlv::object(OBJECT_IDENTIFIER, &protocol.oid()), &tlv::object(tag, value)]);
    keys.suite.mac(&keys.mac, &message)
}

fn token_is(expected: [u8; 8], found: &[u8]) -> bool {
    bool::from(expected[..].ct_eq(found))
}

/// Bytes of the nonce: one block of the cipher, or two where integrated mapping makes keys of it (Doc 9303-11,
/// 4.4.3.3.2).
fn nonce_bytes(protocol: PaceProtocol) -> usize {
    use crate::security_info::Mapping;
    match (protocol.mapping, protocol.suite) {
        (Mapping::Integrated, Suite::Aes192 | Suite::Aes256) => 32,
        _ => 16,
    }
}

fn zero_vector(suite: Suite) -> Vec<u8> {
    vec![0; suite.block_bytes()]
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
