//! Sums and means of vectors, element by element, on a grid (docs/FEATURES.md).
//!
//! Each element is rounded to a multiple of `2^grid`, to nearest and ties to even, then all is exact
//! until one last rounding. Invariant: a value that [`check`] refuses makes its row bad (S8) and is
//! never summed. Deliberately absent: nulls within a vector, which make it bad.

use crate::exact::{rational_of, round, scaled};
use crate::outcome::Outcome;
use crate::value::Value;
use num_bigint::BigInt;
use num_rational::BigRational;

/// The most vectors in one value.
const VECTORS_MAX: usize = 1 << 22;
/// Elements lie within plus and minus `2^(grid + this)`.
const RANGE_BITS: i64 = 40;

/// Whether a value of the column makes its row bad, and why. A null in place of the list does not.
pub(crate) fn check(value: &Value, length: usize, grid: i32) -> Result<(), String> {
    let elements = match value {
        Value::Null => return Ok(()),
        Value::List(elements) => elements,
        other => return Err(format!("{other} is no vector")),
    };
    if elements.len() != length {
        return Err(format!("a vector has {} elements, not {length}", elements.len()));
    }
    let limit = scaled(BigInt::from(1), i64::from(grid) + RANGE_BITS);
    for element in elements {
        let x = double(element).ok_or_else(|| format!("{element} is no finite float"))?;
        let x = rational_of(x);
        if x > limit || x < -&limit {
            return Err(format!("{element} lies beyond 2^{}", i64::from(grid) + RANGE_BITS));
        }
    }
    Ok(())
}

/// The sum of each element.
pub(crate) fn sum(vectors: &[Value], length: usize, grid: i32) -> Outcome {
    finish(vectors, length, grid, &BigInt::from(1), VECTORS_MAX)
}

/// The mean of each element.
pub(crate) fn mean(vectors: &[Value], length: usize, grid: i32) -> Outcome {
    finish(vectors, length, grid, &BigInt::from(vectors.len()), VECTORS_MAX)
}

fn finish(vectors: &[Value], length: usize, grid: i32, divisor: &BigInt, most: usize) -> Outcome {
    if vectors.is_empty() {
        return Outcome::null();
    }
    if vectors.len() > most {
        return Outcome::overflow();
    }
    let mut sums = vec![BigInt::from(0); length];
    for vector in vectors {
        check(vector, length, grid).expect("a row of a bad vector does not count");
        let Value::List(elements) = vector else { continue };
        for (sum, element) in sums.iter_mut().zip(elements) {
            *sum += on_grid(double(element).expect("checked to be finite"), grid);
        }
    }
    let divisor = BigRational::from_integer(divisor.clone());
    let element = |sum: BigInt| round(&(scaled(sum, i64::from(grid)) / &divisor));
    Outcome::of(Value::List(sums.into_iter().map(|s| Value::Float64(element(s))).collect()))
}

/// A finite float; singles widen exactly.
fn double(element: &Value) -> Option<f64> {
    match element {
        Value::Float32(x) => Some(f64::from(*x)),
        Value::Float64(x) => Some(*x),
        _ => None,
    }
    .filter(|x| x.is_finite())
}

/// The multiple of `2^grid` nearest to `x`, of two the even one.
fn on_grid(x: f64, grid: i32) -> BigInt {
    let units = rational_of(x) * scaled(BigInt::from(1), -i64::from(grid));
    let below = units.floor().to_integer();
    let rest = units - BigRational::from_integer(below.clone());
    let half = scaled(BigInt::from(1), -1);
    if rest > half || (rest == half && below.bit(0)) { below + 1 } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::same_bits;

    fn vector(elements: &[f64]) -> Value {
        Value::List(elements.iter().map(|x| Value::Float64(*x)).collect())
    }

    /// Goal: ties to even on the grid, on both sides of zero. Method: quarters on a grid of halves.
    #[test]
    fn elements_round_to_the_grid() {
        for (x, units) in
            [(0.25, 0), (0.75, 2), (-0.25, 0), (-0.75, -2), (0.3, 1), (-0.3, -1), (1.25, 2)]
        {
            assert_eq!(on_grid(x, -1), BigInt::from(units), "{x}");
        }
        assert_eq!(on_grid(5e-324, 900), BigInt::from(0));
        assert_eq!(on_grid(6.0, 2), BigInt::from(2));
        assert_eq!(on_grid(10.0, 2), BigInt::from(2));
    }

    /// Goal: what makes a row bad. Method: one bad vector of each sort, and both ends of the range.
    #[test]
    fn s08_bad_vectors_are_refused() {
        let end = f64::from(2_u32).powi(20);
        assert_eq!(check(&vector(&[end, -end]), 2, -20), Ok(()));
        assert_eq!(check(&Value::Null, 2, -20), Ok(()));
        assert_eq!(check(&Value::List(vec![Value::Float32(1.5)]), 1, -20), Ok(()));
        let beyond = f64::from_bits(end.to_bits() + 1);
        for bad in [&[end, beyond][..], &[-beyond, 0.0], &[1.0], &[1.0; 3], &[f64::NAN, 0.0]] {
            assert!(check(&vector(bad), 2, -20).is_err(), "{bad:?}");
        }
        assert!(check(&vector(&[f64::NEG_INFINITY]), 1, -20).is_err());
        assert!(check(&Value::List(vec![Value::Null]), 1, -20).is_err());
        assert!(check(&Value::Int64(1), 1, -20).is_err());
    }

    /// Goal: too many vectors overflow. Method: the limit lowered, so that a test can reach it.
    #[test]
    fn s18_too_many_vectors_overflow() {
        let three = vec![vector(&[0.3, 1e5]); 3];
        let one = BigInt::from(1);
        let found = finish(&three, 2, -2, &one, 3);
        assert!(same_bits(&found.value, &vector(&[0.75, 3e5])) && !found.overflow);
        let found = finish(&three, 2, -2, &one, 2);
        assert!(found.value.is_null() && found.overflow);
    }
}
