//! How alike the surroundings of two minutiae are, and which pairs are the most alike.

use zeroize::Zeroize;

use super::{
    super::cylinder::{CELLS_MOST, Cylinder, WORDS},
    PreparedFinger,
};

/// Least share of the cells that both cylinders have (min ME of the paper).
const COMMON_LEAST: f32 = 0.6;
/// Most difference of two directions, in steps of a turn's 256th (delta theta, pi / 2).
const TURN_MOST_STEPS: u8 = 64;
/// Least similarity of a pair: below it relaxation never lifts one.
const SIMILARITY_LEAST: f32 = 0.2;
/// How many partners of a minutia, those with the most similar sketches, are compared bit by bit.
const PARTNERS_TRIED: usize = 16;

/// Bits of a sketch: about every fourth cell.
const SKETCH_BITS: usize = 128;
const SKETCH_WORDS: usize = SKETCH_BITS / 64;

/// A few bits of a cylinder, to leave out the many that are nothing alike.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Sketch {
    bits: [u64; SKETCH_WORDS],
    /// Square root of how many are set.
    norm: f32,
    /// The minutia's direction, in steps of a turn's 256th.
    direction: u8,
}

impl Sketch {
    pub(super) fn of(cylinder: &Cylinder, direction: f32) -> Self {
        let mut bits = [0; SKETCH_WORDS];
        for bit in 0..SKETCH_BITS {
            let from = bit * CELLS_MOST as usize / SKETCH_BITS;
            let set = cylinder.set.get(from / 64).is_some_and(|word| word >> (from % 64) & 1 == 1);
            if let Some(word) = bits.get_mut(bit / 64) {
                *word |= u64::from(set) << (bit % 64);
            }
        }
        let direction = (direction / std::f32::consts::TAU * 256.0) as i32 as u8;
        Self { bits, norm: (ones(&bits) as f32).sqrt(), direction }
    }

    /// Whether two minutiae are turned too differently to be one.
    fn is_turned(&self, other: &Self) -> bool {
        self.turn(other).cast_signed().unsigned_abs() > TURN_MOST_STEPS
    }

    /// From the first to the second, in steps of a turn's 256th.
    fn turn(&self, other: &Self) -> u8 {
        other.direction.wrapping_sub(self.direction)
    }

    /// The most similar one of these, and how similar it is.
    fn nearest(&self, others: &[Self]) -> (usize, f32) {
        let mut nearest = (0, 0.0);
        for (at, other) in others.iter().enumerate() {
            let similarity = if self.is_turned(other) { 0.0 } else { self.similarity(other) };
            if similarity > nearest.1 {
                nearest = (at, similarity);
            }
        }
        nearest
    }

    /// Nearly what the cylinders' similarity is.
    fn similarity(&self, other: &Self) -> f32 {
        let apart = ones(&std::array::from_fn::<_, SKETCH_WORDS, _>(|word| self.bits[word] ^ other.bits[word]));
        1.0 - (apart as f32).sqrt() / (self.norm + other.norm).max(1.0)
    }
}

/// A minutia of each finger, and how alike their surroundings are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    /// Of the first finger.
    pub first: usize,
    /// Of the second one.
    pub second: usize,
    /// 0 to 1.
    pub similarity: f32,
}

/// Bits that are set: sums of pairs, nibbles and bytes of all words at a time, which compilers turn into vector code where
/// they may not count on an instruction for it.
fn ones<const COUNT: usize>(words: &[u64; COUNT]) -> u32 {
    const PAIRS: u64 = 0x5555_5555_5555_5555;
    const NIBBLES: u64 = 0x3333_3333_3333_3333;
    const BYTES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
    const SHORTS: u64 = 0x00ff_00ff_00ff_00ff;
    let bytes: u64 = words
        .iter()
        .map(|word| {
            let pairs = word - ((word >> 1) & PAIRS);
            let nibbles = (pairs & NIBBLES) + ((pairs >> 2) & NIBBLES);
            (nibbles & BYTES) + ((nibbles >> 4) & BYTES)
        })
        .sum();
    // Each byte holds at most 8 of each word, so that all together need more than a byte.
    let shorts = (bytes & SHORTS) + ((bytes >> 8) & SHORTS);
    (shorts.wrapping_mul(0x0001_0001_0001_0001) >> 48) as u32
}

