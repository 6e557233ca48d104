//! Feature values recomputed from the definition in SEMANTICS.md, to check what the hosts give.
//!
//!     value(view, key, as_of) = aggregate of { row in Rows(view, key) : lo <= event_time < hi }
//!
//! [`value`] is that sentence as a loop: filter the rows of one key by time, sort them, aggregate.
//! Sums and means are rationals of unbounded size and are rounded once. [`History`] gives the same
//! values from prefix tables, so that a whole training file can be checked; a property test holds
//! it to the loop. [`user_mentions`] is the example transform written a second time, from its
//! description, over the raw event log. The binary `lockstep-oracle` compares a training file.
//!
//! Invariant: nothing here comes from the runtime, the SDK or the test kit, so a fault in code
//! that the hosts share cannot hide; a test reads the dependencies. Deliberately absent: tiles,
//! states, merging, what was known when, and every aggregate and window that the product lacks.

mod args;
mod check;
mod definition;
mod exact;
mod history;
mod log;
pub mod mention_score;
mod name;
mod report;
mod table;
pub mod user_mentions;
mod value;

pub use args::{Command, USAGE, parse_args};
pub use check::{Options, check, check_files};
pub use definition::{Aggregate, Boundary, Feature, Row, Window, effective, value};
pub use exact::{rational_of, round};
pub use history::History;
pub use log::{Log, read_log, read_requests};
pub use report::{ColumnReport, Difference, Report};
pub use table::Table;
pub use value::{Kind, Value, same_bits};
