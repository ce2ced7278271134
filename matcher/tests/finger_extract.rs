//! The extractor on ridges made here: waves with a known place where one begins.
#![allow(clippy::unwrap_used, missing_docs)]

use std::f32::consts::{PI, TAU};

use sallyport_matcher::finger::{
    Extractor as _, FingerError, FingerImage, Guidance,
    extract::{RidgeExtractor, Stage, inspect},
};
use zeroize::Zeroizing;

const SIDE: u32 = 300;

fn image(width: u32, height: u32, gray: impl Fn(f32, f32) -> f32) -> FingerImage {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x as f32, y as f32)));
    let gray = pixels.map(|(x, y)| gray(x, y).clamp(0.0, 255.0) as u8).collect();
    FingerImage::new(width, height, Zeroizing::new(gray)).unwrap()
}

/// Horizontal ridges 9 pixels apart across a finger that the picture cuts above and below, and at each of these places a
/// phase that goes around once: one ridge more to its right (1) or to its left (-1).
fn ridges(spirals: &'static [(f32, f32, f32)]) -> impl Fn(f32, f32) -> f32 {
    move |x, y| {
        if !(40.0..260.0).contains(&x) {
            return 245.0;
        }
        let turns: f32 = spirals.iter().map(|(cx, cy, sign)| sign * (y - cy).atan2(x - cx)).sum();
        128.0 + 90.0 * (TAU * y / 9.0 + turns).cos()
    }
}

const SPIRALS: &[(f32, f32, f32)] =
    &[(100.0, 110.0, 1.0), (200.0, 120.0, -1.0), (120.0, 200.0, -1.0), (190.0, 210.0, 1.0)];

fn turn(one: f32, other: f32) -> f32 {
    let turn = (one - other).rem_euclid(TAU);
    turn.min(TAU - turn)
}

#[test]
fn a_minutia_is_found_where_a_ridge_begins_and_points_along_it() {
    let analysis = RidgeExtractor.analyze(&image(SIDE, SIDE, ridges(SPIRALS))).unwrap();
    let found = analysis.template().minutiae();
    let places: Vec<_> = found.iter().map(|one| (one.x, one.y, one.direction, one.quality)).collect();
    assert_eq!(found.len(), SPIRALS.len(), "{places:?}");
    for (x, y, sign) in SPIRALS {
        let minutia =
            found.iter().min_by(|a, b| (a.x - x).hypot(a.y - y).total_cmp(&(b.x - x).hypot(b.y - y))).unwrap();
        assert!((minutia.x - x).hypot(minutia.y - y) < 6.0, "{x} {y}: {} {}", minutia.x, minutia.y);
        // Down the picture the phase grows: by half a turn more to the right of a positive one, by half less to its left.
        let towards_more_ridges = if *sign > 0.0 { 0.0 } else { PI };
        assert!(turn(minutia.direction, towards_more_ridges) < 0.3, "{x} {y}: {}", minutia.direction);
        assert!(minutia.quality > 50);
    }
    let quality = analysis.quality();
    assert!(quality.ridge_clarity > 80 && quality.orientation_certainty > 80, "{quality:?}");
    assert!(!analysis.was_inverted());
}

#[test]
fn whole_ridges_have_no_minutiae() {
    let error = RidgeExtractor.extract(&image(SIDE, SIDE, ridges(&[]))).unwrap_err();
    assert!(matches!(error, FingerError::TooFew { found: 0, .. }), "{error}");
}

#[test]
fn an_inverted_picture_gives_the_same_minutiae() {
    let upright = ridges(SPIRALS);
    let analysis = RidgeExtractor.analyze(&image(SIDE, SIDE, |x, y| 255.0 - upright(x, y))).unwrap();
    assert!(analysis.was_inverted());
    let before = RidgeExtractor.extract(&image(SIDE, SIDE, upright)).unwrap();
    let near = analysis.template().minutiae().iter().filter(|one| {
        before
            .minutiae()
            .iter()
            .any(|two| (one.x - two.x).hypot(one.y - two.y) < 3.0 && turn(one.direction, two.direction) < 0.1)
    });
    assert_eq!(near.count(), SPIRALS.len());
}

#[test]
fn a_mirrored_picture_gives_the_mirrored_minutiae() {
    let upright = ridges(SPIRALS);
    let mirrored = RidgeExtractor.extract(&image(SIDE, SIDE, |x, y| upright(299.0 - x, y))).unwrap();
    let before = RidgeExtractor.extract(&image(SIDE, SIDE, upright)).unwrap();
    for one in before.minutiae() {
        assert!(mirrored.minutiae().iter().any(|two| {
            (299.0 - one.x - two.x).hypot(one.y - two.y) < 4.0 && turn(PI - one.direction, two.direction) < 0.2
        }));
    }
}

#[test]
fn what_is_no_finger_is_told() {
    for gray in [0.0, 128.0, 255.0] {
        let error = RidgeExtractor.extract(&image(SIDE, SIDE, |_, _| gray)).unwrap_err();
        assert!(matches!(error, FingerError::Blank), "{gray}: {error}");
    }
    // A smear: light that changes slowly.
    let smear = image(SIDE, SIDE, |x, y| 128.0 + 100.0 * (x / 60.0).sin() * (y / 80.0).cos());
    assert!(RidgeExtractor.extract(&smear).is_err());
    // A part of a finger too small for anything.
    let part = image(SIDE, SIDE, |x, y| if x < 40.0 && y < 40.0 { ridges(&[])(x + 100.0, y + 100.0) } else { 245.0 });
    assert!(RidgeExtractor.extract(&part).is_err());
}

#[test]
fn any_picture_gives_an_answer() {
    let noise = |x: f32, y: f32| {
        let mut bits = (x as u32).wrapping_mul(0x9e37_79b9) ^ (y as u32).wrapping_mul(0x85eb_ca6b);
        bits ^= bits >> 15;
        bits = bits.wrapping_mul(0x2c1b_3c6d);
        (bits >> 24) as f32
    };
    for (width, height) in [(60, 60), (61, 63), (60, 1_280), (1_280, 61), (1_280, 1_280)] {
        let _ = RidgeExtractor.extract(&image(width, height, noise));
        if let Ok(analysis) =
            RidgeExtractor.analyze(&image(width, height, |x, y| ridges(SPIRALS)(x % 300.0, y % 300.0)))
        {
            assert!(analysis.template().minutiae().len() <= 255);
            assert_ne!((analysis.quality().overall, analysis.quality().guidance), (0, Guidance::Good));
        }
    }
}

#[test]
fn every_stage_can_be_looked_at() {
    let analysis = RidgeExtractor.analyze(&image(SIDE, SIDE, ridges(SPIRALS))).unwrap();
    for stage in Stage::ALL {
        let picture = analysis.picture(stage);
        assert_eq!((picture.width(), picture.height()), (SIDE, SIDE));
        let first = picture.gray()[0];
        let even = matches!(stage, Stage::Coherence | Stage::Period | Stage::Certainty);
        assert!(even || picture.gray().iter().any(|&gray| gray != first), "{stage:?}");
    }
    let page = inspect(&analysis).unwrap();
    assert_eq!(page.matches("data:image/png;base64,iVBORw0KGgo").count(), Stage::ALL.len() + 1);
    assert_eq!(page.matches("class=\"ending\"").count() + page.matches("class=\"fork\"").count(), 3 * SPIRALS.len());
    assert!(!page.contains("http"));
}