/// Similarity of two cylinders (17), 0 to 1; 0 where they have too little in common.
fn similarity(a: &Cylinder, b: &Cylinder) -> f32 {
    let common: [u64; WORDS] = std::array::from_fn(|word| a.valid[word] & b.valid[word]);
    if (ones(&common) as f32) < COMMON_LEAST * CELLS_MOST as f32 {
        return 0.0;
    }
    let first = ones(&std::array::from_fn::<_, WORDS, _>(|word| a.set[word] & common[word]));
    let second = ones(&std::array::from_fn::<_, WORDS, _>(|word| b.set[word] & common[word]));
    let apart = ones(&std::array::from_fn::<_, WORDS, _>(|word| (a.set[word] ^ b.set[word]) & common[word]));
    let norms = (first as f32).sqrt() + (second as f32).sqrt();
    if norms > 0.0 { 1.0 - (apart as f32).sqrt() / norms } else { 0.0 }
}

/// Pairs of minutiae, the most alike first, each minutia in one pair at most, as many as the finger with fewer has.
pub(super) fn pairs(a: &PreparedFinger, b: &PreparedFinger) -> Vec<Pair> {
    let mut all: Vec<Pair> = Vec::with_capacity(a.len() * PARTNERS_TRIED);
    for (first, (sketch, cylinder)) in a.sketches.iter().zip(a.cylinders.iter()).enumerate() {
        let tried = Tried::of(sketch, &b.sketches);
        for second in tried.partners() {
            let similarity = b.cylinders.get(second).map_or(0.0, |other| similarity(cylinder, other));
            if similarity >= SIMILARITY_LEAST {
                all.push(Pair { first, second, similarity });
            }
        }
    }
    all.sort_unstable_by(|x, y| {
        y.similarity.total_cmp(&x.similarity).then_with(|| (x.first, x.second).cmp(&(y.first, y.second)))
    });
    let (mut first_taken, mut second_taken) = (vec![false; a.len()], vec![false; b.len()]);
    all.retain(|pair| {
        let (Some(first), Some(second)) = (first_taken.get_mut(pair.first), second_taken.get_mut(pair.second)) else {
            return false;
        };
        let free = !*first && !*second;
        (*first, *second) = (*first || free, *second || free);
        free
    });
    all
}

/// Of each minutia of the first finger, the partner with the most similar sketch; the most alike first.
pub(super) fn rough_pairs(a: &PreparedFinger, b: &PreparedFinger) -> Vec<Pair> {
    let nearest = a.sketches.iter().map(|sketch| sketch.nearest(&b.sketches)).enumerate();
    let mut pairs: Vec<Pair> =
        nearest.map(|(first, (second, similarity))| Pair { first, second, similarity }).collect();
    pairs.sort_unstable_by(|x, y| y.similarity.total_cmp(&x.similarity).then(x.first.cmp(&y.first)));
    pairs
}

/// The partners with the most similar sketches, best first.
struct Tried {
    best: [(f32, usize); PARTNERS_TRIED],
    count: usize,
}

impl Tried {
    fn of(sketch: &Sketch, others: &[Sketch]) -> Self {
        let mut tried = Self { best: [(f32::NEG_INFINITY, 0); PARTNERS_TRIED], count: 0 };
        let mut least = f32::NEG_INFINITY;
        for (second, other) in others.iter().enumerate() {
            if sketch.is_turned(other) {
                continue;
            }
            let similarity = sketch.similarity(other);
            if similarity > least {
                let at = tried.best.partition_point(|known| known.0 >= similarity);
                if let Some(behind) = tried.best.get_mut(at..) {
                    behind.rotate_right(1);
                    if let Some(slot) = behind.first_mut() {
                        *slot = (similarity, second);
                    }
                }
                tried.count = (tried.count + 1).min(PARTNERS_TRIED);
                least = tried.best.last().map_or(least, |last| last.0);
            }
        }
        tried
    }

    fn partners(&self) -> impl Iterator<Item = usize> {
        self.best.iter().take(self.count).map(|known| known.1)
    }
}
