//! What a measurement of protected fingers says: in JSON as it stands here; as text and as a page, by the same tables.

use serde::Serialize;

use super::{
    fingers::A_FINGER_EACH,
    judge::ATTACK_FMR,
    report::{self, About, Accuracy, Attempts, Cost, Linked, attempts, exponent, points},
    tables::{self, Table},
};
use crate::{
    bootstrap::Interval,
    fingers::report::mean_of_sets,
    report::{
        Subject,
        text::{percent, rate, thousands},
    },
};

/// False match rates that tables show; JSON has all.
const SHOWN: [f64; 2] = [1e-2, 1e-3];
/// Of so many fingers one is known to whoever links galleries by those.
pub(super) const KNOWN_ONE_IN: usize = 4;

/// All that was measured. Rates are fractions.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub protocol: &'static str,
    /// How many are enrolled.
    pub impressions: u8,
    pub extractor: String,
    /// Of all keys.
    pub seed: u64,
    /// That have a template.
    pub fingers: usize,
    pub genuine: usize,
    pub impostor: usize,
    /// Of all intervals, by bootstrap over fingers.
    pub confidence: f64,
    pub resamples: u64,
    pub code_bytes_max: usize,
    /// All sets together, at thresholds of all.
    pub accuracy: Vec<Accuracy>,
    pub mean: Vec<Mean>,
    pub sets: Vec<SetReport>,
    /// Of all sets together, as the attacks are; others are always of the same set.
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
    pub accuracy: Vec<Accuracy>,
}

/// The mean of the sets' equal error rates.
#[derive(Debug, Serialize)]
pub(super) struct Mean {
    pub scheme: &'static str,
    pub keys: &'static str,
    pub eer: Option<f64>,
    pub eer_interval: Option<Interval>,
    /// `None` of what is not protected.
    pub eer_cost: Option<Cost>,
}

/// What an attacker passes who makes cylinders of what was stolen, and can hand them in as a live finger's.
#[derive(Debug, Serialize)]
pub(super) struct Attack {
    pub attacker: &'static str,
    /// The stolen code itself.
    pub code: Attempts,
    /// Codes of the finger's other impressions under the same key.
    pub impressions: Attempts,
    /// The same under another application's key.
    pub elsewhere: Attempts,
}

/// The means of the sets' accuracies, scheme by scheme: the first one is unprotected.
pub(super) fn means(sets: &[Vec<Accuracy>], fingers: usize) -> Vec<Mean> {
    let schemes = sets.first().map(Vec::as_slice).unwrap_or_default();
    let mut unprotected: Option<(f64, Vec<Option<f64>>)> = None;
    let mean = |(at, first): (usize, &Accuracy)| {
        let of_sets = sets.iter().filter_map(|set| set.get(at));
        let of_sets: Vec<_> = of_sets.map(|accuracy| (accuracy.eer, &accuracy.resampled_eer[..])).collect();
        let (eer, resampled) = mean_of_sets(&of_sets);
        let eer_cost = unprotected.as_ref().zip(eer).map(|((before, resampled_before), eer)| {
            let pairs = resampled.iter().zip(resampled_before);
            let interval = Interval::middle(pairs.map(|(after, before)| Some((*after)? - (*before)?)));
            Cost { above: eer - before, interval }
        });
        let eer_interval = Interval::of(eer, resampled.iter().copied(), fingers);
        if at == 0 {
            unprotected = eer.map(|eer| (eer, resampled));
        }
        Mean { scheme: first.scheme, keys: first.keys, eer, eer_interval, eer_cost }
    };
    schemes.iter().enumerate().map(mean).collect()
}

/// For a terminal.
pub(super) fn text(report: &Report) -> String {
    let tables = tables(report).map(|table| table.text());
    format!("{}\n\n{}", about(report), tables.join("\n"))
}

/// For a browser.
pub(super) fn page(report: &Report) -> String {
    let mut body: String = tables(report).iter().map(Table::html).collect();
    let curves: Vec<&Accuracy> = report.accuracy.iter().filter(|accuracy| accuracy.keys != A_FINGER_EACH).collect();
    body.push_str(&report::figures(Subject::Finger, &curves, report.impostor, &report.linked));
    tables::page("Protection of fingers", &about(report), &body)
}

fn about(report: &Report) -> String {
    let all = |of: fn(&SetReport) -> usize| report.sets.iter().map(of).sum::<usize>();
    format!(
        "{} images of {} fingers, {} of them without a template and {} without a code; minutiae of {}, protocol {}, {} \
         enrolled; keys of seed {}",
        thousands(all(|set| set.images)),
        thousands(report.fingers),
        all(|set| set.failed_to_acquire),
        all(|set| set.not_protected),
        report.extractor,
        report.protocol,
        report.impressions,
        report.seed
    )
}

fn tables(report: &Report) -> [Table; 4] {
    let known = format!("every impression of one in {KNOWN_ONE_IN}");
    let linked = report::linked(Subject::Finger, &known, &report.linked);
    [accuracy(report), sets(report), linked, attacks(report)]
}

fn accuracy(report: &Report) -> Table {
    let about = About {
        subject: Subject::Finger,
        title: "All sets together",
        note: format!(
            "{} genuine and {} impostor comparisons, at thresholds of all sets. Codes have at most {} bytes.",
            thousands(report.genuine),
            thousands(report.impostor),
            thousands(report.code_bytes_max)
        ),
        confidence: report.confidence,
        shown: SHOWN,
        one_scale: false,
    };
    report::accuracy(&about, &report.accuracy)
}

fn sets(report: &Report) -> Table {
    let mut head: Vec<String> = ["scheme", "keys"].map(str::to_owned).into();
    head.extend(report.sets.iter().map(|set| set.set.clone()));
    head.extend(["mean", "above, points"].map(str::to_owned));
    let row = |(at, mean): (usize, &Mean)| {
        let mut row = vec![mean.scheme.to_owned(), mean.keys.to_owned()];
        let of_sets = report.sets.iter().map(|set| set.accuracy.get(at).and_then(|accuracy| accuracy.eer));
        row.extend(of_sets.map(|eer| eer.map_or_else(|| "-".into(), percent)));
        row.extend([rate(mean.eer, mean.eer_interval), points(mean.eer_cost)]);
        row
    };
    Table {
        title: "Equal error rates of each set",
        note: "Each at its own threshold. Above: than unprotected, on the same resamples.".into(),
        head,
        rows: report.mean.iter().enumerate().map(row).collect(),
    }
}

fn attacks(report: &Report) -> Table {
    let row = |attack: &Attack| {
        let targets = [&attack.code, &attack.impressions, &attack.elsewhere].map(attempts);
        std::iter::once(attack.attacker.to_owned()).chain(targets).collect()
    };
    let head = ["attacker has", "passes the code", "passes other impressions", "passes another application's codes"];
    Table {
        title: "Reconstruction",
        note: format!(
            "Passes at an FMR of {}, of cylinders that attackers make and hand in as a live finger's; the threshold is that \
             of all sets together. Typical cylinders are learned from half of the fingers and tried on the others.",
            exponent(ATTACK_FMR)
        ),
        head: head.map(str::to_owned).into(),
        rows: report.attacks.iter().map(row).collect(),
    }
}
