//! The two doors: orders to them, and what the turnstile reports.

use sallyport_hardware::barrier::{self, Door, DoorState};
use sallyport_protocol::{DoorMovementKind, Outcome, Reason, Stage};

use super::{Gate, Phase, Purpose, Show};
use crate::{
    transaction::{Command, JournalLine, Moment, recorded},
    view::OrderRefused,
};

/// A door to be opened once the line that orders it is on the disk.
#[derive(Debug)]
pub(super) struct PendingDoor {
    pub(super) entry: u64,
    pub(super) door: Door,
    /// When it is opened by hand: who waits for an answer, and the line.
    pub(super) by_hand: Option<(u64, JournalLine)>,
}

/// A door that an officer opened; it closes behind whoever walks through, or after a while.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenedByHand {
    pub(super) door: Door,
    pub(super) until_ms: u64,
}

impl Gate {
    pub(super) fn may_open_by_hand(&self, door: Door) -> Result<(), OrderRefused> {
        if self.active.is_some() || self.pending.is_some() || self.fire {
            return Err(OrderRefused::NotNow);
        }
        // A full disk must not lock anybody in: the way back opens all the same.
        if !self.unsaved.is_empty() && (door != Door::Entry || !self.person_inside) {
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

    /// Has the order written; it is answered when the door opens.
    pub(super) fn order_by_hand(&mut self, request: u64, door: Door, by: (String, String)) {
        let line = JournalLine::DoorOrdered { crossing: None, door: recorded(door), by: Some(by) };
        let entry = self.journal(line.clone());
        self.pending = Some(PendingDoor { entry, door, by_hand: Some((request, line)) });
    }

    /// Journals the order; the door opens when the line is on the disk and the other door is closed.
    pub(super) fn open(&mut self, now: Moment, door: Door, purpose: Purpose) {
        let stage = match purpose {
            Purpose::EnterForCapture | Purpose::EnterAccepted => Stage::Entry,
            Purpose::Exit => Stage::Exit,
            Purpose::WayBack => Stage::WayBack,
        };
        self.enter_stage(now, stage);
        let crossing = self.active.as_ref().map(|active| active.crossing.id);
        let entry = self.journal_of_crossing(JournalLine::DoorOrdered { crossing, door: recorded(door), by: None });
        self.pending = Some(PendingDoor { entry, door, by_hand: None });
        if let Some(active) = &mut self.active {
            let again = matches!(active.phase, Phase::Passing { purpose: before, .. } if before == purpose);
            active.openings = if again { active.openings + 1 } else { 1 };
        }
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

    pub(super) fn open_pending(&mut self, now: Moment, PendingDoor { door, by_hand, .. }: PendingDoor) {
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

    fn record_door(&mut self, now: Moment, door: Door, movement: DoorMovementKind) {
        if let Some(active) = &mut self.active {
            active.crossing.door(now, recorded(door), movement);
        }
    }

    /// In an emergency no door is ordered shut, whoever asks.
    pub(super) fn close(&mut self, now: Moment, door: Door) {
        self.ordered_open[door.index()] = false;
        if !self.fire {
            self.record_door(now, door, DoorMovementKind::CloseOrdered);
            self.push(Command::Door(barrier::Command::Close(door)));
        }
    }

    pub(super) fn shut_all(&mut self) {
        self.ordered_open = [false; 2];
        if self.line && !self.fire {
            self.push(Command::Door(barrier::Command::CloseBoth));
        }
    }

    pub(super) fn barrier(&mut self, now: Moment, event: barrier::Event) {
        use barrier::Event as Seen;
        match event {
            Seen::Opened(door) => {
                self.doors[door.index()] = Some(DoorState::Open);
                self.record_door(now, door, DoorMovementKind::Opened);
                if self.is_unordered(door) {
                    self.close(now, door);
                    self.end(now, Outcome::Failed, &[Reason::DoorFault]);
                }
            }
            // Ordered open and not yet reported so: a word of before the order, and the door is on its way.
            Seen::Closed(door) if self.ordered_open[door.index()] && self.door(door) != Some(DoorState::Open) => {
                self.push(Command::Door(barrier::Command::Status));
            }
            Seen::Closed(door) => {
                let was_open = self.doors[door.index()].replace(DoorState::Closed) == Some(DoorState::Open);
                self.ordered_open[door.index()] = false;
                self.obstructed[door.index()] = false;
                self.by_hand.take_if(|by_hand| by_hand.door == door);
                self.record_door(now, door, DoorMovementKind::Closed);
                self.door_closed(now, door, was_open, false);
            }
            Seen::Passed(door) => {
                self.record_door(now, door, DoorMovementKind::Passed);
                if self.by_hand.is_some_and(|by_hand| by_hand.door == door) {
                    self.by_hand = None;
                    self.close(now, door);
                }
                match self.phase() {
                    Some(Phase::Passing { door: awaited, purpose, passed: false, .. }) if awaited == door => {
                        self.passed(now, door, purpose);
                    }
                    // Nobody waited for this: who is where, the turnstile knows.
                    _ => self.push(Command::Door(barrier::Command::Status)),
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
                self.status(now, [entry, exit], fire, person_inside);
            }
        }
    }

    /// A whole report: puts right whatever was lost on the line before it.
    fn status(&mut self, now: Moment, doors: [DoorState; 2], fire: bool, person_inside: bool) {
        let before = self.obstacle_to_service();
        self.line = true;
        self.doors = doors.map(Some);
        self.person_inside = person_inside;
        match (self.fire, fire) {
            (false, true) => self.release(now),
            (true, false) => self.end_release(),
            _ => {}
        }
        for door in Door::BOTH {
            if self.is_closed(door) {
                self.obstructed[door.index()] = false;
            } else if self.door(door) == Some(DoorState::Open) && !self.ordered_open[door.index()] {
                self.close(now, door);
                let awaited = matches!(self.phase(), Some(Phase::Passing { door: awaited, .. }) if awaited == door);
                if !awaited && self.is_unordered(door) {
                    self.end(now, Outcome::Failed, &[Reason::DoorFault]);
                }
            }
        }
        if let Some(Phase::Passing { door, purpose, passed: false, .. }) = self.phase()
            && self.pending.is_none()
            && person_inside == matches!(purpose, Purpose::EnterForCapture | Purpose::EnterAccepted)
        {
            self.passed(now, door, purpose);
        }
        if let Some(Phase::Passing { door, closing: true, .. }) = self.phase()
            && self.is_closed(door)
        {
            self.door_closed(now, door, true, true);
        }
        if self.active.is_none() && before != self.obstacle_to_service() {
            self.show_idle();
        }
    }

    /// Open, though nobody ordered it. A closing door that meets somebody opens again by itself, and that is no fault.
    fn is_unordered(&self, door: Door) -> bool {
        !self.ordered_open[door.index()] && !self.fire && !self.obstructed[door.index()]
    }

    /// The traveler went through the door of this crossing.
    fn passed(&mut self, now: Moment, door: Door, purpose: Purpose) {
        self.person_inside = matches!(purpose, Purpose::EnterForCapture | Purpose::EnterAccepted);
        let phase = Phase::Passing { door, purpose, passed: true, closing: true };
        self.set_phase(now, phase, self.policy.closing_ms);
        self.close(now, door);
    }

    fn phase(&self) -> Option<Phase> {
        self.active.as_ref().map(|active| active.phase)
    }

    /// A closed door carries a crossing on. `reported`: by a whole report, which also tells who is inside.
    fn door_closed(&mut self, now: Moment, door: Door, was_open: bool, reported: bool) {
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
        if !passed && !reported {
            // Somebody may have gone through all the same, and only the word of it be lost: a whole report decides.
            if !closing {
                let phase = Phase::Passing { door, purpose, passed, closing: true };
                self.set_phase(now, phase, self.policy.closing_ms);
            }
            return self.push(Command::Door(barrier::Command::Status));
        }
        let again = self.active.as_ref().is_some_and(|active| active.openings < self.policy.passage_attempts);
        match (purpose, passed) {
            (Purpose::EnterForCapture, true) => self.begin_capture(now),
            (Purpose::EnterAccepted, true) => self.open(now, Door::Exit, Purpose::Exit),
            (Purpose::EnterForCapture | Purpose::EnterAccepted, false) => {
                self.end(now, Outcome::Abandoned, &[Reason::EntryTimeout]);
            }
            // Whoever is still inside is not locked in after one chance to leave.
            (Purpose::Exit | Purpose::WayBack, false) if again => self.open(now, door, purpose),
            (Purpose::Exit, false) => self.end(now, Outcome::Accepted, &[Reason::ExitTimeout]),
            (Purpose::WayBack, false) => self.end(now, Outcome::SentToDesk, &[Reason::PersonInside]),
            (Purpose::Exit | Purpose::WayBack, true) => self.end(now, Outcome::SentToDesk, &[]),
        }
    }

    pub(super) fn line_lost(&mut self, now: Moment) {
        self.line = false;
        self.forget_doors();
        self.end(now, Outcome::Failed, &[Reason::BarrierLineLost]);
        self.show_idle();
    }

    pub(super) fn line_restored(&mut self) {
        self.line = true;
        self.forget_doors();
        if !self.fire {
            // An earlier run may have released the doors and been killed before it could end that. The turnstile's own
            // fire input still counts.
            self.push(Command::Door(barrier::Command::EmergencyRelease(false)));
        }
        self.shut_all();
        self.push(Command::Door(barrier::Command::Status));
        self.show_idle();
    }

    fn forget_doors(&mut self) {
        (self.doors, self.ordered_open, self.obstructed, self.by_hand) = ([None; 2], [false; 2], [false; 2], None);
    }

    fn release(&mut self, now: Moment) {
        if self.fire {
            return;
        }
        self.fire = true;
        (self.by_hand, self.ordered_open) = (None, [false; 2]);
        self.push(Command::Door(barrier::Command::EmergencyRelease(true)));
        self.end(now, Outcome::Failed, &[Reason::EmergencyRelease]);
        self.show_idle();
    }

    fn end_release(&mut self) {
        if std::mem::take(&mut self.fire) {
            self.push(Command::Door(barrier::Command::EmergencyRelease(false)));
            self.shut_all();
            self.push(Command::Door(barrier::Command::Status));
        }
    }
}

/// The turnstile's door of an order.
pub(super) fn ordered_door(door: sallyport_protocol::Door) -> Door {
    match door {
        sallyport_protocol::Door::Entry => Door::Entry,
        sallyport_protocol::Door::Exit => Door::Exit,
    }
}
