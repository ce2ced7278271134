//! What comparisons of protected templates say, of faces or fingers: error rates and what protection adds to them, links,
//! and how often something passes.

use std::ops::Range;

use super::{
    linkability::Linkability,
    report::{Accuracy, AccuracyPoint, Attempts, Cost, Linked},
};
use crate::{
    bootstrap::{Evidence, Interval, Resample, draws},
    breakdown::Roster,
    comparisons::Comparisons,
    measured,
    metrics::{Scores, rate},
    report::{FMRS, Histogram},
};

/// The false match rate at which attacks count as passed.
pub(super) const ATTACK_FMR: f64 = 1e-3;
/// Codes of others that each code is compared with for linking: beyond these, more change little.
const OTHERS: usize = 20;

/// Whose each sample is.
#[derive(Default)]
pub(super) struct Owners {
    /// Of each sample, its person: a finger stands for a person.
    pub people: Vec<u32>,
    /// The samples of each person.
    pub of_person: Vec<Vec<usize>>,
    /// Samples of one sensor, which alone are compared as those of different people.
    pub sets: Vec<Range<usize>>,
}

impl Owners {
    /// `people` tells whose each sample is, below `count`; all are of one set.
    pub(super) fn new(people: Vec<u32>, count: usize) -> Self {
        let mut of_person = vec![Vec::new(); count];
        for (sample, &person) in people.iter().enumerate() {
            if let Some(samples) = of_person.get_mut(person as usize) {
                samples.push(sample);
            }
        }
        let sets = std::iter::once(0..people.len()).collect();
        Self { people, of_person, sets }
    }

    /// Takes in another set, whose samples and people are counted on from those that are here.
    pub(super) fn append(&mut self, other: &Self) {
        let (samples, people) = (self.people.len(), self.of_person.len() as u32);
        self.people.extend(other.people.iter().map(|person| person + people));
        let moved = other.of_person.iter().map(|own| own.iter().map(|sample| sample + samples).collect());
        self.of_person.extend(moved);
        self.sets.extend(other.sets.iter().map(|set| set.start + samples..set.end + samples));
    }

    /// The samples of a person.
    pub(super) fn of(&self, person: u32) -> &[usize] {
        self.of_person.get(person as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// How many people have a sample.
    pub(super) fn count(&self) -> usize {
        self.of_person.iter().filter(|samples| !samples.is_empty()).count()
    }
}

/// How codes are compared for linking.
#[derive(Clone, Copy)]
pub(super) struct Linking<'a> {
    /// Of codes at [`ATTACK_FMR`].
    pub threshold: f32,
    /// Whether a sample's code in the one set of codes is compared with the same sample's in the other one.
    pub same_sample: bool,
    /// People who are left out.
    pub without: &'a [u32],
}

/// What the protected are held against.
struct Unprotected {
    thresholds: Vec<f32>,
    fnmr: Vec<Option<f64>>,
    eer: Option<f64>,
    resamples: Vec<Resample>,
}

/// Tells what comparisons mean. Intervals are of a bootstrap over people.
pub(super) struct Judge<'a> {
    pub owners: &'a Owners,
    pub threads: usize,
    pub seed: u64,
    /// Of the first one judged.
    unprotected: Option<Unprotected>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(owners: &'a Owners, seed: u64, threads: usize) -> Self {
        Self { owners, threads, seed, unprotected: None }
    }

