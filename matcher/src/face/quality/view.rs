//! The aligned face in gray, and how its parts are looked at.

use zeroize::Zeroizing;

use super::super::{
    Detection,
    align::{ALIGNED_LANDMARKS, ALIGNED_PX, similarity},
};
use crate::Image;

/// Distance between the eyes of the aligned face, in pixels: the unit of length of all that is looked at.
const UNIT_PX: f32 = 35.24;
/// Taps of a Gaussian of 0.8 pixels, which takes the sensor's and JPEG's noise away and leaves lashes and lips.
const SMOOTH: [f32; 5] = [0.022, 0.228, 0.500, 0.228, 0.022];
/// Darkest skin that brightness is held against, of 255: below, noise decides.
const SKIN_MIN: f32 = 10.0;

/// A gray square, zeroed on drop.
pub(super) struct Gray(Zeroizing<Vec<f32>>);

/// A rectangle of pixels: first row and column, and those after the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

/// One aligned face.
pub(super) struct View {
    /// As it is.
    pub gray: Gray,
    /// Without noise.
    pub smooth: Gray,
    /// Eyes, nose and mouth corners in it, in pixels.
    landmarks: [[f32; 2]; 5],
}

const SIDE: usize = ALIGNED_PX as usize;

impl Gray {
    fn of(image: &Image) -> Self {
        Self(image.luma())
    }

    fn smoothed(&self) -> Self {
        let pass = |from: &Self, step: (isize, isize)| {
            let mut out: Zeroizing<Vec<f32>> = Zeroizing::new(vec![0.0; SIDE * SIDE]);
            for (at, out) in out.iter_mut().enumerate() {
                let (row, column) = ((at / SIDE) as isize, (at % SIDE) as isize);
                let last = SIDE as isize - 1;
                *out = (-2..=2)
                    .zip(SMOOTH)
                    .map(|(offset, tap)| {
                        let (row, column) = (row + offset * step.0, column + offset * step.1);
                        tap * from.at(row.clamp(0, last) as usize, column.clamp(0, last) as usize)
                    })
                    .sum();
            }
            Self(out)
        };
        pass(&pass(self, (0, 1)), (1, 0))
    }

    /// A pixel; black beyond the edge.
    pub(super) fn at(&self, row: usize, column: usize) -> f32 {
        if column < SIDE { self.0.get(row * SIDE + column).copied().unwrap_or_default() } else { 0.0 }
    }

    /// The pixels of a part, by brightness.
    pub(super) fn sorted(&self, part: Part) -> Zeroizing<Vec<f32>> {
        let mut values = Zeroizing::new(Vec::with_capacity(part.pixels()));
        values.extend(part.rows().flat_map(|row| part.columns().map(move |column| self.at(row, column))));
        values.sort_unstable_by(f32::total_cmp);
        values
    }

    pub(super) fn median(&self, part: Part) -> f32 {
        quantile(&self.sorted(part), 0.5)
    }

    /// Mean difference of neighbors one above the other.
    pub(super) fn relief_down(&self, part: Part) -> f32 {
        let pairs = part.rows().skip(1).flat_map(|row| part.columns().map(move |column| (row, column)));
        mean(pairs.map(|(row, column)| (self.at(row, column) - self.at(row - 1, column)).abs()))
    }

    /// Mean difference of neighbors side by side.
    pub(super) fn relief_across(&self, part: Part) -> f32 {
        let pairs = part.rows().flat_map(|row| part.columns().skip(1).map(move |column| (row, column)));
        mean(pairs.map(|(row, column)| (self.at(row, column) - self.at(row, column - 1)).abs()))
    }
}

impl Part {
    pub(super) fn rows(self) -> std::ops::Range<usize> {
        self.top..self.bottom
    }

    pub(super) fn columns(self) -> std::ops::Range<usize> {
        self.left..self.right
    }

    pub(super) fn pixels(self) -> usize {
        self.rows().len() * self.columns().len()
    }
}

impl View {
    pub(super) fn new(aligned: &Image, detection: &Detection) -> Self {
        let m = similarity(&detection.landmarks, &ALIGNED_LANDMARKS);
        let landmarks = detection
            .landmarks
            .map(|[x, y]| m.map(|[a, b, shift]| (a * f64::from(x) + b * f64::from(y) + shift) as f32));
        let gray = Gray::of(aligned);
        let smooth = gray.smoothed();
        Self { gray, smooth, landmarks }
    }

    /// The eyes; that at the picture's left first.
    pub(super) fn eyes(&self) -> [[f32; 2]; 2] {
        [self.landmarks[0], self.landmarks[1]]
    }

    /// Between the eyes.
    pub(super) fn brow(&self) -> [f32; 2] {
        middle(self.landmarks[0], self.landmarks[1])
    }

    /// Between the mouth's corners.
    pub(super) fn mouth(&self) -> [f32; 2] {
        middle(self.landmarks[3], self.landmarks[4])
    }

    /// The rectangle about a point, which may be shifted by, and reaches to both sides, so many eye distances.
    pub(super) fn part(&self, about: [f32; 2], shift: [f32; 2], reach: [f32; 2]) -> Part {
        let span = |axis: usize| {
            let (middle, reach) = (about[axis] + shift[axis] * UNIT_PX, reach[axis] * UNIT_PX);
            let edge = |value: f32| value.round().clamp(0.0, SIDE as f32 - 1.0) as usize;
            (edge(middle - reach), edge(middle + reach) + 1)
        };
        let ((left, right), (top, bottom)) = (span(0), span(1));
        Part { top, left, bottom, right }
    }

    /// Pixels in eye distances.
    pub(super) fn units(&self, pixels: f32) -> f32 {
        pixels / UNIT_PX
    }

    /// Brightness of each cheek beside the mouth's upper end, which neither glasses nor a fringe reaches.
    pub(super) fn cheeks(&self) -> [f32; 2] {
        let (brow, mouth) = (self.brow(), self.mouth());
        let down = 0.62 * (mouth[1] - brow[1]) / UNIT_PX;
        self.eyes().map(|eye| {
            let about = [0.9 * eye[0] + 0.1 * brow[0], brow[1]];
            self.gray.median(self.part(about, [0.0, down], [0.12, 0.10])).max(SKIN_MIN)
        })
    }

    /// Brightness below each eye, where a mask does not reach.
    pub(super) fn below_eyes(&self) -> f32 {
        let [a, b] = self.eyes().map(|eye| self.gray.median(self.part(eye, [0.0, 0.33], [0.14, 0.05])));
        ((a + b) / 2.0).max(SKIN_MIN)
    }
}

/// The value below which this part of the sorted values lies.
pub(super) fn quantile(sorted: &[f32], part: f32) -> f32 {
    let at = (part * sorted.len().saturating_sub(1) as f32).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

pub(super) fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (count, sum) = values.fold((0u32, 0.0f64), |(count, sum), value| (count + 1, sum + f64::from(value)));
    (sum / f64::from(count.max(1))) as f32
}

fn middle(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}
