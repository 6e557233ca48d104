//! Forward decay: sums and counts in which an event loses half its weight each half-life (S20).
//!
//! The weight is `G(t) = M(u) * 2^e`, where `e = floor(t / half_life)`, `u` is the rest in 2^-64ths
//! of a half-life, and `M(u)` is `2^(52 + u)` in 53 bits: the table of [`super::decay_table`] at the
//! 1024th part in which `u` lies, times a polynomial of the rest, in integers
//! (docs/FEATURES.md has the formula). The state is the exact sum of `x G(t)`, and the value is
//! `sum / G(as_of)`. Laws: those of the integers. State: the sum, the values that are not finite, and
//! the first and last half-life of the rows. Error bound: the value is the real quotient rounded
//! once; `G` is less than `2^-52 + 2^-60` of itself away from the real power, and so a weight
//! `G(t) / G(as_of)` less than `2^-52 + 2^-59`.
//!
//! A window has at most 64 half-lives, so a state over more than [`SPAN_HALF_LIVES_MAX`] half-lives
//! belongs to a tile that no window reads. A state's span only grows as rows are added, so such a
//! state may overflow (S18); its encoding then says only that. This bounds the bytes of all others
//! to those of a sum of doubles and the span. Bytes: 0 for no rows, 16 for overflow, otherwise 8
//! plus the flags of values that are not finite, then the first half-life, the span and the sum.
//! Deliberately absent: a clock.

use super::bytes::{put_signed, put_unsigned, signed, unsigned};
use super::decay_table::{STEPS, WEIGHTS};
use super::exact::ExactSum;
use super::number::float_parts;
use super::special::{FLAGS, Special};
use crate::time::Time;
use crate::value::take;

/// The widest span of a state that is kept: the half-lives of the widest window, and of one hop, by
/// which a sliding window may be longer; a hop is at most a twelfth of the window.
pub const SPAN_HALF_LIVES_MAX: i64 = 80;
/// The shortest half-life.
pub const HALF_LIFE_US_MIN: i64 = 1_000_000;

/// First byte of an encoding.
const EMPTY: u8 = 0;
const ROWS: u8 = 8;
const OVERFLOW: u8 = 16;

/// A decayed sum, or a decayed count if each row adds one.
#[derive(Clone, Debug)]
pub struct Decayed {
    half_life_us: i64,
    sum: ExactSum,
    special: Option<Box<Special>>,
    /// The first and the last half-life of the rows; without rows the first is the later one.
    span: (i64, i64),
    /// Whether rows were subtracted: then the span is no longer meaningful.
    swept: bool,
}

/// The natural logarithm of 2, in 2^-64ths.
const LN_2: u64 = 12_786_308_645_202_655_660;
/// Bits of `u` below its 1024th part.
const REST_BITS: u32 = u64::BITS - STEPS.ilog2();
/// Bits of a weight.
const WEIGHT_BITS: u32 = 53;

/// `2^(52 + u)` in 53 bits; `u` is in 2^-64ths.
#[inline]
fn power(u: u64) -> u64 {
    const ONE: u64 = 1 << 63;
    let rest = u & ((1 << REST_BITS) - 1);
    // A number below 2^-10 in 2^-74ths; its powers have factorials below 6.
    let x = (u128::from(rest) * u128::from(LN_2)) >> REST_BITS;
    let times_x = |s: u64| ((x * u128::from(s)) >> 74) as u64;
    let series = (1..=5).rev().fold(ONE, |s, k| ONE + times_x(s) / k);
    let weight = WEIGHTS[(u >> REST_BITS) as usize];
    ((u128::from(weight) * u128::from(series)) >> 74) as u64
}

/// `G(time)` as a weight and an exponent.
#[inline]
fn growth(half_life_us: i64, time_us: i64) -> (i64, i64) {
    let exponent = time_us.div_euclid(half_life_us);
    let rest = time_us.rem_euclid(half_life_us) as u128;
    (power(((rest << 64) / half_life_us as u128) as u64) as i64, exponent)
}

