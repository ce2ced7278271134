//! The vault store against a model with the power cut at every write, and against somebody who writes to its disks.
#![allow(clippy::unwrap_used)]

mod power;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use jiff::{Timestamp, ToSpan as _};
use power::{Counter, Cut, Hand, Power, Powered};
use proptest::prelude::*;
use sallyport_privacy::vault::{ManifestKey, Material, Retention, Vault};
use sallyport_store::{
    Change, Entries, MemoryStore, NoAnchor, Opening, Store, StoreError, VaultChange, VaultKeys, VaultStore,
};
use zeroize::Zeroizing;

const TREES: [&str; 2] = ["faces", "galleries"];

/// What survives a restart.
struct Disks {
    records: Arc<MemoryStore>,
    envelopes: Arc<MemoryStore>,
    counter: Arc<Counter>,
    clock: Arc<Hand>,
    generations: u32,
}

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

impl Disks {
    fn new() -> Self {
        let clock = Arc::new(Hand(noon().as_millisecond().into()));
        let (records, envelopes, counter) = Default::default();
        Self { records, envelopes, counter, clock, generations: 1 }
    }

    fn envelope_key(&self) -> Vault {
        (2..=self.generations)
            .fold(Vault::new(&[1; 32]), |vault, number| vault.with_generation(number, &[number as u8; 32]))
    }

    fn keys(&self) -> VaultKeys {
        VaultKeys { envelopes: self.envelope_key(), manifest: ManifestKey::new(&[99; 32]) }
    }

    fn open(&self) -> Result<VaultStore, StoreError> {
        self.opened(&Arc::default(), Opening::AsLeft)
    }

    fn opened(&self, power: &Arc<Power>, opening: Opening) -> Result<VaultStore, StoreError> {
        let store = |memory: &Arc<MemoryStore>| Arc::new(Powered(memory.clone(), power.clone()));
        let (records, envelopes) = (store(&self.records), store(&self.envelopes));
        let anchor = Arc::new(Powered(self.counter.clone(), power.clone()));
        VaultStore::open(records, envelopes, anchor, self.clock.clone(), &TREES, self.keys(), opening)
    }

    fn envelope_count(&self) -> usize {
        self.envelopes.scan("envelopes", None, 1_000).unwrap().len()
    }
}

fn put(tree: &'static str, key: u8, plain: &[u8], expires: Option<Timestamp>) -> VaultChange {
    VaultChange::Put { tree, key: vec![key], plain: Zeroizing::new(plain.to_vec()), expires }
}

fn remove(tree: &'static str, key: u8) -> VaultChange {
    VaultChange::Remove { tree, key: vec![key] }
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// (tree, key, value or removal, hours until it ends)
    Apply(Vec<(usize, u8, Option<u8>, Option<u8>)>),
    Pass(u8),
    SetBack(u8),
    Purge,
    Rotate,
    Clear,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let change = (0usize..2, 0u8..3, prop::option::weighted(0.7, any::<u8>()), prop::option::of(0u8..4));
    prop_oneof![
        6 => prop::collection::vec(change, 1..4).prop_map(Step::Apply),
        1 => (0u8..3).prop_map(Step::Pass),
        1 => (0u8..3).prop_map(Step::SetBack),
        2 => Just(Step::Purge),
        1 => Just(Step::Rotate),
        1 => Just(Step::Clear),
        1 => Just(Step::Reopen),
    ]
}

/// Value, and when it ends.
type Model = BTreeMap<(usize, u8), (u8, i64)>;

fn applied(model: &Model, changes: &[(usize, u8, Option<u8>, Option<u8>)], now_ms: i64) -> Model {
    let mut model = model.clone();
    for &(tree, key, value, hours) in changes {
        let ends = hours.map_or(i64::MAX, |hours| now_ms + i64::from(hours) * 3_600_000);
        match value {
            Some(value) => drop(model.insert((tree, key), (value, ends))),
            None => drop(model.remove(&(tree, key))),
        }
    }
    model
}

fn shown(store: &VaultStore) -> BTreeMap<(usize, u8), u8> {
    let mut shown = BTreeMap::new();
    for (at, tree) in TREES.into_iter().enumerate() {
        for key in store.keys(tree, None, 100).unwrap() {
            shown.insert((at, key[0]), store.get(tree, &key).unwrap().unwrap()[0]);
        }
    }
    shown
}

