//! Forwards the host's calls to the author's functions.
//!
//! Invariant: a guest has one thread and one artifact, so one scratch buffer per transform serves
//! all calls. Deliberately absent: use outside of Wasm; only a host that follows
//! `wit/transform.wit` may call this. That a panic says why is arranged in [`room`], which a host
//! calls before it calls anything else.
//!
//! [`room`]: crate::exchange::room

use crate::batch::Batch;
use crate::dispatch::Dispatch;
use crate::exchange::{Returned, answered};
use crate::outcome::Scratch;
use crate::states::{Ends, States};
use crate::transform::{Run, write_outcomes};
use std::cell::RefCell;

thread_local! {
    static VIEWS: RefCell<Vec<Scratch>> = const { RefCell::new(Vec::new()) };
    static ON_DEMAND: RefCell<Vec<Scratch>> = const { RefCell::new(Vec::new()) };
    static AGGREGATE: RefCell<Scratch> = const { RefCell::new(None) };
}

/// Implements the exported function `map`.
pub fn map(transforms: &[Run], views: u64, batch: &[u8]) -> *const Returned {
    // SAFETY: the host validates every text of a batch before it writes the batch.
    let batch = unsafe { Batch::trusted(batch) };
    VIEWS.with_borrow_mut(|scratches| {
        answered(|out| write_outcomes(transforms, views, &batch, scratches, out))
    })
}

/// Implements the exported function `compute`.
pub fn compute(transforms: &[Run], transform: u32, batch: &[u8]) -> *const Returned {
    let Some(chosen) = 1u64.checked_shl(transform) else {
        panic!("the host asks for a transform that this artifact does not have");
    };
    // SAFETY: as in `map`.
    let batch = unsafe { Batch::trusted(batch) };
    ON_DEMAND.with_borrow_mut(|scratches| {
        answered(|out| write_outcomes(transforms, chosen, &batch, scratches, out))
    })
}

fn aggregate(aggregates: &[Dispatch], index: u32) -> &Dispatch {
    let Some(aggregate) = aggregates.get(index as usize) else {
        panic!("the host asks for an aggregate that this artifact does not have");
    };
    aggregate
}

/// Implements the exported function `update`.
pub fn update(aggregates: &[Dispatch], index: u32, mut batch: &[u8]) -> *const Returned {
    let groups = Ends::take(&mut batch);
    // SAFETY: as in `map`.
    let batch = unsafe { Batch::trusted(batch) };
    answered(|out| *out = (aggregate(aggregates, index).update)(groups, &batch))
}

/// Implements the exported function `merge`.
pub fn merge(aggregates: &[Dispatch], index: u32, mut groups: &[u8]) -> *const Returned {
    let ends = Ends::take(&mut groups);
    answered(|out| *out = (aggregate(aggregates, index).merge)(ends, States::read(groups)))
}

/// Implements the exported function `finalize`.
pub fn finalize(aggregates: &[Dispatch], index: u32, states: &[u8]) -> *const Returned {
    let states = States::read(states);
    AGGREGATE.with_borrow_mut(|scratch| {
        answered(|out| *out = (aggregate(aggregates, index).finalize)(scratch, states))
    })
}
