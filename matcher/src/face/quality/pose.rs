//! Where the head looks: yaw, pitch and roll of five landmarks under weak perspective.
//!
//! An affine camera that maps the mean landmarks in space to those found is a linear least squares problem; the nearest
//! rotation is that of its two rows made orthogonal about their bisector. Both eyes and the mouth lie in one plane, so that
//! the nose's depth alone tells turning from shape: whose nose is a quarter longer seems turned a quarter more. Landmarks
//! that err by a pixel of the aligned face move yaw by about four degrees and pitch by about five.

use super::{
    super::Detection,
    component::{Guidance, Measure},
};

/// Landmarks of a face that looks into the camera, in eye distances from between the eyes: right, down, and toward the
/// camera. Across: medians of YuNet's landmarks over photographs of half of the people of the evaluation set. Toward:
/// the tip of the nose lies about 28 mm before the pupils, which are 63 mm apart, the mouth's corners in their plane.
const HEAD: [[f64; 3]; 5] =
    [[-0.500, 0.0, 0.0], [0.500, 0.0, 0.0], [0.0, 0.573, 0.444], [-0.427, 1.021, 0.0], [0.427, 1.021, 0.0]];

// Beyond these the traveler is asked. ISO/IEC 39794-5 wants portraits within 5 degrees (8 of roll); a live face need not:
// scores of SFace fall little up to about 30.
const YAW_MAX: f32 = 32.0;
const PITCH_MAX: f32 = 22.0;
const ROLL_MAX: f32 = 20.0;

/// Degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pose {
    /// Toward the picture's right.
    pub yaw: f32,
    /// Up.
    pub pitch: f32,
    /// Clockwise in the picture.
    pub roll: f32,
}

impl Pose {
    pub(super) fn of(detection: &Detection) -> Self {
        let [across, down] = camera(&detection.landmarks);
        let [across, down] = orthogonal(across, down);
        let toward = across[0] * down[1] - across[1] * down[0];
        // Turned about the neck first, then nodding, then tilted: undone in reverse.
        let roll = (-across[1]).atan2(down[1]);
        let (sine, cosine) = roll.sin_cos();
        let side = cosine * across[2] + sine * down[2];
        let nod = cosine * down[2] - sine * across[2];
        Self {
            yaw: side.clamp(-1.0, 1.0).asin().to_degrees() as f32,
            pitch: (-nod).atan2(toward).to_degrees() as f32,
            roll: roll.to_degrees() as f32,
        }
    }

    pub(super) fn guidance(&self) -> Option<Guidance> {
        if self.yaw.abs() > YAW_MAX || self.pitch.abs() > PITCH_MAX {
            return Some(Guidance::FaceTheCamera);
        }
        (self.roll.abs() > ROLL_MAX).then_some(Guidance::KeepHeadUpright)
    }

    /// Yaw, pitch and roll. As OFIQ's HeadPose: the square of the cosine; pitch and roll, of which less is common and
    /// which cost more, count twice.
    pub(super) fn measures(&self) -> [Measure; 3] {
        [(self.yaw, 1.0), (self.pitch, 2.0), (self.roll, 2.0)].map(|(degrees, times)| {
            let angle = (times * degrees.abs()).min(90.0).to_radians();
            Measure::new(degrees, angle.cos().powi(2))
        })
    }
}

/// Rows of the affine camera that maps the head's points to those found, but for its shift.
fn camera(landmarks: &[[f32; 2]; 5]) -> [[f64; 3]; 2] {
    let center = |axis: usize| HEAD.iter().map(|point| point[axis]).sum::<f64>() / 5.0;
    let center = [center(0), center(1), center(2)];
    let head = HEAD.map(|point| [point[0] - center[0], point[1] - center[1], point[2] - center[2]]);
    let mut normal = [[0.0; 3]; 3];
    let mut right = [[0.0; 3]; 2];
    for (point, seen) in head.iter().zip(landmarks) {
        for (row, &own) in normal.iter_mut().zip(point) {
            row.iter_mut().zip(point).for_each(|(sum, other)| *sum += own * other);
        }
        for (row, &seen) in right.iter_mut().zip(seen) {
            row.iter_mut().zip(point).for_each(|(sum, own)| *sum += own * f64::from(seen));
        }
    }
    right.map(|row| solve(&normal, row))
}

