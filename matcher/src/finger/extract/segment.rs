//! Where the finger is: cells whose gray varies as ridges do (variance method, Handbook of Fingerprint Recognition, 3.5).

use super::plane::{CELL, Plane};

/// Least standard deviation of ridges, in grays: below is the sensor's noise.
const CONTRAST_LEAST: f32 = 5.0;
/// Least share of the contrast of the picture's better ridges (its upper tenth).
const CONTRAST_SHARE: f32 = 0.25;
/// How far the variance is taken together, in cells: 1.5 ridges.
const SPREAD_CELLS: f32 = 2.5;
/// How far the mask is rounded, in cells: two ridges.
const ROUNDED_CELLS: f32 = 3.0;

/// How much darker than the finger the background is where the picture is inverted, in grays. A sensor's own background
/// is lighter than ridges and valleys together.
const INVERTED_GRAYS: f32 = 40.0;
/// Least share of the picture that is background, for it to tell anything.
const BACKGROUND_LEAST: f32 = 0.05;

/// What is finger (1) and what is not (0), a value a cell; and each cell's mean gray and local standard deviation.
pub(super) struct Segments {
    pub(super) mask: Plane<f32>,
    pub(super) deviation: Plane<f32>,
    mean: Plane<f32>,
}

impl Segments {
    /// Whether the background says that ridges are light.
    pub(super) fn is_inverted(&self) -> bool {
        let (mut finger, mut background) = ((0.0, 0.0), (0.0, 0.0));
        for (mean, mask) in self.mean.values().iter().zip(self.mask.values()) {
            let (sum, count) = if *mask == 0.0 { &mut background } else { &mut finger };
            *sum += mean;
            *count += 1.0;
        }
        let enough = background.1 >= BACKGROUND_LEAST * (background.1 + finger.1);
        enough && background.0 / background.1 + INVERTED_GRAYS < finger.0 / f32::max(finger.1, 1.0)
    }
}

/// Parts the finger from the background.
pub(super) fn segments(gray: &Plane<f32>) -> Segments {
    let ones = counts(gray.width(), gray.height());
    let sums = gray.cell_sums();
    let squares = gray.map(|gray| gray * gray).cell_sums();
    let weight = ones.blurred(SPREAD_CELLS);
    let mean = ratio(&sums.blurred(SPREAD_CELLS), &weight);
    let square = ratio(&squares.blurred(SPREAD_CELLS), &weight);
    let deviation = Plane::of(mean.width(), mean.height(), |x, y| {
        let (x, y) = (x as isize, y as isize);
        (square.at(x, y) - mean.at(x, y).powi(2)).max(0.0).sqrt()
    });
    let least = (CONTRAST_SHARE * deviation.quantile(0.9)).max(CONTRAST_LEAST);
    let mask = rounded(&deviation.map(|&deviation| f32::from(u8::from(deviation >= least))));
    Segments { mask, deviation, mean }
}

/// How many pixels each cell has: fewer at the right and lower edge.
fn counts(width: usize, height: usize) -> Plane<f32> {
    let pixels = |at: usize, side: usize| CELL.min(side - at * CELL) as f32;
    Plane::of(width.div_ceil(CELL), height.div_ceil(CELL), |x, y| pixels(x, width) * pixels(y, height))
}

/// Value by value; nothing where there is nothing below.
pub(super) fn ratio(above: &Plane<f32>, below: &Plane<f32>) -> Plane<f32> {
    let mut below = below.values().iter();
    above.map(|above| {
        let below = below.next().copied().unwrap_or_default();
        if below > 1e-6 { above / below } else { 0.0 }
    })
}

/// The mask's largest part with its holes filled and its edge smoothed.
pub(super) fn rounded(mask: &Plane<f32>) -> Plane<f32> {
    let near = Plane::of(mask.width(), mask.height(), |_, _| 1.0).blurred(ROUNDED_CELLS);
    let smooth = ratio(&mask.blurred(ROUNDED_CELLS), &near).map(|&share| f32::from(u8::from(share >= 0.5)));
    filled(&largest(&smooth, 1.0))
}

/// The largest connected part of what has this value.
fn largest(mask: &Plane<f32>, value: f32) -> Plane<f32> {
    let parts = parts(mask, value);
    let mut sizes = Vec::<usize>::new();
    for &part in parts.values().iter().filter(|&&part| part > 0) {
        let at = part as usize;
        sizes.resize(sizes.len().max(at + 1), 0);
        if let Some(size) = sizes.get_mut(at) {
            *size += 1;
        }
    }
    let best = (0..sizes.len()).max_by_key(|&at| sizes.get(at)).unwrap_or(0) as u32;
    parts.map(|&part| f32::from(u8::from(part > 0 && part == best)))
}

/// Background that touches no edge of the picture is finger.
fn filled(mask: &Plane<f32>) -> Plane<f32> {
    let parts = parts(mask, 0.0);
    let (right, lower) = (mask.width().saturating_sub(1), mask.height().saturating_sub(1));
    let mut open = std::collections::HashSet::new();
    for y in 0..mask.height() {
        for x in 0..mask.width() {
            if x == 0 || y == 0 || x == right || y == lower {
                open.insert(parts.at(x as isize, y as isize));
            }
        }
    }
    parts.map(|part| f32::from(u8::from(*part == 0 || !open.contains(part))))
}

/// Numbers, from 1, of the connected parts of what has this value; 0 elsewhere.
fn parts(mask: &Plane<f32>, value: f32) -> Plane<u32> {
    let mut parts = Plane::<u32>::new(mask.width(), mask.height());
    let mut number = 0;
    let mut open = Vec::new();
    for y in 0..mask.height() {
        for x in 0..mask.width() {
            let inside = |x: isize, y: isize, parts: &Plane<u32>| {
                (0..mask.width() as isize).contains(&x)
                    && (0..mask.height() as isize).contains(&y)
                    && mask.at(x, y) == value
                    && parts.at(x, y) == 0
            };
            if !inside(x as isize, y as isize, &parts) {
                continue;
            }
            number += 1;
            parts.set(x, y, number);
            open.push((x as isize, y as isize));
            while let Some((x, y)) = open.pop() {
                for (x, y) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)] {
                    if inside(x, y, &parts) {
                        parts.set(x as usize, y as usize, number);
                        open.push((x, y));
                    }
                }
            }
        }
    }
    parts
}
