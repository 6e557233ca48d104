//! Leaks: how many values of a training set made with arrival times would be different if all
//! events had been known (S1).
//!
//! Invariant: a row counts for a feature if the two values have different encodings. An on-demand
//! transform is also computed twice. If it refuses a row when all events are known, that differs
//! from the output as known, so the row counts for each of its outputs. Its outputs depend on its
//! inputs alone, so it is only computed again for rows whose inputs differ. Deliberately absent:
//! failures that are not of a single row, which fail the run.

use super::answers::{Answered, Answers, Placed};
use crate::catalog::Catalog;
use crate::online::on_demand::OnDemandRunners;
use crate::service::Service;
use crate::shuffle::room::Room;
use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::take;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_type;
use lockstep_core::row::TypedColumn;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

/// The features that a service's on-demand transforms read: the view's index and the position.
pub(super) fn inputs(service: &Service) -> BTreeSet<(usize, usize)> {
    let inputs = service.on_demand.iter().flat_map(|on_demand| &on_demand.features);
    inputs.map(|it| (it.view, it.position)).collect()
}

/// The leaks that one worker found while sweeping the views.
#[derive(Debug)]
pub(super) struct Leaks {
    views: Vec<ViewLeaks>,
}

/// The leaks of one view.
#[derive(Debug)]
struct ViewLeaks {
    /// For each feature, the number of rows whose answers differ.
    changed: Vec<u64>,
    /// The indices of the features that on-demand transforms read.
    read: Vec<usize>,
    /// Their answers with all events known.
    plain: Answered,
}

impl Leaks {
    pub(super) fn new(catalog: &Catalog, service: &Service, spine_rows: usize) -> Leaks {
        let inputs = inputs(service);
        let views = service.views.iter().enumerate().map(|(at, view)| {
            let plan = &catalog.views()[view.view].plan.fold;
            let read = inputs.range((at, 0)..(at + 1, 0)).map(|(_, position)| *position);
            let read: Vec<usize> = read.collect();
            let column = |position: &usize| &plan.features[view.features[*position]].column;
            let types = read.iter().map(column).map(|c| (c.name.clone(), arrow_type(&c.data_type)));
            let plain = Answered::new(types, spine_rows);
            ViewLeaks { changed: vec![0; view.features.len()], read, plain }
        });
        Leaks { views: views.collect() }
    }

    /// Compares both answers of one sweep of a view.
    pub(super) fn swept(
        &mut self,
        view: usize,
        spine_rows: &[u32],
        known: &[ArrayRef],
        plain: &[ArrayRef],
        room: &Room,
    ) -> Result<()> {
        let ViewLeaks { changed, read, plain: kept } = &mut self.views[view];
        count_changed(known, plain, changed)?;
        if read.is_empty() {
            return Ok(());
        }
        let columns = read.iter().map(|position| plain[*position].clone()).collect();
        kept.push_within(room, spine_rows.to_vec(), columns)
    }

    /// Whether some answers are on the disk.
    pub(super) fn is_spilled(&self) -> bool {
        self.views.iter().any(|view| view.plain.is_spilled())
    }
}

/// The leaks that are completed while the rows are joined.
#[derive(Debug)]
pub(super) struct Leaked {
    views: Vec<PlainView>,
    /// For each stored feature, then for each output, the number of rows whose values differ.
    pub(super) counts: Vec<(String, u64)>,
    /// The index of the first output in `counts`.
    first: usize,
}

/// The answers of one view with all events known.
#[derive(Debug)]
struct PlainView {
    read: Vec<usize>,
    answers: Answers,
    placed: Option<Placed>,
}

/// Some rows and their values with only the events known by then.
pub(super) struct Known<'a> {
    /// The row numbers.
    pub(super) rows: Range<usize>,
    /// The service's request columns.
    pub(super) request: &'a [ArrayRef],
    /// The time of each row.
    pub(super) as_of: &'a ArrayRef,
    /// The features of each view.
    pub(super) stored: &'a [Vec<ArrayRef>],
    /// The outputs of each on-demand transform.
    pub(super) computed: &'a [Vec<ArrayRef>],
}

impl Leaked {
    /// What remains to be compared after every worker has swept. The answers move to the disk if a
    /// folder is given, as the answers as known do: both are put in order in the same stretches.
    pub(super) fn new(
        catalog: &Catalog,
        service: &Service,
        of_workers: Vec<Leaks>,
        spine_rows: usize,
        folder: Option<&Path>,
    ) -> Result<Leaked> {
        let zeros = service.views.iter().map(|view| vec![0; view.features.len()]);
        let mut changed: Vec<Vec<u64>> = zeros.collect();
        let mut read: Vec<Vec<usize>> = vec![vec![]; service.views.len()];
        let mut plain: Vec<Vec<Answered>> = service.views.iter().map(|_| vec![]).collect();
        for leaks in of_workers {
            for (at, view) in leaks.views.into_iter().enumerate() {
                let counts = changed[at].iter_mut().zip(&view.changed);
                counts.for_each(|(all, one)| *all += one);
                read[at] = view.read;
                plain[at].push(view.plain);
            }
        }
        let mut counts = leakage(catalog, service, changed);
        let first = counts.len();
        for wanted in &service.on_demand {
            let declaration = &catalog.on_demand()[wanted.on_demand].declaration;
            let outputs = declaration.outputs.iter();
            counts.extend(outputs.map(|it| (format!("{}.{}", declaration.name, it.name), 0)));
        }
        let views = read.into_iter().zip(plain).map(|(read, plain)| {
            let answers = Answers::new(plain, spine_rows, folder)?;
            Ok(PlainView { read, answers, placed: None })
        });
        Ok(Leaked { views: views.collect::<Result<_>>()?, counts, first })
    }

