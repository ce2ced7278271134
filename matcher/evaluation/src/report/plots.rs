//! Drawings of a measurement, as SVG within a page: `page.css` gives the colors. No text in them comes from the data.

use std::fmt::Write as _;

use super::{DetPoint, Discard, Group, Histogram, Report, text::percent, text::thousands};
use crate::{bootstrap::Interval, metrics::ERRORS_FOR_CERTAINTY};

/// All drawings are this wide, and their areas begin and end alike, so that they align on the page.
const WIDTH: f64 = 520.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 506.0;
const TOP: f64 = 34.0;
/// Least distance of labels along an axis, in pixels.
const LABELS_APART_X: f64 = 58.0;
const LABELS_APART_Y: f64 = 26.0;
/// Rates that an axis of normal deviates may name: those of each line go before those of the next.
const NAMED_RATES: [&[f64]; 3] = [
    &[1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.99],
    &[0.2, 0.05, 0.02, 5e-3, 2e-3, 5e-4, 2e-4, 0.7, 0.95],
    &[0.3, 0.4, 0.6, 0.8],
];
/// What a trade-off curve shows at most: beyond it lie rates that no data set tells.
const RATE_MIN: f64 = 1e-5;
const RATE_MAX: f64 = 0.99;
/// Where bars of no comparisons stand when counts are logarithms: a little below one comparison.
const NO_COUNT: f64 = -0.25;
/// Share of the comparisons beyond which too few are left to say how often they fail.
const DISCARDED_MAX: f64 = 0.5;
/// A whisker may lengthen the axis of bars so many times; longer ones end in an arrow.
const WHISKER_MAX: f64 = 3.0;
/// Of a row of bars.
const BAR_WIDTH: f64 = 222.0;
const BAR_HEIGHT: f64 = 30.0;
/// Room for the ends of an axis's labels.
const BAR_MARGIN: f64 = 16.0;

/// From values to pixels, linearly.
#[derive(Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// What lies outside stands at the edge.
    fn at(&self, value: f64) -> f64 {
        let span = (self.high - self.low).max(f64::MIN_POSITIVE);
        let part = ((value - self.low) / span).clamp(0.0, 1.0);
        self.start + part * (self.end - self.start)
    }

    /// Those labels that have room, the first ones before others.
    fn fitting(&self, labels: impl Iterator<Item = (f64, String)>, apart: f64) -> Vec<(f64, String)> {
        let mut kept: Vec<(f64, String)> = Vec::new();
        for (value, label) in labels.filter(|(value, _)| (self.low..=self.high).contains(value)) {
            if kept.iter().all(|(other, _)| (self.at(*other) - self.at(value)).abs() >= apart) {
                kept.push((value, label));
            }
        }
        kept
    }
}

/// A drawing with two axes.
struct Plot {
    x: Axis,
    y: Axis,
    out: String,
}

impl Plot {
    fn new(height: f64, label: &str, x: (f64, f64), y: (f64, f64)) -> Self {
        let x = Axis { low: x.0, high: x.1, start: LEFT, end: RIGHT };
        let y = Axis { low: y.0, high: y.1, start: height - 50.0, end: TOP };
        let out = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\">\n");
        Self { x, y, out }
    }

    /// Lines and labels of the axes, and what they mean.
    fn axes(&mut self, x: (&str, &[(f64, String)]), y: (&str, &[(f64, String)])) {
        let (base, top) = (self.y.start, self.y.end);
        for (value, label) in y.1 {
            let at = self.y.at(*value);
            let _ = writeln!(self.out, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>");
            let _ = writeln!(self.out, "<text class=\"end\" x=\"{}\" y=\"{:.1}\">{label}</text>", LEFT - 8.0, at + 4.0);
        }
        for (value, label) in x.1 {
            let at = self.x.at(*value);
            let _ = writeln!(self.out, "<path class=\"grid\" d=\"M{at:.1} {top}V{base}\"/>");
            let _ = writeln!(self.out, "<text class=\"middle\" x=\"{at:.1}\" y=\"{}\">{label}</text>", base + 18.0);
        }
        let _ = writeln!(self.out, "<path class=\"base\" d=\"M{LEFT} {base}H{RIGHT}\"/>");
        let _ = writeln!(self.out, "<text x=\"0\" y=\"12\">{}</text>", y.0);
        let _ = writeln!(self.out, "<text class=\"end\" x=\"{RIGHT}\" y=\"{}\">{}</text>", base + 40.0, x.0);
    }

    fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>, close: bool) {
        let mut path = String::new();
        for (x, y) in points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.1} {:.1}", self.x.at(x), self.y.at(y));
        }
        if !path.is_empty() {
            let _ = writeln!(self.out, "<path class=\"{class}\" d=\"{path}{}\"/>", if close { "Z" } else { "" });
        }
    }

    /// A trade-off curve, on axes of normal deviates.
    fn curve(&mut self, class: &str, known: &Known<'_>) {
        let points = known.iter().map(|(point, fnmr)| (normal_deviate(point.fmr), normal_deviate(*fnmr)));
        self.line(class, points, false);
    }

    /// A vertical line, with what it means beside its upper end.
    fn mark(&mut self, value: f64, meaning: &str) {
        let (at, top, base) = (self.x.at(value), self.y.end, self.y.start);
        let _ = writeln!(self.out, "<path class=\"mark\" d=\"M{at:.1} {:.1}V{base}\"/>", top - 6.0);
        let right = at > (LEFT + RIGHT) / 2.0;
        let (class, x) = if right { ("strong end", at - 6.0) } else { ("strong", at + 6.0) };
        let _ = writeln!(self.out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\">{meaning}</text>", top + 4.0);
    }

    fn end(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }
}

