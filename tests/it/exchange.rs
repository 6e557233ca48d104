//! The buffers that a guest keeps between calls: no call may affect a later one through them.
//!
//! Method: the smallest guest, `benches/guest`, returns the text of each event. Deliberately
//! absent: the cost of a call, which a benchmark measures.

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use lockstep_core::event::arrow_schema;
use lockstep_engine::catalog::cached_engine;
use lockstep_guest::{Artifact, Transformer};
use lockstep_kit::artifacts::wasm;
use std::sync::Arc;

/// Goal: what a guest keeps between calls affects no result (S7), whether or not it fits in the
/// buffer that is kept. Method: batches of very different sizes in every order of two, on one warm
/// instance.
#[test]
fn s07_a_kept_buffer_shows_in_no_answer() {
    let artifact = Artifact::load(&cached_engine().unwrap(), &wasm("benches/guest")).unwrap();
    let columns = &artifact.manifest().views[0].event.columns;
    let batch = |rows: i64, length: usize| {
        let texts = (0..rows).map(|row| format!("{row}").repeat(length));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(texts)),
            Arc::new(TimestampMicrosecondArray::from_iter_values(0..rows).with_timezone("UTC")),
            Arc::new(Int64Array::from_iter_values(0..rows)),
        ];
        RecordBatch::try_new(arrow_schema(columns), arrays).unwrap()
    };
    let sizes = [(1, 1), (1, 0), (1, 100_000), (3, 2), (5_000, 7), (1, 5_000), (100_000, 4)];
    let batches = sizes.map(|(rows, length)| batch(rows, length));
    let mut guest = Transformer::new(&artifact).unwrap();
    for (first, second) in batches.iter().flat_map(|a| batches.iter().map(move |b| (a, b))) {
        for batch in [first, second] {
            let answered = guest.map(&[0], batch).unwrap().remove(0);
            assert_eq!(answered.rows.column(0), batch.column(0));
            assert!(answered.source_rows.iter().copied().eq(0..batch.num_rows() as u32));
            assert_eq!(answered.refused, []);
        }
    }
}

/// Goal: an artifact of the SDK needs no function call after a call, to free its reply.
#[test]
fn an_artifact_frees_nothing_behind_a_call() {
    let has = |bytes: &[u8], name: &[u8]| bytes.windows(name.len()).any(|at| at == name);
    for path in ["benches/guest", "transforms/every-type"] {
        let bytes = std::fs::read(wasm(path)).unwrap();
        assert!(has(&bytes, b"cabi_realloc"), "{path}");
        assert!(!has(&bytes, b"cabi_post_"), "{path}");
    }
}
