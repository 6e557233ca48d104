//! Notation: what a source or a spine means by values that its format leaves open: integers that
//! are times, and texts that are null or boolean.
//!
//! Invariant: an integer is a time only in a declared unit (S2), and its conversion is exact or
//! refused. A text is null or a boolean only if it is declared or one of the few default
//! spellings. Deliberately absent: where the declaration is written, and typed columns of Parquet
//! and Arrow, which say themselves what they hold.

use crate::cell;
use crate::error::{Error, Result};
use std::fmt;

/// The texts that are true in CSV without any declaration: those of pandas, R and most databases.
pub const TRUE_VALUES: [&str; 3] = ["true", "True", "TRUE"];
/// The texts that are false in CSV without any declaration.
pub const FALSE_VALUES: [&str; 3] = ["false", "False", "FALSE"];

/// The remedy for an integer that stands for a time without a unit.
pub const UNIT_REMEDY: &str = "an integer is a time only in a declared unit: write RFC 3339 such \
    as 2024-05-01T00:00:00Z, or declare the unit (\"s\", \"ms\", \"us\" or \"ns\"), as time_unit of \
    the source in lockstep.toml, or as --time-unit for a spine or a request";

/// The unit of integers that are times, counted from 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Second,
    /// Milliseconds.
    Millisecond,
    /// Microseconds.
    Microsecond,
    /// Nanoseconds.
    Nanosecond,
}

impl TimeUnit {
    /// All units, from the longest.
    pub const ALL: [TimeUnit; 4] =
        [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];

    /// The unit's name in declarations: `s`, `ms`, `us` or `ns`.
    pub fn name(self) -> &'static str {
        match self {
            TimeUnit::Second => "s",
            TimeUnit::Millisecond => "ms",
            TimeUnit::Microsecond => "us",
            TimeUnit::Nanosecond => "ns",
        }
    }

    /// The microseconds of `value` units. Refused if they do not fit 64 bits, or if `value` is no
    /// whole number of microseconds.
    pub fn micros(self, value: i64) -> Result<i64, String> {
        let micros = match self {
            TimeUnit::Second => value.checked_mul(1_000_000),
            TimeUnit::Millisecond => value.checked_mul(1000),
            TimeUnit::Microsecond => Some(value),
            TimeUnit::Nanosecond if value % 1000 != 0 => {
                return Err(format!("{value} ns is no whole number of microseconds"));
            }
            TimeUnit::Nanosecond => Some(value / 1000),
        };
        micros.ok_or_else(|| format!("{value} {self} is beyond the range of times"))
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for TimeUnit {
    type Err = Error;

    fn from_str(text: &str) -> Result<TimeUnit> {
        TimeUnit::ALL.into_iter().find(|unit| unit.name() == text).ok_or_else(|| {
            Error::input(format!(
                "{text:?} is no unit of time; write \"s\", \"ms\", \"us\" or \"ns\""
            ))
        })
    }
}

/// What is declared of a source's values, or of a spine's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notation {
    /// The unit of integers in columns of times; without it they are refused.
    pub time_unit: Option<TimeUnit>,
    /// Texts that are null, besides an empty CSV field.
    pub null_values: Vec<String>,
    /// Texts that are true, besides [`TRUE_VALUES`].
    pub true_values: Vec<String>,
    /// Texts that are false, besides [`FALSE_VALUES`].
    pub false_values: Vec<String>,
}

impl Notation {
    /// A notation in which integers are times in this unit.
    pub fn of_unit(time_unit: Option<TimeUnit>) -> Notation {
        Notation { time_unit, ..Notation::default() }
    }

    /// Refuses a text with two meanings.
    pub fn check(&self) -> Result<()> {
        let declared = [&self.null_values, &self.true_values, &self.false_values];
        let defaults: [&[&str]; 3] = [&[], &TRUE_VALUES, &FALSE_VALUES];
        for (at, texts) in declared.into_iter().enumerate() {
            for text in texts {
                let means = |other: &usize| {
                    declared[*other].contains(text) || defaults[*other].contains(&text.as_str())
                };
                if let Some(other) = (0..3).filter(|other| *other != at).find(means) {
                    let kinds = ["null", "true", "false"];
                    return Err(Error::input(format!(
                        "{text:?} would be both {} and {}; declare it once",
                        kinds[at.min(other)],
                        kinds[at.max(other)]
                    )));
                }
            }
        }
        Ok(())
    }

