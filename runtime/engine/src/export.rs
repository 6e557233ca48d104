//! The canonical export of a store that the artifacts of a catalogue filled (S24).

use crate::catalog::Catalog;
use crate::guests::Guests;
use lockstep_core::error::Result;
use lockstep_core::view_plan::ViewPlan;
use lockstep_store::Store;
use lockstep_store::canonical::{self, Scope};
use lockstep_store::export::{Exported, Receive};

/// Exports the newest state of `store`, which the artifacts of `catalog` filled, in key order.
///
/// # Errors
/// If the store holds a view that `catalog` does not declare, or is damaged.
pub fn export(
    store: &dyn Store,
    catalog: &Catalog,
    scope: Scope,
    visit: &mut Receive<'_>,
) -> Result<Exported> {
    let plans: Vec<&ViewPlan> = catalog.views().iter().map(|view| &view.plan).collect();
    canonical::export(store, &plans, &mut Guests::new(catalog)?, scope, visit)
}
