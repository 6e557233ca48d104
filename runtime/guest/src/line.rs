//! A limited number of shares, and the line of those who wait for some.
//!
//! Invariant: never more shares are taken than there are, and those who wait are served in the
//! order of arrival. Deliberately absent: what a share stands for.

use super::clock::Deadline;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a waiting caller looks at the clock of limits.
const LOOK_MS: u64 = 5;

/// Shares that callers take and give back. A clone refers to the same shares.
#[derive(Clone, Debug)]
pub struct Line(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// The tickets of those who wait, in the order of arrival.
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

impl Line {
    /// A line for `max` shares.
    pub fn new(max: usize) -> Line {
        Line(Arc::new(Inner { max, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// The shares that are taken now.
    pub fn taken(&self) -> usize {
        self.state().taken
    }

    /// How many callers wait now.
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many shares at once, whoever waits, or returns false.
    pub fn take(&self, shares: usize) -> bool {
        let mut state = self.state();
        match state.taken.checked_add(shares) {
            Some(taken) if taken <= self.0.max => {
                state.taken = taken;
                true
            }
            _ => false,
        }
    }

    /// Waits in line for so many shares, until the deadline if there is one; returns whether it got
    /// them.
    pub fn wait(&self, shares: usize, until: Option<&Deadline>) -> bool {
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        let served = loop {
            let first = state.waiting.front() == Some(&ticket);
            if first && state.taken.saturating_add(shares) <= self.0.max {
                state.taken += shares;
                break true;
            }
            if until.is_some_and(Deadline::is_over) {
                break false;
            }
            let look = Duration::from_millis(LOOK_MS);
            let woken = self.0.changed.wait_timeout(state, look);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.waiting.retain(|waiting| *waiting != ticket);
        drop(state);
        self.0.changed.notify_all();
        served
    }

    /// Gives so many shares back.
    pub fn give_back(&self, shares: usize) {
        self.state().taken -= shares;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::sync::mpsc;

    /// Goal: those who wait are served in the order of arrival, also when a later one needs less;
    /// and never more is taken than there is. Method: the first in line needs all shares, and two
    /// more join one after the other.
    #[test]
    fn callers_are_served_in_the_order_of_arrival() {
        let line = Line::new(10);
        assert!(line.take(4) && !line.take(7));
        let (served, order) = mpsc::channel();
        std::thread::scope(|scope| {
            for (at, shares) in [10, 1, 6].into_iter().enumerate() {
                let (own, served) = (line.clone(), served.clone());
                scope.spawn(move || {
                    assert!(own.wait(shares, None));
                    served.send((at, own.taken())).unwrap();
                    own.give_back(shares);
                });
                while line.0.state.lock().unwrap().next_ticket < at as u64 + 1 {
                    std::thread::yield_now();
                }
            }
            line.give_back(4);
        });
        drop(served);
        let order: Vec<(usize, usize)> = order.into_iter().collect();
        assert_eq!(order[0].0, 0);
        assert!(order.iter().all(|(_, taken)| *taken <= 10));
        assert_eq!((line.taken(), line.waiting()), (0, 0));
    }

    /// Goal: who waits leaves the line when its deadline passes, and the next one is served.
    #[test]
    fn waiting_ends_with_the_deadline() {
        let (line, clock) = (Line::new(2), Clock::by_hand());
        assert!(line.take(1));
        let until = Deadline::after(&clock, 0);
        clock.advance(1);
        assert!(!line.wait(2, Some(&until)));
        assert_eq!(line.waiting(), 0);
        assert!(line.wait(1, Some(&until)));
    }
}
