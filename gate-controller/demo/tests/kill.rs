//! kill -9 at random instants of crossings: no decided crossing is lost, no door opens without its journaled order, and
//! every crossing that began has exactly one record.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    thread,
    time::Duration,
};

use rand::RngExt as _;
use sallyport_demo::documents::{name, scene};
use sallyport_protocol::Outcome;
use serde_json::Value;
use support::{clear_out, world};

const KILLS: usize = 50;
/// A whole crossing takes about this long; a kill comes anywhere in it.
const CROSSING_MS: u64 = 2_600;

#[test]
fn fifty_kills_lose_no_decided_crossing_and_open_no_door() {
    let Some((_folder, mut world)) = world(|settings| {
        settings.alone = true;
        settings.face_attempt_ms = 300;
        settings.referral_ms = 400;
    }) else {
        return;
    };
    world.start_turnstile().unwrap();
    let (mut random, mut crossed) = (rand::rng(), 0);
    for kill in 0..KILLS {
        world.start_gate().unwrap();
        let gate = world.gate_pages();
        clear_out(&world, &gate);
        let impostor = kill % 3 == 2;
        gate.present(name::GENUINE, if impostor { scene::STRANGER } else { scene::TRAVELER }).unwrap();
        thread::sleep(Duration::from_millis(random.random_range(0..CROSSING_MS)));
        crossed += gate.records().map_or(0, |records| records.len());
        world.kill_gate().unwrap();
    }
    world.start_gate().unwrap();
    clear_out(&world, &world.gate_pages());
    world.stop_gate().unwrap();
    let journal = Journal::read(&world.path("gate/journal/journal.log"));
    journal.check(&world.turnstile_log().unwrap());
    eprintln!(
        "{KILLS} kills, {} crossings: {} ended before their kill, {} were decided, {} interrupted",
        journal.began.len(),
        crossed,
        journal.decided.len(),
        journal.finished.values().filter(|records| records[0]["outcome"] == "interrupted").count(),
    );
    assert!(journal.began.len() >= KILLS * 9 / 10);
    assert!(journal.decided.len() >= 5, "the kills came too early to tell anything");
    assert!(crossed < KILLS, "the kills came too late to tell anything");
}

struct Journal {
    began: BTreeSet<String>,
    decided: BTreeMap<String, Value>,
    finished: BTreeMap<String, Vec<Value>>,
    /// Wall times in ms of orders to open, by door; and whether by hand or under a decision that admits.
    orders: Vec<(String, i64, bool)>,
}

impl Journal {
    fn read(path: &Path) -> Self {
        let mut journal =
            Self { began: BTreeSet::new(), decided: BTreeMap::new(), finished: BTreeMap::new(), orders: Vec::new() };
        for line in fs::read_to_string(path).unwrap().lines() {
            let (at, entry) = line.split_once(' ').unwrap().1.split_once(' ').unwrap();
            let at = at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            let entry: Value = serde_json::from_str(entry).unwrap();
            let crossing = entry["crossing"].as_str().unwrap_or_default().to_owned();
            match entry["line"].as_str().unwrap() {
                "began" => assert!(journal.began.insert(crossing), "began twice"),
                "decided" => assert!(journal.decided.insert(crossing, entry).is_none(), "decided twice"),
                "door_ordered" => {
                    let admitted =
                        journal.decided.get(&crossing).is_some_and(|decided| decided["outcome"] == "accepted");
                    let by_hand = !entry["by"].is_null();
                    journal.orders.push((entry["door"].as_str().unwrap().to_owned(), at, admitted || by_hand));
                }
                "finished" => journal.finished.entry(crossing).or_default().push(entry),
                _ => {}
            }
        }
        journal
    }

    fn check(&self, turnstile: &str) {
        for crossing in &self.began {
            let records = self.finished.get(crossing).unwrap_or_else(|| panic!("{crossing} has no record"));
            assert_eq!(records.len(), 1, "{crossing} has several records");
            if let Some(decided) = self.decided.get(crossing) {
                assert_eq!(records[0]["outcome"], decided["outcome"], "{crossing}: what was decided stays decided");
            } else {
                assert_ne!(records[0]["outcome"], serde_json::to_value(Outcome::Accepted).unwrap());
            }
        }
        let happenings: Vec<Value> = turnstile.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(happenings.iter().all(|happening| happening["what"] != "violation"));
        // Each opening has an order of its own, written before it.
        let mut orders = self.orders.clone();
        for opening in happenings.iter().filter(|happening| happening["what"] == "opening") {
            let (door, at) = (opening["door"].as_str().unwrap(), opening["unix_ms"].as_i64().unwrap());
            let order = orders.iter().position(|(of, ordered, _)| of == door && *ordered <= at + 1);
            let (_, _, allowed) = orders.remove(order.unwrap_or_else(|| panic!("{door} opened without an order")));
            assert!(door == "entry" || allowed, "the exit opened without a decision to admit");
        }
    }
}
