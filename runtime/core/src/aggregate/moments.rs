//! Power sums of numbers, up to the second or the fourth power: variance, skewness, kurtosis.
//!
//! Laws: those of the integers, component by component. State: the count n, the exact sums S1 to S2
//! or S4 of the finite inputs' powers, and the number of inputs that are not finite. With `A = n S2
//! - S1^2`,
//!
//! ```text
//! var_pop  = A / n^2               var_samp = A / (n (n - 1))       stddev = sqrt(var)
//! skewness = B / A^(3/2)           B = n^2 S3 - 3 n S1 S2 + 2 S1^3
//! kurtosis = C / A^2 - 3           C = n^3 S4 - 4 n^2 S1 S3 + 6 n S1^2 S2 - 3 S1^4
//! ```
//!
//! which are the formulas over central moments, multiplied out (S17). Error bound: none; each is
//! the real number rounded once. Powers come from integer mantissas. Bytes: twice the count plus
//! the flag for NaN or an infinity, then the sums. Deliberately absent: a minimum count for
//! skewness and kurtosis; a single number has variance 0, which gives null, and a single NaN gives
//! NaN.

use super::bytes::{put_unsigned, unsigned};
use super::cross::Cross;
use super::exact::ExactSum;
use super::fixed::product;
use super::number::float_parts;
use super::rational::{Scaled, round_quotient, round_root};
use crate::value::NAN_64;

/// The highest power that is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Up to squares.
    Second,
    /// Up to fourth powers.
    Fourth,
}

/// Limbs of the sum of fourth powers: for amounts in cents it takes 212 bits at 64 exponents.
const FOURTH_LIMBS: usize = 6;

/// The power sums of some numbers.
#[derive(Clone, Debug)]
pub struct Moments {
    count: u64,
    /// Inputs that are NaN or infinite; counted, so that they can be subtracted again.
    not_finite: u64,
    first: ExactSum,
    second: ExactSum,
    higher: Option<Box<Higher>>,
}

#[derive(Clone, Debug)]
struct Higher {
    third: ExactSum,
    fourth: ExactSum<FOURTH_LIMBS>,
}

/// The bounds of the sum of `power`-th powers of doubles, which include those of integers.
const fn bounds(power: i64) -> (i64, i64) {
    (-1074 * power, 1024 * power + 64)
}

impl Moments {
    /// The moments of nothing.
    pub fn zero(order: Order) -> Moments {
        let higher = Higher { third: ExactSum::zero(), fourth: ExactSum::zero() };
        Moments {
            count: 0,
            not_finite: 0,
            first: ExactSum::zero(),
            second: ExactSum::zero(),
            higher: (order == Order::Fourth).then(|| Box::new(higher)),
        }
    }

    /// Adds an integer.
    #[inline]
    pub fn add_int(&mut self, value: i64) {
        self.count += 1;
        self.add_powers(value, 0);
    }

    /// Adds a double.
    #[inline]
    pub fn add_float(&mut self, value: f64) {
        self.count += 1;
        match float_parts(value) {
            Some((mantissa, exponent)) => self.add_powers(mantissa, exponent),
            None => self.not_finite += 1,
        }
    }

    #[inline]
    fn add_powers(&mut self, mantissa: i64, exponent: i64) {
        self.first.add(i128::from(mantissa), exponent);
        let square = i128::from(mantissa) * i128::from(mantissa);
        self.second.add(square, 2 * exponent);
        if let Some(higher) = &mut self.higher {
            let square = [square as u64, (square >> 64) as u64];
            let cube: [u64; 3] = product(&square, &[mantissa.unsigned_abs()]);
            higher.third.add_magnitude(mantissa < 0, &cube, 3 * exponent);
            let fourth: [u64; 4] = product(&square, &square);
            higher.fourth.add_magnitude(false, &fourth, 4 * exponent);
        }
    }

    /// Adds other moments of the same order.
    pub fn merge(&mut self, other: &Moments) {
        // Damaged bytes may hold any count; valid ones stay below 2^64.
        self.count = self.count.wrapping_add(other.count);
        self.not_finite = self.not_finite.wrapping_add(other.not_finite);
        self.first.merge(&other.first);
        self.second.merge(&other.second);
        if let (Some(own), Some(other)) = (&mut self.higher, &other.higher) {
            own.third.merge(&other.third);
            own.fourth.merge(&other.fourth);
        }
    }

