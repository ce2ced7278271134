//! `matcher-eval privacy faces`: what the protection of faces costs, and what it is worth.
//!
//! * Accuracy, protected beside unprotected, when the key is no secret (one for all, which is what a gate meets: it looks
//!   the key up by the name that is claimed) and when every person has another one.
//! * Unlinkability (D_sys) and renewability: whether codes of one face under two keys are as those of two people.
//! * Reconstruction: what passes of the templates that attackers make.

use std::{num::NonZero, path::PathBuf};

use anyhow::{Context as _, ensure};
use sallyport_matcher::face::FaceEngine;
use sallyport_privacy::template::EMBEDDING_LENGTH;

use super::{
    faces_codes::{Faces, Keys, Thresholds, under_one_key, under_own_keys},
    faces_judge::{attacks, codes, live, similarity},
    faces_report::{self, Report},
    judge::{Judge, Linking, threshold},
};
use crate::{
    acquisition,
    bootstrap::{CONFIDENCE, RESAMPLES},
    comparisons::Comparisons,
    report::Forms,
    subjects::Subjects,
    workers,
};

/// People of whom an attacker knows the codes in both galleries, at most a quarter of all.
pub(super) const KNOWN: usize = 64;

/// Whose keys codes are made under.
const NONE: &str = "none";
pub(super) const ONE_FOR_ALL: &str = "one for all";
pub(super) const A_PERSON_EACH: &str = "a person each";

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person.
    folder: PathBuf,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    #[command(flatten)]
    forms: Forms,
    /// Of all keys: the same data and seed measure the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// People whose first picture's code is attacked, those with several pictures first.
    #[arg(long, default_value_t = 400)]
    attacked: usize,
    /// Pictures and comparisons at once; as many as there are cores when not given.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.forms.check()?;
    let subjects = Subjects::list(&arguments.folder)?;
    let engine = FaceEngine::load(&arguments.models)
        .with_context(|| format!("nets in {}: run `make setup`, or give --models", arguments.models.display()))?;
    let threads = arguments.threads.map_or_else(workers::cores, NonZero::get);
    let acquired = acquisition::acquire(&engine, &subjects.pictures, threads)?;
    for (picture, reason) in &acquired.failures {
        let name = subjects.pictures.get(*picture as usize).map_or("?", |picture| &picture.name);
        eprintln!("failed to acquire {name}: {reason}");
    }
    let person = |picture: u32| subjects.pictures.get(picture as usize).map_or(0, |picture| picture.person);
    let embeddings: Vec<&[f32]> = acquired.samples.iter().map(|sample| sample.template.values()).collect();
    ensure!(
        embeddings.iter().all(|embedding| embedding.len() == EMBEDDING_LENGTH),
        "net {} does not give {EMBEDDING_LENGTH} values, which are what is protected: choose another",
        engine.model()
    );
    let people = acquired.samples.iter().map(|sample| person(sample.picture)).collect();
    let faces = Faces::new(embeddings, people, subjects.people.len());
    let mut report = measure(&faces, arguments.seed, arguments.attacked, threads)?;
    report.images = subjects.pictures.len();
    report.failed_to_acquire = acquired.failures.len();
    engine.model().clone_into(&mut report.model);
    match arguments.forms.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", faces_report::text(&report)),
    }
    arguments.forms.write_page(|| faces_report::page(&report))
}

