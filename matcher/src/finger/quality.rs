//! Quality of a finger's picture, 0 to 100 as NFIQ 2 has it (ISO/IEC 29794-4), with its components, and what to tell the
//! person from it. It is a product of measured shares and no trained forest: what lowers it can be named.

/// Contrast of good ridges, in grays of local standard deviation; and of what can hardly be read.
const CONTRAST_GRAYS: std::ops::RangeInclusive<f32> = 8.0..=40.0;
/// Share of the picture's energy that is ridges, from unreadable to good.
const CLARITY: std::ops::RangeInclusive<f32> = 0.15..=0.6;
/// Coherence of the gradients, from unreadable to good.
const CERTAINTY: std::ops::RangeInclusive<f32> = 0.3..=0.85;
/// Area, in square millimeters, from useless to what holds a core and all around it.
const AREA_MM2: std::ops::RangeInclusive<f32> = 30.0..=150.0;
/// Minutiae, from too few to decide to enough (twelve is the forensic rule; Handbook of Fingerprint Recognition, 4.1).
const MINUTIAE: std::ops::RangeInclusive<f32> = 4.0..=24.0;
/// Skewness of the gray from which a finger is dry (thin ridges, few dark pixels) or wet (narrow valleys, few light ones),
/// and by how much more it is so entirely.
const SKEWNESS_TOLERATED: f32 = 0.45;
const SKEWNESS_SPAN: f32 = 0.9;
/// Below this a component is what is wrong, in points.
const POOR: u8 = 40;
/// From this a picture will do, in points.
pub const QUALITY_GOOD: u8 = 50;
/// Square millimeters of a pixel at 500 dpi.
const PIXEL_MM2: f32 = 0.0508 * 0.0508;

/// What is measured over the finger.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measured {
    /// Mean share of energy that is ridges.
    pub(super) clarity: f32,
    /// Mean coherence.
    pub(super) coherence: f32,
    /// In pixels.
    pub(super) area: f32,
    pub(super) minutiae: usize,
    /// Mean local standard deviation, in grays.
    pub(super) contrast: f32,
    /// Mean cube of the normalized gray.
    pub(super) skewness: f32,
    /// From the picture's middle to the finger's, in shares of the picture's sides, right and down.
    pub(super) off: [f32; 2],
}

/// Quality of one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FingerQuality {
    /// All in all, 0 (useless) to 100.
    pub overall: u8,
    /// How much of what is seen is ridges, 0 to 100.
    pub ridge_clarity: u8,
    /// How sure the ridges' flow is, 0 to 100.
    pub orientation_certainty: u8,
    /// How much of the finger is seen, 0 to 100.
    pub area: u8,
    /// How many minutiae it gives, 0 to 100.
    pub minutiae: u8,
    /// How far ridges and valleys differ in gray, 0 to 100.
    pub contrast: u8,
    /// -100 (dry) over 0 (good) to 100 (wet).
    pub moisture: i8,
    /// What would make it better.
    pub guidance: Guidance,
}

/// What to tell the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Guidance {
    /// It is good.
    Good,
    /// Too little of the finger is on the sensor.
    CoverMore,
    /// The finger lies too far left, seen on the picture: move it to the right.
    MoveRight,
    /// Too far right.
    MoveLeft,
    /// Too high.
    MoveDown,
    /// Too low.
    MoveUp,
    /// The skin is too dry: breathe on it, press more.
    TooDry,
    /// The skin is too wet: wipe it, press less.
    TooWet,
    /// Ridges are faint: press more.
    PressMore,
    /// Smudged or moved: clean the sensor, hold still.
    HoldStill,
    /// Nothing of these, and yet poor, as worn skin is: another finger.
    AnotherFinger,
}

/// How far from the picture's middle a finger may lie, as a share of the side.
const OFF_MOST: f32 = 0.18;

