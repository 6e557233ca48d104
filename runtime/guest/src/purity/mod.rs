//! Purity: finds guests whose answers depend on more than the item that they were asked about (S7,
//! S21).
//!
//! Now and then the items of a call are sent again: to a fresh instance, in another order, in two
//! calls of other lengths, and some of them twice. The answers must have the same bits. The same
//! call again would prove nothing, since a fresh instance would make the same mistake again.
//!
//! ```text
//! first   live instance    [a b c d e … z]
//! again   fresh instance   [q c c a] [t h … b q]
//! ```
//!
//! Invariant: when calls are repeated depends on the number of calls and items alone, so a run
//! repeats the same ones each time. Between two repeats there are at most [`REPEAT_EVERY_MAX`] items
//! and one call, so a guest that becomes impure and stays so is found within that many further
//! items. Deliberately absent: what a host does about it.

mod checks;
mod difference;
mod made_up;
mod probe;
mod regrouping;
mod sample;
mod schedule;

pub use checks::RepeatCost;
pub(super) use checks::{Checks, Repeated};
pub(super) use difference::{differing_rows, differing_states, differing_values};
pub use probe::{PROBE_CALLS, PROBE_TIME_MAX, probe};
pub(super) use regrouping::{Regroupings, regrouped_differently};
pub use schedule::{REPEAT_EVERY_MAX, REPEAT_ITEMS_MAX};
