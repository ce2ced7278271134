//! A finger of which several impressions are enrolled.

use super::PreparedFinger;

/// How many of the highest scores count. With three of mindtct's impressions enrolled, over all choices of three in four
/// FVC2002 sets, FNMR at FMR 1e-3 was 1.8 % by the highest score alone, 0.9 % by the mean of the two highest and 0.7 % by
/// the mean of all; but one poor impression of three must not spoil the finger, and the two highest also keep to the false
/// match rate of single comparisons, which the highest alone does not.
const COUNTED: usize = 2;

/// Impressions of one finger. Neither cloned nor printed.
#[derive(Debug, Default)]
pub struct EnrolledFinger {
    impressions: Vec<PreparedFinger>,
}

impl EnrolledFinger {
    /// A finger of these impressions, in any order.
    pub fn new(impressions: Vec<PreparedFinger>) -> Self {
        Self { impressions }
    }

    /// Of this finger.
    pub fn impressions(&self) -> &[PreparedFinger] {
        &self.impressions
    }

    /// How alike the finger is, 0 to 1: the mean of the two highest scores of its impressions.
    pub fn compare(&self, probe: &PreparedFinger) -> f32 {
        let scores: Vec<f32> = self.impressions.iter().map(|impression| impression.compare(probe)).collect();
        Self::fuse(&scores)
    }

    /// The finger's score from those of its impressions; 0 without any.
    pub fn fuse(scores: &[f32]) -> f32 {
        let mut highest = [0.0_f32; COUNTED];
        for &score in scores {
            let at = highest.partition_point(|&known| known >= score);
            highest[at..].rotate_right(usize::from(at < COUNTED));
            if let Some(slot) = highest.get_mut(at) {
                *slot = score;
            }
        }
        highest.iter().sum::<f32>() / scores.len().clamp(1, COUNTED) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_highest_count() {
        assert_eq!(EnrolledFinger::fuse(&[]), 0.0);
        assert_eq!(EnrolledFinger::fuse(&[0.5]), 0.5);
        assert_eq!(EnrolledFinger::fuse(&[0.25, 0.75]), 0.5);
        assert_eq!(EnrolledFinger::fuse(&[0.75, 0.0, 0.25]), 0.5);
        assert_eq!(EnrolledFinger::fuse(&[0.75, 0.25, 0.75, 0.5]), 0.75);
    }
}
