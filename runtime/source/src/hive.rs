//! Hive partitions: columns whose values are in the names of folders, as in `year=2024/month=05`.
//!
//! Invariant: a folder defines a column only if the source declares a column of that name; then
//! every event of the file has that value. The folder's text is read like a CSV field without
//! quotes (S6), except that an integer is never a time. If the file also contains the column, each event must agree with the folder; where
//! it does not, the value is bad, because one of the two is wrong and nobody can say which.
//! Deliberately absent: guessing types from the texts.

use super::column::ColumnBuilder;
use super::csv::{Field, decode};
use super::text::checked;
use arrow::array::{ArrayRef, Scalar, UInt32Array};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::take;
use lockstep_core::cell::{Cell, integer};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use lockstep_core::failure::in_column;
use lockstep_core::notation::Notation;
use lockstep_core::time::Time;
use lockstep_core::value::{Column, DataType};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Hive's name for the folder of a null.
const NULL_FOLDER: &str = "__HIVE_DEFAULT_PARTITION__";

/// One `key=value` folder, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    key: String,
    /// The text of the value; `None` for null.
    text: Option<String>,
}

impl Partition {
    /// The partitions of the file at `place`, from the folders in `folders`.
    pub(super) fn of(place: &str, folders: &str) -> Result<Vec<Partition>> {
        let mut found = Vec::new();
        for folder in folders.split('/') {
            let Some((key, value)) = folder.split_once('=').filter(|(key, _)| !key.is_empty())
            else {
                continue;
            };
            let decoded = |text: &str| {
                let decoded = percent_decode_str(text).decode_utf8();
                decoded.map(Cow::into_owned).map_err(|_| {
                    Error::input(format!(
                        "{place}: the folder {folder:?} is not UTF-8 once its % codes are read; \
                         rename it"
                    ))
                })
            };
            let text = if value == NULL_FOLDER { None } else { Some(decoded(value)?) };
            found.push(Partition { key: decoded(key)?, text });
        }
        Ok(found)
    }
}

/// The value that a file's folders give to one declared column.
pub(super) struct Constant {
    /// Its value.
    cell: Cell<'static>,
    /// The same as a column with one row.
    one: ArrayRef,
    folder: String,
}

/// For each declared column, the value that the folders give to it, if any.
pub(super) struct Constants(Vec<Option<Constant>>);

impl Constants {
    /// Folders that define no column.
    pub(super) fn none(schema: &SourceSchema) -> Constants {
        Constants(schema.columns.iter().map(|_| None).collect())
    }

    /// The values that `partitions` give to the columns of `schema`.
    pub(super) fn of(
        place: &str,
        partitions: &[Partition],
        schema: &SourceSchema,
    ) -> Result<Constants> {
        let mut constants = Constants::none(schema);
        for (index, column) in schema.columns.iter().enumerate() {
            let mut same = partitions.iter().filter(|partition| partition.key == column.name);
            let Some(partition) = same.next() else { continue };
            if same.next().is_some() {
                return Err(Error::input(format!(
                    "{place}: two folders of its path give column {:?}; rename one",
                    column.name
                )));
            }
            let constant = constant(schema, index, partition).map_err(|reason| {
                Error::input(format!(
                    "{place}: {reason}, in the name of its folder; rename the folder, or declare \
                     the column differently"
                ))
            })?;
            constants.0[index] = Some(constant);
        }
        Ok(constants)
    }

    /// The cells of a record that contains no column: null where the folders give no value.
    pub(super) fn cells(&self) -> Vec<Cell<'static>> {
        let cell = |constant: &Option<Constant>| constant.as_ref().map(|said| said.cell.clone());
        self.0.iter().map(|constant| cell(constant).unwrap_or(Cell::Null)).collect()
    }

    /// Checks that a cell of the file agrees with the folder.
    pub(super) fn checked<'a>(&self, index: usize, cell: Cell<'a>) -> Result<Cell<'a>, String> {
        match self.get(index) {
            Some(constant) if !constant.agrees(&cell) => Err(constant.reason()),
            _ => Ok(cell),
        }
    }

    /// The value that the folders give to column `index`.
    pub(super) fn get(&self, index: usize) -> Option<&Constant> {
        self.0[index].as_ref()
    }
}

