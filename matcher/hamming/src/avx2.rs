//! AVX2: the bits of each half byte by a table in a register (Muła, Kurz and Lemire, "Faster Population Counts Using AVX2
//! Instructions", The Computer Journal 61(1), 2018).

use std::{arch::x86_64::*, mem::transmute};

use crate::{ahead::foresee, each, portable};

/// A byte counts up to 8 bits a vector: after so many it must be emptied.
const VECTORS_MOST: usize = 31;

type Vector = [u8; 32];

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &Vector) -> __m256i {
    // SAFETY: both are 32 bytes, and any bytes are a vector.
    unsafe { transmute(*bytes) }
}

/// The four words of a vector, summed.
#[inline]
#[target_feature(enable = "avx2")]
fn sum(words: __m256i) -> u64 {
    let halves = _mm_add_epi64(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
    (_mm_cvtsi128_si64(halves) as u64).wrapping_add(_mm_extract_epi64::<1>(halves) as u64)
}

/// The bits in which two vectors differ, counted by byte.
#[inline]
#[target_feature(enable = "avx2")]
fn differing(a: &Vector, b: &Vector) -> __m256i {
    let table = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    let low = _mm256_set1_epi8(0x0F);
    let differing = _mm256_xor_si256(load(a), load(b));
    let lower = _mm256_shuffle_epi8(table, _mm256_and_si256(differing, low));
    let upper = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16::<4>(differing), low));
    _mm256_add_epi8(lower, upper)
}

/// The sum of up to [`VECTORS_MOST`] vectors of counts, by word.
#[inline]
#[target_feature(enable = "avx2")]
fn differing_words<'a>(a: impl Iterator<Item = &'a Vector>, b: impl Iterator<Item = &'a Vector>) -> __m256i {
    let mut bytes = _mm256_setzero_si256();
    for (a, b) in a.zip(b) {
        bytes = _mm256_add_epi8(bytes, differing(a, b));
    }
    _mm256_sad_epu8(bytes, _mm256_setzero_si256())
}

#[inline]
#[target_feature(enable = "avx2")]
fn distance_inlined(a: &[u8], b: &[u8]) -> u32 {
    let (vectors_a, rest_a) = a.as_chunks::<32>();
    let (vectors_b, rest_b) = b.as_chunks::<32>();
    let mut words = _mm256_setzero_si256();
    for (some_a, some_b) in vectors_a.chunks(VECTORS_MOST).zip(vectors_b.chunks(VECTORS_MOST)) {
        words = _mm256_add_epi64(words, differing_words(some_a.iter(), some_b.iter()));
    }
    (sum(words) as u32).wrapping_add(portable::distance(rest_a, rest_b))
}

#[target_feature(enable = "avx2")]
pub(crate) fn distance(a: &[u8], b: &[u8]) -> u32 {
    distance_inlined(a, b)
}

#[target_feature(enable = "avx2")]
pub(crate) fn distances(probe: &[u8], codes: &[u8], distances: &mut [u32]) {
    match probe.as_chunks::<32>() {
        (vectors, []) if vectors.len() == 2 => whole_vectors::<2>(vectors, codes, distances),
        (vectors, []) if vectors.len() == 4 => whole_vectors::<4>(vectors, codes, distances),
        (vectors, []) if vectors.len() == 8 => whole_vectors::<8>(vectors, codes, distances),
        (vectors, []) if vectors.len() == 16 => whole_vectors::<16>(vectors, codes, distances),
        _ => each(probe, codes, distances, |a, b| distance_inlined(a, b)),
    }
}

/// The lengths in use, without loops.
#[inline]
#[target_feature(enable = "avx2")]
fn whole_vectors<const VECTORS: usize>(probe: &[Vector], codes: &[u8], distances: &mut [u32]) {
    const { assert!(VECTORS <= VECTORS_MOST) };
    let Ok(probe) = <&[Vector; VECTORS]>::try_from(probe) else { return };
    for (code, found) in codes.as_chunks::<32>().0.as_chunks::<VECTORS>().0.iter().zip(distances) {
        code.iter().step_by(2).for_each(|vector| foresee(vector));
        *found = sum(differing_words(probe.iter(), code.iter())) as u32;
    }
}

#[target_feature(enable = "avx2")]
pub(crate) fn read(bytes: &[u8]) -> u64 {
    let (vectors, rest) = bytes.as_chunks::<32>();
    let (fours, last) = vectors.as_chunks::<4>();
    let mut sums = [_mm256_setzero_si256(); 4];
    for four in fours {
        foresee(&four[0]);
        foresee(&four[2]);
        for (sum, vector) in sums.iter_mut().zip(four) {
            *sum = _mm256_add_epi64(*sum, load(vector));
        }
    }
    let words = sums.iter().map(|words| sum(*words)).chain(last.iter().map(|vector| sum(load(vector))));
    words.fold(portable::read(rest), u64::wrapping_add)
}
