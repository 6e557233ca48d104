//! Windows, as authors write them (docs/FEATURES.md).
//!
//! Invariant: a [`Window`] is one that the runtime accepts (S3): a sliding window, a lookback and
//! each window of a series is at least an hour long and a multiple of its hop; a hopping window is
//! whole seconds and at least its step. Deliberately absent: the intervals that a window covers.

use crate::calendar::calendar;
use crate::duration::{DAY_US, HOUR_US, MINUTE_US, SECOND_US, meant, micros, shortest};
use crate::near::near;
use syn::{Error, LitStr};

/// Most windows of a series, rows of `last n`, and sessions of a lookback. The runtime's
/// `window.rs` has the same numbers.
const SERIES_COUNT_MAX: u32 = 1000;
const LAST_ROWS_MAX: u32 = 1000;
const SESSIONS_MAX: i64 = 10_000;
/// What an author may write.
const FORMS: &str = "\"7d\", \"7d offset 7d\", \"90s exact\", \"7d step 1d\", \"1d tumbling\", \
                     \"lifetime\", \"7d series 4\", \"last 10 in 90d\", \"last 10 in 30m exact\", \
                     \"last 1 skip 1 in 90d\", \"latest event in 90d\", \"session 30m in 7d\", \
                     \"open session 30m in 7d\", \
                     \"month so far in Europe/Berlin\" or \"3 whole months in UTC\" \
                     (units us, ms, s, m, h, d)";

const NO_OFFSET: &str = "the last rows, the latest event and sessions take no offset";

type Read<T> = Result<T, String>;

/// A window that a feature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// What the feature's name ends with: `7d`, `lifetime`, `7d_offset_7d`.
    pub name: String,
    /// The window as the manifest has it.
    pub json: String,
    /// Its length, or that of its lookback or of one of its series; `None` for a lifetime.
    pub length_us: Option<i64>,
    /// Whether it picks rows of its lookback by their order, so that it has no length in time.
    pub picks_rows: bool,
}

/// The window of a literal such as `"7d"`.
pub(crate) fn window(text: &LitStr) -> syn::Result<Window> {
    parse(&text.value()).map_err(|why| Error::new(text.span(), why))
}

fn parse(text: &str) -> Read<Window> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = match words[..] {
        ["last", rows, "in", ref lookback @ ..] => return last_rows(rows, None, lookback),
        ["last", rows, "skip", skip, "in", ref lookback @ ..] => {
            return last_rows(rows, Some(skip), lookback);
        }
        ["latest", "event", "in", ref lookback @ ..] => return latest_event(lookback),
        ["session", gap, "in", lookback] => return session(gap, lookback, false),
        ["open", "session", gap, "in", lookback] => return session(gap, lookback, true),
        ["last" | "latest" | "session" | "open", .., "offset", _] => {
            return Err(NO_OFFSET.to_string());
        }
        ref words => words,
    };
    let (words, offset) = match words {
        [words @ .., "offset", offset] => (words, Some(*offset)),
        words => (words, None),
    };
    let offset_us = offset.map_or(Ok(0), |offset| match length(offset)? {
        0 => Err(format!("an offset of {offset} is none; leave it out")),
        offset_us => Ok(offset_us),
    })?;
    let (name, json, length_us) = match calendar(words) {
        Some(parts) => parts.map(|(name, json, most_us)| (name, json, Some(most_us)))?,
        None => plain(text, words)?,
    };
    let json = format!("{{{json},\"offset_us\":{offset_us}}}");
    let name = offset.map_or(name.clone(), |offset| format!("{name}_offset_{offset}"));
    Ok(Window { name, json, length_us, picks_rows: false })
}