    /// Subtracts moments that were merged into these. Inputs that are not finite are a count in
    /// memory but only a flag in bytes, so both moments must come from the numbers themselves, or
    /// from the same decoded states.
    pub fn subtract(&mut self, other: &Moments) {
        self.count = self.count.wrapping_sub(other.count);
        self.not_finite = self.not_finite.wrapping_sub(other.not_finite);
        self.first.subtract(&other.first);
        self.second.subtract(&other.second);
        if let (Some(own), Some(other)) = (&mut self.higher, &other.higher) {
            own.third.subtract(&other.third);
            own.fourth.subtract(&other.fourth);
        }
    }

    /// How many numbers were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// `A = n S2 - S1^2`: n^2 times the variance.
    fn spread(&self) -> Cross {
        Cross::new(self.count, &self.second, &self.first, &self.first)
    }

    /// The divisor of a variance, or `None` with too few inputs.
    fn divisor(&self, sample: bool) -> Option<u128> {
        let n = u128::from(self.count);
        let divisor = n * n.saturating_sub(u128::from(sample));
        (divisor > 0).then_some(divisor)
    }

    /// The result of `finish` with a variance's divisor, if there is one, or NaN.
    fn of_variance(&self, sample: bool, finish: impl FnOnce(Cross, u128) -> f64) -> Option<f64> {
        let divisor = self.divisor(sample)?;
        Some(if self.not_finite > 0 { NAN_64 } else { finish(self.spread(), divisor) })
    }

    /// The variance over n; null if empty.
    pub fn var_pop(&self) -> Option<f64> {
        self.of_variance(false, |spread, divisor| spread.round_quotient(divisor))
    }

    /// The variance over n - 1; null below two inputs.
    pub fn var_samp(&self) -> Option<f64> {
        self.of_variance(true, |spread, divisor| spread.round_quotient(divisor))
    }

    /// The square root of the variance over n; null if empty.
    pub fn stddev_pop(&self) -> Option<f64> {
        self.of_variance(false, |spread, divisor| spread.round_root(divisor))
    }

    /// The square root of the variance over n - 1; null below two inputs.
    pub fn stddev_samp(&self) -> Option<f64> {
        self.of_variance(true, |spread, divisor| spread.round_root(divisor))
    }

    /// The result of `finish` over S1 to S4 and A; null if empty or if the variance is 0.
    fn of_higher(&self, finish: impl FnOnce([Scaled; 4], Scaled) -> f64) -> Option<f64> {
        let higher = self.higher.as_ref()?;
        if self.count == 0 {
            return None;
        }
        if self.not_finite > 0 {
            return Some(NAN_64);
        }
        let spread = self.spread();
        if spread.is_zero() {
            return None;
        }
        let sums = [
            self.first.scaled(),
            self.second.scaled(),
            higher.third.scaled(),
            higher.fourth.scaled(),
        ];
        Some(finish(sums, spread.scaled()))
    }

    /// The third standardised moment, `sign(B) sqrt(B^2 / A^3)`; null if empty or without
    /// variance, and for moments of the second order.
    pub fn skewness(&self) -> Option<f64> {
        let n = self.count;
        self.of_higher(|[s1, s2, s3, _], a| {
            let plus = &(&(&s3 * n) * n) + &(&(&s1.squared() * &s1) * 2);
            let b = &plus - &(&(&(&s1 * &s2) * n) * 3);
            round_root(b.is_negative(), &b.squared(), &(&a.squared() * &a))
        })
    }

    /// The fourth standardised moment less 3, `(C - 3 A^2) / A^2`; null if empty or without
    /// variance, and for moments of the second order.
    pub fn kurtosis(&self) -> Option<f64> {
        let n = self.count;
        self.of_higher(|[s1, s2, s3, s4], a| {
            let s1_squared = s1.squared();
            // C = n (n (n S4 - 4 S1 S3) + 6 S1^2 S2) - 3 S1^4
            let inner = &(&s4 * n) - &(&(&s1 * &s3) * 4);
            let inner = &(&inner * n) + &(&(&s1_squared * &s2) * 6);
            let c = &(&inner * n) - &(&s1_squared.squared() * 3);
            let a_squared = a.squared();
            round_quotient(&(&c - &(&a_squared * 3)), &a_squared)
        })
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_unsigned(u128::from(self.count) << 1 | u128::from(self.not_finite > 0), out);
        self.first.encode(out);
        self.second.encode(out);
        if let Some(higher) = &self.higher {
            higher.third.encode(out);
            higher.fourth.encode(out);
        }
    }

