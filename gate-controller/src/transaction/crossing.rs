//! One crossing's record while it grows.

use sallyport_protocol::{
    CrossingId, CrossingRecord, Door, DoorMovement, DoorMovementKind, GateId, Measurement, OfficerDecision, Outcome,
    Reason, Stage, TimelineEntry, TokenKind,
};

use super::{Moment, Problem};
use crate::policy::DocumentFacts;

/// A crossing in progress.
#[derive(Debug)]
pub struct Crossing {
    /// Its identifier.
    pub id: CrossingId,
    began: Moment,
    /// What was learned from the token.
    pub facts: Option<DocumentFacts>,
    /// The outcome, once decided; it never changes.
    pub decided: Option<(Outcome, Vec<Reason>)>,
    /// The officer's decision.
    pub officer: Option<OfficerDecision>,
    /// The last comparison.
    pub measurement: Option<Measurement>,
    /// Attempts at presenting a document.
    pub document_attempts: u32,
    timeline: Vec<TimelineEntry>,
    doors: Vec<DoorMovement>,
}

impl Crossing {
    /// A crossing that begins now.
    pub fn new(id: CrossingId, now: Moment) -> Self {
        let mut crossing = Self {
            id,
            began: now,
            facts: None,
            decided: None,
            officer: None,
            measurement: None,
            document_attempts: 0,
            timeline: Vec::new(),
            doors: Vec::new(),
        };
        crossing.enter(now, Stage::Presentation);
        crossing
    }

    /// Milliseconds since it began.
    pub fn at_ms(&self, now: Moment) -> u64 {
        now.ms.saturating_sub(self.began.ms)
    }

    /// The present stage.
    pub fn stage(&self) -> Stage {
        self.timeline.last().map_or(Stage::Presentation, |entry| entry.stage)
    }

    /// The last fact that was noted.
    pub fn detail(&self) -> Option<&str> {
        self.timeline.iter().rev().find_map(|entry| entry.detail.as_deref())
    }

    /// Ends the present stage and begins this one.
    pub fn enter(&mut self, now: Moment, stage: Stage) {
        let at_ms = self.at_ms(now);
        if let Some(last) = self.timeline.last_mut() {
            if last.stage == stage {
                return;
            }
            last.took_ms = at_ms.saturating_sub(last.began_ms);
        }
        self.timeline.push(TimelineEntry { stage, began_ms: at_ms, took_ms: 0, reasons: Vec::new(), detail: None });
    }

    /// Notes a reason in the present stage.
    pub fn note(&mut self, problem: &Problem) {
        if let Some(entry) = self.timeline.last_mut() {
            if !entry.reasons.contains(&problem.reason) {
                entry.reasons.push(problem.reason);
            }
            if problem.detail.is_some() {
                entry.detail.clone_from(&problem.detail);
            }
        }
    }

    /// Notes a movement of a door.
    pub fn door(&mut self, now: Moment, door: Door, movement: DoorMovementKind) {
        let at_ms = self.at_ms(now);
        self.doors.push(DoorMovement { door, movement, at_ms });
    }

    /// The record of the finished crossing. A decided outcome stands; what happened afterwards adds its reasons.
    pub fn finish(mut self, now: Moment, gate: &GateId, outcome: Outcome, reasons: &[Reason]) -> CrossingRecord {
        self.enter(now, Stage::Closing);
        let (_, all) = self.decided.get_or_insert((outcome, Vec::new()));
        for reason in reasons {
            if !all.contains(reason) {
                all.push(*reason);
            }
        }
        self.record(now, gate)
    }

    /// The record so far; without a decision it is an interrupted crossing's.
    pub fn record(&self, now: Moment, gate: &GateId) -> CrossingRecord {
        let facts = self.facts.as_ref();
        let (outcome, reasons) = self.decided.clone().unwrap_or((Outcome::Interrupted, Vec::new()));
        CrossingRecord {
            crossing: self.id,
            gate: gate.clone(),
            began: self.began.wall,
            ended: now.wall,
            token: facts.map_or(TokenKind::Unknown, |facts| facts.token),
            issuer: facts.and_then(|facts| facts.issuer.clone()),
            enrollment: facts.and_then(|facts| facts.enrollment.as_ref()).map(|enrollment| enrollment.id),
            outcome,
            reasons,
            officer: self.officer.clone(),
            measurement: self.measurement,
            timeline: self.timeline.clone(),
            doors: self.doors.clone(),
        }
    }
}
