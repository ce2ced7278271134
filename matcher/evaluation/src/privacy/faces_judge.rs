//! What comparisons of codes say: error rates and what protection adds to them, links, and what attacks pass.

use sallyport_privacy::template::{Code, CodeLength, MEAN_PROJECTION, Projection};
use zeroize::Zeroizing;

use super::{
    faces::{ATTACK_FMR, ONE_FOR_ALL},
    faces_codes::{Attacked, Attacker, Faces, dot},
    faces_report::{Accuracy, AccuracyPoint, Attack, Attempts, Cost, Linked},
    linkability::Linkability,
    reconstruction::signed_sum,
};
use crate::{
    bootstrap::{Evidence, Interval, Resample, draws},
    breakdown::Roster,
    comparisons::Comparisons,
    metrics::{Scores, rate},
    report::{FMRS, Histogram},
    workers,
};

/// Codes of other people that each code is compared with for linking: beyond these, more change little.
const OTHERS: usize = 20;

/// How codes are compared for linking.
#[derive(Clone, Copy)]
pub(super) struct Linking {
    /// Of codes at [`ATTACK_FMR`].
    pub threshold: f32,
    /// Whether a picture's code in the one set is compared with the same picture's in the other one.
    pub same_picture: bool,
    /// People before this one are left out.
    pub beyond: u32,
}

/// What the protected are held against.
struct Unprotected {
    thresholds: Vec<f32>,
    fnmr: Vec<Option<f64>>,
    resamples: Vec<Resample>,
}

