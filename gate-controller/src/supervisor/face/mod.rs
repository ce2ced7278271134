//! The cameras' side: frames to a score, or to the problem that the traveler can put right.

mod advice;
mod attempt;
mod problem;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use sallyport_hardware::camera::{Frame, Pixels, Position, Seen, Totem};
use sallyport_matcher::{
    Image, ImageError,
    face::{FaceEngine, FaceError, FaceSample, Fmr, Quality, View},
};
use sallyport_protocol::{CrossingId, Measurement, Reason};

use self::{
    advice::Advice,
    attempt::{Attempt, Rules},
};
use super::{Input, engine::Engine, evidence::Evidence};
use crate::{
    policy::Policy,
    transaction::{Event, Problem},
    view::TravelerInstruction,
};

/// How often an idle gate looks whether cameras and nets work.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const FRAME_WITHIN: Duration = Duration::from_secs(1);
/// How long a worker waits for a frame before it looks whether there is still something to do.
const NEXT_WITHIN: Duration = Duration::from_millis(50);

/// Two pictures of one attempt that score below the threshold of this rate are not of one person.
const SAME_PERSON_FMR: Fmr = Fmr::OneInHundred;

/// An order to capture and compare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capture {
    pub crossing: CrossingId,
    pub attempt: u32,
}

/// Cameras and nets of one gate.
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
                    let result = self.capture(crossing);
                    let _ = self.inputs.send(Event::FaceCompared { crossing, attempt, result }.into());
                }
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whether any camera gives a frame and the nets are there. A totem that has lost one of its cameras still serves.
    fn look(&mut self) {
        self.totem.check(FRAME_WITHIN);
        let camera = self.totem.lost().map_or(Ok(()), Err);
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

    /// The best of the frames of one attempt, over time and cameras; ends as soon as the decision is safe.
    fn capture(&self, crossing: CrossingId) -> Result<Measurement, Problem> {
        let engine = self.engine.get().map_err(|error| Problem::because(Reason::MatcherUnavailable, &error))?;
        let rules = self.rules(&engine)?;
        let began = Instant::now();
        let ongoing = Ongoing {
            crossing,
            began,
            deadline: began + Duration::from_millis(self.policy.face_attempt_ms),
            engine: &engine,
            station: self,
            known: Mutex::new(Known {
                attempt: Attempt::new(rules, engine.liveness(&self.policy.pad)),
                advice: Advice::new(TravelerInstruction::LookAtCamera, 0),
                best: None,
                decided: None,
            }),
        };
        self.totem.watch(true);
        let workers = thread::available_parallelism().map_or(1, usize::from).min(Position::ALL.len());
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| ongoing.work());
            }
        });
        self.totem.watch(false);
        ongoing.end()
    }

    fn rules(&self, engine: &FaceEngine) -> Result<Rules, Problem> {
        let threshold =
            |fmr| engine.threshold(fmr).map_err(|error| Problem::because(Reason::MatcherUnavailable, &error));
        Ok(Rules {
            threshold: threshold(self.policy.face_fmr)?,
            same_person: threshold(SAME_PERSON_FMR)?,
            frames_min: self.policy.face_frames_min,
            liveness: self.policy.liveness,
            liveness_patience_ms: self.policy.liveness_patience_ms,
        })
    }

    fn show_officer(&self, crossing: CrossingId, image: &Image) {
        match image.encode_jpeg() {
            Ok(jpeg) => self.evidence.lay_probe(crossing, jpeg),
            Err(error) => tracing::warn!("no live picture for the officer: {error}"),
        }
    }
}

/// An attempt that goes on: several workers take frames, whatever camera they are from.
struct Ongoing<'a> {
    crossing: CrossingId,
    began: Instant,
    deadline: Instant,
    engine: &'a FaceEngine,
    station: &'a FaceStation,
    known: Mutex<Known>,
}

struct Known {
    attempt: Attempt,
    advice: Advice,
    /// Quality of the frame that lies at the officer's desk; `None` for one without a template.
    best: Option<u8>,
    decided: Option<Result<Measurement, Problem>>,
}

