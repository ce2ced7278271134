//! A key for each day: what a day's key sealed ends with it, in every copy there is.

use jiff::Timestamp;

use super::{KeyError, KeyStore, Rotating};
use crate::vault::Vault;

const DAY_S: i64 = 24 * 60 * 60;

/// The keys of one purpose in a key store, one a day (UTC), by the names `PURPOSE-DAY`; days count from 1970-01-01.
#[derive(Debug, Clone, Copy)]
pub struct Daily<'a>(Rotating<'a>);

impl<'a> Daily<'a> {
    /// The keys of this purpose in this store.
    pub fn new(store: &'a dyn KeyStore, purpose: &'a str) -> Self {
        Self(Rotating::new(store, purpose))
    }

    /// The day of this instant, which is the generation of its key.
    pub fn day(at: Timestamp) -> u32 {
        u32::try_from(at.as_second().div_euclid(DAY_S)).unwrap_or(0)
    }

    /// The instant at which this day ends.
    pub fn end(day: u32) -> Timestamp {
        Timestamp::from_second((i64::from(day) + 1) * DAY_S).unwrap_or(Timestamp::MAX)
    }

    /// What seals on this day and opens what was sealed on it. Its key is made if there is none.
    pub fn of(&self, day: u32) -> Result<Vault, KeyError> {
        self.0.ensure(day)?;
        Ok(Vault::of_generation(day, &*self.0.key(day)?))
    }

    /// What opens all days that have a key still; this day's is made if there is none.
    pub fn all(&self, today: u32) -> Result<Vault, KeyError> {
        self.0.ensure(today)?;
        self.0.vault()
    }

    /// Destroys the keys of days before this one, for good. Gives how many.
    pub fn retire_before(&self, day: u32) -> Result<usize, KeyError> {
        self.0.retire_before(day)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        keys::{FileKeyStore, RootKey},
        vault::VaultError,
    };

    #[test]
    fn a_day_ends_with_its_key_and_the_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let root = RootKey::create(&folder.path().join("root.json"), "correct horse battery").unwrap();
        let store = FileKeyStore::open(&folder.path().join("keys"), &root).unwrap();
        let keys = Daily::new(&store, "crossings");
        let day = Daily::day("2026-03-01T23:59:59Z".parse().unwrap());
        assert_eq!(day + 1, Daily::day("2026-03-02T00:00:00Z".parse().unwrap()));
        assert_eq!(Daily::end(day), "2026-03-02T00:00:00Z".parse().unwrap());
        assert_eq!((Daily::day(Timestamp::UNIX_EPOCH), Daily::day(Timestamp::MIN)), (0, 0));
        let sealed: Vec<_> = (day..day + 3).map(|day| keys.of(day).unwrap().seal(b"a", &day.to_be_bytes())).collect();
        assert!(keys.of(day).unwrap().open(b"a", &sealed[0]).is_ok(), "made once a day");
        assert_eq!(keys.of(day).unwrap().open(b"a", &sealed[1]), Err(VaultError::Generation(day + 1)));
        let all = keys.all(day + 3).unwrap();
        assert!(sealed.iter().all(|sealed| all.open(b"a", sealed).is_ok()) && all.newest() == day + 3);

        // What takes the place of an older record ends with that one's day.
        let replaced = all.seal_in_place_of(&sealed[0], b"a", b"x").unwrap();
        assert_eq!(keys.retire_before(day + 1).unwrap(), 1);
        assert_eq!(keys.retire_before(day + 1).unwrap(), 0);
        let left = keys.all(day + 3).unwrap();
        for gone in [&sealed[0], &replaced] {
            assert_eq!(left.open(b"a", gone), Err(VaultError::Generation(day)));
        }
        assert!(left.open(b"a", &sealed[1]).is_ok());
        // A clock that goes back finds another key under the old number.
        assert_eq!(keys.of(day).unwrap().open(b"a", &sealed[0]), Err(VaultError::Sealed));
    }
}
