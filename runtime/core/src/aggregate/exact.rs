//! Exact sums of integers times powers of two, with any exponent: the base of moments and decay.
//!
//! Laws: those of the integers, so any order, split and merge of the same terms gives the same
//! number, and a subtraction undoes an addition; the encoding depends on the number, not on how it
//! was reached. State: `N` limbs in two's complement at one exponent, which are enough for nearly
//! all data (a shift and a chain of carries for each term), and in addition a sparse [`Wide`]; the
//! sum is that of both. Error bound: none. Bytes: those of [`super::odd`], which never depend on
//! `N`. Deliberately absent: NaN and the infinities, which the states that sum numbers store
//! separately.

use super::fixed::{added, bit_length, magnitude, shifted_left, shifted_right, trailing_zeros};
use super::leading::Leading;
use super::odd::{Odd, put_odd};
use super::rational::Scaled;
use super::wide::Wide;

/// New bases are multiples of this, so that states of similar data have the same base and merge
/// fast.
const BASE_STEP: i64 = 32;

/// The exact sum of terms `±magnitude * 2^exponent` with exponents within ±2^62.
#[derive(Clone, Debug)]
pub struct ExactSum<const N: usize = 4> {
    limbs: [u64; N],
    /// The exponent of the limbs' last bit.
    base: i64,
    wide: Option<Box<Wide>>,
}

impl<const N: usize> ExactSum<N> {
    /// The bits of a magnitude that the limbs can hold.
    const BITS: u32 = 64 * N as u32 - 1;

    /// The sum of nothing.
    pub const fn zero() -> ExactSum<N> {
        ExactSum { limbs: [0; N], base: 0, wide: None }
    }

    /// Adds `term * 2^exponent`.
    #[inline]
    pub fn add(&mut self, term: i128, exponent: i64) {
        let magnitude = term.unsigned_abs();
        self.add_magnitude(term < 0, &[magnitude as u64, (magnitude >> 64) as u64], exponent);
    }

    /// Adds `±magnitude * 2^exponent`.
    #[inline]
    pub fn add_magnitude<const K: usize>(
        &mut self,
        negative: bool,
        magnitude: &[u64; K],
        exponent: i64,
    ) {
        const { assert!(K <= N, "a term is at most as long as the sum") };
        let shift = exponent.wrapping_sub(self.base) as u64;
        if shift < u64::from(Self::BITS)
            && bit_length(magnitude) + shift as u32 <= Self::BITS
            && let Some(limbs) =
                added(&self.limbs, &shifted_left(magnitude, shift as u32), negative)
        {
            self.limbs = limbs;
            return;
        }
        self.add_slowly(negative, &shifted_left(magnitude, 0), exponent);
    }

    /// Moves the base, or moves what the limbs hold into the sparse digits.
    #[cold]
    fn add_slowly(&mut self, negative: bool, term: &[u64; N], exponent: i64) {
        let zeros = trailing_zeros(term);
        if zeros == Self::BITS + 1 {
            return;
        }
        let (own_negative, own) = magnitude(&self.limbs);
        let own_zeros = trailing_zeros(&own);
        if own_zeros > Self::BITS {
            return self.place(negative, term, exponent);
        }
        let low = (self.base + i64::from(own_zeros)).min(exponent + i64::from(zeros));
        let high =
            (self.base + i64::from(bit_length(&own))).max(exponent + i64::from(bit_length(term)));
        if high - low >= i64::from(Self::BITS) {
            self.spill();
            return self.place(negative, term, exponent);
        }
        let base = Self::base_for(low, high);
        // Both fit into the limbs with a bit for the carry.
        let (own, term) = (moved(&own, self.base - base), moved(term, exponent - base));
        let sum = added(&[0; N], &own, own_negative).and_then(|own| added(&own, &term, negative));
        self.limbs = sum.expect("a bit is left for the carry");
        self.base = base;
    }

    /// Stores a term that is not 0 in the empty limbs.
    fn place(&mut self, negative: bool, term: &[u64; N], exponent: i64) {
        let (zeros, length) = (i64::from(trailing_zeros(term)), i64::from(bit_length(term)));
        let base = Self::base_for(exponent + zeros, exponent + length);
        if length - zeros >= i64::from(Self::BITS) {
            return self.wide.get_or_insert_default().add(negative, term, exponent);
        }
        let term = moved(term, exponent - base);
        self.limbs = added(&[0; N], &term, negative).expect("a bit is left for the sign");
        self.base = base;
    }

    /// A base for bits from `low` to below `high`: a third of the free bits is below, because
    /// counts and larger values need more room above; a multiple of the step if one fits.
    fn base_for(low: i64, high: i64) -> i64 {
        let free = i64::from(Self::BITS) - 1 - (high - low);
        let base = low - free.max(0) / 3;
        let aligned = base.div_euclid(BASE_STEP) * BASE_STEP;
        if aligned >= low - free { aligned } else { base }
    }

