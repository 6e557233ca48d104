//! Values computed from all values of a state: lists, texts, and statistics of sorted or distinct
//! values.
//!
//! Invariant: a state beyond its limit gives the status overflow (S18), whatever the value would
//! be; a number is rounded once (S17). Deliberately absent: the states, each in its own module.

use super::answer::{Answer, or_overflow, present};
use super::plain::SumKind;
use crate::aggregate::decimal_sum::DecimalSum;
use crate::aggregate::distinct::Distinct;
use crate::aggregate::float_sum::FloatSum;
use crate::aggregate::histogram::Histogram;
use crate::aggregate::int_sum::IntSum;
use crate::aggregate::moments::{Moments, Order};
use crate::aggregate::places::Places;
use crate::aggregate::quantile;
use crate::value::{Decimal, Value};

/// What is made of all values in row order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InOrder {
    /// Their list.
    List,
    /// Their text, with this separator between them.
    Join(String),
}

impl InOrder {
    /// The value, from a state that keeps one value more than `limit`.
    pub(super) fn read(&self, places: &Places, limit: u32) -> Answer {
        let values = places.values();
        if values.len() > limit as usize {
            return or_overflow(None);
        }
        present(match self {
            InOrder::List => Value::List(values.cloned().collect()),
            InOrder::Join(separator) => InOrder::join(separator, values),
        })
    }

    /// The strings with the separator between them; null without strings.
    pub fn join<'a>(separator: &str, values: impl Iterator<Item = &'a Value>) -> Value {
        let text = |value: &'a Value| match value {
            Value::String(text) => &**text,
            other => unreachable!("the declaration checked that {other:?} is a string"),
        };
        let texts: Vec<&str> = values.map(text).collect();
        if texts.is_empty() { Value::Null } else { Value::from(&*texts.join(separator)) }
    }
}

/// What is made of distinct values with their counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfCounts {
    /// The most frequent values.
    MostFrequent {
        /// How many.
        n: u32,
    },
    /// The share of the most frequent value.
    ModeShare,
    /// The value at a rank.
    Discrete {
        /// The rank, in millionths of the values.
        millionths: u32,
    },
    /// The number at a position, interpolated.
    Continuous {
        /// The position, in millionths of that of the last value.
        millionths: u32,
    },
    /// The difference between the upper and the lower quartile.
    InterquartileRange,
}

impl OfCounts {
    /// The value.
    pub(super) fn read(self, histogram: &Histogram) -> Answer {
        let null_or = |value: Option<Value>| value.unwrap_or(Value::Null);
        or_overflow(match self {
            OfCounts::MostFrequent { n } => histogram.most_frequent(n).map(Value::List),
            OfCounts::ModeShare => histogram.mode_share(),
            OfCounts::Discrete { millionths } => {
                histogram.pairs().map(|pairs| null_or(quantile::discrete(&pairs, millionths)))
            }
            OfCounts::Continuous { millionths } => {
                histogram.pairs().map(|pairs| quantile::continuous(&pairs, millionths).into())
            }
            OfCounts::InterquartileRange => {
                histogram.pairs().map(|pairs| quantile::interquartile_range(&pairs).into())
            }
        })
    }
}

/// What is made of distinct values, each counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfDistinct {
    /// Their sum.
    Sum(SumKind),
    /// Their mean.
    Mean(SumKind),
    /// Their population standard deviation.
    StddevPop,
    /// Their sample standard deviation.
    StddevSamp,
}

impl OfDistinct {
    /// The value.
    pub(super) fn read(self, distinct: &Distinct) -> Answer {
        let Some(values) = distinct.values() else { return or_overflow(None) };
        let count = values.len() as u64;
        if count == 0 {
            return present(Value::Null);
        }
        match self {
            OfDistinct::Sum(kind) => or_overflow(total(values, kind).value(kind)),
            OfDistinct::Mean(kind) => present(total(values, kind).mean(count, kind).into()),
            OfDistinct::StddevPop => present(moments(values).stddev_pop().into()),
            OfDistinct::StddevSamp => present(moments(values).stddev_samp().into()),
        }
    }
}

/// An exact sum of numbers of one type.
enum Total {
    Int(IntSum),
    Decimal(DecimalSum),
    Float(FloatSum),
}

fn total(values: impl Iterator<Item = Value>, kind: SumKind) -> Total {
    let mut total = match kind {
        SumKind::Signed | SumKind::Unsigned => Total::Int(IntSum::default()),
        SumKind::Decimal { .. } => Total::Decimal(DecimalSum::default()),
        SumKind::Float => Total::Float(FloatSum::zero()),
    };
    for value in values {
        match (&mut total, value) {
            (Total::Int(sum), Value::Int64(value)) => sum.add(value),
            (Total::Int(sum), Value::UInt64(value)) => sum.add_unsigned(value),
            (Total::Decimal(sum), Value::Decimal(value)) => sum.add(value.unscaled),
            (Total::Float(sum), Value::Float64(value)) => sum.add(value),
            (Total::Float(sum), Value::Float32(value)) => sum.add(value.into()),
            (_, other) => unreachable!("the plan does not sum {other:?} as {kind:?}"),
        }
    }
    total
}

impl Total {
    fn value(&self, kind: SumKind) -> Option<Value> {
        match (self, kind) {
            (Total::Int(sum), SumKind::Unsigned) => sum.unsigned_sum().map(Value::UInt64),
            (Total::Int(sum), _) => sum.sum().map(Value::Int64),
            (Total::Decimal(sum), _) => {
                let decimal = |unscaled| Decimal { unscaled, scale: kind.scale() };
                sum.sum().map(|sum| Value::Decimal(Box::new(decimal(sum))))
            }
            (Total::Float(sum), _) => Some(sum.sum().into()),
        }
    }

    fn mean(&self, count: u64, kind: SumKind) -> f64 {
        match self {
            Total::Int(sum) => sum.mean(count),
            Total::Decimal(sum) => sum.mean(count, kind.scale()),
            Total::Float(sum) => sum.mean(count),
        }
    }
}

fn moments(values: impl Iterator<Item = Value>) -> Moments {
    let mut moments = Moments::zero(Order::Second);
    for value in values {
        match value {
            Value::Int64(value) => moments.add_int(value),
            Value::UInt64(value) => {
                moments.add_int(i64::try_from(value).expect("a small number has a sign"));
            }
            Value::Float64(value) => moments.add_float(value),
            Value::Float32(value) => moments.add_float(value.into()),
            other => unreachable!("the declaration checked that {other:?} is a small number"),
        }
    }
    moments
}
