//! What a measurement of protected fingers says, in JSON as it stands here and as text.

use serde::Serialize;

use super::{fingers::ATTACK_FMR, linkability::Linkability, tables::Table};
use crate::{
    metrics::rate,
    report::{
        Named,
        text::{percent, thousands},
    },
};

/// All that was measured. Rates are fractions.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub protocol: &'static str,
    /// How many are enrolled.
    pub impressions: u8,
    pub extractor: String,
    /// Of all keys.
    pub seed: u64,
    pub sets: Vec<SetReport>,
    /// Over the sets.
    pub mean: Vec<Accuracy>,
    /// Of all sets together.
    pub linked: Vec<Linked>,
    pub attacks: Vec<Attack>,
}

/// Of one set.
#[derive(Debug, Serialize)]
pub(super) struct SetReport {
    pub set: String,
    pub images: usize,
    pub failed_to_acquire: usize,
    /// Templates without a minutia whose surroundings can be protected.
    pub not_protected: usize,
    pub genuine: usize,
    pub impostor: usize,
    pub code_bytes_mean: f64,
    pub code_bytes_max: usize,
    pub accuracy: Vec<Accuracy>,
    pub attacks: Vec<Attack>,
}

/// Error rates of one scheme.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Accuracy {
    pub scheme: &'static str,
    /// Whose they are, and so whether an impostor meets the key of whom they claim to be.
    pub keys: &'static str,
    pub eer: Option<f64>,
    pub fnmr_at_fmr: Named<Option<f64>>,
    pub threshold_at_fmr: Named<Option<f64>>,
}

/// Codes of fingers under one key compared with codes under another.
#[derive(Debug, Serialize)]
pub(super) struct Linked {
    pub name: &'static str,
    pub mated: usize,
    pub non_mated: usize,
    pub linkability: Option<Linkability>,
    pub mated_mean: Option<f64>,
    pub non_mated_mean: Option<f64>,
    /// At the threshold that codes of one key have at [`ATTACK_FMR`].
    pub mated_passes: Passes,
}

/// How often something passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Passes {
    pub attempts: usize,
    pub passes: usize,
}

impl Passes {
    pub(super) fn note(&mut self, passed: bool) {
        self.attempts += 1;
        self.passes += usize::from(passed);
    }

    fn add(&mut self, other: Self) {
        self.attempts += other.attempts;
        self.passes += other.passes;
    }

    fn text(self) -> String {
        let share = rate(self.passes, self.attempts);
        share.map_or_else(
            || "-".into(),
            |share| format!("{} of {}: {}", thousands(self.passes), thousands(self.attempts), percent(share)),
        )
    }
}

/// What an attacker passes who makes cylinders of what was stolen, and can hand them in as a live finger's.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Attack {
    pub attacker: &'static str,
    /// The stolen code itself.
    pub code: Passes,
    /// Codes of the finger's other impressions under the same key.
    pub impressions: Passes,
    /// The same under another application's key.
    pub elsewhere: Passes,
}

impl Attack {
    pub(super) fn new(attacker: &'static str) -> Self {
        Self { attacker, code: Passes::default(), impressions: Passes::default(), elsewhere: Passes::default() }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.code.add(other.code);
        self.impressions.add(other.impressions);
        self.elsewhere.add(other.elsewhere);
    }
}

