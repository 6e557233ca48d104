//! Compares the answers of a repeat with the first ones, and says where they differ.
//!
//! Invariant: equal means equal bits (S14), refusals and their reasons included. Deliberately
//! absent: any tolerance.

use arrow::array::RecordBatch;
use lockstep_core::aggregate::user::Part;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::flat::{GroupState, Refused, ViewRows, outcome_reason};
use lockstep_core::row::TypedColumn;
use lockstep_core::value::Value;
use std::ops::Range;

/// The most bytes of a value that an error shows.
const SHOWN_BYTES_MAX: usize = 200;

/// A value, or why the guest failed on it.
type Finalized = std::result::Result<Value, String>;

/// Two answers about one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The item, counted from the first one of the call.
    item: Option<usize>,
    /// The column, if both have one row.
    column: Option<String>,
    /// The answer that came first.
    first: String,
    /// The answer that came when the item was sent again.
    again: String,
}

impl Difference {
    /// The guest answered first, and failed when the item was sent again.
    pub(crate) fn failed(item: usize, reason: String) -> Difference {
        Difference { item: Some(item), column: None, first: "an answer".to_string(), again: reason }
    }

    /// The same, of an item that has no place: a group of states.
    pub(crate) fn nowhere(self) -> Difference {
        Difference { item: None, ..self }
    }

    /// The error of a function of an artifact, as in `view orders`, and of the view that it answers
    /// for.
    pub(crate) fn error(self, artifact: &str, function: String, view: Option<String>) -> Error {
        let Difference { item, column, first, again } = self;
        let place = column.as_ref().map_or(String::new(), |column| format!(", column {column:?}"));
        let message = format!(
            "artifact {artifact}: {function} is not pure{place}: it answered {first}, and {again} \
             when it was asked again on a fresh instance among other items; an answer may depend on \
             its event alone: no statics, no hash order, no addresses"
        );
        let position = item.map(|item| item as u64);
        Error::input(message).with_code(Code::Impure {
            view,
            function,
            position,
            column,
            first,
            again,
        })
    }
}

/// The first difference between the rows of `items`, which are `again`, and the rows that the same
/// items had in `first`.
pub(crate) fn differing_rows(
    first: &ViewRows,
    items: &[usize],
    again: &ViewRows,
) -> Result<Option<Difference>> {
    let (mut taken, mut source_rows, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let rows = rows_of(&first.source_rows, *item);
        source_rows.extend(rows.clone().map(|_| at as u32));
        taken.extend(rows);
        if let Some(reason) = refusal(&first.refused, *item) {
            let reason = reason.to_string();
            refused.push(Refused { row: at as u32, reason, exhausted: false });
        }
    }
    let same = source_rows == again.source_rows
        && refused == again.refused
        && same_columns(&first.rows, &taken, &again.rows)?;
    if same {
        return Ok(None);
    }
    for (at, item) in items.iter().enumerate() {
        let (rows, rows_again) =
            (rows_of(&first.source_rows, *item), rows_of(&again.source_rows, at));
        let said = (refusal(&first.refused, *item), refusal(&again.refused, at));
        let found = match rows.len() == rows_again.len() && said.0 == said.1 {
            true => differing_columns((&first.rows, rows), (&again.rows, rows_again))?,
            false => Some((None, answer(rows.len(), said.0), answer(rows_again.len(), said.1))),
        };
        if let Some((column, first, again)) = found {
            return Ok(Some(Difference { item: Some(*item), column, first, again }));
        }
    }
    Err(Error::bug("two outcomes differ, but not in any item"))
}

/// The first difference between the states or refusals of `items` and those that they had first.
pub(crate) fn differing_states(
    first: &[GroupState],
    items: &[usize],
    again: &[GroupState],
) -> Option<Difference> {
    differing(first, items, again, |state| match state {
        Ok(state) => format!("the state {}", hex(state)),
        Err(reason) => format!("{reason:?}"),
    })
}

/// As [`differing_states`], of values, whose equality is that of their encodings.
pub(crate) fn differing_values(
    first: &[Finalized],
    items: &[usize],
    again: &[Finalized],
) -> Option<Difference> {
    differing(first, items, again, |value| match value {
        Ok(value) => shown(&value.to_string()),
        Err(reason) => format!("{reason:?}"),
    })
}

fn differing<T: PartialEq>(
    first: &[T],
    items: &[usize],
    again: &[T],
    shown: impl Fn(&T) -> String,
) -> Option<Difference> {
    let mut pairs = items.iter().zip(again).map(|(item, again)| (*item, &first[*item], again));
    let (item, first, again) = pairs.find(|(_, first, again)| first != again)?;
    Some(Difference { item: Some(item), column: None, first: shown(first), again: shown(again) })
}

/// A state in hexadecimal digits.
pub(super) fn hex(state: &Part) -> String {
    let digits: String = state.iter().map(|byte| format!("{byte:02x}")).collect();
    shown(&format!("0x{digits}"))
}

fn rows_of(source_rows: &[u32], item: usize) -> Range<usize> {
    let before = |item: usize| source_rows.partition_point(|row| (*row as usize) < item);
    before(item)..before(item + 1)
}

fn refusal(refused: &[Refused], item: usize) -> Option<&str> {
    let at = refused.binary_search_by_key(&(item as u32), |refused| refused.row).ok()?;
    Some(&refused[at].reason)
}

fn answer(rows: usize, refused: Option<&str>) -> String {
    match (refused, rows) {
        (Some(reason), _) => format!("the refusal {reason:?}"),
        (None, 1) => "1 row".to_string(),
        (None, rows) => format!("{rows} rows"),
    }
}

/// A column's name and two values of it.
type TwoValues = (Option<String>, String, String);

fn differing_columns(
    (first, rows): (&RecordBatch, Range<usize>),
    (again, rows_again): (&RecordBatch, Range<usize>),
) -> Result<Option<TwoValues>> {
    let fields = first.schema_ref().fields().iter();
    for ((field, one), other) in fields.zip(first.columns()).zip(again.columns()) {
        let (one, other) = (TypedColumn::new(one)?, TypedColumn::new(other)?);
        for (row, row_again) in rows.clone().zip(rows_again.clone()) {
            let (one, other) = (one.value(row), other.value(row_again));
            if one != other {
                let name = field.name().clone();
                return Ok(Some((Some(name), shown(&one.to_string()), shown(&other.to_string()))));
            }
        }
    }
    Ok(None)
}

/// Whether the rows `taken` of `first` are all rows of `again`, in this order. Values are compared
/// one by one: gathering and encoding these few rows would take longer.
fn same_columns(first: &RecordBatch, taken: &[usize], again: &RecordBatch) -> Result<bool> {
    for (one, other) in first.columns().iter().zip(again.columns()) {
        let (one, other) = (TypedColumn::new(one)?, TypedColumn::new(other)?);
        let mut pairs = taken.iter().enumerate();
        if pairs.any(|(at, row)| one.value(*row) != other.value(at)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn shown(text: &str) -> String {
    let text = outcome_reason(text.as_bytes());
    match text.len() > SHOWN_BYTES_MAX {
        true => format!("{}…", &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]),
        false => text,
    }
}
