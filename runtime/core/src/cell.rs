//! Cells: one value in transit between a text format (JSON, CSV) and Arrow.
//!
//! Invariant: reading a cell from text is strict. A number follows JSON's grammar in every text
//! format; an integer is exact or refused; a float is the nearest one of its own width, never
//! rounded twice. A written cell reads back as the same value. Deliberately absent: coercion
//! between kinds, such as `1.0` as an integer or `"5"` as a number.

use crate::notation::Notation;
use crate::time::{Time, clock_text, date_text, parse_date, parse_micros, timestamp_text};
use crate::value::{DataType, Decimal, NAN_32, NAN_64, Value, parse_unscaled};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Date64Type, FieldRef, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::borrow::Cow;

/// Most characters of a refused value that a message quotes.
const EXCERPT_CHARS_MAX: usize = 40;
/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

/// One value. A timestamp, a date, a decimal and bytes are numbers and bytes when they were read,
/// and text when they are to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer; or, when it was read, the microseconds of a timestamp or the days of a
    /// date.
    Int(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// The digits of a decimal that was read, as an integer of its column's scale.
    Decimal(i128),
    /// Bytes that were read.
    Bytes(Cow<'a, [u8]>),
    /// A 32-bit float.
    Float32(f32),
    /// A 64-bit float.
    Float64(f64),
    /// Text, or what is written as text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Cell<'a>>),
    /// A map, as pairs of a key and a value.
    Map(Vec<(Cell<'a>, Cell<'a>)>),
}

/// The beginning of `text`, quoted for a message.
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Whether `text` is an integer in JSON's grammar: no plus sign, no leading zero.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    match digits {
        [] => false,
        [b'0', rest @ ..] => rest.is_empty(),
        _ => digits.iter().all(u8::is_ascii_digit),
    }
}

/// Whether `text` is a number in JSON's grammar.
pub(crate) fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    is_integer(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// Parses `text` as an integer, exactly.
pub fn integer(text: &str) -> Result<i64, String> {
    if !is_integer(text) {
        return Err(format!("{} is not an integer", excerpt(text)));
    }
    text.parse().map_err(|_| format!("{} is beyond the range of int64", excerpt(text)))
}

/// The 64-bit float nearest to the number `text`.
pub fn float64(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if is_number(text) && value.is_finite() => Ok(value),
        Ok(_) if is_number(text) => Err(format!("{} is beyond float64", excerpt(text))),
        _ => Err(format!("{} is not a number", excerpt(text))),
    }
}

/// The 32-bit float nearest to the number `text`, rounded once.
pub fn float32(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if is_number(text) && value.is_finite() => Ok(value),
        Ok(_) if is_number(text) => Err(format!("{} is beyond float32", excerpt(text))),
        _ => Err(format!("{} is not a number", excerpt(text))),
    }
}

/// The float called `text`, which is the name of NaN or of an infinity: no number can write these.
pub fn named_float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(NAN_64),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// `value` as a 32-bit float, for the values of [`named_float`].
pub fn named_as_f32(value: f64) -> f32 {
    if value.is_nan() { NAN_32 } else { value as f32 }
}

/// The microseconds of a time written as text; a bare number is refused.
pub fn time(text: &str) -> Result<i64, String> {
    parse_micros(text).ok_or_else(|| {
        format!("{} is not a time; write RFC 3339 such as 2024-05-01T00:00:00Z", excerpt(text))
    })
}

/// The bytes as hexadecimal digits, two for each.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that `text` writes as hexadecimal digits, in either case.
pub fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let pair = |pair: &[u8]| match pair {
        [high, low] => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            Some((digit(high)? << 4 | digit(low)?) as u8)
        }
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| format!("{} is no hexadecimal digits, two for a byte", excerpt(text)))
}

/// The day that `text` writes, as days since 1970-01-01.
pub fn date(text: &str) -> Result<i32, String> {
    parse_date(text).ok_or_else(|| {
        format!("{} is not a date; write YYYY-MM-DD such as 2024-05-01", excerpt(text))
    })
}

