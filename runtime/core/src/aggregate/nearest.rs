//! Real numbers for the tests: big rationals, and a check that a double is the nearest one.
//!
//! Invariant: no function here shares code with the exact states; a double is decoded by the
//! definition of IEEE 754, and a result is compared with its neighbours. Deliberately absent:
//! rounding.

use super::number::Number;
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

/// The real number that a finite double is.
pub(crate) fn real(value: f64) -> BigRational {
    assert!(value.is_finite(), "{value} is not a real number");
    let field = (value.to_bits() >> 52 & 0x7ff) as i32;
    let fraction = BigInt::from(value.to_bits() & ((1 << 52) - 1));
    let magnitude = match field {
        0 => BigRational::from(fraction) * power(-1074),
        _ => BigRational::from(fraction + (BigInt::from(1) << 52)) * power(field - 1075),
    };
    if value.is_sign_negative() { -magnitude } else { magnitude }
}

/// An integer as a real number.
pub(crate) fn integer(value: impl Into<BigInt>) -> BigRational {
    BigRational::from(value.into())
}

/// `2^exponent`.
pub(crate) fn power(exponent: i32) -> BigRational {
    let power = BigRational::from(BigInt::from(1) << exponent.unsigned_abs());
    if exponent < 0 { power.recip() } else { power }
}

/// The real number in the middle between a double and the next one above; beyond the greatest
/// double the next is 2^1024.
fn middle_above(value: f64) -> BigRational {
    let above = if value == f64::MAX { power(1024) } else { real(value.next_up()) };
    (real(value) + above) / integer(2)
}

/// Whether the magnitude `got` is nearest to a real number; `compare(x)` returns how that number
/// compares to `x`.
fn is_nearest(got: f64, compare: impl Fn(&BigRational) -> std::cmp::Ordering) -> bool {
    let even = got.to_bits() & 1 == 0;
    let above = |middle: &BigRational, at_tie: bool| {
        compare(middle).is_gt() || (compare(middle).is_eq() && at_tie)
    };
    let below = |middle: &BigRational| compare(middle).is_lt() || (compare(middle).is_eq() && even);
    if got == f64::INFINITY {
        return above(&middle_above(f64::MAX), true);
    }
    let high_enough = got == 0.0 || above(&middle_above(got.next_down()), even);
    high_enough && below(&middle_above(got))
}

/// Checks that `got` is the double nearest to `want`, ties to even.
pub(crate) fn check_nearest(got: f64, want: &BigRational) {
    let zero = integer(0);
    let magnitude = if *want < zero { -want.clone() } else { want.clone() };
    assert_eq!(got.is_sign_negative(), *want < zero, "sign of {got:?}");
    assert!(is_nearest(got.abs(), |x| magnitude.cmp(x)), "{got:?} is not nearest to {want}");
}

/// Checks that `got` is the double nearest to the square root of `want`, with the sign of `sign`.
pub(crate) fn check_nearest_root(got: f64, sign: &BigRational, want: &BigRational) {
    let zero = integer(0);
    assert_eq!(got.is_sign_negative(), *sign < zero, "sign of {got:?}");
    let near =
        is_nearest(got.abs(), |x| if *x < zero { want.cmp(&zero) } else { want.cmp(&(x * x)) });
    assert!(near, "{got:?} is not nearest to the square root of {want}");
}

/// Doubles of every kind: any bits, amounts in cents, small integers, the ends, the special ones.
pub(crate) fn any_double() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<u64>().prop_map(f64::from_bits),
        4 => (-100_000i32..100_000).prop_map(|cents| f64::from(cents) / 100.0),
        2 => (-5i32..5).prop_map(f64::from),
        2 => finite_edge(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
    ]
}

/// The finite doubles at the ends of the range.
fn finite_edge() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.0, -0.0, f64::MAX, f64::MIN, 5e-324, -5e-324, 2.3e-308, 1e-300])
}

/// Integers of every size.
pub(crate) fn any_integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => any::<i64>(),
        3 => -1000i64..1000,
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1]),
    ]
}

/// Numbers of every kind.
pub(crate) fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![any_double().prop_map(Number::Float), any_integer().prop_map(Number::Int)]
}
