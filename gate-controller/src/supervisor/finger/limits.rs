//! From which score on protected fingers match: what the extractors' manifests say, for as many enrolled impressions as
//! were calibrated.

use sallyport_matcher::{
    face::Fmr,
    finger::{Calibrations, Comparison, Extraction, Form, Limits, NotCalibrated},
};

/// What is compared, and what decides.
pub(super) struct Asked {
    /// How many impressions of each enrolled finger: with more than were calibrated the false match rate would rise.
    pub impressions: usize,
    pub limits: Limits,
}

/// Limits at this rate for fingers of each of which at least so many impressions are enrolled.
pub(super) fn at(
    calibrations: &Calibrations,
    extraction: Extraction,
    fmr: Fmr,
    impressions: usize,
) -> Result<Asked, NotCalibrated> {
    let of = |impressions| {
        let comparison = Comparison { form: Form::Protected, impressions };
        Ok(Asked { impressions, limits: calibrations.limits(extraction, comparison, fmr)? })
    };
    let fewer = (1..=impressions).rev().find_map(|impressions| of(impressions).ok());
    fewer.map_or_else(|| of(1), Ok)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use sallyport_matcher::finger::ExtractorKind;

    use super::*;

    #[test]
    fn stricter_rates_have_higher_thresholds_and_never_more_impressions_than_there_are() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../matcher/models");
        let calibrations = Calibrations::read(&models).unwrap();
        for enrolled in 1..=5 {
            let mut before = 0.0;
            for fmr in [Fmr::OneInHundred, Fmr::OneInThousand, Fmr::OneInTenThousand] {
                let asked = at(&calibrations, Extraction::Fast, fmr, enrolled).unwrap();
                let threshold = asked.limits.threshold(ExtractorKind::Fast);
                assert!(threshold > before && threshold < 1.0, "{fmr}: {threshold} after {before}");
                assert!((1..=enrolled).contains(&asked.impressions));
                before = threshold;
            }
        }
        assert!(at(&calibrations, Extraction::Fast, Fmr::OneInTenThousand, 0).is_ok(), "before anybody comes");
    }
}
