//! Bad columns: an event with a good id and time is admitted, and only the views that declare its
//! bad column do not see it (S8).
//!
//! Method: three views of one source, each with an Event struct of its own, and a log in which
//! every event has its own entity, so that a view's counts show which events it holds. All three
//! views are those of the `mirror` guest, whose rows are its events. Deliberately absent: which
//! values each format considers bad; see the readers' tests.

mod headers;
mod log;
mod random;

use super::Place;
use crate::stream::digest;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use lockstep_kit::cases::mirror;
use lockstep_runtime::Project;
use lockstep_source::read_table;
use lockstep_store::canonical::Scope;
use lockstep_store::progress::{FILES, PUSHED, Progress};
use lockstep_store::sled::SledStore;
use lockstep_store::{Store, layout};
use log::{Coupon, Order, write};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A column's name and type, and whether it may be null.
type Column = (&'static str, &'static str, bool);
/// Each view with its own columns of the source `orders`, besides the event's id, time and entity.
const VIEWS: [(&str, &[Column]); 3] = [
    ("old", &[("note", "string", true)]),
    ("new", &[("coupon", "int64", false)]),
    ("soft", &[("coupon", "int64", true), ("note", "string", true)]),
];
const TRAIN: &str = "training-set counts --spine @spine.csv -o @out.parquet";
/// The file formats of events.
const EXTENSIONS: [&str; 4] = ["ndjson", "csv", "parquet", "arrow"];

/// The manifest of one of [`VIEWS`].
fn manifest(view: &str, own: &[Column]) -> Json {
    let all = [("id", "string", false), ("at", "timestamp", false), ("who", "string", false)];
    let columns: Vec<Json> = all
        .iter()
        .chain(own)
        .map(|(name, data_type, nullable)| {
            json!({ "name": name, "type": data_type, "nullable": nullable })
        })
        .collect();
    json!({
        "format": 2, "sdk": "none", "semantics": 1, "strict": false, "on_demand": [],
        "views": [{
            "name": view, "description": "", "owner": "", "tags": [], "key": ["who"],
            "event": {
                "name": view, "description": "", "source": "orders", "time": "at", "id": "id",
                "skew_us": 0, "columns": columns,
            },
            "null_keys": false, "boundary": "strict", "delay_us": 0,
            "history_us": 43_200_000_000_i64, "columns": columns,
            "features": [{
                "name": "n", "aggregate": "count", "column": null, "window": { "kind": "lifetime" },
            }],
        }],
    })
}

/// A project with these of [`VIEWS`], whose spine has one row for each of `entities`, in order.
pub(super) fn project(views: &[&str], entities: &[String]) -> Place {
    static COMPONENT: LazyLock<Vec<u8>> = LazyLock::new(|| mirror::component().unwrap());
    let place = Place { folder: tempfile::tempdir().unwrap() };
    let mut text = "[sources.orders]\nfiles = \"orders.ndjson\"\ntime_unit = \"us\"\n[artifacts]\n"
        .to_string();
    for (view, own) in VIEWS.iter().filter(|(view, _)| views.contains(view)) {
        let wasm = mirror::artifact_of(&COMPONENT, &manifest(view, own));
        place.write(&format!("{view}.wasm"), wasm);
        text += &format!("{view} = \"{view}.wasm\"\n");
    }
    let features: Vec<String> = views.iter().map(|view| format!("\"{view}.*\"")).collect();
    text += &format!("[services.counts]\nfeatures = [{}]\n", features.join(", "));
    place.write("lockstep.toml", text + "[store]\npath = \"store\"\n");
    let rows = entities.iter().map(|who| format!("{who},1970-01-03\n"));
    place.write("spine.csv", format!("who,as_of\n{}", rows.collect::<String>()));
    place
}

impl Place {
    /// For each view its count for each of the spine's entities, taken from a training set that
    /// must set aside `aside` events.
    fn counts(&self, views: &[&str], events: &str, aside: usize) -> Vec<Vec<i64>> {
        let enough = format!("{TRAIN} --events orders=@{events} --bad-rows-max");
        if let Some(fewer) = aside.checked_sub(1) {
            self.ends(&format!("{enough} {fewer}"), 1, &[&format!("{aside} rows were set aside")]);
        }
        self.ends(&format!("{enough} {aside}"), 0, &[]);
        let table = read_table(&self.path("out.parquet"), &[]).unwrap();
        let count = |view: &&str| {
            let column = table.column_by_name(&format!("{view}.n")).unwrap();
            column.as_primitive::<Int64Type>().values().to_vec()
        };
        views.iter().map(count).collect()
    }

