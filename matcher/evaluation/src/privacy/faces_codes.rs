//! Codes of a data set under the keys that applications have, and what attackers make of them.

use sallyport_privacy::{
    keys::{ApplicationKey, EnrollmentSeed},
    template::{Code, CodeLength, EMBEDDING_LENGTH, Projection, TemplateError},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    judge::{Owners, dot},
    reconstruction,
};
use crate::workers;

/// Embeddings of unit length, and whose they are.
pub(super) struct Faces<'a> {
    pub embeddings: Vec<&'a [f32]>,
    pub owners: Owners,
}

impl<'a> Faces<'a> {
    /// `people` tells whose each embedding is, below `count`.
    pub(super) fn new(embeddings: Vec<&'a [f32]>, people: Vec<u32>, count: usize) -> Self {
        Self { embeddings, owners: Owners::new(people, count) }
    }

    /// Nothing points anywhere beyond the samples.
    pub(super) fn embedding(&self, sample: usize) -> &'a [f32] {
        self.embeddings.get(sample).copied().unwrap_or_default()
    }

    /// Cosine of two samples, as templates compare.
    pub(super) fn cosine(&self, first: usize, second: usize) -> f32 {
        dot(self.embedding(first), self.embedding(second))
    }
}

/// All keys of a measurement, from its seed.
pub(super) struct Keys(pub u64);

impl Keys {
    /// The seed of an enrollment with this application.
    pub(super) fn enrollment(&self, application: &str, enrollment: usize, version: u32) -> EnrollmentSeed {
        let key = Sha256::new().chain_update(b"matcher-eval privacy\0").chain_update(self.0.to_be_bytes());
        let key = ApplicationKey::received(&key.chain_update(application).finalize().into(), 1);
        key.enrollment_seed(&(enrollment as u128).to_be_bytes(), version)
    }

    /// The one key of a gallery.
    pub(super) fn gallery(&self, name: &str) -> Projection {
        Projection::new(&self.enrollment(name, 0, 1))
    }
}

/// Every sample's code under one key.
pub(super) fn under_one_key(faces: &Faces<'_>, projection: &Projection, threads: usize) -> anyhow::Result<Vec<Code>> {
    let codes = workers::each(faces.embeddings.len(), threads, |at| projection.protect(faces.embedding(at)))?;
    Ok(codes.into_iter().collect::<Result<_, _>>()?)
}

/// Every sample's codes when each person's enrollment has its own key.
pub(super) struct Enrolled {
    /// With one application.
    pub own: Vec<Code>,
    /// After the enrollment was renewed there.
    pub renewed: Vec<Code>,
    /// With another application.
    pub elsewhere: Vec<Code>,
    /// What became of attacks on the first picture of each person that was attacked.
    pub attacked: Vec<Attacked>,
}

/// Scores that are reached by one impostor comparison in a thousand.
pub(super) struct Thresholds {
    pub cosine: f32,
    /// Of live faces with codes of each length.
    pub live: [f32; CodeLength::ALL.len()],
}

/// What an attacker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Attacker {
    /// No attacker: the very picture that was enrolled, for comparison.
    Owner,
    /// Neither code nor key: another person's face.
    Nothing,
    /// A code: solves it under a key of their own.
    Code,
    /// A key, which tells nothing of a face: makes one that is as much like everybody as can be. So can who has no key.
    Key,
    /// Both: the sum of the directions with their signs.
    BothSummed,
    /// Both: solved for the code.
    BothSolved,
}

/// An attempt's passes with one person.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attacked {
    pub person: u32,
    pub attacker: Attacker,
    pub length: CodeLength,
    /// Of the template that was made and the embedding that was enrolled.
    pub cosine: f32,
    /// Attempts and passes: the enrollment's own code; other pictures of the person; other pictures' codes with another
    /// application.
    pub passes: [(u32, u32); 3],
}

/// Enrolls everybody three times, a key each, and attacks those people whose number is among `attacked`.
pub(super) fn under_own_keys(
    faces: &Faces<'_>,
    keys: &Keys,
    attacked: &[usize],
    thresholds: &Thresholds,
    threads: usize,
) -> anyhow::Result<Enrolled> {
    let average = average(faces);
    let guessed = keys.gallery("an attacker's guess");
    let each = workers::each(faces.owners.of_person.len(), threads, |person| -> Result<_, TemplateError> {
        let samples = faces.owners.of_person.get(person).map(Vec::as_slice).unwrap_or_default();
        if samples.is_empty() {
            return Ok(None);
        }
        let project = |application, version| Projection::new(&keys.enrollment(application, person, version));
        let (own, renewed, elsewhere) = (project("one", 1), project("one", 2), project("another", 1));
        let mut codes = Vec::with_capacity(samples.len());
        for &sample in samples {
            let embedding = faces.embedding(sample);
            codes.push([own.protect(embedding)?, renewed.protect(embedding)?, elsewhere.protect(embedding)?]);
        }
        let victim = Victim { faces, person, samples, codes: &codes, own: &own, elsewhere: &elsewhere, thresholds };
        let attacks = if attacked.contains(&person) { victim.attacks(&average, &guessed)? } else { Vec::new() };
        Ok(Some((codes, attacks)))
    })?;
    let mut all: Vec<(usize, [Code; 3])> = Vec::with_capacity(faces.embeddings.len());
    let mut done = Vec::new();
    for (person, outcome) in each.into_iter().enumerate() {
        if let Some((codes, attacks)) = outcome? {
            let samples = faces.owners.of_person.get(person).into_iter().flatten().copied();
            all.extend(samples.zip(codes));
            done.extend(attacks);
        }
    }
    all.sort_unstable_by_key(|&(sample, _)| sample);
    let mut enrolled = Enrolled { own: vec![], renewed: vec![], elsewhere: vec![], attacked: done };
    for (_, [own, renewed, elsewhere]) in all {
        enrolled.own.push(own);
        enrolled.renewed.push(renewed);
        enrolled.elsewhere.push(elsewhere);
    }
    Ok(enrolled)
}

