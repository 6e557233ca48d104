//! A thread's own part of reading: its guests, and the rows that they made.

use super::blocks::{Block, Blocks};
use super::{Room, View};
use crate::admission::row_json;
use crate::catalog::Catalog;
use crate::error::Result;
use crate::event::SetAside;
use crate::host::mapper::{Mapped, Mapper};
use crate::row::TypedColumn;
use crate::service::Service;
use arrow::array::{Array, Int64Array, RecordBatch, UInt32Array};
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

/// Maps events, and keeps the rows that concern the spine.
#[derive(Debug)]
pub(super) struct Worker {
    source: String,
    mapper: Mapper,
    /// For each of the service's views.
    rows: Vec<Blocks>,
    /// The index in the catalogue of each of the service's views.
    views: Vec<usize>,
}

impl Worker {
    pub(super) fn new(catalog: &Catalog, service: &Service, source: &str) -> Result<Worker> {
        let views: Vec<usize> = service.views.iter().map(|view| view.view).collect();
        let mapper = Mapper::new(catalog, catalog.source(source)?, |at| views.contains(&at))?;
        let rows = views.iter().map(|_| Blocks::default()).collect();
        Ok(Worker { source: source.into(), mapper, rows, views })
    }

    pub(super) fn fresh_each_call(&mut self, fresh: bool) {
        self.mapper.fresh_each_call(fresh);
    }

    pub(super) fn guest_time(&self) -> Duration {
        self.mapper.guest_time()
    }

    /// The blocks of one of the service's views.
    pub(super) fn blocks(&self, view: usize) -> &[Block] {
        &self.rows[view].blocks
    }

    pub(super) fn all_blocks(&mut self) -> &mut [Blocks] {
        &mut self.rows
    }

    /// Maps events; answers those that a view refused.
    pub(super) fn map(
        &mut self,
        catalog: &Catalog,
        views: &[View<'_>],
        room: &Room,
        arrived: &Arrived,
    ) -> Result<Vec<SetAside>> {
        let mut aside = Vec::new();
        for mapped in self.mapper.map(catalog, &arrived.records)? {
            aside.extend(refused(catalog, &self.source, &mapped, arrived)?);
            if let Some(at) = self.views.iter().position(|view| *view == mapped.view) {
                let view = &views[at];
                let keys = mapped.rows.keys();
                let known = (0..keys.len() as u32)
                    .filter(|row| view.known.contains(keys.value(*row as usize)));
                let known: UInt32Array = known.collect::<Vec<u32>>().into();
                let arrivals = arrived.arrivals.as_ref().map(|arrivals| {
                    let rows = mapped.source_rows.iter();
                    rows.map(|row| arrivals.value(*row as usize)).collect::<Vec<i64>>().into()
                });
                let batch = view.layout.batch(&mapped.rows, keys, arrivals, &known)?;
                room.take(self.rows[at].push(batch)?);
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
