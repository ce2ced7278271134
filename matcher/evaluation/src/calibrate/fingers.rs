//! Of an extractor of minutiae: thresholds for one and for several enrolled impressions.
//!
//! Fingers of different sets are impostors too: there are many more such comparisons than within sets. Pictures of one
//! sensor may be more alike, though: the higher threshold is taken where enough of those are there to count, and what it is
//! higher by is added where they are not. Of several impressions every disjoint choice in a row is enrolled in turn, and
//! all others are compared with it.
//!
//! Protected fingers are compared as at a gate, the live one with stored codes, all under one key: the impostor has
//! stolen it.

use std::ops::Range;

use sallyport_matcher::finger::{
    Calibrations, Compared, CylinderVectors, EnrolledFinger, Extractor, FingerCalibration, Form, MinutiaTemplate,
    PreparedFinger, Stage as ExtractorKind,
};

use sallyport_privacy::{keys::ApplicationKey, template::FingerProjection};

use super::{Arguments, MATCHES_MIN, Meaning, tell, today};
use crate::{
    fingers::{
        acquire::{By, acquire, people_of},
        sets::sets,
    },
    metrics::Scores,
    workers,
};

/// Any one will do: it is everybody's.
const STOLEN_KEY: [u8; 32] = [0x5a; 32];
/// How many enrolled impressions have thresholds of their own, one more at a time.
const IMPRESSIONS_MOST: usize = 4;

pub(super) fn run(by: By, arguments: &Arguments) -> anyhow::Result<()> {
    let models = &arguments.source.models;
    let calibrations = Calibrations::read(models)?;
    let fingers = Fingers::of(by.load(models)?.as_ref(), arguments)?;
    let threads = arguments.source.threads();
    let mut comparisons = Vec::new();
    for (form, all) in [(Form::Plain, fingers.plain(threads)?), (Form::Protected, fingers.protected(threads)?)] {
        for impressions in 1..=IMPRESSIONS_MOST {
            comparisons.push(all.compared(form, impressions)?);
        }
    }
    let calibration = FingerCalibration {
        date: today().parse()?,
        data: arguments.data(),
        images: fingers.templates.len(),
        fingers: fingers.fingers.len(),
        comparisons,
    };
    let kind = if by == By::Own { ExtractorKind::Fast } else { ExtractorKind::Thorough };
    let path = calibrations.calibrate(kind, &calibration)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&calibration)?);
        return Ok(());
    }
    for compared in &calibration.comparisons {
        let Compared { form, impressions, genuine, impostor, .. } = compared;
        println!("{form:?}, {impressions} enrolled, {genuine} genuine and {impostor} impostor comparisons:");
        tell(&compared.thresholds, &compared.likelihood_ratio);
    }
    println!("written to {}", path.display());
    Ok(())
}

/// Templates of all sets, finger by finger.
struct Fingers {
    templates: Vec<MinutiaTemplate>,
    fingers: Vec<Finger>,
}

#[derive(Debug, Clone)]
struct Finger {
    set: usize,
    samples: Range<usize>,
}

impl Fingers {
    fn of(extractor: &dyn Extractor, arguments: &Arguments) -> anyhow::Result<Self> {
        let mut fingers = Self { templates: Vec::new(), fingers: Vec::new() };
        for (number, set) in sets(&arguments.folder)?.iter().enumerate() {
            let acquired = acquire(set, extractor, &arguments.source)?;
            for (picture, reason) in &acquired.failures {
                let name = set.fingers.pictures.get(*picture as usize).map_or("", |picture| &picture.name);
                eprintln!("failed to acquire {name}: {reason}");
            }
            for run in people_of(set, &acquired).chunk_by(|a, b| a == b) {
                let start = fingers.fingers.last().map_or(0, |before| before.samples.end);
                fingers.fingers.push(Finger { set: number, samples: start..start + run.len() });
            }
            fingers.templates.extend(acquired.samples.into_iter().map(|sample| sample.template.template));
        }
        Ok(fingers)
    }

    fn plain(&self, threads: usize) -> anyhow::Result<All> {
        let prepared =
            workers::each(self.templates.len(), threads, |at| self.templates.get(at).map(PreparedFinger::new))?;
        self.scores(threads, |reference, probe| {
            let pair = prepared.get(reference)?.as_ref().zip(prepared.get(probe)?.as_ref());
            pair.map(|(reference, probe)| reference.compare(probe))
        })
    }

    /// Fingers of which no code can be made score nothing.
    fn protected(&self, threads: usize) -> anyhow::Result<All> {
        let key = ApplicationKey::received(&STOLEN_KEY, 1);
        let projection = FingerProjection::new(&key.enrollment_seed(&[0; 16], 1));
        let protected = workers::each(self.templates.len(), threads, |at| {
            let probe = projection.probe(CylinderVectors::new(self.templates.get(at)?).iter()).ok()?;
            Some((probe.code(), probe))
        })?;
        self.scores(threads, |reference, probe| {
            let pair = protected.get(reference)?.as_ref().zip(protected.get(probe)?.as_ref());
            pair.map(|((code, _), (_, probe))| probe.similarity(code))
        })
    }