impl Decayed {
    /// The state of no rows; the half-life is at least [`HALF_LIFE_US_MIN`].
    pub fn zero(half_life_us: i64) -> Decayed {
        debug_assert!(half_life_us >= HALF_LIFE_US_MIN, "the declaration is checked at build");
        let (sum, special) = (ExactSum::zero(), None);
        Decayed { half_life_us, sum, special, span: (i64::MAX, i64::MIN), swept: false }
    }

    /// Adds an integer of an event at `event_time_us`, within ±2^62.
    #[inline]
    pub fn add_int(&mut self, value: i64, event_time_us: i64) {
        self.add_scaled(value, 0, event_time_us);
    }

    /// Adds a double of an event at `event_time_us`, within ±2^62.
    #[inline]
    pub fn add_float(&mut self, value: f64, event_time_us: i64) {
        match float_parts(value) {
            Some((mantissa, exponent)) => self.add_scaled(mantissa, exponent, event_time_us),
            None => {
                self.special.get_or_insert_default().add(value);
                self.add_scaled(0, 0, event_time_us);
            }
        }
    }

    /// Counts an event at `event_time_us`, within ±2^62.
    #[inline]
    pub fn add_one(&mut self, event_time_us: i64) {
        self.add_scaled(1, 0, event_time_us);
    }

    #[inline]
    fn add_scaled(&mut self, mantissa: i64, exponent: i64, event_time_us: i64) {
        let (weight, half_life) = growth(self.half_life_us, event_time_us);
        self.span = (self.span.0.min(half_life), self.span.1.max(half_life));
        self.sum.add(i128::from(mantissa) * i128::from(weight), exponent + half_life);
    }

    /// Adds another state of the same half-life.
    pub fn merge(&mut self, other: &Decayed) {
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
        self.swept |= other.swept;
        self.sum.merge(&other.sum);
        if let Some(special) = &other.special {
            self.special.get_or_insert_default().merge(special, false);
        }
    }

    /// Subtracts a state that was merged into this one, or whose rows were added to it.
    ///
    /// The span of the remaining rows is not known, so the state may be read but not encoded. Both
    /// states must come from the rows themselves, or from the same decoded states without overflow.
    pub fn subtract(&mut self, other: &Decayed) {
        self.swept = true;
        self.sum.subtract(&other.sum);
        if let Some(special) = &other.special {
            self.special.get_or_insert_default().merge(special, true);
        }
    }

    /// Whether the rows span more than any window can.
    pub fn overflows(&self) -> bool {
        let half_lives = self.span.1.saturating_sub(self.span.0);
        !self.swept && half_lives > SPAN_HALF_LIVES_MAX
    }

    /// `sum / G(as_of)`, rounded once: 0 without rows; `None` if the state overflows, which the
    /// state of a window never does.
    pub fn value(&self, as_of_us: i64) -> Option<f64> {
        if self.overflows() {
            return None;
        }
        let special = self.special.as_ref().and_then(|special| special.sum());
        Some(special.unwrap_or_else(|| {
            let (weight, exponent) = growth(self.half_life_us, as_of_us);
            self.sum.leading().times_power(-exponent).round_quotient(weight as u64)
        }))
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        debug_assert!(!self.swept, "a state from which rows were taken has no span");
        let (first, last) = self.span;
        if self.overflows() {
            return out.push(OVERFLOW);
        }
        if first > last {
            return out.push(EMPTY);
        }
        out.push(ROWS | self.special.as_ref().map_or(0, |special| special.flags()));
        put_signed(i128::from(first), out);
        put_unsigned((last - first) as u128, out);
        self.sum.encode(out);
    }

