//! Presentation attack instruments: what each is made of and how it is held.

use std::f64::consts::TAU;

use super::{
    Scene, Species,
    geometry::{Camera, Point, Pose, Random, add, dot, subtract, unit},
    head::{Head, Texturing},
    raster::{Canvas, Corner},
};

/// A sheet: half sides and white border in millimeters, how large the face on it is beside life, and its bend: the
/// radius of the upright cylinder that it lies on, if any.
struct Sheet {
    half: [f64; 2],
    border: f64,
    scale: f64,
    radius: Option<f64>,
    /// The sheet's middle under the point between the eyes.
    below: f64,
}

impl Sheet {
    /// A point of the sheet in its own space; the arc keeps its length.
    fn place(&self, x: f64, y: f64) -> Point {
        match self.radius {
            Some(radius) => [radius * (x / radius).sin(), y, radius * (1.0 - (x / radius).cos())],
            None => [x, y, 0.0],
        }
    }

    /// Where the sheet's point, so far across it and along it (0..=1), comes to lie once it is held.
    fn corner(&self, across: f64, along: f64, held: impl Fn(Point) -> Point) -> Corner {
        let x = self.half[0] * (2.0 * across - 1.0);
        let y = self.half[1] * (2.0 * along - 1.0) + self.below;
        Corner { at: held(self.place(x, y)), surface: [x, y] }
    }

    fn draw(&self, canvas: &mut Canvas, camera: &Camera, pose: &Pose, shade: impl FnMut([f64; 2]) -> Option<[f32; 3]>) {
        canvas.patch(camera, [32, 8], |across, along| self.corner(across, along, |point| pose.apply(point)), shade);
    }

    /// Whether a point lies in the border.
    fn bordered(&self, [x, y]: [f64; 2]) -> bool {
        x.abs() > self.half[0] - self.border || (y - self.below).abs() > self.half[1] - self.border
    }
}

/// Ink on paper: black is gray, white is the paper's.
struct Ink {
    black: f32,
    white: f32,
}

impl Ink {
    fn new(random: &mut Random) -> Self {
        Self { black: random.within(12.0, 35.0) as f32, white: random.within(205.0, 240.0) as f32 }
    }

    fn print(&self, light: [f32; 3]) -> [f32; 3] {
        light.map(|value| self.black + (self.white - self.black) * value / 255.0)
    }
}

/// Draws the scene's instrument as it is held at this time.
pub(super) fn draw(
    scene: &Scene,
    random: &mut Random,
    canvas: &mut Canvas,
    camera: &Camera,
    head: &Head,
    texturing: &Texturing<'_>,
    seconds: f64,
) {
    match scene.species {
        Species::Genuine => {}
        Species::FlatPrint | Species::BentPrint => {
            let radius = random.within(90.0, 180.0);
            let sheet = Sheet {
                half: [105.0, 148.5],
                border: random.within(3.0, 15.0),
                scale: random.within(0.85, 1.15),
                radius: (scene.species == Species::BentPrint).then_some(radius),
                below: random.within(10.0, 40.0),
            };
            print(&sheet, random, [0.0; 3], canvas, camera, texturing, seconds);
        }
        Species::SmallPrint => {
            let sheet =
                Sheet { half: [50.0, 75.0], border: 4.0, scale: random.within(0.5, 0.65), radius: None, below: 8.0 };
            let near = random.within(-320.0, -220.0);
            print(&sheet, random, [0.0, 0.0, near], canvas, camera, texturing, seconds);
        }
        Species::ScreenReplay => screen(random, canvas, camera, texturing, seconds),
        Species::CutMask => mask(random, canvas, camera, head, texturing, seconds),
    }
}

