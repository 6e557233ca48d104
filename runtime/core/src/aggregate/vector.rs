//! Sums and means of vectors of floats, element by element on a grid.
//!
//! An element is rounded to a multiple of `2^grid`, to nearest and ties to even, and must be at
//! most `2^(grid + 40)` before. So an element on the grid, called a lane, is an integer of at most
//! 41 bits, and the sum of [`ROWS_MAX`] of them fits 63 bits. Laws: those of the integers modulo
//! 2^64, which agree with those of the integers as long as the count is within its limit. State:
//! the count and one lane per element. Beyond the limit the state overflows (S18): the count only
//! grows, and the encoding then says only that. Error bound: half a grid step per element; the sum
//! of the rounded elements is exact, and it and the mean are rounded once to a double. Bytes: 0 for
//! overflow, otherwise the count plus one, then, if there are rows, the lanes as variable-length
//! integers. Deliberately absent: the length, which the view declares.

use super::bytes::{put_signed, put_unsigned, signed, unsigned};
use super::leading::Leading;
use super::number::float_parts;
use std::fmt;

/// The most rows of a state.
pub const ROWS_MAX: u64 = 1 << 22;
/// The bits of the greatest element, in grid steps.
const ELEMENT_BITS: u32 = 40;

/// Why a vector makes its row bad (S8).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BadVector {
    /// Its length differs from the declared one.
    Length {
        /// Its length.
        got: usize,
        /// The declared length.
        want: usize,
    },
    /// An element is null.
    Null {
        /// The element's index.
        at: usize,
    },
    /// An element is NaN or infinite.
    NotFinite {
        /// The element's index.
        at: usize,
    },
    /// An element is beyond ±2^(grid + 40).
    TooGreat {
        /// The element's index.
        at: usize,
        /// The element.
        value: f64,
        /// The declared grid.
        grid: i32,
    },
}

impl fmt::Display for BadVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadVector::Length { got, want } => {
                write!(f, "a vector of {got} elements where {want} are declared")
            }
            BadVector::Null { at } => write!(f, "element {at} of a vector is null"),
            BadVector::NotFinite { at } => write!(f, "element {at} of a vector is not finite"),
            BadVector::TooGreat { at, value, grid } => {
                let top = grid + ELEMENT_BITS as i32;
                write!(f, "element {at} of a vector is {value:?}, beyond 2^{top} of its grid")
            }
        }
    }
}

/// Fills `lanes` with a row's elements on the grid, or says why the row is bad.
pub fn read_lanes(
    elements: impl ExactSizeIterator<Item = Option<f64>>,
    length: usize,
    grid: i32,
    lanes: &mut Vec<i64>,
) -> Result<(), BadVector> {
    lanes.clear();
    if elements.len() != length {
        return Err(BadVector::Length { got: elements.len(), want: length });
    }
    for (at, element) in elements.enumerate() {
        let value = element.ok_or(BadVector::Null { at })?;
        let (mantissa, exponent) = float_parts(value).ok_or(BadVector::NotFinite { at })?;
        let lane = on_grid(mantissa, exponent - i64::from(grid));
        lanes.push(lane.ok_or(BadVector::TooGreat { at, value, grid })?);
    }
    Ok(())
}

/// The integer nearest to `mantissa * 2^exponent`, ties to even, or `None` beyond ±2^40. The
/// mantissa has at most 53 bits.
fn on_grid(mantissa: i64, exponent: i64) -> Option<i64> {
    let limit = 1i64 << ELEMENT_BITS;
    let magnitude = mantissa.abs();
    let lane = match exponent {
        _ if magnitude == 0 => 0,
        0.. if exponent <= i64::from(ELEMENT_BITS) && magnitude <= limit >> exponent => {
            magnitude << exponent
        }
        0.. => return None,
        // 53 bits are less than half of 2^54.
        ..-53 => 0,
        _ => {
            let drop = -exponent as u32;
            // The element is not a multiple of the grid, so it may exceed the limit by less than a
            // step.
            let (whole, cut) = (magnitude >> drop, magnitude & ((1 << drop) - 1));
            if whole > limit || (whole == limit && cut > 0) {
                return None;
            }
            let half = 1 << (drop - 1);
            whole + i64::from(cut > half || (cut == half && whole & 1 == 1))
        }
    };
    Some(if mantissa < 0 { -lane } else { lane })
}

/// The sum of some vectors of one length on one grid.
#[derive(Clone, Debug, Default)]
pub struct VectorSum {
    count: u64,
    /// Empty until the first row.
    lanes: Vec<i64>,
}

impl VectorSum {
    /// The sum of nothing.
    pub const fn zero() -> VectorSum {
        VectorSum { count: 0, lanes: Vec::new() }
    }

    /// Adds a row of [`read_lanes`].
    #[inline]
    pub fn add(&mut self, lanes: &[i64]) {
        self.count = self.count.wrapping_add(1);
        self.combine(lanes, i64::wrapping_add);
    }

