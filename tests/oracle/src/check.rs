//! Compares every feature value of a training file with its recomputation.
//!
//! Invariant: a report that exists covers every feature column and every row; what cannot be
//! judged (an unknown column, a wrong type, no rows) is an error and never a pass. Deliberately
//! absent: a tolerance.

use crate::definition::value;
use crate::feature::Feature;
use crate::history::History;
use crate::kind::Kind;
use crate::log::{read_log, read_requests};
use crate::mention_score::{INPUTS, OUTPUTS, Output};
use crate::report::{ColumnReport, Difference, Report};
use crate::row::Row;
use crate::table::Table;
use crate::time::{Boundary, effective};
use crate::user_mentions::{Event, Key, Request, VIEWS, View, feature_columns};
use crate::value::{Value, same_bits};
use std::collections::HashMap;
use std::path::Path;
use std::thread;

/// Threads that compare, each its part of the rows.
const THREADS: usize = 2;

/// How to check.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The most differences to list in full.
    pub differences_listed: usize,
    /// Whether the file may lack features of the example.
    pub partial: bool,
}

/// Checks a training file against an event log, both Parquet.
pub fn check_files(events: &Path, training: &Path, options: Options) -> Result<Report, String> {
    check(&Table::open(events)?, &Table::open(training)?, options)
}

/// Checks a training table against the event log it was made from.
pub fn check(events: &Table, training: &Table, options: Options) -> Result<Report, String> {
    if training.rows() == 0 {
        return Err(format!("{} has no rows, so nothing was checked", training.place()));
    }
    let columns = plan(training, options.partial)?;
    let requests = read_requests(training)?;
    // An on-demand transform's request columns: the spine's may be null only for lookups.
    let on_demand = columns.iter().any(|column| matches!(column.source, Source::OnDemand(_)));
    let lacks_part = |request: &Request| request.actor.is_none() || request.candidate.is_none();
    if let Some(row) = requests.iter().position(lacks_part).filter(|_| on_demand) {
        let place = training.place();
        return Err(format!(
            "{place}: row {row} lacks actor or candidate, which mention_score needs"
        ));
    }
    let log = read_log(events)?;
    let recomputed = Recomputed::new(&log.events, &columns);
    let part_length = requests.len().div_ceil(THREADS);
    let part = |number: usize| {
        let start = (number * part_length).min(requests.len());
        let rows = start..(start + part_length).min(requests.len());
        Part::new(training, &requests, &columns, &recomputed, options.differences_listed, rows)
    };
    let parts: Vec<Result<Part, String>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || part(n))).collect();
        threads.into_iter().map(|t| t.join().expect("a part does not panic")).collect()
    });
    let mut report = Report {
        events: log.events.len(),
        set_aside: log.set_aside,
        repeated: log.repeated,
        rows: requests.len(),
        columns: columns.iter().map(|column| ColumnReport::new(&column.name)).collect(),
        differences: vec![],
    };
    for part in parts {
        let part = part?;
        for (all, some) in report.columns.iter_mut().zip(&part.columns) {
            all.compared += some.compared;
            all.present += some.present;
            all.different += some.different;
        }
        report.differences.extend(part.differences);
    }
    report.differences.truncate(options.differences_listed);
    match report.columns.iter().find(|column| column.compared != report.rows) {
        Some(column) => Err(format!("column {} was not compared in every row", column.name)),
        None => Ok(report),
    }
}

/// A feature column of the training file and how to recompute it.
#[derive(Debug)]
struct Column {
    name: String,
    index: usize,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Stored(Stored),
    OnDemand(&'static Output),
}

/// A feature of `VIEWS[view]`.
#[derive(Clone, Copy, Debug)]
struct Stored {
    view: usize,
    feature: Feature,
}

/// Resolves every feature column, or says which one is unknown.
fn plan(training: &Table, partial: bool) -> Result<Vec<Column>, String> {
    let names = training.names();
    let mut columns: Vec<Column> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if !name.contains('.') {
            // The spine's columns come first (S22): a plain name behind a feature is neither.
            if let Some(feature) = columns.last() {
                let (place, feature) = (training.place(), &feature.name);
                return Err(format!("{place}: column {name:?} stands behind feature {feature:?}"));
            }
            continue;
        }
        training.column(name)?;
        let (source, expected) =
            resolve(name).map_err(|error| format!("{}: {error}", training.place()))?;
        let found = training.kind(index)?;
        if found != expected {
            let place = training.place();
            return Err(format!("{place}: column {name:?} is {found:?}, it must be {expected:?}"));
        }
        columns.push(Column { name: name.clone(), index, source });
    }
    if columns.is_empty() {
        return Err(format!("{} has no column called view.feature", training.place()));
    }
    let absent: Vec<String> =
        feature_columns().into_iter().filter(|name| !names.contains(name)).collect();
    if !partial && !absent.is_empty() {
        return Err(format!(
            "{} lacks {}; pass --partial if its service leaves them out",
            training.place(),
            absent.join(", ")
        ));
    }
    Ok(columns)
}

