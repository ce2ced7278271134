//! The gate's cache against a model with the power cut at every write, and against thieves with its disk.
#![allow(clippy::unwrap_used)]

mod vaulted;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use proptest::prelude::*;
use sallyport_gate::cache::{Cache, CacheState};
use sallyport_privacy::keys::ApplicationKey;
use sallyport_protocol::*;
use sallyport_store::{Change, MemoryStore, Opening, Store as _, StoreError, UpkeepError};
use vaulted::{
    Disks, KEEP, ROTATE_EVERY, card, enrollment, page,
    power::{Cut, Power},
};

const CARDS: u8 = 3;
const ACTIVE: EnrollmentStatus = EnrollmentStatus::Active;

#[derive(Debug, Clone)]
enum Step {
    /// (enrollment, card, version), enrollments to forget, whether more waits.
    Page(Vec<(u8, u8, u8)>, Vec<u8>, bool),
    /// Another application key.
    Key(u8),
    Destroy,
    Pass(u8),
    KeepUp,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let changed = prop::collection::vec((0..3u8, 0..CARDS, any::<u8>()), 0..3);
    let removed = prop::collection::vec(0..3u8, 0..2);
    prop_oneof![
        6 => (changed, removed, prop::bool::weighted(0.2)).prop_map(|(a, b, more)| Step::Page(a, b, more)),
        1 => (1..4u8).prop_map(Step::Key),
        1 => Just(Step::Destroy),
        2 => (1..40u8).prop_map(Step::Pass),
        2 => Just(Step::KeepUp),
        1 => Just(Step::Reopen),
    ]
}

/// What the gate must know: also what a look at it gives.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    /// Enrollment -> card and version.
    enrollments: BTreeMap<u8, (u8, u32)>,
    key: Option<u32>,
    state: CacheState,
}

impl Model {
    fn page(&self, changed: &[(u8, u8, u8)], removed: &[u8], more: bool) -> EnrollmentPage {
        let new = u64::from(!changed.is_empty() || !removed.is_empty());
        let changed = changed.iter().map(|&(id, card, version)| enrollment(id, card, version.into(), ACTIVE));
        let page = page(self.state.revision + new, changed.collect(), removed);
        EnrollmentPage { more, key_generation: self.key.unwrap_or_default(), ..page }
    }

    fn take(&mut self, page: &EnrollmentPage, now: Timestamp) {
        for id in &page.removed {
            self.enrollments.remove(&id.as_bytes()[0]);
        }
        for one in &page.changed {
            let number = (0..CARDS).find(|number| card(*number) == one.card).unwrap();
            self.enrollments.insert(one.id.as_bytes()[0], (number, one.version));
        }
        self.state = CacheState {
            revision: page.revision,
            epoch: Some(page.epoch),
            key_generation: page.key_generation,
            synced: if page.more { self.state.synced } else { Some(now) },
            heard: Some(now),
        };
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.state.heard.is_some_and(|heard| now.duration_since(heard) > KEEP)
    }

    /// Card -> enrollment and version, of those that one enrollment claims.
    fn found(&self) -> BTreeMap<u8, (u8, u32)> {
        let claims = |number| self.enrollments.iter().filter(move |(_, claim)| claim.0 == number);
        let sole = |number| match &claims(number).collect::<Vec<_>>()[..] {
            [(id, (_, version))] => Some((number, (**id, *version))),
            _ => None,
        };
        (0..CARDS).filter_map(sole).collect()
    }
}

type Seen = (BTreeMap<u8, (u8, u32)>, Option<u32>, CacheState);

fn expected(model: &Model) -> Seen {
    (model.found(), model.key, model.state)
}

fn seen(cache: &Cache) -> Seen {
    let find = |number| cache.find(&card(number)).unwrap().map(|one| (number, (one.id.as_bytes()[0], one.version)));
    ((0..CARDS).filter_map(find).collect(), cache.keys().generation(), cache.state().unwrap())
}

fn is_dark(error: &UpkeepError) -> bool {
    error.to_string().contains("the power is cut")
}

