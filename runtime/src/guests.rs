//! The guests that compute user-defined aggregates, one an artifact that has any (S21).
//!
//! Invariant: an answer depends on the states sent alone; warm guests only save time. Deliberately
//! absent: sharing between threads; each worker has its own.

use crate::catalog::{Catalog, CatalogView};
use crate::error::Result;
use crate::fold::{NoGuest, UserCalls};

/// Guests by artifact.
#[derive(Debug)]
pub struct Guests {
    none: NoGuest,
}

impl Guests {
    /// The guests that the views of `catalog` need.
    pub fn new(_catalog: &Catalog) -> Result<Guests> {
        Ok(Guests { none: NoGuest })
    }

    /// The guest of a view's artifact.
    pub fn of(&mut self, _view: &CatalogView) -> Result<&mut dyn UserCalls> {
        Ok(&mut self.none)
    }
}
