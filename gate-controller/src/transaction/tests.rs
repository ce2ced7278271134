//! Whole crossings by hand, and the invariants over random event orders (DESIGN section 2).
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use sallyport_hardware::barrier::{self, Door, DoorState, Event as Seen};
use sallyport_protocol::{
    CrossingId, CrossingRecord, EnrollmentId, EnrollmentStatus, GateMode, Measurement, OfficerChoice, Outcome, Reason,
    Stage, TokenKind,
};

use super::*;
use crate::{
    policy::{CardFactor, EnrollmentFacts, Factor, Policy},
    view::TravelerInstruction,
};

fn passport(birth: &str) -> DocumentFacts {
    DocumentFacts {
        token: TokenKind::TravelDocument,
        document_type: Some("P".into()),
        issuer: Some("UTO".into()),
        birth: Some(birth.parse().unwrap()),
        expiry: Some("2033-01-01".parse().unwrap()),
        enrollment: None,
    }
}

/// A card whose holder is known by face, fingers or both.
fn card(face: bool, fingers: bool) -> DocumentFacts {
    let at = |text: &str| text.parse().unwrap();
    let enrollment = EnrollmentFacts {
        id: EnrollmentId::from_bytes([9; 16]),
        status: EnrollmentStatus::Active,
        expires: at("2090-01-01T00:00:00Z"),
        synced: Timestamp::from_millisecond(1_795_000_000_000).unwrap(),
        face,
        fingers,
    };
    let token = TokenKind::TrustedTravelerCard;
    DocumentFacts { token, document_type: None, issuer: None, birth: None, expiry: None, enrollment: Some(enrollment) }
}

