//! What officers do, in the gate's own audit trail: the folder `audit` of the data folder.
//!
//! A thread of its own writes, and an act waits until its entry is on the disk. But people come first: whatever lets somebody
//! out or stops the gate waits for [`SAFETY_WAIT`] at most and is then done, however the disk is. Its entry is written as soon
//! as it can be, with the time of the act, and until then officers are told. [`WAITING_MAX`] entries may wait; those beyond
//! are lost, and so are those that still wait when the gate is switched off. The first are counted, and the count is noted.
//!
//! Officers' notes are not here but in the record of the crossing: they are free text, and nothing in a trail can be deleted.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use jiff::Timestamp;
use sallyport_privacy::{
    audit::{Act, AuditError, Checkpoint, Deed, FOLDER, HEAD, Ledger, SERVICE, Verifier},
    keys::RootKey,
};
use sallyport_protocol::{CrossingId, Door, EnrollmentId, GateMode, OfficerChoice, TrailHead};
use tokio::{sync::oneshot, time};

use crate::view::Order;

/// How long an act waits whose entry must be written first. An officer sees a page that does not answer for as long.
const NEEDED_WITHIN: Duration = Duration::from_secs(3);
/// How long an act waits that must not be kept from happening: a flush takes a few milliseconds on a disk that is well.
const SAFETY_WAIT: Duration = Duration::from_millis(250);
/// Most entries that wait for the disk: a busy officer's shift.
const WAITING_MAX: usize = if cfg!(test) { 8 } else { 1_000 };
/// How long until a disk that took no entry is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What becomes of an act whose entry cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It is not done.
    Needed,
    /// It is done all the same.
    Safety,
}

/// Something that an officer, or the gate by itself, is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateDeed {
    /// The account.
    pub who: String,
    /// What it does.
    pub act: Act,
    /// To whose data, where an enrollment was presented.
    pub whose: Option<EnrollmentId>,
    /// To which crossing, door or the like.
    pub what: Option<String>,
    /// Why: a fixed word.
    pub why: &'static str,
}

impl GateDeed {
    /// A deed of this account to nothing in particular.
    pub fn new(who: &str, act: Act, why: &'static str) -> Self {
        Self { who: who.to_owned(), act, whose: None, what: None, why }
    }

    /// A deed of the gate itself.
    pub fn own(act: Act, what: &str, why: &'static str) -> Self {
        Self { what: Some(what.to_owned()), ..Self::new(SERVICE, act, why) }
    }

    /// A deed to a crossing, of whose enrollment it may be.
    pub fn on(self, crossing: CrossingId, whose: Option<EnrollmentId>) -> Self {
        Self { what: Some(crossing.to_string()), whose, ..self }
    }

    /// An officer's order, and what becomes of it when it cannot be noted.
    pub fn ordered(officer: &str, order: &Order, whose: Option<EnrollmentId>) -> (Self, Weight) {
        let (act, what, why, weight) = match order {
            Order::Decide { crossing, choice, .. } => {
                let (act, weight) = match choice {
                    OfficerChoice::Accept => (Act::Accept, Weight::Needed),
                    OfficerChoice::Refuse => (Act::Refuse, Weight::Safety),
                };
                (act, crossing.to_string(), "referral", weight)
            }
            Order::SetMode { mode } => {
                let (mode, weight) = match mode {
                    GateMode::InService => ("in-service", Weight::Needed),
                    GateMode::Held => ("held", Weight::Safety),
                    GateMode::Closed => ("closed", Weight::Safety),
                    GateMode::Released => ("released", Weight::Safety),
                };
                (Act::SetMode, mode.to_owned(), "officer", weight)
            }
            Order::OpenDoor { door, .. } => {
                let door = match door {
                    Door::Entry => "entry",
                    Door::Exit => "exit",
                };
                (Act::Open, door.to_owned(), "by-hand", Weight::Safety)
            }
        };
        let whose = whose.filter(|_| matches!(order, Order::Decide { .. }));
        (Self { whose, what: Some(what), ..Self::new(officer, act, why) }, weight)
    }

