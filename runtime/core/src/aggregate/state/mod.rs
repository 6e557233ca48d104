//! The state of one slot (one partial aggregate of a view), with the operations zero, update and
//! merge; its encoding is in `codec`.
//!
//! Invariant: a state is used only with the slot that made it. Deliberately absent: the laws of
//! each kind, which are in its own module; this module calls the right one.

mod addition;
mod codec;
mod kind;
mod nested;

pub use kind::State;
pub use nested::visit_users;