/// A gate with a journal that works unless told otherwise, checking the invariants after every event.
struct Bench {
    gate: Gate,
    ms: u64,
    journal_works: bool,
    /// Journal lines not yet answered.
    waiting: Vec<(u64, JournalLine)>,
    written: Vec<JournalLine>,
    /// The line of which the machine is just told that it could not be written.
    failed: Option<JournalLine>,
    commands: Vec<Command>,
    closed: [bool; 2],
    purged: BTreeSet<CrossingId>,
    finished: BTreeMap<CrossingId, CrossingRecord>,
    began: BTreeSet<CrossingId>,
    presented: u8,
    /// How often each order was answered.
    answered: BTreeMap<u64, u32>,
    requests: u64,
    /// The capture that was ordered last.
    ordered: Option<(CrossingId, Factor, u32)>,
    /// The crossing whose ordered capture reached its threshold, and the factor.
    matched: Option<(CrossingId, Factor)>,
    /// The crossing in which a finger was compared and was another's.
    mismatched: Option<CrossingId>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Policy::default())
    }

    fn with(policy: Policy) -> Self {
        let mut bench = Self {
            gate: Gate::new(policy, "gate-1".parse().unwrap(), GateMode::InService),
            ms: 0,
            journal_works: true,
            waiting: Vec::new(),
            written: Vec::new(),
            failed: None,
            commands: Vec::new(),
            closed: [false; 2],
            purged: BTreeSet::new(),
            finished: BTreeMap::new(),
            began: BTreeSet::new(),
            presented: 0,
            answered: BTreeMap::new(),
            requests: 1_000,
            ordered: None,
            matched: None,
            mismatched: None,
        };
        bench.event(Event::BarrierRestored);
        bench.status();
        bench
    }

    fn status(&mut self) {
        let (entry, exit) = (DoorState::Closed, DoorState::Closed);
        self.seen(Seen::Status { entry, exit, fire: false, person_inside: false });
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::Barrier(Seen::Closed(door)) => self.closed[door.index()] = true,
            Event::Barrier(Seen::Opened(door)) => self.closed[door.index()] = false,
            Event::Barrier(Seen::Status { entry, exit, .. }) => {
                self.closed = [*entry == DoorState::Closed, *exit == DoorState::Closed];
            }
            Event::BarrierLost | Event::BarrierRestored => self.closed = [false; 2],
            Event::FaceCompared { crossing, attempt, result } => {
                self.heard((*crossing, Factor::Face, *attempt), result);
            }
            Event::FingerCompared { crossing, attempt, result } => {
                self.heard((*crossing, Factor::Finger, *attempt), result);
            }
            _ => {}
        }
        let wall = Timestamp::from_millisecond(1_795_000_000_000 + self.ms as i64).unwrap();
        for command in self.gate.handle(Moment { ms: self.ms, wall }, event) {
            self.check(&command);
            if let Command::Journal { entry, line } = &command {
                self.waiting.push((*entry, line.clone()));
            }
            self.commands.push(command);
        }
        if self.gate.mode() == GateMode::Released {
            assert_eq!(self.shown(), Some(TravelerInstruction::LeaveNow), "in an emergency people are told to leave");
        }
    }

    /// Only what was ordered last counts.
    fn heard(&mut self, of: (CrossingId, Factor, u32), result: &Result<Measurement, Problem>) {
        if let (true, Ok(measured)) = (self.ordered == Some(of), result) {
            let (crossing, factor, _) = of;
            match measured.score >= measured.threshold {
                true => self.matched = Some((crossing, factor)),
                false if factor == Factor::Finger => self.mismatched = Some(crossing),
                false => {}
            }
        }
    }

    fn answer_journal(&mut self) {
        self.answer_lines(if self.journal_works { u8::MAX } else { 0 });
    }

    /// Answers the lines that wait, in order; one whose bit is not set could not be written.
    fn answer_lines(&mut self, written: u8) {
        for (at, (entry, line)) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            if written >> (at % 8) & 1 == 1 {
                if let JournalLine::Finished(record) = &line {
                    let decided = self.written.iter().find_map(|line| match line {
                        JournalLine::Decided(decided) if decided.crossing == record.crossing => Some(decided.outcome),
                        _ => None,
                    });
                    assert!(decided.is_none_or(|decided| decided == record.outcome), "what was decided stays decided");
                    let twice = self.finished.insert(record.crossing, (**record).clone());
                    assert!(twice.is_none(), "two records of one crossing");
                }
                if let JournalLine::Began { crossing, .. } = &line {
                    self.began.insert(*crossing);
                }
                self.written.push(line);
                self.event(Event::Journaled { entry });
            } else {
                self.failed = Some(line);
                self.event(Event::JournalFailed { entry, reason: Reason::DiskFull });
                self.failed = None;
            }
        }
    }

    fn check(&mut self, command: &Command) {
        match command {
            Command::Door(barrier::Command::Open(door)) => {
                assert!(self.closed[door.other().index()], "{door:?} opens while the other is not closed");
                let line = match &self.failed {
                    // The way back is never locked by a full disk.
                    Some(
                        line @ JournalLine::DoorOrdered {
                            crossing: None, door: sallyport_protocol::Door::Entry, ..
                        },
                    ) => Some(line),
                    _ => self.written.last(),
                };
                let Some(JournalLine::DoorOrdered { crossing, door: named, by }) = line else {
                    panic!("{door:?} opens without a written order: {line:?}");
                };
                assert_eq!(*named, recorded(*door));
                let crossing = *crossing;
                assert_eq!(crossing.is_none(), by.is_some(), "by a crossing or by a named officer");
                if let Some(crossing) = crossing.filter(|_| *door == Door::Exit) {
                    let decided = self.written.iter().any(|line| {
                        matches!(line, JournalLine::Decided(record)
                            if record.crossing == crossing && record.outcome.admits())
                    });
                    assert!(decided, "the exit opens without a decision to admit");
                }
                self.closed[door.index()] = false;
            }
            Command::Door(barrier::Command::Close(_) | barrier::Command::CloseBoth) => {
                assert_ne!(self.gate.mode(), GateMode::Released, "a door is ordered shut in an emergency");
            }
            Command::CaptureFace { crossing, attempt } => {
                assert_ne!(self.mismatched, Some(*crossing), "the face is no second chance after another's finger");
                self.ordered = Some((*crossing, Factor::Face, *attempt));
            }
            Command::CaptureFinger { crossing, attempt } => {
                self.ordered = Some((*crossing, Factor::Finger, *attempt));
            }
            Command::Journal { line: JournalLine::Decided(record), .. } if record.outcome == Outcome::Accepted => {
                let reasons = match self.matched {
                    Some((crossing, Factor::Finger)) if crossing == record.crossing => {
                        &[Reason::FingerMatchedEnrollment][..]
                    }
                    Some((crossing, Factor::Face)) if crossing == record.crossing => {
                        &[Reason::FaceMatchedChip, Reason::FaceMatchedEnrollment]
                    }
                    other => panic!("accepted, and what matched is {other:?}: {record:?}"),
                };
                assert!(reasons.contains(&record.reasons[0]), "{record:?}");
            }
            Command::Answer { request, .. } => *self.answered.entry(*request).or_default() += 1,
            Command::Purge { crossing } => {
                self.purged.insert(*crossing);
            }
            Command::Journal { line: JournalLine::Finished(record), .. } => {
                assert!(self.purged.contains(&record.crossing), "recorded before purged");
                assert!(!record.reasons.is_empty(), "no reason: {record:?}");
            }
            _ => {}
        }
    }

    fn seen(&mut self, event: Seen) {
        self.event(Event::Barrier(event));
        self.answer_journal();
    }

    /// The crossing before the one in progress.
    fn earlier(&self) -> CrossingId {
        CrossingId::from_bytes([self.presented.saturating_sub(1); 16])
    }

    fn current(&self) -> CrossingId {
        self.gate.crossing().unwrap().id
    }

    fn present(&mut self, id: u8) {
        self.event(Event::DocumentPresented { crossing: CrossingId::from_bytes([id; 16]) });
        self.answer_journal();
    }

    fn read(&mut self, result: Result<DocumentFacts, Problem>) {
        self.event(Event::DocumentRead { crossing: self.current(), result });
        self.answer_journal();
    }

    fn walk(&mut self, door: Door) {
        for event in [Seen::Opened(door), Seen::Passed(door), Seen::Closed(door)] {
            self.seen(event);
        }
    }

    fn face(&mut self, attempt: u32, score: f32) {
        let result = Ok(Measurement { score, threshold: 0.4 });
        self.event(Event::FaceCompared { crossing: self.current(), attempt, result });
        self.answer_journal();
    }

    fn finger(&mut self, attempt: u32, result: Result<f32, Reason>) {
        let result = result.map(|score| Measurement { score, threshold: 0.4 }).map_err(Problem::from);
        self.event(Event::FingerCompared { crossing: self.current(), attempt, result });
        self.answer_journal();
    }

    /// A card was read and its holder stands between the doors.
    fn inside(card: DocumentFacts, policy: Policy) -> Self {
        let mut bench = Self::with(policy);
        bench.event(Event::FingerSensor { works: true });
        bench.present(1);
        bench.read(Ok(card));
        bench.walk(Door::Entry);
        bench
    }

    /// The captures that were ordered, in order.
    fn captures(&self) -> Vec<(Factor, u32)> {
        let captures = self.commands.iter().filter_map(|command| match command {
            Command::CaptureFace { attempt, .. } => Some((Factor::Face, *attempt)),
            Command::CaptureFinger { attempt, .. } => Some((Factor::Finger, *attempt)),
            _ => None,
        });
        captures.collect()
    }

    /// Why the officer is asked, if so.
    fn referred(&self) -> Option<&[Reason]> {
        self.commands.iter().rev().find_map(|command| match command {
            Command::Refer { reasons, .. } => Some(reasons.as_slice()),
            _ => None,
        })
    }

    fn officer(&mut self, choice: OfficerChoice) {
        let order = Order::Decide { crossing: self.current(), choice, note: "seen".into() };
        self.event(Event::Ordered { request: 1, officer: "ana".into(), order });
        self.answer_journal();
    }

    fn wait(&mut self, ms: u64) {
        self.ms += ms;
        self.event(Event::Tick);
        self.answer_journal();
    }

    /// A report in which both doors are where the bench knows them to be.
    fn heartbeat(&mut self, person_inside: bool) {
        let [entry, exit] = self.closed.map(|closed| if closed { DoorState::Closed } else { DoorState::Open });
        self.seen(Seen::Status { entry, exit, fire: false, person_inside });
    }

    /// Whether the last commands, from this one on, order a door shut.
    fn shuts_since(&self, from: usize, door: Door) -> bool {
        let shut = [Command::Door(barrier::Command::Close(door)), Command::Door(barrier::Command::CloseBoth)];
        self.commands[from..].iter().any(|command| shut.contains(command))
    }

    fn shown(&self) -> Option<TravelerInstruction> {
        self.commands.iter().rev().find_map(|command| match command {
            Command::Show { instruction, .. } => Some(*instruction),
            _ => None,
        })
    }

    fn by_hand(&mut self, request: u64, door: sallyport_protocol::Door) {
        let order = Order::OpenDoor { door, note: "wheelchair".into() };
        self.event(Event::Ordered { request, officer: "ana".into(), order });
        self.answer_journal();
    }

    fn opened(&self, door: Door) -> bool {
        self.commands.contains(&Command::Door(barrier::Command::Open(door)))
    }

    fn only_record(&self) -> &CrossingRecord {
        assert!(self.gate.crossing().is_none(), "still going on: {:?}", self.gate.crossing());
        assert_eq!(self.finished.len(), 1);
        self.finished.values().next().unwrap()
    }
}

