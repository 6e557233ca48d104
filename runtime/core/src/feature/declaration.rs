//! Features as declared: an aggregate of columns over a window (docs/FEATURES.md).
//!
//! Invariant: [`Feature::check`] accepts exactly what the fold can compute, so a bad declaration
//! fails when an artifact is built or loaded. Deliberately absent: how a value is computed.

use super::aggregate::{Aggregate, DISTINCT_LIMIT_MAX, HALF_LIVES_MAX, OperandAggregate};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::manifest::UserAggregate;
use crate::value::DataType;
use crate::view::FeatureView;
use crate::window::Window;
use serde::{Deserialize, Serialize};

/// One feature: an aggregate of a column over a window.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Such as `count_30d` or `text_length_mean_30d`; unique in its view.
    pub name: String,
    /// The aggregate.
    pub aggregate: Aggregate,
    /// The column it reads. `None` if it counts rows, and for a ratio, whose operands name their
    /// own columns.
    pub column: Option<String>,
    /// Only rows in which this bool column is true count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// If set, the feature is a map from each value of this column to the aggregate over the rows
    /// with that value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// The window it covers.
    pub window: Window,
}

/// The secondary key of a feature that is a map.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The column; rows in which it is null are skipped.
    pub column: String,
    /// Most keys of the map; with more, the value overflows (S18).
    pub limit: u32,
    /// If set, only some entries of the map are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<Top>,
}

/// The greatest entries of a map; of equal ones, those with lesser keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Top {
    /// How many are kept.
    pub n: u32,
    /// By what entries are compared.
    pub of: EntryOrder,
}

/// By what the entries of a map are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryOrder {
    /// By value; a null is less than every value.
    Value,
    /// By key.
    Key,
    /// By the number of rows that have the key.
    Count,
}

impl Feature {
    /// Checks the declaration.
    pub fn check(&self, view: &FeatureView, aggregates: &[UserAggregate]) -> Result<()> {
        self.window.check(view.origin_us)?;
        self.aggregate.check()?;
        self.check_other_columns(view)?;
        self.check_window()?;
        if matches!(self.window, Window::LatestEvent { .. }) && view.event.id.is_none() {
            return Err(Error::input(
                "the latest event is known by its id; give the Event struct an event id",
            ));
        }
        let (data_type, _) = self.data_type(view, aggregates)?;
        let map = if let DataType::List(element) = &data_type { &**element } else { &data_type };
        match (self.by.as_ref().and_then(|by| by.top), map) {
            (Some(top), DataType::Map(types))
                if top.of == EntryOrder::Value && types.1.is_nested() =>
            {
                Err(Error::input(format!(
                    "top compares values, and {} has no order here; write top_of = key or \
                     top_of = count",
                    types.1
                )))
            }
            _ => Ok(()),
        }
    }

    /// Checks the columns other than the aggregate's own input.
    fn check_other_columns(&self, view: &FeatureView) -> Result<()> {
        use Aggregate as A;
        let flag = |name: &String| {
            let column = view.column(name)?;
            match column.data_type {
                DataType::Bool => Ok(()),
                _ => Err(Error::input(format!("where: column {name:?} is no bool"))),
            }
        };
        self.filter.iter().try_for_each(flag)?;
        if let Some(by) = &self.by {
            let column = view.column(&by.column)?;
            if column.data_type.is_float() || column.data_type.is_nested() {
                return Err(Error::input(format!(
                    "by: column {:?} is {}; floats and lists are no keys (S14)",
                    column.name, column.data_type
                )));
            }
            if by.limit == 0 || by.limit > DISTINCT_LIMIT_MAX {
                return Err(Error::input(format!("by_limit is 1 to {DISTINCT_LIMIT_MAX}"))
                    .with_code(Code::limit("DISTINCT_LIMIT_MAX", DISTINCT_LIMIT_MAX as usize)));
            }
            if by.top.is_some_and(|top| top.n == 0 || top.n > by.limit) {
                return Err(Error::input(format!(
                    "top is 1 to the most keys of the map, which are {}",
                    by.limit
                )));
            }
        }
        match &self.aggregate {
            A::CovarPop { other }
            | A::CovarSamp { other }
            | A::Corr { other }
            | A::RegrSlope { other }
            | A::RegrIntercept { other }
            | A::RegrR2 { other } => {
                let other = view.column(other)?;
                if other.data_type.is_small_number() { Ok(()) } else { Err(self.wrong(other)) }
            }
            A::ArgMin { by } | A::ArgMax { by } => {
                let by = view.column(by)?;
                if by.data_type.is_nested() { Err(self.wrong(by)) } else { Ok(()) }
            }
            A::Ratio { numerator, denominator } => {
                if self.filter.is_some() {
                    return Err(Error::input("a ratio has no filter; filter its operands"));
                }
                [numerator, denominator].into_iter().try_for_each(|operand| {
                    operand.filter.iter().try_for_each(flag)?;
                    let column = operand.column.as_ref().map(|name| view.column(name));
                    match (operand.aggregate, column.transpose()?) {
                        (OperandAggregate::Count, _) => Ok(()),
                        (_, Some(column)) if column.data_type.is_number() => Ok(()),
                        (_, Some(column)) => Err(self.wrong(column)),
                        (_, None) => Err(Error::input("a sum or mean needs a column")),
                    }
                })
            }
            _ => Ok(()),
        }
    }

    /// Checks that the aggregate has a meaning over the window.
    fn check_window(&self) -> Result<()> {
        use Aggregate as A;
        let (bounded, rows) = (self.window.length_us(), self.window.picks_rows());
        match &self.aggregate {
            A::Rate { .. } if bounded.is_none() || rows => Err(Error::input(
                "a rate needs a window with a start: neither lifetime nor the last n rows nor the latest event",
            )),
            A::DecayedSum { half_life_us } | A::DecayedCount { half_life_us } => match bounded {
                Some(length_us) if length_us <= half_life_us.saturating_mul(HALF_LIVES_MAX) => {
                    Ok(())
                }
                _ => Err(Error::input(format!(
                    "a decayed aggregate takes a window of at most {HALF_LIVES_MAX} half-lives (S20)"
                ))
                .with_code(Code::limit("HALF_LIVES_MAX", HALF_LIVES_MAX as usize))),
            },
            _ => Ok(()),
        }
    }
}
