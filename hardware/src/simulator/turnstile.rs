//! A turnstile as software, without I/O: time and bytes in, bytes and a log out. It trusts no controller: it has its
//! own interlock, its own watchdog, and notices whatever violates them.

use serde::Serialize;

use crate::barrier::{ACK, Command, Door, DoorState, Event, NAK, frame::Parser};

/// How it behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a door moves, in milliseconds.
    pub travel_ms: u64,
    /// How long after a door has opened somebody walks through; `None`: nobody does.
    pub walk_ms: Option<u64>,
    /// Without a valid frame for this long it closes both doors.
    pub watchdog_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { travel_ms: 150, walk_ms: Some(400), watchdog_ms: 2_000 }
    }
}

/// What happened, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "what", content = "door", rename_all = "snake_case")]
pub enum Happening {
    /// A door left its closed position.
    Opening(Door),
    /// A door is open.
    Opened(Door),
    /// A door left its open position.
    Closing(Door),
    /// A door is closed.
    Closed(Door),
    /// Somebody walked through.
    Passed(Door),
    /// The interlock refused to open this door.
    Refused(Door),
    /// Both doors are away from closed, and it is neither an emergency nor its end.
    Violation,
    /// No heartbeat: both doors close.
    Watchdog,
    /// Doors are released for escape, or that ended.
    Emergency(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motion {
    Closed,
    Opening { until_ms: u64 },
    Open { since_ms: u64 },
    Closing { until_ms: u64 },
}

/// The turnstile.
#[derive(Debug)]
pub struct Turnstile {
    settings: Settings,
    parser: Parser,
    doors: [Motion; 2],
    obstacle: [bool; 2],
    passed: [bool; 2],
    fire: bool,
    released: bool,
    person_inside: bool,
    heard_ms: u64,
    watchdog_bit: bool,
    sequence: u8,
    out: Vec<u8>,
    log: Vec<Happening>,
}

impl Turnstile {
    /// A closed turnstile at this time.
    pub fn new(settings: Settings, now_ms: u64) -> Self {
        Self {
            settings,
            parser: Parser::default(),
            doors: [Motion::Closed; 2],
            obstacle: [false; 2],
            passed: [false; 2],
            fire: false,
            released: false,
            person_inside: false,
            heard_ms: now_ms,
            watchdog_bit: false,
            sequence: 0,
            out: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Takes bytes from the line at this time; gives bytes for it and what happened.
    pub fn advance(&mut self, now_ms: u64, input: &[u8]) -> (Vec<u8>, Vec<Happening>) {
        self.parser.feed(input);
        while let Some(frame) = self.parser.next_frame() {
            if let Some(command) = Command::parse(&frame) {
                self.heard_ms = now_ms;
                self.watchdog_bit = false;
                let accepted = self.obey(now_ms, command);
                let kind = if accepted { ACK } else { NAK };
                let answer = crate::barrier::frame::Frame { sequence: frame.sequence, kind, payload: Vec::new() };
                self.out.extend(answer.bytes());
                if !accepted {
                    self.report(Event::Interlock);
                }
                if command == Command::Status {
                    self.report(self.status());
                }
            }
        }
        if !self.watchdog_bit && now_ms.saturating_sub(self.heard_ms) > self.settings.watchdog_ms {
            self.watchdog_bit = true;
            self.log.push(Happening::Watchdog);
            if !self.emergency() {
                Door::BOTH.into_iter().for_each(|door| self.close(now_ms, door));
            }
        }
        Door::BOTH.into_iter().for_each(|door| self.move_door(now_ms, door));
        if !self.emergency() && self.doors.iter().all(|door| *door != Motion::Closed) && !self.closing_both() {
            self.log.push(Happening::Violation);
        }
        (std::mem::take(&mut self.out), std::mem::take(&mut self.log))
    }

    /// Sets the fire input.
    pub fn set_fire(&mut self, now_ms: u64, on: bool) {
        if self.fire != on {
            self.fire = on;
            self.report(Event::Fire(on));
            self.apply_emergency(now_ms, on);
        }
    }

    /// Puts something into a door's way, or takes it out.
    pub fn set_obstacle(&mut self, door: Door, there: bool) {
        if self.obstacle[door.index()] != there {
            self.obstacle[door.index()] = there;
            self.report(if there { Event::Obstacle(door) } else { Event::ObstacleCleared(door) });
        }
    }

    /// Whether people walk by themselves from now on.
    pub fn set_walk(&mut self, walk_ms: Option<u64>) {
        self.settings.walk_ms = walk_ms;
    }

    /// Somebody walks through this door now, if it is open.
    pub fn walk(&mut self, now_ms: u64, door: Door) {
        if matches!(self.doors[door.index()], Motion::Open { .. }) && !self.passed[door.index()] {
            self.pass(now_ms, door);
        }
    }

    /// What it would report.
    pub fn status(&self) -> Event {
        let state = |door: Door| match self.doors[door.index()] {
            Motion::Closed => DoorState::Closed,
            Motion::Open { .. } => DoorState::Open,
            _ => DoorState::Moving,
        };
        Event::Status {
            entry: state(Door::Entry),
            exit: state(Door::Exit),
            fire: self.fire,
            person_inside: self.person_inside,
        }
    }

    fn emergency(&self) -> bool {
        self.fire || self.released
    }

    fn closing_both(&self) -> bool {
        // After an emergency both doors are on their way to closed at once.
        self.doors.iter().all(|door| matches!(door, Motion::Closing { .. } | Motion::Closed))
    }

    fn obey(&mut self, now_ms: u64, command: Command) -> bool {
        match command {
            Command::Open(door) => {
                if !self.emergency() && self.doors[door.other().index()] != Motion::Closed {
                    self.log.push(Happening::Refused(door));
                    return false;
                }
                self.open(now_ms, door);
            }
            Command::Close(door) => self.close(now_ms, door),
            Command::CloseBoth => Door::BOTH.into_iter().for_each(|door| self.close(now_ms, door)),
            Command::EmergencyRelease(on) => {
                self.released = on;
                self.apply_emergency(now_ms, on);
            }
            Command::Status => {}
        }
        true
    }

    fn apply_emergency(&mut self, now_ms: u64, on: bool) {
        self.log.push(Happening::Emergency(on));
        for door in Door::BOTH {
            if self.emergency() { self.open(now_ms, door) } else { self.close(now_ms, door) }
        }
        if on {
            self.person_inside = false;
        }
    }

    fn open(&mut self, now_ms: u64, door: Door) {
        if matches!(self.doors[door.index()], Motion::Closed | Motion::Closing { .. }) {
            self.log.push(Happening::Opening(door));
            self.doors[door.index()] = Motion::Opening { until_ms: now_ms + self.settings.travel_ms };
            self.passed[door.index()] = false;
        }
    }

    fn close(&mut self, now_ms: u64, door: Door) {
        let stays = self.emergency() || self.obstacle[door.index()];
        if !stays && matches!(self.doors[door.index()], Motion::Open { .. } | Motion::Opening { .. }) {
            self.log.push(Happening::Closing(door));
            self.doors[door.index()] = Motion::Closing { until_ms: now_ms + self.settings.travel_ms };
        }
    }

    fn pass(&mut self, now_ms: u64, door: Door) {
        self.passed[door.index()] = true;
        self.person_inside = door == Door::Entry && !self.person_inside;
        self.log.push(Happening::Passed(door));
        self.report(Event::Passed(door));
        self.close(now_ms, door);
    }

    fn move_door(&mut self, now_ms: u64, door: Door) {
        let at = door.index();
        match self.doors[at] {
            Motion::Opening { until_ms } if now_ms >= until_ms => {
                self.doors[at] = Motion::Open { since_ms: now_ms };
                self.log.push(Happening::Opened(door));
                self.report(Event::Opened(door));
            }
            Motion::Closing { until_ms } if self.obstacle[at] => {
                // Reverses for people (EN 17352, 4.4: reaction to an obstacle).
                self.log.push(Happening::Opening(door));
                self.doors[at] = Motion::Opening { until_ms: until_ms.max(now_ms) };
            }
            Motion::Closing { until_ms } if now_ms >= until_ms => {
                self.doors[at] = Motion::Closed;
                self.log.push(Happening::Closed(door));
                self.report(Event::Closed(door));
            }
            Motion::Open { since_ms } => {
                let walks = self.settings.walk_ms.is_some_and(|walk_ms| now_ms >= since_ms + walk_ms);
                if walks && !self.passed[at] && !self.emergency() && !self.obstacle[at] {
                    self.pass(now_ms, door);
                } else if self.passed[at] {
                    self.close(now_ms, door);
                }
            }
            _ => {}
        }
    }

    fn report(&mut self, event: Event) {
        self.sequence = self.sequence.wrapping_add(1);
        self.out.extend(event.frame(self.sequence).bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn order(turnstile: &mut Turnstile, now_ms: u64, command: Command) -> Vec<Happening> {
        turnstile.advance(now_ms, &command.frame(1).bytes()).1
    }

    #[test]
    fn a_person_walks_through_one_door_after_the_other() {
        let mut turnstile = Turnstile::new(Settings::default(), 0);
        order(&mut turnstile, 0, Command::Open(Door::Entry));
        assert_eq!(order(&mut turnstile, 10, Command::Open(Door::Exit)), [Happening::Refused(Door::Exit)]);
        let mut seen = Vec::new();
        for now in (20..1_000).step_by(10) {
            seen.extend(order(&mut turnstile, now, Command::Status));
        }
        use Happening::{Closed, Closing, Opened, Passed};
        assert_eq!(seen, [Opened(Door::Entry), Passed(Door::Entry), Closing(Door::Entry), Closed(Door::Entry)]);
        assert!(matches!(turnstile.status(), Event::Status { person_inside: true, .. }));
        assert!(order(&mut turnstile, 1_000, Command::Open(Door::Exit)).contains(&Happening::Opening(Door::Exit)));
    }

    #[test]
    fn without_a_heartbeat_it_closes_and_in_a_fire_it_opens() {
        let mut turnstile = Turnstile::new(Settings { walk_ms: None, ..Default::default() }, 0);
        order(&mut turnstile, 0, Command::Open(Door::Entry));
        turnstile.advance(200, &[]);
        let (_, log) = turnstile.advance(2_100, &[]);
        assert_eq!(log, [Happening::Watchdog, Happening::Closing(Door::Entry)]);
        turnstile.set_fire(2_200, true);
        let (_, log) = turnstile.advance(2_400, &[]);
        assert!(log.contains(&Happening::Opened(Door::Entry)) && log.contains(&Happening::Opened(Door::Exit)));
        order(&mut turnstile, 2_500, Command::CloseBoth);
        assert!(matches!(turnstile.status(), Event::Status { exit: DoorState::Open, fire: true, .. }));
    }

    fn action() -> impl Strategy<Value = (u8, u64)> {
        (0u8..12, 1u64..600)
    }

    proptest! {
        #[test]
        fn no_orders_ever_open_both_doors_without_an_emergency(actions in prop::collection::vec(action(), 1..60)) {
            let mut turnstile = Turnstile::new(Settings::default(), 0);
            let mut now = 0;
            for (action, wait) in actions {
                now += wait;
                match action {
                    0 => turnstile.set_obstacle(Door::Entry, true),
                    1 => Door::BOTH.into_iter().for_each(|door| turnstile.set_obstacle(door, false)),
                    2 => turnstile.walk(now, Door::Entry),
                    _ => {}
                }
                let command = match action {
                    3..=5 => Command::Open(Door::Entry),
                    6..=8 => Command::Open(Door::Exit),
                    9 => Command::CloseBoth,
                    10 => Command::Close(Door::Exit),
                    _ => Command::Status,
                };
                let log = order(&mut turnstile, now, command);
                prop_assert!(!log.contains(&Happening::Violation), "at {now}: {log:?}");
            }
        }
    }
}
