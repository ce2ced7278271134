//! What is left of keys in the memory of a process, and in its core dumps. A child of the test works with keys and waits;
//! its parent, who knows them, looks for them.
#![allow(clippy::unwrap_used)]

use std::{env, fs, os::unix::process::ExitStatusExt as _, path::Path, process::Command};

use hkdf::Hkdf;
use sallyport_privacy::{
    audit::{Act, Deed, Signer, Trail},
    keys::{ApplicationKey, EnrollmentSeed, FileKeyStore, KeyError, KeyStore, ROOT, RootKey},
    memory::Locked,
    template::{EMBEDDING_LENGTH, FingerProjection, Projection},
    vault::Vault,
};
use sallyport_traces::{Child, Memory, once_more, places, stage, with_core_dumps};
use sha2::Sha256;

/// Tells the child where its keys are to be, whether it is to end with a core dump, and the number that keys are made from.
const WHERE: &str = "SALLYPORT_TRACES_WHERE";
const DUMP: &str = "SALLYPORT_TRACES_DUMP";
const NUMBER: &str = "SALLYPORT_TRACES_NUMBER";
const LOCKED: &str = "locked";
const ORDINARY: &str = "ordinary";

/// A store that derives one key. Made in place, byte by byte: no other copy of it was ever there.
struct Given(u8);

impl KeyStore for Given {
    fn derive(&self, _: &str, _: &[u8]) -> Result<Locked<32>, KeyError> {
        let mut key = Locked::zeroed();
        key.iter_mut().zip(root_bytes(self.0)).for_each(|(slot, byte)| *slot = byte);
        Ok(key)
    }

    fn create(&self, name: &str) -> Result<(), KeyError> {
        Err(KeyError::Exists(name.into()))
    }

    fn destroy(&self, name: &str) -> Result<(), KeyError> {
        Err(KeyError::Unknown(name.into()))
    }

    fn names(&self) -> Result<Vec<String>, KeyError> {
        Ok(Vec::new())
    }
}

fn root_bytes(number: u8) -> impl Iterator<Item = u8> {
    (0..32u8).map(move |at| at.wrapping_mul(at).wrapping_mul(29).wrapping_add(at.wrapping_mul(101)) ^ number)
}

const ENROLLMENT: [u8; 16] = [4; 16];

/// Every key of the child by its name, derived anew as the documents of each say.
fn keys(number: u8) -> Vec<(&'static str, [u8; 32])> {
    let derive = |salt: &[u8], key: &[u8], info: &[&[u8]]| {
        let mut derived = [0; 32];
        Hkdf::<Sha256>::new(Some(salt), key).expand_multi_info(info, &mut derived).unwrap();
        derived
    };
    let root: Vec<u8> = root_bytes(number).collect();
    let of_root = |info: &[&[u8]]| derive(b"sallyport root 1", &root, info);
    let application = of_root(&[b"application", &[0], b"trusted-traveler", &[0], &1u32.to_be_bytes()]);
    let seed = derive(b"sallyport application 1", &application, &[b"enrollment\0", &ENROLLMENT, &1u32.to_be_bytes()]);
    vec![
        ("root key", root[..].try_into().unwrap()),
        ("application key", application),
        ("vault key", of_root(&[b"vault", &[0], b"records"])),
        ("audit key", of_root(&[b"key", &[0], b"audit"])),
        ("enrollment seed", seed),
    ]
}

/// A process of its own for the tests below, which name its task.
#[test]
#[ignore = "the other tests run it in a child"]
fn child() {
    let (Ok(place), Ok(number)) = (env::var(WHERE), env::var(NUMBER)) else { return };
    let number = number.parse().unwrap();
    match place.as_str() {
        LOCKED => hold(work(number)),
        _ => hold(root_bytes(number).collect::<Vec<u8>>()),
    }
}

/// Waits with the keys, and without.
fn hold(keys: impl Sized) {
    stage("held").unwrap();
    if env::var_os(DUMP).is_some() {
        // As a fault would: the kernel writes the core.
        std::process::abort();
    }
    drop(keys);
    stage("dropped").unwrap();
}

