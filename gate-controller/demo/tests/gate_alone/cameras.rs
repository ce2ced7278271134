//! Cameras that are lost, one by one, and come back.

use std::fs;

use sallyport_demo::{
    documents::{name, scene},
    gate::GatePages,
    world::{World, wait_for},
};
use sallyport_protocol::{Outcome, Reason};

use crate::{doors::await_door, started, told};

/// The camera's pictures vanish, as a cable that is pulled, or are there again.
fn pull(world: &World, view: &str, pulled: bool) {
    let there = world.path("scenes").join(scene::TRAVELER).join(view);
    let away = there.with_extension("pulled");
    let (from, to) = if pulled { (there, away) } else { (away, there) };
    fs::rename(from, to).unwrap();
}

fn await_trouble(gate: &GatePages, reason: &str, there: bool) {
    wait_for(&format!("{reason}: {there}"), || {
        let troubles = gate.state()?["gate"]["troubles"].clone();
        let found = troubles.as_array().is_some_and(|troubles| troubles.iter().any(|trouble| trouble == reason));
        Ok((found == there).then_some(()))
    })
    .unwrap();
}

#[test]
fn a_totem_serves_with_what_is_left_of_it_and_says_so() {
    let Some((_folder, mut world, gate)) = started() else { return };
    gate.turnstile("people").unwrap();
    gate.present(name::GENUINE, scene::TRAVELER).unwrap();
    pull(&world, "upper", true);
    let record = wait_for("the crossing", || Ok(gate.records()?.pop())).unwrap();
    assert_eq!(record.outcome, Outcome::Accepted, "two cameras are enough: {:?}", record.reasons);
    // Whoever stands there still is what the lost camera does not see.
    await_trouble(&gate, "CAMERA_DEGRADED", true);
    pull(&world, "upper", false);
    await_trouble(&gate, "CAMERA_DEGRADED", false);
    gate.take_away().unwrap();

    // The last camera goes while somebody stands between the doors: an officer must look.
    gate.await_service().unwrap();
    gate.turnstile("nobody").unwrap();
    gate.present(name::GENUINE, scene::TRAVELER).unwrap();
    await_door(&gate, "entry", "open");
    for view in ["lower", "middle", "upper"] {
        pull(&world, view, true);
    }
    gate.turnstile("walk entry").unwrap();
    let end = wait_for("the end or a referral", || {
        Ok(gate.referral()?.map(|_| ()).or(gate.records()?.into_iter().nth(1).map(|_| ())))
    });
    end.unwrap();
    await_trouble(&gate, "CAMERA_UNAVAILABLE", true);
    assert_eq!(gate.state().unwrap()["gate"]["exit"], "closed");
    for view in ["lower", "middle", "upper"] {
        pull(&world, view, false);
    }
    await_trouble(&gate, "CAMERA_UNAVAILABLE", false);
    if let Some(record) = gate.records().unwrap().into_iter().nth(1) {
        assert!(told(&record, Reason::CameraUnavailable), "{:?}", record.reasons);
    }
    assert!(world.gate_is_alive());
    world.stop_gate().unwrap();
    assert!(!world.turnstile_log().unwrap().contains("violation"));
}
