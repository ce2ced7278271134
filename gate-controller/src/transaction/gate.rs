//! The machine.

use std::collections::BTreeSet;

use sallyport_hardware::barrier::{self, Door, DoorState};
use sallyport_protocol::{
    CrossingId, DoorMovementKind, GateId, GateMode, Measurement, OfficerChoice, OfficerDecision, Outcome, Reason,
    Severity, Stage,
};

use super::{Command, Crossing, Event, JournalLine, Moment, Problem, recorded};
use crate::{
    policy::{DocumentFacts, Policy},
    view::{Order, OrderRefused, TravelerInstruction as Show},
};

/// A failed journal line is tried again after this long.
const JOURNAL_RETRY_MS: u64 = 1_000;

/// What a crossing waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The document is being read.
    Reading,
    /// The document is to be presented again.
    PresentAgain,
    /// A traveler walks through a door. `passed`: has; `closing`: the door was ordered shut.
    Passing { door: Door, purpose: Purpose, passed: bool, closing: bool },
    /// The face is captured and compared.
    Facing { attempt: u32 },
    /// An officer decides.
    Referred { inside: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// In, then the face.
    EnterForFace,
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
    /// The deadline of all face attempts together.
    face_deadline_ms: Option<u64>,
}

/// A door to be opened once the line that orders it is on the disk.
#[derive(Debug)]
struct PendingDoor {
    entry: u64,
    door: Door,
    /// When it is opened by hand: who waits for an answer, and the line.
    by_hand: Option<(u64, JournalLine)>,
}

/// A door that an officer opened; it closes behind whoever walks through, or after a while.
#[derive(Debug, Clone, Copy)]
struct OpenedByHand {
    door: Door,
    until_ms: u64,
}

/// A line that must be written and is not yet on the disk.
#[derive(Debug)]
struct Unsaved {
    entry: u64,
    line: JournalLine,
    retry_at_ms: Option<u64>,
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
    active: Option<Active>,
    pending: Option<PendingDoor>,
    by_hand: Option<OpenedByHand>,
    obstructed: [bool; 2],
    /// The record of the last crossing, and whatever had to be done before its line could be written.
    unsaved: Vec<Unsaved>,
    /// Orders that are answered once their line is on the disk: (entry, request).
    unanswered: Vec<(u64, u64)>,
    /// Until when the last traveler is still told where to go.
    farewell_until_ms: Option<u64>,
    next_entry: u64,
    commands: Vec<Command>,
}