/// Runs the steps with this cut. Gives how many writes there were.
fn run(steps: &[Step], cut: Option<Cut>) -> usize {
    let (disks, power) = (Disks::new(true), Arc::new(Power::with(cut)));
    let mut cache = match Cache::open(disks.parts(&power), Opening::AsLeft) {
        Ok(cache) => cache,
        Err(error) => {
            assert!(is_dark(&error), "{error}");
            assert_eq!(seen(&disks.open().unwrap()), expected(&Model::default()));
            return usize::MAX;
        }
    };
    let (mut model, mut copies) = (Model::default(), Vec::new());
    for step in steps {
        let (mut after, now) = (model.clone(), disks.now());
        let mut destroys = false;
        let result = match step {
            Step::Page(changed, removed, more) => {
                let page = model.page(changed, removed, *more);
                after.take(&page, now);
                cache.take(&page).map(drop).map_err(UpkeepError::from)
            }
            Step::Key(generation) => {
                after.key = Some((*generation).into());
                after.state.heard = Some(now);
                let key = ApplicationKey::received(&[*generation; 32], (*generation).into());
                cache.keep_key(key).map_err(UpkeepError::from)
            }
            Step::Destroy => {
                (after, destroys) = (Model::default(), true);
                cache.destroy()
            }
            Step::Pass(hours) => {
                disks.pass((*hours).into());
                Ok(())
            }
            Step::KeepUp => {
                destroys = model.is_over(now);
                if destroys {
                    after = Model::default();
                }
                cache.keep_up()
            }
            Step::Reopen => Cache::open(disks.parts(&power), Opening::AsLeft).map(|opened| cache = opened),
        };
        if let Err(error) = result {
            assert!(is_dark(&error), "{error}");
            // Light again: all of the step, or nothing of it; half a destruction ends in a whole one.
            let again = if destroys { disks.open_whatever_it_is() } else { disks.open().unwrap() };
            let found = seen(&again);
            assert!(
                found == expected(&model) || found == expected(&after),
                "{found:?}: neither {model:?} nor {after:?}"
            );
            again.keep_up().unwrap();
            again.destroy().unwrap();
            assert_eq!(seen(&again), expected(&Model::default()));
            return usize::MAX;
        }
        model = after;
        assert_eq!(seen(&cache), expected(&model), "{step:?}");
        let kept =
            model.enrollments.len() + usize::from(model.key.is_some()) + usize::from(model.state.heard.is_some());
        assert_eq!(disks.copied_envelopes().len(), kept, "one envelope a record");
        // Of what was copied before a rotation or destruction, nothing opens after it.
        let present = disks.present_keys();
        copies.retain(|(generation, _)| {
            *generation == present.newest() || {
                assert!(present.generations().all(|kept| kept > *generation), "one generation is kept");
                false
            }
        });
        copies.extend(disks.copied_envelopes().into_iter().map(|copy| (present.newest(), copy)));
        assert!(copies.iter().all(|(_, (place, sealed))| present.open(place, sealed).is_ok()), "by the present key");
    }
    power.writes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn with_the_power_cut_at_every_write_it_agrees_with_one_revision_wholly(steps in prop::collection::vec(step(), 1..12)) {
        let writes = run(&steps, None);
        for at in 0..writes {
            for done in [false, true] {
                run(&steps, Some(Cut { at, done }));
            }
        }
    }
}

fn key(generation: u8) -> ApplicationKey {
    ApplicationKey::received(&[generation; 32], generation.into())
}

/// Whoever has the disks and the present keys, and these envelopes of some time ago: whether any opens.
fn opens(disks: &Disks, envelopes: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let present = disks.present_keys();
    envelopes.iter().any(|(place, sealed)| present.open(place, sealed).is_ok())
}

#[test]
fn what_is_forgotten_is_dead_in_every_copy_within_one_rotation() {
    let disks = Disks::new(true);
    let cache = disks.open().unwrap();
    cache.keep_key(key(1)).unwrap();
    cache.take(&page(1, vec![enrollment(1, 1, 1, ACTIVE), enrollment(2, 2, 1, ACTIVE)], &[])).unwrap();
    cache.keep_up().unwrap();
    let copied = disks.copied_envelopes();
    cache.take(&page(2, Vec::new(), &[1])).unwrap();
    assert!(opens(&disks, &copied), "the copy and the present keys, for now");
    disks.pass(11);
    cache.take(&page(2, Vec::new(), &[])).unwrap();
    cache.keep_up().unwrap();
    assert!(opens(&disks, &copied));
    disks.pass(1);
    assert_eq!(disks.now().duration_since("2026-11-24T12:00:00Z".parse().unwrap()), ROTATE_EVERY);
    cache.keep_up().unwrap();
    assert!(!opens(&disks, &copied));
    assert_eq!(cache.find(&card(2)).unwrap().unwrap().version, 1, "and the present still opens");
    assert_eq!(disks.open().unwrap().find(&card(2)).unwrap().unwrap().version, 1);
}

