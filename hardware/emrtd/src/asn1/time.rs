//! UTCTime and GeneralizedTime (X.680, 46 and 47; RFC 5280, 4.1.2.5) to seconds since 1970, and back.

use super::Asn1Error;
use crate::tlv::{self, Tlv};

const UTC_TIME: u16 = 0x17;
const GENERALIZED_TIME: u16 = 0x18;
const WRONG: Asn1Error = Asn1Error::Value("a time");

/// A UTCTime or GeneralizedTime as seconds since 1970.
pub fn unix_time(time: Tlv<'_>) -> Result<i64, Asn1Error> {
    match time.tag {
        UTC_TIME => {
            let (short, rest) = digits(time.value, 2)?;
            // RFC 5280, 4.1.2.5.1: 50 and above are of the last century.
            after_year(if short < 50 { 2000 + short } else { 1900 + short }, rest)
        }
        GENERALIZED_TIME => generalized_time(time.value),
        _ => Err(WRONG),
    }
}

/// The value of a GeneralizedTime, also under an implicit tag.
pub fn generalized_time(value: &[u8]) -> Result<i64, Asn1Error> {
    let (year, rest) = digits(value, 4)?;
    after_year(year, rest)
}

fn after_year(year: i64, rest: &[u8]) -> Result<i64, Asn1Error> {
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    // Seconds may be left out, as certificates in the field do.
    let (second, rest) = digits(rest, 2).unwrap_or((0, rest));
    let possible = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..=24).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=60).contains(&second);
    if !possible {
        return Err(WRONG);
    }
    let rest = match rest.split_first() {
        Some((b'.' | b',', fraction)) => {
            fraction.get(fraction.iter().take_while(|byte| byte.is_ascii_digit()).count()..).unwrap_or_default()
        }
        _ => rest,
    };
    let offset_s = match rest.split_first() {
        None | Some((b'Z', [])) => 0,
        Some((sign @ (b'+' | b'-'), offset)) => {
            let (hours, offset) = digits(offset, 2)?;
            let (minutes, _) = digits(offset, 2).unwrap_or((0, offset));
            let offset_s = 3600 * hours + 60 * minutes;
            if *sign == b'+' { offset_s } else { -offset_s }
        }
        Some(_) => return Err(WRONG),
    };
    Ok(86_400 * days(year, month, day) + 3600 * hour + 60 * minute + second - offset_s)
}

fn digits(bytes: &[u8], count: usize) -> Result<(i64, &[u8]), Asn1Error> {
    let (digits, rest) = bytes.split_at_checked(count).ok_or(WRONG)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(WRONG);
    }
    Ok((digits.iter().fold(0, |number, &digit| number * 10 + i64::from(digit - b'0')), rest))
}

/// Days from 1970 to this date of the Gregorian calendar. Years are counted from March, so that a leap day ends one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of seconds since 1970.
fn civil(unix_s: i64) -> (i64, i64, i64) {
    let day = unix_s.div_euclid(86_400) + 719_468;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year_of_era + year, month, day)
}

/// `2026-05-28`.
pub fn date(unix_s: i64) -> String {
    let (year, month, day) = civil(unix_s);
    format!("{year:04}-{month:02}-{day:02}")
}

/// As certificates carry it (RFC 5280, 4.1.2.5): UTCTime until 2049.
pub(crate) fn write_time(unix_s: i64) -> Vec<u8> {
    let long = write_generalized(unix_s);
    match long.get(2..) {
        Some(short) if (1950..2050).contains(&civil(unix_s).0) => tlv::object(UTC_TIME, short.as_bytes()),
        _ => tlv::object(GENERALIZED_TIME, long.as_bytes()),
    }
}

/// The value of a GeneralizedTime.
pub(crate) fn write_generalized(unix_s: i64) -> String {
    let ((year, month, day), second) = (civil(unix_s), unix_s.rem_euclid(86_400));
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> Result<i64, Asn1Error> {
        unix_time(Tlv { tag: UTC_TIME, value: text.as_bytes(), whole: &[] })
    }

    #[test]
    fn times_are_read_in_every_form_that_certificates_carry() {
        assert_eq!(utc("700101000000Z").unwrap(), 0);
        assert_eq!(utc("260528120000Z").unwrap(), 1_779_969_600);
        assert_eq!(utc("2605281200Z").unwrap(), 1_779_969_600);
        assert_eq!(utc("260528140000+0200").unwrap(), 1_779_969_600);
        assert_eq!(generalized_time(b"20260528120000.123Z").unwrap(), 1_779_969_600);
        assert_eq!(generalized_time(b"20000229000000Z").unwrap(), 951_782_400);
        assert_eq!(utc("991231235959Z").unwrap(), 946_684_799);
        for wrong in ["", "26", "261301000000Z", "260532000000Z", "260528120000X", "26052812000\u{e9}Z"] {
            assert!(utc(wrong).is_err(), "{wrong}");
        }
        assert_eq!(date(1_779_969_600), "2026-05-28");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(unix_s in -2_000_000_000i64..60_000_000_000) {
            let time = write_time(unix_s);
            prop_assert_eq!(unix_time(tlv::read(&time).unwrap().0).unwrap(), unix_s);
        }
    }
}
