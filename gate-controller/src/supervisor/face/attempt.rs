//! One attempt at a face: what the cameras saw goes in, the decision comes out. No clock, camera or net inside.
//!
//! Evidence counts for one person only. It is thrown away when somebody takes the traveler's place, when nobody is before
//! the cameras any more, and when a face looks like another person than those before it: else a living face before one
//! camera could vouch for a photograph before the next.

use sallyport_hardware::camera::Position;
use sallyport_matcher::face::{
    Added, Detection, FaceTemplate, Fused, Fusion, Liveness, Quality, TrackEvent, Tracker, Verdict, View, Zone,
};
use sallyport_protocol::{Measurement, Reason, Severity};

use super::problem;
use crate::{policy::LivenessRule, transaction::Problem, view::TravelerInstruction};

/// What a location asks of a face.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Least score that matches.
    pub threshold: f32,
    /// Score below which two pictures of one attempt are not of one person.
    pub same_person: f32,
    /// How many frames must agree before the decision is safe ahead of time.
    pub frames_min: usize,
    /// Whether a living face must be seen.
    pub liveness: LivenessRule,
    /// How long the cues may take before a match counts without their verdict, where the rule allows that, in
    /// milliseconds.
    pub liveness_patience_ms: u64,
}

/// Most frames that are fused: more add hardly anything.
const FRAMES_MAX: usize = 8;

/// What is known so far.
pub(super) struct Attempt {
    rules: Rules,
    watches: [Watch; Position::ALL.len()],
    liveness: Liveness,
    fusion: Fusion,
    score: Option<f32>,
    /// A cue spoke against a living face at some time: from then on nothing is decided before the end.
    suspected: bool,
    problem: Option<Problem>,
}

/// One camera's view of the zone.
struct Watch {
    tracker: Tracker,
    traveler: bool,
    second_person: bool,
}

impl Attempt {
    /// An attempt that begins now, at 0 of its clock.
    pub(super) fn new(rules: Rules, liveness: Liveness) -> Self {
        let watch = |_| Watch { tracker: Tracker::new(Zone::default()), traveler: false, second_person: false };
        Self {
            rules,
            watches: Position::ALL.map(watch),
            liveness,
            fusion: Fusion::new(FRAMES_MAX, rules.same_person),
            score: None,
            suspected: false,
            problem: None,
        }
    }

    /// Takes the faces of a frame; gives which of them is the traveler, if evidence may be gathered from it.
    pub(super) fn see(
        &mut self,
        position: Position,
        at_ms: u64,
        (width, height): (u32, u32),
        faces: &[Detection],
    ) -> Option<Detection> {
        let watch = &mut self.watches[position as usize];
        let seen = watch.tracker.see(at_ms, width, height, faces);
        let mut replaced = false;
        for event in &seen.events {
            match event {
                TrackEvent::Replaced { .. } => replaced = true,
                TrackEvent::SecondPerson { .. } => watch.second_person = true,
                TrackEvent::Alone => watch.second_person = false,
                _ => {}
            }
        }
        watch.traveler = seen.traveler.is_some();
        if replaced || self.watches.iter().all(|watch| !watch.traveler) {
            self.forget();
        }
        if self.has_second_person() {
            self.note(Reason::FaceMultiple.into());
            return None;
        }
        let traveler = seen.at.and_then(|at| faces.get(at)).copied();
        if traveler.is_none() && self.watches.iter().all(|watch| !watch.traveler) {
            self.note(Reason::FaceNotFound.into());
        }
        traveler
    }

    /// Whether a face of this unified quality is worth a template: for the comparison, or because the cues still look, which see
    /// only faces that are known to be the same person's.
    pub(super) fn wants(&self, quality: u8) -> bool {
        self.fusion.wants(Fused::weight(quality)) || self.liveness.verdict() == Verdict::Undecided
    }

    /// Takes the template of a face of this unified quality and lets the cues look at it, if it is the same person's as
    /// those before.
    pub(super) fn add(&mut self, template: FaceTemplate, quality: u8, view: &View<'_>) {
        match self.fusion.add(template, Fused::weight(quality)) {
            Ok(Added::Unlike) => self.forget(),
            Ok(Added::Kept | Added::Surplus) => {
                if let Err(error) = self.liveness.look(view) {
                    self.note(problem::face(&error));
                }
            }
            Err(error) => tracing::error!("a sample was left out: {error}"),
        }
    }

    /// The best frames so far of whoever is there, to be compared with the reference.
    pub(super) fn probe(&self) -> Option<Fused> {
        self.fusion.fused()
    }

    /// Takes the cosine that the probe reached; gives the decision, if it is safe already.
    pub(super) fn compared(&mut self, now_ms: u64, probe: &Fused, cosine: f32) -> Option<Measurement> {
        let verdict = self.liveness.verdict();
        let score = probe.score(cosine);
        self.score = Some(score);
        self.suspected |= matches!(verdict, Verdict::Suspected { .. });
        let enough = match (self.rules.liveness, &verdict) {
            (LivenessRule::Off, _) => true,
            _ if self.suspected => false,
            (_, Verdict::Genuine) => true,
            (LivenessRule::WhenSeen, Verdict::Undecided) => now_ms >= self.rules.liveness_patience_ms,
            _ => false,
        };
        let safe = probe.is_safe(score, self.rules.threshold, self.rules.frames_min);
        // Whoever stands beside the traveler may be there to stay: that shows a moment later.
        let alone = self.watches.iter().all(|watch| !watch.tracker.has_company());
        (safe && enough && alone).then(|| self.measurement(score))
    }

    /// Notes what went wrong with a frame. What the traveler can put right counts before one bad frame among others.
    pub(super) fn note(&mut self, found: Problem) {
        if self.problem.is_none() || found.reason.severity() == Severity::Retry {
            self.problem = Some(found);
        }
    }

    /// What is left to say when time is up.
    pub(super) fn end(self) -> Result<Measurement, Problem> {
        let verdict = self.liveness.verdict();
        if self.has_second_person() {
            return Err(Reason::FaceMultiple.into());
        }
        match (self.score, self.rules.liveness, &verdict) {
            (None, ..) => Err(self.problem.unwrap_or(Reason::FaceNotFound.into())),
            (Some(score), LivenessRule::Off, _) => Ok(self.measurement(score)),
            (Some(score), _, Verdict::Suspected { .. }) => {
                Err(problem::suspected(&self.liveness, &self.measurement(score)))
            }
            (Some(score), LivenessRule::Required, Verdict::Undecided) if score >= self.rules.threshold => {
                Err(problem::suspected(&self.liveness, &self.measurement(score)))
            }
            (Some(score), ..) => Ok(self.measurement(score)),
        }
    }

    /// What the traveler should be told after a frame of this quality.
    pub(super) fn advice(&self, quality: Option<&Quality>) -> Option<TravelerInstruction> {
        if self.has_second_person() {
            return Some(TravelerInstruction::OnePersonOnly);
        }
        quality?.guidance().map(problem::instruction)
    }

    fn has_second_person(&self) -> bool {
        self.watches.iter().any(|watch| watch.second_person)
    }

    fn measurement(&self, score: f32) -> Measurement {
        Measurement { score, threshold: self.rules.threshold }
    }

    fn forget(&mut self) {
        self.fusion.clear();
        self.liveness.forget();
        self.score = None;
        self.suspected = false;
    }
}

#[cfg(test)]
mod tests;
