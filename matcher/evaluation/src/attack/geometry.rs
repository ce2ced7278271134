//! Points, poses, pinhole cameras and a generator of random numbers. Lengths in millimeters: x to the picture's
//! right, y down, z away from the totem; the origin lies between the traveler's eyes.

use std::f64::consts::TAU;

/// A point or direction.
pub(super) type Point = [f64; 3];

/// Distance from totem to face, in millimeters.
const DISTANCE_MM: f64 = 700.0;
/// Heights of the totem's cameras over the eyes, in millimeters (y points down).
const HEIGHTS_MM: [f64; 3] = [0.0, 250.0, -250.0];
/// Horizontal field of view of a common webcam, in degrees.
const FIELD_DEG: f64 = 57.0;
/// How far from the point between the eyes cameras may aim, in millimeters.
const AIM_MM: f64 = 15.0;

pub(super) fn add(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn subtract(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn unit(a: Point) -> Point {
    let length = dot(a, a).sqrt().max(f64::EPSILON);
    a.map(|value| value / length)
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere for ever.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly from this range.
    pub(super) fn within(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Nearly normal, of unit deviation: a sum of uniforms.
    pub(super) fn normal(&mut self) -> f64 {
        let word = self.next();
        let sum: u64 = (0..4).map(|part| (word >> (16 * part)) & 0xffff).sum();
        // Four uniforms of 0..65536 have a variance of 4 * 65536^2 / 12.
        (sum as f64 - 131_070.0) / 37_837.2
    }
}

/// Where a thing is and how it is turned.
#[derive(Clone, Copy)]
pub(super) struct Pose {
    rows: [Point; 3],
    shift: Point,
}

impl Pose {
    /// Turned by yaw, pitch and roll (degrees), then shifted.
    pub(super) fn new([yaw, pitch, roll]: [f64; 3], shift: Point) -> Self {
        let (sy, cy) = yaw.to_radians().sin_cos();
        let (sp, cp) = pitch.to_radians().sin_cos();
        let (sr, cr) = roll.to_radians().sin_cos();
        let rows = [
            [cy * cr + sy * sp * sr, sy * sp * cr - cy * sr, sy * cp],
            [cp * sr, cp * cr, -sp],
            [cy * sp * sr - sy * cr, sy * sr + cy * sp * cr, cy * cp],
        ];
        Self { rows, shift }
    }

    /// A person who stands before the totem and tries to look at it: slow sway, slight turns.
    pub(super) fn of_person(random: &mut Random, seconds: f64) -> Self {
        let stance = [random.within(-6.0, 6.0), random.within(-6.0, 6.0), random.within(-4.0, 4.0)];
        let place = [random.within(-25.0, 25.0), random.within(-40.0, 40.0), random.within(-80.0, 80.0)];
        let sway = Sway::new(random);
        Self::new(sway.around(stance, [3.0, 2.0, 1.0], seconds, 0), sway.around(place, [6.0, 3.0, 6.0], seconds, 3))
    }

    /// A thing that is held by hand at this place: more turn, and tremor.
    pub(super) fn by_hand(random: &mut Random, place: Point, seconds: f64) -> Self {
        let held = [random.within(-10.0, 10.0), random.within(-12.0, 12.0), random.within(-5.0, 5.0)];
        let place = add(place, [random.within(-25.0, 25.0), random.within(-30.0, 30.0), random.within(-60.0, 60.0)]);
        let sway = Sway::new(random);
        Self::new(sway.around(held, [5.0, 5.0, 2.0], seconds, 0), sway.around(place, [8.0, 6.0, 10.0], seconds, 3))
    }

    /// From the thing's own coordinates to the room's.
    pub(super) fn apply(&self, point: Point) -> Point {
        add(self.rows.map(|row| dot(row, point)), self.shift)
    }

    /// Only turned.
    pub(super) fn turn(&self, direction: Point) -> Point {
        self.rows.map(|row| dot(row, direction))
    }
}

/// Six slow oscillations.
struct Sway([(f64, f64, f64); 6]);

impl Sway {
    fn new(random: &mut Random) -> Self {
        // 0.2 to 0.8 Hz: postural sway and idle head movement; a tenth of it at tremor's lower end of 4 Hz.
        Self(std::array::from_fn(|_| (random.within(0.2, 0.8), random.within(0.0, TAU), random.within(0.0, TAU))))
    }

    fn around(&self, middle: [f64; 3], extent: [f64; 3], seconds: f64, first: usize) -> [f64; 3] {
        let mut at = middle;
        for ((value, extent), (hertz, phase, tremor)) in at.iter_mut().zip(extent).zip(self.0.iter().skip(first)) {
            *value += extent * ((TAU * hertz * seconds + phase).sin() + 0.1 * (TAU * 4.0 * seconds + tremor).sin());
        }
        at
    }
}

/// A pinhole camera.
pub(super) struct Camera {
    pub(super) at: Point,
    axes: [Point; 3],
    focal_px: f64,
    center: [f64; 2],
}

impl Camera {
    /// A camera of the totem, aimed at the face as installers do: roughly.
    pub(super) fn of_totem(camera: u8, seed: u64) -> Self {
        let mut random = Random::new(seed ^ (u64::from(camera) + 1).wrapping_mul(0xa076_1d64_78bd_642f));
        let height = HEIGHTS_MM.get(usize::from(camera)).copied().unwrap_or_default();
        let at = [random.within(-10.0, 10.0), height + random.within(-10.0, 10.0), -DISTANCE_MM];
        let aim = [random.within(-AIM_MM, AIM_MM), 25.0 + random.within(-AIM_MM, AIM_MM), 0.0];
        let forward = unit(subtract(aim, at));
        let roll = random.within(-1.5f64, 1.5).to_radians();
        let right = unit(cross([roll.sin(), roll.cos(), 0.0], forward));
        let down = cross(forward, right);
        let [width, height] = super::FRAME_PX.map(f64::from);
        Self {
            at,
            axes: [right, down, forward],
            focal_px: width / 2.0 / (FIELD_DEG / 2.0).to_radians().tan(),
            center: [width / 2.0, height / 2.0],
        }
    }

    /// Pixel and depth of a point.
    pub(super) fn project(&self, point: Point) -> Point {
        let [x, y, z] = self.axes.map(|axis| dot(axis, subtract(point, self.at)));
        let scale = self.focal_px / z.max(1.0);
        [self.center[0] + x * scale, self.center[1] + y * scale, z]
    }

    /// The direction in which this pixel looks, of unit depth.
    pub(super) fn ray(&self, x: f64, y: f64) -> Point {
        let [right, down, forward] = self.axes;
        let (a, b) = ((x - self.center[0]) / self.focal_px, (y - self.center[1]) / self.focal_px);
        add(add(right.map(|value| value * a), down.map(|value| value * b)), forward)
    }
}
