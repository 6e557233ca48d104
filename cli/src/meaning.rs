//! Describes features and windows in words, for people.
//!
//! Invariant: every part of a declaration is mentioned. Deliberately absent: the formulas, which
//! are in docs/FEATURES.md.

use lockstep_runtime::{
    Aggregate, CalendarUnit, EntryOrder, Feature, FeatureView, Operand, OperandAggregate, Window,
    duration,
};
use std::fmt::Write;

/// What a feature is, in words.
pub fn meaning(view: &FeatureView, feature: &Feature) -> String {
    let column = feature.column.as_deref();
    let mut text = aggregate(&feature.aggregate, column);
    if let Some(flag) = &feature.filter {
        let _ = write!(text, " where {flag}");
    }
    if let Some(by) = &feature.by {
        let _ = write!(text, " by {}, of at most {}", by.column, by.limit);
        if let Some(top) = by.top {
            let of = match top.of {
                EntryOrder::Value => "greatest values",
                EntryOrder::Key => "greatest keys",
                EntryOrder::Count => "most rows",
            };
            let _ = write!(text, ", the {} entries with the {of}", top.n);
        }
    }
    let described = view.columns.iter().find(|described| Some(described.name.as_str()) == column);
    match described.map(|column| column.description.trim()).filter(|text| !text.is_empty()) {
        Some(description) => format!("{text}: {description}"),
        None => text,
    }
}

/// An aggregate in words.
fn aggregate(aggregate: &Aggregate, column: Option<&str>) -> String {
    let of = column.unwrap_or("rows");
    match aggregate {
        Aggregate::Count if column.is_none() => "number of rows".to_string(),
        Aggregate::Count => format!("number of values of {of}"),
        Aggregate::Min => format!("least {of}"),
        Aggregate::Max => format!("greatest {of}"),
        Aggregate::First | Aggregate::Last => format!("{} {of}", aggregate.name()),
        Aggregate::CovarPop { other }
        | Aggregate::CovarSamp { other }
        | Aggregate::Corr { other }
        | Aggregate::RegrSlope { other }
        | Aggregate::RegrIntercept { other }
        | Aggregate::RegrR2 { other } => {
            format!("{} of {of} and {other}", aggregate.name())
        }
        Aggregate::ArgMin { by } => format!("{of} where {by} is least"),
        Aggregate::ArgMax { by } => format!("{of} where {by} is greatest"),
        Aggregate::FirstRow => format!("{of} of the first row"),
        Aggregate::LastRow => format!("{of} of the last row"),
        Aggregate::FirstRows { n } => format!("{of} of the first {n} rows, oldest first"),
        Aggregate::LastRows { n } => format!("{of} of the last {n} rows, newest first"),
        Aggregate::List { limit } => format!("all {of}, up to {limit}, oldest first"),
        Aggregate::Join { separator, limit } => {
            format!("all {of}, up to {limit}, oldest first, joined by {separator:?}")
        }
        Aggregate::MostFrequent { n, limit } => {
            format!("the {n} most frequent {of}, over up to {limit} distinct")
        }
        Aggregate::PercentileDisc { millionths, limit }
        | Aggregate::PercentileCont { millionths, limit } => {
            let (name, percent) = (aggregate.name(), f64::from(*millionths) / 10_000.0);
            format!("{name} {percent} of {of}, over up to {limit} distinct")
        }
        Aggregate::FirstN { n } | Aggregate::FirstDistinct { n } => {
            format!("{} of {of}, {n} of them, oldest first", aggregate.name())
        }
        Aggregate::LastN { n } | Aggregate::LastDistinct { n } => {
            format!("{} of {of}, {n} of them, newest first", aggregate.name())
        }
        Aggregate::TopK { k } => format!("the {k} greatest {of}, greatest first"),
        Aggregate::BottomK { k } => format!("the {k} least {of}, least first"),
        Aggregate::UniqueCount { limit } => format!("distinct {of}, up to {limit}"),
        Aggregate::Histogram { limit }
        | Aggregate::Mode { limit }
        | Aggregate::ModeShare { limit }
        | Aggregate::DistinctSum { limit }
        | Aggregate::DistinctMean { limit }
        | Aggregate::DistinctStddevPop { limit }
        | Aggregate::DistinctStddevSamp { limit }
        | Aggregate::Median { limit }
        | Aggregate::Iqr { limit }
        | Aggregate::Entropy { limit } => {
            format!("{} of {of}, over up to {limit} distinct", aggregate.name())
        }
        Aggregate::ApproxCountDistinct { precision } => {
            let percent = 104.0 / f64::from(1u32 << precision).sqrt();
            format!("distinct {of}, within {percent:.2} % (standard error)")
        }
        Aggregate::ApproxPercentile { millionths } => {
            format!("percentile {} of {of}, within 0.4 %", f64::from(*millionths) / 10_000.0)
        }
        Aggregate::Rate { unit_us } => format!("{of} per {}", duration(*unit_us)),
        Aggregate::TimeSinceFirst => format!("microseconds since the first of {of}"),
        Aggregate::TimeSinceLast => format!("microseconds since the last of {of}"),
        Aggregate::DecayedSum { half_life_us } => {
            format!("sum of {of}, halved every {}", duration(*half_life_us))
        }
        Aggregate::DecayedCount { half_life_us } => {
            format!("number of {of}, halved every {}", duration(*half_life_us))
        }
        Aggregate::VectorSum { length, grid } | Aggregate::VectorMean { length, grid } => {
            format!("{} of {of}: {length} elements on a grid of 2^{grid}", aggregate.name())
        }
        Aggregate::Ratio { numerator, denominator } => {
            format!("{} / {}", operand(numerator), operand(denominator))
        }
        Aggregate::User { aggregate } => format!("{aggregate} of {of}"),
        other => format!("{} of {of}", other.name()),
    }
}

