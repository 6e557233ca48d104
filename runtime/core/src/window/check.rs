//! Checks which windows may be declared (S3, docs/FEATURES.md).
//!
//! Invariant: for a window that passes, `span` computes bounds without overflow, on grids of whole
//! seconds, and there are no more sessions, rows or intervals than a state may hold. Each refusal
//! says what to write instead. Deliberately absent: which aggregates a window allows; see
//! `feature`.

use super::calendar::{CalendarUnit, Weekday};
use super::duration::{duration, hop_us};
use super::kind::Window;
use super::limits::{CALENDAR_PERIODS_MAX, LAST_ROWS_MAX, SERIES_COUNT_MAX, SESSIONS_MAX};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::time::{HOUR_US, SECOND_US, Time};

impl Window {
    /// Checks the window, and its view's `origin_us`.
    pub fn check(self, origin_us: i64) -> Result<()> {
        if Time::new(origin_us).is_none() || origin_us % SECOND_US != 0 {
            return Err(Error::input(
                "an origin is a whole number of seconds; write a date such as \"2024-01-01\"",
            ));
        }
        if self.offset_us() < 0 {
            return Err(Error::input(
                "an offset must not be negative: no window ends after as_of; leave it out",
            ));
        }
        match self {
            Window::Sliding { length_us, .. } => check_sliding(length_us)?,
            Window::Exact { length_us, .. } => check_exact(length_us)?,
            Window::Lifetime { .. } => {}
            Window::Hopping { length_us, step_us, .. } => check_hopping(length_us, step_us)?,
            Window::Series { length_us, count, .. } => {
                check_sliding(length_us)?;
                let limit = ("SERIES_COUNT_MAX", SERIES_COUNT_MAX);
                check_count("a series", "windows", count, limit)?;
            }
            Window::LastRows { rows, skip, lookback_us, exact } => {
                match exact {
                    true => check_exact(lookback_us)?,
                    false => check_sliding(lookback_us)?,
                }
                let limit = ("LAST_ROWS_MAX", LAST_ROWS_MAX);
                check_count("last n", "rows", rows, limit)?;
                let kept = rows.saturating_add(skip);
                check_count("last n, with the rows that are skipped,", "rows", kept, limit)?;
            }
            Window::LatestEvent { lookback_us, exact: true } => check_exact(lookback_us)?,
            Window::LatestEvent { lookback_us, .. } => check_sliding(lookback_us)?,
            Window::Session { gap_us, lookback_us, .. } => {
                check_sliding(lookback_us)?;
                check_gap(gap_us, lookback_us)?;
            }
            Window::Calendar { unit, first_day, whole, .. } => {
                check_calendar(unit, first_day, whole)?;
            }
        }
        self.check_reach()
    }

    /// Refuses a window whose start would lie before the beginning of time.
    fn check_reach(self) -> Result<()> {
        let count = match self {
            Window::Series { count, .. } => i128::from(count),
            _ => 1,
        };
        let length_us = i128::from(self.length_us().unwrap_or(0));
        let gap_us = match self {
            Window::Session { gap_us, .. } => i128::from(gap_us),
            _ => 0,
        };
        let reach_us = (length_us * count + i128::from(self.offset_us())).max(gap_us);
        if reach_us < i128::from(Time::MAX.micros()) {
            return Ok(());
        }
        Err(Error::input(format!(
            "a window that reaches {reach_us}us back is longer than time itself, 2^62us (S2); \
             write \"lifetime\""
        )))
    }
}

fn check_calendar(unit: CalendarUnit, first_day: Weekday, whole: u32) -> Result<()> {
    if unit != CalendarUnit::Week && first_day != Weekday::Monday {
        return Err(Error::input(format!(
            "a {} does not begin on a weekday; leave first_day out, or write unit \"week\"",
            unit.name()
        )));
    }
    match whole {
        0 => Ok(()),
        whole => {
            let limit = ("CALENDAR_PERIODS_MAX", CALENDAR_PERIODS_MAX);
            check_count("a calendar window", "whole periods", whole, limit)
        }
    }
}

fn check_exact(length_us: i64) -> Result<()> {
    match length_us {
        ..1 => Err(Error::input("an exact window is at least 1us long")),
        _ => Ok(()),
    }
}