    /// Fills a new store from `events`, in bulk or in a stream of small batches.
    fn filled(&self, store: &str, command: &str, events: &str, aside: usize) -> SledStore {
        let line = format!("{command} --store @{store} --events orders=@{events}");
        self.ends(&format!("{line} --bad-rows-max {aside}"), 0, &[]);
        SledStore::open(self.path(store)).unwrap()
    }
}

/// What a store set aside: for each position and view the reason and the event.
fn aside(store: &dyn Store, partition: &str) -> BTreeMap<(u64, Option<String>), (String, String)> {
    let snapshot = store.read().unwrap();
    let mut found = BTreeMap::new();
    let prefix = layout::set_aside_of("orders", partition);
    let scanned = snapshot.scan_prefix(&prefix, &mut |key, record| {
        let (place, view) = layout::set_aside_place(key).unwrap();
        let position = u64::from_be_bytes(*place.last_chunk().unwrap());
        let record: Json = serde_json::from_slice(record).unwrap();
        let text = |field: &str| record[field].as_str().unwrap().to_string();
        let view = view.map(|(_, view)| view.to_string());
        found.insert((position, view), (text("reason"), text("event")));
        Ok(true)
    });
    scanned.unwrap();
    found
}

/// A log with an event of each kind. The events `a` to `h` differ in their entity alone.
fn every_kind() -> Vec<Order> {
    let order = |who: &str, at: i64, coupon| Order {
        id: Some(format!("id-{who}")),
        at: Some(at),
        who: Some(who.to_string()),
        coupon,
    };
    vec![
        order("a", 10, Coupon::Good(7)),
        order("b", 20, Coupon::Bad),
        order("c", 30, Coupon::Null),
        Order { id: None, ..order("d", 40, Coupon::Bad) },
        Order { at: None, ..order("e", 50, Coupon::Bad) },
        // A corrected copy, with different content, and the same bytes again.
        order("b", 20, Coupon::Good(8)),
        order("b", 20, Coupon::Bad),
        // The latest: it moves the watermark.
        order("f", 90, Coupon::Bad),
        // Its bad copy was set aside and took no id.
        order("e", 60, Coupon::Good(9)),
        Order { who: None, ..order("g", 70, Coupon::Good(1)) },
    ]
}

/// Goal: an event with a bad or missing value takes its id and moves the watermark; only the views
/// that declare the column do not see it. An event with a bad id or time counts for no view and
/// takes no id. Training sets, streams and backfills agree, for every format (S8). Method: a log
/// with an event of each kind; the expected counts by hand.
#[test]
fn s08_a_bad_column_costs_the_views_that_declare_it() {
    let entities: Vec<String> = "abcdefg".chars().map(String::from).collect();
    for extension in EXTENSIONS {
        let place = project(&["old", "new", "soft"], &entities);
        let events = format!("orders.{extension}");
        write(&place, &events, &every_kind());
        // For the source: no id, no time, the corrected copy. For views: `b`, `f` twice, `c` once,
        // `g` three times.
        let set_aside = 3 + 2 + 2 + 1 + 3;
        let counts = place.counts(&["old", "new", "soft"], &events, set_aside);
        assert_eq!(counts[0], [1, 1, 1, 0, 1, 1, 0], "{extension}: old");
        assert_eq!(counts[1], [1, 0, 0, 0, 1, 0, 0], "{extension}: new");
        assert_eq!(counts[2], [1, 0, 1, 0, 1, 0, 0], "{extension}: soft");

        let bulk = place.filled("bulk", "backfill", &events, set_aside);
        let line = "stream --batch-rows 3";
        let streamed = place.filled("streamed", line, &events, set_aside);
        let opened = Project::open(place.path("lockstep.toml")).unwrap();
        let digests = [&bulk, &streamed].map(|store| digest(store, opened.catalog(), Scope::All));
        assert_eq!(digests[0], digests[1], "{extension}");
        let progress = Progress::read(&*streamed.read().unwrap(), "orders", FILES).unwrap();
        assert_eq!((progress.events, progress.duplicates), (6, 1), "{extension}");
        assert_eq!(progress.watermark, Some(90), "{extension}");
        assert_eq!(progress.set_aside, set_aside as u64, "{extension}");
        check_aside(&streamed, extension);
        place.ends(
            &format!(
                "parity counts --spine @spine.csv --allow-unread-levels --events orders=@{events} \
                 --replay-batch-rows-max 2 --duplicate-one-in 2 --bad-rows-max {set_aside}"
            ),
            0,
            &[],
        );
    }
}

