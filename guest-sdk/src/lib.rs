//! Write a feature transform once: plain structs and functions that compile to one Wasm component,
//! which gives the same bits in a batch, a streaming and an online host.
//!
//! ```
//! //! Who buys what, and how much?
//! use lockstep_sdk::prelude::*;
//!
//! /// An order in the shop. Fields borrow from the batch: no copy, no allocation.
//! #[derive(Event)]
//! #[event(source = "orders", time = ordered_at, id = order_id, skew = "1h")]
//! pub struct Order<'a> {
//!     pub order_id: &'a str,
//!     pub ordered_at: EventTime,
//!     pub user: &'a str,
//!     pub price: f64,
//!     pub coupon: Option<&'a str>,
//! }
//!
//! /// What a user spends.
//! #[derive(View)]
//! #[view(key = [user], owner = "pricing", tags = ["orders"], history = "7d")]
//! #[features(count, windows = ["1d", "30d", "lifetime"])] // orders.count_1d, …
//! pub struct Spending<'a> {
//!     pub user: &'a str,
//!     /// In euros.
//!     #[features(sum, mean, windows = ["30d", "30d offset 30d"])] // orders.price_sum_30d, …
//!     pub price: f64,
//!     #[features(last, windows = ["lifetime"])]
//!     pub coupon: Option<&'a str>,
//! }
//!
//! #[transform] // `None` gives no row, `Vec` several; an `Err(reason)` sets the event aside.
//! fn orders<'a>(order: &Order<'a>) -> Result<Spending<'a>, String> {
//!     if order.price < 0.0 {
//!         return Err(format!("a price of {}", order.price));
//!     }
//!     Ok(Spending { user: order.user, price: order.price, coupon: order.coupon })
//! }
//!
//! #[derive(Request)]
//! pub struct Basket {
//!     pub total: f64,
//! }
//!
//! #[derive(Features)]
//! pub struct Known {
//!     #[from(orders.count_lifetime)]
//!     pub orders: i64,
//!     #[from(orders.price_mean_30d)]
//!     pub usual: Option<f64>,
//! }
//!
//! #[derive(Outputs)]
//! pub struct Surprise {
//!     pub surprise: f64,
//!     pub newcomer: bool,
//! }
//!
//! /// How unusual is this basket for this user? Computed at request time.
//! #[on_demand(owner = "pricing")]
//! fn surprise(basket: &Basket, known: &Known) -> Surprise {
//!     let usual = known.usual.unwrap_or(basket.total);
//!     Surprise { surprise: libm::fabs(basket.total - usual), newcomer: known.orders == 0 }
//! }
//!
//! export!(views = [orders], on_demand = [surprise]);
//! # fn main() {
//! let order = Order {
//!     order_id: "o1",
//!     ordered_at: EventTime::from_micros(0),
//!     user: "u1",
//!     price: 9.5,
//!     coupon: None,
//! };
//! assert_eq!(orders(&order).unwrap().price, 9.5); // An ordinary function: test it as one.
//! assert!(MANIFEST.contains("price_sum_30d_offset_30d"));
//! # }
//! ```
//!
//! - The crate has `crate-type = ["cdylib", "rlib"]`; `lockstep build` makes the component.
//! - Columns are `bool`, `i8` to `i64`, `u8` to `u64`, `f32`, `f64`, [`Decimal`], [`Date`],
//!   [`EventTime`], `&str`, `&[u8]` (bytes), [`List`] or an `Option` of one of them; what a
//!   function returns may also hold `String`, [`Bytes`] and `Vec`. A `Vec<u8>` is a list of
//!   integers. Doc comments are descriptions. [`View`] lists aggregates and windows.
//! - A transform imports nothing: no clock, no randomness, no files. For `exp`, `ln` and the like
//!   use [`libm`], which has the same bits everywhere; `f64::exp` has not. For maps and sets use
//!   [`BTreeMap`] and [`BTreeSet`], which the prelude has: the order of a `HashMap` differs from run
//!   to run. No `static` that changes and no `thread_local!`: a value must depend on its event alone,
//!   and hosts check that (S7). The crate that `lockstep new` makes has lints against all of these.
//! - A panic says why, with file and line, before it traps, and [`log!`] writes messages. Both use the
//!   one import that an artifact may have; without the default feature `log` there is no import.
//! - An aggregate of your own is a type that implements [`Aggregate`]; [`laws`] checks it.
//!
//! Deliberately absent: an aggregate of several columns of your own.
//!
//! [`BTreeMap`]: std::collections::BTreeMap
//! [`BTreeSet`]: std::collections::BTreeSet

mod aggregate;
mod batch;
#[doc(hidden)]
pub mod bindings;
mod bytes;
mod called;
mod column;
mod date;
mod decimal;
mod dispatch;
mod event_time;
#[cfg(target_arch = "wasm32")]
mod exchange;
mod field;
mod fit;
#[cfg(target_arch = "wasm32")]
mod guest;
#[cfg(feature = "log")]
mod host_log;
pub mod laws;
mod list;
mod listed;
mod manifest;
mod outcome;
mod output;
mod record;
mod states;
mod transform;
mod writer;

pub use aggregate::Aggregate;
pub use bytes::Bytes;
pub use date::Date;
pub use decimal::{Decimal, ParseDecimalError};
pub use event_time::{DAY_US, EventTime, HOUR_US};
pub use libm;
pub use list::List;
pub use lockstep_sdk_macros::{
    Event, Features, Outputs, Request, View, aggregate, export, on_demand, transform,
};

/// All that a transform needs; the crate's page shows each.
pub mod prelude {
    pub use std::collections::{BTreeMap, BTreeSet};

    pub use crate::{
        Aggregate, Bytes, DAY_US, Date, Decimal, Event, EventTime, Features, HOUR_US, List,
        Outputs, Request, View, aggregate, export, libm, log, on_demand, transform,
    };
}

/// Writes a formatted message to the host's log if the feature `log` is on, else nothing.
#[cfg(feature = "log")]
#[macro_export]
macro_rules! log {
    ($($message:tt)+) => { $crate::__::write_log(&::std::format!($($message)+)) };
}

/// Writes a formatted message to the host's log if the feature `log` is on, else nothing.
#[cfg(not(feature = "log"))]
#[macro_export]
macro_rules! log {
    ($($message:tt)+) => {{
        let _ = ::std::format_args!($($message)+);
    }};
}

/// What the macros name; no part of the interface.
#[doc(hidden)]
pub mod __ {
    pub use crate::aggregate::*;
    pub use crate::batch::{Batch, Cursor, Position};
    pub use crate::bindings;
    pub use crate::called::*;
    pub use crate::column::Build;
    pub use crate::dispatch::Dispatch;
    #[cfg(target_arch = "wasm32")]
    pub use crate::exchange::{Returned, room, sent};
    pub use crate::field::Field;
    pub use crate::fit::*;
    #[cfg(target_arch = "wasm32")]
    pub use crate::guest::{compute, finalize, map, merge, update};
    #[cfg(feature = "log")]
    pub use crate::host_log::write as write_log;
    pub use crate::listed::{Listed, ListedAggregate};
    pub use crate::manifest::{FALSE, Piece, TRUE, join, length, text};
    pub use crate::outcome::Scratch;
    pub use crate::output::Output;
    pub use crate::record::*;
    pub use crate::states::{Ends, States};
    pub use crate::transform::*;
}
