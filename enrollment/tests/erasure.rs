//! What is left of a deleted person for whoever takes the disks and the open key store: everything that opens is looked
//! through, in the stores as they are and in copies that were made of them before.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use jiff::{Timestamp, ToSpan as _};
use sallyport_enrollment::{
    config::Config,
    copies::Copies,
    gates::{CROSSING_KEYS, Crossings},
    registry::{Applicant, Behind, Embedding, Expiry, Given, Order, PersonName, Purpose, Registry},
    vaults::{ENVELOPES, Keys, Vaults},
};
use sallyport_privacy::{
    keys::{Daily, FileKeyStore, RootKey, Rotating},
    template::EMBEDDING_LENGTH,
    vault::Vault,
};
use sallyport_protocol::{CrossingId, CrossingRecord, EnrollmentId, Outcome, Reason, RecordBatch, TokenKind};
use sallyport_store::{Opening, SledStore, Store as _};

const PASSPHRASE: &str = "correct horse battery";
const ANA: &str = "Ana Silva";
const BEN: &str = "Ben Okafor";

struct World {
    folder: tempfile::TempDir,
    config: Config,
}

struct Opened {
    vaults: Vaults,
    registry: Registry,
    crossings: Crossings,
}

fn began() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data: folder.path().join("data"), ..Config::default() };
        fs::create_dir(&config.data).unwrap();
        RootKey::create(&config.root_key(), PASSPHRASE).unwrap();
        Self { folder, config }
    }

    fn keys(&self) -> Keys {
        let root = RootKey::open(&self.config.root_key(), PASSPHRASE).unwrap();
        let store = Arc::new(FileKeyStore::open(&self.config.key_folder(), &root).unwrap());
        Keys { root: Arc::new(root), store }
    }

    fn open(&self, now: Timestamp) -> Opened {
        let keys = self.keys();
        let opened = Vaults::open(&self.config, &keys, Opening::AsLeft, now).unwrap();
        let registry = Registry::open(opened.registry, &keys).unwrap();
        Opened { vaults: opened.vaults, registry, crossings: opened.crossings }
    }

    fn copies(&self) -> Copies {
        Copies::new(&self.config, self.keys().store)
    }

    /// A copy of the stores, without the keys.
    fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy");
        fs::create_dir(&copy).unwrap();
        for store in [self.config.store(), self.config.records(), self.config.envelopes()] {
            assert!(Command::new("cp").arg("-r").arg(store).arg(&copy).status().unwrap().success());
        }
        copy
    }

    /// All that opens in these stores with the keys that there are now.
    fn opens(&self, stores: &Path, now: Timestamp) -> String {
        let keys = self.keys();
        let envelopes = Rotating::new(&*keys.store, ENVELOPES).vault().unwrap();
        let own_keys: BTreeMap<_, _> = entries(&stores.join("envelopes"), "envelopes")
            .into_iter()
            .filter_map(|(at, sealed)| Some((at.clone(), envelopes.open(&at, &sealed).ok()?)))
            .collect();
        let mut opened = Vec::new();
        for tree in Registry::TREES {
            for (key, value) in entries(&stores.join("records"), tree) {
                let (terms, sealed) = value.split_at(16);
                let at = [tree.as_bytes(), &[0], &key].concat();
                let Some(own) = own_keys.get(&[&terms[8..], &at].concat()) else { continue };
                let own = Vault::new(own[..].try_into().unwrap());
                opened.extend_from_slice(&own.open(&[terms, &at].concat(), sealed).unwrap());
            }
        }
        let days = Daily::new(&*keys.store, CROSSING_KEYS).all(Daily::day(now)).unwrap();
        let tree = "crossing-records";
        for (key, sealed) in entries(&stores.join("store"), tree) {
            let record = days.open(&[tree.as_bytes(), &[0], &key].concat(), &sealed);
            opened.extend(record.iter().flat_map(|record| record.iter().copied()));
        }
        String::from_utf8_lossy(&opened).into_owned()
    }

    /// Whether the key in this envelope can be carved out of the files, removed or not, with the keys that there are now.
    fn carves(&self, folder: &Path, envelope: &[u8]) -> bool {
        let keys = self.keys();
        let vault = Rotating::new(&*keys.store, ENVELOPES).vault().unwrap();
        let length = sallyport_privacy::vault::OVERHEAD_BYTES + 32;
        files(folder).iter().any(|file| {
            let bytes = fs::read(file).unwrap();
            bytes.windows(length).filter(|window| window[0] == 2).any(|window| vault.open(envelope, window).is_ok())
        })
    }
}

