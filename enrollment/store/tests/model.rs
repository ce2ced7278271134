//! The store on disk against the store in memory, reopened at random; and over damaged files.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use proptest::prelude::*;
use sallyport_store::{Change, MemoryStore, SledStore, Store, StoreError};

const TREES: [&str; 3] = ["a", "ab", "b"];

#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<Change>),
    Get(&'static str, Vec<u8>),
    Scan(&'static str, Option<Vec<u8>>, usize),
    Clear,
    Reopen,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    // Few keys, so that they meet again; NUL and 0xFF are where encodings of (tree, key) go wrong.
    prop::collection::vec(prop::sample::select(vec![0u8, 1, b'b', 0xFF]), 0..3)
}

fn change() -> impl Strategy<Value = Change> {
    let tree = prop::sample::select(TREES.to_vec());
    (tree, key(), prop::option::of(prop::collection::vec(any::<u8>(), 0..40))).prop_map(
        |(tree, key, value)| match value {
            Some(value) => Change::Put { tree, key, value },
            None => Change::Remove { tree, key },
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let tree = || prop::sample::select(TREES.to_vec());
    prop_oneof![
        6 => prop::collection::vec(change(), 0..6).prop_map(Step::Apply),
        3 => (tree(), key()).prop_map(|(tree, key)| Step::Get(tree, key)),
        3 => (tree(), prop::option::of(key()), 0usize..5).prop_map(|(tree, after, limit)| Step::Scan(tree, after, limit)),
        1 => Just(Step::Clear),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_disk_remembers_what_the_model_remembers(steps in prop::collection::vec(step(), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        let model = MemoryStore::new();
        let mut disk = SledStore::open(folder.path()).unwrap();
        for step in steps {
            match step {
                Step::Apply(changes) => {
                    model.apply(changes.clone()).unwrap();
                    disk.apply(changes).unwrap();
                }
                Step::Get(tree, key) => prop_assert_eq!(disk.get(tree, &key).unwrap(), model.get(tree, &key).unwrap()),
                Step::Scan(tree, after, limit) => prop_assert_eq!(
                    disk.scan(tree, after.as_deref(), limit).unwrap(),
                    model.scan(tree, after.as_deref(), limit).unwrap()
                ),
                Step::Clear => {
                    model.clear().unwrap();
                    disk.clear().unwrap();
                }
                Step::Reopen => {
                    drop(disk);
                    disk = SledStore::open(folder.path()).unwrap();
                }
            }
        }
        drop(disk);
        let disk = SledStore::open(folder.path()).unwrap();
        for tree in TREES {
            prop_assert_eq!(disk.scan(tree, None, usize::MAX).unwrap(), model.scan(tree, None, usize::MAX).unwrap());
        }
    }
}

/// Twenty records, written one by one, in a folder that is then closed.
fn written(folder: &Path) {
    let store = SledStore::open(folder).unwrap();
    for key in 0..20u8 {
        store.apply(vec![Change::Put { tree: "a", key: vec![key], value: vec![key; 500] }]).unwrap();
    }
}

#[test]
fn a_folder_of_garbage_is_an_error() {
    for file in ["db", "conf"] {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        fs::write(folder.path().join(file), b"this is no store".repeat(4096)).unwrap();
        let opened = SledStore::open(folder.path());
        assert!(matches!(opened, Err(StoreError::Damaged { .. } | StoreError::Open { .. })), "{file}: {opened:?}");
    }
}

/// Sled may lose a record whose bytes were changed on the disk (so backups are needed), but it must not panic and
/// must not give another value.
#[test]
fn a_flipped_byte_never_panics_and_never_gives_another_value() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let log = folder.path().join("db");
    let sound = fs::read(&log).unwrap();
    let used = sound.iter().rposition(|&byte| byte != 0).unwrap();
    let (mut errors, mut losses) = (0, 0);
    for at in (0..used).step_by(used / 60) {
        let damaged = tempfile::tempdir().unwrap();
        for file in ["conf", "made"] {
            fs::copy(folder.path().join(file), damaged.path().join(file)).unwrap();
        }
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        fs::write(damaged.path().join("db"), bytes).unwrap();
        match SledStore::open(damaged.path()).and_then(|store| store.scan("a", None, 100)) {
            Ok(records) => {
                losses += usize::from(records.len() < 20);
                for (key, value) in records {
                    assert_eq!(value, vec![key[0]; 500], "byte {at}");
                }
            }
            Err(StoreError::Damaged { .. } | StoreError::Open { .. }) => errors += 1,
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert!(errors + losses > 0, "no byte that was flipped mattered: is this the right file?");
}
