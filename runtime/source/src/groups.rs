//! Row-group pruning: which row groups of a Parquet file are skipped.
//!
//! Invariant: a row group is skipped only if the footer proves that none of its events lies in the
//! needed time range: the bounds of the event time are given, no event time is null, and both
//! bounds are valid times (S2). Bounds are converted to times in the same way as values; the
//! conversion is monotone, so converted bounds are bounds of the converted values. Skipped rows
//! still count for positions. Deliberately absent: trust in the bounds of 96-bit times, whose order
//! no writer keeps, and in the bounds of files so old that they do not say which order was used.
//!
//! # Why this is sound
//!
//! A value is a function of the rows in its windows alone (S1), and the range contains every
//! window, so rows outside it cannot change a value directly. They could through event ids (S10):
//! an admitted event makes a later one with the same id a copy or a conflict. So in a source with
//! event ids, row groups are skipped only at the end of the source, where nothing after them is
//! read: then no event that is read comes after one that was skipped. The only loss is that bad,
//! repeated or conflicting events among the skipped ones are not reported.

use super::columnar::Projection;
use super::hive::{Constant, Constants};
use super::widen::{BadRows, widen};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Schema, TimestampMicrosecondType};
use lockstep_core::event::SourceSchema;
use lockstep_core::notation::Notation;
use lockstep_core::time::{Interval, Time};
use lockstep_core::value::DataType;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::basic::Type as PhysicalType;
use parquet::file::metadata::ParquetMetaData;
use std::collections::VecDeque;
use std::ops::Range;

/// What a reader skipped because nobody needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Parquet row groups.
    pub row_groups: u64,
    /// The rows in those groups.
    pub rows: u64,
}

impl PassedOver {
    /// Adds what the reader of another file skipped.
    pub(super) fn add(&mut self, other: PassedOver) {
        self.row_groups += other.row_groups;
        self.rows += other.rows;
    }
}

/// Which row groups may be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pruning {
    /// None.
    Nothing,
    /// Those without an event in the interval.
    Outside(Interval),
    /// Those without an event in the interval, at the end of the file only.
    OutsideAtTheEnd(Interval),
}

/// Consecutive row groups that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Skipped rows before this run.
    pub(super) passed: u64,
    pub(super) groups: Range<usize>,
    /// Rows of its first group that come before the start position.
    pub(super) offset: u64,
    /// The number of rows to read.
    pub(super) rows: u64,
}

/// The row groups to be read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) runs: VecDeque<Run>,
    /// Skipped rows after the last run.
    pub(super) passed: u64,
    pub(super) passed_over: PassedOver,
}

impl Plan {
    /// Which parts to read of row groups with `group_rows` rows, from row `skip` on. `needless`
    /// says for each group whether it can be skipped, and `together` whether a run may grow by one
    /// more group.
    pub(super) fn new(
        group_rows: &[u64],
        skip: u64,
        needless: &[bool],
        together: impl Fn(&Range<usize>, usize) -> bool,
    ) -> Plan {
        let mut plan = Plan::default();
        let mut before = skip;
        let mut open: Option<Run> = None;
        for (group, &rows) in group_rows.iter().enumerate() {
            let offset = before.min(rows);
            before -= offset;
            if offset == rows {
                continue;
            }
            let rows = rows - offset;
            if needless[group] {
                plan.runs.extend(open.take());
                plan.passed += rows;
                plan.passed_over.add(PassedOver { row_groups: 1, rows });
                continue;
            }
            match &mut open {
                Some(run) if run.groups.end == group && together(&run.groups, group) => {
                    run.groups.end = group + 1;
                    run.rows += rows;
                }
                _ => {
                    plan.runs.extend(open.take());
                    let passed = std::mem::take(&mut plan.passed);
                    open = Some(Run { passed, groups: group..group + 1, offset, rows });
                }
            }
        }
        plan.runs.extend(open);
        plan
    }
}