fn operand(operand: &Operand) -> String {
    let name = match operand.aggregate {
        OperandAggregate::Count => "count",
        OperandAggregate::Sum => "sum",
        OperandAggregate::Mean => "mean",
    };
    let column = operand.column.as_deref().unwrap_or("rows");
    match &operand.filter {
        Some(flag) => format!("{name} of {column} where {flag}"),
        None => format!("{name} of {column}"),
    }
}

/// A window as authors write it, and the cost of an exact one.
pub fn window(view: &FeatureView, window: Window) -> String {
    let offset = match window.offset_us() {
        0 => String::new(),
        offset_us => format!(" offset {}", duration(offset_us)),
    };
    let text = match window {
        Window::Lifetime { .. } => "lifetime".to_string(),
        Window::Sliding { length_us, .. } => duration(length_us),
        Window::Exact { length_us, .. } => format!("{} exact", duration(length_us)),
        Window::Hopping { length_us, step_us, .. } if length_us == step_us => {
            format!("{} tumbling", duration(length_us))
        }
        Window::Hopping { length_us, step_us, .. } => {
            format!("{} step {}", duration(length_us), duration(step_us))
        }
        Window::Series { length_us, count, .. } => {
            format!("{} series {count}", duration(length_us))
        }
        Window::LastRows { rows, skip, lookback_us, exact } => {
            let skipped = if skip > 0 { format!(" skip {skip}") } else { String::new() };
            let end = if exact { " exact" } else { "" };
            format!("last {rows}{skipped} in {}{end}", duration(lookback_us))
        }
        Window::LatestEvent { lookback_us, exact } => {
            let end = if exact { " exact" } else { "" };
            format!("latest event in {}{end}", duration(lookback_us))
        }
        Window::Session { gap_us, lookback_us, open } => {
            let open = if open { "open " } else { "" };
            format!("{open}session {} in {}", duration(gap_us), duration(lookback_us))
        }
        Window::Calendar { unit, first_day, zone, whole, .. } => {
            let number = if whole > 0 { format!("{whole} whole ") } else { String::new() };
            let plural = if whole > 1 { "s" } else { "" };
            let first = match unit {
                CalendarUnit::Week => format!(" from {}", first_day.name()),
                _ => String::new(),
            };
            let so_far = if whole > 0 { "" } else { " so far" };
            format!("{number}{}{plural}{first}{so_far} in {}", unit.name(), zone.name())
        }
    };
    let costs = window.spans().into_iter().find_map(|span| span.exact_cost(view.exact_max_us));
    match costs {
        Some(cost) => format!("{text}{offset} ({cost})"),
        None => format!("{text}{offset}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every part of a declaration is mentioned. Method: one feature with all of them.
    #[test]
    fn features_read_as_sentences() {
        assert_eq!(aggregate(&Aggregate::Count, None), "number of rows");
        assert_eq!(
            aggregate(&Aggregate::TopK { k: 3 }, Some("x")),
            "the 3 greatest x, greatest first"
        );
        let ratio = Operand {
            aggregate: OperandAggregate::Sum,
            column: Some("files".into()),
            filter: Some("merged".into()),
        };
        assert_eq!(operand(&ratio), "sum of files where merged");
    }
}
