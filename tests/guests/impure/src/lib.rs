//! Transforms and aggregates that are not pure (S7, S21), each in one way and in no other, and some
//! that panic.
//!
//! Invariant: each is what an author might write by mistake, with the SDK alone. Views `steady` and
//! `totalled`, aggregate `Total` and what panics are pure. Deliberately absent: guests that lie
//! about bytes, which are `evil`.

mod aggregates;
mod memory;
mod panics;
mod statics;

pub use aggregates::{Counted, Listed, Midpoint, Newest, Total};
pub use memory::{address, grown, heap_address, pages, recycled};
pub use panics::{Panicky, panicking, panicking_score};
pub use statics::{
    counter, every_thousandth, first_call, float_sum, hash_order, last_row, late_counter,
    lazy_table, refusal, rows, score, very_late_counter,
};

use lockstep_sdk::prelude::*;

/// An order.
#[derive(Event)]
#[event(source = "orders", time = ordered_at, id = order_id)]
pub struct Order<'a> {
    pub order_id: &'a str,
    pub ordered_at: EventTime,
    pub user: &'a str,
    pub amount: i64,
}

/// What a transform says of an order.
#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["lifetime"])]
pub struct Said<'a> {
    pub user: &'a str,
    #[features(sum, windows = ["lifetime"])]
    pub value: i64,
}

impl<'a> Said<'a> {
    /// A value for the order's user.
    fn of(order: &Order<'a>, value: i64) -> Said<'a> {
        Said { user: order.user, value }
    }
}

/// The only pure one.
#[transform]
fn steady<'a>(order: &Order<'a>) -> Said<'a> {
    Said::of(order, order.amount)
}

macro_rules! aggregated {
    ($view:ident, $row:ident, $aggregate:ident) => {
        /// An order's amount, for one aggregate.
        #[derive(View)]
        #[view(key = [user])]
        pub struct $row<'a> {
            pub user: &'a str,
            #[features(folded = $aggregate, windows = ["lifetime"])]
            pub amount: i64,
        }

        #[transform]
        fn $view<'a>(order: &Order<'a>) -> $row<'a> {
            $row { user: order.user, amount: order.amount }
        }
    };
}

aggregated!(totalled, Totalled, Total);
aggregated!(newest, NewestOf, Newest);
aggregated!(midpoint, MidpointOf, Midpoint);
aggregated!(listed, ListedOf, Listed);
aggregated!(counted, CountedOf, Counted);
aggregated!(panicky, PanickyOf, Panicky);

export!(
    views = [
        steady,
        totalled,
        counter,
        late_counter,
        every_thousandth,
        last_row,
        first_call,
        lazy_table,
        float_sum,
        hash_order,
        refusal,
        rows,
        address,
        heap_address,
        recycled,
        pages,
        grown,
        newest,
        midpoint,
        listed,
        counted,
        very_late_counter,
        panicking,
        panicky
    ],
    on_demand = [score, panicking_score],
    aggregates = [Total, Newest, Midpoint, Listed, Counted, Panicky]
);
