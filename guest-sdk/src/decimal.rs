//! Decimal numbers, as a column contains them: an integer of at most 38 digits, divided by a power
//! of ten.
//!
//! Invariant: nothing is rounded without saying so. A value has at most `P` digits, `S` of them
//! behind the point, and what is not exactly such a number is `None`. Deliberately absent: a way
//! from floats, because the float that was meant is not known (0.1 is no double), and products and
//! quotients, whose digits an author must choose: compute with [`Decimal::unscaled`].

use crate::manifest::Piece;
use std::fmt;
use std::str::FromStr;

/// Most digits of a decimal.
const PRECISION_MAX: u8 = 38;
/// Why a type of decimals is none.
const NO_TYPE: &str = "a decimal has 1 to 38 digits, and at most all of them behind the point: \
                       Decimal<P, S> with S <= P";
/// The powers of ten that are doubles.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/// Up to here every integer is a double.
const DOUBLE_INTEGERS: i128 = 1 << 53;

/// A decimal number of at most `P` digits, `S` of them behind the point: the column type
/// `decimal(P,S)`. `P` is 1 to 38, and `S` at most `P`; anything else does not compile.
///
/// ```
/// use lockstep_sdk::prelude::*;
///
/// let price: Decimal<12, 2> = "19.90".parse().unwrap();
/// let postage = Decimal::new(350).unwrap(); // 3.50
/// let total = price.checked_add(postage).unwrap();
/// assert_eq!(total.to_string(), "23.40");
/// assert_eq!(total.unscaled(), 2340);
/// assert_eq!(total.rescale::<3, 1>().unwrap().to_string(), "23.4");
/// assert_eq!(total.rescale::<12, 0>(), None); // It would have to be rounded.
/// assert_eq!(total.to_f64(), 23.4);
/// assert_eq!(Decimal::<3, 2>::new(1000), None); // Four digits.
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal<const P: u8, const S: u8>(i128);

impl<const P: u8, const S: u8> Decimal<P, S> {
    /// Whether there is such a type.
    pub(crate) const IS_TYPE: bool = P >= 1 && P <= PRECISION_MAX && S <= P;
    /// Does not compile unless there is such a type.
    const CHECKED: () = assert!(Self::IS_TYPE, "{}", NO_TYPE);
    const PRECISION_TEXT: &'static [u8; 2] = &two_digits(P);
    const SCALE_TEXT: &'static [u8; 2] = &two_digits(S);
    /// The type's name in the manifest. The macros refuse it at the author's line if it is none.
    pub(crate) const TYPE: Piece = Piece::Many(&[
        Piece::Text("decimal("),
        Piece::Text(number(Self::PRECISION_TEXT)),
        Piece::Text(","),
        Piece::Text(number(Self::SCALE_TEXT)),
        Piece::Text(")"),
    ]);

    /// Zero.
    pub const ZERO: Self = {
        let () = Self::CHECKED;
        Decimal(0)
    };
    /// The greatest value: `P` nines.
    pub const MAX: Self = {
        let () = Self::CHECKED;
        Decimal(10_i128.pow(P as u32) - 1)
    };
    /// The least value: minus `P` nines.
    pub const MIN: Self = Decimal(-Self::MAX.0);

    /// The number `unscaled / 10^S`; `None` if `unscaled` has more than `P` digits.
    pub const fn new(unscaled: i128) -> Option<Self> {
        if unscaled < Self::MIN.0 || unscaled > Self::MAX.0 {
            return None;
        }
        Some(Decimal(unscaled))
    }

    /// The number that a batch holds; the host has checked its digits.
    #[inline]
    pub(crate) fn of_batch(bytes: [u8; 16]) -> Self {
        Decimal(i128::from_le_bytes(bytes))
    }

    /// The number times `10^S`: its digits as one integer.
    pub const fn unscaled(self) -> i128 {
        self.0
    }

    /// The exact sum; `None` if it has more than `P` digits.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Self::new(sum),
            None => None,
        }
    }

    /// The exact difference; `None` if it has more than `P` digits.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Self::new(difference),
            None => None,
        }
    }

    /// The same number as a decimal of `P2` digits, `S2` of them behind the point; `None` if that
    /// type does not have exactly this number.
    pub const fn rescale<const P2: u8, const S2: u8>(self) -> Option<Decimal<P2, S2>> {
        let unscaled = if S2 >= S {
            match self.0.checked_mul(10_i128.pow((S2 - S) as u32)) {
                Some(unscaled) => unscaled,
                None => return None,
            }
        } else {
            let power = 10_i128.pow((S - S2) as u32);
            if self.0 % power != 0 {
                return None;
            }
            self.0 / power
        };
        Decimal::new(unscaled)
    }

    /// The nearest double. It is rounded once, and if two are as near, the one with an even last
    /// bit is taken.
    pub fn to_f64(self) -> f64 {
        if let Some(power) = POWERS.get(usize::from(S))
            && self.0.abs() <= DOUBLE_INTEGERS
        {
            // Both are exact doubles, so only the division rounds.
            return self.0 as f64 / power;
        }
        format!("{}e-{S}", self.0).parse().expect("an integer with an exponent is a number")
    }
}

