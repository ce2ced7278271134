//! Portraits of chips against their originals. Skips loudly without nets and faces: run `make setup`.
#![allow(clippy::unwrap_used)]

mod assets;

use std::fs;

use assets::assets;
use sallyport_evaluation::passport::{Codec, compressed, token};
use sallyport_matcher::{
    Image,
    face::{FaceEngine, FaceTemplate, Fmr, Source},
};

/// How much of the cosine a file may cost.
const LOSS_MAX: f32 = 0.08;

#[test]
fn a_chips_portrait_is_the_same_identity_as_its_original() {
    let Some(folder) = assets() else { return };
    let engine = FaceEngine::load(&folder.join("models")).unwrap();
    let threshold = engine.threshold(Fmr::OneInTenThousand).unwrap();
    let original = |name: &str| Image::decode(&fs::read(folder.join("faces").join(name)).unwrap()).unwrap();
    let template = |image: &Image| engine.template(image, Source::Portrait).unwrap();
    let [other_day, stranger] = ["obama3.jpg", "biden.jpg"].map(|name| template(&original(name)).template);
    for name in ["obama.jpg", "obama2.jpg"] {
        let image = original(name);
        let sample = template(&image);
        let cosine = |template: &FaceTemplate, with: &FaceTemplate| template.compare(with).unwrap();
        let (before, other_before) = (cosine(&sample.template, &other_day), cosine(&sample.template, &stranger));
        let token = token(&image, &sample.detection).unwrap();
        assert_eq!((token.width(), token.height()), (300, 400));
        for codec in Codec::ALL {
            for bytes_max in [8_000, 12_000, 18_000, 25_000] {
                let file = compressed(&token, codec, bytes_max).unwrap();
                assert!(file.len() <= bytes_max && file.len() > bytes_max / 4, "{} of {bytes_max}", file.len());
                let coded = template(&Image::decode(&file).unwrap()).template;
                let (same, after) = (cosine(&coded, &sample.template), cosine(&coded, &other_day));
                eprintln!(
                    "{name} {} {}: itself {same:.3}, other day {after:.3} ({before:.3})",
                    codec.name(),
                    file.len()
                );
                assert!(same > 1.0 - LOSS_MAX, "{name} {codec:?} {bytes_max}: {same}");
                assert!(after > threshold && before - after < LOSS_MAX, "{name} {codec:?} {bytes_max}: {after}");
                assert!(cosine(&coded, &stranger) < threshold.min(other_before + LOSS_MAX));
            }
        }
    }
}

#[test]
fn no_file_is_too_small_to_say_so() {
    let image =
        Image::from_bgr(64, 64, zeroize::Zeroizing::new((0..64 * 64 * 3).map(|at| at as u8).collect())).unwrap();
    let error = compressed(&image, Codec::Jpeg, 100).unwrap_err();
    assert!(error.to_string().contains("100 bytes"), "{error}");
}
