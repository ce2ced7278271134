//! Records against a model, day by day, with copies of the store kept from every step.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use proptest::prelude::*;
use sallyport_privacy::{
    keys::{FileKeyStore, RootKey},
    vault::{Header, Vault},
};
use sallyport_protocol::{Outcome, Reason, TokenKind};
use sallyport_store::{Entries, MemoryStore};

use super::*;

const KEPT_DAYS: u16 = 3;
const DAY_S: i64 = 24 * 60 * 60;

fn record(gate: &GateId, number: u8, second: i64) -> CrossingRecord {
    CrossingRecord {
        crossing: CrossingId::from_bytes([number; 16]),
        gate: gate.clone(),
        began: Timestamp::from_second(second - 5).unwrap(),
        ended: Timestamp::from_second(second).unwrap(),
        token: TokenKind::TrustedTravelerCard,
        issuer: None,
        enrollment: None,
        outcome: Outcome::Accepted,
        reasons: vec![Reason::FaceMatchedEnrollment],
        officer: None,
        measurement: None,
        timeline: Vec::new(),
        doors: Vec::new(),
    }
}

fn of(number: u8, enrollment: EnrollmentId) -> CrossingRecord {
    CrossingRecord { enrollment: Some(enrollment), ..record(&gate(), number, 0) }
}

fn gate() -> GateId {
    "gate-1".parse().unwrap()
}

fn person(number: u8) -> EnrollmentId {
    EnrollmentId::from_bytes([number; 16])
}

fn noon(day: i64) -> Timestamp {
    Timestamp::from_second((20_000 + day) * DAY_S + DAY_S / 2).unwrap()
}

fn all(_: EnrollmentId) -> Result<bool, StoreError> {
    Ok(true)
}

struct World {
    _folder: tempfile::TempDir,
    memory: Arc<MemoryStore>,
    keys: Arc<FileKeyStore>,
    crossings: Crossings,
}

impl World {
    fn new() -> Self {
        // To stretch a passphrase takes long, so all worlds have one root.
        static ROOT: OnceLock<RootKey> = OnceLock::new();
        let folder = tempfile::tempdir().unwrap();
        let created = || RootKey::create(&folder.path().join("root.json"), "a passphrase for tests").unwrap();
        let keys = Arc::new(FileKeyStore::open(&folder.path().join("keys"), ROOT.get_or_init(created)).unwrap());
        let memory = Arc::new(MemoryStore::new());
        let crossings = Crossings::open(memory.clone(), keys.clone(), KEPT_DAYS, noon(0)).unwrap();
        Self { _folder: folder, memory, keys, crossings }
    }

    fn reopen(&mut self, now: Timestamp) {
        self.crossings = Crossings::open(self.memory.clone(), self.keys.clone(), KEPT_DAYS, now).unwrap();
    }

    fn store(&self, records: Vec<CrossingRecord>) -> Vec<CrossingId> {
        self.crossings.store(&gate(), RecordBatch { records }, all).unwrap().stored
    }

    fn numbers(&self) -> Vec<u8> {
        numbers(&self.crossings.page(None, 1_000).unwrap())
    }

    fn days(&self) -> Vec<i64> {
        let day = |name: String| Some(name.strip_prefix("crossings-")?.parse::<i64>().unwrap() - 20_000);
        self.keys.names().unwrap().into_iter().filter_map(day).collect()
    }
}

fn numbers(page: &CrossingPage) -> Vec<u8> {
    page.crossings.iter().map(|crossing| crossing.as_ref().unwrap().crossing.as_bytes()[0]).collect()
}

#[test]
fn crossings_come_newest_first_in_pages_and_once_each() {
    let world = World::new();
    let times = [(1, 500), (2, -500), (3, 1_000), (4, 500)];
    let records: Vec<_> = times.iter().map(|(number, at)| record(&gate(), *number, *at)).collect();
    for _ in 0..2 {
        assert_eq!(world.store([records.clone(), records.clone()].concat()).len(), 8);
    }
    assert_eq!(world.numbers(), [3, 1, 4, 2]);
    let first = world.crossings.page(None, 2).unwrap();
    let second = world.crossings.page(first.older.as_deref(), 2).unwrap();
    assert_eq!((numbers(&first), numbers(&second)), (vec![3, 1], vec![4, 2]));
    assert!(first.older.is_some() && second.older.is_none());
}

