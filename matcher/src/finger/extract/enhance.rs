//! Contextual enhancement: each cell is filtered by an even Gabor wave across its own ridges (Hong, Wan, Jain 1998, 2.7).

use std::f32::consts::{PI, TAU};

use super::{
    frequency::PERIODS_PX,
    orientation::Orientation,
    plane::{CELL, Plane},
};

/// Orientations of the bank: 5.6 degrees apart.
const ORIENTATIONS: usize = 32;
/// Periods of the bank, each longer than the last by the same factor, 10 per cent.
const PERIODS: usize = 14;
/// Reach of the filters, in pixels.
const RADIUS: usize = 11;
const SIDE: usize = 2 * RADIUS + 1;
/// Standard deviation of the envelope along the ridges and across them, in periods.
const ALONG: f32 = 0.45;
const ACROSS: f32 = 0.4;

/// Taps of one filter.
type Filter = [[f32; SIDE]; SIDE];

/// Filters, made when they are first needed.
pub(super) struct Bank {
    filters: Vec<Option<Box<Filter>>>,
    along: f32,
    across: f32,
}

impl Bank {
    pub(super) fn new() -> Self {
        Self { filters: (0..ORIENTATIONS * PERIODS).map(|_| None).collect(), along: ALONG, across: ACROSS }
    }

    fn filter(&mut self, angle: f32, period: f32) -> Option<&Filter> {
        let (shortest, longest) = (*PERIODS_PX.start(), *PERIODS_PX.end());
        let turn = (angle / PI * ORIENTATIONS as f32).round().rem_euclid(ORIENTATIONS as f32) as usize % ORIENTATIONS;
        let ratio = (period.clamp(shortest, longest) / shortest).ln() / (longest / shortest).ln();
        let length = ((ratio * (PERIODS - 1) as f32).round() as usize).min(PERIODS - 1);
        let (along, across) = (self.along, self.across);
        let place = self.filters.get_mut(turn * PERIODS + length)?;
        let made = place.get_or_insert_with(|| {
            let period = shortest * (longest / shortest).powf(length as f32 / (PERIODS - 1) as f32);
            Box::new(gabor(turn as f32 * PI / ORIENTATIONS as f32, period, along, across))
        });
        Some(made)
    }
}

/// An even wave of this period across ridges of this angle; it gives such a wave of amplitude 1 back as it is, and nothing
/// of an even gray.
fn gabor(angle: f32, period: f32, along: f32, across: f32) -> Filter {
    let (sine, cosine) = angle.sin_cos();
    let mut filter = [[0.0f32; SIDE]; SIDE];
    let (mut waves, mut envelopes) = (0.0, 0.0);
    let places = |at: usize| at as f32 - RADIUS as f32;
    let envelope = |x: f32, y: f32| {
        let (u, v) = ((x * cosine + y * sine) / (along * period), (y * cosine - x * sine) / (across * period));
        (-0.5 * (u * u + v * v)).exp()
    };
    let wave = |x: f32, y: f32| (TAU * (y * cosine - x * sine) / period).cos();
    for (row, y) in filter.iter_mut().zip((0..).map(places)) {
        for (tap, x) in row.iter_mut().zip((0..).map(places)) {
            *tap = envelope(x, y) * wave(x, y);
            waves += *tap;
            envelopes += envelope(x, y);
        }
    }
    let mut gain = 0.0;
    for (row, y) in filter.iter_mut().zip((0..).map(places)) {
        for (tap, x) in row.iter_mut().zip((0..).map(places)) {
            *tap -= envelope(x, y) * waves / envelopes;
            gain += *tap * wave(x, y);
        }
    }
    filter.iter_mut().flatten().for_each(|tap| *tap /= gain);
    filter
}

/// The ridges (below 0) and valleys (above) of the finger, about -1 to 1; 0 outside the mask.
pub(super) fn enhanced(
    normalized: &Plane<f32>,
    orientation: &Orientation,
    periods: &Plane<f32>,
    mask: &Plane<f32>,
    bank: &mut Bank,
) -> Plane<f32> {
    let (width, height) = (normalized.width(), normalized.height());
    // Room around it, so that no filter reaches beyond.
    let stride = mask.width() * CELL + 2 * RADIUS;
    let mut padded = Plane::<f32>::new(stride, mask.height() * CELL + 2 * RADIUS);
    for y in 0..height {
        let start = (y + RADIUS) * stride + RADIUS;
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
            let Some(filter) = bank.filter(orientation.angle(x, y), periods.at(x, y)) else { continue };
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
    let mut sums = [[0.0f32; CELL]; CELL];
    for (dy, taps) in filter.iter().enumerate() {
        let mut rows = [[0.0f32; SIDE + CELL - 1]; CELL];
        for (at, row) in rows.iter_mut().enumerate() {
            if let Some(values) = padded.row(y + dy + at).get(x..x + SIDE + CELL - 1) {
                row.copy_from_slice(values);
            }
        }
        for (dx, tap) in taps.iter().enumerate() {
            for (sums, row) in sums.iter_mut().zip(&rows) {
                for (sum, value) in sums.iter_mut().zip(&row[dx..dx + CELL]) {
                    *sum += tap * value;
                }
            }
        }
    }
    sums
}
