//! Binned sums: two doubles that hold an exact sum of doubles of similar size, which is the fast
//! path of [`super::float_sum`].
//!
//! The method is from Demmel and Nguyen, "Parallel reproducible summation" (2015). With a unit `u =
//! 2^(base - 1075)` and a step `s = 2^43 u`, `high` is `1.5 * 2^52 s` plus a multiple of `s`, and
//! `low` is a multiple of `u`; the sum is that of the two multiples. Adding a double to `high`
//! rounds it to a multiple of `s`, and the part that was rounded off is added to `low`: four
//! operations, each of them exact.
//!
//! Invariant, after `used` additions since the last settling: `|low| <= (1 + used) s / 2`, which
//! with `used <= 1024` is below `2^53 u`. `high` is within `2^50 s` of its middle at the settling,
//! and each addition moves it by less than `2^39 s` and a rounding, so it stays in its binade,
//! whose doubles are the multiples of `s`. Deliberately absent: zeros, subnormals, doubles outside
//! the window of 30 exponents, and values that are not finite; the caller keeps those elsewhere.

/// The step in units: 2^43.
const STEP_BITS: i32 = 43;
/// The greatest distance of an added double's exponent above the base.
const WINDOW: u32 = 29;
/// Additions until the low part must be settled.
const USED_MAX: u32 = 1024;
/// The greatest number of bits of a sum, in units: `2^50` steps.
const SUM_BITS: i32 = STEP_BITS + 50;
/// The greatest base: `high` is a double too.
const BASE_MAX: i32 = 2046 - STEP_BITS;
/// The base of bins that hold nothing: no double is in its window.
const NO_BASE: u32 = u32::MAX / 2;
/// New bases are multiples of this, so that sums of similar data have the same base and merge fast.
const BASE_STEP: i32 = 8;
/// The difference between a double's exponent field and the exponent of its last bit.
pub const BIAS: i32 = 1075;

const FRACTION: u64 = (1 << 52) - 1;
/// The middle of a binade's fractions.
const MIDDLE: i64 = 1 << 51;

/// An exact sum of doubles of similar size.
#[derive(Clone, Copy, Debug)]
pub struct Binned {
    high: f64,
    low: f64,
    /// The exponent of the unit, as in a double's exponent field.
    base: u32,
    used: u32,
}

impl Binned {
    /// The sum of nothing.
    pub const fn zero() -> Binned {
        Binned { high: 0.0, low: 0.0, base: NO_BASE, used: 0 }
    }

    /// Adds a double, or does nothing and returns false if it does not fit.
    #[inline]
    pub fn add(&mut self, value: f64) -> bool {
        let field = (value.to_bits() << 1 >> 53) as u32;
        // The base is at least 1 and far below the exponent field of an infinity, so zeros,
        // subnormals and values that are not finite are outside the window. One branch for both
        // conditions, because both are rare.
        if (field.wrapping_sub(self.base) > WINDOW) | (self.used == USED_MAX) {
            return false;
        }
        self.used += 1;
        self.absorb(value);
        true
    }

    /// Rounds `value` to a step and adds it to `high`; the rest is added to `low`.
    #[inline]
    fn absorb(&mut self, value: f64) {
        let high = self.high + value;
        self.low += value - (high - self.high);
        self.high = high;
    }

    /// The distance of `high` from its middle, in steps.
    #[inline]
    fn steps(&self) -> i64 {
        (self.high.to_bits() & FRACTION) as i64 - MIDDLE
    }

    /// Moves whole steps from `low` to `high`, so that more doubles can be added; false if the sum
    /// has become too large for that.
    #[inline]
    fn settle(&mut self) -> bool {
        let low = std::mem::take(&mut self.low);
        self.absorb(low);
        self.used = 0;
        self.steps().abs() <= 1 << 50
    }

    /// The sum as `mantissa * 2^(base - 1075)`, at most 96 bits.
    pub fn content(&self) -> (i128, i32) {
        if self.base == NO_BASE {
            return (0, 1);
        }
        // `low` is an integer of at most 53 bits in units, so this shift drops only zeros.
        let (low, field) = double(self.low);
        let units = low.checked_shr(self.base - field as u32).unwrap_or(0);
        ((i128::from(self.steps()) << STEP_BITS) + units, self.base as i32)
    }

