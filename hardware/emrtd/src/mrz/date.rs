//! Dates of the zone (Doc 9303-3, 4.8).

use zeroize::Zeroize;

use super::error::{Field, MrzError};

/// A date as printed: two digits of the year; parts may be unknown (`<<`, Doc 9303-3, 4.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct MrzDate {
    /// Year without century (0..=99).
    pub year: Option<u8>,
    /// Month (1..=12).
    pub month: Option<u8>,
    /// Day (1..=31).
    pub day: Option<u8>,
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDate {
    /// Year, such as 2026.
    pub year: i32,
    /// Month (1..=12).
    pub month: u8,
    /// Day (1..=31).
    pub day: u8,
}

impl MrzDate {
    /// A fully known date.
    pub fn known(year: u8, month: u8, day: u8) -> Self {
        Self { year: Some(year), month: Some(month), day: Some(day) }
    }

    pub(super) fn parse(text: &str, field: Field) -> Result<Self, MrzError> {
        let part = |range: std::ops::Range<usize>, allowed: std::ops::RangeInclusive<u8>| match text.get(range) {
            Some("<<") => Ok(None),
            Some(digits) => match digits.parse::<u8>() {
                Ok(value) if allowed.contains(&value) => Ok(Some(value)),
                _ => Err(MrzError::Date(field)),
            },
            None => Err(MrzError::Date(field)),
        };
        Ok(Self { year: part(0..2, 0..=99)?, month: part(2..4, 1..=12)?, day: part(4..6, 1..=31)? })
    }

    pub(super) fn text(self) -> String {
        [self.year, self.month, self.day]
            .map(|part| part.map_or_else(|| "<<".to_owned(), |value| format!("{value:02}")))
            .concat()
    }

    /// The date of birth: the latest century that does not lie after `today`.
    pub fn as_birth(self, today: CivilDate) -> Option<CivilDate> {
        let (year, month, day) = (i32::from(self.year?), self.month?, self.day?);
        let born = |century: i32| CivilDate { year: century + year, month, day };
        let this_century = today.year - today.year.rem_euclid(100);
        Some(if born(this_century) <= today { born(this_century) } else { born(this_century - 100) })
    }

    /// The date of expiry: the century that puts it within 50 years of `today`. An unknown day is the last.
    pub fn as_expiry(self, today: CivilDate) -> Option<CivilDate> {
        let century = today.year - today.year.rem_euclid(100);
        let mut year = century + i32::from(self.year?);
        if year > today.year + 50 {
            year -= 100;
        } else if year < today.year - 50 {
            year += 100;
        }
        Some(CivilDate { year, month: self.month.unwrap_or(12), day: self.day.unwrap_or(31) })
    }
}

/// Age in whole years.
pub fn age_on(birth: CivilDate, today: CivilDate) -> u16 {
    let before_birthday = (today.month, today.day) < (birth.month, birth.day);
    u16::try_from(today.year - birth.year - i32::from(before_birthday)).unwrap_or(0)
}
