//! Cells: one value in transit between a text format (JSON, CSV) and Arrow.
//!
//! Invariant: reading a cell from text is strict. A number follows JSON's grammar in every text
//! format; an integer is exact or refused; a float is the nearest one of its own width, never
//! rounded twice. A written cell reads back as the same value. Deliberately absent: coercion
//! between kinds, such as `1.0` as an integer or `"5"` as a number.

use crate::time::Time;
use crate::value::{DataType, NAN_32, NAN_64, Value};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::borrow::Cow;

/// Most characters of a refused value that a message quotes.
const EXCERPT_CHARS_MAX: usize = 40;
/// The first time with a year too large for RFC 3339: 10000-01-01.
const YEAR_10000_US: i64 = 253_402_300_800_000_000;
/// The first time that RFC 3339 can write: 0000-01-01.
const YEAR_0_US: i64 = -62_167_219_200_000_000;
/// Nanoseconds in a second.
const SECOND_NS: i64 = 1_000_000_000;

/// One value. A timestamp is an `Int` of microseconds when it was read, and RFC 3339 text
/// when it is to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer, or a timestamp that was read.
    Int(i64),
    /// An integer that may be too large for `int64`; occurs only in writing.
    Unsigned(u64),
    /// A 32-bit float.
    Float32(f32),
    /// A 64-bit float.
    Float64(f64),
    /// Text, or a timestamp to be written.
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
fn is_number(text: &str) -> bool {
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
    let bare = text.parse::<i64>().is_ok();
    match Time::parse(text) {
        Ok(time) if !bare => Ok(time.micros()),
        _ => Err(format!(
            "{} is not a time; write RFC 3339 such as 2024-05-01T00:00:00Z",
            excerpt(text)
        )),
    }
}

/// The value that `text` says for a column of `data_type`, as in a request. It is judged as in a
/// CSV field.
pub fn value_of_text(text: &str, data_type: &DataType) -> Result<Value, String> {
    Ok(match data_type {
        DataType::String => Value::String(text.into()),
        DataType::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(format!("{} is neither true nor false", excerpt(text))),
        },
        DataType::Int64 => Value::Int64(integer(text)?),
        DataType::Float64 => Value::Float64(named_float(text).map_or_else(|| float64(text), Ok)?),
        DataType::Float32 => match named_float(text) {
            Some(value) => Value::Float32(named_as_f32(value)),
            None => Value::Float32(float32(text)?),
        },
        DataType::Timestamp => {
            Value::Timestamp(Time::parse(text).map_err(|error| error.message)?.micros())
        }
        DataType::List(_) | DataType::Map(_) => {
            return Err(format!("a {data_type} cannot be given as text"));
        }
    })
}

impl<'a> Cell<'a> {
    /// The value of `array` at `row`. A value of an Arrow type outside the contract becomes its
    /// text.
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
            ArrowType::Binary => {
                Cell::Text(array.as_binary::<i32>().value(row).escape_ascii().to_string().into())
            }
            ArrowType::Timestamp(unit, _) => Cell::of_timestamp(array, *unit, row),
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
            _ => Cell::of_other(array, row),
        }
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

    /// A time as RFC 3339, or as microseconds if its year does not have four digits.
    fn of_micros(micros: i64) -> Cell<'static> {
        match (YEAR_0_US..YEAR_10000_US).contains(&micros) {
            true => Cell::Text(Time::saturating(micros).to_string().into()),
            false => Cell::Int(micros),
        }
    }

    /// A value, to be written.
    pub fn of_value(value: &Value) -> Cell<'_> {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(value) => Cell::Bool(*value),
            Value::Int64(value) => Cell::Int(*value),
            Value::Float32(value) => Cell::Float32(*value),
            Value::Float64(value) => Cell::Float64(*value),
            Value::String(value) => Cell::Text((&**value).into()),
            Value::Timestamp(micros) => Cell::of_micros(*micros),
            Value::List(values) => Cell::List(values.iter().map(Cell::of_value).collect()),
            Value::Map(pairs) => {
                let cells = |(key, value)| (Cell::of_value(key), Cell::of_value(value));
                Cell::Map(pairs.iter().map(|(key, value)| cells((key, value))).collect())
            }
        }
    }

    fn of_timestamp(array: &dyn Array, unit: TimeUnit, row: usize) -> Cell<'static> {
        let (value, micros) = match unit {
            TimeUnit::Second => {
                let value = array.as_primitive::<TimestampSecondType>().value(row);
                (value, value.checked_mul(1_000_000))
            }
            TimeUnit::Millisecond => {
                let value = array.as_primitive::<TimestampMillisecondType>().value(row);
                (value, value.checked_mul(1000))
            }
            TimeUnit::Microsecond => {
                let value = array.as_primitive::<TimestampMicrosecondType>().value(row);
                (value, Some(value))
            }
            TimeUnit::Nanosecond => {
                let value = array.as_primitive::<TimestampNanosecondType>().value(row);
                if value.rem_euclid(1000) != 0 {
                    return Cell::Text(nanosecond_text(value).into());
                }
                (value, Some(value.div_euclid(1000)))
            }
        };
        match micros {
            Some(micros) => Cell::of_micros(micros),
            // Text that no reader accepts as a time, rather than a number in an unexpected unit.
            None => Cell::Text(format!("{value} {unit:?}s since 1970").into()),
        }
    }

    /// The same value with its data owned instead of borrowed.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Bool(value) => Cell::Bool(value),
            Cell::Int(value) => Cell::Int(value),
            Cell::Unsigned(value) => Cell::Unsigned(value),
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

/// A time that microseconds cannot hold, with nine digits of fraction.
fn nanosecond_text(value: i64) -> String {
    let second = Time::saturating(value.div_euclid(SECOND_NS) * 1_000_000).to_string();
    format!("{}.{:09}Z", second.trim_end_matches('Z'), value.rem_euclid(SECOND_NS))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(nanosecond_text(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(time(&nanosecond_text(-1)), Ok(-1));
        assert!(time("1714521600000000").is_err());
    }
}
