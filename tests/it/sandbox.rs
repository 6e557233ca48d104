//! The sandbox: a guest that misbehaves on one event must lose that event only (S7, S8, S9).
//!
//! Method of all tests here: the guest `tests/guests/evil`, built as `lockstep build` builds,
//! misbehaves according to an event's `kind`. The expected results for the rest of the batch and
//! for the other views are computed here from the events, and compared as bytes.

mod aggregates;
mod artifact;
mod build;
mod cache;
mod compiler;
mod evil;
mod limits;
mod on_demand;
mod scaffold;
mod strict;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use lockstep_cli::build::{BuildOptions, build};
use lockstep_core::Code;
use lockstep_core::event::arrow_schema;
use lockstep_core::flat;
use lockstep_guest::{Artifact, Engine, EngineConfig, Transformer, ViewRows};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

/// The views of the evil guest, by index in its manifest.
const STEADY: usize = 0;
const EVIL: usize = 1;
const KEYED: usize = 2;

/// The evil guest's crate.
pub(crate) fn crate_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/evil")
}

/// The evil guest's file, built if anything changed.
fn evil_file() -> &'static Path {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("evil.wasm");
        let options = BuildOptions { crate_dir: crate_dir(), output: Some(output) };
        build(&options).unwrap().path
    });
    &FILE
}

pub(crate) fn evil() -> Artifact {
    let cache_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let config = EngineConfig { cache_dir: Some(cache_dir), ..EngineConfig::default() };
    Artifact::load(&Engine::new(config).unwrap(), evil_file()).unwrap()
}

fn batch(artifact: &Artifact, kinds: &[&str], actors: Vec<Option<&str>>) -> RecordBatch {
    let rows = kinds.len() as i64;
    let ids: StringArray = (0..rows).map(|row| Some(format!("e{row}"))).collect();
    let times: TimestampMicrosecondArray = (0..rows).map(Some).collect();
    let kinds: StringArray = kinds.iter().map(|kind| Some(*kind)).collect();
    let values: Int64Array = (0..rows).map(|row| Some(row * 1_000_003)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        Arc::new(times.with_timezone("UTC")),
        Arc::new(kinds),
        Arc::new(StringArray::from(actors)),
        Arc::new(values),
    ];
    let schema = arrow_schema(&artifact.manifest().views[EVIL].event.columns);
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Events of these kinds, each with a different actor.
pub(crate) fn events(artifact: &Artifact, kinds: &[&str]) -> RecordBatch {
    let actors: Vec<String> = (0..kinds.len()).map(|row| format!("actor {row}")).collect();
    batch(artifact, kinds, actors.iter().map(|actor| Some(actor.as_str())).collect())
}

/// The rows that an honest view makes of the events at `kept`, which [`events`] made.
fn honest(artifact: &Artifact, kept: &[u32]) -> RecordBatch {
    let value = |row: &u32| i64::from(*row) * 1_000_003;
    let actors: StringArray = kept.iter().map(|row| Some(format!("actor {row}"))).collect();
    let values: Int64Array = kept.iter().map(|row| Some(value(row))).collect();
    let numbers: Float64Array = kept.iter().map(|row| Some(value(row) as f64)).collect();
    let notes: StringArray = kept.iter().map(|row| Some(format!("note {}", value(row)))).collect();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(actors), Arc::new(values), Arc::new(numbers), Arc::new(notes)];
    RecordBatch::try_new(arrow_schema(&artifact.manifest().views[EVIL].columns), columns).unwrap()
}

/// A batch as bytes, so that floats are compared by their bits.
fn bytes(batch: &RecordBatch) -> Vec<u8> {
    let mut out = Vec::new();
    flat::encode(batch, &mut out).unwrap();
    out
}

/// Checks an outcome against the kept events and, for the others, a part of the reason.
#[track_caller]
fn assert_outcome(artifact: &Artifact, found: &ViewRows, events: u32, refused: &[(u32, &str)]) {
    let is_kept = |row: &u32| !refused.iter().any(|(bad, _)| bad == row);
    let kept: Vec<u32> = (0..events).filter(is_kept).collect();
    assert_eq!(found.refused.len(), refused.len(), "{:?}", found.refused);
    for (found, (row, reason)) in found.refused.iter().zip(refused) {
        assert_eq!(found.row, *row);
        assert!(found.reason.contains(reason), "{:?} has no {reason:?}", found.reason);
    }
    assert_eq!(found.source_rows, kept);
    assert_eq!(bytes(&found.rows), bytes(&honest(artifact, &kept)));
}