impl FingerQuality {
    pub(super) fn of(measured: &Measured) -> Self {
        let share = |value: f32, range: &std::ops::RangeInclusive<f32>| {
            ((value - range.start()) / (range.end() - range.start())).clamp(0.0, 1.0)
        };
        let clarity = share(measured.clarity, &CLARITY);
        let certainty = share(measured.coherence, &CERTAINTY);
        let area = share(measured.area * PIXEL_MM2, &AREA_MM2);
        let minutiae = share(measured.minutiae as f32, &MINUTIAE);
        let contrast = share(measured.contrast, &CONTRAST_GRAYS);
        let beyond = (measured.skewness.abs() - SKEWNESS_TOLERATED).max(0.0) / SKEWNESS_SPAN;
        let moisture = beyond.min(1.0).copysign(measured.skewness);
        // A geometric mean: no component makes up for one that is nothing. Contrast and moisture are causes, which the
        // others show already, and so they weigh little.
        let logarithm =
            0.35 * clarity.ln() + 0.2 * certainty.ln() + 0.2 * area.ln() + 0.2 * minutiae.ln() + 0.05 * contrast.ln();
        let overall = logarithm.exp() * (1.0 - 0.3 * moisture.abs());
        let points = |share: f32| (100.0 * share).round() as u8;
        let mut quality = Self {
            overall: points(overall),
            ridge_clarity: points(clarity),
            orientation_certainty: points(certainty),
            area: points(area),
            minutiae: points(minutiae),
            contrast: points(contrast),
            moisture: (100.0 * moisture).round() as i8,
            guidance: Guidance::Good,
        };
        quality.guidance = quality.told(measured);
        quality
    }

    /// What lowers it most, causes before effects.
    fn told(&self, measured: &Measured) -> Guidance {
        if self.overall >= QUALITY_GOOD {
            return Guidance::Good;
        }
        if self.area < POOR {
            // A sensor that the finger fills cannot be covered more; one side free tells which way to move.
            let [right, down] = measured.off;
            return match (right, down) {
                (right, down) if right.abs() >= down.abs() && right > OFF_MOST => Guidance::MoveLeft,
                (right, down) if right.abs() >= down.abs() && right < -OFF_MOST => Guidance::MoveRight,
                (_, down) if down > OFF_MOST => Guidance::MoveUp,
                (_, down) if down < -OFF_MOST => Guidance::MoveDown,
                _ => Guidance::CoverMore,
            };
        }
        match self {
            quality if quality.moisture >= 30 => Guidance::TooWet,
            quality if quality.moisture <= -30 => Guidance::TooDry,
            quality if quality.contrast < POOR => Guidance::PressMore,
            quality if quality.orientation_certainty < POOR || quality.ridge_clarity < POOR => Guidance::HoldStill,
            _ => Guidance::AnotherFinger,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Measured {
        Measured {
            clarity: 0.6,
            coherence: 0.9,
            area: 80_000.0,
            minutiae: 40,
            contrast: 60.0,
            skewness: 0.1,
            off: [0.0; 2],
        }
    }

    #[test]
    fn each_cause_has_its_guidance() {
        let told = |measured: Measured| FingerQuality::of(&measured).guidance;
        let all = FingerQuality::of(&good());
        assert_eq!((all.overall, all.moisture, all.guidance), (100, 0, Guidance::Good));
        let part = Measured { area: 14_000.0, minutiae: 6, ..good() };
        assert_eq!(told(part), Guidance::CoverMore);
        assert_eq!(told(Measured { off: [0.3, 0.1], ..part }), Guidance::MoveLeft);
        assert_eq!(told(Measured { off: [-0.3, 0.1], ..part }), Guidance::MoveRight);
        assert_eq!(told(Measured { off: [0.1, 0.3], ..part }), Guidance::MoveUp);
        assert_eq!(told(Measured { off: [0.1, -0.3], ..part }), Guidance::MoveDown);
        let faint = Measured { clarity: 0.22, minutiae: 8, ..good() };
        assert_eq!(told(Measured { skewness: 1.2, ..faint }), Guidance::TooWet);
        assert_eq!(told(Measured { skewness: -1.2, ..faint }), Guidance::TooDry);
        assert_eq!(told(Measured { contrast: 10.0, ..faint }), Guidance::PressMore);
        assert_eq!(told(faint), Guidance::HoldStill);
        assert_eq!(told(Measured { minutiae: 4, ..good() }), Guidance::AnotherFinger);
    }

    #[test]
    fn it_is_0_to_100_whatever_is_measured() {
        for value in [f32::NEG_INFINITY, -1.0, 0.0, 1e9, f32::INFINITY, f32::NAN] {
            let measured = Measured {
                clarity: value,
                coherence: value,
                area: value,
                minutiae: 0,
                contrast: value,
                skewness: value,
                off: [value; 2],
            };
            let quality = FingerQuality::of(&measured);
            assert!(quality.overall <= 100 && (-100..=100).contains(&quality.moisture));
        }
    }
}
