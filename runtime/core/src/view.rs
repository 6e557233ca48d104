//! Feature views and the events that they read, as declared.
//!
//! Invariant: a view that passed its check can be planned, folded and stored. Deliberately absent:
//! features (`feature`), windows (`window`), and how a view is computed.

use crate::error::{Error, Result};
use crate::feature::Feature;
use crate::manifest::UserAggregate;
use crate::name::{identifier, unique};
use crate::shown::shown_names;
use crate::time::{DAY_US, SECOND_US, Time};
use crate::value::{Column, DataType};
use serde::{Deserialize, Serialize};

/// A view: keyed rows made from a source's events, and the features over them.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureView {
    /// Its name, which is that of its transform function.
    pub name: String,
    /// What it means, from the author's doc comment.
    pub description: String,
    /// Who is responsible for it.
    pub owner: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// The events it reads.
    pub event: EventDeclaration,
    /// The columns that make the entity key, in order.
    pub key: Vec<String>,
    /// Whether a key part may be null.
    pub null_keys: bool,
    /// Whether an event at exactly `as_of` counts.
    pub boundary: Boundary,
    /// The view's values as of `as_of` are those of `as_of - delay_us` (S5).
    pub delay_us: i64,
    /// How far behind the watermark a window may end and still be answerable (S12).
    pub history_us: i64,
    /// The origin of the grids of hops and steps (S3); whole seconds.
    #[serde(default)]
    pub origin_us: i64,
    /// The greatest length + offset of an exact window that an online store keeps events for.
    #[serde(default = "day_us")]
    pub exact_max_us: i64,
    /// The columns of its rows.
    pub columns: Vec<Column>,
    /// Its features.
    pub features: Vec<Feature>,
}

/// The declared columns of a source's events, as one event struct names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EventDeclaration {
    /// The struct's name.
    pub name: String,
    /// What an event is, from the author's doc comment.
    pub description: String,
    /// The source's name in the project file.
    pub source: String,
    /// The column of the event time: a non-null timestamp.
    pub time: String,
    /// The column of the event's id, if it has one (S10): a non-null string or int64.
    pub id: Option<String>,
    /// How far an event time may lie beyond the event's recorded arrival (S11).
    pub skew_us: i64,
    /// The columns.
    pub columns: Vec<Column>,
}

/// Whether an event at exactly `as_of` counts (S4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// It does not: windows are `[lo, as_of)`.
    Strict,
    /// It does: the strict rule at `as_of + 1 us`.
    Inclusive,
}

/// Refuses maps among the columns of events and views; only features may be maps.
fn no_maps(columns: &[Column]) -> Result<()> {
    match columns.iter().find(|column| column.data_type.holds_map()) {
        Some(Column { name, data_type, .. }) => {
            Err(Error::input(format!("column {name:?} is {data_type}; a map is no column")))
        }
        None => Ok(()),
    }
}

const fn day_us() -> i64 {
    DAY_US
}

impl FeatureView {
    /// The index of the column called `name`.
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The feature called `name`.
    pub fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.name == name)
    }

    /// `as_of` moved by the view's delay (S5) and boundary (S4).
    pub fn effective(&self, as_of: Time) -> Time {
        let delayed = as_of.minus(self.delay_us);
        match self.boundary {
            Boundary::Strict => delayed,
            Boundary::Inclusive => delayed.plus(1),
        }
    }

    /// Checks the declaration; `aggregates` are the artifact's user-defined ones.
    pub(crate) fn check(&self, aggregates: &[UserAggregate]) -> Result<()> {
        identifier(&self.name)?;
        self.event.check().map_err(|error| error.at(format!("event {}", self.event.name)))?;
        unique(self.columns.iter().map(|c| &c.name), "the view", "column")?;
        no_maps(&self.columns)?;
        unique(self.features.iter().map(|f| &f.name), "the view", "feature")?;
        unique(self.key.iter(), "the key", "column")?;
        if self.features.is_empty() {
            return Err(Error::input("a view needs at least one feature"));
        }
        for part in &self.key {
            let column = self.column(part)?;
            if column.data_type.is_float() || column.data_type.is_nested() {
                return Err(Error::input(format!(
                    "key column {part:?} is {}; floats and lists are no keys (S14)",
                    column.data_type
                )));
            }
        }
        if self.delay_us < 0 || self.history_us < 0 {
            return Err(Error::input("delay and history must not be negative"));
        }
        if self.history_us.checked_add(self.event.skew_us).is_none() {
            return Err(Error::input(
                "history and skew are together longer than time itself, 2^63us (S2); shorten one",
            ));
        }
        if self.origin_us % SECOND_US != 0 || self.exact_max_us < 0 {
            return Err(Error::input("origin is whole seconds, and exact_max not negative"));
        }
        for feature in &self.features {
            let checked = identifier(&feature.name).and_then(|()| feature.check(self, aggregates));
            checked.map_err(|error| error.at(format!("feature {}", feature.name)))?;
        }
        Ok(())
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let found: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
            Error::input(format!(
                "there is no column {name:?}; the columns are {}",
                shown_names(found)
            ))
        })
    }
}

impl EventDeclaration {
    fn check(&self) -> Result<()> {
        identifier(&self.source)?;
        unique(self.columns.iter().map(|c| &c.name), "the event", "column")?;
        no_maps(&self.columns)?;
        let column = |name: &str| {
            self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
                Error::input(format!("there is no column {name:?} for its time or id"))
            })
        };
        let time = column(&self.time)?;
        if time.data_type != DataType::Timestamp || time.nullable {
            return Err(Error::input(format!(
                "time column {:?} must be a non-null timestamp",
                self.time
            )));
        }
        if let Some(id) = &self.id {
            let id = column(id)?;
            if !matches!(id.data_type, DataType::String | DataType::Int64) || id.nullable {
                return Err(Error::input(format!(
                    "id column {:?} must be a non-null string or int64",
                    id.name
                )));
            }
        }
        if self.skew_us < 0 {
            return Err(Error::input("skew must not be negative"));
        }
        Ok(())
    }

    /// The index of the time column.
    pub fn time_index(&self) -> usize {
        self.columns
            .iter()
            .position(|c| c.name == self.time)
            .expect("checked by EventDeclaration::check")
    }

    /// The index of the id column, if declared.
    pub fn id_index(&self) -> Option<usize> {
        let id = self.id.as_ref()?;
        self.columns.iter().position(|c| c.name == *id)
    }
}
