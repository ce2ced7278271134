//! Dates of the zone (Doc 9303-3, 4.8).

use zeroize::Zeroize;

/// A date as printed: two digits of the year; parts may be unknown (`<<`, Doc 9303-3, 4.8). Some issuers print `00` for
/// an unknown month or day instead, which stays zero here, because the access key is over what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Zeroize)]
pub struct MrzDate {
    /// Year without century (0..=99).
    pub year: Option<u8>,
    /// Month (1..=12), or zero.
    pub month: Option<u8>,
    /// Day (1..=31), or zero.
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
    /// Nothing is known of the date.
    pub const UNKNOWN: Self = Self { year: None, month: None, day: None };

    /// A fully known date.
    pub fn known(year: u8, month: u8, day: u8) -> Self {
        Self { year: Some(year), month: Some(month), day: Some(day) }
    }

    /// Six characters as printed: `YYMMDD`, `<<` for an unknown part.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 6 {
            return None;
        }
        let part = |range: std::ops::Range<usize>, max: u8| match text.get(range)? {
            "<<" => Some(None),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse::<u8>().ok().filter(|&value| value <= max).map(Some)
            }
            _ => None,
        };
        Some(Self { year: part(0..2, 99)?, month: part(2..4, 12)?, day: part(4..6, 31)? })
    }

    /// The same six characters; `None` where a part is out of range.
    pub(super) fn text(self) -> Option<String> {
        let fits = |part: Option<u8>, max: u8| part.is_none_or(|value| value <= max);
        (fits(self.year, 99) && fits(self.month, 12) && fits(self.day, 31)).then(|| {
            [self.year, self.month, self.day]
                .map(|part| part.map_or_else(|| "<<".to_owned(), |value| format!("{value:02}")))
                .concat()
        })
    }

    fn month(self) -> Option<u8> {
        self.month.filter(|&month| month != 0)
    }

    fn day(self) -> Option<u8> {
        self.day.filter(|&day| day != 0)
    }

    /// The date of birth: the latest century that does not lie after `today`; none where a part is unknown.
    pub fn as_birth(self, today: CivilDate) -> Option<CivilDate> {
        let (year, month, day) = (i32::from(self.year?), self.month()?, self.day()?);
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
        Some(CivilDate { year, month: self.month().unwrap_or(12), day: self.day().unwrap_or(31) })
    }
}

/// Age in whole years.
pub fn age_on(birth: CivilDate, today: CivilDate) -> u16 {
    let before_birthday = (today.month, today.day) < (birth.month, birth.day);
    u16::try_from(today.year - birth.year - i32::from(before_birthday)).unwrap_or(0)
}
