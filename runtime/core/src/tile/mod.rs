//! Tiles: merged states of rows over aligned intervals of event time, from which the online host
//! answers windows.
//!
//! A tile of a level holds the merged state of the rows whose event time lies in it. The finest
//! level has tiles of one microsecond; it is called the event-exact head (S12). Every row is folded
//! into all levels at once, so no level is ever behind another. Tiles are aligned to the epoch
//! whatever the view's origin is; a grid that an origin shifts is covered by a level that divides
//! both.
//!
//! ```text
//! level       the size of a tile
//! grid        where bounds can lie, and hence which levels a view needs
//! ladder      the levels of a view, and which of them a span reads
//! cover       an interval as tiles: finer ones at its ends, coarser ones in its middle
//! retention   from when on each level keeps its tiles, so that every cover finds them
//! ```
//!
//! Invariant: `Time::MIN` counts as an edge of every level, so the first tile of a level is
//! whatever lies before its first regular edge. Deliberately absent: which tiles exist; only the
//! store knows.

mod cover;
mod grid;
mod ladder;
mod level;
#[cfg(test)]
mod model;
mod retention;

pub use cover::{Segment, scans};
pub use ladder::Ladder;
pub use level::Level;
pub use retention::Retention;