impl Pruning {
    /// For each row group, whether it can be skipped.
    pub(super) fn needless(
        self,
        metadata: &ArrowReaderMetadata,
        schema: &SourceSchema,
        (projection, constants): (&Projection, &Constants),
    ) -> Vec<bool> {
        let (footer, found) = (metadata.metadata(), metadata.schema());
        let (range, at_the_end) = match self {
            Pruning::Nothing => return vec![false; footer.num_row_groups()],
            Pruning::Outside(range) => (range, false),
            Pruning::OutsideAtTheEnd(range) => (range, true),
        };
        let outside = |bounds: &Option<(Time, Time)>| {
            bounds.is_some_and(|(least, greatest)| greatest < range.start || least >= range.end)
        };
        let bounds = match projection.column_of(schema.time) {
            Some(column) => time_bounds(footer, found, column, &schema.notation),
            None => {
                let time = constants.get(schema.time).and_then(Constant::time);
                vec![time.map(|time| (time, time)); footer.num_row_groups()]
            }
        };
        let mut needless: Vec<bool> = bounds.iter().map(outside).collect();
        if at_the_end {
            let kept = needless.iter().rposition(|needless| !needless).map_or(0, |at| at + 1);
            needless[..kept].fill(false);
        }
        needless
    }
}

/// The least and the greatest event time of each row group, from column `column` of the file, where
/// the footer proves them.
fn time_bounds(
    footer: &ParquetMetaData,
    found: &Schema,
    column: usize,
    notation: &Notation,
) -> Vec<Option<(Time, Time)>> {
    let unknown = vec![None; footer.num_row_groups()];
    let parquet = footer.file_metadata().schema_descr();
    let leaf = (0..parquet.num_columns()).find(|at| parquet.get_column_root_idx(*at) == column);
    let Some(leaf) = leaf.filter(|at| parquet.column(*at).physical_type() != PhysicalType::INT96)
    else {
        return unknown;
    };
    let Ok(reader) = StatisticsConverter::from_column_index(leaf, found.field(column), parquet)
    else {
        return unknown;
    };
    let least = reader.row_group_mins(footer.row_groups()).ok().and_then(|it| times(&it, notation));
    let greatest =
        reader.row_group_maxes(footer.row_groups()).ok().and_then(|it| times(&it, notation));
    let Some((least, greatest)) = least.zip(greatest) else { return unknown };
    let never_null = parquet.column(leaf).max_def_level() == 0;
    let groups = footer.row_groups().iter().zip(least.into_iter().zip(greatest));
    let bounds = groups.map(|(group, (least, greatest))| {
        let statistics = group.column(leaf).statistics()?;
        let no_null = never_null || statistics.null_count_opt() == Some(0);
        let known = no_null && !statistics.is_min_max_deprecated();
        least.zip(greatest).filter(|(least, greatest)| known && least <= greatest)
    });
    bounds.collect()
}

/// Converts bounds to times as values are; `None` where a bound is unknown or not a valid time.
fn times(bounds: &ArrayRef, notation: &Notation) -> Option<Vec<Option<Time>>> {
    let mut bad = BadRows::default();
    let widened = widen(bounds, &DataType::Timestamp, notation, &mut bad).ok()?;
    let micros = widened.as_primitive::<TimestampMicrosecondType>();
    let time = |at: usize| {
        let known = micros.is_valid(at) && bad.reason(at).is_none();
        Some(micros.value(at)).filter(|_| known).and_then(Time::new)
    };
    Some((0..micros.len()).map(time).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the rows that are read and those that are skipped together make up the file, in order,
    /// from every start. Method: groups of several sizes, one empty, every start and every choice
    /// of skipped groups.
    #[test]
    fn s24_runs_and_gaps_make_up_the_file() {
        let group_rows = [3, 0, 2, 1, 4];
        let total: u64 = group_rows.iter().sum();
        for (skip, choice) in (0..=total).flat_map(|skip| (0..32).map(move |c| (skip, c))) {
            let needless: Vec<bool> = (0..5).map(|at| choice >> at & 1 == 1).collect();
            for most in [1, 2, 5] {
                let together = |run: &Range<usize>, _| run.len() < most;
                let plan = Plan::new(&group_rows, skip, &needless, together);
                let mut at = skip;
                let mut read = Vec::new();
                for run in &plan.runs {
                    at += run.passed;
                    assert!(run.groups.len() <= most && run.rows > 0);
                    let first: u64 = group_rows[..run.groups.start].iter().sum();
                    assert_eq!(first + run.offset, at);
                    read.extend(at..at + run.rows);
                    at += run.rows;
                }
                assert_eq!(at + plan.passed, total);
                let group = |row: u64| {
                    let ends = group_rows.iter().scan(0, |end, rows| {
                        *end += rows;
                        Some(*end)
                    });
                    ends.take_while(|end| *end <= row).count()
                };
                let expect: Vec<u64> = (skip..total).filter(|row| !needless[group(*row)]).collect();
                assert_eq!(read, expect);
                assert_eq!(plan.passed_over.rows, total - skip - expect.len() as u64);
            }
        }
    }
}
