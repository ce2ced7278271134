//! Key agreement of PACE and Chip Authentication (Doc 9303-11, 9.4 to 9.6): elliptic curves and finite fields, their
//! domain parameters, key pairs and shared secrets.

use std::sync::Arc;

use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    ec::{EcGroup, EcPoint, EcPointRef, PointConversionForm},
    error::ErrorStack,
};
use rand::CryptoRng;
use zeroize::Zeroizing;

mod judged;
mod key_info;
mod keys;
mod parameters;

pub use key_info::ParameterForm;
pub use keys::{KeyPair, PublicKey};
pub(crate) use parameters::is_standardized;

/// How often a random number may fall outside its range; a sound source needs two attempts on average.
const ATTEMPTS_MAX: usize = 256;

/// Why a key agreement is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No such standardized domain parameters.
    #[error("standardized domain parameters {0} are not defined in Doc 9303-11, 9.5.1: the chip cannot be used")]
    NotStandardized(u64),
    /// Domain parameters that are malformed, unsafe, or of a kind that documents do not use.
    #[error("the chip's domain parameters cannot be used: {0}")]
    Parameters(&'static str),
    /// A public key that does not belong to the group; whoever sent it may be after our private key.
    #[error("a public key is not in its group: {0}; end the session")]
    PublicKey(&'static str),
    /// A private key outside 1..q.
    #[error("a private key is not between 1 and the order of its group: give another")]
    PrivateKey,
    /// Keys of two groups were put together.
    #[error("two keys belong to different groups: generate one for the group of the other")]
    OtherGroup,
    /// The random number generator gives no usable numbers.
    #[error("the random number generator gives no usable numbers: check the source of randomness")]
    Randomness,
    /// OpenSSL failed at something that cannot fail on checked input.
    #[error("the cryptographic library failed: {0}")]
    Library(String),
}

impl From<ErrorStack> for GroupError {
    fn from(error: ErrorStack) -> Self {
        Self::Library(error.to_string())
    }
}

/// The two kinds of Diffie-Hellman.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// In the multiplicative group of a finite field.
    Dh,
    /// On an elliptic curve.
    Ecdh,
}

/// Domain parameters of a key agreement. Cheap to clone.
#[derive(Clone)]
pub struct Group(Arc<Domain>);

struct Domain {
    /// The number of the standardized domain parameters, if they are such.
    id: Option<u8>,
    /// The prime of the field.
    prime: BigNum,
    /// Private keys lie below it: the order of the generator, where it is known.
    order: BigNum,
    structure: Structure,
}

enum Structure {
    /// y² = x³ + ax + b, cofactor 1.
    Elliptic { curve: EcGroup, a: BigNum, b: BigNum },
    /// `subgroup`: whether the order of the generator is known.
    Field { generator: BigNum, subgroup: bool },
}

/// A member of a group.
enum Element {
    Point(EcPoint),
    Integer(BigNum),
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Domain, two: &Domain| {
            one.prime == two.prime
                && one.order == two.order
                && match (&one.structure, &two.structure) {
                    (Structure::Elliptic { a, b, .. }, Structure::Elliptic { a: c, b: d, .. }) => a == c && b == d,
                    (Structure::Field { .. }, Structure::Field { .. }) => true,
                    _ => false,
                }
                && matches!((self.generator(), other.generator()), (Ok(one), Ok(two)) if one == two)
        };
        Arc::ptr_eq(&self.0, &other.0) || same(&self.0, &other.0)
    }
}

impl Eq for Group {}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Group({:?}, {:?}, {} bits)", self.agreement(), self.0.id, self.0.prime.num_bits())
    }
}

impl Group {
    /// Elliptic or not.
    pub fn agreement(&self) -> Agreement {
        match self.0.structure {
            Structure::Elliptic { .. } => Agreement::Ecdh,
            Structure::Field { .. } => Agreement::Dh,
        }
    }

