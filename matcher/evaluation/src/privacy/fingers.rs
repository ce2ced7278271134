//! `matcher-eval privacy fingers`: what the protection of fingers costs, and what it is worth. Sets, protocols and
//! impressions are those of `matcher-eval fingers`; what is measured is what `matcher-eval privacy faces` measures.

use anyhow::ensure;
use sallyport_matcher::finger::{EnrolledFinger, MinutiaTemplate};

use super::{
    faces_codes::Keys,
    fingers_codes::{Attackers, Codes, Impressions, code, codes, live, stored},
    fingers_report::{self, Report, SetReport},
    judge::{Judge, Linking, threshold},
    report::{Accuracy, Linked},
};
use crate::{
    bootstrap::{CONFIDENCE, RESAMPLES},
    comparisons::{Comparisons, Pair},
    fingers::{
        Experiment,
        acquire::people_of,
        protocol::Trial,
        sets::{Set, sets},
    },
    report::Forms,
    workers,
};

/// What is in the place of the keys, in reports.
const NONE: &str = "none";
const ONE_FOR_ALL: &str = "one for all";
pub(super) const A_FINGER_EACH: &str = "a finger each";

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    experiment: Experiment,
    /// Of all keys: the same data and seed measure the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    forms: Forms,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.forms.check()?;
    let Arguments { experiment, .. } = arguments;
    let extractor = experiment.extractor()?;
    let mut data = Data::default();
    let (mut images, mut failed) = (Vec::new(), Vec::new());
    for set in sets(&experiment.folder)? {
        let acquired = experiment.acquire(&set, extractor.as_ref())?;
        let people = people_of(&set, &acquired);
        let trials = experiment.trials(&people);
        let templates: Vec<&MinutiaTemplate> =
            acquired.samples.iter().map(|sample| &sample.template.template).collect();
        let Set { name, fingers } = set;
        data.add(name, &templates, people, fingers.people.len(), trials)?;
        images.push(fingers.pictures.len());
        failed.push(acquired.failures.len());
    }
    let mut report = measure(&data, arguments.seed, experiment.source.threads())?;
    report.protocol = experiment.protocol.name();
    report.impressions = experiment.impressions;
    experiment.model(extractor.as_ref()).clone_into(&mut report.extractor);
    for (set, (images, failed)) in report.sets.iter_mut().zip(images.into_iter().zip(failed)) {
        (set.images, set.failed_to_acquire) = (images, failed);
    }
    match arguments.forms.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", fingers_report::text(&report)),
    }
    arguments.forms.write_page(|| fingers_report::page(&report))
}

/// The impressions of all sets, and which are compared.
#[derive(Default)]
struct Data {
    names: Vec<String>,
    impressions: Impressions,
    /// Of each set, whose samples are counted from its first one on.
    trials: Vec<Vec<Trial>>,
}

impl Data {
    fn add(
        &mut self,
        name: String,
        templates: &[&MinutiaTemplate],
        people: Vec<u32>,
        count: usize,
        trials: Vec<Trial>,
    ) -> anyhow::Result<()> {
        let has = |genuine: bool| trials.iter().any(|trial| trial.genuine == genuine);
        ensure!(
            has(true) && has(false),
            "{name} has no genuine or no impostor comparisons: give two fingers, with several impressions"
        );
        self.names.push(name);
        self.trials.push(trials);
        self.impressions.add(templates, people, count)
    }

    /// The comparisons of each set.
    fn compare(&self, threads: usize, score: impl Fn(usize, usize) -> f32 + Sync) -> anyhow::Result<Vec<Comparisons>> {
        let of_set = |(trials, set): (&Vec<Trial>, &std::ops::Range<usize>)| {
            let scores = workers::each(trials.len(), threads, |at| {
                let trial = trials.get(at)?;
                let probe = set.start + trial.probe as usize;
                let scores: Vec<f32> = trial.references().map(|one| score(set.start + one, probe)).collect();
                Some(EnrolledFinger::fuse(&scores))
            })?;
            let pairs = |genuine: bool| {
                let own = trials.iter().zip(&scores).filter(|(trial, _)| trial.genuine == genuine);
                own.filter_map(|(trial, score)| Some((trial, (*score)?)))
                    .map(|(trial, score)| Pair { first: trial.reference, second: trial.probe, score })
                    .collect()
            };
            Ok(Comparisons::chosen(pairs(true), pairs(false)))
        };
        self.trials.iter().zip(&self.impressions.owners.sets).map(of_set).collect()
    }

    /// The comparisons of all sets, nobody compared across.
    fn together(&self, sets: &[Comparisons]) -> Comparisons {
        let moved = |of: fn(&Comparisons) -> &[Pair]| {
            let pairs = sets.iter().zip(&self.impressions.owners.sets).flat_map(move |(compared, set)| {
                let by = set.start as u32;
                of(compared).iter().map(move |pair| Pair { first: pair.first + by, second: pair.second + by, ..*pair })
            });
            pairs.collect()
        };
        Comparisons::chosen(moved(|compared| &compared.genuine), moved(|compared| &compared.closest))
    }
}

