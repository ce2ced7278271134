//! What can be told of a face's picture before it is compared, after the model of ISO/IEC 29794-5: components of 0 to
//! 100, one unified score, and the one thing that the traveler should do about it.
//!
//! There are five landmarks and no further net: what covers a face is found by brightness and relief about the landmarks,
//! never by color, so that gray cameras do. How often each is told was measured with `tests/quality` on photographs of people
//! that no threshold was chosen on (Labeled Faces in the Wild, gray), with what goes wrong drawn onto 206 of them:
//!
//! | drawn | told | told of frontal faces as they are (602) |
//! |---|---|---|
//! | dark glasses | 80 %, and 10 % to face the camera | 0.7 %, all of whom wear some |
//! | mask | 91 % | none |
//! | cap | 80 % | 2.2 %, all of whom wear one; none for a fringe |
//! | mouth wide open | 67 % | 0.7 %, all open but one in doubt |
//! | blur of a fourteenth to a ninth of the eyes' distance | 99 % | none |
//! | tilt of 25 to 45 degrees | 62 %; the detector's landmarks lag behind | none |
//! | shut eyes | never: half of them score low, and narrow eyes do, too | - |
//! | shadow on one side | never: light is not the traveler's; 99 % score low | - |
//!
//! Real masks have folds and prints that drawn ones lack: expect less. Mirrored glasses, clear frames, scarves about the hair
//! and hats as bright as the face are not found.

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
use super::{Detection, Magnitude};
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
/// Least value of light's uniformity for detail and the mouth to be judged.
const EVEN: f32 = 0.5;

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
        let uniformity = light::uniformity(&view);
        // A shadow on one side adds contrast, beside which detail and lips look faint.
        let even = uniformity.value() >= EVEN;
        let mask = mask.filter(|_| even);
        let still = (even && spread.sharpness < light::HOLD_STILL).then_some(Guidance::HoldStill);
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
            Component::IlluminationUniformity => uniformity,
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
        // Without light or detail everything seems covered.
        if let Some(flaw) = quality.flaw() {
            let still = (flaw == Flaw::Blurred).then_some(Guidance::HoldStill);
            quality.guidance = [closer, back, still].into_iter().flatten().min();
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

    /// With what the embedder thinks of the face: `length` is that of the embedding before it is normalized. Never higher
    /// than before, so that a face that is not worth a template by its picture need not be embedded to know.
    pub(super) fn with_magnitude(self, length: f32, magnitude: Magnitude) -> Self {
        let value = 1.0 / (1.0 + ((magnitude.half - length) / magnitude.spread).exp());
        Self { unified: Measure::new(length, f32::from(self.unified) / 100.0 * value).score, ..self }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::{any, prop, prop_assert, prop_oneof, proptest};
    use zeroize::Zeroizing;

    use super::*;

    fn image(side: u32, value: impl Fn(u32, u32) -> u8) -> Image {
        let pixels = (0..side * side).flat_map(|at| [value(at / side, at % side); 3]).collect();
        Image::from_bgr(side, side, Zeroizing::new(pixels)).unwrap()
    }

    fn detection(landmarks: [[f32; 2]; 5]) -> Detection {
        Detection { left: 10.0, top: 10.0, width: 80.0, height: 100.0, landmarks, confidence: 0.9 }
    }

    #[test]
    fn a_short_embedding_lowers_quality_and_none_raises_it() {
        let aligned = image(112, |row, column| (row * 7 + column * 13) as u8);
        let face = detection([[100.0, 100.0], [160.0, 100.0], [130.0, 134.0], [104.0, 161.0], [156.0, 161.0]]);
        let plain = Quality { unified: 80, ..Quality::of(&image(250, |_, _| 90), &aligned, &face) };
        let magnitude = Magnitude { half: 10.0, spread: 1.0 };
        let with = |length: f32| plain.with_magnitude(length, magnitude).unified();
        assert_eq!((with(10.0), with(100.0), with(0.0), with(f32::NAN)), (40, 80, 0, 0));
        assert!(with(9.0) < with(10.0) && with(10.0) < with(11.0));
    }

    proptest! {
        #[test]
        fn whatever_is_detected_has_some_quality(
            landmarks in prop::array::uniform5(prop::array::uniform2(prop_oneof![any::<f32>(), -50f32..300.0])),
            shades in any::<[u8; 4]>(),
        ) {
            let of = |row: u32, column: u32| shades[(row / 9 % 2 + column / 5 % 2 * 2) as usize];
            let quality = Quality::of(&image(60, of), &image(112, of), &detection(landmarks));
            prop_assert!(quality.unified() <= 100);
            prop_assert!(Component::ALL.iter().all(|&component| quality.component(component).score <= 100));
        }
    }
}
