//! Error rates of groups of pictures at one threshold, in a form in which people can be given weights.
//!
//! A comparison belongs to a group when both pictures do, as in NIST's demographic reports (NISTIR 8280): impostors of
//! one's own group are those a gate is likely to meet, and the harder ones.

use crate::{
    attributes::Column,
    comparisons::{Comparisons, Impostors, Pair},
    metrics::rate,
};

/// Whose each sample and picture is, as the tallies need to know.
pub(crate) struct Roster<'a> {
    /// Of each picture, its person.
    pub people_of_pictures: &'a [u32],
    /// Of each sample, its picture.
    pub pictures_of_samples: &'a [u32],
    /// How many people.
    pub people: usize,
}

impl Roster<'_> {
    pub(crate) fn picture(&self, sample: u32) -> usize {
        self.pictures_of_samples.get(sample as usize).map_or(usize::MAX, |&picture| picture as usize)
    }

    pub(crate) fn person(&self, sample: u32) -> u32 {
        self.people_of_pictures.get(self.picture(sample)).copied().unwrap_or(u32::MAX)
    }
}

/// Counts of one group, weighted or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub images: usize,
    pub failed_to_acquire: usize,
    pub genuine: usize,
    pub false_non_matches: usize,
    pub impostor: usize,
    pub false_matches: usize,
}

impl Counts {
    pub(crate) fn failure_to_acquire(&self) -> Option<f64> {
        rate(self.failed_to_acquire, self.images)
    }

    pub(crate) fn fnmr(&self) -> Option<f64> {
        rate(self.false_non_matches, self.genuine)
    }

    pub(crate) fn fmr(&self) -> Option<f64> {
        rate(self.false_matches, self.impostor)
    }
}

/// How many people stand behind the rates of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Behind {
    /// People with a picture.
    pub images: usize,
    /// People with a genuine comparison.
    pub genuine: usize,
    /// People with a sample.
    pub impostor: usize,
}

/// One person's part in a group.
#[derive(Default, Clone, Copy)]
struct Part {
    person: u32,
    group: u16,
    images: u32,
    samples: u32,
    genuine: u32,
    false_non_matches: u32,
}

/// All groups of one column at one threshold.
pub(crate) struct Tally {
    groups: usize,
    people: usize,
    /// Sorted by group and person.
    parts: Vec<Part>,
    false_matches: Vec<(u32, u32, u16)>,
    /// All impostor comparisons, where a protocol chose them.
    chosen: Option<Vec<(u32, u32, u16)>>,
}

impl Tally {
    /// All pictures as one group.
    pub(crate) fn overall(roster: &Roster<'_>, comparisons: &Comparisons, threshold: f32) -> Self {
        Self::new(1, &vec![0; roster.people_of_pictures.len()], roster, comparisons, threshold)
    }

    /// The groups of this column.
    pub(crate) fn of(column: &Column, roster: &Roster<'_>, comparisons: &Comparisons, threshold: f32) -> Self {
        Self::new(column.groups.len(), &column.of, roster, comparisons, threshold)
    }

    /// The threshold must not lie below what `comparisons` keeps.
    fn new(groups: usize, of: &[u16], roster: &Roster<'_>, comparisons: &Comparisons, threshold: f32) -> Self {
        let group = |picture: usize| of.get(picture).copied().unwrap_or(u16::MAX);
        let mut parts: Vec<Part> = Vec::new();
        for (picture, &person) in roster.people_of_pictures.iter().enumerate() {
            parts.push(Part { person, group: group(picture), images: 1, ..Part::default() });
        }
        for &picture in roster.pictures_of_samples {
            let picture = picture as usize;
            let person = roster.people_of_pictures.get(picture).copied().unwrap_or(u32::MAX);
            parts.push(Part { person, group: group(picture), samples: 1, ..Part::default() });
        }
        let common = |first: u32, second: u32| {
            let [first, second] = [first, second].map(|sample| group(roster.picture(sample)));
            (first == second).then_some(first)
        };
        for pair in &comparisons.genuine {
            if let Some(group) = common(pair.first, pair.second) {
                let false_non_matches = u32::from(pair.score < threshold);
                let person = roster.person(pair.first);
                parts.push(Part { person, group, genuine: 1, false_non_matches, ..Part::default() });
            }
        }
        let whose = |pair: &Pair| {
            let group = common(pair.first, pair.second)?;
            Some((roster.person(pair.first), roster.person(pair.second), group))
        };
        let closest = &comparisons.closest;
        let false_matches = closest.iter().take_while(|pair| pair.score >= threshold).filter_map(whose).collect();
        let is_chosen = comparisons.impostors == Impostors::Chosen;
        let chosen = is_chosen.then(|| closest.iter().filter_map(whose).collect());
        Self { groups, people: roster.people, parts: merged(parts), false_matches, chosen }
    }