fn alive(model: &Model, now_ms: i64) -> BTreeMap<(usize, u8), u8> {
    model.iter().filter(|(_, (_, ends))| *ends > now_ms).map(|(place, (value, _))| (*place, *value)).collect()
}

/// Runs the steps with this cut. Gives how many writes there were.
fn run(steps: &[Step], cut: Option<Cut>) -> usize {
    let (mut disks, power) = (Disks::new(), Arc::new(Power::with(cut)));
    let mut store = disks.opened(&power, Opening::AsLeft).unwrap();
    let mut model = Model::new();
    // The latest time that the store saw, and that it wrote down.
    let mut latest_ms = disks.clock.0.load(Ordering::SeqCst);
    let mut noted_ms = 0;
    for step in steps {
        let now_ms = disks.clock.0.load(Ordering::SeqCst);
        latest_ms = latest_ms.max(now_ms);
        let mut after = model.clone();
        let result = match step {
            Step::Apply(changes) => {
                after = applied(&model, changes, latest_ms);
                let change = |&(tree, key, value, hours): &(usize, u8, Option<u8>, Option<u8>)| match value {
                    Some(value) => {
                        let ends = hours.map(|hours: u8| {
                            Timestamp::from_millisecond(latest_ms).unwrap() + i64::from(hours).hours()
                        });
                        put(TREES[tree], key, &[value], ends)
                    }
                    None => remove(TREES[tree], key),
                };
                store.apply(changes.iter().map(change).collect()).map(drop)
            }
            Step::Purge => {
                after.retain(|_, (_, ends)| *ends > latest_ms);
                store.purge().map(drop)
            }
            Step::Pass(hours) => {
                disks.clock.0.fetch_add(i64::from(*hours) * 3_600_000, Ordering::SeqCst);
                Ok(())
            }
            Step::SetBack(hours) => {
                disks.clock.0.fetch_sub(i64::from(*hours) * 3_600_000, Ordering::SeqCst);
                Ok(())
            }
            Step::Rotate => {
                disks.generations += 1;
                store.rotate(disks.envelope_key());
                store.reseal(None, 100).map(drop)
            }
            Step::Clear => {
                after.clear();
                store.clear()
            }
            Step::Reopen => disks.opened(&power, Opening::AsLeft).map(|opened| store = opened),
        };
        if let Err(error) = result {
            assert!(error.to_string().contains("the power is cut"), "{error}");
            // Light again: all of the step, or nothing of it; and no envelope without a record.
            let store = match disks.open() {
                Err(error) if *step == Step::Clear => {
                    assert!(error.is_damage(), "{error}");
                    disks.opened(&Arc::default(), Opening::Anew).unwrap()
                }
                other => other.unwrap(),
            };
            if *step == Step::Clear && disks.envelope_count() == 0 {
                // Cut after the keys: nothing opens, whatever the records look like.
                let keys =
                    TREES.map(|tree| store.keys(tree, None, 100).unwrap().into_iter().map(move |key| (tree, key)));
                assert!(keys.into_iter().flatten().all(|(tree, key)| store.get(tree, &key).is_err()));
                return usize::MAX;
            }
            let found = shown(&store);
            let fits = |model: &Model| [latest_ms, noted_ms.max(now_ms)].iter().any(|&at| alive(model, at) == found);
            assert!(fits(&model) || fits(&after), "{found:?}, neither {model:?} nor {after:?}");
            store.purge().unwrap();
            assert!(disks.envelope_count() <= model.len().max(after.len()));
            return usize::MAX;
        }
        match step {
            Step::Apply(_) => noted_ms = latest_ms,
            Step::Purge if after.len() < model.len() => noted_ms = latest_ms,
            // Nothing is left that time could prolong.
            Step::Clear => (latest_ms, noted_ms) = (now_ms, 0),
            Step::Reopen => latest_ms = noted_ms.max(now_ms),
            _ => {}
        }
        model = after;
        latest_ms = latest_ms.max(disks.clock.0.load(Ordering::SeqCst));
        assert_eq!(shown(&store), alive(&model, latest_ms));
        assert_eq!(disks.envelope_count(), model.len(), "one envelope a record");
    }
    power.writes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn with_the_power_cut_at_every_write_a_change_is_there_wholly_or_not_at_all(steps in prop::collection::vec(step(), 1..12)) {
        let writes = run(&steps, None);
        for at in 0..writes {
            for done in [false, true] {
                run(&steps, Some(Cut { at, done }));
            }
        }
    }
}

