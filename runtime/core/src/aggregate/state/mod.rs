//! The state of one slot, and the verbs on it: zero, update, merge; its bytes are in `codec`.
//!
//! Invariant: a state is only ever used with the slot that made it. Each kind's laws are in its own
//! file; these ones dispatch.

mod addition;
mod codec;
mod kind;
mod nested;

pub use kind::State;
pub use nested::visit_users;