    /// Adds another sum of the same length and grid.
    pub fn merge(&mut self, other: &VectorSum) {
        // Damaged bytes may hold any count; valid ones stay below 2^64.
        self.count = self.count.wrapping_add(other.count);
        self.combine(&other.lanes, i64::wrapping_add);
    }

    /// Subtracts a sum that was merged into this one. Both must come from the rows themselves, or
    /// from the same decoded states without overflow; then an overflow of the count is undone too.
    pub fn subtract(&mut self, other: &VectorSum) {
        self.count = self.count.wrapping_sub(other.count);
        self.combine(&other.lanes, i64::wrapping_sub);
    }

    #[inline]
    fn combine(&mut self, lanes: &[i64], with: impl Fn(i64, i64) -> i64) {
        if self.lanes.is_empty() {
            self.lanes.resize(lanes.len(), 0);
        }
        for (own, lane) in self.lanes.iter_mut().zip(lanes) {
            *own = with(*own, *lane);
        }
    }

    /// The number of rows that were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there are more rows than a state holds.
    pub fn overflows(&self) -> bool {
        self.count > ROWS_MAX
    }

    /// Converts each lane with `finish`; `None` if there are no rows or too many.
    fn finish(&self, grid: i32, finish: impl Fn(Leading) -> f64) -> Option<Vec<f64>> {
        if self.count == 0 || self.overflows() {
            return None;
        }
        let real = |&lane: &i64| Leading::integer(i128::from(lane)).times_power(i64::from(grid));
        Some(self.lanes.iter().map(|lane| finish(real(lane))).collect())
    }

    /// The sum of each element; null without rows or by overflow.
    pub fn sum(&self, grid: i32) -> Option<Vec<f64>> {
        self.finish(grid, Leading::round)
    }

    /// The mean of each element; null without rows or by overflow.
    pub fn mean(&self, grid: i32) -> Option<Vec<f64>> {
        self.finish(grid, |sum| sum.round_quotient(self.count))
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if self.overflows() {
            return out.push(0);
        }
        put_unsigned(u128::from(self.count) + 1, out);
        if self.count > 0 {
            self.lanes.iter().for_each(|&lane| put_signed(i128::from(lane), out));
        }
    }

    /// Reads what [`VectorSum::encode`] wrote of vectors of this length; `None` if the bytes are
    /// not canonical.
    pub fn decode(length: usize, bytes: &mut &[u8]) -> Option<VectorSum> {
        let header = u64::try_from(unsigned(bytes)?).ok()?;
        let Some(count) = header.checked_sub(1) else {
            return Some(VectorSum { count: ROWS_MAX + 1, lanes: Vec::new() });
        };
        if count > ROWS_MAX {
            return None;
        }
        let mut lanes = Vec::new();
        if count > 0 {
            let limit = i128::from(count) << ELEMENT_BITS;
            for _ in 0..length {
                let lane = signed(bytes).filter(|lane| lane.abs() <= limit)?;
                lanes.push(i64::try_from(lane).ok()?);
            }
        }
        Some(VectorSum { count, lanes })
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid, encoded, merged};
    use super::super::nearest::{check_nearest, integer, power, real};
    use super::*;
    use num_rational::BigRational;
    use proptest::prelude::*;

    const LENGTH: usize = 3;
    const TOP: i64 = 1 << ELEMENT_BITS;

