//! Alignment: landmarks to the square that the embedder was trained on, and pixels to its input.

use tract_onnx::prelude::*;

use crate::Image;

/// Side of an aligned face, in pixels.
pub(super) const ALIGNED_PX: u32 = 112;
/// Where eyes, nose and mouth corners lie in an aligned face (InsightFace's template for 112 x 112, as in OpenCV's
/// FaceRecognizerSF).
const TEMPLATE: [[f64; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// The similarity transform (rotation, scale, shift) that best maps landmarks to the template (least squares).
pub(super) fn similarity(landmarks: &[[f32; 2]; 5]) -> [[f64; 3]; 2] {
    let mean = |points: &[[f64; 2]; 5], axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / 5.0;
    let from = landmarks.map(|point| point.map(f64::from));
    let (fx, fy, tx, ty) = (mean(&from, 0), mean(&from, 1), mean(&TEMPLATE, 0), mean(&TEMPLATE, 1));
    let (mut a, mut b, mut square) = (0.0, 0.0, f64::EPSILON);
    for (point, target) in from.iter().zip(&TEMPLATE) {
        let (x, y, u, v) = (point[0] - fx, point[1] - fy, target[0] - tx, target[1] - ty);
        a += x * u + y * v;
        b += x * v - y * u;
        square += x * x + y * y;
    }
    let (a, b) = (a / square, b / square);
    [[a, -b, tx - a * fx + b * fy], [b, a, ty - b * fx - a * fy]]
}

/// Rows of pixels to planes of floats (NCHW) in a square of `side`, the rest black.
pub(super) fn planes(image: &Image, side: usize, red_first: bool) -> TractResult<Tensor> {
    let mut input = Tensor::zero::<f32>(&[1, 3, side, side])?;
    let mut values = input.try_as_plain_ram_mut()?;
    for (at, plane) in values.as_slice_mut::<f32>()?.chunks_exact_mut(side * side).enumerate() {
        let channel = if red_first { 2 - at } else { at };
        for (row, pixels) in plane.chunks_exact_mut(side).zip(image.bgr().chunks_exact(3 * image.width() as usize)) {
            for (value, pixel) in row.iter_mut().zip(pixels.as_chunks::<3>().0) {
                *value = f32::from(pixel[channel]);
            }
        }
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_template_maps_to_itself_from_any_pose() {
        let (scale, angle) = (2.5f64, 0.4f64);
        let turned = TEMPLATE.map(|[x, y]| {
            [
                (scale * (angle.cos() * x - angle.sin() * y) + 30.0) as f32,
                (scale * (angle.sin() * x + angle.cos() * y) - 7.0) as f32,
            ]
        });
        let m = similarity(&turned);
        for (point, target) in turned.iter().zip(&TEMPLATE) {
            let (x, y) = (f64::from(point[0]), f64::from(point[1]));
            assert!((m[0][0] * x + m[0][1] * y + m[0][2] - target[0]).abs() < 1e-3);
            assert!((m[1][0] * x + m[1][1] * y + m[1][2] - target[1]).abs() < 1e-3);
        }
    }
}
