//! Where the points of one aligned face lie in another: Lucas and Kanade's method in the inverse compositional form (Baker
//! and Matthews 2004), over windows of normalized brightness, since cameras see the face in different light.

use zeroize::Zeroizing;

use crate::{
    Image, ImageError,
    face::align::{ALIGNED_LANDMARKS, ALIGNED_PX, similarity},
};

/// Side of an aligned face, in pixels.
pub(super) const SIDE: usize = ALIGNED_PX as usize;
/// Half the side of a window: a window is narrower than a nose.
const HALF: usize = 6;
const WIDTH: usize = 2 * HALF + 1;
type Window = Zeroizing<[f32; WIDTH * WIDTH]>;
const ROUNDS: usize = 12;
/// A step shorter than this ends the search, in pixels.
const STEP_MIN: f32 = 0.02;
/// Farthest that a point may move, in pixels: a fifth of the distance of the eyes and more.
const REACH: f32 = 10.0;
/// Least deviation of brightness in a window that shows something.
const CONTRAST_MIN: f32 = 4.0;
/// Least determinant of the gradients' squares, beside their trace's square, of a window that is more than an edge
/// (Harris and Stephens 1988).
const CORNER_MIN: f32 = 0.02;
/// Farthest from where it began that a point may come back to, in pixels.
const RETURN_MAX: f32 = 0.7;
/// Points a row of the grid, and where it begins and ends: brow to chin, cheek to cheek.
const POINTS: usize = 12;
const GRID_X: [f32; 2] = [24.0, 88.0];
const GRID_Y: [f32; 2] = [34.0, 102.0];

/// The brightness of an aligned face, and where its landmarks lie there. Zeroed on drop.
pub(super) struct Patch {
    gray: Zeroizing<Vec<f32>>,
    pub(super) landmarks: [[f64; 2]; 5],
}

impl Patch {
    /// The face with these landmarks.
    pub(super) fn of(image: &Image, landmarks: &[[f32; 2]; 5]) -> Result<Self, ImageError> {
        let m = similarity(landmarks, &ALIGNED_LANDMARKS);
        let placed = |point: [f32; 2]| {
            let [x, y] = point.map(f64::from);
            m.map(|[a, b, shift]| a * x + b * y + shift)
        };
        Ok(Self { gray: image.warped(m, ALIGNED_PX, ALIGNED_PX)?.luma(), landmarks: landmarks.map(placed) })
    }

    /// The window around this point, with mean 0 and deviation 1, and its deviation before. All its pixels lie at one
    /// fraction between those of the face. Beyond the face's upper and lower edge the edge repeats.
    fn window(&self, [x, y]: [f32; 2]) -> Option<(Window, f32)> {
        let (left, top) = (x.floor() - HALF as f32, y.floor() - HALF as f32);
        if !(left >= 0.0 && left + (WIDTH as f32) < SIDE as f32 && top.abs() < SIDE as f32) {
            return None;
        }
        let (dx, dy) = (x - x.floor(), y - y.floor());
        let line = |row: usize| {
            let row = (top as isize + row as isize).clamp(0, SIDE as isize - 1) as usize;
            self.gray.get(row * SIDE + left as usize..).and_then(<[f32]>::first_chunk::<{ WIDTH + 1 }>)
        };
        let across = |line: &[f32; WIDTH + 1], at: usize| line[at] + (line[at + 1] - line[at]) * dx;
        let mut values: Window = Zeroizing::new([0.0; WIDTH * WIDTH]);
        let (mut sum, mut squares) = (0.0f32, 0.0f32);
        let mut upper = line(0)?;
        for (row, out) in values.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
            let lower = line(row + 1)?;
            for (column, value) in out.iter_mut().enumerate() {
                let (above, below) = (across(upper, column), across(lower, column));
                *value = above + (below - above) * dy;
                sum += *value;
            }
            upper = lower;
        }
        let mean = sum / (WIDTH * WIDTH) as f32;
        values.iter_mut().for_each(|value| {
            *value -= mean;
            squares += *value * *value;
        });
        let deviation = (squares / (WIDTH * WIDTH) as f32).sqrt();
        let by = 1.0 / deviation.max(1e-3);
        values.iter_mut().for_each(|value| *value *= by);
        Some((values, deviation))
    }

    /// Where the window around `point` lies in `other`, near `guess`.
    fn find(&self, point: [f32; 2], other: &Self, guess: [f32; 2]) -> Option<[f32; 2]> {
        let (template, contrast) = self.window(point)?;
        if contrast < CONTRAST_MIN {
            return None;
        }
        let value = |row: usize, column: usize| template[row.min(WIDTH - 1) * WIDTH + column.min(WIDTH - 1)];
        let mut gradients = [[0.0f32; 2]; WIDTH * WIDTH];
        let (mut xx, mut xy, mut yy) = (0.0f32, 0.0f32, 0.0f32);
        for (row, line) in gradients.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
            for (column, gradient) in line.iter_mut().enumerate() {
                let dx = (value(row, column + 1) - value(row, column.saturating_sub(1))) / 2.0;
                let dy = (value(row + 1, column) - value(row.saturating_sub(1), column)) / 2.0;
                (xx, xy, yy) = (xx + dx * dx, xy + dx * dy, yy + dy * dy);
                *gradient = [dx, dy];
            }
        }
        let determinant = xx * yy - xy * xy;
        // Along an edge, points may lie anywhere on it.
        let trace = xx + yy;
        if determinant < CORNER_MIN * trace * trace {
            return None;
        }
        let mut at = guess;
        for _ in 0..ROUNDS {
            let (window, _) = other.window(at)?;
            let (mut bx, mut by) = (0.0f32, 0.0f32);
            for ((value, expected), [dx, dy]) in window.iter().zip(template.iter()).zip(&gradients) {
                let difference = value - expected;
                (bx, by) = (bx + difference * dx, by + difference * dy);
            }
            let step = [(yy * bx - xy * by) / determinant, (xx * by - xy * bx) / determinant];
            at = [at[0] - step[0], at[1] - step[1]];
            // Of a step that is no number, too, nothing comes.
            let moved = (at[0] - guess[0]).hypot(at[1] - guess[1]);
            if moved.is_nan() || moved > REACH {
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
