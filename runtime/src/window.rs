//! Windows: from `as_of` to a half-open interval of event time (S3 to S5).
//!
//! Invariant: the bounds depend on the declaration and `as_of` alone. A sliding window's end is
//! exact and its start lies on a multiple of its hop. Deliberately absent: which events have
//! arrived, which is the store's knowledge.

use crate::error::{Error, Result};
use crate::time::{DAY_US, HOUR_US, Interval, MINUTE_US, Time};
use crate::view::{Boundary, FeatureView, Window};

/// The hop of a sliding window of this length: 5 min below 12 h, 1 h below 12 d, else 1 d.
pub const fn hop_us(length_us: i64) -> i64 {
    if length_us < 12 * HOUR_US {
        5 * MINUTE_US
    } else if length_us < 12 * DAY_US {
        HOUR_US
    } else {
        DAY_US
    }
}

impl Window {
    /// Checks the declaration.
    pub fn check(self) -> Result<()> {
        let Window::Sliding { length_us, offset_us } = self else { return Ok(()) };
        if length_us < HOUR_US {
            return Err(Error::input("a sliding window is at least 1 h long (S3)"));
        }
        if length_us >= Time::MAX.micros() || length_us % hop_us(length_us) != 0 {
            return Err(Error::input(format!(
                "a sliding window of {length_us} us is not a multiple of its hop of {} us (S3)",
                hop_us(length_us)
            )));
        }
        if !(0..Time::MAX.micros()).contains(&offset_us) {
            return Err(Error::input("a window's offset must not be negative"));
        }
        Ok(())
    }

    /// The interval at `effective`, an `as_of` already moved by the view's boundary and delay.
    pub fn interval(self, effective: Time) -> Interval {
        match self {
            Window::Lifetime => Interval { start: Time::MIN, end: effective },
            Window::Sliding { length_us, offset_us } => {
                let hop = hop_us(length_us);
                let shifted = effective.minus(offset_us);
                let end = if offset_us > 0 { shifted.floor(hop) } else { shifted };
                Interval { start: end.minus(length_us).floor(hop), end }
            }
        }
    }
}

impl FeatureView {
    /// `as_of` moved by the view's delay (S5) and boundary (S4).
    pub fn effective(&self, as_of: Time) -> Time {
        let delayed = as_of.minus(self.delay_us);
        match self.boundary {
            Boundary::Strict => delayed,
            Boundary::Inclusive => delayed.plus(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the sawtooth of S3. Method: intervals written out by hand.
    #[test]
    fn s03_sliding_windows_floor_their_start() {
        let at = |text: &str| Time::parse(text).unwrap();
        let window = Window::Sliding { length_us: 7 * DAY_US, offset_us: 0 };
        let interval = window.interval(at("2024-05-08T10:20:30Z"));
        assert_eq!(interval.start, at("2024-05-01T10:00:00Z"));
        assert_eq!(interval.end, at("2024-05-08T10:20:30Z"));
        let window = Window::Sliding { length_us: 30 * DAY_US, offset_us: 0 };
        assert_eq!(window.interval(at("2024-05-31T10:20:30Z")).start, at("2024-05-01"));
        let window = Window::Sliding { length_us: HOUR_US, offset_us: 0 };
        assert_eq!(window.interval(at("1969-12-31T23:59:00Z")).start, at("1969-12-31T22:55:00Z"));
        let window = Window::Sliding { length_us: 7 * DAY_US, offset_us: 7 * DAY_US };
        let interval = window.interval(at("2024-05-15T10:20:30Z"));
        assert_eq!(interval.end, at("2024-05-08T10:00:00Z"));
        assert_eq!(interval.start, at("2024-05-01T10:00:00Z"));
    }
}
