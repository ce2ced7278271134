//! Where the points of one aligned face lie in another: Lucas and Kanade's method in the inverse compositional form (Baker
//! and Matthews 2004), over windows of normalized brightness, since cameras see the face in different light.

use zeroize::Zeroizing;

use crate::{
    Image, ImageError,
    face::align::{ALIGNED_LANDMARKS, ALIGNED_PX, similarity},
};

/// Side of an aligned face, in pixels.
pub(super) const SIDE: usize = ALIGNED_PX as usize;
/// Half the side of a window.
const HALF: isize = 7;
const ROUNDS: usize = 12;
/// A step shorter than this ends the search, in pixels.
const STEP_MIN: f32 = 0.02;
/// Farthest that a point may move, in pixels: a fifth of the distance of the eyes and more.
const REACH: f32 = 10.0;
/// Least deviation of brightness in a window that shows something.
const CONTRAST_MIN: f32 = 4.0;
/// Farthest from where it began that a point may come back to, in pixels.
const RETURN_MAX: f32 = 0.7;
/// Points a row of the grid, and where it begins and ends: brow to chin, cheek to cheek.
const POINTS: usize = 9;
const GRID_X: [f32; 2] = [24.0, 88.0];
const GRID_Y: [f32; 2] = [34.0, 102.0];

/// The brightness of an aligned face. Zeroed on drop.
pub(super) struct Patch(Zeroizing<Vec<f32>>);

impl Patch {
    /// The face with these landmarks.
    pub(super) fn of(image: &Image, landmarks: &[[f32; 2]; 5]) -> Result<Self, ImageError> {
        let aligned = image.warped(similarity(landmarks, &ALIGNED_LANDMARKS), ALIGNED_PX, ALIGNED_PX)?;
        Ok(Self(aligned.luma()))
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let last = (SIDE - 1) as f32;
        let (x, y) = (x.clamp(0.0, last - 0.001), y.clamp(0.0, last - 0.001));
        let (column, row) = (x as usize, y as usize);
        let (dx, dy) = (x - column as f32, y - row as f32);
        let pixel = |row: usize, column: usize| self.0.get(row * SIDE + column).copied().unwrap_or_default();
        let upper = pixel(row, column) * (1.0 - dx) + pixel(row, column + 1) * dx;
        let lower = pixel(row + 1, column) * (1.0 - dx) + pixel(row + 1, column + 1) * dx;
        upper * (1.0 - dy) + lower * dy
    }

    /// The window around this point, with mean 0 and deviation 1, and its deviation before.
    fn window(&self, [x, y]: [f32; 2]) -> (Zeroizing<Vec<f32>>, f32) {
        let mut values = Zeroizing::new(Vec::with_capacity(((2 * HALF + 1) * (2 * HALF + 1)) as usize));
        for row in -HALF..=HALF {
            for column in -HALF..=HALF {
                values.push(self.at(x + column as f32, y + row as f32));
            }
        }
        let count = values.len() as f32;
        let mean = values.iter().sum::<f32>() / count;
        values.iter_mut().for_each(|value| *value -= mean);
        let deviation = (values.iter().map(|value| value * value).sum::<f32>() / count).sqrt();
        let by = deviation.max(1e-3);
        values.iter_mut().for_each(|value| *value /= by);
        (values, deviation)
    }

    /// Where the window around `point` lies in `other`, near `guess`.
    fn find(&self, point: [f32; 2], other: &Self, guess: [f32; 2]) -> Option<[f32; 2]> {
        let (template, contrast) = self.window(point);
        if contrast < CONTRAST_MIN {
            return None;
        }
        let side = (2 * HALF + 1) as usize;
        let value = |row: usize, column: usize| template[row.min(side - 1) * side + column.min(side - 1)];
        let mut gradients = Vec::with_capacity(template.len());
        let (mut xx, mut xy, mut yy) = (0.0f32, 0.0f32, 0.0f32);
        for row in 0..side {
            for column in 0..side {
                let dx = (value(row, column + 1) - value(row, column.saturating_sub(1))) / 2.0;
                let dy = (value(row + 1, column) - value(row.saturating_sub(1), column)) / 2.0;
                (xx, xy, yy) = (xx + dx * dx, xy + dx * dy, yy + dy * dy);
                gradients.push([dx, dy]);
            }
        }
        let determinant = xx * yy - xy * xy;
        // Along an edge, points may lie anywhere on it.
        let trace = xx + yy;
        if determinant < 0.02 * trace * trace {
            return None;
        }
        let mut at = guess;
        for _ in 0..ROUNDS {
            let (window, _) = other.window(at);
            let (mut bx, mut by) = (0.0f32, 0.0f32);
            for ((value, expected), [dx, dy]) in window.iter().zip(template.iter()).zip(&gradients) {
                let difference = value - expected;
                (bx, by) = (bx + difference * dx, by + difference * dy);
            }
            let step = [(yy * bx - xy * by) / determinant, (xx * by - xy * bx) / determinant];
            at = [at[0] - step[0], at[1] - step[1]];
            if (at[0] - guess[0]).hypot(at[1] - guess[1]) > REACH {
                return None;
            }
            if step[0].hypot(step[1]) < STEP_MIN {
                break;
            }
        }
        Some(at)
    }
}

/// A point of one face and where it is in the other; how far back and forth misses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) from: [f32; 2],
    pub(super) to: [f32; 2],
    pub(super) miss: f32,
}

/// Points that were found there and found back.
pub(super) fn pairs(from: &Patch, to: &Patch) -> Vec<Pair> {
    let step = |[first, last]: [f32; 2], at: usize| first + (last - first) * at as f32 / (POINTS - 1) as f32;
    let mut found = Vec::new();
    for at in 0..POINTS * POINTS {
        let point = [step(GRID_X, at % POINTS), step(GRID_Y, at / POINTS)];
        let Some(there) = from.find(point, to, point) else { continue };
        let Some(back) = to.find(there, from, point) else { continue };
        let miss = (back[0] - point[0]).hypot(back[1] - point[1]);
        if miss <= RETURN_MAX {
            found.push(Pair { from: point, to: there, miss });
        }
    }
    found
}
