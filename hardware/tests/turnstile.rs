//! The serial driver against the simulator as a process, over a real pseudo-terminal.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command as Process},
    time::{Duration, Instant},
};

use sallyport_hardware::barrier::{Barrier, BarrierError, Command, Door, DoorState, Event, SerialBarrier};
use tempfile::TempDir;

struct Simulator {
    process: Child,
    folder: TempDir,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Simulator {
    fn start(walk: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let process = Process::new(env!("CARGO_BIN_EXE_turnstile-sim"))
            .args(["--link".as_ref(), at("tty").as_os_str(), "--log".as_ref(), at("log").as_os_str()])
            .args(["--control".as_ref(), at("control").as_os_str(), walk.as_ref()])
            .spawn()
            .unwrap();
        let simulator = Self { process, folder };
        simulator.until("its line", || simulator.path("tty").exists());
        simulator
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn order(&self, order: &str) {
        let mut socket = UnixStream::connect(self.path("control")).unwrap();
        writeln!(socket, "{order}").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.trim(), "ok");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    fn connect(&self) -> SerialBarrier<Box<dyn serialport::SerialPort>> {
        SerialBarrier::open(self.path("tty").to_str().unwrap(), 115_200).unwrap()
    }
}

fn await_event(barrier: &mut impl Barrier, wanted: Event) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        barrier.send(Command::Status).unwrap();
        while let Some(event) = barrier.receive(Duration::from_millis(50)).unwrap() {
            if event == wanted {
                return;
            }
        }
    }
    panic!("waited in vain for {wanted:?}");
}

#[test]
fn a_traveler_walks_through_and_both_interlocks_hold() {
    let simulator = Simulator::start("--walk-ms=100");
    let mut barrier = simulator.connect();
    assert!(matches!(barrier.send(Command::Open(Door::Entry)), Err(BarrierError::Interlock)), "doors are unknown yet");
    barrier.send(Command::Status).unwrap();
    while !matches!(barrier.receive(Duration::from_secs(5)).unwrap(), Some(Event::Status { .. })) {}
    barrier.send(Command::Open(Door::Entry)).unwrap();
    assert!(matches!(barrier.send(Command::Open(Door::Exit)), Err(BarrierError::Interlock)));
    // The device refuses as well, whoever asks: bytes past the driver's own interlock.
    drop(barrier);
    let mut line = fs::OpenOptions::new().write(true).open(simulator.path("tty")).unwrap();
    line.write_all(&Command::Open(Door::Exit).frame(77).bytes()).unwrap();
    drop(line);
    simulator.until("the refusal in its log", || simulator.log().contains(r#""what":"refused""#));
    let mut barrier = simulator.connect();
    simulator.until("the traveler", || simulator.log().contains(r#""what":"closed""#));
    await_event(
        &mut barrier,
        Event::Status { entry: DoorState::Closed, exit: DoorState::Closed, fire: false, person_inside: true },
    );
    barrier.send(Command::Open(Door::Exit)).unwrap();
    await_event(&mut barrier, Event::Passed(Door::Exit));
    await_event(&mut barrier, Event::Closed(Door::Exit));
    assert!(!simulator.log().contains("violation"));
}

#[test]
fn an_unplugged_line_is_an_error_and_the_doors_close_by_themselves() {
    let simulator = Simulator::start("--no-walk");
    let mut barrier = simulator.connect();
    barrier.send(Command::Status).unwrap();
    barrier.receive(Duration::from_millis(500)).unwrap();
    barrier.send(Command::Open(Door::Entry)).unwrap();
    await_event(&mut barrier, Event::Opened(Door::Entry));
    simulator.order("unplug");
    let error = barrier.send(Command::Status).unwrap_err();
    assert!(matches!(error, BarrierError::LineLost(_)), "{error}");
    simulator.until("the watchdog to close", || simulator.log().contains(r#""what":"closed""#));
    simulator.order("plug");
    let mut barrier = simulator.connect();
    barrier.send(Command::Status).unwrap();
    assert!(matches!(SerialBarrier::open("/dev/no-such-port", 9600), Err(BarrierError::Open { .. })));
}

#[test]
fn a_fire_opens_both_doors() {
    let simulator = Simulator::start("--no-walk");
    let mut barrier = simulator.connect();
    simulator.order("fire on");
    await_event(&mut barrier, Event::Fire(true));
    simulator.until("both doors open", || simulator.log().matches(r#""what":"opened""#).count() == 2);
    assert!(matches!(barrier.send(Command::Open(Door::Exit)), Err(BarrierError::Interlock)));
}
