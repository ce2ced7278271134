//! The fingerprint sensor's side: impressions to a score, or to the problem that the traveler can put right.

mod advice;
mod limits;

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use sallyport_hardware::fingerprint::{FingerprintSensor, Guidance, Impression, Pixels, SensorError, until_accepted};
use sallyport_matcher::finger::{
    Extractors, FingerError, FingerImage, MinutiaTemplate, QUALITY_GOOD, Raw, Resolution, extract::RidgeExtractor,
};
use sallyport_privacy::template::TemplateError;
use sallyport_protocol::{CrossingId, Measurement, Reason};

use self::limits::Asked;
use super::{
    Input,
    engine::{Engine, FingerEngine},
    evidence::Evidence,
    face::Capture,
};
use crate::{
    policy::Policy,
    transaction::{Event, Problem},
};

/// How often an idle gate looks whether the sensor works.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long the sensor is listened to before it is asked whether the crossing still goes on.
const LISTEN: Duration = Duration::from_secs(2);
/// After so many poor impressions of one attempt the next is compared as it is: worn fingers give no better ones, and the
/// comparison decides. One attempt makes one comparison, so that nobody gets more chances by poor impressions.
const POOR_BEFORE_TAKEN: u32 = 3;

/// The fingerprint sensor of one gate.
pub(super) struct FingerStation {
    pub sensor: Box<dyn FingerprintSensor>,
    /// Resolution of pictures that do not say, in pixels an inch.
    pub dpi: f64,
    pub engine: Arc<Engine>,
    pub evidence: Arc<Evidence>,
    pub policy: Policy,
    pub inputs: Sender<Input>,
    /// The trouble already in the log.
    pub said: Option<String>,
}

/// Why an impression gives no score.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Finger(#[from] FingerError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("the crossing is over")]
    Over,
}

