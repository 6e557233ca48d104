//! A thread's own part of reading: its guests, and the rows that they made.

use super::Room;
use super::blocks::Blocks;
use crate::admission::row_json;
use crate::catalog::Catalog;
use crate::error::Result;
use crate::event::SetAside;
use crate::host::mapper::{Mapped, Mapper};
use crate::row::TypedColumn;
use arrow::array::{Int64Array, RecordBatch};
use std::fmt;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// Events that count, with their positions.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) records: RecordBatch,
    pub(super) positions: Vec<u64>,
    /// When each arrived, if that matters.
    pub(super) arrivals: Option<Int64Array>,
}

/// What of a view's rows is kept, in the form in which they wait; the view is named by its place
/// among the worker's.
pub(super) type Keep<'a> = dyn Fn(usize, &Mapped, &Arrived) -> Result<RecordBatch> + Sync + 'a;

/// Maps events, and gathers the rows of some views.
#[derive(Debug)]
pub(super) struct Worker {
    source: String,
    mapper: Mapper,
    /// For each of the views.
    rows: Vec<Blocks>,
    /// The index in the catalogue of each of the views.
    views: Vec<usize>,
}

impl Worker {
    /// A worker for those of `views`, indices in the catalogue, that read `source`; its blocks
    /// have so many bytes.
    pub(super) fn new(
        catalog: &Catalog,
        views: Vec<usize>,
        source: &str,
        block_bytes: usize,
    ) -> Result<Worker> {
        let mapper = Mapper::new(catalog, catalog.source(source)?, |at| views.contains(&at))?;
        let rows = views.iter().map(|_| Blocks::new(block_bytes)).collect();
        Ok(Worker { source: source.into(), mapper, rows, views })
    }

    pub(super) fn fresh_each_call(&mut self, fresh: bool) {
        self.mapper.fresh_each_call(fresh);
    }

    pub(super) fn guest_time(&self) -> Duration {
        self.mapper.guest_time()
    }

    /// The blocks of one of the views.
    pub(super) fn blocks(&self, view: usize) -> &Blocks {
        &self.rows[view]
    }

    pub(super) fn all_blocks(&mut self) -> &mut [Blocks] {
        &mut self.rows
    }

    /// Maps events; answers those that a view refused.
    pub(super) fn map(
        &mut self,
        catalog: &Catalog,
        keep: &Keep<'_>,
        room: &Room,
        arrived: &Arrived,
    ) -> Result<Vec<SetAside>> {
        let mut aside = Vec::new();
        for mapped in self.mapper.map(catalog, &arrived.records)? {
            aside.extend(refused(catalog, &self.source, &mapped, arrived)?);
            if let Some(at) = self.views.iter().position(|view| *view == mapped.view) {
                room.take(self.rows[at].push(keep(at, &mapped, arrived)?)?);
            }
        }
        room.relieve(&mut self.rows)?;
        Ok(aside)
    }
}

/// The events that a view refused.
fn refused(
    catalog: &Catalog,
    source: &str,
    mapped: &Mapped,
    arrived: &Arrived,
) -> Result<Vec<SetAside>> {
    if mapped.refused.is_empty() {
        return Ok(vec![]);
    }
    let schema = catalog.source(source)?;
    let view = &catalog.views()[mapped.view].plan.view.name;
    let columns = arrived.records.columns().iter().map(TypedColumn::new);
    let columns: Vec<TypedColumn> = columns.collect::<Result<_>>()?;
    let set_aside = mapped.refused.iter().map(|refused| SetAside {
        position: arrived.positions[refused.row as usize],
        view: Some(view.clone()),
        reason: refused.reason.clone(),
        bytes: row_json(schema, &columns, refused.row as usize),
    });
    Ok(set_aside.collect())
}

/// The keys that a spine names, more or less: a key that it says is unknown is unknown, another one
/// may be too.
pub(super) struct KnownKeys {
    bits: Box<[u64]>,
}

/// Bits of [`KnownKeys`]: few of them are set even by millions of keys, and the memory of those
/// that are not is never touched.
const KNOWN_BITS: usize = 1 << 27;

impl Default for KnownKeys {
    fn default() -> KnownKeys {
        KnownKeys { bits: vec![0; KNOWN_BITS / 64].into() }
    }
}

impl fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownKeys")
    }
}

impl KnownKeys {
    pub(super) fn insert(&mut self, key: &[u8]) {
        let bit = xxh3_64(key) as usize % KNOWN_BITS;
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    pub(super) fn contains(&self, key: &[u8]) -> bool {
        let bit = xxh3_64(key) as usize % KNOWN_BITS;
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }
}