/// Goal: events of `kind` are set aside for the view that they harm, with a reason, and nothing
/// else changes. Method: two of them in a batch; then the same instance maps an honest batch.
#[track_caller]
pub(crate) fn assert_set_aside(
    artifact: &Artifact,
    transformer: &mut Transformer,
    kind: &str,
    reason: &str,
) {
    let mut kinds = ["honest"; 23];
    kinds[4] = kind;
    kinds[22] = kind;
    let outcomes = transformer.map(&[EVIL, STEADY], &events(artifact, &kinds)).unwrap();
    assert_outcome(artifact, &outcomes[0], 23, &[(4, reason), (22, reason)]);
    assert_outcome(artifact, &outcomes[1], 23, &[]);
    let outcomes = transformer.map(&[EVIL], &events(artifact, &["honest"; 3])).unwrap();
    assert_outcome(artifact, &outcomes[0], 3, &[]);
}

/// Goal: an event that the author's code refuses is set aside with the author's words, cut at the
/// limit (S8).
#[test]
fn s08_a_refusal_costs_one_event() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    assert_set_aside(&artifact, &mut transformer, "refuse", "refused on purpose");
    assert_set_aside(&artifact, &mut transformer, "refuse at length", "\u{fffd}");
    let outcomes = transformer.map(&[EVIL], &events(&artifact, &["refuse at length"])).unwrap();
    assert!(outcomes[0].refused[0].reason.len() <= flat::REASON_BYTES_MAX);
}

/// Goal: a trap sets aside only its own event, and a panic's message is the reason (S8, S9).
#[test]
fn s09_a_trap_costs_one_event() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    assert_set_aside(&artifact, &mut transformer, "trap", "unreachable");
    assert_set_aside(&artifact, &mut transformer, "panic", "a panic on purpose");
}

/// Goal: an integer that overflows is a failure of its event, as in a native test, and not another
/// number (S8). Method: the reason names file and line of the addition.
#[test]
fn s08_an_overflow_costs_one_event() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let source = std::fs::read_to_string(crate_dir().join("src/misdeed.rs")).unwrap();
    let line = source.lines().position(|line| line.contains("\"overflow\" =>")).unwrap() + 1;
    let place = format!("src/misdeed.rs:{line}:");
    assert_set_aside(&artifact, &mut transformer, "overflow", &place);
    assert_set_aside(&artifact, &mut transformer, "overflow", "attempt to add with overflow");
}

/// Goal: a trap that depends on the past of the warm instance sets nothing aside: only what the
/// event does alone on a fresh instance counts (S9). That the guest is not pure is found too (S7).
/// Method: an event that traps in every call of an instance except the first; calls that are not
/// repeated.
#[test]
fn s09_a_trap_of_the_warm_instance_alone_costs_nothing() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    transformer.map(&[EVIL, STEADY], &events(&artifact, &["honest"])).unwrap();
    let kinds = ["honest", "trap when warm", "trap when warm"];
    let outcomes = transformer.map(&[EVIL, STEADY], &events(&artifact, &kinds)).unwrap();
    assert_outcome(&artifact, &outcomes[0], kinds.len() as u32, &[]);
    assert_outcome(&artifact, &outcomes[1], kinds.len() as u32, &[]);
}

/// Goal: every malformed reply is detected, and sets aside only its own event (S8, S9).
#[test]
fn s09_a_lie_costs_one_event() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    for (kind, reason) in [
        ("lie rows", "above the limit"),
        ("lie outcome rows", "above the limit"),
        ("lie refused", "events are refused of 1"),
        ("lie node rows", "has 2 rows instead of 1"),
        ("lie nulls", "validity bits"),
        ("lie nodes", ""),
        ("lie buffers", ""),
        ("lie buffer end", "outside a body"),
        ("lie buffer order", "outside a body"),
        ("lie length", "do not fit"),
        ("lie offsets", "start at 7"),
        ("lie last offset", "last offset is -1"),
        ("lie utf8", "utf"),
        ("null in non-null", "not nullable but has 1 null"),
        ("lie leftover", "1 bytes are left over"),
        ("lie empty", "ends in the middle"),
        ("lie source row", "outside a batch of 1 events"),
        ("lie source order", "comes after"),
        ("lie pointer", "out of bounds"),
        ("refuse twice", "2 events are refused of 1"),
        ("emit and refuse", "both emitted and refused"),
    ] {
        println!("{kind}");
        assert_set_aside(&artifact, &mut transformer, kind, reason);
    }
}

/// Goal: an event may have no row or several, which keep their order (S7).
#[test]
fn s07_an_event_has_zero_or_more_rows() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let kinds = ["no row", "three rows", "no row", "honest"];
    let outcomes = transformer.map(&[EVIL], &events(&artifact, &kinds)).unwrap();
    assert_eq!(outcomes[0].source_rows, [1, 1, 1, 3]);
    let values = outcomes[0].rows.column(1).as_any().downcast_ref::<Int64Array>().unwrap();
    assert_eq!(values.values(), &[0, 1, 2, 3_000_009]);
    let none = transformer.map(&[EVIL, KEYED], &events(&artifact, &[])).unwrap();
    assert_eq!(none.iter().map(|none| none.rows.num_rows()).collect::<Vec<_>>(), [0, 0]);
}

