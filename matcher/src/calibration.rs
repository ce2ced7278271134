//! What a score means: thresholds named by the false match rate that they stand for, and the likelihood ratio.
//!
//! Both belong to one net or extractor and to the samples that they were measured on, so they stand in its manifest;
//! `matcher-eval calibrate` writes them. What fingers have of their own is [`crate::finger::FingerCalibration`].

use std::{collections::BTreeMap, fmt, ops::RangeInclusive};

use serde::{Deserialize, Serialize};
use toml::value::Datetime;

/// Least and most log10 of a likelihood ratio that a manifest may claim: no collection of faces or fingers supports more.
const LOG10_LR_MAX: f32 = 12.0;
/// What embeddings of faces are compared by.
const COSINES: RangeInclusive<f32> = -1.0..=1.0;
/// Most points of a likelihood ratio.
const POINTS_MAX: usize = 256;

/// A false match rate (ISO/IEC 19795-1). Policies name the rate and never a raw score, whose meaning changes with the
/// net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fmr {
    /// One impostor comparison of a hundred matches.
    #[serde(rename = "1e-2")]
    OneInHundred,
    /// One of a thousand.
    #[serde(rename = "1e-3")]
    OneInThousand,
    /// One of ten thousand.
    #[serde(rename = "1e-4")]
    OneInTenThousand,
    /// One of a hundred thousand.
    #[serde(rename = "1e-5")]
    OneInHundredThousand,
    /// One of a million.
    #[serde(rename = "1e-6")]
    OneInMillion,
}

impl Fmr {
    /// Every rate, the most lenient first.
    pub const ALL: &'static [Self] = &[
        Self::OneInHundred,
        Self::OneInThousand,
        Self::OneInTenThousand,
        Self::OneInHundredThousand,
        Self::OneInMillion,
    ];

    /// The rate itself.
    pub const fn rate(self) -> f64 {
        match self {
            Self::OneInHundred => 1e-2,
            Self::OneInThousand => 1e-3,
            Self::OneInTenThousand => 1e-4,
            Self::OneInHundredThousand => 1e-5,
            Self::OneInMillion => 1e-6,
        }
    }

    /// The rate a tenth as high, if it has a name.
    pub fn tenth(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|&fmr| fmr == self)?;
        Self::ALL.get(at + 1).copied()
    }
}

impl fmt::Display for Fmr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:e}", self.rate())
    }
}

/// How a threshold is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Enough impostors reached it to be counted.
    Measured,
    /// Too few did: it continues the tail of the impostor scores.
    Extrapolated,
}

/// The least score that matches at some rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The score.
    pub score: f32,
    /// How it is known.
    pub basis: Basis,
}

/// A generalized Pareto tail, `P(score > from + y | score > from) = (1 + shape y / scale)^(-1 / shape)` (Pickands 1975;
/// Coles 2001, 4): what the extrapolated thresholds were read from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// The score at which it begins.
    pub from: f64,
    /// Its scale, in units of the score.
    pub scale: f64,
    /// Its shape; below 0 it ends.
    pub shape: f64,
    /// How many impostor scores it was fitted to.
    pub exceedances: usize,
    /// Of how many of these, the highest, only their being the highest counted: labels may be wrong.
    pub censored: usize,
}

/// log10 of the likelihood ratio of a score: linear between points, constant beyond the outermost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LikelihoodRatio {
    /// Scores and the logarithm there; both rise.
    pub points: Vec<[f32; 2]>,
    /// Cost of the log-likelihood ratio, in bits, over people whom the ratio was not fitted to (Brümmer and du Preez
    /// 2006); 1 says nothing, 0 is perfect.
    pub cllr: f64,
}

impl LikelihoodRatio {
    pub(crate) fn check(&self) -> Result<(), CalibrationError> {
        let points = &self.points;
        let bounded = |&[score, log10]: &[f32; 2]| score.is_finite() && log10.abs() <= LOG10_LR_MAX;
        let rising = points.windows(2).all(|pair| matches!(pair, [[x0, y0], [x1, y1]] if x0 < x1 && y0 <= y1));
        let sound = (2..=POINTS_MAX).contains(&points.len()) && points.iter().all(bounded) && rising;
        if sound { Ok(()) } else { Err(CalibrationError::Points) }
    }

