//! What is told of protected templates alike, of faces or fingers: in JSON as it stands here; as text and as a page by the
//! same tables.

use serde::Serialize;

use super::{judge::ATTACK_FMR, linkability::Linkability, tables::Table};
use crate::{
    bootstrap::Interval,
    metrics::OperatingPoint,
    report::{
        DetPoint, Histogram, Subject, html,
        text::{percent, rate, thousands},
    },
};

/// Error rates of one scheme.
#[derive(Debug, Serialize)]
pub(super) struct Accuracy {
    pub scheme: &'static str,
    /// Whose they are, and so whether an impostor meets the key of whom they claim to be.
    pub keys: &'static str,
    /// What is stored of a face or finger; of what differs, the mean.
    pub bytes: usize,
    pub eer: Option<f64>,
    pub eer_interval: Option<Interval>,
    /// `None` of what is not protected.
    pub eer_cost: Option<Cost>,
    pub points: Vec<AccuracyPoint>,
    pub det: Vec<DetPoint>,
    /// Of each resample, from which means of several sets have their intervals.
    #[serde(skip)]
    pub resampled_eer: Vec<Option<f64>>,
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
    /// At the threshold that unprotected templates have for this false match rate: of faces, thresholds on cosines are
    /// applied to codes.
    pub fmr_at_unprotected_threshold: Option<f64>,
}

/// A rate above that of unprotected templates, FNMR at the same FMR.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Cost {
    pub above: f64,
    pub interval: Option<Interval>,
}

/// Codes of one kind compared with those of another.
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

/// What a table of accuracy is about.
pub(super) struct About {
    pub subject: Subject,
    pub title: &'static str,
    /// What is told before the keys are.
    pub note: String,
    pub confidence: f64,
    /// False match rates that are shown; JSON has all.
    pub shown: [f64; 2],
    /// Whether codes and unprotected templates have scores of one scale.
    pub one_scale: bool,
}

pub(super) fn accuracy(about: &About, schemes: &[Accuracy]) -> Table {
    let About { subject, title, note, confidence, shown, one_scale } = about;
    let mut head: Vec<String> = ["scheme", "keys", "bytes", "EER", "above, points"].map(str::to_owned).into();
    for fmr in shown {
        let fmr = exponent(*fmr);
        head.extend([format!("FNMR at FMR {fmr}"), "above, points".into()]);
        head.extend(one_scale.then(|| format!("FMR for {fmr}")));
    }
    let row = |accuracy: &Accuracy| {
        let mut row = vec![accuracy.scheme.to_owned(), accuracy.keys.to_owned(), thousands(accuracy.bytes)];
        row.extend([rate(accuracy.eer, accuracy.eer_interval), points(accuracy.eer_cost)]);
        for fmr in shown {
            let Some(point) = accuracy.points.iter().find(|point| point.point.fmr == *fmr) else { continue };
            let doubt = if point.certain { "" } else { " *" };
            row.extend([format!("{}{doubt}", rate(point.point.fnmr, point.fnmr_interval)), points(point.cost)]);
            let fmr = point.fmr_at_unprotected_threshold.map_or_else(|| "-".into(), |fmr| format!("{fmr:.1e}"));
            row.extend(one_scale.then_some(fmr));
        }
        row
    };
    let (one, many) = (subject.one(), subject.many());
    let scale = match one_scale {
        true => format!(" FMR for: at the threshold that unprotected {many} have for that FMR."),
        false => String::new(),
    };
    Table {
        title,
        note: format!(
            "{note} One key for all: a gate looks the key up by the name that is claimed, and so an impostor meets the \
             claimed person's key; this is what counts. A key for each {one}: an impostor is compared under a key of their \
             own. Above: than unprotected, on the same resamples.{scale} In brackets: {:.0} % intervals, {}. A star: fewer \
             than 30 false matches, uncertain.",
            confidence * 100.0,
            subject.method()
        ),
        head,
        rows: schemes.iter().map(row).collect(),
    }
}

/// `1e-3`.
pub(super) fn exponent(rate: f64) -> String {
    format!("{rate:e}")
}

/// A difference of rates, in percentage points.
pub(super) fn points(cost: Option<Cost>) -> String {
    let shown = |value: f64| format!("{:+.2}", 100.0 * value);
    match cost {
        None => "-".into(),
        Some(Cost { above, interval: Some(Interval(low, high)) }) => {
            format!("{} ({} to {})", shown(above), shown(low), shown(high))
        }
        Some(Cost { above, interval: None }) => shown(above),
    }
}

pub(super) fn attempts(attempts: &Attempts) -> String {
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

pub(super) fn linked(subject: Subject, known: &str, all: &[Linked]) -> Table {
    let (one, many) = (subject.one(), subject.many());
    let head = ["codes", "mated", "D_sys", "null", "above", &format!("of one {one} pass"), "of others pass"];
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
            "D_sys is 0 when codes of one {one} are as those of two, 1 when they always show it; the null is what chance \
             makes of it, from random splits. Passing: at the threshold of codes of one key for an FMR of {}. Known: {many} \
             whose codes an attacker can name in both galleries, {known}.",
            exponent(ATTACK_FMR)
        ),
        head: head.map(str::to_owned).into(),
        rows: all.iter().map(row).collect(),
    }
}

/// Curves of the unprotected and of the codes under one key, and scores of what was compared for linking.
pub(super) fn figures(subject: Subject, curves: &[&Accuracy], impostor: usize, links: &[Linked]) -> String {
    let mut body = "<div class=\"two\">\n".to_owned();
    let curves: Vec<(&str, &[DetPoint])> = curves.iter().map(|curve| (curve.scheme, &curve.det[..])).collect();
    html::trade_offs(&curves, impostor, &mut body);
    let caption = format!(
        "<span class=\"key of-genuine\"></span>of one {}<span class=\"key of-impostor\"></span>of different {}. Counts are \
         logarithmic.",
        subject.one(),
        subject.many()
    );
    for linked in links {
        if let Some(histogram) = &linked.histogram {
            html::scores(linked.name, histogram, &caption, &mut body);
        }
    }
    body.push_str("</div>\n");
    body
}