    /// Moves the limbs into the sparse digits.
    fn spill(&mut self) {
        let (negative, own) = magnitude(&self.limbs);
        self.wide.get_or_insert_default().add(negative, &own, self.base);
        self.limbs = [0; N];
    }

    /// Adds another sum.
    #[inline]
    pub fn merge(&mut self, other: &ExactSum<N>) {
        self.combine(other, false);
    }

    /// Subtracts another sum: `a + b - b` is `a`.
    #[inline]
    pub fn subtract(&mut self, other: &ExactSum<N>) {
        self.combine(other, true);
    }

    #[inline]
    fn combine(&mut self, other: &ExactSum<N>, subtract: bool) {
        let (negative, own) = magnitude(&other.limbs);
        self.add_magnitude(subtract != negative, &own, other.base);
        if let Some(wide) = &other.wide {
            self.wide.get_or_insert_default().merge(wide, subtract);
        }
    }

    /// The sum as one accumulator, if the sparse digits hold a part of it.
    fn total(&self) -> Option<Wide> {
        let wide = self.wide.as_ref().filter(|wide| !wide.is_zero())?;
        let mut total = (**wide).clone();
        let (negative, own) = magnitude(&self.limbs);
        total.add(negative, &own, self.base);
        Some(total)
    }

    /// The leading bits of the sum: enough to round it, or its quotient by 64 bits.
    pub fn leading(&self) -> Leading {
        self.total().map_or_else(
            || {
                let (negative, own) = magnitude(&self.limbs);
                Leading::of(negative, &own, self.base, false)
            },
            |total| total.leading(),
        )
    }

    /// Calls `read` with sign, little-endian magnitude and exponent of the sum. For sums whose
    /// terms have exponents close to each other, as the bounds of [`ExactSum::decode`] say.
    pub fn dense<R>(&self, read: impl FnOnce(bool, &[u64], i64) -> R) -> R {
        match self.total() {
            Some(total) => {
                let (negative, limbs, exponent) = total.dense();
                read(negative, &limbs, exponent)
            }
            None => {
                let (negative, own) = magnitude(&self.limbs);
                read(negative, &own, self.base)
            }
        }
    }

    /// The sum as a big integer times a power of two.
    pub fn scaled(&self) -> Scaled {
        self.dense(Scaled::of_limbs)
    }

    /// The limbs in two's complement and their exponent, if they are the whole sum.
    pub fn fixed(&self) -> Option<(&[u64; N], i64)> {
        let whole = self.wide.as_ref().is_none_or(|wide| wide.is_zero());
        if whole { Some((&self.limbs, self.base)) } else { None }
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.dense(|negative, limbs, exponent| put_odd(negative, limbs, exponent, out));
    }

    /// Reads what [`ExactSum::encode`] wrote; `None` if the bytes are not canonical, or the sum is
    /// not a multiple of `2^lowest` or is beyond `2^highest`. The bounds are chosen so that every
    /// valid state is accepted, and what is read has at most `(highest + 8 - lowest) / 8` bytes.
    pub fn decode(bytes: &mut &[u8], lowest: i64, highest: i64) -> Option<ExactSum<N>> {
        let odd = Odd::read(bytes, lowest, highest)?;
        let mut sum = ExactSum::zero();
        match odd.fixed::<N>() {
            Some(term) => sum.add_magnitude(odd.negative, &term, odd.exponent),
            None => {
                let limbs: Vec<u64> = odd.limbs().collect();
                sum.wide.get_or_insert_default().add(odd.negative, &limbs, odd.exponent);
            }
        }
        Some(sum)
    }
}

