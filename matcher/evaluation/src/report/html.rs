//! As a page: one file, with its styles and drawings inside, that runs nothing and loads nothing.
//!
//! Names of people, files and groups are the data's, and are escaped wherever they stand.

use std::fmt::{self, Display, Write as _};

use super::{
    DetPoint, Group, Histogram, NamedPair, Report,
    plots::{self, Bars, short},
    text::{percent, rate, thousands},
};
use crate::{
    bootstrap::Interval,
    fingers::report::{FingerReport, SetReport},
};

/// Failures and notes of each kind that the page shows; JSON has all.
const SHOWN: usize = 200;

/// Text as text, whatever it holds.
pub(crate) struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // HTML has no way to write them, and file names may hold them.
                character if character.is_control() => f.write_char('\u{fffd}')?,
                character => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// The whole page.
pub(crate) fn page(report: &Report) -> String {
    document(report, |out| {
        headline(report, None, out);
        missing(report, out);
        details(report, out);
    })
}

/// The whole page of fingers: all sets together, then each.
pub(crate) fn finger_page(report: &FingerReport) -> String {
    document(&report.all, |out| {
        let mean = (report.mean_eer, report.mean_eer_interval);
        headline(&report.all, Some(mean), out);
        missing(&report.all, out);
        sets(report, out);
        details(&report.all, out);
        if report.sets.len() > 1 {
            for SetReport { set, report } in &report.sets {
                let _ = writeln!(out, "<h2 class=\"set name\">{}</h2>", Escaped(set));
                operating_points(report, out);
                curves(report, out);
                worst_pairs(report, out);
            }
        }
    })
}

