//! Best of many: samples of one traveler, over time and from several cameras, become one template.
//!
//! The fused template is the direction of the mean of the samples' unit vectors, each weighted by its quality. Two things
//! about its scores were measured (`matcher-eval fused`, Labeled Faces in the Wild) and are dealt with here:
//! - Averaging leaves what all faces have in common and removes what differs between frames, so that strangers' scores
//!   rise with the number of frames: at the threshold of single pictures for a rate of 1e-3, three frames a side matched at
//!   2.0e-3. [`Fused::score`] takes that back by how far the frames agree.
//! - Every further look at a growing fusion is another chance for an impostor. Scores that are so corrected and looked at
//!   from two frames on stay at or below the named rate; the highest score of three single frames exceeds it 2.5 times,
//!   that of eight five times.

use zeroize::Zeroizing;

use super::{FaceTemplate, OtherModel};

/// Most samples that one fusion keeps, whatever is asked for: beyond ten frames nothing is gained.
pub const FUSED_MOST: usize = 16;
/// A fused score is the cosine times the samples' agreement to this power. 0 is the cosine alone and lets strangers
/// in; 1 is the mean of the single scores and gives most of the gain away. Of the quarters between, this is the least
/// with which eight looks kept to every named rate from 1e-2 to 1e-5 on half of the people; it did on the other half, too.
const AGREEMENT_POWER: f32 = 0.75;

/// Why a sample cannot be fused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FusionError {
    /// Of another net than the samples before.
    #[error(transparent)]
    Model(#[from] OtherModel),
    /// A weight that is none.
    #[error("a sample of weight {0}: weights are finite and above zero")]
    Weight(f32),
    /// No samples, or such as cancel each other.
    #[error("there is nothing to fuse: capture the face first")]
    Nothing,
}

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is among the best.
    Kept,
    /// Enough better ones are there.
    Surplus,
    /// It shows somebody else than the samples before, or nobody well enough to tell: it was not taken. Whoever captures
    /// decides whom to go on with; [`Fusion::clear`] begins anew.
    Unlike,
}

struct Sample {
    template: FaceTemplate,
    weight: f32,
}

/// The best samples so far of one traveler. Templates are zeroed when they are dropped, whether outdone, cleared or at
/// the end.
pub struct Fusion {
    most: usize,
    alike_min: f32,
    samples: Vec<Sample>,
}

/// Samples in one.
#[derive(Debug)]
pub struct Fused {
    /// The template.
    pub template: FaceTemplate,
    /// From how many samples.
    pub samples: usize,
    /// How far the samples agree: the length of the mean of their unit vectors (the mean resultant length of directional
    /// statistics; Mardia and Jupp, 2.3.1), 1 when there is only one.
    pub agreement: f32,
}

impl Fused {
    /// Fuses templates with their weights.
    pub fn of(samples: &[(&FaceTemplate, f32)]) -> Result<Self, FusionError> {
        let &(first, _) = samples.first().ok_or(FusionError::Nothing)?;
        let total: f64 = samples.iter().map(|&(_, weight)| f64::from(weight)).sum();
        let mut mean = Zeroizing::new(vec![0.0; first.values().len()]);
        for &(template, weight) in samples {
            checked(weight)?;
            first.compare(template)?;
            let share = (f64::from(weight) / total) as f32;
            mean.iter_mut().zip(template.values()).for_each(|(sum, value)| *sum += share * value);
        }
        let agreement = mean.iter().map(|value| value * value).sum::<f32>().sqrt();
        let template = FaceTemplate::new(&first.model, mean).map_err(|_| FusionError::Nothing)?;
        Ok(Self { template, samples: samples.len(), agreement: agreement.min(1.0) })
    }

    /// How much a sample of this unified quality (0 to 100) counts beside others; never nothing.
    pub fn weight(quality: u8) -> f32 {
        f32::from(quality.max(1)) / 100.0
    }

