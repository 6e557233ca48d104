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
fn two<'a>(click: &Click<'a>, other: &Click<'a>) -> Clicks<'a> { //~ a view is a function of one event: fn
    Clicks { user: click.user }
}

#[transform]
fn nothing(click: &Click) {} //~ a view is a function of one event

#[transform]
fn a_number(click: &Click) -> i64 { //~ a view cannot return `i64`: a view returns a `#[derive(View)]` struct,
    click.at.as_micros()
}

#[transform]
fn no_event(click: &i64) -> Option<Clicks<'static>> { //~ `i64` is not an event
    None
}

#[transform(owner = "me")] //~ there is no setting `owner` here; owner and tags belong to #[view(…)] on the
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
fn score(asked: &Asked, known: &Known) -> f64 { //~ an on-demand transform cannot return `f64`: it returns a
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

#[transform]
fn printing<'a>(click: &Click<'a>) -> Clicks<'a> {
    if click.user.is_empty() {
        println!("nobody"); //~ what `println!` writes is lost in a guest; write log!("…")
    }
    Clicks { user: click.user }
}

#[transform]
fn debugging<'a>(click: &Click<'a>) -> Clicks<'a> {
    Clicks { user: std::dbg!(click.user) } //~ what `dbg!` writes is lost in a guest
}

#[transform]
fn timed<'a>(click: &Click<'a>) -> Clicks<'a> {
    let _ = std::time::Instant::now(); //~ a transform has no clock, and `Instant::now` panics in a guest
    Clicks { user: click.user }
}

#[on_demand]
fn dated(asked: &Asked, _: &Known) -> Result<Scored, String> {
    let now = std::time::SystemTime::now(); //~ a transform has no clock, and `SystemTime::now` panics
    Ok(Scored { score: asked.weight + now.elapsed().map_err(|e| e.to_string())?.as_secs_f64() })
}

#[derive(Outputs)]
pub struct Scored {
    pub score: f64,
}

#[on_demand]
fn swapped(known: &Known, asked: &Asked) -> Scored { //~ `Known` is not a request //~ `Asked` is not a set of
    Scored { score: asked.weight * known.count as f64 }
}

#[transform] //~ #[transform] belongs on a function
pub struct Struct;

#[transform]
fn generic<'a, T>(click: &Click<'a>) -> Clicks<'a> { //~ a view is a function of one event
    Clicks { user: click.user }
}

#[transform]
fn mutable<'a>(click: &mut Click<'a>) -> Clicks<'a> { //~ a view is a function of one event
    Clicks { user: click.user }
}

#[transform]
fn errors_of_another_type<'a>(click: &Click<'a>) -> Result<Clicks<'a>, i64> { //~ a view cannot return
    Err(click.at.as_micros())
}

mod a_struct {
    lockstep_sdk::export!(views = [super::Clicks]); //~ `Clicks<'_>` is not a view
}

mod a_view_on_demand {
    lockstep_sdk::export!(on_demand = [super::clicks]); //~ `clicks` is not an on-demand transform
}

#[transform]
fn clicks<'a>(click: &Click<'a>) -> Clicks<'a> {
    Clicks { user: click.user }
}
