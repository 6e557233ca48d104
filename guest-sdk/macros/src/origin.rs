//! Where a view's grids start, as authors write it: `origin = "2024-01-01"`.
//!
//! Invariant: a whole number of seconds within the range of event time (S2). The same dates are
//! read as by the runtime's `time.rs`. Deliberately absent: fractions of a second, which no grid of
//! whole seconds could use, and time zones by name.

use crate::duration::SECOND_US;
use syn::{Error, LitStr, Result};

const DAY_S: i64 = 86_400;
/// Event time lies within ±2^62 microseconds.
const SECONDS_MAX: i64 = (1 << 62) / SECOND_US;
const FORM: &str = "an origin is a date (\"2024-01-01\"), a date and time (\"2024-01-01T06:00:00Z\") \
                    or a count of seconds since 1970, without fractions of a second";

/// The microseconds since 1970-01-01 UTC of a literal such as `"2024-01-01"`.
pub(crate) fn origin(text: &LitStr) -> Result<i64> {
    seconds(&text.value())
        .filter(|seconds| seconds.abs() <= SECONDS_MAX)
        .map(|seconds| seconds * SECOND_US)
        .ok_or_else(|| Error::new(text.span(), FORM))
}

fn seconds(text: &str) -> Option<i64> {
    if let Some(seconds) = text.strip_prefix('-').map_or_else(|| digits(text), digits) {
        return Some(if text.starts_with('-') { -seconds } else { seconds });
    }
    let (date, clock_s) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], clock(&text[at + 1..])?),
        None => (text, 0),
    };
    Some(days(date)? * DAY_S + clock_s)
}

/// Days since 1970-01-01 of `yyyy-mm-dd`, in the proleptic Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let (year, rest) = date.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = lengths.get_mut(usize::try_from(month - 1).ok()?)?;
    if !(1..=*length).contains(&day) {
        return None;
    }
    // Leap days before the year; the year 0 is one of its own.
    let leaps = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    let months: i64 = lengths[..(month - 1) as usize].iter().sum();
    Some(years + months + day - 1)
}

/// Seconds since midnight UTC of `hh:mm[:ss][Z|±hh:mm]`.
fn clock(text: &str) -> Option<i64> {
    let (clock, zone) = text.split_at(text.find(['Z', 'z', '+', '-']).unwrap_or(text.len()));
    let zone_s = match zone {
        "" | "Z" | "z" => 0,
        zone => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let seconds = (two(hours)? * 60 + two(minutes)?) * 60;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    let parts: Option<Vec<i64>> = clock.split(':').map(two).collect();
    let (hour, minute, second) = match parts?[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let within = hour < 24 && minute < 60 && second < 60;
    within.then_some((hour * 60 + minute) * 60 + second - zone_s)
}

/// Two digits.
fn two(text: &str) -> Option<i64> {
    if text.len() == 2 { digits(text) } else { None }
}

/// A number of ASCII digits only: no sign, no blank.
fn digits(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: dates and times become the right second. Method: a table of known times.
    #[test]
    fn s03_an_origin_is_a_date_or_seconds() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-DAY_S)),
            ("2024-01-01", Some(1_704_067_200)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2000-03-01", Some(951_868_800)),
            ("1900-03-01", Some(-2_203_891_200)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800)),
            ("2024-05-01T02:00:00+02:00", Some(1_714_521_600)),
            ("2024-04-30 22:30-01:30", Some(1_714_521_600)),
            ("1704067200", Some(1_704_067_200)),
            ("-3600", Some(-3_600)),
            ("0", Some(0)),
            ("", None),
            ("-", None),
            ("2023-02-29", None),
            ("2024-13-01", None),
            ("2024-00-01", None),
            ("2024-01-00", None),
            ("2024-1-1", None),
            ("2024-01-01T24:00:00Z", None),
            ("2024-01-01T00:00:00.5Z", None),
            ("2024-01-01T00", None),
            ("1.5", None),
            ("Monday", None),
        ] {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }

    /// Goal: an origin lies within event time (S2).
    #[test]
    fn s02_an_origin_is_an_event_time() {
        let read = |text: &str| origin(&LitStr::new(text, proc_macro2::Span::call_site()));
        assert_eq!(read("4611686018427").unwrap(), 4_611_686_018_427_000_000);
        assert!(read("4611686018428").is_err());
        assert!(read("-4611686018428").is_err());
    }
}
