//! Light and focus.

use super::{
    component::Measure,
    view::{Part, View},
};

/// Rows and columns of the aligned face that count: without hair, ground and the black beyond the picture's edge.
const MIDDLE: Part = Part { top: 20, left: 20, bottom: 100, right: 100 };
/// OFIQ's UnderExposurePrevention: what is this dark shows nothing.
const DARK: f32 = 25.0;
/// OFIQ's OverExposurePrevention: nor does what is this bright.
const BRIGHT: f32 = 247.0;
/// So much of the face in white is worth nothing.
const BRIGHT_MOST: f32 = 0.25;
/// Sharpness that is worth half, and how fast that changes: of 2,127 photographs 0.5 % are below.
const SHARP_HALF: f32 = 0.14;
const SHARP_SPREAD: f32 = 0.02;
/// Below this a live face is moved or out of focus and the traveler is asked to hold still; down to
/// [`super::Flaw::Blurred`] it still compares.
pub(super) const HOLD_STILL: f32 = 0.125;
/// The darker cheek's brightness beside the other's that is worth half: of 2,127 photographs 1.2 % are below.
const EVEN_HALF: f32 = 0.45;
const EVEN_SPREAD: f32 = 0.08;

/// Brightness, its standard deviation, and the standard deviation of the Laplacian beside that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub brightness: f32,
    pub contrast: f32,
    pub sharpness: f32,
}

impl Spread {
    pub(super) fn of(view: &View) -> Self {
        let at = |row: usize, column: usize| view.gray.at(row, column);
        let (mut brightness, mut detail) = (Sums::default(), Sums::default());
        for (row, column) in MIDDLE.rows().flat_map(|row| MIDDLE.columns().map(move |column| (row, column))) {
            let around = at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1);
            brightness.add(at(row, column));
            detail.add(around - 4.0 * at(row, column));
        }
        let contrast = brightness.deviation();
        Self { brightness: brightness.mean(), contrast, sharpness: detail.deviation() / contrast.max(1.0) }
    }

    /// Stands for OFIQ's Sharpness, which needs a trained forest.
    pub(super) fn measure(&self) -> Measure {
        Measure::new(self.sharpness, 1.0 / (1.0 + ((SHARP_HALF - self.sharpness) / SHARP_SPREAD).exp()))
    }
}

/// Under-exposure, over-exposure and dynamic range of the face's middle.
pub(super) fn exposure(view: &View) -> [Measure; 3] {
    let values = view.gray.sorted(MIDDLE);
    let count = values.len().max(1) as f32;
    let dark = values.partition_point(|&value| value <= DARK) as f32 / count;
    let bright = 1.0 - values.partition_point(|&value| value < BRIGHT) as f32 / count;
    // OFIQ's sigmoid: half of the face may be black before it matters, since skin and beards are dark, too.
    let under = 1.2 * (0.832 - 1.0 / (1.0 + ((0.92 - dark) / 0.05).exp()));
    let mut entropy = 0.0;
    for run in values.chunk_by(|a, b| a.round() == b.round()) {
        let share = run.len() as f32 / count;
        entropy -= share * share.log2();
    }
    // OFIQ's DynamicRange: bits of a gray value, of 8.
    [Measure::new(dark, under), Measure::new(bright, 1.0 - bright / BRIGHT_MOST), Measure::new(entropy, entropy / 8.0)]
}

/// Stands for OFIQ's IlluminationUniformity, whose histograms hardly overlap on so few pixels: how bright the darker
/// cheek is beside the other.
pub(super) fn uniformity(view: &View) -> Measure {
    let (brow, mouth) = (view.brow(), view.mouth());
    let about = [brow[0], brow[1] + 0.62 * (mouth[1] - brow[1])];
    let [left, right] = [-0.5, 0.5].map(|side| view.gray.median(view.part(about, [side, 0.0], [0.20, 0.31])).max(1.0));
    let ratio = left.min(right) / left.max(right);
    Measure::new(ratio, 1.0 / (1.0 + ((EVEN_HALF - ratio) / EVEN_SPREAD).exp()))
}

#[derive(Default)]
struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
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
