//! The quotient of two counts, sums or means, rounded once (S17), and the rate.
//!
//! Invariant: `a / b` of finite exact values is the double nearest to the real quotient; a sum that
//! exceeds its own type still counts with its exact value here. If a value of an operand is NaN or
//! infinite, the result is the IEEE quotient of the two rounded operands. It is null if an operand
//! is null or the divisor is 0. Deliberately absent: a state; it reads the states of other
//! aggregates.

use super::decimal_sum::DecimalSum;
use super::float_sum::FloatSum;
use super::int_sum::IntSum;
use super::leading::Leading;
use super::rational::{Scaled, round_quotient};
use crate::value::{canonical_f64, power_of_ten};

/// The count or sum of an operand.
#[derive(Clone, Copy, Debug)]
pub enum Total<'a> {
    /// A count.
    Count(u64),
    /// A sum of integers.
    Int(IntSum),
    /// A sum of decimals of this scale.
    Decimal(DecimalSum, u8),
    /// A sum of floats.
    Float(&'a FloatSum),
}

/// A count, sum or mean that is not null.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    total: Total<'a>,
    divisor: u64,
}

impl<'a> Operand<'a> {
    /// A count.
    pub fn count(count: u64) -> Operand<'a> {
        Operand { total: Total::Count(count), divisor: 1 }
    }

    /// A sum of `count` values; null if there are none.
    pub fn sum(total: Total<'a>, count: u64) -> Option<Operand<'a>> {
        (count > 0).then_some(Operand { total, divisor: 1 })
    }

    /// A mean of `count` values; null if there are none.
    pub fn mean(total: Total<'a>, count: u64) -> Option<Operand<'a>> {
        (count > 0).then_some(Operand { total, divisor: count })
    }

    /// The sum of the integers, if they are integers.
    fn integer(&self) -> Option<i128> {
        match self.total {
            Total::Count(count) => Some(i128::from(count)),
            Total::Int(sum) => Some(sum.exact()),
            Total::Decimal(..) | Total::Float(_) => None,
        }
    }

    fn special(&self) -> Option<f64> {
        match self.total {
            Total::Float(sum) => sum.special(),
            _ => None,
        }
    }

    /// The integer by which [`Operand::leading`] and [`Operand::scaled`] are divided, besides the
    /// count of a mean.
    fn unit(&self) -> Scaled {
        Scaled::from(match self.total {
            Total::Decimal(_, scale) => power_of_ten(scale).unsigned_abs(),
            _ => 1,
        })
    }

    fn leading(&self) -> Leading {
        match self.total {
            Total::Decimal(sum, _) => sum.scaled().leading(),
            Total::Count(count) => Leading::integer(i128::from(count)),
            Total::Int(sum) => Leading::integer(sum.exact()),
            Total::Float(sum) => sum.leading(),
        }
    }

    fn scaled(&self) -> Scaled {
        match self.total {
            Total::Count(count) => Scaled::from(u128::from(count)),
            Total::Int(sum) => Scaled::new(sum.exact(), 0),
            Total::Decimal(sum, _) => sum.scaled(),
            Total::Float(sum) => sum.scaled(),
        }
    }

    /// The operand as the value of a feature of its own, except that a sum of integers cannot
    /// overflow.
    fn rounded(&self) -> f64 {
        self.special().unwrap_or_else(|| match self.total {
            Total::Decimal(..) => round_quotient(&self.scaled(), &(&self.unit() * self.divisor)),
            _ => self.leading().round_quotient(self.divisor),
        })
    }
}

/// `a / b`.
pub fn ratio(a: Option<Operand>, b: Option<Operand>) -> Option<f64> {
    let (a, b) = (a?, b?);
    if b.special().is_none() && b.leading().is_zero() {
        return None;
    }
    if a.special().is_some() || b.special().is_some() {
        return Some(canonical_f64(a.rounded() / b.rounded()));
    }
    // (p / c) / (q / d) = (p d) / (q c)
    let whole = b.integer().filter(|_| b.divisor == 1 && !matches!(a.total, Total::Decimal(..)));
    let short = whole.and_then(|q| {
        let divisor = q.unsigned_abs().checked_mul(u128::from(a.divisor))?;
        Some((q < 0, u64::try_from(divisor).ok()?))
    });
    if let Some((negative, divisor)) = short {
        let leading = a.leading();
        let negative = leading.negative != negative;
        return Some(Leading { negative, ..leading }.round_quotient(divisor));
    }
    let top = &(&a.scaled() * b.divisor) * &b.unit();
    let bottom = &(&b.scaled() * a.divisor) * &a.unit();
    Some(round_quotient(&top, &bottom))
}

/// `count * unit / span`, rounded once; null if the span is not positive.
pub fn rate(count: u64, unit_us: u64, span_us: i64) -> Option<f64> {
    let span_us = u64::try_from(span_us).ok().filter(|&span| span > 0)?;
    let magnitude = u128::from(count) * u128::from(unit_us);
    let events = Leading { negative: false, magnitude, exponent: 0, sticky: false };
    Some(events.round_quotient(span_us))
}

#[cfg(test)]
mod tests {
    use super::super::nearest::{any_double, any_integer, check_nearest, integer, real};
    use super::*;
    use num_rational::BigRational;
    use proptest::prelude::*;

    /// The inputs of an operand.
    #[derive(Clone, Debug)]
    enum Input {
        Count(u64),
        Ints(Vec<i64>),
        Decimals(Vec<i64>, u8),
        Floats(Vec<f64>),
    }

    fn input() -> impl Strategy<Value = Input> {
        prop_oneof![
            prop_oneof![0u64..5, any::<u64>()].prop_map(Input::Count),
            prop::collection::vec(any_integer(), 0..5).prop_map(Input::Ints),
            (prop::collection::vec(any_integer(), 0..5), 0u8..=38)
                .prop_map(|(values, scale)| Input::Decimals(values, scale)),
            prop::collection::vec(any_double(), 0..5).prop_map(Input::Floats),
        ]
    }

    /// Calls `read` with the operand, whether it is null, and its value by rationals if it is
    /// finite.
    fn with_operand<R>(
        input: &Input,
        mean: bool,
        read: impl FnOnce(Option<Operand>, Option<BigRational>) -> R,
    ) -> R {
        let make = |total, count| {
            if mean { Operand::mean(total, count) } else { Operand::sum(total, count) }
        };
        let over = |sum: BigRational, count: usize| {
            if mean { sum / integer(count.max(1)) } else { sum }
        };
        match input {
            Input::Count(count) => read(Some(Operand::count(*count)), Some(integer(*count))),
            Input::Ints(values) => {
                let mut sum = IntSum::default();
                values.iter().for_each(|&value| sum.add(value));
                let exact = values.iter().map(|&value| integer(value)).sum();
                read(make(Total::Int(sum), values.len() as u64), Some(over(exact, values.len())))
            }
            Input::Decimals(values, scale) => {
                let mut sum = DecimalSum::default();
                values.iter().for_each(|&value| sum.add(value.into()));
                let exact: BigRational = values.iter().map(|&value| integer(value)).sum();
                let exact = exact / integer(power_of_ten(*scale));
                let total = Total::Decimal(sum, *scale);
                read(make(total, values.len() as u64), Some(over(exact, values.len())))
            }
            Input::Floats(values) => {
                let mut sum = FloatSum::zero();
                values.iter().for_each(|&value| sum.add(value));
                let finite = values.iter().all(|value| value.is_finite());
                let exact = finite.then(|| values.iter().map(|&value| real(value)).sum());
                let exact = exact.map(|exact| over(exact, values.len()));
                read(make(Total::Float(&sum), values.len() as u64), exact)
            }
        }
    }

    proptest! {
        /// Goal: a ratio is the real quotient rounded once, null where it must be, and an IEEE
        /// quotient where an operand is not finite. Method: rationals.
        #[test]
        fn s17_ratios_are_rounded_once(
            a in input(), b in input(), mean_a in any::<bool>(), mean_b in any::<bool>(),
        ) {
            with_operand(&a, mean_a, |a, exact_a| with_operand(&b, mean_b, |b, exact_b| {
                let got = ratio(a, b);
                match (a, b, exact_a, exact_b) {
                    (None, ..) | (_, None, ..) => assert_eq!(got, None),
                    (_, _, _, Some(divisor)) if divisor == integer(0) => assert_eq!(got, None),
                    (_, _, Some(a), Some(b)) => check_nearest(got.unwrap(), &(a / b)),
                    (Some(a), Some(b), ..) => {
                        let ieee = canonical_f64(a.rounded() / b.rounded());
                        assert_eq!(got.unwrap().to_bits(), ieee.to_bits());
                    }
                }
            }));
        }

        /// Goal: a rate is rounded once. Method: rationals.
        #[test]
        fn s17_rates_are_rounded_once(count: u64, unit in 1u64..1 << 62, span in 1i64..i64::MAX) {
            let want = integer(count) * integer(unit) / integer(span);
            check_nearest(rate(count, unit, span).unwrap(), &want);
        }
    }

    /// Goal: the cases of the contract. Method: one each.
    #[test]
    fn s17_ratios_of_special_operands() {
        let floats = |values: &[f64]| {
            let mut sum = FloatSum::zero();
            values.iter().for_each(|&value| sum.add(value));
            sum
        };
        let infinite = floats(&[f64::INFINITY]);
        let over = floats(&[f64::MAX, f64::MAX]);
        let of = |sum| Operand::sum(Total::Float(sum), 1);
        assert_eq!(ratio(Some(Operand::count(3)), of(&infinite)), Some(0.0));
        assert_eq!(ratio(of(&infinite), Some(Operand::count(2))), Some(f64::INFINITY));
        assert_eq!(ratio(of(&infinite), Some(Operand::count(0))), None);
        assert!(ratio(of(&infinite), of(&infinite)).unwrap().is_nan());
        // Beyond the range of its type, but finite: exact.
        assert_eq!(ratio(of(&over), of(&over)), Some(1.0));
        assert_eq!(ratio(of(&over), Some(Operand::count(2))), Some(f64::MAX));
        assert_eq!(rate(3, 86_400_000_000, 0), None);
        assert_eq!(rate(3, 86_400_000_000, 7 * 86_400_000_000), Some(3.0 / 7.0));
        assert_eq!(rate(0, 1, 1), Some(0.0));
    }
}