const BORN: &str = "1974-08-12";

#[test]
fn a_genuine_traveler_passes() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.walk(Door::Entry);
    bench.face(1, 0.6);
    bench.walk(Door::Exit);
    let record = bench.only_record();
    assert_eq!((record.outcome, record.reasons.as_slice()), (Outcome::Accepted, &[Reason::FaceMatchedChip][..]));
    assert_eq!(
        record
            .doors
            .iter()
            .filter(|movement| movement.movement == sallyport_protocol::DoorMovementKind::Passed)
            .count(),
        2
    );
    bench.present(2);
    assert_eq!(bench.current(), CrossingId::from_bytes([2; 16]), "the next traveler may come");
}

#[test]
fn an_impostor_is_referred_and_the_officer_decides() {
    for (choice, outcome, exit) in [
        (OfficerChoice::Accept, Outcome::AcceptedByOfficer, true),
        (OfficerChoice::Refuse, Outcome::RefusedByOfficer, false),
    ] {
        let mut bench = Bench::new();
        bench.present(1);
        bench.read(Ok(passport(BORN)));
        bench.walk(Door::Entry);
        for (attempt, score) in [(1, 0.39), (2, f32::NAN), (3, -0.2)] {
            bench.face(attempt, score);
            assert!(!bench.opened(Door::Exit), "opened at a score of {score}");
        }
        assert!(!bench.opened(Door::Exit));
        bench.officer(choice);
        assert_eq!(bench.opened(Door::Exit), exit);
        bench.walk(if exit { Door::Exit } else { Door::Entry });
        assert_eq!(bench.only_record().outcome, outcome);
        assert_eq!(bench.only_record().officer.as_ref().unwrap().officer, "ana");
    }
}

