//! The registry against a model, seen through the replica that a gate keeps.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;
use sallyport_matcher::finger::{CylinderVectors, Minutia, MinutiaTemplate};
use sallyport_privacy::{
    keys::{ApplicationKey, ApplicationKeys, FileKeyStore, RootKey},
    template::{Code, EMBEDDING_LENGTH, FingerCode, protect},
};
use sallyport_protocol::EnrollmentForGate;
use sallyport_store::{MemoryStore, Store as _};

use super::*;

/// Keys in a folder that lasts as long as they are used.
pub(super) fn keys() -> (tempfile::TempDir, Keys) {
    let folder = tempfile::tempdir().unwrap();
    let root = RootKey::create(&folder.path().join("root.json"), "a passphrase for tests").unwrap();
    let store = Arc::new(FileKeyStore::open(&folder.path().join("keys"), &root).unwrap());
    (folder, Keys { root: Arc::new(root), store })
}

pub(super) fn opened(memory: &Arc<MemoryStore>, keys: &Keys) -> Registry {
    Registry::open(SealedStore::new(memory.clone(), keys.root.vault("store")), keys).unwrap()
}

/// The key that is in use.
fn newest(keys: &Keys) -> ApplicationKey {
    let stored = ApplicationKeys::new(&*keys.store, APPLICATION);
    stored.key(stored.newest().unwrap().unwrap()).unwrap()
}

pub(super) fn embedding(number: u8) -> Vec<f32> {
    (0..EMBEDDING_LENGTH).map(|at| ((at as f32 + 1.0) * (f32::from(number) + 0.7)).sin()).collect()
}

pub(super) fn of(values: &[f32]) -> Embedding<'_> {
    Embedding { model: "net", values }
}

/// Minutiae wherever this number throws them (Steele, Lea and Flood's SplitMix64).
fn minutiae(number: u8) -> MinutiaTemplate {
    let mut state = u64::from(number);
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f32::from(((mixed ^ (mixed >> 31)) >> 48) as u16) / 65_536.0
    };
    let mut minutia = || {
        let (x, y, direction) = (50.0 + 250.0 * draw(), 50.0 + 300.0 * draw(), std::f32::consts::TAU * draw());
        Minutia { x, y, direction, ..Minutia::default() }
    };
    MinutiaTemplate::new(400, 500, Zeroizing::new((0..40).map(|_| minutia()).collect()))
}

/// An impression of the finger at this place.
pub(super) fn impression(position: FingerPosition, number: u8) -> FingerImpression {
    FingerImpression::new(position, 80, vec![("ridges".to_owned(), minutiae(number))])
}

pub(super) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// A consent that lasts until this day, or as long as it may.
pub(super) fn given(purpose: Purpose, last_day: Option<&str>) -> Given {
    let last_day = last_day.map(|day| Expiry::parse(day, now()).unwrap());
    Given { purpose, last_day, language: "en".into() }
}

pub(super) fn applicant(name: &str, card: &str) -> Applicant {
    Applicant {
        name: PersonName::try_from(name.to_owned()).unwrap(),
        card: card.parse().unwrap(),
        expires: Expiry::parse("2027-01-31", now()).unwrap(),
        consents: Purpose::ALL.iter().map(|&purpose| given(purpose, None)).collect(),
    }
}

/// An order to delete, while there are these gates.
pub(super) fn order(gates: &[&str]) -> Order<'static> {
    let gates = gates.iter().map(|gate| gate.parse().unwrap()).collect();
    Order { by: "bo", reason: "delete", audit_entry: 7, at: now(), gates }
}