/// The sum of all embeddings.
fn average(faces: &Faces<'_>) -> Zeroizing<Vec<f64>> {
    let mut sum = Zeroizing::new(vec![0.0; EMBEDDING_LENGTH]);
    for embedding in &faces.embeddings {
        sum.iter_mut().zip(*embedding).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sum
}

/// Somebody enrolled with two applications.
struct Victim<'a> {
    faces: &'a Faces<'a>,
    person: usize,
    samples: &'a [usize],
    codes: &'a [[Code; 3]],
    own: &'a Projection,
    elsewhere: &'a Projection,
    thresholds: &'a Thresholds,
}

impl Victim<'_> {
    /// Every attack on the first picture's code.
    fn attacks(&self, average: &[f64], guessed: &Projection) -> Result<Vec<Attacked>, TemplateError> {
        let (Some(&sample), Some([code, ..])) = (self.samples.first(), self.codes.first()) else { return Ok(vec![]) };
        let longest = CodeLength::default();
        let mut attacks = vec![self.attack(Attacker::Owner, longest, self.faces.embedding(sample))?];
        let people = self.faces.owners.of_person.len();
        // Half of all people on: neighbors in a data set may be more alike than others.
        let from = self.person + people / 2;
        let others = (0..people).map(|on| (from + on) % people).filter(|&other| other != self.person);
        let mut others = others.filter_map(|other| self.faces.owners.of_person.get(other)?.first());
        if let Some(&other) = others.next() {
            attacks.push(self.attack(Attacker::Nothing, longest, self.faces.embedding(other))?);
        }
        let solved = reconstruction::solve(guessed, code);
        attacks.push(self.attack(Attacker::Code, longest, &reconstruction::embedding(&solved))?);
        let mut others = Zeroizing::new(average.to_vec());
        for &own in self.samples {
            let own = self.faces.embedding(own);
            others.iter_mut().zip(own).for_each(|(sum, &value)| *sum -= f64::from(value));
        }
        // A single person leaves nobody to learn from.
        if others.iter().any(|value| value.abs() > 1e-6) {
            attacks.push(self.attack(Attacker::Key, longest, &reconstruction::embedding(&others))?);
        }
        for length in CodeLength::ALL {
            let code = code.shortened(length);
            let (summed, solved) =
                (reconstruction::signed_sum(self.own, &code), reconstruction::solve(self.own, &code));
            attacks.push(self.attack(Attacker::BothSummed, length, &reconstruction::embedding(&summed))?);
            attacks.push(self.attack(Attacker::BothSolved, length, &reconstruction::embedding(&solved))?);
        }
        Ok(attacks)
    }

    /// Presents a template wherever it might pass.
    fn attack(&self, attacker: Attacker, length: CodeLength, template: &[f32]) -> Result<Attacked, TemplateError> {
        let mut passes = [(0, 0); 3];
        let mut present = |at: usize, passed: bool| {
            if let Some((attempts, passes)) = passes.get_mut(at) {
                *attempts += 1;
                *passes += u32::from(passed);
            }
        };
        let live = CodeLength::ALL.iter().position(|&known| known == length);
        let live = live.and_then(|at| self.thresholds.live.get(at)).copied().unwrap_or(f32::INFINITY);
        let (own, elsewhere) = (self.own.probe(template)?, self.elsewhere.probe(template)?);
        let mut enrolled = self.samples.iter().zip(self.codes);
        let Some((&first, [code, ..])) = enrolled.next() else { return Err(TemplateError::Degenerate) };
        present(0, own.similarity(&code.shortened(length)) >= live);
        for (&other, [_, _, code]) in enrolled {
            present(1, dot(template, self.faces.embedding(other)) >= self.thresholds.cosine);
            present(2, elsewhere.similarity(&code.shortened(length)) >= live);
        }
        let cosine = dot(template, self.faces.embedding(first));
        Ok(Attacked { person: self.person as u32, attacker, length, cosine, passes })
    }
}
