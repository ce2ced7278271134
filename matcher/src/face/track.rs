//! Who is in front of one camera: the traveler, over time, and whether anybody else is.

use super::Detection;

/// Where a traveler stands. Sizes and places are parts of the frame, so that cameras may change their resolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zone {
    /// Least distance between the eyes, as a part of the frame's longer side: who is farther is not in the zone.
    pub eyes_min: f32,
    /// Most.
    pub eyes_max: f32,
    /// Left edge of the part of the frame that counts, as a part of its width.
    pub left: f32,
    /// Top, as a part of the height.
    pub top: f32,
    /// Right.
    pub right: f32,
    /// Bottom.
    pub bottom: f32,
}

impl Default for Zone {
    /// Eyes 63 mm apart between 0.2 m and 1.1 m before a camera of 60 degrees; the whole frame.
    fn default() -> Self {
        Self { eyes_min: 0.05, eyes_max: 0.30, left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 }
    }
}

/// A face followed over time. Never used twice by one [`Tracker`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u64);

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackEvent {
    /// A traveler came into the zone.
    Entered(TrackId),
    /// The traveler is gone.
    Left(TrackId),
    /// Somebody else took the traveler's place: nothing gathered so far counts for them.
    Replaced {
        /// Who was the traveler.
        from: TrackId,
        /// Who is.
        to: TrackId,
    },
    /// Two people in the zone.
    SecondPerson {
        /// Since when, by the clock of [`Tracker::see`], in milliseconds.
        since_ms: u64,
    },
    /// One person again.
    Alone,
}

/// A frame as understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// The traveler's track, if there is one, also over the gap of a few frames.
    pub traveler: Option<TrackId>,
    /// Which of the frame's detections is the traveler.
    pub at: Option<usize>,
    /// What changed with this frame.
    pub events: Vec<TrackEvent>,
}

/// A part of a frame, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Left.
    pub left: f32,
    /// Top.
    pub top: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

/// How long a face may be missing before its track ends, in milliseconds: a blink of the detector, not of a person.
const GAP_MS: u64 = 500;
/// How long a second face must be in the zone before it is told, in milliseconds.
const SECOND_AFTER_MS: u64 = 300;
/// A second face is as near as the traveler when its eyes are at least this far apart beside the traveler's. Whoever waits
/// behind the first door is a meter farther away, and so below it.
const AS_NEAR: f32 = 0.6;
/// How far a face may move from one frame to the next, in distances of its eyes for each 100 ms.
const REACH: f32 = 1.0;
/// Most that a face may grow or shrink meanwhile.
const GROWTH_MAX: f32 = 1.6;
/// Somebody must be this much nearer to take the traveler's place while the traveler is still there.
const NEARER: f32 = 1.5;
/// Most faces followed; a frame of more is a poster.
const TRACKS_MAX: usize = 16;

/// Follows faces before one camera. No clock and no camera inside.
#[derive(Debug)]
pub struct Tracker {
    zone: Zone,
    tracks: Vec<Track>,
    traveler: Option<TrackId>,
    /// Since when a second person has been in the zone, and whether that was told.
    second: Option<(u64, bool)>,
    next: u64,
    /// When the last frame was seen, in milliseconds.
    now: u64,
}

#[derive(Debug, Clone, Copy)]
struct Track {
    id: TrackId,
    center: [f32; 2],
    eyes: f32,
    seen_ms: u64,
    /// Place among the faces of the last frame, if it was there.
    at: Option<usize>,
    in_zone: bool,
}

impl Tracker {
    /// Nobody is there yet.
    pub fn new(zone: Zone) -> Self {
        Self { zone, tracks: Vec::new(), traveler: None, second: None, next: 0, now: 0 }
    }

    /// Takes the faces of a frame of this size, seen at this time. A time before that of the last frame counts as that.
    pub fn see(&mut self, time_ms: u64, width: u32, height: u32, faces: &[Detection]) -> Seen {
        let now = time_ms.max(self.now);
        self.now = now;
        self.follow(now, (width as f32, height as f32), faces);
        let mut events = Vec::new();
        self.choose(&mut events);
        self.count(now, &mut events);
        let at = self.traveler.and_then(|id| self.track(id)).and_then(|track| track.at);
        Seen { traveler: self.traveler, at, events }
    }

