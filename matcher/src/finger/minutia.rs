//! What remains of a finger: its minutiae.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::{FingerError, FingerImage};

/// Most minutiae of one template (ISO/IEC 19794-2:2005, 8.4.2, counts them in one byte).
pub const MINUTIAE_MOST: usize = 255;

/// What kind of a minutia it is (ISO/IEC 19794-2:2005, 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// A ridge ends.
    Ending,
    /// A ridge becomes two.
    Bifurcation,
    /// Either, or not known.
    #[default]
    Other,
}

/// A place where a ridge ends or forks. One alone tells nothing of a person, and so it may be copied; all together are a
/// [`MinutiaTemplate`].
#[derive(Clone, Copy, PartialEq, Default)]
pub struct Minutia {
    /// In pixels at 500 dpi, from the left edge.
    pub x: f32,
    /// In pixels at 500 dpi, from the upper edge.
    pub y: f32,
    /// 0 to 2 pi, counter-clockwise as seen, from the axis to the right: from an ending back along its ridge, from a fork
    /// along the valley between its branches (ISO/IEC 19794-2:2005, 6.5).
    pub direction: f32,
    /// Ending or fork.
    pub kind: Kind,
    /// How certain it is, 0 to 100.
    pub quality: u8,
}

impl Zeroize for Minutia {
    fn zeroize(&mut self) {
        *self = Self::default();
    }
}

/// All minutiae of one impression. Zeroed on drop; neither cloned nor printed.
pub struct MinutiaTemplate {
    width: u32,
    height: u32,
    minutiae: Zeroizing<Vec<Minutia>>,
}

impl fmt::Debug for MinutiaTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MinutiaTemplate({} minutiae)", self.minutiae.len())
    }
}

impl MinutiaTemplate {
    /// A template of these minutiae of a picture of this size at 500 dpi. Of more than [`MINUTIAE_MOST`] the best are
    /// kept; such as lie outside the picture, or whose values are none, are left out.
    pub fn new(width: u32, height: u32, mut minutiae: Zeroizing<Vec<Minutia>>) -> Self {
        let (right, lower) = (width as f32, height as f32);
        minutiae.retain(|minutia| {
            (0.0..right).contains(&minutia.x) && (0.0..lower).contains(&minutia.y) && minutia.direction.is_finite()
        });
        minutiae.iter_mut().for_each(|minutia| minutia.direction = minutia.direction.rem_euclid(std::f32::consts::TAU));
        minutiae.sort_by_key(|minutia| std::cmp::Reverse(minutia.quality));
        minutiae.truncate(MINUTIAE_MOST);
        Self { width, height, minutiae }
    }

    /// Width of the picture, in pixels at 500 dpi.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height of the picture, in pixels at 500 dpi.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Best first.
    pub fn minutiae(&self) -> &[Minutia] {
        &self.minutiae
    }
}

/// A way from pictures to minutiae.
pub trait Extractor: Send + Sync {
    /// Its name and version: scores of different extractors mean different things.
    fn name(&self) -> &str;

    /// Finds the minutiae of a finger.
    fn extract(&self, image: &FingerImage) -> Result<MinutiaTemplate, FingerError>;
}
