//! What quality is made of (ISO/IEC 29794-5), and what the traveler can do about it.

/// One measure of a face's picture, by the name that ISO/IEC 29794-5's reference implementation (BSI's OFIQ) gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Distance between the eyes, turned heads made up for.
    InterEyeDistance,
    /// How much of the face's surroundings the picture holds.
    CropOfTheFaceImage,
    /// The head's turn to the side.
    HeadPoseYaw,
    /// Its nod.
    HeadPosePitch,
    /// Its tilt toward a shoulder.
    HeadPoseRoll,
    /// Fine detail.
    Sharpness,
    /// No part of the face lost in black.
    UnderExposurePrevention,
    /// No part of it lost in white.
    OverExposurePrevention,
    /// How many shades of gray it has.
    DynamicRange,
    /// As much light from the left as from the right.
    IlluminationUniformity,
    /// Both eyes open.
    EyesOpen,
    /// The mouth closed.
    MouthClosed,
    /// Nothing over the eyes: no dark glasses.
    EyesVisible,
    /// Nothing over the mouth: no mask.
    MouthOcclusionPrevention,
    /// Nothing over the forehead.
    NoHeadCoverings,
    /// Nothing behind the head. Matters in portraits only.
    BackgroundUniformity,
}

impl Component {
    /// Every component.
    pub const ALL: [Self; 16] = [
        Self::InterEyeDistance,
        Self::CropOfTheFaceImage,
        Self::HeadPoseYaw,
        Self::HeadPosePitch,
        Self::HeadPoseRoll,
        Self::Sharpness,
        Self::UnderExposurePrevention,
        Self::OverExposurePrevention,
        Self::DynamicRange,
        Self::IlluminationUniformity,
        Self::EyesOpen,
        Self::MouthClosed,
        Self::EyesVisible,
        Self::MouthOcclusionPrevention,
        Self::NoHeadCoverings,
        Self::BackgroundUniformity,
    ];
}

/// A component as measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// As measured, in the component's own unit; NaN where the picture does not hold what is measured.
    pub raw: f32,
    /// 0 (worst) to 100 (best).
    pub score: u8,
}

impl Measure {
    /// Of a value from 0 to 1; what is outside of that counts as the nearer end, what is no number as 0.
    pub(super) fn new(raw: f32, value: f32) -> Self {
        // What is no number is cast to 0.
        Self { raw, score: (100.0 * value.clamp(0.0, 1.0)).round() as u8 }
    }

    /// As a factor.
    pub(super) fn value(self) -> f32 {
        f32::from(self.score) / 100.0
    }
}

/// The one thing that the traveler should do, the first that matters first: what is measured on a face that is far away or
/// turned aside means little. Light is no matter of theirs: [`super::Flaw`] tells the officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Guidance {
    /// Too far from the camera.
    StepCloser,
    /// Too near.
    StepBack,
    /// Turned aside or nodding.
    FaceTheCamera,
    /// Tilted toward a shoulder.
    KeepHeadUpright,
    /// A mask, a scarf, a hand.
    UncoverFace,
    /// Dark glasses.
    TakeOffGlasses,
    /// A cap, a hat.
    TakeOffHat,
    /// Blurred.
    HoldStill,
    /// Eyes shut. Not yet given: five landmarks do not tell shut eyes well enough.
    OpenEyes,
    /// Mouth open.
    CloseMouth,
}
