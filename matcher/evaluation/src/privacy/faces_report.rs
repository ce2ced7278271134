//! What a measurement of protected faces says: in JSON as it stands here; as text and as a page, by the same tables.

use serde::Serialize;

use super::{
    faces::{ATTACK_FMR, KNOWN},
    faces_codes::Attacker,
    linkability::Linkability,
    tables::{self, Table},
};
use crate::{
    bootstrap::Interval,
    metrics::OperatingPoint,
    report::{
        Histogram, html,
        text::{percent, rate, thousands},
    },
};

/// All that was measured. Rates are fractions.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub images: usize,
    pub failed_to_acquire: usize,
    /// Who has a template.
    pub people: usize,
    pub model: String,
    /// Of all keys.
    pub seed: u64,
    pub genuine: usize,
    pub impostor: usize,
    /// Of all intervals, by bootstrap over people.
    pub confidence: f64,
    pub resamples: u64,
    pub accuracy: Vec<Accuracy>,
    pub linked: Vec<Linked>,
    pub attacks: Vec<Attack>,
}

/// Error rates of one scheme.
#[derive(Debug, Serialize)]
pub(super) struct Accuracy {
    pub scheme: &'static str,
    /// Whose they are, and so whether an impostor meets the key of whom they claim to be.
    pub keys: &'static str,
    /// What is stored of a face.
    pub bytes: usize,
    pub eer: Option<f64>,
    pub eer_interval: Option<Interval>,
    pub points: Vec<AccuracyPoint>,
}

/// At one false match rate.
#[derive(Debug, Serialize)]
pub(super) struct AccuracyPoint {
    #[serde(flatten)]
    pub point: OperatingPoint,
    /// At least 30 false matches are allowed at this rate (rule of 30).
    pub certain: bool,
    pub fnmr_interval: Option<Interval>,
    /// `None` of what is not protected.
    pub cost: Option<Cost>,
    /// At the threshold that unprotected faces have for this false match rate: thresholds on cosines are applied to codes.
    pub fmr_at_unprotected_threshold: Option<f64>,
}

/// FNMR above that of unprotected faces at the same FMR.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Cost {
    pub fnmr: f64,
    pub interval: Option<Interval>,
}

/// Codes of one set compared with those of another.
#[derive(Debug, Serialize)]
pub(super) struct Linked {
    pub name: &'static str,
    /// `None` of too few scores.
    pub linkability: Option<Linkability>,
    /// Of one person, at the threshold that codes of one key have at a false match rate of 1e-3.
    pub mated_passes: Attempts,
    /// Of different people, at the same threshold.
    pub non_mated_passes: Option<f64>,
    pub histogram: Option<Histogram>,
}

/// How often something passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Attempts {
    pub attempts: usize,
    pub passes: usize,
    pub rate: Option<f64>,
    pub interval: Option<Interval>,
}

/// What an attacker's templates pass.
#[derive(Debug, Serialize)]
pub(super) struct Attack {
    pub attacker: Attacker,
    pub bits: usize,
    /// Attacked.
    pub people: usize,
    /// Median, of the template made and the embedding that was enrolled.
    pub cosine: Option<f32>,
    /// The same enrollment's code.
    pub code: Attempts,
    /// Another picture of the person, unprotected.
    pub face: Attempts,
    /// Another picture's code with another application, under another key.
    pub elsewhere: Attempts,
}

impl Attacker {
    fn name(self) -> &'static str {
        match self {
            Self::Owner => "none: the enrolled picture itself",
            Self::Nothing => "nothing: another person's face",
            Self::Code => "code only: solved for a guessed key",
            Self::Key => "key only: the average of all others",
            Self::BothSummed => "code and key: signed directions summed",
            Self::BothSolved => "code and key: solved",
        }
    }
}

/// For a terminal.
pub(super) fn text(report: &Report) -> String {
    let tables: Vec<String> = tables(report).iter().map(Table::text).collect();
    format!("{}\n\n{}", about(report), tables.join("\n"))
}

/// For a browser.
pub(super) fn page(report: &Report) -> String {
    let mut body: String = tables(report).iter().map(Table::html).collect();
    body.push_str("<div class=\"two\">\n");
    for linked in &report.linked {
        if let Some(histogram) = &linked.histogram {
            let caption = "<span class=\"key of-genuine\"></span>of one person<span class=\"key of-impostor\"></span>\
                           of different people. Counts are logarithmic.";
            html::scores(linked.name, histogram, caption, &mut body);
        }
    }
    body.push_str("</div>\n");
    tables::page("Protection of faces", &about(report), &body)
}

fn about(report: &Report) -> String {
    format!(
        "{} images of {} people, {} of them without a template; model {}; keys of seed {}",
        thousands(report.images),
        thousands(report.people),
        report.failed_to_acquire,
        report.model,
        report.seed
    )
}

