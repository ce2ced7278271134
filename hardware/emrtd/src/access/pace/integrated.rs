//! Integrated mapping (Doc 9303-11, 4.4.3.3.2 and 4.4.3.3.4; point encoding: 4.4.3.3.2.1 and appendix B): the two nonces
//! are hashed to an element of the group.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use zeroize::Zeroizing;

use super::{PaceError, zero_vector};
use crate::crypto::{
    group::{Agreement, Generator, Group, GroupError, SecretNumber},
    suite::Suite,
};

/// Constants of the pseudo-random function for nonces of 128 bits.
const SHORT: [[u8; 16]; 2] = [
    [0xA6, 0x68, 0x89, 0x2A, 0x7C, 0x41, 0xE3, 0xCA, 0x73, 0x9F, 0x40, 0xB0, 0x57, 0xD8, 0x59, 0x04],
    [0xA4, 0xE1, 0x36, 0xAC, 0x72, 0x5F, 0x73, 0x8B, 0x01, 0xC1, 0xF6, 0x02, 0x17, 0xC1, 0x88, 0xAD],
];
/// And for those of 256 bits.
const LONG: [[u8; 32]; 2] = [
    [
        0xD4, 0x63, 0xD6, 0x52, 0x34, 0x12, 0x4E, 0xF7, 0x89, 0x70, 0x54, 0x98, 0x6D, 0xCA, 0x0A, 0x17, 0x4E, 0x28,
        0xDF, 0x75, 0x8C, 0xBA, 0xA0, 0x3F, 0x24, 0x06, 0x16, 0x41, 0x4D, 0x5A, 0x16, 0x76,
    ],
    [
        0x54, 0xBD, 0x72, 0x55, 0xF0, 0xAA, 0xF8, 0x31, 0xBE, 0xC3, 0x42, 0x3F, 0xCF, 0x39, 0xD6, 0x9B, 0x6C, 0xBF,
        0x06, 0x66, 0x77, 0xD0, 0xFA, 0xAE, 0x5A, 0xAD, 0xD9, 0x9D, 0xF8, 0xE5, 0x35, 0x17,
    ],
];
/// Bits beyond the prime's, so that the residue is nearly uniform.
const EXCESS_BITS: usize = 64;

/// Whether nonces can be mapped so to this group.
pub(super) fn possible(group: &Group) -> bool {
    match group.agreement() {
        Agreement::Ecdh => group.prime().is_bit_set(0) && group.prime().is_bit_set(1),
        Agreement::Dh => group.has_subgroup(),
    }
}

/// Maps the chip's nonce and the terminal's.
pub(super) fn map(group: &Group, suite: Suite, chip: &[u8], terminal: &[u8]) -> Result<Generator, PaceError> {
    if !possible(group) {
        return Err(GroupError::Parameters("integrated mapping does not reach this group").into());
    }
    let residue = pseudo_random_residue(group.prime(), suite, chip, terminal)?;
    Ok(match group.agreement() {
        Agreement::Ecdh => point(group, &residue.0)?,
        Agreement::Dh => power(group, &residue.0)?,
    })
}

/// R(s, t) of Doc 9303-11, 4.4.3.3.2, at least 64 bits longer than the prime.
pub(super) fn pseudo_random(
    prime_bits: usize,
    suite: Suite,
    chip: &[u8],
    terminal: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PaceError> {
    let [next, out]: [&[u8]; 2] = match suite {
        Suite::TripleDes | Suite::Aes128 => [&SHORT[0], &SHORT[1]],
        Suite::Aes192 | Suite::Aes256 => [&LONG[0], &LONG[1]],
    };
    if chip.len() != next.len() || terminal.len() != suite.key_bytes() {
        return Err(PaceError::Protocol("a nonce has not the length that integrated mapping needs"));
    }
    let vector = zero_vector(suite);
    let count = (prime_bits + EXCESS_BITS).div_ceil(8 * next.len());
    let mut random = Zeroizing::new(Vec::with_capacity(count * next.len()));
    let mut key = suite.encrypt(terminal, &vector, chip);
    for _ in 0..count {
        // AES-192 takes the first 24 of 32 bytes.
        let used = &key[..suite.key_bytes().min(key.len())];
        random.extend_from_slice(&suite.encrypt(used, &vector, out));
        key = suite.encrypt(used, &vector, next);
    }
    Ok(random)
}

/// R_p(s, t).
fn pseudo_random_residue(
    prime: &BigNumRef,
    suite: Suite,
    chip: &[u8],
    terminal: &[u8],
) -> Result<SecretNumber, PaceError> {
    let bits = usize::try_from(prime.num_bits()).unwrap_or_default();
    let random = pseudo_random(bits, suite, chip, terminal)?;
    let mut context = BigNumContext::new().map_err(GroupError::from)?;
    let whole = SecretNumber::new(BigNum::from_slice(&random).map_err(GroupError::from)?);
    let mut residue = BigNum::new().map_err(GroupError::from)?;
    residue.nnmod(&whole.0, prime, &mut context).map_err(GroupError::from)?;
    Ok(SecretNumber::new(residue))
}

/// Doc 9303-11, 4.4.3.3.4: to the power of (p - 1) / q, which leads into the subgroup.
fn power(group: &Group, residue: &BigNumRef) -> Result<Generator, GroupError> {
    let mut context = BigNumContext::new()?;
    let (mut exponent, mut last) = (BigNum::new()?, group.prime().to_owned()?);
    last.sub_word(1)?;
    exponent.checked_div(&last, group.order(), &mut context)?;
    let mut mapped = BigNum::new()?;
    mapped.mod_exp(residue, &exponent, group.prime(), &mut context)?;
    group.generator_of(mapped)
}

/// Arithmetic modulo the prime of the curve on numbers that tell the nonce.
struct Field<'a> {
    prime: &'a BigNumRef,
    context: BigNumContext,
}