    fn told<'a>(&'a self, ledger: &Ledger, of: Option<u64>) -> Deed<'a> {
        let whose = self.whose.map(|id| ledger.pseudonym(id.as_bytes()));
        let deed = Deed { whose, of, ..Deed::new(&self.who, self.act, self.why) };
        match &self.what {
            Some(what) => deed.to(what),
            None => deed,
        }
    }
}

/// It could not be noted, and so must not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be noted in the audit trail, and so is not done: look at the gate's disk")]
pub struct NotNoted;

/// How the trail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Entries wait for the disk.
    Waiting,
    /// None waits any more.
    Written,
    /// It was changed by somebody else, put aside, and begun anew.
    Damaged,
}

/// The way to the trail. Clones lead to the same one.
#[derive(Debug, Clone)]
pub struct GateAudit {
    asked: SyncSender<Asked>,
    lost: Arc<AtomicU64>,
    head: PathBuf,
    key: Verifier,
}

#[derive(Debug)]
struct Asked {
    deed: GateDeed,
    at: Timestamp,
    /// The entry that this one follows up.
    of: Option<u64>,
    weight: Weight,
    /// Takes the entry's number.
    reply: Option<oneshot::Sender<u64>>,
}

impl GateAudit {
    /// Begins to write the trail of this data folder; `told` hears how it stands, when that changes. The trail need not open
    /// at once: it is tried again and again.
    pub fn start(data: &Path, root: Arc<RootKey>, told: impl Fn(Condition) + Send + 'static) -> io::Result<Self> {
        let (asked, asking) = sync_channel(WAITING_MAX);
        let (folder, lost) = (data.join(FOLDER), Arc::<AtomicU64>::default());
        let (head, key) = (folder.join(HEAD), Verifier::of(&root));
        let mut writer =
            Writer { folder, head: head.clone(), root, ledger: None, lost: lost.clone(), waiting: false, told };
        thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(&asking))?;
        Ok(Self { asked, lost, head, key })
    }

    /// Notes what is about to be done, and gives the entry's number, if it was written in time.
    pub async fn noted(&self, deed: &GateDeed, weight: Weight) -> Result<Option<u64>, NotNoted> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(deed.clone(), None, weight, Some(reply));
        let within = match weight {
            Weight::Needed => NEEDED_WITHIN,
            Weight::Safety => SAFETY_WAIT,
        };
        match (time::timeout(within, answer).await, weight) {
            (Ok(Ok(entry)), _) => Ok(Some(entry)),
            (_, Weight::Safety) => Ok(None),
            (_, Weight::Needed) => Err(NotNoted),
        }
    }

    /// Notes without waiting.
    pub fn note(&self, deed: GateDeed) {
        self.hand_over(deed, None, Weight::Safety, None);
    }

    /// Notes that something was not done after all.
    pub fn failed(&self, entry: Option<u64>, deed: GateDeed, why: &'static str) {
        self.hand_over(GateDeed { act: Act::Fail, why, ..deed }, entry, Weight::Safety, None);
    }

    fn hand_over(&self, deed: GateDeed, of: Option<u64>, weight: Weight, reply: Option<oneshot::Sender<u64>>) {
        let asked = Asked { deed, at: Timestamp::now(), of, weight, reply };
        if let Err(lost) = self.asked.try_send(asked) {
            tracing::error!("the audit trail takes no more, an entry is lost: {lost}");
            // What is not done for want of its entry is no loss.
            if weight == Weight::Safety {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How far the trail has come, for the enrollment service to remember.
    pub fn head(&self) -> Option<TrailHead> {
        let checkpoint: Checkpoint = fs::read_to_string(&self.head).ok()?.parse().ok()?;
        Some(TrailHead { key: self.key.to_string(), checkpoint: checkpoint.to_string() })
    }
}

/// What writes.
struct Writer<F> {
    folder: PathBuf,
    head: PathBuf,
    root: Arc<RootKey>,
    ledger: Option<Ledger>,
    lost: Arc<AtomicU64>,
    /// Whether an entry waits for the disk.
    waiting: bool,
    told: F,
}

impl<F: Fn(Condition)> Writer<F> {
    fn run(&mut self, asking: &Receiver<Asked>) {
        // The trail tells of the gate's start, whether anybody does anything or not.
        let _ = self.ledger().map(drop).inspect_err(|error| tracing::error!("{error}"));
        while let Ok(asked) = asking.recv() {
            while !asked.is_over() {
                match self.write(&asked) {
                    Ok(entry) => {
                        self.answer(asked, entry);
                        break;
                    }
                    Err(error @ AuditError::Field(_)) => {
                        tracing::error!("an entry is lost: {error}");
                        break;
                    }
                    Err(error) => {
                        self.wait_after(&error);
                        thread::sleep(RETRY_AFTER);
                    }
                }
            }
        }
    }

    fn ledger(&mut self) -> Result<&Ledger, AuditError> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => {
                let (ledger, found) = Ledger::open(&self.folder, &self.head, &self.root, Timestamp::now())?;
                if let Some(aside) = found.aside {
                    found.problems.iter().for_each(|problem| tracing::error!("audit trail: {problem}"));
                    tracing::error!("the audit trail was changed and put aside as {}: find out who", aside.display());
                    (self.told)(Condition::Damaged);
                }
                ledger
            }
        };
        Ok(self.ledger.insert(ledger))
    }

    fn write(&mut self, asked: &Asked) -> Result<u64, AuditError> {
        let ledger = self.ledger()?;
        let entry = ledger.note_of(asked.at, &asked.deed.told(ledger, asked.of))?;
        if self.waiting {
            self.waiting = false;
            tracing::info!("the audit trail is written again");
            (self.told)(Condition::Written);
        }
        self.tell_losses();
        Ok(entry)
    }

    fn tell_losses(&mut self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost == 0 {
            return;
        }
        let noted = self
            .ledger()
            .and_then(|ledger| ledger.note(&Deed::new(SERVICE, Act::Lose, "not-written").to(&lost.to_string())));
        if noted.is_err() {
            self.lost.fetch_add(lost, Ordering::Relaxed);
        }
    }

    /// Whoever waited for it and went away has not done it.
    fn answer(&mut self, asked: Asked, entry: u64) {
        let Some(reply) = asked.reply else { return };
        if reply.send(entry).is_err() && asked.weight == Weight::Needed {
            let failed = GateDeed { act: Act::Fail, why: "too-late", ..asked.deed };
            let noted = self.ledger().and_then(|ledger| ledger.note(&failed.told(ledger, Some(entry))));
            let _ = noted.inspect_err(|error| tracing::error!(entry, %error, "that it was not done cannot be noted"));
        }
    }

    fn wait_after(&mut self, error: &AuditError) {
        if matches!(error, AuditError::Altered { .. }) {
            // Opened anew, it is put aside.
            self.ledger = None;
        }
        if !self.waiting {
            self.waiting = true;
            tracing::error!("{error}; it is tried again");
            (self.told)(Condition::Waiting);
        }
    }
}

