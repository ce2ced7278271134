//! How wide the steps of each band are (IAFIS-IC-0110, annex D), and coefficients in steps.

use zeroize::Zeroizing;

use super::bands::{BLOCKS, Bands, CODED, Region, TABLED};

/// Where in its step a coefficient is taken to be, of a step's width (annex D, C).
const CENTER: f32 = 0.44;
/// Width of the step around zero, in steps.
const ZERO_STEP: f64 = 1.2;
/// A band that varies less is not coded.
const VARIANCE_LEAST: f64 = 1.01;
/// Below this variance of the lowest four bands, that of whole bands is taken, else that of their middle.
const VARIANCE_OF_MIDDLE: f64 = 20_000.0;
/// Loading factor: the saturation of the quantizer, as a number of deviations, doubled.
const GAMMA: f64 = 2.5;
/// A step wider than so many deviations leaves nothing of a band.
const DEVIATIONS_MOST: f64 = 5.0;

/// Most steps from zero: NIST's decoder holds coefficients in sixteen bits.
const STEPS_MOST: f64 = 32_000.0;

/// Steps of all bands: a width of zero means that a band is not coded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Steps {
    pub center: f32,
    /// Width of a step, and of the one around zero.
    pub widths: [(f32, f32); TABLED],
}

/// The weight of a band (annex D, A_k).
fn weight(band: usize) -> f64 {
    match band {
        52 | 56 => 1.32,
        53 | 55 | 58 | 59 => 1.08,
        54 | 57 => 1.42,
        _ => 1.0,
    }
}

/// How much of the picture a band is (annex D, m_k).
fn share(band: usize) -> f64 {
    match band {
        0..=3 => 1.0 / 1_024.0,
        4..=50 => 1.0 / 256.0,
        _ => 1.0 / 16.0,
    }
}

impl Steps {
    /// Steps with which a picture of these bands takes so many bits a pixel, about.
    pub(super) fn for_rate(pixels: &[f32], width: usize, bands: &Bands, bits_per_pixel: f64) -> Self {
        let variances = variances(pixels, width, bands);
        let coded: Vec<usize> = (0..CODED).filter(|&band| variances[band] >= VARIANCE_LEAST).collect();
        let relative = |band: usize| if band < 4 { 1.0 } else { 10.0 / (weight(band) * variances[band].ln()) };
        let mut left = coded.clone();
        let mut q = 1.0;
        // Bands in which nothing would be left take no bits, and the others have more then.
        while !left.is_empty() {
            let share_of_all: f64 = left.iter().map(|&band| share(band)).sum();
            let product: f64 =
                left.iter().map(|&band| (variances[band].sqrt() / relative(band)).powf(share(band))).product();
            q = (bits_per_pixel / share_of_all - 1.0).exp2() / GAMMA / product.powf(1.0 / share_of_all);
            let before = left.len();
            left.retain(|&band| relative(band) / q < DEVIATIONS_MOST * variances[band].sqrt());
            if left.len() == before {
                break;
            }
        }
        let mut widths = [(0.0, 0.0); TABLED];
        for band in coded {
            let largest = bands.regions.get(band).map_or(0.0, |region| {
                cells(pixels, width, *region).fold(0.0, |largest: f64, pixel| largest.max(f64::from(pixel.abs())))
            });
            let step = (relative(band) / q).max(largest / STEPS_MOST);
            widths[band] = (step as f32, (ZERO_STEP * step) as f32);
        }
        Self { center: CENTER, widths }
    }

    /// How many coefficients are coded.
    pub(super) fn count(&self, bands: &Bands) -> usize {
        self.coded(bands).map(|(region, ..)| region.width * region.height).sum()
    }

    fn coded<'a>(&'a self, bands: &'a Bands) -> impl Iterator<Item = (&'a Region, f32, f32)> {
        let widths = bands.regions.iter().zip(&self.widths);
        widths.filter(|(_, (step, _))| *step != 0.0).map(|(region, (step, zero))| (region, *step, *zero))
    }

    /// The coefficients of each of the three blocks, in steps.
    pub(super) fn quantize(&self, pixels: &[f32], width: usize, bands: &Bands) -> [Zeroizing<Vec<i32>>; 3] {
        let [second, third] = BLOCKS;
        [0..second, second..third, third..CODED].map(|block| {
            let mut values = Zeroizing::new(Vec::new());
            for band in block {
                let (Some(&region), Some(&(step, zero))) = (bands.regions.get(band), self.widths.get(band)) else {
                    break;
                };
                if step != 0.0 {
                    let half = zero / 2.0;
                    values.extend(cells(pixels, width, region).map(|pixel| match *pixel {
                        pixel if pixel > half => ((pixel - half) / step + 1.0) as i32,
                        pixel if pixel < -half => ((pixel + half) / step - 1.0) as i32,
                        _ => 0,
                    }));
                }
            }
            values
        })
    }

    /// Puts coefficients in steps back into the bands of a picture of zeros.
    pub(super) fn restore(&self, values: &[i32], pixels: &mut [f32], width: usize, bands: &Bands) {
        let mut values = values.iter();
        for (region, step, zero) in self.coded(bands) {
            for row in pixels.chunks_exact_mut(width).skip(region.y).take(region.height) {
                for (pixel, value) in row.iter_mut().skip(region.x).take(region.width).zip(values.by_ref()) {
                    *pixel = match *value {
                        0 => 0.0,
                        value if value > 0 => step * (value as f32 - self.center) + zero / 2.0,
                        value => step * (value as f32 + self.center) - zero / 2.0,
                    };
                }
            }
        }
    }
}

fn cells(pixels: &[f32], width: usize, region: Region) -> impl Iterator<Item = &f32> {
    let rows = pixels.chunks_exact(width).skip(region.y).take(region.height);
    rows.flat_map(move |row| row.iter().skip(region.x).take(region.width))
}

/// The variance of each band (annex D): of its middle, where the finger is, or of all of it when there is little in it.
fn variances(pixels: &[f32], width: usize, bands: &Bands) -> [f64; CODED] {
    let of = |region: &Region| {
        let count = (region.width * region.height) as f64;
        let (sum, squares) = cells(pixels, width, *region).fold((0.0, 0.0), |(sum, squares), &pixel| {
            let pixel = f64::from(pixel);
            (sum + pixel, squares + pixel * pixel)
        });
        if count > 1.0 { (squares - sum * sum / count) / (count - 1.0) } else { 0.0 }
    };
    let middle = |region: &Region| Region {
        x: region.x + region.width / 8,
        y: region.y + 9 * region.height / 32,
        width: 3 * region.width / 4,
        height: 7 * region.height / 16,
    };
    let mut variances = [0.0; CODED];
    for (variance, region) in variances.iter_mut().zip(&bands.regions) {
        *variance = of(&middle(region));
    }
    if variances.iter().take(4).sum::<f64>() < VARIANCE_OF_MIDDLE {
        for (variance, region) in variances.iter_mut().zip(&bands.regions) {
            *variance = of(region);
        }
    }
    variances
}