/// Goal: a null in a key sets aside all rows of its event, for that view alone (S8).
#[test]
fn s08_a_null_key_costs_its_event() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let actors = vec![Some("a"), None, Some("b"), None];
    let events = batch(&artifact, &["honest"; 4], actors);
    let outcomes = transformer.map(&[STEADY, KEYED], &events).unwrap();
    assert_eq!(outcomes[0].source_rows, [0, 1, 2, 3]);
    assert_eq!(outcomes[1].source_rows, [0, 0, 2, 2]);
    let refused: Vec<u32> = outcomes[1].refused.iter().map(|refused| refused.row).collect();
    assert_eq!(refused, [1, 3]);
    assert!(outcomes[1].refused[0].reason.contains("\"actor\" is null"));
    let actors = outcomes[1].rows.column(0).as_any().downcast_ref::<StringArray>().unwrap();
    let actors: Vec<&str> = actors.iter().flatten().collect();
    assert_eq!(actors, ["a", "always", "b", "always"]);
}

/// Goal: a NaN leaves a guest as the one quiet NaN, whatever its payload and sign (S14).
#[test]
fn s14_a_nan_is_canonical_when_it_leaves_a_guest() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let events = events(&artifact, &["honest", "nan payload"]);
    let outcomes = transformer.map(&[EVIL], &events).unwrap();
    let numbers = outcomes[0].rows.column(2).as_any().downcast_ref::<Float64Array>().unwrap();
    assert_eq!(numbers.value(1).to_bits(), 0x7ff8_0000_0000_0000);
    assert_eq!(numbers.value(0).to_bits(), 0);
}

/// Goal: the result for an event is the same alone, in any batch, on a warm and on a fresh instance
/// (S7). Method: a mix of honest and bad events, whole, in every split in two, and one by one.
#[test]
fn s07_an_answer_does_not_depend_on_the_batch() {
    let artifact = evil();
    let kinds = ["honest", "trap", "three rows", "refuse", "no row", "lie utf8", "honest", "panic"];
    let events = events(&artifact, &kinds);
    let mut transformer = Transformer::new(&artifact).unwrap();
    let whole = transformer.map(&[EVIL, KEYED], &events).unwrap();
    assert_eq!(whole[0].refused.len(), 4);
    let mut splits: Vec<Vec<usize>> = (1..kinds.len()).map(|at| vec![0, at, kinds.len()]).collect();
    splits.push((0..=kinds.len()).collect());
    for fresh in [false, true] {
        transformer.fresh_each_call(fresh);
        for split in &splits {
            for (view, whole) in [EVIL, KEYED].into_iter().zip(&whole) {
                let mut joined: Vec<ViewRows> = Vec::new();
                for ends in split.windows(2) {
                    let part = events.slice(ends[0], ends[1] - ends[0]);
                    let mut outcome = transformer.map(&[view], &part).unwrap().remove(0);
                    let start = ends[0] as u32;
                    outcome.source_rows.iter_mut().for_each(|row| *row += start);
                    outcome.refused.iter_mut().for_each(|refused| refused.row += start);
                    joined.push(outcome);
                }
                let rows = joined.iter().map(|part| &part.rows);
                let rows = arrow::compute::concat_batches(&whole.rows.schema(), rows).unwrap();
                let source_rows: Vec<u32> =
                    joined.iter().flat_map(|p| p.source_rows.clone()).collect();
                assert_eq!(bytes(&rows), bytes(&whole.rows), "{split:?}");
                assert_eq!(source_rows, whole.source_rows);
                let refused: Vec<_> = joined.into_iter().flat_map(|part| part.refused).collect();
                assert_eq!(refused, whole.refused);
            }
        }
    }
}

/// Goal: state that a guest keeps between calls causes a difference between warm and fresh
/// instances, which is found (S7). Method: calls that are not repeated; then the first one, which is.
#[test]
fn s07_a_fresh_instance_has_no_memory_of_earlier_calls() {
    let artifact = evil();
    let mut transformer = Transformer::new(&artifact).unwrap();
    let events = |kind| events(&artifact, &[kind]);
    transformer.map(&[EVIL], &events("honest")).unwrap();
    let mut counts = |fresh: bool| {
        transformer.fresh_each_call(fresh);
        let outcomes = transformer.map(&[EVIL], &events("state")).unwrap();
        outcomes[0].rows.column(1).as_any().downcast_ref::<Int64Array>().unwrap().value(0)
    };
    assert_eq!([counts(false), counts(false)], [0, 1]);
    assert_eq!([counts(true), counts(true)], [0, 0]);
    let mut transformer = Transformer::new(&artifact).unwrap();
    let error = transformer.map(&[EVIL], &events("state")).unwrap_err();
    assert!(matches!(error.code, Code::Impure { .. }), "{error}");
}
