//! Orientation field: which way the ridges run, a value a cell, from the gradients' structure tensor in double-angle form
//! (Bazen and Gerez 2002, Kass and Witkin 1987).

use super::plane::Plane;

/// Standard deviation of the Gaussian whose derivatives are the gradients, in pixels: a sixth of a ridge's period.
const GRADIENT_SIGMA_PX: f32 = 1.5;
/// How far gradients are taken together, in cells: about one ridge to each side...
const NEAR_CELLS: f32 = 2.0;
/// ...and where they disagree, as at scars and creases, how far.
const FAR_CELLS: f32 = 5.0;
/// Coherence from which the near gradients alone are believed.
const COHERENT: f32 = 0.6;

/// Which way the ridges run.
pub(super) struct Orientation {
    /// Cosine and sine of the doubled angle, of unit length; the angle from the axis to the right towards the one down.
    pub(super) doubled: Plane<[f32; 2]>,
    /// How far the gradients around agree, 0 to 1.
    pub(super) coherence: Plane<f32>,
}

impl Orientation {
    /// The angle in this cell, -pi/2 to pi/2, from the axis to the right towards the one down.
    pub(super) fn angle(&self, x: isize, y: isize) -> f32 {
        let [cosine, sine] = self.doubled.at(x, y);
        0.5 * sine.atan2(cosine)
    }

    /// The angle at this pixel, linear between the cells' middles.
    pub(super) fn angle_at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x / super::plane::CELL as f32 - 0.5, y / super::plane::CELL as f32 - 0.5);
        let (left, upper) = (x.floor(), y.floor());
        let (right, lower) = (x - left, y - upper);
        let (mut cosine, mut sine) = (0.0, 0.0);
        for (dx, dy, weight) in [
            (0, 0, (1.0 - right) * (1.0 - lower)),
            (1, 0, right * (1.0 - lower)),
            (0, 1, (1.0 - right) * lower),
            (1, 1, right * lower),
        ] {
            let doubled = self.doubled.at(left as isize + dx, upper as isize + dy);
            cosine += weight * doubled[0];
            sine += weight * doubled[1];
        }
        0.5 * sine.atan2(cosine)
    }
}

/// The orientation field of a normalized picture.
pub(super) fn orientation(normalized: &Plane<f32>) -> Orientation {
    let [difference, cross, energy] = tensor(normalized);
    let near = [&difference, &cross, &energy].map(|plane| plane.blurred(NEAR_CELLS));
    let far = [&difference, &cross, &energy].map(|plane| plane.blurred(FAR_CELLS));
    let (width, height) = (energy.width(), energy.height());
    let coherence = Plane::of(width, height, |x, y| coherence(&near, x, y));
    let doubled = Plane::of(width, height, |x, y| {
        let at = |plane: &Plane<f32>| plane.at(x as isize, y as isize);
        let [near_difference, near_cross, near_energy] = [&near[0], &near[1], &near[2]].map(at);
        let [far_difference, far_cross, far_energy] = [&far[0], &far[1], &far[2]].map(at);
        let trust = (coherence.at(x as isize, y as isize) / COHERENT).min(1.0);
        let mix =
            |near: f32, far: f32| trust * near / near_energy.max(1e-9) + (1.0 - trust) * far / far_energy.max(1e-9);
        // Gradients run across the ridges: a right angle, doubled, is a change of sign.
        let (cosine, sine) = (-mix(near_difference, far_difference), -mix(near_cross, far_cross));
        let length = cosine.hypot(sine);
        if length > 1e-9 { [cosine / length, sine / length] } else { [1.0, 0.0] }
    });
    Orientation { doubled, coherence }
}

fn coherence(tensor: &[Plane<f32>; 3], x: usize, y: usize) -> f32 {
    let [difference, cross, energy] =
        [&tensor[0], &tensor[1], &tensor[2]].map(|plane| plane.at(x as isize, y as isize));
    if energy > 1e-9 { (difference.hypot(cross) / energy).min(1.0) } else { 0.0 }
}

/// Sums over each cell of gx^2 - gy^2, 2 gx gy and gx^2 + gy^2.
fn tensor(normalized: &Plane<f32>) -> [Plane<f32>; 3] {
    let smooth = normalized.blurred(GRADIENT_SIGMA_PX);
    let (width, height) = (smooth.width(), smooth.height());
    let mut planes = [(); 3].map(|()| Plane::new(width, height));
    let [difference, cross, energy] = &mut planes;
    for y in 1..height.saturating_sub(1) {
        let (above, row, below) = (smooth.row(y - 1), smooth.row(y), smooth.row(y + 1));
        let out = y * width + 1;
        let places = difference
            .values_mut()
            .iter_mut()
            .zip(cross.values_mut().iter_mut())
            .zip(energy.values_mut().iter_mut())
            .skip(out);
        let vertical = above.iter().zip(below).skip(1);
        let horizontal = row.iter().zip(row.iter().skip(2));
        for (((difference, cross), energy), ((left, right), (above, below))) in places.zip(horizontal.zip(vertical)) {
            let (gx, gy) = (right - left, below - above);
            *difference = gx * gx - gy * gy;
            *cross = 2.0 * gx * gy;
            *energy = gx * gx + gy * gy;
        }
    }
    planes.map(|plane| plane.cell_sums())
}
