//! Confidence intervals by resampling people.
//!
//! Comparisons that share a person are not independent, so it is people that are drawn again, with replacement, and
//! all their comparisons with them: the subsets bootstrap (Bolle, Ratha and Pankanti, "Error analysis of pattern
//! recognition systems - the subsets bootstrap", 2004), with both sides of an impostor comparison resampled as the
//! two-way structure of cross-comparison asks (Poh, Martin and Bengio, "Performance generalization in biometric
//! authentication using joint user-specific and sample bootstraps", 2007; Owen, "The pigeonhole bootstrap", 2007).
//! A comparison then counts as often as the product of its two people's weights, and one sweep from the closest
//! impostor downwards tells every rate of a resample: the closest tenth of the impostors is enough.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use serde::Serialize;

use crate::{
    breakdown::{Counts, Roster, Tally},
    comparisons::{Comparisons, Impostors},
    metrics::allowed,
};

/// How often people are resampled: the ends of a 95 % interval then stand on 25 resamples each.
pub(crate) const RESAMPLES: u64 = 1000;
/// Share of resamples within an interval.
pub(crate) const CONFIDENCE: f64 = 0.95;
/// Fewer people than this tell nothing of people in general.
pub(crate) const PEOPLE_MIN: usize = 5;
/// Any constant: the same data has the same intervals.
const SEED: u64 = 0x5a11_1909;

/// A confidence interval, in JSON `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Interval(pub f64, pub f64);

impl Interval {
    /// The interval of an estimate from what resamples say (percentile method), with `people` behind it.
    ///
    /// Without any error, resamples have none either; the true rate may still be as high as the rule of three says
    /// (ISO/IEC 19795-1, B.1), for people, not for comparisons. The same from the other end.
    pub(crate) fn of(estimate: Option<f64>, values: impl Iterator<Item = Option<f64>>, people: usize) -> Option<Self> {
        let estimate = estimate?;
        let Self(mut low, mut high) = Self::middle(values)?;
        let unseen = 1.0 - (1.0 - CONFIDENCE).powf(1.0 / people.max(1) as f64);
        if estimate <= 0.0 {
            high = high.max(unseen);
        } else if estimate >= 1.0 {
            low = low.min(1.0 - unseen);
        } else if people < PEOPLE_MIN {
            return None;
        }
        Some(Self(low, high))
    }

    /// What [`CONFIDENCE`] of the resamples lie within, for what is no rate, such as a difference of two.
    pub(crate) fn middle(values: impl Iterator<Item = Option<f64>>) -> Option<Self> {
        let (mut valid, mut all) = (Vec::new(), 0);
        for value in values {
            all += 1;
            valid.extend(value);
        }
        // Where most resamples have no such comparison there is nothing to tell.
        if valid.is_empty() || valid.len() * 2 < all {
            return None;
        }
        valid.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| valid.get((part * (valid.len() - 1) as f64).round() as usize).copied();
        Some(Self(at((1.0 - CONFIDENCE) / 2.0)?, at((1.0 + CONFIDENCE) / 2.0)?))
    }
}

/// What one resample of the people says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resample {
    /// FNMR at each false match rate asked for.
    pub fnmr: Vec<Option<f64>>,
    /// Equal error rate.
    pub eer: Option<f64>,
    /// Of each tally, each group.
    pub groups: Vec<Vec<Counts>>,
}

/// The comparisons, by person.
pub(crate) struct Evidence {
    /// Samples of each person.
    samples: Vec<u32>,
    impostors: Impostors,
    /// The most alike first.
    genuine: Vec<(u32, f32)>,
    /// The most alike first.
    closest: Vec<(u32, u32, f32)>,
}

impl Evidence {
    pub(crate) fn new(roster: &Roster<'_>, comparisons: &Comparisons) -> Self {
        let mut samples = vec![0; roster.people];
        for sample in 0..roster.pictures_of_samples.len() as u32 {
            if let Some(count) = samples.get_mut(roster.person(sample) as usize) {
                *count += 1;
            }
        }
        let genuine = comparisons.genuine.iter().rev().map(|pair| (roster.person(pair.first), pair.score)).collect();
        let closest = &comparisons.closest;
        let closest =
            closest.iter().map(|pair| (roster.person(pair.first), roster.person(pair.second), pair.score)).collect();
        Self { samples, impostors: comparisons.impostors, genuine, closest }
    }

