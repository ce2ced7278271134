//! `matcher-eval privacy fingers`: what the protection of fingers costs, and what it is worth. Sets, protocols and
//! impressions are those of `matcher-eval fingers`.

use anyhow::ensure;
use sallyport_matcher::finger::{CylinderVectors, EnrolledFinger, MinutiaTemplate, PreparedFinger};
use sallyport_privacy::template::{CYLINDER_LENGTH, FingerCode, FingerProbe, FingerProjection, TemplateError};

use super::{
    faces_codes::Keys,
    fingers_report::{self, Accuracy, Attack, Linked, Passes, Report, SetReport},
    linkability::Linkability,
};
use crate::{
    fingers::{
        Experiment,
        acquire::people_of,
        protocol::Trial,
        sets::{Set, sets},
    },
    metrics::{OperatingPoint, Scores},
    report::{FMRS, Named},
    workers,
};

/// The false match rate at which attacks count as passed.
pub(super) const ATTACK_FMR: f64 = 1e-3;
/// Most codes of other fingers that each code is compared with for linking: beyond these, more change little.
const OTHERS: usize = 20;

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    experiment: Experiment,
    /// Of all keys: the same data and seed measure the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { experiment, .. } = arguments;
    let extractor = experiment.extractor()?;
    let threads = experiment.source.threads();
    let (mut reports, mut links) = (Vec::new(), Links::default());
    for set in sets(&experiment.folder)? {
        let acquired = experiment.acquire(&set, extractor.as_ref())?;
        let people = people_of(&set, &acquired);
        let trials = experiment.trials(&people);
        let templates: Vec<&MinutiaTemplate> =
            acquired.samples.iter().map(|sample| &sample.template.template).collect();
        let measured = Fingers::new(&templates, people, Keys(arguments.seed), threads)?;
        let Set { name, fingers } = set;
        let mut report = measured.measure(name, &trials, &mut links)?;
        report.images = fingers.pictures.len();
        report.failed_to_acquire = acquired.failures.len();
        reports.push(report);
    }
    let report = Report {
        protocol: experiment.protocol.name(),
        impressions: experiment.impressions,
        extractor: experiment.model(extractor.as_ref()).into(),
        seed: arguments.seed,
        mean: fingers_report::mean(&reports),
        linked: links.told(arguments.seed),
        attacks: fingers_report::summed(&reports),
        sets: reports,
    };
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", fingers_report::text(&report)),
    }
    Ok(())
}

/// Codes and live probe of one impression under one key; none of an impression without minutiae to protect.
type Protected = Option<(FingerProbe, FingerCode)>;

/// A set's impressions under all keys.
struct Fingers {
    people: Vec<u32>,
    prepared: Vec<PreparedFinger>,
    /// The key that everybody has.
    common: Vec<Protected>,
    /// A key for each finger.
    own: Vec<Protected>,
    /// That key's next version.
    renewed: Vec<Protected>,
    /// A key for each finger of another application.
    elsewhere: Vec<Protected>,
    keys: Keys,
    threads: usize,
}

/// What is in the place of the keys, in reports.
const NONE: &str = "none";
const ONE_FOR_ALL: &str = "one for all";
const A_FINGER_EACH: &str = "a finger each";

impl Fingers {
    fn new(templates: &[&MinutiaTemplate], people: Vec<u32>, keys: Keys, threads: usize) -> anyhow::Result<Self> {
        let cylinders: Vec<CylinderVectors> = templates.iter().map(|template| CylinderVectors::new(template)).collect();
        let under = |application: &str, version: u32, is_one: bool| -> anyhow::Result<Vec<Protected>> {
            let protected = workers::each(cylinders.len(), threads, |at| {
                let finger = if is_one { 0 } else { people.get(at).map_or(0, |&person| 1 + person as usize) };
                let projection = FingerProjection::new(&keys.enrollment(application, finger, version));
                match cylinders.get(at).map(|cylinders| projection.probe(cylinders.iter())) {
                    Some(Ok(probe)) => {
                        let code = probe.code();
                        Ok(Some((probe, code)))
                    }
                    None | Some(Err(TemplateError::NoMinutiae)) => Ok(None),
                    Some(Err(error)) => Err(error),
                }
            })?;
            Ok(protected.into_iter().collect::<Result<_, _>>()?)
        };
        Ok(Self {
            prepared: templates.iter().map(|template| PreparedFinger::new(template)).collect(),
            common: under(OWN, 1, true)?,
            own: under(OWN, 1, false)?,
            renewed: under(OWN, 2, false)?,
            elsewhere: under(ELSEWHERE, 1, false)?,
            people,
            keys,
            threads,
        })
    }

