//! Cancellable codes of fingers: of each minutia's cylinder the signs of a keyed orthonormal projection.
//!
//! A code tells neither where a minutia lies, nor its direction, nor which of the others are near it; the minutiae stand
//! in the order of their codes. So fingers are compared by the local similarity of their minutiae alone (local similarity
//! sort: Cappelli, Ferrara and Maltoni, "Minutia Cylinder-Code", IEEE TPAMI 32(12), 2010, section 5.1). As with faces, the
//! live finger is there with all its digits while it is compared: [`FingerProbe::similarity`] errs less than
//! [`FingerCode::similarity`].
//!
//! The projection is `H D3 H D2 H D1` with `H` the orthonormal Walsh-Hadamard matrix and `D` diagonals of signs that the
//! seed draws (Choromanski, Rowland and Weller, "The Unreasonable Effectiveness of Structured Random Orthogonal
//! Embeddings", 2017): only additions, hence the same code on every machine.

use rand_chacha::rand_core::Rng as _;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::TemplateError;
use crate::keys::EnrollmentSeed;

/// Values of a minutia's cylinder.
pub const CYLINDER_LENGTH: usize = 1926;
/// Most bytes of a finger's code.
pub const FINGER_CODE_BYTES_MAX: usize = 4096;

/// Side of the projection's matrix: the power of two that holds a cylinder.
const SIDE: usize = CYLINDER_LENGTH.next_power_of_two();
/// Rounds of signs and transform.
const ROUNDS: usize = 3;
/// Of the seed's streams the one for fingers; a face of the same enrollment takes the first one.
const STREAM: u64 = 1;

/// First byte of a code; the second one tells how many words a minutia has.
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 2;
const WORD_BYTES: usize = 8;
/// Fewest and most words of a minutia, 512 and 1,024 bits: as many as fit, for each bit makes the comparison more exact.
const WORDS: (usize, usize) = (8, 16);
/// Most minutiae of a code.
const MINUTIAE_MOST: usize = (FINGER_CODE_BYTES_MAX - HEADER_BYTES) / (WORDS.0 * WORD_BYTES);
/// Bits of a minutia at most, and values that a probe keeps of one.
const BITS_MOST: usize = WORDS.1 * WORD_BYTES * 8;

/// Fewest and most pairs of minutiae that the score is the mean of (min and max n P of the paper).
const SCORED: (f32, f32) = (4.0, 12.0);
/// Middle and steepness of how their number grows with the minutiae (mu P, tau P).
const SCORED_GROWTH: (f32, f32) = (20.0, 2.0 / 5.0);
/// Similarity from which on two minutiae may be a pair: under it is what chance does (a deviation is 0.07 at 512 bits).
const SIMILARITY_LEAST: f32 = 0.1;

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
        let length = || TemplateError::FingerCodeLength(bytes.len());
        let (&[version, words], minutiae) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or_else(length)?;
        if version != VERSION {
            return Err(TemplateError::FingerCodeVersion(version));
        }
        let words = usize::from(words);
        let is_whole = (WORDS.0..=WORDS.1).contains(&words) && minutiae.len().is_multiple_of(words * WORD_BYTES);
        if !is_whole || minutiae.is_empty() || bytes.len() > FINGER_CODE_BYTES_MAX {
            return Err(length());
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

    /// The minutiae's codes; none is shorter than [`WORDS`] says.
    fn codes(&self) -> std::slice::ChunksExact<'_, u8> {
        let words = self.0.get(1).copied().map_or(WORDS.0, usize::from);
        self.0.get(HEADER_BYTES..).unwrap_or_default().chunks_exact(words * WORD_BYTES)
    }

    /// How alike two fingers are, 0 to 1, the same both ways round. Of two codes with minutiae of different lengths, the
    /// longer ones are taken as far as the shorter ones go.
    pub fn similarity(&self, other: &Self) -> f32 {
        // Choices among equals depend on the order.
        let (one, other) = if self.0 <= other.0 { (self, other) } else { (other, self) };
        score([one.minutiae(), other.minutiae()], |add| {
            for (first, a) in one.codes().enumerate() {
                for (second, b) in other.codes().enumerate() {
                    // Estimates the cosine of the cylinders (Goemans and Williamson 1995).
                    let (distance, bits) = distance(a, b);
                    add(first, second, (std::f32::consts::PI * distance as f32 / bits as f32).cos());
                }
            }
        })
    }
}