    /// Bins that hold `mantissa * 2^(field - 1075)`, or `None` if it has too many bits.
    pub fn of(mantissa: i128, field: i32) -> Option<Binned> {
        if mantissa == 0 {
            return Some(Binned::zero());
        }
        let lowest = field + mantissa.trailing_zeros() as i32;
        let top = field + 127 - mantissa.unsigned_abs().leading_zeros() as i32;
        let fits =
            |base: i32| (1..=BASE_MAX).contains(&base) && base <= lowest && top - base < SUM_BITS;
        // Leaves room below for smaller doubles, in the window of a double of the sum's size.
        let roomy = (lowest.min(top - 52) - BASE_STEP).min(BASE_MAX);
        let aligned = roomy / BASE_STEP * BASE_STEP;
        let base =
            [aligned, roomy, lowest.min(top - 52), lowest, 1].into_iter().find(|&b| fits(b))?;
        let shift = field - base;
        Some(Binned::at(base, if shift >= 0 { mantissa << shift } else { mantissa >> -shift }))
    }

    /// Bins with this base that hold `units`, which have at most [`SUM_BITS`] bits.
    fn at(base: i32, units: i128) -> Binned {
        let steps = (units + (1 << (STEP_BITS - 1))) >> STEP_BITS;
        let rest = (units - (steps << STEP_BITS)) as i64;
        let exponent = (base + STEP_BITS) as u64;
        Binned {
            high: f64::from_bits(exponent << 52 | (steps as i64 + MIDDLE) as u64),
            low: rest as f64 * unit(base),
            base: base as u32,
            used: 0,
        }
    }

    /// The sum of these and other bins, or their difference, or `None` if it does not fit.
    #[inline]
    pub fn merged(self, other: Binned, subtract: bool) -> Option<Binned> {
        let term = if subtract { other.negated() } else { other };
        if term.base == NO_BASE {
            return Some(self);
        }
        let (onto, from) = if self.base <= term.base { (self, term) } else { (term, self) };
        onto.with(from).or_else(|| self.merged_slowly(term))
    }

    /// The middle of the binade of `high`.
    #[inline]
    fn middle(&self) -> f64 {
        f64::from_bits(u64::from(self.base + STEP_BITS as u32) << 52 | MIDDLE as u64)
    }

    #[inline]
    fn negated(self) -> Binned {
        if self.base == NO_BASE {
            return self;
        }
        let middle = self.middle();
        Binned { high: middle - (self.high - middle), low: -self.low, ..self }
    }

    /// Adds bins of the same or a greater base, whose multiples are multiples here too; `None` if
    /// `high` would leave its binade, in which all four operations are exact.
    #[inline]
    fn with(mut self, other: Binned) -> Option<Binned> {
        if other.base == NO_BASE {
            return Some(self);
        }
        if self.used == USED_MAX {
            self.settle();
        }
        let binade = self.high.to_bits() >> 52;
        self.high += other.high - other.middle();
        let inside = self.high.to_bits() >> 52 == binade;
        self.absorb(other.low);
        self.used += 1;
        let inside = inside && self.high.to_bits() >> 52 == binade;
        (inside && self.steps().abs() <= 1 << 50).then_some(self)
    }

    #[cold]
    fn merged_slowly(self, other: Binned) -> Option<Binned> {
        let ((own, own_base), (other, other_base)) = (self.content(), other.content());
        let (own_zeros, other_zeros) = (own.trailing_zeros() as i32, other.trailing_zeros() as i32);
        if own == 0 || other == 0 {
            return if own == 0 { Binned::of(other, other_base) } else { Some(self) };
        }
        let base = (own_base + own_zeros).min(other_base + other_zeros);
        let at = |mantissa: i128, zeros: i32, from: i32| {
            let (odd, shift) = (mantissa >> zeros, from + zeros - base);
            // Both at most 2^125: the sum cannot overflow.
            (odd.unsigned_abs().leading_zeros() as i32 > shift + 2).then(|| odd << shift)
        };
        Binned::of(at(own, own_zeros, own_base)? + at(other, other_zeros, other_base)?, base)
    }

    /// These bins plus a double that [`Binned::add`] refused, finite and not 0; `None` if no bins
    /// can hold both.
    pub fn widened(mut self, value: f64) -> Option<Binned> {
        if self.used == USED_MAX && self.settle() && self.add(value) {
            return Some(self);
        }
        let (mantissa, field) = double(value);
        self.merged_slowly(Binned::of(mantissa, field)?)
    }
}

/// A finite double as `mantissa * 2^(field - 1075)`.
pub fn double(value: f64) -> (i128, i32) {
    let bits = value.to_bits();
    let field = (bits << 1 >> 53) as i32;
    let magnitude = i128::from(bits & FRACTION | u64::from(field > 0) << 52);
    (if value < 0.0 { -magnitude } else { magnitude }, field.max(1))
}

/// `2^(base - 1075)`.
fn unit(base: i32) -> f64 {
    match base - BIAS + 1074 {
        subnormal @ ..52 => f64::from_bits(1 << subnormal),
        normal => f64::from_bits((normal as u64 - 51) << 52),
    }
}