/// Tells what comparisons mean.
pub(super) struct Judge<'a> {
    pub faces: &'a Faces<'a>,
    pub threads: usize,
    pub seed: u64,
    /// Of the first one judged.
    unprotected: Option<Unprotected>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(faces: &'a Faces<'a>, seed: u64, threads: usize) -> Self {
        Self { faces, threads, seed, unprotected: None }
    }

    /// Codes with one another, at every length; gives the threshold of the longest.
    pub(super) fn codes(
        &mut self,
        codes: &[Code],
        keys: &'static str,
        into: &mut Vec<Accuracy>,
    ) -> anyhow::Result<f32> {
        let mut last = f32::INFINITY;
        for length in CodeLength::ALL {
            let short: Vec<Code> = codes.iter().map(|code| code.shortened(length)).collect();
            let score = |first: usize, second: usize| similarity(&short, &short, first, second);
            let compared = Comparisons::all(&self.faces.people, self.threads, score)?;
            into.push(self.accuracy("code with code", keys, length.bytes(), &compared));
            last = threshold(&compared);
        }
        Ok(last)
    }

    /// Live faces with the codes of one key, at every length; gives the thresholds.
    pub(super) fn live(
        &mut self,
        projection: &Projection,
        codes: &[Code],
        into: &mut Vec<Accuracy>,
    ) -> anyhow::Result<[f32; CodeLength::ALL.len()]> {
        let mut thresholds = [f32::INFINITY; CodeLength::ALL.len()];
        for (length, last) in CodeLength::ALL.into_iter().zip(&mut thresholds) {
            let scale = 1.0 / (length.bits() as f64 * MEAN_PROJECTION);
            let sums = workers::each(codes.len(), self.threads, |at| {
                let code = codes.get(at).map(|code| code.shortened(length));
                let sum = code.map(|code| signed_sum(projection, &code)).unwrap_or_default();
                Zeroizing::new(sum.iter().map(|value| (value * scale) as f32).collect::<Vec<f32>>())
            })?;
            let score = |live: usize, stored: usize| {
                sums.get(stored).map_or(f32::NAN, |stored| dot(self.faces.embedding(live), stored))
            };
            let compared = Comparisons::all(&self.faces.people, self.threads, score)?;
            into.push(self.accuracy("live face with code", ONE_FOR_ALL, length.bytes(), &compared));
            *last = threshold(&compared);
        }
        Ok(thresholds)
    }

    pub(super) fn accuracy(
        &mut self,
        scheme: &'static str,
        keys: &'static str,
        bytes: usize,
        compared: &Comparisons,
    ) -> Accuracy {
        let scores = &compared.scores;
        let samples: Vec<u32> = (0..self.faces.people.len() as u32).collect();
        let (people_of_pictures, people) = (&self.faces.people[..], self.faces.of_person.len());
        let roster = Roster { people_of_pictures, pictures_of_samples: &samples, people };
        let resamples = Evidence::new(&roster, compared).resamples(&FMRS.map(|(_, fmr)| fmr), &[], self.threads);
        let behind = self.faces.of_person.iter().filter(|samples| samples.len() > 1).count();
        let fnmr_of = |resample: &Resample, at: usize| resample.fnmr.get(at).copied().flatten();
        let mut points = Vec::with_capacity(FMRS.len());
        for (at, (_, fmr)) in FMRS.into_iter().enumerate() {
            let Some(point) = scores.at_fmr(fmr) else { continue };
            let cost = self.unprotected.as_ref().and_then(|before| {
                let fnmr = point.fnmr? - before.fnmr.get(at).copied().flatten()?;
                // The same people are drawn for both, so that what both share cancels.
                let pairs = resamples.iter().zip(&before.resamples);
                let interval =
                    Interval::middle(pairs.map(|(after, before)| Some(fnmr_of(after, at)? - fnmr_of(before, at)?)));
                Some(Cost { fnmr, interval })
            });
            let cosine = self.unprotected.as_ref().and_then(|before| before.thresholds.get(at));
            points.push(AccuracyPoint {
                point,
                certain: scores.is_certain(fmr),
                fnmr_interval: Interval::of(point.fnmr, resamples.iter().map(|one| fnmr_of(one, at)), behind),
                cost,
                fmr_at_unprotected_threshold: cosine.and_then(|&threshold| scores.fmr(threshold)),
            });
        }
        let eer = scores.eer().map(|equal| equal.rate);
        let eer_interval = Interval::of(eer, resamples.iter().map(|one| one.eer), behind);
        if self.unprotected.is_none() {
            let thresholds = points.iter().map(|point| point.point.threshold).collect();
            let fnmr = points.iter().map(|point| point.point.fnmr).collect();
            self.unprotected = Some(Unprotected { thresholds, fnmr, resamples });
        }
        Accuracy { scheme, keys, bytes, eer, eer_interval, points }
    }

    /// Compares the codes of one set with those of another: of one person (mated) and of different ones.
    pub(super) fn linked(&self, name: &'static str, codes: &Linking, score: impl Fn(usize, usize) -> f32) -> Linked {
        let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
        let mut passes = Passes::new(self.faces.of_person.len());
        let samples = self.faces.people.len();
        for (first, &person) in self.faces.people.iter().enumerate() {
            if person < codes.beyond {
                continue;
            }
            for &second in self.faces.of_person.get(person as usize).into_iter().flatten() {
                if first != second || codes.same_picture {
                    let score = score(first, second);
                    passes.note(person, score >= codes.threshold);
                    mated.push(score);
                }
            }
            for on in 1..=OTHERS {
                let second = (first + on * samples / (OTHERS + 1)) % samples;
                let other = self.faces.people.get(second).copied().unwrap_or(person);
                if other != person && other >= codes.beyond {
                    non_mated.push(score(first, second));
                }
            }
        }
        let passed = non_mated.iter().filter(|&&score| score >= codes.threshold).count();
        let non_mated_passes = rate(passed, non_mated.len());
        let linkability = Linkability::of(&mated, &non_mated, self.seed);
        let histogram = Histogram::of(&Scores::new(mated, non_mated));
        Linked { name, linkability, mated_passes: passes.attempts(), non_mated_passes, histogram }
    }

    pub(super) fn attacks(&self, attacked: &[Attacked]) -> Vec<Attack> {
        let mut kinds: Vec<(Attacker, CodeLength)> = attacked.iter().map(|one| (one.attacker, one.length)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let of = |(attacker, length): (Attacker, CodeLength)| {
            let own: Vec<&Attacked> =
                attacked.iter().filter(|one| (one.attacker, one.length) == (attacker, length)).collect();
            let mut cosines: Vec<f32> = own.iter().map(|one| one.cosine).collect();
            cosines.sort_unstable_by(f32::total_cmp);
            let [code, face, elsewhere] = [0, 1, 2].map(|target| {
                let mut passes = Passes::new(self.faces.of_person.len());
                for one in &own {
                    passes.add(one.person, one.passes.get(target).copied().unwrap_or_default());
                }
                passes.attempts()
            });
            Attack {
                attacker,
                bits: length.bits(),
                people: own.len(),
                cosine: cosines.get(cosines.len() / 2).copied(),
                code,
                face,
                elsewhere,
            }
        };
        kinds.into_iter().map(of).collect()
    }
}

/// Attempts and passes of each person.
struct Passes(Vec<(u32, u32)>);

impl Passes {
    fn new(people: usize) -> Self {
        Self(vec![(0, 0); people])
    }

    fn note(&mut self, person: u32, passed: bool) {
        self.add(person, (1, u32::from(passed)));
    }

    fn add(&mut self, person: u32, (attempts, passes): (u32, u32)) {
        if let Some(own) = self.0.get_mut(person as usize) {
            *own = (own.0 + attempts, own.1 + passes);
        }
    }

    fn attempts(&self) -> Attempts {
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

pub(super) fn similarity(one: &[Code], other: &[Code], first: usize, second: usize) -> f32 {
    one.get(first).zip(other.get(second)).map_or(f32::NAN, |(first, second)| first.similarity(second))
}
