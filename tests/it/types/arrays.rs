//! An array of each Arrow type, with the values at the edges of the type, and the types' names as
//! docs/TYPES.md writes them.

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType as ArrowType, *};
use std::collections::HashMap;
use std::sync::Arc;

/// A type and its values.
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) array: ArrayRef,
    extension: Option<&'static str>,
}

impl Sample {
    pub(super) fn new(name: &str, array: ArrayRef) -> Sample {
        Sample { name: name.to_string(), array, extension: None }
    }

    /// The metadata of its field.
    pub(super) fn metadata(&self) -> HashMap<String, String> {
        let extension = self.extension.iter();
        extension.map(|name| ("ARROW:extension:name".to_string(), name.to_string())).collect()
    }

    /// The name of the type `found`, which is the sample's own if only its metadata tells it.
    pub(super) fn named_as(&self, found: &str) -> String {
        match self.extension {
            Some(_) if found == name(self.array.data_type()) => self.name.clone(),
            _ => found.to_string(),
        }
    }
}

fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// A type as the table writes it: as Arrow's own libraries do, without the names of items.
pub(super) fn name(found: &ArrowType) -> String {
    use ArrowType as A;
    match found {
        A::Boolean => "bool".into(),
        A::LargeUtf8 => "large_utf8".into(),
        A::Utf8View => "utf8_view".into(),
        A::LargeBinary => "large_binary".into(),
        A::BinaryView => "binary_view".into(),
        A::FixedSizeBinary(size) => format!("fixed_size_binary({size})"),
        A::Timestamp(of, None) => format!("timestamp[{}]", unit(*of)),
        A::Timestamp(of, Some(zone)) => format!("timestamp[{}, {zone}]", unit(*of)),
        A::Time32(of) => format!("time32[{}]", unit(*of)),
        A::Time64(of) => format!("time64[{}]", unit(*of)),
        A::Duration(of) => format!("duration[{}]", unit(*of)),
        A::Dictionary(key, value) => format!("dictionary({}, {})", name(key), name(value)),
        A::List(item) => format!("list({})", name(item.data_type())),
        A::LargeList(item) => format!("large_list({})", name(item.data_type())),
        A::FixedSizeList(item, size) => {
            format!("fixed_size_list({}, {size})", name(item.data_type()))
        }
        A::Struct(fields) => {
            let field = |f: &FieldRef| format!("{}: {}", f.name(), name(f.data_type()));
            format!("struct({})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        A::Map(entries, _) => match entries.data_type() {
            A::Struct(pair) => {
                format!("map({}, {})", name(pair[0].data_type()), name(pair[1].data_type()))
            }
            _ => unreachable!("the entries of a map are pairs"),
        },
        other => other.to_string().to_lowercase(),
    }
}

/// Values with a null behind the first, so that the first shows the type's form.
fn with_null<T>(values: impl IntoIterator<Item = T>) -> Vec<Option<T>> {
    let mut values: Vec<Option<T>> = values.into_iter().map(Some).collect();
    values.insert(1, None);
    values
}

macro_rules! primitive {
    ($array:ty, $values:expr) => {
        Arc::new(<$array>::from(with_null($values))) as ArrayRef
    };
}

fn timestamps(of: TimeUnit, zone: Option<&str>) -> ArrayRef {
    let second = 10_i64.pow(match of {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    });
    // A leap day, around the epoch, and where they fit the first and last day of four-digit years.
    let mut values = vec![1_709_164_800 * second, -1, 0, 1, 253_370_764_800, -62_135_596_800];
    match of {
        TimeUnit::Nanosecond => values.truncate(4),
        _ => values[4..].iter_mut().for_each(|value| *value *= second),
    }
    let numbers: ArrayRef = Arc::new(Int64Array::from(with_null(values)));
    cast(&numbers, &ArrowType::Timestamp(of, zone.map(Into::into))).unwrap()
}

fn decimals(of: ArrowType, digits: &[i128]) -> ArrayRef {
    let wide = with_null(digits.iter().map(|digits| i256::from_i128(*digits)));
    let (precision, scale) = match of {
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal128(precision, scale)
        | ArrowType::Decimal256(precision, scale) => (precision, scale),
        _ => unreachable!("no decimal"),
    };
    let wide = Decimal256Array::from(wide).with_precision_and_scale(76, scale).unwrap();
    let wide: ArrayRef = Arc::new(wide);
    match of {
        ArrowType::Decimal256(..) => {
            let wide = wide.as_primitive::<Decimal256Type>().clone();
            Arc::new(wide.with_precision_and_scale(precision, scale).unwrap())
        }
        of => cast(&wide, &of).unwrap(),
    }
}

/// The greatest number of so many digits.
fn nines(digits: u32) -> i128 {
    10_i128.pow(digits) - 1
}

/// A dictionary of these values, the first of which a null follows.
fn keyed(values: ArrayRef) -> ArrayRef {
    let keys = Int32Array::from(with_null(0..values.len() as i32));
    Arc::new(DictionaryArray::new(keys, values))
}

/// Lists of these values: the first and a null, no list, and all of them. An empty list is a list of
/// any type in text, so there is none.
fn listed(values: &ArrayRef, layout: fn(FieldRef) -> ArrowType) -> ArrayRef {
    let first = new_null_array(values.data_type(), 1);
    let items = concat(&[&values.slice(0, 1), &first, values]).unwrap();
    let item = Arc::new(Field::new("item", values.data_type().clone(), true));
    let all = items.len() as i32;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, 2, 2, all]));
    let present = Some(NullBuffer::from(vec![true, false, true]));
    let list: ArrayRef = Arc::new(ListArray::new(item.clone(), offsets, items, present));
    cast(&list, &layout(item)).unwrap()
}

