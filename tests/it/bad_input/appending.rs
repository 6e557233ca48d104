//! Training sets to which no rows can be appended: other files, and those of another service, code,
//! or columns, or made with other settings.
//!
//! Method: command lines on the small project; each must fail by name and leave every file as it was.
//! Deliberately absent: events that came since then (`append.rs`).

use super::Place;
use arrow::array::{ArrayRef, Int64Array};
use lockstep_runtime::{Code, TrainingWriter, read_table};
use std::fs;
use std::sync::Arc;

const TRAIN: &str = "training-set mention_ranker --spine";
/// Named columns.
type Columns = Vec<(String, ArrayRef)>;

const ANEW: &str = "make the training set anew, without --append-to";

/// Goal: what cannot be appended to is refused by name before anything is written, in place and
/// beside it. Method: each condition, broken one at a time.
#[test]
fn s22_only_a_like_training_set_is_appended_to() {
    let place = Place::new();
    let train = |rest: &str| place.ends(&format!("{TRAIN} {rest}"), 0, &[]);
    train("@mentions.parquet -o @old.parquet");
    train("@mentions.parquet -o @old.arrow");
    train("@mentions.parquet --append-to @old.parquet -o @new.parquet");
    train("@mentions.parquet --append-to @new.parquet -o @new.parquet");
    let rows = |name: &str| read_table(&place.path(name), &[]).unwrap().num_rows();
    assert_eq!(rows("new.parquet"), 3 * rows("old.parquet"));
    fs::copy(place.path("old.parquet"), place.path("old_2.parquet")).unwrap();

    let refused = |rest: &str, words: &[&str]| {
        let words: Vec<&str> = words.iter().copied().chain([ANEW]).collect();
        place.check_files(&format!("{TRAIN} {rest}"), 2, &words);
    };
    let append = "@mentions.parquet --append-to @old.parquet";
    // Files.
    let on = "@mentions.parquet -o @out.parquet --append-to";
    refused(&format!("{on} @old.arrow"), &["old.arrow", "one file that ends in .parquet"]);
    refused(&format!("{on} @mentions.parquet"), &["mentions.parquet", "no training set"]);
    refused(&format!("{on} @old*.parquet"), &["more than one file"]);
    refused(&format!("{append} -o @out.ndjson"), &["old.parquet", "written as .parquet only"]);
    place.check_files(&format!("{TRAIN} {on} @none.parquet"), 2, &["none.parquet", "no such file"]);
    let old = read_table(&place.path("old.parquet"), &[]).unwrap();
    let rewrite = |name: &str, records: &_, changed: &dyn Fn(&str, &str) -> Option<String>| {
        let records: &arrow::array::RecordBatch = records;
        let metadata = old.schema().metadata().clone();
        let metadata =
            metadata.into_iter().filter_map(|(k, v)| Some((k.clone(), changed(&k, &v)?)));
        let schema = records.schema();
        let mut writer =
            TrainingWriter::create(&place.path(name), schema, metadata.collect()).unwrap();
        writer.write(records).unwrap();
        writer.finish().unwrap();
    };
    let same = |_: &str, value: &str| Some(value.to_string());
    rewrite("before.parquet", &old, &|key, value| {
        (key != "lockstep.rows").then(|| value.to_string())
    });
    refused(
        &format!("{on} @before.parquet"),
        &["before.parquet", "an earlier version of Lockstep"],
    );
    rewrite("strange.parquet", &old, &|key, value| {
        Some(if key == "lockstep.rows" { "{}".into() } else { value.to_string() })
    });
    refused(&format!("{on} @strange.parquet"), &["another version of Lockstep"]);
    rewrite("short.parquet", &old.slice(1, old.num_rows() - 1), &same);
    refused(&format!("{on} @short.parquet"), &["short.parquet", "something changed it"]);

    // Columns: another name, order, type, and one more.
    let names = old.schema().fields().iter().map(|it| it.name().clone()).collect::<Vec<_>>();
    let of_spine: Columns = place.columns("mentions.parquet", 5);
    let spine = |change: &dyn Fn(&mut Columns)| {
        let mut columns = of_spine.clone();
        change(&mut columns);
        place.table("s.parquet", columns.iter().map(|(n, a)| (n.as_str(), a.clone())).collect());
    };
    let on_spine = "@s.parquet --append-to @old.parquet -o @out.parquet";
    let number: ArrayRef = Arc::new(Int64Array::from(vec![1; of_spine[0].1.len()]));
    let more = || ("more".to_string(), number.clone());
    spine(&|columns| columns.push(more()));
    refused(on_spine, &["old.parquet", "\"more\", Int64", "the same columns"]);
    spine(&|columns| columns.reverse());
    refused(on_spine, &["its column 1 (from 1)", &format!("{:?}", names[0]), "in the same order"]);
    rewrite("short.parquet", &old.project(&(1..names.len()).collect::<Vec<_>>()).unwrap(), &same);
    refused(&format!("{on} @short.parquet"), &["its column 1 (from 1)", "the same columns"]);

    // Settings.
    spine(&|columns| {
        let at = columns.iter().position(|(name, _)| name == "as_of").unwrap();
        columns[at].0 = "moment".into();
    });
    refused(
        &format!("{on_spine} --as-of-column moment"),
        &["--as-of-column", "\"as_of\" then", "\"moment\" now"],
    );

    // The service and its code.
    let text = fs::read_to_string(place.path("lockstep.toml")).unwrap();
    let project = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        place.write("lockstep.toml", text.replace(from, to));
    };
    project("[services.mention_ranker]", "[services.other]");
    place.check_files(
        "training-set other --spine @mentions.parquet --append-to @old.parquet -o @old.parquet",
        2,
        &["of service mention_ranker, not of other", ANEW],
    );
    project("\"area_reviewers.*\"", "\"area_reviewers.count_30d\"");
    refused(&format!("{append} -o @out.parquet"), &["service mention_ranker has other features"]);
    project("user_activity = { user = \"candidate\" }", "user_activity = { user = \"actor\" }");
    refused(
        &format!("{append} -o @out.parquet"),
        &["keys of its views from other request columns"],
    );
    project("[sources.issue_events]\n", "[sources.issue_events]\nnull_values = [\"-\"]\n");
    refused(&format!("{append} -o @old.parquet"), &["view ", "its generation changed (S23)"]);
    let line = format!("{TRAIN} {append} -o @out.parquet");
    let Code::NotAppendable { because: "code", view: Some(_), .. } = place.error(&line).code else {
        panic!("{line}")
    };
    place.write("lockstep.toml", text);
    train(&format!("{append} -o @out.parquet"));
}
