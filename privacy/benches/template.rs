//! Speed of protecting a template and comparing codes: `make bench`.
#![allow(missing_docs, clippy::unwrap_used)] // criterion's macros make undocumented items

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sallyport_privacy::{
    keys::ApplicationKey,
    template::{EMBEDDING_LENGTH, protect},
};

fn template(criterion: &mut Criterion) {
    let seed = ApplicationKey::received(&[5; 32], 1).enrollment_seed(&[1; 16], 1);
    let embedding: Vec<f32> = (0..EMBEDDING_LENGTH).map(|at| (at as f32 * 0.7).sin()).collect();
    let (code, other) = (protect(&embedding, &seed).unwrap(), protect(&embedding, &seed).unwrap());
    let mut group = criterion.benchmark_group("template");
    group.bench_function("protect", |bencher| bencher.iter(|| protect(black_box(&embedding), &seed).unwrap()));
    group.bench_function("compare two codes", |bencher| bencher.iter(|| black_box(&code).distance(black_box(&other))));
    group.finish();
}

criterion_group!(benches, template);
criterion_main!(benches);
