//! The pool: how many requests run guests at a time, and which guests are kept for the next one.
//!
//! Invariant: at most so many requests run guests at a time, the others wait in line, and the
//! guests of a service that no request is using are few and small. Guests that have answered many
//! requests, or whose memory has grown, are not kept: memory of a guest never shrinks. Deliberately
//! absent: what a guest does; and the memory of all guests of the process, which `lockstep_guest`
//! limits.

use lockstep_core::error::{Error, Result};
use lockstep_guest::{Deadline, Line};
use std::sync::{Mutex, PoisonError};

/// Most requests of a host that run guests at a time; the others wait in line.
pub const POOL_RUNNING_MAX: usize = 64;
/// Most sets of guests that a service keeps for its next requests.
pub const POOL_IDLE_MAX: usize = 16;
/// Most requests that one set of guests answers before it is made anew.
pub const POOL_REQUESTS_MAX: u64 = 100_000;
/// Most bytes of memory of one set of guests that is kept.
pub const POOL_GUESTS_BYTES_MAX: usize = 32 << 20;

/// The right of one request to run guests, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Line);

impl Turn<'_> {
    /// Waits in line for a turn; fails if the deadline passes meanwhile.
    pub(super) fn wait<'a>(line: &'a Line, until: Option<&Deadline>) -> Result<Turn<'a>> {
        match (line.wait(1, until), until) {
            (true, _) => Ok(Turn(line)),
            (false, Some(until)) => Err(until.exceeded()),
            (false, None) => Err(Error::bug("a line without an end ended")),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.give_back(1);
    }
}

/// What a pool keeps.
pub(super) trait Guests {
    /// The bytes of memory that they hold.
    fn memory_bytes(&self) -> usize;
}

/// The guests of one service that no request is using.
#[derive(Debug)]
pub(super) struct Pool<T> {
    idle: Mutex<Vec<Kept<T>>>,
}

/// Guests, and how many requests they have answered.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) guests: T,
    requests: u64,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool { idle: Mutex::default() }
    }
}

impl<T: Guests> Pool<T> {
    /// Guests that are kept, or new ones.
    pub(super) fn take(&self, new: impl FnOnce() -> Result<T>) -> Result<Kept<T>> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match kept {
            Some(kept) => Ok(kept),
            None => Ok(Kept { guests: new()?, requests: 0 }),
        }
    }

    /// Takes guests back that have answered one more request; it drops those that are worn out.
    pub(super) fn keep(&self, mut kept: Kept<T>) {
        kept.requests += 1;
        let worn = kept.requests >= POOL_REQUESTS_MAX
            || kept.guests.memory_bytes() > POOL_GUESTS_BYTES_MAX;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !worn && idle.len() < POOL_IDLE_MAX {
            idle.push(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guests of some memory, with a number.
    struct Sized(usize, u32);

    impl Guests for Sized {
        fn memory_bytes(&self) -> usize {
            self.0
        }
    }

    fn take(pool: &Pool<Sized>, bytes: usize, number: u32) -> Kept<Sized> {
        pool.take(|| Ok(Sized(bytes, number))).unwrap()
    }

    /// Goal: guests are used again until their memory has grown beyond the mark or they have
    /// answered so many requests, and no more than so many are kept.
    #[test]
    fn worn_guests_are_not_kept() {
        let pool = Pool::default();
        for (bytes, again) in [(POOL_GUESTS_BYTES_MAX, 1), (POOL_GUESTS_BYTES_MAX + 1, 2)] {
            pool.keep(take(&pool, bytes, 1));
            assert_eq!(take(&pool, 0, 2).guests.1, again);
        }
        for request in 0..POOL_REQUESTS_MAX {
            let kept = take(&pool, 0, 3 + u32::from(request > 0));
            assert_eq!(kept.guests.1, 3);
            pool.keep(kept);
        }
        assert_eq!(take(&pool, 0, 5).guests.1, 5);
        let many: Vec<_> = (0..2 * POOL_IDLE_MAX).map(|_| take(&pool, 0, 6)).collect();
        many.into_iter().for_each(|kept| pool.keep(kept));
        assert_eq!(pool.idle.lock().unwrap().len(), POOL_IDLE_MAX);
    }
}
