//! Every kernel that this machine has against a count bit by bit: all lengths, odd ones and misaligned ones too.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sallyport_hamming::{CODE_BYTES_MAX, Kernel, distance};

/// Bits that differ, one by one.
fn counted(a: &[u8], b: &[u8]) -> u32 {
    let bits = |bytes: &[u8]| bytes.iter().flat_map(|byte| (0..8).map(move |at| byte >> at & 1)).collect::<Vec<_>>();
    bits(a).iter().zip(bits(b)).filter(|(a, b)| **a != *b).count() as u32
}

/// Bytes without a pattern.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..bytes).map(next).collect()
}

#[test]
fn every_length_is_counted_by_every_kernel() {
    for kernel in Kernel::all() {
        for length in 0..=1_100 {
            let (a, b) = (noise(1, length), noise(2, length));
            assert_eq!(kernel.distance(&a, &b), Some(counted(&a, &b)), "{} at {length}", kernel.name());
            let opposite: Vec<u8> = a.iter().map(|byte| !byte).collect();
            assert_eq!(kernel.distance(&a, &opposite), Some(length as u32 * 8), "{} at {length}", kernel.name());
            assert_eq!(kernel.distance(&a, &a), Some(0));
        }
    }
}

proptest! {
    #[test]
    fn distances_are_those_of_each_code(
        seed: u64, length in 1usize..1_100, codes in 0usize..9, more in 0usize..1_100, from in 0usize..64, places in 0usize..10,
    ) {
        let memory = noise(seed, from + codes * length + more % length);
        let (codes, probe) = (&memory[from..], noise(!seed, from + length));
        for kernel in Kernel::all() {
            let mut found = vec![u32::MAX; places];
            let count = kernel.distances(&probe[from..], codes, &mut found);
            prop_assert_eq!(count, places.min(codes.len() / length));
            for (code, found) in codes.chunks_exact(length).zip(&found[..count]) {
                prop_assert_eq!(*found, counted(&probe[from..], code), "{}", kernel.name());
            }
            prop_assert!(found[count..].iter().all(|&untouched| untouched == u32::MAX));
        }
    }

    #[test]
    fn kernels_agree_at_the_lengths_in_use(
        seed: u64, length in prop::sample::select(vec![64usize, 128, 256, 512]), from in 0usize..64, codes in 0usize..24, places in 0usize..24,
    ) {
        let memory = noise(seed, from + codes * length);
        let probe = noise(!seed, length);
        let mut expected = vec![u32::MAX; places];
        for (code, expected) in memory[from..].chunks_exact(length).zip(&mut expected) {
            *expected = counted(&probe, code);
        }
        for kernel in Kernel::all() {
            let mut found = vec![u32::MAX; places];
            prop_assert_eq!(kernel.distances(&probe, &memory[from..], &mut found), codes.min(places));
            prop_assert_eq!(&found, &expected, "{}", kernel.name());
        }
    }

    #[test]
    fn every_byte_is_read(seed: u64, length in 0usize..2_000, from in 0usize..64, at: prop::sample::Index) {
        let mut memory = noise(seed, from + length);
        for kernel in Kernel::all() {
            let before = kernel.read(&memory[from..]);
            prop_assert_eq!(before, Kernel::all()[0].read(&memory[from..]), "{}", kernel.name());
            if length > 0 {
                let at = from + at.index(length);
                memory[at] = memory[at].wrapping_add(1);
                prop_assert_ne!(kernel.read(&memory[from..]), before, "{}", kernel.name());
            }
        }
    }
}

#[test]
fn what_is_no_pair_of_codes_has_no_distance() {
    assert_eq!(distance(&[0; 8], &[0; 9]), None);
    assert_eq!(distance(&[], &[]), Some(0));
    let long = vec![0; CODE_BYTES_MAX + 1];
    assert_eq!(distance(&long, &long), None);
    assert_eq!(Kernel::best().distances(&[], &[1, 2], &mut [0; 2]), 0);
    assert_eq!(Kernel::best().distances(&[1, 2, 3], &[1, 2], &mut [0; 2]), 0);
    assert_eq!(Some(&Kernel::best()), Kernel::all().last());
}
