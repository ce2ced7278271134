//! The supervisor: joins the crossing machine to devices, journal, screens and the enrollment service.
//!
//! One thread a device, so that none waits for another; one thread for the machine, to which everything comes as an
//! [`Input`] and from which every command goes out. A device thread that panics is started again; the turnstile's own
//! watchdog closes the doors if the whole controller stops.

mod barrier;
mod chip;
mod display;
mod document;
mod engine;
mod evidence;
mod face;
mod finger;
mod records;

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use sallyport_emrtd::passive::TrustStore;
use sallyport_hardware::{
    barrier::Command as DoorCommand, camera::Totem, document::DocumentReader, fingerprint::FingerprintSensor,
};
use sallyport_protocol::{CrossingId, CrossingRecord, GateId, GateMode, Reason, Stage};
use tokio::sync::{mpsc, oneshot};

pub use self::{barrier::Connect, display::Display, engine::Engine, records::FinishedRecords};
use self::{
    document::DocumentStation,
    evidence::Evidence,
    face::{Capture, FaceStation},
    finger::FingerStation,
};
use crate::{
    audit::GateAudit,
    cache::Cache,
    journal::Journal,
    policy::Policy,
    sync::{Centre, KeyRing, LinkStatus, Synchronizer},
    transaction::{Command, Event, Gate, JournalLine, Moment},
    view::{OfficerOrder, OrderRefused, TravelerInstruction},
};

/// Time passes for the machine at least this often.
const TICK: Duration = Duration::from_millis(50);
/// How long an orderly stop waits for doors and journal.
const STOP_WITHIN: Duration = Duration::from_secs(3);
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// A machine that has not gone round for this long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(1);

/// What comes to the machine's thread.
#[derive(Debug)]
pub enum Input {
    /// For the machine.
    Event(Event),
    /// How far the chip is read.
    Progress {
        /// The crossing.
        crossing: CrossingId,
        /// In percent.
        percent: u8,
    },
    /// What the traveler before the cameras, or at the sensor, should do.
    Guidance {
        /// The crossing.
        crossing: CrossingId,
        /// The one thing to do.
        instruction: TravelerInstruction,
    },
    /// An officer's order.
    Order(OfficerOrder),
    /// How the link to the enrollment service stands.
    Link(LinkStatus),
    /// A trouble that stops no crossing, or its end.
    Aside {
        /// Which.
        reason: Reason,
        /// Whether it is there.
        there: bool,
    },
    /// Something that the enrollment service gives anew was damaged: told until the gate agrees with it again.
    CacheDamaged,
    /// End in good order.
    Stop,
}

