//! What the journal promises: kill -9 at random instants of crossings loses no decided crossing and opens no door, every
//! crossing that began has exactly one record, and an order is flushed before its door moves.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rand::RngExt as _;
use sallyport_demo::{
    crossings::CONNECTED,
    documents::{name, scene},
    gate::GatePages,
    world::{World, wait_for},
};
use sallyport_hardware::barrier::{self, Door, frame::Parser};
use serde_json::Value;
use support::{clear_out, world};

/// Gates that are killed at the same time, each in a world of its own.
const GATES: usize = 2;
const KILLS_EACH: usize = 26;
/// A whole crossing takes about this long; a kill comes anywhere in it.
const CROSSING_MS: u64 = 2_600;
/// From the decision to the exit's closing behind the traveler it takes about this long.
const DECIDED_MS: u64 = 600;

#[test]
fn fifty_kills_lose_no_decided_crossing_and_open_no_door() {
    let gates: Vec<_> = (0..GATES).map(|_| thread::spawn(killed_again_and_again)).collect();
    let mut tally = Tally::default();
    for gate in gates {
        let Some(seen) = gate.join().unwrap() else { return };
        tally = Tally {
            began: tally.began + seen.began,
            decided_unfinished: tally.decided_unfinished + seen.decided_unfinished,
            undecided: tally.undecided + seen.undecided,
        };
    }
    eprintln!("{} kills: {tally:?}", GATES * KILLS_EACH);
    assert!(tally.began >= GATES * KILLS_EACH * 9 / 10, "{tally:?}");
    assert!(tally.undecided >= 8, "the kills came too late to tell anything: {tally:?}");
    assert!(tally.decided_unfinished >= 8, "the kills came too early to tell anything: {tally:?}");
}

/// Crossings of one gate, by what its journal tells of them.
#[derive(Debug, Default)]
struct Tally {
    began: usize,
    /// Decided when the kill came, and not at their end.
    decided_unfinished: usize,
    /// Not yet decided when the kill came.
    undecided: usize,
}

fn killed_again_and_again() -> Option<Tally> {
    let (_folder, mut world) = world(|settings| {
        settings.alone = true;
        settings.face_attempt_ms = 300;
        settings.referral_ms = 400;
    })?;
    world.start_turnstile().unwrap();
    let (mut random, mut starts) = (rand::rng(), Vec::new());
    for kill in 0..KILLS_EACH {
        starts.push(jiff::Timestamp::now().as_millisecond());
        world.start_gate().unwrap();
        let gate = world.gate_pages();
        clear_out(&world, &gate);
        let impostor = kill % 6 == 4;
        gate.present(name::GENUINE, if impostor { scene::STRANGER } else { scene::TRAVELER }).unwrap();
        // Every other kill comes after the decision.
        let within_ms = if kill % 2 == 1 && await_decision(&gate) { DECIDED_MS } else { CROSSING_MS };
        thread::sleep(Duration::from_millis(random.random_range(0..within_ms)));
        world.kill_gate().unwrap();
    }
    starts.push(jiff::Timestamp::now().as_millisecond());
    world.start_gate().unwrap();
    clear_out(&world, &world.gate_pages());
    world.stop_gate().unwrap();
    let journal = Journal::read(&world.path("gate/journal/journal.log"));
    Some(journal.check(&world.turnstile_log().unwrap(), &starts))
}

/// Whether the traveler was sent through; some photograph may have been compared too late.
fn await_decision(gate: &GatePages) -> bool {
    wait_for("a decision", || {
        let sent = gate.state()?["traveler"]["instruction"] == "go_through";
        Ok((sent || !gate.records()?.is_empty()).then_some(sent))
    })
    .unwrap()
}

/// An order to open a door.
struct Ordered {
    door: Door,
    /// Wall time in ms.
    at: i64,
    /// Whether by hand or under a decision that admits.
    admits: bool,
    carried_out: bool,
}

#[derive(Default)]
struct Journal {
    began: BTreeSet<String>,
    decided: BTreeMap<String, Value>,
    finished: BTreeMap<String, Vec<Value>>,
    orders: Vec<Ordered>,
}

