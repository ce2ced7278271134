//! A head as a smooth surface, and how a photograph lies on it.

use sallyport_matcher::Image;

use super::{
    geometry::{Camera, Point, Pose, Random},
    raster::{Canvas, Corner},
};

/// Mean distance between pupils of adults, in millimeters (Dodgson 2004, "Variation and extrema of human
/// interpupillary distance").
pub(super) const PUPILS_MM: f64 = 63.0;
/// Rings and spokes of the head's mesh: cells of about three millimeters.
const MESH: [usize; 2] = [44, 96];
/// Poses tried for the photograph, in degrees of yaw and pitch.
const YAW_DEG: i32 = 40;
const PITCH_DEG: i32 = 24;
/// Squared error, in units of the face's size, for a squared degree: five landmarks know little of a pose.
const POSE_PRIOR: f64 = 4e-6;

/// Shape of one person. All lengths in millimeters, within the ranges of adult anthropometry (Farkas 1994): nose
/// protrusion 14 to 22, half breadth of the head 70 to 80.
pub(super) struct Head {
    half_breadth: f64,
    half_height: f64,
    half_depth: f64,
    nose: f64,
    nose_width: f64,
    brow: f64,
    sockets: f64,
    lips: f64,
    chin: f64,
}

impl Head {
    pub(super) fn new(random: &mut Random) -> Self {
        Self {
            half_breadth: random.within(70.0, 80.0),
            half_height: random.within(115.0, 126.0),
            half_depth: random.within(80.0, 105.0),
            nose: random.within(14.0, 22.0),
            nose_width: random.within(8.0, 11.0),
            brow: random.within(2.0, 5.0),
            sockets: random.within(4.0, 8.0),
            lips: random.within(2.0, 5.0),
            chin: random.within(3.0, 8.0),
        }
    }

    /// The surface over a point of the face's plane: smaller is nearer to the totem.
    pub(super) fn surface(&self, x: f64, y: f64) -> Point {
        let bump =
            |x0: f64, y0: f64, sx: f64, sy: f64| (-((x - x0) / sx).powi(2) / 2.0 - ((y - y0) / sy).powi(2) / 2.0).exp();
        let radius = (x / self.half_breadth).powi(2) + ((y + 2.0) / self.half_height).powi(2);
        let skull = self.half_depth * (1.0 - (1.0 - radius).max(0.0).sqrt());
        // The ridge rises from between the eyes to the tip and ends steeply over the lip.
        let (start, tip, end) = (-4.0, 38.0, 50.0);
        let ridge = if y < tip { (y - start) / (tip - start) } else { (end - y) / (end - tip) };
        let ridge = ridge.clamp(0.0, 1.0);
        let ridge = ridge * ridge * (3.0 - 2.0 * ridge);
        let width = self.nose_width * (0.7 + 0.5 * ridge);
        let nose = self.nose * ridge * (-(x / width).powi(2) / 2.0).exp();
        let eyes = self.sockets * (bump(-31.5, 0.0, 13.0, 9.0) + bump(31.5, 0.0, 13.0, 9.0));
        let brows = self.brow * bump(0.0, -19.0, 40.0, 7.0);
        let mouth = self.lips * bump(0.0, 70.0, 18.0, 9.0);
        let chin = self.chin * bump(0.0, 104.0, 16.0, 10.0);
        [x, y, skull - nose + eyes - brows - mouth - chin]
    }

    fn landmarks(&self) -> [Point; 5] {
        [(-31.5, 0.0), (31.5, 0.0), (0.0, 38.0), (-26.0, 70.0), (26.0, 70.0)].map(|(x, y)| self.surface(x, y))
    }

    /// Height of the nose's tip over the plane of eyes and mouth.
    pub(super) fn nose_mm(&self) -> f64 {
        self.nose
    }

    /// Draws head and shoulders; `seen` tells which points of the face's plane are there.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        camera: &Camera,
        pose: &Pose,
        texturing: &Texturing<'_>,
        seen: &dyn Fn([f64; 2]) -> bool,
    ) {
        let on_photo = |surface: [f64; 2]| seen(surface).then(|| texturing.at(self.surface(surface[0], surface[1])));
        canvas.patch(
            camera,
            MESH,
            |ring, spoke| {
                // Rings close up where the skull turns away.
                let radius = (ring * std::f64::consts::FRAC_PI_2 * 0.97).sin();
                let (sin, cos) = (spoke * std::f64::consts::TAU).sin_cos();
                let (x, y) = (radius * cos * self.half_breadth, radius * sin * self.half_height - 2.0);
                Corner { at: pose.apply(self.surface(x, y)), surface: [x, y] }
            },
            on_photo,
        );
        canvas.patch(
            camera,
            [24, 8],
            |across, along| {
                let (x, y) = (-175.0 + 350.0 * across, 85.0 + 230.0 * along);
                // A neck that widens into shoulders.
                let half = 60.0 + 120.0 * ((y - 105.0) / 60.0).clamp(0.0, 1.0);
                let x = x / 175.0 * half;
                let z = 45.0 + 70.0 * (1.0 - (1.0 - (x / (half + 5.0)).powi(2)).max(0.0).sqrt());
                Corner { at: pose.apply([x, y, z]), surface: [x, y] }
            },
            |[x, y]| Some(texturing.at([x, y, 60.0])),
        );
    }
}