#[test]
fn a_card_and_its_holders_finger_pass() {
    let mut bench = Bench::inside(card(false, true), Policy::default());
    assert_eq!(bench.shown(), Some(TravelerInstruction::PlaceFinger));
    bench.finger(1, Err(Reason::FingerQualityLow));
    assert_eq!(bench.shown(), Some(TravelerInstruction::AnotherFinger), "people have ten");
    bench.face(2, 0.9);
    assert!(!bench.opened(Door::Exit), "nobody asked for a face");
    bench.finger(1, Ok(0.9));
    assert!(!bench.opened(Door::Exit), "that attempt is over");
    bench.finger(2, Ok(0.6));
    bench.walk(Door::Exit);
    let record = bench.only_record();
    assert_eq!(
        (record.outcome, record.reasons.as_slice()),
        (Outcome::Accepted, &[Reason::FingerMatchedEnrollment][..])
    );
    assert!(record.timeline.iter().any(|entry| entry.stage == Stage::Biometric));
    assert_eq!(bench.captures(), [(Factor::Finger, 1), (Factor::Finger, 2)]);
}

#[test]
fn anothers_finger_is_referred_though_the_face_is_enrolled_too() {
    let mut bench = Bench::inside(card(true, true), Policy::default());
    bench.finger(1, Ok(0.39));
    bench.finger(2, Ok(f32::NAN));
    bench.finger(3, Err(Reason::FingerQualityLow));
    let reasons = [Reason::FingerScoreBelowThreshold, Reason::FingerQualityLow];
    assert_eq!(bench.referred(), Some(&reasons[..]));
    bench.officer(OfficerChoice::Refuse);
    bench.walk(Door::Entry);
    assert_eq!(bench.only_record().outcome, Outcome::RefusedByOfficer);
    assert!(!bench.opened(Door::Exit));
}

#[test]
fn fingers_that_cannot_be_read_give_way_to_the_face_where_policy_has_it_so() {
    let (finger, face) = (Factor::Finger, Factor::Face);
    let only = Policy { card_factor: CardFactor::Finger, ..Policy::default() };
    for (what, policy, enrolled_face, falls_back) in [
        ("both", Policy::default(), true, true),
        ("fingers alone", Policy::default(), false, false),
        ("both, and policy takes fingers only", only, true, false),
    ] {
        // Poor impressions, no finger in time, a sensor that is gone while it is asked and one that is gone meanwhile.
        for end in 0..4 {
            let mut bench = Bench::inside(card(enrolled_face, true), policy.clone());
            match end {
                0 => (1..=3).for_each(|attempt| bench.finger(attempt, Err(Reason::FingerQualityLow))),
                1 => bench.wait(policy.finger_ms),
                2 => bench.finger(1, Err(Reason::FingerSensorUnavailable)),
                _ => bench.event(Event::FingerSensor { works: false }),
            }
            bench.answer_journal();
            let last = bench.captures().last().copied();
            if falls_back {
                assert_eq!(last, Some((face, 1)), "{what} {end}");
                assert_eq!(bench.shown(), Some(TravelerInstruction::LookAtCamera));
                // The face has its own time, and a finger that comes now comes too late.
                bench.finger(1, Ok(0.9));
                assert!(!bench.opened(Door::Exit));
                bench.face(1, 0.6);
                bench.walk(Door::Exit);
                assert_eq!(bench.only_record().reasons, [Reason::FaceMatchedEnrollment], "{what} {end}");
            } else {
                assert_eq!(last.map(|(factor, _)| factor), Some(finger), "{what} {end}");
                assert!(bench.referred().is_some(), "{what} {end}");
            }
        }
    }
}

