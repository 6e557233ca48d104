//! Sources that do not end: several partitions, which come and go.
//!
//! A broker assigns partitions to a reader and takes them away again, and has nothing to give at
//! times. Invariant: a reader gives events of a partition only between [`Delivery::Assigned`], which
//! is answered by [`SourceReader::seek`], and [`Delivery::Revoked`], in the order of their positions.
//! Deliberately absent: brokers themselves; and where a position is kept, which the store does.

use crate::reader::EventReader;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::EventBatch;
use std::sync::Arc;

/// What a source gives next.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// A partition belongs to this reader from now on; it waits for [`SourceReader::seek`].
    Assigned(Arc<str>),
    /// A partition belongs to this reader no longer.
    Revoked(Arc<str>),
    /// Events of an assigned partition.
    Batch(Arc<str>, EventBatch),
    /// Nothing at the moment: a good time to commit what was given.
    Idle,
    /// Nothing ever again.
    End,
}

/// Reads the partitions of one source.
pub trait SourceReader: Send {
    /// What comes next. A reader waits at most a moment before it says [`Delivery::Idle`].
    ///
    /// # Errors
    /// If the source fails; the reader is of no use afterwards.
    fn next(&mut self) -> Result<Delivery>;

    /// Goes to a position of an assigned partition, where its next event is read.
    ///
    /// # Errors
    /// If the source no longer holds the position, or holds another log now.
    fn seek(&mut self, partition: &str, position: u64) -> Result<()>;

    /// Says that all events before these positions are durable, so that the source may forget them.
    /// A crash may come before: then the same events come again.
    ///
    /// # Errors
    /// If the source cannot be told.
    fn acknowledge(&mut self, positions: &[(Arc<str>, u64)]) -> Result<()>;
}

/// One partition that ends, as files do: what an [`EventReader`] gives, which was opened at a
/// position.
pub struct OnePartition<R> {
    partition: Arc<str>,
    opened_at: u64,
    assigned: bool,
    reader: R,
}

impl<R: EventReader> OnePartition<R> {
    /// The partition of this name; the next event of `reader` is at or behind `opened_at`.
    pub fn new(partition: &str, opened_at: u64, reader: R) -> OnePartition<R> {
        OnePartition { partition: partition.into(), opened_at, assigned: false, reader }
    }
}

impl<R: EventReader> SourceReader for OnePartition<R> {
    fn next(&mut self) -> Result<Delivery> {
        if !self.assigned {
            self.assigned = true;
            return Ok(Delivery::Assigned(self.partition.clone()));
        }
        Ok(match self.reader.next()? {
            Some(batch) => Delivery::Batch(self.partition.clone(), batch),
            None => Delivery::End,
        })
    }

    fn seek(&mut self, partition: &str, position: u64) -> Result<()> {
        if (partition, position) == (&*self.partition, self.opened_at) {
            return Ok(());
        }
        Err(Error::bug(format!(
            "partition {} was opened at position {}, and is to be read from {position}",
            self.partition, self.opened_at
        )))
    }

    fn acknowledge(&mut self, _: &[(Arc<str>, u64)]) -> Result<()> {
        Ok(())
    }
}
