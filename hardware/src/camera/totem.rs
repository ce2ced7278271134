//! A totem: up to three cameras at different heights, each with a thread of its own, so that none waits for another.
//!
//! Frames wait in short queues, the newest first. Whoever is too slow for them misses the oldest, and nothing ever grows.
//! A lost camera is an event: the others go on, and it is tried again until it is back.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{Camera, CameraError, Frame, Pace};

/// Frames of one camera that wait at most: one in the hand of a worker, one fresh.
const WAITING_MAX: usize = 2;
/// How long a camera may take for one frame before its thread looks whether it is still wanted.
const FRAME_WITHIN: Duration = Duration::from_millis(500);
/// How long after its last frame a camera that gives none counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(2);
/// How long a camera that fails is left alone, at first and at most.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// Where on the totem a camera sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// For children and wheelchair users.
    Lower,
    /// The only one, where there is one.
    Middle,
    /// For tall people.
    Upper,
}

impl Position {
    /// All, from below.
    pub const ALL: [Self; 3] = [Self::Lower, Self::Middle, Self::Upper];

    /// The name, as in configurations and scenes' folders.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Middle => "middle",
            Self::Upper => "upper",
        }
    }
}

/// What a totem gives.
#[derive(Debug)]
pub enum Seen {
    /// A frame.
    Frame(Position, Frame),
    /// A camera gives no frames any more. Said once.
    Lost {
        /// Which.
        position: Position,
        /// Why.
        error: CameraError,
    },
    /// A lost camera gives frames again.
    Back(Position),
}

/// Up to three cameras.
pub struct Totem {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    watching: bool,
    closed: bool,
    eyes: Vec<Eye>,
    /// Losses and returns that nobody has taken yet: at most one a camera.
    news: VecDeque<Seen>,
    /// Which camera's turn it is.
    turn: usize,
    dropped: u64,
}

struct Eye {
    position: Position,
    waiting: VecDeque<Frame>,
    lost: Option<CameraError>,
}

impl Totem {
    /// Starts a thread for each camera, which takes so many frames a second at most. Nothing is taken until somebody
    /// watches.
    pub fn new(cameras: Vec<(Position, Box<dyn Camera>)>, frames_per_second: f64) -> Self {
        let eye = |position: &Position| Eye { position: *position, waiting: VecDeque::new(), lost: None };
        let state = State {
            watching: false,
            closed: false,
            eyes: cameras.iter().map(|(position, _)| eye(position)).collect(),
            news: VecDeque::new(),
            turn: 0,
            dropped: 0,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        for (at, (position, mut camera)) in cameras.into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            let name = format!("camera {}", position.name());
            let body = move || {
                while let Err(_panic) =
                    catch_unwind(AssertUnwindSafe(|| shared.run(at, &mut *camera, frames_per_second)))
                {
                    tracing::error!("the thread of the {} camera panicked: report this fault", position.name());
                    let name = position.name().to_owned();
                    shared.failed(at, CameraError::Lost { name, why: "its driver failed".to_owned() });
                    thread::sleep(RETRY_AFTER[1]);
                }
            };
            if let Err(error) = thread::Builder::new().name(name).spawn(body) {
                tracing::error!("no thread for the {} camera: {error}", position.name());
            }
        }
        Self { shared }
    }

    /// Begins or ends to take frames. Those that wait are wiped at the end.
    pub fn watch(&self, watching: bool) {
        let mut state = self.shared.state();
        state.watching = watching;
        state.eyes.iter_mut().for_each(|eye| eye.waiting.clear());
        drop(state);
        self.shared.changed.notify_all();
    }

