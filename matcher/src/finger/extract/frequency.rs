//! Ridge frequency field: how far the ridges are apart, from the x-signature across them (Hong, Wan, Jain 1998, 2.5);
//! instead of counting its peaks, its strongest period is taken, which noise moves less.

use super::{
    orientation::Orientation,
    plane::{CELL, Plane},
};

/// Side of a block that one signature stands for, in cells: 16 pixels.
const BLOCK_CELLS: usize = 4;
/// Length of a signature across the ridges, in pixels: three to four ridges.
const LENGTH_PX: usize = 36;
/// Lines along the ridges that a signature is the mean of, to each side, and their distance in pixels.
const LINES: i32 = 4;
const LINES_PX: f32 = 2.0;
/// Periods looked for, in pixels at 500 dpi: 0.2 to 0.9 mm, a child's to a large man's.
pub(super) const PERIODS_PX: std::ops::RangeInclusive<f32> = 4.5..=16.0;
/// How many, each longer than the last by the same factor.
const PERIODS: usize = 24;
/// How far blocks are taken together, in blocks.
const SPREAD_BLOCKS: f32 = 1.5;
/// What an adult's ridges have where nothing is seen, in pixels (Handbook of Fingerprint Recognition, 3.2: 0.46 mm).
pub(super) const PERIOD_USUAL_PX: f32 = 9.0;

/// The ridges' period in pixels, a value a cell.
pub(super) fn periods(normalized: &Plane<f32>, orientation: &Orientation, mask: &Plane<f32>) -> Plane<f32> {
    let bank = Bank::new();
    let (columns, rows) = (mask.width().div_ceil(BLOCK_CELLS), mask.height().div_ceil(BLOCK_CELLS));
    let mut weighted = Plane::new(columns, rows);
    let mut weights = Plane::new(columns, rows);
    for row in 0..rows {
        for column in 0..columns {
            let cell = |block: usize| (block * BLOCK_CELLS + BLOCK_CELLS / 2) as isize;
            let (x, y) = (cell(column), cell(row));
            if mask.at(x, y) == 0.0 {
                continue;
            }
            let signature = signature(normalized, x, y, orientation.angle(x, y));
            let (period, certainty) = bank.strongest(&signature);
            let weight = certainty * certainty;
            weighted.set(column, row, weight * period.ln());
            weights.set(column, row, weight);
        }
    }
    // A little of the usual everywhere: where nothing is seen it stands alone.
    let (weighted, weights) = (weighted.blurred(SPREAD_BLOCKS), weights.blurred(SPREAD_BLOCKS));
    let usual = 1e-3;
    let logarithm = Plane::of(columns, rows, |x, y| {
        let (x, y) = (x as isize, y as isize);
        (weighted.at(x, y) + usual * PERIOD_USUAL_PX.ln()) / (weights.at(x, y) + usual)
    });
    Plane::of(mask.width(), mask.height(), |x, y| {
        logarithm.at((x / BLOCK_CELLS) as isize, (y / BLOCK_CELLS) as isize).exp()
    })
}

/// The mean gray along each of the lines that run beside the ridges through this cell.
fn signature(normalized: &Plane<f32>, x: isize, y: isize, angle: f32) -> [f32; LENGTH_PX] {
    let middle = |cell: isize| (cell as f32 + 0.5) * CELL as f32;
    let (sine, cosine) = angle.sin_cos();
    let mut signature = [0.0; LENGTH_PX];
    for (at, value) in signature.iter_mut().enumerate() {
        let across = at as f32 - (LENGTH_PX as f32 - 1.0) / 2.0;
        for line in -LINES..=LINES {
            let along = line as f32 * LINES_PX;
            let (x, y) = (middle(x) + along * cosine - across * sine, middle(y) + along * sine + across * cosine);
            *value += normalized.at(x as isize, y as isize);
        }
    }
    let mean = signature.iter().sum::<f32>() / LENGTH_PX as f32;
    signature.map(|value| value - mean)
}

/// Waves of each period under a window.
struct Bank {
    waves: Vec<(f32, [[f32; LENGTH_PX]; 2])>,
}

impl Bank {
    fn new() -> Self {
        let (shortest, longest) = (*PERIODS_PX.start(), *PERIODS_PX.end());
        let waves = (0..PERIODS).map(|at| {
            let period = shortest * (longest / shortest).powf(at as f32 / (PERIODS - 1) as f32);
            let mut wave = [[0.0; LENGTH_PX]; 2];
            let [even, odd] = &mut wave;
            for (at, (even, odd)) in even.iter_mut().zip(odd.iter_mut()).enumerate() {
                let across = at as f32 - (LENGTH_PX as f32 - 1.0) / 2.0;
                let window = (std::f32::consts::PI * across / LENGTH_PX as f32).cos().powi(2);
                let (sine, cosine) = (std::f32::consts::TAU * across / period).sin_cos();
                (*even, *odd) = (window * cosine, window * sine);
            }
            // Without a mean, lest slow changes of gray pass for long waves.
            let mean = even.iter().sum::<f32>() / LENGTH_PX as f32;
            even.iter_mut().for_each(|value| *value -= mean);
            (period, wave)
        });
        Self { waves: waves.collect() }
    }

    /// The signature's strongest period, and what share of its energy that wave has, 0 to 1.
    fn strongest(&self, signature: &[f32; LENGTH_PX]) -> (f32, f32) {
        let dot = |wave: &[f32; LENGTH_PX]| wave.iter().zip(signature).map(|(wave, value)| wave * value).sum::<f32>();
        let norm = |wave: &[f32; LENGTH_PX]| wave.iter().map(|wave| wave * wave).sum::<f32>();
        let powers: Vec<f32> = self
            .waves
            .iter()
            .map(|(_, [even, odd])| dot(even).powi(2) / norm(even) + dot(odd).powi(2) / norm(odd))
            .collect();
        let (mut best, mut power) = (0, 0.0);
        for (at, &there) in powers.iter().enumerate() {
            if there > power {
                (best, power) = (at, there);
            }
        }
        let energy: f32 = signature
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let across = at as f32 - (LENGTH_PX as f32 - 1.0) / 2.0;
                (std::f32::consts::PI * across / LENGTH_PX as f32).cos().powi(2) * value * value
            })
            .sum();
        let period = self.waves.get(best).map_or(PERIOD_USUAL_PX, |(period, _)| *period);
        // At either end of the range it is no peak.
        if best == 0 || best + 1 >= powers.len() || energy <= 0.0 {
            return (period, 0.0);
        }
        (period, (power / energy).min(1.0))
    }
}
