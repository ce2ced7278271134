//! What a measurement says: in JSON as it stands here, as text, and as a page.

pub(crate) mod html;
mod output;
mod plots;
mod subject;
pub(crate) mod text;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

pub(crate) use self::{
    output::{Forms, Output},
    subject::Subject,
};
use crate::{
    bootstrap::Interval,
    metrics::{EqualError, OperatingPoint, Scores, below},
    subjects::Ignored,
};

/// False match rates that are always reported.
pub(crate) const FMRS: [(&str, f64); 4] = [("1e-2", 1e-2), ("1e-3", 1e-3), ("1e-4", 1e-4), ("1e-5", 1e-5)];

/// A list that JSON shows as an object, in this order.
#[derive(Debug, Clone)]
pub(crate) struct Named<T>(pub Vec<(String, T)>);

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// All that was measured. Rates are fractions, and null where nothing was compared.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What the pictures show.
    #[serde(skip)]
    pub subject: Subject,
    /// Picture files.
    pub images: usize,
    /// People, or fingers, with a picture.
    pub people: usize,
    /// Pictures of which there is no template.
    pub failed_to_acquire: usize,
    /// Comparisons of one person's pictures.
    pub genuine: usize,
    /// Comparisons of different people's.
    pub impostor: usize,
    pub eer: Option<f64>,
    pub fnmr_at_fmr: Named<Option<f64>>,
    /// Of the whole machine: reading, decoding, detecting, embedding.
    pub images_per_second: f64,
    pub threads: usize,
    pub model: String,
    /// What is told of fingers only.
    #[serde(flatten)]
    pub fingers: Option<FingerFigures>,
    pub failure_to_acquire_rate: Option<f64>,
    pub equal_error: Option<EqualError>,
    pub intervals: Intervals,
    /// Of each resample, from which means of several reports have their intervals.
    #[serde(skip)]
    pub resampled_eer: Vec<Option<f64>>,
    pub operating_points: Vec<Point>,
    /// The point at whose threshold groups are told apart.
    pub operating: Option<Operating>,
    pub breakdown: Named<Vec<Group>>,
    pub worst_pairs: WorstPairs,
    pub det: Vec<DetPoint>,
    pub histogram: Option<Histogram>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityReport>,
    pub failures: Vec<Failure>,
    pub ignored: Vec<Ignored>,
    /// Equal files: the first and the repeated one.
    pub repeated: Vec<(String, String)>,
    /// Rows of `subjects.csv` that name nobody.
    pub strangers: Vec<String>,
}

/// What is told of fingers only.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FingerFigures {
    /// Which impostors.
    pub protocol: &'static str,
    /// How many of a finger are enrolled.
    pub impressions: usize,
    /// Half of the extractions took at most so long, each on one thread; null where records gave the minutiae.
    pub extraction_ms: Option<f64>,
    /// The same of comparisons of two impressions.
    pub comparison_us: Option<f64>,
    /// Of the largest template, as an ISO/IEC 19794-2:2005 record.
    pub template_bytes: usize,
}

/// Of the rates named alike.
#[derive(Debug, Serialize)]
pub(crate) struct Intervals {
    pub confidence: f64,
    pub resamples: u64,
    pub method: &'static str,
    pub failure_to_acquire_rate: Option<Interval>,
    pub eer: Option<Interval>,
    pub fnmr_at_fmr: Named<Option<Interval>>,
}

/// An operating point, and whether enough stands behind it.
#[derive(Debug, Serialize)]
pub(crate) struct Point {
    #[serde(flatten)]
    pub point: OperatingPoint,
    /// At least 30 false matches are allowed at this rate (rule of 30).
    pub certain: bool,
}

/// The threshold that groups are measured at.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Operating {
    pub fmr: f64,
    pub threshold: f32,
    pub fnmr: Option<f64>,
    pub fnmr_interval: Option<Interval>,
    pub observed_fmr: Option<f64>,
    pub observed_fmr_interval: Option<Interval>,
}

/// One group of pictures.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Group {
    pub group: String,
    pub people: usize,
    pub images: usize,
    pub failed_to_acquire: usize,
    pub failure_to_acquire_rate: Option<f64>,
    pub failure_to_acquire_interval: Option<Interval>,
    pub genuine: usize,
    pub impostor: usize,
    pub fmr: Option<f64>,
    pub fmr_interval: Option<Interval>,
    pub fnmr: Option<f64>,
    pub fnmr_interval: Option<Interval>,
}