    /// Joins faces to tracks, the nearest pairs first; what is left over begins or ends.
    fn follow(&mut self, now: u64, frame: (f32, f32), faces: &[Detection]) {
        let faces: Vec<Face> =
            faces.iter().enumerate().filter_map(|(at, face)| Face::of(at, face)).take(TRACKS_MAX).collect();
        self.tracks.iter_mut().for_each(|track| track.at = None);
        let mut pairs = Vec::new();
        for (track_at, track) in self.tracks.iter().enumerate() {
            for (face_at, face) in faces.iter().enumerate() {
                if let Some(distance) = track.distance(face, now) {
                    pairs.push((distance, track_at, face_at));
                }
            }
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut taken = vec![false; faces.len()];
        for (_, track_at, face_at) in pairs {
            let (Some(track), Some(face), Some(taken)) =
                (self.tracks.get_mut(track_at), faces.get(face_at), taken.get_mut(face_at))
            else {
                continue;
            };
            if track.at.is_none() && !*taken {
                *taken = true;
                let in_zone = self.zone.holds(face, frame);
                *track =
                    Track { center: face.center, eyes: face.eyes, seen_ms: now, at: Some(face.at), in_zone, ..*track };
            }
        }
        self.tracks.retain(|track| now - track.seen_ms <= GAP_MS);
        for (face, _) in faces.iter().zip(&taken).filter(|(_, taken)| !**taken) {
            if self.tracks.len() < TRACKS_MAX {
                let id = TrackId(self.next);
                self.next += 1;
                let in_zone = self.zone.holds(face, frame);
                let (center, eyes) = (face.center, face.eyes);
                self.tracks.push(Track { id, center, eyes, seen_ms: now, at: Some(face.at), in_zone });
            }
        }
    }

    /// The traveler stays the traveler until gone from the zone, or until somebody stands clearly nearer.
    fn choose(&mut self, events: &mut Vec<TrackEvent>) {
        let nearest =
            self.tracks.iter().filter(|track| track.in_zone).max_by(|a, b| a.eyes.total_cmp(&b.eyes)).copied();
        let present = self.traveler.and_then(|id| self.track(id)).filter(|track| track.in_zone);
        let next = match (present, nearest) {
            (Some(present), Some(nearest)) if nearest.eyes <= NEARER * present.eyes => Some(present.id),
            (_, nearest) => nearest.map(|track| track.id),
        };
        match (self.traveler, next) {
            (Some(from), Some(to)) if from != to => events.push(TrackEvent::Replaced { from, to }),
            (Some(from), None) => events.push(TrackEvent::Left(from)),
            (None, Some(to)) => events.push(TrackEvent::Entered(to)),
            _ => {}
        }
        self.traveler = next;
    }

    fn count(&mut self, now: u64, events: &mut Vec<TrackEvent>) {
        let traveler = self.traveler.and_then(|id| self.track(id)).map(|track| (track.id, track.eyes));
        let another = traveler.is_some_and(|(id, eyes)| {
            self.tracks.iter().any(|track| track.id != id && track.in_zone && track.eyes >= AS_NEAR * eyes)
        });
        match (another, self.second) {
            (true, None) => self.second = Some((now, false)),
            (true, Some((since_ms, false))) if now - since_ms >= SECOND_AFTER_MS => {
                self.second = Some((since_ms, true));
                events.push(TrackEvent::SecondPerson { since_ms });
            }
            (false, Some((_, told))) => {
                self.second = None;
                if told {
                    events.push(TrackEvent::Alone);
                }
            }
            _ => {}
        }
    }

    fn track(&self, id: TrackId) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// Whether another face is as near as the traveler's now, though it may not have stayed long enough to be told.
    pub fn has_company(&self) -> bool {
        self.second.is_some()
    }

    /// Where the traveler's face should be in the next frame; without a traveler, the whole zone.
    pub fn region_of_interest(&self, width: u32, height: u32) -> Region {
        let (width, height) = (width as f32, height as f32);
        let zone = [self.zone.left * width, self.zone.top * height, self.zone.right * width, self.zone.bottom * height];
        let around = self.traveler.and_then(|id| self.track(id)).map(|track| {
            // A head is about four eye distances high; as much again is left for its movement.
            let reach = 4.0 * track.eyes;
            let [x, y] = track.center;
            [x - reach, y - reach, x + reach, y + reach]
        });
        let [left, top, right, bottom] = around.unwrap_or(zone);
        let (left, top) = (left.clamp(0.0, width), top.clamp(0.0, height));
        Region { left, top, width: right.clamp(left, width) - left, height: bottom.clamp(top, height) - top }
    }
}

/// A face as the tracker sees it: finite, and with two eyes.
struct Face {
    at: usize,
    center: [f32; 2],
    eyes: f32,
}

impl Face {
    fn of(at: usize, face: &Detection) -> Option<Self> {
        let [a, b, ..] = face.landmarks;
        let (center, eyes) = ([(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0], face.eyes_px());
        let sound = center.iter().all(|value| value.is_finite()) && eyes.is_finite() && eyes > 0.0;
        sound.then_some(Self { at, center, eyes })
    }
}

impl Track {
    /// How far this face is from where the track ended, in eye distances; `None` when it cannot be the same face.
    fn distance(&self, face: &Face, now: u64) -> Option<f32> {
        let eyes = self.eyes.max(face.eyes);
        let distance = (self.center[0] - face.center[0]).hypot(self.center[1] - face.center[1]) / eyes;
        let growth = eyes / self.eyes.min(face.eyes);
        let elapsed = ((now - self.seen_ms) as f32 / 100.0).max(1.0);
        (distance <= REACH * elapsed && growth <= GROWTH_MAX).then_some(distance)
    }
}

impl Zone {
    fn holds(&self, face: &Face, (width, height): (f32, f32)) -> bool {
        let part = face.eyes / width.max(height);
        let (x, y) = (face.center[0] / width, face.center[1] / height);
        (self.eyes_min..=self.eyes_max).contains(&part)
            && (self.left..=self.right).contains(&x)
            && (self.top..=self.bottom).contains(&y)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A face whose eyes' middle is here.
    fn face(x: f32, y: f32, eyes: f32) -> Detection {
        let landmarks = [
            [x - eyes / 2.0, y],
            [x + eyes / 2.0, y],
            [x, y + 0.6 * eyes],
            [x - 0.4 * eyes, y + 1.2 * eyes],
            [x + 0.4 * eyes, y + 1.2 * eyes],
        ];
        Detection { left: x - eyes, top: y - eyes, width: 2.0 * eyes, height: 3.0 * eyes, landmarks, confidence: 0.9 }
    }

    fn see(tracker: &mut Tracker, time_ms: u64, faces: &[Detection]) -> Seen {
        tracker.see(time_ms, 640, 480, faces)
    }

    #[test]
    fn a_traveler_enters_sways_blinks_and_leaves() {
        let mut tracker = Tracker::new(Zone::default());
        assert_eq!(see(&mut tracker, 0, &[]), Seen::default());
        let entered = see(&mut tracker, 70, &[face(300.0, 200.0, 80.0)]);
        let id = entered.traveler;
        assert_eq!(entered.events, id.map(TrackEvent::Entered).into_iter().collect::<Vec<_>>());
        for step in 2..20 {
            let seen = see(&mut tracker, 70 * step, &[face(300.0 + 15.0 * (step % 3) as f32, 205.0, 82.0)]);
            assert_eq!((seen.traveler, seen.at, seen.events.len()), (id, Some(0), 0));
        }
        let gap = see(&mut tracker, 1_600, &[]);
        assert_eq!((gap.traveler, gap.at, gap.events.len()), (id, None, 0), "a frame without a face");
        assert_eq!(see(&mut tracker, 1_700, &[face(310.0, 205.0, 80.0)]).traveler, id);
        let left = see(&mut tracker, 2_300, &[]);
        assert_eq!((left.traveler, left.events), (None, id.map(TrackEvent::Left).into_iter().collect()));
    }

    #[test]
    fn who_passes_behind_is_no_second_person_and_who_stands_beside_is() {
        let mut tracker = Tracker::new(Zone::default());
        let traveler = face(250.0, 200.0, 90.0);
        let id = see(&mut tracker, 0, &[traveler]).traveler;
        for step in 1..15 {
            let seen = see(&mut tracker, 70 * step, &[face(600.0 - 40.0 * step as f32, 150.0, 40.0), traveler]);
            assert_eq!((seen.traveler, seen.at, seen.events.len()), (id, Some(1), 0));
        }
        let beside = face(520.0, 200.0, 75.0);
        assert!(!tracker.has_company());
        assert_eq!(see(&mut tracker, 1_100, &[traveler, beside]).events, []);
        assert!(tracker.has_company(), "from the first frame on");
        assert_eq!(see(&mut tracker, 1_300, &[traveler, beside]).events, []);
        let told = see(&mut tracker, 1_450, &[traveler, beside]);
        assert_eq!((told.events, told.traveler), (vec![TrackEvent::SecondPerson { since_ms: 1_100 }], id));
        for step in 0..7 {
            see(&mut tracker, 1_500 + 70 * step, &[traveler]);
        }
        assert_eq!(see(&mut tracker, 2_010, &[traveler]).events, [TrackEvent::Alone]);
    }

    #[test]
    fn who_takes_the_travelers_place_is_somebody_else() {
        let mut tracker = Tracker::new(Zone::default());
        let first = see(&mut tracker, 0, &[face(200.0, 200.0, 60.0)]).traveler;
        let seen = see(&mut tracker, 70, &[face(200.0, 200.0, 60.0), face(450.0, 220.0, 110.0)]);
        assert_ne!(seen.traveler, first);
        assert!(matches!(seen.events[..], [TrackEvent::Replaced { .. }]), "{seen:?}");
        let mut tracker = Tracker::new(Zone::default());
        see(&mut tracker, 0, &[face(150.0, 200.0, 70.0)]);
        let jumped = see(&mut tracker, 70, &[face(450.0, 200.0, 70.0)]);
        assert_eq!(jumped.events, [], "the first may still be there, unseen for a frame");
        let later = see(&mut tracker, 600, &[face(450.0, 200.0, 70.0)]);
        assert!(matches!(later.events[..], [TrackEvent::Replaced { .. }]), "{later:?}");
    }

    #[test]
    fn a_clock_that_goes_back_stands_still() {
        let mut tracker = Tracker::new(Zone::default());
        let [near, beside, behind] = [face(150.0, 200.0, 90.0), face(320.0, 200.0, 50.0), face(500.0, 200.0, 45.0)];
        see(&mut tracker, 0, &[near, beside, behind]);
        see(&mut tracker, 400, &[beside, behind]);
        // The first is gone; of those who are left two are alike, though neither was seen just now.
        see(&mut tracker, 501, &[]);
        let seen = see(&mut tracker, 450, &[beside, behind]);
        assert!(tracker.has_company() && seen.at == Some(0), "{seen:?}");
    }

    proptest! {
        #[test]
        fn whatever_is_detected_there_is_one_traveler_of_the_frame(
            frames in prop::collection::vec(
                (any::<u32>(), prop::collection::vec((any::<f32>(), -100f32..800.0, 0f32..200.0), 0..20)), 1..40),
        ) {
            let mut tracker = Tracker::new(Zone::default());
            let mut present: Option<TrackId> = None;
            for (time, faces) in frames {
                let faces: Vec<_> = faces.into_iter().map(|(x, y, eyes)| face(x, y, eyes)).collect();
                let seen = see(&mut tracker, u64::from(time), &faces);
                prop_assert!(seen.at.is_none_or(|at| at < faces.len() && seen.traveler.is_some()));
                for event in &seen.events {
                    match *event {
                        TrackEvent::Entered(to) => { prop_assert_eq!(present, None); present = Some(to); }
                        TrackEvent::Left(from) => { prop_assert_eq!(present, Some(from)); present = None; }
                        TrackEvent::Replaced { from, to } => { prop_assert_eq!(present, Some(from)); present = Some(to); }
                        _ => {}
                    }
                }
                prop_assert_eq!(seen.traveler, present);
                prop_assert!(tracker.tracks.len() <= 2 * TRACKS_MAX);
                let region = tracker.region_of_interest(640, 480);
                prop_assert!(region.width >= 0.0 && region.left + region.width <= 640.5);
            }
        }
    }
}