impl Journal {
    fn read(path: &Path) -> Self {
        let mut journal = Self::default();
        for line in fs::read_to_string(path).unwrap().lines() {
            let (at, entry) = line.split_once(' ').unwrap().1.split_once(' ').unwrap();
            let at = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            let entry: Value = serde_json::from_str(entry).unwrap();
            let crossing = entry["crossing"].as_str().unwrap_or_default().to_owned();
            match entry["line"].as_str().unwrap() {
                "began" => assert!(journal.began.insert(crossing), "began twice"),
                "decided" => assert!(journal.decided.insert(crossing, entry).is_none(), "decided twice"),
                "door_ordered" => {
                    let door = serde_json::from_value(entry["door"].clone()).unwrap();
                    let accepted = journal.decided.get(&crossing).is_some_and(|line| line["outcome"] == "accepted");
                    let admits = accepted || !entry["by"].is_null();
                    journal.orders.push(Ordered { door, at, admits, carried_out: false });
                }
                "finished" => journal.finished.entry(crossing).or_default().push(entry),
                _ => {}
            }
        }
        journal
    }

    /// `starts`: when the gate was started, each time.
    fn check(mut self, turnstile: &str, starts: &[i64]) -> Tally {
        let mut tally = Tally { began: self.began.len(), ..Tally::default() };
        for crossing in &self.began {
            let records = self.finished.get(crossing).unwrap_or_else(|| panic!("{crossing} has no record"));
            assert_eq!(records.len(), 1, "{crossing} has several records");
            let killed = records[0]["reasons"].as_array().unwrap().contains(&"CONTROLLER_INTERRUPTED".into());
            if let Some(decided) = self.decided.get(crossing) {
                assert_eq!(records[0]["outcome"], decided["outcome"], "{crossing}: what was decided stays decided");
                tally.decided_unfinished += usize::from(killed);
            } else {
                assert_ne!(records[0]["outcome"], "accepted", "{crossing}: nobody decided that");
                tally.undecided += usize::from(killed);
            }
        }
        let happenings: Vec<Value> = turnstile.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(happenings.iter().all(|happening| happening["what"] != "violation"));
        // Each opening has an order of its own: the last one for its door before it, from the same run of the gate.
        let run_of = |at: i64| starts.partition_point(|start| *start <= at);
        for opening in happenings.iter().filter(|happening| happening["what"] == "opening") {
            let door: Door = serde_json::from_value(opening["door"].clone()).unwrap();
            let at = opening["unix_ms"].as_i64().unwrap();
            let order = self.orders.iter_mut().rfind(|order| order.door == door && order.at <= at);
            let order = order.unwrap_or_else(|| panic!("{opening}: opened without an order"));
            assert!(run_of(order.at) == run_of(at), "{opening}: opened by an order of a run before");
            assert!(!std::mem::replace(&mut order.carried_out, true), "{opening}: opened twice by one order");
            assert!(door == Door::Entry || order.admits, "{opening}: opened without a decision to admit");
        }
        tally
    }
}

