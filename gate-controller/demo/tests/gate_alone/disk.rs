//! Disks that are full, and files on them that changed while the gate was stopped.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sallyport_demo::{
    crossings::CONNECTED,
    documents::{name, scene},
    world::wait_for,
};
use sallyport_protocol::{GateMode, OfficerChoice, Outcome, Reason};

use crate::{
    crossed,
    doors::{await_door, wait_inside},
    support::{clear_out, world},
};

/// A small file system of its own for the journal.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"].map(str::to_owned);
        let status = Command::new("mount").args(mount).arg(&folder).stderr(Stdio::null()).status();
        if !status.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: a full disk was not tried: no right to mount a small one");
            return None;
        }
        Some(Self(folder))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    fn fill(&self) {
        let mut file = fs::File::create(self.filler()).unwrap();
        while file.write_all(&[0; 64]).is_ok() {}
        // Dropped: held open it would keep its room.
    }

    fn is_full(&self) -> bool {
        OpenOptions::new().append(true).open(self.filler()).unwrap().write_all(&[0; 4096]).is_err()
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn journal(&self) -> String {
        fs::read_to_string(self.0.join("journal.log")).unwrap()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_doors_and_nothing_else() {
    let Some((_folder, mut world)) = world(|settings| settings.alone = true) else { return };
    let Some(disk) = SmallDisk::mount(world.path("gate/journal")) else { return };
    world.start_all().unwrap();
    let gate = world.gate_pages();
    crossed(&CONNECTED[0], &gate);
    disk.fill();
    // Some lines still fit into the file's last page: travelers come until the gate says why it takes no more.
    wait_for("the gate to say why", || {
        let traveler = gate.state()?["traveler"].clone();
        if gate.is_in_service()? {
            gate.take_away()?;
            gate.present(name::GENUINE, scene::TRAVELER)?;
        }
        Ok((traveler["instruction"] == "out_of_service" && traveler["reason"] == "DISK_FULL").then_some(()))
    })
    .unwrap();
    assert!(world.gate_is_alive());
    disk.make_room();
    gate.take_away().unwrap();
    clear_out(&world, &gate);
    crossed(&CONNECTED[0], &gate);
    world.stop_gate().unwrap();
    let journal = disk.journal();
    let count = |line: &str| journal.matches(&format!(r#""line":"{line}""#)).count();
    assert!(count("began") >= 3);
    assert!(count("finished") >= count("began"), "the record was kept until there was room");
    let opened = world.turnstile_log().unwrap().matches(r#""what":"opening""#).count();
    assert!(opened <= count("door_ordered"), "no door moved without its written order");
}

#[test]
fn a_full_disk_locks_nobody_in() {
    let Some((_folder, mut world)) = world(|settings| settings.alone = true) else { return };
    let Some(disk) = SmallDisk::mount(world.path("gate/journal")) else { return };
    world.start_all().unwrap();
    let gate = world.gate_pages();
    gate.log_in(&world.officer_password).unwrap();
    wait_inside(&gate);
    disk.fill();
    // What room is left in the file's last page, these take.
    wait_for("the disk to be full", || Ok(gate.set_mode(GateMode::InService).is_err().then_some(()))).unwrap();
    let referral = gate.referral().unwrap().unwrap();
    let crossing = referral["crossing"].as_str().unwrap().parse().unwrap();
    let refused = gate.decide(crossing, OfficerChoice::Refuse, "To the desk");
    assert!(refused.is_err(), "it was not written, so nobody is told that it was done");
    wait_for("the gate to say why", || Ok((gate.state()?["traveler"]["reason"] == "DISK_FULL").then_some(()))).unwrap();
    let state = gate.state().unwrap();
    assert_eq!(state["gate"]["entry"], "closed", "no door opens by itself: {state}");
    assert!(gate.records().unwrap().is_empty(), "the record waits for room");

    gate.turnstile("people").unwrap();
    gate.open_door("entry", "let out").unwrap();
    wait_for("the traveler to go", || Ok(world.turnstile_log()?.contains("closing").then_some(()))).unwrap();
    await_door(&gate, "entry", "closed");
    assert!(disk.is_full());
    disk.make_room();
    gate.take_away().unwrap();
    clear_out(&world, &gate);
    crossed(&CONNECTED[0], &gate);
    let record = gate.records().unwrap().remove(0);
    assert_eq!((record.outcome, record.reasons.as_slice()), (Outcome::Failed, &[Reason::DiskFull][..]));
    world.stop_gate().unwrap();
    let journal = disk.journal();
    assert!(journal.contains(r#""by":["officer","let out"]"#), "who opened it is written when there is room");
}

/// Changes a byte in every 64.
fn flip(path: &Path) {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().for_each(|entry| flip(&entry.unwrap().path()));
    }
    let mut bytes = fs::read(path).unwrap();
    let skip = if bytes.len() > 20 { 20 } else { 0 };
    bytes.iter_mut().skip(skip).step_by(64).for_each(|byte| *byte ^= 0x10);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_corrupt_store_is_told_and_put_right_by_itself() {
    let Some((_folder, mut world)) = world(|_| {}) else { return };
    world.start_all().unwrap();
    let gate = world.gate_pages();
    let card = CONNECTED.iter().rfind(|crossing| crossing.outcome == Outcome::Accepted).unwrap();
    // A gate serves before it has loaded what reads fingers, and refers fingers until then.
    crossed(&CONNECTED[0], &gate);
    crossed(card, &gate);
    // What the service gives anew is told until then; a damaged journal until somebody has looked into it.
    for (victim, told, stays) in [
        ("gate/cache", "the cache was destroyed", false),
        ("gate/cache-counter", "the cache was destroyed", false),
        ("gate/keys", "the cache was destroyed", false),
        ("gate/journal/journal.log", "the journal was damaged and put aside", true),
    ] {
        world.stop_gate().unwrap();
        world.stop_service().unwrap();
        flip(&world.path(victim));
        let before = fs::read(world.path("logs/gate.log")).unwrap().len();
        // Without the service nothing puts it right yet.
        world.start_gate().unwrap();
        gate.await_service().unwrap();
        let log = fs::read(world.path("logs/gate.log")).unwrap().split_off(before);
        assert!(String::from_utf8(log).unwrap().contains(told), "{victim}: {told}");
        let on_screen = || gate.state().unwrap()["gate"]["troubles"].to_string().contains(Reason::StoreCorrupt.code());
        wait_for("the officers to be told", || Ok(on_screen().then_some(()))).unwrap();
        world.start_service().unwrap();
        gate.await_connected().unwrap();
        assert_eq!(on_screen(), stays, "{victim}");
        crossed(card, &gate);
        crossed(&CONNECTED[0], &gate);
    }
    world.stop_gate().unwrap();
}
