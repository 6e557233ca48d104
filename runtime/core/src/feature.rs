//! Features as declared: an aggregate of columns over a window (docs/FEATURES.md).
//!
//! Invariant: [`Feature::check`] accepts exactly what the fold can compute, so a bad declaration
//! fails when an artifact is built or loaded. Deliberately absent: how a value is computed.

use crate::code::Code;
use crate::error::{Error, Result};
use crate::manifest::UserAggregate;
use crate::value::{Column, DataType, PRECISION_MAX};
use crate::view::FeatureView;
use crate::window::Window;
use serde::{Deserialize, Serialize};

/// Most values, rows or keys that a list, `last n` or `top_k` may hold.
pub const LIST_LENGTH_MAX: u32 = 1000;
/// Most distinct values that a bounded state may be declared to hold.
pub const DISTINCT_LIMIT_MAX: u32 = 100_000;
/// Most elements of a vector.
pub const VECTOR_LENGTH_MAX: u32 = 4096;
/// Most half-lives in the window of a decayed aggregate (S20).
pub const HALF_LIVES_MAX: i64 = 64;
/// The shortest half-life, and the shortest unit of a rate.
pub const HALF_LIFE_MIN_US: i64 = 1_000_000;

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
}

/// The aggregates. docs/FEATURES.md has each one's formula.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "docs/FEATURES.md says each one's meaning and parameters")]
pub enum Aggregate {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    First,
    Last,
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    Skewness,
    Kurtosis,
    CovarPop { other: String },
    CovarSamp { other: String },
    Corr { other: String },
    Any,
    All,
    FirstN { n: u32 },
    LastN { n: u32 },
    FirstDistinct { n: u32 },
    LastDistinct { n: u32 },
    TopK { k: u32 },
    BottomK { k: u32 },
    UniqueCount { limit: u32 },
    Histogram { limit: u32 },
    Mode { limit: u32 },
    Entropy { limit: u32 },
    ApproxCountDistinct { precision: u8 },
    ApproxPercentile { millionths: u32 },
    Rate { unit_us: i64 },
    TimeSinceFirst,
    TimeSinceLast,
    DecayedSum { half_life_us: i64 },
    DecayedCount { half_life_us: i64 },
    VectorSum { length: u32, grid: i32 },
    VectorMean { length: u32, grid: i32 },
    Ratio { numerator: Operand, denominator: Operand },
    User { aggregate: String },
}

/// One side of a ratio.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Operand {
    /// What it computes.
    pub aggregate: OperandAggregate,
    /// The column it reads; `None` counts rows.
    pub column: Option<String>,
    /// Only rows in which this bool column is true count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

/// What one side of a ratio computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperandAggregate {
    /// Rows, or non-null values.
    Count,
    /// The exact sum.
    Sum,
    /// The exact mean.
    Mean,
}

impl Feature {
    /// The type of the feature's values and whether they may be null (S16). `aggregates` are the
    /// user-defined aggregates of the artifact.
    pub fn data_type(
        &self,
        view: &FeatureView,
        aggregates: &[UserAggregate],
    ) -> Result<(DataType, bool)> {
        let (mut data_type, mut nullable) = self.aggregate_type(view, aggregates)?;
        if let Some(by) = &self.by {
            let key = &view.column(&by.column)?.data_type;
            data_type = DataType::Map(Box::new((key.clone(), data_type)));
            // Beyond its limit a map is null.
            nullable = true;
        }
        if let Window::Series { .. } = self.window {
            data_type = DataType::List(Box::new(data_type));
            nullable = false;
        }
        Ok((data_type, nullable))
    }