/// What a column named `view.feature` holds, and its type.
fn resolve(name: &str) -> Result<(Source, Kind), String> {
    if let Some(output) = OUTPUTS.iter().find(|output| output.name == name) {
        return Ok((Source::OnDemand(output), output.kind.clone()));
    }
    let stored = stored(name)?;
    let kind = stored.feature.kind(VIEWS[stored.view].columns);
    let kind = kind.expect("Feature::parse checked that it applies");
    Ok((Source::Stored(stored), kind))
}

fn stored(name: &str) -> Result<Stored, String> {
    let known = VIEWS.iter().enumerate().find_map(|(index, view)| {
        let feature = name.strip_prefix(view.name)?.strip_prefix('.')?;
        Some((index, view, feature))
    });
    let (view, declared, feature) =
        known.ok_or_else(|| format!("the oracle does not know the feature column {name:?}"))?;
    let feature = Feature::parse(feature, declared.columns)
        .map_err(|error| format!("column {name:?}: {error}"))?;
    Ok(Stored { view, feature })
}

/// The rows of every view by key, ready to be asked.
struct Recomputed {
    histories: Vec<HashMap<Key, History>>,
    /// `INPUTS`, resolved.
    inputs: Vec<Stored>,
}

impl Recomputed {
    fn new(events: &[Event], columns: &[Column]) -> Recomputed {
        let input = |name: &&str| stored(name).expect("a test resolves every input");
        let inputs: Vec<Stored> = INPUTS.iter().map(input).collect();
        let asked = columns.iter().filter_map(|column| match column.source {
            Source::Stored(stored) => Some(stored),
            Source::OnDemand(_) => None,
        });
        let asked: Vec<Stored> = asked.chain(inputs.iter().copied()).collect();
        let history = |(index, view): (usize, &View)| {
            let read = asked.iter().filter(|stored| stored.view == index);
            histories(events, view, &read.map(|stored| stored.feature).collect::<Vec<_>>())
        };
        Recomputed { histories: VIEWS.iter().enumerate().map(history).collect(), inputs }
    }

    fn value(&self, source: Source, request: &Request) -> Value {
        match source {
            Source::Stored(stored) => self.stored(stored, request),
            Source::OnDemand(output) => {
                let inputs = self.inputs.iter();
                let known: Vec<Value> = inputs.map(|input| self.stored(*input, request)).collect();
                (output.compute)(request, &known)
            }
        }
    }

    fn stored(&self, stored: Stored, request: &Request) -> Value {
        // Every view of the example has the strict boundary and no delay.
        let as_of = effective(request.as_of, Boundary::Strict, 0);
        let key = (VIEWS[stored.view].asked)(request);
        match key.and_then(|key| self.histories[stored.view].get(&key)) {
            Some(history) => history.value(stored.feature, as_of),
            None => value(&[], stored.feature, as_of),
        }
    }
}

fn histories(events: &[Event], view: &View, features: &[Feature]) -> HashMap<Key, History> {
    let mut rows: HashMap<Key, Vec<Row>> = HashMap::new();
    for event in events {
        for (ordinal, keyed) in (0..).zip((view.rows)(event)) {
            let row = Row {
                event_time: event.event_time,
                event_id: Some(event.event_id.clone()),
                ordinal,
                values: keyed.values.into_iter().map(Value::canonical).collect(),
            };
            rows.entry(keyed.key).or_default().push(row);
        }
    }
    rows.into_iter().map(|(key, rows)| (key, History::new(rows, features))).collect()
}

/// What one thread found in its rows.
struct Part {
    columns: Vec<ColumnReport>,
    differences: Vec<Difference>,
}

impl Part {
    fn new(
        training: &Table,
        requests: &[Request],
        columns: &[Column],
        recomputed: &Recomputed,
        differences_listed: usize,
        rows: std::ops::Range<usize>,
    ) -> Result<Part, String> {
        let reports = columns.iter().map(|column| ColumnReport::new(&column.name)).collect();
        let mut part = Part { columns: reports, differences: vec![] };
        for row in rows {
            for (column, report) in columns.iter().zip(&mut part.columns) {
                let expected = recomputed.value(column.source, &requests[row]);
                let found = training.cell(row, column.index)?;
                report.compared += 1;
                report.present += usize::from(!expected.is_null());
                if same_bits(&expected, &found) {
                    continue;
                }
                report.different += 1;
                if part.differences.len() < differences_listed {
                    part.differences.push(Difference {
                        row,
                        column: column.name.clone(),
                        request: requests[row].to_string(),
                        expected: expected.to_string(),
                        found: found.to_string(),
                    });
                }
            }
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every feature of the example, and every input of an on-demand output, is known.
    /// Method: resolve each name as a training file would ask for it.
    #[test]
    fn every_feature_of_the_example_resolves() {
        let names = feature_columns();
        assert!(names.len() > 5);
        for name in &names {
            resolve(name).expect("a feature of the example");
        }
        for input in INPUTS {
            stored(input).expect("an on-demand output reads stored features");
            assert!(names.contains(&input.to_string()), "{input} is no feature of the example");
        }
    }
}
