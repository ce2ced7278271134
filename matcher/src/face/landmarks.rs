//! Landmarks found again: the detector looks once more at the face itself, upright, in four places of one picture and at
//! different sizes, half of them mirrored. Its error differs from look to look, so that the mean is nearer to the truth:
//! of all that was tried to improve accuracy without another net, this gained most (`matcher-eval faces`).

use super::{
    Detection,
    align::{ALIGNED_LANDMARKS, Affine, mirrored, similarity, unmapped},
};
use crate::{Image, ImageError};

/// Side of one look, in pixels; a montage of two by two is the detector's own input, so that nothing is scaled again.
const LOOK_PX: u32 = 160;
/// Where the face's middle lies in the aligned face, between the eyes and the mouth.
const MIDDLE: [f64; 2] = [56.0, 71.0];

struct Look {
    /// Distance of the eyes, in pixels.
    eyes_px: f64,
    mirrored: bool,
    /// How far from the middle, in pixels, so that the detector's cells lie elsewhere on the face.
    shift: [f64; 2],
}

const LOOKS: [Look; 4] = [
    Look { eyes_px: 48.0, mirrored: false, shift: [0.0, 0.0] },
    Look { eyes_px: 48.0, mirrored: true, shift: [0.0, 0.0] },
    Look { eyes_px: 40.0, mirrored: false, shift: [3.0, 5.0] },
    Look { eyes_px: 56.0, mirrored: true, shift: [0.0, 0.0] },
];

impl Look {
    /// The map from the picture to this look.
    fn of(&self, landmarks: &[[f32; 2]; 5]) -> Affine {
        let [left, right, ..] = ALIGNED_LANDMARKS;
        let scale = self.eyes_px / (right[0] - left[0]);
        let place =
            |axis: usize, value: f64| scale * (value - MIDDLE[axis]) + f64::from(LOOK_PX) / 2.0 + self.shift[axis];
        let [x, y] = similarity(landmarks, &ALIGNED_LANDMARKS.map(|[x, y]| [place(0, x), place(1, y)]));
        if self.mirrored { [mirrored(x, f64::from(LOOK_PX) - 1.0), y] } else { [x, y] }
    }
}

/// Four looks at one face in one picture.
pub(super) struct Montage {
    picture: Image,
    maps: [Affine; LOOKS.len()],
}

impl Montage {
    pub(super) fn new(image: &Image, landmarks: &[[f32; 2]; 5]) -> Result<Self, ImageError> {
        let maps = LOOKS.map(|look| look.of(landmarks));
        let [first, second, third, fourth] = &maps;
        let look = |map: &Affine| image.warped(*map, LOOK_PX, LOOK_PX);
        let picture = Image::montage([[&look(first)?, &look(second)?], [&look(third)?, &look(fourth)?]])?;
        Ok(Self { picture, maps })
    }

    /// What to look for faces in.
    pub(super) fn picture(&self) -> &Image {
        &self.picture
    }

    /// The mean of the landmarks known before and of those found in each look, in the first picture.
    pub(super) fn landmarks(&self, before: &[[f32; 2]; 5], found: &[Detection]) -> [[f32; 2]; 5] {
        let (mut sum, mut count) = (before.map(|point| point.map(f64::from)), 1.0);
        for (at, (look, map)) in LOOKS.iter().zip(&self.maps).enumerate() {
            let corner = [at % 2, at / 2].map(|cell| f64::from(LOOK_PX) * cell as f64);
            let Some(landmarks) = nearest(found, corner).and_then(|face| first_picture(face, look, map, corner)) else {
                continue;
            };
            for (sum, point) in sum.iter_mut().zip(landmarks) {
                (sum[0], sum[1]) = (sum[0] + point[0], sum[1] + point[1]);
            }
            count += 1.0;
        }
        sum.map(|point| point.map(|value| (value / count) as f32))
    }
}