#[test]
fn a_changed_enrollment_and_a_replaced_application_key_get_other_keys() {
    let disks = Disks::new(true);
    let cache = disks.open().unwrap();
    cache.keep_key(key(1)).unwrap();
    cache.take(&page(1, vec![enrollment(1, 1, 1, ACTIVE)], &[])).unwrap();
    let before = disks.copied_envelopes();
    cache.take(&page(2, vec![enrollment(1, 1, 2, ACTIVE)], &[])).unwrap();
    cache.keep_key(key(2)).unwrap();
    let places = |envelopes: Vec<(Vec<u8>, Vec<u8>)>| envelopes.into_iter().map(|(place, _)| place).collect::<Vec<_>>();
    let kept: Vec<_> =
        places(disks.copied_envelopes()).into_iter().filter(|place| places(before.clone()).contains(place)).collect();
    assert_eq!(kept.len(), 1, "the state's alone");
    // An application key is replaced when it was lost: no waiting then.
    assert!(opens(&disks, &before));
    cache.keep_up().unwrap();
    assert!(!opens(&disks, &before));
    let again = disks.open().unwrap();
    assert_eq!((again.keys().generation(), again.find(&card(1)).unwrap().unwrap().version), (Some(2), 2));
}

#[test]
fn no_code_serves_any_longer_once_the_key_was_revoked() {
    let disks = Disks::new(true);
    let cache = disks.open().unwrap();
    cache.take(&page(2, vec![enrollment(1, 1, 1, ACTIVE), enrollment(2, 2, 1, ACTIVE)], &[])).unwrap();
    assert!(cache.find(&card(1)).unwrap().unwrap().code.is_some());
    // The first page of the synchronization tells of the new key, a later one of the second enrollment.
    let revoked = EnrollmentForGate { code: None, key_generation: 2, revoked: true, ..enrollment(1, 1, 2, ACTIVE) };
    let first = EnrollmentPage { key_generation: 2, more: true, ..page(3, vec![revoked], &[]) };
    cache.take(&first).unwrap();
    for number in [1, 2] {
        let found = cache.find(&card(number)).unwrap().unwrap();
        assert!(found.code.is_none() && found.revoked, "{number}");
    }
}

#[test]
fn a_cache_that_the_service_left_alone_for_too_long_is_destroyed() {
    let disks = Disks::new(true);
    let cache = disks.open().unwrap();
    cache.keep_up().unwrap();
    cache.keep_key(key(1)).unwrap();
    cache.take(&page(1, vec![enrollment(1, 1, 1, ACTIVE)], &[])).unwrap();
    disks.pass(71);
    // That the service said nothing new counts.
    cache.take(&page(1, Vec::new(), &[])).unwrap();
    let copied = disks.copied_envelopes();
    disks.pass(72);
    cache.keep_up().unwrap();
    assert!(cache.find(&card(1)).unwrap().is_some());
    disks.pass(1);
    let reopened = disks.open().unwrap();
    for cache in [&reopened, &cache] {
        cache.keep_up().unwrap();
        assert_eq!(seen(cache), expected(&Model::default()));
    }
    assert!(disks.copied_envelopes().is_empty() && !opens(&disks, &copied));

    // A clock that is far from where it was: nobody knows how old it is.
    reopened.take(&page(1, vec![enrollment(1, 1, 1, ACTIVE)], &[])).unwrap();
    disks.pass(-200);
    reopened.keep_up().unwrap();
    assert_eq!(seen(&reopened), expected(&Model::default()));
}

