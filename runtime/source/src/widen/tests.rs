//! Tests of widening: dictionaries and lists of every type, and the types that are refused.

use super::*;
use arrow::array::{
    Date64Array, Decimal64Array, DictionaryArray, FixedSizeBinaryArray, Int8Array, Int16Array,
};
use arrow::buffer::Buffer;
use arrow::util::display::array_value_to_string;
use std::collections::HashMap;

/// Four values of one type, of which the last does not fit, and the texts of the first three
/// as the declared type.
fn table() -> Vec<(ArrayRef, &'static str, [&'static str; 3])> {
    let decimals = Decimal64Array::from(vec![125, 0, -99_990, 100_000]);
    let decimals = decimals.with_precision_and_scale(18, 2).unwrap();
    let whole = Decimal64Array::from(vec![25, 0, 1, 26]);
    let days = Date64Array::from(vec![0, 86_400_000, -86_400_000, 1]);
    vec![
        (Arc::new(Int16Array::from(vec![127, 0, -128, 128])), "int8", ["127", "0", "-128"]),
        (Arc::new(Int16Array::from(vec![255, 0, 1, -1])), "uint32", ["255", "0", "1"]),
        (Arc::new(decimals), "decimal(4,1)", ["bad", "0.0", "-999.9"]),
        (Arc::new(whole.with_precision_and_scale(9, -1).unwrap()), "uint8", ["250", "0", "10"]),
        (Arc::new(days), "date", ["1970-01-01", "1970-01-02", "1969-12-31"]),
    ]
}

fn widened(array: &ArrayRef, declared: &str) -> (ArrayRef, BadRows) {
    let expected: DataType = declared.to_string().try_into().unwrap();
    let field = Field::new("x", array.data_type().clone(), true);
    assert!(accepts(&field, &expected, &Notation::default()), "{declared}");
    let mut bad = BadRows::default();
    let found = widen(array, &expected, &Notation::default(), &mut bad).unwrap();
    assert_eq!(*found.data_type(), arrow_type(&expected));
    (found, bad)
}

fn shown(array: &ArrayRef, row: usize) -> String {
    array_value_to_string(array, row).unwrap()
}

/// Goal: a dictionary is read as its values: a value that does not fit makes bad exactly the
/// rows that have it (S6). Method: keys in another order, twice, null, and a value that no row
/// has.
#[test]
fn s06_dictionaries_are_read_as_their_values() {
    for (values, declared, texts) in table() {
        let keys = Int8Array::from(vec![Some(2), Some(0), None, Some(3), Some(1), Some(2)]);
        let array: ArrayRef = Arc::new(DictionaryArray::new(keys, values));
        let (found, bad) = widened(&array, declared);
        let expect = [texts[2], texts[0], "", "bad", texts[1], texts[2]];
        for (row, text) in expect.into_iter().enumerate() {
            assert_eq!(bad.reason(row).is_some(), text == "bad", "{declared} {row}");
            assert_eq!(shown(&found, row), text.replace("bad", ""), "{declared}");
        }
        let (_, bad) = widened(&array.slice(4, 2), declared);
        assert_eq!(bad.len(), 0, "{declared}");
    }
}

/// Goal: a list is bad if one of its items is, and otherwise has exactly its items; what lies
/// behind a null list is not judged (S6). Method: one good list, one with a bad item, one that
/// is null with that item behind it, and an empty one; whole and sliced.
#[test]
fn s06_lists_are_read_item_by_item() {
    for (values, declared, texts) in table() {
        let item = Arc::new(Field::new("item", values.data_type().clone(), true));
        let chosen = UInt64Array::from(vec![Some(1), None, Some(2), Some(3), Some(3)]);
        let items = take(&values, &chosen, None).unwrap();
        let offsets = OffsetBuffer::from_lengths([3, 1, 1, 0]);
        let valid = NullBuffer::from(vec![true, true, false, true]);
        let array: ArrayRef = Arc::new(ListArray::new(item, offsets, items, Some(valid)));
        let declared = format!("list<{declared}>");
        let (found, bad) = widened(&array, &declared);
        assert_eq!(shown(&found, 0), format!("[{}, , {}]", texts[1], texts[2]));
        let reason = bad.reason(1).unwrap();
        assert!(reason.starts_with("an element is bad: "), "{reason}");
        assert_eq!((bad.len(), found.is_null(2)), (1, true));
        let (found, bad) = widened(&array.slice(2, 2), &declared);
        assert_eq!((bad.len(), found.is_null(0), shown(&found, 1)), (0, true, "[]".into()));
        assert_eq!(found.as_list::<i32>().values().len(), 0);
    }
}

/// Goal: bytes within dictionaries and lists are read too, and a UUID as its bytes (S6).
#[test]
fn s06_nested_bytes_are_read() {
    let ids = FixedSizeBinaryArray::new(16, Buffer::from([7_u8; 48].to_vec()), None);
    let ids: ArrayRef = Arc::new(ids);
    let keys = Int8Array::from(vec![Some(2), None, Some(0)]);
    let array: ArrayRef = Arc::new(DictionaryArray::new(keys, Arc::clone(&ids)));
    let (found, bad) = widened(&array, "bytes");
    let bytes: Vec<_> = found.as_binary::<i32>().iter().collect();
    assert_eq!((bytes, bad.len()), (vec![Some(&[7; 16][..]), None, Some(&[7; 16])], 0));
    let item = Field::new("item", ids.data_type().clone(), true);
    let uuid = [("ARROW:extension:name".to_string(), "arrow.uuid".to_string())];
    let item = Arc::new(item.with_metadata(HashMap::from(uuid)));
    let offsets = OffsetBuffer::from_lengths([1, 2]);
    let array: ArrayRef = Arc::new(ListArray::new(Arc::clone(&item), offsets, ids, None));
    let (found, _) = widened(&array, "list<bytes>");
    assert_eq!(found.as_list::<i32>().values().as_binary::<i32>().value(2), [7; 16]);
    assert!(accepts(&item, &DataType::String, &Notation::default()));
    let (found, _) = widened(&array, "list<string>");
    let text = "07070707-0707-0707-0707-070707070707";
    assert_eq!(found.as_list::<i32>().values().as_string::<i32>().value(2), text);
}

/// Goal: a type that could hold a value only by a rule of its own is refused (S6). Method: pairs
/// of types, each with a value that some reader would convert.
#[test]
fn s06_other_types_are_refused() {
    use ArrowType as A;
    let micros = A::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None);
    let refused = [
        (A::Float64, "decimal(38,0)"),
        (A::Float16, "decimal(38,0)"),
        (A::Float64, "int8"),
        (A::Boolean, "uint8"),
        (micros.clone(), "date"),
        (micros, "int64"),
        (A::Int32, "date"),
        (A::Date32, "int32"),
        (A::Utf8, "date"),
        (A::Utf8, "bytes"),
        (A::Utf8View, "bytes"),
        (A::Utf8, "decimal(5,2)"),
        (A::Int8, "bytes"),
        (A::Binary, "string"),
        (A::FixedSizeBinary(16), "string"),
        (A::FixedSizeBinary(16), "decimal(38,0)"),
        (A::Decimal128(5, 0), "date"),
        (A::Int64, "float64"),
    ];
    for (found, declared) in refused {
        let expected = declared.to_string().try_into().unwrap();
        let keyed = A::Dictionary(Box::new(A::Int8), Box::new(found.clone()));
        for found in [found, keyed] {
            let field = Field::new("x", found, true);
            assert!(!accepts(&field, &expected, &Notation::default()), "{field} {declared}");
        }
    }
}