#[test]
fn without_a_sensor_a_card_with_fingers_alone_is_referred_before_the_first_door() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(card(false, true)));
    assert_eq!(bench.referred(), Some(&[Reason::FingerSensorUnavailable][..]));
    assert!(!bench.opened(Door::Entry));
    assert_eq!(bench.gate.obstacle_to_service(), None, "the gate serves on without it");

    // Gone while the traveler walked in.
    let mut bench = Bench::new();
    bench.event(Event::FingerSensor { works: true });
    bench.present(1);
    bench.read(Ok(card(false, true)));
    bench.event(Event::FingerSensor { works: false });
    bench.walk(Door::Entry);
    assert_eq!(bench.referred(), Some(&[Reason::FingerSensorUnavailable][..]));
    assert_eq!(bench.gate.crossing().unwrap().stage(), Stage::Referral);
    bench.officer(OfficerChoice::Accept);
    bench.walk(Door::Exit);
    assert_eq!(bench.only_record().outcome, Outcome::AcceptedByOfficer);
}

#[test]
fn forged_young_and_unreadable_documents_never_open_a_door_by_themselves() {
    let mut forged = Bench::new();
    forged.present(1);
    forged.read(Err(Problem { reason: Reason::PaHashMismatch, detail: Some("DG2".into()) }));
    assert_eq!(forged.only_record().outcome, Outcome::Refused);
    assert!(forged.only_record().timeline.iter().any(|entry| entry.detail.as_deref() == Some("DG2")));

    let mut young = Bench::new();
    young.present(1);
    young.read(Ok(passport("2020-01-01")));
    assert!(!young.opened(Door::Entry));
    young.wait(120_000);
    assert_eq!(young.only_record().outcome, Outcome::SentToDesk);
    assert!(!young.opened(Door::Entry));

    let mut unreadable = Bench::new();
    for id in 1..=3 {
        unreadable.present(id);
        unreadable.read(Err(Reason::MrzCheckDigitWrong.into()));
    }
    assert!(unreadable.commands.iter().any(|command| matches!(command, Command::Refer { .. })));
    unreadable.officer(OfficerChoice::Accept);
    unreadable.walk(Door::Entry);
    unreadable.walk(Door::Exit);
    assert_eq!(unreadable.only_record().outcome, Outcome::AcceptedByOfficer);
}

#[test]
fn a_lost_line_a_fire_and_a_full_disk_each_end_the_crossing_safely() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.event(Event::BarrierLost);
    bench.answer_journal();
    assert_eq!(bench.only_record().reasons, [Reason::BarrierLineLost]);
    bench.present(2);
    assert!(bench.gate.crossing().is_none(), "no crossing without a turnstile");
    bench.event(Event::BarrierRestored);
    bench.present(3);
    assert!(bench.gate.crossing().is_none(), "no crossing before both doors are reported closed");

    let mut bench = Bench::new();
    bench.present(1);
    bench.seen(Seen::Fire(true));
    assert_eq!(bench.only_record().reasons, [Reason::EmergencyRelease]);
    assert_eq!(bench.gate.mode(), GateMode::Released);

    let mut bench = Bench::new();
    bench.present(1);
    bench.journal_works = false;
    bench.read(Ok(passport(BORN)));
    assert!(!bench.opened(Door::Entry));
    assert!(bench.gate.crossing().is_none());
    bench.journal_works = true;
    bench.wait(1_000);
    assert_eq!(bench.only_record().reasons, [Reason::DiskFull], "the record was kept until it could be written");
}

#[test]
fn doors_open_by_hand_only_under_a_name_and_one_at_a_time() {
    let mut bench = Bench::new();
    bench.by_hand(1, sallyport_protocol::Door::Entry);
    assert!(bench.commands.contains(&Command::Answer { request: 1, result: Ok(()) }));
    bench.seen(Seen::Opened(Door::Entry));
    bench.by_hand(2, sallyport_protocol::Door::Exit);
    assert!(bench.commands.contains(&Command::Answer { request: 2, result: Err(OrderRefused::Interlock) }));
    assert!(!bench.opened(Door::Exit));
}

#[test]
fn a_door_opened_by_hand_closes_behind_a_person_or_after_a_while() {
    use sallyport_protocol::Door::{Entry, Exit};
    for passes in [true, false] {
        let mut bench = Bench::new();
        bench.by_hand(1, Exit);
        bench.seen(Seen::Opened(Door::Exit));
        let from = bench.commands.len();
        if passes {
            bench.seen(Seen::Passed(Door::Exit));
        } else {
            bench.wait(Policy::default().passage_ms);
        }
        assert!(bench.shuts_since(from, Door::Exit), "passes: {passes}");
        bench.seen(Seen::Closed(Door::Exit));
        bench.by_hand(2, Entry);
        assert!(bench.opened(Door::Entry));
    }
}

