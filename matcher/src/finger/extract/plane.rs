//! Values over a picture's pixels or cells, zeroed on drop, and what is done to them everywhere: sums over cells, blurs.

use zeroize::{Zeroize, Zeroizing};

/// Side of a cell, in pixels: what is said of the ridges' flow and distance is said once a cell. Half a ridge's period.
pub(super) const CELL: usize = 4;

/// Values row by row. Zeroed on drop; neither cloned nor printed.
pub(super) struct Plane<T: Zeroize> {
    width: usize,
    height: usize,
    values: Zeroizing<Vec<T>>,
}

impl<T: Zeroize + Copy + Default> Plane<T> {
    /// All default values.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, values: Zeroizing::new(vec![T::default(); width * height]) }
    }

    /// One value for each place, asked row by row.
    pub(super) fn of(width: usize, height: usize, mut value: impl FnMut(usize, usize) -> T) -> Self {
        let mut values = Zeroizing::new(Vec::with_capacity(width * height));
        for y in 0..height {
            values.extend((0..width).map(|x| value(x, y)));
        }
        Self { width, height, values }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    pub(super) fn into_values(self) -> Zeroizing<Vec<T>> {
        self.values
    }

    pub(super) fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// Row `y`; empty beyond the last.
    pub(super) fn row(&self, y: usize) -> &[T] {
        self.values.get(y * self.width..(y + 1) * self.width).unwrap_or_default()
    }

    /// The value there; beyond the edges the default.
    pub(super) fn at(&self, x: isize, y: isize) -> T {
        if x < 0 || y < 0 || x >= self.width as isize || y >= self.height as isize {
            return T::default();
        }
        self.values.get(y as usize * self.width + x as usize).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, x: usize, y: usize, value: T) {
        if x < self.width
            && let Some(place) = self.values.get_mut(y * self.width + x)
        {
            *place = value;
        }
    }

    /// The value of the cell that this pixel lies in, where this plane is one of cells.
    pub(super) fn of_pixel(&self, x: f32, y: f32) -> T {
        self.at((x / CELL as f32).floor() as isize, (y / CELL as f32).floor() as isize)
    }

    pub(super) fn map<U: Zeroize + Copy + Default>(&self, value: impl FnMut(&T) -> U) -> Plane<U> {
        Plane {
            width: self.width,
            height: self.height,
            values: Zeroizing::new(self.values.iter().map(value).collect()),
        }
    }
}

impl Plane<f32> {
    /// Sums of the pixels of each cell.
    pub(super) fn cell_sums(&self) -> Self {
        let mut sums = Self::new(self.width.div_ceil(CELL), self.height.div_ceil(CELL));
        let width = sums.width;
        for (y, row) in self.values.chunks_exact(self.width.max(1)).enumerate() {
            let cells = sums.values.get_mut(y / CELL * width..).unwrap_or_default();
            for (cell, pixels) in cells.iter_mut().zip(row.chunks(CELL)) {
                *cell += pixels.iter().sum::<f32>();
            }
        }
        sums
    }

    /// Blurred by a Gaussian of this standard deviation, in places. Beyond the edges is nothing: blur a plane of weights
    /// alike and divide where the mean is wanted.
    pub(super) fn blurred(&self, sigma: f32) -> Self {
        let taps = gaussian(sigma);
        let radius = taps.len() / 2;
        let mut across = Self::new(self.width, self.height);
        let mut padded = Zeroizing::new(vec![0.0f32; self.width + 2 * radius]);
        for (row, out) in
            self.values.chunks_exact(self.width.max(1)).zip(across.values.chunks_exact_mut(self.width.max(1)))
        {
            if let Some(middle) = padded.get_mut(radius..radius + row.len()) {
                middle.copy_from_slice(row);
            }
            for (tap, at) in taps.iter().zip(0..) {
                let shifted = padded.get(at..).unwrap_or_default();
                out.iter_mut().zip(shifted).for_each(|(out, value)| *out += tap * value);
            }
        }
        let mut down = Self::new(self.width, self.height);
        for (y, out) in down.values.chunks_exact_mut(self.width.max(1)).enumerate() {
            for (tap, at) in taps.iter().zip(0..) {
                let Some(from) = (y + at).checked_sub(radius) else { continue };
                out.iter_mut().zip(across.row(from)).for_each(|(out, value)| *out += tap * value);
            }
        }
        down
    }

    /// The value that this share of all places does not exceed; of no places, nothing.
    pub(super) fn quantile(&self, share: f32) -> f32 {
        let mut sorted = Zeroizing::new(self.values.to_vec());
        let at = ((sorted.len() as f32 * share) as usize).min(sorted.len().saturating_sub(1));
        if at >= sorted.len() {
            return 0.0;
        }
        *sorted.select_nth_unstable_by(at, f32::total_cmp).1
    }
}

/// Samples of a Gaussian that sum to one, out to two and a half standard deviations.
pub(super) fn gaussian(sigma: f32) -> Vec<f32> {
    let radius = (2.5 * sigma).ceil().max(1.0) as i32;
    let tap = |at: i32| (-0.5 * (at as f32 / sigma).powi(2)).exp();
    let sum: f32 = (-radius..=radius).map(tap).sum();
    (-radius..=radius).map(|at| tap(at) / sum).collect()
}
