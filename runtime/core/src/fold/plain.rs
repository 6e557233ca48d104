//! Plain values: one value computed directly from the states of some slots (docs/FEATURES.md has
//! each formula).
//!
//! Invariant: states are read exactly; a value that needs rounding is rounded once, in the module
//! of its state. Deliberately absent: maps, sessions and last rows, which contain such values.

use super::answer::{Answer, or_overflow, present};
use super::finalize::{Context, UserValues};
use super::gathered::{InOrder, OfCounts, OfDistinct};
use super::operand::{Operand, count_of};
use super::quick::Quick;
use crate::aggregate::State;
use crate::aggregate::co_moments::CoMoments;
use crate::aggregate::moments::Moments;
use crate::aggregate::ratio::{self, rate};
use crate::error::Result;
use crate::value::{Decimal, Value};

/// How one value is computed. Numbers are indices of slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// How many rows, or values that are not null.
    Count(usize),
    /// A sum.
    Sum(Sum),
    /// A sum over its count.
    Mean(Sum),
    /// The least or greatest value.
    Extreme(usize),
    /// The first or last value.
    Ordered(usize),
    /// The value in the row where another column is least or greatest.
    ArgExtreme(usize),
    /// A product of integers.
    Product(Joined),
    /// Integers joined bit by bit.
    Bits(Joined),
    /// Microseconds from the first or last input to `as_of`.
    TimeSince(usize),
    /// A statistic of numbers.
    Moments {
        /// The slot of their moments.
        slot: usize,
        /// Which one.
        statistic: Statistic,
    },
    /// A statistic of pairs of numbers.
    CoMoments {
        /// The slot of their moments.
        slot: usize,
        /// Which one.
        statistic: CoStatistic,
    },
    /// The list of the values that the state keeps.
    Values(usize),
    /// What is made of all values in row order, up to a limit.
    InOrder {
        /// The slot of the values, which keeps one more than the limit.
        slot: usize,
        /// What is made of them.
        made: InOrder,
        /// The limit.
        limit: u32,
    },
    /// What is made of a histogram.
    OfCounts {
        /// The slot of the histogram.
        slot: usize,
        /// What is made of it.
        made: OfCounts,
    },
    /// What is made of distinct values, each counted once.
    OfDistinct {
        /// The slot of the values.
        slot: usize,
        /// What is made of them.
        made: OfDistinct,
    },
    /// The number of distinct values.
    UniqueCount(usize),
    /// A map from each value to how often it occurs.
    Histogram(usize),
    /// The most frequent value of a histogram.
    Mode(usize),
    /// The entropy of a histogram.
    Entropy(usize),
    /// The approximate number of distinct values.
    ApproxCountDistinct {
        /// The slot of the sketch.
        slot: usize,
        /// The sketch's precision.
        precision: u32,
    },
    /// The approximate value at a rank.
    ApproxPercentile {
        /// The slot of the sketch.
        slot: usize,
        /// The rank, in millionths of the values.
        millionths: u32,
    },
    /// A count divided by the length of its span.
    Rate {
        /// The slot of the count.
        count: usize,
        /// The unit of that length.
        unit_us: i64,
    },
    /// A decayed sum or count, as of `as_of`.
    Decayed(usize),
    /// A sum of vectors, or their mean.
    Vector {
        /// The slot of the sum.
        slot: usize,
        /// The elements are multiples of two to the power of this exponent.
        grid: i32,
        /// Whether it is the mean.
        mean: bool,
    },
    /// One operand divided by the other.
    Ratio([Operand; 2]),
    /// The value that the guest computes from a state.
    User {
        /// The slot of the state.
        slot: usize,
        /// The index of its lift in the plan.
        lift: usize,
    },
}

/// The slots of a sum and of the count of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The slot of the sum.
    pub sum: usize,
    /// The slot of the count.
    pub count: usize,
    /// What is summed.
    pub kind: SumKind,
}

/// The slots of integers that were joined to one, and of their count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The slot of the integer.
    pub slot: usize,
    /// The slot of the count.
    pub count: usize,
    /// Whether the integers are unsigned.
    pub unsigned: bool,
}

/// What a sum sums, and so the type of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumKind {
    /// Signed integers.
    Signed,
    /// Unsigned integers.
    Unsigned,
    /// Decimals of one scale.
    Decimal {
        /// The scale.
        scale: u8,
    },
    /// Floats.
    Float,
}

/// The statistics that are computed from moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The population variance.
    VarPop,
    /// The sample variance.
    VarSamp,
    /// The population standard deviation.
    StddevPop,
    /// The sample standard deviation.
    StddevSamp,
    /// The skewness.
    Skewness,
    /// The kurtosis.
    Kurtosis,
}

/// The statistics that are computed from moments of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoStatistic {
    /// The population covariance.
    CovarPop,
    /// The sample covariance.
    CovarSamp,
    /// The correlation.
    Corr,
    /// The slope of the regression line.
    Slope,
    /// Its value at 0.
    Intercept,
    /// The square of the correlation.
    R2,
}