    /// Counts the rows in which an on-demand transform has other outputs with all events known.
    pub(super) fn count(
        &mut self,
        on_demand: &mut OnDemandRunners<'_>,
        service: &Service,
        known: &Known<'_>,
    ) -> Result<()> {
        let plain = self.plain(known)?;
        let mut output = self.first;
        for (at, wanted) in service.on_demand.iter().enumerate() {
            let computed = &known.computed[at];
            let counts = &mut self.counts[output..output + computed.len()];
            output += computed.len();
            let inputs = wanted
                .features
                .iter()
                .map(|it| (&known.stored[it.view][it.position], &plain[it.view][it.position]));
            let rows = rows_with_other_inputs(inputs, known.rows.len())?;
            if rows.is_empty() {
                continue;
            }
            let chosen = |array: &ArrayRef| take(array, &rows, None).map_err(misfit);
            let request = known.request.iter().map(chosen).collect::<Result<Vec<_>>>()?;
            let stored = plain.iter().map(|view| view.iter().map(chosen).collect());
            let stored = stored.collect::<Result<Vec<Vec<_>>>>()?;
            let answers = on_demand.answers(at, &request, &chosen(known.as_of)?, &stored)?;
            for (column, (_, count)) in counts.iter_mut().enumerate() {
                let first = TypedColumn::new(&computed[column])?;
                let mut same = 0;
                for (start, answer) in &answers {
                    let second = TypedColumn::new(answer.rows.column(column))?;
                    let both = answer.source_rows.iter().enumerate();
                    same += both
                        .filter(|(row, of)| {
                            let of = rows.value(start + **of as usize) as usize;
                            first.value(of) == second.value(*row)
                        })
                        .count();
                }
                *count += (rows.len() - same) as u64;
            }
        }
        Ok(())
    }

    /// The features of each view at these rows; those that a transform reads are computed with all
    /// events known.
    fn plain(&mut self, known: &Known<'_>) -> Result<Vec<Vec<ArrayRef>>> {
        let mut plain = known.stored.to_vec();
        for (view, features) in self.views.iter_mut().zip(&mut plain) {
            if view.read.is_empty() {
                continue;
            }
            let here = |placed: &Placed| placed.range().contains(&known.rows.start);
            // The old answers are freed first: there may be memory for only one stretch.
            view.placed = view.placed.take().filter(here);
            let placed = match view.placed.take() {
                Some(placed) => placed,
                None => view.answers.placed(known.rows.start)?,
            };
            if known.rows.end > placed.range().end {
                return Err(Error::bug("answers with every event in were cut elsewhere"));
            }
            let order = placed.order(known.rows.clone());
            for (column, position) in view.read.iter().enumerate() {
                let of = features[*position].data_type().clone();
                features[*position] = placed.column(column, order, &of)?;
            }
            view.placed = Some(placed);
        }
        Ok(plain)
    }
}

/// The rows in which some pair of columns has two different encodings.
fn rows_with_other_inputs<'a>(
    inputs: impl Iterator<Item = (&'a ArrayRef, &'a ArrayRef)>,
    rows: usize,
) -> Result<UInt32Array> {
    let pairs = inputs.map(|(a, b)| Ok((TypedColumn::new(a)?, TypedColumn::new(b)?)));
    let pairs: Vec<(TypedColumn, TypedColumn)> = pairs.collect::<Result<_>>()?;
    let differs = |row: &u32| {
        let row = *row as usize;
        pairs.iter().any(|(a, b)| a.value(row) != b.value(row))
    };
    Ok((0..rows as u32).filter(differs).collect::<Vec<u32>>().into())
}

fn misfit(error: arrow::error::ArrowError) -> Error {
    Error::bug("answers with every event in do not fit").because(error)
}

/// Counts for each feature the rows in which the two answers differ.
fn count_changed(known: &[ArrayRef], plain: &[ArrayRef], changed: &mut [u64]) -> Result<()> {
    for ((known, plain), changed) in known.iter().zip(plain).zip(changed) {
        let (a, b) = (TypedColumn::new(known)?, TypedColumn::new(plain)?);
        let differs = |row: &usize| a.value(*row) != b.value(*row);
        *changed += (0..known.len()).filter(differs).count() as u64;
    }
    Ok(())
}

/// The features by name, with their counts.
fn leakage(catalog: &Catalog, service: &Service, changed: Vec<Vec<u64>>) -> Vec<(String, u64)> {
    let mut leakage = Vec::new();
    for (view, changed) in service.views.iter().zip(changed) {
        let plan = &catalog.views()[view.view].plan.fold;
        for (feature, changed) in view.features.iter().zip(changed) {
            let name = &plan.features[*feature].column.name;
            leakage.push((format!("{}.{name}", plan.view.name), changed));
        }
    }
    leakage
}
