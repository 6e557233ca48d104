//! Variance, skewness, kurtosis, covariance, correlation and regression: exact, rounded once (S17).
//!
//! With `d = n x - S1`, which is `n` times the deviation from the mean, over inputs at one exponent
//! `x = i * 2^e` all is in integers:
//!
//!     m2 = sum d^2 / n^3    skewness = sqrt(n) sum d^3 / (sum d^2)^(3/2)
//!     covariance = sum dx dy / n^3    kurtosis = n sum d^4 / (sum d^2)^2 - 3
//!
//!     slope = sum dx dy / sum dx^2    intercept = mean of y - slope * mean of x
//!
//! A sample's variance has `n^2 (n - 1)` in place of `n^3`. Invariant: too few inputs are null
//! first, then one that is not finite is NaN, then no variance is null. Deliberately absent: floats.

use crate::aggregate::{real, sums};
use crate::exact::{round, round_sqrt, scaled};
use crate::feature::Aggregate;
use crate::value::Value;
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;

const NAN: Value = Value::Float64(f64::from_bits(0x7ff8_0000_0000_0000));

/// `n` times the deviations of `n` inputs from their mean, as `integers[i] * 2^exponent`.
struct Deviations {
    integers: Vec<BigInt>,
    exponent: i64,
}

impl Deviations {
    /// None if an input is not finite.
    fn new(values: &[Value]) -> Option<Deviations> {
        let reals: Vec<BigRational> = values.iter().map(real).collect::<Result<_, _>>().ok()?;
        // Numbers are integers over powers of two; the greatest power serves all.
        let exponent = -reals.iter().map(|x| x.denom().bits() as i64 - 1).max().unwrap_or(0);
        let power = scaled(BigInt::from(1), -exponent);
        let integers: Vec<BigInt> = reals.iter().map(|x| (x * &power).to_integer()).collect();
        let sum: BigInt = integers.iter().sum();
        let count = BigInt::from(values.len());
        Some(Deviations {
            integers: integers.iter().map(|x| x * &count - &sum).collect(),
            exponent,
        })
    }

    /// The sum of the integers' powers.
    fn powers(&self, power: u32) -> BigInt {
        self.integers.iter().map(|d| d.pow(power)).sum()
    }

    /// The sum of the integers' products with those of another.
    fn products(&self, other: &Deviations) -> BigInt {
        self.integers.iter().zip(&other.integers).map(|(x, y)| x * y).sum()
    }
}

/// An aggregate of one column's second or a higher moment.
pub(super) fn of_one(aggregate: Aggregate, values: &[Value]) -> Value {
    use Aggregate as A;
    let n = BigInt::from(values.len());
    let least = if matches!(aggregate, A::VarSamp | A::StddevSamp) { 2 } else { 1 };
    if values.len() < least {
        return Value::Null;
    }
    let Some(deviations) = Deviations::new(values) else { return NAN };
    let squares = deviations.powers(2);
    let variance = |divisor: BigInt| {
        scaled(squares.clone(), 2 * deviations.exponent) / BigRational::from_integer(divisor)
    };
    let (of_all, of_sample) = (n.pow(3), n.pow(2) * (&n - 1));
    let no_variance = squares.sign() == Sign::NoSign;
    Value::Float64(match aggregate {
        A::VarPop => round(&variance(of_all)),
        A::VarSamp => round(&variance(of_sample)),
        A::StddevPop => round_sqrt(&variance(of_all)),
        A::StddevSamp => round_sqrt(&variance(of_sample)),
        _ if no_variance => return Value::Null,
        A::Skewness => {
            let cubes = deviations.powers(3);
            let square = BigRational::new(n * cubes.pow(2), squares.pow(3));
            signed(round_sqrt(&square), &cubes)
        }
        A::Kurtosis => {
            let three = BigRational::from_integer(BigInt::from(3));
            round(&(BigRational::new(n * deviations.powers(4), squares.pow(2)) - three))
        }
        other => panic!("{other:?} is no moment of one column"),
    })
}

/// An aggregate of two columns' common second moment.
pub(super) fn of_two(aggregate: Aggregate, x: &[Value], y: &[Value]) -> Value {
    use Aggregate as A;
    let n = BigInt::from(x.len());
    let least = if matches!(aggregate, A::CovarSamp { .. }) { 2 } else { 1 };
    if x.len() < least {
        return Value::Null;
    }
    let (Some(x), Some(y)) = (Deviations::new(x), Deviations::new(y)) else { return NAN };
    let products = x.products(&y);
    let covariance = |divisor: BigInt| {
        let sum = scaled(products.clone(), x.exponent + y.exponent);
        round(&(sum / BigRational::from_integer(divisor)))
    };
    Value::Float64(match aggregate {
        A::CovarPop { .. } => covariance(n.pow(3)),
        A::CovarSamp { .. } => covariance(n.pow(2) * (&n - 1)),
        A::Corr { .. } => {
            let variances = x.powers(2) * y.powers(2);
            if variances.sign() == Sign::NoSign {
                return Value::Null;
            }
            let square = BigRational::new(products.pow(2), variances);
            signed(round_sqrt(&square), &products)
        }
        other => panic!("{other:?} is no moment of two columns"),
    })
}

/// An aggregate of the line through some points.
pub(super) fn of_line(aggregate: Aggregate, x: &[Value], y: &[Value]) -> Value {
    use Aggregate as A;
    if x.is_empty() {
        return Value::Null;
    }
    let (Some(dx), Some(dy)) = (Deviations::new(x), Deviations::new(y)) else { return NAN };
    let (products, of_x, of_y) = (dx.products(&dy), dx.powers(2), dy.powers(2));
    if of_x.sign() == Sign::NoSign {
        return Value::Null;
    }
    let slope = || {
        BigRational::new(products.clone(), of_x.clone())
            * scaled(BigInt::from(1), dy.exponent - dx.exponent)
    };
    Value::Float64(match aggregate {
        A::RegrSlope { .. } => round(&slope()),
        A::RegrIntercept { .. } => round(&(mean(y) - slope() * mean(x))),
        A::RegrR2 { .. } if of_y.sign() == Sign::NoSign => 1.0,
        A::RegrR2 { .. } => round(&BigRational::new(products.pow(2), of_x * of_y)),
        other => panic!("{other:?} has no line"),
    })
}

/// The mean of finite numbers, at least one.
fn mean(values: &[Value]) -> BigRational {
    let total = sums::total(values).expect("a number that is not finite was told before");
    total / BigRational::from_integer(BigInt::from(values.len()))
}

/// A root with the sign of what was squared.
fn signed(root: f64, of: &BigInt) -> f64 {
    if of.sign() == Sign::Minus { -root } else { root }
}