/// The length of a sliding window: at least an hour, and a multiple of its hop (S3).
fn check_sliding(length_us: i64) -> Result<()> {
    if length_us < HOUR_US {
        return Err(Error::input(format!(
            "a sliding window of {} is too short, it is at least 1h long (S3); write \"… exact\" \
             or \"… step …\" for a shorter one",
            duration(length_us)
        )));
    }
    let hop_us = hop_us(length_us);
    if length_us % hop_us == 0 {
        return Ok(());
    }
    let below_us = length_us - length_us % hop_us;
    Err(Error::input(format!(
        "a sliding window of {} is not a multiple of its hop of {} (S3: 5m below 12h, 1h below \
         12d, else 1d); write \"{}\" or \"{}\"",
        duration(length_us),
        duration(hop_us),
        duration(below_us),
        duration(below_us.saturating_add(hop_us))
    )))
}

fn check_hopping(length_us: i64, step_us: i64) -> Result<()> {
    if step_us < SECOND_US || step_us % SECOND_US != 0 || length_us % SECOND_US != 0 {
        return Err(Error::input(format!(
            "a window of {} with a step of {}: both are whole seconds, and the step is at least 1s",
            duration(length_us),
            duration(step_us)
        )));
    }
    if length_us < step_us {
        return Err(Error::input(format!(
            "a window of {} with a step of {} would leave out events; the length is at least the \
             step: write \"{} tumbling\"",
            duration(length_us),
            duration(step_us),
            duration(step_us)
        )));
    }
    Ok(())
}

fn check_count(
    place: &str,
    what: &str,
    count: u32,
    (limit, most): (&'static str, u32),
) -> Result<()> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(Error::input(format!("{place} has 1 to {most} {what}, not {count}"))
        .with_code(Code::limit(limit, most as usize)))
}