/// A window that is given by durations, without its offset.
fn plain(text: &str, words: &[&str]) -> Read<Parts> {
    match words {
        ["lifetime"] => Ok(("lifetime".to_string(), "\"kind\":\"lifetime\"".to_string(), None)),
        [length] => sliding(length),
        [length, "exact"] => exact(length),
        [length, "tumbling"] => hopping(length, length, "tumbling"),
        [length, "step", step] => hopping(length, step, &format!("step_{step}")),
        [length, "series", count] => series(length, count),
        [count, unit] if meant(&format!("{count}{unit}")).is_some() => {
            let meant = meant(text).unwrap_or_default();
            Err(format!("{text:?} is no window; write {meant}"))
        }
        _ => Err(format!("{text:?} is no window; write {}", near_form(words))),
    }
}

/// The word of a window that was probably meant, or every form.
fn near_form(words: &[&str]) -> String {
    let words = words.iter().filter(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
    let known = [
        "exact", "tumbling", "step", "series", "offset", "lifetime", "last", "session", "skip",
        "open", "whole", "so", "far", "from", "latest", "event",
    ];
    let near = words.filter_map(|word| Some((*word, near(word, known)?))).find(|(a, b)| a != b);
    near.map_or(FORMS.to_string(), |(word, near)| format!("{near} in place of {word}"))
}

/// A name, the JSON's members before the offset, and the length in time.
type Parts = (String, String, Option<i64>);

/// The microseconds of a part of a window.
fn length(text: &str) -> Read<i64> {
    micros(text).ok_or_else(|| match meant(text) {
        Some(meant) => format!("{text:?} is no window nor a length; write {meant}"),
        None => format!("{text:?} is no window nor a length; write {FORMS}"),
    })
}

/// A count in a window, at least 1.
fn count(text: &str, most: u32, of: &str) -> Read<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let count = text.parse::<u32>().ok().filter(|count| plain && (1..=most).contains(count));
    count.ok_or_else(|| format!("{text:?} {of}; there may be 1 to {most}"))
}

