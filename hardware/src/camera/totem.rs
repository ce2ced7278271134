//! A totem: up to three cameras at different heights, each with a thread of its own, so that none waits for another.
//!
//! One frame of each camera waits, the newest: whoever is too slow for them misses the older ones, and nothing ever grows.
//! A lost camera is an event: the others go on, and it is tried again until it is back.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{Camera, CameraError, Frame, Pace};

/// How long a camera may take for one frame before its thread looks whether it is still wanted.
const FRAME_WITHIN: Duration = Duration::from_millis(500);
/// A camera that so often in a row gave no frame in that time counts as lost.
const SILENT_MAX: u32 = 4;
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

/// A camera in its place.
pub struct Mounted {
    /// Where.
    pub position: Position,
    /// Which.
    pub camera: Box<dyn Camera>,
    /// Frames that are taken of it in a second at most.
    pub frames_per_second: f64,
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
    /// A camera that was said to be lost gives frames again. Said once.
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
    watching: Option<Watch>,
    /// How many watches there were.
    watches: u64,
    closed: bool,
    eyes: Vec<Eye>,
    /// Which camera's turn it is.
    turn: usize,
    dropped: u64,
}

/// One time of watching. A frame that was asked for during another shows another traveler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Watch(u64);

struct Eye {
    position: Position,
    waiting: Option<Frame>,
    /// How many frames it has given.
    frames: u64,
    lost: Option<CameraError>,
    /// Whether it is lost as far as whoever watches knows.
    told_lost: bool,
    /// When it last gave a frame or was found lost.
    answered: Option<Watch>,
}