/// Hamming distance of two minutiae's codes, in bits, and how many bits were compared.
fn distance(a: &[u8], b: &[u8]) -> (u32, u32) {
    let both = a.len().min(b.len());
    let bits = both as u32 * 8;
    // Of one length, which is the only thing that could be wrong.
    (sallyport_hamming::distance(&a[..both], &b[..both]).unwrap_or(bits), bits)
}

/// The mean square of the similarities of the most similar pairs, each minutia in one pair at most; those that are missing
/// count as 0. `fill` gets a function that takes a minutia of each finger and their similarity.
fn score(minutiae: [usize; 2], fill: impl FnOnce(&mut dyn FnMut(usize, usize, f32))) -> f32 {
    let mut pairs = Vec::new();
    fill(&mut |first, second, similarity| {
        if similarity >= SIMILARITY_LEAST {
            pairs.push((similarity, first, second));
        }
    });
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let scored = scored(minutiae[0].min(minutiae[1]));
    let (mut taken, mut sum, mut left) = ([[false; MINUTIAE_MOST]; 2], 0.0, scored);
    for (similarity, first, second) in pairs {
        let [one, other] = &mut taken;
        if let (Some(one @ false), Some(other @ false)) = (one.get_mut(first), other.get_mut(second)) {
            (*one, *other) = (true, true);
            sum += similarity.min(1.0).powi(2);
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    sum / scored as f32
}

/// How many pairs count, when the finger with fewer minutiae has so many (20).
fn scored(fewer: usize) -> usize {
    let (middle, steepness) = SCORED_GROWTH;
    let growth = 1.0 / (1.0 + (-steepness * (fewer as f32 - middle)).exp());
    (SCORED.0 + (growth * (SCORED.1 - SCORED.0)).round()) as usize
}

/// The projection of one seed. Zeroed on drop.
#[derive(ZeroizeOnDrop)]
pub struct FingerProjection(Box<[[u8; SIDE / 8]; ROUNDS]>);

impl std::fmt::Debug for FingerProjection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerProjection(..)")
    }
}

impl FingerProjection {
    /// Draws the signs.
    pub fn new(seed: &EnrollmentSeed) -> Self {
        let mut signs = Box::new([[0; SIDE / 8]; ROUNDS]);
        seed.draw(|stream| {
            stream.set_stream(STREAM);
            stream.fill_bytes(signs.as_flattened_mut());
        });
        Self(signs)
    }

    /// Protects the cylinders of a finger's minutiae, best first: more than fit are left out.
    pub fn protect<'a>(&self, cylinders: impl IntoIterator<Item = &'a [f32]>) -> Result<FingerCode, TemplateError> {
        Ok(self.probe(cylinders)?.code())
    }

    /// Projects the cylinders of a live finger's minutiae, best first, to be compared with stored codes of this seed.
    pub fn probe<'a>(&self, cylinders: impl IntoIterator<Item = &'a [f32]>) -> Result<FingerProbe, TemplateError> {
        let mut values = Zeroizing::new(Vec::with_capacity(MINUTIAE_MOST));
        for cylinder in cylinders.into_iter().take(MINUTIAE_MOST) {
            values.push(self.project(cylinder)?);
        }
        if values.is_empty() {
            return Err(TemplateError::NoMinutiae);
        }
        Ok(FingerProbe(values))
    }

    /// Projections of a cylinder, scaled so that their mean magnitude is 1 (that of a normal curve is `sqrt(2 / pi)`).
    fn project(&self, cylinder: &[f32]) -> Result<[f32; BITS_MOST], TemplateError> {
        if cylinder.len() != CYLINDER_LENGTH {
            return Err(TemplateError::CylinderLength(cylinder.len()));
        }
        if !cylinder.iter().all(|value| value.is_finite()) || cylinder.iter().all(|&value| value == 0.0) {
            return Err(TemplateError::Degenerate);
        }
        let mut values = Zeroizing::new([0.0_f64; SIDE]);
        values.iter_mut().zip(cylinder).for_each(|(value, &given)| *value = f64::from(given));
        for signs in self.0.iter() {
            turn(&mut values, signs);
            hadamard(&mut values);
        }
        let square = values.iter().map(|value| value * value).sum::<f64>() / SIDE as f64;
        let scale = (square * std::f64::consts::FRAC_2_PI).sqrt().max(f64::MIN_POSITIVE);
        Ok(std::array::from_fn(|at| (values[at] / scale) as f32))
    }

    /// The cylinders that this seed's holder can make of a code, in the code's order: the transposed projection of the
    /// signs. For measuring what a thief of both has.
    pub fn expose_cylinders(&self, code: &FingerCode) -> Zeroizing<Vec<[f32; CYLINDER_LENGTH]>> {
        let mut cylinders = Zeroizing::new(Vec::with_capacity(code.minutiae()));
        for bits in code.codes() {
            let mut values = Zeroizing::new([0.0_f64; SIDE]);
            values.iter_mut().zip(signs_of(bits)).for_each(|(value, sign)| *value = f64::from(sign));
            for signs in self.0.iter().rev() {
                hadamard(&mut values);
                turn(&mut values, signs);
            }
            // Three transforms lengthen by as many square roots of the side.
            let scale = (SIDE as f64).powi(2);
            cylinders.push(std::array::from_fn(|at| (values[at] / scale) as f32));
        }
        cylinders
    }
}

