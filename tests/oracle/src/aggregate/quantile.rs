//! Exact percentiles: the value of a rank, and the real number between two values.
//!
//! `percentile_cont` stands at position `p (n - 1)` of the sorted values, counted from 0. Invariant:
//! real numbers are interpolated and subtracted exactly and rounded once. What is not finite decides
//! as it does in a sum of the two values between which the position lies. Deliberately absent: bins,
//! which `percentile.rs` has, and the limit of distinct values, which the caller looks at.

use crate::aggregate::percentile::{WHOLE_MILLIONTHS, index_of_rank};
use crate::aggregate::real;
use crate::aggregate::sums::{NotReal, Total, rounded};
use crate::exact::round;
use crate::feature::Aggregate;
use crate::value::Value;
use num_bigint::BigInt;
use num_rational::BigRational;

/// The percentages of the quartiles and of the median, in millionths.
const QUARTERS_MILLIONTHS: [u32; 3] = [250_000, 500_000, 750_000];

/// A percentile of some values, or the distance of two; null without values.
pub(super) fn quantile(aggregate: Aggregate, mut values: Vec<Value>) -> Value {
    use Aggregate as A;
    if values.is_empty() {
        return Value::Null;
    }
    values.sort_by(Value::order);
    let [lower, middle, upper] = QUARTERS_MILLIONTHS;
    let at = |millionths| interpolated(&values, millionths);
    let double = match aggregate {
        A::PercentileDisc { millionths, .. } => {
            return values.swap_remove(index_of_rank(values.len(), millionths));
        }
        A::PercentileCont { millionths, .. } => rounded(at(millionths)),
        A::Median { .. } => rounded(at(middle)),
        A::Iqr { .. } => difference(at(upper), at(lower)),
        other => panic!("{other:?} is no percentile"),
    };
    Value::Float64(double).canonical()
}

/// The number at a position of some values in ascending order.
fn interpolated(sorted: &[Value], millionths: u32) -> Total {
    let steps = u128::from(millionths) * (sorted.len() as u128 - 1);
    let (index, rest) = ((steps / WHOLE_MILLIONTHS) as usize, steps % WHOLE_MILLIONTHS);
    if rest == 0 {
        return real(&sorted[index]);
    }
    let part = BigRational::new(BigInt::from(rest), BigInt::from(WHOLE_MILLIONTHS));
    match (real(&sorted[index]), real(&sorted[index + 1])) {
        (Ok(low), Ok(high)) => Ok(&low + (high - &low) * part),
        (low, high) => {
            let mut not_real = NotReal::default();
            [low, high].into_iter().filter_map(Result::err).for_each(|x| not_real.add(x));
            Err(not_real.decide().expect("one of the two is not finite"))
        }
    }
}

/// `a - b`: real numbers are rounded once, else as IEEE 754 says.
fn difference(a: Total, b: Total) -> f64 {
    match (a, b) {
        (Ok(a), Ok(b)) => round(&(a - b)),
        (a, b) => rounded(a) - rounded(b),
    }
}
