//! What comparisons of faces' codes say: at every length of codes, with one another and with live faces; and what attacks
//! pass.

use sallyport_privacy::template::{Code, CodeLength, MEAN_PROJECTION, Projection};
use zeroize::Zeroizing;

use super::{
    faces::ONE_FOR_ALL,
    faces_codes::{Attacked, Attacker, Faces},
    faces_report::Attack,
    judge::{Judge, Passes, dot, threshold},
    reconstruction::signed_sum,
    report::Accuracy,
};
use crate::{comparisons::Comparisons, workers};

/// Codes with one another, at every length; gives the threshold of the longest.
pub(super) fn codes(
    judge: &mut Judge<'_>,
    codes: &[Code],
    keys: &'static str,
    into: &mut Vec<Accuracy>,
) -> anyhow::Result<f32> {
    let mut last = f32::INFINITY;
    for length in CodeLength::ALL {
        let short: Vec<Code> = codes.iter().map(|code| code.shortened(length)).collect();
        let score = |first: usize, second: usize| similarity(&short, &short, first, second);
        let compared = Comparisons::all(&judge.owners.people, judge.threads, score)?;
        into.push(judge.accuracy("code with code", keys, length.bytes(), &compared));
        last = threshold(&compared);
    }
    Ok(last)
}

/// Live faces with the codes of one key, at every length; gives the thresholds.
pub(super) fn live(
    judge: &mut Judge<'_>,
    faces: &Faces<'_>,
    projection: &Projection,
    codes: &[Code],
    into: &mut Vec<Accuracy>,
) -> anyhow::Result<[f32; CodeLength::ALL.len()]> {
    let mut thresholds = [f32::INFINITY; CodeLength::ALL.len()];
    for (length, last) in CodeLength::ALL.into_iter().zip(&mut thresholds) {
        let scale = 1.0 / (length.bits() as f64 * MEAN_PROJECTION);
        let sums = workers::each(codes.len(), judge.threads, |at| {
            let code = codes.get(at).map(|code| code.shortened(length));
            let sum = code.map(|code| signed_sum(projection, &code)).unwrap_or_default();
            Zeroizing::new(sum.iter().map(|value| (value * scale) as f32).collect::<Vec<f32>>())
        })?;
        let score =
            |live: usize, stored: usize| sums.get(stored).map_or(f32::NAN, |stored| dot(faces.embedding(live), stored));
        let compared = Comparisons::all(&judge.owners.people, judge.threads, score)?;
        into.push(judge.accuracy("live face with code", ONE_FOR_ALL, length.bytes(), &compared));
        *last = threshold(&compared);
    }
    Ok(thresholds)
}

pub(super) fn attacks(faces: &Faces<'_>, attacked: &[Attacked]) -> Vec<Attack> {
    let mut kinds: Vec<(Attacker, CodeLength)> = attacked.iter().map(|one| (one.attacker, one.length)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let of = |(attacker, length): (Attacker, CodeLength)| {
        let own: Vec<&Attacked> =
            attacked.iter().filter(|one| (one.attacker, one.length) == (attacker, length)).collect();
        let mut cosines: Vec<f32> = own.iter().map(|one| one.cosine).collect();
        cosines.sort_unstable_by(f32::total_cmp);
        let [code, face, elsewhere] = [0, 1, 2].map(|target| {
            let mut passes = Passes::new(&faces.owners);
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

pub(super) fn similarity(one: &[Code], other: &[Code], first: usize, second: usize) -> f32 {
    one.get(first).zip(other.get(second)).map_or(f32::NAN, |(first, second)| first.similarity(second))
}
