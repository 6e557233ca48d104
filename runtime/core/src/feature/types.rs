//! The types of features' values (docs/FEATURES.md).
//!
//! Invariant: an aggregate that does not apply to its column is refused, with the remedy.
//! Deliberately absent: parameters and windows.

use super::aggregate::Aggregate;
use super::declaration::Feature;
use crate::error::{Error, Result};
use crate::manifest::UserAggregate;
use crate::value::{Column, DataType, PRECISION_MAX};
use crate::view::FeatureView;
use crate::window::Window;

/// The type of a sum or product: the widest of its kind (S17).
fn sum_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Decimal { scale, .. } => {
            DataType::Decimal { precision: PRECISION_MAX, scale: *scale }
        }
        data_type if data_type.is_signed() => DataType::Int64,
        data_type if data_type.is_unsigned() => DataType::UInt64,
        _ => DataType::Float64,
    }
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
        let integer = || of_column(|kind| !kind.is_signed() && !kind.is_unsigned());
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
            A::Sum | A::DistinctSum { .. } => (sum_type(number()?), true),
            A::Product => (sum_type(integer()?), true),
            A::BitAnd | A::BitOr | A::BitXor => (integer()?.clone(), true),
            A::Mean
            | A::DistinctMean { .. }
            | A::PercentileCont { .. }
            | A::Median { .. }
            | A::Iqr { .. } => (number().map(|_| DataType::Float64)?, true),
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
            | A::RegrSlope { .. }
            | A::RegrIntercept { .. }
            | A::RegrR2 { .. }
            | A::DistinctStddevPop { .. }
            | A::DistinctStddevSamp { .. }
            | A::ApproxPercentile { .. } => (small().map(|_| DataType::Float64)?, true),
            A::Min
            | A::Max
            | A::First
            | A::Last
            | A::FirstRow
            | A::LastRow
            | A::ArgMin { .. }
            | A::ArgMax { .. }
            | A::PercentileDisc { .. } => (plain()?.clone(), true),
            A::Join { .. } => {
                (of_column(|kind| *kind != DataType::String).map(|_| DataType::String)?, true)
            }
            A::Any | A::All => {
                (of_column(|kind| *kind != DataType::Bool).map(|_| DataType::Bool)?, true)
            }
            A::FirstN { .. }
            | A::LastN { .. }
            | A::FirstRows { .. }
            | A::LastRows { .. }
            | A::FirstDistinct { .. }
            | A::LastDistinct { .. }
            | A::TopK { .. }
            | A::BottomK { .. } => (list(plain()?), false),
            A::List { .. } | A::MostFrequent { .. } => (list(plain()?), true),
            A::UniqueCount { .. } => (plain().map(|_| DataType::Int64)?, true),
            A::ApproxCountDistinct { .. } => (plain().map(|_| DataType::Int64)?, false),
            A::Mode { .. } => (plain()?.clone(), true),
            A::Entropy { .. } | A::ModeShare { .. } => (plain().map(|_| DataType::Float64)?, true),
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

    /// The error for a column of the wrong type.
    pub(super) fn wrong(&self, column: &Column) -> Error {
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
}
