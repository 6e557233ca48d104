//! Answers that depend on what was asked before, by statics and by the order of a hash map.

use crate::{Order, Said};
use lockstep_sdk::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

/// From how many events on `late_counter` and `very_late_counter` count.
const LATE: i64 = 300;
const VERY_LATE: i64 = 12_000;

/// Adds one, and returns what was before.
fn next(counter: &AtomicI64) -> i64 {
    counter.fetch_add(1, Ordering::Relaxed)
}

/// How many events came before.
#[transform]
pub fn counter<'a>(order: &Order<'a>) -> Said<'a> {
    static EVENTS: AtomicI64 = AtomicI64::new(0);
    Said::of(order, next(&EVENTS))
}

/// The same, but only after many events.
#[transform]
pub fn late_counter<'a>(order: &Order<'a>) -> Said<'a> {
    static EVENTS: AtomicI64 = AtomicI64::new(0);
    Said::of(order, (next(&EVENTS) - LATE).max(0))
}

/// The same, after very many.
#[transform]
pub fn very_late_counter<'a>(order: &Order<'a>) -> Said<'a> {
    static EVENTS: AtomicI64 = AtomicI64::new(0);
    Said::of(order, (next(&EVENTS) - VERY_LATE).max(0))
}

/// Another value for each thousandth event.
#[transform]
pub fn every_thousandth<'a>(order: &Order<'a>) -> Said<'a> {
    static EVENTS: AtomicI64 = AtomicI64::new(0);
    Said::of(order, i64::from(next(&EVENTS) % 1000 == 999))
}

/// How much more it is than the order before.
#[transform]
pub fn last_row<'a>(order: &Order<'a>) -> Said<'a> {
    static AMOUNT: AtomicI64 = AtomicI64::new(0);
    let before = AMOUNT.swap(order.amount, Ordering::Relaxed);
    Said::of(order, order.amount.wrapping_sub(before))
}

/// Whether it is the first event.
#[transform]
pub fn first_call<'a>(order: &Order<'a>) -> Said<'a> {
    static EVENTS: AtomicI64 = AtomicI64::new(0);
    Said::of(order, i64::from(next(&EVENTS) == 0))
}

/// The amount against that of the first order, which a table remembers.
#[transform]
pub fn lazy_table<'a>(order: &Order<'a>) -> Said<'a> {
    static FIRST: OnceLock<i64> = OnceLock::new();
    Said::of(order, order.amount.wrapping_sub(*FIRST.get_or_init(|| order.amount)))
}

/// The bits of the mean of all amounts so far.
#[transform]
pub fn float_sum<'a>(order: &Order<'a>) -> Said<'a> {
    thread_local! {
        static SUM: Cell<(f64, f64)> = const { Cell::new((0.0, 0.0)) };
    }
    let (sum, count) = SUM.get();
    SUM.set((sum + order.amount as f64 * 0.1, count + 1.0));
    Said::of(order, (SUM.get().0 / SUM.get().1).to_bits() as i64)
}

/// The first entry of a hash map.
#[transform]
pub fn hash_order<'a>(order: &Order<'a>) -> Said<'a> {
    let entries: HashMap<i64, i64> = (0..16).map(|at| (at, at)).collect();
    Said::of(order, entries.values().fold(0, |order, at| (order << 4) ^ at))
}

/// Refuses each event, and says which one it is.
#[transform]
pub fn refusal<'a>(order: &Order<'a>) -> Result<Said<'a>, String> {
    static EVENTS: AtomicI64 = AtomicI64::new(0);
    match next(&EVENTS) {
        event if event % 2 == 1 => Err(format!("event {event} is refused")),
        _ => Ok(Said::of(order, order.amount)),
    }
}

/// One row more for each user that is new.
#[transform]
pub fn rows<'a>(order: &Order<'a>) -> Vec<Said<'a>> {
    thread_local! {
        static USERS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }
    let known = USERS.with_borrow_mut(|users| {
        let known = users.iter().any(|user| user == order.user);
        if !known {
            users.push(order.user.to_string());
        }
        known
    });
    (0..if known { 1 } else { 2 }).map(|value| Said::of(order, value)).collect()
}

/// What is asked.
#[derive(Request)]
pub struct Asked {
    pub amount: i64,
}

/// What is known.
#[derive(Features)]
pub struct Known {
    #[from(steady.count_lifetime)]
    pub orders: i64,
}

/// What is said.
#[derive(Outputs)]
pub struct Score {
    pub score: i64,
}

/// How many requests came before.
#[on_demand]
pub fn score(asked: &Asked, known: &Known) -> Score {
    static REQUESTS: AtomicI64 = AtomicI64::new(0);
    Score { score: asked.amount.wrapping_add(known.orders).wrapping_add(next(&REQUESTS)) }
}
