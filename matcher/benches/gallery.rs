//! Search of galleries that fit the second cache and that do not; beside FAISS: `gallery.py`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sallyport_hamming::{Kernel, distance};
use sallyport_matcher::gallery::{CODE_BYTES, Gallery, Limit, ReferenceId};

/// A gallery of random codes, and probes.
fn gallery(count: usize) -> (Gallery, Vec<Vec<u8>>) {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut code = || {
        let words = (0..CODE_BYTES / 8).flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        words.collect::<Vec<u8>>()
    };
    let mut gallery = Gallery::new(CODE_BYTES).unwrap();
    (0..count).for_each(|at| gallery.add(ReferenceId(at as u128), &code()).unwrap());
    (gallery, (0..8).map(|_| code()).collect())
}

fn search(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("gallery");
    for count in [500, 100_000] {
        let (gallery, probes) = gallery(count);
        let probes: Vec<&[u8]> = probes.iter().map(Vec::as_slice).collect();
        group.bench_function(format!("the nearest ten of {count}"), |bencher| {
            bencher.iter(|| gallery.search(black_box(&probes[..1]), Limit::nearest(10), 1).unwrap());
        });
        group.bench_function(format!("those within 1500 bits of {count}"), |bencher| {
            bencher.iter(|| gallery.search(black_box(&probes[..1]), Limit::within(1_500), 1).unwrap());
        });
        group.bench_function(format!("eight probes, the nearest ten of {count} each"), |bencher| {
            bencher.iter(|| gallery.search(black_box(&probes), Limit::nearest(10), 1).unwrap());
        });
    }
    let (mut gallery, probes) = gallery(500);
    group.bench_function("add and remove", |bencher| {
        bencher.iter(|| {
            gallery.add(ReferenceId(500), black_box(&probes[0])).unwrap();
            gallery.remove(ReferenceId(500))
        });
    });
    group.finish();
}

fn kernels(criterion: &mut Criterion) {
    let (gallery, probes) = gallery(500);
    let codes = gallery.memory().next().unwrap();
    let mut distances = vec![0; 500];
    let mut group = criterion.benchmark_group("500 distances");
    for kernel in Kernel::all() {
        group.bench_function(kernel.name(), |bencher| {
            bencher.iter(|| kernel.distances(black_box(&probes[0]), codes, &mut distances));
        });
    }
    group.bench_function("one", |bencher| bencher.iter(|| distance(black_box(&probes[0]), &probes[1])));
    group.finish();
}

criterion_group!(benches, search, kernels);
criterion_main!(benches);