/// The points of a trade-off curve whose rate is known.
type Known<'a> = Vec<(&'a DetPoint, f64)>;

fn known(curve: &[DetPoint]) -> Known<'_> {
    curve.iter().filter_map(|point| Some((point, point.fnmr?))).collect()
}

/// Detection error trade-off on axes of normal deviates (Martin et al., "The DET curve in assessment of detection task
/// performance", 1997; ISO/IEC 19795-1, 10.6), with the intervals as a band. `None` when no rate is known.
pub(super) fn det(report: &Report) -> Option<String> {
    let curves = [known(&report.det)];
    let mut plot = trade_off(&curves, report.impostor)?;
    let [known] = curves;
    for part in known.chunk_by(|a, b| a.0.fnmr_interval.is_some() == b.0.fnmr_interval.is_some()) {
        let edge = |end: fn(Interval) -> f64| {
            part.iter().filter_map(move |(point, _)| {
                Some((normal_deviate(point.fmr), normal_deviate(end(point.fnmr_interval?))))
            })
        };
        plot.line("band", edge(|interval| interval.0).chain(edge(|interval| interval.1).rev()), true);
    }
    plot.curve("curve", &known);
    for point in &report.operating_points {
        let Some(fnmr) = point.point.fnmr else { continue };
        let (x, y) = (plot.x.at(normal_deviate(point.point.fmr)), plot.y.at(normal_deviate(fnmr)));
        let _ = writeln!(plot.out, "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5.5\"/>");
        let _ = writeln!(
            plot.out,
            "<text class=\"strong\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 7.0,
            y - 9.0,
            percent(fnmr)
        );
    }
    Some(plot.end())
}

/// Several trade-off curves on the same axes, each of a class of its own.
pub(super) fn det_of_several(curves: &[(&str, &[DetPoint])], impostor: usize) -> Option<String> {
    let all: Vec<Known<'_>> = curves.iter().map(|(_, curve)| known(curve)).collect();
    let mut plot = trade_off(&all, impostor)?;
    for ((class, _), curve) in curves.iter().zip(&all) {
        plot.curve(&format!("curve {class}"), curve);
    }
    Some(plot.end())
}

