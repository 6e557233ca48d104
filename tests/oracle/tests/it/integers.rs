//! Products and bits of integers against values worked out by hand.
//!
//! Invariant: every expectation follows from docs/FEATURES.md by reading it. Deliberately absent:
//! integers without a sign, which the oracle does not have.

use crate::asked::{ints, over, overflows, same};
use crate::random::is;
use lockstep_oracle::{Aggregate, Value};
use proptest::prelude::*;

const LEAST: i64 = i64::MIN;
const MOST: i64 = i64::MAX;

/// Goal: a product is exact and overflows beyond its type alone. Method: products at both ends of 64
/// bits and one step beyond, in an order in which a running product would leave them too.
#[test]
fn s17_products_overflow_at_the_end() {
    for (inputs, expected) in [
        (&[7][..], 7),
        (&[3, -4, 2], -24),
        (&[-1, -1, -1], -1),
        (&[LEAST], LEAST),
        (&[LEAST, 1], LEAST),
        (&[1 << 32, -(1 << 31)], LEAST),
        (&[-1, MOST, -1], MOST),
        // 2^63 on the way, and then its opposite.
        (&[1 << 32, 1 << 31, -1], LEAST),
        (&[LEAST, -1, -1], LEAST),
        (&[7 * 7 * 73 * 127, 337, 92_737, 649_657], MOST),
    ] {
        same(&over(Aggregate::Product, &ints(inputs)), Value::Int64(expected));
    }
    for inputs in [
        &[LEAST, -1][..],
        &[1 << 32, 1 << 31],
        &[MOST, 2],
        &[LEAST, 2],
        &[LEAST, LEAST],
        &[MOST, MOST, -1],
        &[-1, LEAST, 1],
    ] {
        overflows(&over(Aggregate::Product, &ints(inputs)));
    }
}

/// Goal: a zero makes a product 0, whatever the other values are. Method: a zero at each place beside
/// others that overflow.
#[test]
fn s17_a_zero_makes_a_product_zero() {
    for place in 0..4 {
        let mut inputs = vec![LEAST, MOST, LEAST];
        inputs.insert(place, 0);
        same(&over(Aggregate::Product, &ints(&inputs)), Value::Int64(0));
    }
    same(&over(Aggregate::Product, &ints(&[0])), Value::Int64(0));
    same(&over(Aggregate::Product, &ints(&[0, -1])), Value::Int64(0));
}

/// Goal: nulls are skipped, and nothing is null. Method: nulls alone and among values.
#[test]
fn s16_products_and_bits_of_nothing() {
    for aggregate in [Aggregate::Product, Aggregate::BitAnd, Aggregate::BitOr, Aggregate::BitXor] {
        same(&over(aggregate, &[]), Value::Null);
        same(&over(aggregate, &[Value::Null, Value::Null]), Value::Null);
        let one = [Value::Null, Value::Int64(-6), Value::Null];
        same(&over(aggregate, &one), Value::Int64(-6));
    }
}

/// Goal: bits joined by and, or, exclusive or, the sign's among them. Method: numbers in binary.
#[test]
fn bits_are_joined() {
    for (inputs, and, or, xor) in [
        (&[0b1100, 0b1010][..], 0b1000, 0b1110, 0b0110),
        (&[0b1100, 0b1010, 0b1001], 0b1000, 0b1111, 0b1111),
        (&[5, 5], 5, 5, 0),
        (&[5, 5, 5], 5, 5, 5),
        (&[LEAST, MOST], 0, -1, -1),
        (&[-1, LEAST], LEAST, -1, MOST),
        (&[0, 0], 0, 0, 0),
    ] {
        same(&over(Aggregate::BitAnd, &ints(inputs)), Value::Int64(and));
        same(&over(Aggregate::BitOr, &ints(inputs)), Value::Int64(or));
        same(&over(Aggregate::BitXor, &ints(inputs)), Value::Int64(xor));
    }
}

proptest! {
    /// Goal: products of small integers and bits of any. Method: a running product in 128 bits, which
    /// does not leave them; each bit counted by itself.
    #[test]
    fn s17_products_and_bits_agree_with_running_ones(
        small in prop::collection::vec(-4000_i64..4000, 1..10),
        inputs in prop::collection::vec(any::<i64>(), 1..6),
    ) {
        let product: i128 = small.iter().map(|x| i128::from(*x)).product();
        let found = over(Aggregate::Product, &ints(&small));
        is(&found, i64::try_from(product).map_or(Value::Null, Value::Int64))?;
        prop_assert_eq!(found.overflow, i64::try_from(product).is_err());

        let counted = |keep: &dyn Fn(usize) -> bool| {
            let ones = |bit: &u32| inputs.iter().filter(|x| **x >> bit & 1 == 1).count();
            let bits = (0..64).filter(|bit| keep(ones(bit)));
            Value::Int64(bits.fold(0, |joined, bit| joined | 1_i64 << bit))
        };
        let values = ints(&inputs);
        is(&over(Aggregate::BitAnd, &values), counted(&|ones| ones == inputs.len()))?;
        is(&over(Aggregate::BitOr, &values), counted(&|ones| ones > 0))?;
        is(&over(Aggregate::BitXor, &values), counted(&|ones| ones % 2 == 1))?;
    }
}
