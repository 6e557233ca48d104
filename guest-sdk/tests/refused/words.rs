//! Mistakes in words: names that are nearly right, and those of other systems.

use lockstep_sdk::prelude::*;

#[derive(Event)]
#[event(sorce = "s", time = at)] //~ there is no setting `sorce` here; did you mean `source`?
pub struct NearSetting {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", timestamp = at)] //~ there is no setting `timestamp` here; did you mean `time`?
pub struct ElsewhereSetting {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s")]
pub struct NoTime { //~ the time column is missing; write #[event(source = "…", time = field
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", time = "at")] //~ write time = field
pub struct QuotedTime {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", time = att)] //~ time: `NearTime` has no field `att`; it has at; did you mean `at`?
pub struct NearTime {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "web orders", time = at)] //~ a source is named as in the project file
pub struct SpacedSource {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "", time = at)] //~ a source is named as in the project file, [sources.orders]
pub struct EmptySource {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", time = at)]
#[event(source = "t", time = at)] //~ an event has one #[event(…)]
pub struct TwoEvents {
    pub at: EventTime,
}

#[derive(Event)]
#[event(source = "s", time = at, skew = "1 hour")] //~ a duration is a count and a unit (us, ms, s, m, h, d); write "1h"
pub struct WordySkew {
    pub at: EventTime,
}

#[derive(View)]
#[view(keys = [user])] //~ there is no setting `keys` here; did you mean `key`?
#[features(count, windows = ["1d"])]
pub struct NearKey {
    pub user: i64,
}

#[derive(View)]
#[view(key = user)] //~ write key = [field, …]
#[features(count, windows = ["1d"])]
pub struct BareKey {
    pub user: i64,
}

#[derive(View)]
#[view(key = [usr])] //~ key: `NearPart` has no field `usr`; it has user; did you mean `user`?
#[features(count, windows = ["1d"])]
pub struct NearPart {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user], boundary = "inclusiv")] //~ a boundary is "strict" (an event at as_of does not count) or "inclusive"; did you mean `inclusive`?
#[features(count, windows = ["1d"])]
pub struct NearBoundary {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user], history = 7)] //~ write history = "…"
#[features(count, windows = ["1d"])]
pub struct NumberHistory {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
pub struct Aggregates {
    pub user: i64,
    #[features(meen, windows = ["1d"])] //~ there is no aggregate `meen`; did you mean mean?
    pub amount: f64,
}

#[derive(View)]
#[view(key = [user])]
pub struct Average {
    pub user: i64,
    #[features(avg, windows = ["1d"])] //~ there is no aggregate `avg`; did you mean mean?
    pub amount: f64,
}

#[derive(View)]
#[view(key = [user])]
pub struct Quantile {
    pub user: i64,
    #[features(quantile, windows = ["1d"])] //~ there is no aggregate `quantile`; did you mean percentile_cont(50)
    pub amount: f64,
}

#[derive(View)]
#[view(key = [user])]
pub struct Distinct {
    #[features(nunique, windows = ["1d"])] //~ there is no aggregate `nunique`; did you mean unique_count
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
pub struct Geometric {
    pub user: i64,
    #[features(geometric_mean, windows = ["1d"])] //~ there is no aggregate `geometric_mean`; there are count, sum
    pub amount: f64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, window = ["1d"])] //~ there is no setting `window` here; did you mean `windows`?
pub struct OneWindow {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, filter = flag, windows = ["1d"])] //~ there is no setting `filter` here; did you mean `where`?
pub struct Filter {
    pub user: i64,
    pub flag: bool,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, group_by = user, windows = ["1d"])] //~ there is no setting `group_by` here; did you mean `by`?
pub struct Grouped {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = "7d")] //~ write windows = ["7d", …]
pub struct BareWindow {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = [7d])] //~ write windows = ["7d", …]
pub struct UnquotedWindow {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["7 days"])] //~ "7 days" is no window; write "7d"
pub struct Days {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["2w"])] //~ "2w" is no window nor a length; write "14d"
pub struct Weeks {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1month"])] //~ "1month" is no window nor a length; write days: months
pub struct Months {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["-7d"])] //~ "-7d" is no window nor a length; write "7d", "7d offset 7d"
pub struct Negative {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["0d"])] //~ a window of 0d is too short; a sliding window is at least 1h
pub struct Zero {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["7d tumblng"])] //~ "7d tumblng" is no window; write tumbling in place of tumblng
pub struct Tumble {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1d step 7d"])] //~ a window of 1d is shorter than its step of 7d
pub struct LongStep {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(total = sum(user), windows = ["1d"])] //~ a name stands for a ratio or a type
pub struct NamedSum {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, count, windows = ["1d"])] //~ the feature count_1d is declared twice; leave one out
pub struct CountTwice {
    pub user: i64,
}

#[derive(Features)]
pub struct Typed {
    #[from("clicks.count_1d")] //~ name the stored feature: #[from(view.feature)]
    pub count: i64,
}

#[derive(Features)]
pub struct Deep {
    #[from(shop.clicks.count_1d)] //~ name the stored feature: #[from(view.feature)]
    pub count: i64,
}

#[derive(Features)]
pub struct TwoFroms {
    #[from(clicks.count_1d)]
    #[from(clicks.count_2d)] //~ a field holds one stored feature
    pub count: i64,
}

mod exported {
    lockstep_sdk::export!(view = [a]); //~ there is no setting `view` here; did you mean `views`?
}

mod listed {
    lockstep_sdk::export!(views = a); //~ write views = [name, …]
}

mod exported_twice {
    use super::exported_function;

    lockstep_sdk::export!(views = [exported_function]);
    lockstep_sdk::export!(views = [exported_function]); //~ the name `MANIFEST` is defined multiple
}

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Fine {
    pub at: EventTime,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1d"])]
pub struct FineView {
    pub user: i64,
}

#[transform]
fn exported_function(event: &Fine) -> FineView {
    FineView { user: event.at.as_micros() }
}

/// What uses an item that was refused is no mistake.
mod used {
    use lockstep_sdk::prelude::*;

    #[derive(Event)]
    #[event(source = "s", time = att)] //~ time: `Click` has no field `att`; it has at, user
    pub struct Click<'a> {
        pub at: EventTime,
        pub user: &'a str,
    }

    #[derive(View)]
    #[view(key = [usr])] //~ key: `Clicks` has no field `usr`; it has user
    #[features(count, windows = ["1d"])]
    pub struct Clicks<'a> {
        pub user: &'a str,
    }

    #[transform]
    fn clicks<'a>(click: &Click<'a>) -> Clicks<'a> {
        Clicks { user: click.user }
    }

    #[derive(Request)]
    pub struct Asked(f64); //~ Request needs named fields

    #[derive(Features)]
    pub struct Known {
        pub count: i64, //~ name the stored feature: #[from(view.feature)]
    }

    #[derive(Outputs)]
    pub enum Told { //~ Outputs is for structs
        Score(f64),
    }

    #[on_demand]
    fn told(asked: &Asked, known: &Known) -> Told {
        Told::Score(asked.0 * known.count as f64)
    }

    #[transform(name = "other")] //~ there is no setting `name` here
    fn named<'a>(click: &Click<'a>) -> Clicks<'a> {
        clicks(click)
    }

    export!(views = [clicks, named], on_demand = [told]);
}
