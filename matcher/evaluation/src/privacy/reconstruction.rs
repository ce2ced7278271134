//! Reconstruction (irreversibility of ISO/IEC 24745, measured as ISO/IEC 30136 asks: by what passes): which template an
//! attacker makes of a code, of a key, or of both.
//!
//! The attacker is the strongest one: knows how codes are made, and can hand any embedding to a gate without having to
//! make a picture or a mask of it.

use sallyport_privacy::template::{Code, EMBEDDING_LENGTH, Projection};
use zeroize::Zeroizing;

/// Rounds of [`solve`] at most; from about 30 on its template gets no nearer.
const ROUNDS_MAX: usize = 40;
/// Of each round, over the number of bits. The mean of the directions that are wrong points along the error.
const STEP: f64 = 2.0;

/// The sum of a projection's directions, each with its bit's sign. It points to where the protected embedding does: by
/// an angle of acos 0.967 off for 1024 bits, acos 0.991 for 4096.
pub(super) fn signed_sum(projection: &Projection, code: &Code) -> Zeroizing<Vec<f64>> {
    let mut sum = Zeroizing::new(vec![0.0; EMBEDDING_LENGTH]);
    for (block, bytes) in blocks(projection, code) {
        let signs: Zeroizing<Vec<f64>> = Zeroizing::new((0..EMBEDDING_LENGTH).map(|at| sign(bytes, at)).collect());
        add(block, &signs, &mut sum);
    }
    sum
}

/// A template of unit length whose code is this one, but for few bits: starts at [`signed_sum`] and adds those directions
/// whose bits are still wrong, the batch perceptron (binary iterative thresholding without sparsity: Jacques, Laska,
/// Boufounos and Baraniuk, "Robust 1-bit compressive sensing via binary stable embeddings", 2013, section 5).
pub(super) fn solve(projection: &Projection, code: &Code) -> Zeroizing<Vec<f64>> {
    let mut template = signed_sum(projection, code);
    normalize(&mut template);
    let bits = 8 * code.expose_bytes().len();
    let mut projected = Zeroizing::new(vec![0.0; EMBEDDING_LENGTH]);
    for _ in 0..ROUNDS_MAX {
        let mut correction = Zeroizing::new(vec![0.0; EMBEDDING_LENGTH]);
        let mut is_solved = true;
        for (block, bytes) in blocks(projection, code) {
            projected.fill(0.0);
            for (values, &value) in block.chunks_exact(EMBEDDING_LENGTH).zip(template.iter()) {
                projected.iter_mut().zip(values).for_each(|(sum, direction)| *sum += direction * value);
            }
            for (at, value) in projected.iter_mut().enumerate() {
                // A bit is set where the projection is positive.
                let own = if *value > 0.0 { 1.0 } else { -1.0 };
                *value = sign(bytes, at) - own;
                is_solved &= *value == 0.0;
            }
            add(block, &projected, &mut correction);
        }
        if is_solved {
            break;
        }
        template.iter_mut().zip(correction.iter()).for_each(|(value, by)| *value += STEP / bits as f64 * by);
        normalize(&mut template);
    }
    template
}

/// As an embedding is given to [`Projection::probe`].
pub(super) fn embedding(values: &[f64]) -> Zeroizing<Vec<f32>> {
    let mut unit = Zeroizing::new(values.to_vec());
    normalize(&mut unit);
    Zeroizing::new(unit.iter().map(|&value| value as f32).collect())
}

fn normalize(values: &mut [f64]) {
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    values.iter_mut().for_each(|value| *value /= norm);
}

/// Each block with its bits.
fn blocks<'a>(projection: &'a Projection, code: &'a Code) -> impl Iterator<Item = (&'a [f64], &'a [u8])> {
    projection.expose_blocks().zip(code.expose_bytes().chunks_exact(EMBEDDING_LENGTH / 8))
}

fn sign(bytes: &[u8], at: usize) -> f64 {
    if bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1) { 1.0 } else { -1.0 }
}

/// Adds a block's directions, each so many times.
fn add(block: &[f64], times: &[f64], sum: &mut [f64]) {
    for (values, sum) in block.chunks_exact(EMBEDDING_LENGTH).zip(sum) {
        *sum += values.iter().zip(times).map(|(direction, times)| direction * times).sum::<f64>();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_privacy::{
        keys::{ApplicationKey, EnrollmentSeed},
        template::{CodeLength, MEAN_PROJECTION},
    };

    use super::*;
    use crate::privacy::faces::tests::face;

    fn seed(version: u32) -> EnrollmentSeed {
        ApplicationKey::received(&[3; 32], 1).enrollment_seed(&[1; 16], version)
    }

    fn cosine(a: &[f64], b: &[f32]) -> f64 {
        let dot = |pairs: &mut dyn Iterator<Item = (f64, f64)>| pairs.map(|(a, b)| a * b).sum::<f64>();
        let b: Vec<f64> = b.iter().map(|&value| f64::from(value)).collect();
        dot(&mut a.iter().copied().zip(b.iter().copied()))
            / (a.iter().map(|value| value * value).sum::<f64>() * b.iter().map(|value| value * value).sum::<f64>())
                .sqrt()
    }

    #[test]
    fn a_planted_face_is_found_with_code_and_key_and_with_neither_alone() {
        let (own, other) = (Projection::new(&seed(1)), Projection::new(&seed(2)));
        for planted in 0..3 {
            let face = face(planted, 0, 0.0);
            let code = own.protect(&face).unwrap();
            for (length, first, refined) in [(CodeLength::Bits1024, 0.94, 0.96), (CodeLength::Bits4096, 0.985, 0.993)] {
                let code = code.shortened(length);
                let (sum, solved) = (signed_sum(&own, &code), solve(&own, &code));
                assert!(cosine(&sum, &face) > first, "{length:?}: {}", cosine(&sum, &face));
                assert!(cosine(&solved, &face) > refined, "{length:?}: {}", cosine(&solved, &face));
                assert!(cosine(&solved, &face) > cosine(&sum, &face));
                // What was made has the code that it was made of.
                let again = own.protect(&embedding(&solved)).unwrap();
                assert!(again.distance(&code) as usize <= length.bits() / 200, "{}", again.distance(&code));
            }
            // Five standard deviations of chance.
            assert!(cosine(&solve(&other, &code), &face).abs() < 5.0 / 128_f64.sqrt());
        }
    }

    /// All pairs are compared by this, for it takes a thirtieth of the time.
    #[test]
    fn signed_sums_compare_as_live_probes_do() {
        let projection = Projection::new(&seed(1));
        let code = projection.protect(&face(1, 0, 0.0)).unwrap();
        for length in CodeLength::ALL {
            let (code, probe) = (code.shortened(length), face(1, 1, 0.7));
            let dot: f64 =
                signed_sum(&projection, &code).iter().zip(&probe).map(|(sum, &value)| sum * f64::from(value)).sum();
            let expected = projection.probe(&probe).unwrap().similarity(&code);
            let found = dot / (length.bits() as f64 * MEAN_PROJECTION);
            assert!((found - f64::from(expected)).abs() < 1e-6, "{found} {expected}");
        }
    }
}