impl Asked {
    /// Whether nobody wants the entry any more, since what it tells was not done.
    fn is_over(&self) -> bool {
        self.weight == Weight::Needed && self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{sync::mpsc::channel, time::Instant};

    use sallyport_privacy::audit::{Query, search_file, verify_file};

    use super::*;

    fn root(data: &Path) -> Arc<RootKey> {
        Arc::new(RootKey::create(&data.join("root.key"), "correct horse battery").unwrap())
    }

    fn told(data: &Path) -> Vec<String> {
        let found = search_file(data, Query::default(), None).unwrap();
        let line = |line: &str| {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{} {}", entry["act"].as_str().unwrap(), entry["what"].as_str().unwrap_or("-"))
        };
        found.lines().map(line).collect()
    }

    #[test]
    fn what_needs_an_entry_and_what_does_not() {
        let (crossing, person) = (CrossingId::random(), EnrollmentId::random());
        let decide = |choice| Order::Decide { crossing, choice, note: "tall".into() };
        let door = Order::OpenDoor { door: Door::Exit, note: "wheelchair".into() };
        let mode = |mode| Order::SetMode { mode };
        for (order, act, what, weight) in [
            (decide(OfficerChoice::Accept), Act::Accept, crossing.to_string(), Weight::Needed),
            (decide(OfficerChoice::Refuse), Act::Refuse, crossing.to_string(), Weight::Safety),
            (door, Act::Open, "exit".to_owned(), Weight::Safety),
            (mode(GateMode::InService), Act::SetMode, "in-service".to_owned(), Weight::Needed),
            (mode(GateMode::Held), Act::SetMode, "held".to_owned(), Weight::Safety),
            (mode(GateMode::Closed), Act::SetMode, "closed".to_owned(), Weight::Safety),
        ] {
            let (deed, heavy) = GateDeed::ordered("ana", &order, Some(person));
            assert_eq!((deed.act, deed.what, heavy), (act, Some(what), weight));
            assert_eq!(deed.whose.is_some(), matches!(order, Order::Decide { .. }));
        }
    }

    #[tokio::test]
    async fn entries_that_had_to_wait_are_written_later_and_lost_ones_are_counted() {
        let data = tempfile::tempdir().unwrap();
        let root = root(data.path());
        fs::write(data.path().join(FOLDER), "what stands in the way").unwrap();
        let (sender, heard) = channel();
        let audit =
            GateAudit::start(data.path(), root.clone(), move |condition| sender.send(condition).unwrap()).unwrap();
        let open = GateDeed { what: Some("exit".into()), ..GateDeed::new("ana", Act::Open, "by-hand") };
        let began = Instant::now();
        assert_eq!(audit.noted(&open, Weight::Safety).await, Ok(None));
        assert!(began.elapsed() < Duration::from_secs(2), "nobody waits for the disk");
        assert_eq!(heard.recv().unwrap(), Condition::Waiting);
        let accept = GateDeed::new("ana", Act::Accept, "referral");
        assert_eq!(audit.noted(&accept, Weight::Needed).await, Err(NotNoted));
        for _ in 0..WAITING_MAX + 2 {
            audit.note(GateDeed::new("ana", Act::LogOut, "test"));
        }
        assert!(audit.head().is_none());

        let later = Timestamp::now();
        fs::remove_file(data.path().join(FOLDER)).unwrap();
        assert_eq!(heard.recv().unwrap(), Condition::Written);
        // Once there is room in the queue.
        while audit.noted(&GateDeed::new("ana", Act::LogIn, "test"), Weight::Needed).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(60));
            time::sleep(Duration::from_millis(20)).await;
        }
        let told = told(data.path());
        let lost = told.iter().find(|line| line.starts_with("lose ")).unwrap();
        let lost: usize = lost.strip_prefix("lose ").unwrap().parse().unwrap();
        let kept = told.iter().filter(|line| *line == "log_out -").count();
        assert_eq!(kept + lost, WAITING_MAX + 2, "each is written or counted");
        assert_eq!((&told[0][..], &told[1][..]), ("start -", "open exit"));
        assert!(!told.contains(&"accept -".to_owned()), "it was not done");
        let first = Query { act: Some(Act::Open), until: Some(later), ..Query::default() };
        assert_eq!(search_file(data.path(), first, None).unwrap().lines().count(), 1, "with the time of the act");
        assert!(verify_file(data.path(), None, None).is_ok());
        let head = audit.head().unwrap();
        assert!(head.key.parse::<Verifier>().unwrap().accepts(&head.checkpoint.parse().unwrap()));
    }

    #[tokio::test]
    async fn a_trail_that_somebody_changed_is_put_aside_while_the_gate_goes_on() {
        let data = tempfile::tempdir().unwrap();
        let (sender, heard) = channel();
        let audit =
            GateAudit::start(data.path(), root(data.path()), move |condition| sender.send(condition).unwrap()).unwrap();
        let log_in = GateDeed::new("ana", Act::LogIn, "test");
        assert_eq!(audit.noted(&log_in, Weight::Needed).await, Ok(Some(2)));
        let log = data.path().join("audit/audit.log");
        let text = fs::read_to_string(&log).unwrap();
        fs::write(&log, format!("{text}garbage\n")).unwrap();
        assert_eq!(audit.noted(&log_in, Weight::Needed).await, Ok(Some(2)), "the first tells of the damage");
        let conditions: Vec<_> = heard.try_iter().collect();
        assert_eq!(conditions, [Condition::Waiting, Condition::Damaged, Condition::Written]);
        assert_eq!(told(data.path()), ["damage -", "log_in -"]);
    }
}
