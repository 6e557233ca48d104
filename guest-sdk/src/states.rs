//! States as they cross between host and guest: the bytes of `wit/aggregate.wit`.
//!
//! Invariant: a group has either a state or a refusal, and a refused group's state is empty.
//! Deliberately absent: what a state means.

use crate::aggregate::Aggregate;
use crate::batch::{misfit, take, take_count};
use crate::outcome::cut;
use crate::writer::put;
use std::ops::Range;

/// The ends of consecutive ranges: the rows or states of each group.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'b>(&'b [[u8; 4]]);

impl<'b> Ends<'b> {
    /// Reads the count and the ends from the front of `bytes` and removes them.
    pub fn take(bytes: &mut &'b [u8]) -> Ends<'b> {
        let count = take_count(bytes);
        Ends(take(bytes, count))
    }

    /// The number of ranges.
    pub fn count(self) -> usize {
        self.0.len()
    }

    /// The end of the last range.
    pub fn last(self) -> usize {
        self.0.last().map_or(0, |end| u32::from_le_bytes(*end) as usize)
    }

    /// The ranges in order.
    pub fn ranges(self) -> impl Iterator<Item = Range<usize>> + use<'b> {
        let mut start = 0;
        self.0.iter().map(move |end| {
            let end = u32::from_le_bytes(*end) as usize;
            std::mem::replace(&mut start, end)..end
        })
    }
}

/// Some states, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct States<'b> {
    ends: Ends<'b>,
    bytes: &'b [u8],
}

impl<'b> States<'b> {
    /// Reads the states in `bytes`.
    pub fn read(mut bytes: &'b [u8]) -> States<'b> {
        let states = States { ends: Ends::take(&mut bytes), bytes };
        if states.ends.last() != bytes.len() {
            misfit();
        }
        states
    }

    /// The number of states.
    pub fn count(self) -> usize {
        self.ends.count()
    }

    /// Each state's bytes, in order.
    pub fn iter(self) -> impl Iterator<Item = &'b [u8]> + use<'b> {
        self.ends.ranges().map(move |range| self.bytes.get(range).unwrap_or_else(|| misfit()))
    }
}

/// The states of some groups, while they are being computed.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    refused: Vec<(u32, String)>,
    ends: Vec<[u8; 4]>,
    bytes: Vec<u8>,
    /// A buffer for one state: an author's `encode` sees no other state's bytes.
    state: Vec<u8>,
}

impl Answer {
    /// Adds the next group's state.
    pub(crate) fn put<A: Aggregate>(&mut self, state: &A) {
        self.state.clear();
        state.encode(&mut self.state);
        self.bytes.extend_from_slice(&self.state);
        self.close();
    }

    /// Refuses the next group.
    #[cold]
    pub(crate) fn refuse(&mut self, reason: String) {
        self.refused.push((self.ends.len() as u32, cut(reason)));
        self.close();
    }

    fn close(&mut self) {
        match u32::try_from(self.bytes.len()) {
            Ok(end) => self.ends.push(end.to_le_bytes()),
            Err(_) => panic!("the states of one call have more than 2^32 bytes"),
        }
    }

    /// The bytes of the reply.
    pub(crate) fn write(&self) -> Vec<u8> {
        let messages: usize = self.refused.iter().map(|(_, reason)| 8 + reason.len()).sum();
        let mut bytes = vec![0; 4 + messages + 4 + self.ends.len() * 4 + self.bytes.len()];
        let mut out = &mut bytes[..];
        put(&mut out, &(self.refused.len() as u32).to_le_bytes());
        for (group, reason) in &self.refused {
            put(&mut out, &group.to_le_bytes());
            put(&mut out, &(reason.len() as u32).to_le_bytes());
        }
        for (_, reason) in &self.refused {
            put(&mut out, reason.as_bytes());
        }
        put(&mut out, &(self.ends.len() as u32).to_le_bytes());
        put(&mut out, self.ends.as_flattened());
        put(&mut out, &self.bytes);
        bytes
    }
}
