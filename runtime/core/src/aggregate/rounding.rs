//! Rounding once: the double nearest to `±magnitude * 2^exponent` (S17).
//!
//! Invariant: the result is the real number rounded to nearest, ties to even, including subnormals
//! and overflow to infinity, exactly as IEEE 754 requires. `sticky` says that a positive amount
//! below the magnitude's last bit was cut off. Deliberately absent: any floating-point operation.

/// The double nearest to `magnitude * 2^exponent`, plus a positive amount below the last bit if
/// `sticky`.
///
/// With `sticky`, `magnitude` must have at least 55 bits, so that the cut part lies below the
/// rounding position.
pub fn round(negative: bool, magnitude: u128, exponent: i32, sticky: bool) -> f64 {
    let sign = u64::from(negative) << 63;
    if magnitude == 0 {
        return 0.0;
    }
    debug_assert!(!sticky || magnitude >> 54 != 0, "the cut part reaches the rounding position");
    let top = 127 - magnitude.leading_zeros() as i32;
    // The exponent of the result's last bit: 53 bits, fewer for subnormals.
    let mut last = (top + exponent - 52).max(-1074);
    let drop = last - exponent;
    let mut mantissa = match drop {
        ..=0 => (magnitude << -drop) as u64,
        1..=127 => {
            let kept = (magnitude >> drop) as u64;
            let cut = magnitude & ((1 << drop) - 1);
            let half = 1 << (drop - 1);
            let up = cut > half || (cut == half && (sticky || kept & 1 == 1));
            kept + u64::from(up)
        }
        128 => u64::from(magnitude > 1 << 127 || (magnitude == 1 << 127 && sticky)),
        _ => 0,
    };
    if mantissa >> 53 == 1 {
        mantissa >>= 1;
        last += 1;
    }
    if mantissa >> 52 == 0 {
        return f64::from_bits(sign | mantissa);
    }
    let field = i64::from(last) + 1075;
    if field >= 2047 {
        return f64::from_bits(sign | f64::INFINITY.to_bits());
    }
    f64::from_bits(sign | (field as u64) << 52 | (mantissa & ((1 << 52) - 1)))
}

/// The double nearest to `magnitude * 2^exponent / divisor`, plus a positive amount below the last
/// bit if `sticky`.
///
/// The quotient keeps at least 64 bits and a sticky remainder, so one rounding decides. With
/// `sticky`, `magnitude` must have its highest bit set.
pub fn round_quotient(
    negative: bool,
    magnitude: u128,
    exponent: i32,
    sticky: bool,
    divisor: u64,
) -> f64 {
    if magnitude == 0 {
        return 0.0;
    }
    let shift = magnitude.leading_zeros();
    let (scaled, divisor) = (magnitude << shift, u128::from(divisor));
    let (quotient, remainder) = (scaled / divisor, scaled % divisor);
    round(negative, quotient, exponent - shift as i32, sticky || remainder != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Goal: the result agrees with the processor where that rounds once too: integers to
        /// doubles, and the quotient of two integers that doubles hold exactly.
        #[test]
        fn s17_rounds_like_the_processor(n in any::<i128>(), shift in 0u32..127, d in 1u64..1 << 53) {
            let n = n >> shift;
            prop_assert_eq!(
                round(n < 0, n.unsigned_abs(), 0, false).to_bits(),
                (n as f64 + 0.0).to_bits()
            );
            let small = (n >> 75) as i64;
            prop_assert_eq!(
                round_quotient(small < 0, u128::from(small.unsigned_abs()), 0, false, d).to_bits(),
                (small as f64 / d as f64 + 0.0).to_bits()
            );
        }

        /// Goal: any double is unchanged by splitting it into mantissa and exponent, and halves of
        /// the last bit are rounded to even, also among the subnormals.
        #[test]
        fn s17_rounds_at_every_exponent(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_finite() && x != 0.0);
            let field = (bits >> 52 & 0x7ff) as i32;
            let fraction = u128::from(bits & ((1 << 52) - 1));
            let (mantissa, exponent) =
                if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
            prop_assert_eq!(round(x < 0.0, mantissa, exponent, false).to_bits(), bits);
            let above = f64::from_bits(bits + 1);
            let even = if bits & 1 == 0 { x } else { above };
            let half = mantissa * 2 + 1;
            prop_assert_eq!(round(x < 0.0, half, exponent - 1, false).to_bits(), even.to_bits());
            let wide = (half << 70, exponent - 71);
            prop_assert_eq!(round(x < 0.0, wide.0 + 1, wide.1, false).to_bits(), above.to_bits());
            prop_assert_eq!(round(x < 0.0, wide.0 - 1, wide.1, false).to_bits(), x.to_bits());
            if mantissa >> 52 == 1 {
                prop_assert_eq!(round(x < 0.0, wide.0, wide.1, true).to_bits(), above.to_bits());
            }
        }
    }

    /// Goal: the ends of the range. Method: values around the least subnormal and the overflow.
    #[test]
    fn s17_rounds_at_the_ends() {
        assert_eq!(round(false, 1, -1075, false), 0.0);
        assert_eq!(round(false, 3, -1076, false).to_bits(), 1);
        assert_eq!(round(false, 1 << 127, -1075 - 127, false), 0.0);
        assert_eq!(round(false, (1 << 127) + 1, -1075 - 127, false).to_bits(), 1);
        assert_eq!(round(false, 1, -1300, false), 0.0);
        assert_eq!(round(true, 1, 1024, false), f64::NEG_INFINITY);
        assert_eq!(round(false, (1 << 54) - 1, 970, false), f64::INFINITY);
        assert_eq!(round(false, (1 << 53) - 1, 971, false), f64::MAX);
    }
}