/// Judges a scheme on all sets together, and on each alone.
struct Judges<'a> {
    data: &'a Data,
    all: Judge<'a>,
    sets: Vec<Judge<'a>>,
    accuracy: Vec<Accuracy>,
    of_sets: Vec<Vec<Accuracy>>,
}

impl<'a> Judges<'a> {
    fn new(data: &'a Data, seed: u64, threads: usize) -> Self {
        let Impressions { owners, sets, .. } = &data.impressions;
        Self {
            data,
            all: Judge::new(owners, seed, threads),
            sets: sets.iter().map(|set| Judge::new(set, seed, threads)).collect(),
            accuracy: Vec::new(),
            of_sets: sets.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// Gives the comparisons of all sets together.
    fn judge(
        &mut self,
        (scheme, keys, bytes): (&'static str, &'static str, usize),
        score: impl Fn(usize, usize) -> f32 + Sync,
    ) -> anyhow::Result<Comparisons> {
        let sets = self.data.compare(self.all.threads, score)?;
        for ((judge, compared), into) in self.sets.iter_mut().zip(&sets).zip(&mut self.of_sets) {
            into.push(judge.accuracy(scheme, keys, bytes, compared));
        }
        let together = self.data.together(&sets);
        self.accuracy.push(self.all.accuracy(scheme, keys, bytes, &together));
        Ok(together)
    }
}

/// All that is measured of these impressions.
fn measure(data: &Data, seed: u64, threads: usize) -> anyhow::Result<Report> {
    let (keys, impressions) = (Keys(seed), &data.impressions);
    let under = Codes::new(impressions, &keys, threads)?;
    let bytes: Vec<usize> = under.common.iter().flatten().map(|(_, code)| code.expose_bytes().len()).collect();
    let mean_size = |sizes: &[usize]| sizes.iter().sum::<usize>() / sizes.len().max(1);
    let mut judges = Judges::new(data, seed, threads);
    let unprotected =
        judges.judge(("unprotected", NONE, mean_size(&impressions.record_bytes)), |reference, probe| {
            let prepared = &impressions.prepared;
            prepared.get(reference).zip(prepared.get(probe)).map_or(0.0, |(a, b)| a.compare(b))
        })?;
    let of_codes = judges.judge(("code with code", ONE_FOR_ALL, mean_size(&bytes)), |reference, probe| {
        codes(code(&under.common, reference), code(&under.common, probe))
    })?;
    let of_live = judges.judge(("live finger with code", ONE_FOR_ALL, mean_size(&bytes)), |reference, probe| {
        live(&under.common, reference, probe)
    })?;
    judges.judge(("live finger with code", A_FINGER_EACH, mean_size(&bytes)), |reference, probe| {
        live(&under.own, reference, probe)
    })?;
    let (genuine, impostor) = unprotected.scores.counts();
    let attackers = Attackers { impressions, codes: &under, keys: &keys, threshold: threshold(&of_live), threads };
    let attacks = attackers.attacks()?;
    let linked = linked(&judges.all, &under, threshold(&of_codes));
    let not_protected = |set: &std::ops::Range<usize>| {
        under.common.get(set.clone()).unwrap_or_default().iter().filter(|protected| protected.is_none()).count()
    };
    let Judges { accuracy, of_sets, .. } = judges;
    let mean = fingers_report::means(&of_sets, impressions.owners.count());
    let sets = data.names.iter().zip(of_sets).zip(&impressions.owners.sets).map(|((name, accuracy), set)| SetReport {
        set: name.clone(),
        images: 0,
        failed_to_acquire: 0,
        not_protected: not_protected(set),
        accuracy,
    });
    Ok(Report {
        protocol: "",
        impressions: 1,
        extractor: String::new(),
        seed,
        fingers: impressions.owners.count(),
        genuine,
        impostor,
        confidence: CONFIDENCE,
        resamples: RESAMPLES,
        code_bytes_max: bytes.iter().copied().max().unwrap_or(0),
        accuracy,
        mean,
        sets: sets.collect(),
        linked,
        attacks,
    })
}

/// Compares each impression's code with those of the finger's impressions under other keys, and with those of others.
fn linked(judge: &Judge<'_>, under: &Codes, threshold: f32) -> Vec<Linked> {
    let with = Linking { threshold, same_sample: true, without: &[] };
    let same = Linking { same_sample: false, ..with };
    let own = |at: usize| code(&under.own, at);
    let common = |at: usize| code(&under.common, at);
    vec![
        judge.linked("two applications, a key each finger", &with, |a, b| codes(own(a), stored(&under.elsewhere, b))),
        judge.linked("an enrollment and its renewal", &with, |a, b| codes(own(a), stored(&under.renewed, b))),
        judge.linked("two galleries, a key each", &with, |a, b| codes(common(a), stored(&under.common_elsewhere, b))),
        judge.known(&known(judge), |gallery, a, b| match gallery {
            0 => codes(common(a), common(b)),
            _ => codes(stored(&under.common_elsewhere, a), stored(&under.common_elsewhere, b)),
        }),
        judge.linked("one gallery: linked, for comparison", &same, |a, b| codes(common(a), common(b))),
    ]
}

/// Every impression of every fourth finger, whose codes an attacker knows in both galleries.
fn known(judge: &Judge<'_>) -> Vec<usize> {
    let fingers = judge.owners.of_person.iter().skip(3).step_by(fingers_report::KNOWN_ONE_IN);
    fingers.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_matcher::finger::Minutia;
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

    /// So many sets of so many fingers.
    fn report(sets: u64, fingers: u32, impressions: u64, threads: usize) -> Report {
        let mut data = Data::default();
        for set in 0..sets {
            let first = set * u64::from(fingers);
            let of = |finger: u32| (0..impressions).map(move |at| impression(first + u64::from(finger), at));
            let templates: Vec<MinutiaTemplate> = (0..fingers).flat_map(of).collect();
            let people: Vec<u32> = (0..fingers).flat_map(|of| (0..impressions).map(move |_| of)).collect();
            let trials = trials(&people, Protocol::All, 1);
            let templates: Vec<&MinutiaTemplate> = templates.iter().collect();
            data.add(format!("set {set}"), &templates, people, fingers as usize, trials).unwrap();
        }
        measure(&data, 1, threads).unwrap()
    }

    #[test]
    fn keys_protect_and_codes_with_keys_do_not() {
        let report = report(2, 6, 3, 2);
        assert_eq!((report.fingers, report.genuine, report.impostor), (12, 36, 2 * 15 * 9));
        assert!(report.code_bytes_max <= 4096, "{}", report.code_bytes_max);
        // Synthetic fingers are easily told apart, protected or not, in all sets and in each.
        let of_sets = report.sets.iter().flat_map(|set| &set.accuracy);
        assert_eq!((report.accuracy.len(), of_sets.clone().count(), report.mean.len()), (4, 8, 4));
        for accuracy in report.accuracy.iter().chain(of_sets) {
            assert!(accuracy.eer.unwrap() < 0.01 && accuracy.bytes > 200, "{accuracy:?}");
            assert_eq!(accuracy.eer_cost.is_some(), accuracy.scheme != "unprotected");
        }
        let [applications, renewal, galleries, known, one] = &report.linked[..] else { panic!() };
        for unlinked in [applications, renewal, galleries] {
            assert!(unlinked.linkability.unwrap().above_null().abs() < 0.2, "{unlinked:?}");
            assert_eq!((unlinked.mated_passes.attempts, unlinked.mated_passes.passes), (36 * 3, 0));
        }
        // Three of the twelve are known, and are not linked.
        assert_eq!(known.mated_passes.attempts, 27 * 3);
        assert!(one.linkability.unwrap().d_sys > 0.9 && one.mated_passes.attempts == 72, "{one:?}");
        let [owner, nothing, key, code, both, sparse] = &report.attacks[..] else { panic!("{:?}", report.attacks) };
        assert_eq!((owner.code.attempts, owner.code.passes, owner.impressions.passes), (36, 36, 72), "{owner:?}");
        assert!(nothing.code.attempts == 36 * 15 && nothing.code.passes <= 2, "{nothing:?}");
        // What is typical of synthetic fingers resembles one or the other.
        for (attack, most) in [(key, 5), (code, 0)] {
            assert_eq!((attack.code.attempts, attack.impressions.attempts, attack.elsewhere.attempts), (36, 72, 72));
            assert!(attack.code.passes + attack.impressions.passes + attack.elsewhere.passes <= most, "{attack:?}");
        }
        for attack in [both, sparse] {
            assert_eq!((attack.code.attempts, attack.impressions.attempts, attack.elsewhere.attempts), (36, 72, 72));
            assert_eq!((attack.code.passes, attack.impressions.passes), (36, 72), "{attack:?}");
        }
        // One that is made of signs has no digits, and so passes not all that it was not made of.
        assert!(
            both.elsewhere.passes <= sparse.elsewhere.passes && sparse.elsewhere.passes == 72,
            "{both:?} {sparse:?}"
        );
    }

    #[test]
    fn text_and_page_hold_every_figure() {
        let report = report(2, 4, 3, 2);
        let (text, page) = (fingers_report::text(&report), fingers_report::page(&report));
        for shown in
            ["All sets together", "Unlinkability", "Reconstruction", "mean", "set 1", "code and key", "live finger"]
        {
            assert!(text.contains(shown) && page.contains(shown), "{shown}: {text}");
        }
        // Trade-off curves with their three keys, and a drawing of each comparison for linking.
        assert_eq!(page.matches("<svg").count(), 1 + 3 + report.linked.len());
    }

    #[test]
    fn the_same_seed_measures_the_same_whatever_the_threads() {
        let json = |threads| serde_json::to_string(&report(1, 3, 2, threads)).unwrap();
        assert_eq!(json(1), json(3));
    }

    #[test]
    fn what_cannot_be_measured_says_why() {
        let finger = impression(1, 1);
        let error = Data::default().add("alone".into(), &[&finger], vec![0], 1, Vec::new()).unwrap_err();
        assert!(error.to_string().contains("alone has no genuine"), "{error}");
    }
}
