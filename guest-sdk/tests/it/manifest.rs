//! The manifest that the compiler puts together, whole.

use serde_json::{Value, json};

mod artifact {
    use lockstep_sdk::prelude::*;

    /// An event with "quotes", a \ backslash and Ünïcödé 😀,
    /// on two lines.
    ///
    #[doc = "A tab\tand a bell\u{7}\u{1f}\u{7f}."]
    #[derive(Event)]
    #[event(source = "clicks", time = at, id = click, skew = "90s")]
    pub(super) struct Click<'a> {
        #[event(column = "click id")]
        pub click: i64,
        /// When.
        #[event(column = "geo.\"time\"")]
        pub at: EventTime,
        #[event(column = "größe")]
        pub page: Option<&'a str>,
        pub tags: Option<List<'a, &'a str>>,
        pub r#type: bool,
    }

    /// The struct's words.
    #[derive(View)]
    #[view(key = [page, kind], owner = "web", tags = ["a", "b\\"], history = "7d", delay = "5m",
           boundary = "inclusive", null_keys)]
    #[features(count, windows = ["1h", "7d offset 7d"])]
    #[features(count, windows = ["lifetime"])]
    pub(super) struct Page<'a> {
        pub page: Option<&'a str>,
        pub kind: bool,
        /// How many.
        #[features(sum, mean, windows = ["30d"])]
        #[features(count, min, max, first, last, windows = ["90m"])]
        pub tags: Option<i64>,
        pub all: List<'a, &'a str>,
    }

    #[transform]
    pub(super) fn page<'a>(click: &Click<'a>) -> Option<Page<'a>> {
        let _ = (click.click, click.at);
        let tags = click.tags?;
        let count = Some(tags.len() as i64);
        Some(Page { page: click.page, kind: click.r#type, tags: count, all: tags })
    }

    pub(super) mod inner {
        use super::{Click, Page};

        /// The function's words.
        #[lockstep_sdk::transform]
        pub(crate) fn always<'a>(click: &Click<'a>) -> Vec<Page<'a>> {
            super::page(click).into_iter().collect()
        }
    }

    #[derive(Request)]
    pub(super) struct Asked<'a> {
        /// Who.
        pub who: &'a str,
        #[request(column = "net weight")]
        pub weight: Option<f32>,
    }

    #[derive(Features)]
    pub(super) struct Known {
        #[from(page.count_1h)]
        pub clicks: i64,
        #[from(page.tags_mean_30d)]
        pub tags: Option<f64>,
    }

    #[derive(Outputs)]
    pub(super) struct Told {
        pub words: Vec<String>,
        pub at: Option<EventTime>,
    }

    /// Tells.
    #[on_demand(owner = "web", tags = ["t"])]
    pub(super) fn told(asked: &Asked, known: &Known) -> Result<Told, String> {
        let _ = (asked.weight, known.clicks, known.tags);
        Ok(Told { words: vec![asked.who.to_string()], at: None })
    }

    export!(views = [page, inner::always], on_demand = [told], strict);
}

mod smallest {
    use super::artifact::told;

    lockstep_sdk::export!(on_demand = [told]);
}

fn column(name: &str, kind: &str, nullable: bool) -> Value {
    json!({ "name": name, "type": kind, "nullable": nullable })
}

fn described(name: &str, kind: &str, nullable: bool, description: &str) -> Value {
    json!({ "name": name, "type": kind, "nullable": nullable, "description": description })
}

fn sliding(length_us: i64, offset_us: i64) -> Value {
    json!({ "kind": "sliding", "length_us": length_us, "offset_us": offset_us })
}

fn feature(name: &str, aggregate: &str, column: Value, window: Value) -> Value {
    json!({ "name": name, "aggregate": aggregate, "column": column, "window": window })
}

const HOUR_US: i64 = 3_600_000_000;