    /// Draws people anew, [`RESAMPLES`] times; `rates` are false match rates, falling.
    pub(crate) fn resamples(&self, rates: &[f64], tallies: &[&Tally], threads: usize) -> Vec<Resample> {
        let next = AtomicU64::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= RESAMPLES {
                    return done;
                }
                let weights = draw(self.samples.len(), SEED.wrapping_add(at));
                let (fnmr, eer) = self.sweep(rates, &weights);
                let groups = tallies.iter().map(|tally| tally.counts(&weights)).collect();
                done.push((at, Resample { fnmr, eer, groups }));
            }
        };
        let mut done: Vec<(u64, Resample)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
        });
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, resample)| resample).collect()
    }

    /// Impostor comparisons when every sample meets every one of every other person.
    fn every(&self, weights: &[u32]) -> usize {
        let (samples, squares) = self.samples.iter().zip(weights).fold((0, 0), |(sum, squares), (&count, &weight)| {
            let count = count as usize * weight as usize;
            (sum + count, squares + count * count)
        });
        (samples * samples - squares) / 2
    }

    /// FNMR at these false match rates and the equal error rate, as [`crate::metrics::Scores`] defines them, when each
    /// person stands there as often as its weight says. `None` where the comparisons kept do not reach so far down.
    fn sweep(&self, rates: &[f64], weights: &[u32]) -> (Vec<Option<f64>>, Option<f64>) {
        let weight = |person: u32| weights.get(person as usize).map_or(0, |&weight| weight as usize);
        let genuine: usize = self.genuine.iter().map(|&(person, _)| weight(person)).sum();
        let impostor = match self.impostors {
            Impostors::Every => self.every(weights),
            Impostors::Chosen => self.closest.iter().map(|&(a, b, _)| weight(a) * weight(b)).sum(),
        };
        let mut fnmr = vec![None; rates.len()];
        if genuine == 0 || impostor == 0 {
            return (fnmr, None);
        }
        // The strictest rate is reached first.
        let mut waiting: Vec<(usize, usize)> =
            rates.iter().enumerate().map(|(at, &rate)| (at, allowed(rate, impostor))).collect();
        waiting.sort_by_key(|&(_, allowed)| std::cmp::Reverse(allowed));
        let mut genuine_steps = self.genuine.chunk_by(|a, b| a.1 == b.1).peekable();
        let (mut matched, mut false_matches) = (0, 0);
        let mut eer = None;
        let rate = |failed: usize, matches: usize| (failed as f64 / genuine as f64, matches as f64 / impostor as f64);
        for tied in self.closest.chunk_by(|a, b| a.2 == b.2) {
            let score = tied.first().map_or(f32::NEG_INFINITY, |tied| tied.2);
            // Thresholds between the impostor before and this one: only genuine comparisons change sides.
            while let Some(step) = genuine_steps.next_if(|step| step.first().is_some_and(|genuine| genuine.1 > score)) {
                matched += step.iter().map(|&(person, _)| weight(person)).sum::<usize>();
                let (failed, matches) = rate(genuine - matched, false_matches);
                if eer.is_none() && failed <= matches {
                    eer = Some((failed + matches) / 2.0);
                }
            }
            let above = rate(genuine - matched, false_matches);
            false_matches += tied.iter().map(|&(a, b, _)| weight(a) * weight(b)).sum::<usize>();
            while waiting.last().is_some_and(|&(_, allowed)| false_matches > allowed) {
                if let Some(slot) = waiting.pop().and_then(|(at, _)| fnmr.get_mut(at)) {
                    *slot = Some(above.0);
                }
            }
            if eer.is_none() {
                let same = genuine_steps.peek().filter(|step| step.first().is_some_and(|genuine| genuine.1 == score));
                let same: usize = same.map_or(0, |step| step.iter().map(|&(person, _)| weight(person)).sum());
                let at = rate(genuine - matched - same, false_matches);
                if at.0 <= at.1 {
                    let (sum, above) = (at.0 + at.1, above.0 + above.1);
                    eer = Some(if at.0 == at.1 { at.0 } else { sum.min(above) / 2.0 });
                }
            }
            if eer.is_some() && waiting.is_empty() {
                break;
            }
        }
        (fnmr, eer)
    }
}

