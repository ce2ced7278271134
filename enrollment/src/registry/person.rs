//! What staff write down of a person.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use sallyport_protocol::CardNumber;
use serde::{Deserialize, Serialize};

use super::Given;

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 120;

/// Why something that staff wrote was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PersonError {
    /// Empty, too long, or with control characters.
    #[error("a name has 1 to {NAME_CHARS_MAX} characters, on one line")]
    Name,
    /// No date.
    #[error("`{0}` is no date: write it as YYYY-MM-DD")]
    Date(String),
    /// Over already.
    #[error("the date of expiry has passed: choose a later one")]
    Past,
}

/// A person's name, as in the document shown to staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

impl PersonName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PersonName {
    type Error = PersonError;

    /// Takes a name in any script; white space at its ends is dropped.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.trim();
        let sized = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
        if sized && !name.chars().any(char::is_control) { Ok(Self(name.to_owned())) } else { Err(PersonError::Name) }
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

/// The last day of an enrollment: it ends with that day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry(Timestamp);

impl Expiry {
    /// Reads a date, which must not have passed.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, PersonError> {
        let wrong = || PersonError::Date(text.chars().take(20).collect());
        // Year, month, day and nothing else: the parser of dates takes more than that.
        let date: Date = if text.len() == 10 { text.parse().map_err(|_| wrong())? } else { return Err(wrong()) };
        let end = Self::after(date).ok_or_else(wrong)?;
        if end.0 > now { Ok(end) } else { Err(PersonError::Past) }
    }

    /// The day that comes so many days after today; beyond the calendar, its end.
    pub fn in_days(days: u16, now: Timestamp) -> Self {
        let today = TimeZone::UTC.to_datetime(now).date();
        let last = today.checked_add(i64::from(days).days()).ok();
        last.and_then(Self::after).unwrap_or(Self(Timestamp::MAX))
    }

    fn after(date: Date) -> Option<Self> {
        let next = date.checked_add(1.day()).ok()?;
        let end = next.to_datetime(Time::midnight()).to_zoned_datetime(TimeZone::UTC).ok()?;
        Some(Self(end.timestamp()))
    }

    /// The instant at which it is over.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }
}

/// A person to be enrolled.
#[derive(Debug, Clone)]
pub struct Applicant {
    /// The name.
    pub name: PersonName,
    /// The card.
    pub card: CardNumber,
    /// The last day.
    pub expires: Expiry,
    /// To what the person consents.
    pub consents: Vec<Given>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_of_any_script_are_taken_and_others_refused() {
        for name in ["Ana Silva", " 山田 太郎 ", "ليلى", "O’Brien-Smith"] {
            assert_eq!(PersonName::try_from(name.to_owned()).unwrap().as_str(), name.trim());
        }
        for wrong in ["", "  ", "a\nb", &"x".repeat(NAME_CHARS_MAX + 1)] {
            assert_eq!(PersonName::try_from(wrong.to_owned()), Err(PersonError::Name));
        }
        assert!(serde_json::from_str::<PersonName>("\"\"").is_err());
    }

    #[test]
    fn an_enrollment_ends_with_its_last_day() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(Expiry::parse("2026-03-01", now).unwrap().timestamp(), "2026-03-02T00:00:00Z".parse().unwrap());
        assert_eq!(Expiry::parse("2026-02-28", now), Err(PersonError::Past));
        assert_eq!(Expiry::in_days(0, now), Expiry::parse("2026-03-01", now).unwrap());
        assert_eq!(Expiry::in_days(31, now), Expiry::parse("2026-04-01", now).unwrap());
        for wrong in ["", "2026-02-30", "01.03.2027", "2027-3-1", "2027-03-01T00:00", "9999-12-31"] {
            assert!(matches!(Expiry::parse(wrong, now), Err(PersonError::Date(_))), "{wrong}");
        }
    }
}
