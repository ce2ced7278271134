//! What the cache of a gate costs with ten thousand enrollments: to fetch, to rotate its key, to open, and how long a card
//! waits meanwhile. Beside it the same records all sealed under one key, as nothing in them can be destroyed.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use sallyport_gate::cache::{Cache, CachePlace};
use sallyport_privacy::{
    keys::{ApplicationKey, KeyPlace, Keys},
    vault::Clock,
};
use sallyport_protocol::*;
use sallyport_store::{SealedStore, SledStore};
use zeroize::Zeroizing;

const ENROLLMENTS: u16 = 10_000;
/// As the service pages them.
const PAGE: usize = 500;
const FACE_BYTES: usize = 512;
const FINGER_BYTES: usize = 2_000;
/// The data folder of the gate that a process starts.
const STARTED_WITH: &str = "SALLYPORT_BENCH_DATA";
const HOURS: SignedDuration = SignedDuration::from_hours(12);

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

fn card(number: u16) -> CardNumber {
    CardNumber::from_uid(&[&[4, 1][..], &number.to_be_bytes()].concat()).unwrap()
}

fn enrollment(number: u16) -> EnrollmentForGate {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&number.to_le_bytes());
    let code = |bytes| ProtectedCode::new(Zeroizing::new(vec![number as u8; bytes]));
    EnrollmentForGate {
        id: EnrollmentId::from_bytes(id),
        card: card(number),
        version: 1,
        status: EnrollmentStatus::Active,
        expires: Timestamp::MAX,
        model: Some("net".into()),
        code: Some(code(FACE_BYTES)),
        finger_version: 1,
        fingers: vec![FingerCodes {
            position: FingerPosition::RightIndex,
            extractor: "ridges".into(),
            impressions: vec![code(FINGER_BYTES)],
        }],
        face_until: None,
        fingers_until: None,
        key_generation: 1,
        revoked: false,
    }
}

fn pages() -> Vec<EnrollmentPage> {
    let all: Vec<u16> = (0..ENROLLMENTS).collect();
    let page = |(at, numbers): (usize, &[u16])| EnrollmentPage {
        revision: at as u64 + 1,
        epoch: EpochId::from_bytes([1; 16]),
        more: (at + 1) * PAGE < usize::from(ENROLLMENTS),
        key_generation: 1,
        changed: numbers.iter().copied().map(enrollment).collect(),
        removed: Vec::new(),
    };
    all.chunks(PAGE).enumerate().map(page).collect()
}

fn opened(data: &Path, keys: &Keys, clock: &Arc<Hand>) -> Cache {
    let place = CachePlace { data, keys, clock: clock.clone(), rotate_every: HOURS, keep: 2 * HOURS };
    place.open().unwrap().0
}

/// Does some work while cards are found again and again; gives how long it took, and the longest wait for a card.
fn beside_cards(cache: &Cache, work: impl FnOnce()) -> (Duration, Duration) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let cards = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            for number in (0..ENROLLMENTS).cycle().step_by(37) {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let began = Instant::now();
                cache.find(&card(number)).unwrap();
                longest = longest.max(began.elapsed());
                thread::sleep(Duration::from_millis(1));
            }
            longest
        });
        let began = Instant::now();
        work();
        let took = began.elapsed();
        done.store(true, Ordering::Relaxed);
        (took, cards.join().unwrap())
    })
}

/// Memory of this process that is in use, in MiB.
fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

fn disk_mib(path: &Path) -> f64 {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let size = |path: std::path::PathBuf| {
        if path.is_dir() { disk_mib(&path) } else { fs::metadata(&path).unwrap().len() as f64 / f64::from(1 << 20) }
    };
    entries.map(size).sum()
}

const PASSPHRASE: &str = "correct horse battery";

/// A gate that starts: a process of its own, so that its memory tells.
fn start(data: &Path, place: &KeyPlace) {
    let keys = place.open(PASSPHRASE).unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(Timestamp::now().as_millisecond())));
    let (before, began) = (resident_mib(), Instant::now());
    let cache = opened(data, &keys, &clock);
    let (took, grown) = (began.elapsed(), resident_mib() - before);
    assert_eq!(cache.state().unwrap().key_generation, 1);
    println!("opened in {took:.2?}; memory grew by {grown:.0} MiB, with what the disk's store holds in memory");
}

fn main() {
    let place = |data: &Path| KeyPlace::Files { root: data.join("root.key"), others: data.join("keys") };
    if let Some(data) = env::var_os(STARTED_WITH) {
        return start(Path::new(&data), &place(Path::new(&data)));
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let keys = place(data).create(PASSPHRASE).unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(Timestamp::now().as_millisecond())));
    let pages = pages();

    let one_key = SealedStore::new(Arc::new(SledStore::open(&data.join("plain")).unwrap()), keys.root.vault("plain"));
    let began = Instant::now();
    for page in &pages {
        let mut changes = Vec::new();
        for one in &page.changed {
            let pseudonym = one_key.pseudonym("card", one.card.as_str().as_bytes());
            changes.push(one_key.seal("enrollments", &pseudonym, one).unwrap());
            changes.push(one_key.seal("cards", one.id.as_bytes(), &pseudonym.to_vec()).unwrap());
        }
        one_key.apply(changes).unwrap();
    }
    println!(
        "{ENROLLMENTS} under one key: fetched in {:.2?}, {:.0} MiB",
        began.elapsed(),
        disk_mib(&data.join("plain"))
    );
    drop(one_key);

    let cache = opened(data, &keys, &clock);
    cache.keep_key(ApplicationKey::received(&[9; 32], 1)).unwrap();
    cache.keep_up().unwrap();
    let mut longest_page = Duration::ZERO;
    let (took, waited) = beside_cards(&cache, || {
        for page in &pages {
            let began = Instant::now();
            cache.take(page).unwrap();
            longest_page = longest_page.max(began.elapsed());
        }
    });
    let size = disk_mib(&data.join("cache"));
    println!("{ENROLLMENTS} in the vault: fetched in {took:.2?}, a page in {longest_page:.2?} at most, {size:.0} MiB");
    println!("  a card waited {waited:.2?} at most");
    clock.0.fetch_add(HOURS.as_millis() as i64, Ordering::Relaxed);
    let (took, waited) = beside_cards(&cache, || cache.keep_up().unwrap());
    println!("its key rotated in {took:.2?}; a card waited {waited:.2?} at most");
    let (took, _) = beside_cards(&cache, || drop(cache.take(&last(&pages))));
    println!("a round without changes: {took:.2?}");
    drop(cache);

    assert!(Command::new(env::current_exe().unwrap()).env(STARTED_WITH, data).status().unwrap().success());
    let cache = opened(data, &keys, &clock);
    let began = Instant::now();
    (0..1_000).for_each(|number| assert!(cache.find(&card(number * 9)).unwrap().is_some()));
    println!("a card is found in {:.2?}", began.elapsed() / 1_000);
    let began = Instant::now();
    cache.destroy().unwrap();
    println!("destroyed in {:.2?}", began.elapsed());
}

fn last(pages: &[EnrollmentPage]) -> EnrollmentPage {
    let last = pages.last().unwrap();
    EnrollmentPage {
        revision: last.revision,
        epoch: last.epoch,
        more: false,
        key_generation: last.key_generation,
        changed: Vec::new(),
        removed: Vec::new(),
    }
}