    /// Of every sample as the reference with every other one as the probe.
    fn scores(&self, threads: usize, score: impl Fn(usize, usize) -> Option<f32> + Sync) -> anyhow::Result<All> {
        let samples = self.templates.len();
        let rows = workers::each(samples, threads, |reference| {
            let of = |probe: usize| if probe == reference { 0.0 } else { score(reference, probe).unwrap_or(0.0) };
            (0..samples).map(of).collect()
        })?;
        Ok(All { rows, fingers: self.fingers.clone() })
    }
}

/// The score of every two samples.
struct All {
    /// Of each reference, with every probe.
    rows: Vec<Vec<f32>>,
    fingers: Vec<Finger>,
}

impl All {
    fn score(&self, reference: usize, probe: usize) -> f32 {
        self.rows.get(reference).and_then(|row| row.get(probe)).copied().unwrap_or(0.0)
    }

    fn compared(&self, form: Form, impressions: usize) -> anyhow::Result<Compared> {
        let is_of = |finger: usize, half: usize| finger % 2 == half;
        let halves =
            [0, 1].map(|half| self.chosen(impressions, true, |first, other| is_of(first, half) && is_of(other, half)));
        let scores = self.chosen(impressions, true, |_, _| true);
        let (genuine, impostor) = scores.counts();
        // Of fingers that were taken for such a collection every label is right.
        let Meaning { mut thresholds, tail, likelihood_ratio } = Meaning::of(&scores, &halves, 0)?;
        let within = self.chosen(impressions, false, |_, _| true);
        let (mut before, mut more) = (f32::NEG_INFINITY, 0.0_f32);
        for (fmr, threshold) in &mut thresholds {
            // At rates that too few within sets tell of, as much more is asked for as at the last rate of which they do.
            if fmr.rate() * within.counts().1 as f64 >= MATCHES_MIN
                && let Some(point) = within.at_fmr(fmr.rate())
            {
                more = (point.threshold - threshold.score).max(0.0);
            }
            threshold.score = (threshold.score + more).clamp(before.next_up(), 1.0);
            before = threshold.score;
        }
        Ok(Compared { form, impressions, genuine, impostor, tail: Some(tail), thresholds, likelihood_ratio })
    }

    /// The scores of such pairs of fingers, across sets too or not.
    fn chosen(&self, impressions: usize, across: bool, is_chosen: impl Fn(usize, usize) -> bool) -> Scores {
        let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
        for (at, finger) in self.fingers.iter().enumerate() {
            for start in finger.samples.clone().step_by(impressions) {
                let enrolled = start..start + impressions;
                if enrolled.end > finger.samples.end {
                    break;
                }
                for (with, other) in self.fingers.iter().enumerate() {
                    if !is_chosen(at, with) || !(across || finger.set == other.set) {
                        continue;
                    }
                    // Of one impression both ways round would be one comparison, or nearly.
                    let is_probe = |probe: &usize| !enrolled.contains(probe) && (impressions > 1 || *probe > start);
                    for probe in other.samples.clone().filter(is_probe) {
                        let scores: Vec<f32> = enrolled.clone().map(|one| self.score(one, probe)).collect();
                        let into = if at == with { &mut genuine } else { &mut impostor };
                        into.push(EnrolledFinger::fuse(&scores));
                    }
                }
            }
        }
        Scores::new(genuine, impostor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four sets of ten fingers with eight impressions each; scores that tell pairs apart.
    fn all() -> All {
        let samples = 320_usize;
        let rows = (0..samples).map(|first| (0..samples).map(|second| (first * 331 + second) as f32).collect());
        let samples = |finger: usize| finger * 8..finger * 8 + 8;
        let fingers = (0..40).map(|finger| Finger { set: finger / 10, samples: samples(finger) });
        All { rows: rows.collect(), fingers: fingers.collect() }
    }

    #[test]
    fn every_two_samples_have_one_score() {
        let all = all();
        assert_eq!((all.score(3, 7), all.score(7, 3), all.score(0, 320)), (1_000.0, 2_320.0, 0.0));
        let scores = all.chosen(1, true, |_, _| true);
        assert_eq!(scores.counts(), (40 * 28, 320 * 319 / 2 - 40 * 28));
        let mut every: Vec<f32> = [scores.genuine(), scores.impostor()].concat();
        every.sort_unstable_by(f32::total_cmp);
        every.dedup();
        assert_eq!(every.len(), 320 * 319 / 2);
    }

    #[test]
    fn several_impressions_are_enrolled_in_turn() {
        // 1-3 and 4-6 of each finger; its five others, and the eight of each of 39 others.
        let counts = |impressions, across| all().chosen(impressions, across, |_, _| true).counts();
        assert_eq!(counts(3, true), (40 * 2 * 5, 40 * 2 * 39 * 8));
        assert_eq!(counts(4, true), (40 * 2 * 4, 40 * 2 * 39 * 8));
        // Within sets there are nine other fingers.
        assert_eq!(counts(1, false), (40 * 28, 4 * 2_880));
        assert_eq!(counts(3, false), (40 * 2 * 5, 40 * 2 * 9 * 8));
        assert_eq!(counts(9, true), (0, 0));
        let even = all().chosen(2, true, |first, other| first % 2 == 0 && other % 2 == 0);
        assert_eq!(even.counts(), (20 * 4 * 6, 20 * 4 * 19 * 8));
    }
}
