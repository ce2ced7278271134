//! What travelers and officers see of the gate, kept up to date from the machine.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use sallyport_hardware::barrier::{Door, DoorState, Event as Seen};
use sallyport_protocol::{CrossingRecord, GateId, GateMode, Reason, Stage, TokenKind};
use tokio::sync::watch;

use super::{evidence::Evidence, records::FinishedRecords};
use crate::{
    policy::{DocumentFacts, age_years},
    sync::LinkStatus,
    transaction::{Gate, Moment},
    view::{
        DoorView, GateView, LinkState, RecentCrossing, ReferralDesk, ReferralFacts, ReferralView, TravelerInstruction,
        TravelerView,
    },
};

/// The two views, the officer's desk and what they are made from.
pub struct Display {
    traveler: watch::Sender<TravelerView>,
    gate: watch::Sender<GateView>,
    desk: Arc<ReferralDesk>,
    finished: Arc<FinishedRecords>,
    /// Troubles that stop no crossing: a damaged journal, a port.
    aside: BTreeSet<Reason>,
    /// Until the link puts it right.
    cache_damaged: bool,
    link: LinkStatus,
    obstructed: [bool; 2],
}

impl Display {
    /// A display that shows a gate out of service.
    pub fn new(gate: GateId, desk: Arc<ReferralDesk>, finished: Arc<FinishedRecords>, now: Timestamp) -> Self {
        let view = GateView {
            gate,
            mode: GateMode::InService,
            serves: false,
            stage: None,
            entry: DoorView::Unknown,
            exit: DoorView::Unknown,
            crossing: None,
            since: now,
            troubles: Vec::new(),
            link: LinkState::Offline,
            records_waiting: 0,
            referral: None,
            recent: Vec::new(),
        };
        Self {
            traveler: watch::Sender::new(TravelerView::of(TravelerInstruction::OutOfService)),
            gate: watch::Sender::new(view),
            desk,
            finished,
            aside: BTreeSet::new(),
            cache_damaged: false,
            link: LinkStatus { link: LinkState::Offline, trouble: None },
            obstructed: [false; 2],
        }
    }

    /// The traveler's view, live.
    pub fn traveler(&self) -> watch::Receiver<TravelerView> {
        self.traveler.subscribe()
    }

    /// The officers' view, live.
    pub fn gate(&self) -> watch::Receiver<GateView> {
        self.gate.subscribe()
    }

    /// Shows one instruction.
    pub fn show(&self, instruction: TravelerInstruction, reason: Option<Reason>) {
        self.traveler.send_replace(TravelerView { reason, ..TravelerView::of(instruction) });
    }

    /// Shows how far the chip is read.
    pub fn progress(&self, percent: u8) {
        self.traveler.send_if_modified(|view| {
            let reading = view.instruction == TravelerInstruction::KeepDocument;
            reading && view.progress.replace(percent) != Some(percent)
        });
    }

    /// Shows what the traveler before the cameras, or at the sensor, should do, in place of another such advice. An officer
    /// who was asked, or a door that opens, has taken the screen meanwhile.
    pub fn guide(&self, instruction: TravelerInstruction) {
        self.traveler.send_if_modified(|view| {
            let next = TravelerView { language: view.language.clone(), ..TravelerView::of(instruction) };
            let shown = view.instruction;
            let alike = shown.is_for_the_camera() && instruction.is_for_the_camera()
                || shown.is_for_the_sensor() && instruction.is_for_the_sensor();
            let changed = alike && *view != next;
            if changed {
                *view = next;
            }
            changed
        });
    }

    /// Notes a trouble that stops no crossing, or its end.
    pub fn aside(&mut self, reason: Reason, there: bool) {
        if there {
            self.aside.insert(reason);
        } else {
            self.aside.remove(&reason);
        }
    }

    /// Notes that cache or key were damaged.
    pub fn cache_damaged(&mut self) {
        self.cache_damaged = true;
    }

    /// Notes how the link stands. A link that works has put the cache right.
    pub fn link(&mut self, status: LinkStatus) {
        if status.trouble.is_none() {
            self.cache_damaged = false;
        }
        self.link = status;
    }

    /// Notes what stands in a door's way.
    pub fn barrier(&mut self, event: Seen) {
        match event {
            Seen::Obstacle(door) => self.obstructed[door.index()] = true,
            Seen::ObstacleCleared(door) | Seen::Closed(door) => self.obstructed[door.index()] = false,
            _ => {}
        }
    }

    /// Shows an officer a crossing that waits.
    pub(super) fn refer(
        &self,
        now: Moment,
        machine: &Gate,
        evidence: &Evidence,
        (reasons, stage, within_ms): (Vec<Reason>, Stage, u64),
    ) {
        let Some(crossing) = machine.crossing() else { return };
        let (portrait, probe) = evidence.pictures(crossing.id);
        let before = i64::try_from(within_ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(now.wall.as_millisecond().saturating_add(ms)).ok());
        let referral = ReferralView {
            crossing: crossing.id,
            reasons,
            measurement: crossing.measurement,
            stage,
            waiting_since: now.wall,
            decide_before: before,
            has_reference: portrait.is_some(),
            has_probe: probe.is_some(),
            facts: referral_facts(crossing.facts.as_ref(), crossing.detail(), now.wall),
        };
        let enrollment = crossing.facts.as_ref().and_then(|facts| facts.enrollment.as_ref());
        self.desk.lay(crossing.id, enrollment.map(|enrollment| enrollment.id), portrait, probe);
        self.gate.send_modify(|view| view.referral = Some(referral));
    }

