//! Contextual enhancement: each cell is filtered by an even Gabor wave across its own ridges (Hong, Wan, Jain 1998, 2.7).

use std::{
    f32::consts::{PI, TAU},
    sync::LazyLock,
};

use super::{
    frequency::PERIODS_PX,
    orientation::Orientation,
    plane::{CELL, Plane},
};

/// Orientations of the bank: 5.6 degrees apart.
const ORIENTATIONS: usize = 32;
/// Periods of the bank, each longer than the last by the same factor, 10 per cent.
const PERIODS: usize = 14;
/// Standard deviation of the envelope along the ridges and across them, in periods.
const ALONG: f32 = 0.45;
const ACROSS: f32 = 0.4;
/// Reach of a filter, in the longer of its standard deviations: beyond, the envelope is below a twelfth.
const REACH: f32 = 2.25;
/// Most reach of a filter, in pixels.
const RADIUS_MOST: usize = 11;
/// Taps of a row, of which the last is 0: so many that they come in pairs.
const SIDE: usize = 2 * RADIUS_MOST + 2;

/// Taps of one filter: as many rows of as many as it reaches, then 0.
struct Filter {
    radius: usize,
    taps: [[f32; SIDE]; SIDE],
}

/// All filters, by orientation and period.
static BANK: LazyLock<Vec<Filter>> = LazyLock::new(|| {
    let (shortest, longest) = (*PERIODS_PX.start(), *PERIODS_PX.end());
    let filter = |at: usize| {
        let (turn, length) = (at / PERIODS, at % PERIODS);
        let period = shortest * (longest / shortest).powf(length as f32 / (PERIODS - 1) as f32);
        gabor(turn as f32 * PI / ORIENTATIONS as f32, period)
    };
    (0..ORIENTATIONS * PERIODS).map(filter).collect()
});

/// The filter for ridges of this angle and period.
fn filter(angle: f32, period: f32) -> Option<&'static Filter> {
    let (shortest, longest) = (*PERIODS_PX.start(), *PERIODS_PX.end());
    let turn = (angle / PI * ORIENTATIONS as f32).round().rem_euclid(ORIENTATIONS as f32) as usize % ORIENTATIONS;
    let ratio = (period.clamp(shortest, longest) / shortest).ln() / (longest / shortest).ln();
    let length = ((ratio * (PERIODS - 1) as f32).round() as usize).min(PERIODS - 1);
    BANK.get(turn * PERIODS + length)
}

/// An even wave of this period across ridges of this angle; it gives such a wave of amplitude 1 back as it is, and nothing
/// of an even gray.
fn gabor(angle: f32, period: f32) -> Filter {
    let (sine, cosine) = angle.sin_cos();
    let radius = ((REACH * ALONG * period).ceil() as usize).min(RADIUS_MOST);
    let places = || (0..=2 * radius).map(|at| at as f32 - radius as f32);
    let envelope = |x: f32, y: f32| {
        let (u, v) = ((x * cosine + y * sine) / (ALONG * period), (y * cosine - x * sine) / (ACROSS * period));
        (-0.5 * (u * u + v * v)).exp()
    };
    let wave = |x: f32, y: f32| (TAU * (y * cosine - x * sine) / period).cos();
    let mut taps = [[0.0f32; SIDE]; SIDE];
    let (mut waves, mut envelopes) = (0.0, 0.0);
    for (row, y) in taps.iter_mut().zip(places()) {
        for (tap, x) in row.iter_mut().zip(places()) {
            *tap = envelope(x, y) * wave(x, y);
            waves += *tap;
            envelopes += envelope(x, y);
        }
    }
    let mut gain = 0.0;
    for (row, y) in taps.iter_mut().zip(places()) {
        for (tap, x) in row.iter_mut().zip(places()) {
            *tap -= envelope(x, y) * waves / envelopes;
            gain += *tap * wave(x, y);
        }
    }
    taps.iter_mut().flatten().for_each(|tap| *tap /= gain);
    Filter { radius, taps }
}

/// The ridges (below 0) and valleys (above) of the finger, about -1 to 1; 0 outside the mask.
pub(super) fn enhanced(
    normalized: &Plane<f32>,
    orientation: &Orientation,
    periods: &Plane<f32>,
    mask: &Plane<f32>,
) -> Plane<f32> {
    let (width, height) = (normalized.width(), normalized.height());
    // Room around it, so that no filter reaches beyond.
    let stride = mask.width() * CELL + RADIUS_MOST + SIDE + CELL;
    let mut padded = Plane::<f32>::new(stride, mask.height() * CELL + 2 * RADIUS_MOST);
    for y in 0..height {
        let start = (y + RADIUS_MOST) * stride + RADIUS_MOST;
        if let Some(into) = padded.values_mut().get_mut(start..start + width) {
            into.copy_from_slice(normalized.row(y));
        }
    }
    let mut out = Plane::new(width, height);
    for row in 0..mask.height() {
        for column in 0..mask.width() {
            let (x, y) = (column as isize, row as isize);
            if mask.at(x, y) == 0.0 {
                continue;
            }
            let Some(filter) = filter(orientation.angle(x, y), periods.at(x, y)) else { continue };
            let sums = filtered(&padded, column * CELL, row * CELL, filter);
            for (dy, sums) in sums.iter().enumerate() {
                for (dx, sum) in sums.iter().enumerate() {
                    out.set(column * CELL + dx, row * CELL + dy, *sum);
                }
            }
        }
    }
    out
}

/// The filter's sums at the pixels of the cell whose first pixel, without the room around, is this one.
fn filtered(padded: &Plane<f32>, x: usize, y: usize, filter: &Filter) -> [[f32; CELL]; CELL] {
    // Every other tap has sums of its own: each addition waits for the one before.
    let (mut even, mut odd) = ([[0.0f32; CELL]; CELL], [[0.0f32; CELL]; CELL]);
    let (left, upper) = (x + RADIUS_MOST - filter.radius, y + RADIUS_MOST - filter.radius);
    for down in 0..2 * filter.radius + CELL {
        let mut row = [0.0f32; SIDE + CELL];
        if let Some(values) = padded.row(upper + down).get(left..left + SIDE + CELL) {
            row.copy_from_slice(values);
        }
        // Each row of the cell meets this row with other taps; beyond the filter they are 0.
        let taps: [&[f32; SIDE]; CELL] =
            std::array::from_fn(|dy| down.checked_sub(dy).and_then(|at| filter.taps.get(at)).unwrap_or(&[0.0; SIDE]));
        for at in (0..SIDE / 2).take_while(|at| *at <= filter.radius) {
            let values = &row[2 * at..=2 * at + CELL];
            for dy in 0..CELL {
                let (first, second) = (taps[dy][2 * at], taps[dy][2 * at + 1]);
                for dx in 0..CELL {
                    even[dy][dx] += first * values[dx];
                    odd[dy][dx] += second * values[dx + 1];
                }
            }
        }
    }
    std::array::from_fn(|y| std::array::from_fn(|x| even[y][x] + odd[y][x]))
}
