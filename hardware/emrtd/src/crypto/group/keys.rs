//! Public keys, key pairs and what two of them agree on.

use openssl::bn::{BigNum, BigNumContext};
use rand::CryptoRng;
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use super::{ATTEMPTS_MAX, Agreement, Element, Generator, Group, GroupError, SecretNumber};

/// A public key that was checked to belong to its group.
pub struct PublicKey {
    pub(super) group: Group,
    pub(super) element: Element,
    pub(super) encoded: Vec<u8>,
}

impl PublicKey {
    /// An uncompressed point, or an integer padded to the length of the prime.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Its domain parameters.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// The compressed form that Terminal Authentication signs (BSI TR-03110-3, A.2.2.3): the x-coordinate of a point,
    /// SHA-1 of an integer.
    pub fn compressed(&self) -> Vec<u8> {
        match self.element {
            Element::Point(_) => self.encoded.iter().skip(1).take(self.group.field_bytes()).copied().collect(),
            Element::Integer(_) => Sha1::digest(&self.encoded).to_vec(),
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.encoded == other.encoded && self.group == other.group
    }
}

impl Eq for PublicKey {}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({:?})", self.group)
    }
}

/// A private key, cleared on drop, with its public key.
pub struct KeyPair {
    pub(super) private: SecretNumber,
    pub(super) public: PublicKey,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({:?})", self.public.group)
    }
}

impl KeyPair {
    /// A fresh key pair.
    pub fn generate(group: &Group, rng: &mut impl CryptoRng) -> Result<Self, GroupError> {
        Self::generate_from(group, None, rng)
    }

    /// A fresh key pair over a mapped generator.
    pub fn generate_mapped(generator: &Generator, rng: &mut impl CryptoRng) -> Result<Self, GroupError> {
        Self::generate_from(&generator.group, Some(&generator.element), rng)
    }

    /// The key pair of this private key, big-endian.
    pub fn from_private(group: &Group, private: &[u8]) -> Result<Self, GroupError> {
        Self::new(group, None, group.scalar(private)?)
    }

    /// The key pair of this private key over a mapped generator.
    pub fn from_private_mapped(generator: &Generator, private: &[u8]) -> Result<Self, GroupError> {
        Self::new(&generator.group, Some(&generator.element), generator.group.scalar(private)?)
    }

    fn generate_from(group: &Group, base: Option<&Element>, rng: &mut impl CryptoRng) -> Result<Self, GroupError> {
        for _ in 0..ATTEMPTS_MAX {
            let pair = Self::new(group, base, group.random_scalar(rng)?)?;
            // Chips disagree on whether an integer keeps its leading zeros, and MACs are computed over it: one without
            // suits all. It costs one key in 256.
            if pair.public.encoded.first() != Some(&0) {
                return Ok(pair);
            }
        }
        Err(GroupError::Randomness)
    }

    fn new(group: &Group, base: Option<&Element>, private: SecretNumber) -> Result<Self, GroupError> {
        let element = group.multiply(base, &private.0)?;
        let public = PublicKey { group: group.clone(), encoded: group.encode(&element)?, element };
        Ok(Self { private, public })
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The private key, big-endian, as long as the order of the group.
    pub fn private_bytes(&self) -> Result<Zeroizing<Vec<u8>>, GroupError> {
        Ok(Zeroizing::new(self.private.0.to_vec_padded(self.public.group.0.order.num_bytes())?))
    }

    /// This private key divided by another, modulo the order of the group: CA_IC of chip authentication mapping (Doc
    /// 9303-11, 4.4.3.3.5).
    pub(crate) fn quotient(&self, divisor: &Self) -> Result<Zeroizing<Vec<u8>>, GroupError> {
        let group = &self.public.group;
        if divisor.public.group != *group {
            return Err(GroupError::OtherGroup);
        }
        let mut context = BigNumContext::new()?;
        let mut inverse = SecretNumber::new(BigNum::new()?);
        inverse.0.mod_inverse(&divisor.private.0, &group.0.order, &mut context)?;
        let mut quotient = SecretNumber::new(BigNum::new()?);
        quotient.0.mod_mul(&self.private.0, &inverse.0, &group.0.order, &mut context)?;
        Ok(Zeroizing::new(quotient.0.to_vec_padded(group.0.order.num_bytes())?))
    }

    /// A public key multiplied by a number between 1 and the order of the group.
    pub(crate) fn multiple(key: &PublicKey, number: &[u8]) -> Result<PublicKey, GroupError> {
        let group = &key.group;
        let element = group.multiply(Some(&key.element), &group.scalar(number)?.0)?;
        Ok(PublicKey { group: group.clone(), encoded: group.encode(&element)?, element })
    }

    /// The shared secret (Doc 9303-11, 9.6): the x-coordinate, or the integer, each as long as the prime.
    pub fn agree(&self, other: &PublicKey) -> Result<Zeroizing<Vec<u8>>, GroupError> {
        let group = &self.public.group;
        if other.group != *group {
            return Err(GroupError::OtherGroup);
        }
        let shared =
            Generator { group: group.clone(), element: group.multiply(Some(&other.element), &self.private.0)? };
        let mut secret = shared.encode()?;
        if group.agreement() == Agreement::Ecdh {
            let field = group.field_bytes();
            if secret.len() != 1 + 2 * field {
                return Err(GroupError::PublicKey("the shared point is at infinity"));
            }
            return Ok(Zeroizing::new(secret[1..=field].to_vec()));
        }
        Ok(std::mem::take(&mut secret))
    }
}