/// The length of a sliding window, which is a multiple of its hop.
fn sliding_us(text: &str) -> Read<i64> {
    let length_us = length(text)?;
    if length_us < HOUR_US {
        return Err(format!(
            "a window of {text} is too short; a sliding window is at least 1h; write \"1h\" or \
             \"{text} exact\""
        ));
    }
    let (hop_us, hop) = hop(length_us);
    if length_us % hop_us != 0 {
        let below = length_us - length_us % hop_us;
        return Err(format!(
            "a window of {text} is not a multiple of its hop of {hop} (5m below 12h, 1h below \
             12d, else 1d); write \"{}\" or \"{}\"",
            shortest(below),
            shortest(below + hop_us)
        ));
    }
    Ok(length_us)
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

fn sliding(length: &str) -> Read<Parts> {
    let length_us = sliding_us(length)?;
    let json = format!("\"kind\":\"sliding\",\"length_us\":{length_us}");
    Ok((length.to_string(), json, Some(length_us)))
}

fn exact_us(text: &str) -> Read<i64> {
    match length(text)? {
        0 => Err(format!("an exact window of {text} is empty; it is at least 1us")),
        length_us => Ok(length_us),
    }
}

fn exact(text: &str) -> Read<Parts> {
    let length_us = exact_us(text)?;
    let json = format!("\"kind\":\"exact\",\"length_us\":{length_us}");
    Ok((format!("{text}_exact"), json, Some(length_us)))
}

fn hopping(text: &str, step: &str, form: &str) -> Read<Parts> {
    let (length_us, step_us) = (length(text)?, length(step)?);
    for (part, part_us) in [(step, step_us), (text, length_us)] {
        if part_us == 0 || part_us % SECOND_US != 0 {
            let above = part_us - part_us % SECOND_US + SECOND_US;
            return Err(format!(
                "{part} is not a whole number of seconds, as steps and what is measured in them \
                 are; write \"{}\"",
                shortest(above)
            ));
        }
    }
    if length_us < step_us {
        return Err(format!(
            "a window of {text} is shorter than its step of {step} and would miss events; write \
             \"{step} tumbling\""
        ));
    }
    let json = format!("\"kind\":\"hopping\",\"length_us\":{length_us},\"step_us\":{step_us}");
    Ok((format!("{text}_{form}"), json, Some(length_us)))
}

fn series(length: &str, windows: &str) -> Read<Parts> {
    let length_us = sliding_us(length)?;
    let count = count(windows, SERIES_COUNT_MAX, "is no count of windows in a series")?;
    let json = format!("\"kind\":\"series\",\"length_us\":{length_us},\"count\":{count}");
    Ok((format!("{length}_series_{count}"), json, Some(length_us)))
}

fn last_rows(rows: &str, skip: Option<&str>, lookback: &[&str]) -> Read<Window> {
    let rows = count(rows, LAST_ROWS_MAX, "is no count of last rows")?;
    let skip = skip.map(|skip| {
        let skipped = count(skip, LAST_ROWS_MAX, "is no count of rows to skip")?;
        match rows + skipped <= LAST_ROWS_MAX {
            true => Ok(skipped),
            false => Err(format!(
                "last {rows} skip {skip}: the rows and those that are skipped are at most \
                 {LAST_ROWS_MAX} together"
            )),
        }
    });
    let skip = skip.transpose()?;
    let (lookback, lookback_us, exact) = looked_back(lookback)?;
    let (skipped, skip) = match skip {
        Some(skip) => (format!("_skip_{skip}"), format!("\"skip\":{skip},")),
        None => (String::new(), String::new()),
    };
    let (end, exact) = if exact { ("_exact", ",\"exact\":true") } else { ("", "") };
    Ok(Window {
        name: format!("last_{rows}{skipped}_in_{lookback}{end}"),
        json: format!(
            "{{\"kind\":\"last_rows\",\"rows\":{rows},{skip}\"lookback_us\":{lookback_us}{exact}}}"
        ),
        length_us: Some(lookback_us),
        picks_rows: true,
    })
}

/// A sliding or an exact window in which rows are looked for: its text, its length, and which.
fn looked_back<'a>(lookback: &[&'a str]) -> Read<(&'a str, i64, bool)> {
    match lookback {
        [lookback] => Ok((*lookback, sliding_us(lookback)?, false)),
        [lookback, "exact"] => Ok((*lookback, exact_us(lookback)?, true)),
        [.., "offset", _] => Err(NO_OFFSET.to_string()),
        other => Err(format!("{:?} is no window; write {FORMS}", other.join(" "))),
    }
}

fn latest_event(lookback: &[&str]) -> Read<Window> {
    let (lookback, lookback_us, exact) = looked_back(lookback)?;
    let (end, exact) = if exact { ("_exact", ",\"exact\":true") } else { ("", "") };
    Ok(Window {
        name: format!("latest_event_in_{lookback}{end}"),
        json: format!("{{\"kind\":\"latest_event\",\"lookback_us\":{lookback_us}{exact}}}"),
        length_us: Some(lookback_us),
        picks_rows: true,
    })
}

fn session(gap: &str, lookback: &str, open: bool) -> Read<Window> {
    let (gap_us, lookback_us) = (length(gap)?, sliding_us(lookback)?);
    let least =
        lookback_us.div_euclid(SESSIONS_MAX) + i64::from(lookback_us.rem_euclid(SESSIONS_MAX) > 0);
    if gap_us < least {
        return Err(format!(
            "a gap of {gap} lets {lookback} hold more than {SESSIONS_MAX} sessions; it is at least \
             \"{}\"",
            shortest(least)
        ));
    }
    let (word, open) = if open { ("open_", ",\"open\":true") } else { ("", "") };
    Ok(Window {
        name: format!("{word}session_{gap}_in_{lookback}"),
        json: format!(
            "{{\"kind\":\"session\",\"gap_us\":{gap_us},\"lookback_us\":{lookback_us}{open}}}"
        ),
        length_us: Some(lookback_us),
        picks_rows: false,
    })
}

#[cfg(test)]
mod tests;
