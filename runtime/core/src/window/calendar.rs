//! Periods of a calendar in a time zone: days, weeks, months, quarters and years.
//!
//! ```text
//! day        each local date of the Gregorian calendar
//! week       7 days from a declared weekday on
//! month, quarter, year                      as usual; quarters begin in January, April, July, October
//! ```
//!
//! A period begins where its first day does (`zone`). Invariant: periods abut and begin in order.
//! Deliberately absent: which of them a window reads; see `span`.

use super::zone::Zone;
use crate::time::{Time, civil_from_days, days_from_civil};
use serde::{Deserialize, Serialize};

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarUnit {
    /// A local date.
    Day,
    /// Seven days.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// Twelve months.
    Year,
}

impl CalendarUnit {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            CalendarUnit::Day => "day",
            CalendarUnit::Week => "week",
            CalendarUnit::Month => "month",
            CalendarUnit::Quarter => "quarter",
            CalendarUnit::Year => "year",
        }
    }

    /// The most days that one of it has.
    pub const fn days_max(self) -> i64 {
        match self {
            CalendarUnit::Day => 1,
            CalendarUnit::Week => 7,
            CalendarUnit::Month => 31,
            CalendarUnit::Quarter => 92,
            CalendarUnit::Year => 366,
        }
    }

    /// Its months; 0 for days and weeks.
    const fn months(self) -> i64 {
        match self {
            CalendarUnit::Day | CalendarUnit::Week => 0,
            CalendarUnit::Month => 1,
            CalendarUnit::Quarter => 3,
            CalendarUnit::Year => 12,
        }
    }
}

/// The day on which weeks begin.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    #[default]
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// All of them, from Monday on.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        }
    }
}

/// A unit of the calendar in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Calendar {
    /// The unit.
    pub unit: CalendarUnit,
    /// The day on which its weeks begin; of no meaning for other units.
    pub first_day: Weekday,
    /// The zone.
    pub zone: Zone,
}

/// One period of a calendar: `[start, end)`, and the day with which it begins, counted from
/// 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start: Time,
    pub(super) end: Time,
    first: i64,
}

impl Calendar {
    /// The latest period that has begun at `time`.
    pub(super) fn period(self, time: Time) -> Period {
        let first = self.first_of(self.zone.day(time));
        let (start, end) = (self.zone.start(first), self.zone.start(self.moved(first, 1)));
        Period { start, end, first }
    }

    /// The start of the period that is `periods` before `period`.
    pub(super) fn before(self, period: Period, periods: u32) -> Time {
        self.zone.start(self.moved(period.first, -i64::from(periods)))
    }

    /// The first day of the period that holds `day`.
    fn first_of(self, day: i64) -> i64 {
        match self.unit {
            CalendarUnit::Day => day,
            CalendarUnit::Week => {
                // 1970-01-01 was a Thursday.
                day - (day + 3 - self.first_day as i64).rem_euclid(7)
            }
            unit => {
                let (year, month, _) = civil_from_days(day);
                days_from_civil(year, month - (month - 1) % unit.months(), 1)
            }
        }
    }