/// Checks what was set aside of [`every_kind`], with reasons and the original events.
fn check_aside(store: &dyn Store, extension: &str) {
    let aside = aside(store, FILES);
    let keys: Vec<(u64, Option<&str>)> = aside.keys().map(|(at, v)| (*at, v.as_deref())).collect();
    let expected = [
        (1, Some("new")),
        (1, Some("soft")),
        (2, Some("new")),
        (3, None),
        (4, None),
        (5, None),
        (7, Some("new")),
        (7, Some("soft")),
        (9, Some("new")),
        (9, Some("old")),
        (9, Some("soft")),
    ];
    assert_eq!(keys, expected, "{extension}");
    let record = |at: u64, view: Option<&str>| &aside[&(at, view.map(String::from))];
    let line = |at: u64| match extension {
        "ndjson" => format!("line {}: ", at + 1),
        "csv" => format!("line {}: ", at + 2),
        _ => String::new(),
    };
    let bad = match extension {
        "ndjson" => "expected int64",
        "csv" => "is not an integer",
        _ => "is beyond the range of int64",
    };
    for (at, view) in [(1, "new"), (1, "soft"), (7, "new"), (7, "soft")] {
        let (reason, event) = record(at, Some(view));
        assert!(reason.starts_with(&format!("{}column \"coupon\": ", line(at))), "{reason}");
        assert!(reason.contains(bad), "{reason}");
        let as_it_came = if extension == "csv" { "seven" } else { "\"coupon\":" };
        assert!(event.contains(as_it_came) && !event.contains("\"coupon\":null"), "{event}");
    }
    let (null, missing) = ("null, but the column must have a value", "missing, but");
    let (reason, _) = record(2, Some("new"));
    assert_eq!(*reason, format!("column \"coupon\": {null}"), "{extension}");
    let (reason, _) = record(3, None);
    let why = if extension == "ndjson" { missing } else { null };
    assert!(reason.starts_with(&format!("{}column \"id\": {why}", line(3))), "{reason}");
    let (reason, _) = record(4, None);
    assert!(reason.starts_with(&format!("{}column \"at\": {why}", line(4))), "{reason}");
    assert!(record(5, None).0.contains("another content"), "{extension}");
    let (reason, event) = record(9, Some("old"));
    assert!(reason.starts_with(&format!("{}column \"who\": {why}", line(9))), "{reason}");
    assert!(event.contains("id-g"), "{event}");
}

/// Goal: the same for events that are pushed, with a corrected copy that comes later (S8, S10).
/// Method: two commands; the second delivers the events of the first again, corrected.
#[test]
fn s08_a_corrected_copy_comes_too_late() {
    let place = project(&["old", "new"], &["b".to_string()]);
    write(&place, "orders.ndjson", &[]);
    let [bad, corrected] = [1, 5].map(|at| every_kind().swap_remove(at));
    write(&place, "bad.csv", std::slice::from_ref(&bad));
    write(&place, "corrected.csv", &[corrected]);
    write(&place, "again.csv", &[bad]);
    place.ends(
        "stream @bad.csv --bad-rows-max 0",
        1,
        &["1 rows were set aside", "for view new, position 0"],
    );
    place.ends(
        "stream @corrected.csv --bad-rows-max 0",
        1,
        &["1 rows were set aside", "another content"],
    );
    place.ends("stream @again.csv", 0, &[]);
    let store = SledStore::open(place.path("store")).unwrap();
    let progress = Progress::read(&*store.read().unwrap(), "orders", PUSHED).unwrap();
    assert_eq!((progress.events, progress.duplicates, progress.set_aside), (1, 1, 2));
    assert_eq!(aside(&store, PUSHED).len(), 2);
}
