//! The tile ladder: aligned intervals of event time, and how they cover a window.
//!
//! A tile of a level holds the merged state of the rows whose event time lies in it. The finest
//! level has tiles of one microsecond: it is the event-exact head (S12). Every row is folded into
//! each level at once, so tiles are never behind. Tiles are aligned to the epoch whatever the
//! view's origin is; a grid that an origin moves is covered by a level that divides both.
//!
//! ```text
//! level       the size of a tile
//! grid        where bounds lie, and so which levels a view needs
//! ladder      the levels of a view, and which of them a span reads
//! cover       an interval as tiles: up the ladder from its start, down to its end
//! retention   from when on each level keeps its tiles, so that every cover finds them
//! ```
//!
//! `Time::MIN` counts as an edge of every level: the first tile of each is what lies before its
//! first edge proper. Deliberately absent: which tiles exist; the store is asked.

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
