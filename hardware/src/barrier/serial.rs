//! The serial driver: acknowledged commands, retries, and the controller's own interlock.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use super::{ACK, Barrier, BarrierError, Command, DoorState, Event, NAK, frame::Parser};

/// How long the device may take to acknowledge; its own watchdog is ten times as long.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(200);
const ATTEMPTS: u32 = 3;
/// How long one read of the line waits.
const READ_PATIENCE: Duration = Duration::from_millis(10);

/// A turnstile on a line.
pub struct SerialBarrier<L> {
    line: L,
    parser: Parser,
    events: VecDeque<Event>,
    sequence: u8,
    /// What is known of the doors; `None` until reported. Any doubt counts as not closed.
    doors: [Option<DoorState>; 2],
}

impl SerialBarrier<Box<dyn serialport::SerialPort>> {
    /// Opens a port, such as `/dev/ttyUSB0`, at 8N1.
    pub fn open(path: &str, baud: u32) -> Result<Self, BarrierError> {
        let port = serialport::new(path, baud)
            .timeout(READ_PATIENCE)
            .open()
            .map_err(|source| BarrierError::Open { path: path.to_owned(), source })?;
        Ok(Self::over(port))
    }
}

impl<L: Read + Write + Send> SerialBarrier<L> {
    /// A turnstile over this line, whose reads must time out within milliseconds.
    pub fn over(line: L) -> Self {
        Self { line, parser: Parser::default(), events: VecDeque::new(), sequence: 0, doors: [None; 2] }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Opened(door) => self.doors[door.index()] = Some(DoorState::Open),
            Event::Closed(door) => self.doors[door.index()] = Some(DoorState::Closed),
            Event::Status { entry, exit, .. } => self.doors = [Some(entry), Some(exit)],
            Event::Fire(true) => self.doors = [None; 2],
            _ => {}
        }
        self.events.push_back(event);
    }

    /// Reads what the line has; gives the answer to the command with this sequence, if it came.
    fn poll(&mut self, awaited: Option<u8>) -> io::Result<Option<u8>> {
        let mut buffer = [0; 256];
        match self.line.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => self.parser.feed(&buffer[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        let mut answer = None;
        while let Some(frame) = self.parser.next_frame() {
            if matches!(frame.kind, ACK | NAK) {
                if Some(frame.sequence) == awaited {
                    answer = Some(frame.kind);
                }
            } else if let Some(event) = Event::parse(&frame) {
                self.note(event);
            }
        }
        Ok(answer)
    }
}

impl<L: Read + Write + Send> Barrier for SerialBarrier<L> {
    fn send(&mut self, command: Command) -> Result<(), BarrierError> {
        if let Command::Open(door) = command {
            if self.doors[door.other().index()] != Some(DoorState::Closed) {
                return Err(BarrierError::Interlock);
            }
            self.doors[door.index()] = Some(DoorState::Moving);
        }
        if command == Command::EmergencyRelease(true) {
            self.doors = [None; 2];
        }
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = command.frame(self.sequence).bytes();
        for _ in 0..ATTEMPTS {
            self.line.write_all(&bytes)?;
            let deadline = Instant::now() + ACKNOWLEDGE_WITHIN;
            while Instant::now() < deadline {
                match self.poll(Some(self.sequence))? {
                    Some(ACK) => {
                        // A report of before the order may have come meanwhile; from now on the door is on its way.
                        if let Command::Open(door) = command
                            && self.doors[door.index()] == Some(DoorState::Closed)
                        {
                            self.doors[door.index()] = Some(DoorState::Moving);
                        }
                        return Ok(());
                    }
                    Some(_) => return Err(BarrierError::RefusedByDevice),
                    None => {}
                }
            }
        }
        Err(BarrierError::NoAnswer(ATTEMPTS))
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Event>, BarrierError> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            self.poll(None)?;
        }
    }
}
