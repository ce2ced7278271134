//! Codes of fingers under the keys that applications have, and what attackers make of them.

use sallyport_matcher::finger::{CylinderVectors, MinutiaTemplate, PreparedFinger};
use sallyport_privacy::template::{FingerCode, FingerProbe, FingerProjection, TemplateError};

use super::{
    faces_codes::Keys,
    fingers_report::Attack,
    judge::{Owners, Passes},
    typical::typical,
};
use crate::{fingers::acquire::record_bytes, workers};

/// Typical cylinders that are handed in at once, about as many as a code holds; and how many of each impression, the
/// best, they are learned from.
const TYPICAL: usize = 60;
const TYPICAL_FROM: usize = 8;

/// Applications, and the attacker's own one.
const OWN: &str = "one";
const ELSEWHERE: &str = "another";
const GUESSED: &str = "guessed";

/// The impressions of all sets, one set after the other.
#[derive(Default)]
pub(super) struct Impressions {
    pub owners: Owners,
    /// Each set alone.
    pub sets: Vec<Owners>,
    pub prepared: Vec<PreparedFinger>,
    pub cylinders: Vec<CylinderVectors>,
    /// Of each, as an ISO/IEC 19794-2:2005 record.
    pub record_bytes: Vec<usize>,
}

impl Impressions {
    /// Takes in a set; `people` tells of which finger each is, below `count`.
    pub(super) fn add(&mut self, templates: &[&MinutiaTemplate], people: Vec<u32>, count: usize) -> anyhow::Result<()> {
        let set = Owners::new(people, count);
        self.owners.append(&set);
        self.sets.push(set);
        for template in templates {
            self.prepared.push(PreparedFinger::new(template));
            self.cylinders.push(CylinderVectors::new(template));
            self.record_bytes.push(record_bytes(template)?);
        }
        Ok(())
    }
}

/// Codes and live probe of one impression under one key; none of an impression without minutiae to protect.
pub(super) type Protected = Option<(FingerProbe, FingerCode)>;

/// All impressions under all keys.
pub(super) struct Codes {
    /// The key that everybody has, and another application's.
    pub common: Vec<Protected>,
    pub common_elsewhere: Vec<Option<FingerCode>>,
    /// A key for each finger.
    pub own: Vec<Protected>,
    /// That key's next version.
    pub renewed: Vec<Option<FingerCode>>,
    /// A key for each finger of another application.
    pub elsewhere: Vec<Option<FingerCode>>,
}