/// A store with a face in two versions, and copies of its disks in between.
fn history() -> (Disks, Entries, Entries) {
    let disks = Disks::new();
    let store = disks.open().unwrap();
    store.apply(vec![put("faces", 1, b"suspended", None), put("faces", 2, b"other", None)]).unwrap();
    let (records, envelopes) = (copy(&disks.records, "faces"), copy(&disks.envelopes, "envelopes"));
    store.apply(vec![put("faces", 1, b"active", None)]).unwrap();
    (disks, records, envelopes)
}

fn copy(store: &MemoryStore, tree: &'static str) -> Entries {
    store.scan(tree, None, 1_000).unwrap()
}

fn write(store: &MemoryStore, tree: &'static str, key: &[u8], value: &[u8]) {
    store.apply(vec![Change::Put { tree, key: key.to_vec(), value: value.to_vec() }]).unwrap();
}

#[test]
fn a_record_put_back_is_noticed_while_running_and_at_the_start() {
    let (disks, old, _) = history();
    let store = disks.open().unwrap();
    assert_eq!(**store.get("faces", &[1]).unwrap().unwrap(), *b"active");
    write(&disks.records, "faces", &[1], &old[0].1);
    let error = store.get("faces", &[1]).unwrap_err();
    assert!(error.to_string().contains("another one was put back"), "{error}");
    assert_eq!(**store.get("faces", &[2]).unwrap().unwrap(), *b"other", "others are not hidden");
    assert!(matches!(disks.open(), Err(StoreError::Disagrees)));
}

