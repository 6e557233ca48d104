//! A content sum of rows: a number that is equal for equal rows, in any order.
//!
//! Invariant: a row's hash covers its source position, its ordinal within its event, its event time
//! and its columns, the key's included. The sum over rows is commutative, so it does not depend on
//! the order in which events are mapped. Two views whose sums are equal up to one position have the same rows
//! there, barring a collision of 128-bit hashes.

use super::rows::Rows;
use xxhash_rust::xxh3::xxh3_128;

impl Rows {
    /// The sum of the hashes of all rows: row `i` came from event `source_rows[i]`, whose position
    /// is `positions[source_rows[i]]`.
    pub fn content(&self, source_rows: &[u32], positions: &[u64]) -> u128 {
        let (mut sum, mut ordinal, mut bytes) = (0u128, 0u32, Vec::with_capacity(128));
        for (row, &event) in source_rows.iter().enumerate() {
            let repeated = row > 0 && event == source_rows[row - 1];
            ordinal = if repeated { ordinal + 1 } else { 0 };
            bytes.clear();
            bytes.extend(positions[event as usize].to_le_bytes());
            bytes.extend(ordinal.to_le_bytes());
            bytes.extend(self.event_time(row).to_le_bytes());
            self.columns().iter().for_each(|column| column.encode(row, &mut bytes));
            sum = sum.wrapping_add(xxh3_128(&bytes));
        }
        sum
    }
}
