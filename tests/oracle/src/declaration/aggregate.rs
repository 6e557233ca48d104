//! Aggregates as data: a text, or an object whose one member's name is the aggregate's.
//!
//! Invariant: every parameter is read, and none is unknown. Deliberately absent: limits of
//! parameters, but those that their types have.

use super::index;
use super::members::Members;
use crate::feature::{Aggregate, Measure, Operand};
use crate::kind::Kind;
use crate::separator::Separator;
use serde_json::Value as Json;
use std::ops::RangeInclusive;

/// The name of an aggregate's one parameter, and the aggregate that its value makes.
type OneParameter = (&'static str, fn(usize) -> Aggregate);

/// The aggregate that some JSON declares; `None` for a user-defined one.
pub(super) fn read(json: &Json, columns: &[(String, Kind)]) -> Result<Option<Aggregate>, String> {
    if let Some(name) = json.as_str() {
        return plain(name).map(Some);
    }
    let one = json.as_object().filter(|members| members.len() == 1);
    let Some((name, parameters)) = one.and_then(|members| members.iter().next()) else {
        return Err(format!("{json} is no aggregate"));
    };
    let parameters = Members::of(name, parameters)?;
    if name == "user" {
        parameters.only(&["aggregate"])?;
        return parameters.text("aggregate").map(|_| None);
    }
    if let Some((parameter, make)) = of_another_column(name) {
        parameters.only(&[parameter])?;
        return Ok(Some(make(index(columns, parameters.text(parameter)?)?)));
    }
    if let Some((parameter, make)) = of_a_size(name) {
        parameters.only(&[parameter])?;
        return Ok(Some(make(parameters.size(parameter)?)));
    }
    with_parameters(name, &parameters, columns).map(Some)
}

fn plain(name: &str) -> Result<Aggregate, String> {
    Ok(match name {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "mean" => Aggregate::Mean,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "first" => Aggregate::First,
        "last" => Aggregate::Last,
        "first_row" => Aggregate::FirstRow,
        "last_row" => Aggregate::LastRow,
        "var_pop" => Aggregate::VarPop,
        "var_samp" => Aggregate::VarSamp,
        "stddev_pop" => Aggregate::StddevPop,
        "stddev_samp" => Aggregate::StddevSamp,
        "skewness" => Aggregate::Skewness,
        "kurtosis" => Aggregate::Kurtosis,
        "product" => Aggregate::Product,
        "bit_and" => Aggregate::BitAnd,
        "bit_or" => Aggregate::BitOr,
        "bit_xor" => Aggregate::BitXor,
        "any" => Aggregate::Any,
        "all" => Aggregate::All,
        "time_since_first" => Aggregate::TimeSinceFirst,
        "time_since_last" => Aggregate::TimeSinceLast,
        other => return Err(format!("there is no aggregate {other:?} without parameters")),
    })
}

/// Aggregates whose one parameter names another column.
fn of_another_column(name: &str) -> Option<OneParameter> {
    let found: OneParameter = match name {
        "covar_pop" => ("other", |other| Aggregate::CovarPop { other }),
        "covar_samp" => ("other", |other| Aggregate::CovarSamp { other }),
        "corr" => ("other", |other| Aggregate::Corr { other }),
        "regr_slope" => ("other", |other| Aggregate::RegrSlope { other }),
        "regr_intercept" => ("other", |other| Aggregate::RegrIntercept { other }),
        "regr_r2" => ("other", |other| Aggregate::RegrR2 { other }),
        "arg_min" => ("by", |by| Aggregate::ArgMin { by }),
        "arg_max" => ("by", |by| Aggregate::ArgMax { by }),
        _ => return None,
    };
    Some(found)
}

/// Aggregates whose one parameter says how many values there are at the most.
fn of_a_size(name: &str) -> Option<OneParameter> {
    let found: OneParameter = match name {
        "first_n" => ("n", |n| Aggregate::FirstN { n }),
        "last_n" => ("n", |n| Aggregate::LastN { n }),
        "first_rows" => ("n", |n| Aggregate::FirstRows { n }),
        "last_rows" => ("n", |n| Aggregate::LastRows { n }),
        "first_distinct" => ("n", |n| Aggregate::FirstDistinct { n }),
        "last_distinct" => ("n", |n| Aggregate::LastDistinct { n }),
        "top_k" => ("k", |k| Aggregate::TopK { k }),
        "bottom_k" => ("k", |k| Aggregate::BottomK { k }),
        "list" => ("limit", |limit| Aggregate::List { limit }),
        "unique_count" => ("limit", |limit| Aggregate::UniqueCount { limit }),
        "histogram" => ("limit", |limit| Aggregate::Histogram { limit }),
        "mode" => ("limit", |limit| Aggregate::Mode { limit }),
        "entropy" => ("limit", |limit| Aggregate::Entropy { limit }),
        "mode_share" => ("limit", |limit| Aggregate::ModeShare { limit }),
        "distinct_sum" => ("limit", |limit| Aggregate::DistinctSum { limit }),
        "distinct_mean" => ("limit", |limit| Aggregate::DistinctMean { limit }),
        "distinct_stddev_pop" => ("limit", |limit| Aggregate::DistinctStddevPop { limit }),
        "distinct_stddev_samp" => ("limit", |limit| Aggregate::DistinctStddevSamp { limit }),
        "median" => ("limit", |limit| Aggregate::Median { limit }),
        "iqr" => ("limit", |limit| Aggregate::Iqr { limit }),
        _ => return None,
    };
    Some(found)
}

fn with_parameters(
    name: &str,
    parameters: &Members,
    columns: &[(String, Kind)],
) -> Result<Aggregate, String> {
    let size = |name: &str| parameters.size(name);
    let half_life = || parameters.length_us("half_life_us");
    let (aggregate, names): (Aggregate, &[&str]) = match name {
        "join" => {
            let separator = Separator::new(parameters.text("separator")?)?;
            (Aggregate::Join { separator, limit: size("limit")? }, &["separator", "limit"])
        }
        "most_frequent" => {
            (Aggregate::MostFrequent { n: size("n")?, limit: size("limit")? }, &["n", "limit"])
        }
        "percentile_disc" | "percentile_cont" => {
            let (millionths, limit) = (millionths(parameters, 0..=1_000_000)?, size("limit")?);
            let percentile = match name {
                "percentile_disc" => Aggregate::PercentileDisc { millionths, limit },
                _ => Aggregate::PercentileCont { millionths, limit },
            };
            (percentile, &["millionths", "limit"])
        }
        "approx_count_distinct" => {
            let precision = parameters.number("precision")?;
            if !(4..=16).contains(&precision) {
                return Err(format!("precision {precision} is not 4 to 16"));
            }
            (Aggregate::ApproxCountDistinct { precision }, &["precision"])
        }
        "approx_percentile" => {
            let millionths = millionths(parameters, 1..=1_000_000)?;
            (Aggregate::ApproxPercentile { millionths }, &["millionths"])
        }
        "rate" => (Aggregate::Rate { unit_us: parameters.length_us("unit_us")? }, &["unit_us"]),
        "decayed_sum" => (Aggregate::DecayedSum { half_life_us: half_life()? }, &["half_life_us"]),
        "decayed_count" => {
            (Aggregate::DecayedCount { half_life_us: half_life()? }, &["half_life_us"])
        }
        "vector_sum" | "vector_mean" => {
            let (length, grid) = (size("length")?, parameters.number("grid")?);
            let sum = name == "vector_sum";
            let vector = match sum {
                true => Aggregate::VectorSum { length, grid },
                false => Aggregate::VectorMean { length, grid },
            };
            (vector, &["length", "grid"])
        }
        "ratio" => {
            let side = |name: &str| operand(parameters.member(name)?, columns);
            let (numerator, denominator) = (side("numerator")?, side("denominator")?);
            (Aggregate::Ratio { numerator, denominator }, &["numerator", "denominator"])
        }
        other => return Err(format!("there is no aggregate {other:?} with parameters")),
    };
    parameters.only(names)?;
    Ok(aggregate)
}

/// A percentage, in millionths of the whole.
fn millionths(parameters: &Members, allowed: RangeInclusive<u32>) -> Result<u32, String> {
    let millionths = parameters.number("millionths")?;
    match allowed.contains(&millionths) {
        true => Ok(millionths),
        false => {
            let (least, most) = allowed.into_inner();
            Err(format!("{millionths} millionths are not {least} to {most}"))
        }
    }
}

fn operand(json: &Json, columns: &[(String, Kind)]) -> Result<Operand, String> {
    let operand = Members::of("a ratio's operand", json)?;
    operand.only(&["aggregate", "column", "filter"])?;
    let measure = match operand.text("aggregate")? {
        "count" => Measure::Count,
        "sum" => Measure::Sum,
        "mean" => Measure::Mean,
        other => return Err(format!("a ratio has no operand {other:?}")),
    };
    let column =
        |name: &str| operand.optional_text(name)?.map(|column| index(columns, column)).transpose();
    Ok(Operand { measure, column: column("column")?, filter: column("filter")? })
}