/// Values of the types that dictionaries and lists hold, without nulls.
fn parts() -> Vec<ArrayRef> {
    let [longest, less] = [nines(38), -1].map(Some);
    let decimals = Decimal128Array::from(vec![Some(1_250_000_000), less, longest]);
    vec![
        Arc::new(Int8Array::from(vec![1, i8::MIN, i8::MAX])),
        Arc::new(UInt32Array::from(vec![1, u32::MAX])),
        Arc::new(UInt64Array::from(vec![1, 1 << 63, u64::MAX])),
        Arc::new(decimals.with_precision_and_scale(38, 9).unwrap()),
        Arc::new(StringArray::from(vec!["é🚆", "", "null"])),
        Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..], b"", b"\xab"])),
        Arc::new(Date32Array::from(vec![19_782, -1, 0, 2_932_896, -719_162])),
    ]
}

/// The lists and dictionaries of [`parts`]; those of texts stand elsewhere in the table.
fn composed() -> (Vec<ArrayRef>, Vec<ArrayRef>) {
    let parts = parts();
    let bare = parts.iter().filter(|part| *part.data_type() != ArrowType::Utf8);
    let dictionaries: Vec<ArrayRef> = bare.map(|part| keyed(part.clone())).collect();
    let mut lists: Vec<ArrayRef> = parts.iter().map(|part| listed(part, ArrowType::List)).collect();
    lists.extend([
        listed(&parts[2], ArrowType::LargeList),
        listed(&parts[6], ArrowType::LargeList),
        listed(&keyed(parts[4].clone()), ArrowType::List),
    ]);
    (dictionaries, lists)
}