/// All that is measured of these embeddings.
pub(super) fn measure(faces: &Faces<'_>, seed: u64, attacked: usize, threads: usize) -> anyhow::Result<Report> {
    let keys = Keys(seed);
    let mut judge = Judge::new(&faces.owners, seed, threads);
    let compared = Comparisons::all(&faces.owners.people, threads, |first, second| faces.cosine(first, second))?;
    let (genuine, impostor) = compared.scores.counts();
    ensure!(
        genuine > 0 && impostor > 0,
        "{genuine} genuine and {impostor} impostor comparisons: give two people, and one of them two pictures"
    );
    let mut accuracy = vec![judge.accuracy("unprotected", NONE, size_of::<f32>() * EMBEDDING_LENGTH, &compared)];
    let cosine = threshold(&compared);

    let projection = keys.gallery("one");
    let gallery = under_one_key(faces, &projection, threads)?;
    let of_codes = codes(&mut judge, &gallery, ONE_FOR_ALL, &mut accuracy)?;
    let live = live(&mut judge, faces, &projection, &gallery, &mut accuracy)?;
    let thresholds = Thresholds { cosine, live };
    let enrolled = under_own_keys(faces, &keys, &victims(faces, attacked), &thresholds, threads)?;
    codes(&mut judge, &enrolled.own, A_PERSON_EACH, &mut accuracy)?;

    let another = under_one_key(faces, &keys.gallery("another"), threads)?;
    let (own, renewed, elsewhere) = (&enrolled.own, &enrolled.renewed, &enrolled.elsewhere);
    let with = Linking { threshold: of_codes, same_sample: true, without: &[] };
    let same = Linking { same_sample: false, ..with };
    let linked = vec![
        judge.linked("two applications, a key each person", &with, |a, b| similarity(own, elsewhere, a, b)),
        judge.linked("an enrollment and its renewal", &with, |a, b| similarity(own, renewed, a, b)),
        judge.linked("two galleries, a key each", &with, |a, b| similarity(&gallery, &another, a, b)),
        judge.known(&known(faces), |of, first, second| {
            let codes = if of == 0 { &gallery } else { &another };
            similarity(codes, codes, first, second)
        }),
        judge.linked("one gallery: linked, for comparison", &same, |a, b| similarity(&gallery, &gallery, a, b)),
    ];
    Ok(Report {
        images: 0,
        failed_to_acquire: 0,
        people: faces.owners.count(),
        model: String::new(),
        seed,
        genuine,
        impostor,
        confidence: CONFIDENCE,
        resamples: RESAMPLES,
        accuracy,
        linked,
        attacks: attacks(faces, &enrolled.attacked),
    })
}

/// Who is attacked: those with another picture, if there are so many, spread over all.
fn victims(faces: &Faces<'_>, most: usize) -> Vec<usize> {
    let with = |pictures: std::ops::RangeInclusive<usize>| {
        let people = faces.owners.of_person.iter().enumerate();
        people.filter(move |(_, samples)| pictures.contains(&samples.len())).map(|(person, _)| person)
    };
    let (several, single): (Vec<usize>, Vec<usize>) = (with(2..=usize::MAX).collect(), with(1..=1).collect());
    let spread = |people: &[usize], count: usize| -> Vec<usize> {
        let count = count.min(people.len());
        (0..count).filter_map(|at| people.get(at * people.len() / count.max(1)).copied()).collect()
    };
    let mut chosen = spread(&several, most);
    chosen.extend(spread(&single, most - chosen.len()));
    chosen
}