/// A kill leaves what was written in the system's memory, a power cut does not: only its calls tell of the flush.
#[test]
fn an_order_is_on_the_disk_before_its_door_moves() {
    let Some((_folder, mut world)) = world(|settings| settings.alone = true) else { return };
    world.start_all().unwrap();
    let gate = world.gate_pages();
    let trace = world.path("trace");
    if !watch(&world, &trace) {
        return;
    }
    gate.log_in(&world.officer_password).unwrap();
    for expected in &CONNECTED[..3] {
        expected.cross(&gate).unwrap();
    }
    gate.open_door("entry", "to be looked at").unwrap();
    clear_out(&world, &gate);
    world.stop_gate().unwrap();
    let opened = Calls::default().read(&fs::read_to_string(trace).unwrap());
    let log = world.turnstile_log().unwrap();
    assert!(opened >= 6, "{opened} doors opened");
    assert_eq!(opened, log.matches(r#""what":"opening""#).count(), "each opening was seen in the trace");
}

/// Has the gate's writes and flushes written down.
fn watch(world: &World, trace: &Path) -> bool {
    let said = world.path("strace.log");
    let watcher = Command::new("strace")
        .args(["-f", "-y", "-s", "400", "-e", "trace=write,fdatasync,fsync", "-p"])
        .arg(world.gate_process().unwrap().to_string())
        .arg("-o")
        .arg(trace)
        .stdin(Stdio::null())
        .stderr(fs::File::create(&said).unwrap())
        .spawn();
    let Ok(mut watcher) = watcher else {
        eprintln!("SKIPPED: no strace: install the package to see the journal flushed");
        return false;
    };
    // It ends with the gate that it watches.
    let attached = wait_for("strace", || {
        let attached = fs::read_to_string(&said)?.contains("attached");
        Ok(if attached || watcher.try_wait()?.is_some() { Some(attached) } else { None })
    });
    if !attached.unwrap() {
        eprintln!("SKIPPED: strace may not watch: {}", fs::read_to_string(&said).unwrap());
        return false;
    }
    true
}

/// The gate's system calls, in order.
#[derive(Default)]
struct Calls {
    line: Parser,
    /// The order written last, and whether it was flushed since.
    ordered: Option<(Door, bool)>,
    last_sequence: Option<u8>,
}

impl Calls {
    /// Gives how many doors were ordered open.
    fn read(mut self, trace: &str) -> usize {
        let mut opened = 0;
        // Threads that flush while others call: the flush counts when it has returned.
        let mut flushing = BTreeSet::new();
        for line in trace.lines() {
            let Some((thread, call)) = line.split_once(' ') else { continue };
            let call = call.trim_start();
            if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
                let of_journal = call.contains("/journal/journal.log>");
                match call.ends_with("= 0") {
                    true if of_journal => self.flushed(),
                    false if of_journal => drop(flushing.insert(thread.to_owned())),
                    _ => {}
                }
            } else if call.contains("sync resumed>") && call.ends_with("= 0") && flushing.remove(thread) {
                self.flushed();
            } else if let Some(written) = call.strip_prefix("write(") {
                opened += self.written(written);
            }
        }
        opened
    }

    fn flushed(&mut self) {
        self.ordered = self.ordered.map(|(door, _)| (door, true));
    }

    /// Gives whether it is a new order to open on the turnstile's line.
    fn written(&mut self, arguments: &str) -> usize {
        let Some((file, text)) = arguments.split_once(">, \"") else { return 0 };
        let bytes = unescaped(text);
        if file.ends_with("/journal/journal.log") {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if text.contains(r#""line":"door_ordered""#) {
                let door = if text.contains(r#""door":"entry""#) { Door::Entry } else { Door::Exit };
                self.ordered = Some((door, false));
            }
        } else if file.contains("/dev/pts/") {
            self.line.feed(&bytes);
            while let Some(frame) = self.line.next_frame() {
                let Some(barrier::Command::Open(door)) = barrier::Command::parse(&frame) else { continue };
                if self.last_sequence.replace(frame.sequence) == Some(frame.sequence) {
                    continue; // sent again, since it was not acknowledged
                }
                assert_eq!(self.ordered.take(), Some((door, true)), "the order to open {door:?}, and whether flushed");
                return 1;
            }
        }
        0
    }
}

/// The bytes of a string as strace writes it, up to its closing quote.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'"', _) => break,
            (b'\\', [b'0'..=b'7', ..]) => {
                let digits = tail.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let value = tail[..digits].iter().fold(0, |value: u32, digit| value * 8 + u32::from(digit - b'0'));
                bytes.push(value as u8);
                rest = &tail[digits..];
            }
            (b'\\', [escaped, ..]) => {
                bytes.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 0x0B,
                    b'f' => 0x0C,
                    other => *other,
                });
                rest = &tail[1..];
            }
            (other, _) => bytes.push(*other),
        }
    }
    bytes
}
