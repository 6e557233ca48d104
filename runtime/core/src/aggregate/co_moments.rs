//! Power sums of pairs of numbers: covariance, correlation, and the regression of x on y.
//!
//! Laws: those of the integers, component by component. State: the count n of pairs, the exact sums
//! Sx, Sy, Sxy, Sxx, Syy over pairs of finite numbers, and the number of other pairs. With
//! `D = n Sxy - Sx Sy`, `A = n Sxx - Sx^2`, `B = n Syy - Sy^2`,
//!
//! ```text
//! covar_pop = D / n^2     covar_samp = D / (n (n - 1))     corr = sign(D) sqrt(D^2 / (A B))
//! slope = D / B           intercept = (Sx Syy - Sy Sxy) / B           r2 = D^2 / (A B)
//! ```
//!
//! (S17). Error bound: none; each is the real number rounded once. Bytes: twice the count plus the
//! flag for NaN or an infinity, then the sums. Deliberately absent: pairs with a null, which the
//! caller leaves out (S16).

use super::bytes::{put_unsigned, unsigned};
use super::cross::Cross;
use super::exact::ExactSum;
use super::number::Number;
use super::rational::{Scaled, round_quotient, round_root};
use crate::value::NAN_64;

/// The bounds of the sums of doubles, which include those of integers.
const SINGLE: (i64, i64) = (-1074, 1024 + 64);
const DOUBLE: (i64, i64) = (2 * -1074, 2 * 1024 + 64);

/// The power sums of some pairs.
#[derive(Clone, Debug)]
pub struct CoMoments {
    count: u64,
    /// Pairs with a number that is NaN or infinite; counted, so that they can be subtracted again.
    not_finite: u64,
    x: ExactSum,
    y: ExactSum,
    xy: ExactSum,
    xx: ExactSum,
    yy: ExactSum,
}

impl CoMoments {
    /// The moments of nothing.
    pub const fn zero() -> CoMoments {
        CoMoments {
            count: 0,
            not_finite: 0,
            x: ExactSum::zero(),
            y: ExactSum::zero(),
            xy: ExactSum::zero(),
            xx: ExactSum::zero(),
            yy: ExactSum::zero(),
        }
    }

    /// Adds a pair.
    #[inline]
    pub fn add(&mut self, x: Number, y: Number) {
        self.count += 1;
        let (Some((x, at_x)), Some((y, at_y))) = (x.parts(), y.parts()) else {
            self.not_finite += 1;
            return;
        };
        let (x, y) = (i128::from(x), i128::from(y));
        self.x.add(x, at_x);
        self.y.add(y, at_y);
        self.xy.add(x * y, at_x + at_y);
        self.xx.add(x * x, 2 * at_x);
        self.yy.add(y * y, 2 * at_y);
    }

    /// Adds other moments.
    pub fn merge(&mut self, other: &CoMoments) {
        // Damaged bytes may hold any count; valid ones stay below 2^64.
        self.count = self.count.wrapping_add(other.count);
        self.not_finite = self.not_finite.wrapping_add(other.not_finite);
        for (own, other) in self.sums_mut().into_iter().zip(other.sums()) {
            own.merge(other);
        }
    }

    /// Subtracts moments that were merged into these. Pairs that are not finite are a count in
    /// memory but only a flag in bytes, so both moments must come from the numbers themselves, or
    /// from the same decoded states.
    pub fn subtract(&mut self, other: &CoMoments) {
        self.count = self.count.wrapping_sub(other.count);
        self.not_finite = self.not_finite.wrapping_sub(other.not_finite);
        for (own, other) in self.sums_mut().into_iter().zip(other.sums()) {
            own.subtract(other);
        }
    }

    fn sums(&self) -> [&ExactSum; 5] {
        [&self.x, &self.y, &self.xy, &self.xx, &self.yy]
    }

    fn sums_mut(&mut self) -> [&mut ExactSum; 5] {
        [&mut self.x, &mut self.y, &mut self.xy, &mut self.xx, &mut self.yy]
    }

