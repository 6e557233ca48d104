//! The mark of an unfinished backfill.
//!
//! A bulk backfill fills a store in many commits. Before the last one, the store's states do not
//! belong to any position. Each commit writes this mark, which says how far the backfill has come;
//! the last one removes it and writes the source's progress. Invariant: while the mark exists,
//! nobody reads the source's states or adds to them, because reading its progress or watermark is
//! an error. Deliberately absent: the backfill itself.

use super::contract::Snapshot;
use super::layout;
use super::progress::Progress;
use crate::generations::SetNumber;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The format that this build writes. It changes with the mark, and with the way in which keys are
/// assigned to partitions, because a rerun resumes by partition.
pub const FORMAT: u32 = 2;

/// How far a backfill of a source has come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Unfinished {
    /// The format of this mark and the way in which keys are assigned to partitions: [`FORMAT`].
    pub format: u32,
    /// The source partition that is filled.
    pub partition: String,
    /// The position before which it ends; `None` for the end of the files.
    pub until: Option<u64>,
    /// The sets that a later reading fills for new generations.
    pub sets: Vec<SetNumber>,
    /// The log it read; `None` before it has read all of it.
    pub log: Option<Log>,
    /// The section that is being written; all earlier ones are complete.
    pub section: u64,
    /// The last key of that section that was written, as hexadecimal.
    pub after: Option<String>,
}

/// A log that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The progress that the source partition will have.
    pub progress: Progress,
    /// A hash of all that was read, as hexadecimal.
    pub content: String,
    /// For each view, by name, the partitions before which its rounds end. A rerun divides the
    /// rows in the same way.
    pub rounds: Vec<Vec<usize>>,
}

impl Unfinished {
    /// The mark of `source`, if it has an unfinished backfill.
    pub fn read(snapshot: &dyn Snapshot, source: &str) -> Result<Option<Unfinished>> {
        Self::read_at(snapshot, &layout::unfinished(source), source)
    }

    /// The mark under `key`, of a backfill of `source`.
    pub fn read_at(
        snapshot: &dyn Snapshot,
        key: &[u8],
        source: &str,
    ) -> Result<Option<Unfinished>> {
        let Some(bytes) = snapshot.get(key)? else { return Ok(None) };
        let damaged = || {
            Error::restore(format!(
                "the store's mark of the backfill of source {source} is damaged or of another \
                 build; delete the store and backfill anew"
            ))
        };
        match serde_json::from_slice::<Unfinished>(&bytes) {
            Ok(mark) if mark.format == FORMAT => Ok(Some(mark)),
            Ok(_) => Err(damaged()),
            Err(error) => Err(damaged().because(error)),
        }
    }

    /// The stored encoding.
    pub fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::bug("a mark has no JSON").because(e))
    }

    /// The error for anyone but the backfill who wants to use the source.
    pub fn refusal(source: &str) -> Error {
        Error::input(format!(
            "the store holds a part of source {source} only, since its backfill was interrupted; \
             run `lockstep backfill` again, which goes on where it stopped, or delete the store"
        ))
        .with_code(Code::BackfillUnfinished { source: source.to_string() })
    }
}