    /// Reads what [`Moments::encode`] wrote of moments of this order; `None` if the bytes are not
    /// canonical.
    pub fn decode(order: Order, bytes: &mut &[u8]) -> Option<Moments> {
        let header = unsigned(bytes)?;
        let count = u64::try_from(header >> 1).ok()?;
        let not_finite = u64::from(header & 1 == 1);
        if not_finite > count {
            return None;
        }
        let (one, two) = (bounds(1), bounds(2));
        let first = ExactSum::decode(bytes, one.0, one.1)?;
        let second = ExactSum::decode(bytes, two.0, two.1)?;
        let higher = match order {
            Order::Second => None,
            Order::Fourth => {
                let (three, four) = (bounds(3), bounds(4));
                let third = ExactSum::decode(bytes, three.0, three.1)?;
                let fourth = ExactSum::decode(bytes, four.0, four.1)?;
                Some(Box::new(Higher { third, fourth }))
            }
        };
        Some(Moments { count, not_finite, first, second, higher })
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid, encoded, merged};
    use super::super::nearest::{any_number, check_nearest, check_nearest_root, integer, real};
    use super::super::number::Number;
    use super::*;
    use num_rational::BigRational;
    use proptest::prelude::*;

    impl Lawful for Moments {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            self.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            let order = if self.higher.is_some() { Order::Fourth } else { Order::Second };
            Moments::decode(order, bytes)
        }
    }

    const ORDERS: [Order; 2] = [Order::Second, Order::Fourth];

    fn numbers() -> impl Strategy<Value = Vec<Number>> {
        prop_oneof![
            prop::collection::vec(any_number(), 0..8),
            // Few distinct values, so that variances are 0 and results are exact.
            prop::collection::vec((-2i64..3).prop_map(Number::Int), 0..8),
            prop::collection::vec(
                (-90i32..90).prop_map(|x| Number::Float(f64::from(x) / 10.0)),
                0..8
            ),
        ]
    }

    fn fold<'a>(order: Order, numbers: impl IntoIterator<Item = &'a Number>) -> Moments {
        let mut moments = Moments::zero(order);
        for number in numbers {
            match *number {
                Number::Int(value) => moments.add_int(value),
                Number::Float(value) => moments.add_float(value),
            }
        }
        moments
    }

    /// `(1/n) sum (x - mean)^power` by the definition.
    fn central(numbers: &[BigRational], power: i32) -> BigRational {
        let n = integer(numbers.len());
        let mean = numbers.iter().sum::<BigRational>() / &n;
        numbers.iter().map(|x| (x - &mean).pow(power)).sum::<BigRational>() / n
    }

    /// Checks all results over finite numbers against the definition.
    fn check_values(numbers: &[Number]) {
        let reals: Vec<BigRational> = numbers
            .iter()
            .map(|number| match *number {
                Number::Int(value) => integer(value),
                Number::Float(value) => real(value),
            })
            .collect();
        let moments = fold(Order::Fourth, numbers);
        let n = reals.len();
        assert_eq!(moments.count(), n as u64);
        if n == 0 {
            assert_eq!((moments.var_pop(), moments.stddev_pop()), (None, None));
            assert_eq!((moments.skewness(), moments.kurtosis()), (None, None));
            return;
        }
        let (m2, one) = (central(&reals, 2), integer(1));
        check_nearest(moments.var_pop().unwrap(), &m2);
        check_nearest_root(moments.stddev_pop().unwrap(), &one, &m2);
        if n == 1 {
            assert_eq!((moments.var_samp(), moments.stddev_samp()), (None, None));
        } else {
            let sample = &m2 * integer(n) / integer(n - 1);
            check_nearest(moments.var_samp().unwrap(), &sample);
            check_nearest_root(moments.stddev_samp().unwrap(), &one, &sample);
        }
        if m2 == integer(0) {
            assert_eq!((moments.skewness(), moments.kurtosis()), (None, None));
        } else {
            let m3 = central(&reals, 3);
            let squared = &m3 * &m3 / (&m2 * &m2 * &m2);
            check_nearest_root(moments.skewness().unwrap(), &m3, &squared);
            let excess = central(&reals, 4) / (&m2 * &m2) - integer(3);
            check_nearest(moments.kurtosis().unwrap(), &excess);
        }
        let second = fold(Order::Second, numbers);
        assert_eq!(second.var_pop().map(f64::to_bits), moments.var_pop().map(f64::to_bits));
        assert_eq!((second.skewness(), second.kurtosis()), (None, None));
    }

    proptest! {
        /// Goal: the laws of S1, for both orders, and that a subtraction undoes a merge.
        #[test]
        fn s01_moments_are_a_commutative_group(a in numbers(), b in numbers(), c in numbers()) {
            for order in ORDERS {
                let (x, y, z) = (fold(order, &a), fold(order, &b), fold(order, &c));
                check_monoid(&Moments::zero(order), [&x, &y, &z]);
                let whole: Vec<Number> = [&a[..], &b[..]].concat();
                prop_assert_eq!(encoded(&fold(order, whole.iter().rev())), encoded(&merged(&x, &y)));
                let mut back = merged(&x, &y);
                back.subtract(&y);
                prop_assert_eq!(encoded(&back), encoded(&x));
            }
        }

        /// Goal: no bytes cause a panic, and each state has one encoding.
        #[test]
        fn s01_moments_bytes_are_canonical(
            numbers in numbers(), noise in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            for order in ORDERS {
                check_bytes(&Moments::zero(order), &fold(order, &numbers), &noise);
            }
        }

        /// Goal: each result is the real number of its formula, rounded once. Method: rationals,
        /// by central moments.
        #[test]
        fn s17_moments_are_rounded_once(numbers in numbers()) {
            let finite = |number: &Number| number.parts().is_some();
            check_values(&numbers.into_iter().filter(finite).collect::<Vec<_>>());
        }
    }

    /// Goal: results are right at the ends of the range and after cancellation, and exact ones are
    /// exact.
    #[test]
    fn s17_moments_at_the_ends() {
        let floats = |values: &[f64]| values.iter().map(|&x| Number::Float(x)).collect::<Vec<_>>();
        for numbers in [
            floats(&[f64::MAX, f64::MIN]),
            floats(&[f64::MAX, 5e-324, 0.0]),
            floats(&[5e-324, -5e-324, -0.0]),
            floats(&[1e16, 1e16 + 2.0, 1e16 + 4.0]),
            floats(&[0.1, 0.1, 0.1]),
            floats(&[3.0, 3.0, 3.0, 7.0]),
            vec![Number::Int(i64::MIN), Number::Int(i64::MAX), Number::Float(1e-300)],
            vec![Number::Int(i64::MIN); 3],
            vec![Number::Int(i64::MIN), Number::Int(i64::MIN), Number::Int(i64::MIN + 1)],
        ] {
            check_values(&numbers);
        }
        let moments = fold(Order::Fourth, &floats(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]));
        assert_eq!((moments.var_pop(), moments.stddev_pop()), (Some(4.0), Some(2.0)));
        assert_eq!((moments.skewness(), moments.kurtosis()), (Some(0.65625), Some(-0.21875)));
    }

    /// Goal: a value that is not finite gives NaN, but too few inputs give null first (S17).
    #[test]
    fn s17_moments_of_what_is_not_finite() {
        for special in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut moments = fold(Order::Fourth, &[Number::Float(special)]);
            assert!(moments.var_pop().unwrap().is_nan() && moments.skewness().unwrap().is_nan());
            assert_eq!((moments.var_samp(), moments.stddev_samp()), (None, None));
            moments.add_int(1);
            assert_eq!(moments.stddev_samp().map(f64::to_bits), Some(NAN_64.to_bits()));
            assert!(moments.kurtosis().unwrap().is_nan());
        }
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        let golden = |order, numbers: &[Number]| encoded(&fold(order, numbers));
        assert_eq!(golden(Order::Second, &[]), [0, 0, 0, 0, 0]);
        assert_eq!(
            golden(Order::Second, &[Number::Int(3), Number::Float(-0.5)]),
            [4, 1, 2, 5, 3, 2, 37]
        );
        assert_eq!(
            golden(Order::Fourth, &[Number::Int(-2), Number::Float(f64::NAN)]),
            [5, 2, 3, 1, 4, 2, 1, 6, 3, 1, 8, 2, 1]
        );
    }
}