    /// The number of the standardized domain parameters (Doc 9303-11, 9.5.1), if they are such, however they were
    /// written.
    pub fn id(&self) -> Option<u8> {
        self.0.id
    }

    /// Bytes of the field's prime: of a coordinate, of a shared secret, and of a public key in a finite field.
    pub fn field_bytes(&self) -> usize {
        usize::try_from(self.0.prime.num_bytes()).unwrap_or_default()
    }

    /// The prime of the field.
    pub(crate) fn prime(&self) -> &BigNumRef {
        &self.0.prime
    }

    /// The order of the generator, or a bound for private keys where it is not known.
    pub fn order(&self) -> &BigNumRef {
        &self.0.order
    }

    /// Whether the order of the generator is known.
    pub(crate) fn has_subgroup(&self) -> bool {
        !matches!(self.0.structure, Structure::Field { subgroup: false, .. })
    }

    /// The coefficients a and b of the curve.
    pub(crate) fn coefficients(&self) -> Option<(&BigNumRef, &BigNumRef)> {
        match &self.0.structure {
            Structure::Elliptic { a, b, .. } => Some((a, b)),
            Structure::Field { .. } => None,
        }
    }

    /// Reads a public key (Doc 9303-11, 9.4.2 and 9.4.3): an uncompressed point on the curve, or an integer y with
    /// 1 < y < p - 1 in the subgroup.
    pub fn decode(&self, bytes: &[u8]) -> Result<PublicKey, GroupError> {
        let mut context = BigNumContext::new()?;
        let element = match &self.0.structure {
            Structure::Elliptic { curve, .. } => {
                if bytes.len() != 1 + 2 * self.field_bytes() || bytes.first() != Some(&4) {
                    return Err(GroupError::PublicKey("it is no uncompressed point of this curve"));
                }
                // OpenSSL refuses coordinates that are not reduced and points beside the curve; the cofactor is 1.
                let point = EcPoint::from_bytes(curve, bytes, &mut context)
                    .map_err(|_| GroupError::PublicKey("the point is not on the curve"))?;
                if point.is_infinity(curve) {
                    return Err(GroupError::PublicKey("the point is at infinity"));
                }
                Element::Point(point)
            }
            Structure::Field { subgroup, .. } => {
                let significant = bytes.iter().position(|&byte| byte != 0).map_or(&[][..], |at| &bytes[at..]);
                if significant.len() > self.field_bytes() {
                    return Err(GroupError::PublicKey("it is longer than the prime"));
                }
                let y = BigNum::from_slice(significant)?;
                self.check_integer(&y, *subgroup, &mut context)?;
                Element::Integer(y)
            }
        };
        Ok(PublicKey { group: self.clone(), encoded: self.encode(&element)?, element })
    }

    /// A compressed point, which the standards do not want but some certificates have.
    fn decompress(&self, bytes: &[u8]) -> Result<PublicKey, GroupError> {
        let wrong = |_| GroupError::PublicKey("the compressed point is not on the curve");
        let Structure::Elliptic { curve, .. } = &self.0.structure else { return Err(GroupError::OtherGroup) };
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(curve, bytes, &mut context).map_err(wrong)?;
        self.decode(&self.encode(&Element::Point(point))?)
    }

    fn check_integer(&self, y: &BigNumRef, subgroup: bool, context: &mut BigNumContext) -> Result<(), GroupError> {
        let one = BigNum::from_u32(1)?;
        let mut last = self.0.prime.to_owned()?;
        last.sub_word(1)?;
        if y <= &*one || *y >= *last {
            return Err(GroupError::PublicKey("it is not between 1 and p - 1"));
        }
        if subgroup {
            let mut power = BigNum::new()?;
            power.mod_exp(y, &self.0.order, &self.0.prime, context)?;
            if power != one {
                return Err(GroupError::PublicKey("it is not in the subgroup of the generator"));
            }
        }
        Ok(())
    }

