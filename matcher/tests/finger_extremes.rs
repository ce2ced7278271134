//! What comes of fingers as sensors see them at their worst: a template that still matches, or a typed error.
#![allow(clippy::unwrap_used)]

use std::f32::consts::TAU;

use sallyport_matcher::finger::{
    Extractor as _, FingerError, FingerImage, MINUTIAE_MOST, PreparedFinger, QUALITY_GOOD, Raw,
    extract::RidgeExtractor,
    record::{self, Format, Impression, Position, View},
};

/// Width and height of the sensor at 500 dpi, in pixels.
const SIDES: (f32, f32) = (388.0, 374.0);
/// Beside this, two fingers are two people's: what lies above is far above.
const APART: f32 = 0.2;

/// Gray of a finger at a place of the sensor, in pixels at 500 dpi: ridges around a loop, and about 40 minutiae which differ
/// from finger to finger.
fn ridges(seed: u32, x: f32, y: f32) -> f32 {
    let (right, down) = (x - 194.0, y - 187.0);
    if (right / 150.0).hypot(down / 180.0) > 1.0 {
        return 245.0;
    }
    let turns: f32 = (0..49_u32)
        .map(|at| {
            let bits = (at * 97 + seed * 7_919 + 1).wrapping_mul(0x9e37_79b9).rotate_left(13).wrapping_mul(0x85eb_ca6b);
            let place = |column: u32, bits: u32| 50.0 * column as f32 + 4.0 + 36.0 * (bits & 255) as f32 / 255.0;
            let sign = if bits >> 30 & 1 == 0 { 1.0 } else { -1.0 };
            sign * (y - place(at / 7, bits >> 8)).atan2(x - place(at % 7, bits >> 16))
        })
        .sum();
    128.0 + 90.0 * (TAU * right.hypot(down + 40.0) / 9.0 + turns).cos()
}

/// Such a picture by a sensor of this resolution.
fn picture(dpi: f32, gray: impl Fn(f32, f32) -> f32) -> Result<FingerImage, FingerError> {
    let (width, height) = ((SIDES.0 * dpi / 500.0).round() as u32, (SIDES.1 * dpi / 500.0).round() as u32);
    let at = |pixel: u32| (pixel as f32 + 0.5) * 500.0 / dpi;
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| (at(x), at(y))));
    let bytes: Vec<u8> = rows.map(|(x, y)| gray(x, y).clamp(0.0, 255.0) as u8).collect();
    FingerImage::from_raw(Raw::bytes(width, height), f64::from(dpi), &bytes)
}

fn prepared(gray: impl Fn(f32, f32) -> f32) -> Result<PreparedFinger, FingerError> {
    Ok(PreparedFinger::new(&RidgeExtractor.extract(&picture(500.0, gray)?)?))
}

/// White noise (Steele, Lea and Flood's SplitMix64).
fn noise(x: f32, y: f32) -> f32 {
    let seed = (x as u64 * 4_096 + y as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed >> 56) as f32
}

/// The finger itself, and what another one scores beside it.
fn finger() -> (PreparedFinger, f32) {
    let whole = prepared(|x, y| ridges(1, x, y)).unwrap();
    let other = whole.compare(&prepared(|x, y| ridges(2, x, y)).unwrap());
    assert!(other < APART, "{other}");
    (whole, other)
}

#[test]
fn a_finger_is_the_same_at_every_resolution() {
    let (whole, _) = finger();
    for dpi in [250.0, 300.0, 400.0, 508.0, 569.0, 700.0, 1_000.0] {
        let image = picture(dpi, |x, y| ridges(1, x, y)).unwrap();
        let score = PreparedFinger::new(&RidgeExtractor.extract(&image).unwrap()).compare(&whole);
        assert!(score > 2.0 * APART, "{dpi} dpi: {score}");
    }
}

#[test]
fn a_part_of_a_finger_matches_the_whole_or_is_too_little() {
    let (whole, _) = finger();
    let left = prepared(|x, y| if x < 194.0 { ridges(1, x, y) } else { 245.0 }).unwrap();
    assert!(left.compare(&whole) > APART, "{}", left.compare(&whole));
    // A tip of a millimeter is refused, or has too few minutiae to tell anything.
    let tip = prepared(|x, y| if y < 25.0 { ridges(1, x, y) } else { 245.0 }).map_or(0, |tip| tip.len());
    assert!(tip < 10, "{tip}");
}

