//! From comparisons to a report, whether of faces or of fingers.

use crate::{
    acquisition::Acquisition,
    attributes::Column,
    bootstrap::{CONFIDENCE, Evidence, Interval, RESAMPLES, Resample},
    breakdown::{Roster, Tally},
    comparisons::{Comparisons, Pair},
    metrics::Scores,
    report::{
        DetPoint, Discard, FMRS, Failure, Group, Histogram, Intervals, Named, NamedPair, Operating, Point,
        QualityReport, Report, Subject, WorstPairs,
    },
    subjects::{Ignored, Subjects},
};

/// Strictest false match rate of the trade-off curve, and points a decade; its most lenient point is
/// 10^(-5 + 30/8), about 5.6 %. The rates that are always reported are among the points.
const DET_FMR_MIN: f64 = 1e-5;
const DET_POINTS_A_DECADE: i32 = 8;
const DET_POINTS: i32 = 31;
/// Pairs of each kind that are named.
const WORST: usize = 25;

/// Data sets and all their comparisons.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What the pictures show.
    pub subject: Subject,
    /// How many people, or fingers.
    pub people: usize,
    /// Of each picture, whose it is and what it is called.
    pub people_of_pictures: Vec<u32>,
    /// As above.
    pub names: Vec<String>,
    /// Of each sample, its picture and its unified quality.
    pub pictures_of_samples: Vec<u32>,
    /// As above.
    pub qualities: Vec<u8>,
    /// Pictures of which there is no template, and why.
    pub failures: Vec<(u32, String)>,
    /// Equal pictures, the first and the repeated one.
    pub repeated: Vec<(u32, u32)>,
    /// Files that are no such pictures.
    pub ignored: Vec<Ignored>,
    /// How many samples the first one of a comparison stands for: it and those after it.
    pub enrolled: usize,
    /// Of samples.
    pub comparisons: Comparisons,
    /// What made the templates.
    pub model: String,
    /// Wall-clock time of making them.
    pub seconds: f64,
    /// At once.
    pub threads: usize,
}

impl Measured {
    /// A data set of which one sample is enrolled.
    pub(crate) fn of<Template>(
        subject: Subject,
        subjects: &Subjects,
        acquired: &Acquisition<Template>,
        comparisons: Comparisons,
        model: &str,
    ) -> Self {
        let pictures = &subjects.pictures;
        Self {
            subject,
            people: subjects.people.len(),
            people_of_pictures: pictures.iter().map(|picture| picture.person).collect(),
            names: pictures.iter().map(|picture| picture.name.clone()).collect(),
            pictures_of_samples: acquired.samples.iter().map(|sample| sample.picture).collect(),
            qualities: acquired.samples.iter().map(|sample| sample.quality).collect(),
            failures: acquired.failures.clone(),
            repeated: acquired.repeated.clone(),
            ignored: subjects.ignored.clone(),
            enrolled: 1,
            comparisons,
            model: model.to_owned(),
            seconds: acquired.seconds,
            threads: acquired.threads,
        }
    }

    /// All of them as one, nobody compared across. `None` of none.
    pub(crate) fn together<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> Option<Self> {
        let first = all.clone().next()?;
        let mut whole = Self {
            subject: first.subject,
            people: 0,
            people_of_pictures: Vec::new(),
            names: Vec::new(),
            pictures_of_samples: Vec::new(),
            qualities: Vec::new(),
            failures: Vec::new(),
            repeated: Vec::new(),
            ignored: Vec::new(),
            enrolled: first.enrolled,
            comparisons: Comparisons::chosen(Vec::new(), Vec::new()),
            model: first.model.clone(),
            seconds: 0.0,
            threads: first.threads,
        };
        let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
        for one in all {
            let (people, pictures) = (whole.people as u32, whole.names.len() as u32);
            let samples = whole.qualities.len() as u32;
            let moved = |pair: &Pair| Pair { first: pair.first + samples, second: pair.second + samples, ..*pair };
            genuine.extend(one.comparisons.genuine.iter().map(moved));
            impostor.extend(one.comparisons.closest.iter().map(moved));
            whole.people += one.people;
            whole.people_of_pictures.extend(one.people_of_pictures.iter().map(|person| person + people));
            whole.names.extend_from_slice(&one.names);
            whole.pictures_of_samples.extend(one.pictures_of_samples.iter().map(|picture| picture + pictures));
            whole.qualities.extend_from_slice(&one.qualities);
            whole.failures.extend(one.failures.iter().map(|(at, reason)| (at + pictures, reason.clone())));
            whole.repeated.extend(one.repeated.iter().map(|(at, again)| (at + pictures, again + pictures)));
            whole.ignored.extend_from_slice(&one.ignored);
            whole.seconds += one.seconds;
        }
        whole.comparisons = Comparisons::chosen(genuine, impostor);
        Some(whole)
    }

    /// Pictures a second of the whole machine, failures included.
    fn per_second(&self) -> f64 {
        self.names.len() as f64 / self.seconds.max(f64::EPSILON)
    }

