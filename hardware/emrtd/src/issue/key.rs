//! Keys of issuing authorities, of every kind that Doc 9303-12, 4.1.6 allows.

use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
};

use super::IssueError;
use crate::{
    asn1::{self, BIT_STRING, Elements, OBJECT_IDENTIFIER, SEQUENCE, oid},
    cms::{HashAlgorithm, Scheme, SignatureAlgorithm, write_pss},
    crypto::group::{ParameterForm, PublicKey},
    tlv,
};

/// An elliptic curve over a prime field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // their names are the standards' own
pub enum Curve {
    NistP192,
    NistP224,
    NistP256,
    NistP384,
    NistP521,
    BrainpoolP192r1,
    BrainpoolP224r1,
    BrainpoolP256r1,
    BrainpoolP320r1,
    BrainpoolP384r1,
    BrainpoolP512r1,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NistP192,
        Self::NistP224,
        Self::NistP256,
        Self::NistP384,
        Self::NistP521,
        Self::BrainpoolP192r1,
        Self::BrainpoolP224r1,
        Self::BrainpoolP256r1,
        Self::BrainpoolP320r1,
        Self::BrainpoolP384r1,
        Self::BrainpoolP512r1,
    ];

    fn nid(self) -> Nid {
        match self {
            Self::NistP192 => Nid::X9_62_PRIME192V1,
            Self::NistP224 => Nid::SECP224R1,
            Self::NistP256 => Nid::X9_62_PRIME256V1,
            Self::NistP384 => Nid::SECP384R1,
            Self::NistP521 => Nid::SECP521R1,
            Self::BrainpoolP192r1 => Nid::BRAINPOOL_P192R1,
            Self::BrainpoolP224r1 => Nid::BRAINPOOL_P224R1,
            Self::BrainpoolP256r1 => Nid::BRAINPOOL_P256R1,
            Self::BrainpoolP320r1 => Nid::BRAINPOOL_P320R1,
            Self::BrainpoolP384r1 => Nid::BRAINPOOL_P384R1,
            Self::BrainpoolP512r1 => Nid::BRAINPOOL_P512R1,
        }
    }
}

/// How a certificate gives the domain parameters of its curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameters {
    /// By the curve's object identifier.
    Named,
    /// In full, as Doc 9303-12, 4.1.6.3 asks.
    Explicit,
}

/// What kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, for PKCS#1 v1.5 and PSS alike.
    Rsa {
        /// Length of the modulus.
        bits: u32,
    },
    /// RSA, bound to PSS with this hash by its SubjectPublicKeyInfo (RFC 4055, 1.2).
    RsaPss {
        /// Length of the modulus.
        bits: u32,
        /// The hash, of signature and mask.
        hash: HashAlgorithm,
    },
    /// On an elliptic curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// How the certificate gives it.
        parameters: Parameters,
    },
}

/// A private key with the SubjectPublicKeyInfo that certificates shall carry. Cheap to clone: RSA keys take seconds.
#[derive(Clone)]
pub struct SigningKey {
    pub(super) key: PKey<Private>,
    pub(super) key_info: Vec<u8>,
}

impl SigningKey {
    /// Makes a key.
    pub fn generate(kind: KeyKind) -> Result<Self, IssueError> {
        let key = match kind {
            KeyKind::Rsa { bits } | KeyKind::RsaPss { bits, .. } => PKey::from_rsa(Rsa::generate(bits)?)?,
            KeyKind::Ec { curve, .. } => {
                PKey::from_ec_key(EcKey::generate(EcGroup::from_curve_name(curve.nid())?.as_ref())?)?
            }
        };
        Self { key_info: key.public_key_to_der()?, key }.presented_as(kind)
    }

    /// This key with this SubjectPublicKeyInfo: whatever a forger would write.
    pub fn with_key_info(key: PKey<Private>, key_info: Vec<u8>) -> Self {
        Self { key, key_info }
    }

    /// The same key in another SubjectPublicKeyInfo: explicit parameters, or bound to PSS. Its size stays.
    pub fn presented_as(&self, kind: KeyKind) -> Result<Self, IssueError> {
        let key_info = match kind {
            KeyKind::Rsa { .. } | KeyKind::Ec { parameters: Parameters::Named, .. } => self.key.public_key_to_der()?,
            KeyKind::Ec { parameters: Parameters::Explicit, .. } => {
                PublicKey::from_public_key_info(&self.key.public_key_to_der()?)?
                    .public_key_info(ParameterForm::Explicit)?
            }
            KeyKind::RsaPss { hash, .. } => {
                let plain = self.key.public_key_to_der()?;
                let mut parts = Elements::of(&plain, SEQUENCE)?;
                parts.next(SEQUENCE, "the algorithm")?;
                let algorithm = [
                    tlv::object(OBJECT_IDENTIFIER, oid::RSASSA_PSS),
                    write_pss(hash, hash, hash.bytes().try_into().unwrap_or(20)),
                ];
                let key = parts.next(BIT_STRING, "the key")?;
                tlv::constructed(SEQUENCE, &[&tlv::object(SEQUENCE, &algorithm.concat()), key.whole])
            }
        };
        Ok(Self { key: self.key.clone(), key_info })
    }

    /// The subject key identifier: SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1).
    pub(super) fn identifier(&self) -> Result<Vec<u8>, IssueError> {
        let mut parts = Elements::of(&self.key_info, SEQUENCE)?;
        parts.next(SEQUENCE, "the algorithm")?;
        let key = asn1::bits(parts.next(BIT_STRING, "the key")?.value, "the key")?;
        Ok(HashAlgorithm::Sha1.of(&[key]))
    }

    /// The usual algorithm of this key: ECDSA or PKCS#1 v1.5, with this hash.
    pub fn usual(&self, hash: HashAlgorithm) -> SignatureAlgorithm {
        let scheme = if self.key.ec_key().is_ok() { Scheme::Ecdsa } else { Scheme::Pkcs1 };
        SignatureAlgorithm { scheme, hash: Some(hash) }
    }
}

/// A BIT STRING of whole octets.
pub(super) fn bit_string(octets: &[u8]) -> Vec<u8> {
    tlv::constructed(BIT_STRING, &[&[0], octets])
}
