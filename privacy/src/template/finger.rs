//! Cancellable codes of fingers: of each minutia's cylinder the signs of a keyed orthonormal projection.
//!
//! A code tells neither where a minutia lies, nor its direction, nor which of the others are near it; the minutiae stand
//! in the order of their codes. So fingers are compared by the local similarity of their minutiae alone (local similarity
//! sort: Cappelli, Ferrara and Maltoni, "Minutia Cylinder-Code", IEEE TPAMI 32(12), 2010, section 5.1).
//!
//! The projection is `H D3 H D2 H D1` with `H` the orthonormal Walsh-Hadamard matrix and `D` diagonals of signs that the
//! seed draws (Choromanski, Rowland and Weller, "The Unreasonable Effectiveness of Structured Random Orthogonal
//! Embeddings", 2017): only additions, hence the same code on every machine.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::TemplateError;
use crate::keys::EnrollmentSeed;

/// Values of a minutia's cylinder.
pub const CYLINDER_LENGTH: usize = 480;
/// Most bytes of a finger's code.
pub const FINGER_CODE_BYTES_MAX: usize = 4096;

/// Bits of a minutia's code: the power of two that holds a cylinder.
const MINUTIA_BITS: usize = 512;
const MINUTIA_BYTES: usize = MINUTIA_BITS / 8;
/// Most minutiae of a code.
const MINUTIAE_MOST: usize = (FINGER_CODE_BYTES_MAX - 1) / MINUTIA_BYTES;
/// Rounds of signs and transform.
const ROUNDS: usize = 3;
/// Of the seed's streams the one for fingers; a face of the same enrollment takes the first one.
const STREAM: u64 = 1;
/// First byte of a code.
const VERSION: u8 = 1;
/// Pairs of minutiae whose similarities are the score.
const PAIRS: usize = 12;

/// A finger's protected code. Zeroed on drop; neither cloned nor printed.
#[derive(ZeroizeOnDrop)]
pub struct FingerCode(Vec<u8>);

impl std::fmt::Debug for FingerCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerCode(..)")
    }
}

impl FingerCode {
    /// Reads a code's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TemplateError> {
        let Some((&version, minutiae)) = bytes.split_first() else { return Err(TemplateError::FingerCodeLength(0)) };
        if version != VERSION {
            return Err(TemplateError::FingerCodeVersion(version));
        }
        let (codes, rest) = minutiae.as_chunks::<MINUTIA_BYTES>();
        if !rest.is_empty() || !(1..=MINUTIAE_MOST).contains(&codes.len()) {
            return Err(TemplateError::FingerCodeLength(bytes.len()));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The code's bytes, to be sealed or sent over mutual TLS.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many minutiae it holds.
    pub fn minutiae(&self) -> usize {
        self.codes().len()
    }

    fn codes(&self) -> &[[u8; MINUTIA_BYTES]] {
        self.0.split_first().map_or(&[], |(_, minutiae)| minutiae.as_chunks().0)
    }

    /// How alike two fingers are, 0 to 1, the same both ways round: the mean similarity of the most similar pairs of
    /// minutiae, each minutia in one pair at most.
    pub fn similarity(&self, other: &Self) -> f32 {
        // Choices among equals depend on the order.
        let (one, other) = if self.0 <= other.0 { (self, other) } else { (other, self) };
        let mut pairs = Vec::with_capacity(one.minutiae() * other.minutiae());
        for (first, a) in one.codes().iter().enumerate() {
            for (second, b) in other.codes().iter().enumerate() {
                pairs.push((distance(a, b), first, second));
            }
        }
        pairs.sort_unstable();
        let (mut taken, mut sum) = ([[false; MINUTIAE_MOST]; 2], 0.0);
        let mut left = PAIRS;
        for &(distance, first, second) in &pairs {
            if left > 0 && !taken[0][first] && !taken[1][second] {
                (taken[0][first], taken[1][second]) = (true, true);
                sum += similarity(distance);
                left -= 1;
            }
        }
        sum / PAIRS as f32
    }
}

/// Hamming distance of two minutiae's codes, in bits.
fn distance(a: &[u8; MINUTIA_BYTES], b: &[u8; MINUTIA_BYTES]) -> u32 {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    words.map(|(a, b)| (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)).count_ones()).sum()
}

/// `cos(pi d / bits)`, which estimates the cosine of the cylinders (Goemans and Williamson 1995); 0 for what chance does.
fn similarity(distance: u32) -> f32 {
    (std::f32::consts::PI * distance as f32 / MINUTIA_BITS as f32).cos().max(0.0)
}

