//! One value of some slots' states (docs/FEATURES.md has each formula).
//!
//! Invariant: every state is read as it is; what is rounded is rounded once, by the state's own
//! file. Deliberately absent: maps, sessions and last rows, which hold such values.

use super::answer::{Answer, Status};
use super::finalize::{Context, UserValues};
use crate::aggregate::State;
use crate::aggregate::co_moments::CoMoments;
use crate::aggregate::int_sum::IntSum;
use crate::aggregate::moments::Moments;
use crate::aggregate::ratio::{self, Total, rate};
use crate::error::Result;
use crate::feature::OperandAggregate;
use crate::value::{Value, canonical_f64};

/// How one value is read. Numbers are indices of slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    Count(usize),
    Sum(Sum),
    Mean(Sum),
    Extreme(usize),
    Ordered(usize),
    TimeSince(usize),
    Moments {
        slot: usize,
        statistic: Statistic,
    },
    CoMoments {
        slot: usize,
        statistic: CoStatistic,
    },
    /// A list of the values kept.
    Values(usize),
    UniqueCount(usize),
    Histogram(usize),
    Mode(usize),
    Entropy(usize),
    ApproxCountDistinct {
        slot: usize,
        precision: u32,
    },
    ApproxPercentile {
        slot: usize,
        millionths: u32,
    },
    Rate {
        count: usize,
        unit_us: i64,
    },
    Decayed(usize),
    Vector {
        slot: usize,
        grid: i32,
        mean: bool,
    },
    Ratio([Operand; 2]),
    User {
        slot: usize,
        lift: usize,
    },
}

/// The slots of a sum and of the count of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    pub sum: usize,
    pub count: usize,
}

/// What is read of moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    Skewness,
    Kurtosis,
}

/// What is read of moments of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoStatistic {
    CovarPop,
    CovarSamp,
    Corr,
}

/// One side of a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    pub aggregate: OperandAggregate,
    /// The sum; none for a count.
    pub sum: Option<usize>,
    pub count: usize,
}

impl Plain {
    /// The slots that it reads.
    pub fn slots(&self) -> Vec<usize> {
        match *self {
            Plain::Sum(Sum { sum, count }) | Plain::Mean(Sum { sum, count }) => vec![sum, count],
            Plain::Ratio(sides) => {
                sides.iter().flat_map(|side| side.sum.into_iter().chain([side.count])).collect()
            }
            _ => vec![self.slot()],
        }
    }

    /// The first of its slots.
    fn slot(&self) -> usize {
        match *self {
            Plain::Sum(Sum { sum, .. }) | Plain::Mean(Sum { sum, .. }) => sum,
            Plain::Ratio([Operand { sum, count, .. }, _]) => sum.unwrap_or(count),
            Plain::Count(slot)
            | Plain::Extreme(slot)
            | Plain::Ordered(slot)
            | Plain::TimeSince(slot)
            | Plain::Moments { slot, .. }
            | Plain::CoMoments { slot, .. }
            | Plain::Values(slot)
            | Plain::UniqueCount(slot)
            | Plain::Histogram(slot)
            | Plain::Mode(slot)
            | Plain::Entropy(slot)
            | Plain::ApproxCountDistinct { slot, .. }
            | Plain::ApproxPercentile { slot, .. }
            | Plain::Rate { count: slot, .. }
            | Plain::Decayed(slot)
            | Plain::Vector { slot, .. }
            | Plain::User { slot, .. } => slot,
        }
    }

