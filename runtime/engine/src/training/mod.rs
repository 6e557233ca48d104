//! Training sets, point-in-time correct: a spine joined with the features of a service.
//!
//! ```text
//! spine   -> keys, times        -> blocks by partition -.
//! events  -> admission -> mapper -> blocks by partition -+-> sweep -> answers -> spine's order
//! ```
//!
//! Events' rows and spine rows are divided into partitions by the hash of their key, and each
//! partition is sorted and swept independently, on all cores. Rows that do not fit in memory wait
//! on the disk, and a partition that does not fit is swept in stretches of time. Invariant: output
//! row `i` belongs to spine row `i` (S22), and its bits are those of the definition (S1), whatever
//! the memory and the number of workers. Deliberately absent: files (the caller opens readers and
//! writes the result), and the online host.

mod all_keys;
mod answers;
mod content;
mod counts;
mod joiner;
mod known_keys;
mod leaks;
mod options;
mod partition;
mod questions;
mod stretches;
mod trained;
mod training_set;
mod view;

pub use all_keys::AllKeys;
pub use content::{Changed, Content};
pub use counts::Counts;
pub use options::Options;
pub use trained::{Joined, Trained};
pub use training_set::{SPINE_ROWS_MAX, TrainingSet};
