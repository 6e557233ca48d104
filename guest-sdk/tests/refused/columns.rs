//! Mistakes in the names of columns.

use lockstep_sdk::prelude::*;

#[derive(Event)]
#[event(source = "s", time = at, id = id)]
pub struct Named<'a> {
    #[event(column = "time")]
    pub at: EventTime,
    #[event(column = "order id")]
    pub id: i64,
    pub r#type: &'a str,
    #[event(column = "größe")]
    pub size: f64,
    #[event(column = "geo.lat")]
    pub lat: f64,
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Umlaut {
    pub at: EventTime,
    pub größe: f64, //~ a name has 1 to 64 ASCII letters, digits and underscores; write #[event(column = "größe")]
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Empty {
    pub at: EventTime,
    #[event(column = "")] //~ a column's name has 1 to 256 bytes, none of control
    pub size: f64,
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Control {
    pub at: EventTime,
    #[event(column = "a\nb")] //~ a column's name has 1 to 256 bytes, none of control
    pub size: f64,
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct SameColumn {
    pub at: EventTime,
    pub size: f64,
    #[event(column = "size")]
    pub other: f64, //~ two fields are the column "size"; leave one out
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct OtherSetting {
    pub at: EventTime,
    #[event(rename = "order id")] //~ there is no setting `rename` here; there are column
    pub id: i64,
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Unquoted {
    pub at: EventTime,
    #[event(column = id)] //~ write column = "…"
    pub other: i64,
}

#[derive(Request)]
pub struct Asked {
    #[request(name = "order id")] //~ there is no setting `name` here; there are column
    pub id: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1d"])]
pub struct View {
    pub user: i64,
    pub größe: f64, //~ a name has 1 to 64 ASCII letters, digits and underscores
}