    /// What comes next within this time: losses and returns first, then the newest frame of each camera in turn. May be
    /// called from several threads.
    pub fn next(&self, patience: Duration) -> Option<Seen> {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.state();
        loop {
            if let Some(seen) = state.take() {
                return Some(seen);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether all cameras are lost, and why the first of them is.
    pub fn lost(&self) -> Option<CameraError> {
        let state = self.shared.state();
        let first = state.eyes.first()?.lost.clone();
        first.filter(|_| state.eyes.iter().all(|eye| eye.lost.is_some()))
    }

    /// The cameras that are lost.
    pub fn lost_positions(&self) -> Vec<Position> {
        self.shared.state().eyes.iter().filter(|eye| eye.lost.is_some()).map(|eye| eye.position).collect()
    }

    /// How many frames were too old before anybody came for them.
    pub fn dropped(&self) -> u64 {
        self.shared.state().dropped
    }
}

impl Drop for Totem {
    /// Threads end after the frame that they wait for.
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
    }
}

impl State {
    fn take(&mut self) -> Option<Seen> {
        if let Some(news) = self.news.pop_front() {
            return Some(news);
        }
        let count = self.eyes.len();
        for offset in 0..count {
            let at = (self.turn + offset) % count;
            let eye = &mut self.eyes[at];
            if let Some(frame) = eye.waiting.pop_back() {
                // What is older than a frame already in somebody's hand is of no use.
                self.dropped += eye.waiting.len() as u64;
                eye.waiting.clear();
                self.turn = (at + 1) % count;
                return Some(Seen::Frame(eye.position, frame));
            }
        }
        None
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One camera's thread: gives frames while somebody watches.
    fn run(&self, at: usize, camera: &mut dyn Camera, frames_per_second: f64) {
        let mut pace = Pace::new(frames_per_second);
        let mut retry = RETRY_AFTER[0];
        let mut last_frame = Instant::now();
        loop {
            match self.wait_until_watched() {
                None => return,
                // Nothing was expected of it meanwhile.
                Some(true) => last_frame = Instant::now(),
                Some(false) => {}
            }
            pace.wait(Duration::MAX);
            match camera.frame(FRAME_WITHIN) {
                Ok(frame) => {
                    self.give(at, frame);
                    (retry, last_frame) = (RETRY_AFTER[0], Instant::now());
                }
                Err(CameraError::NoFrame { .. }) if last_frame.elapsed() < LOST_AFTER => {}
                Err(error) => {
                    self.failed(at, error);
                    self.rest(retry);
                    retry = (2 * retry).min(RETRY_AFTER[1]);
                }
            }
        }
    }

    /// Waits; gives whether there was a wait, `None` at the end.
    fn wait_until_watched(&self) -> Option<bool> {
        let mut state = self.state();
        let waited = !state.watching;
        while !state.watching && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (!state.closed).then_some(waited)
    }

    /// Sleeps, but not beyond the end.
    fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state();
        while !state.closed && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn give(&self, at: usize, frame: Frame) {
        let mut state = self.state();
        let State { watching, eyes, news, dropped, .. } = &mut *state;
        let Some(eye) = eyes.get_mut(at) else { return };
        if eye.lost.take().is_some() {
            news.retain(|seen| !matches!(seen, Seen::Lost { position, .. } if *position == eye.position));
            news.push_back(Seen::Back(eye.position));
        }
        if *watching {
            if eye.waiting.len() == WAITING_MAX {
                eye.waiting.pop_front();
                *dropped += 1;
            }
            eye.waiting.push_back(frame);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn failed(&self, at: usize, error: CameraError) {
        let mut state = self.state();
        let State { eyes, news, .. } = &mut *state;
        let Some(eye) = eyes.get_mut(at) else { return };
        if eye.lost.is_none() {
            news.retain(|seen| !matches!(seen, Seen::Back(position) if *position == eye.position));
            news.push_back(Seen::Lost { position: eye.position, error: error.clone() });
        }
        eye.lost = Some(error);
        drop(state);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc::{Receiver, Sender, channel};

    use zeroize::Zeroizing;

    use super::*;
    use crate::camera::Pixels;

    const SOON: Duration = Duration::from_secs(5);

    /// Gives what it is told to.
    struct Puppet(Receiver<Result<u8, CameraError>>);

    impl Camera for Puppet {
        fn frame(&mut self, patience: Duration) -> Result<Frame, CameraError> {
            let none = || CameraError::NoFrame { name: "puppet".into(), why: "none".into() };
            let value = self.0.recv_timeout(patience).map_err(|_| none())??;
            Ok(Frame { pixels: Pixels::File(Zeroizing::new(vec![value])), taken: Instant::now() })
        }
    }

    fn puppets() -> (Totem, [Sender<Result<u8, CameraError>>; 3]) {
        let strings = Position::ALL.map(|position| (position, channel()));
        let cameras = strings
            .map(|(position, (sender, receiver))| ((position, Box::new(Puppet(receiver)) as Box<dyn Camera>), sender));
        let [a, b, c] = cameras;
        (Totem::new(vec![a.0, b.0, c.0], 1_000.0), [a.1, b.1, c.1])
    }

    fn lost() -> CameraError {
        CameraError::Lost { name: "puppet".into(), why: "its string broke".into() }
    }

    fn frame(totem: &Totem) -> (Position, u8) {
        match totem.next(SOON) {
            Some(Seen::Frame(position, Frame { pixels: Pixels::File(bytes), .. })) => (position, bytes[0]),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn frames_come_from_each_camera_in_turn_and_old_ones_are_dropped() {
        let (totem, strings) = puppets();
        assert!(totem.next(Duration::from_millis(20)).is_none(), "nobody watches");
        totem.watch(true);
        for string in &strings {
            (0..10).for_each(|value| string.send(Ok(value)).unwrap());
        }
        while totem.dropped() < 24 {
            thread::sleep(Duration::from_millis(1));
        }
        let mut seen: Vec<_> = (0..3).map(|_| frame(&totem)).collect();
        seen.sort();
        assert_eq!(seen, Position::ALL.map(|position| (position, 9)), "the newest of each");
        assert_eq!(totem.dropped(), 27);
        assert!(totem.next(Duration::from_millis(20)).is_none());
    }

    #[test]
    fn nothing_is_kept_while_nobody_watches() {
        let (totem, strings) = puppets();
        totem.watch(true);
        strings[1].send(Ok(1)).unwrap();
        assert_eq!(frame(&totem), (Position::Middle, 1));
        strings[1].send(Ok(2)).unwrap();
        thread::sleep(Duration::from_millis(50));
        totem.watch(false);
        totem.watch(true);
        assert!(totem.next(Duration::from_millis(50)).is_none(), "it was wiped");
    }

    #[test]
    fn a_lost_camera_is_told_once_and_comes_back_while_the_others_go_on() {
        let (totem, strings) = puppets();
        totem.watch(true);
        strings[0].send(Err(lost())).unwrap();
        strings[0].send(Err(lost())).unwrap();
        let seen = totem.next(SOON);
        assert!(matches!(&seen, Some(Seen::Lost { position: Position::Lower, error }) if *error == lost()), "{seen:?}");
        assert!(totem.lost().is_none());
        assert_eq!(totem.lost_positions(), [Position::Lower]);
        strings[2].send(Ok(3)).unwrap();
        assert_eq!(frame(&totem), (Position::Upper, 3));
        strings[0].send(Ok(4)).unwrap();
        assert!(matches!(totem.next(SOON), Some(Seen::Back(Position::Lower))));
        assert_eq!(frame(&totem), (Position::Lower, 4));
        strings.iter().for_each(|string| string.send(Err(lost())).unwrap());
        let told: Vec<_> = (0..3).map(|_| totem.next(SOON)).collect();
        assert!(told.iter().all(|seen| matches!(seen, Some(Seen::Lost { .. }))), "{told:?}");
        assert_eq!(totem.lost(), Some(lost()));
    }

    #[test]
    fn a_driver_that_panics_is_a_lost_camera() {
        struct Broken;
        impl Camera for Broken {
            fn frame(&mut self, _: Duration) -> Result<Frame, CameraError> {
                panic!("as a driver may")
            }
        }
        let totem = Totem::new(vec![(Position::Middle, Box::new(Broken))], 1_000.0);
        totem.watch(true);
        assert!(matches!(totem.next(SOON), Some(Seen::Lost { position: Position::Middle, .. })));
        assert!(totem.lost().is_some());
    }
}