/// The integer `text` in the range of an integer type.
pub fn integer_of(text: &str, data_type: &DataType) -> Result<Cell<'static>, String> {
    let beyond = || format!("{} is beyond the range of {data_type}", excerpt(text));
    if !is_integer(text) {
        return Err(format!("{} is not an integer", excerpt(text)));
    }
    let value: i128 = text.parse().map_err(|_| beyond())?;
    match data_type.integer_range() {
        Some((least, most)) if (least..=most).contains(&value) => Ok(match data_type {
            kind if kind.is_unsigned() => Cell::Unsigned(value as u64),
            _ => Cell::Int(value as i64),
        }),
        _ => Err(beyond()),
    }
}

/// The value that `text` says for a column of `data_type`, as in a request. It is judged as in a
/// CSV field; an integer is a time only in the unit of the `notation`.
pub fn value_of_text(
    text: &str,
    data_type: &DataType,
    notation: &Notation,
) -> Result<Value, String> {
    Ok(match data_type {
        DataType::String => Value::String(text.into()),
        DataType::Bool => match notation.csv_bool(text) {
            Some(value) => Value::Bool(value),
            None => return Err(format!("{} is neither true nor false", excerpt(text))),
        },
        kind if kind.is_integer() => match integer_of(text, kind)? {
            Cell::Unsigned(value) => Value::UInt64(value),
            Cell::Int(value) => Value::Int64(value),
            _ => return Err(format!("{} is not an integer", excerpt(text))),
        },
        DataType::Decimal { precision, scale } => Value::Decimal(Box::new(Decimal {
            unscaled: parse_unscaled(text, *precision, *scale)?,
            scale: *scale,
        })),
        DataType::Bytes => Value::Bytes(bytes(text)?.into()),
        DataType::Date => Value::Date(date(text)?),
        DataType::Float64 => Value::Float64(named_float(text).map_or_else(|| float64(text), Ok)?),
        DataType::Float32 => match named_float(text) {
            Some(value) => Value::Float32(named_as_f32(value)),
            None => Value::Float32(float32(text)?),
        },
        DataType::Timestamp => {
            let micros = notation.time(text)?;
            let beyond = || format!("{} is beyond the range of times", excerpt(text));
            Value::Timestamp(Time::new(micros).ok_or_else(beyond)?.micros())
        }
        _ => return Err(format!("a {data_type} cannot be given as text")),
    })
}

