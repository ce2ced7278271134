//! Real photographs through both nets. Skips loudly without them: run `make setup`.
#![allow(clippy::unwrap_used)]

mod assets;

use std::{fs, path::Path};

use assets::assets;
use opencv::{core, imgproc, prelude::*};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, FaceError, FaceTemplate, Flaw, ModelError, Source},
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
    Image::from_bgr(image.width(), image.height(), Zeroizing::new(out.data_bytes().unwrap().to_vec())).unwrap()
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