#[test]
fn nobody_is_locked_in_by_a_full_disk() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.walk(Door::Entry);
    bench.journal_works = false;
    bench.face(1, 0.6);
    assert!(!bench.opened(Door::Exit), "not journaled, not opened");
    bench.heartbeat(true);
    let from = bench.commands.len();
    bench.by_hand(2, sallyport_protocol::Door::Exit);
    bench.by_hand(3, sallyport_protocol::Door::Entry);
    assert!(!bench.opened(Door::Exit));
    assert!(bench.commands[from..].contains(&Command::Door(barrier::Command::Open(Door::Entry))));
    assert!(bench.commands.contains(&Command::Answer { request: 3, result: Ok(()) }));
    bench.walk(Door::Entry);
    bench.journal_works = true;
    bench.wait(1_000);
    let by_hand =
        |line: &JournalLine| matches!(line, JournalLine::DoorOrdered { by: Some((name, _)), .. } if name == "ana");
    assert_eq!(bench.written.iter().filter(|line| by_hand(line)).count(), 1, "the order is told later, once");
    assert_eq!(bench.only_record().outcome, Outcome::Failed);
    bench.heartbeat(false);
    bench.present(2);
    assert!(bench.gate.crossing().is_some(), "back in service");
}

#[test]
fn whatever_keeps_a_door_open_it_is_shut_when_the_way_is_clear() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.seen(Seen::Opened(Door::Entry));
    bench.seen(Seen::Passed(Door::Entry));
    bench.seen(Seen::Obstacle(Door::Entry));
    bench.seen(Seen::Opened(Door::Entry));
    assert!(bench.gate.crossing().is_some(), "a door that gives way to somebody is no fault");
    bench.wait(Policy::default().closing_ms);
    assert_eq!(bench.only_record().outcome, Outcome::Failed);
    let from = bench.commands.len();
    bench.seen(Seen::ObstacleCleared(Door::Entry));
    assert!(bench.shuts_since(from, Door::Entry));
    // Should that order be lost, the next report shows it.
    let from = bench.commands.len();
    bench.heartbeat(true);
    assert!(bench.shuts_since(from, Door::Entry));
}

#[test]
fn in_a_fire_people_are_told_to_leave_whatever_else_happens() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.seen(Seen::Fire(true));
    bench.wait(60_000);
    bench.event(Event::Equipment { reason: Reason::CameraUnavailable, works: false });
    bench.event(Event::BarrierLost);
    assert_eq!(bench.shown(), Some(TravelerInstruction::LeaveNow));
    let from = bench.commands.len();
    bench.event(Event::BarrierRestored);
    assert_eq!(bench.shown(), Some(TravelerInstruction::LeaveNow));
    assert!(!bench.shuts_since(from, Door::Entry));
    bench.heartbeat(false);
    assert!(bench.commands[from..].contains(&Command::Door(barrier::Command::EmergencyRelease(false))));
    assert!(bench.shuts_since(from, Door::Exit));
}

#[test]
fn a_release_of_an_earlier_run_is_ended() {
    let bench = Bench::new();
    assert!(bench.commands.contains(&Command::Door(barrier::Command::EmergencyRelease(false))));
}

/// Events are not acknowledged: whatever is lost, the next whole report tells.
#[test]
fn words_lost_on_the_line_are_made_up_for_by_the_next_report() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.seen(Seen::Opened(Door::Entry));
    bench.seen(Seen::Closed(Door::Entry));
    assert!(bench.gate.crossing().is_some(), "closed, and no word of anybody: that is not yet the end");
    bench.heartbeat(true);
    assert!(bench.commands.iter().any(|command| matches!(command, Command::CaptureFace { .. })), "somebody is inside");
    bench.face(1, 0.6);
    bench.seen(Seen::Opened(Door::Exit));
    bench.heartbeat(false);
    bench.seen(Seen::Closed(Door::Exit));
    assert_eq!(bench.only_record().outcome, Outcome::Accepted);
    assert_eq!(bench.only_record().reasons, [Reason::FaceMatchedChip], "gone, though only the report said so");

    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.walk(Door::Entry);
    bench.closed[Door::Exit.index()] = false;
    bench.heartbeat(true);
    assert_eq!(bench.only_record().reasons, [Reason::DoorFault], "the exit stands open and nobody ordered it");
    assert!(bench.shuts_since(0, Door::Exit));
}