impl FingerStation {
    /// Serves orders until the supervisor is gone. In between it looks whether everything works.
    pub(super) fn run(&mut self, orders: &Receiver<Capture>) {
        self.look();
        loop {
            match orders.recv_timeout(LOOK_EVERY) {
                Ok(Capture { crossing, attempt }) => {
                    let result = self.capture(crossing, attempt);
                    let _ = self.inputs.send(Event::FingerCompared { crossing, attempt, result }.into());
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whether the sensor is there, and what reads and compares its pictures.
    fn look(&mut self) {
        let sensor = self.sensor.check().map_err(|error| error.to_string());
        let matcher = self.matcher(1).map(drop).map_err(|problem| problem.detail.unwrap_or_default());
        self.tell(sensor, matcher);
    }

    fn tell(&mut self, sensor: Result<(), String>, matcher: Result<(), String>) {
        let aside = |reason, there| drop(self.inputs.send(Input::Aside { reason, there }));
        aside(Reason::FingerSensorUnavailable, sensor.is_err());
        aside(Reason::FingerMatcherUnavailable, matcher.is_err());
        let trouble = sensor.and(matcher).err();
        let _ = self.inputs.send(Event::FingerSensor { works: trouble.is_none() }.into());
        if self.said != trouble {
            match &trouble {
                Some(text) => tracing::warn!("{text}"),
                None => tracing::info!("the fingerprint sensor works"),
            }
            self.said = trouble;
        }
    }

    /// What reads fingers of which so many impressions are enrolled, and from which score on they match.
    fn matcher(&self, impressions: usize) -> Result<(Arc<FingerEngine>, Asked), Problem> {
        let unavailable = |error: &dyn std::fmt::Display| Problem::because(Reason::FingerMatcherUnavailable, error);
        let extraction = self.policy.finger_extraction;
        let engine = self.engine.fingers(extraction).map_err(|error| unavailable(&error))?;
        let asked = limits::at(&engine.calibrations, extraction, self.policy.finger_fmr, impressions)
            .map_err(|error| unavailable(&error))?;
        Ok((engine, asked))
    }

    /// One attempt: impressions until one is good enough, or as good as this finger gives, and its comparison.
    fn capture(&mut self, crossing: CrossingId, attempt: u32) -> Result<Measurement, Problem> {
        let Some(impressions) = self.evidence.impressions(crossing) else { return Err(Reason::TravelerLeft.into()) };
        let (engine, asked) = self.matcher(impressions)?;
        let (evidence, inputs) = (self.evidence.clone(), self.inputs.clone());
        let (policy, dpi) = (self.policy.clone(), self.dpi);
        // What the machine asks for at a further attempt is to be read before the sensor's own first word.
        let mut advised = attempt > 1;
        let mut guide = |said: Guidance| {
            advised |= !matches!(said, Guidance::Place | Guidance::Lift);
            if let Some(instruction) = advice::of_sensor(said).filter(|_| said != Guidance::Place || !advised) {
                let _ = inputs.send(Input::Guidance { crossing, instruction });
            }
        };
        let mut poor = 0;
        let mut judge = |impression: Impression| {
            let image = match decoded(impression, dpi) {
                Ok(image) => image,
                Err(error) => return Ok(Err(Problem::because(Reason::FingerImageUnreadable, &error))),
            };
            let judged = judged(&image, poor >= POOR_BEFORE_TAKEN).and_then(|read| {
                match compare(&policy, &engine.extractors, &asked, &evidence, crossing, (&image, read)) {
                    Ok(result) => Ok(result),
                    Err(fault) => advice::of_fault(&fault).map_or_else(|| Ok(Err(problem(&fault))), Err),
                }
            });
            poor += u32::from(judged.is_err());
            judged
        };
        let goes_on = || evidence.is_of(crossing);
        let mut sensor = WhileItGoesOn { sensor: &mut *self.sensor, goes_on: &goes_on };
        let patience = Duration::from_millis(self.policy.finger_attempt_ms);
        match until_accepted(&mut sensor, patience, &mut guide, &mut judge) {
            Ok(result) => result,
            Err(SensorError::NoFinger { .. }) if poor > 0 => Err(Reason::FingerQualityLow.into()),
            Err(SensorError::NoFinger { .. }) => Err(Reason::FingerNotPlaced.into()),
            Err(error) => {
                self.tell(Err(error.to_string()), Ok(()));
                Err(Problem::because(Reason::FingerSensorUnavailable, &error))
            }
        }
    }
}

/// What the fast extractor found in an impression that is worth comparing; else what would make it better.
fn judged(image: &FingerImage, as_it_is: bool) -> Result<Result<MinutiaTemplate, FingerError>, Guidance> {
    match RidgeExtractor.analyze(image) {
        Ok(analysis) if as_it_is || analysis.quality().overall >= QUALITY_GOOD => Ok(analysis.into_template()),
        Ok(analysis) => Err(advice::of_quality(analysis.quality().guidance)),
        Err(_) => Err(Guidance::Again),
    }
}

fn compare(
    policy: &Policy,
    extractors: &Extractors,
    asked: &Asked,
    evidence: &Evidence,
    crossing: CrossingId,
    (image, read): (&FingerImage, Result<MinutiaTemplate, FingerError>),
) -> Result<Result<Measurement, Problem>, Fault> {
    let decision =
        extractors.decide(policy.finger_extraction, &asked.limits, image, Some(read), |kind, template| {
            let name = extractors.of(kind).name();
            let score = evidence.compare_finger(crossing, name, asked.impressions, template).ok_or(Fault::Over)?;
            Ok::<_, Fault>(score?)
        })?;
    let measured = decision
        .map(|decision| Measurement { score: decision.score, threshold: asked.limits.threshold(decision.kind) });
    Ok(measured.ok_or(Reason::FactorNotEnrolled.into()))
}

fn problem(fault: &Fault) -> Problem {
    match fault {
        // Nobody waits for this any more.
        Fault::Over => Reason::TravelerLeft.into(),
        other => Problem::because(Reason::FingerMatcherUnavailable, other),
    }
}

fn decoded(impression: Impression, dpi: f64) -> Result<FingerImage, FingerError> {
    let dpi = impression.dpi.unwrap_or(dpi);
    match impression.pixels {
        Pixels::File(file) => FingerImage::decode(&file, Resolution::OfFileOr(dpi)),
        Pixels::Gray { width, height, bytes } => FingerImage::from_raw(Raw::bytes(width, height), dpi, &bytes),
    }
}

/// A sensor that listens only for as long as the crossing goes on.
struct WhileItGoesOn<'a> {
    sensor: &'a mut dyn FingerprintSensor,
    goes_on: &'a (dyn Fn() -> bool + Sync),
}

impl FingerprintSensor for WhileItGoesOn<'_> {
    fn name(&self) -> &str {
        self.sensor.name()
    }

    fn capture(&mut self, patience: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError> {
        let began = Instant::now();
        loop {
            let left = patience.saturating_sub(began.elapsed());
            match self.sensor.capture(left.min(LISTEN), guide) {
                Err(SensorError::NoFinger { .. }) if !left.is_zero() && (self.goes_on)() => {}
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests;
