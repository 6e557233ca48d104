//! Transforms and an aggregate that panic for some amounts; what a panic says must reach the user.

use crate::{Order, Said};
use lockstep_sdk::prelude::*;
use std::hint::black_box;

fn panic_by(amount: i64) -> i64 {
    match amount {
        -1 => panic!("an amount of minus one"),
        -2 => black_box(i64::MAX) - black_box(amount),
        -3 => black_box([1, 2, 3])[black_box(3)],
        -4 => black_box(amount) / black_box(0),
        -5 => black_box(None).expect("there is something"),
        -6 => panic!("a long story: {}", "é".repeat(10_000)),
        amount => amount,
    }
}

/// Panics in a transform.
#[transform]
pub fn panicking<'a>(order: &Order<'a>) -> Said<'a> {
    Said::of(order, panic_by(order.amount))
}

/// What is asked.
#[derive(Request)]
pub struct Panic {
    pub amount: i64,
}

/// What is known.
#[derive(Features)]
pub struct Counted {
    #[from(steady.count_lifetime)]
    pub orders: i64,
}

/// What is said.
#[derive(Outputs)]
pub struct Survived {
    pub score: i64,
}

/// Panics in an on-demand transform.
#[on_demand]
pub fn panicking_score(asked: &Panic, known: &Counted) -> Survived {
    Survived { score: panic_by(asked.amount).wrapping_add(known.orders) }
}

/// The greatest amount; panics when it is updated, merged or finalised.
#[aggregate]
#[derive(Default)]
pub struct Panicky(i64);

impl Aggregate for Panicky {
    type Input<'a> = i64;
    type Output = i64;

    fn zero() -> Self {
        Panicky(i64::MIN)
    }

    fn update(&mut self, input: i64) {
        self.0 = self.0.max(panic_by(input));
    }

    fn merge(&mut self, other: Self) {
        assert!(other.0 != 1001, "a merge with 1001");
        self.0 = self.0.max(other.0);
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        bytes.try_into().map(|bytes| Panicky(i64::from_le_bytes(bytes))).map_err(|_| "bad".into())
    }

    fn finalize(&self) -> i64 {
        assert!(self.0 != 1002, "a value of 1002");
        self.0
    }
}
