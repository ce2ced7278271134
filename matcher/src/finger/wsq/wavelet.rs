//! The wavelet transform (IAFIS-IC-0110, annex A): a pair of symmetric filters of odd length, over lines that are mirrored
//! at their ends.

use zeroize::Zeroizing;

use super::{
    WsqError,
    bands::{Bands, Split, first_of},
};

/// Most taps of a filter (annex B allows 32; those of odd length are read here).
const TAPS_MAX: usize = 31;
/// Largest tap; of the filters that are in use it is 0.85.
const TAP_MAX: f64 = 8.0;

/// The halves of the two analysis filters, from the middle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filters {
    low: Vec<f32>,
    high: Vec<f32>,
}

/// The taps of the 9/7 pair of encoder 1, from the middle (table 1).
const LOW_9: [f64; 5] = [
    0.852_698_679_009_403_4,
    0.377_402_855_612_653_8,
    -0.110_624_404_418_423_42,
    -0.023_849_465_019_380_01,
    0.037_828_455_506_995_46,
];
const HIGH_7: [f64; 4] =
    [0.788_485_616_405_664_4, -0.418_092_273_222_212_2, -0.040_689_417_609_558_44, 0.064_538_882_628_938_45];

impl Filters {
    /// The pair that every encoder in use has.
    pub(super) fn nine_seven() -> Self {
        Self {
            low: LOW_9.iter().map(|&tap| tap as f32).collect(),
            high: HIGH_7.iter().map(|&tap| tap as f32).collect(),
        }
    }

    /// Halves as read from a file.
    pub(super) fn new(low: Vec<f64>, high: Vec<f64>) -> Result<Self, WsqError> {
        if low.iter().chain(&high).any(|tap| tap.abs() > TAP_MAX) {
            return Err(WsqError::Malformed("wavelet filters with impossible taps"));
        }
        let single = |taps: Vec<f64>| taps.into_iter().map(|tap| tap as f32).collect();
        Ok(Self { low: single(low), high: single(high) })
    }

    /// How many taps of a half a filter of this length has.
    pub(super) fn half(length: u8) -> Result<usize, WsqError> {
        match usize::from(length) {
            taps if taps <= TAPS_MAX && taps % 2 == 1 => Ok(taps / 2 + 1),
            _ => Err(WsqError::Unsupported("wavelet filters of even length")),
        }
    }

    pub(super) fn halves(&self) -> [&[f32]; 2] {
        [&self.low, &self.high]
    }

    /// The whole filter.
    fn mirrored(half: &[f32]) -> Vec<f32> {
        half.iter().skip(1).rev().chain(half).copied().collect()
    }

    /// What makes even and odd samples from a line whose even samples are low-pass and whose odd ones are high-pass: the
    /// synthesis filters are the analysis filters with every other sign changed, each at the places of its own samples.
    fn synthesis(&self) -> [Vec<f32>; 2] {
        let length = self.low.len().max(self.high.len());
        let half = |own: &[f32], other: &[f32]| -> Vec<f32> {
            let tap = |taps: &[f32], at: usize| taps.get(at).copied().unwrap_or(0.0);
            (0..length).map(|at| if at % 2 == 0 { tap(own, at) } else { -tap(other, at) }).collect()
        };
        [half(&self.high, &self.low), half(&self.low, &self.high)].map(|half| Self::mirrored(&half))
    }
}

/// Splits a picture into its bands, in place.
pub(super) fn analyze(pixels: &mut [f32], width: usize, bands: &Bands, filters: &Filters) {
    let (low, high) = (Filters::mirrored(&filters.low), Filters::mirrored(&filters.high));
    for split in &bands.splits {
        let mut line = |line: &mut [f32], extended: &mut Vec<f32>, inverted: bool| {
            let reach = (low.len() / 2).max(high.len() / 2 + 1);
            extend(line, reach, extended);
            let first = first_of(line.len(), inverted);
            let (before, behind) = line.split_at_mut(first);
            let (lows, highs) = if inverted { (behind, before) } else { (before, behind) };
            for (at, value) in lows.iter_mut().enumerate() {
                *value = sum(&low, &extended[2 * at + reach - low.len() / 2..]);
            }
            for (at, value) in highs.iter_mut().enumerate() {
                *value = sum(&high, &extended[2 * at + 1 + reach - high.len() / 2..]);
            }
        };
        rows(pixels, width, split, &mut line);
        columns(pixels, width, split, &mut line);
    }
}

