//! Our own extractor: fast, and every stage of it can be looked at. A picture goes through
//!
//! 1. [`segment`]: where is finger, and is the picture inverted,
//! 2. [`normalize`]: the same mean and contrast everywhere,
//! 3. [`orientation`] and [`frequency`]: which way the ridges run and how far apart,
//! 4. [`enhance`]: filters that let only such ridges pass; the flow of what passed is cleaner, and so 3 and 4 are done twice,
//! 5. [`skeleton`]: black and white, then lines,
//! 6. [`minutiae`] and [`singular`]: what remains.
//!
//! A *mirrored* picture is as good a finger as any and cannot be told from one: its minutiae are the mirrored ones and match
//! nobody. An *inverted* one (light ridges) is turned where its background shows it; where the finger fills the picture it
//! is not seen, and then only the kinds change: where a ridge ends a valley forks, at the same place and in the same
//! direction.

mod enhance;
mod frequency;
mod inspect;
mod minutiae;
mod normalize;
mod orientation;
mod plane;
mod segment;
mod singular;
mod skeleton;

use std::fmt;

use zeroize::Zeroizing;

pub use self::{
    inspect::inspect,
    singular::{Singular, SingularKind},
};
use self::{orientation::Orientation, plane::CELL, plane::Plane, skeleton::Skeleton};
use super::{
    Extractor, FingerError, FingerImage, MinutiaTemplate,
    quality::{FingerQuality, Measured},
};

/// Name and version: what changes a score's meaning raises it, and asks for a new calibration.
pub(super) const NAME: &str = "sallyport-ridges-1";
/// Fewest minutiae of a template: with fewer every finger is like every other.
pub const MINUTIAE_LEAST: usize = 4;
/// Least of a finger that is looked at, in pixels: 3 mm x 3 mm.
const AREA_LEAST_PX: usize = 60 * 60;
/// Least share of the picture's energy, where the filters let it pass, of what is believed to be ridges. White noise
/// keeps about a tenth.
const CERTAIN_LEAST: f32 = 0.22;
/// Standard deviation of the blur that takes the sensor's own noise away before energies are compared, in pixels.
const NOISE_SIGMA_PX: f32 = 1.0;
/// How far energies are taken together, in cells: one ridge to each side.
const SPREAD_CELLS: f32 = 2.0;

/// Finds minutiae by enhancing and thinning ridges. Its work grows with the picture's pixels and with nothing else: the
/// largest picture there is takes eleven times as long as one of 388 x 374.
#[derive(Debug, Clone, Copy, Default)]
pub struct RidgeExtractor;

impl RidgeExtractor {
    /// All that is seen on a picture. There is an analysis of a poor finger too, for its quality; [`Analysis::template`]
    /// tells whether it will do.
    pub fn analyze(&self, image: &FingerImage) -> Result<Analysis, FingerError> {
        let stages = Stages::of(image)?;
        let field = minutiae::Field {
            skeleton: &stages.skeleton,
            orientation: &stages.orientation,
            mask: &stages.mask,
            certainty: &stages.certainty,
        };
        let template = MinutiaTemplate::new(image.width(), image.height(), minutiae::minutiae(&field));
        let singular = singular::singular_points(&stages.orientation, &stages.mask);
        let quality = FingerQuality::of(&stages.measured(template.minutiae().len()));
        Ok(Analysis { stages, template, singular, quality })
    }
}

impl Extractor for RidgeExtractor {
    fn name(&self) -> &str {
        NAME
    }

    fn extract(&self, image: &FingerImage) -> Result<MinutiaTemplate, FingerError> {
        self.analyze(image)?.into_template()
    }
}

/// What is seen on one picture, with all stages on the way there. Zeroed on drop; neither cloned nor printed.
pub struct Analysis {
    stages: Stages,
    template: MinutiaTemplate,
    singular: Zeroizing<Vec<Singular>>,
    quality: FingerQuality,
}

impl fmt::Debug for Analysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Analysis({:?}, {:?})", self.template, self.quality)
    }
}

impl Analysis {
    /// The minutiae, however few.
    pub fn template(&self) -> &MinutiaTemplate {
        &self.template
    }

