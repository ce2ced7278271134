//! Real photographs through both nets. Skips loudly without them: run `make setup`.
#![allow(clippy::unwrap_used)]

mod assets;

use std::{fs, path::Path};

use assets::assets;
use opencv::{core, imgproc, prelude::*};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, FaceError, FaceTemplate, Flaw, ModelError, Region, Source},
};
use zeroize::Zeroizing;

fn compare(one: &FaceTemplate, other: &FaceTemplate) -> f32 {
    one.compare(other).unwrap()
}

fn face(folder: &Path, name: &str) -> Image {
    Image::decode(&fs::read(folder.join("faces").join(name)).unwrap()).unwrap()
}

#[test]
fn the_same_person_scores_high_and_another_low() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    let template = |name: &str| engine.template(&face(&folder, name), Source::Portrait).unwrap().template;
    let [one, two, three, other] = ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"].map(template);
    // 0.363 is the threshold that OpenCV publishes for SFace's cosine.
    for (a, b) in [(&one, &two), (&one, &three), (&two, &three)] {
        assert!(compare(a, b) > 0.5, "genuine {}", compare(a, b));
    }
    for a in [&one, &two, &three] {
        assert!(compare(a, &other) < 0.3, "impostor {}", compare(a, &other));
    }
    assert!((compare(&one, &one) - 1.0).abs() < 1e-5);
    eprintln!(
        "genuine {:.3} {:.3} {:.3}, impostor {:.3} {:.3} {:.3}",
        compare(&one, &two),
        compare(&one, &three),
        compare(&two, &three),
        compare(&one, &other),
        compare(&two, &other),
        compare(&three, &other),
    );
}

#[test]
fn blank_empty_and_crowded_frames_are_told_apart() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    let frame = |fill: &dyn Fn(usize) -> u8| {
        let bytes = (0..640 * 480 * 3).map(fill).collect();
        Image::from_bgr(640, 480, Zeroizing::new(bytes)).unwrap()
    };
    let refusal = |image: &Image| engine.template(image, Source::Live).unwrap_err();
    assert!(matches!(refusal(&frame(&|_| 17)), FaceError::Blank));
    assert!(matches!(refusal(&frame(&|at| (at / 1920) as u8)), FaceError::NoFace));

    // Two people: two pictures side by side.
    let (left, right) = (face(&folder, "obama.jpg"), face(&folder, "obama.jpg"));
    let (width, height) = (left.width() as usize, left.height() as usize);
    let mut both = Vec::with_capacity(width * height * 6);
    for row in 0..height {
        both.extend_from_slice(&left.bgr()[row * width * 3..(row + 1) * width * 3]);
        both.extend_from_slice(&right.bgr()[row * width * 3..(row + 1) * width * 3]);
    }
    let both = Image::from_bgr(2 * width as u32, height as u32, Zeroizing::new(both)).unwrap();
    assert!(matches!(refusal(&both), FaceError::Several(2)), "{:?}", engine.detect(&both));
    assert!(engine.template(&both, Source::Portrait).is_ok());

    // What an officer is shown is still that face.
    let shown = Image::decode(&left.encode_jpeg().unwrap()).unwrap();
    let [shown, own] = [&shown, &left].map(|picture| engine.template(picture, Source::Live).unwrap().template);
    assert!(compare(&shown, &own) > 0.95, "{}", compare(&shown, &own));
}

#[test]
fn another_file_is_refused_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    for manifest in ["face_detection_yunet.toml", "face_recognition_sface.toml"] {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(manifest);
        fs::copy(shipped, folder.path().join(manifest)).unwrap();
    }
    assert!(matches!(FaceEngine::load(folder.path()), Err(ModelError::File { .. })));
    fs::write(folder.path().join("face_detection_yunet.onnx"), b"other").unwrap();
    assert!(matches!(FaceEngine::load(folder.path()), Err(ModelError::Hash { .. })));
}

