//! Integers joined bit by bit: and, or, exclusive or.
//!
//! Laws: each operation is a commutative monoid on 64 bits; with and, zero has all bits set. State:
//! the bits so far. A narrower integer is extended to 64 bits by its sign, which commutes with each
//! operation. Error bound: none. Bytes: eight, the lowest first. Deliberately absent: how many
//! values there were, which a count keeps.

use crate::value::take;

/// How bits are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BitOperation {
    /// Set where all values have it.
    And,
    /// Set where any value has it.
    Or,
    /// Set where an odd number of values have it.
    Xor,
}

impl BitOperation {
    /// The bits of no values.
    pub const fn zero(self) -> u64 {
        match self {
            BitOperation::And => u64::MAX,
            BitOperation::Or | BitOperation::Xor => 0,
        }
    }

    /// The bits of both.
    #[inline]
    pub const fn join(self, a: u64, b: u64) -> u64 {
        match self {
            BitOperation::And => a & b,
            BitOperation::Or => a | b,
            BitOperation::Xor => a ^ b,
        }
    }
}

/// Appends the canonical encoding.
pub fn encode(bits: u64, out: &mut Vec<u8>) {
    out.extend(bits.to_le_bytes());
}

/// Reads what [`encode`] wrote.
pub fn decode(bytes: &mut &[u8]) -> Option<u64> {
    take(bytes).map(u64::from_le_bytes)
}