    fn measure(&self, set: String, trials: &[Trial], links: &mut Links) -> anyhow::Result<SetReport> {
        let unprotected = self.scores(trials, |reference, probe| {
            self.prepared.get(reference).zip(self.prepared.get(probe)).map_or(0.0, |(a, b)| a.compare(b))
        })?;
        let of_codes = self.scores(trials, |reference, probe| codes(&self.common, &self.common, reference, probe))?;
        let of_live = self.scores(trials, |reference, probe| live(&self.common, reference, probe))?;
        let own_keys = self.scores(trials, |reference, probe| live(&self.own, reference, probe))?;
        let (genuine, impostor) = unprotected.counts();
        ensure!(
            genuine > 0 && impostor > 0,
            "{set} has {genuine} genuine and {impostor} impostor comparisons: give two fingers, with several impressions"
        );
        let threshold = |scores: &Scores| scores.at_fmr(ATTACK_FMR).map_or(f32::INFINITY, |point| point.threshold);
        self.link(threshold(&of_codes), links);
        let bytes = || self.common.iter().flatten().map(|(_, code)| code.expose_bytes().len());
        Ok(SetReport {
            set,
            images: 0,
            failed_to_acquire: 0,
            not_protected: self.common.iter().filter(|protected| protected.is_none()).count(),
            genuine,
            impostor,
            code_bytes_mean: bytes().sum::<usize>() as f64 / bytes().count().max(1) as f64,
            code_bytes_max: bytes().max().unwrap_or(0),
            accuracy: vec![
                accuracy("unprotected", NONE, &unprotected),
                accuracy("code with code", ONE_FOR_ALL, &of_codes),
                accuracy("live finger with code", ONE_FOR_ALL, &of_live),
                accuracy("live finger with code", A_FINGER_EACH, &own_keys),
            ],
            attacks: self.attacks(threshold(&of_live))?,
        })
    }

    fn scores(&self, trials: &[Trial], compare: impl Fn(usize, usize) -> f32 + Sync) -> anyhow::Result<Scores> {
        let scores = workers::each(trials.len(), self.threads, |at| {
            let trial = trials.get(at)?;
            let scores: Vec<f32> = trial.references().map(|one| compare(one, trial.probe as usize)).collect();
            Some((trial.genuine, EnrolledFinger::fuse(&scores)))
        })?;
        let of = |wanted: bool| {
            scores.iter().flatten().filter(move |(genuine, _)| *genuine == wanted).map(|&(_, score)| score).collect()
        };
        Ok(Scores::new(of(true), of(false)))
    }

    /// Compares each impression's code with those of the finger's impressions under another key, and with others'; last
    /// with those under the same key, which cannot but link.
    fn link(&self, threshold: f32, links: &mut Links) {
        let pairs = [(&self.own, &self.elsewhere), (&self.own, &self.renewed), (&self.common, &self.common)];
        let samples = self.people.len();
        for ((one, other), link) in pairs.into_iter().zip(&mut links.0) {
            for (first, person) in self.people.iter().enumerate() {
                for second in self.of(*person).filter(|&second| first != second || !std::ptr::eq(one, other)) {
                    let score = codes(one, other, first, second);
                    link.passes.note(score >= threshold);
                    link.mated.push(score);
                }
                for on in 1..=OTHERS {
                    let second = (first + on * samples / (OTHERS + 1)) % samples;
                    if self.people.get(second) != Some(person) {
                        link.non_mated.push(codes(one, other, first, second));
                    }
                }
            }
        }
    }

    /// Impressions of a finger.
    fn of(&self, person: u32) -> impl Iterator<Item = usize> {
        self.people.iter().enumerate().filter(move |(_, whose)| **whose == person).map(|(at, _)| at)
    }

    /// Attacks the code of every impression.
    fn attacks(&self, threshold: f32) -> anyhow::Result<Vec<Attack>> {
        let attempts = workers::each(self.people.len(), self.threads, |at| self.attacked(at, threshold))?;
        let mut attacks: Vec<Attack> = Vec::new();
        for attempt in attempts.into_iter().flatten() {
            match attacks.iter_mut().find(|attack| attack.attacker == attempt.attacker) {
                Some(attack) => attack.add(&attempt),
                None => attacks.push(attempt),
            }
        }
        Ok(attacks)
    }