    /// What each group counts when each person stands there as often as its weight says.
    ///
    /// Where every sample meets every other, a group with n samples has (n² - sum of each person's n²) / 2 impostor
    /// comparisons; a person drawn twice is not compared with itself.
    pub(crate) fn counts(&self, weights: &[u32]) -> Vec<Counts> {
        let weight = |person: u32| weights.get(person as usize).map_or(0, |&weight| weight as usize);
        let mut counts = vec![Counts::default(); self.groups];
        let mut sums = vec![(0_usize, 0_usize); self.groups];
        for part in &self.parts {
            let (Some(counts), Some(sums)) =
                (counts.get_mut(usize::from(part.group)), sums.get_mut(usize::from(part.group)))
            else {
                continue;
            };
            let weight = weight(part.person);
            let samples = weight * part.samples as usize;
            counts.images += weight * part.images as usize;
            counts.failed_to_acquire += weight * part.images.saturating_sub(part.samples) as usize;
            counts.genuine += weight * part.genuine as usize;
            counts.false_non_matches += weight * part.false_non_matches as usize;
            *sums = (sums.0 + samples, sums.1 + samples * samples);
        }
        if self.chosen.is_none() {
            for (counts, (samples, squares)) in counts.iter_mut().zip(sums) {
                counts.impostor = (samples * samples - squares) / 2;
            }
        }
        for &(first, second, group) in self.chosen.iter().flatten() {
            if let Some(counts) = counts.get_mut(usize::from(group)) {
                counts.impostor += weight(first) * weight(second);
            }
        }
        for &(first, second, group) in &self.false_matches {
            if let Some(counts) = counts.get_mut(usize::from(group)) {
                counts.false_matches += weight(first) * weight(second);
            }
        }
        counts
    }

    /// People in all, in any group or none.
    pub(crate) fn people(&self) -> usize {
        self.people
    }

    /// How many people stand behind each group's rates.
    pub(crate) fn behind(&self) -> Vec<Behind> {
        let mut behind = vec![Behind::default(); self.groups];
        for part in &self.parts {
            if let Some(behind) = behind.get_mut(usize::from(part.group)) {
                behind.images += usize::from(part.images > 0);
                behind.genuine += usize::from(part.genuine > 0);
                behind.impostor += usize::from(part.samples > 0);
            }
        }
        behind
    }
}

/// One part for each person and group.
fn merged(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_unstable_by_key(|part| (part.group, part.person));
    let mut merged: Vec<Part> = Vec::new();
    for part in parts {
        match merged.last_mut() {
            Some(last) if (last.group, last.person) == (part.group, part.person) => {
                last.images += part.images;
                last.samples += part.samples;
                last.genuine += part.genuine;
                last.false_non_matches += part.false_non_matches;
            }
            _ => merged.push(part),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Three people with three, two and one pictures; the last picture of the first has no sample.
    const PEOPLE: [u32; 6] = [0, 0, 0, 1, 1, 2];
    const SAMPLES: [u32; 5] = [0, 1, 3, 4, 5];

    fn tally(of: Vec<u16>, groups: usize, threshold: f32) -> Tally {
        let people: Vec<u32> = SAMPLES.iter().map(|&picture| PEOPLE[picture as usize]).collect();
        // Samples 0 and 1 are the first person's and alike by 0.1, 2 and 3 the second's and alike by 0.9; the sample
        // of the third is like 0 by 0.8 and unlike all others.
        let score = |first: usize, second: usize| match (first, second) {
            (0, 1) => 0.1,
            (2, 3) => 0.9,
            (0, 4) => 0.8,
            _ => 0.0,
        };
        let comparisons = Comparisons::all(&people, 1, score).unwrap();
        let roster = Roster { people_of_pictures: &PEOPLE, pictures_of_samples: &SAMPLES, people: 3 };
        let column = Column { name: "any".into(), groups: vec![String::new(); groups], of };
        Tally::of(&column, &roster, &comparisons, threshold)
    }

    #[test]
    fn counted_by_hand() {
        let all = tally(vec![0; 6], 1, 0.5);
        let expected =
            Counts { images: 6, failed_to_acquire: 1, genuine: 2, false_non_matches: 1, impostor: 8, false_matches: 1 };
        assert_eq!(all.counts(&[1, 1, 1]), [expected]);
        assert_eq!(all.behind(), [Behind { images: 3, genuine: 2, impostor: 3 }]);
        assert_eq!((expected.fnmr(), expected.fmr()), (Some(0.5), Some(0.125)));
        // Without the second person, the first twice and the third three times: 4 x 3 impostor comparisons.
        let weighted = all.counts(&[2, 0, 3])[0];
        assert_eq!((weighted.images, weighted.failed_to_acquire), (9, 2));
        assert_eq!((weighted.genuine, weighted.false_non_matches), (2, 2));
        assert_eq!((weighted.impostor, weighted.false_matches), (12, 6));
    }

    #[test]
    fn a_comparison_across_groups_belongs_to_none() {
        // The first person's pictures are of two groups, the third's is of the second of these.
        let split = tally(vec![0, 1, 1, 0, 0, 1], 2, 0.5);
        let [first, second]: [Counts; 2] = split.counts(&[1, 1, 1]).try_into().unwrap();
        assert_eq!((first.images, first.genuine, first.impostor, first.false_matches), (3, 1, 2, 0));
        assert_eq!((second.images, second.failed_to_acquire, second.genuine), (3, 1, 0));
        assert_eq!((second.impostor, second.false_matches, second.fnmr()), (1, 0, None));
    }
}
