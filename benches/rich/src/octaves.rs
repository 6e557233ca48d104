//! The octave of the median: how many inputs have each number of binary digits.
//!
//! State: a count for each number of digits, 0 for inputs below 1. Laws: sums of integers, which
//! saturate. Error bound: the value is the power of two at most as great as the median, exactly.
//! Bytes: the counts up to the last that is not 0.

use lockstep_sdk::prelude::*;

/// Numbers of digits of an integer of 63 bits.
const DIGITS: usize = 64;

/// The greatest power of two that is at most the median; 0 if that is below 1, null without inputs.
#[aggregate]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Octaves {
    counts: Vec<u64>,
}

impl Octaves {
    fn add(&mut self, digits: usize, count: u64) {
        if self.counts.len() <= digits {
            self.counts.resize(digits + 1, 0);
        }
        self.counts[digits] = self.counts[digits].saturating_add(count);
    }
}

impl Aggregate for Octaves {
    type Input<'a> = i64;
    type Output = Option<i64>;
    const STATE_BYTES_MAX: u32 = 8 * DIGITS as u32;

    fn zero() -> Self {
        Self::default()
    }

    fn update(&mut self, input: i64) {
        self.add((64 - input.max(0).leading_zeros()) as usize, 1);
    }

    fn merge(&mut self, other: Self) {
        for (digits, count) in other.counts.into_iter().enumerate() {
            if count > 0 {
                self.add(digits, count);
            }
        }
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        self.counts.iter().for_each(|count| bytes.extend(count.to_le_bytes()));
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (counts, []) = bytes.as_chunks::<8>() else {
            return Err(format!("{} bytes are no counts", bytes.len()));
        };
        let counts: Vec<u64> = counts.iter().map(|count| u64::from_le_bytes(*count)).collect();
        if counts.len() > DIGITS || counts.last() == Some(&0) {
            return Err("the counts have another length".to_string());
        }
        Ok(Self { counts })
    }

    fn finalize(&self) -> Option<i64> {
        let inputs: u128 = self.counts.iter().map(|count| u128::from(*count)).sum();
        let mut before = 0;
        let digits = self.counts.iter().position(|count| {
            before += u128::from(*count);
            2 * before >= inputs
        })?;
        Some(digits.checked_sub(1).map_or(0, |power| 1 << power))
    }
}