    /// Error rates of a scheme; the first that is judged is the unprotected one, and the others are told beside it.
    pub(super) fn accuracy(
        &mut self,
        scheme: &'static str,
        keys: &'static str,
        bytes: usize,
        compared: &Comparisons,
    ) -> Accuracy {
        let scores = &compared.scores;
        let samples: Vec<u32> = (0..self.owners.people.len() as u32).collect();
        let (people_of_pictures, people) = (&self.owners.people[..], self.owners.of_person.len());
        let roster = Roster { people_of_pictures, pictures_of_samples: &samples, people };
        let resamples = Evidence::new(&roster, compared).resamples(&FMRS.map(|(_, fmr)| fmr), &[], self.threads);
        let behind = self.owners.of_person.iter().filter(|samples| samples.len() > 1).count();
        let before = self.unprotected.as_ref();
        let cost = |own: Option<f64>, other: Option<f64>, of: &dyn Fn(&Resample) -> Option<f64>| {
            // The same people are drawn for both, so that what both share cancels.
            let pairs = resamples.iter().zip(&before?.resamples);
            let interval = Interval::middle(pairs.map(|(after, before)| Some(of(after)? - of(before)?)));
            Some(Cost { above: own? - other?, interval })
        };
        let mut points = Vec::with_capacity(FMRS.len());
        for (at, (_, fmr)) in FMRS.into_iter().enumerate() {
            let Some(point) = scores.at_fmr(fmr) else { continue };
            let fnmr_of = |resample: &Resample| resample.fnmr.get(at).copied().flatten();
            let threshold = before.and_then(|before| before.thresholds.get(at));
            points.push(AccuracyPoint {
                point,
                certain: scores.is_certain(fmr),
                fnmr_interval: Interval::of(point.fnmr, resamples.iter().map(fnmr_of), behind),
                cost: cost(point.fnmr, before.and_then(|before| before.fnmr.get(at).copied().flatten()), &fnmr_of),
                fmr_at_unprotected_threshold: threshold.and_then(|&threshold| scores.fmr(threshold)),
            });
        }
        let eer = scores.eer().map(|equal| equal.rate);
        let eer_cost = cost(eer, before.and_then(|before| before.eer), &|resample| resample.eer);
        let accuracy = Accuracy {
            scheme,
            keys,
            bytes,
            eer,
            eer_interval: Interval::of(eer, resamples.iter().map(|one| one.eer), behind),
            eer_cost,
            points,
            det: measured::trade_off(scores),
            resampled_eer: resamples.iter().map(|one| one.eer).collect(),
        };
        if self.unprotected.is_none() {
            let thresholds = accuracy.points.iter().map(|point| point.point.threshold).collect();
            let fnmr = accuracy.points.iter().map(|point| point.point.fnmr).collect();
            self.unprotected = Some(Unprotected { thresholds, fnmr, eer, resamples });
        }
        accuracy
    }

    /// Compares codes of one kind with those of another: of one person (mated) and of different ones of a set.
    pub(super) fn linked(&self, name: &'static str, with: &Linking<'_>, score: impl Fn(usize, usize) -> f32) -> Linked {
        let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
        let mut passes = Passes::new(self.owners);
        for set in &self.owners.sets {
            for first in set.clone() {
                let Some(&person) = self.owners.people.get(first) else { continue };
                if with.without.contains(&person) {
                    continue;
                }
                for &second in self.owners.of(person) {
                    if first != second || with.same_sample {
                        let score = score(first, second);
                        passes.note(person, score >= with.threshold);
                        mated.push(score);
                    }
                }
                for on in 1..=OTHERS {
                    let second = set.start + (first - set.start + on * set.len() / (OTHERS + 1)) % set.len();
                    let other = self.owners.people.get(second).copied().unwrap_or(person);
                    if other != person && !with.without.contains(&other) {
                        non_mated.push(score(first, second));
                    }
                }
            }
        }
        let passed = non_mated.iter().filter(|&&score| score >= with.threshold).count();
        let non_mated_passes = rate(passed, non_mated.len());
        let linkability = Linkability::of(&mated, &non_mated, self.seed);
        let histogram = Histogram::of(&Scores::new(mated, non_mated));
        Linked { name, linkability, mated_passes: passes.attempts(), non_mated_passes, histogram }
    }

    /// Links two galleries of one key each by those people whose codes an attacker can name in both: a code's similarities
    /// to theirs survive the change of key, since one key keeps what is alike. `similarity` is of two codes of the first
    /// gallery (0) or of the second one (1); known are these people's samples.
    pub(super) fn known(&self, known: &[usize], similarity: impl Fn(usize, usize, usize) -> f32) -> Linked {
        let people: Vec<u32> = known.iter().filter_map(|&sample| self.owners.people.get(sample).copied()).collect();
        let [one, other] = [0, 1].map(|gallery| -> Vec<Vec<f32>> {
            let profile = |sample: usize| unit(known.iter().map(|&known| similarity(gallery, sample, known)).collect());
            (0..self.owners.people.len()).map(profile).collect()
        });
        let with = Linking { threshold: f32::INFINITY, same_sample: true, without: &people };
        self.linked("the same, with some known in both", &with, |first, second| {
            one.get(first).zip(other.get(second)).map_or(f32::NAN, |(first, second)| dot(first, second))
        })
    }
}