/// The same picture, treated by OpenCV.
fn treated(image: &Image, treat: impl Fn(&Mat, &mut Mat) -> opencv::Result<()>) -> Image {
    let (width, height) = (image.width() as i32, image.height() as i32);
    let mat = Mat::new_rows_cols_with_bytes::<core::Vec3b>(height, width, image.bgr()).unwrap();
    let mut out = Mat::default();
    treat(&mat.try_clone().unwrap(), &mut out).unwrap();
    Image::from_bgr(out.cols() as u32, out.rows() as u32, Zeroizing::new(out.data_bytes().unwrap().to_vec())).unwrap()
}

#[test]
fn blurred_dark_and_glaring_faces_are_told_apart() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    for name in ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"] {
        let picture = face(&folder, name);
        let clear = engine.template(&picture, Source::Portrait).unwrap();
        let eyes = f64::from(clear.detection.eyes_px());
        let flaw = |treat: &dyn Fn(&Mat, &mut Mat) -> opencv::Result<()>| match engine
            .template(&treated(&picture, treat), Source::Portrait)
        {
            Ok(sample) => {
                assert!(compare(&sample.template, &clear.template) > 0.8, "{name} {:?}", sample.quality);
                None
            }
            Err(FaceError::Quality { flaw, .. }) => Some(flaw),
            Err(error) => panic!("{name}: {error}"),
        };
        let blurred =
            |part: f64| flaw(&|from, to| imgproc::gaussian_blur_def(from, to, core::Size::default(), eyes / part));
        assert_eq!((blurred(40.0), blurred(12.0)), (None, Some(Flaw::Blurred)), "{name}");
        let lit = |gain: f64, shift: f64| flaw(&|from, to| from.convert_to(to, -1, gain, shift));
        assert_eq!((lit(0.5, 0.0), lit(0.125, 0.0)), (None, Some(Flaw::Dark)), "{name}");
        assert_eq!((lit(0.5, 128.0), lit(0.2, 200.0)), (None, Some(Flaw::Bright)), "{name}");
        assert_eq!(lit(0.1, 100.0), Some(Flaw::Flat), "{name}");
    }
}

#[test]
fn a_face_is_where_it_is_whatever_part_of_the_frame_is_looked_at() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    let photo = treated(&face(&folder, "obama.jpg"), |from, to| {
        imgproc::resize(from, to, core::Size::new(300, 380), 0.0, 0.0, imgproc::INTER_AREA)
    });
    // A gate's frame, 640 x 480, with the photograph off its middle.
    let (left, top) = (270, 60);
    let frame = treated(&photo, |from, to| {
        let (right, bottom) = (640 - 300 - left, 480 - 380 - top);
        core::copy_make_border(from, to, top, bottom, left, right, core::BORDER_REPLICATE, core::Scalar::all(0.0))
    });
    let alone = engine.detect(&photo).unwrap()[0];
    let whole = engine.detect(&frame).unwrap();
    let region = Region { left: 250.0, top: 70.0, width: 340.0, height: 340.0 };
    let part = engine.detect_within(&frame, &region).unwrap();
    assert_eq!((whole.len(), part.len()), (1, 1));
    // The net sees the face at half its size: its landmarks were up to a tenth of the eyes' distance off, in either way.
    let tolerance = 0.12 * alone.eyes_px();
    for found in [whole[0], part[0]] {
        for (point, expected) in found.landmarks.iter().zip(&alone.landmarks) {
            let off = (point[0] - left as f32 - expected[0]).hypot(point[1] - top as f32 - expected[1]);
            assert!(off < tolerance, "{off} px off, of at most {tolerance}");
        }
    }
    // Where nobody is, nobody is found; what lies outside is no part of the frame.
    for (left, width) in [(0.0, 200.0), (700.0, 50.0), (-90.0, 40.0), (f32::NAN, f32::NAN), (0.0, f32::INFINITY)] {
        let found = engine.detect_within(&frame, &Region { left, top: 0.0, width, height: 480.0 }).unwrap();
        assert_eq!(found.len(), usize::from(width == f32::INFINITY), "at {left}");
    }
}
