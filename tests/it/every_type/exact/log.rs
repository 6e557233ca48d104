//! Random events and questions, and their records.
//!
//! Invariant: no two events have one time, so that the order of rows is the order of times.
//! Deliberately absent: what is made of them.

use super::kind::{COLUMNS, Kind, List};
use crate::every_type::{DAY, HOUR, S};
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use lockstep_core::event::arrow_schema;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::parity::replay::Random;
use lockstep_engine::service::AS_OF;
use std::sync::Arc;

const NAMES: [&str; 3] = ["a", "b", ""];

/// A value and a list of each column; in an event, or in a question.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) time: i64,
    pub(super) name: &'static str,
    pub(super) cells: List,
    pub(super) lists: Vec<Option<List>>,
}

pub(super) fn row(random: &mut Random, at: usize, time: i64) -> Row {
    let perhaps =
        |random: &mut Random, kind: Kind| (random.below(4) > 0).then(|| kind.cell(random));
    let cells = COLUMNS.map(|(_, kind)| perhaps(random, kind)).to_vec();
    let lists = COLUMNS.map(|(_, kind)| {
        let length = [0, 1, 3][random.below(3) as usize];
        (random.below(4) > 0).then(|| (0..length).map(|_| perhaps(random, kind)).collect())
    });
    let name = NAMES[random.below(3) as usize];
    Row { id: format!("{at:04}"), time, name, cells, lists: lists.to_vec() }
}

/// Events with times of their own, in no order, over some days.
pub(super) fn events(seed: u64, count: usize) -> Vec<Row> {
    let mut random = Random::new(seed);
    let mut time = -3 * DAY;
    let events = (0..count).map(|at| {
        time += 1 + random.below(2 * HOUR as u64) as i64;
        row(&mut random, at, time)
    });
    let mut events: Vec<Row> = events.collect();
    for at in (1..events.len()).rev() {
        events.swap(at, random.below(at as u64 + 1) as usize);
    }
    events
}

/// Questions at and beside the edges of windows; half of them have the values of an event, which
/// are the key of a view.
pub(super) fn questions(seed: u64, count: usize, events: &[Row]) -> Vec<Row> {
    let mut random = Random::new(seed);
    let question = |at| {
        let mut question = row(&mut random, at, 0);
        if let Some(event) = events.get(random.below(1 + events.len() as u64) as usize) {
            let beside = [0, 1, S, DAY, DAY + 1, 3 * DAY][random.below(6) as usize];
            question.time = event.time + beside;
            if at % 2 == 0 {
                (question.cells, question.name) = (event.cells.clone(), event.name);
            }
        }
        question
    };
    (0..count).map(question).collect()
}

pub(super) fn texts<'r>(rows: &'r [Row], text: fn(&'r Row) -> &'r str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(text)))
}

pub(super) fn times(rows: &[Row]) -> ArrayRef {
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.time));
    Arc::new(times.with_timezone("UTC"))
}

/// The columns of values, then those of lists.
pub(super) fn values(rows: &[Row]) -> Vec<(String, ArrayRef)> {
    let cells = COLUMNS.iter().enumerate().map(|(at, (name, kind))| {
        let rows: List = rows.iter().map(|row| row.cells[at].clone()).collect();
        ((*name).to_string(), kind.array(&rows))
    });
    let lists = COLUMNS.iter().enumerate().map(|(at, (name, kind))| {
        let rows: Vec<Option<List>> = rows.iter().map(|row| row.lists[at].clone()).collect();
        (format!("list_{name}"), kind.lists(&rows))
    });
    cells.chain(lists).collect()
}

/// The events as the records of their source.
pub(super) fn records(catalog: &Catalog, events: &[Row]) -> RecordBatch {
    let schema = arrow_schema(&catalog.source("exact").unwrap().columns);
    let mut columns =
        vec![texts(events, |row| &row.id), times(events), texts(events, |row| row.name)];
    columns.extend(values(events).into_iter().map(|(_, array)| array));
    RecordBatch::try_new(schema, columns).unwrap()
}

/// The questions as a spine.
pub(super) fn spine(questions: &[Row]) -> RecordBatch {
    let mut columns = vec![
        ("name".to_string(), texts(questions, |row| row.name)),
        (AS_OF.to_string(), times(questions)),
    ];
    columns.extend(values(questions));
    let field = |(name, array): &(String, ArrayRef)| {
        Field::new(name.as_str(), array.data_type().clone(), true)
    };
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect())
        .unwrap()
}