/// The projection of one seed. Zeroed on drop.
#[derive(ZeroizeOnDrop)]
pub struct FingerProjection(Box<[[u8; MINUTIA_BYTES]; ROUNDS]>);

impl std::fmt::Debug for FingerProjection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerProjection(..)")
    }
}

impl FingerProjection {
    /// Draws the signs.
    pub fn new(seed: &EnrollmentSeed) -> Self {
        let mut signs = Box::new([[0; MINUTIA_BYTES]; ROUNDS]);
        let mut stream = ChaCha20Rng::from_seed(seed.0);
        stream.set_stream(STREAM);
        stream.fill_bytes(signs.as_flattened_mut());
        Self(signs)
    }

    /// Protects the cylinders of a finger's minutiae, best first: more than fit are left out.
    pub fn protect<'a>(&self, cylinders: impl IntoIterator<Item = &'a [f32]>) -> Result<FingerCode, TemplateError> {
        let mut codes = Zeroizing::new(Vec::with_capacity(MINUTIAE_MOST));
        for cylinder in cylinders.into_iter().take(MINUTIAE_MOST) {
            codes.push(self.code(cylinder)?);
        }
        if codes.is_empty() {
            return Err(TemplateError::NoMinutiae);
        }
        codes.sort_unstable();
        let mut bytes = Vec::with_capacity(1 + codes.len() * MINUTIA_BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(codes.as_flattened());
        Ok(FingerCode(bytes))
    }

    fn code(&self, cylinder: &[f32]) -> Result<[u8; MINUTIA_BYTES], TemplateError> {
        if cylinder.len() != CYLINDER_LENGTH {
            return Err(TemplateError::CylinderLength(cylinder.len()));
        }
        if !cylinder.iter().all(|value| value.is_finite()) {
            return Err(TemplateError::Degenerate);
        }
        let mut values = Zeroizing::new([0.0_f64; MINUTIA_BITS]);
        values.iter_mut().zip(cylinder).for_each(|(value, &given)| *value = f64::from(given));
        for signs in self.0.iter() {
            for (at, value) in values.iter_mut().enumerate() {
                if signs[at / 8] >> (at % 8) & 1 == 1 {
                    *value = -*value;
                }
            }
            hadamard(&mut values);
        }
        let mut code = [0; MINUTIA_BYTES];
        for (at, value) in values.iter().enumerate() {
            code[at / 8] |= u8::from(*value > 0.0) << (at % 8);
        }
        Ok(code)
    }
}

/// The Walsh-Hadamard transform, not normalized: of the values only the signs matter.
fn hadamard(values: &mut [f64; MINUTIA_BITS]) {
    let mut half = 1;
    while half < MINUTIA_BITS {
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::keys::ApplicationKey;

    fn projection(version: u32) -> FingerProjection {
        FingerProjection::new(&ApplicationKey::received(&[5; 32], 1).enrollment_seed(&[1; 16], version))
    }

    fn finger(state: u64) -> Vec<Vec<f32>> {
        let mut stream = ChaCha20Rng::seed_from_u64(state);
        let mut value = || (stream.next_u32() as f32 / u32::MAX as f32) - 0.5;
        (0..30).map(|_| (0..CYLINDER_LENGTH).map(|_| value()).collect()).collect()
    }

    fn protect(projection: &FingerProjection, finger: &[Vec<f32>]) -> FingerCode {
        projection.protect(finger.iter().map(Vec::as_slice)).unwrap()
    }

    #[test]
    fn another_version_revokes_the_code() {
        let (old, new) = (protect(&projection(1), &finger(1)), protect(&projection(2), &finger(1)));
        assert!(old.similarity(&protect(&projection(1), &finger(1))) > 0.999);
        let other = old.similarity(&protect(&projection(1), &finger(2)));
        assert!(old.similarity(&new) < 0.25 && other < 0.25, "{} {other}", old.similarity(&new));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_code_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..5000), known in any::<bool>()) {
            let mut bytes = bytes;
            if let (true, Some(first)) = (known, bytes.first_mut()) {
                *first = VERSION;
            }
            if let Ok(code) = FingerCode::from_bytes(&bytes) {
                prop_assert_eq!(code.expose_bytes(), &bytes[..]);
                prop_assert!((0.0..=1.0).contains(&code.similarity(&code)));
            }
        }
    }
}
