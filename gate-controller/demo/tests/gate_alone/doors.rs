//! A line that breaks and a fire, before, while and after somebody stands between the doors.

use std::{
    thread,
    time::{Duration, Instant},
};

use sallyport_demo::{
    crossings::CONNECTED,
    documents::{name, scene},
    gate::GatePages,
    world::{World, wait_for},
};
use sallyport_protocol::{CrossingRecord, OfficerChoice, Outcome, Reason};

use crate::{crossed, started, support::clear_out};

/// Longer than the farewell, the machine's retries and the turnstile's watchdog together.
const LONG: Duration = Duration::from_secs(4);

pub(crate) fn await_door(gate: &GatePages, door: &str, position: &str) {
    wait_for(&format!("{door} {position}"), || Ok((gate.state()?["gate"][door] == position).then_some(()))).unwrap();
}

/// Whether the turnstile's own log tells this.
fn happened(world: &World, what: &str, door: &str) -> bool {
    let log = world.turnstile_log().unwrap();
    let mut happenings = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    happenings.any(|happening| happening["what"] == what && happening["door"] == door)
}

fn end_of_crossing(gate: &GatePages) -> CrossingRecord {
    wait_for("the end of the crossing", || Ok(gate.records()?.pop())).unwrap()
}

fn instruction(gate: &GatePages) -> (String, String) {
    let traveler = gate.state().unwrap()["traveler"].clone();
    let text = |name: &str| traveler[name].as_str().unwrap_or_default().to_owned();
    (text("instruction"), text("reason"))
}

/// Nobody walks by themselves any more: this traveler walks in, and the first door closes behind.
pub(crate) fn walk_in(gate: &GatePages, scene: &str) {
    gate.turnstile("nobody").unwrap();
    gate.present(name::GENUINE, scene).unwrap();
    await_door(gate, "entry", "open");
    gate.turnstile("walk entry").unwrap();
    await_door(gate, "entry", "closed");
}

/// A traveler waits between the closed doors for an officer.
pub(crate) fn wait_inside(gate: &GatePages) {
    walk_in(gate, scene::STRANGER);
    wait_for("the referral", || gate.referral()).unwrap();
}

/// People walk again, and all is as it was.
fn goes_on(mut world: World, gate: &GatePages) {
    gate.take_away().unwrap();
    gate.turnstile("people").unwrap();
    clear_out(&world, gate);
    gate.log_in(&world.officer_password).unwrap();
    crossed(&CONNECTED[0], gate);
    world.stop_gate().unwrap();
    assert!(!world.turnstile_log().unwrap().contains("violation"));
}

#[test]
fn a_line_that_breaks_before_anybody_is_inside_closes_the_gate() {
    let Some((_folder, world, gate)) = started() else { return };
    gate.turnstile("nobody").unwrap();
    gate.present(name::GENUINE, scene::TRAVELER).unwrap();
    await_door(&gate, "entry", "open");
    gate.turnstile("unplug").unwrap();
    let record = end_of_crossing(&gate);
    assert_eq!((record.outcome, record.reasons.as_slice()), (Outcome::Failed, &[Reason::BarrierLineLost][..]));
    wait_for("the door to close by itself", || Ok(happened(&world, "closed", "entry").then_some(()))).unwrap();
    assert_eq!(instruction(&gate), ("out_of_service".into(), "BARRIER_LINE_LOST".into()));
    assert_eq!(gate.state().unwrap()["gate"]["troubles"][0], "BARRIER_LINE_LOST");
    gate.turnstile("plug").unwrap();
    goes_on(world, &gate);
}

#[test]
fn a_line_that_breaks_while_somebody_is_inside_locks_nobody_in() {
    let Some((_folder, world, gate)) = started() else { return };
    wait_inside(&gate);
    let before = world.turnstile_log().unwrap().len();
    gate.turnstile("unplug").unwrap();
    let record = end_of_crossing(&gate);
    assert_eq!((record.outcome, record.reasons.as_slice()), (Outcome::Failed, &[Reason::BarrierLineLost][..]));
    gate.turnstile("plug").unwrap();
    wait_for("the gate to see the traveler", || Ok((instruction(&gate).1 == "PERSON_INSIDE").then_some(()))).unwrap();
    let moved = world.turnstile_log().unwrap().split_off(before);
    assert!(!moved.contains("opening"), "a door moved by itself: {moved}");
    // Refused: whoever is inside would have to meet the next.
    gate.take_away().unwrap();
    gate.present(name::GENUINE, scene::TRAVELER).unwrap();
    thread::sleep(Duration::from_millis(500));
    assert_eq!(instruction(&gate), ("out_of_service".into(), "PERSON_INSIDE".into()));
    goes_on(world, &gate);
}

#[test]
fn a_line_that_breaks_while_the_exit_is_open_changes_no_decision() {
    let Some((_folder, world, gate)) = started() else { return };
    walk_in(&gate, scene::TRAVELER);
    await_door(&gate, "exit", "open");
    gate.turnstile("unplug").unwrap();
    let record = end_of_crossing(&gate);
    assert_eq!(record.outcome, Outcome::Accepted);
    assert_eq!(record.reasons, [Reason::FaceMatchedChip, Reason::BarrierLineLost]);
    wait_for("the exit to close by itself", || Ok(happened(&world, "closed", "exit").then_some(()))).unwrap();
    gate.turnstile("plug").unwrap();
    wait_for("the gate to see the traveler", || Ok((instruction(&gate).1 == "PERSON_INSIDE").then_some(()))).unwrap();
    goes_on(world, &gate);
}

#[test]
fn in_a_fire_all_doors_stay_open_and_all_are_sent_out_while_it_lasts() {
    for inside in [false, true] {
        let Some((_folder, world, gate)) = started() else { return };
        if inside {
            wait_inside(&gate);
        } else {
            gate.turnstile("nobody").unwrap();
            gate.present(name::GENUINE, scene::TRAVELER).unwrap();
            await_door(&gate, "entry", "open");
        }
        gate.turnstile("fire on").unwrap();
        await_door(&gate, "entry", "open");
        await_door(&gate, "exit", "open");
        let record = end_of_crossing(&gate);
        assert_eq!((record.outcome, record.reasons.as_slice()), (Outcome::Failed, &[Reason::EmergencyRelease][..]));
        let began = Instant::now();
        while began.elapsed() < LONG {
            let state = gate.state().unwrap();
            assert_eq!(state["traveler"]["instruction"], "leave_now", "after {:?}: {state}", began.elapsed());
            assert!(state["gate"]["entry"] == "open" && state["gate"]["exit"] == "open", "{state}");
            thread::sleep(Duration::from_millis(50));
        }
        // No officer shuts a door on people who flee, nor opens one by hand to have it shut later.
        let decided = gate.decide(record.crossing, OfficerChoice::Accept, "too late");
        assert!(decided.is_err() && gate.open_door("entry", "in a fire").is_err());
        gate.turnstile("fire off").unwrap();
        await_door(&gate, "entry", "closed");
        await_door(&gate, "exit", "closed");
        goes_on(world, &gate);
    }
}
