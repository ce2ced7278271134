//! AVX-512 with VPOPCNTDQ: one instruction counts the bits of eight words.

use std::{arch::x86_64::*, mem::transmute};

use crate::{ahead::foresee, each, portable};

type Vector = [u8; 64];

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &Vector) -> __m512i {
    // SAFETY: both are 64 bytes, and any bytes are a vector.
    unsafe { transmute(*bytes) }
}

/// At most 63 bytes and zeros behind them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_rest(bytes: &[u8]) -> __m512i {
    let mask = (1u64 << bytes.len()).wrapping_sub(1);
    // SAFETY: the mask names the slice's own bytes, and no other is read.
    unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr().cast()) }
}

/// The bits in which two vectors differ, counted by word.
#[inline]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn differing(a: __m512i, b: __m512i) -> __m512i {
    _mm512_popcnt_epi64(_mm512_xor_si512(a, b))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
fn distance_inlined(a: &[u8], b: &[u8]) -> u32 {
    let (vectors_a, rest_a) = a.as_chunks::<64>();
    let (vectors_b, rest_b) = b.as_chunks::<64>();
    let mut words = differing(load_rest(rest_a), load_rest(rest_b));
    for (a, b) in vectors_a.iter().zip(vectors_b) {
        words = _mm512_add_epi64(words, differing(load(a), load(b)));
    }
    _mm512_reduce_add_epi64(words) as u32
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
pub(crate) fn distance(a: &[u8], b: &[u8]) -> u32 {
    distance_inlined(a, b)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
pub(crate) fn distances(probe: &[u8], codes: &[u8], distances: &mut [u32]) {
    match probe.as_chunks::<64>() {
        (vectors, []) if vectors.len() == 1 => whole_vectors::<1>(vectors, codes, distances),
        (vectors, []) if vectors.len() == 2 => whole_vectors::<2>(vectors, codes, distances),
        (vectors, []) if vectors.len() == 4 => whole_vectors::<4>(vectors, codes, distances),
        (vectors, []) if vectors.len() == 8 => whole_vectors::<8>(vectors, codes, distances),
        _ => each(probe, codes, distances, |a, b| distance_inlined(a, b)),
    }
}

/// The lengths in use, with the probe in registers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
fn whole_vectors<const VECTORS: usize>(probe: &[Vector], codes: &[u8], distances: &mut [u32]) {
    let Ok(probe) = <&[Vector; VECTORS]>::try_from(probe) else { return };
    let mut held = [_mm512_setzero_si512(); VECTORS];
    held.iter_mut().zip(probe).for_each(|(held, vector)| *held = load(vector));
    let codes = codes.as_chunks::<64>().0.as_chunks::<VECTORS>().0;
    let (fours, found_fours) = (codes.as_chunks::<4>().0, distances.as_chunks_mut::<4>().0);
    let done = 4 * fours.len().min(found_fours.len());
    for (four, found) in fours.iter().zip(found_fours) {
        *found = sums(four.each_ref().map(|code| differing_words(&held, code)));
    }
    for (code, found) in codes.iter().zip(distances).skip(done) {
        *found = _mm512_reduce_add_epi64(differing_words(&held, code)) as u32;
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn differing_words<const VECTORS: usize>(probe: &[__m512i; VECTORS], code: &[Vector; VECTORS]) -> __m512i {
    let mut words = _mm512_setzero_si512();
    for (a, b) in probe.iter().zip(code) {
        foresee(b);
        words = _mm512_add_epi64(words, differing(*a, load(b)));
    }
    words
}

/// Each vector's words, which fit 32 bits, summed: four at once take half of what one after the other does.
#[inline]
#[target_feature(enable = "avx512f")]
fn sums(words: [__m512i; 4]) -> [u32; 4] {
    // Words of two vectors in turn, then of all four, eight times; then four times, two times, once.
    let first = _mm512_or_si512(words[0], _mm512_slli_epi64::<32>(words[1]));
    let second = _mm512_or_si512(words[2], _mm512_slli_epi64::<32>(words[3]));
    let all = _mm512_add_epi32(_mm512_unpacklo_epi64(first, second), _mm512_unpackhi_epi64(first, second));
    let half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64::<1>(all));
    let quarter = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half));
    // SAFETY: both are 16 bytes, and any bytes are four numbers.
    unsafe { transmute(quarter) }
}

#[target_feature(enable = "avx512f")]
pub(crate) fn read(bytes: &[u8]) -> u64 {
    let (vectors, rest) = bytes.as_chunks::<64>();
    let (fours, last) = vectors.as_chunks::<4>();
    let mut sums = [_mm512_setzero_si512(); 4];
    for four in fours {
        for (sum, vector) in sums.iter_mut().zip(four) {
            foresee(vector);
            *sum = _mm512_add_epi64(*sum, load(vector));
        }
    }
    let last = last.iter().map(|vector| load(vector));
    let words = sums.iter().copied().chain(last).map(|words| _mm512_reduce_add_epi64(words) as u64);
    words.fold(portable::read(rest), u64::wrapping_add)
}