fn nested() -> Vec<(ArrayRef, Option<&'static str>)> {
    let numbers = Int64Array::from(vec![Some((1 << 53) + 1), None, Some(i64::MIN), Some(i64::MAX)]);
    let item = Arc::new(Field::new("item", ArrowType::Int64, true));
    let nulls = || Some(NullBuffer::from(vec![true, false, true]));
    let six = [Some((1 << 53) + 1), None, Some(i64::MIN), Some(i64::MAX), Some(1), None];
    let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, 2, 2, 4, 6]));
    let list: ArrayRef = Arc::new(ListArray::new(
        item.clone(),
        offsets,
        Arc::new(Int64Array::from(six.to_vec())),
        Some(NullBuffer::from(vec![true, false, true, true])),
    ));
    let large = cast(&list, &ArrowType::LargeList(item.clone())).unwrap();
    let fixed = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(
        [
            Some([Some((1 << 53) + 1), None]),
            None,
            Some([Some(i64::MIN), Some(i64::MAX)]),
            Some([Some(1), None]),
        ],
        2,
    );
    let view = ListViewArray::new(
        item,
        ScalarBuffer::from(vec![0, 2, 2]),
        ScalarBuffer::from(vec![2, 0, 2]),
        Arc::new(numbers.clone()),
        nulls(),
    );
    let a = Field::new("a", ArrowType::Int64, true);
    let b = Field::new("b", ArrowType::Utf8, true);
    let three = numbers.slice(0, 3);
    let texts = StringArray::from(vec![Some("x"), None, Some("\u{0}\"é")]);
    let pair = StructArray::new(vec![a, b].into(), vec![Arc::new(three), Arc::new(texts)], nulls());
    let empty = StructArray::new_empty_fields(3, nulls());
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("k");
    map.values().append_value((1 << 53) + 1);
    map.append(true).unwrap();
    map.append(false).unwrap();
    map.append(true).unwrap();
    let fields = UnionFields::from_fields(vec![Field::new("n", ArrowType::Int64, true)]);
    let union = UnionArray::try_new(
        fields,
        ScalarBuffer::from(vec![0_i8; 4]),
        Some(ScalarBuffer::from(vec![0, 1, 2, 3])),
        vec![Arc::new(numbers)],
    );
    let words: RunArray<Int32Type> = ["a", "a", "b"].into_iter().collect();
    vec![
        (list, None),
        (large, None),
        (Arc::new(fixed), None),
        (Arc::new(view), Some("list_view(int64)")),
        (Arc::new(pair), None),
        (Arc::new(empty), Some("struct()")),
        (Arc::new(map.finish()), None),
        (Arc::new(union.unwrap()), Some("union")),
        (Arc::new(words), Some("run_end_encoded")),
    ]
}

