//! Other nets by their manifests alone, made here: an embedder of another shape, order of colors, normalization and
//! length, and a net of presentation attacks.
#![allow(clippy::unwrap_used)]

mod assets;
mod onnx;

use std::fs;

use assets::assets;
use onnx::{Node, graph, initializer};
use sallyport_matcher::{
    Image,
    face::{
        Basis, Calibration, CueName, Detection, FaceEngine, FaceTemplate, Fmr, LikelihoodRatio, Liveness, Manifests,
        ModelError, PadPolicy, Source, Threshold, Verdict, View,
    },
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// SphereFace's input: upright, and its landmarks (Liu et al. 2017).
const WIDTH: usize = 96;
const HEIGHT: usize = 112;
const LANDMARKS: [[f32; 2]; 5] =
    [[30.2946, 51.6963], [65.5318, 51.5014], [48.0252, 71.7366], [33.5493, 92.3655], [62.7299, 92.2041]];
/// The net's input is averaged in cells of these sides.
const CELL: (usize, usize) = (12, 14);
const POOLED: usize = 3 * (WIDTH / CELL.0) * (HEIGHT / CELL.1);
const LENGTH: usize = 64;
const SLOPES: [f32; 3] = [0.25, 0.5, 0.125];

/// Numbers that look random, in -1..1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        // Knuth's MMIX generator.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// The end of an ArcFace net behind one pooling: PReLU, flattening, a full layer, batch normalization.
fn embedder() -> Vec<u8> {
    let nodes = [
        Node::new("AveragePool", &["data"], "pooled").ints("kernel_shape", &[14, 12]).ints("strides", &[14, 12]),
        Node::new("PRelu", &["pooled", "slopes"], "bent"),
        Node::new("Flatten", &["bent"], "flat").int("axis", 1),
        Node::new("Gemm", &["flat", "weights", "bias"], "full").int("transB", 1),
        Node::new("BatchNormalization", &["full", "gamma", "beta", "mean", "variance"], "embedding")
            .float("epsilon", 0.0),
    ];
    let (full, weights) = ([LENGTH], numbers(LENGTH * POOLED, 1));
    let initializers = [
        initializer("slopes", &[3, 1, 1], &SLOPES),
        initializer("weights", &[LENGTH, POOLED], &weights),
        initializer("bias", &full, &numbers(LENGTH, 2)),
        initializer("gamma", &full, &[2.0; LENGTH]),
        initializer("beta", &full, &numbers(LENGTH, 3)),
        initializer("mean", &full, &[0.5; LENGTH]),
        initializer("variance", &full, &[4.0; LENGTH]),
    ];
    graph(&nodes, &initializers, ("data", &[1, 3, HEIGHT, WIDTH]), ("embedding", &[1, LENGTH]))
}

/// What that net makes of a picture of its input's size, written out.
fn by_hand(image: &Image, red_first: bool, mean: f32, scale: f32) -> Vec<f32> {
    let (cell_width, cell_height) = CELL;
    let mut pooled = Vec::new();
    for (plane, slope) in SLOPES.iter().enumerate() {
        let channel = if red_first { 2 - plane } else { plane };
        for (top, left) in
            (0..HEIGHT).step_by(cell_height).flat_map(|y| (0..WIDTH).step_by(cell_width).map(move |x| (y, x)))
        {
            let mut sum = 0.0;
            for (y, x) in (top..top + cell_height).flat_map(|y| (left..left + cell_width).map(move |x| (y, x))) {
                sum += (f32::from(image.bgr()[3 * (WIDTH * y + x) + channel]) - mean) * scale;
            }
            let average = sum / (cell_width * cell_height) as f32;
            pooled.push(if average > 0.0 { average } else { slope * average });
        }
    }
    let (weights, bias, beta) = (numbers(LENGTH * POOLED, 1), numbers(LENGTH, 2), numbers(LENGTH, 3));
    let full = weights.chunks(POOLED).zip(bias.iter().zip(&beta)).map(|(row, (bias, beta))| {
        let dot: f32 = row.iter().zip(&pooled).map(|(a, b)| a * b).sum();
        (dot + bias - 0.5) / 2.0 * 2.0 + beta
    });
    let full: Vec<f32> = full.collect();
    let norm = full.iter().map(|value| value * value).sum::<f32>().sqrt();
    full.iter().map(|value| value / norm).collect()
}

/// A net that finds nothing, since it has none of a detector's outputs: here faces are pointed at.
fn detector() -> Vec<u8> {
    let nodes = [Node::new("Relu", &["input"], "output")];
    graph(&nodes, &[], ("input", &[1, 3, 32, 32]), ("output", &[1, 3, 32, 32]))
}

fn manifest(name: &str, file: &[u8], channels: &str, mean: f32, scale: f32) -> String {
    format!(
        "name = \"{name}\"\nrole = \"face-embedder\"\nfile = \"second.onnx\"\nsha256 = \"{}\"\nlicense = \"CC0-1.0\"\n\
         source = \"this test\"\n\n[input]\nwidth = {WIDTH}\nheight = {HEIGHT}\nchannels = \"{channels}\"\n\
         mean = [{mean:?}, {mean:?}, {mean:?}]\nscale = [{scale:?}, {scale:?}, {scale:?}]\n\n\
         [embedding]\nlength = {LENGTH}\nlandmarks = {LANDMARKS:?}\n",
        hex::encode(Sha256::digest(file)),
    )
}

/// A folder with the second net in the place of the default one.
fn folder(manifest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let detector = detector();
    put("second.onnx", &embedder());
    put("second.toml", manifest.as_bytes());
    put("detector.onnx", &detector);
    let text = format!(
        "name = \"none\"\nrole = \"face-detector\"\nfile = \"detector.onnx\"\nsha256 = \"{}\"\nlicense = \"CC0-1.0\"\n\
         source = \"this test\"\n[input]\nwidth = 32\nheight = 32\nchannels = \"BGR\"\nmean = [0.0, 0.0, 0.0]\n\
         scale = [1.0, 1.0, 1.0]\n",
        hex::encode(Sha256::digest(&detector)),
    );
    put("detector.toml", text.as_bytes());
    folder
}

/// A pattern with fine detail whose colors differ, and a face pointed at that already lies as the net wants it.
fn picture(phase: f32) -> (Image, Detection) {
    let value = |at: usize| {
        let (x, y, channel) = ((at / 3 % WIDTH) as f32, (at / 3 / WIDTH) as f32, (at % 3) as f32);
        let wave = (0.9 * x + phase).sin() + (0.11 * (channel + 1.0) * y + phase).cos() + 0.3 * (channel - 1.0);
        (110.0 + 45.0 * wave).clamp(0.0, 255.0) as u8
    };
    let bgr = Zeroizing::new((0..WIDTH * HEIGHT * 3).map(value).collect());
    let image = Image::from_bgr(WIDTH as u32, HEIGHT as u32, bgr).unwrap();
    let (width, height) = (WIDTH as f32, HEIGHT as f32);
    (image, Detection { left: 0.0, top: 0.0, width, height, landmarks: LANDMARKS, confidence: 1.0 })
}

fn template(engine: &FaceEngine, phase: f32) -> FaceTemplate {
    let (image, detection) = picture(phase);
    engine.sample(&image, detection).unwrap().template
}

#[test]
fn its_templates_are_what_the_manifest_says() {
    let file = embedder();
    let mut templates = Vec::new();
    let written = [("RGB", 127.5, 1.0 / 128.0), ("BGR", 127.5, 1.0 / 128.0), ("RGB", 0.0, 1.0)];
    for (channels, mean, scale) in written {
        let folder = folder(&manifest("second", &file, channels, mean, scale));
        let engine = FaceEngine::load(folder.path()).unwrap();
        assert_eq!((engine.model(), engine.embedding_length()), ("second", LENGTH));
        let template = template(&engine, 0.0);
        let expected = by_hand(&picture(0.0).0, channels == "RGB", mean, scale);
        assert_eq!((template.model(), template.values().len()), ("second", LENGTH));
        for (value, expected) in template.values().iter().zip(&expected) {
            assert!((value - expected).abs() < 1e-4, "{channels} {mean} {scale}: {value} {expected}");
        }
        templates.push(template);
    }
    // Order and normalization matter, or the above would prove nothing.
    let [right, other_order, raw] = &templates[..] else { panic!() };
    let (order, normalization) = (right.compare(other_order).unwrap(), right.compare(raw).unwrap());
    assert!(order < 0.98 && normalization < 0.98, "{order} {normalization}");
}

#[test]
fn what_its_manifest_gets_wrong_is_told_when_it_is_loaded() {
    let (file, load) = (embedder(), |text: &str| FaceEngine::load(folder(text).path()).map(drop));
    let right = manifest("second", &file, "RGB", 127.5, 1.0 / 128.0);
    load(&right).unwrap();
    let longer = load(&right.replace("length = 64", "length = 128")).unwrap_err();
    assert!(matches!(longer, ModelError::Length { expected: 128, found: 64, .. }), "{longer}");
    let narrower = load(&right.replace("width = 96", "width = 84")).unwrap_err();
    assert!(matches!(narrower, ModelError::Prepare(_)), "{narrower}");
    let absent = load(&right.replace("second.onnx", "third.onnx")).unwrap_err();
    assert!(matches!(absent, ModelError::File { .. }), "{absent}");
    let outside = load(&right.replace("second.onnx", "../second.onnx")).unwrap_err();
    assert!(matches!(outside, ModelError::Manifest(_)), "{outside}");
    let other = load(&right.replace(&hex::encode(Sha256::digest(&file)), &"0".repeat(64))).unwrap_err();
    assert!(matches!(other, ModelError::Hash { .. }), "{other}");
}

#[test]
fn it_decides_nothing_before_it_is_calibrated() {
    let folder = folder(&manifest("second", &embedder(), "RGB", 127.5, 1.0 / 128.0));
    let engine = FaceEngine::load(folder.path()).unwrap();
    let error = engine.threshold(Fmr::OneInThousand).unwrap_err();
    assert!(matches!(&error, ModelError::NoThreshold { fmr: Fmr::OneInThousand, .. }), "{error}");
    assert!(error.to_string().contains("net second has no threshold at FMR 1e-3: run `matcher-eval calibrate`"));
    assert!(matches!(engine.log10_likelihood_ratio(0.5), Err(ModelError::NoLikelihoodRatio { .. })));

    let calibration = Calibration {
        date: "2026-01-31".parse().unwrap(),
        data: "two patterns".into(),
        images: 2,
        people: 2,
        genuine: 1,
        impostor: 1,
        thresholds: [(Fmr::OneInThousand, Threshold { score: 0.75, basis: Basis::Measured })].into(),
        tail: None,
        likelihood_ratio: LikelihoodRatio { points: vec![[0.0, -1.0], [1.0, 1.0]], cllr: 0.5 },
    };
    let manifests = Manifests::read(folder.path()).unwrap();
    manifests.calibrate(&calibration).unwrap();
    let engine = FaceEngine::load(folder.path()).unwrap();
    assert_eq!(engine.threshold(Fmr::OneInThousand).unwrap(), 0.75);
    assert_eq!(engine.log10_likelihood_ratio(0.75).unwrap(), 0.5);
    assert!(matches!(engine.threshold(Fmr::OneInMillion), Err(ModelError::NoThreshold { .. })));
    assert!(template(&engine, 0.0).compare(&template(&engine, 1.0)).unwrap() < 0.99);
}

#[test]
fn it_takes_the_default_ones_place_and_their_templates_do_not_mix() {
    let Some(assets) = assets() else { return };
    let folder = folder(&manifest("second", &embedder(), "BGR", 127.5, 1.0 / 128.0));
    for file in ["face_detection_yunet.onnx", "face_detection_yunet.toml"] {
        fs::copy(assets.join("models").join(file), folder.path().join(file)).unwrap();
    }
    fs::remove_file(folder.path().join("detector.toml")).unwrap();
    let (second, default) =
        (FaceEngine::load(folder.path()).unwrap(), FaceEngine::load(&assets.join("models")).unwrap());
    let image = Image::decode(&fs::read(assets.join("faces/obama.jpg")).unwrap()).unwrap();
    for source in [Source::Live, Source::Portrait] {
        let [ours, theirs] = [&second, &default].map(|engine| engine.template(&image, source).unwrap().template);
        assert_eq!((ours.values().len(), theirs.values().len()), (LENGTH, 128));
        assert!((ours.compare(&ours).unwrap() - 1.0).abs() < 1e-5);
        let error = ours.compare(&theirs).unwrap_err();
        assert_eq!((&*error.own, error.own_length, error.other_length), ("second", LENGTH, 128));
    }
}

/// Sides of the attack detector's input, and how far beyond the face it looks.
const PART: usize = 48;
const AROUND: f32 = 2.0;

/// The mean of each plane is the logit of its class: blue, green, red.
fn attack_detector() -> Vec<u8> {
    let nodes = [
        Node::new("AveragePool", &["data"], "pooled").ints("kernel_shape", &[48, 48]).ints("strides", &[48, 48]),
        Node::new("Flatten", &["pooled"], "logits").int("axis", 1),
    ];
    graph(&nodes, &[], ("data", &[1, 3, PART, PART]), ("logits", &[1, 3]))
}

fn attack_manifest(file: &[u8]) -> String {
    format!(
        "name = \"colors\"\nrole = \"attack-detector\"\nfile = \"attacks.onnx\"\nsha256 = \"{}\"\nlicense = \"CC0-1.0\"\n\
         source = \"this test\"\n\n[input]\nwidth = {PART}\nheight = {PART}\nchannels = \"BGR\"\n\
         mean = [0.0, 0.0, 0.0]\nscale = [0.01, 0.01, 0.01]\n\n[attack]\nscale = {AROUND:?}\ncount = 3\nlive = 1\n",
        hex::encode(Sha256::digest(file)),
    )
}

/// What is said of a face of this color before a wall of another, after so many frames.
fn looked(engine: &FaceEngine, [face, wall]: [[u8; 3]; 2], frames: u64) -> Liveness {
    let (side, about) = (200u32, 60..140);
    let pixel = |at: u32| if about.contains(&(at % side)) && about.contains(&(at / side)) { face } else { wall };
    let bgr = Zeroizing::new((0..side * side).flat_map(pixel).collect());
    let image = Image::from_bgr(side, side, bgr).unwrap();
    let landmarks = LANDMARKS.map(|[x, y]| [60.0 + x * 0.8, 60.0 + y * 0.7]);
    // With twice its longer side, the net sees a quarter of face.
    let detection = Detection { left: 60.0, top: 60.0, width: 70.0, height: 80.0, landmarks, confidence: 1.0 };
    let mut liveness = engine.liveness(&PadPolicy::default());
    for taken_ms in (0..frames).map(|frame| 100 * frame) {
        liveness.look(&View { camera: 0, taken_ms, image: &image, detection: &detection }).unwrap();
    }
    liveness
}

#[test]
fn a_net_of_attacks_is_one_more_cue() {
    let (file, bare) = (attack_detector(), manifest("second", &embedder(), "RGB", 127.5, 1.0 / 128.0));
    let folder = folder(&bare);
    let without = FaceEngine::load(folder.path()).unwrap();
    fs::write(folder.path().join("attacks.onnx"), &file).unwrap();
    fs::write(folder.path().join("attacks.toml"), attack_manifest(&file)).unwrap();
    let with = FaceEngine::load(folder.path()).unwrap();
    let (green, red) = ([0, 200, 0], [0, 0, 200]);

    let seen = |liveness: &Liveness| {
        let evidence = liveness.evidence();
        evidence.into_iter().find(|(cue, _)| *cue == CueName::TrainedNet).and_then(|(_, evidence)| evidence)
    };
    assert!(seen(&looked(&with, [green; 2], 2)).is_none(), "two frames are too few");
    assert!(seen(&looked(&without, [green; 2], 5)).is_none());
    assert_eq!(looked(&without, [green; 2], 5).verdict(), Verdict::Undecided);

    let [live, attack] = [green, red].map(|color| looked(&with, [color; 2], 5));
    assert_eq!(live.verdict(), Verdict::Genuine);
    let share = 2f32.exp() / (2f32.exp() + 2.0);
    assert!((seen(&live).unwrap().score - (1.0 - share)).abs() < 1e-4, "softmax of (0, 2, 0)");
    let Verdict::Suspected { cue: CueName::TrainedNet, score, threshold } = attack.verdict() else { panic!() };
    assert!((score - (1.0 - share / 2f32.exp())).abs() < 1e-4 && threshold == 0.5, "{score}");

    // It is shown more than the face, as its manifest asks.
    let mixed = seen(&looked(&with, [green, red], 3)).unwrap().score;
    let [face, wall] = [0.25f32, 0.75].map(|part| (2.0 * part).exp());
    assert!((mixed - (1.0 - face / (face + wall + 1.0))).abs() < 0.02, "{mixed}");
}

#[test]
fn what_the_manifest_of_a_net_of_attacks_gets_wrong_is_told() {
    let file = attack_detector();
    let folder = folder(&manifest("second", &embedder(), "RGB", 127.5, 1.0 / 128.0));
    fs::write(folder.path().join("attacks.onnx"), &file).unwrap();
    let load = |from: &str, to: &str| {
        let right = attack_manifest(&file);
        assert!(right.contains(from), "{from}");
        fs::write(folder.path().join("attacks.toml"), right.replace(from, to)).unwrap();
        FaceEngine::load(folder.path()).map(drop).unwrap_err()
    };
    let error = load("count = 3", "count = 4");
    assert!(matches!(error, ModelError::Classes { expected: 4, found: 3, .. }), "{error}");
    for (from, to) in [("live = 1", "live = 3"), ("scale = 2.0", "scale = 0.0"), ("scale = 2.0", "scale = nan")] {
        let error = load(from, to);
        assert!(error.to_string().contains("`live` among them"), "{error}");
    }
    let error = load("attack-detector", "face-detector");
    assert!(matches!(error, ModelError::Manifest(_)), "{error}");
}
