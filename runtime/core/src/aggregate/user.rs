//! The state of a user-defined aggregate: canonical bytes that only the guest can merge (S21).
//!
//! The core is pure and calls no guest, so it keeps the states that are still to be merged as a
//! multiset of byte strings. Laws: union of multisets is associative and commutative, and so is the
//! guest's merge by contract, so it does not matter when the guest is called. A state is *settled*
//! when at most one string is left; only a settled state may be encoded or read. A failed merge is
//! absorbing and holds nothing else (S18): whatever reads it fails, and never gets a null. Why it
//! failed stays with it in memory, for messages, and is no part of its bytes: it may depend on the
//! grouping. Bytes: 0 for no rows, 1 for failed, otherwise the length + 2 and the guest's bytes.

use super::bytes::{put_unsigned, unsigned};
use std::sync::Arc;

/// A state in the guest's canonical bytes.
pub type Part = Arc<[u8]>;

/// States to be merged.
#[derive(Clone, Debug)]
pub enum UserState {
    /// These, in any order.
    Parts(Vec<Part>),
    /// A merge failed, with the guest's reason if it is known.
    Failed(Option<Arc<str>>),
}

impl UserState {
    /// The state of no rows.
    pub const fn zero() -> UserState {
        UserState::Parts(Vec::new())
    }

    /// Adds the state of one row.
    pub fn add(&mut self, part: &Part) {
        if let UserState::Parts(parts) = self {
            parts.push(part.clone());
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &UserState) {
        match (&mut *self, other) {
            (UserState::Parts(parts), UserState::Parts(more)) => parts.extend_from_slice(more),
            (UserState::Failed(Some(_)), _) | (_, UserState::Parts(_)) => {}
            (_, UserState::Failed(reason)) => *self = UserState::Failed(reason.clone()),
        }
    }

    /// Removes and returns the states that the guest has to merge; `None` if the state is settled.
    pub fn take_unsettled(&mut self) -> Option<Vec<Part>> {
        match self {
            UserState::Parts(parts) if parts.len() > 1 => Some(std::mem::take(parts)),
            _ => None,
        }
    }

    /// Appends the canonical encoding of a settled state.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            UserState::Failed(_) => put_unsigned(1, out),
            UserState::Parts(parts) => match &parts[..] {
                [] => put_unsigned(0, out),
                [part] => {
                    put_unsigned(part.len() as u128 + 2, out);
                    out.extend_from_slice(part);
                }
                _ => unreachable!("the fold settles states before it encodes them"),
            },
        }
    }

    /// Reads what [`UserState::encode`] wrote.
    pub fn decode(bytes: &mut &[u8]) -> Option<UserState> {
        let length = match usize::try_from(unsigned(bytes)?).ok()? {
            0 => return Some(UserState::zero()),
            1 => return Some(UserState::Failed(None)),
            length => length - 2,
        };
        if bytes.len() < length {
            return None;
        }
        let (part, rest) = bytes.split_at(length);
        *bytes = rest;
        Some(UserState::Parts(vec![part.into()]))
    }
}
