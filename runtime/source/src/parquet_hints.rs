//! The Arrow types that a Parquet file names in its footer as hints of how to read its columns.
//!
//! Invariant: no hint keeps a column from being read that Parquet itself holds. The library keeps
//! the dictionaries of a column where the footer names one, but it cannot for every type of values;
//! those columns are read as their values. Deliberately absent: what a column may be declared as.

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use std::sync::Arc;

/// The schema with each dictionary that the library cannot read replaced by its values; `None` if
/// there is none.
pub(super) fn readable(schema: &Schema) -> Option<Schema> {
    let fields = of_fields(schema.fields())?;
    Some(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn of_fields(fields: &Fields) -> Option<Fields> {
    let changed: Vec<Option<Field>> = fields.iter().map(of_field).collect();
    if changed.iter().all(Option::is_none) {
        return None;
    }
    let pairs = fields.iter().zip(changed);
    Some(pairs.map(|(old, new)| new.map_or_else(|| Arc::clone(old), Arc::new)).collect())
}

fn of_field(field: &FieldRef) -> Option<Field> {
    use DataType as D;
    let item = |item: &FieldRef| of_field(item).map(Arc::new);
    let found = match field.data_type() {
        D::Dictionary(_, value) if !is_kept(value) => (**value).clone(),
        D::List(of) => D::List(item(of)?),
        D::LargeList(of) => D::LargeList(item(of)?),
        D::FixedSizeList(of, size) => D::FixedSizeList(item(of)?, *size),
        D::Struct(fields) => D::Struct(of_fields(fields)?),
        D::Map(entries, sorted) => D::Map(item(entries)?, *sorted),
        _ => return None,
    };
    Some(field.as_ref().clone().with_data_type(found))
}

/// Whether the library reads dictionaries of such values.
fn is_kept(value: &DataType) -> bool {
    use DataType as D;
    !(value.is_decimal() || matches!(value, D::Boolean | D::Float16 | D::Interval(_)))
}

#[cfg(test)]
mod tests {
    use crate::read_table;
    use arrow::array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
        FixedSizeBinaryArray, Float64Array, Int8Array, Int32Array, ListArray, RecordBatch,
        StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Field};
    use parquet::arrow::ArrowWriter;
    use std::sync::Arc;

    fn keyed(values: ArrayRef) -> ArrayRef {
        Arc::new(DictionaryArray::new(Int32Array::from(vec![Some(1), None, Some(0)]), values))
    }

    /// Goal: a dictionary of any values that Parquet holds is read with these values, at the top, in
    /// a list and in a struct; and so are the columns beside it. Method: files whose footers name
    /// the dictionary.
    #[test]
    fn dictionaries_of_any_values_are_read() {
        let decimals = |precision, scale| -> ArrayRef {
            let array = Decimal128Array::from(vec![1250, -1]);
            Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
        };
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.5, -0.0]));
        let to = |array: &ArrayRef, data_type| cast(array, &data_type).unwrap();
        let times = TimestampMicrosecondArray::from(vec![1, -1]).with_timezone("UTC");
        let ids = FixedSizeBinaryArray::try_from_iter([[7; 16], [8; 16]].into_iter()).unwrap();
        let values: Vec<ArrayRef> = vec![
            Arc::new(BooleanArray::from(vec![true, false])),
            Arc::new(Int8Array::from(vec![i8::MIN, 1])),
            Arc::new(UInt64Array::from(vec![u64::MAX, 1])),
            numbers.clone(),
            to(&numbers, DataType::Float16),
            to(&numbers, DataType::Float32),
            decimals(38, 9),
            decimals(4, 2),
            to(&decimals(12, 2), DataType::Decimal256(60, 2)),
            to(&decimals(4, 2), DataType::Decimal32(9, 2)),
            Arc::new(StringArray::from(vec!["é", ""])),
            Arc::new(BinaryArray::from(vec![&b"\x00"[..], b""])),
            Arc::new(ids),
            Arc::new(Date32Array::from(vec![1, -1])),
            Arc::new(times),
        ];
        let folder = tempfile::tempdir().unwrap();
        for values in values {
            let what = values.data_type().clone();
            let x = keyed(values);
            let item = Arc::new(Field::new("item", x.data_type().clone(), true));
            let list = ListArray::new(
                item.clone(),
                OffsetBuffer::from_lengths([2, 0, 1]),
                x.clone(),
                None,
            );
            let pair = StructArray::new(vec![item].into(), vec![x.clone()], None);
            let columns: [(&str, ArrayRef); 4] = [
                ("x", x),
                ("list", Arc::new(list)),
                ("pair", Arc::new(pair)),
                ("n", Arc::new(Int32Array::from(vec![1, 2, 3]))),
            ];
            let batch = RecordBatch::try_from_iter(columns).unwrap();
            let path = folder.path().join("x.parquet");
            let file = std::fs::File::create(&path).unwrap();
            let Ok(mut writer) = ArrowWriter::try_new(file, batch.schema(), None) else { continue };
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let back = read_table(&path, &[]).unwrap_or_else(|error| panic!("{what}: {error}"));
            for (found, wrote) in back.columns().iter().zip(batch.columns()) {
                assert_eq!(found, &cast(wrote, found.data_type()).unwrap(), "{what}");
            }
        }
    }
}
