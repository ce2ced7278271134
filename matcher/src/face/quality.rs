//! What can be told of a face's picture before it is compared: whether it is sharp and lit.

use zeroize::Zeroizing;

use super::align::ALIGNED_PX;
use crate::Image;

/// Rows and columns of the aligned face that count: without hair, ground and the black beyond the picture's edge.
const MIDDLE: std::ops::Range<usize> = 20..100;

// Least and most of each measure, wide enough that none of 2,125 faces is refused (`matcher-eval faces`, the data of
// the default manifest's calibration): their sharpness begins at 0.126, brightness lies in 49..=205, contrast begins at 17.8. A blur
// by a fifteenth of the eyes' distance or an eighth of the light is too much for the demonstration faces. Brightness
// may be low: skin is dark, too.
const SHARPNESS_MIN: f32 = 0.10;
const BRIGHTNESS_MIN: f32 = 30.0;
const BRIGHTNESS_MAX: f32 = 215.0;
const CONTRAST_MIN: f32 = 8.0;

/// What is wrong with a face's picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// No fine detail.
    #[error("blurred: stand still, or check the camera's focus")]
    Blurred,
    /// Too little light.
    #[error("too dark: check the light")]
    Dark,
    /// Too much light.
    #[error("too bright: check the light")]
    Bright,
    /// Hardly any contrast.
    #[error("without contrast: check the light and the camera's lens")]
    Flat,
}

/// Measured over the middle of an aligned face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Standard deviation of the Laplacian beside that of brightness: fine detail whatever the contrast.
    pub sharpness: f32,
    /// Mean brightness (0..=255).
    pub brightness: f32,
    /// Standard deviation of brightness.
    pub contrast: f32,
}

impl Quality {
    /// What forbids a comparison, if anything does.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        [
            (self.brightness < BRIGHTNESS_MIN, Flaw::Dark),
            (self.brightness > BRIGHTNESS_MAX, Flaw::Bright),
            (self.contrast < CONTRAST_MIN, Flaw::Flat),
            (self.sharpness < SHARPNESS_MIN, Flaw::Blurred),
        ]
        .into_iter()
        .find_map(|(wrong, flaw)| wrong.then_some(flaw))
    }

    pub(super) fn of(aligned: &Image) -> Self {
        let side = ALIGNED_PX as usize;
        // ITU-R BT.601 luma, as in every JPEG.
        let luma =
            |pixel: &[u8; 3]| 0.114 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.299 * f32::from(pixel[2]);
        let gray: Zeroizing<Vec<f32>> = Zeroizing::new(aligned.bgr().as_chunks::<3>().0.iter().map(luma).collect());
        let at = |row: usize, column: usize| gray.get(row * side + column).copied().unwrap_or_default();
        let (mut brightness, mut detail) = (Spread::default(), Spread::default());
        for (row, column) in MIDDLE.flat_map(|row| MIDDLE.map(move |column| (row, column))) {
            let around = at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1);
            brightness.add(at(row, column));
            detail.add(around - 4.0 * at(row, column));
        }
        let contrast = brightness.deviation();
        Self { sharpness: detail.deviation() / contrast.max(1.0), brightness: brightness.mean(), contrast }
    }
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
