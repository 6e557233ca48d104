//! Aggregates as data: a text, or an object whose one member's name is the aggregate's.
//!
//! Invariant: every parameter is read, and none is unknown. Deliberately absent: limits of
//! parameters, but those that their types have.

use super::index;
use super::members::Members;
use crate::feature::{Aggregate, Measure, Operand};
use crate::kind::Kind;
use serde_json::Value as Json;

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
        "var_pop" => Aggregate::VarPop,
        "var_samp" => Aggregate::VarSamp,
        "stddev_pop" => Aggregate::StddevPop,
        "stddev_samp" => Aggregate::StddevSamp,
        "skewness" => Aggregate::Skewness,
        "kurtosis" => Aggregate::Kurtosis,
        "any" => Aggregate::Any,
        "all" => Aggregate::All,
        "time_since_first" => Aggregate::TimeSinceFirst,
        "time_since_last" => Aggregate::TimeSinceLast,
        other => return Err(format!("there is no aggregate {other:?} without parameters")),
    })
}

fn with_parameters(
    name: &str,
    parameters: &Members,
    columns: &[(String, Kind)],
) -> Result<Aggregate, String> {
    let other = || index(columns, parameters.text("other")?);
    let size = |name: &str| parameters.size(name);
    let half_life = || parameters.length_us("half_life_us");
    let (aggregate, names): (Aggregate, &[&str]) = match name {
        "covar_pop" => (Aggregate::CovarPop { other: other()? }, &["other"]),
        "covar_samp" => (Aggregate::CovarSamp { other: other()? }, &["other"]),
        "corr" => (Aggregate::Corr { other: other()? }, &["other"]),
        "first_n" => (Aggregate::FirstN { n: size("n")? }, &["n"]),
        "last_n" => (Aggregate::LastN { n: size("n")? }, &["n"]),
        "first_distinct" => (Aggregate::FirstDistinct { n: size("n")? }, &["n"]),
        "last_distinct" => (Aggregate::LastDistinct { n: size("n")? }, &["n"]),
        "top_k" => (Aggregate::TopK { k: size("k")? }, &["k"]),
        "bottom_k" => (Aggregate::BottomK { k: size("k")? }, &["k"]),
        "unique_count" => (Aggregate::UniqueCount { limit: size("limit")? }, &["limit"]),
        "histogram" => (Aggregate::Histogram { limit: size("limit")? }, &["limit"]),
        "mode" => (Aggregate::Mode { limit: size("limit")? }, &["limit"]),
        "entropy" => (Aggregate::Entropy { limit: size("limit")? }, &["limit"]),
        "approx_count_distinct" => {
            let precision = parameters.number("precision")?;
            if !(4..=16).contains(&precision) {
                return Err(format!("precision {precision} is not 4 to 16"));
            }
            (Aggregate::ApproxCountDistinct { precision }, &["precision"])
        }
        "approx_percentile" => {
            let millionths = parameters.number("millionths")?;
            if !(1..=1_000_000).contains(&millionths) {
                return Err(format!("{millionths} millionths are not 1 to a million"));
            }
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