    /// Whether `text` is declared to be null.
    pub fn is_null(&self, text: &str) -> bool {
        self.null_values.iter().any(|null| null == text)
    }

    /// The boolean that `text` is declared to be.
    pub fn declared_bool(&self, text: &str) -> Option<bool> {
        let is = |texts: &[String]| texts.iter().any(|known| known == text);
        if is(&self.true_values) {
            return Some(true);
        }
        is(&self.false_values).then_some(false)
    }

    /// The boolean that `text` is in CSV: a declared spelling or a default one.
    pub fn csv_bool(&self, text: &str) -> Option<bool> {
        let default = || match text {
            _ if TRUE_VALUES.contains(&text) => Some(true),
            _ if FALSE_VALUES.contains(&text) => Some(false),
            _ => None,
        };
        self.declared_bool(text).or_else(default)
    }

    /// The microseconds of an integer that stands for a time.
    pub fn integer_time(&self, value: i64) -> Result<i64, String> {
        match self.time_unit {
            Some(unit) => unit.micros(value),
            None => Err(format!("{value} has no unit; {UNIT_REMEDY}")),
        }
    }

    /// The microseconds of a time written as text: RFC 3339, or an integer in the declared unit.
    pub fn time(&self, text: &str) -> Result<i64, String> {
        match cell::integer(text) {
            Ok(value) => self.integer_time(value),
            Err(_) => cell::time(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an integer is a time only in a declared unit, exactly or not at all (S2). Method: the
    /// edges of each unit.
    #[test]
    fn s02_integers_are_times_in_a_declared_unit() {
        let of = |unit: &str, value: i64| {
            Notation::of_unit(Some(unit.parse().unwrap())).integer_time(value)
        };
        assert_eq!(of("s", -1), Ok(-1_000_000));
        assert_eq!(of("ms", 1_711_238_400_000), Ok(1_711_238_400_000_000));
        assert_eq!(of("us", i64::MIN), Ok(i64::MIN));
        assert_eq!(of("ns", -1_000), Ok(-1));
        assert!(of("ns", -1).unwrap_err().contains("no whole number"));
        assert!(of("ns", 1_999).unwrap_err().contains("no whole number"));
        assert!(of("s", i64::MAX).unwrap_err().contains("beyond the range"));
        assert!(of("ms", i64::MIN).unwrap_err().contains("beyond the range"));
        let none = Notation::default();
        assert!(none.time("1711238400000").unwrap_err().contains("time_unit"));
        assert_eq!(none.time("1970-01-01T00:00:01Z"), Ok(1_000_000));
        let seconds = Notation::of_unit(Some(TimeUnit::Second));
        assert_eq!(seconds.time("1"), Ok(1_000_000));
        assert!(seconds.time("1.0").is_err());
        assert!("min".parse::<TimeUnit>().is_err());
    }

    /// Goal: a text has one meaning. Method: each pair of lists, and the defaults.
    #[test]
    fn a_text_has_one_meaning() {
        let list = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let of = |null: &[&str], yes: &[&str], no: &[&str]| Notation {
            time_unit: None,
            null_values: list(null),
            true_values: list(yes),
            false_values: list(no),
        };
        let sound = of(&["NA"], &["t", "1"], &["f", "0"]);
        sound.check().unwrap();
        assert_eq!(sound.csv_bool("t"), Some(true));
        assert_eq!(sound.csv_bool("False"), Some(false));
        assert_eq!(sound.declared_bool("False"), None);
        assert_eq!(sound.csv_bool("yes"), None);
        assert!(sound.is_null("NA") && !sound.is_null("na"));
        for (null, yes, no) in [
            (&["x"][..], &["x"][..], &[][..]),
            (&["x"], &[], &["x"]),
            (&[], &["x"], &["x"]),
            (&["true"], &[], &[]),
            (&[], &["False"], &[]),
        ] {
            assert!(of(null, yes, no).check().is_err(), "{null:?} {yes:?} {no:?}");
        }
    }
}