/// The face nearest to the middle of the look with this upper left corner, of those whose middles lie in it.
fn nearest(found: &[Detection], corner: [f64; 2]) -> Option<&Detection> {
    let half = f64::from(LOOK_PX) / 2.0;
    let offset = |face: &Detection| {
        let middle = [face.left + face.width / 2.0, face.top + face.height / 2.0].map(f64::from);
        (middle[0] - corner[0] - half, middle[1] - corner[1] - half)
    };
    let inside = |face: &&Detection| {
        let (x, y) = offset(face);
        x.abs() < half && y.abs() < half
    };
    let distance = |face: &Detection| {
        let (x, y) = offset(face);
        x.hypot(y)
    };
    found.iter().filter(inside).min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

fn first_picture(face: &Detection, look: &Look, map: &Affine, corner: [f64; 2]) -> Option<[[f64; 2]; 5]> {
    let [one, other, nose, left, right] = face.landmarks;
    // Left is left of the picture, whichever eye it is.
    let points = if look.mirrored { [other, one, nose, right, left] } else { face.landmarks };
    let mut landmarks = [[0.0; 2]; 5];
    for (landmark, point) in landmarks.iter_mut().zip(points) {
        *landmark = unmapped(map, [f64::from(point[0]) - corner[0], f64::from(point[1]) - corner[1]])?;
    }
    Some(landmarks)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use zeroize::Zeroizing;

    use super::*;

    const LANDMARKS: [[f32; 2]; 5] = [[40.0, 52.0], [75.0, 50.0], [57.0, 72.0], [42.0, 93.0], [72.0, 92.0]];

    /// What a detector that makes this error in each look would find.
    fn found(montage: &Montage, error: [[f64; 2]; 4]) -> Vec<Detection> {
        let face = |at: usize| {
            let ([[a, b, tx], [c, d, ty]], [dx, dy]) = (montage.maps[at], error[at]);
            let (left, top) = ((at % 2) as f64 * 160.0, (at / 2) as f64 * 160.0);
            let mut landmarks = LANDMARKS.map(|point| {
                let [x, y] = point.map(f64::from);
                [(a * x + b * y + tx + left + dx) as f32, (c * x + d * y + ty + top + dy) as f32]
            });
            if LOOKS[at].mirrored {
                landmarks.swap(0, 1);
                landmarks.swap(3, 4);
            }
            assert!(landmarks[0][0] < landmarks[1][0], "left is left");
            let (left, top) = (left as f32 + 30.0, top as f32 + 20.0);
            Detection { left, top, width: 100.0, height: 120.0, landmarks, confidence: 0.9 }
        };
        (0..4).map(face).collect()
    }

    fn blank() -> Image {
        Image::from_bgr(120, 140, Zeroizing::new(vec![90; 120 * 140 * 3])).unwrap()
    }

    #[test]
    fn what_each_look_finds_comes_back_to_the_first_picture() {
        let montage = Montage::new(&blank(), &LANDMARKS).unwrap();
        assert_eq!((montage.picture().width(), montage.picture().height()), (320, 320));
        let exact = found(&montage, [[0.0; 2]; 4]);
        for some in [&exact[..], &exact[1..2], &[]] {
            for (point, expected) in montage.landmarks(&LANDMARKS, some).iter().zip(LANDMARKS) {
                assert!((point[0] - expected[0]).abs() < 1e-3 && (point[1] - expected[1]).abs() < 1e-3, "{point:?}");
            }
        }
        // An error of five pixels to the right in one plain look and in its mirror, with eyes 48 pixels apart there.
        let wrong = montage.landmarks(&LANDMARKS, &found(&montage, [[5.0, 0.0], [5.0, 0.0], [0.0; 2], [0.0; 2]]));
        for (point, expected) in wrong.iter().zip(LANDMARKS) {
            assert!((point[0] - expected[0]).abs() < 1e-3 && (point[1] - expected[1]).abs() < 1e-3, "{point:?}");
        }
        let lower = montage.landmarks(&LANDMARKS, &found(&montage, [[0.0, 5.0]; 4]));
        assert!(lower.iter().zip(LANDMARKS).all(|(point, before)| (1.0..5.0).contains(&(point[1] - before[1]))));
    }

    #[test]
    fn faces_elsewhere_and_degenerate_landmarks_count_for_nothing() {
        let montage = Montage::new(&blank(), &LANDMARKS).unwrap();
        let mut stray = found(&montage, [[0.0; 2]; 4]);
        stray.truncate(1);
        (stray[0].left, stray[0].top) = (400.0, 400.0);
        assert_eq!(montage.landmarks(&LANDMARKS, &stray), LANDMARKS);
        let point = [[7.0, 7.0]; 5];
        let degenerate = Montage::new(&blank(), &point).unwrap();
        let after = degenerate.landmarks(&point, &found(&montage, [[0.0; 2]; 4]));
        assert!(after.iter().flatten().all(|value| value.is_finite()), "{after:?}");
    }
}