#[test]
fn whoever_does_not_leave_gets_more_than_one_chance_and_an_officer() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.walk(Door::Entry);
    bench.face(1, 0.6);
    let policy = Policy::default();
    for opening in 1..=policy.passage_attempts {
        let opened = bench.commands.iter().filter(|c| **c == Command::Door(barrier::Command::Open(Door::Exit))).count();
        assert_eq!(opened, opening as usize);
        bench.seen(Seen::Opened(Door::Exit));
        bench.wait(policy.passage_ms);
        bench.seen(Seen::Closed(Door::Exit));
        bench.heartbeat(true);
    }
    assert_eq!(bench.only_record().reasons, [Reason::FaceMatchedChip, Reason::ExitTimeout]);
    assert_eq!(bench.gate.obstacle_to_service(), Some(Reason::PersonInside));
    bench.by_hand(7, sallyport_protocol::Door::Exit);
    bench.walk(Door::Exit);
    bench.heartbeat(false);
    assert_eq!(bench.gate.obstacle_to_service(), None);
}

#[test]
fn a_line_of_another_matter_that_fails_leaves_the_crossing_alone() {
    let mut bench = Bench::new();
    bench.present(1);
    bench.read(Ok(passport(BORN)));
    bench.walk(Door::Entry);
    bench.face(1, 0.6);
    bench.seen(Seen::Opened(Door::Exit));
    bench.journal_works = false;
    let order = Order::SetMode { mode: GateMode::Held };
    bench.event(Event::Ordered { request: 1, officer: "ana".into(), order });
    bench.answer_journal();
    assert!(bench.gate.crossing().is_some(), "the traveler walks on");
    bench.journal_works = true;
    bench.wait(1_000);
    bench.seen(Seen::Passed(Door::Exit));
    bench.seen(Seen::Closed(Door::Exit));
    assert_eq!(bench.only_record().outcome, Outcome::Accepted);
    assert!(bench.written.iter().any(|line| matches!(line, JournalLine::ModeSet { .. })), "told when there was room");
}

#[derive(Debug, Clone)]
enum Chance {
    Present,
    Read(u8),
    Face(u8),
    Finger(u8),
    /// The fingerprint sensor comes or goes.
    Sensor(bool),
    Door(u8, bool),
    Line(u8),
    Officer(u8),
    /// Of the lines that wait, which are written.
    Journal(u8),
    /// A device fails or works again.
    Equipment(bool),
    Stopping,
    Wait(u64),
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        4 => Just(Chance::Present),
        4 => (0u8..12).prop_map(Chance::Read),
        4 => (0u8..8).prop_map(Chance::Face),
        4 => (0u8..8).prop_map(Chance::Finger),
        1 => prop::bool::weighted(0.8).prop_map(Chance::Sensor),
        8 => (0u8..9, any::<bool>()).prop_map(|(what, exit)| Chance::Door(what, exit)),
        2 => (0u8..8).prop_map(Chance::Line),
        3 => (0u8..8).prop_map(Chance::Officer),
        6 => Just(Chance::Journal(u8::MAX)),
        1 => any::<u8>().prop_map(Chance::Journal),
        1 => any::<bool>().prop_map(Chance::Equipment),
        1 => prop::bool::weighted(0.05).prop_map(|stops| if stops { Chance::Stopping } else { Chance::Wait(1) }),
        3 => (0u64..30_000).prop_map(Chance::Wait),
    ]
}