#[derive(Debug, Clone)]
enum Step {
    Enroll(u8, u8),
    Rephotograph(usize, u8),
    /// An impression of the right or left index finger; in place of all others, or beside them.
    Finger(usize, bool, u8, bool),
    SetStatus(usize, EnrollmentStatus),
    Delete(usize),
    Revoke(usize),
    /// Wholly, or only until the next generation of the key is there: somebody on the command line, or a stop.
    RevokeAll(bool),
    Sync(usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop::sample::select(vec![EnrollmentStatus::Active, EnrollmentStatus::Suspended]);
    prop_oneof![
        4 => (0u8..6, any::<u8>()).prop_map(|(card, face)| Step::Enroll(card, face)),
        2 => (0usize..6, any::<u8>()).prop_map(|(which, face)| Step::Rephotograph(which, face)),
        3 => (0usize..6, any::<bool>(), any::<u8>(), any::<bool>())
            .prop_map(|(which, left, number, anew)| Step::Finger(which, left, number, anew)),
        3 => (0usize..6, status).prop_map(|(which, status)| Step::SetStatus(which, status)),
        2 => (0usize..6).prop_map(Step::Delete),
        1 => (0usize..6).prop_map(Step::Revoke),
        1 => any::<bool>().prop_map(Step::RevokeAll),
        3 => (1usize..4).prop_map(Step::Sync),
        1 => Just(Step::Reopen),
    ]
}

/// What the model knows of an enrollment.
struct Known {
    card: u8,
    version: u32,
    status: EnrollmentStatus,
    face: Option<u8>,
    finger_version: u32,
    /// Of the right and of the left index finger.
    fingers: [Vec<u8>; 2],
    /// Whether face and fingers have to be taken anew.
    revoked: (bool, bool),
}

impl Known {
    fn revoke(&mut self) {
        let fingers = self.fingers.iter().any(|finger| !finger.is_empty());
        self.revoked = (self.revoked.0 || self.face.is_some(), self.revoked.1 || fingers);
        (self.face, self.fingers) = (None, Default::default());
        (self.version, self.finger_version) = (self.version + 1, self.finger_version + 1);
    }

    fn has_codes(&self) -> bool {
        self.face.is_some() || self.fingers.iter().any(|finger| !finger.is_empty())
    }
}

const INDEXES: [FingerPosition; 2] = [FingerPosition::RightIndex, FingerPosition::LeftIndex];

/// What a gate keeps.
#[derive(Default)]
struct Replica {
    revision: u64,
    epoch: Option<EpochId>,
    enrollments: BTreeMap<EnrollmentId, EnrollmentForGate>,
}

impl Replica {
    fn sync(&mut self, registry: &Registry, page_size: usize) {
        loop {
            let page = registry.changes(self.revision, self.epoch, page_size).unwrap();
            assert!(page.revision >= self.revision && page.changed.len() + page.removed.len() <= page_size);
            (self.revision, self.epoch) = (page.revision, Some(page.epoch));
            for id in page.removed {
                self.enrollments.remove(&id);
            }
            for enrollment in page.changed {
                self.enrollments.insert(enrollment.id, enrollment);
            }
            if !page.more {
                return;
            }
        }
    }