/// Changes the sign of each value whose bit is set.
fn turn(values: &mut [f64; SIDE], signs: &[u8; SIDE / 8]) {
    values.iter_mut().zip(signs_of(signs)).for_each(|(value, sign)| *value *= f64::from(-sign));
}

/// 1 for each bit that is set, -1 for the others.
fn signs_of(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.iter().flat_map(|byte| (0..8).map(move |bit| if byte >> bit & 1 == 1 { 1.0 } else { -1.0 }))
}

/// The Walsh-Hadamard transform, not normalized.
fn hadamard(values: &mut [f64; SIDE]) {
    let mut half = 1;
    while half < SIDE {
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

/// The projections of a live finger's minutiae. Zeroed on drop.
pub struct FingerProbe(Zeroizing<Vec<[f32; BITS_MOST]>>);

impl std::fmt::Debug for FingerProbe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FingerProbe(..)")
    }
}

impl FingerProbe {
    /// Its code, to be stored.
    pub fn code(&self) -> FingerCode {
        let fit = (FINGER_CODE_BYTES_MAX - HEADER_BYTES) / WORD_BYTES / self.0.len().max(1);
        let words = fit.clamp(WORDS.0, WORDS.1);
        let byte = |eight: &[f32; 8]| {
            eight.iter().enumerate().fold(0, |byte, (at, &value)| byte | u8::from(value > 0.0) << at)
        };
        let mut codes = Zeroizing::new(Vec::with_capacity(self.0.len()));
        for values in self.0.iter() {
            let mut code = Zeroizing::new([0_u8; BITS_MOST / 8]);
            let bytes = values.as_chunks::<8>().0.iter().take(words * WORD_BYTES).map(byte);
            code.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
            codes.push(*code);
        }
        codes.sort_unstable();
        let mut bytes = Vec::with_capacity(HEADER_BYTES + codes.len() * words * WORD_BYTES);
        bytes.extend([VERSION, words as u8]);
        for code in codes.iter() {
            bytes.extend(code.iter().take(words * WORD_BYTES));
        }
        FingerCode(bytes)
    }

    /// How alike the live finger is to a stored code of the same seed, 0 to 1: the same estimate of cosines as
    /// [`FingerCode::similarity`], but with less error, since only one side has lost all but its signs.
    pub fn similarity(&self, reference: &FingerCode) -> f32 {
        score([self.0.len(), reference.minutiae()], |add| {
            for (second, code) in reference.codes().enumerate() {
                let mut signs = Zeroizing::new([0.0; BITS_MOST]);
                signs.iter_mut().zip(signs_of(code)).for_each(|(slot, sign)| *slot = sign);
                for (first, values) in self.0.iter().enumerate() {
                    // The signs beyond the code's are 0.
                    add(first, second, dot(values, &signs) / (code.len() * 8) as f32);
                }
            }
        })
    }
}

