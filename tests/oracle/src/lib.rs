//! Feature values recomputed from the definition in SEMANTICS.md, to check what the hosts give.
//!
//!     value(view, key, as_of) = aggregate of { row in Rows(view, key) : lo <= event_time < hi }
//!
//! [`value`] is that sentence as a loop: filter the rows of one key by time, sort them, aggregate.
//! All of docs/FEATURES.md is here but user-defined aggregates: every aggregate and window, filters,
//! maps, origin, delay and boundary. What the contract calls exact is a rational of unbounded size,
//! rounded once. A [`View`] reads a view's declaration from a manifest's JSON and answers for its
//! features by name:
//!
//!     let view = View::from_json(&manifest["views"][0])?;
//!     let outcome = view.value(&rows, "files_sum_30d", as_of)?;
//!     assert!(outcome.agrees(&found) && !outcome.overflow);
//!
//! [`History`] gives the simplest features from prefix tables, so that a whole training file can be
//! checked; a property test holds it to the loop. [`user_mentions`] is the example transform written
//! a second time, from its description, over the raw event log. The binary `lockstep-oracle`
//! compares a training file.
//!
//! Invariant: nothing here comes from the runtime, the SDK or the test kit, so a fault in code
//! that the hosts share cannot hide; a test reads the dependencies. Deliberately absent: tiles,
//! states, merging, what was known when, and what a product refuses to compute or to hold.

mod aggregate;
mod args;
mod calendar;
mod cell;
mod check;
mod declaration;
mod definition;
mod encoding;
mod exact;
mod feature;
mod history;
mod kind;
mod log;
pub mod mention_score;
mod name;
mod outcome;
mod report;
mod row;
mod selection;
mod separator;
mod table;
mod time;
pub mod user_mentions;
mod value;
mod window;

pub use aggregate::distinct::registers;
pub use aggregate::percentile::percentile_within;
pub use args::{Command, USAGE, parse_args};
pub use calendar::CalendarUnit;
pub use check::{Options, check, check_files};
pub use declaration::{Declared, View};
pub use definition::{outcome, value};
pub use encoding::canonical_bytes;
pub use exact::{rational_of, round, round_sqrt};
pub use feature::{Aggregate, By, Feature, Measure, Operand};
pub use history::History;
pub use kind::Kind;
pub use log::{Log, read_log, read_requests};
pub use outcome::Outcome;
pub use report::{ColumnReport, Difference, Report};
pub use row::Row;
pub use separator::Separator;
pub use table::Table;
pub use time::{Boundary, effective};
pub use value::{Value, same_bits};
pub use window::{Span, Window};
