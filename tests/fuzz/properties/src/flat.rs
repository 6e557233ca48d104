//! What guests answer: batches, outcomes and states.
//!
//! The law: what is accepted has one encoding. It decodes, encodes and decodes to the same bytes.

use crate::schema::MANIFEST;
use arrow::datatypes::SchemaRef;
use lockstep_core::event::arrow_schema;
use lockstep_core::flat::{decode, encode, take_outcome, take_states};
use std::sync::LazyLock;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| arrow_schema(&MANIFEST.views[0].columns));

pub(crate) fn batch(bytes: &[u8]) {
    let Ok(batch) = decode(&SCHEMA, bytes) else { return };
    let mut first = Vec::new();
    encode(&batch, &mut first).unwrap();
    let mut second = Vec::new();
    encode(&decode(&SCHEMA, &first).unwrap(), &mut second).unwrap();
    assert_eq!(first, second, "a batch that was written");
}

/// The first byte is the number of events.
pub(crate) fn outcome(bytes: &[u8]) {
    let Some((events, mut bytes)) = bytes.split_first() else { return };
    let events = usize::from(*events);
    if let Ok(rows) = take_outcome(&mut bytes, &SCHEMA, events) {
        assert_eq!(rows.rows.num_rows(), rows.source_rows.len());
        assert!(rows.source_rows.is_sorted());
        assert!(rows.source_rows.iter().all(|row| (*row as usize) < events));
        assert!(rows.refused.is_sorted_by(|a, b| a.row < b.row));
    }
}

/// The first two bytes are the number of groups and the limit of a state.
pub(crate) fn states(bytes: &[u8]) {
    let [groups, most, rest @ ..] = bytes else { return };
    let mut rest = rest;
    if let Ok(states) = take_states(&mut rest, usize::from(*groups), usize::from(*most)) {
        assert_eq!(states.len(), usize::from(*groups));
        assert!(states.iter().flatten().all(|state| state.len() <= usize::from(*most)));
    }
}
