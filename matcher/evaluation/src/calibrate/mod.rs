//! `matcher-eval calibrate`: what scores mean, of faces or of fingers: thresholds by false match rate, and the likelihood
//! ratio of a score, written into the manifest of the net or extractor.
//!
//! Where fewer than [`MATCHES_MIN`] impostors would stand behind a threshold it is read from a generalized Pareto tail
//! (Pickands 1975; Coles 2001, 4.3) and marked as extrapolated. The highest impostor scores of a collection are often one
//! person under two names, so of these only their being the highest counts.

mod fingers;

use std::{collections::BTreeMap, f64::consts::LN_10, path::PathBuf};

use anyhow::{Context as _, ensure};
use sallyport_matcher::face::{Basis, Calibration, FaceEngine, Fmr, LikelihoodRatio, Manifests, Tail, Threshold};

use crate::{
    acquisition::{acquire, compare},
    fingers::acquire::{By, Source},
    metrics::Scores,
    subjects::Subjects,
};

/// Fewest false matches behind a threshold that counts as measured.
const MATCHES_MIN: f64 = 10.0;
/// How many of the highest impostor scores the tail is fitted to, at most a tenth of them all.
const EXCEEDANCES: usize = 1_000;
/// How many of those may be labels gone wrong, of faces collected from the press.
const MISLABELED: usize = 20;
/// What was not seen once in n comparisons may still happen at 3 / n (rule of three at 95 % confidence, ISO/IEC 19795-1),
/// so that n comparisons support no ratio beyond n / 3.
const RULE_OF: f64 = 3.0;

/// Fewest comparisons of each kind.
const GENUINE_MIN: usize = 100;
const IMPOSTOR_MIN: usize = 5_000;

/// What to calibrate on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person; with --fingers, as `matcher-eval fingers` takes it.
    folder: PathBuf,
    /// Calibrate this extractor of minutiae, not the embedder of faces.
    #[arg(long, value_enum, value_name = "EXTRACTOR")]
    fingers: Option<By>,
    #[command(flatten)]
    source: Source,
    /// What the collection is called in the manifest; the folder's name when not given.
    #[arg(long)]
    data: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Calibrates. The manifest in the folder of the nets is rewritten.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match arguments.fingers {
        Some(extractor) => fingers::run(extractor, arguments),
        None => faces(arguments),
    }
}

fn faces(arguments: &Arguments) -> anyhow::Result<()> {
    let manifests = Manifests::read(&arguments.source.models)?;
    let engine = FaceEngine::load(&arguments.source.models)?;
    let subjects = Subjects::list(&arguments.folder)?;
    let threads = arguments.source.threads();
    let acquired = acquire(&engine, &subjects.pictures, threads)?;
    let person = |picture: u32| subjects.pictures.get(picture as usize).map_or(u32::MAX, |picture| picture.person);
    let compared = |chosen: &dyn Fn(u32) -> bool| {
        let samples: Vec<_> = acquired.samples.iter().filter(|sample| chosen(person(sample.picture))).collect();
        anyhow::Ok(compare(&samples, &subjects.pictures, threads)?.scores)
    };
    let scores = compared(&|_| true)?;
    let halves = [compared(&|person| person % 2 == 0)?, compared(&|person| person % 2 == 1)?];
    let Meaning { thresholds, tail, likelihood_ratio } = Meaning::of(&scores, &halves, MISLABELED)?;
    let (genuine, impostor) = scores.counts();
    let calibration = Calibration {
        date: today().parse()?,
        data: arguments.data(),
        images: acquired.samples.len(),
        people: subjects.people.len(),
        genuine,
        impostor,
        thresholds,
        tail: Some(tail),
        likelihood_ratio,
    };
    let path = manifests.calibrate(&calibration)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&calibration)?);
        return Ok(());
    }
    tell(&calibration.thresholds, &calibration.likelihood_ratio);
    println!("written to {}", path.display());
    Ok(())
}

impl Arguments {
    fn data(&self) -> String {
        let name = || self.folder.file_name().map(|name| name.to_string_lossy().into_owned());
        self.data.clone().or_else(name).unwrap_or_else(|| self.folder.display().to_string())
    }
}

fn today() -> String {
    jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date().to_string()
}

fn tell(thresholds: &BTreeMap<Fmr, Threshold>, likelihood_ratio: &LikelihoodRatio) {
    for (fmr, Threshold { score, basis }) in thresholds {
        println!("FMR {fmr}: {score:.4} ({basis:?})");
    }
    println!("Cllr {:.4} bits over people not fitted to", likelihood_ratio.cllr);
}

/// What some scores mean.
struct Meaning {
    thresholds: BTreeMap<Fmr, Threshold>,
    tail: Tail,
    likelihood_ratio: LikelihoodRatio,
}