/// Makes a picture of its bands, in place.
pub(super) fn synthesize(pixels: &mut [f32], width: usize, bands: &Bands, filters: &Filters) {
    let [even, odd] = filters.synthesis();
    let reach = even.len() / 2;
    let mut woven = Zeroizing::new(Vec::new());
    for split in bands.splits.iter().rev() {
        let mut line = |line: &mut [f32], extended: &mut Vec<f32>, inverted: bool| {
            let (before, behind) = line.split_at(first_of(line.len(), inverted));
            let (lows, highs) = if inverted { (behind, before) } else { (before, behind) };
            woven.clear();
            for (at, low) in lows.iter().enumerate() {
                woven.push(*low);
                woven.extend(highs.get(at));
            }
            extend(&woven, reach, extended);
            for (at, value) in line.iter_mut().enumerate() {
                *value = sum(if at % 2 == 0 { &even } else { &odd }, &extended[at..]);
            }
        };
        columns(pixels, width, split, &mut line);
        rows(pixels, width, split, &mut line);
    }
}

fn sum(taps: &[f32], values: &[f32]) -> f32 {
    taps.iter().zip(values).map(|(tap, value)| tap * value).sum()
}

/// A line with as many samples more at each end, mirrored at the first and last one without repeating it.
fn extend(line: &[f32], reach: usize, extended: &mut Vec<f32>) {
    extended.clear();
    let last = line.len().saturating_sub(1).max(1) as isize;
    let period = 2 * last;
    for at in -(reach as isize)..(line.len() + reach) as isize {
        let at = at.rem_euclid(period);
        let at = if at > last { period - at } else { at };
        extended.push(line.get(at as usize).copied().unwrap_or(0.0));
    }
}

type Line<'a> = dyn FnMut(&mut [f32], &mut Vec<f32>, bool) + 'a;

fn rows(pixels: &mut [f32], width: usize, split: &Split, work: &mut Line<'_>) {
    let mut extended = Zeroizing::new(Vec::new());
    let region = split.region;
    for row in pixels.chunks_exact_mut(width).skip(region.y).take(region.height) {
        if let Some(line) = row.get_mut(region.x..region.x + region.width) {
            work(line, &mut extended, split.right);
        }
    }
}

fn columns(pixels: &mut [f32], width: usize, split: &Split, work: &mut Line<'_>) {
    let mut extended = Zeroizing::new(Vec::new());
    let region = split.region;
    let mut line = Zeroizing::new(Vec::with_capacity(region.height));
    for x in region.x..region.x + region.width {
        line.clear();
        line.extend(pixels.iter().skip(region.y * width + x).step_by(width).take(region.height));
        work(&mut line, &mut extended, split.lower);
        for (value, pixel) in line.iter().zip(pixels.iter_mut().skip(region.y * width + x).step_by(width)) {
            *pixel = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_split_is_joined_again() {
        for (width, height) in [(32, 32), (45, 33), (97, 64), (131, 202)] {
            let bands = Bands::of(width, height);
            let filters = Filters::nine_seven();
            let made: Vec<f32> = (0..width * height).map(|at| ((at * at + 7 * at) % 251) as f32 - 125.0).collect();
            let mut pixels = made.clone();
            analyze(&mut pixels, width, &bands, &filters);
            assert!(pixels != made);
            synthesize(&mut pixels, width, &bands, &filters);
            let worst = pixels.iter().zip(&made).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{width} x {height}: {worst}");
        }
    }
}
