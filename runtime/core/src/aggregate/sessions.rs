//! Sessions: sequences of rows in which neighbours are at most a gap apart (S3), each with its
//! states.
//!
//! Laws: the sessions of a set of rows are its connected parts under "at most a gap apart", and
//! joining the sessions of two sets gives those of their union: two sessions that touch become one,
//! whichever rows they came from. So merging is associative and commutative. Bytes: the number of
//! sessions, then for each, ascending: first and last event time, its states. Deliberately absent:
//! which sessions are closed, which depends on `as_of`.

use super::bytes::{put_unsigned, unsigned};
use super::slot::{Slot, States, zeros};
use super::state::State;
use crate::row::Rows;
use crate::value::{i64_from_order, i64_order, take};

/// One session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its first event time, in microseconds.
    pub first: i64,
    /// Its last event time.
    pub last: i64,
    /// The states of its rows.
    pub states: States,
}

/// Sessions, ascending, each further than the gap from the next.
#[derive(Clone, Debug)]
pub struct Sessions(Vec<Session>);

/// Whether a session and one that does not begin before it are a single session.
fn touch(gap_us: i64, before: &Session, after: &Session) -> bool {
    after.first.saturating_sub(before.last) <= gap_us
}

/// Merges into a session one that touches it.
fn absorb(inner: &[Slot], before: &mut Session, after: &Session) {
    before.last = before.last.max(after.last);
    let pairs = before.states.iter_mut().zip(&after.states);
    inner.iter().zip(pairs).for_each(|(slot, (own, more))| slot.merge(own, more));
}

impl Sessions {
    /// The state of no rows.
    pub const fn zero() -> Sessions {
        Sessions(Vec::new())
    }

    /// Adds a row.
    pub fn update(&mut self, gap_us: i64, inner: &[Slot], rows: &Rows, row: usize) {
        let time = rows.event_time(row);
        let mut states = zeros(inner);
        for (slot, state) in inner.iter().zip(&mut states) {
            slot.update(state, rows, row);
        }
        let at = self.0.partition_point(|session| session.first < time);
        self.0.insert(at, Session { first: time, last: time, states });
        // One row touches two neighbours at most; the later one is tried first, so that both can
        // join.
        for at in [at, at.wrapping_sub(1)] {
            if let Some([before, after]) = self.0.get_mut(at..).and_then(<[_]>::first_chunk_mut)
                && touch(gap_us, before, after)
            {
                absorb(inner, before, after);
                self.0.remove(at + 1);
            }
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, gap_us: i64, inner: &[Slot], other: &Sessions) {
        if other.0.is_empty() {
            return;
        }
        self.0.extend_from_slice(&other.0);
        self.0.sort_by_key(|session| session.first);
        self.join(gap_us, inner);
    }

    /// Joins sessions that touch; they must be sorted by first event time.
    fn join(&mut self, gap_us: i64, inner: &[Slot]) {
        let mut joined: Vec<Session> = Vec::with_capacity(self.0.len());
        for session in self.0.drain(..) {
            match joined.last_mut() {
                Some(before) if touch(gap_us, before, &session) => absorb(inner, before, &session),
                _ => joined.push(session),
            }
        }
        self.0 = joined;
    }

    /// The latest session.
    pub fn latest(&self) -> Option<&Session> {
        self.0.last()
    }

    /// The latest session that is closed at `hi`.
    pub fn latest_closed(&self, gap_us: i64, hi: i64) -> Option<&Session> {
        self.0.iter().rev().find(|session| session.last.saturating_add(gap_us) < hi)
    }

    /// The states of each session, ascending.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut [State]> {
        self.0.iter_mut().map(|session| &mut session.states[..])
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, inner: &[Slot], out: &mut Vec<u8>) {
        put_unsigned(self.0.len() as u128, out);
        for session in &self.0 {
            out.extend(i64_order(session.first).to_be_bytes());
            out.extend(i64_order(session.last).to_be_bytes());
            inner.iter().zip(&session.states).for_each(|(slot, state)| slot.encode(state, out));
        }
    }

    /// Reads what [`Sessions::encode`] wrote.
    pub fn decode(gap_us: i64, inner: &[Slot], bytes: &mut &[u8]) -> Option<Sessions> {
        let count = unsigned(bytes)?;
        let mut sessions: Vec<Session> = Vec::new();
        for _ in 0..count {
            let first = i64_from_order(u64::from_be_bytes(take(bytes)?));
            let last = i64_from_order(u64::from_be_bytes(take(bytes)?));
            let apart =
                sessions.last().is_none_or(|before| first.saturating_sub(before.last) > gap_us);
            if last < first || !apart {
                return None;
            }
            let states = inner.iter().map(|slot| slot.decode(bytes)).collect::<Option<States>>()?;
            sessions.push(Session { first, last, states });
        }
        Some(Sessions(sessions))
    }
}