    impl Lawful for VectorSum {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            self.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            VectorSum::decode(LENGTH, bytes)
        }
    }

    fn rows() -> impl Strategy<Value = Vec<[i64; LENGTH]>> {
        let lane = || prop_oneof![-300i64..300, -TOP..=TOP, Just(TOP), Just(-TOP)];
        prop::collection::vec([lane(), lane(), lane()], 0..6)
    }

    fn fold<'a>(rows: impl IntoIterator<Item = &'a [i64; LENGTH]>) -> VectorSum {
        let mut sum = VectorSum::zero();
        rows.into_iter().for_each(|row| sum.add(row));
        sum
    }

    proptest! {
        /// Goal: the laws of S1, also across the overflow of S18, and that a subtraction undoes a
        /// merge.
        #[test]
        fn s01_vector_sum_is_a_commutative_group(
            a in rows(), b in rows(), c in rows(), many in prop::sample::select(vec![0, ROWS_MAX - 2]),
        ) {
            let (x, mut y, z) = (fold(&a), fold(&b), fold(&c));
            let whole: Vec<[i64; LENGTH]> = [&a[..], &b[..]].concat();
            prop_assert_eq!(encoded(&fold(whole.iter().rev())), encoded(&merged(&x, &y)));
            if y.count > 0 {
                y.count += many;
            }
            check_monoid(&VectorSum::zero(), [&x, &y, &z]);
            let mut back = merged(&x, &y);
            back.subtract(&y);
            prop_assert_eq!(encoded(&back), encoded(&x));
        }

        /// Goal: no bytes cause a panic, and each state has one encoding.
        #[test]
        fn s01_vector_bytes_are_canonical(
            rows in rows(), noise in prop::collection::vec(any::<u8>(), 0..30),
        ) {
            check_bytes(&VectorSum::zero(), &fold(&rows), &noise);
        }

        /// Goal: the sum is exact and the mean rounded once. Method: rationals.
        #[test]
        fn s17_vectors_are_rounded_once(rows in rows(), grid in -1200i32..1000) {
            let state = fold(&rows);
            let Some((sums, means)) = state.sum(grid).zip(state.mean(grid)) else {
                prop_assert!(rows.is_empty());
                return Ok(());
            };
            for at in 0..LENGTH {
                let sum = integer(rows.iter().map(|row| row[at]).sum::<i64>()) * power(grid);
                check_nearest(sums[at], &sum);
                check_nearest(means[at], &(sum / integer(rows.len())));
            }
        }

        /// Goal: an element becomes the nearest multiple, ties to even, or is refused. Method:
        /// rationals.
        #[test]
        fn s08_elements_are_rounded_to_the_grid(
            value in prop_oneof![
                any::<f64>(), -1e6..1e6, -2e12..2e12, (-9i32..9).prop_map(|x| f64::from(x) / 2.0),
            ],
            grid in prop_oneof![4 => -40i32..10, 1 => -1100i32..1000],
        ) {
            prop_assume!(value.is_finite());
            let mut lanes = Vec::new();
            let read = read_lanes([Some(value)].into_iter(), 1, grid, &mut lanes);
            let steps = real(value) / power(grid);
            let (zero, one) = (integer(0), integer(1));
            let distance = |x: BigRational| if x < zero { -x } else { x };
            if distance(steps.clone()) > integer(TOP) {
                prop_assert_eq!(read, Err(BadVector::TooGreat { at: 0, value, grid }));
            } else {
                prop_assert_eq!(read, Ok(()));
                let off = distance(steps - integer(lanes[0])) * integer(2);
                prop_assert!(off < one || (off == one && lanes[0] % 2 == 0));
            }
        }
    }

    /// Goal: each reason for a bad row, and the ends of what is good.
    #[test]
    fn s08_bad_vectors_are_refused() {
        let read = |elements: &[Option<f64>]| {
            let mut lanes = Vec::new();
            read_lanes(elements.iter().copied(), 2, -20, &mut lanes).map(|()| lanes)
        };
        let (top, half) = (f64::from(1 << 20), 2f64.powi(-21));
        assert_eq!(read(&[Some(top), Some(-top)]), Ok(vec![TOP, -TOP]));
        assert_eq!(read(&[Some(half), Some(-3.0 * half)]), Ok(vec![0, -2]));
        assert_eq!(read(&[Some(-0.0), Some(5e-324)]), Ok(vec![0, 0]));
        assert_eq!(read(&[Some(1.0)]), Err(BadVector::Length { got: 1, want: 2 }));
        assert_eq!(read(&[Some(1.0), None]), Err(BadVector::Null { at: 1 }));
        assert_eq!(read(&[Some(f64::NAN), None]), Err(BadVector::NotFinite { at: 0 }));
        assert_eq!(read(&[Some(f64::INFINITY); 2]), Err(BadVector::NotFinite { at: 0 }));
        let above = top.next_up();
        let refused = BadVector::TooGreat { at: 0, value: above, grid: -20 };
        assert_eq!(read(&[Some(above), None]), Err(refused));
        assert_eq!(
            refused.to_string(),
            "element 0 of a vector is 1048576.0000000002, beyond 2^20 of its grid"
        );
    }

    /// Goal: the greatest state within the limit is exact, one row more overflows permanently
    /// (S18), and a sweep that drops a row is exact again.
    #[test]
    fn s18_too_many_rows_overflow() {
        let mut state = VectorSum { count: ROWS_MAX, lanes: vec![TOP << 22; LENGTH] };
        assert_eq!(state.sum(0), Some(vec![2f64.powi(62); LENGTH]));
        assert_eq!(state.mean(0), Some(vec![2f64.powi(40); LENGTH]));
        check_monoid(&VectorSum::zero(), [&state; 3]);
        let row = fold(&[[TOP, -TOP, 1]]);
        state.merge(&row);
        assert_eq!((encoded(&state), state.sum(0), state.mean(0)), (vec![0], None, None));
        let mut read = VectorSum::decode(LENGTH, &mut &[0][..]).unwrap();
        read.merge(&row);
        assert_eq!(encoded(&read), [0]);
        state.subtract(&row);
        assert_eq!(state.sum(0), Some(vec![2f64.powi(62); LENGTH]));
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        assert_eq!(encoded(&VectorSum::zero()), [1]);
        assert_eq!(encoded(&fold(&[[1, -1, 100], [0, 0, 0]])), [3, 2, 1, 200, 1]);
    }
}