fn print(
    sheet: &Sheet,
    random: &mut Random,
    place: Point,
    canvas: &mut Canvas,
    camera: &Camera,
    texturing: &Texturing<'_>,
    seconds: f64,
) {
    let ink = Ink::new(random);
    let pose = Pose::by_hand(random, place, seconds);
    sheet.draw(canvas, camera, &pose, |at| match sheet.bordered(at) {
        true => Some([ink.white; 3]),
        false => Some(ink.print(texturing.flat(at[0] / sheet.scale, at[1] / sheet.scale))),
    });
}

/// A tablet of 10 inches, upright.
fn screen(random: &mut Random, canvas: &mut Canvas, camera: &Camera, texturing: &Texturing<'_>, seconds: f64) {
    let sheet = Sheet {
        half: [84.0, 108.0],
        border: random.within(6.0, 14.0),
        scale: random.within(0.8, 1.05),
        radius: None,
        below: random.within(10.0, 25.0),
    };
    // 95 to 250 pixels an inch. What lens and sensor's aperture leave of the grid's contrast: a few hundredths.
    let pitch = random.within(0.10, 0.27);
    let contrast = random.within(0.01, 0.06) as f32;
    let lamp = [random.within(-600.0, 600.0), random.within(-1500.0, -300.0), random.within(-1500.0, -800.0)];
    let (brightness, black) = (random.within(0.8, 1.15) as f32, random.within(5.0, 25.0) as f32);
    let pose = Pose::by_hand(random, [0.0; 3], seconds);
    let normal = pose.turn([0.0, 0.0, -1.0]);
    sheet.draw(canvas, camera, &pose, |at| {
        let place = pose.apply([at[0], at[1], 0.0]);
        let back = unit(subtract(camera.at, place));
        let mirrored = subtract(normal.map(|value| 2.0 * dot(normal, back) * value), back);
        let off = 1.0 - dot(mirrored, unit(subtract(lamp, place))).clamp(-1.0, 1.0);
        // A diffuse reflection of a lamp on glass: about seven degrees wide.
        let glare = 110.0 * (-off / 0.008).exp() as f32;
        if sheet.bordered(at) {
            return Some([12.0 + glare; 3]);
        }
        let light = texturing.flat(at[0] / sheet.scale, at[1] / sheet.scale);
        let row = (TAU * at[1] / pitch).cos() as f32;
        Some(std::array::from_fn(|channel| {
            // Blue, green and red stripes lie beside each other.
            let stripe = (TAU * (at[0] / pitch + channel as f64 / 3.0)).cos() as f32;
            black + glare + brightness * light[channel] * (1.0 + contrast * (stripe + 0.5 * row))
        }))
    });
}

/// The print's face, worn: the eyes are the wearer's, and what is beyond its outline, too.
fn mask(
    random: &mut Random,
    canvas: &mut Canvas,
    camera: &Camera,
    head: &Head,
    texturing: &Texturing<'_>,
    seconds: f64,
) {
    let sheet =
        Sheet { half: [70.0, 90.0], border: 0.0, scale: 1.0, radius: Some(random.within(75.0, 110.0)), below: 30.0 };
    let hole = random.within(10.0, 15.0);
    let ink = Ink::new(random);
    let pose = Pose::of_person(random, seconds);
    head.draw(canvas, camera, &pose, texturing, &|_| true);
    // Over the tip of the nose.
    let worn = Worn { pose, forward: head.nose_mm() + 1.0 };
    let eyes = texturing.eyes();
    canvas.patch(
        camera,
        [48, 48],
        |across, along| sheet.corner(across, along, |point| worn.apply(point)),
        |[x, y]| {
            let outside = (x / sheet.half[0]).powi(2) + ((y - sheet.below) / sheet.half[1]).powi(2) > 1.0;
            let through = eyes.iter().any(|eye| (x - eye[0]).hypot((y - eye[1]) * 1.4) < hole);
            (!outside && !through).then(|| ink.print(texturing.flat(x, y)))
        },
    );
}

struct Worn {
    pose: Pose,
    forward: f64,
}

impl Worn {
    fn apply(&self, point: Point) -> Point {
        self.pose.apply(add(point, [0.0, 0.0, -self.forward]))
    }
}