    fn check(&self, model: &BTreeMap<EnrollmentId, Known>, key: &ApplicationKey) {
        assert_eq!(self.enrollments.keys().collect::<Vec<_>>(), model.keys().collect::<Vec<_>>());
        for (id, known) in model {
            let kept = &self.enrollments[id];
            assert_eq!(kept.card.as_str(), format!("000000{:02X}", known.card));
            assert_eq!((kept.version, kept.status), (known.version, known.status));
            // One without codes is not sent again only because there is another key.
            let has_codes = kept.code.is_some() || !kept.fingers.is_empty();
            assert!(!has_codes || kept.key_generation == key.generation());
            assert_eq!(kept.revoked, known.revoked != (false, false));
            let seed = key.enrollment_seed(id.as_bytes(), known.version);
            let expected = known.face.map(|face| protect(&embedding(face), &seed).unwrap());
            let code = kept.code.as_ref().map(|code| Code::from_bytes(code.expose_bytes()).unwrap());
            assert_eq!(
                code.zip(expected.as_ref()).map(|(code, expected)| code.distance(expected)),
                expected.as_ref().map(|_| 0)
            );
            assert_eq!(kept.code.is_some(), expected.is_some());
            assert_eq!(kept.finger_version, known.finger_version);
            let projection = FingerProjection::new(&key.enrollment_seed(id.as_bytes(), known.finger_version));
            for (position, numbers) in INDEXES.into_iter().zip(&known.fingers) {
                let codes = kept.fingers.iter().filter(|codes| codes.position == position);
                let codes: Vec<_> =
                    codes.flat_map(|codes| &codes.impressions).map(ProtectedCode::expose_bytes).collect();
                let expected = numbers.iter().map(|number| protected(&projection, *number)).collect::<Vec<_>>();
                assert_eq!(codes, expected.iter().map(FingerCode::expose_bytes).collect::<Vec<_>>());
            }
        }
    }
}

fn protected(projection: &FingerProjection, number: u8) -> FingerCode {
    projection.protect(CylinderVectors::new(&minutiae(number)).iter()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_gates_replica_becomes_what_the_registry_holds(steps in prop::collection::vec(step(), 1..25)) {
        let memory = Arc::new(MemoryStore::new());
        let (_folder, keys) = keys();
        let mut registry = opened(&memory, &keys);
        let mut model: BTreeMap<EnrollmentId, Known> = BTreeMap::new();
        let mut replica = Replica::default();
        for step in steps {
            let nth = |which: usize| model.keys().nth(which).copied();
            match step {
                Step::Enroll(card, face) => {
                    let number = format!("000000{card:02X}");
                    let owner = model.iter().find(|(_, known)| known.card == card).map(|(id, _)| *id);
                    match registry.enroll(applicant("Ana", &number), Some(of(&embedding(face))), &[], "bo", now()) {
                        Ok(id) => {
                            prop_assert_eq!(owner, None);
                            let (status, fingers) = (EnrollmentStatus::Active, Default::default());
                            model.insert(id, Known {
                                card, version: 1, status, face: Some(face), finger_version: 0, fingers, revoked: (false, false),
                            });
                        }
                        Err(RegistryError::CardTaken(by)) => prop_assert_eq!(Some(by), owner),
                        Err(other) => panic!("{other}"),
                    }
                    let owner = model.iter().find(|(_, known)| known.card == card).map(|(id, _)| *id);
                    prop_assert_eq!(registry.by_card(&number.parse().unwrap()).unwrap(), owner);
                }
                Step::Rephotograph(which, face) => if let Some(id) = nth(which) {
                    registry.rephotograph(id, of(&embedding(face)), "bo", now()).unwrap();
                    let known = model.get_mut(&id).unwrap();
                    (known.version, known.face, known.revoked.0) = (known.version + 1, Some(face), false);
                },
                Step::Finger(which, left, number, anew) => if let Some(id) = nth(which) {
                    let at = usize::from(left);
                    let added = registry.add_fingers(id, &[impression(INDEXES[at], number)], anew, "bo", now());
                    let known = model.get_mut(&id).unwrap();
                    if anew || known.fingers.iter().all(Vec::is_empty) {
                        known.finger_version += 1;
                        known.fingers = Default::default();
                    }
                    match added {
                        Ok(()) => {
                            known.fingers[at].push(number);
                            known.revoked.1 = false;
                        }
                        Err(RegistryError::EnoughImpressions(_)) => {
                            prop_assert_eq!(known.fingers[at].len(), IMPRESSIONS_MAX);
                        }
                        Err(other) => panic!("{other}"),
                    }
                },
                Step::SetStatus(which, status) => if let Some(id) = nth(which) {
                    registry.set_status(id, status).unwrap();
                    model.get_mut(&id).unwrap().status = status;
                },
                Step::Delete(which) => if let Some(id) = nth(which) {
                    registry.delete(id, order(&[])).unwrap();
                    model.remove(&id);
                    prop_assert!(matches!(registry.get(id), Err(RegistryError::Unknown(_))));
                    prop_assert!(matches!(registry.delete(id, order(&[])), Err(RegistryError::Unknown(_))));
                },
                Step::Revoke(which) => if let Some(id) = nth(which) {
                    registry.revoke(id, now()).unwrap();
                    model.get_mut(&id).unwrap().revoke();
                },
                Step::RevokeAll(wholly) => {
                    let before = newest(&keys).generation();
                    if wholly {
                        let with_codes = model.values().filter(|known| known.has_codes()).count();
                        prop_assert_eq!(registry.revoke_all(now()).unwrap(), with_codes);
                    } else {
                        ApplicationKeys::new(&*keys.store, APPLICATION).revoke().unwrap();
                        registry.keep_up(now()).unwrap();
                    }
                    prop_assert!(ApplicationKeys::new(&*keys.store, APPLICATION).key(before).is_err());
                    model.values_mut().filter(|known| known.has_codes()).for_each(Known::revoke);
                }
                Step::Sync(page_size) => {
                    replica.sync(&registry, page_size);
                    replica.check(&model, &newest(&keys));
                }
                Step::Reopen => registry = opened(&memory, &keys),
            }
            prop_assert_eq!(registry.list("", Only::All, now(), 100).unwrap().1, model.len());
        }
        replica.sync(&registry, 3);
        replica.check(&model, &newest(&keys));
        let mut fresh = Replica::default();
        fresh.sync(&registry, 2);
        fresh.check(&model, &newest(&keys));
        let future = registry.changes(fresh.revision + 1, fresh.epoch, 1);
        let refused = matches!(future, Err(RegistryError::OtherHistory { .. }));
        prop_assert!(refused);
    }
}

#[test]
fn an_enrollment_has_a_face_or_fingers_and_shows_which() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let nobody = registry.enroll(applicant("Ana", "04A1B2C3"), None, &[], "bo", now());
    assert!(matches!(nobody, Err(RegistryError::NoFactor)));
    let taken = [impression(INDEXES[0], 1), impression(INDEXES[0], 2), impression(FingerPosition::LeftThumb, 3)];
    let ana = registry.enroll(applicant("Ana", "04A1B2C3"), None, &taken, "bo", now()).unwrap();
    let enrollment = registry.get(ana).unwrap();
    assert!(!enrollment.has_face() && enrollment.photographed_at.is_none());
    assert_eq!(enrollment.fingers().into_iter().collect::<Vec<_>>(), [(INDEXES[0], 2), (FingerPosition::LeftThumb, 1)]);
    assert_eq!((enrollment.version, enrollment.finger_version), (0, 1));
    assert!(matches!(registry.add_fingers(ana, &[], true, "bo", now()), Err(RegistryError::NoFactor)));

    // A photograph later: the fingers stay. Fingers anew: the face stays, and their old codes match nothing any more.
    registry.rephotograph(ana, of(&embedding(1)), "bo", now()).unwrap();
    let before = registry.get(ana).unwrap();
    assert!(before.has_face() && before.fingers().len() == 2);
    registry.add_fingers(ana, &taken[..1], true, "cy", now()).unwrap();
    let after = registry.get(ana).unwrap();
    assert_eq!((after.version, after.finger_version, after.fingers_by.as_deref()), (1, 2, Some("cy")));
    let code = |of: &Enrollment| FingerCode::from_bytes(of.fingers[0].impressions[0].expose_bytes()).unwrap();
    assert!(code(&before).similarity(&code(&after)) < 0.5, "{}", code(&before).similarity(&code(&after)));
    assert_eq!(after.fingers().len(), 1);
}

#[test]
fn an_enrollment_of_before_there_were_fingers_is_read() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let ana = registry.enroll(applicant("Ana", "04A1B2C3"), Some(of(&embedding(1))), &[], "bo", now()).unwrap();
    let mut old = serde_json::to_value(registry.get(ana).unwrap()).unwrap();
    for added in ["finger_version", "fingers_by", "fingers_at", "fingers"] {
        assert!(old.as_object_mut().unwrap().remove(added).is_some(), "{added}");
    }
    memory.apply(vec![registry.store.seal(ENROLLMENTS, ana.as_bytes(), &old).unwrap()]).unwrap();
    let read = registry.get(ana).unwrap();
    assert!(read.has_face() && read.fingers().is_empty() && read.finger_version == 0);
}

