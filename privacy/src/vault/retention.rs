//! How long records may be kept, by a clock that tests can drive.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What a record holds, as far as it matters for how long it may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Material {
    /// A gallery for a flight, and the key of its codes.
    Gallery,
    /// What a crossing left, such as pictures kept for an officer.
    Crossing,
    /// An enrollment: kept until it is deleted or its own date has passed.
    Enrollment,
}

/// How long what is kept. A policy value: places and laws differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Galleries, in hours.
    pub gallery_h: u32,
    /// Material of crossings, in hours.
    pub crossing_h: u32,
}

impl Default for Retention {
    /// Twelve hours: a flight's boarding, and the shift of whoever looks into a complaint (DESIGN section 5).
    fn default() -> Self {
        Self { gallery_h: 12, crossing_h: 12 }
    }
}

impl Retention {
    /// When a record of this material that is written now must be gone; `None`: not by its age.
    pub fn expiry(&self, material: Material, now: Timestamp) -> Option<Timestamp> {
        let hours = match material {
            Material::Gallery => self.gallery_h,
            Material::Crossing => self.crossing_h,
            Material::Enrollment => return None,
        };
        // Beyond the end of time is not "never": at the end of time.
        let kept = SignedDuration::try_from(Duration::from_secs(u64::from(hours) * 3600)).ok()?;
        Some(now.saturating_add(kept).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn galleries_and_crossings_end_after_twelve_hours_and_enrollments_do_not() {
        let (retention, now) = (Retention::default(), "2026-03-01T12:00:00Z".parse().unwrap());
        let midnight: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        assert_eq!(retention.expiry(Material::Gallery, now), Some(midnight));
        assert_eq!(retention.expiry(Material::Crossing, now), Some(midnight));
        assert_eq!(retention.expiry(Material::Enrollment, now), None);
        let none = Retention { gallery_h: 0, crossing_h: u32::MAX };
        assert_eq!(none.expiry(Material::Gallery, now), Some(now), "a policy may keep nothing");
        assert!(none.expiry(Material::Crossing, now).unwrap() > now);
        assert!(serde_json::from_str::<Retention>("{\"gallery_d\":1}").is_err(), "a misspelled policy is refused");
    }
}