impl Meaning {
    /// `halves` are the comparisons among each of two halves of the people; of the highest impostor scores so many may be
    /// labels gone wrong.
    fn of(scores: &Scores, halves: &[Scores; 2], mislabeled: usize) -> anyhow::Result<Self> {
        let (genuine, impostor) = scores.counts();
        ensure!(
            genuine >= GENUINE_MIN && impostor >= IMPOSTOR_MIN,
            "{genuine} genuine and {impostor} impostor comparisons are too few: collect at least {GENUINE_MIN} and \
             {IMPOSTOR_MIN}"
        );
        let tail = fit_tail(scores.impostor(), mislabeled)?;
        let mut thresholds = BTreeMap::new();
        let mut before = f32::NEG_INFINITY;
        for &fmr in Fmr::ALL {
            let threshold = threshold(scores, &tail, fmr.rate())?;
            // A tail need not begin where the measured thresholds end.
            if threshold.score <= before {
                anyhow::bail!("the threshold at FMR {fmr} is not above the one before: collect more impostors");
            }
            before = threshold.score;
            thresholds.insert(fmr, threshold);
        }
        let [even, odd] = halves;
        let crossed = [(even, odd), (odd, even)].map(|(fitted, other)| Logistic::fit(fitted).cllr(other));
        let cllr = (crossed[0] + crossed[1]) / 2.0;
        Ok(Self {
            thresholds,
            tail,
            likelihood_ratio: LikelihoodRatio { points: Logistic::fit(scores).points(), cllr },
        })
    }
}

fn threshold(scores: &Scores, tail: &Tail, fmr: f64) -> anyhow::Result<Threshold> {
    let impostor = scores.counts().1 as f64;
    if fmr * impostor >= MATCHES_MIN {
        let point = scores.at_fmr(fmr).context("no impostor scores")?;
        return Ok(Threshold { score: point.threshold, basis: Basis::Measured });
    }
    let part = fmr * impostor / tail.exceedances as f64;
    Ok(Threshold { score: (tail.from + quantile(tail, part)) as f32, basis: Basis::Extrapolated })
}

/// The excess that this part of all excesses is above.
fn quantile(tail: &Tail, part: f64) -> f64 {
    if tail.shape.abs() < 1e-9 {
        return -tail.scale * part.ln();
    }
    tail.scale / tail.shape * (part.powf(-tail.shape) - 1.0)
}

/// Fits the tail to sorted impostor scores by maximum likelihood, the highest of them censored.
fn fit_tail(impostor: &[f32], censored: usize) -> anyhow::Result<Tail> {
    let exceedances = EXCEEDANCES.min(impostor.len() / 10);
    let first = impostor.len().checked_sub(exceedances + 1).context("too few impostor scores for a tail")?;
    let from = f64::from(impostor[first]);
    let excesses: Vec<f64> = impostor[first + 1..].iter().map(|&score| f64::from(score) - from).collect();
    let (seen, censored) = excesses.split_at(exceedances.saturating_sub(censored));
    // The least of the censored ones; without any, the highest of all.
    let limit = censored.first().or(seen.last()).copied().unwrap_or(0.0);
    // log f(y) = -log scale - (1 / shape + 1) log(1 + shape y / scale); log S(y) = -log(1 + shape y / scale) / shape.
    let log_likelihood = |shape: f64, scale: f64| {
        let log = |y: f64| (1.0 + shape * y / scale).max(1e-12).ln();
        let seen: f64 = seen.iter().map(|&y| -scale.ln() - (1.0 / shape + 1.0) * log(y)).sum();
        seen - censored.len() as f64 * log(limit) / shape
    };
    let mean = seen.iter().sum::<f64>() / seen.len() as f64;
    let shapes = (-50..=50).map(|at| (f64::from(at) + 0.5) / 100.0);
    let candidates = shapes.flat_map(|shape| (0..120).map(move |at| (shape, mean * (0.4 + 0.015 * f64::from(at)))));
    // With a negative shape the tail ends at -scale / shape, which must lie beyond everything seen.
    let sound = candidates.filter(|(shape, scale)| 1.0 + shape * limit / scale > 0.0);
    let best =
        sound.map(|(shape, scale)| (log_likelihood(shape, scale), shape, scale)).max_by(|a, b| a.0.total_cmp(&b.0));
    let (_, shape, scale) = best.context("no tail fits these scores")?;
    Ok(Tail { from, scale, shape, exceedances, censored: censored.len() })
}

/// The natural logarithm of the likelihood ratio as an affine function of the score, by logistic regression in which both
/// kinds of comparison weigh the same (Brümmer and du Preez 2006).
#[derive(Debug, Clone, Copy)]
struct Logistic {
    offset: f64,
    slope: f64,
    /// Least and most log10 that the comparisons support: few genuine ones cannot show that a score is never theirs, nor
    /// few impostors.
    bounds: [f64; 2],
}