    fn roster(&self) -> Roster<'_> {
        Roster {
            people_of_pictures: &self.people_of_pictures,
            pictures_of_samples: &self.pictures_of_samples,
            people: self.people,
        }
    }

    /// The report, with a breakdown by these columns at the threshold of this false match rate.
    pub(crate) fn report(&self, columns: &[Column], operating_fmr: f64) -> Report {
        let (roster, scores) = (self.roster(), &self.comparisons.scores);
        let (genuine, impostor) = scores.counts();
        let operating = scores.at_fmr(operating_fmr);
        // Without impostors there is no threshold, and no breakdown but of counts.
        let threshold = operating.map_or(f32::INFINITY, |point| point.threshold);
        let overall = Tally::overall(&roster, &self.comparisons, threshold);
        let tallies: Vec<Tally> =
            columns.iter().map(|column| Tally::of(column, &roster, &self.comparisons, threshold)).collect();
        let all: Vec<&Tally> = std::iter::once(&overall).chain(&tallies).collect();
        let rates = Rates {
            scores,
            resamples: Evidence::new(&roster, &self.comparisons).resamples(&grid(operating_fmr), &all, self.threads),
            people: overall.behind().first().map_or(0, |behind| behind.genuine),
        };
        let total = groups(&overall, &[String::new()], &rates.resamples, 0).pop().unwrap_or_default();
        let points = rates.points();
        let equal_error = scores.eer();
        let eer = equal_error.map(|equal| equal.rate);
        Report {
            subject: self.subject,
            images: self.names.len(),
            people: self.people,
            failed_to_acquire: self.failures.len(),
            genuine,
            impostor,
            eer,
            fnmr_at_fmr: fnmr_at_fmr(|at| points.get(at).and_then(|point| point.point.fnmr)),
            images_per_second: self.per_second(),
            threads: self.threads,
            model: self.model.clone(),
            fingers: None,
            resampled_eer: rates.resamples.iter().map(|one| one.eer).collect(),
            failure_to_acquire_rate: total.failure_to_acquire_rate,
            equal_error,
            intervals: Intervals {
                confidence: CONFIDENCE,
                resamples: RESAMPLES,
                method: self.subject.method(),
                failure_to_acquire_rate: total.failure_to_acquire_interval,
                eer: Interval::of(eer, rates.resamples.iter().map(|one| one.eer), rates.people),
                fnmr_at_fmr: fnmr_at_fmr(|at| {
                    rates.interval(DET_POINTS as usize + at, points.get(at).and_then(|point| point.point.fnmr))
                }),
            },
            operating_points: points,
            operating: operating.map(|point| Operating {
                fmr: operating_fmr,
                threshold: point.threshold,
                fnmr: point.fnmr,
                fnmr_interval: rates.interval(DET_POINTS as usize + FMRS.len(), point.fnmr),
                observed_fmr: total.fmr,
                observed_fmr_interval: total.fmr_interval,
            }),
            breakdown: breakdown(columns, &tallies, &rates.resamples),
            worst_pairs: WorstPairs {
                impostor: self.named(&self.comparisons.closest),
                genuine: self.named(&self.comparisons.genuine),
            },
            det: rates.det(),
            histogram: Histogram::of(scores),
            quality: self.quality(threshold),
            failures: self.failures(),
            ignored: self.ignored.clone(),
            repeated: self.repeated(),
            strangers: Vec::new(),
        }
    }

    fn name(&self, picture: usize) -> String {
        self.names.get(picture).cloned().unwrap_or_default()
    }

    fn named(&self, pairs: &[Pair]) -> Vec<NamedPair> {
        let name = |sample: u32| self.name(self.roster().picture(sample));
        let reference = |sample: u32| match self.enrolled {
            0 | 1 => name(sample),
            several => format!("{} (first of {several})", name(sample)),
        };
        pairs
            .iter()
            .take(WORST)
            .map(|pair| NamedPair { first: reference(pair.first), second: name(pair.second), score: pair.score })
            .collect()
    }

    fn failures(&self) -> Vec<Failure> {
        let failures = self.failures.iter();
        failures.map(|(at, reason)| Failure { image: self.name(*at as usize), reason: reason.clone() }).collect()
    }

    fn repeated(&self) -> Vec<(String, String)> {
        let repeated = self.repeated.iter();
        repeated.map(|&(first, again)| (self.name(first as usize), self.name(again as usize))).collect()
    }

    /// `None` where the model tells no qualities apart, or nothing was compared.
    fn quality(&self, threshold: f32) -> Option<QualityReport> {
        let mut samples = vec![0; 101];
        for &quality in &self.qualities {
            if let Some(count) = samples.get_mut(usize::from(quality)) {
                *count += 1;
            }
        }
        let different = samples.iter().filter(|&&count| count > 0).count();
        if different < 2 || self.comparisons.genuine.is_empty() || !threshold.is_finite() {
            return None;
        }
        let quality = |sample: u32| self.qualities.get(sample as usize).copied().unwrap_or(0);
        // ISO/IEC 29794-1: the quality of a comparison is the lesser one of its samples.
        let pairs = self.comparisons.genuine.iter();
        let pairs: Vec<(u8, bool)> =
            pairs.map(|pair| (quality(pair.first).min(quality(pair.second)), pair.score < threshold)).collect();
        let discard = (0..=100).filter_map(|quality| {
            let left = pairs.iter().filter(|pair| pair.0 >= quality).count();
            let failed = pairs.iter().filter(|pair| pair.0 >= quality && pair.1).count();
            (left > 0).then(|| Discard {
                quality,
                discarded: 1.0 - left as f64 / pairs.len() as f64,
                fnmr: failed as f64 / left as f64,
            })
        });
        let mut discard: Vec<Discard> = discard.collect();
        discard.dedup_by_key(|point| point.discarded.to_bits());
        Some(QualityReport { samples, discard })
    }
}

