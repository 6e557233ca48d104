//! The canonical export of a store: its entries for the views of a catalogue, in a form that does
//! not depend on how the store came about. Stores are equal when their exports are equal (S24).
//!
//! Invariant: only active versions are exported, those from which requests are served. Deliberately
//! absent: the form of the export, which the store crate has.

use crate::catalog::Catalog;
use crate::generations::Lineup;
use lockstep_core::error::{Error, Result};
use lockstep_store::canonical::{self, Scope, View};
use lockstep_store::export::{Exported, Receive};
use lockstep_store::{StateStore as _, Store};
use std::sync::Arc;

/// Exports the newest state of `store` for the views of `catalog`'s artifacts.
///
/// # Errors
/// If an artifact of `catalog` has not caught up with the store yet, or the store is damaged.
pub fn export(
    store: &dyn Store,
    catalog: &Arc<Catalog>,
    scope: Scope,
    visit: &mut Receive<'_>,
) -> Result<Exported> {
    let mut lineup = Lineup::open(catalog, &store.states()?)?;
    if let Some(name) = lineup.pending.first() {
        return Err(Error::input(format!(
            "artifact {name} has not caught up with the store; run `lockstep backfill`"
        )));
    }
    let active = &mut lineup.active;
    let views = active.catalog.views().iter().zip(&active.views);
    let views: Vec<View<'_>> = views
        .filter_map(|(view, fed)| {
            Some(View { set: fed.set?, generation: fed.generation, plan: &view.plan })
        })
        .collect();
    canonical::export(store, &views, &mut active.guests, scope, visit)
}
