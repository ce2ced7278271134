//! All cues over made-up frames: no nets and no faces are needed.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sallyport_matcher::{
    Image,
    face::{CueName, Detection, Liveness, PadPolicy, Verdict, View},
};
use zeroize::Zeroizing;

const LANDMARKS: [[f32; 2]; 5] = [[290.0, 220.0], [350.0, 220.0], [320.0, 254.0], [296.0, 288.0], [344.0, 288.0]];

fn detection(landmarks: [[f32; 2]; 5]) -> Detection {
    Detection { left: 260.0, top: 170.0, width: 120.0, height: 160.0, landmarks, confidence: 0.9 }
}

/// Smooth blobs of several sizes, in millimeters of a sheet: something to follow everywhere.
fn texture(x: f64, y: f64) -> f64 {
    let waves = [(0.31, 0.07, 0.3), (-0.11, 0.29, 1.9), (0.17, -0.23, 4.1), (0.05, 0.13, 2.2), (0.41, 0.37, 0.9)];
    128.0 + waves.iter().map(|(a, b, phase)| 20.0 * (a * x + b * y + phase).sin()).sum::<f64>()
}

/// A sheet with this pitch and yaw (radians), as a pinhole camera of 590 pixels' focal length sees it from 700 mm, `add`
/// brightness in the picture itself. Landmarks are seen like everything else.
fn frame(pitch: f64, yaw: f64, add: impl Fn(usize, usize) -> f64) -> (Image, [[f32; 2]; 5]) {
    let (focal, distance) = (590.0, 700.0);
    let ((sp, cp), (sy, cy)) = (pitch.sin_cos(), yaw.sin_cos());
    // Unit vectors of the sheet, and its normal.
    let (across, down) = ([cy, 0.0, sy], [sy * sp, cp, -cy * sp]);
    let normal = [-sy * cp, sp, cy * cp];
    let mut bgr = Zeroizing::new(Vec::with_capacity(640 * 480 * 3));
    for row in 0..480usize {
        for column in 0..640usize {
            let ray = [(column as f64 - 320.0) / focal, (row as f64 - 240.0) / focal, 1.0];
            let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
            let along = normal[2] * distance / dot(normal, ray);
            let point = [ray[0] * along, ray[1] * along, ray[2] * along - distance];
            let value = texture(dot(point, across), dot(point, down)) + add(row, column);
            bgr.extend([value.clamp(0.0, 255.0) as u8; 3]);
        }
    }
    let seen = LANDMARKS.map(|[x, y]| {
        let (x, y) = ((f64::from(x) - 320.0) * distance / focal, (f64::from(y) - 240.0) * distance / focal);
        let [px, py, pz] = std::array::from_fn(|axis| across[axis] * x + down[axis] * y);
        [(320.0 + focal * px / (distance + pz)) as f32, (240.0 + focal * py / (distance + pz)) as f32]
    });
    (Image::from_bgr(640, 480, bgr).unwrap(), seen)
}

fn look(liveness: &mut Liveness, camera: u8, taken_ms: u64, (image, landmarks): &(Image, [[f32; 2]; 5])) {
    liveness.look(&View { camera, taken_ms, image, detection: &detection(*landmarks) }).unwrap();
}

fn suspected_by(liveness: &Liveness) -> Option<CueName> {
    match liveness.verdict() {
        Verdict::Suspected { cue, .. } => Some(cue),
        _ => None,
    }
}

#[test]
fn a_sheet_that_one_camera_sees_turned_is_suspected_over_time() {
    let mut liveness = Liveness::new(&PadPolicy::default());
    for at in 0..8u64 {
        let turn = 0.5 * (at as f64 * 0.9).sin();
        look(&mut liveness, 0, 300 * at, &frame(turn, 0.3 * turn, |_, _| 0.0));
    }
    assert_eq!(suspected_by(&liveness), Some(CueName::PlanarMotion), "{:?}", liveness.evidence());
    liveness.forget();
    assert_eq!(liveness.verdict(), Verdict::Undecided);
}