fn constant(
    schema: &SourceSchema,
    index: usize,
    partition: &Partition,
) -> Result<Constant, String> {
    let column: &Column = &schema.columns[index];
    let cell = match &partition.text {
        _ if matches!(column.data_type, DataType::List(_) | DataType::Map(_)) => {
            Err(format!("it cannot hold {}", column.data_type))
        }
        None => Ok(Cell::Null),
        Some(text) => {
            let field = Field { text: text.as_str().into(), quoted: false };
            // An integer in a folder's name is more often a date such as 20240501 than a count of
            // some unit, so no declared unit applies to it.
            let notation = Notation { time_unit: None, ..schema.notation.clone() };
            match integer(text) {
                Ok(_) if column.data_type == DataType::Timestamp => {
                    Err(format!("{text:?} is no time; write the date as 2024-05-01"))
                }
                _ => decode(field, &column.data_type, &notation).map(Cell::into_owned),
            }
        }
    };
    let cell = checked(schema, index, cell).map_err(|reason| in_column(&column.name, &reason))?;
    let mut builder = ColumnBuilder::new(&column.data_type);
    builder.push(&cell);
    let text = partition.text.as_deref().unwrap_or(NULL_FOLDER);
    Ok(Constant { cell, one: builder.finish(), folder: format!("{}={text}", column.name) })
}

impl Constant {
    /// Its value, if it is a time.
    pub(super) fn time(&self) -> Option<Time> {
        match self.cell {
            Cell::Int(micros) => Time::new(micros),
            _ => None,
        }
    }

    /// The value repeated for `rows` rows.
    pub(super) fn rows(&self, rows: usize) -> Result<ArrayRef> {
        take(&self.one, &UInt32Array::from(vec![0; rows]), None)
            .map_err(|error| Error::bug("one value does not fill a column").because(error))
    }

    /// The value as shown in a message or in a record's JSON.
    pub(super) fn shown(&self) -> Cell<'_> {
        Cell::of(&self.one, 0)
    }

    /// The rows of `found`, a column of the declared type, with a different value.
    pub(super) fn disagreeing(&self, found: &ArrayRef) -> Result<Vec<usize>> {
        let differs = distinct(found, &Scalar::new(self.one.clone()))
            .map_err(|error| Error::bug("equal types do not compare").because(error))?;
        Ok(differs.values().set_indices().collect())
    }

    fn agrees(&self, cell: &Cell<'_>) -> bool {
        match (cell, &self.cell) {
            (Cell::Float64(found), Cell::Float64(said)) => found.to_bits() == said.to_bits(),
            (Cell::Float32(found), Cell::Float32(said)) => found.to_bits() == said.to_bits(),
            (found, said) => found == said,
        }
    }

    /// The reason to give for a value that differs from the folder's.
    pub(super) fn reason(&self) -> String {
        format!("the value is not that of the file's folder, {:?}", self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::schema;
    use arrow::array::{Array, BinaryArray, Date32Array, Decimal128Array, UInt64Array};
    use std::sync::Arc;

    /// Goal: a folder gives a column of each declared type its value, fills a column with it, and
    /// finds the rows that differ (S6). Method: a folder for each type, and a column of the file
    /// with the value, another value and a null.
    #[test]
    fn s06_folders_give_values_of_every_type() {
        let decimals = Decimal128Array::from(vec![Some(125), Some(126), None]);
        let decimals = decimals.with_precision_and_scale(5, 2).unwrap();
        let bytes = vec![Some(&b"\x00\xff"[..]), Some(b""), None];
        let table: [(&str, &str, ArrayRef); 4] = [
            (
                "uint64",
                "18446744073709551615",
                Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(0), None])),
            ),
            ("decimal(5,2)", "1.25", Arc::new(decimals)),
            ("bytes", "00ff", Arc::new(BinaryArray::from(bytes))),
            ("date", "2024-02-29", Arc::new(Date32Array::from(vec![Some(19_782), Some(0), None]))),
        ];
        for (declared, text, found) in table {
            let schema = schema(&["t timestamp", &format!("x {declared}?")]);
            let partitions = Partition::of("f", &format!("x={text}")).unwrap();
            let constants = Constants::of("f", &partitions, &schema).unwrap();
            let constant = constants.get(1).unwrap();
            let rows = constant.rows(2).unwrap();
            assert_eq!(rows.data_type(), found.data_type(), "{declared}");
            assert_eq!(&rows.slice(1, 1), &found.slice(0, 1), "{declared}");
            assert_eq!(constant.disagreeing(&found).unwrap(), [1, 2], "{declared}");
        }
    }

    /// Goal: a folder whose text is no value of the type refuses its file (S6).
    #[test]
    fn s06_wrong_folders_of_every_type_are_refused() {
        for (declared, text) in
            [("int8", "128"), ("decimal(5,2)", "1.255"), ("bytes", "0"), ("date", "20240229")]
        {
            let schema = schema(&["t timestamp", &format!("x {declared}?")]);
            let partitions = Partition::of("f", &format!("x={text}")).unwrap();
            let refused = Constants::of("f", &partitions, &schema).err().unwrap().message;
            assert!(refused.contains("column \"x\"") && refused.contains(text), "{refused}");
        }
    }
}