    /// The type of one aggregate's value, without a map or series around it.
    fn aggregate_type(
        &self,
        view: &FeatureView,
        aggregates: &[UserAggregate],
    ) -> Result<(DataType, bool)> {
        use Aggregate as A;
        let column = match &self.column {
            Some(name) => Some(view.column(name)?),
            None => None,
        };
        let needed = || {
            column.ok_or_else(|| Error::input(format!("{} needs a column", self.aggregate.name())))
        };
        let of_column = |wrong: fn(&DataType) -> bool| {
            let column = needed()?;
            if wrong(&column.data_type) { Err(self.wrong(column)) } else { Ok(&column.data_type) }
        };
        let number = || of_column(|kind| !kind.is_number());
        let small = || of_column(|kind| !kind.is_small_number());
        let plain = || of_column(DataType::is_nested);
        let list = |kind: &DataType| DataType::List(Box::new(kind.clone()));
        Ok(match &self.aggregate {
            A::Count => (DataType::Int64, false),
            A::Rate { .. } => (DataType::Float64, self.window.is_session()),
            A::DecayedCount { .. } => (DataType::Float64, false),
            A::TimeSinceFirst | A::TimeSinceLast => (DataType::Int64, true),
            A::Ratio { .. } => match column {
                Some(_) => return Err(Error::input("a ratio's operands have their own columns")),
                None => (DataType::Float64, true),
            },
            A::Sum => match number()? {
                DataType::Decimal { scale, .. } => {
                    (DataType::Decimal { precision: PRECISION_MAX, scale: *scale }, true)
                }
                data_type if data_type.is_signed() => (DataType::Int64, true),
                data_type if data_type.is_unsigned() => (DataType::UInt64, true),
                _ => (DataType::Float64, true),
            },
            A::Mean => (number().map(|_| DataType::Float64)?, true),
            A::DecayedSum { .. } => (small().map(|_| DataType::Float64)?, false),
            A::VarPop
            | A::VarSamp
            | A::StddevPop
            | A::StddevSamp
            | A::Skewness
            | A::Kurtosis
            | A::CovarPop { .. }
            | A::CovarSamp { .. }
            | A::Corr { .. }
            | A::ApproxPercentile { .. } => (small().map(|_| DataType::Float64)?, true),
            A::Min | A::Max | A::First | A::Last => (plain()?.clone(), true),
            A::Any | A::All => {
                (of_column(|kind| *kind != DataType::Bool).map(|_| DataType::Bool)?, true)
            }
            A::FirstN { .. }
            | A::LastN { .. }
            | A::FirstDistinct { .. }
            | A::LastDistinct { .. }
            | A::TopK { .. }
            | A::BottomK { .. } => (list(plain()?), false),
            A::UniqueCount { .. } => (plain().map(|_| DataType::Int64)?, true),
            A::ApproxCountDistinct { .. } => (plain().map(|_| DataType::Int64)?, false),
            A::Mode { .. } => (plain()?.clone(), true),
            A::Entropy { .. } => (plain().map(|_| DataType::Float64)?, true),
            A::Histogram { .. } => {
                let key = of_column(|kind| kind.is_nested() || kind.is_float())?.clone();
                (DataType::Map(Box::new((key, DataType::Int64))), true)
            }
            A::VectorSum { .. } | A::VectorMean { .. } => {
                let floats = |kind: &DataType| match kind {
                    DataType::List(element) => !element.is_float(),
                    _ => true,
                };
                of_column(floats)?;
                (DataType::List(Box::new(DataType::Float64)), true)
            }
            A::User { aggregate } => {
                let user = aggregates.iter().find(|known| known.name == *aggregate);
                let user = user.ok_or_else(|| {
                    Error::input(format!(
                        "the artifact lists no aggregate {aggregate:?}; write \
                         export!(…, aggregates = [{aggregate}])"
                    ))
                })?;
                if needed()?.data_type != user.input {
                    let column = needed()?;
                    return Err(Error::input(format!(
                        "aggregate {aggregate} takes {}, but column {:?} is {}",
                        user.input, column.name, column.data_type
                    )));
                }
                (user.output.data_type.clone(), user.output.nullable)
            }
        })
    }

    fn wrong(&self, column: &Column) -> Error {
        let remedy = match column.data_type.is_number() {
            true => "; convert it to f64 or i64 in the transform",
            false => "",
        };
        Error::input(format!(
            "{} does not apply to column {:?} of type {}{remedy}",
            self.aggregate.name(),
            column.name,
            column.data_type
        ))
    }

    /// Checks the declaration.
    pub fn check(&self, view: &FeatureView, aggregates: &[UserAggregate]) -> Result<()> {
        self.window.check(view.origin_us)?;
        self.check_parameters()?;
        self.check_other_columns(view)?;
        self.check_window()?;
        self.data_type(view, aggregates).map(|_| ())
    }

