//! Mistakes in events.

use lockstep_sdk::prelude::*;

#[derive(Event)]
pub struct Bare { //~ an event needs its source and time
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", time = when)] //~ time: `UnknownTime` has no field `when`; it has at, name
pub struct UnknownTime {
    pub at: EventTime,
    pub name: i64,
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct NumberTime {
    pub at: i64, //~ the time column of an event is an `EventTime`, not `i64`
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct NullTime {
    pub at: Option<EventTime>, //~ the time column of an event is an `EventTime`, not
}

#[derive(Event)]
#[event(source = "s", time = at, id = id)]
pub struct FloatId {
    pub at: EventTime,
    pub id: f64, //~ the id column of an event is a `&str` or `i64`, not `f64`
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Owned {
    pub at: EventTime,
    pub name: String, //~ `String` is not the type of a column
    pub size: usize, //~ `usize` is not the type of a column; use u64
}

#[derive(Event)]
#[event(source = "s", time = at, skew = "1 hour")] //~ a duration is a count and a unit
pub struct BadSkew {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", time = at, watermark = "1h")] //~ there is no setting `watermark` here
pub struct UnknownSetting {
    pub at: EventTime,
}

#[derive(Event)]
#[event(time = at)]
pub struct NoSource { //~ the source is missing
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Generic<T> { //~ Event takes at most one lifetime and no other parameter
    pub at: EventTime,
    pub other: T,
}

#[derive(Event)]
pub struct Tuple(EventTime); //~ Event needs named fields

#[derive(Event)]
pub enum Choice { //~ Event is for structs
    A,
}