#[test]
fn what_is_smudged_in_part_matches_and_what_is_smudged_wholly_is_refused() {
    let (whole, _) = finger();
    // Wet: valleys filled on one side. Dirty: noise over all.
    let wet = prepared(|x, y| if x > 230.0 { ridges(1, x, y).min(60.0) } else { ridges(1, x, y) }).unwrap();
    let dirty = prepared(|x, y| 0.7 * ridges(1, x, y) + 0.3 * noise(x, y)).unwrap();
    for (name, smudged) in [("wet", wet), ("dirty", dirty)] {
        let score = smudged.compare(&whole);
        assert!(score > APART, "{name}: {score}");
    }
    let smear = |x: f32, y: f32| 128.0 + 100.0 * (x / 60.0).sin() * (y / 80.0).cos();
    for (name, gray) in [("smear", &smear as &dyn Fn(f32, f32) -> f32), ("blank", &|_, _| 200.0)] {
        let found = prepared(gray).map(|found| found.len());
        assert!(matches!(found, Err(FingerError::Blank | FingerError::TooFew { .. })), "{name}: {found:?}");
    }
    // Noise has something of ridges everywhere: its quality tells, and it matches nobody.
    let analysis = RidgeExtractor.analyze(&picture(500.0, noise).unwrap()).unwrap();
    assert!(analysis.quality().overall < QUALITY_GOOD, "{:?}", analysis.quality());
    let score = PreparedFinger::new(analysis.template()).compare(&whole);
    assert!(score < APART, "{score}");
}

#[test]
fn an_inverted_finger_matches_with_and_without_ground_and_a_mirrored_one_matches_nobody() {
    let (whole, other) = finger();
    let inverted = prepared(|x, y| 255.0 - ridges(1, x, y)).unwrap();
    assert!(inverted.compare(&whole) > 2.0 * APART, "{}", inverted.compare(&whole));
    // To the edges: nothing tells that it is inverted, and minutiae stay where they are.
    let window = |x: f32, y: f32| ridges(1, 110.0 + x * 0.43, 90.0 + y * 0.5);
    let full = prepared(window).map(|full| full.len()).unwrap_or_default();
    let turned = prepared(|x, y| 255.0 - window(x, y)).map(|turned| turned.len()).unwrap_or_default();
    assert!(full.abs_diff(turned) <= 2, "{full} {turned}");
    // A mirrored picture is handled as the finger that it might be, of the other hand: it is not refused, and it matches no
    // more than a stranger's.
    let mirrored = prepared(|x, y| ridges(1, 388.0 - x, y)).unwrap();
    assert!(mirrored.compare(&whole) < APART.max(other), "{}", mirrored.compare(&whole));
}

#[test]
fn sides_are_bounded_and_so_is_what_comes_of_the_largest() {
    let sides = |width: u32, height: u32| {
        let gray: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).map(move |x| ridges(y / 374 + 9, (x % 388) as f32, (y % 374) as f32) as u8))
            .collect();
        FingerImage::from_raw(Raw::bytes(width, height), 500.0, &gray)
    };
    for (width, height) in [(59, 300), (300, 59), (1_281, 300), (300, 1_281), (0, 0)] {
        assert!(matches!(sides(width, height), Err(FingerError::Size(_))), "{width} x {height}");
    }
    // A side too large is refused by its numbers: there need be no bytes.
    let huge = FingerImage::from_raw(Raw::bytes(u32::MAX, u32::MAX), 1_000.0, &[]);
    assert!(matches!(huge, Err(FingerError::Size(_))));
    let least = RidgeExtractor.extract(&sides(60, 60).unwrap());
    assert!(matches!(least, Err(FingerError::Blank | FingerError::TooFew { .. })), "{least:?}");
    // Twelve fingers on one sensor: more minutiae than one has, and no more than a record holds.
    let template = RidgeExtractor.extract(&sides(1_280, 1_280).unwrap()).unwrap();
    assert!((100..=MINUTIAE_MOST).contains(&template.minutiae().len()), "{template:?}");
    let prepared = PreparedFinger::new(&template);
    assert!(prepared.compare(&prepared) > 0.5);
    let view = View { position: Position::Unknown, impression: Impression::LivePlain, quality: None, template };
    assert!(Format::ALL.iter().all(|&format| record::write(&[&view], format).unwrap().len() <= 2_048));
}