fn entries(folder: &Path, tree: &'static str) -> Vec<(Vec<u8>, Vec<u8>)> {
    SledStore::open(folder).unwrap().scan(tree, None, usize::MAX).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn enrolled(registry: &Registry, name: &str, card: &str) -> EnrollmentId {
    let applicant = Applicant {
        name: PersonName::try_from(name.to_owned()).unwrap(),
        card: card.parse().unwrap(),
        expires: Expiry::parse("2027-01-31", began()).unwrap(),
        consents: vec![Given { purpose: Purpose::FaceTrustedTraveler, last_day: None, language: "en".into() }],
    };
    let values: Vec<f32> = (0..EMBEDDING_LENGTH).map(|at| (at as f32).sin()).collect();
    registry.enroll(applicant, Some(Embedding { model: "net", values: &values }), &[], "bo", began()).unwrap()
}

fn crossed(crossings: &Crossings, whose: EnrollmentId) {
    let record = CrossingRecord {
        crossing: CrossingId::random(),
        gate: "gate-1".parse().unwrap(),
        began: began(),
        ended: began(),
        token: TokenKind::TrustedTravelerCard,
        issuer: None,
        enrollment: Some(whose),
        outcome: Outcome::Accepted,
        reasons: vec![Reason::FaceMatchedEnrollment],
        officer: None,
        measurement: None,
        timeline: Vec::new(),
        doors: Vec::new(),
    };
    let batch = RecordBatch { records: vec![record] };
    crossings.store(&"gate-1".parse().unwrap(), batch, |_| Ok(true)).unwrap();
}

#[test]
fn nothing_of_a_deleted_person_opens_anywhere_once_the_keys_of_that_time_are_destroyed() {
    let (world, now) = (World::new(), began());
    let opened = world.open(now);
    opened.vaults.keep_up(now).unwrap();
    let (ana, ben) = (enrolled(&opened.registry, ANA, "04A1B2C3"), enrolled(&opened.registry, BEN, "04A1B2C4"));
    crossed(&opened.crossings, ana);
    crossed(&opened.crossings, ben);
    drop(opened);
    let (copy, live) = (world.copy(), world.config.data.clone());
    let link = ana.to_string();
    for stores in [&copy, &live] {
        let told = world.opens(stores, now);
        assert!(told.contains(ANA) && told.contains(BEN) && told.matches(&link).count() >= 2, "{told}");
    }
    let envelopes: Vec<_> = entries(&live.join("envelopes"), "envelopes").into_iter().map(|(at, _)| at).collect();

    let opened = world.open(now);
    let order = Order { by: "bo", reason: "delete", audit_entry: 1, at: now, gates: Vec::new() };
    opened.registry.delete(ana, order).unwrap();
    assert_eq!(opened.crossings.forget(ana).unwrap(), 1);
    let generations = world.copies().generations(now).unwrap();
    let dead_by = generations.newest_ends.unwrap();
    let behind = Behind {
        at: now,
        links: 1,
        links_dead_by: opened.crossings.over_by(now),
        generation: generations.newest,
        copies_dead_by: Some(dead_by),
    };
    opened.registry.note_behind(ana, behind.clone()).unwrap();
    drop(opened);
    let left: Vec<_> = entries(&live.join("envelopes"), "envelopes").into_iter().map(|(at, _)| at).collect();
    let destroyed: Vec<_> = envelopes.into_iter().filter(|envelope| !left.contains(envelope)).collect();
    assert_eq!(destroyed.len(), 3, "enrollment, card, revision");

    // Here nothing is left of her but the identifier of the tombstone; a copy tells everything until its keys are gone.
    let told = world.opens(&live, now);
    assert!(!told.contains(ANA) && !told.contains("04A1B2C3") && told.contains(BEN), "{told}");
    assert!(world.opens(&copy, now).contains(ANA));
    assert!(world.carves(&copy.join("envelopes"), &destroyed[0]), "else the next look proves nothing");

    // The keys are rotated twice, the last time at the instant that the deletion tells.
    for (at, dies) in [(now + (7 * 24).hours(), 0), (dead_by - 1.second(), 0), (dead_by, 1)] {
        let opened = world.open(at);
        opened.vaults.keep_up(at).unwrap();
        let oldest = world.copies().generations(at).unwrap().oldest;
        assert_eq!(opened.registry.note_oldest_generation(oldest, at).unwrap(), dies, "at {at}");
    }
    assert_eq!(dead_by, now + (14 * 24).hours());
    for folder in [copy.join("envelopes"), live.join("envelopes")] {
        assert!(destroyed.iter().all(|envelope| !world.carves(&folder, envelope)), "{}", folder.display());
    }
    let told = world.opens(&copy, dead_by);
    assert!(!told.contains(ANA) && !told.contains(BEN), "no copy of that time opens: {told}");
    assert!(told.contains(&link), "but for reports of crossings, whose day is not over");
    let told = world.opens(&live, dead_by);
    assert!(!told.contains(ANA) && told.contains(BEN));

    // And at last those.
    let over = behind.links_dead_by;
    for (at, days) in [(over - 1.second(), 0), (over, 1)] {
        assert_eq!(world.open(at).crossings.keep_up(at).unwrap(), days, "at {at}");
    }
    assert_eq!(world.opens(&copy, over), "");
    let told = world.opens(&live, over);
    assert!(told.contains(BEN) && !told.contains("gate-1"), "the day's crossings are over: {told}");
    assert_eq!(over, "2026-05-31T00:00:00Z".parse().unwrap());
}
