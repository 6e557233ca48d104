//! Mistakes in functions and `export!`.

use lockstep_sdk::prelude::*;

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Click<'a> {
    pub at: EventTime,
    pub user: &'a str,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1d"])]
pub struct Clicks<'a> {
    pub user: &'a str,
}

#[transform]
fn by_value<'a>(click: Click<'a>) -> Clicks<'a> { //~ a view is a function of one event
    Clicks { user: click.user }
}

#[transform]
fn two<'a>(click: &Click<'a>, other: &Click<'a>) -> Clicks<'a> { //~ a function of one event
    Clicks { user: click.user }
}

#[transform]
fn nothing(click: &Click) {} //~ a view is a function of one event

#[transform]
fn a_number(click: &Click) -> i64 { //~ `i64` is not a row of a view
    click.at.as_micros()
}

#[transform]
fn no_event(click: &i64) -> Option<Clicks<'static>> { //~ `i64` is not an event
    None
}

#[transform(owner = "me")] //~ owner and tags belong to #[view(…)]
fn owned<'a>(click: &Click<'a>) -> Clicks<'a> {
    Clicks { user: click.user }
}

#[transform]
async fn waiting<'a>(click: &Click<'a>) -> Clicks<'a> { //~ a view is a function of one event
    Clicks { user: click.user }
}

#[derive(Features)]
pub struct Unsaid {
    pub count: i64, //~ name the stored feature: #[from(view.feature)]
}

#[derive(Features)]
pub struct Misnamed {
    #[from(count_1d)] //~ name the stored feature: #[from(view.feature)]
    pub count: i64,
}

#[derive(Request)]
pub struct Asked {
    pub weight: f64,
}

#[derive(Features)]
pub struct Known {
    #[from(clicks.count_1d)]
    pub count: i64,
}

#[on_demand]
fn lonely(asked: &Asked) -> f64 { //~ an on-demand transform is a function of a request and stored
    asked.weight
}

#[on_demand]
fn score(asked: &Asked, known: &Known) -> f64 { //~ `f64` is not the answer of
    asked.weight * known.count as f64
}

fn plain<'a>(click: &Click<'a>) -> Clicks<'a> {
    Clicks { user: click.user }
}

mod exports {
    lockstep_sdk::export!(views = [super::plain]); //~ expected type, found function `super::plain`
}

mod twice {
    lockstep_sdk::export!(views = [super::a, super::b::a]); //~ there are two transforms called a
}

mod empty {
    lockstep_sdk::export!(); //~ name a view: export!(views = [function])
}