    /// Takes the referral and its pictures away.
    pub fn withdraw(&self) {
        self.desk.clear();
        self.gate.send_if_modified(|view| view.referral.take().is_some());
    }

    /// Adds a crossing that ended.
    pub fn finished(&self, record: CrossingRecord) {
        let recent = RecentCrossing {
            time: record.ended,
            outcome: record.outcome,
            reasons: record.reasons.clone(),
            duration_ms: (record.ended.as_millisecond() - record.began.as_millisecond()).max(0) as u64,
            token: record.token,
        };
        self.gate.send_modify(|view| {
            view.recent.insert(0, recent);
            view.recent.truncate(GateView::RECENT_MAX);
        });
        self.finished.add(record);
    }

    /// Shows the machine as it is now; tells nobody when nothing changed.
    pub fn update(&self, now: Timestamp, machine: &Gate, records_waiting: u64) {
        let crossing = machine.crossing();
        let stage = crossing.map(|crossing| crossing.stage());
        let crossing = crossing.map(|crossing| crossing.id);
        let mut troubles = machine.troubles();
        let obstacle = machine.obstacle_to_service();
        troubles.extend(obstacle.filter(|reason| !is_mode(*reason)));
        troubles.extend(self.aside.iter().chain(&self.link.trouble));
        troubles.extend(self.cache_damaged.then_some(Reason::StoreCorrupt));
        let mut seen = BTreeSet::new();
        troubles.retain(|reason| seen.insert(*reason));
        let doors = Door::BOTH.map(|door| self.door(machine, door));
        self.gate.send_if_modified(|view| {
            let moved = (view.stage, view.crossing) != (stage, crossing);
            let mut next =
                GateView { serves: obstacle.is_none(), stage, crossing, troubles, records_waiting, ..view.clone() };
            (next.mode, next.link, next.entry, next.exit) = (machine.mode(), self.link.link, doors[0], doors[1]);
            if moved {
                next.since = now;
            }
            let changed = next != *view;
            *view = next;
            changed
        });
    }

    fn door(&self, machine: &Gate, door: Door) -> DoorView {
        match machine.door(door) {
            None => DoorView::Unknown,
            Some(_) if self.obstructed[door.index()] => DoorView::Obstructed,
            Some(DoorState::Closed) => DoorView::Closed,
            Some(DoorState::Moving) => DoorView::Moving,
            Some(DoorState::Open) => DoorView::Open,
        }
    }
}

/// Modes are shown as such and need no attention.
fn is_mode(reason: Reason) -> bool {
    matches!(reason, Reason::GateHeld | Reason::GateClosed)
}

fn referral_facts(facts: Option<&DocumentFacts>, detail: Option<&str>, now: Timestamp) -> ReferralFacts {
    let today = TimeZone::UTC.to_datetime(now).date();
    let age = facts.and_then(|facts| facts.birth).map(|birth| age_years(birth, today));
    ReferralFacts {
        token: facts.map_or(TokenKind::Unknown, |facts| facts.token),
        document_type: facts.and_then(|facts| facts.document_type.clone()),
        issuer: facts.and_then(|facts| facts.issuer.clone()),
        age_years: age.and_then(|age| u16::try_from(age).ok()),
        expiry: facts.and_then(|facts| facts.expiry).map(|expiry| expiry.to_string()),
        detail: detail.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{policy::Policy, transaction::Event};

    fn display() -> Display {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        Display::new("gate-1".parse().unwrap(), Arc::default(), Arc::default(), now)
    }

    #[test]
    fn troubles_are_told_once_each_and_nothing_is_sent_when_nothing_changed() {
        let (mut display, now) = (display(), Timestamp::UNIX_EPOCH);
        let mut machine = Gate::new(Policy::default(), "gate-1".parse().unwrap(), GateMode::InService);
        let moment = Moment { ms: 0, wall: now };
        machine.handle(moment, Event::Equipment { reason: Reason::CameraUnavailable, works: false });
        display.aside(Reason::PortInUse, true);
        display.link(LinkStatus { link: LinkState::Offline, trouble: Some(Reason::CentreUnreachable) });
        let mut seen = display.gate();
        display.update(now, &machine, 3);
        assert!(seen.has_changed().unwrap());
        let view = seen.borrow_and_update().clone();
        let expected =
            [Reason::BarrierLineLost, Reason::CameraUnavailable, Reason::PortInUse, Reason::CentreUnreachable];
        assert_eq!((view.troubles.as_slice(), view.records_waiting), (&expected[..], 3));
        assert_eq!((view.entry, view.serves), (DoorView::Unknown, false));
        display.update(now, &machine, 3);
        assert!(!seen.has_changed().unwrap());
    }

    #[test]
    fn progress_shows_only_while_the_document_is_read() {
        let display = display();
        display.progress(40);
        assert_eq!(display.traveler().borrow().progress, None);
        display.show(TravelerInstruction::KeepDocument, None);
        display.progress(40);
        assert_eq!(display.traveler().borrow().progress, Some(40));
        display.show(TravelerInstruction::WalkIn, None);
        assert_eq!(display.traveler().borrow().progress, None);
    }
}
