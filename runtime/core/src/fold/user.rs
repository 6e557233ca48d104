//! The fold's interface to a guest, which merges and reads the states of user-defined aggregates
//! (S21).
//!
//! Invariant: after [`FoldPlan::settle`] the guest has merged every user-defined state it was
//! given, so that the states may be encoded or read, and a failed state has the guest's reason if it
//! is known in this process. One call for each aggregate carries all of them. Deliberately absent:
//! the guest itself, which the host provides.

use super::plan::{FoldPlan, ViewState};
use crate::aggregate::user::{Part, UserState};
use crate::aggregate::visit_users;
use crate::error::{Error, Result};
use crate::flat::GroupState;
use crate::value::Value;
use std::collections::BTreeMap;

/// Calls to a guest's aggregates; `aggregate` is the index in the manifest.
pub trait UserCalls {
    /// The merged state of each group, or why the guest failed on it.
    fn merge(&mut self, aggregate: usize, groups: &[Vec<Part>]) -> Result<Vec<GroupState>>;

    /// Why the last merge of this aggregate failed in this process, if one did: what is known about
    /// a state whose merge failed before it was stored.
    fn failed_merge(&self, aggregate: usize) -> Option<String>;

    /// The value of each state, or why the guest failed on it; a state of `None` is that of no
    /// rows.
    fn finalize(
        &mut self,
        aggregate: usize,
        states: &[Option<Part>],
    ) -> Result<Vec<std::result::Result<Value, String>>>;
}

/// The guests of several views.
pub trait ViewGuests {
    /// The guest of the view with this index.
    fn of(&mut self, view: usize) -> Result<&mut dyn UserCalls>;
}

/// A guest for plans without user-defined aggregates.
#[derive(Clone, Copy, Debug)]
pub struct NoGuest;

impl UserCalls for NoGuest {
    fn merge(&mut self, _: usize, _: &[Vec<Part>]) -> Result<Vec<GroupState>> {
        Err(Error::bug("a user-defined aggregate without its guest"))
    }

    fn failed_merge(&self, _: usize) -> Option<String> {
        None
    }

    fn finalize(
        &mut self,
        _: usize,
        _: &[Option<Part>],
    ) -> Result<Vec<std::result::Result<Value, String>>> {
        Err(Error::bug("a user-defined aggregate without its guest"))
    }
}

impl FoldPlan {
    /// Has the guest merge what is not merged yet in `states`.
    pub fn settle<'s>(
        &self,
        states: impl IntoIterator<Item = &'s mut ViewState>,
        guest: &mut dyn UserCalls,
    ) -> Result<()> {
        if self.lifts.is_empty() {
            return Ok(());
        }
        let mut waiting: BTreeMap<usize, (Vec<&mut UserState>, Vec<Vec<Part>>)> = BTreeMap::new();
        for state in states {
            visit_users(&self.slots, state, &mut |lift, user| {
                if let UserState::Failed(reason @ None) = user {
                    let last = guest.failed_merge(self.lifts[lift].aggregate);
                    *reason = last.map(|last| format!("the last that failed here: {last}").into());
                } else if let Some(parts) = user.take_unsettled() {
                    let (users, groups) = waiting.entry(lift).or_default();
                    users.push(user);
                    groups.push(parts);
                }
            });
        }
        for (lift, (users, groups)) in waiting {
            let merged = guest.merge(self.lifts[lift].aggregate, &groups)?;
            if merged.len() != users.len() {
                return Err(Error::bug("a merge answers each of its groups"));
            }
            for (user, merged) in users.into_iter().zip(merged) {
                *user = match merged {
                    Ok(part) => UserState::Parts(vec![part]),
                    Err(reason) => UserState::Failed(Some(reason.into())),
                };
            }
        }
        Ok(())
    }
}