/// Of the people whose codes an attacker knows in both galleries, each the first picture.
fn known(faces: &Faces<'_>) -> Vec<usize> {
    let first = faces.owners.of_person.iter().filter_map(|samples| samples.first()).copied();
    first.take(KNOWN.min(faces.owners.of_person.len() / 4)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use sallyport_privacy::template::TemplateError;

    use super::{super::faces_codes::Attacker, super::faces_report::Attack, *};

    /// A picture of a person: a direction of their own, and so much of another one.
    pub(crate) fn face(person: u64, picture: u64, noise: f32) -> Vec<f32> {
        let direction = |seed: u64| -> Vec<f32> {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut uniform = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1 << 24) as f32
            };
            // The sum of a few is nearly normal.
            (0..EMBEDDING_LENGTH).map(|_| (0..6).map(|_| uniform()).sum::<f32>() - 3.0).collect()
        };
        let (own, other) = (direction(2 * person + 1), direction(1_000_003 * (person + 1) + 2 * picture));
        let mut values: Vec<f32> = own.iter().zip(&other).map(|(own, other)| own + noise * other).collect();
        let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        values.iter_mut().for_each(|value| *value /= norm);
        values
    }

    fn with_faces<T>(people: u64, pictures: u64, noise: f32, work: impl FnOnce(&Faces<'_>) -> T) -> T {
        let of = |person: u64| (0..pictures).map(move |picture| face(person, picture, noise));
        let embeddings: Vec<Vec<f32>> = (0..people).flat_map(of).collect();
        let owners = (0..people as u32).flat_map(|person| (0..pictures).map(move |_| person)).collect();
        work(&Faces::new(embeddings.iter().map(Vec::as_slice).collect(), owners, people as usize))
    }

    fn of(report: &Report, attacker: Attacker, bits: usize) -> &Attack {
        report.attacks.iter().find(|attack| (attack.attacker, attack.bits) == (attacker, bits)).unwrap()
    }

    #[test]
    fn keys_protect_and_codes_with_keys_do_not() {
        let report = with_faces(32, 3, 0.8, |faces| measure(faces, 7, 6, 2).unwrap());
        assert_eq!((report.people, report.genuine, report.impostor), (32, 96, 96 * 95 / 2 - 96));
        assert_eq!(report.accuracy.len(), 10);
        // Synthetic people are easily told apart, protected or not.
        for accuracy in &report.accuracy {
            assert!(accuracy.eer.unwrap() < 0.01, "{accuracy:?}");
        }
        let [applications, renewed, galleries, known, one] = &report.linked[..] else { panic!("{:?}", report.linked) };
        for unlinked in [applications, renewed, galleries] {
            assert!(unlinked.linkability.unwrap().above_null().abs() < 0.1, "{unlinked:?}");
            assert_eq!((unlinked.mated_passes.attempts, unlinked.mated_passes.passes), (32 * 9, 0));
        }
        for (linked, least) in [(known, 0.5), (one, 0.9)] {
            assert!(linked.linkability.unwrap().above_null() > least, "{linked:?}");
        }
        for bits in [1024, 2048, 4096] {
            let both = of(&report, Attacker::BothSolved, bits);
            assert_eq!((both.people, both.code.attempts, both.face.attempts), (6, 6, 12));
            assert_eq!((both.code.passes, both.face.passes, both.elsewhere.passes), (6, 12, 12), "{both:?}");
        }
        for attacker in [Attacker::Nothing, Attacker::Code, Attacker::Key] {
            let attack = of(&report, attacker, 4096);
            assert!(attack.code.passes + attack.face.passes + attack.elsewhere.passes <= 2, "{attack:?}");
        }
        assert_eq!(of(&report, Attacker::Owner, 4096).face.passes, 12);
    }

    #[test]
    fn the_same_seed_measures_the_same_whatever_the_threads() {
        let json = |seed, threads| {
            with_faces(10, 2, 0.9, |faces| serde_json::to_string(&measure(faces, seed, 3, threads).unwrap()).unwrap())
        };
        assert_eq!(json(1, 1), json(1, 3));
        assert_ne!(json(1, 2), json(2, 2));
    }

    #[test]
    fn those_with_several_pictures_are_attacked_first() {
        let embeddings = [face(0, 0, 0.0), face(1, 0, 0.0), face(1, 1, 0.0), face(3, 0, 0.0)];
        let faces = Faces::new(embeddings.iter().map(Vec::as_slice).collect(), vec![0, 1, 1, 3], 4);
        assert_eq!([0, 1, 2, 9].map(|most| victims(&faces, most)), [vec![], vec![1], vec![1, 0], vec![1, 0, 3]]);
    }

    #[test]
    fn what_cannot_be_measured_says_why() {
        let single = with_faces(3, 1, 0.0, |faces| measure(faces, 1, 9, 1).unwrap_err());
        assert!(single.to_string().contains("one of them two pictures"), "{single}");
        let zero = [vec![0.0; EMBEDDING_LENGTH], vec![0.0; EMBEDDING_LENGTH], face(1, 0, 0.0)];
        let faces = Faces::new(zero.iter().map(Vec::as_slice).collect(), vec![0, 0, 1], 2);
        let error = measure(&faces, 1, 9, 1).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&TemplateError::Degenerate));
    }

    #[test]
    fn pages_and_text_hold_every_figure() {
        let report = with_faces(8, 2, 0.5, |faces| measure(faces, 1, 2, 2).unwrap());
        let (text, page) = (faces_report::text(&report), faces_report::page(&report));
        for shown in ["Accuracy", "Unlinkability and renewability", "Reconstruction", "code and key: solved", "4096"] {
            assert!(text.contains(shown) && page.contains(shown), "{shown}");
        }
        // Trade-off curves with their three keys, and a drawing of each comparison for linking.
        assert_eq!(page.matches("<svg").count(), 1 + 3 + report.linked.len());
    }
}
