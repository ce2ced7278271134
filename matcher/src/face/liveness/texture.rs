//! Screen texture: the grid of a screen's pixels beats against that of the sensor (moire), which leaves narrow peaks in the
//! spectrum of the face, where skin has none (Garcia and Queiroz, Face-spoofing 2D-detection based on moire-pattern
//! analysis, 2015).

use opencv::core::{self, Mat, MatTraitConst as _, MatTraitConstManual as _, MatTraitManual as _};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Cue, CueName, Evidence, View, homography::median, recent::Recent, views::Motion};
use crate::{Image, ImageError, face::FaceError};

/// Side of the part of the frame that is looked at, in its own pixels: resampling would move or remove the peaks.
const SIDE: usize = 64;
/// Lowest frequency that counts, in cycles a part: below it the face's own shapes dwell.
const LOWEST: usize = 10;
/// Half the width of the surroundings that a peak is compared with.
const AROUND: isize = 4;
/// Frames needed, and how many count.
const FRAMES_MIN: usize = 3;
const FRAMES_MAX: usize = 12;

/// See the module.
#[derive(Default)]
pub(super) struct ScreenTexture(Recent<FRAMES_MAX>);

impl Cue for ScreenTexture {
    fn name(&self) -> CueName {
        CueName::ScreenTexture
    }

    fn look(&mut self, view: &View<'_>, _: &[Motion]) -> Result<(), FaceError> {
        let [_, _, nose, ..] = view.detection.landmarks;
        self.0.extend(peak(view.image, nose)?);
        Ok(())
    }

    fn evidence(&self) -> Option<Evidence> {
        self.0.median(FRAMES_MIN).map(|height| Evidence { score: height as f32, vouches: false })
    }

    fn forget(&mut self) {
        self.0.clear();
    }
}

/// Height of the highest narrow peak over the median around it, in natural logarithms of amplitude; `None` at the
/// frame's edge.
fn peak(image: &Image, [x, y]: [f32; 2]) -> Result<Option<f64>, ImageError> {
    let half = (SIDE / 2) as f32;
    let (width, height) = (image.width() as usize, image.height() as usize);
    if !(x >= half && y >= half && x + half < width as f32 && y + half < height as f32) {
        return Ok(None);
    }
    let (left, top) = ((x - half) as usize, (y - half) as usize);
    let hann = |at: usize| 0.5 - 0.5 * (std::f32::consts::TAU * at as f32 / SIDE as f32).cos();
    let mut values = Zeroizing::new(Vec::with_capacity(SIDE * SIDE));
    for row in 0..SIDE {
        for column in 0..SIDE {
            let at = 3 * ((top + row) * width + left + column);
            let pixel = image.bgr().get(at..at + 3).unwrap_or_default();
            values.push(pixel.iter().map(|&value| f32::from(value)).sum::<f32>() / 3.0);
        }
    }
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    for (at, value) in values.iter_mut().enumerate() {
        *value = (*value - mean) * hann(at / SIDE) * hann(at % SIDE);
    }
    let spectrum = amplitudes(&values)?;
    let amplitude = |row: isize, column: isize| {
        let wrap = |at: isize| at.rem_euclid(SIDE as isize) as usize;
        spectrum.get(wrap(row) * SIDE + wrap(column)).copied().unwrap_or_default()
    };
    let most = SIDE as isize / 2;
    let mut highest = 0.0f64;
    // The spectrum of a real picture is symmetric: half of it says all.
    for row in 0..most {
        for column in -most..most {
            let radius = (row as f64).hypot(column as f64);
            if radius < LOWEST as f64 || radius >= most as f64 {
                continue;
            }
            let here = amplitude(row, column);
            let mut around = Vec::with_capacity(((2 * AROUND + 1) * (2 * AROUND + 1)) as usize);
            for dy in -AROUND..=AROUND {
                for dx in -AROUND..=AROUND {
                    if dy.abs() > 1 || dx.abs() > 1 {
                        around.push(f64::from(amplitude(row + dy, column + dx)));
                    }
                }
            }
            // Cheap first: most places are no peak at all.
            let mean = around.iter().sum::<f64>() / around.len() as f64;
            if f64::from(here) > mean {
                highest = highest.max((f64::from(here) / median(&around).max(1e-3)).ln());
            }
        }
    }
    Ok(Some(highest))
}

/// Amplitudes of the discrete Fourier transform of a square.
fn amplitudes(values: &[f32]) -> Result<Vec<f32>, ImageError> {
    let input = Mat::new_rows_cols_with_data(SIDE as i32, SIDE as i32, values)?;
    let mut output = Mat::default();
    core::dft(&input, &mut output, core::DFT_COMPLEX_OUTPUT, 0)?;
    let amplitudes = output.data_typed::<core::Vec2f>()?.iter().map(|value| value[0].hypot(value[1])).collect();
    if let Ok(bytes) = output.data_bytes_mut() {
        bytes.zeroize();
    }
    debug_assert_eq!(output.total(), SIDE * SIDE);
    Ok(amplitudes)
}
