//! The room behind, the lens, and a sensor with gain, tone and noise of its own.

use sallyport_matcher::{Image, ImageError};
use zeroize::Zeroizing;

use super::{
    FRAME_PX,
    geometry::{Camera, Random},
    raster::Canvas,
};

/// Where the wall behind the traveler stands, in millimeters.
const WALL_MM: f64 = 1_600.0;

/// A wall with a few panels and a lamp's gradient, behind everything.
pub(super) fn room(canvas: &mut Canvas, camera: &Camera, seed: u64) {
    let mut random = Random::new(seed ^ 0x5bd1_e995);
    let base: [f64; 3] = std::array::from_fn(|_| random.within(70.0, 190.0));
    let panels: [[f64; 5]; 6] = std::array::from_fn(|_| {
        [
            random.within(-1_500.0, 1_500.0),
            random.within(-1_200.0, 1_200.0),
            random.within(80.0, 500.0),
            random.within(80.0, 500.0),
            random.within(-50.0, 50.0),
        ]
    });
    let slope = [random.within(-0.02, 0.02), random.within(-0.02, 0.02)];
    let width = canvas.width;
    for (at, light) in canvas.light.iter_mut().enumerate() {
        let ray = camera.ray((at % width) as f64 + 0.5, (at / width) as f64 + 0.5);
        let along = (WALL_MM - camera.at[2]) / ray[2].max(0.1);
        let (x, y) = (camera.at[0] + ray[0] * along, camera.at[1] + ray[1] * along);
        let mut tone = slope[0] * x + slope[1] * y;
        for [left, top, half_width, half_height, change] in panels {
            if (x - left).abs() < half_width && (y - top).abs() < half_height {
                tone += change;
            }
        }
        *light = base.map(|base| (base + tone) as f32);
    }
}

/// Lens blur, gain, tone curve, uneven light, noise, eight bits.
pub(super) fn expose(canvas: Canvas, seed: u64, camera: u8, time_ms: u64) -> Result<Image, ImageError> {
    // A sensor and its place keep their ways; noise is new in every frame.
    let mut ways = Random::new(seed ^ (u64::from(camera) + 17).wrapping_mul(0xd6e8_feb8_6659_fd93));
    let gain = ways.within(0.75, 1.2) as f32;
    let gamma = ways.within(0.85, 1.2) as f32;
    let slope = [ways.within(-0.25, 0.25) as f32, ways.within(-0.25, 0.25) as f32];
    let noise = ways.within(1.0, 3.0) as f32;
    let mut grain = Random::new(ways.next() ^ time_ms.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let (width, height) = (canvas.width, canvas.height);
    let blurred = blur(&canvas);
    let mut bgr = Zeroizing::new(Vec::with_capacity(width * height * 3));
    for (at, light) in blurred.iter().enumerate() {
        let (x, y) = ((at % width) as f32 / width as f32 - 0.5, (at / width) as f32 / height as f32 - 0.5);
        let lit = gain * (1.0 + slope[0] * x + slope[1] * y);
        for value in light {
            let tone = 255.0 * (value.max(0.0) * lit / 255.0).min(1.0).powf(gamma);
            // Shot noise grows with the root of light.
            let deviation = noise * (0.5 + 0.5 * (tone / 128.0).sqrt());
            bgr.push((tone + deviation * grain.normal() as f32).round().clamp(0.0, 255.0) as u8);
        }
    }
    Image::from_bgr(FRAME_PX[0], FRAME_PX[1], bgr)
}

/// The lens: weights of 1, 2, 1 both ways (a deviation of 0.7 pixels).
fn blur(canvas: &Canvas) -> Zeroizing<Vec<[f32; 3]>> {
    let (width, height) = (canvas.width, canvas.height);
    let pass = |from: &[[f32; 3]], step: usize, place: &dyn Fn(usize) -> usize, last: usize| {
        let get = |at: usize| from.get(at).copied().unwrap_or_default();
        let blend = |at: usize| {
            let along = place(at);
            let before = get(if along == 0 { at } else { at - step });
            let after = get(if along == last { at } else { at + step });
            let middle = get(at);
            std::array::from_fn(|channel| (before[channel] + 2.0 * middle[channel] + after[channel]) / 4.0)
        };
        Zeroizing::new((0..from.len()).map(blend).collect::<Vec<[f32; 3]>>())
    };
    let across = pass(&canvas.light, 1, &|at| at % width, width - 1);
    pass(&across, width, &|at| at / width, height - 1)
}
