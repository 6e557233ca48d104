//! The fold of a view: which slots its state has, and how a feature reads them.
//!
//! Invariant: a [`FoldPlan`] depends on the view's declaration alone, so all hosts that hold one
//! artifact have one state layout. A value is a function of the merged state, `as_of` and the
//! span's bounds only (S1). Deliberately absent: tiles, which choose what of a state they keep.

mod answer;
mod build;
mod finalize;
mod operand;
mod plain;
mod plan;
mod quick;
mod user;

pub use answer::{Answer, Merged, Status};
pub use plain::Plain;
pub use plan::{FeaturePlan, FoldPlan, Lift, ViewState};
pub use quick::Quick;
pub use user::{NoGuest, UserCalls, ViewGuests};