    fn check_parameters(&self) -> Result<()> {
        use Aggregate as A;
        let name = self.aggregate.name();
        let within = |value: u32, least: u32, most: u32| match (least..=most).contains(&value) {
            true => Ok(()),
            false => Err(Error::input(format!("{name}({value}): it takes {least} to {most} here"))),
        };
        let up_to = |value: u32, (limit, most): (&'static str, u32)| {
            within(value, 1, most)
                .map_err(|error| error.with_code(Code::limit(limit, most as usize)))
        };
        let (list, distinct) =
            (("LIST_LENGTH_MAX", LIST_LENGTH_MAX), ("DISTINCT_LIMIT_MAX", DISTINCT_LIMIT_MAX));
        match &self.aggregate {
            A::FirstN { n } | A::LastN { n } | A::FirstDistinct { n } | A::LastDistinct { n } => {
                up_to(*n, list)
            }
            A::TopK { k } | A::BottomK { k } => up_to(*k, list),
            A::UniqueCount { limit }
            | A::Histogram { limit }
            | A::Mode { limit }
            | A::Entropy { limit } => up_to(*limit, distinct),
            A::ApproxCountDistinct { precision } => within(u32::from(*precision), 4, 16),
            A::ApproxPercentile { millionths } => within(*millionths, 1, 1_000_000),
            A::VectorSum { length, grid } | A::VectorMean { length, grid } => {
                up_to(*length, ("VECTOR_LENGTH_MAX", VECTOR_LENGTH_MAX))?;
                match (-1000..=900).contains(grid) {
                    true => Ok(()),
                    false => Err(Error::input("a vector's grid is 2^-1000 to 2^900")),
                }
            }
            A::Rate { unit_us: at_least_1s }
            | A::DecayedSum { half_life_us: at_least_1s }
            | A::DecayedCount { half_life_us: at_least_1s } => {
                match *at_least_1s >= HALF_LIFE_MIN_US {
                    true => Ok(()),
                    false => Err(Error::input(format!("{name} takes a duration of at least 1s"))),
                }
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
        }
        match &self.aggregate {
            A::CovarPop { other } | A::CovarSamp { other } | A::Corr { other } => {
                let other = view.column(other)?;
                if other.data_type.is_small_number() { Ok(()) } else { Err(self.wrong(other)) }
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
        let (bounded, rows) = (self.window.length_us(), self.window.is_last_rows());
        match &self.aggregate {
            A::Rate { .. } if bounded.is_none() || rows => Err(Error::input(
                "a rate needs a window with a start: neither lifetime nor the last n rows",
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

impl Aggregate {
    /// Its name, as authors write it.
    pub fn name(&self) -> &'static str {
        use Aggregate as A;
        match self {
            A::Count => "count",
            A::Sum => "sum",
            A::Mean => "mean",
            A::Min => "min",
            A::Max => "max",
            A::First => "first",
            A::Last => "last",
            A::VarPop => "var_pop",
            A::VarSamp => "var_samp",
            A::StddevPop => "stddev_pop",
            A::StddevSamp => "stddev_samp",
            A::Skewness => "skewness",
            A::Kurtosis => "kurtosis",
            A::CovarPop { .. } => "covar_pop",
            A::CovarSamp { .. } => "covar_samp",
            A::Corr { .. } => "corr",
            A::Any => "any",
            A::All => "all",
            A::FirstN { .. } => "first_n",
            A::LastN { .. } => "last_n",
            A::FirstDistinct { .. } => "first_distinct",
            A::LastDistinct { .. } => "last_distinct",
            A::TopK { .. } => "top_k",
            A::BottomK { .. } => "bottom_k",
            A::UniqueCount { .. } => "unique_count",
            A::Histogram { .. } => "histogram",
            A::Mode { .. } => "mode",
            A::Entropy { .. } => "entropy",
            A::ApproxCountDistinct { .. } => "approx_count_distinct",
            A::ApproxPercentile { .. } => "approx_percentile",
            A::Rate { .. } => "rate",
            A::TimeSinceFirst => "time_since_first",
            A::TimeSinceLast => "time_since_last",
            A::DecayedSum { .. } => "decayed_sum",
            A::DecayedCount { .. } => "decayed_count",
            A::VectorSum { .. } => "vector_sum",
            A::VectorMean { .. } => "vector_mean",
            A::Ratio { .. } => "ratio",
            A::User { .. } => "a user-defined aggregate",
        }
    }
}
