//! Whether the nets keep pace with a totem: three cameras at their usual rate, a worker a core, for some seconds. Skips
//! loudly without nets and faces.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use opencv::{
    core::{CV_8UC3, Mat, Rect, Scalar, Size, Vector},
    imgcodecs, imgproc,
    prelude::*,
};
use sallyport_hardware::camera::{FolderCamera, Frame, Mounted, Pixels, Position, Seen, Totem};
use sallyport_matcher::{Image, face::FaceEngine};

/// A camera's frame, in pixels.
const FRAME: (i32, i32) = (1280, 720);
/// What a gate takes of each camera.
const FRAMES_PER_SECOND: f64 = 15.0;
/// Different pictures of each camera.
const PICTURES: i32 = 15;
const LASTS: Duration = Duration::from_secs(10);

fn assets() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets");
    let there = folder.join("models/face_recognition_sface.onnx").exists() && folder.join("faces/obama.jpg").exists();
    if !there {
        eprintln!("SKIPPED: no nets and faces in {}: run `make setup`", folder.display());
    }
    there.then_some(folder)
}

/// A traveler at half the frame's height who sways a little; each camera sees them at another height.
fn pictures(portrait: &Mat, folder: &Path, position: Position) {
    fs::create_dir(folder).unwrap();
    let height = FRAME.1 * 3 / 4;
    let width = portrait.cols() * height / portrait.rows();
    let mut traveler = Mat::default();
    imgproc::resize(portrait, &mut traveler, Size::new(width, height), 0.0, 0.0, imgproc::INTER_AREA).unwrap();
    for at in 0..PICTURES {
        let mut frame = Mat::new_rows_cols_with_default(FRAME.1, FRAME.0, CV_8UC3, Scalar::all(90.0)).unwrap();
        let (left, top) = (FRAME.0 / 3 + 4 * at, 20 + 70 * position as i32);
        let mut place = Mat::roi_mut(&mut frame, Rect::new(left, top, width, height)).unwrap();
        traveler.copy_to(&mut place).unwrap();
        let mut jpeg = Vector::<u8>::new();
        imgcodecs::imencode_def(".jpg", &frame, &mut jpeg).unwrap();
        fs::write(folder.join(format!("{at:02}.jpg")), jpeg.as_slice()).unwrap();
    }
}

/// What a worker does with a frame.
type Work = fn(&FaceEngine, &Image) -> bool;

fn main() {
    let Some(assets) = assets() else { return };
    let engine = FaceEngine::load(&assets.join("models")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let portrait = assets.join("faces/obama.jpg");
    let portrait = imgcodecs::imread(portrait.to_str().unwrap(), imgcodecs::IMREAD_COLOR).unwrap();
    for position in Position::ALL {
        pictures(&portrait, &folder.path().join(position.name()), position);
    }
    let workers = thread::available_parallelism().map_or(1, usize::from).min(Position::ALL.len());
    println!("three cameras of {} x {}, {FRAMES_PER_SECOND} frames a second, {workers} workers", FRAME.0, FRAME.1);
    let every: Work = |engine, image| {
        let faces = engine.detect_live(image).unwrap();
        faces.first().is_some_and(|&face| engine.sample(image, face).is_ok())
    };
    let found: Work = |engine, image| !engine.detect_live(image).unwrap().is_empty();
    for (name, work) in [("a template of every frame", every), ("faces found in every frame", found)] {
        measure(name, &engine, folder.path(), workers, work);
    }
}

fn measure(name: &str, engine: &FaceEngine, folder: &Path, workers: usize, work: Work) {
    let mount = |position: Position| {
        let camera = FolderCamera::open(&folder.join(position.name())).unwrap();
        let camera = Box::new(camera.frames_per_second(FRAMES_PER_SECOND));
        Mounted { position, camera, frames_per_second: FRAMES_PER_SECOND }
    };
    let totem = Totem::new(Position::ALL.map(mount).into());
    totem.watch(true);
    let until = Instant::now() + LASTS;
    let used = AtomicU64::new(0);
    let worker = || {
        let mut ages = Vec::new();
        while Instant::now() < until {
            let Some(Seen::Frame(_, Frame { pixels: Pixels::File(file), taken, .. })) =
                totem.next(Duration::from_millis(100))
            else {
                continue;
            };
            let usable = work(engine, &Image::decode(&file).unwrap());
            used.fetch_add(u64::from(usable), Ordering::Relaxed);
            ages.push(taken.elapsed());
        }
        ages
    };
    let mut ages: Vec<Duration> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    ages.sort();
    let each_second = |count: u64| count as f64 / LASTS.as_secs_f64();
    let age = |part: f64| ages.get((ages.len() as f64 * part) as usize).map_or(0, Duration::as_millis);
    println!(
        "{name}: {:.1} a second, {:.1} of them used, {:.1} dropped; from the frame to the end of the work {} ms (median), {} ms (99 %)",
        each_second(ages.len() as u64),
        each_second(used.into_inner()),
        each_second(totem.dropped()),
        age(0.5),
        age(0.99),
    );
}