impl Gate {
    /// A gate that knows nothing of its doors yet.
    pub fn new(policy: Policy, id: GateId) -> Self {
        Self {
            policy,
            id,
            mode: GateMode::InService,
            line: false,
            doors: [None; 2],
            ordered_open: [false; 2],
            person_inside: false,
            fire: false,
            trouble: None,
            equipment: BTreeSet::new(),
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

    fn is_closed(&self, door: Door) -> bool {
        self.door(door) == Some(DoorState::Closed)
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
            GateMode::InService if self.active.is_none() && (!self.both_closed() || self.person_inside) => {
                Some(Reason::DoorFault)
            }
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
                if self.of(crossing, Phase::Facing { attempt }).is_some() {
                    self.face_compared(now, attempt, result);
                }
            }
            Event::Barrier(event) => self.barrier(now, event),
            Event::BarrierLost => {
                self.line = false;
                self.doors = [None; 2];
                self.end(now, Outcome::Failed, &[Reason::BarrierLineLost]);
                self.show_idle();
            }
            Event::BarrierRestored => {
                self.line = true;
                self.doors = [None; 2];
                if !self.fire {
                    // An earlier run may have released the doors and been killed before it could end that. The
                    // turnstile's own fire input still counts.
                    self.push(Command::Door(barrier::Command::EmergencyRelease(false)));
                }
                self.shut_all();
                self.push(Command::Door(barrier::Command::Status));
                self.show_idle();
            }
            Event::Stopping => {
                self.mode = GateMode::Closed;
                self.end(now, Outcome::Interrupted, &[Reason::ControllerInterrupted]);
                self.shut_all();
                self.show(Show::OutOfService, Some(Reason::GateClosed));
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

    fn journal(&mut self, line: JournalLine) -> u64 {
        let entry = self.next_entry;
        self.next_entry += 1;
        self.push(Command::Journal { entry, line });
        entry
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
                if !self.unsaved.is_empty() || self.obstacle_to_service().is_some() {
                    return self.show_idle();
                }
                let (phase, deadline_ms) = (Phase::Reading, 0);
                let began = Crossing::new(crossing, now);
                self.active = Some(Active { crossing: began, phase, deadline_ms, face_deadline_ms: None });
                self.journal(JournalLine::Began { crossing, at: now.wall });
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
        let objections = self.policy.objections(&facts, now.wall);
        if let Some(active) = &mut self.active {
            active.crossing.enter(now, Stage::Eligibility);
            active.crossing.facts = Some(facts);
        }
        if objections.is_empty() {
            self.open(now, Door::Entry, Purpose::EnterForFace);
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

    // --- the face

    fn capture(&mut self, now: Moment, attempt: u32, show: Show, reason: Option<Reason>) {
        self.enter_stage(now, Stage::Biometric);
        let Some(active) = &mut self.active else { return };
        let deadline_ms = *active.face_deadline_ms.get_or_insert(now.ms.saturating_add(self.policy.face_ms));
        active.phase = Phase::Facing { attempt };
        active.deadline_ms = deadline_ms;
        let crossing = active.crossing.id;
        self.show(show, reason);
        self.push(Command::CaptureFace { crossing, attempt });
    }

    fn face_compared(&mut self, now: Moment, attempt: u32, result: Result<Measurement, Problem>) {
        let problem = match result {
            Ok(measurement) => {
                if let Some(active) = &mut self.active {
                    active.crossing.measurement = Some(measurement);
                }
                // A score that is no number is below every threshold.
                if measurement.score >= measurement.threshold {
                    return self.accept(now);
                }
                Problem::from(Reason::FaceScoreBelowThreshold)
            }
            Err(problem) => problem,
        };
        self.note(&problem);
        let again =
            matches!(problem.reason.severity(), Severity::Retry) || problem.reason == Reason::FaceScoreBelowThreshold;
        if again && attempt < self.policy.face_attempts {
            let show = match problem.reason {
                Reason::FaceMultiple => Show::OnePersonOnly,
                Reason::FaceQualityLow => Show::UncoverFace,
                _ => Show::LookAtCamera,
            };
            self.capture(now, attempt + 1, show, Some(problem.reason));
        } else {
            self.refer(now, vec![problem.reason], true);
        }
    }

    fn accept(&mut self, now: Moment) {
        let by_card = self.active.as_ref().and_then(|active| active.crossing.facts.as_ref());
        let reason = match by_card.is_some_and(|facts| facts.enrollment.is_some()) {
            true => Reason::FaceMatchedEnrollment,
            false => Reason::FaceMatchedChip,
        };
        self.decide(Outcome::Accepted, vec![reason]);
        self.open(now, Door::Exit, Purpose::Exit);
    }

    // --- decisions

    /// Decides the crossing in progress; gives the number of the line that says so.
    fn decide(&mut self, outcome: Outcome, reasons: Vec<Reason>) -> u64 {
        let Some(active) = &mut self.active else { return self.next_entry };
        active.crossing.decided = Some((outcome, reasons.clone()));
        let (crossing, officer) = (active.crossing.id, active.crossing.officer.clone());
        self.journal(JournalLine::Decided { crossing, outcome, reasons, officer })
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
            Order::Decide { crossing, choice, note } => self.officer_decided(now, crossing, officer, choice, note),
            Order::SetMode { mode: GateMode::Released } => Err(OrderRefused::NotNow),
            Order::SetMode { mode } => {
                self.mode = mode;
                let entry = self.journal(JournalLine::ModeSet { mode, officer });
                if self.active.is_none() {
                    self.show_idle();
                }
                Ok(entry)
            }
            Order::OpenDoor { door, note } => {
                let door = ordered_door(door);
                match self.may_open_by_hand(door) {
                    Ok(()) => {
                        let by = Some((officer, note));
                        let line = JournalLine::DoorOrdered { crossing: None, door: recorded(door), by };
                        let entry = self.journal(line.clone());
                        self.pending = Some(PendingDoor { entry, door, by_hand: Some((request, line)) });
                        return;
                    }
                    Err(refused) => Err(refused),
                }
            }
        };
        match entry {
            Ok(entry) => self.unanswered.push((entry, request)),
            Err(refused) => self.push(Command::Answer { request, result: Err(refused) }),
        }
    }

    fn answer(&mut self, entry: u64, result: &Result<(), OrderRefused>) {
        for (_, request) in self.unanswered.extract_if(.., |(of, _)| *of == entry) {
            self.commands.push(Command::Answer { request, result: result.clone() });
        }
    }

    fn may_open_by_hand(&self, door: Door) -> Result<(), OrderRefused> {
        if self.active.is_some() || self.pending.is_some() || self.fire {
            return Err(OrderRefused::NotNow);
        }
        // A full disk must not lock anybody in: the way back opens all the same.
        if door == Door::Exit && !self.unsaved.is_empty() {
            return Err(OrderRefused::NotNow);
        }
        if !self.line {
            return Err(OrderRefused::Equipment { reason: Reason::BarrierLineLost });
        }
        if !self.is_closed(door.other()) {
            return Err(OrderRefused::Interlock);
        }
        Ok(())
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
                let entry = self.decide(Outcome::AcceptedByOfficer, vec![Reason::OfficerAccepted]);
                let (door, purpose) =
                    if inside { (Door::Exit, Purpose::Exit) } else { (Door::Entry, Purpose::EnterAccepted) };
                self.open(now, door, purpose);
                entry
            }
            OfficerChoice::Refuse => {
                let entry = self.decide(Outcome::RefusedByOfficer, vec![Reason::OfficerRefused]);
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

    // --- doors

    /// Journals the order; the door opens when the line is on the disk and the other door is closed.
    fn open(&mut self, now: Moment, door: Door, purpose: Purpose) {
        let stage = match purpose {
            Purpose::EnterForFace | Purpose::EnterAccepted => Stage::Entry,
            Purpose::Exit => Stage::Exit,
            Purpose::WayBack => Stage::WayBack,
        };
        self.enter_stage(now, stage);
        let crossing = self.active.as_ref().map(|active| active.crossing.id);
        let entry = self.journal(JournalLine::DoorOrdered { crossing, door: recorded(door), by: None });
        self.pending = Some(PendingDoor { entry, door, by_hand: None });
        let phase = Phase::Passing { door, purpose, passed: false, closing: false };
        self.set_phase(now, phase, self.policy.passage_ms);
        self.show(
            match purpose {
                Purpose::Exit => Show::GoThrough,
                Purpose::WayBack => Show::GoBack,
                _ => Show::WalkIn,
            },
            None,
        );
    }

    fn journaled(&mut self, now: Moment, entry: u64) {
        let unsaved = self.unsaved.len();
        self.unsaved.retain(|unsaved| unsaved.entry != entry);
        if unsaved > 0 && self.unsaved.is_empty() {
            self.trouble = None;
            if self.farewell_until_ms.is_none() {
                self.show_idle();
            }
        }
        self.answer(entry, &Ok(()));
        if let Some(pending) = self.pending.take_if(|pending| pending.entry == entry) {
            self.open_pending(now, pending);
        }
    }

    fn open_pending(&mut self, now: Moment, PendingDoor { door, by_hand, .. }: PendingDoor) {
        let may = self.is_closed(door.other()) && self.line && !self.fire;
        match by_hand {
            Some((request, _)) if may => {
                let until_ms = now.ms.saturating_add(self.policy.passage_ms);
                self.by_hand = Some(OpenedByHand { door, until_ms });
                self.push(Command::Answer { request, result: Ok(()) });
            }
            Some((request, _)) => {
                return self.push(Command::Answer { request, result: Err(OrderRefused::Interlock) });
            }
            None if may => {}
            None => return self.end(now, Outcome::Failed, &[Reason::DoorFault]),
        }
        self.ordered_open[door.index()] = true;
        self.doors[door.index()] = Some(DoorState::Moving);
        self.record_door(now, door, DoorMovementKind::OpenOrdered);
        self.push(Command::Door(barrier::Command::Open(door)));
    }

    fn journal_failed(&mut self, now: Moment, entry: u64, reason: Reason) {
        self.trouble = Some(reason);
        self.answer(entry, &Err(OrderRefused::Equipment { reason }));
        let retry_at_ms = Some(now.ms.saturating_add(JOURNAL_RETRY_MS));
        if let Some(unsaved) = self.unsaved.iter_mut().find(|unsaved| unsaved.entry == entry) {
            unsaved.retry_at_ms = retry_at_ms;
            return self.show(Show::OutOfService, Some(reason));
        }
        match self.pending.take_if(|pending| pending.entry == entry) {
            // People before records: the way back opens for an officer, and its line is written when there is room.
            Some(PendingDoor { door: Door::Entry, by_hand: Some((request, line)), .. }) => {
                self.unsaved.push(Unsaved { entry, line: line.clone(), retry_at_ms });
                let by_hand = Some((request, line));
                return self.open_pending(now, PendingDoor { entry, door: Door::Entry, by_hand });
            }
            Some(PendingDoor { by_hand: Some((request, _)), .. }) => {
                self.push(Command::Answer { request, result: Err(OrderRefused::Equipment { reason }) });
            }
            _ => {}
        }
        // Without a journal no door moves, and nothing counts as decided.
        if let Some(active) = &mut self.active {
            active.crossing.decided = None;
        }
        self.end(now, Outcome::Failed, &[reason]);
    }

    fn record_door(&mut self, now: Moment, door: Door, movement: DoorMovementKind) {
        if let Some(active) = &mut self.active {
            active.crossing.door(now, recorded(door), movement);
        }
    }

    fn close(&mut self, now: Moment, door: Door) {
        self.ordered_open[door.index()] = false;
        self.record_door(now, door, DoorMovementKind::CloseOrdered);
        self.push(Command::Door(barrier::Command::Close(door)));
    }

    fn shut_all(&mut self) {
        self.ordered_open = [false; 2];
        if self.line && !self.fire {
            self.push(Command::Door(barrier::Command::CloseBoth));
        }
    }

    fn barrier(&mut self, now: Moment, event: barrier::Event) {
        use barrier::Event as Seen;
        match event {
            Seen::Opened(door) => {
                self.doors[door.index()] = Some(DoorState::Open);
                self.record_door(now, door, DoorMovementKind::Opened);
                // A closing door that meets somebody opens again by itself; it is closed when the way is clear.
                if !self.ordered_open[door.index()] && !self.fire && !self.obstructed[door.index()] {
                    self.push(Command::Door(barrier::Command::Close(door)));
                    self.end(now, Outcome::Failed, &[Reason::DoorFault]);
                }
            }
            Seen::Closed(door) => {
                let was_open = self.doors[door.index()].replace(DoorState::Closed) == Some(DoorState::Open);
                // A repeated report from before the order must not make the coming opening look unordered.
                self.ordered_open[door.index()] &= !was_open;
                self.by_hand.take_if(|by_hand| by_hand.door == door && was_open);
                self.record_door(now, door, DoorMovementKind::Closed);
                self.door_closed(now, door, was_open);
            }
            Seen::Passed(door) => {
                self.person_inside = door == Door::Entry && !self.person_inside;
                self.record_door(now, door, DoorMovementKind::Passed);
                if self.by_hand.is_some_and(|by_hand| by_hand.door == door) {
                    self.by_hand = None;
                    self.close(now, door);
                }
                if let Some(Phase::Passing { door: awaited, purpose, passed: false, .. }) = self.phase()
                    && awaited == door
                {
                    let phase = Phase::Passing { door, purpose, passed: true, closing: true };
                    self.set_phase(now, phase, self.policy.closing_ms);
                    self.close(now, door);
                }
            }
            Seen::Obstacle(door) => {
                self.obstructed[door.index()] = true;
                self.record_door(now, door, DoorMovementKind::Obstructed);
                self.note(&Reason::Obstacle.into());
            }
            Seen::ObstacleCleared(door) => {
                self.obstructed[door.index()] = false;
                if !self.ordered_open[door.index()] && !self.is_closed(door) && !self.fire {
                    self.close(now, door);
                    if let Some(phase @ Phase::Passing { closing: true, .. }) = self.phase() {
                        self.set_phase(now, phase, self.policy.closing_ms);
                    }
                }
            }
            Seen::Fire(true) => self.release(now),
            Seen::Fire(false) => self.end_release(),
            Seen::Interlock => self.end(now, Outcome::Failed, &[Reason::InterlockRefused]),
            Seen::Status { entry, exit, fire, person_inside } => {
                let before = self.obstacle_to_service();
                self.line = true;
                self.doors = [Some(entry), Some(exit)];
                if self.active.is_none() {
                    self.person_inside = person_inside;
                }
                match (self.fire, fire) {
                    (false, true) => self.release(now),
                    (true, false) => self.end_release(),
                    _ => {}
                }
                if self.active.is_none() && before != self.obstacle_to_service() {
                    self.show_idle();
                }
                for (door, state) in [(Door::Entry, entry), (Door::Exit, exit)] {
                    // Whatever was lost on the way, an open door that nobody ordered open is ordered shut again.
                    if state == DoorState::Open && !self.ordered_open[door.index()] && !self.fire {
                        self.push(Command::Door(barrier::Command::Close(door)));
                    }
                }
                // The report of a closing may have been lost on the line.
                if let Some(Phase::Passing { door, closing: true, .. }) = self.phase()
                    && self.is_closed(door)
                {
                    self.door_closed(now, door, true);
                }
            }
        }
    }

    fn phase(&self) -> Option<Phase> {
        self.active.as_ref().map(|active| active.phase)
    }

    /// A closed door carries a crossing on.
    fn door_closed(&mut self, now: Moment, door: Door, was_open: bool) {
        let Some(Phase::Passing { door: awaited, purpose, passed, closing }) = self.phase() else {
            if self.active.is_none() {
                self.show_idle();
            }
            return;
        };
        // Closed before it was opened is an old report.
        if awaited != door || self.pending.is_some() || !(passed || closing || was_open) {
            return;
        }
        match (purpose, passed) {
            (Purpose::EnterForFace, true) => self.capture(now, 1, Show::LookAtCamera, None),
            (Purpose::EnterAccepted, true) => self.open(now, Door::Exit, Purpose::Exit),
            (Purpose::EnterForFace | Purpose::EnterAccepted, false) => {
                self.end(now, Outcome::Abandoned, &[Reason::EntryTimeout]);
            }
            (Purpose::Exit, false) => self.end(now, Outcome::Accepted, &[Reason::ExitTimeout]),
            (Purpose::Exit | Purpose::WayBack, _) => self.end(now, Outcome::SentToDesk, &[]),
        }
    }

    fn release(&mut self, now: Moment) {
        if self.fire {
            return;
        }
        self.fire = true;
        self.push(Command::Door(barrier::Command::EmergencyRelease(true)));
        self.end(now, Outcome::Failed, &[Reason::EmergencyRelease]);
        self.show(Show::LeaveNow, Some(Reason::EmergencyRelease));
    }

    fn end_release(&mut self) {
        if std::mem::take(&mut self.fire) {
            self.push(Command::Door(barrier::Command::EmergencyRelease(false)));
            self.shut_all();
            self.push(Command::Door(barrier::Command::Status));
        }
    }

    // --- time and the end

    fn tick(&mut self, now: Moment) {
        for at in 0..self.unsaved.len() {
            let unsaved = &mut self.unsaved[at];
            if unsaved.retry_at_ms.take_if(|retry_at| now.ms >= *retry_at).is_some() {
                unsaved.entry = self.next_entry;
                let line = unsaved.line.clone();
                self.journal(line);
            }
        }
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
            Phase::Facing { .. } => self.refer(now, vec![Reason::FaceCaptureTimeout], true),
            Phase::Referred { inside } => {
                self.push(Command::WithdrawReferral);
                self.decide(Outcome::SentToDesk, vec![Reason::ReferralTimeout]);
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
        self.pending = None;
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
        self.unsaved.push(Unsaved { entry, line, retry_at_ms: None });
    }
}

/// The turnstile's door of an order.
fn ordered_door(door: sallyport_protocol::Door) -> Door {
    match door {
        sallyport_protocol::Door::Entry => Door::Entry,
        sallyport_protocol::Door::Exit => Door::Exit,
    }
}