/// Each type with its values.
pub(super) fn samples() -> Vec<Sample> {
    use ArrowType as A;
    let text: ArrayRef =
        Arc::new(StringArray::from(with_null(["é🚆", "", "a,\"b\"\n", "\0", "null", " 1"])));
    let bytes: ArrayRef = Arc::new(BinaryArray::from(with_null([&b"\x00\xff"[..], b"", b"\xab"])));
    let id = [
        0xf8, 0x1d, 0x4f, 0xae, 0x7d, 0xec, 0x11, 0xd0, 0xa7, 0x65, 0, 0xa0, 0xc9, 0x1e, 0x6b, 0xf6,
    ];
    let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(
        with_null([id, [0; 16], [255; 16]]).into_iter(),
        16,
    );
    let ids: ArrayRef = Arc::new(ids.unwrap());
    let doubles = [1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX, 5e-324, 0.1];
    let singles = [1.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MAX, 1e-45, 0.1];
    let halves: ArrayRef = primitive!(Float32Array, [1.5, f32::NAN, f32::INFINITY, -0.0, 65504.0]);
    let whole = primitive!(Int64Array, [(1 << 53) + 1, i64::MIN, i64::MAX, 1]);
    let longest = i256::from_string(&"9".repeat(76)).unwrap();
    let longest = with_null([i256::from_i128(12), longest, i256::from_i128(1)]);
    let longest = Decimal256Array::from(longest);
    let by_key = |key: A, array: &ArrayRef| {
        let value = Box::new(array.data_type().clone());
        cast(array, &A::Dictionary(Box::new(key), value)).unwrap()
    };
    let mut arrays: Vec<(ArrayRef, Option<&'static str>)> = vec![
        (Arc::new(BooleanArray::from(with_null([true, false]))), None),
        (primitive!(Int8Array, [1, i8::MIN, i8::MAX]), None),
        (primitive!(Int16Array, [1, i16::MIN, i16::MAX]), None),
        (primitive!(Int32Array, [1, i32::MIN, i32::MAX]), None),
        (whole.clone(), None),
        (primitive!(UInt8Array, [1, u8::MAX]), None),
        (primitive!(UInt16Array, [1, u16::MAX]), None),
        (primitive!(UInt32Array, [1, u32::MAX]), None),
        (primitive!(UInt64Array, [1, 1 << 63, u64::MAX]), None),
        (cast(&halves, &A::Float16).unwrap(), None),
        (primitive!(Float32Array, singles), None),
        (primitive!(Float64Array, doubles), None),
        (decimals(A::Decimal32(9, 2), &[1250, -nines(9)]), None),
        (decimals(A::Decimal64(18, 2), &[1250, -nines(18)]), None),
        (decimals(A::Decimal128(38, 0), &[12, 1 << 53, nines(38), 1]), None),
        (decimals(A::Decimal128(38, 9), &[1_250_000_000, -1, nines(38)]), None),
        (decimals(A::Decimal128(10, -2), &[12, -nines(10), 0]), None),
        (decimals(A::Decimal256(38, 2), &[1250, -nines(38)]), None),
        (Arc::new(longest.with_precision_and_scale(76, 0).unwrap()), None),
        (text.clone(), None),
        (cast(&text, &A::LargeUtf8).unwrap(), None),
        (cast(&text, &A::Utf8View).unwrap(), None),
        (by_key(A::Int8, &text), None),
        (by_key(A::UInt32, &text), None),
        (by_key(A::Int32, &whole), None),
        (bytes.clone(), None),
        (cast(&bytes, &A::LargeBinary).unwrap(), None),
        (cast(&bytes, &A::BinaryView).unwrap(), None),
        (ids.clone(), None),
        (ids, Some("uuid")),
        (primitive!(Date32Array, [19_782, -1, 0, 2_932_896, -719_162]), None),
        (primitive!(Date64Array, [1_709_164_800_000, -86_400_000, 0]), None),
        (primitive!(Time32SecondArray, [3_661, 0, 86_399]), None),
        (primitive!(Time32MillisecondArray, [3_661_001, 0, 86_399_999]), None),
        (primitive!(Time64MicrosecondArray, [3_661_000_001, 0, 86_399_999_999]), None),
        (primitive!(Time64NanosecondArray, [3_661_000_000_001, 0, 86_399_999_999_999]), None),
    ];
    let zones = [None, Some("UTC"), Some("Europe/Zurich"), Some("+05:30")];
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    for of in [Second, Millisecond, Microsecond, Nanosecond] {
        arrays.extend(zones.map(|zone| (timestamps(of, zone), None)));
    }
    let months = with_null([IntervalMonthDayNano::new(1, 2, 3)]);
    arrays.extend([
        (primitive!(DurationMicrosecondArray, [1, i64::MIN]), None),
        (Arc::new(IntervalMonthDayNanoArray::from(months)) as ArrayRef, Some("interval")),
        (new_null_array(&A::Null, 2), None),
    ]);
    let (dictionaries, lists) = composed();
    // Beside those of texts and of int64.
    let behind = |arrays: &[(ArrayRef, Option<&str>)], last: &str| {
        1 + arrays.iter().position(|(array, _)| name(array.data_type()) == last).unwrap()
    };
    let at = behind(&arrays, "dictionary(int32, int64)");
    arrays.splice(at..at, dictionaries.into_iter().map(|array| (array, None)));
    arrays.extend(nested());
    let at = behind(&arrays, "fixed_size_list(int64, 2)");
    arrays.splice(at..at, lists.into_iter().map(|array| (array, None)));
    let sample = |(array, own): (ArrayRef, Option<&'static str>)| Sample {
        name: own.map_or_else(|| name(array.data_type()), str::to_string),
        array,
        extension: own.filter(|own| *own == "uuid").map(|_| "arrow.uuid"),
    };
    arrays.into_iter().map(sample).collect()
}
