//! Face and finger: which is captured, what its comparison means, and what follows when it fails.

use sallyport_hardware::barrier::Door;
use sallyport_protocol::{CrossingId, Measurement, Outcome, Reason, Severity, Stage};

use super::{Gate, Phase, Purpose, Show};
use crate::{
    policy::{DocumentFacts, Factor},
    transaction::{Command, Moment, Problem},
};

impl Gate {
    /// What is captured now: of a document's holder the face, of a card's holder what policy says.
    pub(super) fn factor(&self, facts: &DocumentFacts) -> Result<Factor, Reason> {
        let by_card = facts.enrollment.as_ref();
        by_card.map_or(Ok(Factor::Face), |enrollment| self.policy.factor(enrollment, self.finger_sensor))
    }

    pub(super) fn begin_capture(&mut self, now: Moment) {
        let Some(facts) = self.active.as_ref().and_then(|active| active.crossing.facts.as_ref()) else { return };
        match self.factor(facts) {
            Ok(Factor::Face) => self.capture(now, Factor::Face, 1, Show::LookAtCamera, None),
            Ok(Factor::Finger) => self.capture(now, Factor::Finger, 1, Show::PlaceFinger, None),
            Err(reason) => {
                self.enter_stage(now, Stage::Biometric);
                self.refer(now, vec![reason], true);
            }
        }
    }

    fn capture(&mut self, now: Moment, factor: Factor, attempt: u32, show: Show, reason: Option<Reason>) {
        self.enter_stage(now, Stage::Biometric);
        let patience_ms = match factor {
            Factor::Face => self.policy.face_ms,
            Factor::Finger => self.policy.finger_ms,
        };
        let Some(active) = &mut self.active else { return };
        let deadline_ms = *active.capture_deadline_ms.get_or_insert(now.ms.saturating_add(patience_ms));
        active.phase = Phase::Capturing { factor, attempt };
        active.deadline_ms = deadline_ms;
        let crossing = active.crossing.id;
        self.show(show, reason);
        self.push(match factor {
            Factor::Face => Command::CaptureFace { crossing, attempt },
            Factor::Finger => Command::CaptureFinger { crossing, attempt },
        });
    }

    /// What comes late, of an attempt that is over or of the other factor, counts for nothing.
    pub(super) fn compared(
        &mut self,
        now: Moment,
        crossing: CrossingId,
        factor: Factor,
        attempt: u32,
        result: Result<Measurement, Problem>,
    ) {
        let Some(active) = self.of(crossing, Phase::Capturing { factor, attempt }) else { return };
        let below = match factor {
            Factor::Face => Reason::FaceScoreBelowThreshold,
            Factor::Finger => Reason::FingerScoreBelowThreshold,
        };
        let problem = match result {
            Ok(measurement) => {
                active.crossing.measurement = Some(measurement);
                // A score that is no number is below every threshold.
                if measurement.score >= measurement.threshold {
                    return self.accept(now, factor);
                }
                Problem::from(below)
            }
            Err(problem) => problem,
        };
        self.note(&problem);
        let again = matches!(problem.reason.severity(), Severity::Retry) || problem.reason == below;
        match factor {
            Factor::Face if again && attempt < self.policy.face_attempts => {
                let show = match problem.reason {
                    Reason::FaceMultiple => Show::OnePersonOnly,
                    Reason::FaceQualityLow => Show::UncoverFace,
                    _ => Show::LookAtCamera,
                };
                self.capture(now, factor, attempt + 1, show, Some(problem.reason));
            }
            Factor::Finger if again && attempt < self.policy.finger_attempts => {
                // Old age and wet work wear ridges down, and people have ten fingers.
                let show = match problem.reason {
                    Reason::FingerNotPlaced => Show::PlaceFinger,
                    _ => Show::AnotherFinger,
                };
                self.capture(now, factor, attempt + 1, show, None);
            }
            Factor::Face => self.refer(now, vec![problem.reason], true),
            Factor::Finger => self.finger_failed(now, problem.reason),
        }
    }

    /// Whoever waits at a sensor that is gone waits no longer.
    pub(super) fn finger_sensor(&mut self, now: Moment, works: bool) {
        self.finger_sensor = works;
        let phase = self.active.as_ref().map(|active| active.phase);
        if let (false, Some(Phase::Capturing { factor: Factor::Finger, .. })) = (works, phase) {
            self.finger_failed(now, Reason::FingerSensorUnavailable);
        }
    }

    /// No finger matched. The face is asked for instead where no finger could be read at all, and policy and enrollment
    /// have it so; a finger that was read and is another's is for the officer.
    pub(super) fn finger_failed(&mut self, now: Moment, reason: Reason) {
        let Some(active) = &mut self.active else { return };
        let was_read = active.crossing.measurement.is_some();
        let enrollment = active.crossing.facts.as_ref().and_then(|facts| facts.enrollment.as_ref());
        let without_sensor = enrollment.and_then(|enrollment| self.policy.factor(enrollment, false).ok());
        if without_sensor == Some(Factor::Face) && !was_read {
            active.crossing.note(&reason.into());
            active.capture_deadline_ms = None;
            return self.capture(now, Factor::Face, 1, Show::LookAtCamera, None);
        }
        let decisive = if was_read { Reason::FingerScoreBelowThreshold } else { reason };
        let mut reasons = vec![decisive];
        reasons.extend((reason != decisive).then_some(reason));
        self.refer(now, reasons, true);
    }

    fn accept(&mut self, now: Moment, factor: Factor) {
        let by_card = self.active.as_ref().and_then(|active| active.crossing.facts.as_ref());
        let reason = match (factor, by_card.is_some_and(|facts| facts.enrollment.is_some())) {
            (Factor::Finger, _) => Reason::FingerMatchedEnrollment,
            (Factor::Face, true) => Reason::FaceMatchedEnrollment,
            (Factor::Face, false) => Reason::FaceMatchedChip,
        };
        self.decide(now, Outcome::Accepted, vec![reason]);
        self.open(now, Door::Exit, Purpose::Exit);
    }
}
