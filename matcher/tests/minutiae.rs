//! Minutiae by the net, on ridges that are made here and on real fingers beside onnxruntime. Skips loudly without them.
#![allow(clippy::unwrap_used)]

mod assets;

use std::{
    f32::consts::{PI, TAU},
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use assets::assets;
use sallyport_matcher::{
    face::ModelError,
    finger::{Extractor as _, FingerError, FingerImage, Kind, Minutia, NetExtractor, PreparedFinger, Resolution},
};
use zeroize::Zeroizing;

fn extractor(folder: &Path) -> Option<NetExtractor> {
    let there = folder.join("models/finger_minutiae_leader.onnx").exists();
    if !there {
        eprintln!("SKIPPED: no net for fingers in {}: run `make setup`", folder.display());
    }
    there.then(|| NetExtractor::load(&folder.join("models")).unwrap())
}

/// Where ridges begin or end, with the number of ridges that do there.
const PLANTED: [(f32, f32, f32); 8] = [
    (90.0, 90.0, 1.0),
    (200.0, 100.0, -1.0),
    (140.0, 130.0, 1.0),
    (100.0, 180.0, -1.0),
    (190.0, 180.0, 1.0),
    (145.0, 215.0, -1.0),
    (110.0, 250.0, 1.0),
    (185.0, 245.0, -1.0),
];

/// Ridges of 9 pixels across an oval, with minutiae in them: phases as in the AM-FM model (Larkin and Fletcher 2007).
fn ridges(width: u32, height: u32) -> FingerImage {
    let (middle, lower) = (width as f32 / 2.0, height as f32 / 2.0);
    let gray = (0..width * height).map(|at| {
        let (x, y) = ((at % width) as f32, (at / width) as f32);
        let spirals: f32 = PLANTED.iter().map(|(left, top, turns)| turns * (y - top).atan2(x - left)).sum();
        let wave = (TAU * y / 9.0 + spirals).cos();
        let within = ((x - middle) / (middle - 20.0)).powi(2) + ((y - lower) / (lower - 20.0)).powi(2) < 1.0;
        if within { (128.0 + 100.0 * wave) as u8 } else { 255 }
    });
    FingerImage::new(width, height, Zeroizing::new(gray.collect())).unwrap()
}

#[test]
fn planted_minutiae_are_found_where_they_are_and_along_the_ridges() {
    let Some(extractor) = assets().as_deref().and_then(extractor) else { return };
    let image = ridges(290, 331);
    let template = extractor.extract(&image).unwrap();
    let inner = |minutia: &&Minutia| (minutia.x - 145.0).hypot((minutia.y - 165.5) * 0.9) < 105.0;
    let found: Vec<&Minutia> = template.minutiae().iter().filter(inner).collect();
    let near = |minutia: &Minutia, (x, y, _): &(f32, f32, f32)| (minutia.x - x).hypot(minutia.y - y) < 7.0;
    let missed = PLANTED.iter().filter(|place| !found.iter().any(|minutia| near(minutia, place))).count();
    let invented = found.iter().filter(|minutia| !PLANTED.iter().any(|place| near(minutia, place))).count();
    assert_eq!((missed, invented), (0, 0), "{:?}", found.iter().map(|m| (m.x, m.y)).collect::<Vec<_>>());
    for minutia in found {
        let off = minutia.direction.rem_euclid(PI).min(PI - minutia.direction.rem_euclid(PI));
        assert!(off < 0.3, "direction {} across ridges from left to right", minutia.direction);
    }
}

#[test]
fn directions_go_along_the_ridge_from_an_ending_and_into_the_valley_of_a_fork() {
    let Some(folder) = assets() else { return };
    let Some(extractor) = extractor(&folder) else { return };
    let (mut right, mut all) = ([0, 0], [0, 0]);
    for image in fingers(&folder) {
        let gray = |x: f32, y: f32| {
            let at = y.round() * image.width() as f32 + x.round();
            f32::from(image.gray().get(at as usize).copied().unwrap_or(255))
        };
        for minutia in extractor.extract(&image).unwrap().minutiae() {
            let (x, y) = (minutia.direction.cos(), -minutia.direction.sin());
            let along = |side: f32| {
                (5..10)
                    .map(|far| gray(minutia.x + side * far as f32 * x, minutia.y + side * far as f32 * y))
                    .sum::<f32>()
            };
            let kind = usize::from(minutia.kind == Kind::Bifurcation);
            all[kind] += 1;
            right[kind] += usize::from((along(1.0) < along(-1.0)) == (minutia.kind == Kind::Ending));
        }
    }
    eprintln!("{right:?} of {all:?} endings and bifurcations");
    assert!(all[0] > 30 && right[0] * 10 >= all[0] * 8, "{right:?} of {all:?}");
    assert!(all[1] > 5 && right[1] * 10 >= all[1] * 6, "{right:?} of {all:?}");
}

#[test]
fn blank_tiny_and_odd_pictures_are_told() {
    let Some(extractor) = assets().as_deref().and_then(extractor) else { return };
    let flat = |width: u32, height: u32, value: u8| {
        let gray = Zeroizing::new(vec![value; width as usize * height as usize]);
        extractor.extract(&FingerImage::new(width, height, gray).unwrap()).unwrap_err()
    };
    for value in [0, 128, 255] {
        assert!(matches!(flat(300, 300, value), FingerError::Blank));
    }
    let noise = |width: u32, height: u32| {
        let gray = (0..width * height).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        FingerImage::new(width, height, Zeroizing::new(gray)).unwrap()
    };
    for (width, height) in [(60, 60), (61, 83), (97, 64), (300, 70)] {
        match extractor.extract(&noise(width, height)) {
            Ok(template) => assert_eq!((template.width(), template.height()), (width, height)),
            Err(error) => assert!(matches!(error, FingerError::TooFew { .. }), "{error}"),
        }
    }
}

#[test]
fn the_same_finger_scores_high_and_another_low() {
    let Some(folder) = assets() else { return };
    let Some(extractor) = extractor(&folder) else { return };
    let prepared = |image: FingerImage| PreparedFinger::new(&extractor.extract(&image).unwrap());
    let fingers: Vec<PreparedFinger> = fingers(&folder).into_iter().map(prepared).collect();
    let [one, again, other] = fingers.as_slice() else { panic!("three fingers") };
    let (genuine, impostors) = (one.compare(again), [one.compare(other), again.compare(other)]);
    eprintln!("genuine {genuine:.3}, impostor {impostors:.3?}");
    assert!(impostors.iter().all(|impostor| genuine > impostor + 0.1), "{genuine} {impostors:?}");
}

#[test]
fn another_file_is_refused_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let name = "finger_minutiae_leader.toml";
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name), folder.path().join(name)).unwrap();
    assert!(matches!(NetExtractor::load(folder.path()), Err(ModelError::File { .. })));
    fs::write(folder.path().join("finger_minutiae_leader.onnx"), b"other").unwrap();
    assert!(matches!(NetExtractor::load(folder.path()), Err(ModelError::Hash { .. })));
}

