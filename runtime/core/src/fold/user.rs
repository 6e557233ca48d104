//! What the fold asks of a guest: to merge and read the states of user-defined aggregates (S21).
//!
//! Invariant: after [`FoldPlan::settle`] every user-defined state in the states given is settled,
//! so that it may be encoded or read. All of them go to the guest in one call an aggregate.
//! Deliberately absent: the guest itself; the hosts bring one.

use super::plan::{FoldPlan, ViewState};
use crate::aggregate::user::{Part, UserState};
use crate::aggregate::visit_users;
use crate::error::{Error, Result};
use crate::value::Value;
use std::collections::BTreeMap;

/// The calls of a guest's aggregates; `aggregate` is the index in the manifest.
pub trait UserCalls {
    /// The merged state of each group; none where the guest failed on that group alone.
    fn merge(&mut self, aggregate: usize, groups: &[Vec<Part>]) -> Result<Vec<Option<Part>>>;

    /// The value of each state, of which none is that of no rows, or why the guest failed on it.
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

/// For plans without user-defined aggregates.
#[derive(Clone, Copy, Debug)]
pub struct NoGuest;

impl UserCalls for NoGuest {
    fn merge(&mut self, _: usize, _: &[Vec<Part>]) -> Result<Vec<Option<Part>>> {
        Err(Error::bug("a user-defined aggregate without its guest"))
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
                if let Some(parts) = user.take_unsettled() {
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
                    Some(part) => UserState::Parts(vec![part]),
                    None => UserState::Failed,
                };
            }
        }
        Ok(())
    }
}