/// Cramer's rule; the head's matrix is constant and regular.
fn solve(m: &[[f64; 3]; 3], b: [f64; 3]) -> [f64; 3] {
    let determinant = dot(m[0], cross(m[1], m[2]));
    // The matrix is symmetric: its rows are its columns.
    [
        dot(b, cross(m[1], m[2])) / determinant,
        dot(m[0], cross(b, m[2])) / determinant,
        dot(m[0], cross(m[1], b)) / determinant,
    ]
}

/// The nearest two unit vectors at right angles.
fn orthogonal(a: [f64; 3], b: [f64; 3]) -> [[f64; 3]; 2] {
    let (a, b) = (unit(a), unit(b));
    let sum = unit([a[0] + b[0], a[1] + b[1], a[2] + b[2]]);
    let difference = unit([a[0] - b[0], a[1] - b[1], a[2] - b[2]]);
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let combined = |sign: f64| [0, 1, 2].map(|axis| half * (sum[axis] + sign * difference[axis]));
    [combined(1.0), combined(-1.0)]
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = dot(v, v).sqrt().max(f64::MIN_POSITIVE);
    v.map(|value| value / length)
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head turned by these degrees, seen from afar.
    fn seen(yaw: f64, pitch: f64, roll: f64) -> Detection {
        let (yaw, pitch, roll) = (yaw.to_radians(), pitch.to_radians(), roll.to_radians());
        let landmarks = HEAD.map(|[x, y, z]| {
            let (x, z) = (x * yaw.cos() + z * yaw.sin(), z * yaw.cos() - x * yaw.sin());
            let y = y * pitch.cos() - z * pitch.sin();
            let (x, y) = (x * roll.cos() - y * roll.sin(), x * roll.sin() + y * roll.cos());
            [(200.0 + 60.0 * x) as f32, (150.0 + 60.0 * y) as f32]
        });
        Detection { left: 0.0, top: 0.0, width: 100.0, height: 120.0, landmarks, confidence: 0.9 }
    }

    #[test]
    fn angles_are_found_again() {
        for yaw in [-50.0, -20.0, 0.0, 10.0, 35.0] {
            for pitch in [-30.0, 0.0, 15.0] {
                for roll in [-40.0, 0.0, 8.0] {
                    let pose = Pose::of(&seen(yaw, pitch, roll));
                    for (found, turned) in [(pose.yaw, yaw), (pose.pitch, pitch), (pose.roll, roll)] {
                        assert!((f64::from(found) - turned).abs() < 0.1, "{yaw} {pitch} {roll}: {pose:?}");
                    }
                }
            }
        }
        let tilted = Pose::of(&seen(0.0, 0.0, 25.0));
        assert!((tilted.roll - 25.0).abs() < 0.1, "{tilted:?}");
        assert_eq!(tilted.guidance(), Some(Guidance::KeepHeadUpright));
        assert_eq!(Pose::of(&seen(40.0, 0.0, 0.0)).guidance(), Some(Guidance::FaceTheCamera));
        assert_eq!(Pose::of(&seen(0.0, 30.0, 0.0)).guidance(), Some(Guidance::FaceTheCamera));
        assert_eq!(Pose::of(&seen(12.0, -10.0, 5.0)).guidance(), None);
    }

    #[test]
    fn points_that_are_no_face_give_finite_angles() {
        let mut flat = seen(0.0, 0.0, 0.0);
        flat.landmarks = [[7.0; 2]; 5];
        let pose = Pose::of(&flat);
        assert!(pose.yaw.is_finite() && pose.pitch.is_finite() && pose.roll.is_finite(), "{pose:?}");
    }
}