    fn encode(&self, element: &Element) -> Result<Vec<u8>, GroupError> {
        match (element, &self.0.structure) {
            (Element::Point(point), Structure::Elliptic { curve, .. }) => {
                let mut context = BigNumContext::new()?;
                Ok(point.to_bytes(curve, PointConversionForm::UNCOMPRESSED, &mut context)?)
            }
            (Element::Integer(y), _) => Ok(y.to_vec_padded(self.0.prime.num_bytes())?),
            _ => Err(GroupError::OtherGroup),
        }
    }

    /// The generator as a public key is encoded.
    pub fn generator(&self) -> Result<Vec<u8>, GroupError> {
        match &self.0.structure {
            Structure::Elliptic { curve, .. } => {
                let mut context = BigNumContext::new()?;
                Ok(self.base(curve)?.to_bytes(curve, PointConversionForm::UNCOMPRESSED, &mut context)?)
            }
            Structure::Field { generator, .. } => Ok(generator.to_vec_padded(self.0.prime.num_bytes())?),
        }
    }

    fn base<'a>(&self, curve: &'a EcGroup) -> Result<&'a EcPointRef, GroupError> {
        curve.generator_opt().ok_or(GroupError::Parameters("the curve has no generator"))
    }

    fn overwrite(&self, point: &mut EcPoint, curve: &EcGroup) -> Result<(), GroupError> {
        let mut context = BigNumContext::new()?;
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        self.base(curve)?.affine_coordinates(curve, &mut x, &mut y, &mut context)?;
        Ok(point.set_affine_coordinates(curve, &x, &y, &mut context)?)
    }

    /// `scalar` times the base, or the base to its power. With the flag for constant time that private keys carry.
    fn multiply(&self, base: Option<&Element>, scalar: &BigNumRef) -> Result<Element, GroupError> {
        let mut context = BigNumContext::new()?;
        match (&self.0.structure, base) {
            (Structure::Elliptic { curve, .. }, base) => {
                let mut product = EcPoint::new(curve)?;
                match base {
                    None => product.mul_generator2(curve, scalar, &mut context)?,
                    Some(Element::Point(base)) => product.mul2(curve, base, scalar, &mut context)?,
                    Some(Element::Integer(_)) => return Err(GroupError::OtherGroup),
                }
                Ok(Element::Point(product))
            }
            (Structure::Field { generator, .. }, base) => {
                let base = match base {
                    None => generator,
                    Some(Element::Integer(base)) => base,
                    Some(Element::Point(_)) => return Err(GroupError::OtherGroup),
                };
                let mut power = BigNum::new()?;
                power.mod_exp(base, scalar, &self.0.prime, &mut context)?;
                Ok(Element::Integer(power))
            }
        }
    }

    /// Generic mapping (Doc 9303-11, 4.4.3.3.1 and 4.4.3.3.3): s·G + H, or gˢ·h, where H or h is what `own` and `other`
    /// agree on.
    pub fn map_generic(&self, nonce: &[u8], own: &KeyPair, other: &PublicKey) -> Result<Generator, GroupError> {
        if own.public.group != *self || other.group != *self {
            return Err(GroupError::OtherGroup);
        }
        let mut context = BigNumContext::new()?;
        // Holders of secrets, so that each is overwritten.
        let shared = Generator { group: self.clone(), element: self.multiply(Some(&other.element), &own.private.0)? };
        let nonce = SecretNumber::new(BigNum::from_slice(nonce)?);
        let scaled = Generator { group: self.clone(), element: self.multiply(None, &nonce.0)? };
        let element = match (&self.0.structure, &scaled.element, &shared.element) {
            (Structure::Elliptic { curve, .. }, Element::Point(scaled), Element::Point(shared)) => {
                let mut sum = EcPoint::new(curve)?;
                sum.add(curve, scaled, shared, &mut context)?;
                Element::Point(sum)
            }
            (Structure::Field { .. }, Element::Integer(scaled), Element::Integer(shared)) => {
                let mut product = BigNum::new()?;
                product.mod_mul(scaled, shared, &self.0.prime, &mut context)?;
                Element::Integer(product)
            }
            _ => return Err(GroupError::OtherGroup),
        };
        self.mapped(element)
    }

    /// A mapped generator of these coordinates, which must lie on the curve.
    pub(crate) fn generator_at(&self, x: &BigNumRef, y: &BigNumRef) -> Result<Generator, GroupError> {
        let Structure::Elliptic { curve, .. } = &self.0.structure else { return Err(GroupError::OtherGroup) };
        let mut point = EcPoint::new(curve)?;
        let mut context = BigNumContext::new()?;
        point.set_affine_coordinates(curve, x, y, &mut context)?;
        self.mapped(Element::Point(point))
    }

    /// A mapped generator of this value in the finite field.
    pub(crate) fn generator_of(&self, value: BigNum) -> Result<Generator, GroupError> {
        match self.0.structure {
            Structure::Field { .. } => self.mapped(Element::Integer(value)),
            Structure::Elliptic { .. } => Err(GroupError::OtherGroup),
        }
    }

    /// A generator must not be neutral: keys made with it would be known to anybody.
    fn mapped(&self, element: Element) -> Result<Generator, GroupError> {
        let neutral = match (&self.0.structure, &element) {
            (Structure::Elliptic { curve, .. }, Element::Point(point)) => point.is_infinity(curve),
            (_, Element::Integer(value)) => value.num_bits() <= 1,
            _ => true,
        };
        let generator = Generator { group: self.clone(), element };
        if neutral { Err(GroupError::PublicKey("the mapped generator is neutral")) } else { Ok(generator) }
    }

    /// Uniform in 1..order.
    fn random_scalar(&self, rng: &mut impl CryptoRng) -> Result<SecretNumber, GroupError> {
        let excess_bits = self.0.order.num_bytes() * 8 - self.0.order.num_bits();
        let mut bytes = Zeroizing::new(vec![0; usize::try_from(self.0.order.num_bytes()).unwrap_or_default()]);
        for _ in 0..ATTEMPTS_MAX {
            rng.fill_bytes(&mut bytes);
            if let Some(top) = bytes.first_mut() {
                *top &= 0xFF >> excess_bits;
            }
            if let Ok(scalar) = self.scalar(&bytes) {
                return Ok(scalar);
            }
        }
        Err(GroupError::Randomness)
    }

    fn scalar(&self, bytes: &[u8]) -> Result<SecretNumber, GroupError> {
        let scalar = SecretNumber::new(BigNum::from_slice(bytes)?);
        if scalar.0.num_bits() == 0 || scalar.0 >= self.0.order { Err(GroupError::PrivateKey) } else { Ok(scalar) }
    }
}

/// A secret number: computed with in constant time, cleared on drop.
pub(crate) struct SecretNumber(pub(crate) BigNum);

impl SecretNumber {
    pub(crate) fn new(mut number: BigNum) -> Self {
        number.set_const_time();
        Self(number)
    }
}

impl Drop for SecretNumber {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// A generator that PACE mapped from the nonce. Secret, like everything that may tell the password; overwritten on drop.
pub struct Generator {
    group: Group,
    element: Element,
}

impl Generator {
    /// As a public key is encoded.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, GroupError> {
        self.group.encode(&self.element).map(Zeroizing::new)
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        match (&mut self.element, &self.group.0.structure) {
            // OpenSSL clears no point for us; the generator's coordinates take the place of the secret ones.
            (Element::Point(point), Structure::Elliptic { curve, .. }) => {
                let _ = self.group.overwrite(point, curve);
            }
            (Element::Integer(value), _) => value.clear(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
