//! Quantiles from a histogram whose bins widen with the values.
//!
//! ```text
//! bin(x) = x                              x < 8; a negative x counts as 0
//! bin(x) = 8 (e - 2) + x / 2^(e - 3) - 8  e = floor(log2(x)) from 3 on
//! ```
//!
//! State: how many inputs fell in each bin that has any. Laws: those of sums of integers, which
//! saturate; there is no sum of floats. Error bound: a quantile is at most the input of its rank,
//! and by less than an eighth of it. Deliberately absent: interpolation.

use lockstep_sdk::prelude::*;
use std::collections::BTreeMap;

/// The quantiles that are told, in hundredths.
const PERCENTS: [u128; 3] = [50, 90, 99];
/// Bins of a power of two, which are also the integers that have a bin of their own.
const BINS_A_POWER: u64 = 8;
/// Bins of all 63-bit integers.
const BINS: u16 = 488;

/// The median, the 90th and the 99th percentile of integers, each the
/// lower end of the bin that has the rank `ceil(p n / 100)`; nothing for no inputs.
#[aggregate]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogQuantiles {
    counts: BTreeMap<u16, u64>,
}

/// The bin of an input.
fn bin(input: i64) -> u16 {
    let x = u64::try_from(input).unwrap_or(0);
    let bin = match x.checked_ilog2() {
        Some(power @ 3..) => {
            BINS_A_POWER * (u64::from(power) - 2) + (x >> (power - 3)) - BINS_A_POWER
        }
        _ => x,
    };
    bin as u16
}

/// The least input of a bin, from 0 on.
fn lower_end(bin: u16) -> i64 {
    let (power, part) = (i64::from(bin) / 8, i64::from(bin) % 8);
    match power {
        0 => part,
        _ => (8 + part) << (power - 1),
    }
}

impl LogQuantiles {
    fn add(&mut self, bin: u16, count: u64) {
        let sum = self.counts.entry(bin).or_default();
        *sum = sum.saturating_add(count);
    }
}

impl Aggregate for LogQuantiles {
    type Input<'a> = i64;
    type Output = Vec<i64>;
    const STATE_BYTES_MAX: u32 = 10 * BINS as u32;

    fn zero() -> Self {
        Self::default()
    }

    fn update(&mut self, input: i64) {
        self.add(bin(input), 1);
    }

    fn merge(&mut self, other: Self) {
        other.counts.into_iter().for_each(|(bin, count)| self.add(bin, count));
    }

    /// The bins that have inputs, ascending, with their counts.
    fn encode(&self, bytes: &mut Vec<u8>) {
        for (bin, count) in &self.counts {
            bytes.extend(bin.to_le_bytes());
            bytes.extend(count.to_le_bytes());
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (entries, []) = bytes.as_chunks::<10>() else {
            return Err(format!("{} bytes are no bins", bytes.len()));
        };
        let mut state = Self::default();
        for [low, high, count @ ..] in entries {
            let (bin, count) = (u16::from_le_bytes([*low, *high]), u64::from_le_bytes(*count));
            let last = state.counts.last_key_value();
            if bin >= BINS || count == 0 || last.is_some_and(|(last, _)| *last >= bin) {
                return Err(format!("bin {bin} with {count} inputs is out of place"));
            }
            state.counts.insert(bin, count);
        }
        Ok(state)
    }

    fn finalize(&self) -> Vec<i64> {
        let inputs: u128 = self.counts.values().map(|count| u128::from(*count)).sum();
        let quantile = |percent: u128| {
            let (rank, mut before) = ((percent * inputs).div_ceil(100), 0);
            let found = self.counts.iter().find(|(_, count)| {
                before += u128::from(**count);
                before >= rank
            });
            found.map(|(bin, _)| lower_end(*bin))
        };
        PERCENTS.into_iter().filter_map(quantile).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the bins cover all integers without a gap, each at most an eighth wide.
    #[test]
    fn bins_abut() {
        assert_eq!((bin(i64::MIN), bin(-1), bin(0), bin(i64::MAX)), (0, 0, 0, BINS - 1));
        for index in 0..BINS {
            let low = lower_end(index);
            assert_eq!(bin(low), index);
            let high = if index + 1 == BINS { i64::MAX } else { lower_end(index + 1) - 1 };
            assert_eq!(bin(high), index);
            assert!(high - low <= low / 8);
        }
    }
}
