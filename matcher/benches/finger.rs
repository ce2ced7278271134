//! Speed of fingerprints on one core: extraction over ridges made here, of the size of a common sensor's picture; one finger
//! against another, and against a gallery; and how large a template is. `make bench` does this.
#![allow(missing_docs, clippy::unwrap_used)] // criterion's macros make undocumented items

use std::{f32::consts::TAU, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sallyport_matcher::finger::{
    Extractor as _, FingerImage, Minutia, MinutiaTemplate, PreparedFinger,
    extract::{RidgeExtractor, inspect},
    identify,
    record::{self, Format, Impression, Position, View},
};
use zeroize::Zeroizing;

/// Pixels of the picture by which such times are given.
const SIDES: (u32, u32) = (388, 374);
/// Fingers of the gallery, and minutiae of each: what the extractor finds on the sets of FVC2002 in the mean, and more.
const GALLERY: u64 = 2_000;
const MINUTIAE: usize = 45;

/// An oval finger that covers three fifths of the picture, with ridges bent around a loop and a minutia every 50 pixels.
fn finger(moved: f32) -> FingerImage {
    let pixels = (0..SIDES.1).flat_map(|y| (0..SIDES.0).map(move |x| (x as f32 + moved, y as f32)));
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

/// Minutiae of nobody, all over a finger (Steele, Lea and Flood's SplitMix64).
fn nobody(mut seed: u64) -> PreparedFinger {
    let mut draw = |most: f32| {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        most * ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 24) as f32
    };
    let minutiae =
        (0..MINUTIAE).map(|_| Minutia { x: draw(300.0), y: draw(360.0), direction: draw(TAU), ..Minutia::default() });
    PreparedFinger::new(&MinutiaTemplate::new(SIDES.0, SIDES.1, Zeroizing::new(minutiae.collect())))
}

fn extract(criterion: &mut Criterion) {
    let finger = finger(0.0);
    let mut group = criterion.benchmark_group("finger extraction");
    group.sample_size(20);
    group.bench_function("388 x 374", |bencher| bencher.iter(|| RidgeExtractor.analyze(black_box(&finger)).unwrap()));
    let analysis = RidgeExtractor.analyze(&finger).unwrap();
    group.bench_function("the page of all stages", |bencher| bencher.iter(|| inspect(black_box(&analysis)).unwrap()));
    group.finish();
}

fn compare(criterion: &mut Criterion) {
    let [one, same] = [0.0, 7.0].map(|moved| RidgeExtractor.extract(&finger(moved)).unwrap());
    let [probe, reference] = [&one, &same].map(PreparedFinger::new);
    let gallery: Vec<PreparedFinger> = (0..GALLERY).map(nobody).collect();
    let mut group = criterion.benchmark_group("finger comparison");
    group.bench_function("prepare", |bencher| bencher.iter(|| PreparedFinger::new(black_box(&one))));
    group.bench_function("1:1, the same finger", |bencher| bencher.iter(|| probe.compare(black_box(&reference))));
    let mut others = gallery.iter().cycle();
    group.bench_function("1:1, another finger", |bencher| bencher.iter(|| others.next().unwrap().compare(&probe)));
    let all: Vec<&PreparedFinger> = gallery.iter().collect();
    group.sample_size(20).throughput(Throughput::Elements(GALLERY));
    group.bench_function("1:2000", |bencher| bencher.iter(|| identify(black_box(&probe), &all, 5)));
    group.finish();
    let minutiae = one.minutiae().len();
    let view = View { position: Position::Unknown, impression: Impression::LivePlain, quality: None, template: one };
    let bytes = record::write(&[&view], Format::Iso2005).unwrap().len();
    println!("{} and {} minutiae; template of {bytes} bytes (ISO/IEC 19794-2:2005)", minutiae, MINUTIAE);
}

criterion_group!(benches, extract, compare);
criterion_main!(benches);