    /// The logarithm at this score. What is no number speaks for nobody: it gets the least.
    pub fn log10(&self, score: f32) -> f32 {
        let above = self.points.partition_point(|&[at, _]| at <= score);
        let before = above.checked_sub(1).and_then(|at| self.points.get(at));
        match (before, self.points.get(above)) {
            (Some(&[x0, y0]), Some(&[x1, y1])) => y0 + (y1 - y0) * (score - x0) / (x1 - x0),
            (Some(&[_, y]), None) | (None, Some(&[_, y])) => y,
            (None, None) => 0.0,
        }
    }
}

/// What the scores of one net mean, and from which comparisons that is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// When it was measured.
    pub date: Datetime,
    /// On which faces.
    pub data: String,
    /// Pictures compared.
    pub images: usize,
    /// People on them.
    pub people: usize,
    /// Comparisons of one person with themselves.
    pub genuine: usize,
    /// Comparisons of two people.
    pub impostor: usize,
    /// Thresholds by rate.
    pub thresholds: BTreeMap<Fmr, Threshold>,
    /// Where the extrapolated ones come from.
    pub tail: Option<Tail>,
    /// The strength of evidence.
    pub likelihood_ratio: LikelihoodRatio,
}

/// What is wrong with a calibration.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// A threshold that no score reaches, or every one.
    #[error("the threshold at FMR {0} is no score (faces have -1 to 1, fingers 0 to 1)")]
    Range(Fmr),
    /// A rarer match has a lower threshold.
    #[error("the threshold at FMR {0} is not above that of the rate before it")]
    NotRising(Fmr),
    /// Not a rising function.
    #[error("the points of the likelihood ratio are not 2 to {POINTS_MAX}, rising, within ±{LOG10_LR_MAX}")]
    Points,
    /// Fingers enrolled with as many impressions as nobody takes.
    #[error("`impressions` of a finger must be 1 to {}", crate::finger::IMPRESSIONS_MOST)]
    Impressions,
    /// Which one?
    #[error("two calibrations are of the same comparison")]
    Twice,
}

impl Calibration {
    /// Whether it can be true.
    pub(crate) fn check(&self) -> Result<(), CalibrationError> {
        check_thresholds(&self.thresholds, COSINES)?;
        self.likelihood_ratio.check()
    }

    /// The least score that matches at this rate.
    pub fn threshold(&self, fmr: Fmr) -> Option<Threshold> {
        self.thresholds.get(&fmr).copied()
    }

    /// log10 of how much likelier this score is for one person than for two.
    pub fn log10_likelihood_ratio(&self, score: f32) -> f32 {
        self.likelihood_ratio.log10(score)
    }

    /// The manifest's section.
    pub(crate) fn to_toml(&self) -> String {
        let Self { date, images, people, genuine, impostor, .. } = self;
        let data = toml::Value::from(self.data.as_str());
        let head = format!(
            "{SECTION}\n{WRITTEN}\ndate = {date}\ndata = {data}\nimages = {images}\npeople = {people}\n\
             genuine = {genuine}\nimpostor = {impostor}\n"
        );
        head + &meaning_toml("calibration", self.tail.as_ref(), &self.thresholds, &self.likelihood_ratio)
    }
}

/// Whether thresholds are scores that rise as their rates fall.
pub(crate) fn check_thresholds(
    thresholds: &BTreeMap<Fmr, Threshold>,
    scores: RangeInclusive<f32>,
) -> Result<(), CalibrationError> {
    let mut before = f32::NEG_INFINITY;
    for (&fmr, threshold) in thresholds {
        if !scores.contains(&threshold.score) {
            return Err(CalibrationError::Range(fmr));
        }
        if threshold.score <= before {
            return Err(CalibrationError::NotRising(fmr));
        }
        before = threshold.score;
    }
    Ok(())
}

/// The lines that every calibration ends with, the tables below this one of the manifest.
pub(crate) fn meaning_toml(
    table: &str,
    tail: Option<&Tail>,
    thresholds: &BTreeMap<Fmr, Threshold>,
    likelihood_ratio: &LikelihoodRatio,
) -> String {
    let mut out = String::new();
    if let Some(Tail { from, scale, shape, exceedances, censored }) = tail {
        out += &format!(
            "tail = {{ from = {from:?}, scale = {scale:?}, shape = {shape:?}, exceedances = {exceedances}, \
             censored = {censored} }}\n"
        );
    }
    out += &format!("\n[{table}.thresholds]\n");
    for (fmr, Threshold { score, basis }) in thresholds {
        let basis = match basis {
            Basis::Measured => "measured",
            Basis::Extrapolated => "extrapolated",
        };
        out += &format!("{fmr} = {{ score = {score:?}, basis = \"{basis}\" }}\n");
    }
    out += &format!("\n[{table}.likelihood_ratio]\ncllr = {:?}\n", likelihood_ratio.cllr);
    out += "# Scores, and log10 of the ratio there.\npoints = [\n";
    for [score, log10] in &likelihood_ratio.points {
        out += &format!("  [{score:?}, {log10:?}],\n");
    }
    out + "]\n"
}

