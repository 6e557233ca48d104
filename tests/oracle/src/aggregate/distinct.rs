//! What depends on how often each distinct value occurs, and the estimate of how many there are.
//!
//! Invariant: values are distinct when their bits are (S14); more than the limit overflow (S18).
//! An estimate's bits are the product's own: its outcome here is the exact count and its precision,
//! and [`estimate_within`] says what may stand for it. [`registers`] holds the hashes of S19.
//! Deliberately absent: an estimator.

use crate::encoding::canonical_bytes;
use crate::outcome::Outcome;
use crate::value::Value;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The seed of every hash of a value (S19).
const SEED: u64 = 0;
/// Standard errors that an estimate may be wrong by.
const STANDARD_ERRORS: f64 = 4.0;
/// The standard error times the square root of the number of registers.
const STANDARD_ERROR_OF_ONE: f64 = 1.04;

/// Each distinct value in ascending order, and how often it occurs.
fn counted(mut values: Vec<Value>) -> Vec<(Value, usize)> {
    values.sort_by(Value::order);
    let equal = |a: &Value, b: &Value| a.order(b).is_eq();
    values.chunk_by(equal).map(|copies| (copies[0].clone(), copies.len())).collect()
}

/// The distinct values with their counts, unless there are more than `limit`.
fn bounded(values: Vec<Value>, limit: usize) -> Option<Vec<(Value, usize)>> {
    Some(counted(values)).filter(|counted| counted.len() <= limit)
}

/// How many values are distinct.
pub fn unique_count(values: Vec<Value>, limit: usize) -> Outcome {
    let count = |counted: Vec<_>| Outcome::of(Value::Int64(counted.len() as i64));
    bounded(values, limit).map_or_else(Outcome::overflow, count)
}

/// Each distinct value with its count.
pub fn histogram(values: Vec<Value>, limit: usize) -> Outcome {
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    let pairs = counted.into_iter().map(|(value, count)| (value, Value::Int64(count as i64)));
    Outcome::of(Value::Map(pairs.collect()))
}

/// The most frequent value, of several the least.
pub fn mode(values: Vec<Value>, limit: usize) -> Outcome {
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    let most = counted.iter().map(|(_, count)| *count).max();
    let mode = counted.into_iter().find(|(_, count)| Some(*count) == most);
    Outcome::of(mode.map_or(Value::Null, |(value, _)| value))
}

/// The entropy in bits, in doubles: counts ascending, each operation rounded.
pub fn entropy(values: Vec<Value>, limit: usize) -> Outcome {
    let n = values.len() as f64;
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    if counted.is_empty() {
        return Outcome::null();
    }
    let mut counts: Vec<usize> = counted.into_iter().map(|(_, count)| count).collect();
    counts.sort_unstable();
    let mut sum = 0.0;
    for count in counts {
        let count = count as f64;
        sum += count * libm::log2(count);
    }
    let entropy = libm::log2(n) - sum / n;
    Outcome::of(Value::Float64(if entropy > 0.0 { entropy } else { 0.0 }))
}

/// The exact count for which an estimate from `2^precision` registers may stand.
pub fn estimate(values: Vec<Value>, precision: u8) -> Outcome {
    let count = counted(values).len() as i64;
    Outcome { precision: Some(precision), ..Outcome::of(Value::Int64(count)) }
}

/// Whether an estimate is within four standard errors of the exact count, and one.
pub fn estimate_within(exact: i64, precision: u8, found: i64) -> bool {
    let registers = f64::from(1_u32 << precision);
    let error = STANDARD_ERRORS * STANDARD_ERROR_OF_ONE / registers.sqrt() * exact as f64;
    found >= 0 && found.abs_diff(exact) as f64 <= error + 1.0
}

/// The registers of some values: the hash's first `precision` bits choose one, which holds the
/// greatest place of the first 1 in the rest of a hash, from 1.
///
/// # Panics
/// If a value is null, a list or a map: none has a canonical encoding here.
pub fn registers(values: &[Value], precision: u8) -> Vec<u8> {
    let mut registers = vec![0_u8; 1 << precision];
    for value in values {
        let hash = xxh3_64_with_seed(&canonical_bytes(value), SEED);
        let index = (hash >> (64 - u32::from(precision))) as usize;
        let rest_bits = 64 - u32::from(precision);
        let zeros = (hash << precision).leading_zeros().min(rest_bits);
        registers[index] = registers[index].max(zeros as u8 + 1);
    }
    registers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The raw HyperLogLog estimate, with linear counting for few values.
    fn raw_estimate(registers: &[u8]) -> i64 {
        let m = registers.len() as f64;
        let sum: f64 = registers.iter().map(|&r| libm::exp2(-f64::from(r))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let empty = registers.iter().filter(|&&r| r == 0).count() as f64;
        let few = raw <= 2.5 * m && empty > 0.0;
        (if few { m * libm::log(m / empty) } else { raw }).round() as i64
    }

    /// Goal: the bound is one that a plain estimator keeps, so hash, encoding and registers are
    /// sound. Method: distinct numbers and texts, a few and many, at several precisions.
    #[test]
    fn s19_a_plain_estimate_keeps_the_bound() {
        for precision in [7, 10, 12, 16] {
            for count in [0_i64, 1, 2, 100, 1000, 30_000] {
                let whole: Vec<Value> = (0..count).map(Value::Int64).collect();
                let texts: Vec<Value> = (0..count).map(|i| Value::Text(i.to_string())).collect();
                for values in [whole, texts] {
                    let twice = [values.clone(), values.clone()].concat();
                    assert_eq!(registers(&twice, precision), registers(&values, precision));
                    let found = raw_estimate(&registers(&values, precision));
                    assert!(
                        estimate_within(count, precision, found),
                        "{count} at 2^{precision}: {found}"
                    );
                }
            }
        }
    }

    /// Goal: the bound refuses what is far. Method: numbers beside it, worked out by hand.
    #[test]
    fn s19_the_bound_of_an_estimate() {
        // 4 * 1.04 / sqrt(16) = 1.04.
        assert!(estimate_within(0, 4, 1) && !estimate_within(0, 4, 2));
        assert!(!estimate_within(0, 4, -1));
        assert!(estimate_within(100, 4, 205) && !estimate_within(100, 4, 206));
        // 4 * 1.04 / sqrt(65536) = 0.01625.
        assert!(estimate_within(1000, 16, 1017) && !estimate_within(1000, 16, 1018));
        assert!(estimate_within(1000, 16, 983) && !estimate_within(1000, 16, 982));
    }
}
