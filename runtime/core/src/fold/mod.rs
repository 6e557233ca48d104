//! The fold of a view: which slots make up its state, and how each feature is computed from them. A
//! slot is one partial aggregate, such as a count or a sum, which several features may share.
//!
//! Invariant: a [`FoldPlan`] depends on the view's declaration alone, so all hosts that hold one
//! artifact have the same state layout. A value is a function of the merged state, `as_of` and the
//! span's bounds only (S1). Deliberately absent: tiles, which choose the slots that they keep.

mod answer;
mod build;
mod finalize;
mod gathered;
mod operand;
mod plain;
mod plan;
mod quick;
mod user;

pub use answer::{Answer, Merged, Status};
pub use finalize::Context;
pub use gathered::{InOrder, OfCounts};
pub use plain::{Plain, Sum, SumKind};
pub use plan::{FeaturePlan, FoldPlan, Lift, ViewState};
pub use quick::Quick;
pub use user::{NoGuest, UserCalls, ViewGuests};
