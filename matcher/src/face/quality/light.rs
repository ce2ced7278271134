//! Light: brightness, contrast and detail of the face's middle.

use super::view::View;

/// Rows and columns of the aligned face that count: without hair, ground and the black beyond the picture's edge.
const MIDDLE: std::ops::Range<usize> = 20..100;

/// Mean brightness, its standard deviation, and that of the Laplacian beside it.
pub(super) fn spread(view: &View) -> (f32, f32, f32) {
    let at = |row: usize, column: usize| view.aligned.at(row, column);
    let (mut brightness, mut detail) = (Spread::default(), Spread::default());
    for (row, column) in MIDDLE.flat_map(|row| MIDDLE.map(move |column| (row, column))) {
        let around = at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1);
        brightness.add(at(row, column));
        detail.add(around - 4.0 * at(row, column));
    }
    let contrast = brightness.deviation();
    (brightness.mean(), contrast, detail.deviation() / contrast.max(1.0))
}

#[derive(Default)]
struct Spread {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, value: f32) {
        let value = f64::from(value);
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f32 {
        (self.sum / self.count.max(1.0)) as f32
    }

    fn deviation(&self) -> f32 {
        let mean = self.sum / self.count.max(1.0);
        (self.squares / self.count.max(1.0) - mean * mean).max(0.0).sqrt() as f32
    }
}
