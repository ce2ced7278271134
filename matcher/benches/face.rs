//! Speed of the face pipeline over real photographs: `make bench`. Skips loudly without nets and faces.
#![allow(missing_docs, clippy::unwrap_used)] // criterion's macros make undocumented items

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
};

use criterion::{Criterion, criterion_group, criterion_main};
use opencv::{
    core::{Mat, Size, Vec3b},
    imgproc,
    prelude::*,
};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, Source},
};
use zeroize::Zeroizing;

/// A frame of a gate's camera, in pixels.
const FRAME: (i32, i32) = (640, 480);

fn assets() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    let there = folder.join("models/face_recognition_sface.onnx").exists() && folder.join("faces/obama.jpg").exists();
    if !there {
        eprintln!("SKIPPED: no nets and faces in {}: run `make setup`", folder.display());
    }
    there.then_some(folder)
}

fn frame(file: &Path) -> Image {
    let picture = Image::decode(&fs::read(file).unwrap()).unwrap();
    let (width, height) = (picture.width() as i32, picture.height() as i32);
    let mat = Mat::new_rows_cols_with_bytes::<Vec3b>(height, width, picture.bgr()).unwrap();
    let mut out = Mat::default();
    imgproc::resize(&mat, &mut out, Size::new(FRAME.0, FRAME.1), 0.0, 0.0, imgproc::INTER_AREA).unwrap();
    let bytes = Zeroizing::new(out.data_bytes().unwrap().to_vec());
    Image::from_bgr(FRAME.0 as u32, FRAME.1 as u32, bytes).unwrap()
}

fn face(criterion: &mut Criterion) {
    let Some(folder) = assets() else { return };
    let models = folder.join("models");
    let engine = FaceEngine::load(&models).unwrap();
    let frame = frame(&folder.join("faces/obama.jpg"));
    let jpeg = frame.encode_jpeg().unwrap();
    let detection = *engine.detect(&frame).unwrap().first().unwrap();
    let mut group = criterion.benchmark_group("face");
    group.sample_size(20);
    group.bench_function("load both nets", |bencher| bencher.iter(|| FaceEngine::load(&models).unwrap()));
    group.bench_function("decode a JPEG of 640 x 480", |bencher| bencher.iter(|| Image::decode(&jpeg).unwrap()));
    group.bench_function("detect", |bencher| bencher.iter(|| engine.detect(black_box(&frame)).unwrap()));
    group.bench_function("align and measure quality", |bencher| {
        bencher.iter(|| engine.align(black_box(&frame), detection).unwrap())
    });
    group.bench_function("align and embed", |bencher| {
        bencher.iter(|| engine.sample(black_box(&frame), detection).unwrap())
    });
    group.bench_function("whole template", |bencher| {
        bencher.iter(|| engine.template(black_box(&frame), Source::Live).unwrap())
    });
    group.finish();
}

criterion_group!(benches, face);
criterion_main!(benches);