/// The axes for these curves, without them.
fn trade_off(curves: &[Known<'_>], impostor: usize) -> Option<Plot> {
    let points = || curves.iter().flatten();
    let fmrs = || points().map(|(point, _)| point.fmr);
    let (first, last) = (fmrs().reduce(f64::min)?, fmrs().reduce(f64::max)?);
    let rates = points().flat_map(|(point, fnmr)| {
        let Interval(low, high) = point.fnmr_interval.unwrap_or(Interval(*fnmr, *fnmr));
        [*fnmr, low, high]
    });
    let positive = rates.filter(|&rate| rate > 0.0);
    let (low, high) = positive.fold((0.01, 0.01), |(low, high), rate: f64| (rate.min(low), rate.max(high)));
    // Half as much again on both sides, so that the curve does not lie on the edge.
    let y = (normal_deviate(low / 1.5), normal_deviate((high * 1.5).min(high + (1.0 - high) / 2.0)));
    let mut plot = Plot::new(400.0, "Detection error trade-off", (normal_deviate(first), normal_deviate(last)), y);
    let labels = || NAMED_RATES.iter().flat_map(|rates| rates.iter()).map(|&rate| (normal_deviate(rate), short(rate)));
    let uncertain = ERRORS_FOR_CERTAINTY / impostor.max(1) as f64;
    if uncertain > first {
        let (right, top) = (plot.x.at(normal_deviate(uncertain)), plot.y.end);
        let _ = writeln!(
            plot.out,
            "<rect class=\"shade\" x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            right - LEFT,
            plot.y.start - top
        );
    }
    let (x_labels, y_labels) = (plot.x.fitting(labels(), LABELS_APART_X), plot.y.fitting(labels(), LABELS_APART_Y));
    plot.axes(("false match rate", &x_labels), ("false non-match rate", &y_labels));
    let (from, to) = (plot.x.low.max(plot.y.low), plot.x.high.min(plot.y.high));
    if from < to {
        plot.line("dotted", [(from, from), (to, to)].into_iter(), false);
    }
    Some(plot)
}

/// Genuine and impostor comparisons by score; counts are logarithms, or the errors would not be seen.
pub(super) fn histogram(histogram: &Histogram, threshold: Option<f32>) -> String {
    let bins = histogram.genuine.len().max(1) as f64;
    let (low, high) = (histogram.start, histogram.start + bins * histogram.width);
    let most = histogram.genuine.iter().chain(&histogram.impostor).copied().max().unwrap_or(0).max(1) as f64;
    let top = most.log10().ceil().max(1.0);
    let mut plot = Plot::new(400.0, "Comparisons by score", (low, high), (NO_COUNT, top));
    let decades = (0..=top as i32).map(|decade| (f64::from(decade), thousands(10_f64.powi(decade) as usize)));
    let y_labels = plot.y.fitting(decades, 1.0);
    let x_labels = ticks(low, high, 6.0);
    plot.axes(("score", &x_labels), ("comparisons", &y_labels));
    for (class, counts) in [("impostor", &histogram.impostor), ("genuine", &histogram.genuine)] {
        let Some(begin) = counts.iter().position(|&count| count > 0) else { continue };
        let end = counts.iter().rposition(|&count| count > 0).map_or(begin, |last| last + 1);
        let edge = |bin: usize| histogram.start + bin as f64 * histogram.width;
        let outline = counts.iter().enumerate().skip(begin).take(end - begin).flat_map(|(bin, &count)| {
            let height = if count > 0 { (count as f64).log10() } else { NO_COUNT };
            [(edge(bin), height), (edge(bin + 1), height)]
        });
        let closed = [(edge(begin), NO_COUNT)].into_iter().chain(outline).chain([(edge(end), NO_COUNT)]);
        plot.line(class, closed, true);
    }
    if let Some(threshold) = threshold.filter(|threshold| threshold.is_finite()) {
        plot.mark(f64::from(threshold), &format!("threshold {threshold:.3}"));
    }
    plot.end()
}

/// Error versus discard characteristic (ISO/IEC 29794-1), beside what a perfect measure of quality would reach.
pub(super) fn discard(curve: &[Discard]) -> Option<String> {
    let shown: Vec<&Discard> = curve.iter().filter(|point| point.discarded <= DISCARDED_MAX).collect();
    let without = shown.first()?.fnmr;
    let (most, high) =
        shown.iter().fold((0.0_f64, 0.0_f64), |(most, high), point| (most.max(point.discarded), high.max(point.fnmr)));
    let (most, high) = (round_up(most.max(0.01)).min(DISCARDED_MAX), round_up(high.max(1e-4) * 1.1));
    let mut plot = Plot::new(300.0, "Error versus discard", (0.0, most), (0.0, high));
    let in_percent = |low, high, count| -> Vec<(f64, String)> {
        ticks(low, high, count).into_iter().map(|(value, _)| (value, short(value))).collect()
    };
    let (x_labels, y_labels) = (in_percent(0.0, most, 6.0), in_percent(0.0, high, 5.0));
    plot.axes(("genuine comparisons left out", &x_labels), ("false non-match rate of the others", &y_labels));
    // All that fail are left out first.
    let perfect = (0..=50).map(|at| without.min(most) * f64::from(at) / 50.0);
    plot.line("dotted", perfect.map(|left_out| (left_out, (without - left_out) / (1.0 - left_out).max(0.01))), false);
    // Between two qualities nothing changes until the next samples are left out.
    let steps = shown.windows(2).flat_map(|two| match two {
        [here, next] => vec![(here.discarded, here.fnmr), (next.discarded, here.fnmr)],
        _ => Vec::new(),
    });
    plot.line("curve", steps.chain(shown.last().map(|last| (last.discarded, last.fnmr))), false);
    Some(plot.end())
}

/// Samples of each unified quality.
pub(super) fn qualities(samples: &[usize]) -> String {
    let most = samples.iter().copied().max().unwrap_or(0).max(1) as f64;
    let high = round_up(most);
    let mut plot = Plot::new(300.0, "Samples by quality", (0.0, 101.0), (0.0, high));
    let counts = ticks(0.0, high, 5.0).into_iter().filter(|(value, _)| value.fract() == 0.0);
    let y_labels: Vec<(f64, String)> = counts.map(|(value, _)| (value, thousands(value as usize))).collect();
    let x_labels = ticks(0.0, 100.0, 5.0);
    plot.axes(("unified quality", &x_labels), ("samples", &y_labels));
    for (quality, &count) in samples.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (left, right) = (plot.x.at(quality as f64), plot.x.at(quality as f64 + 1.0));
        let top = plot.y.at(count as f64);
        let _ = writeln!(
            plot.out,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            left + 0.5,
            right - left - 1.0,
            plot.y.start - top
        );
    }
    plot.end()
}