    fn attacked(&self, at: usize, threshold: f32) -> Vec<Attack> {
        let Some((&person, (_, code))) = self.people.get(at).zip(self.own.get(at).and_then(Option::as_ref)) else {
            return Vec::new();
        };
        let key = |application: &str| FingerProjection::new(&self.keys.enrollment(application, 1 + person as usize, 1));
        let (own, elsewhere) = (key(OWN), key(ELSEWHERE));
        let pass = |passes: &mut Passes, stored: Option<&Protected>, probe: &FingerProbe| {
            if let Some(Some((_, code))) = stored {
                passes.note(probe.similarity(code) >= threshold);
            }
        };
        let mut attacks = Vec::new();
        for (attacker, with, make) in [
            ("code only: made with a guessed key", &key(GUESSED), dense as fn(&mut [f32])),
            ("code and key", &own, dense),
            ("code and key, and that cylinders are sparse", &own, sparse),
        ] {
            let mut cylinders = with.expose_cylinders(code);
            cylinders.iter_mut().for_each(|cylinder| make(cylinder));
            let slices = || cylinders.iter().map(<[f32; CYLINDER_LENGTH]>::as_slice);
            let (Ok(here), Ok(there)) = (own.probe(slices()), elsewhere.probe(slices())) else { continue };
            let mut attack = Attack::new(attacker);
            pass(&mut attack.code, self.own.get(at), &here);
            for other in self.of(person).filter(|&other| other != at) {
                pass(&mut attack.impressions, self.own.get(other), &here);
                pass(&mut attack.elsewhere, self.elsewhere.get(other), &there);
            }
            attacks.push(attack);
        }
        // Under the key that the gate looks up, others' fingers are compared as if all had one key.
        let mut nothing = Attack::new("nothing: another finger");
        for (_, probe) in self.people.iter().zip(&self.common).filter(|(whose, _)| **whose != person) {
            if let Some((probe, _)) = probe {
                pass(&mut nothing.code, self.common.get(at), probe);
            }
        }
        attacks.insert(0, nothing);
        attacks
    }
}

/// The signs' cylinder as it is.
fn dense(_: &mut [f32]) {}

/// What attackers make of it who know that most cells of a cylinder hold nothing, and none less than that: values within
/// a deviation are taken for chance, and greater ones for so much too great (Donoho, "De-noising by soft-thresholding",
/// 1995).
fn sparse(cylinder: &mut [f32]) {
    let count = cylinder.len().max(1) as f32;
    let deviation = (cylinder.iter().map(|value| value * value).sum::<f32>() / count).sqrt();
    cylinder.iter_mut().for_each(|value| *value = (*value - deviation).max(0.0));
    let mean = cylinder.iter().sum::<f32>() / count;
    cylinder.iter_mut().for_each(|value| *value -= mean);
}

/// Applications, and the attacker's own one.
const OWN: &str = "one";
const ELSEWHERE: &str = "another";
const GUESSED: &str = "guessed";

fn codes(one: &[Protected], other: &[Protected], first: usize, second: usize) -> f32 {
    match (one.get(first), other.get(second)) {
        (Some(Some((_, first))), Some(Some((_, second)))) => first.similarity(second),
        // As unprotected fingers without a minutia compare.
        _ => 0.0,
    }
}

fn live(of: &[Protected], reference: usize, probe: usize) -> f32 {
    match (of.get(reference), of.get(probe)) {
        (Some(Some((_, code))), Some(Some((probe, _)))) => probe.similarity(code),
        _ => 0.0,
    }
}

fn accuracy(scheme: &'static str, keys: &'static str, scores: &Scores) -> Accuracy {
    let at_fmr = |of: fn(&OperatingPoint) -> Option<f64>| {
        let value = |fmr: f64| scores.at_fmr(fmr).and_then(|point| of(&point));
        Named(FMRS.iter().map(|&(name, fmr)| (name.to_owned(), value(fmr))).collect())
    };
    Accuracy {
        scheme,
        keys,
        eer: scores.eer().map(|equal| equal.rate),
        fnmr_at_fmr: at_fmr(|point| point.fnmr),
        threshold_at_fmr: at_fmr(|point| Some(point.threshold.into())),
    }
}

/// Scores for linking, of all sets: two applications, an enrollment and its renewal, and one key for comparison.
#[derive(Default)]
struct Links([Link; 3]);

#[derive(Default)]
struct Link {
    mated: Vec<f32>,
    non_mated: Vec<f32>,
    passes: Passes,
}