fn document(report: &Report, body: impl FnOnce(&mut String)) -> String {
    let title = report.subject.title();
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{title}</title>\n<style>\n{}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n\
         <p class=\"quiet\">Model <span class=\"name\">{}</span>, {} images of {} {}</p>\n",
        include_str!("page.css"),
        Escaped(&report.model),
        thousands(report.images),
        thousands(report.people),
        report.subject.many()
    );
    body(&mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn details(report: &Report, out: &mut String) {
    operating_points(report, out);
    curves(report, out);
    quality(report, out);
    breakdown(report, out);
    worst_pairs(report, out);
    data(report, out);
}

/// Every set in a row.
fn sets(report: &FingerReport, out: &mut String) {
    out.push_str(
        "<section class=\"card\">\n<h2>Sets</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>set</th>\
         <th class=\"number\">images</th><th class=\"number\">failed</th><th class=\"number\">genuine</th>\
         <th class=\"number\">impostor</th><th class=\"number\">EER</th><th>interval</th>",
    );
    for (name, _) in &report.all.fnmr_at_fmr.0 {
        let _ = write!(out, "<th class=\"number\">FNMR at {name}</th>");
    }
    out.push_str(
        "<th class=\"number\">ms</th><th class=\"number\">us</th><th class=\"number\">bytes</th></tr></thead>\n",
    );
    out.push_str("<tbody>\n");
    let shown = |rate: Option<f64>| rate.map_or_else(|| "-".into(), percent);
    let cost = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.0}"));
    for SetReport { set, report } in &report.sets {
        let interval = report.intervals.eer;
        let interval =
            interval.map_or_else(|| "-".into(), |Interval(low, high)| format!("{} to {}", percent(low), percent(high)));
        let counts = [report.images, report.failed_to_acquire, report.genuine, report.impostor].map(thousands);
        let _ = write!(out, "<tr><td class=\"name\">{}</td>", Escaped(set));
        for count in counts {
            let _ = write!(out, "<td class=\"number\">{count}</td>");
        }
        let eer = shown(report.eer);
        let _ = write!(out, "<td class=\"number\"><b>{eer}</b></td><td class=\"figure\">{interval}</td>");
        for (_, fnmr) in &report.fnmr_at_fmr.0 {
            let _ = write!(out, "<td class=\"number\">{}</td>", shown(*fnmr));
        }
        if let Some(figures) = &report.fingers {
            let costs = [cost(figures.extraction_ms), cost(figures.comparison_us), thousands(figures.template_bytes)];
            for cost in costs {
                let _ = write!(out, "<td class=\"number\">{cost}</td>");
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str(
        "</tbody>\n</table></div>\n<p class=\"quiet\">Half of the extractions and comparisons took at most so long, on \
         one thread; bytes are those of the largest template.</p>\n</section>\n",
    );
}

fn headline(report: &Report, mean_eer: Option<(Option<f64>, Option<Interval>)>, out: &mut String) {
    let confidence = report.intervals.confidence * 100.0;
    let within = |interval: Option<Interval>| match interval {
        Some(Interval(low, high)) => format!("{confidence:.0} %: {} to {}", percent(low), percent(high)),
        None => format!("no interval: too few {}", report.subject.many()),
    };
    let shown = |rate: Option<f64>| rate.map_or_else(|| "-".into(), percent);
    out.push_str("<div class=\"tiles\">\n");
    let mut tile = |title: &str, figure: &str, below: &str| {
        let _ = writeln!(
            out,
            "<div class=\"card tile\"><span class=\"quiet\">{title}</span><b>{figure}</b>\
             <span class=\"quiet\">{below}</span></div>"
        );
    };
    if let Some((rate, interval)) = mean_eer {
        tile("Mean of the sets' equal error rates", &shown(rate), &within(interval));
    }
    let operating = report.operating.as_ref();
    tile(
        &operating.map_or_else(|| "FNMR".into(), |point| format!("FNMR at FMR {}", short(point.fmr))),
        &shown(operating.and_then(|point| point.fnmr)),
        &within(operating.and_then(|point| point.fnmr_interval)),
    );
    tile("Equal error rate", &shown(report.eer), &within(report.intervals.eer));
    tile(
        "Failure to acquire",
        &shown(report.failure_to_acquire_rate),
        &format!("{} of {} images", thousands(report.failed_to_acquire), thousands(report.images)),
    );
    tile(
        "Genuine comparisons",
        &thousands(report.genuine),
        &format!("{} impostor comparisons", thousands(report.impostor)),
    );
    match &report.fingers {
        Some(figures) => {
            let shown = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| format!("{value:.0}"));
            let (ms, us) = (shown(figures.extraction_ms), shown(figures.comparison_us));
            tile("Extraction", &format!("{ms} ms"), &format!("median, on one of {} threads", report.threads));
            tile(
                "Comparison",
                &format!("{us} us"),
                &format!("protocol {}, {} enrolled", figures.protocol, figures.impressions),
            );
            tile("Largest template", &format!("{} B", thousands(figures.template_bytes)), "ISO/IEC 19794-2:2005");
        }
        None => tile(
            "Images a second",
            &format!("{:.1}", report.images_per_second),
            &format!("on {} thread{}", report.threads, if report.threads == 1 { "" } else { "s" }),
        ),
    }
    out.push_str("</div>\n");
}

/// Why rates are missing, and what to do.
fn missing(report: &Report, out: &mut String) {
    let mut note = |text: String| {
        let _ = writeln!(out, "<section class=\"card note\">{text}</section>");
    };
    let Report { subject, genuine, impostor, .. } = report;
    if *genuine == 0 {
        let remedy = subject.genuine_remedy();
        note(format!("No genuine comparisons, so that there is no false non-match rate: {remedy}."));
    }
    if *impostor == 0 {
        note(format!("No impostor comparisons, so that there is no threshold: {}.", subject.impostor_remedy()));
    }
}

fn operating_points(report: &Report, out: &mut String) {
    if report.operating_points.is_empty() {
        return;
    }
    out.push_str(
        "<section class=\"card\">\n<h2>Operating points</h2>\n<div class=\"wide\"><table>\n<thead><tr>\
         <th class=\"number\">FMR</th><th class=\"number\">threshold</th><th class=\"number\">FNMR</th>\
         <th>interval</th><th class=\"number\">false matches</th><th>evidence</th></tr></thead>\n<tbody>\n",
    );
    for (point, (_, interval)) in report.operating_points.iter().zip(&report.intervals.fnmr_at_fmr.0) {
        let interval =
            interval.map_or_else(|| "-".into(), |Interval(low, high)| format!("{} to {}", percent(low), percent(high)));
        let evidence = match (point.certain, point.point.false_matches) {
            (true, _) => "sufficient",
            (false, 0) => "none allowed: too few impostors",
            (false, _) => "fewer than 30 false matches: uncertain",
        };
        let _ = writeln!(
            out,
            "<tr><td class=\"number\">{}</td><td class=\"number\">{:.4}</td><td class=\"number\"><b>{}</b></td>\
             <td class=\"figure\">{interval}</td><td class=\"number\">{}</td><td>{evidence}</td></tr>",
            short(point.point.fmr),
            point.point.threshold,
            point.point.fnmr.map_or_else(|| "-".into(), percent),
            thousands(point.point.false_matches)
        );
    }
    let _ = writeln!(
        out,
        "</tbody>\n</table></div>\n<p class=\"quiet\">{:.0} % intervals, {}, {} resamples.</p>\n</section>",
        report.intervals.confidence * 100.0,
        report.intervals.method,
        thousands(usize::try_from(report.intervals.resamples).unwrap_or(usize::MAX))
    );
}

fn figure(title: &str, drawing: &str, caption: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<figure class=\"card\">\n<h2>{title}</h2>\n{drawing}<figcaption>{caption}</figcaption>\n</figure>"
    );
}

/// Scores of two kinds as a figure of another page.
pub(crate) fn scores(title: &str, histogram: &Histogram, caption: &str, out: &mut String) {
    figure(title, &plots::histogram(histogram, None), caption, out);
}

/// Classes of the curves that [`trade_offs`] tells apart.
const CURVES: [&str; 3] = ["first", "second", "third"];

/// Trade-off curves as a figure of another page, each with what it is of: three at most.
pub(crate) fn trade_offs(curves: &[(&str, &[DetPoint])], impostor: usize, out: &mut String) {
    let classed: Vec<(&str, &[DetPoint])> =
        CURVES.into_iter().zip(curves).map(|(class, &(_, curve))| (class, curve)).collect();
    let Some(drawing) = plots::det_of_several(&classed, impostor) else { return };
    let mut caption = String::new();
    for (class, (name, _)) in CURVES.into_iter().zip(curves) {
        let line =
            format!("<svg class=\"key\" viewBox=\"0 0 26 8\"><path class=\"curve {class}\" d=\"M0 4H26\"/></svg>");
        let _ = write!(caption, "{line}{}", Escaped(name));
    }
    caption.push_str(
        ". Axes of normal deviates. Dotted: both rates equal. Shaded: fewer than 30 false matches, uncertain.",
    );
    figure("Detection error trade-off", &drawing, &caption, out);
}

fn curves(report: &Report, out: &mut String) {
    out.push_str("<div class=\"two\">\n");
    if let Some(det) = plots::det(report) {
        let caption = "Axes of normal deviates. Band: interval of the false non-match rate. Dotted: both rates equal. \
                       Shaded: fewer than 30 false matches, uncertain.";
        figure("Detection error trade-off", &det, caption, out);
    }
    if let Some(histogram) = &report.histogram {
        let threshold = report.operating.map(|point| point.threshold);
        let mut caption = "<span class=\"key of-genuine\"></span>genuine<span class=\"key of-impostor\"></span>\
                           impostor. Counts are logarithmic."
            .to_owned();
        if let Some(point) = report.operating {
            let _ = write!(caption, " Dashed: threshold of FMR {}.", short(point.fmr));
        }
        figure("Scores", &plots::histogram(histogram, threshold), &caption, out);
    }
    out.push_str("</div>\n");
}

fn quality(report: &Report, out: &mut String) {
    let Some(quality) = &report.quality else { return };
    out.push_str("<div class=\"two\">\n");
    if let Some(discard) = plots::discard(&quality.discard) {
        let caption = "When the comparisons of the lowest quality are left out. Dotted: if quality foretold every \
                       failure.";
        figure("Error versus discard", &discard, caption, out);
    }
    let caption = "Unified quality of the samples, 0 to 100.";
    figure("Quality", &plots::qualities(&quality.samples), caption, out);
    out.push_str("</div>\n");
}

fn breakdown(report: &Report, out: &mut String) {
    let Some(operating) = &report.operating else { return };
    for (column, groups) in &report.breakdown.0 {
        let fnmr = |group: &Group| (group.fnmr, group.fnmr_interval);
        let fmr = |group: &Group| (group.fmr, group.fmr_interval);
        let fnmr_bars = Bars::new(groups, fnmr, operating.fnmr, "");
        let fmr_bars = Bars::new(groups, fmr, operating.observed_fmr, "false");
        let _ = writeln!(
            out,
            "<section class=\"card\">\n<h2>By <span class=\"name\">{}</span></h2>\n<p class=\"quiet\">At the threshold \
             of FMR {} ({:.4}). Dotted: all groups together. An arrow: the interval goes on.</p>\n\
             <div class=\"wide\"><table>\n<thead><tr><th>group</th><th class=\"number\">{}</th>\
             <th class=\"number\">images</th><th class=\"number\">failed</th><th class=\"number\">genuine</th>\
             <th class=\"chart\">FNMR{}</th><th></th><th class=\"chart\">FMR{}</th><th></th></tr></thead>\n<tbody>",
            Escaped(column),
            short(operating.fmr),
            operating.threshold,
            report.subject.many(),
            fnmr_bars.scale(),
            fmr_bars.scale()
        );
        for group in groups {
            let cell = |bars: &Bars, (value, interval): (Option<f64>, Option<Interval>)| {
                format!(
                    "<td class=\"chart\">{}</td><td class=\"figure\" title=\"{}\">{}</td>",
                    bars.bar((value, interval)),
                    rate(value, interval),
                    value.map_or_else(|| "-".into(), percent)
                )
            };
            let _ = writeln!(
                out,
                "<tr><td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
                 <td class=\"number\">{}</td><td class=\"number\">{}</td>{}{}</tr>",
                Escaped(&group.group),
                thousands(group.people),
                thousands(group.images),
                thousands(group.failed_to_acquire),
                thousands(group.genuine),
                cell(&fnmr_bars, fnmr(group)),
                cell(&fmr_bars, fmr(group))
            );
        }
        out.push_str("</tbody>\n</table></div>\n</section>\n");
    }
}

fn worst_pairs(report: &Report, out: &mut String) {
    out.push_str("<div class=\"two\">\n");
    let (one, many) = (report.subject.one(), report.subject.many());
    let worst = &report.worst_pairs;
    pairs(&format!("Most alike of different {many}"), &format!("Or one {one} under two names?"), &worst.impostor, out);
    pairs(&format!("Least alike of one {one}"), &format!("Or two {many} under one name?"), &worst.genuine, out);
    out.push_str("</div>\n");
}

fn pairs(title: &str, doubt: &str, pairs: &[NamedPair], out: &mut String) {
    if pairs.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<section class=\"card\">\n<h2>{title}</h2>\n<p class=\"quiet\">{doubt}</p>\n<table>\n<thead><tr>\
         <th class=\"number\">score</th><th>first</th><th>second</th></tr></thead>\n<tbody>"
    );
    for pair in pairs {
        let _ = writeln!(
            out,
            "<tr><td class=\"number\">{:.4}</td><td class=\"name\">{}</td><td class=\"name\">{}</td></tr>",
            pair.score,
            Escaped(&pair.first),
            Escaped(&pair.second)
        );
    }
    out.push_str("</tbody>\n</table>\n</section>\n");
}

