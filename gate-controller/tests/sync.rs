//! The gate's link over real mutual TLS, to a service that answers as each test says.
#![allow(clippy::unwrap_used)]

mod vaulted;

use std::{
    collections::BTreeSet,
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, atomic::Ordering, mpsc::channel},
    thread,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Data, Json, JsonConfig, Query},
};
use jiff::Timestamp;
use sallyport_gate::{
    audit::GateAudit,
    config::Identity,
    journal::Journal,
    sync::{Centre, LinkStatus, SyncError, Synchronizer, Uploads},
    transaction::JournalLine,
    view::*,
};
use sallyport_link::{Authority, Usage, server_config};
use sallyport_privacy::{
    audit::{self, Checkpoint, Verifier, search_file},
    keys::RootKey,
    vault::Vault,
};
use sallyport_protocol::*;
use sallyport_store::{Change, Store as _};
use serde::Deserialize;
use tokio::sync::watch;
use vaulted::{Disks, card};
use zeroize::Zeroizing;

/// What the service is made to do, and what it saw.
#[derive(Default)]
struct Script {
    /// It does not take records of these crossings.
    unwanted: BTreeSet<CrossingId>,
    /// It does not admit the gate.
    dismissed: bool,
    /// It has no room for records.
    full: bool,
    enrolled: Vec<(u8, EnrollmentStatus)>,
    revision: u64,
    /// The one epoch whose revisions it knows.
    epoch: u8,
    stored: Vec<CrossingId>,
    batches: Vec<usize>,
    asked: Vec<u64>,
    health: Option<GateHealth>,
}

type Scripted = Data<Mutex<Script>>;

const DISMISSED: &str = "gate gate-1 is not admitted";

#[derive(Deserialize)]
struct Asked {
    since: u64,
    epoch: Option<EpochId>,
}

async fn enrollments(script: Scripted, asked: Query<Asked>) -> HttpResponse {
    let mut script = script.lock().unwrap();
    if script.dismissed {
        return HttpResponse::Forbidden().body(DISMISSED);
    }
    script.asked.push(asked.since);
    let epoch = EpochId::from_bytes([script.epoch; 16]);
    if asked.since > script.revision || (asked.since > 0 && asked.epoch != Some(epoch)) {
        return HttpResponse::Conflict().body("restored from a backup");
    }
    HttpResponse::Ok().json(EnrollmentPage {
        revision: script.revision,
        epoch,
        more: false,
        key_generation: 1,
        changed: script.enrolled.iter().map(|(number, status)| enrollment(*number, *status)).collect(),
        removed: Vec::new(),
    })
}

async fn application_key() -> HttpResponse {
    let key = Zeroizing::new(vec![9; 32]);
    HttpResponse::Ok().json(ApplicationKeyGrant { application: "trusted-traveler".into(), generation: 1, key })
}

async fn records(script: Scripted, batch: Json<RecordBatch>) -> HttpResponse {
    let mut script = script.lock().unwrap();
    let crossings: Vec<_> = batch.records.iter().map(|record| record.crossing).collect();
    if script.dismissed {
        return HttpResponse::Forbidden().body(DISMISSED);
    }
    script.batches.push(crossings.len());
    if script.full {
        return HttpResponse::InsufficientStorage().body("no room");
    }
    if crossings.iter().any(|crossing| script.unwanted.contains(crossing)) {
        return HttpResponse::UnprocessableEntity().body("not this one");
    }
    script.stored.extend(&crossings);
    HttpResponse::Ok().json(RecordReceipt { stored: crossings })
}

async fn health(script: Scripted, health: Json<GateHealth>) -> HttpResponse {
    script.lock().unwrap().health = Some(health.into_inner());
    HttpResponse::NoContent().finish()
}

fn enrollment(number: u8, status: EnrollmentStatus) -> EnrollmentForGate {
    vaulted::enrollment(number, number, 1, status)
}