impl Logistic {
    fn fit(scores: &Scores) -> Self {
        const ROUNDS: usize = 50;
        let (genuine, impostor) = scores.counts();
        let bound = |count: usize| (count as f64 / RULE_OF).max(1.0).log10();
        let mut this = Self { offset: 0.0, slope: 1.0, bounds: [-bound(genuine), bound(impostor)] };
        // Newton's method; the loss is convex.
        for _ in 0..ROUNDS {
            let mut gradient = [0.0; 2];
            let mut hessian = [[0.0; 2]; 2];
            for (scores, target) in [(scores.genuine(), 1.0), (scores.impostor(), 0.0)] {
                let weight = 1.0 / scores.len() as f64;
                for &score in scores {
                    let s = f64::from(score);
                    let p = 1.0 / (1.0 + (-this.offset - this.slope * s).exp());
                    let (g, h) = (weight * (p - target), weight * (p * (1.0 - p)).max(1e-12));
                    gradient = [gradient[0] + g, gradient[1] + g * s];
                    hessian = [
                        [hessian[0][0] + h, hessian[0][1] + h * s],
                        [hessian[1][0] + h * s, hessian[1][1] + h * s * s],
                    ];
                }
            }
            let determinant = hessian[0][0] * hessian[1][1] - hessian[0][1] * hessian[1][0];
            if determinant.abs() < 1e-18 {
                break;
            }
            let step = [
                (hessian[1][1] * gradient[0] - hessian[0][1] * gradient[1]) / determinant,
                (hessian[0][0] * gradient[1] - hessian[1][0] * gradient[0]) / determinant,
            ];
            this = Self { offset: this.offset - step[0], slope: this.slope - step[1], ..this };
            if step[0].abs() + step[1].abs() < 1e-9 {
                break;
            }
        }
        this
    }

    /// Cost of the log-likelihood ratio, in bits.
    fn cllr(self, scores: &Scores) -> f64 {
        let [least, most] = self.bounds.map(|log10| log10 * LN_10);
        let ratio = |score: f32| (self.offset + self.slope * f64::from(score)).clamp(least, most);
        let cost = |scores: &[f32], sign: f64| {
            let bits = |&score: &f32| (1.0 + (sign * ratio(score)).exp()).log2();
            scores.iter().map(bits).sum::<f64>() / scores.len().max(1) as f64
        };
        (cost(scores.genuine(), -1.0) + cost(scores.impostor(), 1.0)) / 2.0
    }

    /// Where the ratio reaches its bounds.
    fn points(self) -> Vec<[f32; 2]> {
        let score_at = |log10: f64| (log10 * LN_10 - self.offset) / self.slope;
        self.bounds.map(|log10| [score_at(log10) as f32, log10 as f32]).to_vec()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The middle of each of so many equal parts of the unit interval.
    fn parts(count: usize) -> impl Iterator<Item = f64> {
        (0..count).map(move |at| (at as f64 + 0.5) / count as f64)
    }

    #[test]
    fn an_exponential_tail_is_found_again_though_labels_are_wrong() {
        let mut scores: Vec<f32> = parts(200_000).map(|part| (-0.05 * (1.0 - part).ln()) as f32).collect();
        // Fifteen people under two names.
        let last = scores.len() - 15;
        scores[last..].fill(0.95);
        let tail = fit_tail(&scores, MISLABELED).unwrap();
        assert!(tail.shape.abs() < 0.05 && (tail.scale - 0.05).abs() < 0.005, "{tail:?}");
        let scores = Scores::new(vec![0.9; 10], scores);
        let measured = threshold(&scores, &tail, 1e-3).unwrap();
        assert_eq!(measured.basis, Basis::Measured);
        let far = threshold(&scores, &tail, 1e-6).unwrap();
        assert_eq!(far.basis, Basis::Extrapolated);
        let truth = -0.05 * 1e-6f64.ln();
        assert!((f64::from(far.score) - truth).abs() < 0.05, "{} instead of {truth}", far.score);
    }

    #[test]
    fn the_ratio_of_two_normal_distributions_is_found_again() {
        // Sums of evenly spread numbers are nearly normal; means 0.6 and 0.1, deviation 0.1: ln LR = 50 s - 17.5.
        let normal = |mean: f64| -> Vec<f32> {
            let spread = |seed: usize, at: usize| ((at * seed) % 997) as f64 / 996.0;
            (0..20_000)
                .map(|at| {
                    let sum: f64 = [211, 389, 547, 613, 701, 809, 877, 911, 953, 967, 971, 983]
                        .iter()
                        .map(|&seed| spread(seed, at * 31 + seed))
                        .sum();
                    (mean + 0.1 * (sum - 6.0)) as f32
                })
                .collect()
        };
        let fitted = Logistic::fit(&Scores::new(normal(0.6), normal(0.1)));
        let middle = -fitted.offset / fitted.slope;
        assert!((middle - 0.35).abs() < 0.02, "{fitted:?}");
        let points = fitted.points();
        // 20,000 comparisons of each kind.
        assert!(points[0][0] < 0.35 && (points[0][1] + 3.824).abs() < 1e-3, "{points:?}");
        assert!(points[1][0] > 0.35 && (points[1][1] - 3.824).abs() < 1e-3, "{points:?}");
        assert!(fitted.cllr(&Scores::new(normal(0.6), normal(0.1))) < 0.1);
        let blind = Logistic { offset: 0.0, slope: 0.0, bounds: [-1.0, 1.0] };
        assert!((blind.cllr(&Scores::new(vec![0.5], vec![0.5])) - 1.0).abs() < 1e-9);
    }
}
