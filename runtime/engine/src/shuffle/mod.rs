//! The shuffle: it divides rows into partitions by the hash of their key, in memory or on the disk,
//! and returns them key by key.
//!
//! Invariant: all rows of a key are returned together and in order of event time, however little
//! memory there is. Deliberately absent: what is done with a partition; see
//! [`training`](crate::training) and [`backfill`](crate::backfill).

pub(crate) mod blocks;
pub(crate) mod gather;
pub(crate) mod layout;
pub(crate) mod order;
pub(crate) mod reading;
pub(crate) mod room;
pub(crate) mod spill;
pub(crate) mod spread;
pub(crate) mod worker;

pub use room::SpillOptions;
