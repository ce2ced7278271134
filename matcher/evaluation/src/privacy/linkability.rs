//! Linkability of protected templates: D_sys of scores between templates of one source under two keys (mated) and of
//! different sources (Gomez-Barrero, Galbally, Rathgeb and Busch, "General framework to evaluate unlinkability in
//! biometric template protection systems", IEEE TIFS 13(6), 2018, sections IV and V; ISO/IEC 30136).

use serde::Serialize;

use crate::bootstrap::{Interval, SplitMix64};

/// Mated scores a bin of the histograms, and bins at most: those of the authors' own program.
const MATED_A_BIN: usize = 10;
const BINS_MAX: usize = 100;
/// Random splits that the null is the mean of.
const SPLITS: usize = 100;

/// How far mated scores tell that they are mated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Linkability {
    /// 0: not at all; 1: always. Both kinds are held to be as likely (omega is 1).
    pub d_sys: f64,
    /// What D_sys would be if nothing told them apart, on as many scores: the mean over random splits of all of them. Above
    /// 0, since histograms of few scores differ by chance.
    pub null: f64,
    /// Where nineteen in twenty of the splits lie.
    pub null_interval: Option<Interval>,
}

impl Linkability {
    /// `None` of fewer scores than a bin holds. The seed draws the splits.
    pub(super) fn of(mated: &[f32], non_mated: &[f32], seed: u64) -> Option<Self> {
        let finite = |scores: &[f32]| scores.iter().copied().filter(|score| score.is_finite()).collect::<Vec<f32>>();
        let mut all = finite(mated);
        let count = all.len();
        all.extend(finite(non_mated));
        if count < MATED_A_BIN || all.len() < count + MATED_A_BIN {
            return None;
        }
        let bins = Bins::of(&all, (count / MATED_A_BIN).min(BINS_MAX));
        let mut places: Vec<usize> = all.iter().map(|&score| bins.place(score)).collect();
        let d_sys = bins.d_sys(&places, count);
        let mut random = SplitMix64(seed);
        let splits: Vec<f64> = (0..SPLITS)
            .map(|_| {
                // As many as are mated, drawn without replacement (Fisher and Yates).
                for at in 0..count {
                    let left = (places.len() - at) as u128;
                    let drawn = at + ((u128::from(random.next()) * left) >> 64) as usize;
                    places.swap(at, drawn);
                }
                bins.d_sys(&places, count)
            })
            .collect();
        let null = splits.iter().sum::<f64>() / SPLITS as f64;
        Some(Self { d_sys, null, null_interval: Interval::middle(splits.into_iter().map(Some)) })
    }

    /// D_sys above what chance makes of it.
    pub(super) fn above_null(&self) -> f64 {
        self.d_sys - self.null
    }
}

/// Of equal width, from the lowest score to the highest.
struct Bins {
    low: f32,
    width: f32,
    count: usize,
}

impl Bins {
    fn of(scores: &[f32], count: usize) -> Self {
        let low = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let high = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self { low, width: ((high - low) / count as f32).max(f32::MIN_POSITIVE), count }
    }

    fn place(&self, score: f32) -> usize {
        (((score - self.low) / self.width) as usize).min(self.count - 1)
    }

    /// Of scores in these bins, of which the first `mated` are mated: the mean, over mated scores, of how much likelier
    /// mated is than not: `D(s) = p(mated | s) - p(non-mated | s)`, and 0 where that is negative.
    fn d_sys(&self, places: &[usize], mated: usize) -> f64 {
        let (mated, non_mated) = places.split_at(mated);
        let density = |places: &[usize]| {
            let mut density = vec![0.0; self.count];
            for &place in places {
                density[place] += 1.0 / places.len() as f64;
            }
            density
        };
        let both = density(mated).into_iter().zip(density(non_mated));
        both.filter(|(mated, other)| mated > other)
            .map(|(mated, other)| mated * (mated - other) / (mated + other))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The sum of a few uniform numbers, of standard deviation 1.
    fn scores(count: usize, mean: f32, seed: u64) -> Vec<f32> {
        let mut random = SplitMix64(seed);
        let mut uniform = || (random.next() >> 40) as f32 / (1 << 24) as f32;
        (0..count).map(|_| mean + (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect()
    }

    #[test]
    fn alike_is_unlinkable_and_apart_is_linkable() {
        let alike = Linkability::of(&scores(2000, 0.0, 1), &scores(20_000, 0.0, 2), 3).unwrap();
        assert!(alike.above_null().abs() < 0.02 && alike.null < 0.2, "{alike:?}");
        let Interval(low, high) = alike.null_interval.unwrap();
        assert!(low < alike.null && alike.null < high);
        let apart = Linkability::of(&scores(2000, 20.0, 1), &scores(20_000, 0.0, 2), 3).unwrap();
        assert!(apart.d_sys > 0.999 && apart.null < 0.2, "{apart:?}");
        // It is not the scores' direction that counts.
        let below = Linkability::of(&scores(2000, -20.0, 1), &scores(20_000, 0.0, 2), 3).unwrap();
        assert!(below.d_sys > 0.999, "{below:?}");
    }

    /// Two normal densities, two standard deviations apart: the integral of (p - q) p / (p + q) above the crossing.
    #[test]
    fn what_overlaps_is_as_linkable_as_its_densities_say() {
        let found = Linkability::of(&scores(100_000, 2.0, 1), &scores(100_000, 0.0, 2), 3).unwrap().d_sys;
        let density = |x: f64, mean: f64| (-(x - mean).powi(2) / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let steps = (0..60_000).map(|at| 1.0 + f64::from(at) * 1e-4);
        let expected: f64 =
            steps.map(|x| (density(x, 2.0), density(x, 0.0))).map(|(p, q)| p * (p - q) / (p + q) * 1e-4).sum();
        assert!((found - expected).abs() < 0.01, "{found} {expected}");
    }

    #[test]
    fn too_few_or_equal_scores() {
        assert_eq!(Linkability::of(&[0.5; 9], &[0.1; 50], 1), None);
        assert_eq!(Linkability::of(&[0.5; 50], &[f32::NAN; 50], 1), None);
        let equal = Linkability::of(&[0.5; 50], &[0.5; 50], 1).unwrap();
        assert_eq!((equal.d_sys, equal.null), (0.0, 0.0));
    }
}