#[test]
fn a_gate_reports_for_itself_only() {
    let (world, gate) = (World::new(), gate());
    let other: GateId = "gate-2".parse().unwrap();
    let store = |gate: &GateId, records| world.crossings.store(gate, RecordBatch { records }, all);
    let mixed = vec![record(&gate, 1, 0), record(&other, 2, 0)];
    assert!(matches!(store(&gate, mixed), Err(ReportError::AnotherGate { .. })));
    assert!(world.memory.scan(RECORDS, None, 10).unwrap().is_empty(), "nothing was stored");
    store(&gate, vec![record(&gate, 1, 0)]).unwrap();
    assert!(matches!(store(&other, vec![record(&other, 1, 0)]), Err(ReportError::AnothersCrossing(_))));
    let many = vec![record(&gate, 1, 0); RecordBatch::RECORDS_MAX + 1];
    assert!(matches!(store(&gate, many), Err(ReportError::TooMany(_))));
}

#[test]
fn a_damaged_record_is_shown_as_such_and_mended_by_the_next_upload() {
    let world = World::new();
    let records = vec![record(&gate(), 1, 10), record(&gate(), 2, 20)];
    world.store(records.clone());
    world.memory.apply(vec![Change::Put { tree: RECORDS, key: vec![2; 16], value: b"garbage".to_vec() }]).unwrap();
    let page = world.crossings.page(None, 10).unwrap();
    assert!(matches!(page.crossings[..], [Err(_), Ok(_)]));
    world.store(records);
    assert_eq!(world.numbers(), [2, 1]);
}

#[test]
fn a_record_that_comes_after_the_deletion_names_nobody() {
    let world = World::new();
    world.store(vec![of(1, person(1)), of(2, person(2)), record(&gate(), 3, 0)]);
    assert_eq!(world.crossings.forget(person(1)).unwrap(), 1);
    let late = RecordBatch { records: vec![of(4, person(1)), of(5, person(2))] };
    world.crossings.store(&gate(), late, |id| Ok(id != person(1))).unwrap();
    assert!(world.crossings.of(person(1)).unwrap().is_empty());
    let mut others: Vec<_> =
        world.crossings.of(person(2)).unwrap().iter().map(|it| it.crossing.as_bytes()[0]).collect();
    others.sort_unstable();
    assert_eq!((others, world.numbers().len()), (vec![2, 5], 5), "the crossings themselves stay");
}

#[test]
fn a_clock_that_ran_ahead_makes_nothing_that_comes_later_older_or_younger() {
    let world = World::new();
    world.store(vec![record(&gate(), 1, 0)]);
    world.crossings.keep_up(noon(2)).unwrap();
    world.store(vec![record(&gate(), 2, 0)]);
    world.crossings.keep_up(noon(1)).unwrap();
    world.store(vec![record(&gate(), 3, 0)]);
    assert_eq!(world.days(), [0, 1, 2]);
    assert_eq!(world.numbers(), [1, 2, 3]);
    world.crossings.keep_up(noon(2 + i64::from(KEPT_DAYS))).unwrap();
    assert_eq!(world.numbers(), [2], "each ends with the day that was told when it came");
}

/// A store whose disk fails after so many batches.
struct Failing {
    store: Arc<MemoryStore>,
    left: AtomicUsize,
}

impl Store for Failing {
    fn get(&self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(tree, key)
    }

    fn scan(&self, tree: &'static str, after: Option<&[u8]>, limit: usize) -> Result<Entries, StoreError> {
        self.store.scan(tree, after, limit)
    }

    fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let cut = |_| StoreError::Disk("the power was cut".into());
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).map_err(cut)?;
        self.store.apply(changes)
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.store.clear()
    }
}

