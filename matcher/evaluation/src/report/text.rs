//! For a terminal.

use std::fmt::Write as _;

use super::{FingerFigures, Group, NamedPair, Report};
use crate::{
    bootstrap::Interval,
    fingers::report::{FingerReport, SetReport},
};

/// Pairs and notes that a terminal shows of each kind; JSON has all.
const SHOWN: usize = 10;

/// A rate in percent with as many digits as it deserves.
pub(crate) fn percent(rate: f64) -> String {
    match rate * 100.0 {
        0.0 => "0 %".into(),
        percent if percent < 0.01 => format!("{percent:.1e} %"),
        percent if percent < 0.1 => format!("{percent:.3} %"),
        percent => format!("{percent:.2} %"),
    }
}

/// A count with its thousands apart.
pub(crate) fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A rate, with its interval in brackets.
pub(crate) fn rate(rate: Option<f64>, interval: Option<Interval>) -> String {
    match (rate, interval) {
        (None, _) => "-".into(),
        (Some(rate), None) => percent(rate),
        (Some(rate), Some(Interval(low, high))) => format!("{} ({} to {})", percent(rate), percent(low), percent(high)),
    }
}

/// What is said of the data, for standard error: failures, and what was left out.
pub(crate) fn remarks(report: &Report) -> String {
    let mut out = String::new();
    for failure in &report.failures {
        let _ = writeln!(out, "failed to acquire {}: {}", failure.image, failure.reason);
    }
    out
}

/// What whoever measures must know in any case: what shrinks or spoils the data.
pub(crate) fn warnings(report: &Report) -> String {
    let mut out = String::new();
    let mut list = |title: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(out, "{} {title}:", lines.len());
        for line in lines.iter().take(SHOWN) {
            let _ = writeln!(out, "  {line}");
        }
        if lines.len() > SHOWN {
            let _ = writeln!(out, "  and {} more, all in --json", lines.len() - SHOWN);
        }
    };
    list("ignored", report.ignored.iter().map(ToString::to_string).collect());
    list(
        "files are copies of others, which makes genuine comparisons look better, or one person of two",
        report.repeated.iter().map(|(first, again)| format!("{again} is {first}")).collect(),
    );
    list("rows of subjects.csv name nobody", report.strangers.clone());
    if report.genuine == 0 {
        let _ = writeln!(out, "no genuine comparisons: {}", report.subject.genuine_remedy());
    }
    if report.impostor == 0 {
        let _ = writeln!(out, "no impostor comparisons: {}", report.subject.impostor_remedy());
    }
    out
}

/// The result, for standard output.
pub(crate) fn render(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} images of {} {}, model {}",
        thousands(report.images),
        thousands(report.people),
        report.subject.many(),
        report.model
    );
    let _ = writeln!(
        out,
        "failed to acquire  {} of {}: {}",
        report.failed_to_acquire,
        thousands(report.images),
        rate(report.failure_to_acquire_rate, report.intervals.failure_to_acquire_rate)
    );
    let _ = writeln!(
        out,
        "comparisons        {} genuine, {} impostor",
        thousands(report.genuine),
        thousands(report.impostor)
    );
    let _ = writeln!(out, "EER                {}", rate(report.eer, report.intervals.eer));
    for ((name, interval), point) in report.intervals.fnmr_at_fmr.0.iter().zip(&report.operating_points) {
        let shown = rate(point.point.fnmr, *interval);
        let _ = write!(out, "FNMR at FMR {name}   {shown}, threshold {:.4}", point.point.threshold);
        let doubt = match (point.certain, point.point.false_matches) {
            (true, _) => String::new(),
            (false, 0) => ": no false match allowed, too few impostors for this rate".into(),
            (false, matches) => format!(": only {matches} false matches, uncertain"),
        };
        let _ = writeln!(out, "{doubt}");
    }
    let _ = writeln!(out, "{:.1} images a second on {} threads", report.images_per_second, report.threads);
    if let Some(figures) = &report.fingers {
        let _ = writeln!(out, "{}", costs(figures));
    }
    let _ = writeln!(
        out,
        "In brackets: {:.0} % intervals, {}, {} resamples.",
        report.intervals.confidence * 100.0,
        report.intervals.method,
        report.intervals.resamples
    );
    breakdown(report, &mut out);
    let (one, many) = (report.subject.one(), report.subject.many());
    let title = format!("Most alike of different {many} (one {one} under two names?)");
    pairs(&title, &report.worst_pairs.impostor, &mut out);
    pairs(&format!("Least alike of one {one} (two {many} under one name?)"), &report.worst_pairs.genuine, &mut out);
    out
}