/// A photograph and the pose (weak perspective) in which it shows a head.
pub(super) struct Texturing<'a> {
    photo: &'a Image,
    landmarks: [[f64; 2]; 5],
    pose: Pose,
    /// Complex factor (scale and roll) and shift from the turned head to pixels.
    similar: ([f64; 2], [f64; 2]),
}

impl<'a> Texturing<'a> {
    /// The pose of `head` that best explains the landmarks.
    pub(super) fn new(head: &Head, landmarks: &[[f32; 2]; 5], photo: &'a Image) -> Self {
        let landmarks = landmarks.map(|point| point.map(f64::from));
        let model = head.landmarks();
        let mut best = (f64::INFINITY, Pose::new([0.0; 3], [0.0; 3]), ([1.0, 0.0], [0.0; 2]));
        for yaw in (-YAW_DEG..=YAW_DEG).step_by(4) {
            for pitch in (-PITCH_DEG..=PITCH_DEG).step_by(4) {
                let pose = Pose::new([f64::from(yaw), f64::from(pitch), 0.0], [0.0; 3]);
                let turned = model.map(|point| pose.apply(point)).map(|[x, y, _]| [x, y]);
                let (similar, error) = fit(&turned, &landmarks);
                let error = error + POSE_PRIOR * f64::from(yaw * yaw + pitch * pitch);
                if error < best.0 {
                    best = (error, pose, similar);
                }
            }
        }
        Self { photo, landmarks, pose: best.1, similar: best.2 }
    }

    /// The photograph's light for a point of the head.
    pub(super) fn at(&self, point: Point) -> [f32; 3] {
        let [x, y, _] = self.pose.apply(point);
        let ([a, b], [tx, ty]) = self.similar;
        self.pixel(a * x - b * y + tx, b * x + a * y + ty)
    }

    /// The photograph's light at these millimeters from the point between the eyes, in the photograph's own plane.
    pub(super) fn flat(&self, x: f64, y: f64) -> [f32; 3] {
        let scale = self.eyes_px() / PUPILS_MM;
        let [left, right, ..] = self.landmarks;
        self.pixel((left[0] + right[0]) / 2.0 + x * scale, (left[1] + right[1]) / 2.0 + y * scale)
    }

    /// Both eyes, in millimeters from the point between them, in the photograph's plane.
    pub(super) fn eyes(&self) -> [[f64; 2]; 2] {
        let [left, right, ..] = self.landmarks;
        let scale = PUPILS_MM / self.eyes_px();
        let half = [(right[0] - left[0]) / 2.0 * scale, (right[1] - left[1]) / 2.0 * scale];
        [half.map(|value| -value), half]
    }

    fn eyes_px(&self) -> f64 {
        let [left, right, ..] = self.landmarks;
        (left[0] - right[0]).hypot(left[1] - right[1]).max(1.0)
    }

    /// Bilinear; beyond the edge the edge repeats.
    fn pixel(&self, x: f64, y: f64) -> [f32; 3] {
        let (width, height) = (self.photo.width() as usize, self.photo.height() as usize);
        let (x, y) = ((x - 0.5).clamp(0.0, width as f64 - 1.0), (y - 0.5).clamp(0.0, height as f64 - 1.0));
        let (column, row) = (x as usize, y as usize);
        let (fx, fy) = ((x - column as f64) as f32, (y - row as f64) as f32);
        let (next_column, next_row) = ((column + 1).min(width - 1), (row + 1).min(height - 1));
        let pixels = self.photo.bgr().as_chunks::<3>().0;
        let get = |row: usize, column: usize| pixels.get(row * width + column).copied().unwrap_or_default();
        let corners = [get(row, column), get(row, next_column), get(next_row, column), get(next_row, next_column)];
        std::array::from_fn(|channel| {
            let [a, b, c, d] = corners.map(|pixel| f32::from(pixel[channel]));
            (a + (b - a) * fx) * (1.0 - fy) + (c + (d - c) * fx) * fy
        })
    }
}

/// The similarity from one set of points to another (least squares), and its squared error beside the set's size.
fn fit(from: &[[f64; 2]; 5], to: &[[f64; 2]; 5]) -> (([f64; 2], [f64; 2]), f64) {
    let mean = |points: &[[f64; 2]; 5], axis: usize| points.iter().map(|point| point[axis]).sum::<f64>() / 5.0;
    let (fx, fy, tx, ty) = (mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1));
    let (mut a, mut b, mut square, mut size) = (0.0, 0.0, f64::EPSILON, f64::EPSILON);
    for (p, q) in from.iter().zip(to) {
        let (x, y, u, v) = (p[0] - fx, p[1] - fy, q[0] - tx, q[1] - ty);
        a += x * u + y * v;
        b += x * v - y * u;
        square += x * x + y * y;
        size += u * u + v * v;
    }
    let explained = (a * a + b * b) / square;
    let (a, b) = (a / square, b / square);
    (([a, b], [tx - a * fx + b * fy, ty - b * fx - a * fy]), (size - explained).max(0.0) / size)
}
