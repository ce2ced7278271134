//! Cancellable codes of embeddings: the signs of keyed random projections (Teoh et al., BioHashing; here with
//! orthonormal blocks). Measured in DESIGN section 5: at 4096 bits FNMR at FMR 1e-3 rises from 2.03 to 2.41 %.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::keys::EnrollmentSeed;

/// Length of the embedding that is protected.
pub const EMBEDDING_LENGTH: usize = 128;
/// Length of a code in bits: 32 orthonormal blocks of 128 projections.
pub const CODE_BITS: usize = 4096;
const CODE_BYTES: usize = CODE_BITS / 8;

/// Why an embedding cannot be protected, or bytes are no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Another length.
    #[error("an embedding has {EMBEDDING_LENGTH} values, this has {0}: is this another net's?")]
    Length(usize),
    /// Zero, infinite or not numbers.
    #[error("the embedding is zero or not finite")]
    Degenerate,
    /// A code of another length.
    #[error("a code has {CODE_BYTES} bytes, this has {0}: was it made by another version?")]
    CodeLength(usize),
}

/// A protected code.
#[derive(ZeroizeOnDrop)]
pub struct Code([u8; CODE_BYTES]);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}

impl Code {
    /// Reads a code's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TemplateError> {
        bytes.try_into().map(Self).map_err(|_| TemplateError::CodeLength(bytes.len()))
    }

    /// The code's bytes, to be sealed or sent over mutual TLS.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Hamming distance of two codes, in bits (0..=CODE_BITS).
    pub fn distance(&self, other: &Self) -> u32 {
        // Both have the same length.
        sallyport_hamming::distance(&self.0, &other.0).unwrap_or(CODE_BITS as u32)
    }

    /// Similarity, `cos(pi d / bits)`: estimates the cosine of the embeddings, since two vectors at an angle t differ
    /// in a random projection's sign with probability t / pi (Goemans and Williamson 1995). Hence thresholds on
    /// cosines carry over to codes.
    pub fn similarity(&self, other: &Self) -> f32 {
        (std::f64::consts::PI * f64::from(self.distance(other)) / CODE_BITS as f64).cos() as f32
    }
}

/// Protects an embedding under this seed.
pub fn protect(embedding: &[f32], seed: &EnrollmentSeed) -> Result<Code, TemplateError> {
    Projection::new(seed).protect(embedding)
}

/// The projection of one seed, laid out: making it costs far more than using it, and a crossing compares several
/// frames. 4 MiB, zeroed on drop.
pub struct Projection(Vec<Zeroizing<Vec<f64>>>);

impl std::fmt::Debug for Projection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Projection(..)")
    }
}

impl Projection {
    /// Lays out the projection.
    pub fn new(seed: &EnrollmentSeed) -> Self {
        let mut stream = ChaCha20Rng::from_seed(seed.0);
        Self((0..CODE_BITS / EMBEDDING_LENGTH).map(|_| orthonormal_block(&mut stream)).collect())
    }

    /// Protects an embedding.
    pub fn protect(&self, embedding: &[f32]) -> Result<Code, TemplateError> {
        if embedding.len() != EMBEDDING_LENGTH {
            return Err(TemplateError::Length(embedding.len()));
        }
        if !embedding.iter().all(|value| value.is_finite()) || embedding.iter().all(|&value| value == 0.0) {
            return Err(TemplateError::Degenerate);
        }
        let mut code = Code([0; CODE_BYTES]);
        for (block, projection) in code.0.chunks_exact_mut(EMBEDDING_LENGTH / 8).zip(&self.0) {
            for (at, row) in projection.chunks_exact(EMBEDDING_LENGTH).enumerate() {
                let dot: f64 = row.iter().zip(embedding).map(|(a, &b)| a * f64::from(b)).sum();
                block[at / 8] |= u8::from(dot > 0.0) << (at % 8);
            }
        }
        Ok(code)
    }
}