/// Of length 1, about a mean of 0.
fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    values.iter_mut().for_each(|value| *value -= mean);
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    values.iter_mut().for_each(|value| *value /= norm);
    values
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Attempts and passes of each person.
#[derive(Clone)]
pub(super) struct Passes(Vec<(u32, u32)>);

impl Passes {
    pub(super) fn new(owners: &Owners) -> Self {
        Self(vec![(0, 0); owners.of_person.len()])
    }

    pub(super) fn note(&mut self, person: u32, passed: bool) {
        self.add(person, (1, u32::from(passed)));
    }

    /// So many attempts, of which so many passed.
    pub(super) fn add(&mut self, person: u32, (attempts, passes): (u32, u32)) {
        if let Some(own) = self.0.get_mut(person as usize) {
            *own = (own.0 + attempts, own.1 + passes);
        }
    }

    pub(super) fn attempts(&self) -> Attempts {
        let once = vec![1; self.0.len()];
        let sums = |weights: &[u32]| {
            self.0.iter().zip(weights).fold((0, 0), |(attempts, passes), (own, &weight)| {
                (attempts + (own.0 * weight) as usize, passes + (own.1 * weight) as usize)
            })
        };
        let of = |(attempts, passes)| rate(passes, attempts);
        let (attempts, passes) = sums(&once);
        let people = self.0.iter().filter(|own| own.0 > 0).count();
        let interval =
            Interval::of(of((attempts, passes)), draws(self.0.len()).map(|weights| of(sums(&weights))), people);
        Attempts { attempts, passes, rate: of((attempts, passes)), interval }
    }
}

/// Of [`ATTACK_FMR`].
pub(super) fn threshold(compared: &Comparisons) -> f32 {
    compared.scores.at_fmr(ATTACK_FMR).map_or(f32::INFINITY, |point| point.threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_counted_on_and_others_are_of_the_same_set() {
        let mut all = Owners::new(vec![0, 0, 1], 2);
        all.append(&Owners::new(vec![0, 2, 2], 3));
        assert_eq!((&all.people[..], all.count()), (&[0, 0, 1, 2, 4, 4][..], 4));
        assert_eq!((all.of(4), all.of(3), all.of(9)), (&[4, 5][..], &[][..], &[][..]));
        assert_eq!(all.sets, [0..3, 3..6]);
        let judge = Judge::new(&all, 1, 1);
        let with = Linking { threshold: 0.5, same_sample: false, without: &[1] };
        let linked = judge.linked("any", &with, |first, second| {
            let set = |sample: usize| all.sets.iter().position(|set| set.contains(&sample));
            assert_eq!(set(first), set(second));
            assert!(first != 2 && second != 2, "left out");
            f32::from(u8::from(all.people.get(first) == all.people.get(second)))
        });
        // Both directions of the two pairs; the other scores are 0, of fingers of the second set alone.
        assert_eq!((linked.mated_passes.attempts, linked.mated_passes.passes), (4, 4));
        assert_eq!(linked.non_mated_passes, Some(0.0));
    }

    #[test]
    fn passes_are_told_with_an_interval_over_people() {
        let owners = Owners::new((0..40).collect(), 40);
        let mut passes = Passes::new(&owners);
        (0..40).for_each(|person| passes.add(person, (10, u32::from(person % 4 == 0))));
        let told = passes.attempts();
        assert_eq!((told.attempts, told.passes, told.rate), (400, 10, Some(0.025)));
        assert!(told.interval.is_some_and(|Interval(low, high)| 0.005 < low && low < 0.025 && high < 0.06), "{told:?}");
    }
}