fn tables(report: &Report) -> [Table; 3] {
    [accuracy(report), linked(report), attacks(report)]
}

fn accuracy(report: &Report) -> Table {
    let rates = report.accuracy.first().map(|first| &first.points[..]).unwrap_or_default();
    let mut head: Vec<String> = ["scheme", "keys", "bytes", "EER"].map(str::to_owned).into();
    head.extend(rates.iter().map(|point| format!("FNMR at FMR {}, and above unprotected", exponent(point.point.fmr))));
    let row = |accuracy: &Accuracy| {
        let mut row = vec![accuracy.scheme.to_owned(), accuracy.keys.to_owned(), accuracy.bytes.to_string()];
        row.push(rate(accuracy.eer, accuracy.eer_interval));
        row.extend(accuracy.points.iter().map(|point| {
            let doubt = if point.certain { "" } else { ", uncertain" };
            let cost = point.cost.map_or_else(String::new, |cost| format!("; {}", points(cost)));
            format!("{}{cost}{doubt}", rate(point.point.fnmr, point.fnmr_interval))
        }));
        row
    };
    Table {
        title: "Accuracy",
        note: format!(
            "{} genuine and {} impostor comparisons. One key for all: a gate looks the key up by the name that is claimed, \
             and so an impostor meets the claimed person's key; this is what counts. A key for each person: an impostor is \
             compared under a key of their own. In brackets: {:.0} % intervals, bootstrap over people.",
            thousands(report.genuine),
            thousands(report.impostor),
            report.confidence * 100.0
        ),
        head,
        rows: report.accuracy.iter().map(row).collect(),
    }
}

/// `1e-3`.
fn exponent(rate: f64) -> String {
    format!("{rate:e}")
}

/// A difference of rates, in percentage points.
fn points(cost: Cost) -> String {
    let shown = |value: f64| format!("{:+.2}", 100.0 * value);
    match cost.interval {
        Some(Interval(low, high)) => format!("{} points ({} to {})", shown(cost.fnmr), shown(low), shown(high)),
        None => format!("{} points", shown(cost.fnmr)),
    }
}

fn attempts(attempts: &Attempts) -> String {
    match attempts.attempts {
        0 => "-".into(),
        count => format!(
            "{} of {}: {}",
            thousands(attempts.passes),
            thousands(count),
            rate(attempts.rate, attempts.interval)
        ),
    }
}

fn linked(report: &Report) -> Table {
    let head = ["codes", "mated", "D_sys", "null", "above", "of one person pass", "of others pass"];
    let row = |linked: &Linked| {
        let figure = |show: fn(Linkability) -> String| linked.linkability.map_or_else(|| "-".into(), show);
        vec![
            linked.name.to_owned(),
            thousands(linked.mated_passes.attempts),
            figure(|linkability| format!("{:.3}", linkability.d_sys)),
            figure(|linkability| match linkability.null_interval {
                Some(Interval(low, high)) => format!("{:.3} ({low:.3} to {high:.3})", linkability.null),
                None => format!("{:.3}", linkability.null),
            }),
            figure(|linkability| format!("{:+.3}", linkability.above_null())),
            attempts(&linked.mated_passes),
            linked.non_mated_passes.map_or_else(|| "-".into(), percent),
        ]
    };
    Table {
        title: "Unlinkability and renewability",
        note: format!(
            "D_sys is 0 when codes of one person are as those of two, 1 when they always show it; the null is what chance \
             makes of it, from random splits. Passing: at the threshold of codes of one key for an FMR of {}. People known: \
             up to {KNOWN} whose codes an attacker can name in both galleries.",
            exponent(ATTACK_FMR)
        ),
        head: head.map(str::to_owned).into(),
        rows: report.linked.iter().map(row).collect(),
    }
}

fn attacks(report: &Report) -> Table {
    let head = [
        "attacker has",
        "bits",
        "cosine",
        "passes the code",
        "passes another picture",
        "passes another application's code",
    ];
    let row = |attack: &Attack| {
        vec![
            attack.attacker.name().to_owned(),
            attack.bits.to_string(),
            attack.cosine.map_or_else(|| "-".into(), |cosine| format!("{cosine:.3}")),
            attempts(&attack.code),
            attempts(&attack.face),
            attempts(&attack.elsewhere),
        ]
    };
    Table {
        title: "Reconstruction",
        note: format!(
            "Passes at an FMR of {}, of templates that attackers make and hand in as live embeddings. Cosine: median, with \
             what was enrolled.",
            exponent(ATTACK_FMR)
        ),
        head: head.map(str::to_owned).into(),
        rows: report.attacks.iter().map(row).collect(),
    }
}
