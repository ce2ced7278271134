//! NEON, which every 64-bit ARM has: the bits of each byte by one instruction.

use std::{arch::aarch64::*, mem::transmute};

use crate::{each, portable};

/// A byte counts up to 8 bits a vector: after so many it must be emptied.
const VECTORS_MOST: usize = 31;

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: both are 16 bytes, and any bytes are a vector.
    unsafe { transmute(*bytes) }
}

#[inline]
#[target_feature(enable = "neon")]
fn distance_inlined(a: &[u8], b: &[u8]) -> u32 {
    let (vectors_a, rest_a) = a.as_chunks::<16>();
    let (vectors_b, rest_b) = b.as_chunks::<16>();
    let mut bits = portable::distance(rest_a, rest_b);
    for (some_a, some_b) in vectors_a.chunks(VECTORS_MOST).zip(vectors_b.chunks(VECTORS_MOST)) {
        let mut bytes = vdupq_n_u8(0);
        for (a, b) in some_a.iter().zip(some_b) {
            bytes = vaddq_u8(bytes, vcntq_u8(veorq_u8(load(a), load(b))));
        }
        bits = bits.wrapping_add(u32::from(vaddlvq_u8(bytes)));
    }
    bits
}

#[target_feature(enable = "neon")]
pub(crate) fn distance(a: &[u8], b: &[u8]) -> u32 {
    distance_inlined(a, b)
}

#[target_feature(enable = "neon")]
pub(crate) fn distances(probe: &[u8], codes: &[u8], distances: &mut [u32]) {
    each(probe, codes, distances, |a, b| distance_inlined(a, b));
}

#[target_feature(enable = "neon")]
pub(crate) fn read(bytes: &[u8]) -> u64 {
    let (vectors, rest) = bytes.as_chunks::<16>();
    let (fours, last) = vectors.as_chunks::<4>();
    let mut sums = [vdupq_n_u64(0); 4];
    for four in fours {
        for (sum, vector) in sums.iter_mut().zip(four) {
            *sum = vaddq_u64(*sum, vreinterpretq_u64_u8(load(vector)));
        }
    }
    let last = last.iter().map(|vector| vreinterpretq_u64_u8(load(vector)));
    sums.iter().copied().chain(last).map(|words| vaddvq_u64(words)).fold(portable::read(rest), u64::wrapping_add)
}
