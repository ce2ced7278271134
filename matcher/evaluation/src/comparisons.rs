//! Every sample against every other, once, on all cores.
//!
//! Impostor comparisons grow with the square of the samples: of most only the score is kept, four bytes each. Who was
//! compared is kept of all genuine ones and of the closest impostors, from which thresholds, their intervals and the
//! worst pairs are told.

use crate::{metrics::Scores, workers};

/// Samples that one thread compares with all later ones at a time: they stay in the nearest cache meanwhile.
const ROWS_AT_ONCE: usize = 16;
/// Share of the impostor comparisons that is kept with who was compared: ten times the most lenient rate that is
/// reported, since resampled people need lower thresholds than all of them.
const CLOSEST_SHARE: f64 = 0.1;
/// Fewest that are kept, if there are as many.
const CLOSEST_MIN: usize = 500_000;
/// Most that are kept beyond [`CLOSEST_SHARE_MIN`]: 48 MB, and seconds of resampling.
const CLOSEST_MAX: usize = 4_000_000;
/// Least share that is kept, however many: twice the most lenient operating point.
const CLOSEST_SHARE_MIN: f64 = 0.02;

/// One comparison of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    /// The earlier sample.
    pub first: u32,
    /// The later one.
    pub second: u32,
    /// Of their comparison.
    pub score: f32,
}

/// Which impostor comparisons were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Impostors {
    /// Every sample with every one of every other person, once.
    Every,
    /// Those that a protocol chose; all of them are kept with who was compared.
    Chosen,
}

/// All comparisons of a data set.
#[derive(Debug)]
pub(crate) struct Comparisons {
    /// Which impostor comparisons were made.
    pub impostors: Impostors,
    /// All scores.
    pub scores: Scores,
    /// Genuine comparisons, the least alike first.
    pub genuine: Vec<Pair>,
    /// The closest impostor comparisons, all or at least the share that is kept, the most alike first.
    pub closest: Vec<Pair>,
}

impl Comparisons {
    /// Compares samples by index with all later ones; `people` tells whose each is.
    pub(crate) fn all(
        people: &[u32],
        threads: usize,
        score: impl Fn(usize, usize) -> f32 + Sync,
    ) -> anyhow::Result<Self> {
        let found = over_rows(people.len(), threads, |rows, (genuine, impostor): &mut (Vec<Pair>, Vec<f32>)| {
            each_pair(rows, people.len(), |first, second| {
                let value = score(first, second);
                match people.get(first) == people.get(second) {
                    true => genuine.push(Pair { first: first as u32, second: second as u32, score: value }),
                    false => impostor.push(value),
                }
            });
        })?;
        let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
        for (some_genuine, some_impostor) in found {
            genuine.extend(some_genuine);
            impostor.extend(some_impostor);
        }
        genuine.sort_unstable_by(|a: &Pair, b| {
            a.score.total_cmp(&b.score).then((a.first, a.second).cmp(&(b.first, b.second)))
        });
        let scores = Scores::new(genuine.iter().map(|pair| pair.score).collect(), impostor);
        let count = scores.impostor().len();
        let kept = ((count as f64 * CLOSEST_SHARE) as usize)
            .clamp(CLOSEST_MIN, CLOSEST_MAX)
            .max((count as f64 * CLOSEST_SHARE_MIN) as usize);
        let floor = count.checked_sub(kept).filter(|&at| at > 0).and_then(|at| scores.impostor().get(at)).copied();
        let closest = closest(people, threads, floor.unwrap_or(f32::NEG_INFINITY), &score)?;
        Ok(Self { impostors: Impostors::Every, scores, genuine, closest })
    }

    /// Those that a protocol chose, already made.
    pub(crate) fn chosen(mut genuine: Vec<Pair>, mut impostor: Vec<Pair>) -> Self {
        let who = |pair: &Pair| (pair.first, pair.second);
        genuine.sort_unstable_by(|a, b| a.score.total_cmp(&b.score).then(who(a).cmp(&who(b))));
        impostor.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(who(a).cmp(&who(b))));
        let scores = |pairs: &[Pair]| pairs.iter().map(|pair| pair.score).collect();
        let scores = Scores::new(scores(&genuine), scores(&impostor));
        Self { impostors: Impostors::Chosen, scores, genuine, closest: impostor }
    }
}

