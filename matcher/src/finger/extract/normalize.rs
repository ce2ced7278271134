//! Normalization: local mean and contrast made the same all over the finger (Hong, Wan, Jain 1998, 2.2, made local), so
//! that neither pressure nor lighting weighs one part against another.

use super::{
    plane::{CELL, Plane},
    segment::ratio,
};

/// How far mean and contrast are taken together, in cells: 1.5 ridges to each side.
const SPREAD_CELLS: f32 = 3.0;
/// Contrast below which grays are not stretched further, in grays.
const CONTRAST_LEAST: f32 = 4.0;
/// Strongest value, in standard deviations: dirt and scars must not outweigh ridges.
const STRONGEST: f32 = 2.5;

/// The picture with a local mean of 0 and a local standard deviation of 1 within the finger, 0 outside.
pub(super) fn normalized(gray: &Plane<f32>, finger: &Plane<f32>) -> Plane<f32> {
    let masked = |plane: &Plane<f32>| {
        let mut mask = finger.values().iter();
        plane.map(|value| value * mask.next().copied().unwrap_or_default())
    };
    let ones = Plane::of(gray.width(), gray.height(), |_, _| 1.0).cell_sums();
    let weight = masked(&ones).blurred(SPREAD_CELLS);
    let mean = ratio(&masked(&gray.cell_sums()).blurred(SPREAD_CELLS), &weight);
    let square = ratio(&masked(&gray.map(|gray| gray * gray).cell_sums()).blurred(SPREAD_CELLS), &weight);
    let scale = Plane::of(mean.width(), mean.height(), |x, y| {
        let (x, y) = (x as isize, y as isize);
        let variance = (square.at(x, y) - mean.at(x, y).powi(2)).max(0.0);
        1.0 / (variance + CONTRAST_LEAST.powi(2)).sqrt()
    });
    let mut out = Plane::new(gray.width(), gray.height());
    for y in 0..gray.height() {
        let means = between_rows(&mean, y);
        let scales = between_rows(&scale, y);
        let mask = finger.row(y / CELL);
        let row = gray.row(y);
        for (x, &gray) in row.iter().enumerate() {
            if mask.get(x / CELL).is_none_or(|&mask| mask == 0.0) {
                continue;
            }
            let value = (gray - between(&means, x)) * between(&scales, x);
            out.set(x, y, value.clamp(-STRONGEST, STRONGEST));
        }
    }
    out
}

/// Cells' values at the height of pixel row `y`, linear between the cells' middles.
fn between_rows(cells: &Plane<f32>, y: usize) -> Vec<f32> {
    let (first, second, share) = neighbors(y, cells.height());
    cells.row(first).iter().zip(cells.row(second)).map(|(first, second)| first + share * (second - first)).collect()
}

fn between(cells: &[f32], x: usize) -> f32 {
    let (first, second, share) = neighbors(x, cells.len());
    match (cells.get(first), cells.get(second)) {
        (Some(first), Some(second)) => first + share * (second - first),
        _ => 0.0,
    }
}

/// The two cells around a pixel, and how far it lies towards the second.
fn neighbors(pixel: usize, cells: usize) -> (usize, usize, f32) {
    let last = cells.saturating_sub(1);
    let at = ((pixel as f32 + 0.5) / CELL as f32 - 0.5).clamp(0.0, last as f32);
    let first = at as usize;
    (first, (first + 1).min(last), at - first as f32)
}
