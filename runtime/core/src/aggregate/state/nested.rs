//! Visits the states inside a state, down to the user-defined ones.
//!
//! Invariant: user-defined states are always visited in the same order. Deliberately absent: what a
//! guest makes of them (`fold`).

use super::kind::State;
use crate::aggregate::slot::{Slot, SlotKind};
use crate::aggregate::user::UserState;

impl Slot {
    /// The slots of the states inside a state of this slot.
    pub fn inner(&self) -> &[Slot] {
        match &self.kind {
            SlotKind::Keyed { inner, .. }
            | SlotKind::LastRows { inner, .. }
            | SlotKind::LatestEvent { inner }
            | SlotKind::Sessions { inner, .. } => inner,
            _ => &[],
        }
    }

    /// Calls `visit` with each user-defined state in `state` and its lift, always in the same
    /// order.
    pub fn visit_users<'s>(
        &self,
        state: &'s mut State,
        visit: &mut dyn FnMut(usize, &'s mut UserState),
    ) {
        match (&self.kind, state) {
            (SlotKind::User { lift }, State::User(state)) => visit(*lift, state),
            (_, State::Keyed(keyed)) => {
                keyed.states_mut().for_each(|states| visit_users(self.inner(), states, visit));
            }
            (_, State::LastRows(last)) => {
                last.states_mut().for_each(|states| visit_users(self.inner(), states, visit));
            }
            (_, State::LatestEvent(latest)) => {
                latest.states_mut().for_each(|states| visit_users(self.inner(), states, visit));
            }
            (_, State::Sessions(sessions)) => {
                sessions.states_mut().for_each(|states| visit_users(self.inner(), states, visit));
            }
            _ => {}
        }
    }
}

/// As [`Slot::visit_users`], for the states of several slots.
pub fn visit_users<'s>(
    slots: &[Slot],
    states: &'s mut [State],
    visit: &mut dyn FnMut(usize, &'s mut UserState),
) {
    for (slot, state) in slots.iter().zip(states) {
        slot.visit_users(state, visit);
    }
}
