//! The canonical export of what a store holds for the views of a catalogue (S24).

use crate::catalog::Catalog;
use crate::generations::Lineup;
use lockstep_core::error::{Error, Result};
use lockstep_store::canonical::{self, Scope, View};
use lockstep_store::export::{Exported, Receive};
use lockstep_store::{StateStore as _, Store};
use std::sync::Arc;

/// Exports the newest state of `store` for the views that answer, of the artifacts of `catalog`.
///
/// # Errors
/// If an artifact of `catalog` does not answer yet, or the store is damaged.
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