impl From<Event> for Input {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// What a gate is made of.
pub struct Parts {
    /// Its name.
    pub gate: GateId,
    /// What it admits.
    pub policy: Policy,
    /// The mode that an officer last set.
    pub mode: GateMode,
    /// What it shows.
    pub display: Display,
    /// Its journal.
    pub journal: Arc<Journal>,
    /// Its audit trail.
    pub audit: GateAudit,
    /// Enrollments, where the gate has a centre.
    pub cache: Option<Arc<Cache>>,
    /// The application key.
    pub keys: Arc<KeyRing>,
    /// The enrollment service, and how often to ask it.
    pub centre: Option<(Centre, Duration)>,
    /// Opens the turnstile's line.
    pub connect: Box<Connect>,
    /// The document reader.
    pub reader: Box<dyn DocumentReader>,
    /// The cameras.
    pub cameras: Totem,
    /// The fingerprint sensor, where there is one, and the resolution of its pictures where they do not say, in pixels an
    /// inch.
    pub fingers: Option<(Box<dyn FingerprintSensor>, f64)>,
    /// The nets.
    pub engine: Arc<Engine>,
    /// The CSCA certificates.
    pub trust: TrustStore,
    /// Officers' orders.
    pub orders: mpsc::Receiver<OfficerOrder>,
}

/// Runs a gate until [`Input::Stop`]. `sender` belongs to `inputs`.
pub fn run(parts: Parts, sender: &Sender<Input>, inputs: &Receiver<Input>) {
    let evidence = Arc::<Evidence>::default();
    let (doors, door_commands) = channel();
    let (reads, read_orders) = channel();
    let (captures, capture_orders) = channel();
    let (touches, touch_orders) = channel();
    let (lines, journal_lines) = channel();
    // One waiting wake says all there is to say, and without a centre nobody takes it.
    let (wake, woken) = sync_channel(1);

    let began = Instant::now();
    let pulse = Arc::new(Pulse { began, last_ms: AtomicU64::new(0) });
    let (connect, heard) = (parts.connect, pulse.clone());
    spawn("turnstile", sender, Some(Event::BarrierLost), move |inputs| {
        barrier::run(&*connect, &door_commands, inputs, &|| heard.is_alive());
    });
    let mut reader = DocumentStation {
        reader: parts.reader,
        trust: parts.trust,
        cache: parts.cache.clone(),
        keys: parts.keys.clone(),
        engine: parts.engine.clone(),
        evidence: evidence.clone(),
        policy: parts.policy.clone(),
        inputs: sender.clone(),
        unread_since: None,
        silent_in: None,
    };
    spawn("reader", sender, None, move |_| reader.run(&read_orders));
    if let Some((sensor, dpi)) = parts.fingers {
        let mut finger = FingerStation {
            sensor,
            dpi,
            engine: parts.engine.clone(),
            evidence: evidence.clone(),
            policy: parts.policy.clone(),
            inputs: sender.clone(),
            said: None,
        };
        let lost = Some(Event::FingerSensor { works: false });
        spawn("fingerprint sensor", sender, lost, move |_| finger.run(&touch_orders));
    }
    let mut face = FaceStation {
        totem: parts.cameras,
        engine: parts.engine,
        evidence: evidence.clone(),
        policy: parts.policy.clone(),
        inputs: sender.clone(),
        said: Vec::new(),
    };
    spawn("cameras", sender, None, move |_| face.run(&capture_orders));
    let journal = parts.journal.clone();
    spawn("journal", sender, None, move |inputs| write_journal(&journal, &journal_lines, inputs, &wake));
    forward_orders(parts.orders, sender.clone());
    if let (Some((centre, interval)), Some(cache)) = (parts.centre, parts.cache) {
        let synchronizer = Synchronizer {
            centre,
            gate: parts.gate.clone(),
            cache,
            journal: parts.journal.clone(),
            audit: parts.audit,
            view: parts.display.gate(),
            grace: Duration::from_secs(u64::from(parts.policy.cache_grace_h) * 3_600),
            interval,
        };
        spawn("synchronizer", sender, None, move |inputs| {
            synchronizer.run(&woken, |status| drop(inputs.send(Input::Link(status))));
        });
    }

    let mut supervisor = Supervisor {
        machine: Gate::new(parts.policy, parts.gate, parts.mode),
        began,
        pulse,
        display: parts.display,
        journal: parts.journal,
        evidence,
        doors,
        reads,
        captures,
        touches,
        lines,
        answers: HashMap::new(),
        requests: 0,
        finishing: None,
    };
    supervisor.serve(inputs);
}

/// Starts a thread that is started again if it panics; `on_panic` tells the machine what that means.
fn spawn(
    name: &'static str,
    inputs: &Sender<Input>,
    on_panic: Option<Event>,
    mut work: impl FnMut(&Sender<Input>) + Send + 'static,
) {
    let inputs = inputs.clone();
    let body = move || {
        while catch_unwind(AssertUnwindSafe(|| work(&inputs))).is_err() {
            tracing::error!("the {name} thread panicked and is started again: report this fault");
            if let Some(event) = &on_panic {
                let _ = inputs.send(event.clone().into());
            }
            thread::sleep(RESTART_AFTER);
        }
    };
    if let Err(error) = thread::Builder::new().name(name.to_owned()).spawn(body) {
        tracing::error!("the {name} thread cannot be started: {error}");
    }
}

fn write_journal(
    journal: &Journal,
    lines: &Receiver<(u64, JournalLine)>,
    inputs: &Sender<Input>,
    wake: &SyncSender<()>,
) {
    while let Ok((entry, line)) = lines.recv() {
        let finished = matches!(line, JournalLine::Finished(_));
        // Each line is answered, whatever happens: the machine waits for it.
        let event = match catch_unwind(AssertUnwindSafe(|| journal.append(line))) {
            Ok(Ok(())) => Event::Journaled { entry },
            Err(_) => Event::JournalFailed { entry, reason: Reason::InternalFault },
            Ok(Err(error)) => {
                tracing::error!("{error}");
                Event::JournalFailed { entry, reason: error.reason() }
            }
        };
        let _ = inputs.send(event.into());
        if finished {
            let _ = wake.try_send(());
        }
    }
}

fn forward_orders(mut orders: mpsc::Receiver<OfficerOrder>, inputs: Sender<Input>) {
    thread::spawn(move || {
        while let Some(order) = orders.blocking_recv() {
            if inputs.send(Input::Order(order)).is_err() {
                return;
            }
        }
    });
}

/// When the machine's thread last went round. Without it the turnstile gets no heartbeat and closes by itself: a
/// controller that hangs must look to it like one that is gone.
struct Pulse {
    began: Instant,
    last_ms: AtomicU64,
}

impl Pulse {
    fn beat(&self) {
        self.last_ms.store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    fn is_alive(&self) -> bool {
        let now_ms = self.began.elapsed().as_millis() as u64;
        now_ms.saturating_sub(self.last_ms.load(Ordering::Relaxed)) < HANGS_AFTER.as_millis() as u64
    }
}

struct Supervisor {
    machine: Gate,
    began: Instant,
    pulse: Arc<Pulse>,
    display: Display,
    journal: Arc<Journal>,
    evidence: Arc<Evidence>,
    doors: Sender<DoorCommand>,
    reads: Sender<CrossingId>,
    captures: Sender<Capture>,
    touches: Sender<Capture>,
    lines: Sender<(u64, JournalLine)>,
    answers: HashMap<u64, oneshot::Sender<Result<(), OrderRefused>>>,
    requests: u64,
    /// The record that is being written; shown once it is on the disk.
    finishing: Option<(u64, Box<CrossingRecord>)>,
}

impl Supervisor {
    fn now(&self) -> Moment {
        Moment { ms: self.began.elapsed().as_millis() as u64, wall: Timestamp::now() }
    }

