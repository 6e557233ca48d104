//! One of a service's views, with what a training set needs to compute its features.
//!
//! Invariant: only rows whose keys the spine may name are kept; sums of contents cover the rows of all
//! keys. Deliberately absent: the rows themselves.

use super::content::Content;
use super::known_keys::KnownKeys;
use crate::admission::Arrived;
use crate::catalog::CatalogView;
use crate::mapping::Mapped;
use crate::shuffle::blocks::Blocks;
use crate::shuffle::layout::Layout;
use arrow::array::{Array, RecordBatch, UInt32Array};
use lockstep_core::error::Result;
use lockstep_core::row::TypedColumn;
use lockstep_core::sweep::Sweep;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of one of the service's views.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// Its index in the catalogue.
    pub(super) index: usize,
    pub(super) loaded: &'a CatalogView,
    /// The features that are requested.
    pub(super) features: &'a [usize],
    pub(super) sweep: Sweep<'a>,
    /// The sweep for a partition that is cut; `None` if a partition cannot be cut.
    pub(super) cut: Option<Sweep<'a>>,
    pub(super) layout: Layout,
    pub(super) known: KnownKeys,
    pub(super) spine: Blocks,
    /// The column of the source's events that holds their ids, if they have ids.
    pub(super) id: Option<usize>,
    /// The contents to sum, each of a range of its own.
    pub(super) contents: Vec<Mutex<Content>>,
}

impl View<'_> {
    /// Sums the contents of some rows, and returns those to be kept, in the layout in which they wait.
    pub(super) fn take(&self, mapped: &Mapped, arrived: &Arrived) -> Result<Option<RecordBatch>> {
        self.sum(mapped, arrived)?;
        self.keep(mapped, arrived)
    }

    /// Adds rows to the contents that are summed.
    fn sum(&self, mapped: &Mapped, arrived: &Arrived) -> Result<()> {
        if self.contents.is_empty() {
            return Ok(());
        }
        let ids = self.id.map(|id| TypedColumn::new(arrived.records.column(id))).transpose()?;
        let arrivals = arrived.arrivals.as_ref().map(|arrivals| &arrivals.values()[..]);
        let of_row = |row: usize| {
            let arrival = arrivals.map(|arrivals| arrivals[mapped.source_rows[row] as usize]);
            (mapped.rows.event_time(row), arrival)
        };
        // Summed without the locks, under which only the sums of the batch are added.
        let mut own: Vec<Content> =
            self.contents.iter().map(|all| locked(all).without_rows()).collect();
        let ranges = own.clone();
        mapped.rows.hash_each(
            &mapped.source_rows,
            ids.as_ref(),
            arrivals,
            |row| ranges.iter().any(|content| content.covers(of_row(row))),
            |row, hash| own.iter_mut().for_each(|content| content.add(of_row(row), hash)),
        );
        self.contents.iter().zip(own).for_each(|(all, own)| locked(all).merge(own));
        Ok(())
    }

    /// One of the contents as summed so far.
    pub(super) fn content(&self, at: usize) -> Option<Content> {
        self.contents.get(at).map(|content| locked(content).clone())
    }

    /// The rows whose keys the spine may name, in the layout in which they wait.
    fn keep(&self, mapped: &Mapped, arrived: &Arrived) -> Result<Option<RecordBatch>> {
        let keys = mapped.rows.keys();
        let known =
            (0..keys.len() as u32).filter(|row| self.known.contains(keys.value(*row as usize)));
        let known: UInt32Array = known.collect::<Vec<u32>>().into();
        let arrivals = arrived.arrivals.as_ref().map(|arrivals| {
            let rows = mapped.source_rows.iter();
            rows.map(|row| arrivals.value(*row as usize)).collect::<Vec<i64>>().into()
        });
        self.layout.batch(&mapped.rows, keys, arrivals, &known).map(Some)
    }
}

fn locked(content: &Mutex<Content>) -> MutexGuard<'_, Content> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}