impl Links {
    fn told(self, seed: u64) -> Vec<Linked> {
        let names =
            ["two applications, a key each finger", "an enrollment and its renewal", "one key: linked, for comparison"];
        let told = |(name, link): (&'static str, Link)| Linked {
            name,
            mated: link.mated.len(),
            non_mated: link.non_mated.len(),
            linkability: Linkability::of(&link.mated, &link.non_mated, seed),
            mated_mean: fingers_report::average(&link.mated),
            non_mated_mean: fingers_report::average(&link.non_mated),
            mated_passes: link.passes,
        };
        names.into_iter().zip(self.0).map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_matcher::finger::{self, Minutia};
    use zeroize::Zeroizing;

    use super::*;
    use crate::bootstrap::SplitMix64;
    use crate::fingers::protocol::{Protocol, trials};

    /// A finger of 40 minutiae; each impression is turned, moved and a little inexact.
    fn impression(finger: u64, impression: u64) -> MinutiaTemplate {
        let (mut places, mut noise) = (SplitMix64(finger), SplitMix64(1_000 * finger + impression));
        let uniform = |random: &mut SplitMix64| (random.next() >> 40) as f32 / (1 << 24) as f32;
        let turn = uniform(&mut noise) - 0.5;
        let (sin, cos) = turn.sin_cos();
        let minutiae = (0..40).map(|_| {
            let (x, y) = (300.0 * uniform(&mut places) - 150.0, 300.0 * uniform(&mut places) - 150.0);
            let direction = std::f32::consts::TAU * uniform(&mut places);
            let mut little = |most: f32| most * (2.0 * uniform(&mut noise) - 1.0);
            Minutia {
                x: 300.0 + x * cos + y * sin + little(3.0),
                y: 300.0 - x * sin + y * cos + little(3.0),
                direction: direction + turn + little(0.1),
                quality: 80,
                ..Minutia::default()
            }
        });
        MinutiaTemplate::new(600, 600, Zeroizing::new(minutiae.collect()))
    }

    fn report(fingers: u32, impressions: u64, threads: usize) -> Report {
        let templates: Vec<MinutiaTemplate> =
            (0..u64::from(fingers)).flat_map(|of| (0..impressions).map(move |at| impression(of, at))).collect();
        let people: Vec<u32> = (0..fingers).flat_map(|of| (0..impressions).map(move |_| of)).collect();
        let trials = trials(&people, Protocol::All, 1);
        let measured = Fingers::new(&templates.iter().collect::<Vec<_>>(), people, Keys(1), threads).unwrap();
        let mut links = Links::default();
        let sets = vec![measured.measure("set".into(), &trials, &mut links).unwrap()];
        Report {
            protocol: "all",
            impressions: 1,
            extractor: "none".into(),
            seed: 1,
            mean: fingers_report::mean(&sets),
            linked: links.told(1),
            attacks: fingers_report::summed(&sets),
            sets,
        }
    }

    #[test]
    fn matcher_and_privacy_mean_the_same_cylinders() {
        assert_eq!(CYLINDER_LENGTH, finger::CYLINDER_LENGTH);
    }

    #[test]
    fn keys_protect_and_codes_with_keys_do_not() {
        let report = report(10, 3, 2);
        let [set] = &report.sets[..] else { panic!() };
        assert_eq!((set.genuine, set.impostor, set.not_protected), (30, 405, 0));
        assert!(set.code_bytes_max <= 4096 && set.code_bytes_mean > 3_000.0, "{set:?}");
        // Synthetic fingers are easily told apart, protected or not.
        assert!(set.accuracy.iter().all(|accuracy| accuracy.eer.unwrap() < 0.01), "{set:?}");
        let [applications, renewal, one] = &report.linked[..] else { panic!() };
        for unlinked in [applications, renewal] {
            let linkability = unlinked.linkability.unwrap();
            assert!((linkability.d_sys - linkability.null).abs() < 0.2, "{unlinked:?}");
            assert_eq!((unlinked.mated, unlinked.mated_passes.passes), (90, 0));
        }
        assert!(one.linkability.unwrap().d_sys > 0.9 && one.mated == 60, "{one:?}");
        let [nothing, code, both, sparse] = &report.attacks[..] else { panic!("{:?}", report.attacks) };
        assert!(nothing.code.attempts == 30 * 27 && nothing.code.passes <= 2, "{nothing:?}");
        assert_eq!((code.code.passes, code.impressions.passes, code.elsewhere.passes), (0, 0, 0));
        for attack in [both, sparse] {
            assert_eq!((attack.code.attempts, attack.impressions.attempts, attack.elsewhere.attempts), (30, 60, 60));
            assert_eq!((attack.code.passes, attack.impressions.passes), (30, 60), "{attack:?}");
        }
        // One that is made of signs has no digits, and so passes not all that it was not made of.
        assert!(
            both.elsewhere.passes <= sparse.elsewhere.passes && sparse.elsewhere.passes == 60,
            "{both:?} {sparse:?}"
        );
        let text = fingers_report::text(&report);
        for shown in ["Accuracy", "Unlinkability", "Reconstruction", "mean", "code and key"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
    }

    #[test]
    fn the_same_seed_measures_the_same_whatever_the_threads() {
        let json = |threads| serde_json::to_string(&report(3, 2, threads)).unwrap();
        assert_eq!(json(1), json(3));
    }
}