/// Where label errors show.
#[derive(Debug, Serialize)]
pub(crate) struct WorstPairs {
    /// Different people who look alike, or one person under two names.
    pub impostor: Vec<NamedPair>,
    /// One person who looks unlike, or two people under one name.
    pub genuine: Vec<NamedPair>,
}

/// By name, never by picture.
#[derive(Debug, Serialize)]
pub(crate) struct NamedPair {
    pub first: String,
    pub second: String,
    pub score: f32,
}

/// One point of the detection error trade-off.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct DetPoint {
    pub fmr: f64,
    pub threshold: f32,
    pub fnmr: Option<f64>,
    pub fnmr_interval: Option<Interval>,
}

/// Comparisons by score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Histogram {
    /// Lowest score of the first bin.
    pub start: f64,
    /// Of each bin, as a score.
    pub width: f64,
    pub genuine: Vec<usize>,
    pub impostor: Vec<usize>,
}

/// Most bins of a histogram.
const BINS_MAX: f64 = 100.0;

impl Histogram {
    /// `None` without comparisons. Bins begin at multiples of their width, which is 1, 2 or 5 times a power of ten.
    pub(crate) fn of(scores: &Scores) -> Option<Self> {
        let kinds = [scores.genuine(), scores.impostor()];
        let finite = || kinds.into_iter().flatten().copied().filter(|score| score.is_finite()).map(f64::from);
        let (low, high) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
        let wanted = ((high - low) / (BINS_MAX - 2.0)).max(1e-6);
        let decade = 10_f64.powf(wanted.log10().floor());
        let width = [1.0, 2.0, 5.0].map(|times| times * decade).into_iter().find(|&width| width >= wanted);
        let width = width.unwrap_or(10.0 * decade);
        let first = (low / width).floor();
        let bins = (((high / width).floor() - first) as usize).saturating_add(1).min(BINS_MAX as usize);
        let edge = |bin: usize| ((first + bin as f64) * width) as f32;
        let [genuine, impostor] = kinds.map(|sorted| {
            let count = |bin: usize| {
                let end = if bin + 1 == bins { sorted.len() } else { below(sorted, edge(bin + 1)) };
                let start = if bin == 0 { 0 } else { below(sorted, edge(bin)) };
                end.saturating_sub(start)
            };
            (0..bins).map(count).collect()
        });
        Some(Self { start: first * width, width, genuine, impostor })
    }
}

/// How well quality foretells failure (ISO/IEC 29794-1, error versus discard characteristic).
#[derive(Debug, Serialize)]
pub(crate) struct QualityReport {
    /// Samples of each unified quality, 0 to 100.
    pub samples: Vec<usize>,
    /// When genuine comparisons with a sample below this quality are left out.
    pub discard: Vec<Discard>,
}

/// One point of the error versus discard curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Discard {
    pub quality: u8,
    /// Share of the genuine comparisons that is left out.
    pub discarded: f64,
    /// Of those that are left.
    pub fnmr: f64,
}

/// A picture without a template.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub image: String,
    pub reason: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_histogram_counts_every_comparison_once() {
        let genuine = vec![0.91, 0.52, f32::NEG_INFINITY];
        let impostor: Vec<f32> = (0..1000_u16).map(|at| f32::from(at) / 2000.0 - 0.09).collect();
        let histogram = Histogram::of(&Scores::new(genuine, impostor)).unwrap();
        assert_eq!(histogram.width, 0.02);
        assert_eq!(histogram.genuine.iter().sum::<usize>(), 3);
        assert_eq!(histogram.impostor.iter().sum::<usize>(), 1000);
        assert_eq!((histogram.genuine.len(), histogram.impostor.len()), (51, 51));
        // 0.91 lies in the bin from 0.90 on, the last one.
        assert_eq!(histogram.genuine.last(), Some(&1));
        assert_eq!(Histogram::of(&Scores::new(vec![], vec![])), None);
        let one = Histogram::of(&Scores::new(vec![0.5], vec![])).unwrap();
        assert_eq!((one.genuine.as_slice(), one.impostor.as_slice()), (&[1][..], &[0][..]));
    }
}
