//! A day of the Gregorian calendar, as a column contains it.
//!
//! Invariant: it is a plain count of days since 1970-01-01, nothing else; the calendar is the one
//! of ISO 8601, also before it was introduced. Method: years, months and days are those of Howard
//! Hinnant's "chrono-Compatible Low-Level Date Algorithms" (`days_from_civil`, `civil_from_days`).
//! Deliberately absent: time zones, weeks, and any way to read a clock.

use crate::event_time::{DAY_US, EventTime};
use std::fmt;

/// Days of 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// A day of the calendar.
///
/// ```
/// use lockstep_sdk::prelude::*;
///
/// let day = Date::from_ymd(2024, 2, 29).unwrap();
/// assert_eq!(day.days(), 19_782);
/// assert_eq!(day.to_string(), "2024-02-29");
/// assert_eq!(day.start().date(), day);
/// assert_eq!(Date::from_ymd(2023, 2, 29), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// The day `days` days after 1970-01-01.
    pub const fn from_days(days: i32) -> Date {
        Date(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The day with this year, month from 1 and day of the month from 1; `None` if the calendar has
    /// no such day, or if its count of days does not fit 32 bits.
    pub const fn from_ymd(year: i32, month: u8, day: u8) -> Option<Date> {
        if month < 1 || month > 12 || day < 1 || day > 31 {
            return None;
        }
        let (month_wide, day_wide) = (month as i64, day as i64);
        // A year that begins in March has its leap day at its end.
        let year_from_march = year as i64 - if month <= 2 { 1 } else { 0 };
        let era = year_from_march.div_euclid(400);
        let year_of_era = year_from_march.rem_euclid(400);
        let month_from_march = (month_wide + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day_wide - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * ERA_DAYS + day_of_era - EPOCH_DAYS;
        if days < i32::MIN as i64 || days > i32::MAX as i64 {
            return None;
        }
        let date = Date(days as i32);
        // The 31st of a month with 30 days is the first of the next one.
        match date.ymd() {
            (_, found, _) if found == month => Some(date),
            _ => None,
        }
    }

    /// The year, the month from 1 and the day of the month from 1. The year before year 1 is
    /// year 0.
    pub const fn ymd(self) -> (i32, u8, u8) {
        let days = self.0 as i64 + EPOCH_DAYS;
        let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
        let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leap_days) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
        (year as i32, month as u8, day as u8)
    }

    /// The time at which the day begins, in UTC. A day so far from 1970 that no [`EventTime`] lies
    /// in it (some 292,000 years) gives the least or the greatest time.
    pub const fn start(self) -> EventTime {
        EventTime::from_micros((self.0 as i64).saturating_mul(DAY_US))
    }
}

impl fmt::Display for Date {
    /// As `YYYY-MM-DD`. A year without four digits has a sign and at least six digits, as in
    /// `+010000-01-01`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        match year {
            0..=9999 => write!(f, "{year:04}-{month:02}-{day:02}"),
            _ => write!(f, "{year:+07}-{month:02}-{day:02}"),
        }
    }
}

impl fmt::Debug for Date {
    /// As [`fmt::Display`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: days and their parts correspond, at the edges. Method: a table of known days, some of
    /// them computed by hand from the length of 400 years.
    #[test]
    fn known_days() {
        for (days, (year, month, day), text) in [
            (0, (1970, 1, 1), "1970-01-01"),
            (-1, (1969, 12, 31), "1969-12-31"),
            (19_782, (2024, 2, 29), "2024-02-29"),
            (19_783, (2024, 3, 1), "2024-03-01"),
            (11_016, (2000, 2, 29), "2000-02-29"),
            (-25_509, (1900, 2, 28), "1900-02-28"),
            (-25_508, (1900, 3, 1), "1900-03-01"),
            (-719_468, (0, 3, 1), "0000-03-01"),
            (-719_528, (0, 1, 1), "0000-01-01"),
            (-719_529, (-1, 12, 31), "-000001-12-31"),
            (2_932_896, (9999, 12, 31), "9999-12-31"),
            (2_932_897, (10_000, 1, 1), "+010000-01-01"),
            (i32::MAX, (5_881_580, 7, 11), "+5881580-07-11"),
            (i32::MIN, (-5_877_641, 6, 23), "-5877641-06-23"),
        ] {
            let date = Date::from_days(days);
            assert_eq!(date.ymd(), (year, month, day), "{days}");
            assert_eq!(Date::from_ymd(year, month, day), Some(date), "{days}");
            assert_eq!((date.to_string(), format!("{date:?}")), (text.into(), text.into()));
        }
    }

    /// Goal: what the calendar lacks is no day. Method: days beside the ends of months and of 32
    /// bits.
    #[test]
    fn no_days() {
        for (year, month, day) in [
            (2023, 2, 29),
            (1900, 2, 29),
            (2024, 2, 30),
            (2024, 4, 31),
            (2024, 12, 32),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
            (5_881_580, 7, 12),
            (-5_877_641, 6, 22),
            (i32::MAX, 1, 1),
            (i32::MIN, 1, 1),
        ] {
            assert_eq!(Date::from_ymd(year, month, day), None, "{year} {month} {day}");
        }
    }

    /// Goal: days follow each other as in the calendar. Method: 800 years day by day, with the
    /// lengths of months written out.
    #[test]
    fn days_follow_each_other() {
        let (mut year, mut month, mut day) = (1570, 1, 1);
        let first = Date::from_ymd(year, month, day).unwrap().days();
        for days in first..first + 2 * 146_097 {
            assert_eq!(Date::from_days(days).ymd(), (year, month, day));
            assert_eq!(Date::from_ymd(year, month, day), Some(Date::from_days(days)));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            let length = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            (year, month, day) = match (month, day == length[usize::from(month) - 1]) {
                (12, true) => (year + 1, 1, 1),
                (_, true) => (year, month + 1, 1),
                (_, false) => (year, month, day + 1),
            };
        }
        assert_eq!((year, month, day), (2370, 1, 1));
    }

    /// Goal: a time lies in its day, and a day begins at midnight. Method: times around days, and
    /// days beyond all times.
    #[test]
    fn days_and_times() {
        for (micros, days) in [
            (0, 0),
            (DAY_US - 1, 0),
            (DAY_US, 1),
            (-1, -1),
            (-DAY_US, -1),
            (-DAY_US - 1, -2),
            (i64::MAX, 106_751_991),
            (i64::MIN, -106_751_992),
        ] {
            assert_eq!(EventTime::from_micros(micros).date(), Date::from_days(days), "{micros}");
        }
        for days in [0, 1, -1, 106_751_991, -106_751_991] {
            let start = Date::from_days(days).start();
            assert_eq!(start.as_micros(), i64::from(days) * DAY_US);
            assert_eq!(start.date().days(), days);
        }
        assert_eq!(Date::from_days(i32::MAX).start().as_micros(), i64::MAX);
        assert_eq!(Date::from_days(i32::MIN).start().as_micros(), i64::MIN);
        assert!(Date::from_days(-1) < Date::from_days(0));
    }
}