/// Keys of every kind, and some work with each.
fn work(number: u8) -> (RootKey, ApplicationKey, Vault, Trail, EnrollmentSeed, Locked<32>) {
    let root = RootKey::from_store(&Given(number)).unwrap();
    let (application, vault) = (root.application("trusted-traveler", 1), root.vault("records"));
    let opened = vault.open(b"place", &vault.seal(b"place", b"plain")).unwrap();
    assert_eq!(&opened[..], b"plain");
    let (signer, now) = (Signer::new(root.key("audit")), "2026-01-01T00:00:00Z".parse().unwrap());
    let (trail, _) = Trail::open(Path::new("audit.log"), Path::new("audit.head"), signer, now).unwrap();
    trail.append(&Deed::new("ana", Act::View, "look"), now).unwrap();
    let seed = application.enrollment_seed(&ENROLLMENT, 1);
    Projection::new(&seed).protect(&[0.5; EMBEDDING_LENGTH]).unwrap();
    drop(FingerProjection::new(&seed));
    let stored = stored(Path::new("."), &root);
    (root, application, vault, trail, seed, stored)
}

/// What is derived from a key in the key store of this folder, which is made there by whoever comes first.
fn stored(folder: &Path, root: &RootKey) -> Locked<32> {
    let store = FileKeyStore::open(&folder.join("keys"), root).unwrap();
    if store.names().unwrap() == [ROOT] {
        store.create("envelopes-1").unwrap();
    }
    store.derive("envelopes-1", b"purpose").unwrap()
}

fn command(place: &str, number: u8, folder: &Path) -> Command {
    let mut command = once_more("child").unwrap();
    command.env(WHERE, place).env(NUMBER, number.to_string()).current_dir(folder);
    command
}

/// Both halves, so that a part is found, too.
fn halves(key: &[u8; 32]) -> [&[u8]; 2] {
    [&key[..16], &key[16..]]
}

#[test]
fn keys_are_in_no_core_dump_and_gone_when_they_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Child::start(&mut command(LOCKED, 7, folder.path())).unwrap();
    child.await_stage("held").unwrap();
    if !child.may_be_read().unwrap() {
        return;
    }
    let mut keys = keys(7);
    keys.push(("key of the key store", *stored(folder.path(), &RootKey::from_store(&Given(7)).unwrap())));
    for (name, key) in &keys {
        assert!(!child.traces(&halves(key), Memory::All).unwrap().is_empty(), "the {name} must be somewhere");
        assert_eq!(child.traces(&halves(key), Memory::Dumped).unwrap(), [], "{name}");
    }
    child.go_on().unwrap();
    child.await_stage("dropped").unwrap();
    for (name, key) in &keys {
        assert_eq!(child.traces(&halves(key), Memory::All).unwrap(), [], "{name}");
    }
    child.go_on().unwrap();
    assert!(child.end().unwrap().success());
}

/// The search itself finds what ordinary memory holds, and what is left when it is given back.
#[test]
fn the_same_bytes_in_ordinary_memory_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Child::start(&mut command(ORDINARY, 9, folder.path())).unwrap();
    child.await_stage("held").unwrap();
    if !child.may_be_read().unwrap() {
        return;
    }
    let (_, root) = keys(9)[0];
    assert!(!child.traces(&halves(&root), Memory::Dumped).unwrap().is_empty());
    child.go_on().unwrap();
    child.await_stage("dropped").unwrap();
    // The allocator writes over the first half.
    assert!(!child.traces(&[&root[16..]], Memory::All).unwrap().is_empty());
}

#[test]
fn the_kernels_own_core_dump_holds_no_key() {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let mut found = Vec::new();
    for place in [LOCKED, ORDINARY] {
        let folder = tempfile::tempdir().unwrap();
        let mut program = command(place, 11, folder.path());
        let mut child = Child::start(&mut with_core_dumps(program.env(DUMP, "yes"))).unwrap();
        if child.await_stage("held").is_err() {
            eprintln!("SKIPPED: the kernel's core dump was not looked at: its size cannot be raised here (ulimit -c)");
            return;
        }
        child.go_on().unwrap();
        let status = child.end().unwrap();
        let core = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let core = core
            .into_iter()
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")));
        let Some(core) = core.filter(|_| status.core_dumped()) else {
            eprintln!("SKIPPED: the kernel's core dump was not looked at: it goes elsewhere ({})", pattern.trim());
            return;
        };
        let core = fs::read(core).unwrap();
        let there = |key: &[u8; 32]| !places(&core, &halves(key), usize::MAX).is_empty();
        found.push(keys(11).into_iter().filter(|(_, key)| there(key)).map(|(name, _)| name).collect::<Vec<_>>());
    }
    assert_eq!(found, [vec![], vec!["root key"]], "of keys in locked memory none, of ordinary memory the one");
}
