//! Rejected positions: which events of a source partition do not count (S10).
//!
//! The decisions of admission are permanent: the first reading of a partition decides, and every
//! later reading uses the recorded decisions. It must not consult the index of event ids, which
//! would already contain every id by then. Each commit that rejects something adds one value:
//!
//! ```text
//! key    r <source> 0 <partition> 0 <first position, big-endian>
//! value  (gap, length) pairs as LEB128: after `gap` admitted positions, `length` rejected ones;
//!        the first gap counts from the key's position
//! ```
//!
//! Invariant: runs ascend, within a value and from value to value. Deliberately absent: why an
//! event was rejected. The set-aside records say so; plain copies have none.

use crate::{Snapshot, WriteBatch, layout};
use lockstep_core::error::{Error, Result};
use std::ops::Range;

/// Rejected positions, as ascending runs that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    runs: Vec<Range<u64>>,
}

impl Rejected {
    /// Collects these positions, which may be in any order.
    pub fn of(mut positions: Vec<u64>) -> Rejected {
        positions.sort_unstable();
        let mut rejected = Rejected::default();
        positions.into_iter().for_each(|position| rejected.push(position..position + 1));
        rejected
    }

    /// The runs, ascending.
    pub fn runs(&self) -> &[Range<u64>] {
        &self.runs
    }

    fn push(&mut self, run: Range<u64>) {
        match self.runs.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => self.runs.push(run),
        }
    }

    /// Whether no position is rejected.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The number of rejected positions.
    pub fn len(&self) -> u64 {
        self.runs.iter().map(|run| run.end - run.start).sum()
    }

    /// Whether `position` is rejected.
    pub fn contains(&self, position: u64) -> bool {
        let after = self.runs.partition_point(|run| run.start <= position);
        after > 0 && position < self.runs[after - 1].end
    }

    /// Reads the rejected positions that a store has recorded for a source partition.
    pub fn read(snapshot: &dyn Snapshot, source: &str, partition: &str) -> Result<Rejected> {
        let prefix = layout::rejected(source, partition, None);
        let mut rejected = Rejected::default();
        snapshot.scan_prefix(&prefix, &mut |key, value| {
            let first = key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes));
            let whole = first.and_then(|first| rejected.decode(first, value));
            whole.ok_or_else(|| {
                Error::restore(format!(
                    "the store's rejected positions of source {source} are damaged; restore the \
                     store, or fill a new one"
                ))
            })?;
            Ok(true)
        })?;
        Ok(rejected)
    }

    /// Adds the record of these positions to a batch; writes nothing if there are none.
    pub fn write(&self, source: &str, partition: &str, batch: &mut WriteBatch) -> Result<()> {
        let Some(first) = self.runs.first() else { return Ok(()) };
        let mut value = Vec::new();
        let mut at = first.start;
        for run in &self.runs {
            put(run.start - at, &mut value);
            put(run.end - run.start, &mut value);
            at = run.end;
        }
        batch.put(layout::rejected(source, partition, Some(first.start)), value)
    }

    fn decode(&mut self, first: u64, mut bytes: &[u8]) -> Option<()> {
        let mut at = first;
        while !bytes.is_empty() {
            let start = at.checked_add(take(&mut bytes)?)?;
            let end = start.checked_add(take(&mut bytes)?)?;
            if end == start || self.runs.last().is_some_and(|last| start < last.end) {
                return None;
            }
            self.push(start..end);
            at = end;
        }
        Some(())
    }
}

fn put(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0u64, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift > 63 || (shift == 63 && part > 1) {
            return None;
        }
        number |= part << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::memory::MemoryStore;

    /// Goal: positions rejected in several commits read back as one set (S10). Method: runs, single
    /// positions and the ends of the range, in two commits; membership compared with the plain
    /// list.
    #[test]
    fn s10_rejected_positions_read_back() {
        let store = MemoryStore::new();
        let commits = [vec![0, 1, 2, 7, 9, 8, 300], vec![301, 1000, u64::MAX - 1]];
        for positions in &commits {
            let mut batch = WriteBatch::new();
            Rejected::of(positions.clone()).write("s", "p", &mut batch).unwrap();
            Rejected::default().write("s", "other", &mut batch).unwrap();
            store.commit(batch).unwrap();
        }
        let snapshot = store.read().unwrap();
        let read = Rejected::read(&*snapshot, "s", "p").unwrap();
        let all: Vec<u64> = commits.concat();
        assert_eq!(read.len(), all.len() as u64);
        for position in (0..1100).chain([u64::MAX - 2, u64::MAX - 1, u64::MAX]) {
            assert_eq!(read.contains(position), all.contains(&position), "{position}");
        }
        assert!(Rejected::read(&*snapshot, "s", "other").unwrap().is_empty());
        assert!(Rejected::read(&*snapshot, "t", "p").unwrap().is_empty());
    }

    /// Goal: the stored bytes do not change without a new version. Method: golden bytes by hand:
    /// from 5 on, 3 rejected, 127 admitted, 1 rejected.
    #[test]
    fn the_layout_is_the_golden_one() {
        let mut batch = WriteBatch::new();
        Rejected::of(vec![5, 6, 7, 135]).write("s", "p", &mut batch).unwrap();
        let written: Vec<_> = batch.writes().collect();
        let key = b"rs\0p\0\0\0\0\0\0\0\0\x05".as_slice();
        assert_eq!(written, [(key, Some([0, 3, 127, 1].as_slice()))]);
    }

    /// Goal: damaged bytes are an error, never other positions. Method: truncated and overlong
    /// numbers, an empty run, runs that go back.
    #[test]
    fn damage_is_an_error() {
        for bytes in [&[1][..], &[0, 0], &[0x80], &[0xff; 12], &[0, 1, 0xff, 0xff]] {
            assert!(Rejected::default().decode(3, bytes).is_none(), "{bytes:?}");
        }
        let mut before = Rejected::of((0..9).collect());
        assert!(before.decode(3, &[0, 1]).is_none());
    }
}