/// Bars of the rates of groups, all on one axis.
pub(super) struct Bars {
    axis: Axis,
    class: &'static str,
    /// Rate of all groups together.
    reference: Option<f64>,
}

impl Bars {
    /// `rate` tells a group's rate and interval.
    pub(super) fn new(
        groups: &[Group],
        rate: fn(&Group) -> (Option<f64>, Option<Interval>),
        reference: Option<f64>,
        class: &'static str,
    ) -> Self {
        let most = groups.iter().filter_map(|group| rate(group).0).chain(reference).fold(1e-6, f64::max);
        let highest = groups.iter().filter_map(|group| rate(group).1).map(|interval| interval.1).fold(most, f64::max);
        let high = round_up(highest.min(most * WHISKER_MAX)).min(1.0);
        let axis = Axis { low: 0.0, high, start: BAR_MARGIN, end: BAR_WIDTH - BAR_MARGIN };
        Self { axis, class, reference }
    }

    /// The axis, to stand above the bars.
    pub(super) fn scale(&self) -> String {
        let mut out = self.start();
        for part in [0.0, 0.5, 1.0] {
            let at = self.axis.at(part * self.axis.high);
            let label = short(part * self.axis.high);
            let _ = write!(out, "<text class=\"middle\" x=\"{at:.1}\" y=\"17\">{label}</text>");
            let _ = write!(out, "<path class=\"base\" d=\"M{at:.1} 24V30\"/>");
        }
        out.push_str("</svg>");
        out
    }

    /// One group's bar, with its interval.
    pub(super) fn bar(&self, (rate, interval): (Option<f64>, Option<Interval>)) -> String {
        let mut out = self.start();
        let (zero, middle) = (self.axis.start, BAR_HEIGHT / 2.0);
        for part in [0.5, 1.0] {
            let at = self.axis.at(part * self.axis.high);
            let _ = write!(out, "<path class=\"grid\" d=\"M{at:.1} 0V{BAR_HEIGHT}\"/>");
        }
        if let Some(rate) = rate {
            let _ = write!(
                out,
                "<rect class=\"bar {}\" x=\"{zero}\" y=\"{}\" width=\"{:.1}\" height=\"12\" rx=\"1.5\" opacity=\"0.75\"/>",
                self.class,
                middle - 6.0,
                self.axis.at(rate) - zero
            );
        }
        let _ = write!(out, "<path class=\"base\" d=\"M{zero} 0V{BAR_HEIGHT}\"/>");
        if let Some(reference) = self.reference {
            let _ = write!(out, "<path class=\"dotted\" d=\"M{:.1} 0V{BAR_HEIGHT}\"/>", self.axis.at(reference));
        }
        if let Some(Interval(low, high)) = interval {
            let (left, right) = (self.axis.at(low), self.axis.at(high));
            let _ = write!(out, "<path class=\"whisker\" d=\"M{left:.1} {}v8m0 -4H{right:.1}", middle - 4.0);
            // An interval that goes on beyond the axis ends in an arrow.
            out.push_str(if high > self.axis.high { "m-4 -4l4 4l-4 4\"/>" } else { "m0 -4v8\"/>" });
        }
        out.push_str("</svg>");
        out
    }