impl<'a> Cell<'a> {
    /// The value of `array` at `row`. Bytes become hexadecimal digits; dates, times of day and
    /// decimals become their text, with all digits; a struct becomes a map from its fields' names.
    pub fn of(array: &'a dyn Array, row: usize) -> Cell<'a> {
        fn int<T: ArrowPrimitiveType<Native: Into<i64>>>(
            array: &dyn Array,
            row: usize,
        ) -> Cell<'_> {
            Cell::Int(array.as_primitive::<T>().value(row).into())
        }
        if array.is_null(row) {
            return Cell::Null;
        }
        match array.data_type() {
            ArrowType::Null => Cell::Null,
            ArrowType::Boolean => Cell::Bool(array.as_boolean().value(row)),
            ArrowType::Int8 => int::<Int8Type>(array, row),
            ArrowType::Int16 => int::<Int16Type>(array, row),
            ArrowType::Int32 => int::<Int32Type>(array, row),
            ArrowType::Int64 => int::<Int64Type>(array, row),
            ArrowType::UInt8 => int::<UInt8Type>(array, row),
            ArrowType::UInt16 => int::<UInt16Type>(array, row),
            ArrowType::UInt32 => int::<UInt32Type>(array, row),
            ArrowType::UInt64 => Cell::Unsigned(array.as_primitive::<UInt64Type>().value(row)),
            ArrowType::Float16 => {
                Cell::Float32(array.as_primitive::<Float16Type>().value(row).to_f32())
            }
            ArrowType::Float32 => Cell::Float32(array.as_primitive::<Float32Type>().value(row)),
            ArrowType::Float64 => Cell::Float64(array.as_primitive::<Float64Type>().value(row)),
            ArrowType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).into()),
            ArrowType::LargeUtf8 => Cell::Text(array.as_string::<i64>().value(row).into()),
            ArrowType::Utf8View => Cell::Text(array.as_string_view().value(row).into()),
            ArrowType::Binary => Cell::of_bytes(array.as_binary::<i32>().value(row)),
            ArrowType::LargeBinary => Cell::of_bytes(array.as_binary::<i64>().value(row)),
            ArrowType::BinaryView => Cell::of_bytes(array.as_binary_view().value(row)),
            ArrowType::FixedSizeBinary(_) => {
                Cell::of_bytes(array.as_fixed_size_binary().value(row))
            }
            ArrowType::Timestamp(unit, zone) => {
                Cell::of_timestamp(array, *unit, zone.is_some(), row)
            }
            ArrowType::Date32 | ArrowType::Date64 => Cell::of_date(array, row),
            ArrowType::Time32(unit) | ArrowType::Time64(unit) => Cell::of_clock(array, *unit, row),
            ArrowType::Dictionary(_, _) => {
                let dictionary = array.as_any_dictionary();
                match Cell::of(dictionary.keys(), row) {
                    Cell::Int(key) => Cell::of(dictionary.values(), key as usize),
                    Cell::Unsigned(key) => Cell::of(dictionary.values(), key as usize),
                    _ => Cell::Null,
                }
            }
            ArrowType::List(_) => Cell::of_list(&array.as_list::<i32>().value(row)),
            ArrowType::LargeList(_) => Cell::of_list(&array.as_list::<i64>().value(row)),
            ArrowType::FixedSizeList(_, _) => Cell::of_list(&array.as_fixed_size_list().value(row)),
            ArrowType::Map(..) => {
                let entries = array.as_map().value(row);
                let cell = |at: usize, i| Cell::of(entries.column(at), i).into_owned();
                Cell::Map((0..entries.len()).map(|i| (cell(0, i), cell(1, i))).collect())
            }
            ArrowType::Struct(fields) => {
                let columns = array.as_struct().columns();
                let pair = |(field, column): (&'a FieldRef, &'a ArrayRef)| {
                    (Cell::Text(field.name().as_str().into()), Cell::of(column, row))
                };
                Cell::Map(fields.iter().zip(columns).map(pair).collect())
            }
            _ => Cell::of_other(array, row),
        }
    }

    /// Bytes, to be written.
    fn of_bytes(bytes: &[u8]) -> Cell<'static> {
        Cell::Text(hexadecimal(bytes).into())
    }

    fn of_list(values: &ArrayRef) -> Cell<'static> {
        Cell::List((0..values.len()).map(|i| Cell::of(values, i).into_owned()).collect())
    }

    fn of_other(array: &dyn Array, row: usize) -> Cell<'static> {
        match ArrayFormatter::try_new(array, &FormatOptions::default()) {
            Ok(formatter) => Cell::Text(formatter.value(row).to_string().into()),
            Err(_) => Cell::Text(format!("a value of type {}", array.data_type()).into()),
        }
    }

    /// A value, to be written.
    pub fn of_value(value: &Value) -> Cell<'_> {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(value) => Cell::Bool(*value),
            Value::Int64(value) => Cell::Int(*value),
            Value::UInt64(value) => Cell::Unsigned(*value),
            Value::Decimal(value) => Cell::Text(value.to_string().into()),
            Value::Bytes(value) => Cell::of_bytes(value),
            Value::Date(days) => Cell::Text(date_text(i64::from(*days)).into()),
            Value::Float32(value) => Cell::Float32(*value),
            Value::Float64(value) => Cell::Float64(*value),
            Value::String(value) => Cell::Text((&**value).into()),
            Value::Timestamp(micros) => Cell::of_units(*micros, 1_000_000, true),
            Value::List(values) => Cell::List(values.iter().map(Cell::of_value).collect()),
            Value::Map(pairs) => {
                let cells = |(key, value)| (Cell::of_value(key), Cell::of_value(value));
                Cell::Map(pairs.iter().map(|(key, value)| cells((key, value))).collect())
            }
        }
    }

    /// A time that is a number of units, of which there are `second` in a second.
    fn of_units(value: i64, second: i64, zoned: bool) -> Cell<'static> {
        let nanos = value.rem_euclid(second) * (1_000_000_000 / second);
        Cell::Text(timestamp_text(value.div_euclid(second), nanos, zoned).into())
    }

    /// A time as RFC 3339 with all its digits; in UTC if it has a zone, else without one.
    fn of_timestamp(array: &dyn Array, unit: TimeUnit, zoned: bool, row: usize) -> Cell<'static> {
        let (value, second) = match unit {
            TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(row), 1),
            TimeUnit::Millisecond => {
                (array.as_primitive::<TimestampMillisecondType>().value(row), 1_000)
            }
            TimeUnit::Microsecond => {
                (array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000_000)
            }
            TimeUnit::Nanosecond => {
                (array.as_primitive::<TimestampNanosecondType>().value(row), 1_000_000_000)
            }
        };
        Cell::of_units(value, second, zoned)
    }

    /// A date; one in milliseconds that does not begin a day is a time without a zone.
    fn of_date(array: &dyn Array, row: usize) -> Cell<'static> {
        if let Some(days) = array.as_primitive_opt::<Date32Type>() {
            return Cell::Text(date_text(days.value(row).into()).into());
        }
        let millis = array.as_primitive::<Date64Type>().value(row);
        Cell::Text(match millis.rem_euclid(DAY_MS) {
            0 => date_text(millis / DAY_MS).into(),
            _ => {
                let nanos = millis.rem_euclid(1000) * 1_000_000;
                timestamp_text(millis.div_euclid(1000), nanos, false).into()
            }
        })
    }

    /// A time of day.
    fn of_clock(array: &dyn Array, unit: TimeUnit, row: usize) -> Cell<'static> {
        let nanos = match unit {
            TimeUnit::Second => {
                i64::from(array.as_primitive::<Time32SecondType>().value(row)) * 1_000_000_000
            }
            TimeUnit::Millisecond => {
                i64::from(array.as_primitive::<Time32MillisecondType>().value(row)) * 1_000_000
            }
            TimeUnit::Microsecond => {
                array.as_primitive::<Time64MicrosecondType>().value(row).saturating_mul(1000)
            }
            TimeUnit::Nanosecond => array.as_primitive::<Time64NanosecondType>().value(row),
        };
        Cell::Text(clock_text(nanos).into())
    }

    /// The same value with its data owned instead of borrowed.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Bool(value) => Cell::Bool(value),
            Cell::Int(value) => Cell::Int(value),
            Cell::Unsigned(value) => Cell::Unsigned(value),
            Cell::Decimal(value) => Cell::Decimal(value),
            Cell::Bytes(value) => Cell::Bytes(value.into_owned().into()),
            Cell::Float32(value) => Cell::Float32(value),
            Cell::Float64(value) => Cell::Float64(value),
            Cell::Text(value) => Cell::Text(value.into_owned().into()),
            Cell::List(values) => Cell::List(values.into_iter().map(Cell::into_owned).collect()),
            Cell::Map(pairs) => {
                let owned =
                    |(key, value): (Cell<'_>, Cell<'_>)| (key.into_owned(), value.into_owned());
                Cell::Map(pairs.into_iter().map(owned).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        BinaryArray, Date32Array, Date64Array, Decimal128Array, Int64Array, StructArray,
        Time32SecondArray, Time64NanosecondArray, TimestampNanosecondArray,
    };
    use arrow::datatypes::Field;

    /// Goal: numbers are read as S6 says, from their text. Method: a table of texts.
    #[test]
    fn s06_numbers_are_judged_by_their_text() {
        for (text, expect) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1.0", None),
            ("1e3", None),
            ("+1", None),
            ("007", None),
            ("", None),
            ("-", None),
            (" 1", None),
            ("1_000", None),
        ] {
            assert_eq!(integer(text).ok(), expect, "{text}");
        }
        for text in
            ["inf", "nan", "NaN", "1.", ".5", "1e", "0x1", "+1.0", "01.5", "1e400", "-1e400"]
        {
            assert!(float64(text).is_err(), "{text}");
        }
        assert_eq!(float64("-0.0").unwrap().to_bits(), (-0.0f64).to_bits());
        assert_eq!(float64("1E+2"), Ok(100.0));
        assert_eq!(float64("1e-400"), Ok(0.0));
        assert!(float32("3.5e38").is_err());
    }

    /// Goal: a 32-bit float is rounded once. Method: a decimal just above the midpoint of two
    /// 32-bit floats, which a 64-bit float rounds onto the midpoint and then to even, the wrong
    /// way.
    #[test]
    fn s14_singles_are_rounded_once() {
        let text = "1.000000059604644775390626";
        assert_eq!(float32(text), Ok(1.000_000_1));
        assert_ne!(float64(text).unwrap() as f32, float32(text).unwrap());
    }

    /// Goal: nanoseconds are written in full, and floored when read (S2).
    #[test]
    fn s02_nanoseconds_are_written_whole() {
        let times: ArrayRef = std::sync::Arc::new(TimestampNanosecondArray::from(vec![-1]));
        let text = "1969-12-31T23:59:59.999999999";
        assert_eq!(Cell::of(&times, 0), Cell::Text(text.into()));
        assert_eq!(time(text), Ok(-1));
        assert!(time("1714521600000000").is_err());
    }

    /// Goal: values that no JSON type holds are written with all their digits (S14). Method: the
    /// edges of dates, times of day, bytes and decimals, and a struct.
    #[test]
    fn s14_other_values_keep_all_digits() {
        let shown = |array: ArrayRef| {
            let mut out = Vec::new();
            crate::json::write(&Cell::of(&array, 0), &mut out);
            String::from_utf8(out).unwrap()
        };
        let decimal = Decimal128Array::from(vec![-1_i128]).with_precision_and_scale(38, 9).unwrap();
        let whole = Decimal128Array::from(vec![12_i128]).with_precision_and_scale(38, -2).unwrap();
        let field = |name, array: &ArrayRef| {
            std::sync::Arc::new(Field::new(name, array.data_type().clone(), true))
        };
        let number: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![(1 << 53) + 1]));
        let bytes: ArrayRef = std::sync::Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..]]));
        let record = StructArray::from(vec![
            (field("a\"b", &number), number.clone()),
            (field("raw", &bytes), bytes.clone()),
        ]);
        let arrays: [(ArrayRef, &str); 10] = [
            (std::sync::Arc::new(Date32Array::from(vec![i32::MIN])), "\"-5877641-06-23\""),
            (std::sync::Arc::new(Date64Array::from(vec![-86_400_000])), "\"1969-12-31\""),
            (std::sync::Arc::new(Date64Array::from(vec![-1])), "\"1969-12-31T23:59:59.999\""),
            (std::sync::Arc::new(Time32SecondArray::from(vec![86_399])), "\"23:59:59\""),
            (std::sync::Arc::new(Time64NanosecondArray::from(vec![1])), "\"00:00:00.000000001\""),
            (std::sync::Arc::new(decimal), "\"-0.000000001\""),
            (std::sync::Arc::new(whole), "\"1200\""),
            (bytes, "\"00ff\""),
            (number, "9007199254740993"),
            (std::sync::Arc::new(record), "{\"a\\\"b\":9007199254740993,\"raw\":\"00ff\"}"),
        ];
        for (array, expect) in arrays {
            assert_eq!(shown(array), expect);
        }
    }
}