    /// The minutiae, if there are enough.
    pub fn into_template(self) -> Result<MinutiaTemplate, FingerError> {
        match self.template.minutiae().len() {
            found if found < MINUTIAE_LEAST => Err(FingerError::TooFew { found, least: MINUTIAE_LEAST }),
            _ => Ok(self.template),
        }
    }

    /// Cores and deltas, best first.
    pub fn singular_points(&self) -> &[Singular] {
        &self.singular
    }

    /// How good the picture is.
    pub fn quality(&self) -> FingerQuality {
        self.quality
    }

    /// Whether the picture had light ridges on a dark ground and was inverted.
    pub fn was_inverted(&self) -> bool {
        self.stages.inverted
    }

    /// Which way the ridges run in each cell of [`Analysis::CELL_PX`] pixels that is finger: middle of the cell in pixels,
    /// angle counter-clockwise as seen, and how far the flow agrees there (0 to 1).
    pub fn flow(&self) -> impl Iterator<Item = ([f32; 2], f32, f32)> + '_ {
        let stages = &self.stages;
        let cells =
            (0..stages.mask.height()).flat_map(|y| (0..stages.mask.width()).map(move |x| (x as isize, y as isize)));
        cells.filter(|&(x, y)| stages.mask.at(x, y) != 0.0).map(|(x, y)| {
            let middle = [x, y].map(|cell| (cell as f32 + 0.5) * CELL as f32);
            (middle, -stages.orientation.angle(x, y), stages.coherence.at(x, y))
        })
    }

    /// Side of a cell, in pixels.
    pub const CELL_PX: usize = CELL;

    /// A picture of one stage, of the size of the finger's picture.
    pub fn picture(&self, stage: Stage) -> FingerImage {
        let stages = &self.stages;
        let (width, height) = (stages.gray.width(), stages.gray.height());
        let gray = match stage {
            Stage::Gray => stages.gray.map(|&gray| gray as u8),
            Stage::Normalized => stages.normalized.map(|value| shade(*value, -2.0, 2.0)),
            Stage::Mask => cells(&stages.mask, width, height, 0.0, 1.0),
            Stage::Coherence => cells(&stages.coherence, width, height, 0.0, 1.0),
            Stage::Period => cells(&stages.periods, width, height, 5.0, 15.0),
            Stage::Certainty => cells(&stages.certainty, width, height, 0.0, 1.0),
            Stage::Enhanced => stages.enhanced.map(|value| shade(*value, -1.5, 1.5)),
            Stage::Binary => stages.binary.map(|ridge| 255 * (1 - ridge.min(&1))),
            Stage::Skeleton => stages.skeleton.lines().map(|line| 255 * (1 - line.min(&1))),
        };
        FingerImage::new(width as u32, height as u32, gray.into_values())
            .unwrap_or_else(|_| unreachable!("as large as before"))
    }
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The picture, upright in gray.
    Gray,
    /// Where finger is (light).
    Mask,
    /// Mean and contrast made even.
    Normalized,
    /// How far the gradients agree (light: entirely).
    Coherence,
    /// How far the ridges are apart (dark: 5 pixels, light: 15).
    Period,
    /// What share of the picture is ridges (light: all).
    Certainty,
    /// The filters' output.
    Enhanced,
    /// Ridges black.
    Binary,
    /// Ridges as lines.
    Skeleton,
}

impl Stage {
    /// In the order in which they are made.
    pub const ALL: [Self; 9] = [
        Self::Gray,
        Self::Mask,
        Self::Normalized,
        Self::Coherence,
        Self::Period,
        Self::Certainty,
        Self::Enhanced,
        Self::Binary,
        Self::Skeleton,
    ];
}

/// All that is made on the way.
struct Stages {
    gray: Plane<f32>,
    inverted: bool,
    normalized: Plane<f32>,
    /// Of the picture as it came: that of the enhanced one is always high.
    coherence: Plane<f32>,
    /// Of the enhanced picture.
    orientation: Orientation,
    periods: Plane<f32>,
    enhanced: Plane<f32>,
    certainty: Plane<f32>,
    mask: Plane<f32>,
    deviation: Plane<f32>,
    binary: Plane<u8>,
    skeleton: Skeleton,
}

