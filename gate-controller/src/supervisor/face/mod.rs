//! The camera's side: frames to a score, or to the problem that the traveler can put right.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use sallyport_hardware::camera::{CameraError, Frame, Pixels, Seen, Totem};
use sallyport_matcher::{
    Image, ImageError,
    face::{FaceEngine, FaceError, Source},
};
use sallyport_protocol::{CrossingId, Measurement, Reason, Severity};

use super::{Input, engine::Engine, evidence::Evidence};
use crate::{
    policy::Policy,
    transaction::{Event, Problem},
};

/// How often an idle gate looks whether camera and nets work.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const FRAME_WITHIN: Duration = Duration::from_secs(1);

/// An order to capture and compare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capture {
    pub crossing: CrossingId,
    pub attempt: u32,
}

/// Camera and nets of one gate.
pub(super) struct FaceStation {
    pub totem: Totem,
    pub engine: Arc<Engine>,
    pub evidence: Arc<Evidence>,
    pub policy: Policy,
    pub inputs: Sender<Input>,
    /// Troubles already in the log.
    pub said: Vec<String>,
}

impl FaceStation {
    /// Serves orders until the supervisor is gone. In between it looks whether everything works.
    pub(super) fn run(&mut self, orders: &Receiver<Capture>) {
        self.look();
        loop {
            match orders.recv_timeout(LOOK_EVERY) {
                Ok(Capture { crossing, attempt }) => {
                    self.totem.watch(true);
                    let result = self.capture(crossing);
                    self.totem.watch(false);
                    let _ = self.inputs.send(Event::FaceCompared { crossing, attempt, result }.into());
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn look(&mut self) {
        self.totem.watch(true);
        let camera = self.frame().map(drop);
        self.totem.watch(false);
        let degraded = !self.totem.lost_positions().is_empty() && camera.is_ok();
        let _ = self.inputs.send(Input::Aside { reason: Reason::CameraDegraded, there: degraded });
        // Nets without a threshold for this location's rate can decide nothing.
        let nets = self.engine.get().and_then(|engine| engine.threshold(self.policy.face_fmr)).map(drop);
        let state = [
            (Reason::CameraUnavailable, camera.map_err(|error| error.to_string())),
            (Reason::MatcherUnavailable, nets.map_err(|error| error.to_string())),
        ];
        let mut troubles = Vec::new();
        for (reason, result) in state {
            if let Err(text) = &result {
                if !self.said.contains(text) {
                    tracing::warn!("{text}");
                }
                troubles.push(text.clone());
            }
            let _ = self.inputs.send(Event::Equipment { reason, works: result.is_ok() }.into());
        }
        self.said = troubles;
    }

    fn frame(&self) -> Result<Frame, CameraError> {
        let until = Instant::now() + FRAME_WITHIN;
        loop {
            match self.totem.next(until.saturating_duration_since(Instant::now())) {
                Some(Seen::Frame(_, frame)) => return Ok(frame),
                Some(_) => {}
                None => {
                    let late = || CameraError::NoFrame { name: "totem".into(), why: "none came in time".into() };
                    return Err(self.totem.lost().unwrap_or_else(late));
                }
            }
        }
    }

    /// The best of the frames of one attempt; the first that is good enough ends it.
    fn capture(&mut self, crossing: CrossingId) -> Result<Measurement, Problem> {
        let engine = self.engine.get().map_err(|error| Problem::because(Reason::MatcherUnavailable, &error))?;
        let threshold = engine.threshold(self.policy.face_fmr);
        let threshold = threshold.map_err(|error| Problem::because(Reason::MatcherUnavailable, &error))?;
        let deadline = Instant::now() + Duration::from_millis(self.policy.face_attempt_ms);
        let mut best: Option<f32> = None;
        let mut problem: Option<Problem> = None;
        // What the traveler can put right counts before one bad frame among others.
        let mut note = |found: Problem| {
            if problem.is_none() || found.reason.severity() == Severity::Retry {
                problem = Some(found);
            }
        };
        while Instant::now() < deadline && self.evidence.is_of(crossing) {
            let frame = self.frame();
            let frame = frame.map_err(|error| Problem::because(Reason::CameraUnavailable, &error))?;
            let image = match decoded(frame) {
                Ok(image) => image,
                Err(error) => {
                    note(Problem::because(Reason::FaceImageUnreadable, &error));
                    continue;
                }
            };
            match self.compare(&engine, crossing, &image) {
                Ok(score) => {
                    if best.is_none_or(|best| score > best) {
                        best = Some(score);
                        self.show_officer(crossing, &image);
                    }
                    if score >= threshold {
                        break;
                    }
                }
                Err(found) => {
                    if best.is_none() {
                        self.show_officer(crossing, &image);
                    }
                    note(found);
                }
            }
        }
        let problem = problem.unwrap_or(Reason::FaceNotFound.into());
        best.map(|score| Measurement { score, threshold }).ok_or(problem)
    }

    fn compare(&self, engine: &FaceEngine, crossing: CrossingId, image: &Image) -> Result<f32, Problem> {
        let sample = engine.template(image, Source::Live).map_err(|error| face_problem(&error))?;
        match self.evidence.compare(crossing, &sample.template) {
            Some(Ok(score)) => Ok(score),
            Some(Err(error)) => Err(Problem::because(Reason::MatcherUnavailable, &error)),
            // Over meanwhile: nobody waits for this any more.
            None => Err(Reason::TravelerLeft.into()),
        }
    }

    fn show_officer(&self, crossing: CrossingId, image: &Image) {
        match image.encode_jpeg() {
            Ok(jpeg) => self.evidence.lay_probe(crossing, jpeg),
            Err(error) => tracing::warn!("no live picture for the officer: {error}"),
        }
    }
}

fn decoded(frame: Frame) -> Result<Image, ImageError> {
    match frame.pixels {
        Pixels::Bgr { width, height, bytes } => Image::from_bgr(width, height, bytes),
        Pixels::File(file) => Image::decode(&file),
    }
}

fn face_problem(error: &FaceError) -> Problem {
    let reason = match error {
        FaceError::Blank => Reason::FaceImageBlank,
        FaceError::NoFace => Reason::FaceNotFound,
        FaceError::Several(_) => Reason::FaceMultiple,
        FaceError::TooSmall { .. } | FaceError::Quality { .. } => Reason::FaceQualityLow,
        FaceError::Image(_) => Reason::FaceImageUnreadable,
        _ => Reason::MatcherUnavailable,
    };
    Problem::because(reason, error)
}