#[test]
fn what_does_not_turn_tells_nothing() {
    let mut liveness = Liveness::new(&PadPolicy::default());
    for at in 0..8u64 {
        let (image, landmarks) = frame(0.1, 0.0, |_, _| 0.0);
        // The detector finds landmarks a little elsewhere each time.
        let landmarks = landmarks.map(|[x, y]| [x + (at % 3) as f32, y - (at % 2) as f32]);
        look(&mut liveness, 0, 300 * at, &(image, landmarks));
    }
    assert_eq!(liveness.verdict(), Verdict::Undecided, "{:?}", liveness.evidence());
}

#[test]
fn a_sheet_before_three_cameras_is_suspected_at_once() {
    let mut liveness = Liveness::new(&PadPolicy::default());
    for (camera, pitch) in [(0, 0.0), (1, 0.35), (2, -0.35)] {
        look(&mut liveness, camera, 10 * u64::from(camera), &frame(pitch, 0.1, |_, _| 0.0));
    }
    assert!(suspected_by(&liveness).is_some(), "{:?}", liveness.evidence());
    // The same frames too far apart in time are no three views of one moment.
    let mut liveness = Liveness::new(&PadPolicy::default());
    for (camera, pitch) in [(0, 0.0), (1, 0.35), (2, -0.35)] {
        look(&mut liveness, camera, 500 * u64::from(camera), &frame(pitch, 0.1, |_, _| 0.0));
    }
    assert_eq!(liveness.verdict(), Verdict::Undecided);
}

#[test]
fn the_grid_of_a_screen_is_suspected_and_grain_is_not() {
    // Hashed: an arithmetic pattern would be a grid itself.
    let grain = |row: usize, column: usize| {
        let hash = (row as u64 * 640 + column as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (((hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) % 13) as f64 - 6.0
    };
    let grid = |row: usize, column: usize| 5.0 * (2.1 * column as f64).sin() + 5.0 * (1.7 * row as f64).sin();
    let texture_of = |add: &dyn Fn(usize, usize) -> f64| {
        let mut liveness = Liveness::new(&PadPolicy::default());
        for at in 0..4 {
            look(&mut liveness, 0, 67 * at, &frame(0.0, 0.0, add));
        }
        suspected_by(&liveness)
    };
    assert_eq!(texture_of(&|row, column| grain(row, column) + grid(row, column)), Some(CueName::ScreenTexture));
    assert_eq!(texture_of(&grain), None);
}

#[test]
fn a_policy_says_what_it_does_not_know() {
    let policy: PadPolicy = serde_json::from_str(r#"{ "facial_relief_max": 0.6 }"#).unwrap();
    assert_eq!(policy, PadPolicy { facial_relief_max: 0.6, ..PadPolicy::default() });
    assert!(serde_json::from_str::<PadPolicy>(r#"{ "facial_releif_max": 0.6 }"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics(
        sides in (1u32..90, 1u32..90),
        views in prop::collection::vec((any::<u8>(), any::<u64>(), any::<[[f32; 2]; 5]>(), any::<u8>()), 1..12),
        near in any::<bool>(),
    ) {
        let mut liveness = Liveness::new(&PadPolicy::default());
        for (camera, taken_ms, landmarks, shade) in views {
            let bytes = (0..sides.0 * sides.1 * 3).map(|at| (at as u8).wrapping_mul(shade)).collect::<Vec<_>>();
            let image = Image::from_bgr(sides.0, sides.1, bytes.into()).unwrap();
            // Half of them in the frame and of one moment, so that they are compared.
            let (taken_ms, landmarks) = match near {
                true => (taken_ms % 300, landmarks.map(|point| point.map(|value| value.rem_euclid(90.0)))),
                false => (taken_ms, landmarks),
            };
            let _ = liveness.look(&View { camera, taken_ms, image: &image, detection: &detection(landmarks) });
            let _ = liveness.verdict();
        }
    }
}
