//! Barriers: two doors on a serial line.
//!
//! A device reports [`Event::Passed`] only for a passage in the direction that its door is for: by the first door in, by
//! the second out, and back by the first when the way back is open. Whoever comes in against that direction must not
//! count as the traveler leaving; a device whose sensors cannot tell directions apart does not fit this trait.

pub mod frame;
mod serial;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use serial::SerialBarrier;

use self::frame::Frame;

/// A door of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The first door.
    Entry,
    /// The second door.
    Exit,
}

impl Door {
    /// Both doors.
    pub const BOTH: [Self; 2] = [Self::Entry, Self::Exit];

    /// The other door.
    pub fn other(self) -> Self {
        match self {
            Self::Entry => Self::Exit,
            Self::Exit => Self::Entry,
        }
    }

    /// 0 or 1, on the line and in arrays.
    pub fn index(self) -> usize {
        usize::from(self == Self::Exit)
    }

    fn parse(byte: u8) -> Option<Self> {
        Self::BOTH.get(usize::from(byte)).copied()
    }
}

/// What the controller orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Open this door; the device refuses it unless the other is closed.
    Open(Door),
    /// Close this door.
    Close(Door),
    /// Close both.
    CloseBoth,
    /// Open both for escape, or end that.
    EmergencyRelease(bool),
    /// Report; also the heartbeat.
    Status,
}

/// Position of a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorState {
    /// Closed and locked.
    Closed,
    /// Between.
    Moving,
    /// Open.
    Open,
}

/// What the device reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// This door reached its open position.
    Opened(Door),
    /// This door is closed and locked.
    Closed(Door),
    /// Somebody walked through, in the intended direction.
    Passed(Door),
    /// Something stands in the way.
    Obstacle(Door),
    /// It is gone.
    ObstacleCleared(Door),
    /// The fire input.
    Fire(bool),
    /// The device refused to open: the other door is not closed.
    Interlock,
    /// Answer to [`Command::Status`].
    Status {
        /// The first door.
        entry: DoorState,
        /// The second door.
        exit: DoorState,
        /// The fire input.
        fire: bool,
        /// Somebody stands between the doors.
        person_inside: bool,
    },
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BarrierError {
    /// The line cannot be opened.
    #[error(
        "the turnstile's line {path} cannot be opened ({source}): check the cable and [devices] in the configuration"
    )]
    Open {
        /// The port.
        path: String,
        /// Why.
        source: serialport::Error,
    },
    /// The line broke.
    #[error("the turnstile's line is lost ({0}): check cable and power")]
    LineLost(#[from] std::io::Error),
    /// No acknowledgment, several times.
    #[error("the turnstile does not acknowledge after {0} attempts: check cable and power")]
    NoAnswer(u32),
    /// This controller would have both doors open.
    #[error("refused: the other door is not known to be closed")]
    Interlock,
    /// The device refused for the same reason.
    #[error("the turnstile refused: the other door is not closed")]
    RefusedByDevice,
}

/// Two doors.
pub trait Barrier: Send {
    /// Sends a command and waits until the device acknowledged it. Events that come meanwhile are kept.
    fn send(&mut self, command: Command) -> Result<(), BarrierError>;
    /// The next event, waiting this long.
    fn receive(&mut self, patience: Duration) -> Result<Option<Event>, BarrierError>;
}

/// The device accepts.
pub(crate) const ACK: u8 = 0x06;
/// The device refuses because of its interlock.
pub(crate) const NAK: u8 = 0x15;

impl Command {
    /// The command as a frame.
    pub fn frame(self, sequence: u8) -> Frame {
        let (kind, payload) = match self {
            Self::Open(door) => (0x10, vec![door.index() as u8]),
            Self::Close(door) => (0x11, vec![door.index() as u8]),
            Self::CloseBoth => (0x12, vec![]),
            Self::EmergencyRelease(on) => (0x13, vec![u8::from(on)]),
            Self::Status => (0x14, vec![]),
        };
        Frame { sequence, kind, payload }
    }

    /// Reads a command.
    pub fn parse(frame: &Frame) -> Option<Self> {
        match (frame.kind, frame.payload.as_slice()) {
            (0x10, [door]) => Door::parse(*door).map(Self::Open),
            (0x11, [door]) => Door::parse(*door).map(Self::Close),
            (0x12, []) => Some(Self::CloseBoth),
            (0x13, [on @ 0..=1]) => Some(Self::EmergencyRelease(*on == 1)),
            (0x14, []) => Some(Self::Status),
            _ => None,
        }
    }
}

impl DoorState {
    fn parse(byte: u8) -> Option<Self> {
        [Self::Closed, Self::Moving, Self::Open].get(usize::from(byte)).copied()
    }
}

impl Event {
    /// The event as a frame.
    pub fn frame(self, sequence: u8) -> Frame {
        let of = |door: Door| vec![door.index() as u8];
        let (kind, payload) = match self {
            Self::Opened(door) => (0x20, of(door)),
            Self::Closed(door) => (0x21, of(door)),
            Self::Passed(door) => (0x22, of(door)),
            Self::Obstacle(door) => (0x23, of(door)),
            Self::ObstacleCleared(door) => (0x24, of(door)),
            Self::Fire(on) => (0x25, vec![u8::from(on)]),
            Self::Interlock => (0x26, vec![]),
            Self::Status { entry, exit, fire, person_inside } => {
                (0x27, vec![entry as u8, exit as u8, u8::from(fire), u8::from(person_inside)])
            }
        };
        Frame { sequence, kind, payload }
    }

    /// Reads an event.
    pub fn parse(frame: &Frame) -> Option<Self> {
        match (frame.kind, frame.payload.as_slice()) {
            (0x20, [door]) => Door::parse(*door).map(Self::Opened),
            (0x21, [door]) => Door::parse(*door).map(Self::Closed),
            (0x22, [door]) => Door::parse(*door).map(Self::Passed),
            (0x23, [door]) => Door::parse(*door).map(Self::Obstacle),
            (0x24, [door]) => Door::parse(*door).map(Self::ObstacleCleared),
            (0x25, [on @ 0..=1]) => Some(Self::Fire(*on == 1)),
            (0x26, []) => Some(Self::Interlock),
            (0x27, [entry, exit, fire @ 0..=1, person @ 0..=1]) => Some(Self::Status {
                entry: DoorState::parse(*entry)?,
                exit: DoorState::parse(*exit)?,
                fire: *fire == 1,
                person_inside: *person == 1,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn commands_and_events_round_trip() {
        let mut commands = vec![Command::CloseBoth, Command::Status];
        let mut events = vec![Event::Interlock];
        for door in Door::BOTH {
            commands.extend([Command::Open(door), Command::Close(door)]);
            events.extend([Event::Opened(door), Event::Closed(door), Event::Passed(door)]);
            events.extend([Event::Obstacle(door), Event::ObstacleCleared(door)]);
        }
        for flag in [false, true] {
            commands.push(Command::EmergencyRelease(flag));
            events.push(Event::Fire(flag));
            let (entry, exit) = (DoorState::Open, DoorState::Moving);
            events.push(Event::Status { entry, exit, fire: flag, person_inside: !flag });
        }
        for command in commands {
            assert_eq!(Command::parse(&command.frame(9)), Some(command));
        }
        for event in events {
            assert_eq!(Event::parse(&event.frame(9)), Some(event));
        }
        assert_eq!(Command::parse(&Frame { sequence: 0, kind: 0x10, payload: vec![2] }), None);
    }
}
