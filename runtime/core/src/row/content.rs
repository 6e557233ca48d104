//! A content sum of rows: a number that is equal for equal rows, in any order.
//!
//! Invariant: a row's hash covers its source position ([`Rows::content`]) or its event's id
//! ([`Rows::hash_each`]), its ordinal within its event, its event time and its columns, the key's
//! included. The sum over rows is commutative, so it does not depend on the order in which events are
//! mapped. Two views whose sums are equal up to one position have the same rows there, barring a
//! collision of 128-bit hashes.

use super::rows::Rows;
use super::typed_column::TypedColumn;
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

    /// Calls `take` with the index and the hash of each row that `wanted` accepts. The hashes do not
    /// depend on positions, so they stay when a log is moved into other files. `ids` and `arrivals`
    /// hold the id and the time of arrival of each event, where they matter.
    pub fn hash_each(
        &self,
        source_rows: &[u32],
        ids: Option<&TypedColumn>,
        arrivals: Option<&[i64]>,
        wanted: impl Fn(usize) -> bool,
        mut take: impl FnMut(usize, u128),
    ) {
        let (mut ordinal, mut bytes) = (0u32, Vec::with_capacity(128));
        for (row, &event) in source_rows.iter().enumerate() {
            let repeated = row > 0 && event == source_rows[row - 1];
            ordinal = if repeated { ordinal + 1 } else { 0 };
            if !wanted(row) {
                continue;
            }
            bytes.clear();
            if let Some(ids) = ids {
                ids.encode(event as usize, &mut bytes);
            }
            if let Some(arrivals) = arrivals {
                bytes.extend(arrivals[event as usize].to_le_bytes());
            }
            bytes.extend(ordinal.to_le_bytes());
            bytes.extend(self.event_time(row).to_le_bytes());
            self.columns().iter().for_each(|column| column.encode(row, &mut bytes));
            take(row, xxh3_128(&bytes));
        }
    }
}