    /// The value.
    pub fn answer(
        &self,
        states: &[State],
        context: Context,
        users: &mut UserValues,
    ) -> Result<Answer> {
        if let Some(quick) = self.quick(states) {
            let overflows = quick == Quick::Overflow;
            return Ok(if overflows { or_overflow(None) } else { present(quick.value()) });
        }
        Ok(match (self, &states[self.slot()]) {
            (Plain::Extreme(_), State::Extreme(value)) => present(value.clone()),
            (Plain::Ordered(_), State::Ordered(placed)) => {
                present(placed.as_ref().map_or(Value::Null, |placed| placed.value.clone()))
            }
            (Plain::TimeSince(_), State::EventTime(time)) => {
                present(time.map(|time| context.as_of - time).into())
            }
            (Plain::User { lift, .. }, State::User(state)) => present(users.value(*lift, state)?),
            (Plain::Ratio([a, b]), _) => {
                present(ratio::ratio(a.read(states), b.read(states)).into())
            }
            (Plain::Rate { unit_us, .. }, State::Count(count)) => present(match count {
                0 => 0.0.into(),
                count => {
                    rate(*count, *unit_us as u64, context.hi.saturating_sub(context.lo)).into()
                }
            }),
            (_, state) => self.statistic(state, context),
        })
    }