/// `number`, which is below 100, as two digits.
const fn two_digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

/// Two digits as a number without leading zeros.
const fn number(digits: &'static [u8; 2]) -> &'static str {
    match digits {
        [b'0', last] => crate::manifest::text(std::slice::from_ref(last)),
        both => crate::manifest::text(both),
    }
}

impl<const P: u8, const S: u8> fmt::Display for Decimal<P, S> {
    /// All `S` digits behind the point, and at least one before it, as in `-0.05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(S);
        let mut text = format!("{:0width$}", self.0.unsigned_abs(), width = scale + 1);
        if scale > 0 {
            text.insert(text.len() - scale, '.');
        }
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

impl<const P: u8, const S: u8> fmt::Debug for Decimal<P, S> {
    /// As [`fmt::Display`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no decimal of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDecimalError(String);

impl fmt::Display for ParseDecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseDecimalError {}

impl<const P: u8, const S: u8> FromStr for Decimal<P, S> {
    type Err = ParseDecimalError;

    /// Reads digits, perhaps with a sign before them and a point between them, as in `-12.50`. More
    /// than `S` digits behind the point are read if the rest are zeros: nothing is rounded.
    fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(ParseDecimalError("not a number such as -12.50".to_string()));
        }
        let (kept, rest) = fraction.split_at(fraction.len().min(usize::from(S)));
        let zeros = std::iter::repeat_n(b'0', usize::from(S) - kept.len());
        let exact = rest.bytes().all(|digit| digit == b'0');
        let mut digits = whole.bytes().chain(kept.bytes()).chain(zeros);
        let unscaled = digits.try_fold(0_i128, |unscaled, digit| {
            unscaled.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
        });
        let unscaled = unscaled.map(|unscaled| if negative { -unscaled } else { unscaled });
        let decimal = unscaled.and_then(Self::new).filter(|_| exact);
        decimal.ok_or_else(|| ParseDecimalError(format!("no exact decimal({P},{S})")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::join;

    /// Goal: the manifest's name of the type. Method: one and two digits.
    #[test]
    fn types_have_names() {
        assert_eq!(&join(&Decimal::<9, 0>::TYPE), b"decimal(9,0)");
        assert_eq!(&join(&Decimal::<10, 10>::TYPE), b"decimal(10,10)");
        assert_eq!(&join(&Decimal::<38, 7>::TYPE), b"decimal(38,7)");
        const { assert!(!Decimal::<0, 0>::IS_TYPE && !Decimal::<39, 0>::IS_TYPE) };
        const { assert!(!Decimal::<5, 6>::IS_TYPE && Decimal::<1, 1>::IS_TYPE) };
    }

    /// Goal: a text is a decimal exactly or not at all. Method: a table for `decimal(5,2)`, then
    /// the edges of 38 digits.
    #[test]
    fn texts_are_read_exactly() {
        for (text, expect) in [
            ("1.25", Some(125)),
            ("+1.25", Some(125)),
            ("-0.05", Some(-5)),
            ("-0", Some(0)),
            ("7", Some(700)),
            ("007.1", Some(710)),
            ("1.2500000000000000000000000000000000000000000000", Some(125)),
            ("1.255", None),
            ("1.2500000000000000000000000000000000000000000001", None),
            ("999.99", Some(99_999)),
            ("-999.99", Some(-99_999)),
            ("1000", None),
            ("99999999999999999999999999999999999999999999999999", None),
            ("1e2", None),
            ("1.", None),
            (".5", None),
            ("", None),
            ("-", None),
            ("+-1", None),
            ("--1", None),
            ("1.2.3", None),
            (" 1", None),
            ("1_0", None),
            ("NaN", None),
            ("١", None),
        ] {
            let found = text.parse::<Decimal<5, 2>>().ok().map(Decimal::unscaled);
            assert_eq!(found, expect, "{text}");
        }
        let nines = "9".repeat(38);
        assert_eq!(nines.parse(), Ok(Decimal::<38, 0>::MAX));
        assert_eq!(format!("-{nines}").parse(), Ok(Decimal::<38, 0>::MIN));
        assert_eq!(format!("0.{nines}").parse(), Ok(Decimal::<38, 38>::MAX));
        let error = format!("1{nines}").parse::<Decimal<38, 0>>().unwrap_err();
        assert_eq!(error.to_string(), "no exact decimal(38,0)");
        let error = "one".parse::<Decimal<38, 0>>().unwrap_err();
        assert_eq!(error.to_string(), "not a number such as -12.50");
    }

    /// Goal: all fraction digits are written, and read back as the same number. Method: a table,
    /// and a format's own width and sign.
    #[test]
    fn texts_are_written_whole() {
        fn check<const P: u8, const S: u8>(unscaled: i128, text: &str) {
            let decimal = Decimal::<P, S>::new(unscaled).unwrap();
            assert_eq!((decimal.to_string(), format!("{decimal:?}")), (text.into(), text.into()));
            assert_eq!(text.parse(), Ok(decimal));
        }
        check::<5, 2>(0, "0.00");
        check::<5, 2>(-5, "-0.05");
        check::<5, 2>(99_999, "999.99");
        check::<5, 0>(-99_999, "-99999");
        check::<5, 5>(-1, "-0.00001");
        check::<38, 38>(1, &format!("0.{}1", "0".repeat(37)));
        check::<38, 1>(-(10_i128.pow(38) - 1), &format!("-{}.9", "9".repeat(37)));
        let decimal = Decimal::<5, 2>::new(150).unwrap();
        assert_eq!(format!("{decimal:>+7}|{decimal:07}|{decimal:<6}|"), "  +1.50|0001.50|1.50  |");
    }

    /// Goal: no value has more than its digits. Method: the edges of `new`, sums and differences.
    #[test]
    fn digits_are_limited() {
        assert_eq!(Decimal::<2, 1>::new(99), Some(Decimal::MAX));
        assert_eq!(Decimal::<2, 1>::new(-99), Some(Decimal::MIN));
        assert_eq!((Decimal::<2, 1>::new(100), Decimal::<2, 1>::new(-100)), (None, None));
        assert_eq!(
            (Decimal::<38, 0>::new(i128::MAX), Decimal::<38, 0>::new(i128::MIN)),
            (None, None)
        );
        let of = |unscaled| Decimal::<2, 1>::new(unscaled).unwrap();
        assert_eq!(of(98).checked_add(of(1)), Some(of(99)));
        assert_eq!(of(98).checked_add(of(2)), None);
        assert_eq!(of(-98).checked_sub(of(1)), Some(of(-99)));
        assert_eq!(of(-98).checked_sub(of(2)), None);
        // Two such sums do not even fit 128 bits.
        let (least, most) = (Decimal::<38, 7>::MIN, Decimal::<38, 7>::MAX);
        assert_eq!((most.checked_add(most), least.checked_add(least)), (None, None));
        assert_eq!((most.checked_sub(least), least.checked_sub(most)), (None, None));
        assert_eq!(most.checked_add(least), Some(Decimal::ZERO));
        assert!(least < Decimal::ZERO && Decimal::ZERO < most);
    }

    /// Goal: another scale has the same number or none. Method: a table at the edges.
    #[test]
    fn scales_change_exactly() {
        let price = Decimal::<5, 2>::new(-12_340).unwrap();
        assert_eq!(price.rescale(), Decimal::<4, 1>::new(-1_234));
        assert_eq!(price.rescale::<3, 1>(), None);
        assert_eq!(price.rescale::<5, 0>(), None);
        assert_eq!(price.rescale(), Decimal::<38, 35>::new(-12_340 * 10_i128.pow(33)));
        assert_eq!(price.rescale::<38, 36>(), None);
        assert_eq!(price.rescale::<38, 38>(), None);
        assert_eq!(Decimal::<38, 0>::MAX.rescale::<38, 38>(), None);
        assert_eq!(Decimal::<38, 38>::MAX.rescale::<38, 0>(), None);
        assert_eq!(Decimal::<38, 38>::ZERO.rescale(), Some(Decimal::<1, 0>::ZERO));
        assert_eq!(price.rescale(), Some(price));
    }

    /// Goal: the nearest double. Method: the decimal's own text, which the standard library rounds
    /// once; many digits and scales, and some known values.
    #[test]
    fn doubles_are_the_nearest() {
        fn check<const P: u8, const S: u8>() {
            let mut unscaled: i128 = 1;
            for step in 0..400_i128 {
                unscaled = unscaled.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step);
                let digits = 10_i128.pow((step % i128::from(P)) as u32 + 1);
                for unscaled in [unscaled % digits, (1 << 53) + step, digits - 1, -step] {
                    let Some(decimal) = Decimal::<P, S>::new(unscaled) else { continue };
                    let nearest: f64 = decimal.to_string().parse().unwrap();
                    assert_eq!(decimal.to_f64().to_bits(), nearest.to_bits(), "{decimal}");
                }
            }
        }
        check::<38, 0>();
        check::<38, 2>();
        check::<38, 22>();
        check::<38, 23>();
        check::<38, 38>();
        check::<18, 4>();
        check::<1, 1>();
        assert_eq!(Decimal::<2, 1>::new(-1).unwrap().to_f64(), -0.1);
        assert_eq!(Decimal::<1, 0>::ZERO.to_f64().to_bits(), 0);
        assert_eq!(Decimal::<38, 0>::MAX.to_f64(), 1e38);
        let odd = Decimal::<20, 0>::new((1 << 53) + 1).unwrap();
        assert_eq!(odd.to_f64(), 9_007_199_254_740_992.0);
    }
}