#[test]
fn codes_of_a_version_that_could_not_revoke_serve_until_they_are_revoked() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let ana = registry.enroll(applicant("Ana", "04A1B2C3"), Some(of(&embedding(1))), &[], "bo", now()).unwrap();
    // As that version wrote it, with the key that came from the root.
    let first = keys.root.application(APPLICATION, 1);
    let code = protect(&embedding(1), &first.enrollment_seed(ana.as_bytes(), 1)).unwrap();
    let mut old = serde_json::to_value(registry.get(ana).unwrap()).unwrap();
    for added in ["key_generation", "revoked"] {
        assert!(old.as_object_mut().unwrap().remove(added).is_some(), "{added}");
    }
    let code = ProtectedCode::new(Zeroizing::new(code.expose_bytes().to_vec()));
    old["code"] = serde_json::to_value(&code).unwrap();
    memory.apply(vec![registry.store.seal(ENROLLMENTS, ana.as_bytes(), &old).unwrap()]).unwrap();
    ApplicationKeys::new(&*keys.store, APPLICATION).destroy_before(9).unwrap();
    let registry = opened(&memory, &keys);
    assert_eq!(registry.grant().key[..], first.expose_bytes()[..]);
    let mut gate = Replica::default();
    gate.sync(&registry, 1);
    assert_eq!(gate.enrollments[&ana].code.as_ref().unwrap().expose_bytes(), code.expose_bytes());
    assert_eq!((gate.enrollments[&ana].key_generation, registry.keep_up(now()).unwrap()), (1, 0));

    assert_eq!(registry.revoke_all(now()).unwrap(), 1);
    gate.sync(&registry, 1);
    let kept = &gate.enrollments[&ana];
    assert_eq!(registry.list("", Only::Revoked, now(), 9).unwrap().1, 1);
    assert!(kept.code.is_none() && kept.revoked && kept.key_generation == 2);
    assert_ne!(registry.grant().key[..], first.expose_bytes()[..]);
    registry.rephotograph(ana, of(&embedding(1)), "bo", now()).unwrap();
    assert_eq!(registry.get(ana).unwrap().revoked, None);
    assert_eq!(registry.list("", Only::Revoked, now(), 9).unwrap().1, 0);
}

