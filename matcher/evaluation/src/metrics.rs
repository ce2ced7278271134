//! Error rates of a comparison algorithm (ISO/IEC 19795-1:2021, 8 and 10).
//!
//! A comparison matches when its score *reaches* the threshold, everywhere: a genuine and an impostor comparison of
//! the same score match together or not at all. Rates of no comparisons at all are `None`, never NaN.

use serde::Serialize;

/// Expected false matches from which on a false match rate is told with some certainty: with 30 errors, the true rate
/// lies within 30 % of the observed one with 90 % confidence (Doddington's rule of 30; ISO/IEC 19795-1, B.1).
pub(crate) const ERRORS_FOR_CERTAINTY: f64 = 30.0;
/// Keeps `0.29 * 100.0` at 29: products of a rate and a count are whole numbers but for rounding.
const ROUNDING: f64 = 1e-9;

/// FNMR at one FMR.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct OperatingPoint {
    /// False match rate asked for.
    pub fmr: f64,
    /// Lowest threshold whose false match rate is at most that.
    pub threshold: f32,
    /// False matches there.
    pub false_matches: usize,
    /// False non-match rate there.
    pub fnmr: Option<f64>,
}

/// Where both error rates meet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct EqualError {
    /// Equal error rate.
    pub rate: f64,
    /// A threshold where the rates are nearest.
    pub threshold: f32,
}

/// Scores, each kind sorted upwards.
#[derive(Debug)]
pub(crate) struct Scores {
    genuine: Vec<f32>,
    impostor: Vec<f32>,
}

impl Scores {
    /// Sorts scores; higher is more alike.
    pub(crate) fn new(mut genuine: Vec<f32>, mut impostor: Vec<f32>) -> Self {
        genuine.sort_unstable_by(f32::total_cmp);
        impostor.sort_unstable_by(f32::total_cmp);
        Self { genuine, impostor }
    }

    /// Genuine and impostor comparisons.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.genuine.len(), self.impostor.len())
    }

    /// Genuine scores, sorted upwards.
    pub(crate) fn genuine(&self) -> &[f32] {
        &self.genuine
    }

    /// Impostor scores, sorted upwards.
    pub(crate) fn impostor(&self) -> &[f32] {
        &self.impostor
    }

    /// False non-match rate: genuine comparisons that do not reach this threshold.
    pub(crate) fn fnmr(&self, threshold: f32) -> Option<f64> {
        rate(below(&self.genuine, threshold), self.genuine.len())
    }

    /// False match rate: impostor comparisons that reach this threshold.
    pub(crate) fn fmr(&self, threshold: f32) -> Option<f64> {
        rate(self.impostor.len() - below(&self.impostor, threshold), self.impostor.len())
    }

    /// The operating point at this FMR. `None` without impostor comparisons: no threshold can be told.
    ///
    /// When even one false match would be too many (`fmr` below one in the comparisons made), the threshold lies just
    /// above the highest impostor score: no proof that the rate is that low, see [`Self::is_certain`].
    pub(crate) fn at_fmr(&self, fmr: f64) -> Option<OperatingPoint> {
        let allowed = allowed(fmr, self.impostor.len());
        // Just above the highest impostor score that may not match.
        let threshold = match self.impostor.len().checked_sub(allowed + 1).and_then(|at| self.impostor.get(at)) {
            Some(score) => score.next_up(),
            None => *self.impostor.first()?,
        };
        let false_matches = self.impostor.len() - below(&self.impostor, threshold);
        Some(OperatingPoint { fmr, threshold, false_matches, fnmr: self.fnmr(threshold) })
    }

    /// Whether enough impostor comparisons stand behind this FMR.
    pub(crate) fn is_certain(&self, fmr: f64) -> bool {
        fmr * self.impostor.len() as f64 + ROUNDING >= ERRORS_FOR_CERTAINTY
    }

    /// Equal error rate as of FVC2000 (Maio et al., "FVC2000: Fingerprint Verification Competition", 2002, 4.2): the
    /// rates are steps and seldom equal, so take the threshold on that side of the crossing where their sum is
    /// smaller, and the mean of both rates there.
    pub(crate) fn eer(&self) -> Option<EqualError> {
        let rates = |threshold: f32| Some((self.fnmr(threshold)?, self.fmr(threshold)?));
        // Between two neighboring scores no rate changes, so that thresholds at and just above scores are all there are.
        let is_before = |threshold: f32| rates(threshold).is_some_and(|(fnmr, fmr)| fnmr <= fmr);
        let mut before = f32::NEG_INFINITY;
        let mut after = f32::INFINITY;
        for scores in [&self.genuine, &self.impostor] {
            let crossing = scores.partition_point(|&score| is_before(score));
            if let Some(&score) = crossing.checked_sub(1).and_then(|at| scores.get(at)) {
                before = before.max(score);
            }
            after = after.min(scores.get(crossing).copied().unwrap_or(f32::INFINITY));
        }
        // Just above the last score before the crossing, the rates are others already.
        match is_before(before.next_up()) {
            true => before = before.next_up(),
            false => after = before.next_up(),
        }
        let (low, high) = (rates(before)?, rates(after)?);
        let (nearer, threshold) =
            if low.0 == low.1 || low.0 + low.1 <= high.0 + high.1 { (low, before) } else { (high, after) };
        Some(EqualError { rate: (nearer.0 + nearer.1) / 2.0, threshold })
    }
}

