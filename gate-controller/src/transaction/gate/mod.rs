//! The machine: phases of a crossing, its decisions, time.

mod capture;
mod doors;
mod lines;

use std::collections::BTreeSet;

use sallyport_hardware::barrier::{Door, DoorState};
use sallyport_protocol::{
    CrossingId, GateId, GateMode, OfficerChoice, OfficerDecision, Outcome, Reason, Severity, Stage,
};

use self::{
    doors::{OpenedByHand, PendingDoor, ordered_door},
    lines::{Unanswered, Unsaved},
};
use super::{Command, Crossing, Event, JournalLine, Moment, Problem};
use crate::{
    policy::{DocumentFacts, Factor, Policy},
    view::{Order, OrderRefused, TravelerInstruction as Show},
};

/// What a crossing waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The document is being read.
    Reading,
    /// The document is to be presented again.
    PresentAgain,
    /// A traveler walks through a door. `passed`: has; `closing`: the door was ordered shut.
    Passing { door: Door, purpose: Purpose, passed: bool, closing: bool },
    /// Face or finger is captured and compared.
    Capturing { factor: Factor, attempt: u32 },
    /// An officer decides.
    Referred { inside: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// In, then face or finger.
    EnterForCapture,
    /// In, then out: an officer accepted.
    EnterAccepted,
    /// Out.
    Exit,
    /// Back.
    WayBack,
}

#[derive(Debug)]
struct Active {
    crossing: Crossing,
    phase: Phase,
    deadline_ms: u64,
    /// The deadline of all attempts at the present factor together.
    capture_deadline_ms: Option<u64>,
    /// Its journal lines that are not yet on the disk, and the one that decides it.
    lines: Vec<u64>,
    decision: Option<u64>,
    /// How often the present door was opened for the present purpose.
    openings: u32,
}

/// One gate.
#[derive(Debug)]
pub struct Gate {
    policy: Policy,
    id: GateId,
    mode: GateMode,
    line: bool,
    doors: [Option<DoorState>; 2],
    ordered_open: [bool; 2],
    person_inside: bool,
    fire: bool,
    trouble: Option<Reason>,
    /// Devices that do not work.
    equipment: BTreeSet<Reason>,
    finger_sensor: bool,
    active: Option<Active>,
    pending: Option<PendingDoor>,
    by_hand: Option<OpenedByHand>,
    obstructed: [bool; 2],
    /// The record of the last crossing, and whatever had to be done before its line could be written.
    unsaved: Vec<Unsaved>,
    /// Orders that are answered once their line is on the disk.
    unanswered: Vec<Unanswered>,
    /// Until when the last traveler is still told where to go.
    farewell_until_ms: Option<u64>,
    next_entry: u64,
    commands: Vec<Command>,
}

impl Gate {
    /// A gate in the mode that officers last set, which knows nothing of its doors yet.
    pub fn new(policy: Policy, id: GateId, mode: GateMode) -> Self {
        Self {
            policy,
            id,
            mode,
            line: false,
            doors: [None; 2],
            ordered_open: [false; 2],
            person_inside: false,
            fire: false,
            trouble: None,
            equipment: BTreeSet::new(),
            finger_sensor: false,
            active: None,
            pending: None,
            by_hand: None,
            obstructed: [false; 2],
            unsaved: Vec::new(),
            unanswered: Vec::new(),
            farewell_until_ms: None,
            next_entry: 1,
            commands: Vec::new(),
        }
    }

    /// The mode, released in an emergency.
    pub fn mode(&self) -> GateMode {
        if self.fire { GateMode::Released } else { self.mode }
    }

    /// The crossing in progress.
    pub fn crossing(&self) -> Option<&Crossing> {
        self.active.as_ref().map(|active| &active.crossing)
    }

    /// Whether no crossing is in progress, everything is written and both doors are known to be closed.
    pub fn is_at_rest(&self) -> bool {
        self.active.is_none() && self.unsaved.is_empty() && self.both_closed()
    }

    /// Devices that do not work, and a journal that cannot be written.
    pub fn troubles(&self) -> Vec<Reason> {
        let line = (!self.line).then_some(Reason::BarrierLineLost);
        self.trouble.into_iter().chain(line).chain(self.equipment.iter().copied()).collect()
    }

    /// What is known of a door.
    pub fn door(&self, door: Door) -> Option<DoorState> {
        self.doors[door.index()]
    }