fn check_gap(gap_us: i64, lookback_us: i64) -> Result<()> {
    if gap_us < 1 {
        return Err(Error::input("the gap of a session is at least 1us"));
    }
    if lookback_us <= gap_us.saturating_mul(SESSIONS_MAX) {
        return Ok(());
    }
    Err(Error::input(format!(
        "{} of lookback may hold more than {SESSIONS_MAX} sessions with a gap of {}; write a \
         longer gap or a shorter lookback",
        duration(lookback_us),
        duration(gap_us)
    ))
    .with_code(Code::limit("SESSIONS_MAX", SESSIONS_MAX as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_US, MINUTE_US};

    const FAR_US: i64 = 1 << 62;

    /// Goal: windows that docs/FEATURES.md allows pass, at both ends of each range. Method: a
    /// table.
    #[test]
    fn s03_good_windows_pass() {
        let sliding = |length_us, offset_us| Window::Sliding { length_us, offset_us };
        let exact = |length_us, offset_us| Window::Exact { length_us, offset_us };
        let hopping =
            |length_us, step_us, offset_us| Window::Hopping { length_us, step_us, offset_us };
        let last =
            |rows, skip, lookback_us, exact| Window::LastRows { rows, skip, lookback_us, exact };
        let session = |gap_us, lookback_us, open| Window::Session { gap_us, lookback_us, open };
        let days_max = FAR_US / DAY_US;
        for window in [
            sliding(HOUR_US, 0),
            sliding(HOUR_US + 5 * MINUTE_US, 1),
            sliding(12 * HOUR_US, 7 * DAY_US),
            sliding(287 * HOUR_US, 0),
            sliding(12 * DAY_US, 0),
            sliding(days_max * DAY_US, 0),
            exact(1, 0),
            exact(FAR_US - 1, 0),
            exact(1, FAR_US - 2),
            hopping(SECOND_US, SECOND_US, 0),
            hopping(7 * SECOND_US, 2 * SECOND_US, 1),
            hopping(7 * DAY_US, DAY_US, 7 * DAY_US),
            Window::Lifetime { offset_us: 0 },
            Window::Lifetime { offset_us: FAR_US - 1 },
            Window::Series { length_us: 7 * DAY_US, count: 1, offset_us: 0 },
            Window::Series { length_us: 7 * DAY_US, count: SERIES_COUNT_MAX, offset_us: 1 },
            last(1, 0, 90 * DAY_US, false),
            last(LAST_ROWS_MAX, 0, HOUR_US, false),
            last(1, LAST_ROWS_MAX - 1, HOUR_US, false),
            last(2, 0, MINUTE_US, true),
            last(2, 3, 1, true),
            session(30 * MINUTE_US, 7 * DAY_US, false),
            session(HOUR_US / SESSIONS_MAX, HOUR_US, true),
        ] {
            for origin_us in [0, -SECOND_US, 19_723 * DAY_US + 7 * SECOND_US] {
                window.check(origin_us).unwrap();
            }
        }
    }

    /// Goal: what docs/FEATURES.md refuses is refused, with a remedy. Method: a table of windows
    /// just beyond each limit, and a part of each message.
    #[test]
    fn s03_bad_windows_are_refused_with_a_remedy() {
        let sliding = |length_us| Window::Sliding { length_us, offset_us: 0 };
        let exact = |length_us, offset_us| Window::Exact { length_us, offset_us };
        let hopping = |length_us, step_us| Window::Hopping { length_us, step_us, offset_us: 0 };
        let series = |length_us, count| Window::Series { length_us, count, offset_us: 0 };
        let last =
            |rows, lookback_us| Window::LastRows { rows, skip: 0, lookback_us, exact: false };
        let skipping =
            |rows, skip| Window::LastRows { rows, skip, lookback_us: DAY_US, exact: false };
        let session = |gap_us, lookback_us| Window::Session { gap_us, lookback_us, open: false };
        for (window, remedy) in [
            (sliding(55 * MINUTE_US), "55m is too short, it is at least 1h"),
            (sliding(0), "at least 1h"),
            (sliding(i64::MIN), "at least 1h"),
            (sliding(61 * MINUTE_US), "write \"1h\" or \"65m\""),
            (sliding(HOUR_US + 1), "a sliding window of 3600000001us is not a multiple"),
            (sliding(750 * MINUTE_US), "write \"12h\" or \"13h\""),
            (sliding(300 * HOUR_US), "write \"12d\" or \"13d\""),
            (sliding(i64::MAX / DAY_US * DAY_US), "write \"lifetime\""),
            (sliding(i64::MAX), "is not a multiple"),
            (Window::Sliding { length_us: HOUR_US, offset_us: -1 }, "leave it out"),
            (Window::Sliding { length_us: HOUR_US, offset_us: FAR_US - 1 }, "2^62us"),
            (exact(0, 0), "at least 1us"),
            (exact(-1, 0), "at least 1us"),
            (exact(1, -1), "negative"),
            (exact(FAR_US, 0), "2^62us"),
            (exact(1, FAR_US - 1), "2^62us"),
            (exact(i64::MAX, i64::MAX), "2^62us"),
            (hopping(SECOND_US, 0), "at least 1s"),
            (hopping(SECOND_US, -SECOND_US), "at least 1s"),
            (hopping(SECOND_US, 500_000), "with a step of 500ms"),
            (hopping(3 * SECOND_US, 1_500_000), "whole seconds"),
            (hopping(1_500_000, SECOND_US), "whole seconds"),
            (hopping(MINUTE_US, HOUR_US), "write \"1h tumbling\""),
            (hopping(-DAY_US, HOUR_US), "at least the step"),
            (hopping(FAR_US / SECOND_US * SECOND_US + SECOND_US, SECOND_US), "2^62us"),
            (Window::Lifetime { offset_us: -1 }, "negative"),
            (Window::Lifetime { offset_us: FAR_US }, "2^62us"),
            (series(DAY_US, 0), "1 to 1000 windows, not 0"),
            (series(DAY_US, 1001), "1 to 1000 windows"),
            (series(DAY_US + 1, 4), "multiple"),
            (series(FAR_US / DAY_US / 2 * DAY_US, 3), "2^62us"),
            (last(0, DAY_US), "1 to 1000 rows, not 0"),
            (last(1001, DAY_US), "1 to 1000 rows"),
            (last(1, MINUTE_US), "at least 1h"),
            (skipping(0, 3), "1 to 1000 rows, not 0"),
            (skipping(1, 1000), "1 to 1000 rows, not 1001"),
            (skipping(1000, u32::MAX), "1 to 1000 rows"),
            (
                Window::LastRows { rows: 1, skip: 0, lookback_us: 0, exact: true },
                "an exact window is at least 1us long",
            ),
            (session(0, DAY_US), "at least 1us"),
            (session(HOUR_US / SESSIONS_MAX - 1, HOUR_US), "write a longer gap"),
            (session(MINUTE_US, MINUTE_US), "at least 1h"),
            (session(FAR_US, HOUR_US), "2^62us"),
        ] {
            let error = window.check(0).unwrap_err();
            assert!(error.message.contains(remedy), "{window:?}: {error}");
        }
        for origin_us in [1, -1, 1_500_000, i64::MAX, i64::MIN] {
            let error = sliding(HOUR_US).check(origin_us).unwrap_err();
            assert!(error.message.contains("whole number of seconds"), "{error}");
        }
    }
}
