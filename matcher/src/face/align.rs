//! Alignment: landmarks to the square that the embedder was trained on, and pixels to its input.

use tract_onnx::prelude::*;

use super::manifest::{Channels, Input};
use crate::Image;

/// Side of the aligned face that quality is measured on, in pixels, whatever the embedder's input.
pub(super) const ALIGNED_PX: u32 = 112;
/// Where eyes, nose and mouth corners lie in it (InsightFace's template for 112 x 112, as in OpenCV's FaceRecognizerSF).
pub(super) const ALIGNED_LANDMARKS: [[f64; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// An affine map of points: `[a b tx; c d ty]`.
pub(super) type Affine = [[f64; 3]; 2];

/// A way to show an aligned face to the embedder. Embeddings of views that differ in what should not matter err in
/// different directions, so that their sum is better than either.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// How much larger than aligned, about the middle.
    scale: f64,
    mirrored: bool,
}

impl View {
    /// As aligned: one view, for what is seen many times.
    pub(super) const PROBE: &[Self] = &[Self::PLAIN];
    /// As aligned.
    pub(super) const PLAIN: Self = Self { scale: 1.0, mirrored: false };
    /// For what many comparisons are made against: the two differ in both respects. Four views were no better than
    /// these two (`matcher-eval faces`).
    pub(super) const REFERENCE: &[Self] =
        &[Self { scale: 0.95, mirrored: true }, Self { scale: 1.05, mirrored: false }];

    /// Whether it shows the face as aligned.
    pub(super) fn is_plain(self) -> bool {
        self.scale == 1.0 && !self.mirrored
    }

    /// The map to this view, from that to the aligned face of these sides.
    pub(super) fn of(self, m: Affine, width: u32, height: u32) -> Affine {
        let [right, bottom] = [width, height].map(|side| f64::from(side) - 1.0);
        let [mut x, y] = scaled_about(m, self.scale, [right / 2.0, bottom / 2.0]);
        if self.mirrored {
            x = mirrored(x, right);
        }
        [x, y]
    }
}

fn scaled_about(m: Affine, scale: f64, center: [f64; 2]) -> Affine {
    let row = |[a, b, t]: [f64; 3], center: f64| [scale * a, scale * b, scale * (t - center) + center];
    [row(m[0], center[0]), row(m[1], center[1])]
}

/// The first row of a map to a picture that is mirrored left to right and whose last column is `right`.
pub(super) fn mirrored([a, b, t]: [f64; 3], right: f64) -> [f64; 3] {
    [-a, -b, right - t]
}

/// The point that `m` maps to this one, if there is one.
pub(super) fn unmapped(m: &Affine, [u, v]: [f64; 2]) -> Option<[f64; 2]> {
    let [[a, b, tx], [c, d, ty]] = m;
    let (x, y, determinant) = (u - tx, v - ty, a * d - b * c);
    let point = [(d * x - b * y) / determinant, (a * y - c * x) / determinant];
    point.iter().all(|value| value.is_finite()).then_some(point)
}

/// The similarity transform (rotation, scale, shift) that best maps landmarks to a template (least squares).
pub(super) fn similarity(landmarks: &[[f32; 2]; 5], template: &[[f64; 2]; 5]) -> Affine {
    let mean = |points: &[[f64; 2]; 5], axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / 5.0;
    let from = landmarks.map(|point| point.map(f64::from));
    let (fx, fy, tx, ty) = (mean(&from, 0), mean(&from, 1), mean(template, 0), mean(template, 1));
    let (mut a, mut b, mut square) = (0.0, 0.0, f64::EPSILON);
    for (point, target) in from.iter().zip(template) {
        let (x, y, u, v) = (point[0] - fx, point[1] - fy, target[0] - tx, target[1] - ty);
        a += x * u + y * v;
        b += x * v - y * u;
        square += x * x + y * y;
    }
    let (a, b) = (a / square, b / square);
    [[a, -b, tx - a * fx + b * fy], [b, a, ty - b * fx - a * fy]]
}

/// Rows of pixels to planes of floats (NCHW), normalized; where the picture ends, black.
pub(super) fn planes(image: &Image, input: &Input) -> TractResult<Tensor> {
    let (width, height) = (input.width as usize, input.height as usize);
    let mut tensor = Tensor::zero::<f32>(&[1, 3, height, width])?;
    let mut values = tensor.try_as_plain_ram_mut()?;
    let normalization = input.mean.iter().zip(&input.scale);
    let planes = values.as_slice_mut::<f32>()?.chunks_exact_mut(width * height);
    for (at, (plane, (&mean, &scale))) in planes.zip(normalization).enumerate() {
        let channel = match input.channels {
            Channels::Rgb => 2 - at,
            Channels::Bgr => at,
        };
        if mean != 0.0 {
            plane.fill(-mean * scale);
        }
        for (row, pixels) in plane.chunks_exact_mut(width).zip(image.bgr().chunks_exact(3 * image.width() as usize)) {
            for (value, pixel) in row.iter_mut().zip(pixels.as_chunks::<3>().0) {
                *value = (f32::from(pixel[channel]) - mean) * scale;
            }
        }
    }
    Ok(tensor)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_template_maps_to_itself_from_any_pose() {
        let (scale, angle) = (2.5f64, 0.4f64);
        let turned = ALIGNED_LANDMARKS.map(|[x, y]| {
            [
                (scale * (angle.cos() * x - angle.sin() * y) + 30.0) as f32,
                (scale * (angle.sin() * x + angle.cos() * y) - 7.0) as f32,
            ]
        });
        let m = similarity(&turned, &ALIGNED_LANDMARKS);
        for (point, target) in turned.iter().zip(&ALIGNED_LANDMARKS) {
            let (x, y) = (f64::from(point[0]), f64::from(point[1]));
            assert!((m[0][0] * x + m[0][1] * y + m[0][2] - target[0]).abs() < 1e-3);
            assert!((m[1][0] * x + m[1][1] * y + m[1][2] - target[1]).abs() < 1e-3);
        }
    }

    #[test]
    fn values_are_those_that_the_manifest_asks_for() {
        // Two pixels of blue, green, red in an input of 3 x 2.
        let image = Image::from_bgr(2, 1, zeroize::Zeroizing::new(vec![0, 128, 255, 10, 20, 30])).unwrap();
        let (mean, scale) = ([127.5, 0.0, 100.0], [1.0 / 127.5, 1.0, 0.5]);
        let mut input = Input { width: 3, height: 2, channels: Channels::Rgb, mean, scale };
        let values = |input: &Input| {
            let tensor = planes(&image, input).unwrap();
            tensor.to_plain_array_view::<f32>().unwrap().iter().copied().collect::<Vec<_>>()
        };
        let red = [1.0, (30.0 - 127.5) / 127.5, -1.0, -1.0, -1.0, -1.0];
        let (green, blue) = ([128.0, 20.0, 0.0, 0.0, 0.0, 0.0], [-50.0, -45.0, -50.0, -50.0, -50.0, -50.0]);
        for (value, expected) in values(&input).iter().zip([red, green, blue].as_flattened()) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
        (input.channels, input.mean, input.scale) = (Channels::Bgr, [0.0; 3], [1.0; 3]);
        assert_eq!(values(&input)[..2], [0.0, 10.0]);
        assert_eq!(values(&input)[12..14], [255.0, 30.0]);
    }

    #[test]
    fn views_keep_the_middle_and_undo() {
        let m = [[0.5, -0.2, 9.0], [0.2, 0.5, -4.0]];
        for view in [View::PROBE, View::REFERENCE].concat() {
            let to = view.of(m, 112, 112);
            // What was in the middle still is.
            let middle = unmapped(&m, [55.5, 55.5]).unwrap();
            let same = unmapped(&to, [55.5, 55.5]).unwrap();
            assert!((middle[0] - same[0]).abs() < 1e-9 && (middle[1] - same[1]).abs() < 1e-9, "{view:?}");
            assert_eq!(view.is_plain(), to == m);
            // A pixel at the left of the middle is at the right of it in a mirror, farther away when larger.
            let [x, y] = unmapped(&m, [45.5, 50.5]).unwrap();
            let u = to[0][0] * x + to[0][1] * y + to[0][2];
            let offset = if view.mirrored { 10.0 * view.scale } else { -10.0 * view.scale };
            assert!((u - 55.5 - offset).abs() < 1e-9, "{view:?}: {u}");
        }
        assert_eq!(unmapped(&[[0.0; 3]; 2], [1.0, 1.0]), None);
    }
}