fn event() -> Value {
    json!({
        "name": "Click",
        "description": "An event with \"quotes\", a \\ backslash and Ünïcödé 😀, on two lines.\n\
                        A tab\tand a bell\u{7}\u{1f}\u{7f}.",
        "source": "clicks",
        "time": "geo.\"time\"",
        "id": "click id",
        "skew_us": 90_000_000,
        "columns": [
            column("click id", "int64", false),
            described("geo.\"time\"", "timestamp", false, "When."),
            column("größe", "string", true),
            column("tags", "list<string>", true),
            column("type", "bool", false),
        ],
    })
}

fn features() -> Value {
    let count = |name, window| feature(name, "count", Value::Null, window);
    let tags = |aggregate: &str, name: &str, length_us| {
        feature(
            &format!("tags_{aggregate}_{name}"),
            aggregate,
            json!("tags"),
            sliding(length_us, 0),
        )
    };
    json!([
        count("count_1h", sliding(HOUR_US, 0)),
        count("count_7d_offset_7d", sliding(168 * HOUR_US, 168 * HOUR_US)),
        count("count_lifetime", json!({ "kind": "lifetime", "offset_us": 0 })),
        tags("sum", "30d", 720 * HOUR_US),
        tags("mean", "30d", 720 * HOUR_US),
        tags("count", "90m", 3 * HOUR_US / 2),
        tags("min", "90m", 3 * HOUR_US / 2),
        tags("max", "90m", 3 * HOUR_US / 2),
        tags("first", "90m", 3 * HOUR_US / 2),
        tags("last", "90m", 3 * HOUR_US / 2),
    ])
}

fn view(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "description": description,
        "owner": "web",
        "tags": ["a", "b\\"],
        "event": event(),
        "key": ["page", "kind"],
        "null_keys": true,
        "boundary": "inclusive",
        "delay_us": 300_000_000,
        "history_us": 168 * HOUR_US,
        "origin_us": 0,
        "exact_max_us": 24 * HOUR_US,
        "columns": [
            column("page", "string", true),
            column("kind", "bool", false),
            described("tags", "int64", true, "How many."),
            column("all", "list<string>", false),
        ],
        "features": features(),
    })
}

fn input(from: &str, name: &str, kind: &str, nullable: bool) -> Value {
    json!({ "from": from, "name": name, "type": kind, "nullable": nullable })
}

fn on_demand() -> Value {
    json!({
        "name": "told",
        "description": "Tells.",
        "owner": "web",
        "tags": ["t"],
        "request": [described("who", "string", false, "Who."), column("net weight", "float32", true)],
        "features": [
            input("page.count_1h", "clicks", "int64", false),
            input("page.tags_mean_30d", "tags", "float64", true),
        ],
        "outputs": [column("words", "list<string>", false), column("at", "timestamp", true)],
    })
}

/// Goal: the manifest says exactly what the author wrote, whatever characters that holds.
/// Method: the JSON, parsed, against the whole expected value.
#[test]
fn the_manifest_is_what_the_author_wrote() {
    let manifest: Value = serde_json::from_str(artifact::MANIFEST).unwrap();
    let expected = json!({
        "format": 3,
        "sdk": env!("CARGO_PKG_VERSION"),
        "semantics": 1,
        "strict": true,
        "views": [view("page", "The struct's words."), view("always", "The function's words.")],
        "on_demand": [on_demand()],
        "aggregates": [],
    });
    for key in ["views", "on_demand"] {
        let pairs = manifest[key].as_array().unwrap().iter().zip(expected[key].as_array().unwrap());
        for (found, expected) in pairs {
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(found[name], *value, "{name}");
            }
        }
    }
    assert_eq!(manifest, expected);
}

/// Goal: what is left out of `export!` is an empty list.
#[test]
fn a_part_may_be_left_out() {
    let manifest: Value = serde_json::from_str(smallest::MANIFEST).unwrap();
    assert_eq!(manifest["views"], json!([]));
    assert_eq!(manifest["strict"], json!(false));
    assert_eq!(manifest["on_demand"], json!([on_demand()]));
}
