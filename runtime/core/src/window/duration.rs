//! Durations: the hop that follows from a window's length, and how authors write a duration.
//!
//! Invariant: a hop depends on the length alone, so windows of equal length end on the same grid.
//! Deliberately absent: which durations a declaration may use (`check`).

use crate::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};

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

/// A duration as authors write it: in the longest unit that divides it, such as `90s` or `7d`.
pub fn duration(micros: i64) -> String {
    let units = [(DAY_US, "d"), (HOUR_US, "h"), (MINUTE_US, "m"), (SECOND_US, "s"), (1000, "ms")];
    let unit = units.into_iter().find(|(unit_us, _)| micros != 0 && micros % unit_us == 0);
    let (unit_us, unit) = unit.unwrap_or((1, "us"));
    format!("{}{unit}", micros / unit_us)
}

/// Parses a duration as authors write it, such as `90s` or `7d`; `None` if the text is not one.
pub fn parse_duration(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit_us = match unit {
        "d" => DAY_US,
        "h" => HOUR_US,
        "m" => MINUTE_US,
        "s" => SECOND_US,
        "ms" => 1000,
        "us" => 1,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: durations read as authors write them. Method: a table.
    #[test]
    fn durations_use_the_longest_unit() {
        for (micros, text) in [
            (0, "0us"),
            (1, "1us"),
            (1500, "1500us"),
            (2000, "2ms"),
            (90 * SECOND_US, "90s"),
            (90 * MINUTE_US, "90m"),
            (36 * HOUR_US, "36h"),
            (7 * DAY_US, "7d"),
            (-DAY_US, "-1d"),
        ] {
            assert_eq!(duration(micros), text);
            assert_eq!(parse_duration(text), Some(micros).filter(|micros| *micros >= 0));
        }
        for bad in ["", "7", "d", "7 d", "1.5h", "+1s", "9223372036854775807d", "1w"] {
            assert_eq!(parse_duration(bad), None, "{bad:?}");
        }
    }
}
