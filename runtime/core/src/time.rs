//! Event time: signed microseconds since 1970-01-01 UTC, and half-open intervals of it (S2, S3).
//!
//! Invariant: a [`Time`] lies within ±2^62, and arithmetic saturates there. Floors go toward minus
//! infinity. Deliberately absent: time zones, calendars, leap seconds, and any way to read a clock.

use crate::error::{Error, Result};
use crate::notation::UNIT_REMEDY;
use std::fmt;

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day.
pub const DAY_US: i64 = 24 * HOUR_US;
/// Seconds in a day.
const DAY_S: i64 = DAY_US / SECOND_US;
/// The greatest difference to UTC that a zone may have, in seconds: 18 hours.
const ZONE_S_MAX: i64 = 18 * 3600;

/// A point in event time, in microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// Before every event: the open start of a lifetime window.
    pub const MIN: Time = Time(-(1 << 62));
    /// After every event.
    pub const MAX: Time = Time(1 << 62);

    /// The time `micros` after the epoch, saturated to ±2^62.
    pub const fn saturating(micros: i64) -> Time {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Time(micros)
        }
    }

    /// The time `micros` after the epoch, or `None` outside ±2^62 (S2).
    pub const fn new(micros: i64) -> Option<Time> {
        if micros < Self::MIN.0 || micros > Self::MAX.0 { None } else { Some(Time(micros)) }
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This time moved by `delta_us`, saturated.
    #[must_use]
    pub const fn plus(self, delta_us: i64) -> Time {
        Self::saturating(self.0.saturating_add(delta_us))
    }

    /// This time moved back by `delta_us`, saturated.
    #[must_use]
    pub const fn minus(self, delta_us: i64) -> Time {
        Self::saturating(self.0.saturating_sub(delta_us))
    }

    /// The greatest multiple of `step_us` that is not after this time; `MIN` stays `MIN`.
    #[must_use]
    pub const fn floor(self, step_us: i64) -> Time {
        if self.0 == Self::MIN.0 {
            return self;
        }
        Self::saturating(self.0.saturating_sub(self.0.rem_euclid(step_us)))
    }

    /// The greatest `origin_us + n * step_us` that is not after this time; `MIN` stays `MIN`.
    #[must_use]
    pub const fn floor_from(self, step_us: i64, origin_us: i64) -> Time {
        if self.0 == Self::MIN.0 {
            return self;
        }
        // Both are reduced before they are subtracted, so that the difference cannot overflow.
        let past_us = self.0.rem_euclid(step_us) - origin_us.rem_euclid(step_us);
        Self::saturating(self.0.saturating_sub(past_us.rem_euclid(step_us)))
    }

    /// Whether this time is a multiple of `step_us`.
    pub const fn is_aligned(self, step_us: i64) -> bool {
        self.0.rem_euclid(step_us) == 0
    }

    /// Parses RFC 3339 (`2024-05-01T00:00:00Z`), a date (`2024-05-01`), or a date and time without
    /// a zone, which is taken as UTC. Digits finer than a microsecond are floored. A bare integer
    /// is refused, because it has no unit.
    pub fn parse(text: &str) -> Result<Time> {
        parse_micros(text).and_then(Time::new).ok_or_else(|| {
            let remedy = match text.parse::<i64>() {
                Ok(_) => UNIT_REMEDY,
                Err(_) => "write RFC 3339 such as 2024-05-01T00:00:00Z",
            };
            Error::input(format!("{text:?} is not a time; {remedy}"))
        })
    }
}

impl fmt::Display for Time {
    /// Writes RFC 3339 in UTC with as many fraction digits as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.rem_euclid(SECOND_US) * 1000;
        f.write_str(&timestamp_text(self.0.div_euclid(SECOND_US), nanos, true))
    }
}

/// The date that begins `days` after 1970-01-01, such as `2024-05-01`. A year without four digits
/// has a sign and at least six digits, as in ISO 8601.
pub fn date_text(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:+07}-{month:02}-{day:02}"),
    }
}

