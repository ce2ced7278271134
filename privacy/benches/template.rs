//! Speed of protecting a template and comparing codes: `make bench`.
#![allow(missing_docs, clippy::unwrap_used)] // criterion's macros make undocumented items

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sallyport_privacy::{
    keys::ApplicationKey,
    template::{CYLINDER_LENGTH, EMBEDDING_LENGTH, FingerProjection, protect},
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

fn finger(criterion: &mut Criterion) {
    let seed = ApplicationKey::received(&[5; 32], 1).enrollment_seed(&[1; 16], 1);
    let cylinder = |of: usize| (0..CYLINDER_LENGTH).map(|at| ((at * of) as f32 * 0.7).sin()).collect();
    let cylinders: Vec<Vec<f32>> = (1..=40).map(cylinder).collect();
    let projection = FingerProjection::new(&seed);
    let probe = || projection.probe(cylinders.iter().map(Vec::as_slice)).unwrap();
    let (live, code, other) = (probe(), probe().code(), probe().code());
    let mut group = criterion.benchmark_group("finger of 40 minutiae");
    group.bench_function("project", |bencher| bencher.iter(probe));
    group.bench_function("protect", |bencher| bencher.iter(|| black_box(&live).code()));
    group.bench_function("compare live with code", |bencher| bencher.iter(|| live.similarity(black_box(&code))));
    group.bench_function("compare two codes", |bencher| bencher.iter(|| other.similarity(black_box(&code))));
    group.finish();
}

criterion_group!(benches, template, finger);
criterion_main!(benches);
