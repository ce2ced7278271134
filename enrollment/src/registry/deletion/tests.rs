//! What is remembered of deletions, across restarts, and when gates and copies are past them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use jiff::ToSpan as _;
use sallyport_store::MemoryStore;

use super::{
    super::tests::{applicant, embedding, impression, keys, now, of, opened, order},
    *,
};
use crate::registry::Embedding;

fn gate(name: &str) -> GateId {
    name.parse().unwrap()
}

fn enrolled(registry: &Registry, card: &str) -> EnrollmentId {
    registry.enroll(applicant("Ana", card), Some(of(&embedding(1))), &[], "bo", now()).unwrap()
}

fn behind(generation: u32) -> Behind {
    Behind { at: now(), links: 2, links_dead_by: now(), generation, copies_dead_by: None }
}

#[test]
fn a_deletion_tells_what_was_destroyed_and_nothing_of_the_person() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let fingers = [1, 2].map(|number| impression(sallyport_protocol::FingerPosition::RightIndex, number));
    let face = Some(Embedding { model: "net", values: &embedding(1) });
    let id = registry.enroll(applicant("Ana Silva", "04A1B2C3"), face, &fingers, "bo", now()).unwrap();
    assert!(registry.has(id).unwrap() && registry.deletion(id).unwrap().is_none());
    let deletion = registry.delete(id, order(&["gate-1"])).unwrap();
    assert_eq!((deletion.codes, deletion.records, deletion.revision), (Some(3), 3, 2));
    assert_eq!(registry.deletion(id).unwrap().as_ref(), Some(&deletion));
    assert!(!registry.has(id).unwrap() && matches!(registry.get(id), Err(RegistryError::Unknown(_))));
    let told = serde_json::to_string(&deletion).unwrap();
    assert!(!told.contains("Ana") && !told.contains("04A1B2C3"), "{told}");

    let damaged = enrolled(&registry, "04A1B2C3");
    let key = damaged.as_bytes().to_vec();
    memory.apply_garbage(ENROLLMENTS, key);
    assert!(registry.has(damaged).unwrap(), "damaged is not gone");
    let deletion = registry.delete(damaged, order(&[])).unwrap();
    assert_eq!((deletion.codes, deletion.records), (None, 3), "card and revision were found");
    let (newest, count) = registry.deletions(1).unwrap();
    assert_eq!((newest.len(), count), (1, 2));
}

trait Damage {
    fn apply_garbage(&self, tree: &'static str, key: Vec<u8>);
}

impl Damage for MemoryStore {
    fn apply_garbage(&self, tree: &'static str, key: Vec<u8>) {
        use sallyport_store::Store as _;
        self.apply(vec![Change::Put { tree, key, value: b"garbage".to_vec() }]).unwrap();
    }
}

#[test]
fn a_gate_has_forgotten_when_it_reports_a_revision_of_our_history_past_the_tombstone() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let (ana, ben) = (enrolled(&registry, "04A1B2C3"), enrolled(&registry, "04A1B2C4"));
    let early = registry.changes(0, None, 10).unwrap();
    registry.delete(ana, order(&["gate-1", "gate-2"])).unwrap();
    registry.delete(ben, order(&["gate-1"])).unwrap();
    let page = registry.changes(0, None, 10).unwrap();
    let reached = |registry: &Registry, name, epoch, revision| {
        registry.note_reached(&gate(name), epoch, revision, now() + 1.minute()).unwrap()
    };
    assert_eq!(reached(&registry, "gate-1", Some(early.epoch), early.revision), 0, "not so far yet");
    assert_eq!(reached(&registry, "gate-1", None, page.revision), 0, "a revision of nobody knows which history");
    assert_eq!(
        reached(&registry, "gate-1", Some(EpochId::from_bytes([9; 16])), page.revision),
        0,
        "of another history"
    );
    assert_eq!(reached(&registry, "gate-1", Some(page.epoch), page.revision + 1), 0, "of a future that there is not");
    assert_eq!(reached(&registry, "gate-3", Some(page.epoch), page.revision), 0, "it was not there");
    assert_eq!(reached(&registry, "gate-1", Some(page.epoch), page.revision - 1), 1, "the first of both");
    assert_eq!(reached(&registry, "gate-1", Some(page.epoch), page.revision - 1), 0, "noted once");

    // What is outstanding is known after a restart, in the next epoch, too.
    let registry = opened(&memory, &keys);
    assert_eq!(reached(&registry, "gate-1", Some(page.epoch), page.revision), 1);
    let later = registry.changes(page.revision, Some(page.epoch), 10).unwrap();
    assert_ne!(later.epoch, page.epoch);
    let gates = |id| registry.deletion(id).unwrap().unwrap().gates;
    assert_eq!(gates(ana), [(gate("gate-1"), Some(now() + 1.minute())), (gate("gate-2"), None)].into());
    assert_eq!(gates(ben), [(gate("gate-1"), Some(now() + 1.minute()))].into());
    assert_eq!(reached(&registry, "gate-2", Some(later.epoch), later.revision), 1);
    assert!(gates(ana).values().all(Option::is_some));
}

#[test]
fn copies_are_dead_when_no_generation_is_left_that_sealed_them() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let ids = ["04A1B2C3", "04A1B2C4", "04A1B2C5"].map(|card| enrolled(&registry, card));
    for id in ids {
        registry.delete(id, order(&[])).unwrap();
    }
    assert_eq!(registry.unfinished_deletions().len(), 3);
    assert_eq!(registry.note_oldest_generation(9, now()).unwrap(), 0, "not known by what they are sealed");
    registry.note_behind(ids[0], behind(3)).unwrap();
    registry.note_behind(ids[1], behind(4)).unwrap();
    let registry = opened(&memory, &keys);
    assert_eq!(registry.unfinished_deletions(), [ids[2]]);
    assert_eq!(registry.note_oldest_generation(3, now()).unwrap(), 0);
    assert_eq!(registry.note_oldest_generation(4, now()).unwrap(), 1);
    let dead = |id| registry.deletion(id).unwrap().unwrap().copies_dead;
    assert_eq!((dead(ids[0]), dead(ids[1])), (Some(now()), None));
    assert_eq!(registry.note_oldest_generation(4, now()).unwrap(), 0);
    assert_eq!(registry.note_oldest_generation(5, now()).unwrap(), 1);
}

#[test]
fn deletions_are_forgotten_when_their_time_is_over_and_a_damaged_one_hinders_nothing() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let ids = ["04A1B2C3", "04A1B2C4", "04A1B2C5"].map(|card| enrolled(&registry, card));
    for (days, id) in ids.into_iter().enumerate() {
        let at = now() + (24 * days as i64).hours();
        registry.delete(id, Order { at, ..order(&["gate-1"]) }).unwrap();
    }
    memory.apply_garbage(DELETIONS, ids[2].as_bytes().to_vec());
    assert_eq!(registry.forget_deletions_before(now() + 1.hour()).unwrap(), 1);
    assert!(registry.deletion(ids[0]).unwrap().is_none());
    assert_eq!(registry.deletions(9).unwrap().1, 1);
    let page = registry.changes(0, None, 10).unwrap();
    assert_eq!(page.removed.len(), 3, "gates are told still");
    registry.note_reached(&gate("gate-1"), Some(page.epoch), page.revision, now()).unwrap();
    assert_eq!(registry.deletion(ids[1]).unwrap().unwrap().gates[&gate("gate-1")], Some(now()));
    assert_eq!(registry.unfinished_deletions(), [ids[1]], "the damaged one is not tried for ever");
}
