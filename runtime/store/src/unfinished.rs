//! The mark of a backfill that has not come to its end.
//!
//! A bulk backfill fills a store in many commits, and before the last one the store holds the
//! states of no position. Each of them writes this mark, which says what is written; the last one
//! removes it and writes the source's progress. Invariant: while the mark is there nobody reads the
//! source's states or adds to them, since whoever asks for its progress or its watermark is
//! refused. Deliberately absent: the backfill itself.

use super::contract::Snapshot;
use super::layout;
use super::progress::Progress;
use crate::generations::SetNumber;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The form that this build writes. It changes with the mark, and with the partition of a key,
/// since a rerun goes on by partitions.
pub const FORMAT: u32 = 2;

/// How far a backfill of a source has come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Unfinished {
    /// The form of this mark and the way in which keys are divided: [`FORMAT`].
    pub format: u32,
    /// The source partition that is filled.
    pub partition: String,
    /// The position before which it ends; none: at the end of the files.
    pub until: Option<u64>,
    /// The sets that are filled, of a later reading for new generations.
    pub sets: Vec<SetNumber>,
    /// What it read; none before it has read all.
    pub log: Option<Log>,
    /// The section that is being written; those before it are.
    pub section: u64,
    /// The last key of that section that is written, as hexadecimal.
    pub after: Option<String>,
}

/// A log that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// What the source partition's progress will be.
    pub progress: Progress,
    /// A hash of all that was read, as hexadecimal.
    pub content: String,
    /// How the views' rows were divided, which a rerun keeps: for each view, by name, the
    /// partitions before which its rounds end.
    pub rounds: Vec<Vec<usize>>,
}

impl Unfinished {
    /// The mark of `source`, if its backfill has not come to its end.
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

    /// Stored bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::bug("a mark has no JSON").because(e))
    }

    /// Why nobody but the backfill may use the source.
    pub fn refusal(source: &str) -> Error {
        Error::input(format!(
            "the store holds a part of source {source} only, since its backfill was interrupted; \
             run `lockstep backfill` again, which goes on where it stopped, or delete the store"
        ))
        .with_code(Code::BackfillUnfinished { source: source.to_string() })
    }
}
