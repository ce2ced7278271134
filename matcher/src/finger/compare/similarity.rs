//! How alike the surroundings of two minutiae are, and which pairs are the most alike.

use super::{
    super::cylinder::{CELLS_MOST, Cylinder, WORDS, wrapped},
    PreparedFinger,
};

/// Least share of the cells that both cylinders have (Cappelli 2010, min ME).
const COMMON_LEAST: f32 = 0.6;
/// Most difference of two directions (delta theta).
const TURN_MOST: f32 = std::f32::consts::FRAC_PI_2;

/// A minutia of each finger, and how alike their surroundings are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    /// Of the first finger.
    pub first: u16,
    /// Of the second one.
    pub second: u16,
    /// 0 to 1.
    pub similarity: f32,
}

/// Bits that are set, in all words together: sums of bit pairs, nibbles and bytes of all words at a time, which compilers
/// turn into vector code where the processor counts no bits.
fn ones(words: &[u64; WORDS]) -> u32 {
    const PAIRS: u64 = 0x5555_5555_5555_5555;
    const NIBBLES: u64 = 0x3333_3333_3333_3333;
    const BYTES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
    let mut bytes = 0_u64;
    for words in words.as_chunks::<2>().0 {
        let mut nibbles = 0;
        for word in words {
            let pairs = word - ((word >> 1) & PAIRS);
            nibbles += (pairs & NIBBLES) + ((pairs >> 2) & NIBBLES);
        }
        bytes += (nibbles & BYTES) + ((nibbles >> 4) & BYTES);
    }
    // Each byte holds at most 64, so that their sum needs more than a byte.
    let halves = (bytes & 0x00ff_00ff_00ff_00ff) + ((bytes >> 8) & 0x00ff_00ff_00ff_00ff);
    (halves.wrapping_mul(0x0001_0001_0001_0001) >> 48) as u32
}

/// Similarity of two cylinders (17), 0 to 1; 0 where they have too little in common.
fn similarity(a: &Cylinder, b: &Cylinder) -> f32 {
    let common: [u64; WORDS] = std::array::from_fn(|word| a.valid[word] & b.valid[word]);
    if (ones(&common) as f32) < COMMON_LEAST * CELLS_MOST as f32 {
        return 0.0;
    }
    let first = ones(&std::array::from_fn(|word| a.set[word] & common[word]));
    let second = ones(&std::array::from_fn(|word| b.set[word] & common[word]));
    let apart = ones(&std::array::from_fn(|word| (a.set[word] ^ b.set[word]) & common[word]));
    let norms = (first as f32).sqrt() + (second as f32).sqrt();
    if norms > 0.0 { 1.0 - (apart as f32).sqrt() / norms } else { 0.0 }
}

/// Pairs of minutiae, the most alike first, each minutia in one pair at most, as many as the finger with fewer has.
pub(super) fn pairs(a: &PreparedFinger, b: &PreparedFinger, most: usize) -> Vec<Pair> {
    let mut all: Vec<Pair> = Vec::new();
    for (first, (from, cylinder)) in a.points.iter().zip(a.cylinders.iter()).enumerate() {
        for (second, (to, other)) in b.points.iter().zip(b.cylinders.iter()).enumerate() {
            if wrapped(from.direction - to.direction).abs() > TURN_MOST {
                continue;
            }
            let similarity = similarity(cylinder, other);
            if similarity > 0.0 {
                all.push(Pair { first: first as u16, second: second as u16, similarity });
            }
        }
    }
    all.sort_by(|x, y| y.similarity.total_cmp(&x.similarity).then((x.first, x.second).cmp(&(y.first, y.second))));
    let (mut first_taken, mut second_taken) = (vec![false; a.cylinders.len()], vec![false; b.cylinders.len()]);
    let mut chosen = Vec::new();
    for pair in all {
        let (Some(first), Some(second)) =
            (first_taken.get_mut(usize::from(pair.first)), second_taken.get_mut(usize::from(pair.second)))
        else {
            continue;
        };
        if *first || *second {
            continue;
        }
        (*first, *second) = (true, true);
        chosen.push(pair);
        if chosen.len() == most {
            break;
        }
    }
    chosen
}
