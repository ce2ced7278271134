//! Cancellable codes of embeddings: the signs of keyed random projections (Teoh et al., BioHashing; here with
//! orthonormal blocks), measured by `matcher-eval privacy faces`.
//!
//! Only what is stored must be a code. The live face is there with all its digits while it is compared, and
//! [`Probe::similarity`] compares those with the stored signs (asymmetric distances: Gordo, Perronnin, Gong and Lazebnik,
//! "Asymmetric distances for binary embeddings", IEEE TPAMI 36(1), 2014): the estimate of the cosine errs by 0.011 where
//! that of two codes errs by 0.017 (standard deviations at 4096 bits and a cosine of 0.36), as if codes were 2.4 times as
//! long.
//!
//! What codes do not withstand: whoever holds a code and its seed solves for the embedding (cosine 0.98 from 1024 bits on).
//! And one key for a gallery keeps the angles between its faces: whoever can name some people in two galleries links the
//! others, though neither key is known. Codes under a seed each cannot be linked.

use rand_chacha::{ChaCha20Rng, rand_core::Rng as _};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::TemplateError;
use crate::keys::EnrollmentSeed;

/// Length of the embedding that is protected.
pub const EMBEDDING_LENGTH: usize = 128;
/// Length in bits of the codes that are stored: 32 orthonormal blocks of 128 projections.
pub const CODE_BITS: usize = CodeLength::Bits4096.bits();
/// Mean magnitude of a unit vector's projection on a random direction: Gamma(n / 2) / (sqrt(pi) Gamma((n + 1) / 2)) for
/// `n` of [`EMBEDDING_LENGTH`].
pub const MEAN_PROJECTION: f64 = 0.070_661_572_738;

/// How long a code is. Of one seed, a shorter code is the beginning of the longer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CodeLength {
    /// 128 bytes.
    Bits1024,
    /// 256 bytes.
    Bits2048,
    /// 512 bytes.
    #[default]
    Bits4096,
}

impl CodeLength {
    /// Every length, the shortest first.
    pub const ALL: [Self; 3] = [Self::Bits1024, Self::Bits2048, Self::Bits4096];

    /// In bits.
    pub const fn bits(self) -> usize {
        match self {
            Self::Bits1024 => 1024,
            Self::Bits2048 => 2048,
            Self::Bits4096 => 4096,
        }
    }

    /// In bytes.
    pub const fn bytes(self) -> usize {
        self.bits() / 8
    }
}

/// A protected code.
#[derive(ZeroizeOnDrop)]
pub struct Code(Box<[u8]>);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}

