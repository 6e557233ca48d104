//! Tests of the flat batch: every type survives a round trip, and every malformed batch is
//! rejected.
//!
//! Method: batches are built value by value through Arrow's builders and read back value by value;
//! malformed ones are made by changing valid bytes, at chosen and at random places.

use super::*;
use crate::event::{arrow_schema, arrow_type};
use crate::row::TypedColumn;
use crate::value::{Column, DataType, Decimal, Value, power_of_ten};
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Float32Array, Float64Array, Int64Array, ListArray, PrimitiveArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{
    Field, Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use proptest::prelude::*;
use std::sync::Arc;

/// An array of `data_type` with these values or nulls.
fn array(data_type: &DataType, values: &[Value]) -> ArrayRef {
    fn each<T>(values: &[Value], get: fn(&Value) -> T) -> impl Iterator<Item = Option<T>> {
        values.iter().map(move |value| (!value.is_null()).then(|| get(value)))
    }
    macro_rules! get {
        ($variant:ident) => {
            |value| match value {
                Value::$variant(inner) => inner.clone(),
                other => panic!("{other:?}"),
            }
        };
    }
    match data_type {
        DataType::Bool => Arc::new(each(values, get!(Bool)).collect::<BooleanArray>()),
        DataType::Int64 => Arc::new(each(values, get!(Int64)).collect::<Int64Array>()),
        DataType::Float32 => Arc::new(each(values, get!(Float32)).collect::<Float32Array>()),
        DataType::Float64 => Arc::new(each(values, get!(Float64)).collect::<Float64Array>()),
        DataType::String => Arc::new(each(values, get!(String)).collect::<StringArray>()),
        DataType::Timestamp => {
            let array: TimestampMicrosecondArray = each(values, get!(Timestamp)).collect();
            Arc::new(array.with_timezone("UTC"))
        }
        DataType::List(element) => {
            let lists: Vec<Option<Vec<Value>>> = each(values, get!(List)).collect();
            let items: Vec<Value> = lists.iter().flatten().flatten().cloned().collect();
            let lengths = lists.iter().map(|list| list.as_ref().map_or(0, Vec::len));
            let field = Arc::new(Field::new("item", arrow_type(element), true));
            let offsets = OffsetBuffer::from_lengths(lengths);
            let nulls = lists.iter().map(Option::is_some).collect::<Vec<bool>>().into();
            Arc::new(ListArray::new(field, offsets, array(element, &items), Some(nulls)))
        }
        DataType::Map(_) => unreachable!("no flat batch holds a map"),
        DataType::Int8 => narrow::<Int8Type, _>(each(values, get!(Int64))),
        DataType::Int16 => narrow::<Int16Type, _>(each(values, get!(Int64))),
        DataType::Int32 => narrow::<Int32Type, _>(each(values, get!(Int64))),
        DataType::UInt8 => narrow::<UInt8Type, _>(each(values, get!(UInt64))),
        DataType::UInt16 => narrow::<UInt16Type, _>(each(values, get!(UInt64))),
        DataType::UInt32 => narrow::<UInt32Type, _>(each(values, get!(UInt64))),
        DataType::UInt64 => narrow::<UInt64Type, _>(each(values, get!(UInt64))),
        DataType::Date => Arc::new(each(values, get!(Date)).collect::<Date32Array>()),
        DataType::Bytes => Arc::new(each(values, get!(Bytes)).collect::<BinaryArray>()),
        DataType::Decimal { precision, scale } => {
            let digits = each(values, get!(Decimal)).map(|value| value.map(|it| it.unscaled));
            let digits: Decimal128Array = digits.collect();
            Arc::new(digits.with_precision_and_scale(*precision, *scale as i8).unwrap())
        }
    }
}

fn narrow<T, V>(values: impl Iterator<Item = Option<V>>) -> ArrayRef
where
    T: ArrowPrimitiveType<Native: TryFrom<V, Error: std::fmt::Debug>>,
{
    let values = values.map(|value| value.map(|value| T::Native::try_from(value).unwrap()));
    Arc::new(PrimitiveArray::<T>::from_iter(values))
}

fn values(array: &ArrayRef) -> Vec<Value> {
    let column = TypedColumn::new(array).unwrap();
    (0..array.len()).map(|row| column.value(row)).collect()
}

fn column(data_type: DataType) -> Column {
    Column { name: "c".into(), data_type, nullable: true, description: String::new() }
}

fn list(element: DataType) -> DataType {
    DataType::List(Box::new(element))
}

fn any_type() -> impl Strategy<Value = DataType> {
    let leaf = prop_oneof![
        Just(DataType::Bool),
        Just(DataType::Int64),
        Just(DataType::Float32),
        Just(DataType::Float64),
        Just(DataType::String),
        Just(DataType::Timestamp),
        Just(DataType::Int8),
        Just(DataType::Int16),
        Just(DataType::Int32),
        Just(DataType::UInt8),
        Just(DataType::UInt16),
        Just(DataType::UInt32),
        Just(DataType::UInt64),
        Just(DataType::Date),
        Just(DataType::Bytes),
        (1u8..=38).prop_map(|precision| DataType::Decimal { precision, scale: precision / 2 }),
    ];
    leaf.prop_recursive(2, 3, 1, |inner| inner.prop_map(list))
}

fn any_value(data_type: &DataType) -> BoxedStrategy<Value> {
    let present = match data_type {
        DataType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        DataType::Float32 => {
            any::<u32>().prop_map(|bits| Value::Float32(f32::from_bits(bits))).boxed()
        }
        DataType::Float64 => {
            any::<u64>().prop_map(|bits| Value::Float64(f64::from_bits(bits))).boxed()
        }
        DataType::String => "[a-cé\u{10348}]{0,3}".prop_map(|t| Value::String(t.into())).boxed(),
        DataType::Timestamp => any::<i64>().prop_map(Value::Timestamp).boxed(),
        DataType::List(element) => {
            prop::collection::vec(any_value(element), 0..4).prop_map(Value::List).boxed()
        }
        DataType::Map(_) => unreachable!("no flat batch holds a map"),
        DataType::Date => any::<i32>().prop_map(Value::Date).boxed(),
        DataType::Bytes => {
            prop::collection::vec(any::<u8>(), 0..4).prop_map(|b| Value::Bytes(b.into())).boxed()
        }
        DataType::Decimal { precision, scale } => {
            let (most, scale) = (power_of_ten(*precision) - 1, *scale);
            let value = prop_oneof![Just(most), Just(-most), -most..=most];
            let decimal = move |unscaled| Value::Decimal(Box::new(Decimal { unscaled, scale }));
            value.prop_map(decimal).boxed()
        }
        integer => {
            let (least, most) = integer.integer_range().unwrap();
            let unsigned = integer.is_unsigned();
            let value = prop_oneof![Just(least), Just(most), least..=most];
            let value = value.prop_map(move |value| match unsigned {
                true => Value::UInt64(value as u64),
                false => Value::Int64(value as i64),
            });
            value.boxed()
        }
    };
    prop_oneof![1 => Just(Value::Null), 4 => present].boxed()
}

/// Columns of one length with their types, and a slice of their rows.
fn any_batch() -> impl Strategy<Value = (Vec<(DataType, Vec<Value>)>, std::ops::Range<usize>)> {
    let columns =
        (prop::collection::vec(any_type(), 1..4), 0usize..20).prop_flat_map(|(types, rows)| {
            let column = move |data_type: DataType| {
                let values = prop::collection::vec(any_value(&data_type), rows..=rows);
                values.prop_map(move |values| (data_type.clone(), values))
            };
            types.into_iter().map(column).collect::<Vec<_>>()
        });
    (columns, any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(
        |(columns, a, b)| {
            let rows = columns[0].1.len();
            let (a, b) = (a.index(rows + 1), b.index(rows + 1));
            (columns, a.min(b)..a.max(b))
        },
    )
}

fn batch(columns: &[(DataType, Vec<Value>)]) -> RecordBatch {
    let declared: Vec<Column> = columns
        .iter()
        .enumerate()
        .map(|(at, (data_type, _))| Column { name: format!("c{at}"), ..column(data_type.clone()) })
        .collect();
    let arrays = columns.iter().map(|(data_type, values)| array(data_type, values)).collect();
    RecordBatch::try_new(arrow_schema(&declared), arrays).unwrap()
}

fn encoded(batch: &RecordBatch) -> Vec<u8> {
    let mut out = vec![7; 3];
    encode(batch, &mut out).unwrap();
    out
}

proptest! {
    /// Goal: every type survives a round trip (S14), and what a slice hides does not show in the
    /// bytes. Method: a slice compared with the same rows built anew.
    #[test]
    fn s14_batches_survive((columns, rows) in any_batch()) {
        let slice = batch(&columns).slice(rows.start, rows.len());
        let part: Vec<_> =
            columns.iter().map(|(ty, all)| (ty.clone(), all[rows.clone()].to_vec())).collect();
        let bytes = encoded(&slice);
        prop_assert_eq!(&bytes, &encoded(&batch(&part)));
        let decoded = decode(&slice.schema(), &bytes).unwrap();
        for (column, (_, expected)) in decoded.columns().iter().zip(&part) {
            prop_assert_eq!(&values(column), expected);
        }
        // NaNs became canonical; apart from them the bytes are the same.
        let again = encoded(&decoded);
        prop_assert_eq!(again.len(), bytes.len());
        prop_assert_eq!(encoded(&decode(&slice.schema(), &again).unwrap()), again);
    }

    /// Goal: no bytes make the host panic, and what it accepts is a valid batch. Method: valid
    /// bytes with some changed, cut or added.
    #[test]
    fn s09_damaged_batches_do_no_harm(
        (columns, _) in any_batch(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let batch = batch(&columns);
        let mut bytes = encoded(&batch);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(decoded) = decode(&batch.schema(), &bytes) {
            decoded.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
            prop_assert!(decode(&batch.schema(), &encoded(&decoded)).is_ok());
        }
    }
}

/// Goal: a decimal with more digits than its type is refused. Method: the least and the greatest
/// that do not fit.
#[test]
fn s09_decimals_keep_their_precision() {
    let batch = batch(&[(
        DataType::Decimal { precision: 38, scale: 0 },
        vec![Value::Decimal(Box::new(Decimal { unscaled: 1000, scale: 0 }))],
    )]);
    let bytes = encoded(&batch);
    for (precision, fits) in [(4, true), (3, false)] {
        let schema = arrow_schema(&[column(DataType::Decimal { precision, scale: 0 })]);
        assert_eq!(decode(&schema, &bytes).is_ok(), fits, "{precision}");
    }
}

/// Goal: data behind nulls shows neither in the bytes nor in what is read (equal columns have equal
/// bytes). Method: arrays whose nulls cover values, compared with arrays whose nulls do not.
#[test]
fn s14_nothing_shows_behind_nulls() {
    use arrow::buffer::NullBuffer;
    let nulls = || Some(NullBuffer::from(vec![true, false, true]));
    let numbers = Int64Array::new(vec![1, 99, 3].into(), nulls());
    let texts = StringArray::from(vec!["a", "hidden", "c"]);
    let texts = StringArray::new(texts.offsets().clone(), texts.values().clone(), nulls());
    let bits = BooleanArray::new(vec![true, true, false].into(), nulls());
    let field = Arc::new(Field::new("item", arrow_type(&DataType::Int64), true));
    let offsets = OffsetBuffer::from_lengths([1, 2, 1]);
    let items: ArrayRef = Arc::new(Int64Array::from(vec![5, 98, 97, 6]));
    let lists = ListArray::new(field, offsets, items, nulls());
    let hiding: Vec<ArrayRef> =
        vec![Arc::new(numbers), Arc::new(texts), Arc::new(bits), Arc::new(lists)];
    let types = [DataType::Int64, DataType::String, DataType::Bool, list(DataType::Int64)];
    for (hiding, data_type) in hiding.into_iter().zip(types) {
        let plain = array(&data_type, &values(&hiding));
        let schema = arrow_schema(&[column(data_type)]);
        let hiding = RecordBatch::try_new(schema.clone(), vec![hiding]).unwrap();
        let plain = RecordBatch::try_new(schema, vec![plain]).unwrap();
        assert_eq!(encoded(&hiding), encoded(&plain));
    }
}

/// Goal: every NaN that leaves a guest becomes the canonical quiet NaN, in lists too, and nothing
/// else changes (S14).
#[test]
fn s14_nans_are_canonical_after_decoding() {
    let others = [1, 0x8000_0000_0000_0000, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000];
    let nans = [0x7ff0_0000_0000_0001, 0xffff_ffff_ffff_ffff, 0xfff8_0000_0000_0000];
    let bits: Vec<u64> = others.into_iter().chain(nans).collect();
    let doubles = bits.iter().map(|bits| f64::from_bits(*bits)).collect::<Float64Array>();
    let column = column(DataType::Float64);
    let batch = RecordBatch::try_new(arrow_schema(&[column]), vec![Arc::new(doubles)]).unwrap();
    let decoded = decode(&batch.schema(), &encoded(&batch)).unwrap();
    let decoded = decoded.column(0).as_any().downcast_ref::<Float64Array>().unwrap();
    let found: Vec<u64> = decoded.values().iter().map(|value| value.to_bits()).collect();
    assert_eq!(found[..4], others);
    assert_eq!(found[4..], [0x7ff8_0000_0000_0000; 3]);
}

/// A flat batch of one column, written by hand.
fn by_hand(rows: u32, nodes: &[(u32, u32)], buffers: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut push = |number: usize| out.extend((number as u32).to_le_bytes());
    push(rows as usize);
    push(nodes.len());
    for (rows, nulls) in nodes {
        push(*rows as usize);
        push(*nulls as usize);
    }
    push(buffers.len());
    let mut end = 0;
    for buffer in buffers {
        end += buffer.len();
        push(end);
    }
    out.extend(buffers.concat());
    out
}

fn offsets(offsets: &[i32]) -> Vec<u8> {
    offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect()
}

#[track_caller]
fn assert_lie(data_type: &DataType, nullable: bool, bytes: &[u8], message: &str) {
    let column = Column { nullable, ..column(data_type.clone()) };
    let error = decode(&arrow_schema(&[column]), bytes).unwrap_err().to_string();
    assert!(error.contains(message), "{error:?} has no {message:?}");
}

/// Goal: malformed numbers, nulls and headers are rejected, each with its reason (S9).
#[test]
fn s09_lies_about_numbers_are_caught() {
    let two = [0u8; 16];
    let lie = |nullable, bytes: Vec<u8>, message| {
        assert_lie(&DataType::Int64, nullable, &bytes, message);
    };
    assert!(
        decode(&arrow_schema(&[column(DataType::Int64)]), &by_hand(2, &[(2, 0)], &[&[], &two]))
            .is_ok()
    );
    lie(true, vec![], "ends in the middle");
    lie(true, vec![0; 11], "ends in the middle");
    lie(true, by_hand(u32::MAX, &[(2, 0)], &[&[], &two]), "above the limit");
    lie(true, by_hand(3, &[(2, 0)], &[&[], &two]), "2 rows instead of 3");
    lie(true, by_hand(2, &[], &[&[], &two]), "node is missing");
    lie(true, by_hand(2, &[(2, 0)], &[&[]]), "buffer is missing");
    lie(true, by_hand(2, &[(2, 0)], &[&[], &two[1..]]), "take 16 bytes but the buffer has 15");
    lie(true, by_hand(2, &[(2, 0)], &[&[3], &two]), "absent nulls take 0 bytes");
    lie(true, by_hand(2, &[(2, 1)], &[&[3], &two]), "claims 1 nulls but has 0");
    lie(true, by_hand(2, &[(2, 9)], &[&[0], &two]), "claims 9 nulls but has 2");
    lie(true, by_hand(2, &[(2, 1)], &[&[1, 0], &two]), "validity bits take 1 bytes");
    lie(false, by_hand(2, &[(2, 1)], &[&[1], &two]), "not nullable but has 1 null");
    lie(true, by_hand(2, &[(2, 0), (0, 0)], &[&[], &two]), "1 nodes are left over");
    lie(true, by_hand(2, &[(2, 0)], &[&[], &two, &[]]), "1 buffers are left over");
    lie(true, [by_hand(2, &[(2, 0)], &[&[], &two]), vec![0]].concat(), "1 bytes are left over");
    let mut order = by_hand(2, &[(2, 0)], &[&[], &two]);
    order[20] = 17;
    lie(true, order, "outside a body");
    lie(true, [&2u32.to_le_bytes()[..], &[0xff; 4]].concat(), "do not fit");
}

/// Goal: malformed offsets, texts and children are rejected, each with its reason (S9).
#[test]
fn s09_lies_about_texts_and_lists_are_caught() {
    let text = |ends: &[i32], text: &[u8], message| {
        let bytes = by_hand(2, &[(2, 0)], &[&[], &offsets(ends), text]);
        assert_lie(&DataType::String, true, &bytes, message);
    };
    text(&[0, 1], b"a", "offsets take 12 bytes");
    text(&[1, 1, 2], b"ab", "start at 1");
    text(&[0, 1, 3], b"ab", "texts take 3 bytes");
    text(&[0, 1, 1], b"ab", "texts take 1 bytes");
    text(&[0, 1, -1], b"ab", "last offset is -1");
    text(&[0, 3, 2], b"ab", "");
    text(&[0, -5, 2], b"ab", "");
    text(&[0, 1, 2], b"a\xff", "");
    text(&[0, 1, 2], "é".as_bytes(), "");
    let child = |ends: &[i32], node: (u32, u32), items: &[u8], message| {
        let bytes = by_hand(2, &[(2, 0), node], &[&[], &offsets(ends), &[], items]);
        assert_lie(&list(DataType::Int64), true, &bytes, message);
    };
    child(&[0, 1, 2], (1, 0), &[0; 8], "its elements: it has 1 rows instead of 2");
    child(&[0, 1, 2], (2, 0), &[0; 8], "its elements: its values take 16 bytes");
    child(&[0, 2, 1], (1, 0), &[0; 8], "");
    child(&[0, 1, i32::MAX], (i32::MAX as u32, 0), &[0; 8], "claims 2147483647 elements");
}

/// Goal: texts are read correctly whatever the number of offsets before them. Method: every small
/// number of rows, because offsets and texts share one allocation with padding between them.
#[test]
fn s14_texts_behind_any_number_of_offsets() {
    for rows in 0..20 {
        let texts: Vec<Value> =
            (0..rows).map(|row| Value::String(format!("é{row}").into())).collect();
        let batch = batch(&[(DataType::String, texts.clone())]);
        let read = decode(batch.schema_ref(), &encoded(&batch)).unwrap();
        assert_eq!(values(read.column(0)), texts);
    }
}

/// An outcome written by hand around a batch of the right number of rows.
fn outcome(refused: &[(u32, &[u8])], sources: &[u32]) -> Vec<u8> {
    let mut out = (refused.len() as u32).to_le_bytes().to_vec();
    for (row, message) in refused {
        out.extend(row.to_le_bytes());
        out.extend((message.len() as u32).to_le_bytes());
    }
    refused.iter().for_each(|(_, message)| out.extend(*message));
    out.extend((sources.len() as u32).to_le_bytes());
    sources.iter().for_each(|source| out.extend(source.to_le_bytes()));
    let rows = sources.len() as u32;
    let batch = by_hand(rows, &[(rows, 0)], &[&[], &vec![0; 8 * sources.len()]]);
    out.extend((batch.len() as u32).to_le_bytes());
    out.extend(batch);
    out
}

/// Goal: an outcome is read from the front of the bytes, and malformed ones are rejected (S8, S9).
#[test]
fn s08_outcomes_are_checked() {
    let schema = arrow_schema(&[column(DataType::Int64)]);
    let mut bytes = outcome(&[(3, b"three"), (0, b"z\xffro")], &[1, 1, 2]);
    bytes.extend(b"next");
    let mut rest = &bytes[..];
    let found = take_outcome(&mut rest, &schema, 4).unwrap();
    assert_eq!(rest, b"next");
    assert_eq!(found.source_rows, [1, 1, 2]);
    let refused: Vec<(u32, &str)> =
        found.refused.iter().map(|refused| (refused.row, refused.reason.as_str())).collect();
    assert_eq!(refused, [(0, "z\u{fffd}ro"), (3, "three")]);
    let lie = |bytes: &[u8], message: &str| {
        let error = take_outcome(&mut &*bytes, &schema, 4).unwrap_err().to_string();
        assert!(error.contains(message), "{error:?} has no {message:?}");
    };
    lie(&outcome(&[(1, b""), (1, b"")], &[]), "refused twice");
    lie(&outcome(&[(4, b"")], &[]), "of 4 events");
    lie(&outcome(&[(0, &b""[..]); 5], &[]), "5 events are refused of 4");
    lie(&outcome(&[(2, b"")], &[1, 2]), "both emitted and refused");
    lie(&outcome(&[], &[2, 1]), "comes after");
    lie(&outcome(&[], &[4]), "outside a batch");
    let mut rows = outcome(&[], &[1, 2]);
    rows.splice(4..16, [1, 0, 0, 0, 1, 0, 0, 0]);
    lie(&rows, "2 rows but 1 source rows");
    let whole = outcome(&[(3, b"three")], &[1, 1, 2]);
    for end in 0..whole.len() {
        assert!(take_outcome(&mut &whole[..end], &schema, 4).is_err(), "{end}");
    }
}

/// Goal: the limits of a batch apply in both directions.
#[test]
fn limits_of_a_batch() {
    let schema = arrow_schema(&[column(DataType::String)]);
    let text = StringArray::from(vec!["x".repeat(BATCH_BYTES_MAX)]);
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(text)]).unwrap();
    let error = encode(&batch, &mut Vec::new()).unwrap_err();
    assert!(error.kind == crate::ErrorKind::Input && error.message.contains("above the limit"));
    let error = decode(&schema, &vec![0; BATCH_BYTES_MAX + 1]).unwrap_err();
    assert!(error.message.contains("above the limit"), "{error}");
    let schema = arrow_schema(&[column(DataType::Bool)]);
    let many = BooleanArray::from(vec![true; BATCH_ROWS_MAX + 1]);
    let many = RecordBatch::try_new(schema, vec![Arc::new(many)]).unwrap();
    assert!(encode(&many, &mut Vec::new()).unwrap_err().message.contains("above the limit"));
    assert!(encode(&many.slice(1, BATCH_ROWS_MAX), &mut Vec::new()).is_ok());
}