    /// The first day of the period that is `periods` after the one that begins with `first`.
    fn moved(self, first: i64, periods: i64) -> i64 {
        match self.unit {
            CalendarUnit::Day => first + periods,
            CalendarUnit::Week => first + 7 * periods,
            unit => {
                let (year, month, _) = civil_from_days(first);
                let months = year * 12 + month - 1 + periods * unit.months();
                days_from_civil(months.div_euclid(12), months.rem_euclid(12) + 1, 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_US, Interval};
    use crate::window::samples;
    use crate::window::{Span, Window};
    use proptest::prelude::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn check(declared: &str, as_of: &str, lo: &str, hi: &str) {
        let window: Window = serde_json::from_str(declared).unwrap();
        window.check(0).unwrap();
        let found = window.spans()[0].interval(at(as_of), 7);
        assert_eq!(found, Interval { start: at(lo), end: at(hi) }, "{declared} {as_of} {found}");
    }

    /// Goal: windows of each unit, so far and whole (S3). Method: bounds by hand.
    #[test]
    fn s03_calendar_windows() {
        let as_of = "2024-05-08T10:20:30Z";
        let berlin = |unit: &str, whole: u32| {
            format!(
                r#"{{"kind":"calendar","unit":"{unit}","zone":"Europe/Berlin","whole":{whole}}}"#
            )
        };
        for (unit, lo) in [
            ("day", "2024-05-07T22:00:00Z"),
            ("week", "2024-05-05T22:00:00Z"),
            ("month", "2024-04-30T22:00:00Z"),
            ("quarter", "2024-03-31T22:00:00Z"),
            ("year", "2023-12-31T23:00:00Z"),
        ] {
            check(&berlin(unit, 0), as_of, lo, as_of);
        }
        check(&berlin("day", 1), as_of, "2024-05-06T22:00:00Z", "2024-05-07T22:00:00Z");
        check(&berlin("week", 6), as_of, "2024-03-24T23:00:00Z", "2024-05-05T22:00:00Z");
        check(&berlin("month", 3), as_of, "2024-01-31T23:00:00Z", "2024-04-30T22:00:00Z");
        check(&berlin("quarter", 2), as_of, "2023-09-30T22:00:00Z", "2024-03-31T22:00:00Z");
        check(&berlin("year", 1000), as_of, "1023-12-31T23:06:32Z", "2023-12-31T23:00:00Z");
        // At the first instant of a period nothing of it has passed yet.
        check(
            &berlin("month", 0),
            "2024-04-30T22:00:00Z",
            "2024-04-30T22:00:00Z",
            "2024-04-30T22:00:00Z",
        );
        check(
            &berlin("month", 0),
            "2024-04-30T21:59:59.999999Z",
            "2024-03-31T22:00:00Z",
            "2024-04-30T21:59:59.999999Z",
        );
        let sunday = r#"{"kind":"calendar","unit":"week","first_day":"sunday","zone":"America/New_York","whole":1}"#;
        check(sunday, "2024-03-17T03:59:59Z", "2024-03-03T05:00:00Z", "2024-03-10T05:00:00Z");
        check(sunday, "2024-03-17T04:00:00Z", "2024-03-10T05:00:00Z", "2024-03-17T04:00:00Z");
        let offset = r#"{"kind":"calendar","unit":"day","zone":"UTC","offset_us":3600000000}"#;
        check(offset, "2024-05-08T00:20:00Z", "2024-05-07", "2024-05-07T23:20:00Z");
        // 2011-12-30 was no day in Apia.
        let apia = r#"{"kind":"calendar","unit":"day","zone":"Pacific/Apia","whole":1}"#;
        check(apia, "2011-12-31T00:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z");
        check(apia, "2012-01-01T00:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z");
    }

    /// Goal: what cannot be meant is refused.
    #[test]
    fn a_calendar_window_is_checked() {
        let window = |unit, first_day, whole| {
            let zone = Zone::named("UTC").unwrap();
            Window::Calendar { unit, first_day, zone, whole, offset_us: 0 }.check(0)
        };
        assert!(window(CalendarUnit::Week, Weekday::Sunday, 1000).is_ok());
        let wrong = window(CalendarUnit::Day, Weekday::Sunday, 0).unwrap_err().to_string();
        assert!(wrong.contains("a day does not begin on a weekday"), "{wrong}");
        let wrong = window(CalendarUnit::Day, Weekday::Monday, 1001).unwrap_err().to_string();
        assert!(wrong.contains("1000"), "{wrong}");
    }

    proptest! {
        /// Goal: periods abut, hold the time, and are no longer than a span says. Method: any
        /// calendar at any time.
        #[test]
        fn s03_periods_abut(calendar in samples::calendar(), time in samples::time(), whole in 1u32..5) {
            let period = calendar.period(time);
            prop_assert!(period.start <= time && (time < period.end || time == Time::MAX));
            if period.start > Time::MIN.plus(400 * DAY_US) {
                let before = calendar.period(period.start.minus(1));
                prop_assert_eq!(before.end, period.start);
                prop_assert!(calendar.before(period, 1) >= before.start);
            }
            let span = Span::Calendar { calendar, whole, offset_us: 0 };
            let Interval { start, end } = span.interval(time, 0);
            prop_assert!(end.micros() - start.micros() <= span.length_us().unwrap());
        }
    }
}
