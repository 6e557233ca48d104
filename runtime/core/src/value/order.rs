//! Numbers as unsigned integers that sort alike (S14), and the one quiet NaN.
//!
//! Invariant: each function that ends in `_from_order` is the inverse of the other.

/// The one quiet NaN of 32-bit floats.
pub const NAN_32: f32 = f32::from_bits(0x7fc0_0000);
/// The one quiet NaN of 64-bit floats.
pub const NAN_64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// `value` with every NaN replaced by the one quiet NaN.
pub fn canonical_f32(value: f32) -> f32 {
    if value.is_nan() { NAN_32 } else { value }
}

/// `value` with every NaN replaced by the one quiet NaN.
pub fn canonical_f64(value: f64) -> f64 {
    if value.is_nan() { NAN_64 } else { value }
}

/// An unsigned integer that sorts as 64-bit floats do in S14: -0.0 before +0.0, NaN greatest.
pub fn f64_order(value: f64) -> u64 {
    let bits = canonical_f64(value).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The inverse of [`f64_order`].
pub fn f64_from_order(order: u64) -> f64 {
    f64::from_bits(if order >> 63 == 1 { order & !(1 << 63) } else { !order })
}

/// An unsigned integer that sorts as 32-bit floats do in S14.
pub fn f32_order(value: f32) -> u32 {
    let bits = canonical_f32(value).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The inverse of [`f32_order`].
pub fn f32_from_order(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 1 { order & !(1 << 31) } else { !order })
}

/// An unsigned integer that sorts as the signed ones do.
pub fn i64_order(value: i64) -> u64 {
    (value as u64) ^ (1 << 63)
}

/// The inverse of [`i64_order`].
pub fn i64_from_order(order: u64) -> i64 {
    (order ^ (1 << 63)) as i64
}

/// An unsigned integer that sorts as the signed ones of 32 bits do.
pub(crate) fn i32_order(value: i32) -> u32 {
    (value as u32) ^ (1 << 31)
}
