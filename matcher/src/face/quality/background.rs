//! Whether there is anything behind the head.

use super::{super::Detection, component::Measure, view::mean};
use crate::Image;

/// Where the background is looked for, in eye distances from between the eyes: beside the head, above the shoulders.
const BESIDE: std::ops::Range<f32> = 1.35..2.3;
const ABOVE: f32 = 1.9;
const BELOW: f32 = 0.7;
/// Distance of points looked at, in eye distances. OFIQ looks at each pixel of a face whose eyes are 81 pixels apart.
const STEP: f32 = 0.1;
const OFIQ_EYES_PX: f32 = 81.0;
/// Weights of Sobel's kernel sum to so much for a slope of one a pixel.
const SOBEL: f32 = 8.0;

/// OFIQ's BackgroundUniformity without its parsing net: mean gradient beside the head. A portrait's matter; behind a
/// traveler there is what there is, and nobody is told anything.
pub(super) fn uniformity(image: &Image, detection: &Detection) -> Measure {
    let [a, b, ..] = detection.landmarks;
    let unit = detection.eyes_px().max(1.0);
    let (x, y) = ((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0);
    let at = |u: f32, v: f32| {
        let (column, row) = ((x + u * unit).round(), (y + v * unit).round());
        let inside = column >= 0.0 && row >= 0.0 && column < image.width() as f32 && row < image.height() as f32;
        if !inside {
            return None;
        }
        let first = 3 * (row as usize * image.width() as usize + column as usize);
        let pixel = image.bgr().get(first..first + 3)?;
        Some(pixel.iter().map(|&value| f32::from(value)).sum::<f32>() / 3.0)
    };
    let (columns, rows) = (((BESIDE.end - BESIDE.start) / STEP) as u32, ((ABOVE + BELOW) / STEP) as u32);
    let points = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let slopes = points.flat_map(|(row, column)| {
        let (beside, down) = (BESIDE.start + STEP * column as f32, STEP * row as f32 - ABOVE);
        [-1.0, 1.0].map(|side| {
            let here = at(side * beside, down)?;
            Some((at(side * (beside + STEP), down)? - here).hypot(at(side * beside, down + STEP)? - here))
        })
    });
    let gradient = SOBEL * mean(slopes.flatten()) / (STEP * OFIQ_EYES_PX);
    // OFIQ's sigmoid.
    Measure::new(gradient, 1.9 * (1.0 - 1.0 / (1.0 + ((10.0 - gradient) / 100.0).exp())))
}