/// The mean of the sets' accuracies, scheme by scheme.
pub(super) fn mean(sets: &[SetReport]) -> Vec<Accuracy> {
    let mean = |at: usize, of: &dyn Fn(&Accuracy) -> Option<f64>| {
        let values: Option<Vec<f64>> = sets.iter().map(|set| set.accuracy.get(at).and_then(of)).collect();
        values.filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    let schemes = sets.first().map(|set| &set.accuracy[..]).unwrap_or_default();
    let of = |(at, first): (usize, &Accuracy)| {
        let at_fmr = |of: fn(&Accuracy) -> &Named<Option<f64>>| {
            let names = of(first).0.iter().map(|(name, _)| name.clone()).enumerate();
            Named(names.map(|(rate, name)| (name, mean(at, &|accuracy| of(accuracy).0.get(rate)?.1))).collect())
        };
        Accuracy {
            eer: mean(at, &|accuracy| accuracy.eer),
            fnmr_at_fmr: at_fmr(|accuracy| &accuracy.fnmr_at_fmr),
            threshold_at_fmr: at_fmr(|accuracy| &accuracy.threshold_at_fmr),
            ..first.clone()
        }
    };
    schemes.iter().enumerate().map(of).collect()
}

/// The attacks of all sets together.
pub(super) fn summed(sets: &[SetReport]) -> Vec<Attack> {
    let mut sums: Vec<Attack> = Vec::new();
    for attack in sets.iter().flat_map(|set| &set.attacks) {
        match sums.iter_mut().find(|sum| sum.attacker == attack.attacker) {
            Some(sum) => sum.add(attack),
            None => sums.push(attack.clone()),
        }
    }
    sums
}

/// The mean of scores, if there are any.
pub(super) fn average(scores: &[f32]) -> Option<f64> {
    (!scores.is_empty()).then(|| scores.iter().map(|&score| f64::from(score)).sum::<f64>() / scores.len() as f64)
}

/// For a terminal.
pub(super) fn text(report: &Report) -> String {
    let tables = [accuracy(report), linked(report), attacks(report)].map(|table| table.text());
    format!(
        "minutiae of {}, protocol {}, {} enrolled; keys of seed {}\n\n{}",
        report.extractor,
        report.protocol,
        report.impressions,
        report.seed,
        tables.join("\n")
    )
}

fn accuracy(report: &Report) -> Table {
    let rates = report.mean.first().map(|first| &first.fnmr_at_fmr.0[..]).unwrap_or_default();
    let mut head: Vec<String> = ["set", "scheme", "keys", "EER"].map(str::to_owned).into();
    head.extend(rates.iter().map(|(name, _)| format!("FNMR at {name}")));
    head.extend(rates.iter().map(|(name, _)| format!("score at {name}")));
    let shown = |rate: Option<f64>| rate.map_or_else(|| "-".into(), percent);
    let row = |set: &str, accuracy: &Accuracy| {
        let mut row = vec![set.to_owned(), accuracy.scheme.to_owned(), accuracy.keys.to_owned(), shown(accuracy.eer)];
        row.extend(accuracy.fnmr_at_fmr.0.iter().map(|(_, fnmr)| shown(*fnmr)));
        row.extend(accuracy.threshold_at_fmr.0.iter().map(|(_, threshold)| figure(*threshold)));
        row
    };
    let sets = report.sets.iter().flat_map(|set| set.accuracy.iter().map(|accuracy| row(&set.set, accuracy)));
    let all = |of: fn(&SetReport) -> usize| report.sets.iter().map(of).sum::<usize>();
    let bytes = report.sets.iter().map(|set| set.code_bytes_mean).sum::<f64>() / report.sets.len().max(1) as f64;
    Table {
        title: "Accuracy",
        note: format!(
            "{} images, {} of them without a template and {} without a code; codes have {bytes:.0} bytes, at most {}. One \
             key for all: a gate looks the key up by the name that is claimed, and so an impostor meets the claimed \
             person's key; this is what counts. A key for each finger: an impostor is compared under a key of their own.",
            thousands(all(|set| set.images)),
            all(|set| set.failed_to_acquire),
            all(|set| set.not_protected),
            thousands(report.sets.iter().map(|set| set.code_bytes_max).max().unwrap_or(0)),
        ),
        head,
        rows: sets.chain(report.mean.iter().map(|accuracy| row("mean", accuracy))).collect(),
    }
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.3}"))
}

fn linked(report: &Report) -> Table {
    let row = |linked: &Linked| {
        vec![
            linked.name.to_owned(),
            thousands(linked.mated),
            figure(linked.linkability.map(|linkability| linkability.d_sys)),
            figure(linked.linkability.map(|linkability| linkability.null)),
            figure(linked.mated_mean),
            figure(linked.non_mated_mean),
            linked.mated_passes.text(),
        ]
    };
    let head = ["codes", "mated", "D_sys", "null", "mean of one finger", "mean of others", "of one finger pass"];
    Table {
        title: "Unlinkability and renewability",
        note: format!(
            "D_sys is 0 when codes of one finger are as those of two, 1 when they always show it; the null is what chance \
             makes of it, from random splits. Passing: at the threshold of codes of one key for an FMR of {ATTACK_FMR:e}."
        ),
        head: head.map(str::to_owned).into(),
        rows: report.linked.iter().map(row).collect(),
    }
}

fn attacks(report: &Report) -> Table {
    let row = |attack: &Attack| {
        vec![attack.attacker.to_owned(), attack.code.text(), attack.impressions.text(), attack.elsewhere.text()]
    };
    let head = ["attacker has", "passes the code", "passes other impressions", "passes another application's codes"];
    Table {
        title: "Reconstruction",
        note: format!(
            "Passes at an FMR of {ATTACK_FMR:e}, of cylinders that attackers make of the signs (the transposed projection) \
             and hand in as a live finger's. A key alone tells nothing of a finger."
        ),
        head: head.map(str::to_owned).into(),
        rows: report.attacks.iter().map(row).collect(),
    }
}
