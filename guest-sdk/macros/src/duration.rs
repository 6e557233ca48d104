//! Durations, as authors write them: a count and a unit.
//!
//! Invariant: a duration is not negative and fits the range of event time (S2). Deliberately
//! absent: calendars. A day is 24 hours, and there are no months.

use syn::{Error, LitStr, Result};

/// Microseconds in a second.
pub(crate) const SECOND_US: i64 = 1_000_000;
/// Microseconds in a minute.
pub(crate) const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in an hour.
pub(crate) const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day.
pub(crate) const DAY_US: i64 = 24 * HOUR_US;
/// Longest duration, in microseconds: event time lies within ±2^62.
const DURATION_MAX_US: i64 = (1 << 62) - 1;
/// The units, longest first.
const UNITS: [(&str, i64); 6] =
    [("d", DAY_US), ("h", HOUR_US), ("m", MINUTE_US), ("s", SECOND_US), ("ms", 1_000), ("us", 1)];

/// The microseconds of a duration such as `7d`; `None` if it is none.
pub(crate) fn micros(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let (_, unit_us) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let micros = count.parse::<i64>().ok()?.checked_mul(*unit_us)?;
    (micros <= DURATION_MAX_US).then_some(micros)
}

/// The microseconds of a setting such as `history = "7d"`.
pub(crate) fn duration(text: &LitStr) -> Result<i64> {
    micros(&text.value()).ok_or_else(|| {
        let meant = meant(&text.value()).unwrap_or("\"90s\" or \"7d\"".to_string());
        let why = format!("a duration is a count and a unit (us, ms, s, m, h, d); write {meant}");
        Error::new(text.span(), why)
    })
}

/// Units that authors write, and what they are here.
const WRITTEN: [(&[&str], &str, i64); 7] = [
    (&["w", "wk", "wks", "week", "weeks"], "d", 7),
    (&["d", "day", "days"], "d", 1),
    (&["h", "hr", "hrs", "hour", "hours"], "h", 1),
    (&["m", "min", "mins", "minute", "minutes"], "m", 1),
    (&["s", "sec", "secs", "second", "seconds"], "s", 1),
    (&["ms", "msec", "millis", "millisecond", "milliseconds"], "ms", 1),
    (&["us", "usec", "micros", "microsecond", "microseconds"], "us", 1),
];

/// The duration that was probably meant, in quotes; `None` if that is not clear.
pub(crate) fn meant(text: &str) -> Option<String> {
    let text: String = text.to_lowercase().split_whitespace().collect();
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (count, unit) = text.split_at(digits);
    if ["mo", "mon", "month", "months", "y", "yr", "year", "years"].contains(&unit) {
        return Some("days: months and years differ in length".to_string());
    }
    let (_, unit, times) = WRITTEN.iter().find(|(words, ..)| words.contains(&unit))?;
    let (whole, fraction) = count.split_once('.').unwrap_or((count, ""));
    let one = micros(&format!("{times}{unit}"))?;
    let whole = whole.parse::<i64>().ok()?.checked_mul(one)?;
    let parts = match fraction {
        "" => 0,
        digits => {
            let scale = 10_i64.checked_pow(u32::try_from(digits.len()).ok()?)?;
            digits.parse::<i64>().ok()?.checked_mul(one)? / scale
        }
    };
    let meant = shortest(whole.checked_add(parts)?);
    (micros(&meant)? > 0).then_some(format!("\"{meant}\""))
}

/// A duration in the longest unit that divides it.
pub(crate) fn shortest(micros: i64) -> String {
    let (unit, unit_us) =
        UNITS.iter().find(|(_, unit_us)| micros % unit_us == 0).expect("1 us divides everything");
    format!("{}{unit}", micros / unit_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a duration is read exactly or not at all. Method: a table.
    #[test]
    fn durations_are_a_count_and_a_unit() {
        for (text, expected) in [
            ("0s", Some(0)),
            ("90s", Some(90 * SECOND_US)),
            ("7d", Some(7 * DAY_US)),
            ("5ms", Some(5_000)),
            ("4611686018427387903us", Some(DURATION_MAX_US)),
            ("4611686018427387904us", None),
            ("99999999999999d", None),
            ("", None),
            ("7", None),
            ("d", None),
            ("-7d", None),
            ("1.5h", None),
            ("7 d", None),
            ("1w", None),
        ] {
            assert_eq!(micros(text), expected, "{text:?}");
        }
    }

    /// Goal: what is written elsewhere leads to a duration. Method: a table.
    #[test]
    fn durations_in_other_words_have_a_remedy() {
        for (text, expected) in [
            ("7 days", Some("\"7d\"")),
            ("1 Day", Some("\"1d\"")),
            ("2w", Some("\"14d\"")),
            ("1.5h", Some("\"90m\"")),
            ("30min", Some("\"30m\"")),
            ("0.5s", Some("\"500ms\"")),
            ("1month", Some("days: months and years differ in length")),
            ("-7d", None),
            ("0 days", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(meant(text).as_deref(), expected, "{text:?}");
        }
    }

    /// Goal: remedies speak in round units.
    #[test]
    fn durations_are_shown_in_their_longest_unit() {
        for text in ["1d", "25h", "65m", "61s", "1500ms", "1us"] {
            assert_eq!(shortest(micros(text).unwrap()), text);
        }
    }
}