/// How many of `count` comparisons may match at this rate.
pub(crate) fn allowed(rate: f64, count: usize) -> usize {
    (rate * count as f64 + ROUNDING).floor() as usize
}

/// How many of these sorted scores lie below the threshold.
pub(crate) fn below(sorted: &[f32], threshold: f32) -> usize {
    sorted.partition_point(|&score| score < threshold)
}

/// A part of a whole, if there is a whole.
pub(crate) fn rate(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_by_hand() {
        let scores = Scores::new(vec![0.9, 0.8, 0.3, 0.7], vec![0.1, 0.2, 0.4, 0.0, 0.5, 0.1, 0.2, 0.1, 0.1, 0.0]);
        // One of ten impostors (0.5) may match: the threshold lies just above 0.4.
        let point = scores.at_fmr(0.1).unwrap();
        assert!(point.threshold > 0.4 && point.threshold < 0.401);
        assert_eq!((point.fnmr, point.false_matches), (Some(0.25), 1));
        assert!(scores.at_fmr(0.0).unwrap().threshold > 0.5);
        assert_eq!(scores.at_fmr(1.0).unwrap().fnmr, Some(0.0));
        // At a threshold of 0.7 one of four genuine fails and no impostor matches; at 0.3 none and two of ten.
        let eer = scores.eer().unwrap();
        assert!((eer.rate - 0.1).abs() < 1e-9, "{eer:?}");
        assert_eq!((scores.fnmr(0.3), scores.fmr(0.3)), (Some(0.0), Some(0.2)));
    }

    #[test]
    fn a_score_at_the_threshold_matches_whichever_its_kind() {
        let scores = Scores::new(vec![0.5, 0.5, 0.6], vec![0.5, 0.4, 0.5, 0.5]);
        assert_eq!((scores.fnmr(0.5), scores.fmr(0.5)), (Some(0.0), Some(0.75)));
        // One of four may match, but three tie: none does, and the genuine ones of that score fail with them.
        let point = scores.at_fmr(0.25).unwrap();
        assert_eq!((point.threshold, point.false_matches), (0.5_f32.next_up(), 0));
        assert_eq!(point.fnmr, Some(2.0 / 3.0));
        // At 0.5: (0, 3/4); just above: (2/3, 0). The smaller sum is above.
        let eer = scores.eer().unwrap();
        assert_eq!((eer.rate, eer.threshold), (1.0 / 3.0, 0.5_f32.next_up()));
    }

    #[test]
    fn told_apart_or_all_alike() {
        let apart = Scores::new(vec![0.8, 0.9], vec![0.1, 0.2]);
        assert_eq!(apart.eer().unwrap().rate, 0.0);
        let alike = Scores::new(vec![0.5; 3], vec![0.5; 4]);
        assert_eq!(alike.eer().unwrap().rate, 0.5);
        let reversed = Scores::new(vec![0.1, 0.2], vec![0.8, 0.9]);
        assert_eq!(reversed.eer().unwrap().rate, 1.0);
    }

    #[test]
    fn nothing_to_compare_is_no_rate() {
        let neither = Scores::new(vec![], vec![]);
        assert!(neither.eer().is_none() && neither.at_fmr(1e-3).is_none() && neither.fnmr(0.0).is_none());
        let impostors = Scores::new(vec![], vec![0.1, 0.2]);
        assert_eq!(impostors.at_fmr(0.5).unwrap().fnmr, None);
        assert_eq!(impostors.eer(), None);
        let genuine = Scores::new(vec![0.4], vec![]);
        assert!(genuine.at_fmr(0.5).is_none() && genuine.eer().is_none());
        assert_eq!(genuine.fnmr(0.5), Some(1.0));
    }

    #[test]
    fn rates_of_whole_counts_are_not_rounded_away() {
        assert_eq!(0.29 * 100.0, 28.999999999999996);
        assert_eq!((allowed(0.29, 100), allowed(1e-3, 1000), allowed(1e-3, 999)), (29, 1, 0));
        let scores = Scores::new(vec![], (0..3000).map(|at| at as f32).collect());
        assert_eq!((scores.is_certain(1e-2), scores.is_certain(0.0099)), (true, false));
    }

    /// Few different values, so that ties are the rule.
    fn some(most: usize) -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec((-20_i8..20).prop_map(|value| f32::from(value) / 20.0), 1..most)
    }

    proptest! {
        #[test]
        fn rates_agree_with_counting(genuine in some(40), impostor in some(60), at in -21_i8..21) {
            let threshold = f32::from(at) / 20.0;
            let failed = genuine.iter().filter(|&&score| score < threshold).count() as f64 / genuine.len() as f64;
            let matched = impostor.iter().filter(|&&score| score >= threshold).count() as f64 / impostor.len() as f64;
            let scores = Scores::new(genuine, impostor);
            prop_assert_eq!(scores.fnmr(threshold), Some(failed));
            prop_assert_eq!(scores.fmr(threshold), Some(matched));
        }

        #[test]
        fn the_threshold_keeps_the_rate_and_none_lower_does(genuine in some(40), impostor in some(60), fmr in 0.0..1.0) {
            let scores = Scores::new(genuine, impostor);
            let point = scores.at_fmr(fmr).unwrap();
            prop_assert!(scores.fmr(point.threshold).unwrap() <= fmr + 1e-9);
            let lower = scores.fmr(point.threshold.next_down()).unwrap();
            prop_assert!(lower > fmr - 1e-9, "{lower} at a lower threshold, {fmr} allowed");
        }

        #[test]
        fn a_stricter_rate_fails_more(genuine in some(40), impostor in some(60), a in 0.0..1.0, b in 0.0..1.0) {
            let scores = Scores::new(genuine, impostor);
            let [strict, lenient] = [f64::min(a, b), f64::max(a, b)].map(|fmr| scores.at_fmr(fmr).unwrap());
            prop_assert!(strict.threshold >= lenient.threshold);
            prop_assert!(strict.fnmr >= lenient.fnmr && strict.false_matches <= lenient.false_matches);
        }

        /// By going through every threshold there is.
        #[test]
        fn the_equal_error_rate_lies_between_the_rates_that_cross(genuine in some(40), impostor in some(60)) {
            let scores = Scores::new(genuine.clone(), impostor.clone());
            let mut thresholds: Vec<f32> = genuine.iter().chain(&impostor).flat_map(|s| [*s, s.next_up()]).collect();
            thresholds.sort_by(f32::total_cmp);
            let rates = |&threshold: &f32| (scores.fnmr(threshold).unwrap(), scores.fmr(threshold).unwrap());
            let crossing = thresholds.partition_point(|threshold| rates(threshold).0 <= rates(threshold).1);
            let low = rates(&thresholds[crossing - 1]);
            let high = thresholds.get(crossing).map_or((1.0, 0.0), rates);
            let nearer = if low.0 == low.1 || low.0 + low.1 <= high.0 + high.1 { low } else { high };
            let eer = scores.eer().unwrap();
            prop_assert!((eer.rate - (nearer.0 + nearer.1) / 2.0).abs() < 1e-12, "{eer:?} {low:?} {high:?}");
            prop_assert_eq!(rates(&eer.threshold), nearer);
        }
    }
}