#[test]
fn pages_stay_short_however_many_fingers_people_have() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let ana = registry.enroll(applicant("Ana", "04A1B2C3"), Some(of(&embedding(1))), &[], "bo", now()).unwrap();
    let mut large = registry.get(ana).unwrap().for_gate(2);
    let small = sent_bytes(&large);
    let code = || ProtectedCode::new(Zeroizing::new(vec![7; 4_000]));
    large.fingers = FingerPosition::ALL
        .iter()
        .map(|&position| FingerCodes { position, extractor: "net".into(), impressions: vec![code(), code()] })
        .collect();
    let (told, sent) = (sent_bytes(&large), serde_json::to_string(&large).unwrap().len());
    assert!(told > small + 100_000 && told >= sent && told < sent * 2, "{told} {sent}");
}

#[test]
fn the_list_is_found_by_words_and_sorted_by_name() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    for (name, card) in [("Zoë Ångström", "04A1B2C3"), ("ana Silva", "04A1B2C4"), ("Ana Lima", "04FFFFFF")] {
        registry.enroll(applicant(name, card), Some(of(&embedding(1))), &[], "bo", now()).unwrap();
    }
    let names = |search: &str, limit| {
        let (listed, count) = registry.list(search, Only::All, now(), limit).unwrap();
        let names = listed.into_iter().map(|one| one.enrollment.unwrap().name.as_str().to_owned());
        (names.collect::<Vec<_>>(), count)
    };
    assert_eq!(names("", 10).0, ["Ana Lima", "ana Silva", "Zoë Ångström"]);
    assert_eq!(names("SILVA ana", 10).0, ["ana Silva"]);
    assert_eq!(names("04a1", 10).0, ["ana Silva", "Zoë Ångström"]);
    assert_eq!(names("", 2), (vec!["Ana Lima".to_owned(), "ana Silva".to_owned()], 3));
    assert_eq!(names("nobody", 10), (vec![], 0));
}

#[test]
fn a_damaged_enrollment_is_listed_and_can_be_deleted_and_the_rest_works() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let sound = registry.enroll(applicant("Ana", "04A1B2C3"), Some(of(&embedding(1))), &[], "bo", now()).unwrap();
    let damaged = registry.enroll(applicant("Ben", "04A1B2C4"), Some(of(&embedding(2))), &[], "bo", now()).unwrap();
    let key = damaged.as_bytes().to_vec();
    let mut value = memory.get(ENROLLMENTS, &key).unwrap().unwrap();
    value[20] ^= 1;
    memory.apply(vec![Change::Put { tree: ENROLLMENTS, key, value }]).unwrap();

    let (listed, count) = registry.list("", Only::All, now(), 10).unwrap();
    assert_eq!(count, 2);
    assert!(listed[0].id == Some(damaged) && listed[0].enrollment.is_err());
    assert!(listed[1].id == Some(sound) && listed[1].enrollment.is_ok());
    let page = registry.changes(0, None, 10).unwrap();
    assert_eq!((page.changed.len(), page.revision, page.more), (1, 2, false));
    assert_eq!(page.removed, [damaged], "a gate that knows it must not go on with it");
    registry.set_status(sound, EnrollmentStatus::Suspended).unwrap();

    registry.delete(damaged, order(&[])).unwrap();
    assert_eq!(registry.list("", Only::All, now(), 10).unwrap().1, 1);
    assert_eq!(registry.changes(0, None, 10).unwrap().removed, [damaged]);
    registry.enroll(applicant("Ben", "04A1B2C4"), Some(of(&embedding(2))), &[], "bo", now()).unwrap();
}