impl Totem {
    /// Starts a thread for each camera. Nothing is taken until somebody watches.
    pub fn new(cameras: Vec<Mounted>) -> Self {
        let eye = |mounted: &Mounted| Eye {
            position: mounted.position,
            waiting: None,
            frames: 0,
            lost: None,
            told_lost: false,
            answered: None,
        };
        let state = State {
            watching: None,
            watches: 0,
            closed: false,
            eyes: cameras.iter().map(eye).collect(),
            turn: 0,
            dropped: 0,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        for (at, Mounted { position, mut camera, frames_per_second }) in cameras.into_iter().enumerate() {
            let name = format!("{} camera", position.name());
            let (eyes, pace) = (Arc::clone(&shared), Pace::new(frames_per_second));
            let body = move || eyes.run(at, &mut *camera, pace);
            if let Err(error) = thread::Builder::new().name(name.clone()).spawn(body) {
                shared.failed(at, CameraError::Lost { name, why: format!("no thread for it: {error}") });
            }
        }
        Self { shared }
    }

    /// Begins or ends to take frames. Those that wait are wiped at the end, and those still on their way.
    pub fn watch(&self, watching: bool) {
        let mut state = self.shared.state();
        if watching != state.watching.is_some() {
            state.watches += 1;
            state.watching = watching.then_some(Watch(state.watches));
            state.eyes.iter_mut().for_each(|eye| eye.waiting = None);
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// What comes next within this time: losses and returns first, then the newest frame of each camera in turn. May be
    /// called from several threads.
    pub fn next(&self, patience: Duration) -> Option<Seen> {
        self.shared.wait(patience, State::take)
    }

    /// Tries each camera, for this long at most; whether one is lost can be told then. Nothing of what it sees is kept.
    pub fn check(&self, patience: Duration) {
        self.watch(true);
        self.shared.wait(patience, |state| {
            let all = state.eyes.iter().all(|eye| eye.lost.is_some() || eye.answered == state.watching);
            all.then_some(())
        });
        self.watch(false);
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
    /// Threads end after the frame that they wait for. What waits is wiped at once.
    fn drop(&mut self) {
        self.watch(false);
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
    }
}

impl State {
    fn take(&mut self) -> Option<Seen> {
        if let Some(eye) = self.eyes.iter_mut().find(|eye| eye.told_lost != eye.lost.is_some()) {
            eye.told_lost = eye.lost.is_some();
            let position = eye.position;
            return Some(eye.lost.clone().map_or(Seen::Back(position), |error| Seen::Lost { position, error }));
        }
        let count = self.eyes.len();
        let order = (self.turn..count).chain(0..self.turn);
        let (at, seen) = order.into_iter().find_map(|at| {
            let eye = self.eyes.get_mut(at)?;
            Some((at, Seen::Frame(eye.position, eye.waiting.take()?)))
        })?;
        self.turn = (at + 1) % count;
        Some(seen)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is what is asked for, but not longer than this.
    fn wait<T>(&self, patience: Duration, mut find: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now().checked_add(patience);
        let mut state = self.state();
        loop {
            if let Some(found) = find(&mut state) {
                return Some(found);
            }
            let left = deadline.map_or(patience, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// One camera's thread: gives frames while somebody watches.
    fn run(&self, at: usize, camera: &mut dyn Camera, mut pace: Pace) {
        let mut retry = RETRY_AFTER[0];
        let mut silent = 0;
        while let Some(watch) = self.wait_until_watched() {
            if !self.rest(pace.left(), Some(watch)) {
                continue;
            }
            pace.took();
            match ask(camera) {
                Ok(frame) => {
                    self.give(at, frame, watch);
                    (retry, silent) = (RETRY_AFTER[0], 0);
                }
                Err(CameraError::NoFrame { .. }) if silent + 1 < SILENT_MAX => silent += 1,
                Err(error) => {
                    self.failed(at, error);
                    self.rest(retry, None);
                    retry = (2 * retry).min(RETRY_AFTER[1]);
                }
            }
        }
    }

    /// The watch that goes on or begins next; `None` at the end.
    fn wait_until_watched(&self) -> Option<Watch> {
        let found = self.wait(Duration::MAX, |state| match (state.closed, state.watching) {
            (true, _) => Some(None),
            (false, watching) => watching.map(Some),
        });
        found.flatten()
    }

    /// Rests this long, but not beyond the end of the totem, nor of this watch; gives whether nothing ended.
    fn rest(&self, time: Duration, watch: Option<Watch>) -> bool {
        self.wait(time, |state| (state.closed || (watch.is_some() && state.watching != watch)).then_some(())).is_none()
    }

    fn give(&self, at: usize, mut frame: Frame, watch: Watch) {
        let mut state = self.state();
        let State { watching, eyes, dropped, .. } = &mut *state;
        let Some(eye) = eyes.get_mut(at) else { return };
        eye.lost = None;
        eye.answered = Some(watch);
        eye.frames += 1;
        frame.sequence = eye.frames;
        if *watching == Some(watch) {
            *dropped += u64::from(eye.waiting.replace(frame).is_some());
        }
        drop(state);
        self.changed.notify_all();
    }

    fn failed(&self, at: usize, error: CameraError) {
        if let Some(eye) = self.state().eyes.get_mut(at) {
            eye.lost = Some(error);
        }
        self.changed.notify_all();
    }
}

/// A driver that panics is a lost camera, too.
fn ask(camera: &mut dyn Camera) -> Result<Frame, CameraError> {
    catch_unwind(AssertUnwindSafe(|| camera.frame(FRAME_WITHIN))).unwrap_or_else(|_| {
        let name = thread::current().name().unwrap_or("camera").to_owned();
        tracing::error!("the driver of the {name} panicked: report this fault");
        Err(CameraError::Lost { name, why: "its driver failed".to_owned() })
    })
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
            Ok(Frame::new(Pixels::File(Zeroizing::new(vec![value])), Instant::now()))
        }
    }

    fn puppets() -> (Totem, [Sender<Result<u8, CameraError>>; 3]) {
        let mut mounted = Vec::new();
        let strings = Position::ALL.map(|position| {
            let (string, end) = channel();
            mounted.push(Mounted { position, camera: Box::new(Puppet(end)), frames_per_second: 1_000.0 });
            string
        });
        (Totem::new(mounted), strings)
    }

    fn alone(camera: impl Camera + 'static) -> Totem {
        Totem::new(vec![Mounted { position: Position::Middle, camera: Box::new(camera), frames_per_second: 1_000.0 }])
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
        while totem.dropped() < 27 {
            thread::sleep(Duration::from_millis(1));
        }
        let mut seen: Vec<_> = (0..3).map(|_| frame(&totem)).collect();
        seen.sort();
        assert_eq!(seen, Position::ALL.map(|position| (position, 9)), "the newest of each");
        assert_eq!(totem.dropped(), 27);
        assert!(totem.next(Duration::from_millis(20)).is_none());
        // One that is always ready does not push itself before the others.
        (0..3).for_each(|_| drop(strings[0].send(Ok(10))));
        strings[2].send(Ok(10)).unwrap();
        while totem.dropped() < 29 {
            thread::sleep(Duration::from_millis(1));
        }
        let first = frame(&totem).0;
        strings[0].send(Ok(11)).unwrap();
        assert_ne!(frame(&totem).0, first);
    }

    #[test]
    fn frames_are_counted_so_that_gaps_show() {
        let (totem, strings) = puppets();
        totem.watch(true);
        (0..4).for_each(|value| strings[1].send(Ok(value)).unwrap());
        while totem.dropped() < 3 {
            thread::sleep(Duration::from_millis(1));
        }
        let Some(Seen::Frame(_, Frame { sequence, .. })) = totem.next(SOON) else { panic!("no frame") };
        assert_eq!(sequence, 4);
    }

    #[test]
    fn nothing_is_kept_from_one_watch_to_the_next() {
        /// Takes its time, however often it is told to be quick.
        struct Slow(Receiver<u8>, Sender<()>);
        impl Camera for Slow {
            fn frame(&mut self, _: Duration) -> Result<Frame, CameraError> {
                self.1.send(()).unwrap();
                let value = self.0.recv().unwrap_or_default();
                Ok(Frame::new(Pixels::File(Zeroizing::new(vec![value])), Instant::now()))
            }
        }
        let ((string, end), (asks, asked)) = (channel(), channel());
        let totem = alone(Slow(end, asks));
        totem.watch(true);
        string.send(1).unwrap();
        asked.recv().unwrap();
        asked.recv().unwrap();
        // One frame waits, the next is on its way: both show the traveler who was there until now.
        totem.watch(false);
        totem.watch(true);
        string.send(2).unwrap();
        asked.recv().unwrap();
        assert!(totem.next(Duration::from_millis(20)).is_none(), "the former traveler's");
        string.send(3).unwrap();
        assert_eq!(frame(&totem), (Position::Middle, 3));
        totem.watch(true);
        drop(string);
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
    fn a_loss_that_nobody_heard_of_is_no_return_either() {
        let (totem, strings) = puppets();
        totem.watch(true);
        strings[0].send(Err(lost())).unwrap();
        while totem.lost_positions().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        strings[0].send(Ok(5)).unwrap();
        while !totem.lost_positions().is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(frame(&totem), (Position::Lower, 5));
    }

    #[test]
    fn a_silent_camera_is_found_lost_although_it_is_only_looked_at_now_and_then() {
        struct Steady;
        impl Camera for Steady {
            fn frame(&mut self, _: Duration) -> Result<Frame, CameraError> {
                Ok(Frame::new(Pixels::File(Zeroizing::new(vec![1])), Instant::now()))
            }
        }
        let (_string, end) = channel();
        let mount = |position, camera| Mounted { position, camera, frames_per_second: 100.0 };
        let totem =
            Totem::new(vec![mount(Position::Lower, Box::new(Steady)), mount(Position::Upper, Box::new(Puppet(end)))]);
        let deadline = Instant::now() + 4 * SOON;
        while totem.lost_positions() != [Position::Upper] {
            assert!(Instant::now() < deadline, "{:?}", totem.lost_positions());
            totem.check(Duration::from_millis(50));
        }
        assert!(matches!(totem.next(Duration::ZERO), Some(Seen::Lost { position: Position::Upper, .. })));
        assert!(totem.next(Duration::ZERO).is_none(), "no frame is left of what was only looked at");
    }

    #[test]
    fn a_camera_that_fails_at_once_is_left_alone_between_attempts() {
        struct Failing(Sender<Instant>);
        impl Camera for Failing {
            fn frame(&mut self, _: Duration) -> Result<Frame, CameraError> {
                self.0.send(Instant::now()).unwrap();
                Err(lost())
            }
        }
        let (attempts, attempted) = channel();
        let totem = alone(Failing(attempts));
        totem.watch(true);
        let first: Vec<_> = attempted.iter().take(4).collect();
        drop(totem);
        let rests: Vec<_> = first.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let least = [1, 2, 4].map(|times| times * RETRY_AFTER[0]);
        assert!(rests.iter().zip(least).all(|(rest, least)| *rest >= least), "{rests:?}");
        // The channel ends with the thread, and that with its totem.
        assert!(attempted.iter().count() <= 1);
    }

    #[test]
    fn a_driver_that_panics_is_a_lost_camera_and_is_tried_again() {
        struct Broken(u32);
        impl Camera for Broken {
            fn frame(&mut self, _: Duration) -> Result<Frame, CameraError> {
                self.0 += 1;
                assert!(self.0 > 2, "as a driver may");
                Ok(Frame::new(Pixels::File(Zeroizing::new(vec![7])), Instant::now()))
            }
        }
        let totem = alone(Broken(0));
        totem.watch(true);
        assert!(matches!(totem.next(SOON), Some(Seen::Lost { position: Position::Middle, .. })));
        assert!(matches!(totem.next(SOON), Some(Seen::Back(Position::Middle))));
        assert_eq!(frame(&totem), (Position::Middle, 7));
    }

    #[test]
    fn several_workers_share_the_frames() {
        let (totem, strings) = puppets();
        totem.watch(true);
        let total = thread::scope(|scope| {
            let worker = || (0..5).map(|_| u32::from(frame(&totem).1)).sum::<u32>();
            let workers = [scope.spawn(worker), scope.spawn(worker)];
            for value in 1..=10 {
                strings[1].send(Ok(value)).unwrap();
                // The next comes when this one is in somebody's hand.
                while totem.shared.state().eyes[1].frames < u64::from(value)
                    || totem.shared.state().eyes[1].waiting.is_some()
                {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            workers.into_iter().map(|worker| worker.join().unwrap()).sum::<u32>()
        });
        assert_eq!((total, totem.dropped()), (55, 0), "each frame once");
    }
}
