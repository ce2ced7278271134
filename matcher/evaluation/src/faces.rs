//! `matcher-eval faces`: every pair of one person is genuine, every other pair impostor.

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, ensure};
use sallyport_matcher::face::FaceEngine;

use crate::{
    acquisition::{self, Acquisition},
    attributes::{self, Column},
    bootstrap::{CONFIDENCE, Evidence, Interval, RESAMPLES, Resample},
    breakdown::{Roster, Tally},
    comparisons::{Comparisons, Pair},
    metrics::Scores,
    report::{
        DetPoint, Discard, FMRS, Failure, Group, Histogram, Intervals, Named, NamedPair, Operating, Point,
        QualityReport, Report, WorstPairs, html, text,
    },
    subjects::{SUBJECTS_FILE, Subjects},
};

/// Strictest false match rate of the trade-off curve, and points a decade; its most lenient point is
/// 10^(-5 + 30/8), about 5.6 %. The rates that are always reported are among the points.
const DET_FMR_MIN: f64 = 1e-5;
const DET_POINTS_A_DECADE: i32 = 8;
const DET_POINTS: i32 = 31;
/// Pairs of each kind that are named.
const WORST: usize = 25;

/// What to measure, and with what.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A folder with one folder of pictures a person, and perhaps `subjects.csv`: `person,country,age,...`.
    folder: PathBuf,
    /// Where `make setup` put the nets.
    #[arg(long, default_value = "assets/models")]
    models: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Also write a page with the curves and tables here: one file that loads nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// False match rate at whose threshold groups are compared, at most 0.01. One in a thousand is what Frontex asks
    /// of automated border control (Best Practice Technical Guidelines for ABC Systems, 2015).
    #[arg(long, default_value_t = 1e-3)]
    operating_fmr: f64,
    /// Pictures and comparisons at once; as many as there are cores when not given.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let fmr = arguments.operating_fmr;
    ensure!(fmr > 0.0 && fmr <= 0.01, "--operating-fmr {fmr} is not above 0 and at most 0.01");
    if let Some(page) = &arguments.html {
        // Told now rather than after minutes of measuring.
        let folder = page.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(folder.is_dir(), "--html {}: its folder is not there: create it first", page.display());
    }
    let subjects = Subjects::list(&arguments.folder)?;
    let (columns, strangers) = attributes::read(&arguments.folder, &subjects)?;
    let engine = FaceEngine::load(&arguments.models)
        .with_context(|| format!("nets in {}: run `make setup`, or give --models", arguments.models.display()))?;
    let cores = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let threads = arguments.threads.unwrap_or(cores).get();
    let acquired = acquisition::acquire(&engine, &subjects.pictures, threads)?;
    let measured = Measured::of(&subjects, &acquired, threads)?;
    let mut report = measured.report(&columns, fmr, engine.model());
    report.strangers = strangers.iter().map(|stranger| format!("{SUBJECTS_FILE} {stranger}")).collect();
    eprint!("{}", text::warnings(&report));
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        eprint!("{}", text::remarks(&report));
        print!("{}", text::render(&report));
    }
    if let Some(page) = &arguments.html {
        let written = fs::write(page, html::page(&report));
        written.with_context(|| format!("--html {} cannot be written: choose another place", page.display()))?;
    }
    Ok(())
}

/// A data set and all its comparisons.
struct Measured<'a> {
    subjects: &'a Subjects,
    acquired: &'a Acquisition,
    people_of_pictures: Vec<u32>,
    pictures_of_samples: Vec<u32>,
    comparisons: Comparisons,
    threads: usize,
}

