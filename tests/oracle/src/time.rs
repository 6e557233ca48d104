//! Event time: its range, its units, and floors onto a grid (S2, S3).
//!
//! Invariant: every result lies within plus and minus [`TIME_MAX_US`]; a step beyond it stops there.
//! Deliberately absent: calendars, time zones and clocks.

/// Times lie within plus and minus this, in microseconds (S2).
pub(crate) const TIME_MAX_US: i64 = 1 << 62;
/// Microseconds in a minute.
pub(crate) const MINUTE_US: i64 = 60_000_000;
/// Microseconds in an hour.
pub(crate) const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day.
pub(crate) const DAY_US: i64 = 24 * HOUR_US;

/// The time in range that is nearest.
pub(crate) fn saturate(time: i128) -> i64 {
    let max = i128::from(TIME_MAX_US);
    time.clamp(-max, max) as i64
}

/// The time `length_us` times `count` before `time`.
pub(crate) fn before(time: i64, length_us: i64, count: u32) -> i64 {
    saturate(i128::from(time) - i128::from(length_us) * i128::from(count))
}

/// The last point of the grid `origin + k * step` at or before `time`, also before the origin.
pub(crate) fn floor(time: i64, step_us: i64, origin_us: i64) -> i64 {
    let (time, step, origin) = (i128::from(time), i128::from(step_us), i128::from(origin_us));
    saturate((time - origin).div_euclid(step) * step + origin)
}

/// Whether an event at exactly `as_of` counts (S4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// It does not.
    Strict,
    /// It does: the strict rule one microsecond later.
    Inclusive,
}

/// `as_of` moved by a view's delay (S5) and boundary (S4).
pub fn effective(as_of: i64, boundary: Boundary, delay_us: i64) -> i64 {
    let delayed = before(as_of, delay_us, 1);
    match boundary {
        Boundary::Strict => delayed,
        Boundary::Inclusive => saturate(i128::from(delayed) + 1),
    }
}
