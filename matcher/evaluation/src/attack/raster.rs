//! Triangles to pixels: a depth buffer and perspective-correct interpolation.

use zeroize::Zeroizing;

use super::geometry::{Camera, Point};

/// A corner: its place in the room and what the material needs to know of it.
#[derive(Clone, Copy)]
pub(super) struct Corner {
    pub(super) at: Point,
    pub(super) surface: [f64; 2],
}

/// Light by pixel (blue, green, red; 0..=255 and beyond) and its depth in millimeters.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) light: Zeroizing<Vec<[f32; 3]>>,
    depth: Vec<f32>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let count = width * height;
        Self { width, height, light: Zeroizing::new(vec![[0.0; 3]; count]), depth: vec![f32::INFINITY; count] }
    }

    /// Draws one triangle. `shade` tells the light at a point of the surface, or nothing where it is transparent.
    pub(super) fn triangle(
        &mut self,
        camera: &Camera,
        corners: [Corner; 3],
        shade: &mut impl FnMut([f64; 2]) -> Option<[f32; 3]>,
    ) {
        let [a, b, c] = corners.map(|corner| camera.project(corner.at));
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        // Behind the camera, or edge on.
        if a[2].min(b[2]).min(c[2]) < 10.0 || area.abs() < 1e-9 {
            return;
        }
        let span = |axis: usize, limit: usize| {
            let least = a[axis].min(b[axis]).min(c[axis]).floor().max(0.0) as usize;
            let most = a[axis].max(b[axis]).max(c[axis]).ceil().clamp(0.0, limit as f64) as usize;
            least..most
        };
        let columns = span(0, self.width);
        for row in span(1, self.height) {
            for column in columns.clone() {
                let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
                let wa = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area;
                let wb = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area;
                let wc = 1.0 - wa - wb;
                if wa < 0.0 || wb < 0.0 || wc < 0.0 {
                    continue;
                }
                // Linear in the picture is what is divided by depth.
                let near = [wa / a[2], wb / b[2], wc / c[2]];
                let inverse: f64 = near.iter().sum();
                let depth = (1.0 / inverse) as f32;
                let at = row * self.width + column;
                let (Some(before), Some(light)) = (self.depth.get_mut(at), self.light.get_mut(at)) else { continue };
                if depth >= *before {
                    continue;
                }
                let surface = [0, 1].map(|axis| {
                    near.iter().zip(&corners).map(|(near, corner)| near * corner.surface[axis]).sum::<f64>() / inverse
                });
                if let Some(shaded) = shade(surface) {
                    *before = depth;
                    *light = shaded;
                }
            }
        }
    }

    /// Draws a surface over a grid of `columns` x `rows` cells; `corner` gives the corner at fractions (0..=1).
    pub(super) fn patch(
        &mut self,
        camera: &Camera,
        [columns, rows]: [usize; 2],
        corner: impl Fn(f64, f64) -> Corner,
        mut shade: impl FnMut([f64; 2]) -> Option<[f32; 3]>,
    ) {
        let line = |row: usize| -> Vec<Corner> {
            (0..=columns).map(|column| corner(column as f64 / columns as f64, row as f64 / rows as f64)).collect()
        };
        let mut above = line(0);
        for row in 1..=rows {
            let below = line(row);
            for (top, bottom) in above.windows(2).zip(below.windows(2)) {
                if let ([a, b], [c, d]) = (top, bottom) {
                    self.triangle(camera, [*a, *b, *c], &mut shade);
                    self.triangle(camera, [*b, *d, *c], &mut shade);
                }
            }
            above = below;
        }
    }
}
