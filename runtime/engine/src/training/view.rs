//! One of a service's views, with what a training set needs to compute its features.
//!
//! Invariant: only rows whose keys the spine may name are kept. Deliberately absent: the rows
//! themselves.

use super::known_keys::KnownKeys;
use crate::admission::Arrived;
use crate::catalog::CatalogView;
use crate::mapping::Mapped;
use crate::shuffle::blocks::Blocks;
use crate::shuffle::layout::Layout;
use arrow::array::{Array, RecordBatch, UInt32Array};
use lockstep_core::error::Result;
use lockstep_core::sweep::Sweep;

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
}

impl View<'_> {
    /// The rows whose keys the spine may name, in the layout in which they wait.
    pub(super) fn keep(&self, mapped: &Mapped, arrived: &Arrived) -> Result<Option<RecordBatch>> {
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