#[test]
fn what_an_earlier_version_kept_is_taken_over_however_often_that_is_cut_short() {
    let count = 2 * CHUNK + 7;
    let crossing = |number: usize| CrossingId::from_bytes((number as u128).to_be_bytes());
    let world = World::new();
    let former = SealedStore::new(world.memory.clone(), Vault::new(&[7; 32]));
    for number in 0..count {
        let whose = person(if number.is_multiple_of(2) { 1 } else { 2 });
        let record = CrossingRecord { crossing: crossing(number), ..of(0, whose) };
        let order = newest_first(&record);
        let put = former.seal(FORMER[0], record.crossing.as_bytes(), &record).unwrap();
        former.apply(vec![put, former.seal(FORMER[1], &order, &record.crossing).unwrap()]).unwrap();
    }
    let garbage = |tree| Change::Put { tree, key: vec![0xff; 24], value: b"garbage".to_vec() };
    former.apply(FORMER.map(garbage).to_vec()).unwrap();
    let mut cuts = 0;
    loop {
        let store = Arc::new(Failing { store: world.memory.clone(), left: AtomicUsize::new(1) });
        let crossings = Crossings::open(store, world.keys.clone(), KEPT_DAYS, noon(0)).unwrap();
        match crossings.take_over(&former, |id| Ok(id == person(1))) {
            Ok(_) => break,
            Err(StoreError::Disk(_)) => cuts += 1,
            Err(other) => panic!("{other}"),
        }
        assert!(cuts < 20);
    }
    assert!(cuts >= 4, "each batch was cut off once");
    assert!(FORMER.iter().all(|tree| world.memory.scan(tree, None, 1).unwrap().is_empty()));
    let page = world.crossings.page(None, 2 * count).unwrap();
    assert_eq!(page.crossings.len(), count);
    let linked: Vec<_> = page.crossings.iter().filter_map(|record| record.as_ref().unwrap().enrollment).collect();
    assert_eq!((linked.len(), linked.iter().all(|id| *id == person(1))), (count.div_ceil(2), true));
    // They end with the day of the move.
    world.crossings.keep_up(noon(1 + i64::from(KEPT_DAYS))).unwrap();
    assert!([RECORDS, NEWEST_FIRST, BY_DAY].iter().all(|tree| world.memory.scan(tree, None, 1).unwrap().is_empty()));
}

#[derive(Debug, Clone)]
enum Step {
    /// Records of these crossings, of this person if it is one.
    Store(Vec<u8>, Option<u8>),
    Forget(u8),
    /// So many days later.
    Later(i64),
    KeepUp,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (prop::collection::vec(1u8..60, 1..4), prop::option::of(1u8..3))
            .prop_map(|(numbers, whose)| Step::Store(numbers, whose)),
        1 => (1u8..3).prop_map(Step::Forget),
        3 => (1i64..3).prop_map(Step::Later),
        3 => Just(Step::KeepUp),
        1 => Just(Step::Reopen),
    ]
}

/// What the model knows of a record: the day of its key, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    day: i64,
    whose: Option<u8>,
}

fn copied(memory: &MemoryStore) -> Entries {
    memory.scan(RECORDS, None, usize::MAX).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What is kept is what came on days that are not over; what is over opens from no copy that was ever made, with
    /// whatever keys there are.
    #[test]
    fn records_end_with_their_day_in_every_copy(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        let (mut now, mut key_day, mut first) = (0i64, 0i64, 0i64);
        let (mut model, mut copies) = (BTreeMap::<u8, Known>::new(), Vec::<Entries>::new());
        for step in steps {
            match step {
                Step::Store(numbers, whose) => {
                    let named = |number: &u8| CrossingRecord { enrollment: whose.map(person), ..record(&gate(), *number, 0) };
                    world.store(numbers.iter().map(named).collect());
                    for number in numbers {
                        model.entry(number).or_insert(Known { day: key_day, whose });
                    }
                }
                Step::Forget(whose) => {
                    let mine = |known: &&mut Known| known.whose == Some(whose);
                    let expected = model.values_mut().filter(mine).map(|known| known.whose = None).count();
                    prop_assert_eq!(world.crossings.forget(person(whose)).unwrap(), expected as u64);
                }
                Step::Later(days) => now += days,
                Step::KeepUp => {
                    world.crossings.keep_up(noon(now)).unwrap();
                    (key_day, first) = (now, now - i64::from(KEPT_DAYS));
                    model.retain(|_, known| known.day >= first);
                    prop_assert!(world.days().iter().all(|day| (first..=now).contains(day)));
                }
                Step::Reopen => {
                    world.reopen(noon(now));
                    key_day = now;
                }
            }
            copies.push(copied(&world.memory));
            prop_assert_eq!(world.numbers(), model.keys().copied().collect::<Vec<_>>());
            for whose in 1..3u8 {
                let found = world.crossings.of(person(whose)).unwrap();
                let wanted = model.iter().filter(|(_, known)| known.whose == Some(whose));
                let wanted: Vec<_> = wanted.map(|(number, _)| *number).collect();
                prop_assert_eq!(found.iter().map(|record| record.crossing.as_bytes()[0]).collect::<Vec<_>>(), wanted);
            }
            let keys = Daily::new(&*world.keys, CROSSING_KEYS).all(Daily::day(noon(key_day))).unwrap();
            for (key, sealed) in copies.iter().flatten() {
                let day = i64::from(Header::parse(sealed).unwrap().generation) - 20_000;
                let place = [RECORDS.as_bytes(), &[0], key].concat();
                prop_assert_eq!(keys.open(&place, sealed).is_ok(), day >= first, "day {} of {}", day, first);
            }
        }
    }
}