    /// The score to hold against the threshold of single images, from the cosine that the fused template reached,
    /// protected or not.
    pub fn score(&self, cosine: f32) -> f32 {
        cosine * self.agreement.powf(AGREEMENT_POWER)
    }

    /// Whether the decision to accept is safe now, so that nobody need wait for more frames: enough samples, and a score
    /// that reaches the threshold. `samples_min` is policy; with one, each single frame has its chance and the false match
    /// rate rises above the named one. When time is up, what is there decides, be it one frame.
    pub fn is_safe(&self, score: f32, threshold: f32, samples_min: usize) -> bool {
        self.samples >= samples_min && score >= threshold
    }
}

impl Fusion {
    /// Keeps at most this many samples (1..=[`FUSED_MOST`]), each of which reaches the cosine `alike_min` with those
    /// before: the threshold of a false match rate, which keeps two people from being fused into one who resembles both.
    pub fn new(most: usize, alike_min: f32) -> Self {
        Self { most: most.clamp(1, FUSED_MOST), alike_min, samples: Vec::new() }
    }

    /// Takes a sample with how much it counts: more when its quality is higher.
    pub fn add(&mut self, template: FaceTemplate, weight: f32) -> Result<Added, FusionError> {
        checked(weight)?;
        if let Some(fused) = self.fused()
            && fused.template.compare(&template)? < self.alike_min
        {
            return Ok(Added::Unlike);
        }
        let sample = Sample { template, weight };
        if self.samples.len() < self.most {
            self.samples.push(sample);
            return Ok(Added::Kept);
        }
        let least = self.samples.iter_mut().min_by(|a, b| a.weight.total_cmp(&b.weight));
        match least {
            Some(least) if least.weight < sample.weight => {
                *least = sample;
                Ok(Added::Kept)
            }
            _ => Ok(Added::Surplus),
        }
    }

    /// Whether a sample of this weight would be kept: if not, its template need not be made.
    pub fn wants(&self, weight: f32) -> bool {
        self.samples.len() < self.most || self.samples.iter().any(|sample| sample.weight < weight)
    }

    /// How many samples are kept.
    pub fn samples(&self) -> usize {
        self.samples.len()
    }

    /// Forgets all samples.
    pub fn clear(&mut self) {
        self.samples.clear();
    }

    /// All kept samples in one; none of none.
    pub fn fused(&self) -> Option<Fused> {
        let samples: Vec<_> = self.samples.iter().map(|sample| (&sample.template, sample.weight)).collect();
        Fused::of(&samples).ok()
    }
}