/// How the section begins; it is the manifest's last.
pub(crate) const SECTION: &str = "[calibration]";
/// Its second line.
pub(crate) const WRITTEN: &str = "# Written by `matcher-eval calibrate`, which replaces everything from here on.";

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    pub(crate) fn calibration() -> Calibration {
        let threshold = |score, basis| Threshold { score, basis };
        Calibration {
            date: "2026-01-31".parse().unwrap(),
            data: "a \"quoted\" name\n[calibration]".into(),
            images: 20,
            people: 10,
            genuine: 30,
            impostor: 160,
            thresholds: [
                (Fmr::OneInHundred, threshold(0.25, Basis::Measured)),
                (Fmr::OneInMillion, threshold(0.5, Basis::Extrapolated)),
            ]
            .into(),
            tail: Some(Tail { from: 0.2, scale: 1e-7, shape: -0.1, exceedances: 16, censored: 1 }),
            likelihood_ratio: LikelihoodRatio { points: vec![[0.0, -2.0], [0.5, 0.0], [0.75, 4.0]], cllr: 0.1 },
        }
    }

    #[test]
    fn the_names_of_rates_are_the_rates() {
        for pair in Fmr::ALL.windows(2) {
            assert!(pair[0].rate() > pair[1].rate() && pair[0] < pair[1], "{pair:?}");
        }
        for &fmr in Fmr::ALL {
            let name = serde_json::to_value(fmr).unwrap();
            assert_eq!(name.as_str().unwrap().parse::<f64>().unwrap(), fmr.rate());
            assert_eq!(name.as_str().unwrap(), fmr.to_string());
            assert_eq!(serde_json::from_value::<Fmr>(name).unwrap(), fmr);
        }
        assert!(serde_json::from_str::<Fmr>("0.36").is_err());
    }

    #[test]
    fn the_ratio_is_linear_between_points_and_bounded_beyond_them() {
        let calibration = calibration();
        let log10 = |score| calibration.log10_likelihood_ratio(score);
        assert_eq!([log10(-1.0), log10(0.0), log10(0.25), log10(0.5)], [-2.0, -2.0, -1.0, 0.0]);
        assert_eq!([log10(0.625), log10(0.75), log10(1.0), log10(f32::INFINITY)], [2.0, 4.0, 4.0, 4.0]);
        assert_eq!([log10(f32::NAN), log10(f32::NEG_INFINITY)], [-2.0, -2.0]);
    }

    #[test]
    fn what_cannot_be_true_is_refused() {
        let refused = |change: &dyn Fn(&mut Calibration)| {
            let mut calibration = calibration();
            change(&mut calibration);
            calibration.check()
        };
        let set = |fmr, score| {
            refused(&move |to| {
                to.thresholds.insert(fmr, Threshold { score, basis: Basis::Measured });
            })
        };
        assert_eq!(set(Fmr::OneInThousand, 0.3), Ok(()));
        assert_eq!(set(Fmr::OneInThousand, 0.25), Err(CalibrationError::NotRising(Fmr::OneInThousand)));
        assert_eq!(set(Fmr::OneInThousand, 0.6), Err(CalibrationError::NotRising(Fmr::OneInMillion)));
        assert_eq!(set(Fmr::OneInHundred, 1.5), Err(CalibrationError::Range(Fmr::OneInHundred)));
        assert_eq!(set(Fmr::OneInHundred, f32::NAN), Err(CalibrationError::Range(Fmr::OneInHundred)));
        for points in [
            vec![],
            vec![[0.0, 0.0]],
            vec![[0.0, 0.0], [0.0, 1.0]],
            vec![[0.0, 0.0], [1.0, -1.0]],
            vec![[0.0, 0.0], [1.0, f32::NAN]],
            vec![[0.0, 0.0], [1.0, 13.0]],
            vec![[f32::NEG_INFINITY, 0.0], [1.0, 1.0]],
            (0..=POINTS_MAX).map(|at| [at as f32, 0.0]).collect(),
        ] {
            let error = refused(&|to| to.likelihood_ratio.points = points.clone());
            assert_eq!(error, Err(CalibrationError::Points), "{points:?}");
        }
    }
}
