//! Error rates of a comparison algorithm (ISO/IEC 19795-1:2021, 8).

use serde::Serialize;

/// FNMR at one FMR.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct OperatingPoint {
    /// False match rate asked for.
    pub fmr: f64,
    /// Lowest threshold whose false match rate is at most that.
    pub threshold: f32,
    /// False non-match rate there.
    pub fnmr: f64,
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
        genuine.sort_by(f32::total_cmp);
        impostor.sort_by(f32::total_cmp);
        Self { genuine, impostor }
    }

    /// Genuine and impostor comparisons.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.genuine.len(), self.impostor.len())
    }

    fn rate_below(sorted: &[f32], threshold: f32) -> f64 {
        sorted.partition_point(|&score| score < threshold) as f64 / sorted.len().max(1) as f64
    }

    /// The operating point at this FMR; a comparison matches when its score reaches the threshold.
    pub(crate) fn at_fmr(&self, fmr: f64) -> OperatingPoint {
        let allowed = (fmr * self.impostor.len() as f64).floor() as usize;
        // Just above the highest impostor score that may not match.
        let threshold = match self.impostor.len().checked_sub(allowed + 1).and_then(|at| self.impostor.get(at)) {
            Some(score) => score.next_up(),
            None => f32::NEG_INFINITY,
        };
        OperatingPoint { fmr, threshold, fnmr: Self::rate_below(&self.genuine, threshold) }
    }

    /// Equal error rate: the mean of both rates where they are nearest.
    pub(crate) fn eer(&self) -> f64 {
        let rates = |&threshold: &f32| {
            (Self::rate_below(&self.genuine, threshold), 1.0 - Self::rate_below(&self.impostor, threshold))
        };
        let nearest = self.genuine.iter().map(rates).min_by(|a, b| (a.0 - a.1).abs().total_cmp(&(b.0 - b.1).abs()));
        nearest.map_or(f64::NAN, |(fnmr, fmr)| (fnmr + fmr) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_by_hand() {
        let scores = Scores::new(vec![0.9, 0.8, 0.3, 0.7], vec![0.1, 0.2, 0.4, 0.0, 0.5, 0.1, 0.2, 0.1, 0.1, 0.0]);
        // One of ten impostors (0.5) may match: the threshold lies just above 0.4.
        let point = scores.at_fmr(0.1);
        assert!(point.threshold > 0.4 && point.threshold < 0.401);
        assert_eq!(point.fnmr, 0.25);
        assert!(scores.at_fmr(0.0).threshold > 0.5);
        assert_eq!(scores.at_fmr(1.0).fnmr, 0.0);
        // At a threshold of 0.7 one of four genuine fails and no impostor matches; at 0.3 none and two of ten.
        assert!((scores.eer() - 0.1).abs() < 1e-9, "{}", scores.eer());
    }
}
