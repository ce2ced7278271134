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
const PARTNERS_TRIED: usize = 10;

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
    /// Square root of how many of the cylinder's bits are set, where all its cells lie on the finger.
    whole: Option<f32>,
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
        let whole = (ones(&cylinder.valid) == CELLS_MOST).then(|| (ones(&cylinder.set) as f32).sqrt());
        Self { bits, norm: (ones(&bits) as f32).sqrt(), direction, whole }
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
#[inline]
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
fn similarity(a: (&Sketch, &Cylinder), b: (&Sketch, &Cylinder)) -> f32 {
    let ((a_sketch, a), (b_sketch, b)) = (a, b);
    let (apart, norms) = if let (Some(first), Some(second)) = (a_sketch.whole, b_sketch.whole) {
        (ones(&std::array::from_fn::<_, WORDS, _>(|word| a.set[word] ^ b.set[word])), first + second)
    } else {
        let common: [u64; WORDS] = std::array::from_fn(|word| a.valid[word] & b.valid[word]);
        if (ones(&common) as f32) < COMMON_LEAST * CELLS_MOST as f32 {
            return 0.0;
        }
        let first = ones(&std::array::from_fn::<_, WORDS, _>(|word| a.set[word] & common[word]));
        let second = ones(&std::array::from_fn::<_, WORDS, _>(|word| b.set[word] & common[word]));
        // What is set is valid, and so what is set in both is common.
        let both = ones(&std::array::from_fn::<_, WORDS, _>(|word| a.set[word] & b.set[word]));
        (first + second - 2 * both, (first as f32).sqrt() + (second as f32).sqrt())
    };
    if norms > 0.0 { 1.0 - (apart as f32).sqrt() / norms } else { 0.0 }
}

/// A pair as one number, less the more alike it is: such are sorted several times as fast.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked(u64);

impl Ranked {
    fn new(similarity: f32, first: usize, second: usize) -> Self {
        // Floats that are not negative are in the order of their bits.
        let rank = u64::from(!similarity.max(0.0).to_bits());
        Self(rank << 32 | (first as u64 & 0xffff) << 16 | second as u64 & 0xffff)
    }

    fn pair(self) -> Pair {
        let similarity = f32::from_bits(!((self.0 >> 32) as u32));
        Pair { first: (self.0 >> 16 & 0xffff) as usize, second: (self.0 & 0xffff) as usize, similarity }
    }
}

/// The partners with the most similar sketches, in no order.
fn partners(sketch: &Sketch, others: &[Sketch], into: &mut Vec<Ranked>) {
    into.clear();
    let there = others.iter().enumerate().filter(|(_, other)| !sketch.is_turned(other));
    into.extend(there.map(|(second, other)| Ranked::new(sketch.similarity(other), 0, second)));
    if into.len() > PARTNERS_TRIED {
        into.select_nth_unstable(PARTNERS_TRIED);
        into.truncate(PARTNERS_TRIED);
    }
}

/// Pairs of minutiae, the most alike first, each minutia in one pair at most, as many as the finger with fewer has.
pub(super) fn pairs(a: &PreparedFinger, b: &PreparedFinger) -> Vec<Pair> {
    let mut all: Vec<Ranked> = Vec::with_capacity(a.len() * PARTNERS_TRIED);
    let mut tried = Vec::with_capacity(b.len());
    for (first, one) in a.sketches.iter().zip(a.cylinders.iter()).enumerate() {
        partners(one.0, &b.sketches, &mut tried);
        for Pair { second, .. } in tried.iter().map(|tried| tried.pair()) {
            let other = b.sketches.get(second).zip(b.cylinders.get(second));
            let similarity = other.map_or(0.0, |other| similarity(one, other));
            if similarity >= SIMILARITY_LEAST {
                all.push(Ranked::new(similarity, first, second));
            }
        }
    }
    all.sort_unstable();
    let (mut first_taken, mut second_taken) = (vec![false; a.len()], vec![false; b.len()]);
    let mut found = Vec::with_capacity(a.len().min(b.len()));
    for pair in all.iter().map(|ranked| ranked.pair()) {
        let (Some(first), Some(second)) = (first_taken.get_mut(pair.first), second_taken.get_mut(pair.second)) else {
            continue;
        };
        if !*first && !*second {
            (*first, *second) = (true, true);
            found.push(pair);
        }
    }
    found
}

/// Of each minutia of the first finger, the partner with the most similar sketch; the most alike first.
pub(super) fn rough_pairs(a: &PreparedFinger, b: &PreparedFinger) -> Vec<Pair> {
    let nearest = a.sketches.iter().map(|sketch| sketch.nearest(&b.sketches)).enumerate();
    let mut pairs: Vec<Pair> =
        nearest.map(|(first, (second, similarity))| Pair { first, second, similarity }).collect();
    pairs.sort_unstable_by(|x, y| y.similarity.total_cmp(&x.similarity).then(x.first.cmp(&y.first)));
    pairs
}