    fn serve(&mut self, inputs: &Receiver<Input>) {
        let mut ticked = Instant::now();
        let mut stopping: Option<Instant> = None;
        loop {
            self.pulse.beat();
            match inputs.recv_timeout(TICK) {
                Ok(Input::Stop) => {
                    stopping.get_or_insert_with(Instant::now);
                    self.feed(Event::Stopping);
                }
                Ok(input) => self.take(input),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // However many inputs come, deadlines are kept.
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.feed(Event::Tick);
            }
            self.display.update(Timestamp::now(), &self.machine, self.journal.waiting_count() as u64);
            if stopping.is_some_and(|since| self.machine.is_at_rest() || since.elapsed() > STOP_WITHIN) {
                return;
            }
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Event(event) => {
                if let Event::Barrier(seen) = event {
                    self.display.barrier(seen);
                }
                self.feed(event);
            }
            Input::Progress { crossing, percent } => {
                if self.machine.crossing().is_some_and(|current| current.id == crossing) {
                    self.display.progress(percent);
                }
            }
            Input::Guidance { crossing, instruction } => {
                let current = self.machine.crossing();
                if current.is_some_and(|current| current.id == crossing && current.stage() == Stage::Biometric) {
                    self.display.guide(instruction);
                }
            }
            Input::Order(OfficerOrder { officer, order, reply }) => {
                self.requests += 1;
                self.answers.insert(self.requests, reply);
                self.feed(Event::Ordered { request: self.requests, officer, order });
            }
            Input::Link(status) => self.display.link(status),
            Input::Aside { reason, there } => self.display.aside(reason, there),
            Input::CacheDamaged => self.display.cache_damaged(),
            Input::Stop => {}
        }
    }

    fn feed(&mut self, event: Event) {
        let now = self.now();
        if let Event::Journaled { entry } = event
            && let Some((_, record)) = self.finishing.take_if(|(finishing, _)| *finishing == entry)
        {
            self.display.finished(*record);
        }
        for command in self.machine.handle(now, event) {
            self.execute(now, command);
        }
    }

    /// A receiver that is gone belongs to a thread that never ended by itself: its work is then overdue, and the
    /// machine's deadlines see to it.
    fn execute(&mut self, now: Moment, command: Command) {
        match command {
            Command::ReadDocument { crossing } => {
                self.evidence.begin(crossing);
                let _ = self.reads.send(crossing);
            }
            Command::CaptureFace { crossing, attempt } => {
                let _ = self.captures.send(Capture { crossing, attempt });
            }
            Command::CaptureFinger { crossing, attempt } => {
                let _ = self.touches.send(Capture { crossing, attempt });
            }
            Command::Journal { entry, line } => {
                if let JournalLine::Finished(record) = &line {
                    self.finishing = Some((entry, record.clone()));
                }
                let _ = self.lines.send((entry, line));
            }
            Command::Door(command) => {
                let _ = self.doors.send(command);
            }
            Command::Show { instruction, reason } => self.display.show(instruction, reason),
            Command::Refer { reasons, stage, within_ms, .. } => {
                self.display.refer(now, &self.machine, &self.evidence, (reasons, stage, within_ms));
            }
            Command::WithdrawReferral => self.display.withdraw(),
            Command::Purge { .. } => {
                self.evidence.purge();
                self.display.withdraw();
            }
            Command::Answer { request, result } => {
                if let Some(reply) = self.answers.remove(&request) {
                    let _ = reply.send(result);
                }
            }
        }
    }
}
