//! A view's history is no part of its identity, and what a store no longer holds is never answered.
//!
//! Method: variants of the example transform that differ in the history of one view, on one store;
//! answers are compared with those of a store that the version with the longer history filled alone.

use super::*;
use lockstep_core::time::{DAY_US, HOUR_US, Time};
use lockstep_engine::vector::FeatureVector;

const LONG: &str = "tags = [\"mentions\"], history = \"30d\"";
const SHORT: &str = "tags = [\"mentions\"], history = \"1h\"";

fn get(
    store: &Arc<dyn Store>,
    catalog: &Arc<Catalog>,
    as_of: Time,
) -> lockstep_core::Result<FeatureVector> {
    let service = Service::of(catalog, "ranker", &["pair_mentions.*"]).unwrap();
    let host = OnlineHost::new(catalog.clone(), store.clone(), vec![service]).unwrap();
    host.get("ranker", &[("actor", "u00078"), ("mentioned", "u00305")], AsOf::At(as_of))
}

fn watermark(store: &dyn Store) -> Time {
    lockstep_store::progress::watermark(&*store.read().unwrap(), SOURCE).unwrap()
}

/// Goal: another history costs no fill, and a longer one answers no question whose events were
/// folded into tiles under a shorter one; the time from which on a store answers never goes back
/// (S12, S23). Method: a history of an hour, then of 30 days and events of some days more, then of
/// an hour and of 30 days again.
#[test]
fn s12_a_longer_history_answers_what_was_kept() {
    let long = variants::catalog(original());
    let short = variant("short_history", &[(LONG, SHORT)]);
    let batches = log(long.source(SOURCE).unwrap());
    let all: Vec<&RecordBatch> = batches.iter().map(records).collect();
    let all = arrow::compute::concat_batches(&all[0].schema(), all).unwrap();
    let log = crate::stream::cut(&all, || 10);
    let half = log.len() / 2;
    let store = filled(&short, &log[..half]);
    let sealed = watermark(&*store).minus(HOUR_US).floor(HOUR_US);
    let beside = |edge: Time| edge.plus(1);
    let refused = |catalog: &Arc<Catalog>, as_of: Time| {
        let error = get(&store, catalog, as_of).unwrap_err();
        assert!(error.message.contains("the oldest as_of that is answerable"), "{error}");
        error.message
    };
    let earlier = beside(sealed.minus(5 * HOUR_US));
    refused(&short, earlier);

    let caught_up = catch_up_with(&*store, &long, &log[..half]).unwrap();
    assert!(ways(&caught_up).values().all(|way| *way == View::Adopted), "{caught_up:?}");
    let message = refused(&long, earlier);
    assert!(message.contains(&sealed.to_string()), "{message}");
    get(&store, &long, beside(sealed)).unwrap();

    let mut end = half;
    while watermark(&*store) < sealed.plus(3 * DAY_US) {
        stream(&store, &long, &log[end..end + 1]);
        end += 1;
    }
    let anew = filled(&long, &log[..end]);
    let (first, last) = (sealed, watermark(&*store));
    assert!(last.minus(30 * DAY_US) < first, "a store with the longer history answers all of it");
    let step_us = (last.micros() - first.micros()) / 40;
    for step in 0..=40 {
        let as_of = beside(first.plus(step * step_us));
        let [found, expected] = [&store, &anew].map(|store| get(store, &long, as_of).unwrap());
        assert_eq!(found.values, expected.values, "{as_of}");
    }
    refused(&long, earlier);
    get(&anew, &long, earlier).unwrap();

    // A shorter history takes effect with the next commit, and a longer one does not undo that.
    assert!(catch_up_with(&*store, &short, &[]).unwrap().is_empty(), "going back fills nothing");
    stream(&store, &short, &log[end..end + 1]);
    stream(&anew, &long, &log[end..end + 1]);
    assert!(catch_up_with(&*store, &long, &[]).unwrap().is_empty());
    let middle = beside(watermark(&*store).minus(DAY_US));
    get(&anew, &long, middle).unwrap();
    let message = refused(&long, middle);
    let sealed = watermark(&*store).minus(HOUR_US).floor(HOUR_US);
    assert!(message.contains(&sealed.to_string()), "{message}");
}