fn checked(weight: f32) -> Result<(), FusionError> {
    match weight.is_finite() && weight > 0.0 {
        true => Ok(()),
        false => Err(FusionError::Weight(weight)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::{Strategy, any, prop, proptest};

    use super::*;

    /// A unit vector in the plane of two values.
    fn at(angle: f32) -> FaceTemplate {
        FaceTemplate::new(&"plane".into(), Zeroizing::new(vec![angle.cos(), angle.sin()])).unwrap()
    }

    fn angle(template: &FaceTemplate) -> f32 {
        template.values()[1].atan2(template.values()[0])
    }

    #[test]
    fn one_sample_is_itself_and_none_is_none() {
        let mut fusion = Fusion::new(3, 0.0);
        assert!(fusion.fused().is_none());
        assert_eq!(fusion.add(at(0.3), 2.0), Ok(Added::Kept));
        let fused = fusion.fused().unwrap();
        assert!((angle(&fused.template) - 0.3).abs() < 1e-6 && (fused.agreement - 1.0).abs() < 1e-6);
        assert!((fused.score(0.5) - 0.5).abs() < 1e-6);
        fusion.clear();
        assert!(fusion.fused().is_none() && fusion.samples() == 0);
    }

    #[test]
    fn samples_that_differ_cost_score_and_heavy_ones_pull() {
        let mut fusion = Fusion::new(2, 0.0);
        fusion.add(at(0.0), 1.0).unwrap();
        fusion.add(at(1.0), 1.0).unwrap();
        let even = fusion.fused().unwrap();
        assert!((angle(&even.template) - 0.5).abs() < 1e-6);
        assert!((even.agreement - 0.5f32.cos()).abs() < 1e-6);
        assert!((even.score(0.8) - 0.8 * 0.5f32.cos().powf(0.75)).abs() < 1e-6);
        fusion.add(at(1.0), 3.0).unwrap();
        assert!(angle(&fusion.fused().unwrap().template) > 0.9);
    }

    #[test]
    fn a_decision_is_safe_from_enough_samples_at_the_threshold() {
        let mut fusion = Fusion::new(3, 0.0);
        fusion.add(at(0.1), 1.0).unwrap();
        let one = fusion.fused().unwrap();
        assert!(!one.is_safe(0.9, 0.4, 2) && one.is_safe(0.9, 0.4, 1));
        fusion.add(at(0.1), 1.0).unwrap();
        let two = fusion.fused().unwrap();
        assert!(two.is_safe(0.4, 0.4, 2) && !two.is_safe(0.399, 0.4, 2) && !two.is_safe(f32::NAN, 0.4, 2));
    }

    #[test]
    fn two_people_do_not_become_one() {
        let mut fusion = Fusion::new(3, 0.36);
        fusion.add(at(0.0), 1.0).unwrap();
        // A cosine of 0.07.
        assert_eq!(fusion.add(at(1.5), 9.0), Ok(Added::Unlike));
        assert_eq!(fusion.samples(), 1);
        assert!(angle(&fusion.fused().unwrap().template).abs() < 1e-6);
        assert_eq!(fusion.add(at(0.5), 1.0), Ok(Added::Kept));
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        let mut fusion = Fusion::new(3, 0.0);
        for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(matches!(fusion.add(at(0.0), weight), Err(FusionError::Weight(_))), "{weight}");
        }
        assert_eq!(fusion.samples(), 0);
        for _ in 0..3 {
            fusion.add(at(0.0), f32::MAX).unwrap();
        }
        assert!((fusion.fused().unwrap().agreement - 1.0).abs() < 1e-6);
    }

    fn samples() -> impl Strategy<Value = Vec<(f32, f32)>> {
        prop::collection::vec((-0.5f32..0.5, 0.1f32..50.0), 1..40)
    }

    proptest! {
        /// Against a model that keeps everything: the heaviest count, the earlier of equals, in whatever order they come.
        #[test]
        fn the_best_are_kept(samples in samples(), most in 1usize..20) {
            let mut fusion = Fusion::new(most, -1.0);
            for (direction, weight) in &samples {
                fusion.add(at(*direction), *weight).unwrap();
            }
            let mut best = samples.clone();
            best.sort_by(|a, b| b.1.total_cmp(&a.1));
            best.truncate(most.min(FUSED_MOST));
            assert_eq!(fusion.samples(), best.len());
            let sum = |part: fn(f32) -> f32| best.iter().map(|(angle, weight)| part(*angle) * weight).sum::<f32>();
            let (x, y, total) = (sum(f32::cos), sum(f32::sin), best.iter().map(|(_, weight)| weight).sum::<f32>());
            let fused = fusion.fused().unwrap();
            assert!((angle(&fused.template) - y.atan2(x)).abs() < 1e-4);
            assert!((fused.agreement - x.hypot(y) / total).abs() < 1e-4);
        }

        /// The template has unit length, and no score exceeds the cosine that it is made from.
        #[test]
        fn fusing_never_raises_a_score(samples in samples(), cosine in 0.0f32..1.0, most in any::<usize>()) {
            let mut fusion = Fusion::new(most, -1.0);
            for (direction, weight) in samples {
                fusion.add(at(direction), weight).unwrap();
                let fused = fusion.fused().unwrap();
                assert!((fused.template.compare(&fused.template).unwrap() - 1.0).abs() < 1e-4);
                assert!(fused.score(cosine) <= cosine + 1e-6 && fused.score(cosine) >= 0.0);
            }
        }
    }
}