/// The time of day `nanos` after midnight, with 0, 3, 6 or 9 digits of fraction. A time that no day
/// has keeps its hours, or its sign.
pub fn clock_text(nanos: i64) -> String {
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = match nanos {
        0 => String::new(),
        _ if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        _ if nanos % 1000 == 0 => format!(".{:06}", nanos / 1000),
        _ => format!(".{nanos:09}"),
    };
    format!("{sign}{hour:02}:{minute:02}:{second:02}{fraction}")
}

/// The time `seconds` and `nanos` after 1970-01-01, of which `nanos` are less than a second. If it
/// has a zone, it is written in UTC.
pub fn timestamp_text(seconds: i64, nanos: i64, zoned: bool) -> String {
    let clock = clock_text(seconds.rem_euclid(DAY_S) * 1_000_000_000 + nanos);
    let zone = if zoned { "Z" } else { "" };
    format!("{}T{clock}{zone}", date_text(seconds.div_euclid(DAY_S)))
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms").
pub(crate) const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`], from the same source.
pub(crate) const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year, month, day)
}

/// The microseconds of an RFC 3339 text, or of one without time or zone. Unlike a [`Time`] they may
/// lie beyond ±2^62.
pub fn parse_micros(text: &str) -> Option<i64> {
    let (date, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let days = days_of(date, 300_000)?;
    let micros = rest.map_or(Some(0), parse_clock)?;
    i64::try_from(i128::from(days) * i128::from(DAY_US) + i128::from(micros)).ok()
}

/// The days since 1970-01-01 of a date without a time, such as `2024-05-01`, as [`date_text`] writes
/// it.
pub fn parse_date(text: &str) -> Option<i32> {
    // The years of 32-bit days end before this one.
    days_of(text, 6_000_000).and_then(|days| days.try_into().ok())
}

/// The days since 1970-01-01 of a date whose year is at most `year_max` from year 0.
fn days_of(date: &str, year_max: i64) -> Option<i64> {
    let (negative, date) = match date.strip_prefix(['+', '-']) {
        Some(unsigned) => (date.starts_with('-'), unsigned),
        None => (false, date),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() < 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let year = digits(year)? * if negative { -1 } else { 1 };
    let (month, day) = (digits(month)?, digits(day)?);
    if year.abs() > year_max || !(1..=12).contains(&month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

/// Microseconds since midnight UTC of `hh:mm[:ss[.fraction]]` and a zone, if any.
fn parse_clock(text: &str) -> Option<i64> {
    let (clock, offset_us) = match text.find(['Z', 'z', '+', '-', ' ']) {
        None => (text, 0),
        Some(at) => (&text[..at], parse_zone(&text[at..])? * SECOND_US),
    };
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
    let mut parts = clock.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let second = parts.next();
    if parts.next().is_some() || hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let second = match second {
        Some(second) if second.len() == 2 => digits(second)?,
        Some(_) => return None,
        None if fraction.is_some() => return None,
        None => 0,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction_us = match fraction {
        None => 0,
        Some(fraction) => {
            digits(fraction)?;
            let padded: String = fraction.chars().chain("000000".chars()).take(6).collect();
            digits(&padded)?
        }
    };
    Some((hour * 60 + minute) * MINUTE_US + second * SECOND_US + fraction_us - offset_us)
}

/// How far a zone is ahead of UTC, in seconds: `Z`, ` UTC`, `+hh`, `+hhmm`, `+hh:mm` or `+hh:mm:ss`,
/// which are the forms of RFC 3339, Postgres, DuckDB, Polars and pandas; at most 18 hours.
fn parse_zone(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z" | " UTC") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let parts: Vec<&str> = match rest.len() {
        4 if !rest.contains(':') => vec![rest.get(..2)?, rest.get(2..)?],
        _ => rest.split(':').collect(),
    };
    if parts.len() > 3 || parts.iter().any(|part| part.len() != 2) {
        return None;
    }
    let mut seconds = 0;
    for (part, scale) in parts.iter().zip([3600, 60, 1]) {
        let value = digits(part)?;
        if scale < 3600 && value > 59 {
            return None;
        }
        seconds += value * scale;
    }
    (seconds <= ZONE_S_MAX).then_some(sign * seconds)
}

/// A number of ASCII digits only: no sign, no blank.
fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// A half-open interval `[start, end)` of event time. With `start == Time::MIN` it has no start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first time inside the interval.
    pub start: Time,
    /// The first time after the interval.
    pub end: Time,
}

impl Interval {
    /// Whether `time` lies inside.
    pub fn contains(self, time: Time) -> bool {
        self.start <= time && time < self.end
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every date is read back from its text. Method: the ends of 32-bit days and days
    /// between, spread by a large prime.
    #[test]
    fn s02_dates_are_read_back() {
        for days in (i32::MIN..=i32::MAX).step_by(1_000_003).chain([i32::MAX, -1, 0]) {
            assert_eq!(parse_date(&date_text(days.into())), Some(days));
        }
        assert_eq!(parse_date("2024-02-29"), Some(19_782));
        let beyond = date_text(i64::from(i32::MAX) + 1);
        for text in ["2023-02-29", "2024-2-29", "2024-02-29T00:00:00", " 2024-02-29", &beyond] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    /// Goal: texts and times correspond one to one. Method: a table of texts with known
    /// microseconds.
    #[test]
    fn s02_reads_and_writes_rfc3339() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000),
            ("2026-08-20T01:02:03.500Z", 1_787_187_723_500_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ] {
            let time = Time::parse(text).unwrap();
            assert_eq!(time.micros(), micros, "{text}");
            assert_eq!(time.to_string(), text);
        }
        assert_eq!(Time::parse("2024-05-01").unwrap(), Time::parse("2024-05-01T00:00Z").unwrap());
        assert_eq!(
            Time::parse("2024-05-01T02:00:00+02:00").unwrap(),
            Time::parse("2024-05-01 00:00:00").unwrap()
        );
        assert_eq!(Time::parse("1969-12-31T23:59:59.9999999Z").unwrap().micros(), -1);
        for bad in ["", "x", "2024-13-01", "2023-02-29", "2024-5-1", "2024-05-01T24:00:00Z", "1e9"]
        {
            assert!(Time::parse(bad).is_err(), "{bad}");
        }
    }

    /// Goal: an integer is no time, since it has no unit (S2).
    #[test]
    fn s02_an_integer_is_no_time() {
        for text in ["0", "-1", "20240501", "1711238400000", "1711238400000000"] {
            let message = Time::parse(text).unwrap_err().message;
            assert!(message.contains("declare the unit"), "{message}");
        }
    }

    /// Goal: the zones that other systems write are read, and no others (S2). Method: one instant
    /// in every form; forms that are no zone.
    #[test]
    fn s02_zones_are_read_in_every_usual_form() {
        for text in [
            "2024-03-01T00:00:00Z",
            "2024-03-01t00:00:00z",
            "2024-03-01 00:00:00",
            "2024-03-01 00:00:00+00",
            "2024-03-01 00:00:00.000-00",
            "2024-03-01T00:00:00.000000+0000",
            "2024-03-01 00:00:00+00:00",
            "2024-03-01 00:00:00 UTC",
            "2024-03-01 05:30:00+05:30",
            "2024-03-01T05:30:00.000000000+0530",
            "2024-02-29 21:00:00-03",
            "2024-02-29 21:00-03",
            "2024-03-01 18:00:00+18",
            "2024-02-29 06:00:00-18:00",
            "2024-03-01 00:34:08+00:34:08",
        ] {
            let time = Time::parse(text).ok().map(Time::micros);
            assert_eq!(time, Some(1_709_251_200_000_000), "{text}");
        }
        for zone in [
            "+99:99",
            "+18:01",
            "-18:00:01",
            "+1801",
            "+19",
            "+00:60",
            "+00:00:60",
            "+0",
            "+000",
            "+00000",
            "+00:0",
            "+00:",
            "+",
            "-",
            "+00:00:00:00",
            "+0a",
            "+é",
            " ",
            " +00:00",
            "UTC",
            " GMT",
            "Z ",
            "ZZ",
            "+00Z",
            "+-1",
            "+00.5",
        ] {
            let text = format!("2024-03-01T00:00:00{zone}");
            assert!(Time::parse(&text).is_err(), "{text}");
        }
    }

    /// Goal: every text that is written for a time reads back as that time, in years without four
    /// digits too. Method: the edges of 64 bits of microseconds and of four-digit years.
    #[test]
    fn s02_written_times_read_back() {
        let year_0 = -62_167_219_200_000_000;
        let year_10000 = 253_402_300_800_000_000;
        for micros in [i64::MIN, i64::MAX, year_0 - 1, year_0, year_10000 - 1, year_10000, 0, -1] {
            let nanos = micros.rem_euclid(SECOND_US) * 1000;
            for zoned in [false, true] {
                let text = timestamp_text(micros.div_euclid(SECOND_US), nanos, zoned);
                assert_eq!(parse_micros(&text), Some(micros), "{text}");
            }
        }
        assert_eq!(timestamp_text(year_10000 / SECOND_US, 0, true), "+010000-01-01T00:00:00Z");
        assert_eq!(
            timestamp_text(year_0 / SECOND_US - 1, 1, false),
            "-000001-12-31T23:59:59.000000001"
        );
        assert_eq!(clock_text(86_399_999_000_000), "23:59:59.999");
        assert_eq!(clock_text(-1_000), "-00:00:00.000001");
    }

    /// Goal: floors go toward minus infinity and arithmetic saturates (S2, S3).
    #[test]
    fn s03_floors_toward_minus_infinity() {
        assert_eq!(Time::saturating(-1).floor(HOUR_US).micros(), -HOUR_US);
        assert_eq!(Time::saturating(HOUR_US).floor(HOUR_US).micros(), HOUR_US);
        assert_eq!(Time::MIN.floor(DAY_US), Time::MIN);
        assert_eq!(Time::MAX.plus(i64::MAX), Time::MAX);
        assert_eq!(Time::MIN.minus(1), Time::MIN);
        assert_eq!(Time::new(i64::MAX), None);
    }

    /// Goal: a floor from an origin is right for every time, step and origin, and saturates (S3).
    /// Method: extreme and ordinary numbers of each, compared with 128-bit arithmetic.
    #[test]
    fn s03_floors_from_an_origin_do_not_overflow() {
        let ends = [i64::MIN, i64::MIN + 1, Time::MIN.0 - 1, Time::MIN.0, Time::MIN.0 + 1];
        let ordinary = [-DAY_US - 7, -HOUR_US, -1, 0, 1, 1_800_000_000, HOUR_US, DAY_US + 7];
        let mut numbers = ends.to_vec();
        numbers.extend(ordinary);
        numbers.extend(ends.map(|end| end.saturating_neg()));
        let steps: Vec<i64> = numbers.iter().copied().filter(|step| *step > 0).collect();
        for &time in numbers.iter().filter(|time| Time::new(**time).is_some()) {
            for &step in &steps {
                for &origin in &numbers {
                    let wide = [time, step, origin].map(i128::from);
                    let past = (wide[0] - wide[2]).rem_euclid(wide[1]);
                    let expected = (wide[0] - past).max(i128::from(Time::MIN.0));
                    let found = Time(time).floor_from(step, origin).0;
                    assert_eq!(i128::from(found), expected, "{time} {step} {origin}");
                }
                assert_eq!(Time(time).floor(step), Time(time).floor_from(step, 0));
            }
        }
    }
}