/// The demonstration fingers: one twice, then another.
fn fingers(folder: &Path) -> Vec<FingerImage> {
    let file = |name: &str| fs::read(folder.join("fingers").join(name)).unwrap();
    let decoded = |name: &str| FingerImage::decode(&file(name), Resolution::Known(500.0)).unwrap();
    ["p1_1.png", "p1_2.png", "p2_1.png"].map(decoded).into()
}

/// onnxruntime over the net's file, then what afis 1.2.7 does before and after: prints x, y, direction, whether an ending
/// it is, quality.
const ORACLE: &str = r#"
import sys, numpy, onnxruntime
net, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
image = numpy.frombuffer(sys.stdin.buffer.read(), "u1").reshape(height, width).astype("f4")
rows, columns = (-(-side // 32) * 32 for side in (height, width))
above, left = (rows - height) // 2, (columns - width) // 2
around = ((above, rows - height - above), (left, columns - width - left))
padded = numpy.pad(image, around, constant_values=image[0, 0])
output = onnxruntime.InferenceSession(net).run(None, {"input": padded[None, :, :, None]})[0][0]
output = output[above:above + height, left:left + width]
for y, x in numpy.argwhere(output[..., 3] >= 0.55):
    print(x, y, output[y, x, 1], int(output[y, x, 2] >= 0.5), output[y, x, 3])
"#;

/// None without Python's onnxruntime, which `make bench` puts beside the nets.
fn oracle(folder: &Path, image: &FingerImage) -> Option<Vec<[f32; 5]>> {
    let path = ["reference", "onnxruntime"].map(|name| folder.join(name)).into_iter().find(|path| path.exists())?;
    let mut python = Command::new("python3")
        .args(["-c", ORACLE])
        .arg(folder.join("models/finger_minutiae_leader.onnx"))
        .args([image.width().to_string(), image.height().to_string()])
        .env("PYTHONPATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    python.stdin.take()?.write_all(image.gray()).ok()?;
    let output = python.wait_with_output().ok().filter(|output| output.status.success())?;
    let numbers = |line: &str| -> Option<[f32; 5]> {
        line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<Vec<_>>>()?.try_into().ok()
    };
    std::str::from_utf8(&output.stdout).ok()?.lines().map(numbers).collect()
}

#[test]
fn onnxruntime_finds_the_same_minutiae_on_real_fingers() {
    let Some(folder) = assets() else { return };
    let Some(extractor) = extractor(&folder) else { return };
    let (mut matched, mut all) = (0, 0);
    for image in fingers(&folder) {
        let Some(expected) = oracle(&folder, &image) else {
            eprintln!("SKIPPED: Python has no onnxruntime: run `make bench` once");
            return;
        };
        let template = extractor.extract(&image).unwrap();
        assert!(expected.len() > 20);
        all += expected.len().max(template.minutiae().len());
        matched += expected
            .iter()
            .filter(|[x, y, direction, ending, quality]| {
                template.minutiae().iter().any(|minutia| {
                    let turned = (minutia.direction - direction).rem_euclid(TAU);
                    (minutia.x - x).hypot(minutia.y - y) <= 2.0
                        && turned.min(TAU - turned) <= 5f32.to_radians()
                        && (minutia.kind == Kind::Ending) == (*ending == 1.0)
                        && (f32::from(minutia.quality) - 100.0 * quality).abs() <= 2.0
                })
            })
            .count();
    }
    eprintln!("{matched} of {all} minutiae");
    assert!(matched * 100 > all * 98, "{matched} of {all}");
}
