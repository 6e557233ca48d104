//! The exact product of 64-bit integers, signed or unsigned (S17).
//!
//! Laws: a commutative monoid with 1 as zero. Zeros are only noted, and the sign is kept apart, so the
//! magnitude of the other values never decreases: once it is beyond 64 bits it stays so, whatever
//! is multiplied (S18). State: whether there was a zero, whether the number of negative values is
//! odd, the magnitude of the product of all values but zeros (0 if it is beyond 64 bits). Error
//! bound: none; the result is null with status `overflow` only if the product does not fit in its
//! type, and with a zero it always does. Bytes: the magnitude times 4, plus 2 with a zero, plus 1
//! if negative. Deliberately absent: how many values there were, which a count keeps.

use super::bytes::{put_unsigned, unsigned};

/// The product of some integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    zero: bool,
    negative: bool,
    /// 0 stands for more than 64 bits.
    magnitude: u64,
}

impl Product {
    /// The product of nothing.
    pub const fn one() -> Product {
        Product { zero: false, negative: false, magnitude: 1 }
    }

    /// Multiplies by a signed value.
    #[inline]
    pub fn multiply(&mut self, value: i64) {
        self.negative ^= value < 0;
        self.multiply_unsigned(value.unsigned_abs());
    }

    /// Multiplies by an unsigned value.
    #[inline]
    pub fn multiply_unsigned(&mut self, value: u64) {
        match value {
            0 => self.zero = true,
            value => self.magnitude = self.magnitude.checked_mul(value).unwrap_or(0),
        }
    }

    /// Multiplies by another product.
    pub fn merge(&mut self, other: &Product) {
        self.zero |= other.zero;
        self.negative ^= other.negative;
        self.magnitude = self.magnitude.checked_mul(other.magnitude).unwrap_or(0);
    }

    /// The product of signed values, or `None` if it leaves 64 bits.
    pub fn signed(self) -> Option<i64> {
        match (self.zero, self.magnitude, self.negative) {
            (true, ..) => Some(0),
            (_, 0, _) => None,
            (_, magnitude, false) => i64::try_from(magnitude).ok(),
            (_, magnitude, true) => 0i64.checked_sub_unsigned(magnitude),
        }
    }

    /// The product of unsigned values, or `None` if it leaves 64 bits.
    pub fn unsigned(self) -> Option<u64> {
        match (self.zero, self.magnitude) {
            (true, _) => Some(0),
            (_, 0) => None,
            (_, magnitude) => Some(magnitude),
        }
    }

    /// Appends the canonical encoding.
    pub fn encode(self, out: &mut Vec<u8>) {
        let flags = u128::from(self.zero) << 1 | u128::from(self.negative);
        put_unsigned(u128::from(self.magnitude) << 2 | flags, out);
    }

    /// Reads what [`Product::encode`] wrote.
    pub fn decode(bytes: &mut &[u8]) -> Option<Product> {
        let header = unsigned(bytes)?;
        let magnitude = u64::try_from(header >> 2).ok()?;
        Some(Product { zero: header & 2 != 0, negative: header & 1 != 0, magnitude })
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid};
    use super::*;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    impl Lawful for Product {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            (*self).encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            Product::decode(bytes)
        }
    }

    fn fold(values: &[i64]) -> Product {
        let mut product = Product::one();
        values.iter().for_each(|value| product.multiply(*value));
        product
    }

    fn values() -> impl Strategy<Value = Vec<i64>> {
        let value = prop_oneof![
            8 => -3i64..4,
            2 => any::<i32>().prop_map(i64::from),
            1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(-1), Just(1 << 32)],
        ];
        prop::collection::vec(value, 0..9)
    }

    proptest! {
        /// Goal: the laws, and the product by big integers.
        #[test]
        fn s17_products_are_exact(
            parts in [values(), values(), values()],
            noise in prop::collection::vec(any::<u8>(), 0..24),
        ) {
            let [a, b, c] = parts.each_ref().map(|values| fold(values));
            check_monoid(&Product::one(), [&a, &b, &c]);
            check_bytes(&Product::one(), &a, &noise);
            let all = parts.concat();
            let exact: BigInt = all.iter().copied().map(BigInt::from).product();
            prop_assert_eq!(fold(&all).signed(), i64::try_from(exact).ok());
            let mut unsigned = Product::one();
            all.iter().for_each(|value| unsigned.multiply_unsigned(value.unsigned_abs()));
            let exact: BigInt = all.iter().map(|value| BigInt::from(value.unsigned_abs())).product();
            prop_assert_eq!(unsigned.unsigned(), u64::try_from(exact).ok());
        }
    }

    /// Goal: the edges, and the stored bytes (S1).
    #[test]
    fn golden_bytes() {
        let bytes = |product: Product| {
            let mut out = Vec::new();
            product.encode(&mut out);
            out
        };
        assert_eq!(bytes(Product::one()), [4]);
        assert_eq!(bytes(fold(&[-3])), [13]);
        assert_eq!(fold(&[i64::MIN]).signed(), Some(i64::MIN));
        assert_eq!(fold(&[i64::MIN, -1]).signed(), None);
        assert_eq!(fold(&[i64::MIN, -1, -1]).signed(), Some(i64::MIN));
        let over = fold(&[i64::MAX, 3, -1]);
        assert_eq!((bytes(over), over.signed()), (vec![1], None));
        let with_zero = fold(&[i64::MAX, 0, 3]);
        assert_eq!((bytes(with_zero), with_zero.signed()), (vec![2], Some(0)));
    }
}