/// A magnitude shifted left by `by`, or right if `by` is below 0 and the bits below are 0.
fn moved<const N: usize>(magnitude: &[u64; N], by: i64) -> [u64; N] {
    match u32::try_from(by) {
        Ok(by) => shifted_left(magnitude, by),
        Err(_) => shifted_right(magnitude, by.unsigned_abs() as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid, encoded, merged};
    use super::*;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    const LOWEST: i64 = -4300;
    const HIGHEST: i64 = 4200;

    impl<const N: usize> Lawful for ExactSum<N> {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            self.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            ExactSum::decode(bytes, LOWEST, HIGHEST)
        }
    }

    type Term = (i128, i64);

    fn terms() -> impl Strategy<Value = Vec<Term>> {
        let mantissa = prop_oneof![
            2 => any::<i128>(),
            4 => any::<i64>().prop_map(i128::from),
            2 => -4i128..4,
            1 => prop::sample::select(vec![i128::MIN, i128::MAX, 1 << 126, -1 << 126]),
        ];
        let exponent = prop_oneof![4 => -40i64..40, 2 => -400i64..400, 1 => LOWEST..4000];
        prop::collection::vec((mantissa, exponent), 0..10)
    }

    fn fold<'a, const N: usize>(terms: impl IntoIterator<Item = &'a Term>) -> ExactSum<N> {
        let mut sum = ExactSum::zero();
        terms.into_iter().for_each(|&(term, exponent)| sum.add(term, exponent));
        sum
    }

    /// The sum by big integers, in units of `2^LOWEST`.
    fn plain(terms: &[Term]) -> BigInt {
        terms.iter().fold(BigInt::ZERO, |sum, &(term, exponent)| {
            sum + (BigInt::from(term) << (exponent - LOWEST) as u64)
        })
    }

    proptest! {
        /// Goal: the laws of S1. Method: three folds; then a fold in another order and split,
        /// and the same with more limbs, gives the same bytes.
        #[test]
        fn s01_exact_sum_is_a_commutative_group(a in terms(), b in terms(), c in terms()) {
            let (x, y, z) = (fold::<4>(&a), fold(&b), fold(&c));
            check_monoid(&ExactSum::zero(), [&x, &y, &z]);
            let whole: Vec<Term> = [&a[..], &b[..]].concat();
            prop_assert_eq!(encoded(&fold::<4>(&whole)), encoded(&merged(&x, &y)));
            prop_assert_eq!(encoded(&fold::<6>(whole.iter().rev())), encoded(&merged(&x, &y)));
            let mut back = merged(&merged(&x, &y), &z);
            back.subtract(&y);
            prop_assert_eq!(encoded(&back), encoded(&merged(&x, &z)));
            back.subtract(&z);
            back.subtract(&x);
            prop_assert_eq!(encoded(&back), [0, 0]);
        }

        /// Goal: the sum is the real one. Method: big integers; the leading bits are its highest
        /// bits, also when they come from sparse digits.
        #[test]
        fn s17_exact_sum_is_the_real_sum(terms in terms()) {
            let (sum, want) = (fold::<4>(&terms), plain(&terms));
            let bits = want.magnitude().bits();
            let leading = sum.leading();
            prop_assert_eq!(leading.is_zero(), bits == 0);
            let mut bytes = Vec::new();
            let digits: Vec<u64> = want.iter_u64_digits().collect();
            put_odd(want.sign() == num_bigint::Sign::Minus, &digits, LOWEST, &mut bytes);
            prop_assert_eq!(encoded(&sum), bytes);
            if bits > 0 {
                prop_assert_eq!(leading.negative, want.sign() == num_bigint::Sign::Minus);
                let cut = (leading.exponent - LOWEST).max(0) as u64;
                let up = (LOWEST - leading.exponent).max(0) as u64;
                let high = BigInt::from(leading.magnitude) >> up << cut;
                let rest = BigInt::from(want.magnitude().clone()) - high;
                prop_assert!(rest >= BigInt::ZERO && rest < BigInt::from(1) << cut);
                prop_assert_eq!(leading.sticky, rest != BigInt::ZERO);
                prop_assert!(!leading.sticky || leading.magnitude >> 127 == 1);
            }
        }

        /// Goal: no bytes cause a panic, and each state has one encoding.
        #[test]
        fn s01_exact_sum_bytes_are_canonical(
            terms in terms(), noise in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            check_bytes(&ExactSum::<4>::zero(), &fold(&terms), &noise);
        }
    }

    /// Goal: a term of any exponent costs memory only for itself, and can be subtracted again.
    #[test]
    fn distant_terms_stay_sparse() {
        let (far, mut sum) = (1i64 << 43, ExactSum::<4>::zero());
        for exponent in [far, -far, 0, far - 300, -far + 300] {
            sum.add(-3, exponent);
        }
        let leading = sum.leading();
        assert!(leading.negative && leading.sticky);
        assert_eq!((leading.magnitude >> 126, leading.exponent), (3, far - 126));
        for exponent in [0, -far, -far + 300, far - 300] {
            sum.add(3, exponent);
        }
        assert_eq!(sum.leading().times_power(-far).round(), -3.0);
        assert!(!sum.leading().sticky);
        sum.add(3, far);
        assert!(sum.leading().is_zero());
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        for (terms, bytes) in [
            (&[][..], &[0, 0][..]),
            (&[(1, 0)], &[0, 2, 1]),
            (&[(-6, -2)], &[1, 3, 3]),
            (
                &[(1, 200), (1, 0)],
                &[
                    0, 52, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                    0, 1,
                ],
            ),
        ] {
            assert_eq!(encoded(&fold::<4>(terms)), bytes, "{terms:?}");
        }
    }

    /// Goal: a damaged length or exponent cannot make the reader allocate.
    #[test]
    fn bounds_are_kept() {
        for (term, exponent, lawful) in
            [(1, LOWEST, true), (1, LOWEST - 1, false), (1, HIGHEST, true), (3, HIGHEST + 7, false)]
        {
            let bytes = encoded(&fold::<4>(&[(term, exponent)]));
            assert_eq!(ExactSum::<4>::decode(&mut &bytes[..], LOWEST, HIGHEST).is_some(), lawful);
        }
        let huge = [0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 1];
        assert!(ExactSum::<4>::decode(&mut &huge[..], LOWEST, HIGHEST).is_none());
    }
}
