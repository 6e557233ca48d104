//! Where things lie in a store: keys that order as the scans need them.
//!
//! ```text
//! t <view> 0 <entity key> <level> <start>    a tile's state; level 255: the base tile, start MIN
//! i <source> 0 <event id>                    event time and content hash of an admitted event
//! a <source> 0 <partition> 0 <position> <view>   an event that was set aside
//! m source <source> 0 <partition>            position, watermark and counts of a source partition
//! m source <source> 0 0 backfill             the mark of a backfill that has not come to its end
//! m identity <what>                          digests and declarations that values depend on (S23)
//! ```
//!
//! Invariant: numbers are big-endian and ordered as signed; an entity key delimits itself, so all
//! tiles of one key and level abut in time order. Views are named, not numbered: two stores that
//! were filled in different orders hold the same bytes.

use lockstep_core::key::EntityKey;
use lockstep_core::tile::Level;
use lockstep_core::time::Time;
use lockstep_core::value::{i64_from_order, i64_order};

/// The level number of base tiles.
const BASE: u8 = 255;

/// The front part of all tile keys of one view and entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TilePrefix(Vec<u8>);

impl TilePrefix {
    /// The prefix of `key`'s tiles in `view`.
    pub fn new(view: &str, key: &EntityKey) -> TilePrefix {
        let mut bytes = Vec::with_capacity(view.len() + key.as_bytes().len() + 11);
        bytes.push(b't');
        bytes.extend(view.as_bytes());
        bytes.push(0);
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

/// The start of the tile whose key this is.
pub fn tile_start(key: &[u8]) -> Option<Time> {
    let (_, start) = key.split_last_chunk::<8>()?;
    Time::new(i64_from_order(u64::from_be_bytes(*start)))
}

/// All tile keys: `[start, end)`.
pub fn all_tiles() -> (Vec<u8>, Vec<u8>) {
    (vec![b't'], vec![b't' + 1])
}

/// What a tile key names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileName {
    /// The view.
    pub view: String,
    /// The entity key's and everything before it: equal for all tiles of one key.
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

/// Reads a tile key apart; `None` if it is not one.
pub fn tile_name(key: &[u8]) -> Option<TileName> {
    let end = key.iter().position(|&byte| byte == 0)?;
    let view = std::str::from_utf8(key.get(1..end)?).ok()?.to_string();
    let (front, start) = key.split_last_chunk::<8>()?;
    let (&number, prefix) = front.split_last()?;
    let start = Time::new(i64_from_order(u64::from_be_bytes(*start)))?;
    let level = match number {
        BASE => None,
        _ => Some(Level::from_number(number)?),
    };
    Some(TileName { view, prefix: prefix.to_vec(), level, start })
}

/// The key of an admitted event's identity.
pub fn event_id(source: &str, id: &[u8]) -> Vec<u8> {
    [b"i", source.as_bytes(), b"\0", id].concat()
}

/// The key of an event that was set aside.
pub fn set_aside(source: &str, partition: &str, position: u64, view: Option<&str>) -> Vec<u8> {
    let place = [b"a", source.as_bytes(), b"\0", partition.as_bytes(), b"\0"].concat();
    [&place, &position.to_be_bytes()[..], view.unwrap_or("").as_bytes()].concat()
}

/// All keys of events that were set aside: `[start, end)`.
pub fn all_set_aside() -> (Vec<u8>, Vec<u8>) {
    (vec![b'a'], vec![b'a' + 1])
}

/// The key of a source partition's progress.
pub fn source(source: &str, partition: &str) -> Vec<u8> {
    [b"msource ", source.as_bytes(), b"\0", partition.as_bytes()].concat()
}

/// The key of the mark of an unfinished backfill: among the progress of the source's partitions, so
/// that whoever reads that meets it. No partition's name begins with a NUL.
pub fn unfinished(source: &str) -> Vec<u8> {
    self::source(source, "\0backfill")
}

/// The key of something that values depend on.
pub fn identity(what: &str) -> Vec<u8> {
    [b"midentity ", what.as_bytes()].concat()
}