impl SumKind {
    /// The scale of the decimals; 0 for other numbers.
    pub(super) fn scale(self) -> u8 {
        if let SumKind::Decimal { scale } = self { scale } else { 0 }
    }
}

impl Plain {
    /// The slots that it reads.
    pub fn slots(&self) -> Vec<usize> {
        match *self {
            Plain::Sum(Sum { sum, count, .. }) | Plain::Mean(Sum { sum, count, .. }) => {
                vec![sum, count]
            }
            Plain::Ratio(sides) => {
                sides.iter().flat_map(|side| side.sum.into_iter().chain([side.count])).collect()
            }
            Plain::Product(Joined { slot, count, .. })
            | Plain::Bits(Joined { slot, count, .. }) => {
                vec![slot, count]
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
            | Plain::ArgExtreme(slot)
            | Plain::Product(Joined { slot, .. })
            | Plain::Bits(Joined { slot, .. })
            | Plain::InOrder { slot, .. }
            | Plain::OfCounts { slot, .. }
            | Plain::OfDistinct { slot, .. }
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
            (Plain::Sum(_), State::IntSum(sum)) => {
                or_overflow(sum.unsigned_sum().map(Value::UInt64))
            }
            (Plain::Sum(Sum { kind: SumKind::Decimal { scale }, .. }), State::DecimalSum(sum)) => {
                let decimal = |unscaled| Decimal { unscaled, scale: *scale };
                or_overflow(sum.sum().map(|sum| Value::Decimal(Box::new(decimal(sum)))))
            }
            (Plain::Extreme(_), State::Extreme(value)) => present(value.clone()),
            (Plain::Ordered(_), State::Ordered(placed)) => {
                present(placed.as_ref().map_or(Value::Null, |placed| placed.value.clone()))
            }
            (Plain::ArgExtreme(_), State::ArgExtreme(row)) => {
                present(row.as_ref().map_or(Value::Null, |row| row.placed.value.clone()))
            }
            (Plain::Product(joined) | Plain::Bits(joined), _)
                if count_of(states, joined.count) == 0 =>
            {
                present(Value::Null)
            }
            (Plain::Product(joined), State::Product(product)) => {
                or_overflow(match joined.unsigned {
                    true => product.unsigned().map(Value::UInt64),
                    false => product.signed().map(Value::Int64),
                })
            }
            (Plain::Bits(joined), State::Bits(bits)) => present(match joined.unsigned {
                true => Value::UInt64(*bits),
                false => Value::Int64(*bits as i64),
            }),
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

    /// The value, which needs no guest.
    pub fn value(&self, states: &[State], context: Context) -> Result<Value> {
        Ok(self.answer(states, context, &mut UserValues::collecting())?.value)
    }

    /// The value, if it is a number that needs no allocation.
    #[inline]
    pub fn quick(&self, states: &[State]) -> Option<Quick> {
        Some(match *self {
            Plain::Count(slot) => Quick::count(count_of(states, slot)),
            Plain::Sum(Sum { sum, count, kind }) => match (count_of(states, count), &states[sum]) {
                (0, _) => Quick::Null,
                (count, State::IntSum(sum)) if kind == SumKind::Signed => Quick::sum(count, *sum),
                (_, State::IntSum(_) | State::DecimalSum(_)) => return None,
                (_, State::FloatSum(sum)) => Quick::float(sum.sum()),
                (_, state) => unreachable!("{self:?} does not read {state:?}"),
            },
            Plain::Mean(Sum { sum, count, kind }) => {
                match (count_of(states, count), &states[sum]) {
                    (0, _) => Quick::Null,
                    (count, State::IntSum(sum)) => Quick::mean(count, *sum),
                    (count, State::DecimalSum(sum)) => match kind {
                        SumKind::Decimal { scale } => Quick::float(sum.mean(count, scale)),
                        kind => unreachable!("a plan made a sum of decimals for {kind:?}"),
                    },
                    (count, State::FloatSum(sum)) => Quick::float(sum.mean(count)),
                    (_, state) => unreachable!("{self:?} does not read {state:?}"),
                }
            }
            Plain::Extreme(slot) => match states[slot] {
                State::Extreme(Value::Null) => Quick::Null,
                State::Extreme(Value::Int64(value)) => Quick::Int64(value),
                State::Extreme(Value::Float64(value)) => Quick::Float64(value),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// The value of one state of the less common kinds.
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
            (Plain::InOrder { made, limit, .. }, State::Places(places)) => {
                made.read(places, *limit)
            }
            (Plain::OfCounts { made, .. }, State::Histogram(histogram)) => made.read(histogram),
            (Plain::OfDistinct { made, .. }, State::Distinct(distinct)) => made.read(distinct),
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
            CoStatistic::Slope => moments.slope(),
            CoStatistic::Intercept => moments.intercept(),
            CoStatistic::R2 => moments.r2(),
        }
    }
}