impl Code {
    /// Reads a code's bytes; it has [`CODE_BITS`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TemplateError> {
        if bytes.len() != CodeLength::default().bytes() {
            return Err(TemplateError::CodeLength(bytes.len()));
        }
        Ok(Self(bytes.into()))
    }

    /// The code's bytes, to be sealed or sent over mutual TLS.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its beginning, which is the code of this length; the whole code when it is no longer than that.
    pub fn shortened(&self, length: CodeLength) -> Self {
        Self(self.0.iter().take(length.bytes()).copied().collect())
    }

    /// Hamming distance of two codes, in bits (0..=CODE_BITS); of codes of two lengths, as far as the shorter one goes.
    pub fn distance(&self, other: &Self) -> u32 {
        let both = self.0.len().min(other.0.len());
        // Of one length, which is the only thing that could be wrong.
        sallyport_hamming::distance(&self.0[..both], &other.0[..both]).unwrap_or(both as u32 * 8)
    }

    /// Similarity, `cos(pi d / bits)`: estimates the cosine of the embeddings, since two vectors at an angle t differ
    /// in a random projection's sign with probability t / pi (Goemans and Williamson 1995). Hence thresholds on
    /// cosines carry over to codes.
    pub fn similarity(&self, other: &Self) -> f32 {
        let bits = 8 * self.0.len().min(other.0.len());
        (std::f64::consts::PI * f64::from(self.distance(other)) / bits as f64).cos() as f32
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
        Self::of_length(seed, CodeLength::default())
    }

    /// Lays out the projection of codes of this length.
    pub fn of_length(seed: &EnrollmentSeed, length: CodeLength) -> Self {
        let blocks = length.bits() / EMBEDDING_LENGTH;
        Self(seed.draw(|stream| (0..blocks).map(|_| orthonormal_block(stream)).collect()))
    }

    /// Protects an embedding.
    pub fn protect(&self, embedding: &[f32]) -> Result<Code, TemplateError> {
        Ok(self.probe(embedding)?.code())
    }

    /// Projects a live embedding, to be compared with a stored code of this seed.
    pub fn probe(&self, embedding: &[f32]) -> Result<Probe, TemplateError> {
        if embedding.len() != EMBEDDING_LENGTH {
            return Err(TemplateError::Length(embedding.len()));
        }
        if !embedding.iter().all(|value| value.is_finite()) || embedding.iter().all(|&value| value == 0.0) {
            return Err(TemplateError::Degenerate);
        }
        let mut projected = Zeroizing::new(vec![0.0; self.0.len() * EMBEDDING_LENGTH]);
        for (sums, block) in projected.chunks_exact_mut(EMBEDDING_LENGTH).zip(&self.0) {
            for (values, &value) in block.chunks_exact(EMBEDDING_LENGTH).zip(embedding) {
                sums.iter_mut().zip(values).for_each(|(sum, row)| *sum += row * f64::from(value));
            }
        }
        let norm = embedding.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt();
        Ok(Probe { projected, norm: Zeroizing::new(norm) })
    }

    /// The directions that are projected on, 128 a block: value `i` of direction `j` of a block is at `128 i + j`.
    /// Whoever holds them and a code can solve for the face: for measuring just that.
    pub fn expose_blocks(&self) -> impl Iterator<Item = &[f64]> {
        self.0.iter().map(|block| block.as_slice())
    }
}

/// The projections of a live embedding. Zeroed on drop.
pub struct Probe {
    projected: Zeroizing<Vec<f64>>,
    norm: Zeroizing<f64>,
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Probe(..)")
    }
}

impl Probe {
    /// Its code, to be stored.
    pub fn code(&self) -> Code {
        let byte = |eight: &[f64; 8]| {
            eight.iter().enumerate().fold(0, |byte, (at, &value)| byte | u8::from(value > 0.0) << at)
        };
        Code(self.projected.as_chunks::<8>().0.iter().map(byte).collect())
    }

    /// Similarity to a stored code of the same seed, -1 to 1: estimates the cosine of the embeddings without bias, and
    /// with less error than [`Code::similarity`], since only one side has lost all but its signs.
    pub fn similarity(&self, reference: &Code) -> f32 {
        let values = self.projected.as_chunks::<8>().0.iter().zip(&reference.0);
        let sums = values.map(|(eight, byte)| -> f64 {
            eight.iter().enumerate().map(|(at, value)| if byte >> at & 1 == 1 { *value } else { -value }).sum()
        });
        let bits = (8 * reference.0.len()).min(self.projected.len());
        // An embedding is not zero, and so its norm is not, unless it is too small to be squared.
        (sums.sum::<f64>() / (*self.norm * bits as f64 * MEAN_PROJECTION).max(f64::MIN_POSITIVE)).clamp(-1.0, 1.0)
            as f32
    }
}

