//! Sensors that libfprint drives, such as the DigitalPersona U.are.U 4500.
//!
//! A thread of its own does all that libfprint is asked, since libfprint answers on the thread that asked. One sensor a
//! process: GLib's default main context serves one thread.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use sallyport_libfprint::{Failure, Finger, Image, OpenSensor, Retry, sensors};

use super::{FingerprintSensor, Guidance, Impression, Pixels, SensorError};

/// How long a sensor may take beyond the caller's patience to end a capture, before it is given up.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long opening may take: some sensors load their firmware.
const OPEN_WITHIN: Duration = Duration::from_secs(20);
const MILLIMETERS_AN_INCH: f64 = 25.4;

/// Whether a thread of this process uses libfprint.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// The right to use libfprint.
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        IN_USE.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).ok().map(|_| Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        IN_USE.store(false, Ordering::Release);
    }
}

/// A sensor that libfprint drives. What libfprint shows of its images is zeroed; copies that its own minutiae detection
/// makes on the way are freed as they are.
pub struct LibfprintSensor {
    name: String,
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// A capture that is asked for, or only whether the sensor is there.
struct Order {
    capture: bool,
    deadline: Option<Instant>,
    answers: Sender<Answer>,
}

enum Answer {
    Guidance(Guidance),
    Done(Result<Option<Impression>, SensorError>),
}

impl LibfprintSensor {
    /// The first sensor that gives images, or the first of this driver (`uru4000`, `virtual_image`).
    pub fn open(driver: Option<&str>) -> Result<Self, SensorError> {
        let wanted = driver.unwrap_or("libfprint").to_owned();
        let failed = |why: &str| SensorError::Open { name: wanted.clone(), why: why.to_owned() };
        let turn = Turn::take().ok_or_else(|| failed("another sensor is in use by this program"))?;
        let (orders, queue) = mpsc::channel();
        let (opened, opening) = mpsc::channel();
        let driver = driver.map(str::to_owned);
        let body = move || {
            let _turn = turn;
            serve(driver.as_deref(), &queue, &opened);
        };
        let spawned = std::thread::Builder::new().name("fingerprint sensor".to_owned()).spawn(body);
        let thread = spawned.map_err(|error| failed(&format!("no thread for it: {error}")))?;
        let name = opening.recv_timeout(OPEN_WITHIN).map_err(|_| failed("it does not answer"))??;
        Ok(Self { name, orders: Some(orders), thread: Some(thread) })
    }

    fn lost(&self, why: &str) -> SensorError {
        SensorError::Lost { name: self.name.clone(), why: why.to_owned() }
    }

    fn ask(
        &mut self,
        capture: bool,
        patience: Duration,
        guide: &mut dyn FnMut(Guidance),
    ) -> Result<Option<Impression>, SensorError> {
        let deadline = Instant::now().checked_add(patience);
        let (answers, coming) = mpsc::channel();
        let order = Order { capture, deadline, answers };
        if self.orders.as_ref().is_none_or(|orders| orders.send(order).is_err()) {
            return Err(self.lost("its thread has ended"));
        }
        loop {
            let left = deadline.map_or(patience, |deadline| deadline.saturating_duration_since(Instant::now()));
            match coming.recv_timeout(left.saturating_add(ANSWER_WITHIN)) {
                Ok(Answer::Guidance(said)) => guide(said),
                Ok(Answer::Done(done)) => return done,
                Err(RecvTimeoutError::Disconnected) => return Err(self.lost("its thread has ended")),
                Err(RecvTimeoutError::Timeout) => {
                    // Whoever waits for that thread waits for the driver.
                    (self.orders, self.thread) = (None, None);
                    return Err(self.lost("it does not answer: unplug it, and start this program again"));
                }
            }
        }
    }
}

impl Drop for LibfprintSensor {
    /// Waits until the sensor is closed, so that it can be opened again at once.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl FingerprintSensor for LibfprintSensor {
    fn name(&self) -> &str {
        &self.name
    }

    fn capture(&mut self, patience: Duration, guide: &mut dyn FnMut(Guidance)) -> Result<Impression, SensorError> {
        self.ask(true, patience, guide)?.ok_or_else(|| SensorError::NoFinger { name: self.name.clone() })
    }

    /// A sensor that was lost is opened again; that one in use is gone is found out by the next capture.
    fn check(&mut self) -> Result<(), SensorError> {
        self.ask(false, OPEN_WITHIN, &mut |_| {}).map(drop)
    }
}

/// The thread's work: opens the sensor, then does what it is asked until nobody can ask any more.
fn serve(driver: Option<&str>, queue: &Receiver<Order>, opened: &Sender<Result<String, SensorError>>) {
    let (name, mut sensor) = match open(driver) {
        Ok((name, sensor)) => (name, Some(sensor)),
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    if opened.send(Ok(name.clone())).is_err() {
        return;
    }
    while let Ok(order) = queue.recv() {
        if sensor.is_none() {
            sensor = open(driver).map(|(_, sensor)| sensor).ok();
        }
        let lost = |why: String| SensorError::Lost { name: name.clone(), why };
        let done = match &mut sensor {
            Some(_) if !order.capture => Ok(None),
            Some(open) => capture(open, &order).map(Some).map_err(|failure| match failure {
                Failure::Stopped => SensorError::NoFinger { name: name.clone() },
                other => lost(other.to_string()),
            }),
            None => Err(lost("it is not there".to_owned())),
        };
        if let Err(error @ SensorError::Lost { .. }) = &done {
            tracing::warn!(%error, "a fingerprint sensor is lost");
            sensor = None;
        }
        let _ = order.answers.send(Answer::Done(done));
    }
}

fn open(driver: Option<&str>) -> Result<(String, OpenSensor), SensorError> {
    let name = driver.unwrap_or("libfprint");
    let failed = |name: &str, why: String| SensorError::Open { name: name.to_owned(), why };
    let found = sensors().into_iter().find(|sensor| driver.is_none_or(|driver| sensor.driver() == driver));
    let sensor = found.ok_or_else(|| failed(name, "libfprint finds none that gives images".to_owned()))?;
    let name = sensor.name();
    let sensor = sensor.open().map_err(|failure| failed(&name, failure.to_string()))?;
    Ok((name, sensor))
}

/// Captures until there is an image; what the sensor finds wanting is told.
fn capture(sensor: &mut OpenSensor, order: &Order) -> Result<Impression, Failure> {
    let say = |guidance| order.answers.send(Answer::Guidance(guidance)).is_ok();
    loop {
        let mut before = None;
        let mut watch = |finger| {
            if before.replace(finger) != Some(finger) && finger == Finger::Awaited && !say(Guidance::Place) {
                return false;
            }
            order.deadline.is_none_or(|deadline| Instant::now() < deadline)
        };
        match sensor.capture(&mut watch) {
            Ok(image) => {
                say(Guidance::Lift);
                return Ok(impression(image));
            }
            Err(Failure::Retry(retry)) => {
                let guidance = match retry {
                    Retry::TooShort => Guidance::TooShort,
                    Retry::Center => Guidance::Center,
                    Retry::Lift => Guidance::Lift,
                    _ => Guidance::Again,
                };
                if !say(guidance) || order.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    return Err(Failure::Stopped);
                }
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn impression(image: Image) -> Impression {
    let Image { width, height, pixels_per_millimeter, gray } = image;
    let dpi = pixels_per_millimeter.map(|density| density * MILLIMETERS_AN_INCH);
    Impression { pixels: Pixels::Gray { width, height, bytes: gray }, dpi, taken: Instant::now() }
}