/// The result of fingers: each set in short, then all.
pub(crate) fn fingers(report: &FingerReport) -> String {
    let mut out = String::new();
    for SetReport { set, report } in &report.sets {
        let Report { genuine, impostor, eer, intervals, .. } = report;
        let _ = writeln!(out, "{set}: {} images of {} fingers", thousands(report.images), thousands(report.people));
        let _ =
            writeln!(out, "  comparisons        {} genuine, {} impostor", thousands(*genuine), thousands(*impostor));
        let _ = writeln!(out, "  EER                {}", rate(*eer, intervals.eer));
        for ((name, fnmr), (_, interval)) in report.fnmr_at_fmr.0.iter().zip(&intervals.fnmr_at_fmr.0) {
            let _ = writeln!(out, "  FNMR at FMR {name}   {}", rate(*fnmr, *interval));
        }
        if let Some(figures) = &report.fingers {
            let _ = writeln!(out, "  {}", costs(figures));
        }
    }
    let _ = writeln!(out, "mean EER {}", rate(report.mean_eer, report.mean_eer_interval));
    let _ = write!(out, "\nAll together: {}", render(&report.all));
    out
}

/// Time and space that fingers take.
pub(crate) fn costs(figures: &FingerFigures) -> String {
    let shown = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.1}"));
    format!(
        "{} ms an extraction, {} us a comparison, templates of at most {} bytes",
        shown(figures.extraction_ms),
        shown(figures.comparison_us),
        thousands(figures.template_bytes)
    )
}

fn breakdown(report: &Report, out: &mut String) {
    let Some(operating) = &report.operating else { return };
    for (column, groups) in &report.breakdown.0 {
        let _ =
            writeln!(out, "\nBy {column}, at the threshold of FMR {:e} ({:.4}):", operating.fmr, operating.threshold);
        let wide = groups.iter().map(|group| group.group.chars().count()).max().unwrap_or(0).max(5);
        let _ = writeln!(
            out,
            "  {:wide$}  {:>7} {:>7} {:>6} {:>8} {:>11}  {:30}  FMR",
            "group",
            report.subject.many(),
            "images",
            "failed",
            "genuine",
            "impostor",
            "FNMR"
        );
        for group in groups {
            let Group { people, images, failed_to_acquire, genuine, impostor, .. } = group;
            let fnmr = rate(group.fnmr, group.fnmr_interval);
            let _ = writeln!(
                out,
                "  {:wide$}  {people:>7} {images:>7} {failed_to_acquire:>6} {genuine:>8} {impostor:>11}  {fnmr:30}  {}",
                group.group,
                rate(group.fmr, group.fmr_interval)
            );
        }
    }
}

fn pairs(title: &str, pairs: &[NamedPair], out: &mut String) {
    if pairs.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}:");
    for pair in pairs.iter().take(SHOWN) {
        let _ = writeln!(out, "  {:7.4}  {}  {}", pair.score, pair.first, pair.second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_exact() {
        assert_eq!(
            [0.0, 0.012_678, 0.000_5, 0.000_004, 1.0].map(percent),
            ["0 %", "1.27 %", "0.050 %", "4.0e-4 %", "100.00 %"]
        );
        assert_eq!([0, 999, 1000, 2_254_305].map(thousands), ["0", "999", "1,000", "2,254,305"]);
        assert_eq!(rate(None, None), "-");
        assert_eq!(rate(Some(0.5), Some(Interval(0.25, 0.75))), "50.00 % (25.00 % to 75.00 %)");
    }
}
