//! What is told of fingers: as of faces, of every set and of all together.

use serde::Serialize;

use super::{MeasuredSet, protocol::Protocol};
use crate::{
    attributes::Column,
    bootstrap::Interval,
    measured::Measured,
    report::{FingerFigures, Report},
};

/// The same resample of every set would draw the fingers of the same numbers: sets are paired with resamples so far apart.
const RESAMPLES_APART: usize = 251;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct FingerReport {
    /// All comparisons within sets, together.
    #[serde(flatten)]
    pub all: Report,
    /// Mean of the sets' equal error rates.
    pub mean_eer: Option<f64>,
    /// Of it.
    pub mean_eer_interval: Option<Interval>,
    /// Each alone.
    pub sets: Vec<SetReport>,
}

/// What was measured of one set.
#[derive(Debug, Serialize)]
pub(crate) struct SetReport {
    /// Its folder's name.
    pub set: String,
    #[serde(flatten)]
    pub report: Report,
}

impl FingerReport {
    /// `None` of no sets.
    pub(super) fn of(sets: &[MeasuredSet], operating_fmr: f64) -> Option<Self> {
        let mut costs = sets.first()?.costs.like();
        let mut column = Column { name: "set".into(), groups: Vec::new(), of: Vec::new() };
        let mut reports = Vec::new();
        for (number, set) in sets.iter().enumerate() {
            costs.add(&set.costs);
            column.groups.push(set.name.clone());
            column.of.extend(vec![u16::try_from(number).unwrap_or(u16::MAX); set.measured.names.len()]);
            let report = Report { fingers: Some(set.costs.figures()), ..set.measured.report(&[], operating_fmr) };
            reports.push(SetReport { set: set.name.clone(), report });
        }
        let whole = Measured::together(sets.iter().map(|set| &set.measured))?;
        let columns = if sets.len() > 1 { vec![column] } else { Vec::new() };
        let all = Report { fingers: Some(costs.figures()), ..whole.report(&columns, operating_fmr) };
        let (mean_eer, mean_eer_interval) = mean_eer(&reports);
        Some(Self { all, mean_eer, mean_eer_interval, sets: reports })
    }
}

fn mean_eer(sets: &[SetReport]) -> (Option<f64>, Option<Interval>) {
    let of_sets: Vec<_> = sets.iter().map(|set| (set.report.eer, &set.report.resampled_eer[..])).collect();
    let (mean, resampled) = mean_of_sets(&of_sets);
    (mean, Interval::of(mean, resampled.into_iter(), sets.iter().map(|set| set.report.people).sum()))
}

/// The mean of a rate of several sets, and what resamples say of it, given the same of each set.
pub(crate) fn mean_of_sets(sets: &[(Option<f64>, &[Option<f64>])]) -> (Option<f64>, Vec<Option<f64>>) {
    let mean = |rates: &mut dyn Iterator<Item = Option<f64>>| {
        let rates = rates.collect::<Option<Vec<f64>>>()?;
        (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64)
    };
    let resamples = sets.iter().map(|(_, resampled)| resampled.len()).min().unwrap_or(0);
    let resampled = (0..resamples).map(|at| {
        mean(&mut sets.iter().enumerate().map(|(number, (_, resampled))| {
            let other = (at + number * RESAMPLES_APART) % resamples;
            resampled.get(other).copied().flatten()
        }))
    });
    (mean(&mut sets.iter().map(|(rate, _)| *rate)), resampled.collect())
}

/// What a set takes: of each extraction, and of comparisons as they were timed.
#[derive(Debug)]
pub(super) struct Costs {
    protocol: Protocol,
    impressions: usize,
    pub extraction_ms: Vec<f64>,
    pub comparison_us: Vec<f64>,
    pub template_bytes: usize,
}

impl Costs {
    pub(super) fn new(protocol: Protocol, impressions: usize) -> Self {
        let (extraction_ms, comparison_us) = (Vec::new(), Vec::new());
        Self { protocol, impressions, extraction_ms, comparison_us, template_bytes: 0 }
    }

    fn like(&self) -> Self {
        Self::new(self.protocol, self.impressions)
    }

    fn add(&mut self, other: &Self) {
        self.extraction_ms.extend_from_slice(&other.extraction_ms);
        self.comparison_us.extend_from_slice(&other.comparison_us);
        self.template_bytes = self.template_bytes.max(other.template_bytes);
    }

    fn figures(&self) -> FingerFigures {
        FingerFigures {
            protocol: self.protocol.name(),
            impressions: self.impressions,
            extraction_ms: median(&self.extraction_ms),
            comparison_us: median(&self.comparison_us),
            template_bytes: self.template_bytes,
        }
    }
}

/// Half of these are at most so much; none of none.
fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}