    fn start(&self) -> String {
        format!("<svg viewBox=\"0 0 {BAR_WIDTH} {BAR_HEIGHT}\" aria-hidden=\"true\">")
    }
}

/// A rate in percent without idle zeros, for axes.
pub(super) fn short(rate: f64) -> String {
    let rounded = format!("{:.4}", rate * 100.0);
    format!("{} %", rounded.trim_end_matches('0').trim_end_matches('.'))
}

/// The quantile of the normal distribution (Abramowitz and Stegun, 26.2.23; off by less than 4.5e-4), of rates that a
/// drawing can show.
fn normal_deviate(rate: f64) -> f64 {
    let rate = rate.clamp(RATE_MIN, RATE_MAX);
    let t = (-2.0 * rate.min(1.0 - rate).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let upper = t - above / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    if rate < 0.5 { -upper } else { upper }
}

/// 1, 2, 2.5, 5 or 10 times a power of ten, at least this much.
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.max(1e-12).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * decade);
    steps.into_iter().find(|&step| step >= value * (1.0 - 1e-9)).unwrap_or(value)
}

/// About so many round values between these, named.
fn ticks(low: f64, high: f64, count: f64) -> Vec<(f64, String)> {
    let step = round_up((high - low).max(1e-9) / count);
    let digits = (1.0 - step.log10()).ceil().clamp(0.0, 9.0) as usize;
    let (first, last) = ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64);
    let named = |at: i64| {
        let value = at as f64 * step;
        let label = format!("{value:.digits$}");
        let label = if label.contains('.') { label.trim_end_matches('0').trim_end_matches('.') } else { &label };
        // A typographic minus is as wide as a plus, and is not broken off its digits.
        (value, if at == 0 { "0".to_owned() } else { label.replace('-', "\u{2212}") })
    };
    (first..=last).map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_deviates_are_those_of_the_tables() {
        for (rate, deviate) in [(0.5, 0.0), (0.1, -1.281_55), (0.01, -2.326_35), (1e-4, -3.719_02), (0.975, 1.959_96)] {
            assert!((normal_deviate(rate) - deviate).abs() < 4.5e-4, "{rate}");
        }
        assert_eq!(normal_deviate(0.0), normal_deviate(RATE_MIN));
        assert!(normal_deviate(f64::NAN).is_nan() && normal_deviate(1.0).is_finite());
    }

    #[test]
    fn axes_are_labeled_with_round_values() {
        let labels = |low, high, count| ticks(low, high, count).into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(-0.3, 0.9, 6.0), ["\u{2212}0.2", "0", "0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(labels(0.0, 100.0, 5.0), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!([1e-5, 0.001, 0.025, 0.5].map(short), ["0.001 %", "0.1 %", "2.5 %", "50 %"]);
        assert_eq!([0.0301, 0.2, 3.0, 1.0].map(round_up), [0.05, 0.2, 5.0, 1.0]);
    }

    #[test]
    fn an_interval_beyond_the_axis_ends_in_an_arrow_at_its_edge() {
        let rate = |group: &Group| (group.fnmr, group.fnmr_interval);
        let group = |fnmr, interval| Group { fnmr: Some(fnmr), fnmr_interval: Some(interval), ..Group::default() };
        let groups = [group(0.01, Interval(0.005, 0.02)), group(0.0, Interval(0.0, 0.9))];
        let bars = Bars::new(&groups, rate, Some(0.01), "");
        assert_eq!(bars.axis.high, 0.05);
        let [short, long] = groups.map(|group| bars.bar(rate(&group)));
        assert!(short.contains("m0 -4v8\"/>") && long.contains(&format!("H{:.1}m-4 -4", BAR_WIDTH - BAR_MARGIN)));
    }
}