/// Random orthonormal directions by modified Gram-Schmidt, laid out as [`Projection::expose_blocks`] tells. Only IEEE
/// 754's exact operations occur (no transcendental functions), each sum in the order of the values, so that gate and
/// center, whatever their libraries and vector units, make the same directions. All later directions are worked on
/// together, so that vector units have work.
fn orthonormal_block(stream: &mut ChaCha20Rng) -> Zeroizing<Vec<f64>> {
    let n = EMBEDDING_LENGTH;
    let mut block = Zeroizing::new(vec![0.0; n * n]);
    for direction in 0..n {
        for value in block.iter_mut().skip(direction).step_by(n) {
            // The sum of twelve uniform numbers is nearly normal (Irwin and Hall).
            let mut words = [0u64; 3];
            words.fill_with(|| stream.next_u64());
            *value =
                words.iter().flat_map(|word| [0, 16, 32, 48].map(|shift| (word >> shift & 0xFFFF) as f64)).sum::<f64>()
                    / 65_536.0
                    - 6.0;
            words.zeroize();
        }
    }
    let mut dots = Zeroizing::new([0.0; EMBEDDING_LENGTH]);
    for done in 0..n {
        let norm = block.iter().skip(done).step_by(n).map(|value| value * value).sum::<f64>().sqrt();
        block.iter_mut().skip(done).step_by(n).for_each(|value| *value /= norm);
        dots.fill(0.0);
        for values in block.chunks_exact(n) {
            let (own, later) = (values[done], &values[done + 1..]);
            dots.iter_mut().zip(later).for_each(|(dot, value)| *dot += own * value);
        }
        for values in block.chunks_exact_mut(n) {
            let own = values[done];
            values[done + 1..].iter_mut().zip(dots.iter()).for_each(|(value, dot)| *value -= dot * own);
        }
    }
    block
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand_chacha::rand_core::SeedableRng as _;
    use sha2::{Digest as _, Sha256};

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
        let direction = |at: usize| block.iter().skip(at).step_by(EMBEDDING_LENGTH);
        for i in 0..EMBEDDING_LENGTH {
            for j in 0..EMBEDDING_LENGTH {
                let dot: f64 = direction(i).zip(direction(j)).map(|(x, y)| x * y).sum();
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
            let probe = Projection::new(&seed(1)).probe(&b).unwrap();
            let (code_a, code_b) = (protect(&a, &seed(1)).unwrap(), protect(&b, &seed(1)).unwrap());
            for length in CodeLength::ALL {
                let short = code_a.shortened(length);
                assert_eq!(short.expose_bytes().len(), length.bytes());
                // Five standard deviations of a sign's estimate, and three of the live one's.
                let error = 5.0 * 1.2 / (length.bits() as f32).sqrt();
                let (similarity, live) = (short.similarity(&code_b), probe.similarity(&short));
                assert!((similarity - cosine).abs() < error, "{similarity} for a cosine of {cosine}");
                assert!((live - cosine).abs() < error / 1.6, "{live} for a cosine of {cosine}");
            }
        }
    }

    /// The live face is worth more than its signs.
    #[test]
    fn a_live_probe_errs_less_than_its_code() {
        let projection = Projection::of_length(&seed(1), CodeLength::Bits1024);
        let (mut of_codes, mut of_probes) = (0.0, 0.0);
        for at in 0..200 {
            let (a, other) = (embedding(2 * at), embedding(2 * at + 1));
            let b: Vec<f32> = a.iter().zip(&other).map(|(x, y)| 0.4 * x + y).collect();
            let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(p, q)| p * q).sum::<f32>();
            let cosine = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            let (code, probe) = (projection.protect(&a).unwrap(), projection.probe(&b).unwrap());
            of_codes += (code.similarity(&probe.code()) - cosine).powi(2);
            of_probes += (probe.similarity(&code) - cosine).powi(2);
        }
        assert!(of_probes < of_codes / 1.5, "{of_probes} {of_codes}");
    }

    /// Codes that are stored must be made alike for ever.
    #[test]
    fn codes_stay_as_they_are() {
        let face: Vec<f32> = (0..128).map(|at| ((at * 37 % 101) as f32 - 50.0) / 50.0).collect();
        let code = protect(&face, &seed(1)).unwrap();
        let digest = Sha256::digest(code.expose_bytes());
        assert_eq!(digest[..8], [0x1e, 0x7d, 0x51, 0xde, 0xe8, 0xbe, 0x8a, 0xff]);
        for length in CodeLength::ALL {
            let short = Projection::of_length(&seed(1), length).protect(&face).unwrap();
            assert_eq!(short.expose_bytes(), code.shortened(length).expose_bytes());
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
