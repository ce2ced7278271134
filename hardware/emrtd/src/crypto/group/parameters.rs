//! Domain parameters: the standardized ones (Doc 9303-11, 9.5.1) and explicit ones, which are checked.

use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    dh::Dh,
    ec::{EcGroup, EcPoint},
    nid::Nid,
};

use std::sync::Arc;

use super::{Domain, Group, GroupError, Structure};

/// Bits of a prime of a curve: OpenSSL computes up to 661; nobody issued less than 160.
const CURVE_BITS: std::ops::RangeInclusive<i32> = 160..=640;
/// Bits of a prime of a finite field. More would let a chip keep the terminal computing.
const FIELD_BITS: std::ops::RangeInclusive<i32> = 1024..=3072;
/// Rounds of the primality test: a composite passes once in 4¹⁶ tries, whoever made it. OpenSSL's own test takes 64 and
/// more, which is 0.2 s for 2048 bits and 1.3 s for 3072.
const PRIMALITY_ROUNDS: usize = 16;
/// Primes are longer.
const PRIME_BITS_MIN: i32 = 8;
/// Bits of the order of a subgroup at least (RFC 5114, 2.1).
const SUBGROUP_BITS_MIN: i32 = 160;

/// Number, bits and name of each standardized curve (Doc 9303-11, 9.5.1).
const CURVES: [(u8, i32, Nid); 11] = [
    (8, 192, Nid::X9_62_PRIME192V1),
    (9, 192, Nid::BRAINPOOL_P192R1),
    (10, 224, Nid::SECP224R1),
    (11, 224, Nid::BRAINPOOL_P224R1),
    (12, 256, Nid::X9_62_PRIME256V1),
    (13, 256, Nid::BRAINPOOL_P256R1),
    (14, 320, Nid::BRAINPOOL_P320R1),
    (15, 384, Nid::SECP384R1),
    (16, 384, Nid::BRAINPOOL_P384R1),
    (17, 512, Nid::BRAINPOOL_P512R1),
    (18, 521, Nid::SECP521R1),
];

/// Whether OpenSSL's number is that of a standardized curve.
pub(crate) fn is_standardized(curve: Nid) -> bool {
    CURVES.iter().any(|(.., nid)| *nid == curve)
}

/// An elliptic curve as somebody wrote it down.
pub(super) struct CurveParameters<'a> {
    pub(super) prime: BigNum,
    pub(super) a: BigNum,
    pub(super) b: BigNum,
    /// The generator as a point is encoded; compressed ones occur.
    pub(super) generator: &'a [u8],
    pub(super) order: BigNum,
}