fn play(bench: &mut Bench, chance: Chance) {
    let current = bench.gate.crossing().map_or(CrossingId::from_bytes([0; 16]), |crossing| crossing.id);
    match chance {
        Chance::Present => {
            // Identifiers are random in life; here it is enough that none comes twice.
            bench.presented += 1;
            let crossing = CrossingId::from_bytes([bench.presented; 16]);
            bench.event(Event::DocumentPresented { crossing });
        }
        Chance::Read(what) => {
            let result = match what {
                0..=2 => Ok(passport(BORN)),
                3 => Ok(passport("2022-02-02")),
                4 | 6 => Err(Reason::ChipNotResponding.into()),
                5 => Err(Reason::PaHashMismatch.into()),
                8 | 9 => Ok(card(true, true)),
                10 => Ok(card(false, true)),
                11 => Ok(card(true, false)),
                _ => Ok(passport(BORN)),
            };
            // Two come late: they belong to the crossing before.
            let crossing = if matches!(what, 6 | 7) { bench.earlier() } else { current };
            bench.event(Event::DocumentRead { crossing, result });
        }
        Chance::Face(what) => {
            let result = match what {
                0..=2 => Ok(Measurement { score: 0.7, threshold: 0.4 }),
                3 => Ok(Measurement { score: 0.1, threshold: 0.4 }),
                4 => Err(Reason::FaceNotFound.into()),
                5 => Err(Reason::CameraUnavailable.into()),
                _ => Ok(Measurement { score: 0.9, threshold: 0.4 }),
            };
            let crossing = if what >= 6 { bench.earlier() } else { current };
            bench.event(Event::FaceCompared { crossing, attempt: u32::from(what % 3) + 1, result });
        }
        Chance::Finger(what) => {
            let result = match what {
                0 | 1 => Ok(Measurement { score: 0.7, threshold: 0.4 }),
                2 => Ok(Measurement { score: 0.1, threshold: 0.4 }),
                3 => Err(Reason::FingerQualityLow.into()),
                4 => Err(Reason::FingerNotPlaced.into()),
                5 => Err(Reason::FingerSensorUnavailable.into()),
                _ => Ok(Measurement { score: 0.9, threshold: 0.4 }),
            };
            let crossing = if what >= 6 { bench.earlier() } else { current };
            bench.event(Event::FingerCompared { crossing, attempt: u32::from(what % 3) + 1, result });
        }
        Chance::Sensor(works) => bench.event(Event::FingerSensor { works }),
        Chance::Door(what, exit) => {
            let door = if exit { Door::Exit } else { Door::Entry };
            let event = match what {
                0 | 1 => Seen::Opened(door),
                2 | 3 => Seen::Passed(door),
                4 | 5 => Seen::Closed(door),
                6 => Seen::Obstacle(door),
                7 => Seen::ObstacleCleared(door),
                _ => Seen::Interlock,
            };
            bench.event(Event::Barrier(event));
        }
        Chance::Line(0) => bench.event(Event::BarrierLost),
        Chance::Line(1) => bench.event(Event::BarrierRestored),
        Chance::Line(2) => bench.event(Event::Barrier(Seen::Fire(true))),
        Chance::Line(3) => bench.event(Event::Barrier(Seen::Fire(false))),
        Chance::Line(4) => bench.heartbeat(true),
        Chance::Line(5) => bench.heartbeat(false),
        Chance::Line(6) => {
            let (entry, exit) = (DoorState::Open, DoorState::Open);
            bench.event(Event::Barrier(Seen::Status { entry, exit, fire: true, person_inside: false }));
        }
        Chance::Line(_) => bench.status(),
        Chance::Officer(what) => {
            let order = match what {
                0 | 1 => Order::Decide { crossing: current, choice: OfficerChoice::Accept, note: "x".into() },
                2 => Order::Decide { crossing: current, choice: OfficerChoice::Refuse, note: "x".into() },
                3 => Order::SetMode { mode: GateMode::Held },
                4 => Order::SetMode { mode: GateMode::InService },
                5 => Order::OpenDoor { door: sallyport_protocol::Door::Exit, note: "x".into() },
                _ => Order::OpenDoor { door: sallyport_protocol::Door::Entry, note: "x".into() },
            };
            bench.requests += 1;
            bench.event(Event::Ordered { request: bench.requests, officer: "ana".into(), order });
        }
        Chance::Journal(written) => bench.answer_lines(written),
        Chance::Equipment(works) => bench.event(Event::Equipment { reason: Reason::CameraUnavailable, works }),
        Chance::Stopping => bench.event(Event::Stopping),
        Chance::Wait(ms) => {
            bench.ms += ms;
            bench.event(Event::Tick);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    /// The invariants are asserted by the bench after every command.
    #[test]
    fn no_order_of_events_breaks_an_invariant(
        chances in prop::collection::vec(chance(), 1..80),
        card_factor in prop::sample::select(vec![CardFactor::FingerElseFace, CardFactor::Finger, CardFactor::Face]),
    ) {
        let mut bench = Bench::with(Policy { card_factor, ..Policy::default() });
        for chance in chances {
            play(&mut bench, chance);
        }
        // Left alone with a working journal, every crossing that began ends with one record.
        bench.journal_works = true;
        for _ in 0..12 {
            bench.answer_journal();
            bench.wait(130_000);
        }
        prop_assert!(bench.gate.crossing().is_none());
        // Unless there is a fire, a door that still stands open is ordered shut at the next report.
        let from = bench.commands.len();
        let was_closed = bench.closed;
        bench.heartbeat(false);
        for door in Door::BOTH {
            prop_assert!(was_closed[door.index()] || bench.shuts_since(from, door), "{door:?} stays open");
        }
        for request in 1_001..=bench.requests {
            prop_assert_eq!(bench.answered.get(&request), Some(&1), "order {} of {}", request, bench.requests);
        }
        for crossing in &bench.began {
            prop_assert!(bench.finished.contains_key(crossing));
        }
    }
}