impl Codes {
    pub(super) fn new(impressions: &Impressions, keys: &Keys, threads: usize) -> anyhow::Result<Self> {
        let Impressions { owners, cylinders, .. } = impressions;
        let under = |application: &str, version: u32, is_one: bool| -> anyhow::Result<Vec<Protected>> {
            let protected = workers::each(cylinders.len(), threads, |at| {
                let finger = if is_one { 0 } else { owners.people.get(at).map_or(0, |&person| key_number(person)) };
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
        let codes = |protected: Vec<Protected>| protected.into_iter().map(|one| one.map(|(_, code)| code)).collect();
        Ok(Self {
            common: under(OWN, 1, true)?,
            common_elsewhere: codes(under(ELSEWHERE, 1, true)?),
            own: under(OWN, 1, false)?,
            renewed: codes(under(OWN, 2, false)?),
            elsewhere: codes(under(ELSEWHERE, 1, false)?),
        })
    }
}

/// 0 is the number of the key that everybody has.
fn key_number(person: u32) -> usize {
    1 + person as usize
}

/// Who attacks, and what is made of it.
pub(super) const ATTACKERS: [&str; 6] = [
    "none: the enrolled impression itself",
    "nothing: another finger",
    "key only, or nothing: typical cylinders of other fingers",
    "code only: made with a guessed key",
    "code and key: signs projected back",
    "code and key, and that cylinders are sparse",
];

/// Attempts and passes at the code itself, at the finger's other impressions under its key, and at those of another
/// application.
type Attempted = [(u32, u32); 3];

/// Attacks the code of every impression, at this threshold of live fingers.
pub(super) struct Attackers<'a> {
    pub impressions: &'a Impressions,
    pub codes: &'a Codes,
    pub keys: &'a Keys,
    pub threshold: f32,
    pub threads: usize,
}

impl Attackers<'_> {
    pub(super) fn attacks(&self) -> anyhow::Result<Vec<Attack>> {
        // Learned on every other finger, to be tried on those between.
        let typical = [self.typical(1)?, self.typical(0)?];
        let owners = &self.impressions.owners;
        let each = workers::each(owners.people.len(), self.threads, |at| self.attacked(at, &typical))?;
        let attack = |(number, attacker): (usize, &'static str)| {
            let mut passes = [(); 3].map(|()| Passes::new(owners));
            for (&person, attempted) in owners.people.iter().zip(&each) {
                let targets = attempted.as_ref().and_then(|all| all.get(number)).copied().unwrap_or_default();
                passes.iter_mut().zip(targets).for_each(|(passes, attempted)| passes.add(person, attempted));
            }
            let [code, impressions, elsewhere] = passes.map(|passes| passes.attempts());
            Attack { attacker, code, impressions, elsewhere }
        };
        Ok(ATTACKERS.into_iter().enumerate().map(attack).collect())
    }

    /// Typical cylinders of the fingers whose number is odd (1) or even (0).
    fn typical(&self, odd: u32) -> anyhow::Result<Vec<Vec<f32>>> {
        let of = self
            .impressions
            .owners
            .people
            .iter()
            .zip(&self.impressions.cylinders)
            .filter(|(person, _)| **person % 2 == odd);
        let vectors: Vec<&[f32]> = of.flat_map(|(_, cylinders)| cylinders.iter().take(TYPICAL_FROM)).collect();
        typical(&vectors, TYPICAL, self.keys.0, self.threads)
    }

    /// In the order of [`ATTACKERS`]; nothing of an impression that has no code.
    fn attacked(&self, at: usize, typical: &[Vec<Vec<f32>>; 2]) -> Option<[Attempted; ATTACKERS.len()]> {
        let (&person, (probe, code)) = self.impressions.owners.people.get(at).zip(self.codes.own.get(at)?.as_ref())?;
        let key = |application: &str| FingerProjection::new(&self.keys.enrollment(application, key_number(person), 1));
        let (own, elsewhere) = (key(OWN), key(ELSEWHERE));
        let made = |cylinders: &dyn Fn() -> Vec<Vec<f32>>| {
            let cylinders = cylinders();
            let probe = |key: &FingerProjection| key.probe(cylinders.iter().map(Vec::as_slice)).ok();
            self.attempt(at, person, probe(&own).as_ref(), probe(&elsewhere).as_ref())
        };
        let projected_back = |key: &FingerProjection, make: fn(&mut [f32])| {
            let mut cylinders: Vec<Vec<f32>> = key.expose_cylinders(code).iter().map(|one| one.to_vec()).collect();
            cylinders.iter_mut().for_each(|cylinder| make(cylinder));
            cylinders
        };
        let itself = elsewhere.probe(self.impressions.cylinders.get(at)?.iter()).ok();
        Some([
            self.attempt(at, person, Some(probe), itself.as_ref()),
            self.others(at, person),
            made(&|| typical[person as usize % 2].clone()),
            made(&|| projected_back(&key(GUESSED), dense)),
            made(&|| projected_back(&own, dense)),
            made(&|| projected_back(&own, sparse)),
        ])
    }

    /// Hands in what was made for the finger's key here, and for its key elsewhere.
    fn attempt(&self, at: usize, person: u32, here: Option<&FingerProbe>, there: Option<&FingerProbe>) -> Attempted {
        let mut attempted = Attempted::default();
        let [own, others, elsewhere] = &mut attempted;
        let pass = |counts: &mut (u32, u32), probe: Option<&FingerProbe>, code: Option<&FingerCode>| {
            if let (Some(probe), Some(code)) = (probe, code) {
                counts.0 += 1;
                counts.1 += u32::from(probe.similarity(code) >= self.threshold);
            }
        };
        pass(own, here, code(&self.codes.own, at));
        for &other in self.impressions.owners.of(person).iter().filter(|&&other| other != at) {
            pass(others, here, code(&self.codes.own, other));
            pass(elsewhere, there, stored(&self.codes.elsewhere, other));
        }
        attempted
    }

    /// Under the key that the gate looks up, others' fingers are compared as if all had one key.
    fn others(&self, at: usize, person: u32) -> Attempted {
        let mut counts = (0, 0);
        let set = self.impressions.owners.sets.iter().find(|set| set.contains(&at)).cloned().unwrap_or_default();
        let others = set.filter(|&other| self.impressions.owners.people.get(other) != Some(&person));
        let code = self.codes.common.get(at).and_then(Option::as_ref);
        for probe in others.filter_map(|other| self.codes.common.get(other)?.as_ref()) {
            if let Some((_, code)) = code {
                counts.0 += 1;
                counts.1 += u32::from(probe.0.similarity(code) >= self.threshold);
            }
        }
        [counts, (0, 0), (0, 0)]
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

/// How alike two stored codes are.
pub(super) fn codes(one: Option<&FingerCode>, other: Option<&FingerCode>) -> f32 {
    // As unprotected fingers without a minutia compare.
    one.zip(other).map_or(0.0, |(one, other)| one.similarity(other))
}

/// How alike a live finger and a stored code are.
pub(super) fn live(of: &[Protected], reference: usize, probe: usize) -> f32 {
    match (of.get(reference), of.get(probe)) {
        (Some(Some((_, code))), Some(Some((probe, _)))) => probe.similarity(code),
        _ => 0.0,
    }
}

/// This impression's code.
pub(super) fn stored(of: &[Option<FingerCode>], at: usize) -> Option<&FingerCode> {
    of.get(at)?.as_ref()
}

/// The same where its live probe is kept, too.
pub(super) fn code(of: &[Protected], at: usize) -> Option<&FingerCode> {
    of.get(at)?.as_ref().map(|(_, code)| code)
}

#[cfg(test)]
mod tests {
    use sallyport_matcher::finger;
    use sallyport_privacy::template::CYLINDER_LENGTH;

    #[test]
    fn matcher_and_privacy_mean_the_same_cylinders() {
        assert_eq!(CYLINDER_LENGTH, finger::CYLINDER_LENGTH);
    }
}
