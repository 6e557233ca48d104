//! Random windows, origins and times for the tests of windows and tiles.
//!
//! Invariant: every window passes its check with every origin. Times are concentrated where
//! mistakes would show: at the epoch, before it, at both ends of time, and in this century.
//! Deliberately absent: events.

use super::{Calendar, CalendarUnit, SESSIONS_MAX, Weekday, Window, Zone};
use crate::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US, Time};
use proptest::prelude::*;
use proptest::sample::select;

/// Lengths of sliding windows on both sides of every change of their hop and of the top level.
fn sliding_us() -> impl Strategy<Value = i64> {
    let hours = [1, 6, 12, 23, 24, 25, 7 * 24, 287];
    let days = [12, 30, 31, 32, 63, 64, 65, 365, 4000];
    let mut lengths: Vec<i64> = hours.into_iter().map(|hours| hours * HOUR_US).collect();
    lengths.extend(days.into_iter().map(|days| days * DAY_US));
    lengths.extend([65 * MINUTE_US, 715 * MINUTE_US]);
    select(lengths)
}

fn offset_us() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0),
        1 => select(vec![1, 90 * SECOND_US, HOUR_US, 7 * DAY_US, 40 * DAY_US]),
        1 => 0..100 * DAY_US,
        1 => 0..2 * HOUR_US,
    ]
}

fn exact_us() -> impl Strategy<Value = i64> {
    let chosen = [1, 2, 90 * SECOND_US, 12 * MINUTE_US, HOUR_US, DAY_US, 7 * DAY_US];
    prop_oneof![select(chosen.to_vec()), 1..2 * HOUR_US, 1..40 * DAY_US]
}

fn step_us() -> impl Strategy<Value = i64> {
    let seconds = [1, 7, 60, 90, 300, 420, 1800, 3600, 36 * 3600];
    let days = [1, 2, 7, 32, 64];
    let mut steps: Vec<i64> = seconds.into_iter().map(|seconds| seconds * SECOND_US).collect();
    steps.extend(days.into_iter().map(|days| days * DAY_US));
    select(steps)
}

/// A window of any kind.
pub(crate) fn window() -> impl Strategy<Value = Window> {
    let beyond_us = prop_oneof![Just(0), select(vec![1, 7, 60, 300]).prop_map(|s| s * SECOND_US)];
    prop_oneof![
        3 => (sliding_us(), offset_us())
            .prop_map(|(length_us, offset_us)| Window::Sliding { length_us, offset_us }),
        3 => (exact_us(), offset_us())
            .prop_map(|(length_us, offset_us)| Window::Exact { length_us, offset_us }),
        3 => (step_us(), 1i64..5, beyond_us, offset_us()).prop_map(
            |(step_us, steps, beyond_us, offset_us)| {
                Window::Hopping { length_us: steps * step_us + beyond_us, step_us, offset_us }
            }
        ),
        2 => offset_us().prop_map(|offset_us| Window::Lifetime { offset_us }),
        2 => (sliding_us(), 1u32..6, offset_us()).prop_map(
            |(length_us, count, offset_us)| Window::Series { length_us, count, offset_us }
        ),
        1 => (1u32..=900, 0u32..100, sliding_us(), any::<bool>()).prop_map(
            |(rows, skip, lookback_us, exact)| Window::LastRows { rows, skip, lookback_us, exact }
        ),
        1 => (sliding_us(), any::<bool>()).prop_map(|(lookback_us, exact)| {
            Window::LatestEvent { lookback_us, exact }
        }),
        1 => (sliding_us(), any::<bool>()).prop_map(|(lookback_us, open)| {
            Window::Session { gap_us: lookback_us / SESSIONS_MAX + 1, lookback_us, open }
        }),
        3 => (calendar(), prop_oneof![3 => Just(0), 2 => 1u32..20], offset_us()).prop_map(
            |(Calendar { unit, first_day, zone }, whole, offset_us)| {
                Window::Calendar { unit, first_day, zone, whole, offset_us }
            }
        ),
    ]
}

/// A calendar in one of the zones in which days are of odd lengths or begin at odd times, or in any.
pub(crate) fn calendar() -> impl Strategy<Value = Calendar> {
    let odd = [
        "UTC",
        "Europe/Berlin",
        "Europe/Dublin",
        "Africa/Cairo",
        "Africa/Casablanca",
        "America/St_Johns",
        "America/Juneau",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ];
    let odd = select(odd.to_vec()).prop_map(|name| Zone::named(name).expect("a zone"));
    let units = [
        CalendarUnit::Day,
        CalendarUnit::Week,
        CalendarUnit::Month,
        CalendarUnit::Quarter,
        CalendarUnit::Year,
    ];
    let zone = prop_oneof![3 => odd, 1 => select(Zone::all().collect::<Vec<_>>())];
    (select(units.to_vec()), select(Weekday::ALL.to_vec()), zone).prop_map(|(unit, day, zone)| {
        let first_day = if unit == CalendarUnit::Week { day } else { Weekday::Monday };
        Calendar { unit, first_day, zone }
    })
}

/// An origin: whole seconds, on coarse grids and on fine ones.
pub(crate) fn origin_us() -> impl Strategy<Value = i64> {
    let far = Time::MAX.micros() / SECOND_US;
    let chosen = [1, -7, 60, 1800, 86_400, 32 * 86_400, 19_723 * 86_400, far, -far];
    let seconds = prop_oneof![
        3 => Just(0i64),
        2 => select(chosen.to_vec()),
        1 => -10_000_000_000i64..10_000_000_000,
    ];
    seconds.prop_map(|seconds| seconds * SECOND_US)
}

/// How much later one question is than another.
pub(crate) fn later_us() -> impl Strategy<Value = i64> {
    prop_oneof![0i64..3, 0..HOUR_US, 0..40 * DAY_US, 0..4000 * DAY_US]
}

/// A time.
pub(crate) fn time() -> impl Strategy<Value = Time> {
    let now = 19_723 * DAY_US;
    prop_oneof![
        2 => now..now + 1000 * DAY_US,
        2 => -400 * DAY_US..400 * DAY_US,
        1 => later_us().prop_map(|us| Time::MIN.plus(us).micros()),
        1 => later_us().prop_map(|us| Time::MAX.minus(us).micros()),
        1 => (-400_000i64..400_000).prop_map(|hours| hours * HOUR_US),
    ]
    .prop_map(Time::saturating)
}
