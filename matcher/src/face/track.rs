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

/// Follows faces before one camera. No clock and no camera inside.
#[derive(Debug)]
pub struct Tracker {
    zone: Zone,
}

impl Tracker {
    /// Nobody is there yet.
    pub fn new(zone: Zone) -> Self {
        Self { zone }
    }

    /// Takes the faces of a frame of this size, seen at this time.
    pub fn see(&mut self, _time_ms: u64, _width: u32, _height: u32, _faces: &[Detection]) -> Seen {
        let _ = self.zone;
        Seen::default()
    }

    /// Where the traveler's face should be in the next frame; without a traveler, the whole zone.
    pub fn region_of_interest(&self, width: u32, height: u32) -> Region {
        Region { left: 0.0, top: 0.0, width: width as f32, height: height as f32 }
    }
}
