//! The layout of a store: which keys hold what, in the order that scans need.
//!
//! ```text
//! t <set> <entity key> <level> <start>      a tile's state; level 255: the base tile, start MIN
//! i <source> 0 <partition> 0 <event id>     event time and content hash of an admitted event
//! r <source> 0 <partition> 0 <position>     rejected positions from that one on
//! a <source> 0 <partition> 0 <position>     an event that was set aside for its source
//! a <source> 0 <partition> 0 <position> <set> <view>   one that was set aside for a view
//! m source <source> 0 <partition>           position, watermark and counts of a source partition
//! m source <source> 0 0 backfill            marks a backfill that has not finished
//! m judged <source>                         the settings of admission for the source
//! m base <source>                           the files that were read
//! m set <set> <partition>                   the position that a state set has reached
//! m sealed <set>                            from when on every time is answerable for a state set
//! m rows <generation> <partition>           a position, and the content sum of a generation's rows
//! m generations                             which generations there are, and which one is active
//! w <artifact digest>                       an artifact's bytes
//! ```
//!
//! Invariant: numbers are big-endian and sort as signed; an encoded entity key marks its own end,
//! so all tiles of one key and level are adjacent, in time order. Deliberately absent: the
//! encodings of values, except where the lines above say them.

use crate::generations::SetNumber;
use lockstep_core::generation::Sha;
use lockstep_core::key::EntityKey;
use lockstep_core::tile::Level;
use lockstep_core::time::Time;
use lockstep_core::value::{i64_from_order, i64_order};

/// The level number of base tiles.
const BASE: u8 = 255;

/// The prefix of all tile keys of one state set and entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TilePrefix(Vec<u8>);

impl TilePrefix {
    /// The prefix of `key`'s tiles in a state set.
    pub fn new(set: SetNumber, key: &EntityKey) -> TilePrefix {
        let mut bytes = Vec::with_capacity(key.as_bytes().len() + 14);
        bytes.extend(tiles_of(set));
        bytes.extend(key.as_bytes());
        TilePrefix(bytes)
    }

    /// The key of the tile of `level` that starts at `start`.
    pub fn tile(&self, level: Level, start: Time) -> Vec<u8> {
        self.numbered(level as u8, start)
    }

    /// The key of the base tile.
    pub fn base(&self) -> Vec<u8> {
        self.numbered(BASE, Time::MIN)
    }

    fn numbered(&self, level: u8, start: Time) -> Vec<u8> {
        let mut bytes = self.0.clone();
        bytes.push(level);
        bytes.extend(i64_order(start.micros()).to_be_bytes());
        bytes
    }
}

/// The start of the tile with this key.
pub fn tile_start(key: &[u8]) -> Option<Time> {
    let (_, start) = key.split_last_chunk::<8>()?;
    Time::new(i64_from_order(u64::from_be_bytes(*start)))
}

/// The range of all tile keys: `[start, end)`.
pub fn all_tiles() -> (Vec<u8>, Vec<u8>) {
    (vec![b't'], vec![b't' + 1])
}

/// The prefix of all tile keys of one state set.
pub fn tiles_of(set: SetNumber) -> [u8; 5] {
    let [a, b, c, d] = set.to_be_bytes();
    [b't', a, b, c, d]
}

/// The parts of a tile key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileName {
    /// The state set.
    pub set: SetNumber,
    /// Everything up to and including the entity key: equal for all tiles of one entity.
    pub prefix: Vec<u8>,
    /// The level; `None` for a base tile.
    pub level: Option<Level>,
    /// Its start; `Time::MIN` for a base tile.
    pub start: Time,
}

impl TileName {
    /// The key of the base tile of the same entity.
    pub fn base(&self) -> Vec<u8> {
        TilePrefix(self.prefix.clone()).base()
    }
}

/// Decodes a tile key; `None` if it is not one.
pub fn tile_name(key: &[u8]) -> Option<TileName> {
    let set = SetNumber::from_be_bytes(key.get(1..5)?.try_into().ok()?);
    let (front, start) = key.split_last_chunk::<8>()?;
    let (&number, prefix) = front.split_last()?;
    let start = Time::new(i64_from_order(u64::from_be_bytes(*start)))?;
    let level = match number {
        BASE => None,
        _ => Some(Level::from_number(number)?),
    };
    Some(TileName { set, prefix: prefix.to_vec(), level, start })
}

