//! From which similarity on protected fingers match.

use sallyport_matcher::{
    face::Fmr,
    finger::{Limits, Stage},
};

/// A rate for which nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("finger_fmr = \"{0}\" is not among the measured rates: use 1e-2, 1e-3 or 1e-4")]
pub(super) struct NotMeasured(Fmr);

/// The rates, and the thresholds of the fast and of the thorough extractor: measured with the fast one on the impostor pairs
/// of the four FVC2002 sets B, all under one key.
const MEASURED: [(Fmr, [f32; 2]); 3] = [
    (Fmr::OneInHundred, [0.9235, 0.9235]),
    (Fmr::OneInThousand, [0.9337, 0.9337]),
    (Fmr::OneInTenThousand, [0.9400, 0.9400]),
];

/// Thresholds at this false match rate. A fast score is looked into from the threshold of the most lenient rate up to
/// that of a tenth of this one.
pub(super) fn at(fmr: Fmr) -> Result<Limits, NotMeasured> {
    let position = MEASURED.iter().position(|(rate, _)| *rate == fmr).ok_or(NotMeasured(fmr))?;
    let of = |stage: Stage, position: usize| MEASURED.get(position).map(|(_, thresholds)| thresholds[stage as usize]);
    let threshold = |stage| of(stage, position).ok_or(NotMeasured(fmr));
    let (fast, thorough) = (threshold(Stage::Fast)?, threshold(Stage::Thorough)?);
    let [most_lenient, strictest] = [0, position + 1].map(|at| of(Stage::Fast, at).unwrap_or(f32::NAN));
    Ok(Limits::new(fast, thorough, fast - most_lenient, strictest - fast))
}
