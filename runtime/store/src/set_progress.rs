//! The progress of a state set, and the content sum of a generation's rows.
//!
//! Invariant: both are written in the same atomic batch as the states. Deliberately absent: the
//! progress of admission (`progress`), which belongs to a source partition whatever views there
//! are.

use crate::generations::SetNumber;
use crate::{Snapshot, WriteBatch, layout};
use lockstep_core::error::{Error, Result};
use lockstep_core::generation::Sha;

/// The position up to which a state set includes the events of a partition of its source.
pub fn set_position(snapshot: &dyn Snapshot, set: SetNumber, partition: &str) -> Result<u64> {
    let Some(bytes) = snapshot.get(&layout::set_position(set, partition))? else { return Ok(0) };
    let bytes = (&*bytes).try_into().map_err(|_| damaged())?;
    Ok(u64::from_le_bytes(bytes))
}

/// Adds the position of a state set to a batch.
pub fn write_set_position(
    set: SetNumber,
    partition: &str,
    position: u64,
    batch: &mut WriteBatch,
) -> Result<()> {
    batch.put(layout::set_position(set, partition), position.to_le_bytes())
}

/// The content sum of a generation's rows from one partition up to a position: the sum of their
/// hashes ([`Rows::content`](lockstep_core::row::Rows::content)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowsContent {
    /// The position.
    pub position: u64,
    /// The sum, modulo 2^128.
    pub sum: u128,
}

impl RowsContent {
    /// Reads the sum of a generation; zero if nothing is recorded.
    pub fn read(snapshot: &dyn Snapshot, generation: &Sha, partition: &str) -> Result<RowsContent> {
        let Some(bytes) = snapshot.get(&layout::rows_content(generation, partition))? else {
            return Ok(RowsContent::default());
        };
        let (position, sum) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
        let sum = sum.try_into().map_err(|_| damaged())?;
        Ok(RowsContent { position: u64::from_le_bytes(*position), sum: u128::from_le_bytes(sum) })
    }

    /// Adds it to a batch.
    pub fn write(&self, generation: &Sha, partition: &str, batch: &mut WriteBatch) -> Result<()> {
        let bytes = [&self.position.to_le_bytes()[..], &self.sum.to_le_bytes()].concat();
        batch.put(layout::rows_content(generation, partition), bytes)
    }
}

fn damaged() -> Error {
    Error::restore(
        "the store's progress of a state set is damaged; restore the store, or fill a new one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::memory::MemoryStore;

    /// Goal: the stored bytes do not change without a version (docs/FORMAT.md), and read back. Method:
    /// golden bytes by hand.
    #[test]
    fn the_layout_is_the_golden_one() {
        let generation = Sha::of(b"g");
        let content = RowsContent { position: 0x0102, sum: 0x0304 };
        let mut batch = WriteBatch::new();
        write_set_position(7, "p", 0x0506, &mut batch).unwrap();
        content.write(&generation, "p", &mut batch).unwrap();
        let rows = [b"mrows ".as_slice(), generation.as_bytes(), b"p"].concat();
        let sum = [[2, 1, 0, 0, 0, 0, 0, 0].as_slice(), &[4, 3], &[0; 14]].concat();
        let written: Vec<_> = batch.writes().collect();
        let position = [6, 5, 0, 0, 0, 0, 0, 0];
        let expected = [
            (rows.as_slice(), Some(sum.as_slice())),
            (b"mset \0\0\0\x07p".as_slice(), Some(position.as_slice())),
        ];
        assert_eq!(written, expected);
        let store = MemoryStore::new();
        store.commit(batch).unwrap();
        let snapshot = store.read().unwrap();
        assert_eq!(set_position(&*snapshot, 7, "p").unwrap(), 0x0506);
        assert_eq!(set_position(&*snapshot, 8, "p").unwrap(), 0);
        assert_eq!(RowsContent::read(&*snapshot, &generation, "p").unwrap(), content);
    }
}
