//! The previous version of an artifact is kept up to date, so that going back takes one commit,
//! until its rows differ.
//!
//! Method: variants of the example transform, switched in the middle of the log.

use super::*;
use arrow::array::AsArray;
use arrow::compute::max;
use arrow::datatypes::TimestampMicrosecondType;
use lockstep_core::time::DAY_US;

/// Goal: after a switch the previous version is kept up to date as well, so that going back is
/// immediate (S23). Method: a changed feature half-way through the log, the rest streamed, and
/// back.
#[test]
fn s23_the_previous_version_is_fed() {
    let first = variants::catalog(original());
    let log = log(first.source(SOURCE).unwrap());
    let half = log.len() / 2;
    let store = filled(&first, &log[..half]);
    let second = variant("changed_feature", &[CHANGED_FEATURE]);
    catch_up_with(&*store, &second, &log[..half]).unwrap();
    stream(&store, &second, &log[half..]);
    assert_as_filled_anew(&*store, &second, &log);
    assert!(catch_up_with(&*store, &first, &[]).unwrap().is_empty(), "going back fills nothing");
    assert_as_filled_anew(&*store, &first, &log);
}

/// Goal: if the rows of an adopted view later differ between the versions, this is reported, the
/// view can no longer be restored in one commit, and going back recomputes it (S23). Method: a
/// transform that behaves differently for events later than all of the first half.
#[test]
fn s23_rows_that_part_end_the_way_back() {
    let first = variants::catalog(original());
    let log = log(first.source(SOURCE).unwrap());
    let half = log.len() / 2;
    let time = first.source(SOURCE).unwrap().time;
    let latest = |batch: &EventBatch| {
        let times = records(batch).column(time).as_primitive::<TimestampMicrosecondType>().clone();
        max(&times).unwrap()
    };
    let middle = log[..half].iter().map(latest).max().unwrap();
    let changed = format!(
        "        text_length: event.text_length + i64::from(event.event_time.as_micros() > {middle}),\n        \
         text_per_file: event.text_per_file(),\n    }})\n}}\n\n/// May"
    );
    let plain = "        text_length: event.text_length,\n        text_per_file: event.text_per_file(),\n    })\n}\n\n/// May";
    let second = variant("parts_later", &[(plain, &changed)]);
    let store = filled(&first, &log[..half]);
    let caught_up = catch_up_with(&*store, &second, &log[..half]).unwrap();
    assert!(ways(&caught_up).values().all(|way| *way == View::Adopted), "{caught_up:?}");
    let mut host = StreamHost::open(second.clone(), store.clone()).unwrap();
    let mut parted = Vec::new();
    for batch in &log[half..] {
        parted.extend(host.apply(SOURCE, FILES, batch).unwrap().parted);
    }
    let [one] = &parted[..] else { panic!("{parted:?}") };
    assert_eq!((one.view.as_str(), one.artifact.as_str()), ("area_reviewers", variants::NAME));
    assert_as_filled_anew(&*store, &second, &log);
    let caught_up = catch_up_with(&*store, &first, &log).unwrap();
    assert_eq!(ways(&caught_up)["area_reviewers"], View::Filled);
    assert_eq!(ways(&caught_up)["pair_mentions"], View::Adopted);
    assert_as_filled_anew(&*store, &first, &log);
}

/// Goal: a previous version is kept for the declared time and then deleted, with its artifact
/// (S23). Method: a declared time of a day, and then events of many days.
#[test]
fn s23_older_versions_are_collected() {
    let first = variants::catalog(original());
    let log = log(first.source(SOURCE).unwrap());
    let half = log.len() / 2;
    let store = filled(&first, &log[..half]);
    let mut second = variant("changed_feature", &[CHANGED_FEATURE]);
    Arc::get_mut(&mut second).unwrap().keep_previous(DAY_US);
    let artifacts = || {
        let mut found = 0;
        let mut count = |_: &[u8], _: &[u8]| {
            found += 1;
            Ok(true)
        };
        store.read().unwrap().scan_prefix(&layout::artifact(""), &mut count).unwrap();
        found
    };
    catch_up_with(&*store, &second, &log[..half]).unwrap();
    assert_eq!(artifacts(), 2);
    let old = states(&*store, "area_reviewers").0;
    stream(&store, &second, &log[half..]);
    catch_up_with(&*store, &second, &[]).unwrap();
    assert_eq!(artifacts(), 1);
    let record = Generations::read(&*store.read().unwrap()).unwrap();
    assert!(record.garbage.is_empty() && record.artifacts[variants::NAME].previous.is_none());
    assert_eq!(record.sets().len(), 3);
    assert!(record.sets().contains(&old));
    // Going back is a change like any other now.
    let caught_up = catch_up_with(&*store, &first, &log).unwrap();
    assert_eq!(ways(&caught_up)["area_reviewers"], View::Filled);
    assert_as_filled_anew(&*store, &first, &log);
}