    /// Reported closed, and not ordered open since: a report may be older than the order.
    fn is_closed(&self, door: Door) -> bool {
        self.door(door) == Some(DoorState::Closed) && !self.ordered_open[door.index()]
    }

    fn both_closed(&self) -> bool {
        Door::BOTH.into_iter().all(|door| self.is_closed(door))
    }

    /// Why the gate takes nobody now, if it does not: a mode, a door, a line, a disk.
    pub fn obstacle_to_service(&self) -> Option<Reason> {
        match self.mode() {
            GateMode::Released => Some(Reason::EmergencyRelease),
            _ if !self.line => Some(Reason::BarrierLineLost),
            _ if self.unsaved.iter().any(|unsaved| unsaved.retry_at_ms.is_some()) => self.trouble,
            GateMode::Closed => Some(Reason::GateClosed),
            GateMode::Held => Some(Reason::GateHeld),
            GateMode::InService if !self.equipment.is_empty() => self.equipment.first().copied(),
            GateMode::InService if self.active.is_none() && !self.both_closed() => Some(Reason::DoorFault),
            GateMode::InService if self.active.is_none() && self.person_inside => Some(Reason::PersonInside),
            GateMode::InService => None,
        }
    }

    /// Takes an event at this time; gives what is to be done, in order.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Command> {
        match event {
            Event::Tick => self.tick(now),
            Event::DocumentPresented { crossing } => self.presented(now, crossing),
            Event::StageReached { crossing, stage } => {
                if let Some(active) = self.of(crossing, Phase::Reading) {
                    active.crossing.enter(now, stage);
                }
            }
            Event::DocumentRead { crossing, result } => {
                if self.of(crossing, Phase::Reading).is_some() {
                    match result {
                        Ok(facts) => self.document_read(now, facts),
                        Err(problem) => self.document_failed(now, &problem),
                    }
                }
            }
            Event::FaceCompared { crossing, attempt, result } => {
                self.compared(now, crossing, Factor::Face, attempt, result);
            }
            Event::FingerCompared { crossing, attempt, result } => {
                self.compared(now, crossing, Factor::Finger, attempt, result);
            }
            Event::FingerSensor { works } => self.finger_sensor(now, works),
            Event::Barrier(event) => self.barrier(now, event),
            Event::BarrierLost => self.line_lost(now),
            Event::BarrierRestored => self.line_restored(),
            Event::Stopping => {
                self.mode = GateMode::Closed;
                self.end(now, Outcome::Interrupted, &[Reason::ControllerInterrupted]);
                self.shut_all();
                self.show_idle();
            }
            Event::Equipment { reason, works } => {
                let changed = if works { self.equipment.remove(&reason) } else { self.equipment.insert(reason) };
                if changed && self.active.is_none() {
                    self.show_idle();
                }
            }
            Event::Ordered { request, officer, order } => self.ordered(now, request, officer, order),
            Event::Journaled { entry } => self.journaled(now, entry),
            Event::JournalFailed { entry, reason } => self.journal_failed(now, entry, reason),
        }
        std::mem::take(&mut self.commands)
    }

    fn push(&mut self, command: Command) {
        self.commands.push(command);
    }

    fn show(&mut self, instruction: Show, reason: Option<Reason>) {
        self.push(Command::Show { instruction, reason });
    }

    fn show_idle(&mut self) {
        self.farewell_until_ms = None;
        match self.obstacle_to_service() {
            _ if self.fire => self.show(Show::LeaveNow, Some(Reason::EmergencyRelease)),
            None => self.show(Show::PresentDocument, None),
            Some(reason) => self.show(Show::OutOfService, Some(reason)),
        }
    }

    fn of(&mut self, crossing: CrossingId, phase: Phase) -> Option<&mut Active> {
        self.active.as_mut().filter(|active| active.crossing.id == crossing && active.phase == phase)
    }

    fn set_phase(&mut self, now: Moment, phase: Phase, patience_ms: u64) {
        if let Some(active) = &mut self.active {
            active.phase = phase;
            active.deadline_ms = now.ms.saturating_add(patience_ms);
        }
    }

    fn note(&mut self, problem: &Problem) {
        if let Some(active) = &mut self.active {
            active.crossing.note(problem);
        }
    }

    fn enter_stage(&mut self, now: Moment, stage: Stage) {
        if let Some(active) = &mut self.active {
            active.crossing.enter(now, stage);
        }
    }

    // --- the document

    fn presented(&mut self, now: Moment, crossing: CrossingId) {
        match &mut self.active {
            None => {
                let by_hand = self.pending.is_some() || self.by_hand.is_some();
                if by_hand || !self.unsaved.is_empty() || self.obstacle_to_service().is_some() {
                    return self.show_idle();
                }
                self.active = Some(Active {
                    crossing: Crossing::new(crossing, now),
                    phase: Phase::Reading,
                    deadline_ms: 0,
                    capture_deadline_ms: None,
                    lines: Vec::new(),
                    decision: None,
                    openings: 0,
                });
                self.journal_of_crossing(JournalLine::Began { crossing, at: now.wall });
            }
            Some(active) if active.phase == Phase::PresentAgain => active.crossing.enter(now, Stage::Presentation),
            Some(_) => return,
        }
        self.set_phase(now, Phase::Reading, self.policy.document_ms);
        if let Some(active) = &mut self.active {
            active.crossing.document_attempts += 1;
            let crossing = active.crossing.id;
            self.show(Show::KeepDocument, None);
            self.push(Command::ReadDocument { crossing });
        }
    }

    fn document_read(&mut self, now: Moment, facts: DocumentFacts) {
        let mut objections = self.policy.objections(&facts, now.wall);
        if objections.is_empty() {
            objections.extend(self.factor(&facts).err());
        }
        if let Some(active) = &mut self.active {
            active.crossing.enter(now, Stage::Eligibility);
            active.crossing.facts = Some(facts);
        }
        if objections.is_empty() {
            self.open(now, Door::Entry, Purpose::EnterForCapture);
        } else {
            self.refer(now, objections, false);
        }
    }

    fn document_failed(&mut self, now: Moment, problem: &Problem) {
        self.note(problem);
        let attempts = self.active.as_ref().map_or(0, |active| active.crossing.document_attempts);
        match problem.reason.severity() {
            Severity::Refusal => self.end(now, Outcome::Refused, &[problem.reason]),
            Severity::Equipment => self.end(now, Outcome::Failed, &[problem.reason]),
            Severity::Retry if attempts < self.policy.document_attempts => {
                self.set_phase(now, Phase::PresentAgain, self.policy.document_ms);
                self.show(Show::PresentDocument, Some(problem.reason));
            }
            _ => self.refer(now, vec![problem.reason], false),
        }
    }

    // --- decisions

    /// Decides the crossing in progress; gives the number of the line that says so.
    fn decide(&mut self, now: Moment, outcome: Outcome, reasons: Vec<Reason>) -> u64 {
        let Some(active) = &mut self.active else { return self.next_entry };
        active.crossing.decided = Some((outcome, reasons));
        active.decision = Some(self.next_entry);
        let so_far = active.crossing.record(now, &self.id);
        self.journal_of_crossing(JournalLine::Decided(Box::new(so_far)))
    }

    fn refer(&mut self, now: Moment, reasons: Vec<Reason>, inside: bool) {
        let Some(active) = &mut self.active else { return };
        let stage = active.crossing.stage();
        for &reason in &reasons {
            active.crossing.note(&reason.into());
        }
        active.crossing.enter(now, Stage::Referral);
        let (crossing, reason) = (active.crossing.id, reasons.first().copied());
        let within_ms = self.policy.referral_ms;
        self.set_phase(now, Phase::Referred { inside }, within_ms);
        self.show(Show::Wait, reason);
        self.push(Command::Refer { crossing, reasons, stage, within_ms });
    }

    fn ordered(&mut self, now: Moment, request: u64, officer: String, order: Order) {
        // Each order is answered when its line is on the disk.
        let entry = match order {
            Order::Decide { crossing, choice, note } => self
                .officer_decided(now, crossing, officer, choice, note)
                .map(|entry| Unanswered { entry, request, owed: None }),
            Order::SetMode { mode: GateMode::Released } => Err(OrderRefused::NotNow),
            Order::SetMode { mode } => {
                self.mode = mode;
                let line = JournalLine::ModeSet { mode, officer };
                let entry = self.journal(line.clone());
                if self.active.is_none() {
                    self.show_idle();
                }
                Ok(Unanswered { entry, request, owed: Some(line) })
            }
            Order::OpenDoor { door, note } => {
                let door = ordered_door(door);
                match self.may_open_by_hand(door) {
                    Ok(()) => return self.order_by_hand(request, door, (officer, note)),
                    Err(refused) => Err(refused),
                }
            }
        };
        match entry {
            Ok(unanswered) => self.unanswered.push(unanswered),
            Err(refused) => self.push(Command::Answer { request, result: Err(refused) }),
        }
    }

    fn officer_decided(
        &mut self,
        now: Moment,
        crossing: CrossingId,
        officer: String,
        choice: OfficerChoice,
        note: String,
    ) -> Result<u64, OrderRefused> {
        let Some(active) = self.active.as_mut().filter(|active| active.crossing.id == crossing) else {
            return Err(OrderRefused::NoSuchReferral);
        };
        let Phase::Referred { inside } = active.phase else {
            return Err(OrderRefused::NoSuchReferral);
        };
        let at_ms = active.crossing.at_ms(now);
        active.crossing.officer = Some(OfficerDecision { officer, choice, note, at_ms });
        self.push(Command::WithdrawReferral);
        Ok(match choice {
            OfficerChoice::Accept => {
                let entry = self.decide(now, Outcome::AcceptedByOfficer, vec![Reason::OfficerAccepted]);
                let (door, purpose) =
                    if inside { (Door::Exit, Purpose::Exit) } else { (Door::Entry, Purpose::EnterAccepted) };
                self.open(now, door, purpose);
                entry
            }
            OfficerChoice::Refuse => {
                let entry = self.decide(now, Outcome::RefusedByOfficer, vec![Reason::OfficerRefused]);
                self.turn_back(now, inside);
                entry
            }
        })
    }

    fn turn_back(&mut self, now: Moment, inside: bool) {
        if inside {
            self.open(now, Door::Entry, Purpose::WayBack);
        } else {
            self.end(now, Outcome::SentToDesk, &[]);
        }
    }

    // --- time and the end

    fn tick(&mut self, now: Moment) {
        self.retry_lines(now);
        if let Some(OpenedByHand { door, .. }) = self.by_hand.take_if(|by_hand| now.ms >= by_hand.until_ms) {
            self.close(now, door);
        }
        if self.farewell_until_ms.take_if(|until| now.ms >= *until).is_some() && self.active.is_none() {
            self.show_idle();
        }
        let Some(active) = self.active.as_ref().filter(|active| now.ms >= active.deadline_ms) else { return };
        match active.phase {
            Phase::Reading => self.document_failed(now, &Reason::ChipNotResponding.into()),
            Phase::PresentAgain => self.end(now, Outcome::Abandoned, &[Reason::TravelerLeft]),
            Phase::Capturing { factor: Factor::Face, .. } => self.refer(now, vec![Reason::FaceCaptureTimeout], true),
            Phase::Capturing { factor: Factor::Finger, .. } => self.finger_failed(now, Reason::FingerCaptureTimeout),
            Phase::Referred { inside } => {
                self.push(Command::WithdrawReferral);
                self.decide(now, Outcome::SentToDesk, vec![Reason::ReferralTimeout]);
                self.turn_back(now, inside);
            }
            Phase::Passing { .. } if self.pending.is_some() => {
                self.end(now, Outcome::Failed, &[Reason::JournalUnavailable]);
            }
            Phase::Passing { door, purpose, passed, closing: false } => {
                let phase = Phase::Passing { door, purpose, passed, closing: true };
                self.set_phase(now, phase, self.policy.closing_ms);
                self.close(now, door);
            }
            Phase::Passing { closing: true, .. } => self.end(now, Outcome::Failed, &[Reason::DoorFault]),
        }
    }

    /// Ends the crossing in progress, if any: exactly one outcome, everything biometric forgotten, doors shut.
    fn end(&mut self, now: Moment, outcome: Outcome, reasons: &[Reason]) {
        if let Some(PendingDoor { by_hand: Some((request, _)), .. }) = self.pending.take() {
            self.push(Command::Answer { request, result: Err(OrderRefused::NotNow) });
        }
        let Some(active) = self.active.take() else { return };
        if matches!(active.phase, Phase::Referred { .. }) {
            self.push(Command::WithdrawReferral);
        }
        if !self.both_closed() {
            self.shut_all();
        }
        self.push(Command::Purge { crossing: active.crossing.id });
        let record = active.crossing.finish(now, &self.id, outcome, reasons);
        let admitted = record.outcome.admits();
        self.farewell_until_ms = (!admitted).then(|| now.ms.saturating_add(self.policy.farewell_ms));
        self.show(if admitted { Show::Wait } else { Show::GoToDesk }, record.reasons.first().copied());
        let line = JournalLine::Finished(Box::new(record));
        let entry = self.journal(line.clone());
        self.unsaved.push(Unsaved::written(entry, line));
    }
}