impl<'a> Measured<'a> {
    fn of(subjects: &'a Subjects, acquired: &'a Acquisition, threads: usize) -> anyhow::Result<Self> {
        let people_of_pictures: Vec<u32> = subjects.pictures.iter().map(|picture| picture.person).collect();
        let pictures_of_samples: Vec<u32> = acquired.samples.iter().map(|sample| sample.picture).collect();
        let people: Vec<u32> = pictures_of_samples
            .iter()
            .map(|&picture| people_of_pictures.get(picture as usize).copied().unwrap_or(u32::MAX))
            .collect();
        let samples = &acquired.samples;
        let comparisons =
            Comparisons::all(&people, threads, |first, second| match (samples.get(first), samples.get(second)) {
                // One engine made both, so that their models are the same.
                (Some(first), Some(second)) => first.template.compare(&second.template).unwrap_or(f32::NEG_INFINITY),
                _ => f32::NEG_INFINITY,
            })?;
        Ok(Self { subjects, acquired, people_of_pictures, pictures_of_samples, comparisons, threads })
    }

    fn roster(&self) -> Roster<'_> {
        Roster {
            people_of_pictures: &self.people_of_pictures,
            pictures_of_samples: &self.pictures_of_samples,
            people: self.subjects.people.len(),
        }
    }

    fn report(&self, columns: &[Column], operating_fmr: f64, model: &str) -> Report {
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
            images: self.subjects.pictures.len(),
            people: self.subjects.people.len(),
            failed_to_acquire: self.acquired.failures.len(),
            genuine,
            impostor,
            eer,
            fnmr_at_fmr: fnmr_at_fmr(|at| points.get(at).and_then(|point| point.point.fnmr)),
            images_per_second: self.acquired.per_second(),
            threads: self.acquired.threads,
            model: model.to_owned(),
            failure_to_acquire_rate: total.failure_to_acquire_rate,
            equal_error,
            intervals: Intervals {
                confidence: CONFIDENCE,
                resamples: RESAMPLES,
                method: "bootstrap over people",
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
            ignored: self.subjects.ignored.clone(),
            repeated: self.repeated(),
            strangers: Vec::new(),
        }
    }

    fn name(&self, picture: usize) -> String {
        self.subjects.pictures.get(picture).map_or_else(String::new, |picture| picture.name.clone())
    }

    fn named(&self, pairs: &[Pair]) -> Vec<NamedPair> {
        let name = |sample: u32| self.name(self.roster().picture(sample));
        pairs
            .iter()
            .take(WORST)
            .map(|pair| NamedPair { first: name(pair.first), second: name(pair.second), score: pair.score })
            .collect()
    }

    fn failures(&self) -> Vec<Failure> {
        let failures = self.acquired.failures.iter();
        failures.map(|(at, reason)| Failure { image: self.name(*at as usize), reason: reason.clone() }).collect()
    }

    fn repeated(&self) -> Vec<(String, String)> {
        let repeated = self.acquired.repeated.iter();
        repeated.map(|&(first, again)| (self.name(first as usize), self.name(again as usize))).collect()
    }

    /// `None` where the model tells no qualities apart, or nothing was compared.
    fn quality(&self, threshold: f32) -> Option<QualityReport> {
        let mut samples = vec![0; 101];
        for sample in &self.acquired.samples {
            if let Some(count) = samples.get_mut(usize::from(sample.quality)) {
                *count += 1;
            }
        }
        let different = samples.iter().filter(|&&count| count > 0).count();
        if different < 2 || self.comparisons.genuine.is_empty() || !threshold.is_finite() {
            return None;
        }
        let quality = |sample: u32| self.acquired.samples.get(sample as usize).map_or(0, |sample| sample.quality);
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
        let points = (0..DET_POINTS as usize).zip(det_rates()).filter_map(|(at, fmr)| {
            let point = self.scores.at_fmr(fmr)?;
            let fnmr_interval = self.interval(at, point.fnmr);
            Some(DetPoint { fmr, threshold: point.threshold, fnmr: point.fnmr, fnmr_interval })
        });
        points.collect()
    }
}

/// False match rates that are resampled: the curve's, those always reported, and the one that groups are compared at.
fn grid(operating_fmr: f64) -> Vec<f64> {
    det_rates().chain(FMRS.map(|(_, fmr)| fmr)).chain([operating_fmr]).collect()
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
