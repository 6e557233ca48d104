//! Durations and windows, as authors write them.
//!
//! Invariant: a [`Window`] keeps S3: a sliding window is at least an hour long and a multiple of
//! its hop. Deliberately absent: windows that the runtime does not have yet (exact, hopping).

use syn::{Error, LitStr, Result};

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;
/// Longest duration, in microseconds: event time lies within ±2^62.
const DURATION_MAX_US: i64 = (1 << 62) - 1;
/// The units, longest first.
const UNITS: [(&str, i64); 6] =
    [("d", DAY_US), ("h", HOUR_US), ("m", MINUTE_US), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

/// A window that a feature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What the feature's name ends with: `7d`, `lifetime`, `7d_offset_7d`.
    pub name: String,
    /// The window as the manifest has it.
    pub json: String,
}

/// The microseconds of a duration such as `7d`; `None` if it is none.
fn micros(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let (_, unit_us) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let micros = count.parse::<i64>().ok()?.checked_mul(*unit_us)?;
    (micros <= DURATION_MAX_US).then_some(micros)
}

/// The microseconds of a setting such as `history = "7d"`.
pub fn duration(text: &LitStr) -> Result<i64> {
    micros(&text.value()).ok_or_else(|| {
        let why =
            "a duration is a count and a unit (us, ms, s, m, h, d), such as \"90s\" or \"7d\"";
        Error::new(text.span(), why)
    })
}

/// The window of a literal such as `"7d"`.
pub fn window(text: &LitStr) -> Result<Window> {
    parse(&text.value()).map_err(|why| Error::new(text.span(), why))
}

fn parse(text: &str) -> std::result::Result<Window, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (length, offset) = match words[..] {
        ["lifetime"] => {
            let json = "{\"kind\":\"lifetime\"}".to_string();
            return Ok(Window { name: "lifetime".to_string(), json });
        }
        ["lifetime", ..] => return Err("a lifetime window takes no offset".to_string()),
        [length] => (length, None),
        [length, "offset", offset] => (length, Some(offset)),
        _ => (text, None),
    };
    let unknown = || {
        format!(
            "{text:?} is no window; write \"lifetime\", \"7d\" or \"7d offset 7d\" \
                 (units us, ms, s, m, h, d)"
        )
    };
    let length_us = micros(length).ok_or_else(unknown)?;
    if length_us < HOUR_US {
        return Err(format!("a window of {length} is too short; a sliding window is at least 1h"));
    }
    let (hop_us, hop) = hop(length_us);
    if length_us % hop_us != 0 {
        let below = length_us - length_us % hop_us;
        return Err(format!(
            "a window of {length} is not a multiple of its hop of {hop} (5m below 12h, 1h below \
             12d, else 1d); write \"{}\" or \"{}\"",
            shortest(below),
            shortest(below + hop_us)
        ));
    }
    let Some(offset) = offset else {
        let json = format!("{{\"kind\":\"sliding\",\"length_us\":{length_us},\"offset_us\":0}}");
        return Ok(Window { name: length.to_string(), json });
    };
    let offset_us = micros(offset).ok_or_else(unknown)?;
    if offset_us == 0 {
        return Err(format!("an offset of {offset} is none; leave it out"));
    }
    let json =
        format!("{{\"kind\":\"sliding\",\"length_us\":{length_us},\"offset_us\":{offset_us}}}");
    Ok(Window { name: format!("{length}_offset_{offset}"), json })
}

/// The hop of a sliding window of this length (S3), in microseconds and as text.
fn hop(length_us: i64) -> (i64, &'static str) {
    if length_us < 12 * HOUR_US {
        (5 * MINUTE_US, "5m")
    } else if length_us < 12 * DAY_US {
        (HOUR_US, "1h")
    } else {
        (DAY_US, "1d")
    }
}

/// A duration in the longest unit that divides it.
fn shortest(micros: i64) -> String {
    let (unit, unit_us) =
        UNITS.iter().find(|(_, unit_us)| micros % unit_us == 0).expect("1 us divides everything");
    format!("{}{unit}", micros / unit_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> std::result::Result<(String, String), String> {
        parse(text).map(|window| (window.name, window.json))
    }

    /// Goal: the grammar's windows, their names and their JSON.
    #[test]
    fn s03_windows_become_json() {
        for (text, name, length_us, offset_us) in [
            ("1h", "1h", HOUR_US, 0),
            ("90m", "90m", 90 * MINUTE_US, 0),
            ("7d", "7d", 7 * DAY_US, 0),
            ("365d", "365d", 365 * DAY_US, 0),
            (" 7d  offset 7d ", "7d_offset_7d", 7 * DAY_US, 7 * DAY_US),
            ("3600s offset 1us", "3600s_offset_1us", HOUR_US, 1),
            ("7200000ms", "7200000ms", 2 * HOUR_US, 0),
        ] {
            let json = format!(
                "{{\"kind\":\"sliding\",\"length_us\":{length_us},\"offset_us\":{offset_us}}}"
            );
            assert_eq!(read(text), Ok((name.to_string(), json)), "{text}");
        }
        let lifetime = ("lifetime".to_string(), "{\"kind\":\"lifetime\"}".to_string());
        assert_eq!(read("lifetime"), Ok(lifetime));
    }

    /// Goal: what S3 refuses is refused with a remedy. Method: a part of each message.
    #[test]
    fn s03_bad_windows_are_refused() {
        for (text, part) in [
            ("59m", "at least 1h"),
            ("61m", "write \"1h\" or \"65m\""),
            ("750m", "write \"12h\" or \"13h\""),
            ("300h", "write \"12d\" or \"13d\""),
            ("7d offset 0d", "leave it out"),
            ("lifetime offset 1d", "takes no offset"),
            ("", "is no window"),
            ("7", "is no window"),
            ("d", "is no window"),
            ("-7d", "is no window"),
            ("7d exact", "is no window"),
            ("7 d", "is no window"),
            ("1w", "is no window"),
            ("99999999999999d", "is no window"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