/// The rates of all comparisons, with their resamples.
struct Rates<'a> {
    scores: &'a Scores,
    /// At the rates of [`grid`].
    resamples: Vec<Resample>,
    /// With genuine comparisons.
    people: usize,
}

impl Rates<'_> {
    /// Of the FNMR at this place of the grid.
    fn interval(&self, at: usize, fnmr: Option<f64>) -> Option<Interval> {
        Interval::of(fnmr, self.resamples.iter().map(|one| one.fnmr.get(at).copied().flatten()), self.people)
    }

    fn points(&self) -> Vec<Point> {
        let point = |&(_, fmr): &(&str, f64)| {
            Some(Point { point: self.scores.at_fmr(fmr)?, certain: self.scores.is_certain(fmr) })
        };
        FMRS.iter().filter_map(point).collect()
    }

    fn det(&self) -> Vec<DetPoint> {
        let points = trade_off(self.scores).into_iter().enumerate();
        points.map(|(at, point)| DetPoint { fnmr_interval: self.interval(at, point.fnmr), ..point }).collect()
    }
}

/// False match rates that are resampled: the curve's, those always reported, and the one that groups are compared at.
fn grid(operating_fmr: f64) -> Vec<f64> {
    det_rates().chain(FMRS.map(|(_, fmr)| fmr)).chain([operating_fmr]).collect()
}

/// The curve of these scores, without intervals.
pub(crate) fn trade_off(scores: &Scores) -> Vec<DetPoint> {
    let point = |fmr| {
        let point = scores.at_fmr(fmr)?;
        Some(DetPoint { fmr, threshold: point.threshold, fnmr: point.fnmr, fnmr_interval: None })
    };
    det_rates().filter_map(point).collect()
}

fn det_rates() -> impl Iterator<Item = f64> {
    (0..DET_POINTS).map(|at| DET_FMR_MIN * 10_f64.powf(f64::from(at) / f64::from(DET_POINTS_A_DECADE)))
}

fn fnmr_at_fmr<T>(value: impl Fn(usize) -> T) -> Named<T> {
    Named(FMRS.iter().enumerate().map(|(at, (name, _))| ((*name).to_owned(), value(at))).collect())
}

fn breakdown(columns: &[Column], tallies: &[Tally], resamples: &[Resample]) -> Named<Vec<Group>> {
    // The tally of all is the first one resampled.
    let tallied = columns.iter().zip(tallies.iter().zip(1..));
    let named =
        tallied.map(|(column, (tally, at))| (column.name.clone(), groups(tally, &column.groups, resamples, at)));
    Named(named.collect())
}

fn groups(tally: &Tally, names: &[String], resamples: &[Resample], tally_at: usize) -> Vec<Group> {
    let once = vec![1; tally.people()];
    let (counts, behind) = (tally.counts(&once), tally.behind());
    names
        .iter()
        .zip(counts.into_iter().zip(behind))
        .enumerate()
        .map(|(at, (name, (counts, behind)))| {
            let resampled = || resamples.iter().map(|one| one.groups.get(tally_at).and_then(|groups| groups.get(at)));
            let (fta, fmr, fnmr) = (counts.failure_to_acquire(), counts.fmr(), counts.fnmr());
            Group {
                group: name.clone(),
                people: behind.images,
                images: counts.images,
                failed_to_acquire: counts.failed_to_acquire,
                failure_to_acquire_rate: fta,
                failure_to_acquire_interval: Interval::of(
                    fta,
                    resampled().map(|counts| counts?.failure_to_acquire()),
                    behind.images,
                ),
                genuine: counts.genuine,
                impostor: counts.impostor,
                fmr,
                fmr_interval: Interval::of(fmr, resampled().map(|counts| counts?.fmr()), behind.impostor),
                fnmr,
                fnmr_interval: Interval::of(fnmr, resampled().map(|counts| counts?.fnmr()), behind.genuine),
            }
        })
        .collect()
}
