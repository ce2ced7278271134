//! What every machine can: words of 64 bits.

use crate::each;

pub(crate) fn distance(a: &[u8], b: &[u8]) -> u32 {
    let (words_a, rest_a) = a.as_chunks::<8>();
    let (words_b, rest_b) = b.as_chunks::<8>();
    let words =
        words_a.iter().zip(words_b).map(|(a, b)| (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)).count_ones());
    let rest = rest_a.iter().zip(rest_b).map(|(a, b)| (a ^ b).count_ones());
    words.chain(rest).fold(0, u32::wrapping_add)
}

pub(crate) fn distances(probe: &[u8], codes: &[u8], distances: &mut [u32]) {
    each(probe, codes, distances, distance);
}

pub(crate) fn read(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_ne_bytes(*word));
    words.chain(rest.iter().map(|&byte| u64::from(byte))).fold(0, u64::wrapping_add)
}
