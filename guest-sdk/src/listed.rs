//! What `export!` lists: each transform and aggregate, with its declaration and its code.
//!
//! Invariant: wherever the code of `export!` needs an item, it says the same of it, and what the
//! compiler says twice it prints once.
//! Deliberately absent: the exports themselves, which exist in Wasm alone.

use crate::aggregate::Declared;
use crate::dispatch::Dispatch;
use crate::manifest::Piece;
use crate::transform::{OnDemand, Run, Transform};

/// A transform.
#[derive(Debug)]
pub struct Listed {
    /// Its declaration, as JSON.
    pub declaration: Piece,
    /// Maps or computes a batch.
    pub answering: Run,
}

impl Listed {
    /// A view.
    pub const fn view<T: Transform>() -> Listed {
        Listed { declaration: T::DECLARATION, answering: T::run }
    }

    /// An on-demand transform.
    pub const fn on_demand<T: OnDemand>() -> Listed {
        Listed { declaration: T::DECLARATION, answering: T::run }
    }
}

/// An aggregate.
#[derive(Debug)]
pub struct ListedAggregate {
    /// Its name.
    pub name: &'static str,
    /// Its declaration, as JSON.
    pub declaration: Piece,
    /// Updates, merges and finalizes its states.
    pub answering: Dispatch,
}

impl ListedAggregate {
    /// This aggregate.
    pub const fn aggregate<T: Declared>() -> ListedAggregate {
        ListedAggregate { name: T::NAME, declaration: T::DECLARATION, answering: T::DISPATCH }
    }
}
