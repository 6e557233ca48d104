//! The hash of a value's canonical encoding: XXH3-64 with seed 0 (S19).
//!
//! Invariant: the hash depends on the bytes alone, whichever function here computed it. Integers,
//! times and doubles are encoded as a tag and eight bytes; their hash is computed in registers,
//! because a processor stalls, for longer than the hash takes, when bytes are written one by one
//! and read eight at once. Deliberately absent: a fast path for other lengths, for which the crate
//! is as fast.

use xxhash_rust::xxh3::xxh3_64;

/// The values that XXH3 mixes into the first and the last eight bytes of inputs of 9 to 16 bytes:
/// bytes 24 to 40 and 40 to 56 of its secret, each combined with the other half.
const FLIPS: [u64; 2] = [0x6782_737b_ea42_39b9, 0xaf56_bc3b_0996_523a];
/// The multiplier of XXH3's avalanche.
const AVALANCHE: u64 = 0x1656_6791_9e37_79f9;
/// The length of a tag and eight bytes.
const NINE: u64 = 9;

/// The hash of an encoding.
#[inline]
pub fn hash(encoded: &[u8]) -> u64 {
    xxh3_64(encoded)
}

/// The hash of `tag` and then the bytes of `order`, the greatest first.
#[inline]
pub fn hash_nine(tag: u8, order: u64) -> u64 {
    let last = order.swap_bytes();
    let (first, last) = ((last << 8 | u64::from(tag)) ^ FLIPS[0], last ^ FLIPS[1]);
    let product = u128::from(first) * u128::from(last);
    let sum = NINE
        .wrapping_add(first.swap_bytes())
        .wrapping_add(last)
        .wrapping_add(product as u64 ^ (product >> 64) as u64);
    let mixed = (sum ^ sum >> 37).wrapping_mul(AVALANCHE);
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The hash of the nine bytes, computed by the crate.
    fn written(tag: u8, order: u64) -> u64 {
        let mut bytes = vec![tag];
        bytes.extend(order.to_be_bytes());
        hash(&bytes)
    }

    proptest! {
        /// Goal: the hash in registers equals the hash of the bytes. Method: compared with the
        /// crate's.
        #[test]
        fn s19_nine_bytes_hash_as_written(tag in any::<u8>(), order in any::<u64>()) {
            prop_assert_eq!(hash_nine(tag, order), written(tag, order));
        }
    }

    /// Goal: no bit of the input is lost or moved. Method: each bit alone, set and unset.
    #[test]
    fn s19_each_bit_hashes_as_written() {
        for tag in 0..=u8::MAX {
            for order in (0..64).flat_map(|bit| [1 << bit, !(1 << bit)]).chain([0, u64::MAX]) {
                assert_eq!(hash_nine(tag, order), written(tag, order), "{tag} {order:x}");
            }
        }
    }

    /// Goal: the hash never changes unnoticed (S1, S19). Method: XXH3's own vector of no bytes.
    #[test]
    fn golden_hash() {
        assert_eq!(hash(&[]), 0x2d06_8005_38d3_94c2);
    }
}