/// A gate's link and the service at its other end.
struct Link {
    synchronizer: Synchronizer,
    script: Scripted,
    disks: Disks,
    uploads: Uploads,
    folder: tempfile::TempDir,
}

fn audit(data: &Path) -> GateAudit {
    let root = RootKey::create(&data.join("root.key"), "correct horse battery").unwrap();
    GateAudit::start(data, Arc::new(root), |_| {}).unwrap()
}

impl Link {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (path, gate) = (folder.path(), "gate-1".parse::<GateId>().unwrap());
        let script = Scripted::default();
        let url = serve(path, script.clone());
        let [certificate, key, authority] = ["gate.crt", "gate.key", "ca.crt"].map(|file| path.join(file));
        let (journal, _) = Journal::open(&path.join("journal"), &gate, true, Timestamp::now()).unwrap();
        let disks = Disks::new(false);
        let synchronizer = Synchronizer {
            centre: Centre::new(&url, &Identity { certificate, key, authority }).unwrap(),
            cache: Arc::new(disks.open().unwrap()),
            journal: Arc::new(journal),
            audit: audit(path),
            view: watch::channel(view(&gate)).1,
            gate,
            grace: Duration::from_secs(3_600),
            interval: Duration::from_secs(3_600),
        };
        Self { synchronizer, script, disks, uploads: Uploads::default(), folder }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// What the gate's audit trail tells, once it has so many entries.
    fn await_noted(&self, entries: usize) -> Vec<String> {
        let (began, path) = (Instant::now(), self.folder.path());
        loop {
            let told = search_file(path, audit::Query::default(), None).unwrap_or_default();
            let acts: Vec<String> = told
                .lines()
                .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
                .map(|entry| format!("{} {}", entry["act"].as_str().unwrap(), entry["why"].as_str().unwrap()))
                .collect();
            if acts.len() >= entries || began.elapsed() > Duration::from_secs(30) {
                return acts;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Connects elsewhere from now on.
    fn move_to(&mut self, url: &str) {
        let [certificate, key, authority] =
            ["gate.crt", "gate.key", "ca.crt"].map(|file| self.folder.path().join(file));
        self.synchronizer.centre = Centre::new(url, &Identity { certificate, key, authority }).unwrap();
    }

    fn round(&mut self) -> Result<(), SyncError> {
        self.synchronizer.round(&mut self.uploads)
    }

    /// What officers are told after one round of the thread.
    fn run_once(&self) -> LinkStatus {
        let (wake, woken) = channel();
        drop(wake);
        let told = Mutex::default();
        self.synchronizer.run(&woken, |status| *told.lock().unwrap() = Some(status));
        told.into_inner().unwrap().unwrap()
    }

    /// Crossings that ended, of which the journal has the records.
    fn crossed(&self, count: usize) -> Vec<CrossingId> {
        let records = (0..count).map(|_| {
            let record = record(&self.synchronizer.gate);
            let crossing = record.crossing;
            self.synchronizer.journal.append(JournalLine::Finished(Box::new(record))).unwrap();
            crossing
        });
        records.collect()
    }

    fn status_of(&self, number: u8) -> Option<EnrollmentStatus> {
        self.synchronizer.cache.find(&card(number)).unwrap().map(|enrollment| enrollment.status)
    }
}

/// Where nobody listens.
fn nowhere() -> String {
    format!("https://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

/// Serves for as long as the test's process lives.
fn serve(folder: &Path, script: Scripted) -> String {
    let authority = Authority::create().unwrap();
    authority.save(folder, &Vault::new(&[3; 32])).unwrap();
    authority.issue("service", &["localhost".into()], Usage::Server).unwrap().save(folder, "service").unwrap();
    authority.issue("gate-1", &[], Usage::Both).unwrap().save(folder, "gate").unwrap();
    let [certificate, key, ca] = ["service.crt", "service.key", "ca.crt"].map(|file| folder.join(file));
    let tls = server_config(&certificate, &key, Some(&ca)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async move {
        let app = move || {
            App::new()
                .app_data(script.clone())
                .app_data(JsonConfig::default().limit(RecordBatch::BYTES_MAX))
                .route(paths::ENROLLMENTS, web::get().to(enrollments))
                .route(paths::APPLICATION_KEY, web::get().to(application_key))
                .route(paths::RECORDS, web::post().to(records))
                .route(paths::HEALTH, web::post().to(health))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        server.listen_rustls_0_23(listener, tls).unwrap().run().await
    };
    thread::spawn(move || actix_web::rt::System::new().block_on(serving));
    format!("https://localhost:{port}")
}

fn view(gate: &GateId) -> GateView {
    GateView {
        gate: gate.clone(),
        mode: GateMode::Held,
        serves: false,
        stage: None,
        entry: DoorView::Closed,
        exit: DoorView::Closed,
        crossing: None,
        since: Timestamp::UNIX_EPOCH,
        troubles: vec![Reason::CameraUnavailable],
        link: LinkState::Connected,
        records_waiting: 0,
        referral: None,
        recent: Vec::new(),
    }
}

fn record(gate: &GateId) -> CrossingRecord {
    CrossingRecord {
        crossing: CrossingId::random(),
        gate: gate.clone(),
        began: Timestamp::now(),
        ended: Timestamp::now(),
        token: TokenKind::TravelDocument,
        issuer: Some("UTO".into()),
        enrollment: None,
        outcome: Outcome::Accepted,
        reasons: vec![Reason::FaceMatchedChip],
        officer: None,
        measurement: None,
        timeline: Vec::new(),
        doors: Vec::new(),
    }
}

#[test]
fn a_round_brings_enrollments_with_their_key_and_takes_records_and_health() {
    let mut link = Link::new();
    (link.script().enrolled, link.script().revision) = (vec![(1, EnrollmentStatus::Active)], 4);
    let crossed = link.crossed(3);
    assert_eq!(link.await_noted(1), ["start opened"]);
    link.round().unwrap();
    assert_eq!(link.status_of(1), Some(EnrollmentStatus::Active));
    assert_eq!(link.synchronizer.cache.keys().generation(), Some(1));
    assert_eq!(link.script().stored, crossed);
    let health = link.script().health.clone().unwrap();
    assert_eq!((health.revision, health.records_waiting, health.mode), (4, 0, GateMode::Held));
    assert_eq!(health.troubles, [Reason::CameraUnavailable]);
    assert_eq!(health.epoch, Some(EpochId::from_bytes([link.script().epoch; 16])), "whose revision that is");
    let head = health.trail.unwrap();
    assert!(head.key.parse::<Verifier>().unwrap().accepts(&head.checkpoint.parse::<Checkpoint>().unwrap()));
    assert_eq!(link.await_noted(2), ["start opened", "grant new-generation"]);
    link.round().unwrap();
    let script = link.script();
    assert_eq!((&script.stored, &script.asked), (&crossed, &vec![0, 4]), "nothing is sent twice");
}

#[test]
fn records_that_the_service_refuses_are_in_no_others_way() {
    let mut link = Link::new();
    (link.script().enrolled, link.script().revision) = (vec![(1, EnrollmentStatus::Suspended)], 1);
    let mut crossed = link.crossed(RecordBatch::RECORDS_MAX + 7);
    let unwanted = [crossed[0], crossed[3], crossed[RecordBatch::RECORDS_MAX + 2]];
    link.script().unwanted.extend(unwanted);
    link.round().unwrap();
    crossed.retain(|crossing| !unwanted.contains(crossing));
    assert_eq!(link.script().stored, crossed, "each other once, the oldest first");
    assert_eq!(link.status_of(1), Some(EnrollmentStatus::Suspended));
    assert_eq!(link.script().health.as_ref().unwrap().records_waiting, 3, "not lost: the journal keeps them");

    // They are not offered again at once, and later ones do not wait behind them.
    let (batches, later) = (link.script().batches.len(), link.crossed(1));
    link.round().unwrap();
    assert_eq!(link.script().batches[batches..], [1]);
    assert!(link.script().stored.ends_with(&later));
    // The next start offers them again, to a service that may be a newer one by then.
    link.script().unwanted.clear();
    link.uploads = Uploads::default();
    link.round().unwrap();
    assert_eq!(link.synchronizer.journal.waiting_count(), 0);
}

#[test]
fn a_batch_is_never_longer_than_the_service_reads() {
    let mut link = Link::new();
    let long = |reasons: usize| {
        let record =
            CrossingRecord { reasons: vec![Reason::PaHashMismatch; reasons], ..record(&link.synchronizer.gate) };
        let crossing = record.crossing;
        link.synchronizer.journal.append(JournalLine::Finished(Box::new(record))).unwrap();
        crossing
    };
    let (too_long, half, other_half) = (long(250_000), long(120_000), long(120_000));
    link.round().unwrap();
    assert_eq!(link.script().stored, [half, other_half]);
    assert_eq!(link.script().batches, [1, 1]);
    assert_eq!(link.synchronizer.journal.waiting(9)[0].crossing, too_long);
}

#[test]
fn a_service_that_stores_no_records_still_changes_enrollments() {
    let mut link = Link::new();
    (link.script().enrolled, link.script().revision) = (vec![(1, EnrollmentStatus::Suspended)], 1);
    link.crossed(1);
    link.script().full = true;
    let error = link.round().unwrap_err().to_string();
    assert!(error.contains("507") && error.contains("no room"), "{error}");
    assert_eq!(link.status_of(1), Some(EnrollmentStatus::Suspended));
    assert_eq!(link.script().health.as_ref().unwrap().records_waiting, 1);
    link.script().full = false;
    link.round().unwrap();
    assert_eq!(link.script().stored.len(), 1, "what is wrong with the service sets no record aside");
}

#[test]
fn a_dismissed_gate_keeps_nothing() {
    let mut link = Link::new();
    (link.script().enrolled, link.script().revision) = (vec![(1, EnrollmentStatus::Active)], 1);
    link.round().unwrap();
    assert!(link.synchronizer.cache.state().unwrap().synced.is_some());
    let copied = link.disks.copied_envelopes();

    link.script().dismissed = true;
    link.crossed(1);
    assert_eq!(link.run_once(), LinkStatus { link: LinkState::Stale, trouble: Some(Reason::GateNotAdmitted) });
    let state = link.synchronizer.cache.state().unwrap();
    assert_eq!((state.synced, state.revision, link.status_of(1)), (None, 0, None));
    assert_eq!(link.synchronizer.cache.keys().generation(), None, "nor the application key");
    assert!(link.disks.copied_envelopes().is_empty());
    let present = link.disks.present_keys();
    assert!(copied.iter().all(|(place, sealed)| present.open(place, sealed).is_err()), "not even in copies");
    link.run_once();
    assert_eq!(link.disks.present_keys().newest(), present.newest(), "once is enough");
    assert_eq!(link.await_noted(3), ["start opened", "grant new-generation", "forget dismissed"], "once");
    assert_eq!(link.synchronizer.journal.waiting_count(), 1, "a dismissal is no fault of the record");

    link.script().dismissed = false;
    link.round().unwrap();
    assert_eq!(link.status_of(1), Some(EnrollmentStatus::Active), "admitted again");
    assert!(link.synchronizer.cache.state().unwrap().synced.is_some());
    assert_eq!(link.script().stored.len(), 1);
}

#[test]
fn a_service_out_of_reach_costs_the_grace_time_only() {
    let mut link = Link::new();
    link.round().unwrap();
    link.move_to(&nowhere());
    let error = link.round().unwrap_err();
    assert_eq!(error.reason(), Reason::CentreUnreachable);
    assert!(link.synchronizer.cache.state().unwrap().synced.is_some());
}

#[test]
fn an_agreement_of_a_time_to_come_is_stale() {
    for (hours, expected) in [(0, LinkState::Offline), (1, LinkState::Stale), (-2, LinkState::Stale)] {
        let mut link = Link::new();
        link.disks = Disks::new(true);
        let clock = link.disks.hand.as_ref().unwrap();
        clock.0.store(Timestamp::now().as_millisecond() + hours * 3_600_000, Ordering::SeqCst);
        link.synchronizer.cache = Arc::new(link.disks.open().unwrap());
        link.synchronizer.cache.take(&vaulted::page(1, Vec::new(), &[])).unwrap();
        link.move_to(&nowhere());
        assert_eq!(link.run_once().link, expected, "{hours}");
    }
}

#[test]
fn after_a_restored_backup_everything_is_fetched_anew() {
    let mut link = Link::new();
    (link.script().enrolled, link.script().revision) = (vec![(1, EnrollmentStatus::Active)], 5);
    link.round().unwrap();
    // The same number of changes again, but others.
    (link.script().enrolled, link.script().epoch) = (vec![(2, EnrollmentStatus::Active)], 1);
    link.round().unwrap();
    assert_eq!((link.status_of(1), link.status_of(2)), (None, Some(EnrollmentStatus::Active)));
    assert_eq!(link.script().asked, [0, 5, 0]);
    link.script().revision = 3;
    link.round().unwrap();
    assert_eq!(link.script().asked, [0, 5, 0, 5, 0], "fewer changes than the gate has seen");
}

#[test]
fn a_damaged_cache_is_fetched_anew() {
    let mut link = Link::new();
    let enrolled = || vec![(1, EnrollmentStatus::Active), (2, EnrollmentStatus::Active)];
    (link.script().enrolled, link.script().revision) = (enrolled(), 1);
    link.round().unwrap();
    let damage = |link: &Link, tree| {
        let damaged = link.disks.records.scan(tree, None, 9).unwrap().into_iter().map(|(key, _)| {
            let value = b"garbage".to_vec();
            Change::Put { tree, key, value }
        });
        link.disks.records.apply(damaged.collect()).unwrap();
    };
    // A traveler's card finds it, ...
    damage(&link, "enrollments");
    assert!(link.synchronizer.cache.find(&card(1)).is_err());
    link.round().unwrap();
    assert_eq!(link.status_of(2), Some(EnrollmentStatus::Active));
    // ... or a change, ...
    link.disks.envelopes.clear().unwrap();
    link.script().revision = 2;
    assert_eq!(link.round().unwrap_err().reason(), Reason::StoreCorrupt);
    link.round().unwrap();
    assert_eq!(link.status_of(2), Some(EnrollmentStatus::Active));
    // ... or the next start.
    damage(&link, "state");
    assert!(link.disks.open().is_err());
    link.synchronizer.cache = Arc::new(link.disks.open_whatever_it_is());
    assert_eq!(link.status_of(2), None);
    link.round().unwrap();
    assert_eq!(link.status_of(2), Some(EnrollmentStatus::Active));
    assert!(link.synchronizer.cache.state().unwrap().synced.is_some());
}

#[test]
fn a_service_that_is_away_for_too_long_leaves_no_enrollments_behind() {
    let mut link = Link::new();
    link.disks = Disks::new(true);
    link.synchronizer.cache = Arc::new(link.disks.open().unwrap());
    (link.script().enrolled, link.script().revision) = (vec![(1, EnrollmentStatus::Active)], 1);
    link.round().unwrap();
    link.move_to(&nowhere());
    link.disks.pass(72);
    assert_eq!(link.round().unwrap_err().reason(), Reason::CentreUnreachable);
    assert!(link.status_of(1).is_some());
    link.disks.pass(1);
    assert_eq!(link.round().unwrap_err().reason(), Reason::CentreUnreachable);
    assert_eq!((link.status_of(1), link.synchronizer.cache.keys().generation()), (None, None));
    assert!(link.disks.copied_envelopes().is_empty());
}