/// The key of an admitted event's identity.
pub fn event_id(source: &str, partition: &str, id: &[u8]) -> Vec<u8> {
    [b"i", source.as_bytes(), b"\0", partition.as_bytes(), b"\0", id].concat()
}

/// The key of the rejected positions of a source partition from `first` on; without it, the prefix
/// of all of them.
pub fn rejected(source: &str, partition: &str, first: Option<u64>) -> Vec<u8> {
    let mut key = [b"r", source.as_bytes(), b"\0", partition.as_bytes(), b"\0"].concat();
    key.extend(first.into_iter().flat_map(u64::to_be_bytes));
    key
}

/// The prefix of the keys of all events of a source partition that were set aside.
pub fn set_aside_of(source: &str, partition: &str) -> Vec<u8> {
    [b"a", source.as_bytes(), b"\0", partition.as_bytes(), b"\0"].concat()
}

/// The key of an event that was set aside, for its source or for a view with a state set.
pub fn set_aside(
    source: &str,
    partition: &str,
    position: u64,
    view: Option<(SetNumber, &str)>,
) -> Vec<u8> {
    let mut key = set_aside_of(source, partition);
    key.extend(position.to_be_bytes());
    if let Some((set, view)) = view {
        key.extend(set.to_be_bytes());
        key.extend(view.as_bytes());
    }
    key
}

/// A view that refused an event: its state set and its name.
pub type Refuser<'a> = (SetNumber, &'a str);

/// Decodes the key of an event that was set aside: the key up to and including the position, and
/// the state set and view that refused it.
pub fn set_aside_place(key: &[u8]) -> Option<(&[u8], Option<Refuser<'_>>)> {
    let mut zeros = key.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(at, _)| at);
    let (_, partition_end) = (zeros.next()?, zeros.next()?);
    let (place, rest) = key.split_at_checked(partition_end + 9)?;
    if rest.is_empty() {
        return Some((place, None));
    }
    let (set, view) = rest.split_first_chunk::<4>()?;
    Some((place, Some((SetNumber::from_be_bytes(*set), std::str::from_utf8(view).ok()?))))
}

/// The range of the keys of events that were set aside: `[start, end)`.
pub fn all_set_aside() -> (Vec<u8>, Vec<u8>) {
    (vec![b'a'], vec![b'a' + 1])
}

/// The prefix of the progress of all sources.
pub fn all_sources() -> &'static [u8] {
    b"msource "
}

/// The key of a source partition's progress.
pub fn source(source: &str, partition: &str) -> Vec<u8> {
    [b"msource ", source.as_bytes(), b"\0", partition.as_bytes()].concat()
}

/// The key that marks an unfinished backfill. It is among the progress of the source's partitions,
/// so that reading the progress finds it. No partition's name begins with a NUL.
pub fn unfinished(source: &str) -> Vec<u8> {
    self::source(source, "\0backfill")
}

/// The key that marks an unfinished later reading, for which only new generations wait.
pub fn refill(source: &str) -> Vec<u8> {
    [b"mrefill ", source.as_bytes()].concat()
}

/// The key of the settings under which a source's events were judged.
pub fn judged(source: &str) -> Vec<u8> {
    [b"mjudged ", source.as_bytes()].concat()
}

/// The key of the record of a source's files.
pub fn base(source: &str) -> Vec<u8> {
    [b"mbase ", source.as_bytes()].concat()
}

/// The key of the position that a state set has reached in a partition of its source.
pub fn set_position(set: SetNumber, partition: &str) -> Vec<u8> {
    [b"mset ".as_slice(), &set.to_be_bytes(), partition.as_bytes()].concat()
}

/// The key of the time from which on every time is answerable for a state set.
pub fn sealed(set: SetNumber) -> Vec<u8> {
    [b"msealed ".as_slice(), &set.to_be_bytes()].concat()
}

/// The key of the content sum of a generation's rows in a partition.
pub fn rows_content(generation: &Sha, partition: &str) -> Vec<u8> {
    [b"mrows ".as_slice(), generation.as_bytes(), partition.as_bytes()].concat()
}

/// The key of the record of generations.
pub const GENERATIONS: &[u8] = b"mgenerations";

/// The key of an artifact's bytes.
pub fn artifact(digest: &str) -> Vec<u8> {
    [b"w", digest.as_bytes()].concat()
}