impl Ongoing<'_> {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_ms(&self, when: Instant) -> u64 {
        when.saturating_duration_since(self.began).as_millis() as u64
    }

    fn work(&self) {
        while self.known().decided.is_none()
            && Instant::now() < self.deadline
            && self.station.evidence.is_of(self.crossing)
        {
            match self.station.totem.next(NEXT_WITHIN) {
                Some(Seen::Frame(position, frame)) => self.frame(position, frame),
                Some(Seen::Lost { error, .. }) => {
                    tracing::warn!("{error}");
                    if let Some(error) = self.station.totem.lost() {
                        let problem = Problem::because(Reason::CameraUnavailable, &error);
                        self.known().decided.get_or_insert(Err(problem));
                    }
                }
                _ => {}
            }
        }
    }

    fn frame(&self, position: Position, frame: Frame) {
        let at_ms = self.at_ms(frame.taken);
        let image = match decoded(frame) {
            Ok(image) => image,
            Err(error) => return self.known().attempt.note(Problem::because(Reason::FaceImageUnreadable, &error)),
        };
        let faces = match self.engine.detect_unless_blank(&image) {
            Ok(faces) => faces,
            Err(error) => return self.unusable(&image, &error),
        };
        let seen = self.known().attempt.see(position, at_ms, (image.width(), image.height()), &faces);
        let Some(detection) = seen else { return self.unusable(&image, &FaceError::NoFace) };
        let face = match self.engine.align(&image, detection) {
            Ok(face) => face,
            Err(error) => return self.unusable(&image, &error),
        };
        let wanted = {
            let mut known = self.known();
            self.advise(&mut known, Some(&face.quality));
            known.attempt.wants(face.quality.unified())
        };
        match (wanted, face.quality.flaw()) {
            (_, Some(flaw)) => self.unusable(&image, &FaceError::Quality { flaw, quality: Box::new(face.quality) }),
            (true, None) => match self.engine.embed_aligned(&face) {
                Ok(sample) => {
                    let view =
                        View { camera: position as u8, taken_ms: at_ms, image: &image, detection: &face.detection };
                    self.judge(&view, sample);
                }
                Err(error) => self.unusable(&image, &error),
            },
            // What is known is better; patience may have run out all the same.
            (false, None) => self.compare(&mut self.known()),
        }
    }

    fn judge(&self, view: &View<'_>, sample: FaceSample) {
        let quality = sample.quality.unified();
        let mut known = self.known();
        known.attempt.add(sample.template, quality, view);
        self.compare(&mut known);
        let best = known.best.is_none_or(|best| quality > best);
        if best {
            known.best = Some(quality);
        }
        drop(known);
        if best {
            self.station.show_officer(self.crossing, view.image);
        }
    }

    fn compare(&self, known: &mut Known) {
        let Some(probe) = known.attempt.probe() else { return };
        let now_ms = self.at_ms(Instant::now());
        match self.station.evidence.compare(self.crossing, &probe.template) {
            Some(Ok(cosine)) => {
                if let Some(measurement) = known.attempt.compared(now_ms, &probe, cosine) {
                    known.decided.get_or_insert(Ok(measurement));
                }
            }
            Some(Err(error)) => known.attempt.note(Problem::because(Reason::MatcherUnavailable, &error)),
            // Over meanwhile: nobody waits for this any more.
            None => known.attempt.note(Reason::TravelerLeft.into()),
        }
    }

    /// A frame without a template; the officer sees one such frame rather than none.
    fn unusable(&self, image: &Image, error: &FaceError) {
        let mut known = self.known();
        known.attempt.note(problem::face(error));
        self.advise(&mut known, None);
        let none_yet = known.best.is_none();
        drop(known);
        if none_yet {
            self.station.show_officer(self.crossing, image);
        }
    }

    fn advise(&self, known: &mut Known, quality: Option<&Quality>) {
        let asks = known.attempt.advice(quality);
        if let Some(instruction) = known.advice.take(self.at_ms(Instant::now()), asks) {
            let _ = self.station.inputs.send(Input::Guidance { crossing: self.crossing, instruction });
        }
    }

    fn end(self) -> Result<Measurement, Problem> {
        let known = self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        known.decided.unwrap_or_else(|| known.attempt.end())
    }
}

fn decoded(frame: Frame) -> Result<Image, ImageError> {
    match frame.pixels {
        Pixels::Bgr { width, height, bytes } => Image::from_bgr(width, height, bytes),
        Pixels::File(file) => Image::decode(&file),
    }
}
