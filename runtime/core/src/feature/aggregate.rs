//! The aggregates with their parameters (docs/FEATURES.md).
//!
//! Invariant: [`Aggregate::check`] refuses parameters without a meaning, and those above a limit by
//! the limit's name. Deliberately absent: columns and windows.

use crate::aggregate::quantile::WHOLE_MILLIONTHS;
use crate::code::Code;
use crate::error::{Error, Result};
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
/// Most bytes of the separator of a `join`.
pub const SEPARATOR_BYTES_MAX: usize = 64;

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
    FirstRow,
    LastRow,
    ArgMin { by: String },
    ArgMax { by: String },
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    Skewness,
    Kurtosis,
    CovarPop { other: String },
    CovarSamp { other: String },
    Corr { other: String },
    RegrSlope { other: String },
    RegrIntercept { other: String },
    RegrR2 { other: String },
    Product,
    BitAnd,
    BitOr,
    BitXor,
    Any,
    All,
    FirstN { n: u32 },
    LastN { n: u32 },
    FirstRows { n: u32 },
    LastRows { n: u32 },
    List { limit: u32 },
    Join { separator: String, limit: u32 },
    FirstDistinct { n: u32 },
    LastDistinct { n: u32 },
    TopK { k: u32 },
    BottomK { k: u32 },
    UniqueCount { limit: u32 },
    Histogram { limit: u32 },
    MostFrequent { n: u32, limit: u32 },
    Mode { limit: u32 },
    ModeShare { limit: u32 },
    Entropy { limit: u32 },
    DistinctSum { limit: u32 },
    DistinctMean { limit: u32 },
    DistinctStddevPop { limit: u32 },
    DistinctStddevSamp { limit: u32 },
    PercentileDisc { millionths: u32, limit: u32 },
    PercentileCont { millionths: u32, limit: u32 },
    Median { limit: u32 },
    Iqr { limit: u32 },
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
            A::FirstRow => "first_row",
            A::LastRow => "last_row",
            A::ArgMin { .. } => "arg_min",
            A::ArgMax { .. } => "arg_max",
            A::VarPop => "var_pop",
            A::VarSamp => "var_samp",
            A::StddevPop => "stddev_pop",
            A::StddevSamp => "stddev_samp",
            A::Skewness => "skewness",
            A::Kurtosis => "kurtosis",
            A::CovarPop { .. } => "covar_pop",
            A::CovarSamp { .. } => "covar_samp",
            A::Corr { .. } => "corr",
            A::RegrSlope { .. } => "regr_slope",
            A::RegrIntercept { .. } => "regr_intercept",
            A::RegrR2 { .. } => "regr_r2",
            A::Product => "product",
            A::BitAnd => "bit_and",
            A::BitOr => "bit_or",
            A::BitXor => "bit_xor",
            A::Any => "any",
            A::All => "all",
            A::FirstN { .. } => "first_n",
            A::LastN { .. } => "last_n",
            A::FirstRows { .. } => "first_rows",
            A::LastRows { .. } => "last_rows",
            A::List { .. } => "list",
            A::Join { .. } => "join",
            A::FirstDistinct { .. } => "first_distinct",
            A::LastDistinct { .. } => "last_distinct",
            A::TopK { .. } => "top_k",
            A::BottomK { .. } => "bottom_k",
            A::UniqueCount { .. } => "unique_count",
            A::Histogram { .. } => "histogram",
            A::MostFrequent { .. } => "most_frequent",
            A::Mode { .. } => "mode",
            A::ModeShare { .. } => "mode_share",
            A::Entropy { .. } => "entropy",
            A::DistinctSum { .. } => "distinct_sum",
            A::DistinctMean { .. } => "distinct_mean",
            A::DistinctStddevPop { .. } => "distinct_stddev_pop",
            A::DistinctStddevSamp { .. } => "distinct_stddev_samp",
            A::PercentileDisc { .. } => "percentile_disc",
            A::PercentileCont { .. } => "percentile_cont",
            A::Median { .. } => "median",
            A::Iqr { .. } => "iqr",
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

    /// Checks the parameters.
    pub(super) fn check(&self) -> Result<()> {
        use Aggregate as A;
        let name = self.name();
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
        match self {
            A::FirstN { n }
            | A::LastN { n }
            | A::FirstRows { n }
            | A::LastRows { n }
            | A::FirstDistinct { n }
            | A::LastDistinct { n } => up_to(*n, list),
            A::List { limit } => up_to(*limit, list),
            A::Join { separator, limit } => {
                if separator.len() > SEPARATOR_BYTES_MAX {
                    return Err(Error::input(format!(
                        "join takes a separator of at most {SEPARATOR_BYTES_MAX} bytes"
                    ))
                    .with_code(Code::limit("SEPARATOR_BYTES_MAX", SEPARATOR_BYTES_MAX)));
                }
                up_to(*limit, list)
            }
            A::MostFrequent { n, limit } => up_to(*n, list).and(up_to(*limit, distinct)),
            A::PercentileDisc { millionths, limit } | A::PercentileCont { millionths, limit } => {
                within(*millionths, 0, WHOLE_MILLIONTHS).and(up_to(*limit, distinct))
            }
            A::TopK { k } | A::BottomK { k } => up_to(*k, list),
            A::UniqueCount { limit }
            | A::Histogram { limit }
            | A::Mode { limit }
            | A::ModeShare { limit }
            | A::DistinctSum { limit }
            | A::DistinctMean { limit }
            | A::DistinctStddevPop { limit }
            | A::DistinctStddevSamp { limit }
            | A::Median { limit }
            | A::Iqr { limit }
            | A::Entropy { limit } => up_to(*limit, distinct),
            A::ApproxCountDistinct { precision } => within(u32::from(*precision), 4, 16),
            A::ApproxPercentile { millionths } => within(*millionths, 1, WHOLE_MILLIONTHS),
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
}