/// A random orthonormal matrix by modified Gram-Schmidt. Only IEEE 754's exact operations occur (no transcendental
/// functions), so that gate and centre, whatever their libraries, make the same matrix.
fn orthonormal_block(stream: &mut ChaCha20Rng) -> Zeroizing<Vec<f64>> {
    let n = EMBEDDING_LENGTH;
    let mut rows = Zeroizing::new(vec![0.0; n * n]);
    for at in 0..n {
        let (done, rest) = rows.split_at_mut(at * n);
        let row = &mut rest[..n];
        for value in row.iter_mut() {
            // The sum of twelve uniform numbers is nearly normal (Irwin and Hall).
            let mut words = [0u64; 3];
            words.fill_with(|| stream.next_u64());
            *value =
                words.iter().flat_map(|word| [0, 16, 32, 48].map(|shift| (word >> shift & 0xFFFF) as f64)).sum::<f64>()
                    / 65_536.0
                    - 6.0;
            words.zeroize();
        }
        for earlier in done.chunks_exact(n) {
            let dot: f64 = earlier.iter().zip(row.iter()).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(earlier).for_each(|(value, other)| *value -= dot * other);
        }
        let norm = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        row.iter_mut().for_each(|value| *value /= norm);
    }
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::ApplicationKey;

    fn seed(version: u32) -> EnrollmentSeed {
        ApplicationKey::received(&[5; 32], 1).enrollment_seed(&[1; 16], version)
    }

    fn embedding(state: u64) -> Vec<f32> {
        let mut stream = ChaCha20Rng::seed_from_u64(state);
        (0..EMBEDDING_LENGTH).map(|_| (stream.next_u32() as f32 / u32::MAX as f32) - 0.5).collect()
    }

    #[test]
    fn blocks_are_orthonormal() {
        let block = orthonormal_block(&mut ChaCha20Rng::from_seed([3; 32]));
        let rows: Vec<&[f64]> = block.chunks_exact(EMBEDDING_LENGTH).collect();
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                let dot: f64 = a.iter().zip(*b).map(|(x, y)| x * y).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-9, "{i} {j}: {dot}");
            }
        }
    }

    #[test]
    fn similarity_estimates_the_cosine() {
        let (a, other) = (embedding(1), embedding(2));
        for share in [0.0f32, 0.3, 0.6, 0.9, 1.0] {
            let b: Vec<f32> = a.iter().zip(&other).map(|(x, y)| share * x + (1.0 - share) * y).collect();
            let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(p, q)| p * q).sum::<f32>();
            let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            let (code_a, code_b) = (protect(&a, &seed(1)).unwrap(), protect(&b, &seed(1)).unwrap());
            let similarity = code_a.similarity(&code_b);
            assert!((similarity - cosine).abs() < 0.08, "{similarity} for a cosine of {cosine}");
        }
    }

    #[test]
    fn another_version_revokes_the_code() {
        let face = embedding(1);
        let (old, new) = (protect(&face, &seed(1)).unwrap(), protect(&face, &seed(2)).unwrap());
        assert_eq!(old.distance(&protect(&face, &seed(1)).unwrap()), 0);
        // Unrelated codes differ in half their bits; standard deviation 32.
        assert!(old.distance(&new).abs_diff(2048) < 200, "{}", old.distance(&new));
        assert_eq!(Code::from_bytes(old.expose_bytes()).unwrap().distance(&old), 0);
    }

    #[test]
    fn degenerate_input_is_refused() {
        assert_eq!(protect(&[0.1; 127], &seed(1)).unwrap_err(), TemplateError::Length(127));
        assert_eq!(protect(&[0.0; 128], &seed(1)).unwrap_err(), TemplateError::Degenerate);
        assert_eq!(protect(&[f32::NAN; 128], &seed(1)).unwrap_err(), TemplateError::Degenerate);
        assert_eq!(Code::from_bytes(&[0; 511]).unwrap_err(), TemplateError::CodeLength(511));
    }
}
