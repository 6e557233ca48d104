//! The progress of a state set, what it keeps, and the content sum of a generation's rows.
//!
//! Invariant: they are written in the same atomic batch as the states, and the time from which on a
//! set answers every question never goes back, whatever history its view declares later (S12): what
//! was deleted under a shorter one does not return. Deliberately absent: the progress of admission (`progress`), which belongs to a source partition whatever views there
//! are.

use crate::generations::SetNumber;
use crate::{Snapshot, WriteBatch, layout};
use lockstep_core::error::{Error, Result};
use lockstep_core::generation::Sha;
use lockstep_core::tile::Retention;
use lockstep_core::time::Time;
use lockstep_core::view_plan::ViewPlan;

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

/// What a state set keeps when its source's watermark is `watermark`, under the history that the view
/// declares now: never more than was committed before.
pub fn retention(
    snapshot: &dyn Snapshot,
    set: SetNumber,
    plan: &ViewPlan,
    watermark: Time,
) -> Result<Retention> {
    let declared = plan.ladder.retention(watermark);
    let sealed = match committed(snapshot, set)? {
        Some(sealed) => sealed,
        // Earlier builds did not record it, and a history made another generation of a view.
        // Whatever it was, it was at least none.
        None if has_position(snapshot, set)? => {
            plan.ladder.sealed(watermark, plan.declaration().event.skew_us)
        }
        None => return Ok(declared),
    };
    match sealed > declared.sealed {
        true => Ok(plan.ladder.retention_at(sealed)),
        false => Ok(declared),
    }
}

/// Adds to a batch from when on every time is answerable for a state set, if that has changed.
pub fn write_sealed(
    snapshot: &dyn Snapshot,
    set: SetNumber,
    sealed: Time,
    batch: &mut WriteBatch,
) -> Result<()> {
    match committed(snapshot, set)? == Some(sealed) {
        true => Ok(()),
        false => batch.put(layout::sealed(set), sealed.micros().to_le_bytes()),
    }
}

fn committed(snapshot: &dyn Snapshot, set: SetNumber) -> Result<Option<Time>> {
    let Some(bytes) = snapshot.get(&layout::sealed(set))? else { return Ok(None) };
    let bytes = (&*bytes).try_into().map_err(|_| damaged())?;
    Time::new(i64::from_le_bytes(bytes)).map(Some).ok_or_else(damaged)
}

/// Whether a state set holds events of some partition.
fn has_position(snapshot: &dyn Snapshot, set: SetNumber) -> Result<bool> {
    let mut found = false;
    snapshot.scan_prefix(&layout::set_position(set, ""), &mut |_, _| {
        found = true;
        Ok(false)
    })?;
    Ok(found)
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
        let mut batch_of_sealed = WriteBatch::new();
        let empty = MemoryStore::new();
        let sealed = Time::saturating(0x0708);
        write_sealed(&*empty.read().unwrap(), 7, sealed, &mut batch_of_sealed).unwrap();
        let time = [8, 7, 0, 0, 0, 0, 0, 0];
        let written: Vec<_> = batch_of_sealed.writes().collect();
        assert_eq!(written, [(b"msealed \0\0\0\x07".as_slice(), Some(time.as_slice()))]);
        let store = MemoryStore::new();
        store.commit(batch).unwrap();
        let snapshot = store.read().unwrap();
        assert_eq!(set_position(&*snapshot, 7, "p").unwrap(), 0x0506);
        assert_eq!(set_position(&*snapshot, 8, "p").unwrap(), 0);
        assert_eq!(RowsContent::read(&*snapshot, &generation, "p").unwrap(), content);
    }
}