#[test]
fn records_swapped_moved_cut_changed_taken_out_or_brought_back_are_noticed() {
    type Attack = fn(&Disks, &Entries);
    let attacks: [(&str, Attack); 6] = [
        ("swapped", |disks, _| {
            let now = copy(&disks.records, "faces");
            write(&disks.records, "faces", &now[0].0, &now[1].1);
            write(&disks.records, "faces", &now[1].0, &now[0].1);
        }),
        ("moved to another tree", |disks, _| {
            let now = copy(&disks.records, "faces");
            write(&disks.records, "galleries", &now[0].0, &now[0].1);
        }),
        ("cut", |disks, _| {
            let now = copy(&disks.records, "faces");
            write(&disks.records, "faces", &now[0].0, &now[0].1[..20]);
        }),
        ("prolonged", |disks, _| {
            let mut now = copy(&disks.records, "faces");
            now[0].1[0] ^= 1;
            write(&disks.records, "faces", &now[0].0, &now[0].1);
        }),
        ("taken out", |disks, _| {
            disks.records.apply(vec![Change::Remove { tree: "faces", key: vec![1] }]).unwrap();
        }),
        ("brought back", |disks, old| {
            disks.open().unwrap().apply(vec![remove("faces", 1)]).unwrap();
            write(&disks.records, "faces", &old[0].0, &old[0].1);
        }),
    ];
    for (name, attack) in attacks {
        let (disks, old, _) = history();
        attack(&disks, &old);
        assert!(matches!(disks.open(), Err(StoreError::Disagrees)), "{name}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    let (disks, ..) = history();
    let sound = copy(&disks.records, "faces");
    for at in 0..sound[0].1.len() {
        let mut changed = sound[0].1.clone();
        changed[at] ^= 0x40;
        write(&disks.records, "faces", &[1], &changed);
        let found = disks.open().and_then(|store| store.get("faces", &[1]));
        assert!(matches!(found, Err(StoreError::Disagrees | StoreError::Corrupt { .. })), "byte {at}");
    }
}

#[test]
fn envelopes_swapped_or_taken_out_are_noticed_when_the_record_is_read() {
    let (disks, _, envelopes) = history();
    write(&disks.envelopes, "envelopes", &envelopes[0].0, &envelopes[1].1);
    let store = disks.open().unwrap();
    assert!(matches!(store.get("faces", &[1]), Err(StoreError::Corrupt { .. })));
    disks.envelopes.apply(vec![Change::Remove { tree: "envelopes", key: envelopes[1].0.clone() }]).unwrap();
    assert!(store.get("faces", &[2]).unwrap_err().to_string().contains("envelope"));
    // What does not open any more can still be removed, and entered anew.
    store.apply(vec![remove("faces", 1), remove("faces", 2)]).unwrap();
    store.apply(vec![put("faces", 1, b"anew", None)]).unwrap();
    assert_eq!(**disks.open().unwrap().get("faces", &[1]).unwrap().unwrap(), *b"anew");
}

#[test]
fn a_whole_store_put_back_is_noticed_by_its_anchor_and_can_be_taken_as_restored() {
    let (disks, ..) = history();
    let whole = |store: &MemoryStore| ["faces", "vault-manifest", "envelopes"].map(|tree| (tree, copy(store, tree)));
    let (records, envelopes) = (whole(&disks.records), whole(&disks.envelopes));
    disks.open().unwrap().apply(vec![remove("faces", 1)]).unwrap();
    for (store, trees) in [(&disks.records, records), (&disks.envelopes, envelopes)] {
        for (tree, entries) in trees {
            entries.iter().for_each(|(key, value)| write(store, tree, key, value));
        }
    }
    assert!(matches!(disks.open(), Err(StoreError::RolledBack { found: 2, least: 3 })));
    let (records, envelopes, anchor) = (disks.records.clone(), disks.envelopes.clone(), Arc::new(NoAnchor));
    let unanchored =
        VaultStore::open(records, envelopes, anchor, disks.clock.clone(), &TREES, disks.keys(), Opening::AsLeft);
    assert!(unanchored.is_ok(), "without an anchor it is not");
    let restored = disks.opened(&Arc::default(), Opening::Restored).unwrap();
    assert_eq!(**restored.get("faces", &[1]).unwrap().unwrap(), *b"active");
    assert!(restored.apply(vec![put("faces", 3, b"new", None)]).unwrap() > 3, "no number is given twice");
    assert!(disks.open().is_ok());
}

#[test]
fn a_destroyed_envelope_is_dead_in_every_copy_once_its_key_was_rotated_away() {
    let (mut disks, old_records, old_envelopes) = history();
    let store = disks.open().unwrap();
    store.apply(vec![remove("faces", 1)]).unwrap();
    assert_eq!(disks.envelope_count(), 1);
    disks.generations = 2;
    store.rotate(disks.envelope_key());
    let (mut after, mut done) = (None::<Vec<u8>>, 0);
    loop {
        let step = store.reseal(after.as_deref(), 1).unwrap();
        done += step.done;
        assert_eq!(**store.get("faces", &[2]).unwrap().unwrap(), *b"other", "readable all the while");
        after = step.after;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(done, 1);
    let new_only = disks.envelope_key().without_generations_before(2);
    store.rotate(new_only);
    assert_eq!(**store.get("faces", &[2]).unwrap().unwrap(), *b"other");
    // A backup of both disks from before, and all keys that are left: the record's key is gone.
    let left = disks.envelope_key().without_generations_before(2);
    assert_eq!(old_records.len(), 2);
    for (place, sealed) in old_envelopes {
        assert!(left.open(&place, &sealed).is_err());
    }
}

#[test]
fn material_is_gone_when_policy_says_whatever_the_clock_is_set_to() {
    let disks = Disks::new();
    let store = disks.open().unwrap();
    let expiry = Retention::default().expiry(Material::Gallery, noon());
    store.apply(vec![put("galleries", 1, b"flight", expiry), put("faces", 1, b"face", None)]).unwrap();
    let hours = |hours: i64| disks.clock.0.fetch_add(hours * 3_600_000, Ordering::SeqCst);
    hours(11);
    assert_eq!(store.purge().unwrap(), 0);
    assert_eq!(store.next_expiry().unwrap(), expiry);
    assert!(store.get("galleries", &[1]).unwrap().is_some());
    hours(1);
    assert!(store.get("galleries", &[1]).unwrap().is_none(), "not given out, though not purged yet");
    hours(-6);
    assert!(store.get("galleries", &[1]).unwrap().is_none(), "nor when the clock is set back");
    assert_eq!(store.purge().unwrap(), 1);
    assert_eq!((disks.envelope_count(), store.next_expiry().unwrap()), (1, None));
    assert!(copy(&disks.records, "galleries").is_empty());
    let again = disks.open().unwrap();
    again.apply(vec![put("galleries", 2, b"past", expiry)]).unwrap();
    assert!(again.get("galleries", &[2]).unwrap().is_none(), "the latest time is remembered over restarts");
}