/// How often each of so many people is drawn, resample by resample: the same draws as of [`Evidence::resamples`].
pub(crate) fn draws(people: usize) -> impl Iterator<Item = Vec<u32>> {
    (0..RESAMPLES).map(move |at| draw(people, SEED.wrapping_add(at)))
}

/// How often each of so many people is drawn in as many draws.
fn draw(people: usize, seed: u64) -> Vec<u32> {
    // Seeds that follow one another must not begin one step apart in the same sequence: start at a mixed one.
    let mut random = SplitMix64(SplitMix64(seed).next());
    let mut weights = vec![0; people];
    for _ in 0..people {
        // The high half of the product is uniform below `people` (Lemire 2019; the bias is below people / 2^64).
        let at = ((u128::from(random.next()) * people as u128) >> 64) as usize;
        if let Some(weight) = weights.get_mut(at) {
            *weight += 1;
        }
    }
    weights
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014: the same draws for ever, whatever
/// becomes of a library's.
pub(crate) struct SplitMix64(pub u64);

impl SplitMix64 {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::Scores;

    const RATES: [f64; 4] = [0.5, 0.1, 0.01, 0.0];

    #[test]
    fn splitmix_gives_the_published_numbers() {
        // The reference implementation's first outputs for this seed (prng.di.unimi.it, splitmix64.c).
        let mut random = SplitMix64(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert_eq!(draw(1000, 3).iter().sum::<u32>(), 1000);
        assert_ne!(draw(1000, 3), draw(1000, 4));
        assert!(draw(0, 3).is_empty());
        // Resamples of neighboring seeds are as different as any: weights of a mean of 1 and a variance of 1 agree
        // in about a third of the people, and the mean of a rare trait spreads as widely as theory says.
        let means: Vec<f64> = (0..400).map(|seed| f64::from(draw(1000, seed)[..4].iter().sum::<u32>())).collect();
        let mean = means.iter().sum::<f64>() / 400.0;
        let variance = means.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 400.0;
        assert!((mean - 4.0).abs() < 0.4 && (3.0..5.2).contains(&variance), "{mean} {variance}");
        let (one, next) = (draw(1000, 3), draw(1000, 4));
        let agreeing = one.iter().zip(&next).filter(|(a, b)| a == b).count();
        assert!((250..370).contains(&agreeing), "{agreeing}");
        // A person is missing in a resample with probability 1/e.
        let missing = draw(10_000, 5).iter().filter(|&&weight| weight == 0).count();
        assert!((3500..3860).contains(&missing), "{missing}");
    }

    #[test]
    fn no_errors_are_no_proof_of_a_rate_of_zero() {
        let nothing = || vec![Some(0.0); 100].into_iter();
        let Interval(low, high) = Interval::of(Some(0.0), nothing(), 300).unwrap();
        assert_eq!(low, 0.0);
        // The rule of three: 3 / 300.
        assert!((high - 0.00994).abs() < 1e-5, "{high}");
        let Interval(low, high) = Interval::of(Some(1.0), vec![Some(1.0); 100].into_iter(), 1).unwrap();
        assert_eq!((low, high), (0.050000000000000044, 1.0));
        assert_eq!(Interval::of(None, nothing(), 300), None);
        assert_eq!(Interval::of(Some(0.5), vec![Some(0.5); 100].into_iter(), PEOPLE_MIN - 1), None);
        assert_eq!(Interval::of(Some(0.5), [None, None, Some(0.5)].into_iter(), 300), None);
        let hundred = (0..=100).map(|at| Some(f64::from(at)));
        assert_eq!(Interval::of(Some(0.5), hundred, 300), Some(Interval(3.0, 98.0)));
    }

    /// Evidence of people with up to three samples and scores of few values, so that ties are the rule.
    fn compared(counts: &[u32], salt: usize) -> (Vec<u32>, Comparisons) {
        let people: Vec<u32> =
            counts.iter().zip(0..).flat_map(|(&count, person)| vec![person; count as usize]).collect();
        let score = |first: usize, second: usize| {
            let any = (first * 31 + second * 57 + salt * first * second) % 23;
            let closer = if people[first] == people[second] { 6 } else { 0 };
            (any + closer) as f32 / 30.0
        };
        let all = Comparisons::all(&people, 1, score).unwrap();
        (people, all)
    }

    fn evidence(people: &[u32], all: &Comparisons, count: usize) -> Evidence {
        let pictures: Vec<u32> = (0..people.len() as u32).collect();
        Evidence::new(&Roster { people_of_pictures: people, pictures_of_samples: &pictures, people: count }, all)
    }

    proptest! {
        #[test]
        fn a_sweep_is_what_scores_of_the_drawn_people_say(
            counts in prop::collection::vec(0_u32..4, 2..12),
            drawn in prop::collection::vec(0_u32..4, 12),
            salt in 0_usize..50,
            all_once in any::<bool>(),
        ) {
            let (people, all) = compared(&counts, salt);
            let weights: Vec<u32> = drawn[..counts.len()].iter().map(|&w| if all_once { 1 } else { w }).collect();
            let times = |a: u32, b: Option<u32>| {
                weights[people[a as usize] as usize] * b.map_or(1, |b| weights[people[b as usize] as usize])
            };
            let genuine = all.genuine.iter().flat_map(|p| vec![p.score; times(p.first, None) as usize]).collect();
            let impostor = all.closest.iter().flat_map(|p| vec![p.score; times(p.first, Some(p.second)) as usize]).collect();
            let scores = Scores::new(genuine, impostor);
            let (fnmr, eer) = evidence(&people, &all, counts.len()).sweep(&RATES, &weights);
            let expected = RATES.map(|rate| scores.at_fmr(rate).and_then(|point| point.fnmr));
            prop_assert_eq!(fnmr, expected.to_vec());
            let expected = scores.eer().map(|eer| eer.rate);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            prop_assert!(eer == expected || near(eer.unwrap(), expected.unwrap()), "{eer:?} {expected:?}");
        }
    }

    #[test]
    fn intervals_hold_the_estimate_and_narrow_with_more_people() {
        let width = |people: usize| {
            let counts = vec![3; people];
            let (owners, all) = compared(&counts, 7);
            let point = all.scores.at_fmr(0.1).unwrap();
            let resamples = evidence(&owners, &all, people).resamples(&[0.1], &[], 2);
            assert_eq!(resamples.len() as u64, RESAMPLES);
            let fnmr = Interval::of(point.fnmr, resamples.iter().map(|one| one.fnmr[0]), people).unwrap();
            assert!(fnmr.0 <= point.fnmr.unwrap() && point.fnmr.unwrap() <= fnmr.1, "{fnmr:?} {point:?}");
            let rate = all.scores.eer().map(|eer| eer.rate);
            let eer = Interval::of(rate, resamples.iter().map(|one| one.eer), people).unwrap();
            assert!(eer.0 <= rate.unwrap() && rate.unwrap() <= eer.1, "{eer:?} {rate:?}");
            fnmr.1 - fnmr.0
        };
        let (few, many) = (width(20), width(180));
        assert!(many < few / 2.0, "{few} {many}");
    }

    #[test]
    fn resamples_are_the_same_whatever_the_threads() {
        let (owners, all) = compared(&[3; 10], 3);
        let evidence = evidence(&owners, &all, 10);
        assert_eq!(evidence.resamples(&RATES, &[], 1), evidence.resamples(&RATES, &[], 3));
    }

    /// A coin of known bias, tossed by people of whom some err more: the interval must hold the truth about as often
    /// as it says.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut random = SplitMix64(9);
        let mut uniform = || (random.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let (people, tosses, trials) = (60, 5, 120);
        let mut held = 0;
        for trial in 0..trials {
            // Mean of each person's own rate: 0.2.
            let errors: Vec<u32> = (0..people)
                .map(|_| {
                    let own = 0.4 * uniform();
                    (0..tosses).filter(|_| uniform() < own).count() as u32
                })
                .collect();
            let rate = |weights: &[u32]| {
                let sum: u32 = errors.iter().zip(weights).map(|(errors, weight)| errors * weight).sum();
                f64::from(sum) / f64::from(people * tosses)
            };
            let values = (0..400).map(|at| Some(rate(&draw(people as usize, trial * 1000 + at))));
            let Interval(low, high) = Interval::of(Some(rate(&vec![1; people as usize])), values, 60).unwrap();
            held += u64::from(low <= 0.2 && 0.2 <= high);
        }
        assert!(held * 100 >= trials * 88, "{held} of {trials}");
    }
}