    /// The number of pairs that were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    fn cross(&self) -> Cross {
        Cross::new(self.count, &self.xy, &self.x, &self.y)
    }

    fn covariance(&self, sample: bool) -> Option<f64> {
        let n = u128::from(self.count);
        let divisor = n * n.saturating_sub(u128::from(sample));
        if divisor == 0 {
            return None;
        }
        Some(if self.not_finite > 0 { NAN_64 } else { self.cross().round_quotient(divisor) })
    }

    /// The covariance over n; null if empty.
    pub fn covar_pop(&self) -> Option<f64> {
        self.covariance(false)
    }

    /// The covariance over n - 1; null below two pairs.
    pub fn covar_samp(&self) -> Option<f64> {
        self.covariance(true)
    }

    /// The correlation; null if empty or if a variance is 0.
    pub fn corr(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        if self.not_finite > 0 {
            return Some(NAN_64);
        }
        let a = Cross::new(self.count, &self.xx, &self.x, &self.x);
        let b = Cross::new(self.count, &self.yy, &self.y, &self.y);
        if a.is_zero() || b.is_zero() {
            return None;
        }
        let d = self.cross().scaled();
        Some(round_root(d.is_negative(), &d.squared(), &(&a.scaled() * &b.scaled())))
    }

    /// A number of the regression: null if empty or if y does not vary, NaN if a number is not finite,
    /// otherwise what `read` makes of `n Syy - Sy^2`.
    fn regression(&self, read: impl FnOnce(&Scaled) -> f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        if self.not_finite > 0 {
            return Some(NAN_64);
        }
        let b = Cross::new(self.count, &self.yy, &self.y, &self.y);
        (!b.is_zero()).then(|| read(&b.scaled()))
    }

    /// The slope of the line that estimates x from y by least squares; null if empty or if y does not
    /// vary.
    pub fn slope(&self) -> Option<f64> {
        self.regression(|b| round_quotient(&self.cross().scaled(), b))
    }

    /// The value of that line where y is 0; null as the slope is.
    pub fn intercept(&self) -> Option<f64> {
        let (x, y, xy, yy) = (self.x.scaled(), self.y.scaled(), self.xy.scaled(), self.yy.scaled());
        self.regression(|b| round_quotient(&(&(&x * &yy) - &(&y * &xy)), b))
    }

    /// The square of the correlation, 1 if x does not vary; null as the slope is.
    pub fn r2(&self) -> Option<f64> {
        self.regression(|b| {
            let a = Cross::new(self.count, &self.xx, &self.x, &self.x);
            match a.is_zero() {
                true => 1.0,
                false => round_quotient(&self.cross().scaled().squared(), &(&a.scaled() * b)),
            }
        })
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_unsigned(u128::from(self.count) << 1 | u128::from(self.not_finite > 0), out);
        self.sums().into_iter().for_each(|sum| sum.encode(out));
    }

    /// Reads what [`CoMoments::encode`] wrote; `None` if the bytes are not canonical.
    pub fn decode(bytes: &mut &[u8]) -> Option<CoMoments> {
        let header = unsigned(bytes)?;
        let count = u64::try_from(header >> 1).ok()?;
        let not_finite = u64::from(header & 1 == 1);
        if not_finite > count {
            return None;
        }
        let mut moments = CoMoments { count, not_finite, ..CoMoments::zero() };
        for (sum, bounds) in
            moments.sums_mut().into_iter().zip([SINGLE, SINGLE, DOUBLE, DOUBLE, DOUBLE])
        {
            *sum = ExactSum::decode(bytes, bounds.0, bounds.1)?;
        }
        Some(moments)
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid, encoded, merged};
    use super::super::nearest::{any_number, check_nearest, check_nearest_root, integer, real};
    use super::*;
    use num_rational::BigRational;
    use proptest::prelude::*;

    impl Lawful for CoMoments {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            self.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            CoMoments::decode(bytes)
        }
    }

    type Pair = (Number, Number);

    fn pairs() -> impl Strategy<Value = Vec<Pair>> {
        let tenths = || (-30i32..30).prop_map(|x| Number::Float(f64::from(x) / 10.0));
        let small = || (-1i64..2).prop_map(Number::Int);
        prop_oneof![
            prop::collection::vec((any_number(), any_number()), 0..8),
            // Few distinct values, so that variances are 0 and correlations ±1.
            prop::collection::vec((small(), small()), 0..5),
            prop::collection::vec((tenths(), tenths()), 0..8),
            prop::collection::vec(small().prop_map(|x| (x, x)), 0..5),
        ]
    }

    fn fold<'a>(pairs: impl IntoIterator<Item = &'a Pair>) -> CoMoments {
        let mut moments = CoMoments::zero();
        pairs.into_iter().for_each(|&(x, y)| moments.add(x, y));
        moments
    }

    /// `(1/n) sum (x - mean x) (y - mean y)` by the definition.
    fn covariance(x: &[BigRational], y: &[BigRational]) -> BigRational {
        let n = integer(x.len());
        let mean = |x: &[BigRational]| x.iter().sum::<BigRational>() / &n;
        let (mean_x, mean_y) = (mean(x), mean(y));
        x.iter().zip(y).map(|(x, y)| (x - &mean_x) * (y - &mean_y)).sum::<BigRational>() / n
    }

    fn check_values(pairs: &[Pair]) {
        let moments = fold(pairs);
        let n = pairs.len();
        assert_eq!(moments.count(), n as u64);
        if n == 0 {
            assert_eq!(
                (moments.covar_pop(), moments.covar_samp(), moments.corr()),
                (None, None, None)
            );
            assert_eq!((moments.slope(), moments.intercept(), moments.r2()), (None, None, None));
            return;
        }
        let reals = |side: fn(&Pair) -> Number| -> Vec<BigRational> {
            let real = |number| match number {
                Number::Int(value) => integer(value),
                Number::Float(value) => real(value),
            };
            pairs.iter().map(|pair| real(side(pair))).collect()
        };
        let (x, y) = (reals(|pair| pair.0), reals(|pair| pair.1));
        let (d, a, b) = (covariance(&x, &y), covariance(&x, &x), covariance(&y, &y));
        check_nearest(moments.covar_pop().unwrap(), &d);
        match n {
            1 => assert_eq!(moments.covar_samp(), None),
            _ => check_nearest(moments.covar_samp().unwrap(), &(&d * integer(n) / integer(n - 1))),
        }
        let regression = (moments.slope(), moments.intercept(), moments.r2());
        if b == integer(0) {
            assert_eq!(regression, (None, None, None));
        } else {
            let mean = |x: &[BigRational]| x.iter().sum::<BigRational>() / integer(n);
            let slope = &d / &b;
            check_nearest(regression.0.unwrap(), &slope);
            check_nearest(regression.1.unwrap(), &(mean(&x) - &slope * mean(&y)));
            match a == integer(0) {
                true => assert_eq!(regression.2, Some(1.0)),
                false => check_nearest(regression.2.unwrap(), &(&d * &d / (&a * &b))),
            }
        }
        if a == integer(0) || b == integer(0) {
            assert_eq!(moments.corr(), None);
        } else {
            let corr = moments.corr().unwrap();
            check_nearest_root(corr, &d, &(&d * &d / (a * b)));
            assert!((-1.0..=1.0).contains(&corr));
        }
    }

    proptest! {
        /// Goal: the laws of S1, and that a subtraction undoes a merge.
        #[test]
        fn s01_co_moments_are_a_commutative_group(a in pairs(), b in pairs(), c in pairs()) {
            let (x, y, z) = (fold(&a), fold(&b), fold(&c));
            check_monoid(&CoMoments::zero(), [&x, &y, &z]);
            let whole: Vec<Pair> = [&a[..], &b[..]].concat();
            prop_assert_eq!(encoded(&fold(whole.iter().rev())), encoded(&merged(&x, &y)));
            let mut back = merged(&x, &y);
            back.subtract(&y);
            prop_assert_eq!(encoded(&back), encoded(&x));
        }

        /// Goal: no bytes cause a panic, and each state has one encoding.
        #[test]
        fn s01_co_moments_bytes_are_canonical(
            pairs in pairs(), noise in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            check_bytes(&CoMoments::zero(), &fold(&pairs), &noise);
        }

        /// Goal: each result is the real number of its formula, rounded once. Method: rationals, by
        /// central moments.
        #[test]
        fn s17_co_moments_are_rounded_once(pairs in pairs()) {
            let finite = |pair: &Pair| pair.0.parts().is_some() && pair.1.parts().is_some();
            check_values(&pairs.into_iter().filter(finite).collect::<Vec<_>>());
        }
    }

    /// Goal: results are right at the ends of the range, and a perfect correlation is exactly 1.
    #[test]
    fn s17_co_moments_at_the_ends() {
        let float = Number::Float;
        for pairs in [
            vec![(float(f64::MAX), float(5e-324)), (float(f64::MIN), float(-5e-324))],
            vec![(Number::Int(i64::MIN), float(f64::MAX)), (Number::Int(i64::MAX), float(-0.0))],
            vec![
                (float(1e16), float(0.1)),
                (float(1e16 + 2.0), float(0.3)),
                (float(1e16), float(0.2)),
            ],
        ] {
            check_values(&pairs);
        }
        let line: Vec<Pair> =
            (1..9).map(|x| (Number::Int(x), float(0.25 * x as f64 - 3.0))).collect();
        assert_eq!(fold(&line).corr(), Some(1.0));
        let down: Vec<Pair> = (1..9).map(|x| (Number::Int(x), Number::Int(-x))).collect();
        assert_eq!(fold(&down).corr(), Some(-1.0));
    }

    /// Goal: a value that is not finite gives NaN, but too few inputs give null first (S17).
    #[test]
    fn s17_co_moments_of_what_is_not_finite() {
        let mut moments = fold(&[(Number::Float(f64::NAN), Number::Int(1))]);
        assert_eq!(moments.covar_samp(), None);
        assert!(moments.covar_pop().unwrap().is_nan() && moments.corr().unwrap().is_nan());
        assert!(moments.slope().unwrap().is_nan() && moments.r2().unwrap().is_nan());
        moments.add(Number::Int(2), Number::Float(f64::INFINITY));
        assert_eq!(moments.covar_samp().map(f64::to_bits), Some(NAN_64.to_bits()));
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        assert_eq!(encoded(&CoMoments::zero()), [0; 11]);
        let pair = (Number::Int(3), Number::Float(-0.5));
        assert_eq!(encoded(&fold(&[pair])), [2, 0, 2, 3, 1, 3, 1, 1, 3, 3, 0, 2, 9, 3, 2, 1]);
    }
}
