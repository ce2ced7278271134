//! Speed of the finger extractor over ridges made here, of the size of a common sensor's picture.
#![allow(missing_docs, clippy::unwrap_used)] // criterion's macros make undocumented items

use std::{f32::consts::TAU, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use sallyport_matcher::finger::{
    FingerImage,
    extract::{RidgeExtractor, inspect},
};
use zeroize::Zeroizing;

/// Pixels of the picture by which such times are given.
const SIDES: (u32, u32) = (388, 374);

/// An oval finger that covers three fifths of the picture, with ridges bent around a loop and a minutia every 50 pixels.
fn finger() -> FingerImage {
    let pixels = (0..SIDES.1).flat_map(|y| (0..SIDES.0).map(move |x| (x as f32, y as f32)));
    let gray = pixels.map(|(x, y)| {
        let (right, down) = (x - 194.0, y - 187.0);
        if (right / 150.0).hypot(down / 180.0) > 1.0 {
            return 245;
        }
        let spirals = (0..49u8).map(|at| (50.0 * f32::from(at % 7) + 20.0, 50.0 * f32::from(at / 7) + 20.0, at % 2));
        let turns: f32 = spirals.map(|(cx, cy, odd)| (1.0 - 2.0 * f32::from(odd)) * (y - cy).atan2(x - cx)).sum();
        (128.0 + 90.0 * (TAU * right.hypot(down + 40.0) / 9.0 + turns).cos()) as u8
    });
    FingerImage::new(SIDES.0, SIDES.1, Zeroizing::new(gray.collect())).unwrap()
}

fn extract(criterion: &mut Criterion) {
    let finger = finger();
    let mut group = criterion.benchmark_group("finger extraction");
    group.sample_size(20);
    group.bench_function("388 x 374", |bencher| bencher.iter(|| RidgeExtractor.analyze(black_box(&finger)).unwrap()));
    let analysis = RidgeExtractor.analyze(&finger).unwrap();
    group.bench_function("the page of all stages", |bencher| bencher.iter(|| inspect(black_box(&analysis)).unwrap()));
    group.finish();
}

criterion_group!(benches, extract);
criterion_main!(benches);
