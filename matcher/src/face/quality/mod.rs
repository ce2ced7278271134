//! What can be told of a face's picture before it is compared, after the model of ISO/IEC 29794-5: components of 0 to
//! 100, one unified score, and the one thing that the traveler should do about it.

mod background;
mod component;
mod distance;
mod eyes;
mod forehead;
mod light;
mod mouth;
mod pose;
mod view;

use self::{pose::Pose, view::View};

pub use self::component::{Component, Guidance, Measure};
use super::Detection;
use crate::Image;

// Least and most of each measure, wide enough that none of 2,125 faces is refused (`matcher-eval faces`, the data of
// [`super::threshold`]): their sharpness begins at 0.126, brightness lies in 49..=205, contrast begins at 17.8. A blur
// by a fifteenth of the eyes' distance or an eighth of the light is too much for the demonstration faces. Brightness
// may be low: skin is dark, too.
const SHARPNESS_MIN: f32 = 0.10;
const BRIGHTNESS_MIN: f32 = 30.0;
const BRIGHTNESS_MAX: f32 = 215.0;
const CONTRAST_MIN: f32 = 8.0;

/// What is wrong with a face's picture, so that it cannot be compared at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// No fine detail.
    #[error("blurred: stand still, or check the camera's focus")]
    Blurred,
    /// Too little light.
    #[error("too dark: check the light")]
    Dark,
    /// Too much light.
    #[error("too bright: check the light")]
    Bright,
    /// Hardly any contrast.
    #[error("without contrast: check the light and the camera's lens")]
    Flat,
}

/// How good a face's picture is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Standard deviation of the Laplacian beside that of brightness: fine detail whatever the contrast.
    pub sharpness: f32,
    /// Mean brightness of the aligned face's middle (0..=255).
    pub brightness: f32,
    /// Standard deviation of brightness there.
    pub contrast: f32,
    unified: u8,
    guidance: Option<Guidance>,
    measures: [Measure; Component::ALL.len()],
}

/// Components that foretell how a comparison goes. Not among them: what is a matter of portraits (background, crop), what
/// is measured too poorly (eyes open), and what hardly moves scores (a smile, dynamic range).
const UNIFIED: [Component; 10] = [
    Component::InterEyeDistance,
    Component::HeadPoseYaw,
    Component::HeadPosePitch,
    Component::HeadPoseRoll,
    Component::Sharpness,
    Component::UnderExposurePrevention,
    Component::OverExposurePrevention,
    Component::IlluminationUniformity,
    Component::EyesVisible,
    Component::NoHeadCoverings,
];
/// The mouth's cover counts, too, but a beard may look like one.
const COVERED_MOUTH_LEAST: f32 = 0.3;
/// How much of the face the picture must have for coverings to be looked for: the black beyond its edge is none.
const WHOLE: f32 = 0.99;

impl Quality {
    /// Measures the face that `detection` found in `image` and that `aligned` shows, aligned for the embedder.
    pub(super) fn of(image: &Image, aligned: &Image, detection: &Detection) -> Self {
        let view = View::new(aligned, detection);
        let pose = Pose::of(detection);
        let spread = light::Spread::of(&view);
        let [yaw, pitch, roll] = pose.measures();
        let [under, over, range] = light::exposure(&view);
        let (eyes, closer) = distance::eyes(detection, &pose);
        let (crop, back) = distance::crop(image, detection, &pose);
        let unseen = Measure { raw: f32::NAN, score: 100 };
        let whole = |measured: (Measure, Option<Guidance>)| if crop.raw < WHOLE { (unseen, None) } else { measured };
        let (eyes_visible, glasses) = whole(eyes::visible(&view));
        let (mouth_visible, mask) = whole(mouth::visible(&view));
        let (uncovered, hat) = whole(forehead::uncovered(&view));
        let (mouth_closed, mouth) = whole(mouth::closed(&view));
        let still = (spread.sharpness < light::HOLD_STILL).then_some(Guidance::HoldStill);
        let measures = Component::ALL.map(|component| match component {
            Component::InterEyeDistance => eyes,
            Component::CropOfTheFaceImage => crop,
            Component::HeadPoseYaw => yaw,
            Component::HeadPosePitch => pitch,
            Component::HeadPoseRoll => roll,
            Component::Sharpness => spread.measure(),
            Component::UnderExposurePrevention => under,
            Component::OverExposurePrevention => over,
            Component::DynamicRange => range,
            Component::IlluminationUniformity => light::uniformity(&view),
            Component::EyesOpen => eyes::open(&view),
            Component::MouthClosed => mouth_closed,
            Component::EyesVisible => eyes_visible,
            Component::MouthOcclusionPrevention => mouth_visible,
            Component::NoHeadCoverings => uncovered,
            Component::BackgroundUniformity => background::uniformity(image, detection),
        });
        let guidance = [closer, back, pose.guidance(), glasses, mask, hat, still, mouth].into_iter().flatten().min();
        let light::Spread { brightness, contrast, sharpness } = spread;
        let mut quality = Self { sharpness, brightness, contrast, unified: 0, guidance, measures };
        quality.unified = quality.combined();
        if matches!(quality.flaw(), Some(Flaw::Dark | Flaw::Bright | Flaw::Flat)) {
            // Without light everything seems covered.
            quality.guidance = [closer, back].into_iter().flatten().min();
        }
        quality
    }

    /// The product: each component lowers it, none makes up for another.
    fn combined(&self) -> u8 {
        let mouth = self.component(Component::MouthOcclusionPrevention).value().max(COVERED_MOUTH_LEAST);
        let product = UNIFIED.iter().map(|&component| self.component(component).value()).product::<f32>();
        Measure::new(product, mouth * product).score
    }

    /// How well a comparison may be expected to go: 0 (not at all) to 100.
    pub fn unified(&self) -> u8 {
        self.unified
    }

    /// One component.
    pub fn component(&self, component: Component) -> Measure {
        self.measures[component as usize]
    }

    /// The one thing that the traveler should do, if anything: of several, the one that matters most. It may change
    /// from frame to frame; whoever shows it waits until it has stayed a while.
    pub fn guidance(&self) -> Option<Guidance> {
        self.guidance
    }

    /// What forbids a comparison, if anything does.
    pub fn flaw(&self) -> Option<Flaw> {
        [
            (self.brightness < BRIGHTNESS_MIN, Flaw::Dark),
            (self.brightness > BRIGHTNESS_MAX, Flaw::Bright),
            (self.contrast < CONTRAST_MIN, Flaw::Flat),
            (self.sharpness < SHARPNESS_MIN, Flaw::Blurred),
        ]
        .into_iter()
        .find_map(|(wrong, flaw)| wrong.then_some(flaw))
    }
}