impl Stages {
    fn of(image: &FingerImage) -> Result<Self, FingerError> {
        let mut values = image.gray().iter();
        let mut gray = Plane::of(image.width() as usize, image.height() as usize, |_, _| {
            f32::from(values.next().copied().unwrap_or_default())
        });
        let segments = segment::segments(&gray);
        check_area(&segments.mask)?;
        let inverted = segments.is_inverted();
        if inverted {
            gray.values_mut().iter_mut().for_each(|gray| *gray = 255.0 - *gray);
        }
        let finger = &segments.mask;
        let normalized = normalize::normalized(&gray, finger);
        let mut bank = enhance::Bank::new();
        let first = orientation::orientation(&normalized);
        let periods = frequency::periods(&normalized, &first, finger);
        let enhanced = enhance::enhanced(&normalized, &first, &periods, finger, &mut bank);
        let orientation = orientation::orientation(&enhanced);
        let enhanced = enhance::enhanced(&normalized, &orientation, &periods, finger, &mut bank);
        let certainty = certainty(&normalized, &enhanced);
        let mut sure = certainty.values().iter();
        let mask = segment::rounded(&finger.map(|&finger| {
            let sure = sure.next().is_some_and(|&sure| sure >= CERTAIN_LEAST);
            if sure { finger } else { 0.0 }
        }));
        check_area(&mask)?;
        let binary = skeleton::binarized(&enhanced, &mask);
        let skeleton = skeleton::thinned(&binary);
        Ok(Self {
            gray,
            inverted,
            normalized,
            coherence: first.coherence,
            orientation,
            periods,
            enhanced,
            certainty,
            mask,
            deviation: segments.deviation,
            binary,
            skeleton,
        })
    }

    fn measured(&self, minutiae: usize) -> Measured {
        let cells = self.mask.values().iter().sum::<f32>().max(1.0);
        let mean = |plane: &Plane<f32>| {
            plane.values().iter().zip(self.mask.values()).map(|(value, mask)| value * mask).sum::<f32>() / cells
        };
        let smooth = self.normalized.blurred(NOISE_SIGMA_PX);
        let squares = mean(&smooth.map(|value| value * value).cell_sums());
        let cubes = mean(&smooth.map(|value| value.powi(3)).cell_sums());
        let cell = (CELL * CELL) as f32;
        let middle = |place: fn(usize, usize) -> usize, side: usize| {
            mean(&Plane::of(self.mask.width(), self.mask.height(), |x, y| place(x, y) as f32)) / side.max(1) as f32
                - 0.5
        };
        Measured {
            clarity: mean(&self.certainty),
            coherence: mean(&self.coherence),
            area: cells * cell,
            minutiae,
            contrast: mean(&self.deviation),
            skewness: (cubes / cell) / (squares / cell).max(1e-6).powf(1.5),
            off: [middle(|x, _| x, self.mask.width()), middle(|_, y| y, self.mask.height())],
        }
    }
}

fn check_area(mask: &Plane<f32>) -> Result<(), FingerError> {
    let area = mask.values().iter().filter(|&&mask| mask != 0.0).count() * CELL * CELL;
    if area < AREA_LEAST_PX { Err(FingerError::Blank) } else { Ok(()) }
}

/// What share of the energy the filters let pass, a value a cell.
fn certainty(normalized: &Plane<f32>, enhanced: &Plane<f32>) -> Plane<f32> {
    let energy = normalized.blurred(NOISE_SIGMA_PX).map(|value| value * value).cell_sums().blurred(SPREAD_CELLS);
    let ridges = enhanced.map(|value| value * value).cell_sums().blurred(SPREAD_CELLS);
    segment::ratio(&ridges, &energy).map(|share| share.min(1.0))
}

fn shade(value: f32, black: f32, white: f32) -> u8 {
    (255.0 * (value - black) / (white - black)).clamp(0.0, 255.0) as u8
}

fn cells(plane: &Plane<f32>, width: usize, height: usize, black: f32, white: f32) -> Plane<u8> {
    Plane::of(width, height, |x, y| shade(plane.of_pixel(x as f32, y as f32), black, white))
}
