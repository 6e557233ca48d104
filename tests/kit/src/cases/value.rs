//! Values, times and durations as case files write them.
//!
//! Invariant: a value is read by its type and keeps every bit; what does not fit is an error.
//! Deliberately absent: rounding of any kind but that of a decimal number to its nearest float.

use lockstep_core::time::Time;
use lockstep_core::value::{DataType, Decimal, Value, canonical_f32, canonical_f64};
use lockstep_core::{Error, Result};
use serde_json::Value as Json;
use std::str::FromStr;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

fn wrong(data_type: &DataType, json: &Json) -> Error {
    Error::input(format!("{json} is no {data_type}"))
}

/// The value of type `data_type` that `json` writes.
pub(super) fn read(data_type: &DataType, json: &Json) -> Result<Value> {
    let wrong = || wrong(data_type, json);
    if json.is_null() {
        return Ok(Value::Null);
    }
    let value = match data_type {
        DataType::Bool => Value::Bool(json.as_bool().ok_or_else(wrong)?),
        kind if kind.is_signed() => Value::Int64(integer(json).ok_or_else(wrong)?),
        kind if kind.is_unsigned() => Value::UInt64(integer(json).ok_or_else(wrong)?),
        DataType::Decimal { scale, .. } => Value::Decimal(Box::new(Decimal {
            unscaled: digits(json, *scale).ok_or_else(wrong)?,
            scale: *scale,
        })),
        DataType::Date => {
            // Times end before the days of 32 bits do.
            Value::Date(time(json)?.micros().div_euclid(DAY_US) as i32)
        }
        DataType::Bytes => Value::Bytes(bytes(json).ok_or_else(wrong)?.into()),
        DataType::Float32 => Value::Float32(canonical_f32(single(json).ok_or_else(wrong)?)),
        DataType::Float64 => Value::Float64(canonical_f64(double(json).ok_or_else(wrong)?)),
        DataType::String => Value::String(json.as_str().ok_or_else(wrong)?.into()),
        DataType::Timestamp => Value::Timestamp(time(json)?.micros()),
        DataType::List(element) => {
            let items = json.as_array().ok_or_else(wrong)?.iter();
            Value::List(items.map(|item| read(element, item)).collect::<Result<_>>()?)
        }
        DataType::Map(types) => {
            let pairs = json.as_array().ok_or_else(wrong)?.iter();
            let pairs = pairs.map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([key, value]) => Ok((read(&types.0, key)?, read(&types.1, value)?)),
                _ => Err(wrong()),
            });
            Value::Map(pairs.collect::<Result<_>>()?)
        }
        other => return Err(Error::bug(format!("no case writes values of type {other}"))),
    };
    if value.is_of(data_type) { Ok(value) } else { Err(wrong()) }
}

/// A number, or a text of digits.
fn integer<T: TryFrom<i64> + FromStr>(json: &Json) -> Option<T> {
    match json.as_i64() {
        Some(number) => T::try_from(number).ok(),
        None => json.as_str()?.parse().ok(),
    }
}

/// A text with exactly `scale` digits behind the point, as an integer.
fn digits(json: &Json, scale: u8) -> Option<i128> {
    let (whole, fraction) = json.as_str()?.split_once('.').unwrap_or((json.as_str()?, ""));
    (fraction.len() == usize::from(scale)).then(|| format!("{whole}{fraction}").parse().ok())?
}

/// Hexadecimal digits, two for a byte.
fn bytes(json: &Json) -> Option<Vec<u8>> {
    let text = json.as_str()?;
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// A number, `"NaN"`, `"inf"`, `"-inf"`, `"-0.0"`, or the bits as `"0x…"` of 16 digits.
fn double(json: &Json) -> Option<f64> {
    match json.as_str() {
        None => json.as_f64(),
        Some(text) => match text.strip_prefix("0x") {
            Some(digits) if digits.len() == 16 => {
                Some(f64::from_bits(u64::from_str_radix(digits, 16).ok()?))
            }
            Some(_) => None,
            None => text.parse().ok(),
        },
    }
}

/// As [`double`], rounded once more, or the bits of a single in 8 digits.
fn single(json: &Json) -> Option<f32> {
    match json.as_str().and_then(|text| text.strip_prefix("0x")) {
        Some(digits) if digits.len() == 8 => {
            Some(f32::from_bits(u32::from_str_radix(digits, 16).ok()?))
        }
        Some(_) => None,
        None => double(json).map(|value| value as f32),
    }
}

/// RFC 3339, a date, or microseconds.
pub(super) fn time(json: &Json) -> Result<Time> {
    let found = match json.as_str() {
        Some(text) => Time::parse(text).ok(),
        None => json.as_i64().and_then(Time::new),
    };
    found.ok_or_else(|| wrong(&DataType::Timestamp, json))
}

/// Microseconds: a number, or a text of terms such as `64s + 1us`.
pub(super) fn duration_us(json: &Json) -> Result<i64> {
    let Some(text) = json.as_str() else {
        return json.as_i64().ok_or_else(|| Error::input(format!("{json} is no duration")));
    };
    let units: [(&str, i64); 6] = [
        ("us", 1),
        ("ms", 1_000),
        ("s", 1_000_000),
        ("m", 60_000_000),
        ("h", 3_600_000_000),
        ("d", 86_400_000_000),
    ];
    let term = |term: &str| {
        let (number, unit) = term.split_at(term.find(|c: char| c.is_ascii_alphabetic())?);
        let (_, unit_us) = units.iter().find(|(name, _)| *name == unit)?;
        number.parse::<i64>().ok()?.checked_mul(*unit_us)
    };
    let terms: Option<Vec<i64>> = text.split('+').map(|part| term(part.trim())).collect();
    terms
        .map(|terms| terms.iter().sum())
        .ok_or_else(|| Error::input(format!("{text:?} is no duration")))
}