    /// The value, if it is a number that takes a few steps.
    #[inline]
    pub fn quick(&self, states: &[State]) -> Option<Quick> {
        Some(match *self {
            Plain::Count(slot) => Quick::count(count_of(states, slot)),
            Plain::Sum(Sum { sum, count }) => match (count_of(states, count), &states[sum]) {
                (count, State::IntSum(sum)) => Quick::sum(count, *sum),
                (0, _) => Quick::Null,
                (_, State::FloatSum(sum)) => Quick::float(sum.sum()),
                (_, state) => unreachable!("{self:?} does not read {state:?}"),
            },
            Plain::Mean(Sum { sum, count }) => match (count_of(states, count), &states[sum]) {
                (count, State::IntSum(sum)) => Quick::mean(count, *sum),
                (0, _) => Quick::Null,
                (count, State::FloatSum(sum)) => Quick::float(sum.mean(count)),
                (_, state) => unreachable!("{self:?} does not read {state:?}"),
            },
            Plain::Extreme(slot) => match states[slot] {
                State::Extreme(Value::Null) => Quick::Null,
                State::Extreme(Value::Int64(value)) => Quick::Int64(value),
                State::Extreme(Value::Float64(value)) => Quick::Float64(value),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// The value of one state of the rarer kinds.
    fn statistic(&self, state: &State, context: Context) -> Answer {
        match (self, state) {
            (Plain::Moments { statistic, .. }, State::Moments(moments)) => {
                present(statistic.read(moments).into())
            }
            (Plain::CoMoments { statistic, .. }, State::CoMoments(moments)) => {
                present(statistic.read(moments).into())
            }
            (Plain::Values(_), State::Places(places)) => {
                present(Value::List(places.values().cloned().collect()))
            }
            (Plain::Values(_), State::Top(top)) => {
                present(Value::List(top.values().cloned().collect()))
            }
            (Plain::UniqueCount(_), State::Distinct(distinct)) => {
                or_overflow(distinct.count().map(|count| Value::Int64(count as i64)))
            }
            (Plain::Histogram(_), State::Histogram(histogram)) => {
                let pairs = histogram.pairs().map(|pairs| {
                    let counted = |(value, count)| (value, Value::Int64(count as i64));
                    Value::Map(pairs.into_iter().map(counted).collect())
                });
                or_overflow(pairs)
            }
            (Plain::Mode(_), State::Histogram(histogram)) => or_overflow(histogram.mode()),
            (Plain::Entropy(_), State::Histogram(histogram)) => or_overflow(histogram.entropy()),
            (Plain::ApproxCountDistinct { precision, .. }, State::HyperLogLog(sketch)) => {
                present(Value::Int64(sketch.estimate(*precision)))
            }
            (Plain::ApproxPercentile { millionths, .. }, State::Percentile(sketch)) => {
                present(sketch.percentile(*millionths).into())
            }
            (Plain::Decayed(_), State::Decayed(decayed)) => {
                or_overflow(decayed.value(context.as_of).map(Value::Float64))
            }
            (Plain::Vector { grid, mean, .. }, State::Vector(sum)) => {
                if sum.count() == 0 {
                    return present(Value::Null);
                }
                let vector = if *mean { sum.mean(*grid) } else { sum.sum(*grid) };
                let list = |v: Vec<f64>| Value::List(v.into_iter().map(Value::Float64).collect());
                or_overflow(vector.map(list))
            }
            (plain, state) => unreachable!("{plain:?} does not read {state:?}"),
        }
    }
}

/// A number, or none: a value without anything to allocate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quick {
    /// No value.
    Null,
    /// No value, by overflow.
    Overflow,
    /// An integer.
    Int64(i64),
    /// A double.
    Float64(f64),
}

impl Quick {
    /// A count.
    #[inline]
    pub fn count(count: u64) -> Quick {
        i64::try_from(count).map_or(Quick::Overflow, Quick::Int64)
    }

    /// The sum of `count` integers.
    #[inline]
    pub fn sum(count: u64, sum: IntSum) -> Quick {
        if count == 0 { Quick::Null } else { sum.sum().map_or(Quick::Overflow, Quick::Int64) }
    }

    /// The mean of `count` integers.
    #[inline]
    pub fn mean(count: u64, sum: IntSum) -> Quick {
        if count == 0 { Quick::Null } else { Quick::float(sum.mean(count)) }
    }

    /// A double.
    #[inline]
    pub fn float(value: f64) -> Quick {
        Quick::Float64(canonical_f64(value))
    }

    /// The integer, if it is one.
    #[inline]
    pub fn integer(self) -> Option<i64> {
        if let Quick::Int64(value) = self { Some(value) } else { None }
    }

    /// The double, if it is one.
    #[inline]
    pub fn double(self) -> Option<f64> {
        if let Quick::Float64(value) = self { Some(value) } else { None }
    }

    /// As a value.
    pub fn value(self) -> Value {
        match self {
            Quick::Null | Quick::Overflow => Value::Null,
            Quick::Int64(value) => Value::Int64(value),
            Quick::Float64(value) => value.into(),
        }
    }
}

impl Operand {
    /// The operand, or none if it is null.
    fn read<'s>(&self, states: &'s [State]) -> Option<ratio::Operand<'s>> {
        let count = count_of(states, self.count);
        let Some(sum) = self.sum else { return Some(ratio::Operand::count(count)) };
        let total = match &states[sum] {
            State::IntSum(sum) => Total::Int(*sum),
            State::FloatSum(sum) => Total::Float(sum),
            state => unreachable!("the plan put a sum here, not {state:?}"),
        };
        match self.aggregate {
            OperandAggregate::Mean => ratio::Operand::mean(total, count),
            _ => ratio::Operand::sum(total, count),
        }
    }
}

impl Statistic {
    fn read(self, moments: &Moments) -> Option<f64> {
        match self {
            Statistic::VarPop => moments.var_pop(),
            Statistic::VarSamp => moments.var_samp(),
            Statistic::StddevPop => moments.stddev_pop(),
            Statistic::StddevSamp => moments.stddev_samp(),
            Statistic::Skewness => moments.skewness(),
            Statistic::Kurtosis => moments.kurtosis(),
        }
    }
}

impl CoStatistic {
    fn read(self, moments: &CoMoments) -> Option<f64> {
        match self {
            CoStatistic::CovarPop => moments.covar_pop(),
            CoStatistic::CovarSamp => moments.covar_samp(),
            CoStatistic::Corr => moments.corr(),
        }
    }
}

fn count_of(states: &[State], slot: usize) -> u64 {
    match &states[slot] {
        State::Count(count) => *count,
        other => unreachable!("the plan put a count here, not {other:?}"),
    }
}

/// A value that is there.
pub fn present(value: Value) -> Answer {
    Answer { value, status: Status::Present }
}

/// A value, or null by overflow.
pub fn or_overflow(value: Option<Value>) -> Answer {
    match value {
        Some(value) => present(value),
        None => Answer { value: Value::Null, status: Status::Overflow },
    }
}