/// In lanes, for vector units, and so in the same order everywhere.
fn dot(a: &[f32; BITS_MOST], b: &[f32; BITS_MOST]) -> f32 {
    let mut lanes = [0.0; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::keys::ApplicationKey;

    fn projection(version: u32) -> FingerProjection {
        FingerProjection::new(&ApplicationKey::received(&[5; 32], 1).enrollment_seed(&[1; 16], version))
    }

    type Finger = Vec<Vec<f32>>;

    fn finger(state: u64, minutiae: usize) -> Finger {
        let mut stream = ChaCha20Rng::seed_from_u64(state);
        let mut value = || (stream.next_u32() as f32 / u32::MAX as f32) - 0.5;
        (0..minutiae).map(|_| (0..CYLINDER_LENGTH).map(|_| value()).collect()).collect()
    }

    /// With a cosine of about 0.8 to the first one, in another order.
    fn impression(of: &Finger, state: u64) -> Finger {
        let noise = finger(state, of.len());
        let mixed = |(a, b): (&Vec<f32>, &Vec<f32>)| a.iter().zip(b).map(|(a, b)| 0.8 * a + 0.6 * b).collect();
        of.iter().zip(&noise).map(mixed).rev().collect()
    }

    fn slices(finger: &Finger) -> impl Iterator<Item = &[f32]> {
        finger.iter().map(Vec::as_slice)
    }

    fn protect(projection: &FingerProjection, finger: &Finger) -> FingerCode {
        projection.protect(slices(finger)).unwrap()
    }

    #[test]
    fn a_projection_is_orthonormal() {
        let cylinder = finger(1, 1);
        let mut values = [0.0; SIDE];
        values.iter_mut().zip(&cylinder[0]).for_each(|(value, &given)| *value = f64::from(given));
        let before = values;
        let projection = projection(1);
        for signs in projection.0.iter() {
            turn(&mut values, signs);
            hadamard(&mut values);
        }
        let square = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        assert!((square(&values) / square(&before) / (SIDE as f64).powi(3) - 1.0).abs() < 1e-12);
        for signs in projection.0.iter().rev() {
            hadamard(&mut values);
            turn(&mut values, signs);
        }
        for (value, given) in values.iter().zip(before) {
            assert!((value / (SIDE as f64).powi(3) - given).abs() < 1e-12);
        }
    }

    #[test]
    fn similarity_is_the_square_of_the_cosine_of_the_cylinders() {
        for minutiae in [30, 63] {
            let (one, other) = (finger(1, minutiae), finger(2, minutiae));
            let again = impression(&one, 3);
            let (code, codes) = (protect(&projection(1), &one), [&again, &other].map(|of| protect(&projection(1), of)));
            let probes = [&again, &other].map(|of| projection(1).probe(slices(of)).unwrap());
            // Pairs are those that chance has made the most similar.
            for similarity in [code.similarity(&codes[0]), probes[0].similarity(&code)] {
                assert!((0.60..0.78).contains(&similarity), "{minutiae}: {similarity}");
            }
            for similarity in [code.similarity(&codes[1]), probes[1].similarity(&code)] {
                assert!(similarity < 0.07, "{minutiae}: {similarity}");
            }
            assert_eq!(code.similarity(&codes[0]).to_bits(), codes[0].similarity(&code).to_bits());
            assert!(code.similarity(&code) > 0.999);
        }
    }

    #[test]
    fn another_version_revokes_the_code() {
        let of = finger(1, 40);
        let (old, new) = (protect(&projection(1), &of), protect(&projection(2), &of));
        assert!(old.similarity(&protect(&projection(1), &of)) > 0.999);
        let other = old.similarity(&protect(&projection(1), &finger(2, 40)));
        assert!(old.similarity(&new) < 0.07 && other < 0.07, "{} {other}", old.similarity(&new));
        assert!(projection(2).probe(slices(&of)).unwrap().similarity(&old) < 0.07);
    }

    #[test]
    fn a_code_is_as_long_as_may_be_and_does_not_tell_the_order_of_the_minutiae() {
        for (minutiae, words) in [(1, 16), (31, 16), (32, 15), (40, 12), (63, 8), (64, 8), (255, 8)] {
            let of = finger(7, minutiae);
            let code = protect(&projection(1), &of);
            let kept = minutiae.min(MINUTIAE_MOST);
            assert_eq!((code.minutiae(), code.expose_bytes().len()), (kept, 2 + kept * words * 8));
            assert!(code.expose_bytes().len() <= FINGER_CODE_BYTES_MAX);
            let turned = protect(&projection(1), &of.into_iter().take(kept).rev().collect());
            assert_eq!(turned.expose_bytes(), code.expose_bytes());
            assert_eq!(FingerCode::from_bytes(code.expose_bytes()).unwrap().expose_bytes(), code.expose_bytes());
        }
    }

    #[test]
    fn who_holds_code_and_seed_has_the_cylinders_nearly() {
        let of = finger(1, 1);
        let cosine = |with: &FingerProjection| {
            let found = with.expose_cylinders(&protect(&projection(1), &of));
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            dot(&found[0], &of[0]) / (dot(&found[0], &found[0]) * dot(&of[0], &of[0])).sqrt()
        };
        assert!(cosine(&projection(1)) > 0.5, "{}", cosine(&projection(1)));
        assert!(cosine(&projection(2)).abs() < 0.12, "{}", cosine(&projection(2)));
    }

    /// Codes that are stored must be made alike for ever.
    #[test]
    fn codes_stay_as_they_are() {
        let cylinder = |of: usize| (0..CYLINDER_LENGTH).map(|at| ((at * of * 37 % 101) as f32 - 50.0) / 50.0).collect();
        let code = protect(&projection(1), &(1..20).map(cylinder).collect());
        let digest = Sha256::digest(code.expose_bytes());
        assert_eq!(digest[..8], [0x22, 0x79, 0x84, 0xdb, 0x48, 0xfb, 0x1c, 0xe2]);
    }

    #[test]
    fn degenerate_input_is_refused() {
        let protect = |cylinders: &[&[f32]]| projection(1).protect(cylinders.iter().copied()).unwrap_err();
        assert_eq!(protect(&[]), TemplateError::NoMinutiae);
        assert_eq!(protect(&[&[0.1; 128]]), TemplateError::CylinderLength(128));
        assert_eq!(protect(&[&[0.0; CYLINDER_LENGTH]]), TemplateError::Degenerate);
        assert_eq!(protect(&[&[f32::NAN; CYLINDER_LENGTH]]), TemplateError::Degenerate);
        let refused = |bytes: &[u8]| FingerCode::from_bytes(bytes).unwrap_err();
        assert_eq!(refused(&[]), TemplateError::FingerCodeLength(0));
        assert_eq!(refused(&[1, 8]), TemplateError::FingerCodeLength(2));
        assert_eq!(refused(&[9; 66]), TemplateError::FingerCodeVersion(9));
        for words in [0, 7, 17, 255] {
            let bytes = [&[VERSION, words][..], &vec![0; usize::from(words) * 8]].concat();
            assert_eq!(refused(&bytes), TemplateError::FingerCodeLength(bytes.len()));
        }
        let long = [&[VERSION, 8][..], &[0; 64 * 64]].concat();
        assert_eq!(refused(&long), TemplateError::FingerCodeLength(4098));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_code_or_an_error(
            mut bytes in prop::collection::vec(any::<u8>(), 0..5000),
            words in 0_u8..20,
            whole in any::<bool>(),
        ) {
            if let (true, Some(header)) = (whole, bytes.first_chunk_mut::<2>()) {
                *header = [VERSION, words];
                let minutia = usize::from(words.max(1)) * 8;
                bytes.truncate(2 + (bytes.len() - 2) / minutia * minutia);
            }
            if let Ok(code) = FingerCode::from_bytes(&bytes) {
                prop_assert_eq!(code.expose_bytes(), &bytes[..]);
                prop_assert!((1..=MINUTIAE_MOST).contains(&code.minutiae()));
                let own = protect(&projection(1), &finger(1, 5));
                for similarity in [code.similarity(&code), code.similarity(&own)] {
                    prop_assert!((0.0..=1.0).contains(&similarity));
                }
            }
        }
    }
}