impl Field<'_> {
    fn mul(&mut self, a: &BigNumRef, b: &BigNumRef) -> Result<SecretNumber, GroupError> {
        let mut out = BigNum::new()?;
        out.mod_mul(a, b, self.prime, &mut self.context)?;
        Ok(SecretNumber::new(out))
    }

    fn add(&mut self, a: &BigNumRef, b: &BigNumRef) -> Result<SecretNumber, GroupError> {
        let mut out = BigNum::new()?;
        out.mod_add(a, b, self.prime, &mut self.context)?;
        Ok(SecretNumber::new(out))
    }

    fn neg(&mut self, a: &BigNumRef) -> Result<SecretNumber, GroupError> {
        let (zero, mut out) = (BigNum::new()?, BigNum::new()?);
        out.mod_sub(&zero, a, self.prime, &mut self.context)?;
        Ok(SecretNumber::new(out))
    }

    fn pow(&mut self, a: &BigNumRef, exponent: &BigNumRef) -> Result<SecretNumber, GroupError> {
        let mut out = BigNum::new()?;
        out.mod_exp(a, exponent, self.prime, &mut self.context)?;
        Ok(SecretNumber::new(out))
    }
}

/// The point encoding for affine coordinates (Doc 9303-11, appendix B.2), its numbered steps beside. Cofactors are 1.
fn point(group: &Group, t: &BigNumRef) -> Result<Generator, GroupError> {
    let (a, b) = group.coefficients().ok_or(GroupError::OtherGroup)?;
    let prime = group.prime();
    let mut field = Field { prime, context: BigNumContext::new()? };
    let one = BigNum::from_u32(1)?;
    let mut last = prime.to_owned()?;
    last.sub_word(1)?;
    let mut inverting = prime.to_owned()?;
    inverting.sub_word(2)?;
    // 1: α = -t².
    let t_squared = field.mul(t, t)?;
    let alpha = field.neg(&t_squared.0)?;
    // 2: X₂ = -b · (1 + α + α²) · (a · (α + α²))^(p - 2).
    let alpha_squared = field.mul(&alpha.0, &alpha.0)?;
    let sum = field.add(&alpha.0, &alpha_squared.0)?;
    if sum.0.num_bits() == 0 {
        return Err(GroupError::PublicKey("the nonces map to no point; it happens once in a universe"));
    }
    let scaled = field.mul(a, &sum.0)?;
    let inverse = field.pow(&scaled.0, &inverting)?;
    let above = field.add(&sum.0, &one)?;
    let negative_b = field.neg(b)?;
    let above = field.mul(&negative_b.0, &above.0)?;
    let x2 = field.mul(&above.0, &inverse.0)?;
    // 3: X₃ = α · X₂.
    let x3 = field.mul(&alpha.0, &x2.0)?;
    // 4: h₂ = X₂³ + a · X₂ + b.
    let x2_squared = field.mul(&x2.0, &x2.0)?;
    let slope = field.add(&x2_squared.0, a)?;
    let cubic = field.mul(&slope.0, &x2.0)?;
    let h2 = field.add(&cubic.0, b)?;
    // 6: U = t³ · h₂ (5, h₃, is not needed).
    let t_cubed = field.mul(&t_squared.0, t)?;
    let u = field.mul(&t_cubed.0, &h2.0)?;
    // 7: A = h₂^(p - 1 - (p + 1) / 4).
    let mut quarter = prime.to_owned()?;
    quarter.add_word(1)?;
    let mut exponent = BigNum::new()?;
    exponent.rshift(&quarter, 2)?;
    let mut root_exponent = BigNum::new()?;
    root_exponent.checked_sub(&last, &exponent)?;
    let root = field.pow(&h2.0, &root_exponent)?;
    // 8 and 9: A² · h₂ = 1 tells which of the two is on the curve.
    let root_squared = field.mul(&root.0, &root.0)?;
    let check = field.mul(&root_squared.0, &h2.0)?;
    let second = field.mul(&root.0, &h2.0)?;
    let third = field.mul(&root.0, &u.0)?;
    let (x, y) = if check.0 == one { (&x2, &second) } else { (&x3, &third) };
    group.generator_at(&x.0, &y.0)
}
