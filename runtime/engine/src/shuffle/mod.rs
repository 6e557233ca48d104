//! The shuffle: rows put into partitions by the hash of their key, in memory or on the disk, and read
//! back key by key.
//!
//! Invariant: all rows of a key come back together and in order of event time, however much memory
//! there is. Deliberately absent: what is done with a partition, which is
//! [`training`](crate::training)'s and [`backfill`](crate::backfill)'s.

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
