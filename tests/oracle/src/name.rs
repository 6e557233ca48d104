//! Features from their printed names: `text_length_mean_30d` is a column, aggregate and window.
//!
//! The name is `[column_]aggregate_window`. A window is `lifetime`, a length such as `90m` or
//! `7d`, or `7d_offset_7d`. The aggregate is the token before the window, the column is what
//! precedes it, and only a count may lack one. Invariant: a feature that parses applies to its
//! column's type. Deliberately absent: a guess at a name that does not parse, and all that only a
//! declaration tells (see `declaration/`): a name does not say where its column ends.

use crate::feature::{Aggregate, Feature};
use crate::kind::Kind;
use crate::time::{DAY_US, HOUR_US, MINUTE_US, TIME_MAX_US};
use crate::window::Window;

impl Feature {
    /// The feature called `name` over a view with these columns.
    pub fn parse(name: &str, columns: &[(&str, Kind)]) -> Result<Feature, String> {
        let (rest, window) = split_window(name).ok_or_else(|| {
            format!("{name:?} does not end in a window such as _30d or _lifetime")
        })?;
        let (column, token) = match rest.rsplit_once('_') {
            Some((column, token)) => (Some(column), token),
            None => (None, rest),
        };
        let aggregate = match token {
            "count" => Aggregate::Count,
            "sum" => Aggregate::Sum,
            "mean" => Aggregate::Mean,
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            "first" => Aggregate::First,
            "last" => Aggregate::Last,
            other => return Err(format!("{name:?}: {other:?} is no aggregate the oracle knows")),
        };
        let known = || columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let column = match column {
            Some(column) => {
                Some(columns.iter().position(|(name, _)| *name == column).ok_or_else(|| {
                    format!("{name:?}: there is no column {column:?}, only {}", known())
                })?)
            }
            None if aggregate == Aggregate::Count => None,
            None => return Err(format!("{name:?}: {token:?} needs a column")),
        };
        let feature = Feature::of(aggregate, column, window);
        match feature.kind(columns) {
            Ok(_) => Ok(feature),
            Err(error) => Err(format!("{name:?}: {error}")),
        }
    }
}

/// Takes the window off the end of a name.
fn split_window(name: &str) -> Option<(&str, Window)> {
    let (rest, last) = name.rsplit_once('_')?;
    if last == "lifetime" {
        return Some((rest, Window::LIFETIME));
    }
    let last_us = length_us(last)?;
    let Some(before) = rest.strip_suffix("_offset") else {
        return Some((rest, Window::Sliding { length_us: last_us, offset_us: 0 }));
    };
    let (rest, length) = before.rsplit_once('_')?;
    Some((rest, Window::Sliding { length_us: length_us(length)?, offset_us: last_us }))
}

/// Microseconds of a length such as `30d`.
fn length_us(text: &str) -> Option<i64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unit_us = match &text[digits..] {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => MINUTE_US,
        "h" => HOUR_US,
        "d" => DAY_US,
        _ => return None,
    };
    let number: i64 = text[..digits].parse().ok()?;
    number.checked_mul(unit_us).filter(|length| (1..TIME_MAX_US).contains(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [(&str, Kind); 3] =
        [("kind", Kind::Text), ("text_length", Kind::Int64), ("text_per_file", Kind::Float64)];

    fn days(length: i64, offset: i64) -> Window {
        Window::Sliding { length_us: length * DAY_US, offset_us: offset * DAY_US }
    }

    /// Goal: printed names mean what they say. Method: a table of names, some of them wrong.
    #[test]
    fn names_parse_into_column_aggregate_and_window() {
        let lifetime = Window::LIFETIME;
        let hour = Window::Sliding { length_us: HOUR_US, offset_us: 0 };
        for (name, aggregate, column, window) in [
            ("count_30d", Aggregate::Count, None, days(30, 0)),
            ("count_lifetime", Aggregate::Count, None, lifetime),
            ("kind_count_7d", Aggregate::Count, Some(0), days(7, 0)),
            ("text_length_mean_30d", Aggregate::Mean, Some(1), days(30, 0)),
            ("text_per_file_sum_365d", Aggregate::Sum, Some(2), days(365, 0)),
            ("kind_last_lifetime", Aggregate::Last, Some(0), lifetime),
            ("text_length_max_7d_offset_7d", Aggregate::Max, Some(1), days(7, 7)),
            ("kind_first_1h", Aggregate::First, Some(0), hour),
            ("kind_first_60m", Aggregate::First, Some(0), hour),
            ("kind_first_3600s", Aggregate::First, Some(0), hour),
        ] {
            let expected = Feature::of(aggregate, column, window);
            assert_eq!(Feature::parse(name, &COLUMNS), Ok(expected), "{name}");
        }
        for name in [
            "count",
            "30d",
            "count_30",
            "count_d",
            "count_0d",
            "count_30y",
            "count_2w",
            "count_é",
            "mean_30d",
            "kind_mean_30d",
            "kind_sum_lifetime",
            "length_mean_30d",
            "text_length_median_30d",
            "_count_30d",
            "count_offset_7d",
            "count_99999999999999d",
        ] {
            assert!(Feature::parse(name, &COLUMNS).is_err(), "{name}");
        }
    }
}