    /// Reads what [`Decayed::encode`] wrote of a state of this half-life; `None` if the bytes are
    /// not canonical.
    pub fn decode(half_life_us: i64, bytes: &mut &[u8]) -> Option<Decayed> {
        let mut state = Decayed::zero(half_life_us);
        let flags = match take(bytes)? {
            [EMPTY] => return Some(state),
            [OVERFLOW] => {
                state.span = (i64::MIN, i64::MAX);
                return Some(state);
            }
            [header] if header & !FLAGS == ROWS => header & FLAGS,
            _ => return None,
        };
        let first = i64::try_from(signed(bytes)?).ok()?;
        let span = i64::try_from(unsigned(bytes)?).ok()?;
        let last = first.checked_add(span)?;
        let half_life = |time: Time| time.micros().div_euclid(half_life_us);
        let inside = first >= half_life(Time::MIN) && last <= half_life(Time::MAX);
        if span > SPAN_HALF_LIVES_MAX || !inside {
            return None;
        }
        // Doubles of 2^-1074 to 2^1024 times weights of 53 bits, 2^64 of them.
        let (lowest, highest) = (first - 1074, last + 1024 + i64::from(WEIGHT_BITS) + 64);
        state.sum = ExactSum::decode(bytes, lowest, highest)?;
        state.span = (first, last);
        state.special = (flags != 0).then(|| Box::new(Special::of_flags(flags)));
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid, encoded, merged};
    use super::super::nearest::{any_number, check_nearest, integer, power, real};
    use super::super::number::Number;
    use super::*;
    use crate::time::{DAY_US, HOUR_US, SECOND_US};
    use crate::value::NAN_64;
    use num_bigint::{BigInt, BigUint};
    use num_rational::BigRational;
    use proptest::prelude::*;