impl Group {
    /// All numbers of standardized domain parameters.
    pub const STANDARDIZED: [u8; 14] = [0, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

    /// Standardized domain parameters (Doc 9303-11, 9.5.1): RFC 5114 for 0 to 2, NIST and Brainpool curves for 8 to 18.
    pub fn standardized(id: u8) -> Result<Self, GroupError> {
        if let Some(&(_, _, nid)) = CURVES.iter().find(|(known, ..)| *known == id) {
            return Self::of_curve(Some(id), EcGroup::from_curve_name(nid)?);
        }
        let parameters = match id {
            0 => Dh::get_1024_160()?,
            1 => Dh::get_2048_224()?,
            2 => Dh::get_2048_256()?,
            _ => return Err(GroupError::NotStandardized(id.into())),
        };
        let order = parameters.prime_q().ok_or(GroupError::NotStandardized(id.into()))?.to_owned()?;
        let structure = Structure::Field { generator: parameters.generator().to_owned()?, subgroup: true };
        Ok(Self(Arc::new(Domain { id: Some(id), prime: parameters.prime_p().to_owned()?, order, structure })))
    }

    fn of_curve(id: Option<u8>, curve: EcGroup) -> Result<Self, GroupError> {
        let mut context = BigNumContext::new()?;
        let (mut prime, mut a, mut b, mut order) = (BigNum::new()?, BigNum::new()?, BigNum::new()?, BigNum::new()?);
        curve.components_gfp(&mut prime, &mut a, &mut b, &mut context)?;
        curve.order(&mut order, &mut context)?;
        Ok(Self(Arc::new(Domain { id, prime, order, structure: Structure::Elliptic { curve, a, b } })))
    }

    /// A curve with explicit parameters. Known ones become the standardized curve, with its faster arithmetic; others
    /// are accepted if they are sound.
    pub(super) fn explicit_curve(parameters: CurveParameters<'_>) -> Result<Self, GroupError> {
        if !CURVE_BITS.contains(&parameters.prime.num_bits()) {
            return Err(GroupError::Parameters("the curve's prime has not 160 to 640 bits"));
        }
        for (id, _, nid) in CURVES.into_iter().filter(|(_, bits, _)| *bits == parameters.prime.num_bits()) {
            let known = Self::of_curve(Some(id), EcGroup::from_curve_name(nid)?)?;
            if known.0.prime == parameters.prime && known.is_curve(&parameters)? {
                return Ok(known);
            }
        }
        Self::unknown_curve(parameters)
    }

    fn is_curve(&self, parameters: &CurveParameters<'_>) -> Result<bool, GroupError> {
        let Structure::Elliptic { curve, a, b } = &self.0.structure else { return Ok(false) };
        let mut context = BigNumContext::new()?;
        let same = *a == parameters.a && *b == parameters.b && self.0.order == parameters.order;
        Ok(same
            && match EcPoint::from_bytes(curve, parameters.generator, &mut context) {
                Ok(generator) => generator.eq(curve, self.base(curve)?, &mut context)?,
                Err(_) => false,
            })
    }

    /// BSI TR-03111, 4.1.3, as far as an attack on a key agreement depends on it: prime field and prime order, a curve
    /// that is neither singular nor anomalous, cofactor 1, a generator of that order.
    fn unknown_curve(parameters: CurveParameters<'_>) -> Result<Self, GroupError> {
        let CurveParameters { prime, a, b, generator, order } = parameters;
        let mut context = BigNumContext::new()?;
        if !is_prime(&prime, &mut context)? || !is_prime(&order, &mut context)? {
            return Err(GroupError::Parameters("the prime or the order of the curve is not prime"));
        }
        // The number of points lies within 2·√p of p + 1 (Hasse), so that an order there leaves cofactor 1.
        let mut distance = BigNum::new()?;
        distance.checked_sub(&prime, &order)?;
        if distance.num_bits() == 0 || distance.num_bits() > prime.num_bits() / 2 + 2 {
            return Err(GroupError::Parameters("the curve is anomalous or its cofactor is not 1"));
        }
        if a >= prime || b >= prime || singular(&prime, &a, &b, &mut context)? {
            return Err(GroupError::Parameters("the curve is singular or its coefficients are not reduced"));
        }
        let unusable = |_| GroupError::Parameters("the generator is not on the curve");
        let mut curve = EcGroup::from_components(prime, a, b, &mut context)?;
        let base = EcPoint::from_bytes(&curve, generator, &mut context).map_err(unusable)?;
        if base.is_infinity(&curve) {
            return Err(GroupError::Parameters("the generator is at infinity"));
        }
        let mut before_order = order.to_owned()?;
        before_order.sub_word(1)?;
        let own = base.to_owned(&curve)?;
        curve.set_generator(own, order, BigNum::from_u32(1)?)?;
        let mut inverse = EcPoint::new(&curve)?;
        inverse.mul2(&curve, &base, &before_order, &mut context)?;
        inverse.invert2(&curve, &mut context)?;
        if !inverse.eq(&curve, &base, &mut context)? {
            return Err(GroupError::Parameters("the order is not that of the generator"));
        }
        Self::of_curve(None, curve)
    }

    /// A finite field with explicit parameters. Where the order of the generator is not told, as in PKCS #3, private
    /// keys lie below `private_bits`, if that is told, or below (p - 1) / 2.
    pub(super) fn explicit_field(
        prime: BigNum,
        generator: BigNum,
        order: Option<BigNum>,
        private_bits: Option<u16>,
    ) -> Result<Self, GroupError> {
        if !FIELD_BITS.contains(&prime.num_bits()) {
            return Err(GroupError::Parameters("the field's prime has not 1024 to 3072 bits"));
        }
        for id in [0, 1, 2] {
            let known = Self::standardized(id)?;
            let Structure::Field { generator: known_generator, .. } = &known.0.structure else { continue };
            if known.0.prime == prime
                && *known_generator == generator
                && order.as_ref().is_none_or(|order| *order == known.0.order)
            {
                return Ok(known);
            }
        }
        let mut context = BigNumContext::new()?;
        if !is_prime(&prime, &mut context)? {
            return Err(GroupError::Parameters("the prime of the field is not prime"));
        }
        let mut half = BigNum::new()?;
        half.rshift1(&prime)?;
        if let Some(order) = &order {
            let small = order.num_bits() < SUBGROUP_BITS_MIN || *order > half;
            if small || !is_prime(order, &mut context)? {
                return Err(GroupError::Parameters("the order of the subgroup is too small, too large or not prime"));
            }
        }
        let subgroup = order.is_some();
        let order = match (order, private_bits) {
            (Some(order), _) => order,
            (None, Some(bits)) if i32::from(bits) >= SUBGROUP_BITS_MIN && i32::from(bits) < half.num_bits() => {
                let mut bound = BigNum::new()?;
                bound.set_bit(bits.into())?;
                bound
            }
            _ => half,
        };
        let group =
            Self(Arc::new(Domain { id: None, prime, order, structure: Structure::Field { generator, subgroup } }));
        if let Structure::Field { generator, subgroup } = &group.0.structure {
            group
                .check_integer(generator, *subgroup, &mut context)
                .map_err(|_| GroupError::Parameters("the generator has not the order that is told"))?;
        }
        Ok(group)
    }
}

/// Miller and Rabin's test (FIPS 186-5, B.3.1) with random bases.
fn is_prime(number: &BigNumRef, context: &mut BigNumContext) -> Result<bool, GroupError> {
    if number.num_bits() < PRIME_BITS_MIN || !number.is_bit_set(0) {
        return Ok(false);
    }
    let one = BigNum::from_u32(1)?;
    let mut last = number.to_owned()?;
    last.sub_word(1)?;
    let twos = (0..last.num_bits()).take_while(|&bit| !last.is_bit_set(bit)).count();
    let (mut odd, mut bases) = (BigNum::new()?, last.to_owned()?);
    odd.rshift(&last, twos.try_into().unwrap_or_default())?;
    bases.sub_word(2)?;
    let (mut base, mut power, mut square) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
    for _ in 0..PRIMALITY_ROUNDS {
        bases.rand_range(&mut base)?;
        base.add_word(2)?;
        power.mod_exp(&base, &odd, number, context)?;
        if power == one {
            continue;
        }
        let mut squarings = 1;
        while power != last {
            if squarings == twos {
                return Ok(false);
            }
            square.mod_sqr(&power, number, context)?;
            std::mem::swap(&mut power, &mut square);
            squarings += 1;
        }
    }
    Ok(true)
}

/// 4a³ + 27b² = 0.
fn singular(prime: &BigNumRef, a: &BigNumRef, b: &BigNumRef, context: &mut BigNumContext) -> Result<bool, GroupError> {
    let (mut square, mut cube, mut right, mut sum) = (BigNum::new()?, BigNum::new()?, BigNum::new()?, BigNum::new()?);
    square.mod_sqr(a, prime, context)?;
    cube.mod_mul(&square, a, prime, context)?;
    cube.mul_word(4)?;
    right.mod_sqr(b, prime, context)?;
    right.mul_word(27)?;
    sum.mod_add(&cube, &right, prime, context)?;
    Ok(sum.num_bits() == 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn primes_are_told_from_composites_as_openssl_tells_them() {
        let mut context = BigNumContext::new().unwrap();
        let mut agree = |number: &BigNum| {
            let expected = number.is_prime(0, &mut context).unwrap();
            assert_eq!(is_prime(number, &mut context).unwrap(), expected, "{number}");
            expected
        };
        // All odd numbers, and among them Carmichael's, which fool Fermat's test: 561, 1105, 1729, ...
        let primes = (129..3_000).filter(|&number| agree(&BigNum::from_u32(number).unwrap())).count();
        // π(3000) = 430 and π(128) = 31.
        assert_eq!(primes, 430 - 31);
        // 2^127 - 1; 2^64 + 1, a pseudoprime to base 2; a product of two primes; Fermat's prime, whose last is all twos.
        for (number, expected) in [
            ("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", true),
            ("10000000000000001", false),
            ("FFFFFFFFFFFFFFC5", true),
            ("FFFFFFFE00000001", false),
            ("10001", true),
        ] {
            assert_eq!(agree(&BigNum::from_hex_str(number).unwrap()), expected);
        }
        for number in ["0", "1", "2", "3", "7F"] {
            assert!(!is_prime(&BigNum::from_hex_str(number).unwrap(), &mut context).unwrap());
        }
    }
}