fn data(report: &Report, out: &mut String) {
    let failures = report.failures.iter().map(|failure| format!("{}: {}", failure.image, failure.reason)).collect();
    let repeated = report.repeated.iter().map(|(first, again)| format!("{again} is {first}")).collect();
    let lists: [(&str, Vec<String>); 4] = [
        ("Pictures that could not be acquired", failures),
        ("Files left out", report.ignored.iter().map(ToString::to_string).collect()),
        ("Files that are copies of others", repeated),
        ("Rows of subjects.csv that name nobody", report.strangers.clone()),
    ];
    out.push_str("<section class=\"card\">\n<h2>The data</h2>\n");
    let _ = writeln!(
        out,
        "<p class=\"quiet\">{} images of {} {}, of which {} gave a template; {} genuine and {} impostor \
         comparisons; model <span class=\"name\">{}</span>.</p>",
        thousands(report.images),
        thousands(report.people),
        report.subject.many(),
        thousands(report.images.saturating_sub(report.failed_to_acquire)),
        thousands(report.genuine),
        thousands(report.impostor),
        Escaped(&report.model)
    );
    for (title, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = writeln!(out, "<details open=\"open\">\n<summary>{title}: {}</summary>\n<ul>", thousands(lines.len()));
        for line in lines.iter().take(SHOWN) {
            let _ = writeln!(out, "<li class=\"name\">{}</li>", Escaped(line));
        }
        if lines.len() > SHOWN {
            let _ = writeln!(out, "<li>and {} more, all in --json</li>", thousands(lines.len() - SHOWN));
        }
        out.push_str("</ul>\n</details>\n");
    }
    out.push_str("</section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        let name = "<script src='x'>\"&\u{0}\u{7}</script> Zoë";
        assert_eq!(
            Escaped(name).to_string(),
            "&lt;script src=&#39;x&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}&lt;/script&gt; Zoë"
        );
    }
}
