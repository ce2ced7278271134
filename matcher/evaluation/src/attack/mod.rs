//! Presentation attacks and bona fide presentations, rendered from one photograph: what up to three cameras of a
//! totem would see of a head, a print, a screen or a mask (species of presentation attack instruments, ISO/IEC 30107-3, 3).
//!
//! Everything follows from the seed: the same scene, camera and time give the same picture. Head and attack are
//! textured by the same photograph through the same rasterizer, lens and sensor, so that nothing but geometry and
//! the attack's own material tells them apart.
//!
//! What it is not: a photograph of an attack. Heads are one smooth family of surfaces without hair or expression,
//! paper is matte, screens have one kind of pixel, and light has no shadows.

mod geometry;
mod head;
mod instrument;
mod raster;
mod sensor;

use sallyport_matcher::{Image, ImageError};

use self::{
    geometry::{Camera, Pose, Random},
    head::{Head, Texturing},
    raster::Canvas,
};

/// Sides of every camera's picture, in pixels.
pub const FRAME_PX: [u32; 2] = [640, 480];
/// Cameras of the totem: at the height of the eyes, below and above.
pub const CAMERAS: u8 = 3;

/// What is presented to the cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Species {
    /// Nobody attacks: a head.
    Genuine,
    /// A print of a portrait in life size on a sheet of A4, held by hand.
    FlatPrint,
    /// A photograph of 10 x 15 cm, held close to the cameras.
    SmallPrint,
    /// The A4 print, bent around an upright cylinder.
    BentPrint,
    /// A tablet that shows the portrait: pixels, reflections, a dark frame.
    ScreenReplay,
    /// A print cut to the face's outline, with holes for the eyes, bent around the face of whoever wears it.
    CutMask,
}

impl Species {
    /// Every kind, bona fide first.
    pub const ALL: &'static [Self] =
        &[Self::Genuine, Self::FlatPrint, Self::SmallPrint, Self::BentPrint, Self::ScreenReplay, Self::CutMask];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::FlatPrint => "flat-print",
            Self::SmallPrint => "small-print",
            Self::BentPrint => "bent-print",
            Self::ScreenReplay => "screen-replay",
            Self::CutMask => "cut-mask",
        }
    }
}

/// One presentation. Its seed decides shapes, sizes, light, the hand's tremor and the sensor's noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// What is presented.
    pub species: Species,
    /// What everything else follows from.
    pub seed: u64,
}

impl Scene {
    /// What this camera (0: at the height of the eyes, 1: below, 2: above) sees at this time. `landmarks` are those of
    /// the face in the photograph, as a detection gives them.
    pub fn render(
        &self,
        photo: &Image,
        landmarks: &[[f32; 2]; 5],
        camera: u8,
        time_ms: u64,
    ) -> Result<Image, ImageError> {
        let mut random = Random::new(self.seed);
        let head = Head::new(&mut random);
        let texturing = Texturing::new(&head, landmarks, photo);
        let view = Camera::of_totem(camera, self.seed);
        let mut canvas = Canvas::new(FRAME_PX[0] as usize, FRAME_PX[1] as usize);
        sensor::room(&mut canvas, &view, self.seed);
        let seconds = time_ms as f64 / 1e3;
        match self.species {
            Species::Genuine => {
                let pose = Pose::of_person(&mut random, seconds);
                head.draw(&mut canvas, &view, &pose, &texturing, &|_| true);
            }
            _ => instrument::draw(self, &mut random, &mut canvas, &view, &head, &texturing, seconds),
        }
        sensor::expose(canvas, self.seed, camera, time_ms)
    }
}