/// The comparisons are made again rather than remembered: that takes a second and saves gigabytes.
fn closest(
    people: &[u32],
    threads: usize,
    floor: f32,
    score: &(impl Fn(usize, usize) -> f32 + Sync),
) -> anyhow::Result<Vec<Pair>> {
    let found = over_rows(people.len(), threads, |rows, pairs: &mut Vec<Pair>| {
        each_pair(rows, people.len(), |first, second| {
            if people.get(first) != people.get(second) {
                let value = score(first, second);
                if value >= floor {
                    pairs.push(Pair { first: first as u32, second: second as u32, score: value });
                }
            }
        });
    })?;
    let mut pairs = found.concat();
    pairs.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then((a.first, a.second).cmp(&(b.first, b.second))));
    Ok(pairs)
}

/// Calls `visit` with each pair whose first sample is among these rows.
fn each_pair(rows: std::ops::Range<usize>, samples: usize, mut visit: impl FnMut(usize, usize)) {
    for second in rows.start + 1..samples {
        for first in rows.start..rows.end.min(second) {
            visit(first, second);
        }
    }
}

/// Hands out blocks of rows to threads; each block has its own `Found`.
fn over_rows<Found: Default + Send>(
    rows: usize,
    threads: usize,
    work: impl Fn(std::ops::Range<usize>, &mut Found) + Sync,
) -> anyhow::Result<Vec<Found>> {
    workers::each(rows.div_ceil(ROWS_AT_ONCE), threads, |block| {
        let mut found = Found::default();
        let start = block * ROWS_AT_ONCE;
        work(start..(start + ROWS_AT_ONCE).min(rows), &mut found);
        found
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Any function that tells pairs apart.
    fn score(first: usize, second: usize) -> f32 {
        ((first * 31 + second * 17) % 101) as f32 / 101.0
    }

    #[test]
    fn every_pair_is_compared_once_whatever_the_threads() {
        let people: Vec<u32> = (0..70).map(|sample| sample / 3).collect();
        let mut expected = (Vec::new(), Vec::new());
        for first in 0..70 {
            for second in first + 1..70 {
                let kind = if people[first] == people[second] { &mut expected.0 } else { &mut expected.1 };
                kind.push((first as u32, second as u32, score(first, second)));
            }
        }
        for threads in [1, 2, 5] {
            let all = Comparisons::all(&people, threads, score).unwrap();
            let tuples = |pairs: &[Pair]| {
                let mut pairs: Vec<_> = pairs.iter().map(|pair| (pair.first, pair.second, pair.score)).collect();
                pairs.sort_by_key(|pair| (pair.0, pair.1));
                pairs
            };
            assert_eq!(tuples(&all.genuine), expected.0);
            assert_eq!(tuples(&all.closest), expected.1);
            assert_eq!(all.scores.counts(), (expected.0.len(), expected.1.len()));
            assert!(all.genuine.is_sorted_by(|a, b| a.score <= b.score));
            assert!(all.closest.is_sorted_by(|a, b| a.score >= b.score));
        }
    }

    #[test]
    fn of_many_impostors_only_the_closest_are_kept() {
        let people: Vec<u32> = (0..1100).collect();
        let all = Comparisons::all(&people, 2, score).unwrap();
        let floor = all.closest.last().unwrap().score;
        assert_eq!(all.scores.counts(), (0, 1100 * 1099 / 2));
        assert!(all.closest.len() >= CLOSEST_MIN && all.closest.len() < 1100 * 1099 / 2);
        assert_eq!(all.closest.len(), all.scores.impostor().iter().filter(|&&score| score >= floor).count());
    }

    #[test]
    fn none_and_one_are_no_pair() {
        for people in [&[][..], &[7]] {
            let all = Comparisons::all(people, 2, score).unwrap();
            assert_eq!((all.scores.counts(), all.closest.len()), ((0, 0), 0));
        }
    }
}