#[test]
fn a_damaged_change_is_told_of_the_enrollment_that_it_was() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let ana = registry.enroll(applicant("Ana", "04A1B2C3"), Some(of(&embedding(1))), &[], "bo", now()).unwrap();
    let ben = registry.enroll(applicant("Ben", "04A1B2C4"), Some(of(&embedding(2))), &[], "bo", now()).unwrap();
    registry.set_status(ana, EnrollmentStatus::Suspended).unwrap();
    let garbage = |tree, key: Vec<u8>| Change::Put { tree, key, value: b"garbage".to_vec() };
    memory.apply(vec![garbage(REVISIONS, 3_u64.to_be_bytes().to_vec())]).unwrap();
    let page = registry.changes(0, None, 10).unwrap();
    let told: Vec<_> = page.changed.iter().map(|enrollment| (enrollment.id, enrollment.status)).collect();
    assert_eq!(told, [(ben, EnrollmentStatus::Active), (ana, EnrollmentStatus::Suspended)]);
    memory.apply(vec![garbage(ENROLLMENTS, ana.as_bytes().to_vec())]).unwrap();
    let page = registry.changes(0, None, 10).unwrap();
    assert_eq!((page.removed, page.changed.len()), (vec![ana], 1));
}

/// What a backup of the store's files would hold.
fn copy(memory: &MemoryStore) -> Arc<MemoryStore> {
    let copy = MemoryStore::new();
    for tree in [ENROLLMENTS, CARDS, REVISIONS, "epochs"] {
        let put = |(key, value)| Change::Put { tree, key, value };
        copy.apply(memory.scan(tree, None, usize::MAX).unwrap().into_iter().map(put).collect()).unwrap();
    }
    Arc::new(copy)
}

#[test]
fn a_restored_store_lets_gates_begin_anew_though_its_revisions_reach_theirs_again() {
    let memory = Arc::new(MemoryStore::new());
    let (_folder, keys) = keys();
    let registry = opened(&memory, &keys);
    let ana = registry.enroll(applicant("Ana", "04A1B2C3"), Some(of(&embedding(1))), &[], "bo", now()).unwrap();
    let (mut early, mut late, mut later) = <(Replica, Replica, Replica)>::default();
    early.sync(&registry, 10);
    let backup = copy(&memory);
    registry.set_status(ana, EnrollmentStatus::Suspended).unwrap();
    late.sync(&registry, 10);
    let registry = opened(&memory, &keys);
    registry.set_status(ana, EnrollmentStatus::Active).unwrap();
    later.sync(&registry, 10);

    // After the backup the same numbers stand for other changes.
    let restored = opened(&backup, &keys);
    for status in [EnrollmentStatus::Suspended, EnrollmentStatus::Active, EnrollmentStatus::Suspended] {
        restored.set_status(ana, status).unwrap();
    }
    let asked = |gate: &Replica| restored.changes(gate.revision, gate.epoch, 10).map(|page| page.changed.len());
    assert_eq!(asked(&early).unwrap(), 1, "it has seen nothing that the backup has not");
    assert!(matches!(asked(&late), Err(RegistryError::OtherHistory { asked: 2, last: 4 })), "same epoch, later");
    assert!(matches!(asked(&later), Err(RegistryError::OtherHistory { asked: 3, last: 4 })), "unknown epoch");
    assert!(restored.changes(1, None, 10).is_err(), "no epoch");
    late = Replica::default();
    late.sync(&restored, 10);
    assert_eq!(late.enrollments[&ana].status, EnrollmentStatus::Suspended);
    // A restart alone costs no gate anything.
    let restarted = opened(&backup, &keys);
    assert_eq!(restarted.changes(late.revision, late.epoch, 10).unwrap().changed.len(), 0);
}