    impl Lawful for Decayed {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            self.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            Decayed::decode(self.half_life_us, bytes)
        }
    }

    type Row = (Number, i64);

    const TIME_MAX: i64 = 1 << 62;

    /// A half-life and three lists of rows, mostly within a window of 64 half-lives.
    fn cases() -> impl Strategy<Value = (i64, [Vec<Row>; 3])> {
        let half_life = prop_oneof![
            prop::sample::select(vec![SECOND_US, HOUR_US, 7 * DAY_US, 7 * DAY_US + 1]),
            HALF_LIFE_US_MIN..1 << 61,
        ];
        let start = prop_oneof![
            Just(1_700_000_000_000_000i64),
            prop::sample::select(vec![-TIME_MAX, 0, -1, TIME_MAX]),
            -TIME_MAX..TIME_MAX,
        ];
        let spans = prop::sample::select(vec![1i64, 64, 200]);
        (half_life, start, spans).prop_flat_map(|(half_life, start, span)| {
            let end = half_life.saturating_mul(span);
            let lot = || {
                let row = (any_number(), 0..end)
                    .prop_map(move |(x, by)| (x, start.saturating_add(by).min(TIME_MAX)));
                prop::collection::vec(row, 0..5)
            };
            (Just(half_life), [lot(), lot(), lot()])
        })
    }

    fn fold<'a>(half_life: i64, rows: impl IntoIterator<Item = &'a Row>) -> Decayed {
        let mut state = Decayed::zero(half_life);
        for &(number, time) in rows {
            match number {
                Number::Int(value) => state.add_int(value, time),
                Number::Float(value) => state.add_float(value, time),
            }
        }
        state
    }

    /// `G(time) / G(as_of)` by the definition.
    fn weight(half_life: i64, time: i64, as_of: i64) -> BigRational {
        let split = |time: i64| {
            let exponent = (time as f64 / half_life as f64).floor() as i128;
            // The quotient of doubles may be wrong by one.
            let exponent = (exponent - 1..=exponent + 1)
                .rfind(|&e| e * i128::from(half_life) <= i128::from(time))
                .unwrap();
            let fraction = i128::from(time) - exponent * i128::from(half_life);
            let u = (BigInt::from(fraction) << 64u8) / BigInt::from(half_life);
            (integer(super::power(u64::try_from(u).unwrap())), exponent)
        };
        let ((up, at), (down, to)) = (split(time), split(as_of));
        up / down * power((at - to) as i32)
    }

    proptest! {
        /// Goal: the laws of S1, also across the overflow of S18.
        #[test]
        fn s01_decayed_sum_is_a_commutative_monoid((half_life, [a, b, c]) in cases()) {
            let (x, y, z) = (fold(half_life, &a), fold(half_life, &b), fold(half_life, &c));
            check_monoid(&Decayed::zero(half_life), [&x, &y, &z]);
            let whole: Vec<Row> = [&a[..], &b[..]].concat();
            let all = fold(half_life, whole.iter().rev());
            prop_assert_eq!(encoded(&all), encoded(&merged(&x, &y)));
            if x.overflows() {
                prop_assert_eq!(encoded(&all), [OVERFLOW]);
            }
        }

        /// Goal: no bytes cause a panic, and each state has one encoding.
        #[test]
        fn s01_decayed_bytes_are_canonical(
            (half_life, [rows, ..]) in cases(), noise in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            check_bytes(&Decayed::zero(half_life), &fold(half_life, &rows), &noise);
        }

        /// Goal: the value is the real one, rounded once. Method: rationals.
        #[test]
        fn s20_decayed_sums_are_rounded_once(
            (half_life, [rows, ..]) in cases(), after in 0i64..1 << 40,
        ) {
            let rows: Vec<Row> = rows.into_iter().filter(|row| row.0.parts().is_some()).collect();
            let state = fold(half_life, &rows);
            let last = rows.iter().map(|row| row.1).max().unwrap_or(0);
            let as_of = last.saturating_add(after.min(half_life.saturating_mul(64))).min(TIME_MAX);
            let want: BigRational = rows.iter().map(|&(number, time)| {
                let x = match number {
                    Number::Int(value) => integer(value),
                    Number::Float(value) => real(value),
                };
                x * weight(half_life, time, as_of)
            }).sum();
            match state.value(as_of) {
                Some(got) => check_nearest(got, &want),
                None => prop_assert!(state.overflows()),
            }
        }

        /// Goal: a sweep over far more than 64 half-lives has the value of its window at every
        /// stop. Method: rows enter and leave one state; the window is folded anew.
        #[test]
        fn s20_sweeps_are_exact(steps in prop::collection::vec((any_number(), 0i64..1 << 36), 1..20)) {
            let half_life = HOUR_US;
            let mut time = -(1i64 << 40);
            let rows: Vec<Row> = steps.into_iter().map(|(x, by)| { time += by; (x, time) }).collect();
            let (mut swept, mut from) = (Decayed::zero(half_life), 0);
            for (at, row) in rows.iter().enumerate() {
                swept.merge(&fold(half_life, [row]));
                while rows[from].1 <= row.1 - 64 * half_life {
                    swept.subtract(&fold(half_life, [&rows[from]]));
                    from += 1;
                }
                let window = fold(half_life, &rows[from..=at]).value(row.1 + 1).unwrap();
                prop_assert_eq!(swept.value(row.1 + 1).unwrap().to_bits(), window.to_bits());
            }
        }
    }

    /// Goal: a weight has the declared bound, at whole half-lives it is exact, and it never
    /// decreases. Method: powers of integers, since `M` to the power of q against `2^(52 q + p)`
    /// says how far `M` is from `2^(52 + p / q)`.
    #[test]
    fn s20_weights_are_within_their_bound() {
        let check = |p: u64, q: u32| {
            let u = ((u128::from(p) << 64) / u128::from(q)) as u64;
            let found = BigUint::from(super::power(u)).pow(q);
            let want = BigUint::from(1u8) << (52 * u64::from(q) + p);
            // 1 - (2^-52 + 2^-60), and 1 + 2^-64.
            let below = BigUint::from((1u64 << 60) - (1 << 8) - 1).pow(q);
            let above = BigUint::from((1u128 << 64) + 1).pow(q);
            assert!((&found << (60 * u64::from(q))) > &want * below, "{p} / {q}");
            assert!((found << (64 * u64::from(q))) < want * above, "{p} / {q}");
        };
        for q in 2..60 {
            (1..u64::from(q)).for_each(|p| check(p, q));
        }
        for p in (1..1 << 13).step_by(1021) {
            check(p, 1 << 13);
        }
        assert_eq!(super::power(0), 1 << 52);
        assert!(super::power(u64::MAX) < 1 << 53);
        let steps = (0..=u64::MAX).step_by(1 << 50).flat_map(|u| [u, u | 1 << 20, u | 0x3ff << 40]);
        let weights: Vec<u64> = steps.map(super::power).collect();
        assert!(weights.is_sorted());
    }

    /// Goal: known values. Method: whole half-lives are exact halves; an hour of a week is the
    /// quotient of two weights.
    #[test]
    fn s20_known_values() {
        let week = 7 * DAY_US;
        let mut state = Decayed::zero(week);
        assert_eq!(state.value(0), Some(0.0));
        for weeks in 1..=3 {
            state.add_one(-weeks * week);
        }
        assert_eq!(state.value(0), Some(0.875));
        assert_eq!(state.value(-week), Some(1.75));
        let mut one = Decayed::zero(week);
        one.add_float(-2.0, -HOUR_US);
        // 167 hours into the half-life before: 2^(167 / 168) of its half.
        assert_eq!(one.value(0), Some(-1.991_765_247_316_594_8));
    }

    /// Goal: values that are not finite follow the rules of sums, and can be subtracted again.
    #[test]
    fn s20_decayed_sums_of_what_is_not_finite() {
        let row = |value: f64| fold(SECOND_US, &[(Number::Float(value), 0)]);
        let mut state = row(1.0);
        state.merge(&row(f64::INFINITY));
        assert_eq!(state.value(0), Some(f64::INFINITY));
        state.merge(&row(f64::NEG_INFINITY));
        assert_eq!(state.value(0).map(f64::to_bits), Some(NAN_64.to_bits()));
        state.subtract(&row(f64::INFINITY));
        assert_eq!(state.value(0), Some(f64::NEG_INFINITY));
        state.subtract(&row(f64::NEG_INFINITY));
        assert_eq!(state.value(0), Some(1.0));
    }

    /// Goal: the overflow state is absorbing and holds nothing else (S18).
    #[test]
    fn s18_a_state_wider_than_any_window_overflows() {
        let mut state = Decayed::zero(SECOND_US);
        state.add_one(0);
        state.add_one(SPAN_HALF_LIVES_MAX * SECOND_US);
        assert!(!state.overflows());
        state.add_one((SPAN_HALF_LIVES_MAX + 1) * SECOND_US);
        assert_eq!((encoded(&state), state.value(0)), (vec![OVERFLOW], None));
        let mut read = Decayed::decode(SECOND_US, &mut &[OVERFLOW][..]).unwrap();
        read.add_one(5);
        assert_eq!((encoded(&read), read.value(9)), (vec![OVERFLOW], None));
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        let golden = |rows: &[Row]| encoded(&fold(SECOND_US, rows));
        assert_eq!(golden(&[]), [0]);
        assert_eq!(golden(&[(Number::Int(3), 2 * SECOND_US)]), [8, 4, 0, 108, 2, 3]);
        let rows = [(Number::Float(f64::NAN), -SECOND_US), (Number::Float(-0.5), SECOND_US / 2)];
        assert_eq!(golden(&rows), [9, 1, 1, 2, 15, 243, 206, 159, 153, 39, 168, 5]);
    }
}