#[test]
fn what_the_service_says_again_and_again_is_written_once_a_minute() {
    let disks = Disks::new(true);
    let power = Arc::new(Power::default());
    let cache = Cache::open(disks.parts(&power), Opening::AsLeft).unwrap();
    cache.take(&page(1, vec![enrollment(1, 1, 1, ACTIVE)], &[])).unwrap();
    let (writes, began) = (power.writes(), disks.now());
    let hand = disks.hand.as_ref().unwrap();
    for second in 1..60 {
        hand.0.fetch_add(1_000, std::sync::atomic::Ordering::SeqCst);
        let state = cache.take(&page(1, Vec::new(), &[])).unwrap();
        assert_eq!(state.synced, Some(began + std::time::Duration::from_secs(second)));
    }
    assert_eq!(power.writes(), writes);
    assert_eq!(disks.open().unwrap().state().unwrap().synced, Some(began), "older than it is, never newer");
    hand.0.fetch_add(1_000, std::sync::atomic::Ordering::SeqCst);
    cache.take(&page(1, Vec::new(), &[])).unwrap();
    assert!(power.writes() > writes);
    assert_eq!(disks.open().unwrap().state().unwrap().synced, Some(disks.now()));
}

/// Trees of one disk, as they were.
type Copy = Vec<(&'static str, Vec<(Vec<u8>, Vec<u8>)>)>;

fn copy(store: &MemoryStore) -> Copy {
    let trees = ["enrollments", "state", "application-key", "vault-manifest", "envelopes"];
    trees.map(|tree| (tree, store.scan(tree, None, 99).unwrap())).into()
}

fn put_back(store: &MemoryStore, copy: &Copy) {
    store.clear().unwrap();
    let entries = copy.iter().flat_map(|(tree, entries)| entries.iter().map(move |entry| (*tree, entry.clone())));
    store.apply(entries.map(|(tree, (key, value))| Change::Put { tree, key, value }).collect()).unwrap();
}

#[test]
fn whoever_was_suspended_does_not_pass_by_an_older_copy_of_the_disk() {
    type Attack = fn(&Disks, &Copy, &Copy);
    let attacks: [(&str, Attack); 5] = [
        ("the records", |disks, records, _| put_back(&disks.records, records)),
        ("the envelopes", |disks, _, envelopes| put_back(&disks.envelopes, envelopes)),
        ("both", |disks, records, envelopes| {
            put_back(&disks.records, records);
            put_back(&disks.envelopes, envelopes);
        }),
        ("one record", |disks, records, _| {
            let (key, value) = records[0].1[0].clone();
            disks.records.apply(vec![Change::Put { tree: "enrollments", key, value }]).unwrap();
        }),
        ("nothing, but the keys are lost", |disks, _, _| {
            disks.parts(&Arc::default()).key.generations().renew().unwrap();
        }),
    ];
    for (what, attack) in attacks {
        let disks = Disks::new(true);
        let cache = disks.open().unwrap();
        cache.keep_key(key(1)).unwrap();
        cache.take(&page(1, vec![enrollment(1, 1, 1, ACTIVE)], &[])).unwrap();
        let (records, envelopes) = (copy(&disks.records), copy(&disks.envelopes));
        cache.take(&page(2, vec![enrollment(1, 1, 1, EnrollmentStatus::Suspended)], &[])).unwrap();
        attack(&disks, &records, &envelopes);
        // While it runs ...
        let found = cache.find(&card(1));
        let suspended = |found: &Option<EnrollmentForGate>| {
            found.as_ref().is_none_or(|one| one.status == EnrollmentStatus::Suspended)
        };
        assert!(found.as_ref().map_or_else(StoreError::is_damage, suspended), "{what}: {found:?}");
        if found.is_err() {
            assert!(cache.is_damaged());
            cache.destroy().unwrap();
            assert_eq!(seen(&cache), expected(&Model::default()), "{what}");
            cache.take(&page(2, vec![enrollment(1, 1, 1, EnrollmentStatus::Suspended)], &[])).unwrap();
            assert!(!cache.is_damaged() && cache.find(&card(1)).unwrap().is_some());
            put_back(&disks.records, &records);
        }
        // ... and when it starts again.
        assert!(disks.open().is_err(), "{what}");
        assert_eq!(seen(&disks.open_whatever_it_is()), expected(&Model::default()), "{what}");
        assert!(!opens(&disks, &envelopes[4].1), "{what}: what was copied is dead, too");
    }
}
