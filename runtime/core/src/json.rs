//! JSON: reads one object per line strictly into cells, and writes it without loss.
//!
//! Invariant: every value is judged by its own text in the line, so that no number is first rounded
//! to a float of another type. A repeated key is refused, declared or not. Deliberately absent: a
//! document model of the whole line, and any repair of bad input.
//!
//! Writing is the inverse of reading. It is the one JSON form of a value, in files, in answers, in
//! reports and in what is kept of events that were set aside (S14): floats with the fewest digits
//! that read back to the same bits of their own width and always with a point or an exponent (-0.0
//! keeps its sign), NaN and the infinities as strings, integers as plain digits, times as RFC 3339.

use super::cell::{self, Cell, excerpt};
use crate::notation::Notation;
use crate::value::{DataType, Value, parse_unscaled};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserializer as _, Serialize as _};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::Write as _;

/// Reads one object. `slot_of` maps a key to a slot, which receives the text of the key's value; it
/// may assign slots as keys appear, and returns `None` for a key that nobody declared.
pub fn object<'a>(
    text: &'a str,
    slots: &mut Vec<Option<&'a str>>,
    slot_of: &mut dyn FnMut(&str) -> Option<usize>,
) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = ObjectSeed { slots, slot_of }.deserialize(&mut deserializer);
    read.and_then(|()| deserializer.end()).map_err(|error| reason(&error))
}

/// serde_json's message without its line number, which is always 1 here, and with the place as a
/// byte offset.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let end = message.rfind(" at line ").unwrap_or(message.len());
    if error.is_data() {
        return message[..end].to_string();
    }
    format!("not valid JSON at byte {}: {}", error.column(), &message[..end])
}

struct ObjectSeed<'s, 'a> {
    slots: &'s mut Vec<Option<&'a str>>,
    slot_of: &'s mut dyn FnMut(&str) -> Option<usize>,
}

impl<'a> DeserializeSeed<'a> for ObjectSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for ObjectSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let mut extras: HashSet<Cow<'a, str>> = HashSet::new();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            let repeated = || A::Error::custom(format!("the key {} is repeated", excerpt(&key)));
            match (self.slot_of)(&key) {
                Some(slot) => {
                    if self.slots.len() <= slot {
                        self.slots.resize(slot + 1, None);
                    }
                    if self.slots[slot].is_some() {
                        return Err(repeated());
                    }
                    self.slots[slot] = Some(map.next_value::<&'a RawValue>()?.get());
                }
                None => {
                    if extras.contains(&key) {
                        return Err(repeated());
                    }
                    map.next_value::<IgnoredAny>()?;
                    extras.insert(key);
                }
            }
        }
        Ok(())
    }
}

/// A key, borrowed from the line unless it has escapes.
struct KeySeed;

impl<'a> DeserializeSeed<'a> for KeySeed {
    type Value = Cow<'a, str>;

    fn deserialize<D: serde::Deserializer<'a>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for KeySeed {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_string()))
    }
}

/// The kind of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// The kind of the valid JSON text `raw`.
pub fn kind(raw: &str) -> Kind {
    match raw.as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Bool,
        Some(b'"') => Kind::Text,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}

/// The valid JSON text `raw` as a value of `data_type`. A string or a number may be null or a
/// boolean if the notation says so, and a number may be a time.
pub fn decode<'a>(
    raw: &'a str,
    data_type: &DataType,
    notation: &Notation,
) -> Result<Cell<'a>, String> {
    Ok(match (data_type, kind(raw)) {
        (_, Kind::Null) => Cell::Null,
        (_, Kind::Text | Kind::Number)
            if !notation.null_values.is_empty() && notation.is_null(&text(raw)?) =>
        {
            Cell::Null
        }
        (DataType::Bool, Kind::Bool) => Cell::Bool(raw == "true"),
        (DataType::Bool, Kind::Text | Kind::Number) => match notation.declared_bool(&text(raw)?) {
            Some(value) => Cell::Bool(value),
            None => return Err(unexpected(raw, data_type)),
        },
        (kind, Kind::Number) if kind.is_integer() => cell::integer_of(raw, kind)?,
        (DataType::Decimal { precision, scale }, Kind::Number) => {
            Cell::Decimal(parse_unscaled(raw, *precision, *scale)?)
        }
        (DataType::Decimal { precision, scale }, Kind::Text) => {
            Cell::Decimal(parse_unscaled(&text(raw)?, *precision, *scale)?)
        }
        (DataType::Bytes, Kind::Text) => Cell::Bytes(cell::bytes(&text(raw)?)?.into()),
        (DataType::Date, Kind::Text) => Cell::Int(cell::date(&text(raw)?)?.into()),
        (DataType::Timestamp, Kind::Number) => {
            Cell::Int(notation.integer_time(cell::integer(raw)?)?)
        }
        (DataType::Float64, Kind::Number) => Cell::Float64(cell::float64(raw)?),
        (DataType::Float32, Kind::Number) => Cell::Float32(cell::float32(raw)?),
        (DataType::String, Kind::Text) => Cell::Text(text(raw)?),
        (DataType::Timestamp, Kind::Text) => Cell::Int(cell::time(&text(raw)?)?),
        (DataType::Float64 | DataType::Float32, Kind::Text) => {
            match (cell::named_float(&text(raw)?), data_type) {
                (Some(value), DataType::Float64) => Cell::Float64(value),
                (Some(value), _) => Cell::Float32(cell::named_as_f32(value)),
                (None, _) => return Err(unexpected(raw, data_type)),
            }
        }
        (DataType::List(element), Kind::Array) => {
            let items: Vec<&'a RawValue> = serde_json::from_str(raw).map_err(|e| reason(&e))?;
            let cells = items.iter().map(|item| decode(item.get(), element, notation));
            Cell::List(cells.collect::<Result<_, _>>()?)
        }
        (DataType::Map(types), Kind::Object) => decode_map(raw, types, notation)?,
        _ => return Err(unexpected(raw, data_type)),
    })
}

/// An object as a map: its member names become the keys, as text. Two names of one key, such as `0`
/// and `-0` of an integer, are a repeated key.
fn decode_map<'a>(
    raw: &'a str,
    types: &(DataType, DataType),
    notation: &Notation,
) -> Result<Cell<'a>, String> {
    let mut members = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    deserializer.deserialize_map(Members(&mut members)).map_err(|error| reason(&error))?;
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut known = HashSet::new();
    let pair = |(name, value): (String, &'a RawValue)| {
        let key = match types.0 {
            DataType::String => Cell::Text(name.clone().into()),
            ref kind if kind.is_integer() => cell::integer_of(&name, kind)?,
            DataType::Decimal { precision, scale } => {
                Cell::Decimal(parse_unscaled(&name, precision, scale)?)
            }
            DataType::Bytes => Cell::Bytes(cell::bytes(&name)?.into()),
            DataType::Date => Cell::Int(cell::date(&name)?.into()),
            DataType::Timestamp => Cell::Int(notation.time(&name)?),
            DataType::Bool if name == "true" || name == "false" => Cell::Bool(name == "true"),
            ref other => return Err(format!("{} is no key of type {other}", excerpt(&name))),
        };
        let mut shown = Vec::new();
        write(&key, &mut shown);
        match known.insert(shown) {
            true => Ok((key, decode(value.get(), &types.1, notation)?)),
            false => Err(format!("the key {} is repeated", excerpt(&name))),
        }
    };
    members.into_iter().map(pair).collect::<Result<_, _>>().map(Cell::Map)
}

/// The members of an object, in its order.
struct Members<'m, 'a>(&'m mut Vec<(String, &'a RawValue)>);

impl<'a> Visitor<'a> for Members<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_entry()? {
            self.0.push(member);
        }
        Ok(())
    }
}

fn unexpected(raw: &str, data_type: &DataType) -> String {
    let found = match kind(raw) {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Number => "a number",
        Kind::Text => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    };
    format!("expected {data_type}, found {found}: {}", excerpt(raw))
}

/// The string that the valid JSON text `raw` holds.
pub fn text(raw: &str) -> Result<Cow<'_, str>, String> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
    if !inside.contains('\\') {
        return Ok(Cow::Borrowed(inside));
    }
    // This rejects a lone surrogate (`"\ud800"`), which is not valid text.
    serde_json::from_str::<String>(raw).map(Cow::Owned).map_err(|error| reason(&error))
}

/// Appends `cell` as JSON.
pub fn write(cell: &Cell<'_>, out: &mut Vec<u8>) {
    let written = match cell {
        Cell::Null => out.write_all(b"null"),
        Cell::Bool(value) => write!(out, "{value}"),
        Cell::Int(value) => write!(out, "{value}"),
        Cell::Unsigned(value) => write!(out, "{value}"),
        // What was read is not written again; a column of it is.
        Cell::Decimal(digits) => write!(out, "\"{digits}\""),
        Cell::Bytes(bytes) => write!(out, "\"{}\"", cell::hexadecimal(bytes)),
        Cell::Float32(value) if value.is_finite() => write!(out, "{value:?}"),
        Cell::Float64(value) if value.is_finite() => write!(out, "{value:?}"),
        Cell::Float32(value) => write!(out, "\"{}\"", float_name(f64::from(*value))),
        Cell::Float64(value) => write!(out, "\"{}\"", float_name(*value)),
        Cell::Text(value) => serde_json::to_writer(&mut *out, value).map_err(Into::into),
        Cell::List(cells) => {
            out.push(b'[');
            for (i, cell) in cells.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(cell, out);
            }
            out.push(b']');
            Ok(())
        }
        Cell::Map(pairs) => {
            let name = |cell: &Cell<'_>| match cell {
                Cell::Text(text) => text.to_string(),
                other => {
                    let mut name = Vec::new();
                    write(other, &mut name);
                    String::from_utf8_lossy(&name).into_owned()
                }
            };
            let names: Vec<String> = pairs.iter().map(|(key, _)| name(key)).collect();
            write_object(&names, |i| pairs[i].1.clone(), out);
            Ok(())
        }
    };
    written.expect("a Vec takes every byte, and text is always JSON");
}

/// `value` as JSON.
pub fn of_value(value: &Value) -> Box<RawValue> {
    let mut text = Vec::new();
    write(&Cell::of_value(value), &mut text);
    let text = String::from_utf8(text).expect("JSON is text");
    RawValue::from_string(text).expect("what is written is valid JSON")
}

/// Serializes a value in its JSON form.
pub fn serialize<S: serde::Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    of_value(value).serialize(serializer)
}

/// The name that stands for NaN or an infinity, which no JSON number can write.
pub fn float_name(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Appends one object: `names`, each with the cell that `value_of` returns for its index.
pub fn write_object<'a>(names: &[String], value_of: impl Fn(usize) -> Cell<'a>, out: &mut Vec<u8>) {
    out.push(b'{');
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(&Cell::Text(name.as_str().into()), out);
        out.push(b':');
        write(&value_of(i), out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every kind of value is either exact or refused (S6). Method: a table of types, texts
    /// and what is expected.
    #[test]
    fn s06_json_values_are_strict() {
        let int = |value| Some(Cell::Int(value));
        let float = |value| Some(Cell::Float64(value));
        for (data_type, raw, expect) in [
            ("int64", "9007199254740993", int(9_007_199_254_740_993)),
            ("int64", "1.0", None),
            ("int64", "\"1\"", None),
            ("int64", "true", None),
            ("float64", "1", float(1.0)),
            ("float64", "\"Infinity\"", float(f64::INFINITY)),
            ("float64", "\"inf\"", None),
            ("float64", "\"1.5\"", None),
            ("float64", "1e400", None),
            ("bool", "1", None),
            ("bool", "false", Some(Cell::Bool(false))),
            ("string", "\"\\u0000é\\ud83d\\ude00\"", Some(Cell::Text("\0é😀".into()))),
            ("string", "\"\\ud800\"", None),
            ("string", "5", None),
            ("timestamp", "\"1970-01-01T00:00:01Z\"", int(1_000_000)),
            ("timestamp", "\"1000000\"", None),
            ("timestamp", "1.5", None),
            ("timestamp", "-7", None),
            ("timestamp", "\"1970-01-01 01:00:00+01\"", int(0)),
            ("int8", "-128", int(-128)),
            ("int8", "128", None),
            ("uint8", "-1", None),
            ("uint64", "18446744073709551615", Some(Cell::Unsigned(u64::MAX))),
            ("uint64", "18446744073709551616", None),
            ("uint64", "1.0", None),
            ("decimal(5,2)", "\"12.50\"", Some(Cell::Decimal(1250))),
            ("decimal(5,2)", "12.5", Some(Cell::Decimal(1250))),
            ("decimal(5,2)", "12.505", None),
            ("decimal(5,2)", "\"1000\"", None),
            ("date", "\"2024-02-29\"", int(19_782)),
            ("date", "\"2023-02-29\"", None),
            ("date", "\"2024-02-29T00:00:00Z\"", None),
            ("date", "19782", None),
            ("bytes", "\"00fF\"", Some(Cell::Bytes(vec![0, 255].into()))),
            ("bytes", "\"00f\"", None),
            ("bytes", "\"é\"", None),
            ("list<int64>", "[1, null]", Some(Cell::List(vec![Cell::Int(1), Cell::Null]))),
            ("list<int64>", "[1, 2.0]", None),
            ("list<int64>", "{}", None),
            ("list<int64>", "null", Some(Cell::Null)),
        ] {
            let data_type = DataType::try_from(data_type.to_string()).unwrap();
            let decoded = decode(raw, &data_type, &Notation::default());
            assert_eq!(decoded.ok(), expect, "{data_type} {raw}");
        }
    }

    /// Goal: an object with a repeated key is bad, also as a map, where two names may be one key
    /// (S6). Method: a table.
    #[test]
    fn s06_a_map_has_each_key_once() {
        for (data_type, raw, good) in [
            ("map<int64,string>", r#"{"0": "x", "1": "y"}"#, true),
            ("map<int64,string>", r#"{"0": "x", "-0": "y"}"#, false),
            ("map<string,int64>", r#"{"a": 1, "b": 2}"#, true),
            ("map<string,int64>", r#"{"a": 1, "a": 1}"#, false),
            ("map<timestamp,bool>", r#"{"1970-01-01T00:00:00Z": true, "1970-01-01": true}"#, false),
        ] {
            let data_type = DataType::try_from(data_type.to_string()).unwrap();
            let read = decode(raw, &data_type, &Notation::default());
            let why = read.as_ref().err().map_or("", String::as_str);
            assert_eq!((read.is_ok(), why.contains("is repeated")), (good, !good), "{raw}: {why}");
        }
    }

    /// Goal: a declared notation says which numbers are times, and which texts are null or boolean
    /// (S2, S6), also inside lists and maps. Method: a table.
    #[test]
    fn s06_a_notation_is_heeded() {
        let list = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let notation = Notation {
            time_unit: Some(crate::notation::TimeUnit::Millisecond),
            null_values: list(&["NA"]),
            true_values: list(&["yes", "1"]),
            false_values: list(&["no", "0"]),
        };
        let map = |key| Cell::Map(vec![(Cell::Int(key), Cell::Null)]);
        for (data_type, raw, expect) in [
            ("timestamp", "-7", Some(Cell::Int(-7000))),
            ("timestamp", "7.0", None),
            ("timestamp", "9223372036854775807", None),
            ("list<timestamp>", "[1, \"NA\"]", Some(Cell::List(vec![Cell::Int(1000), Cell::Null]))),
            ("map<timestamp,string>", "{\"5\": \"NA\"}", Some(map(5000))),
            ("bool", "\"yes\"", Some(Cell::Bool(true))),
            ("bool", "0", Some(Cell::Bool(false))),
            ("bool", "true", Some(Cell::Bool(true))),
            ("bool", "\"True\"", None),
            ("bool", "2", None),
            ("float64", "\"NA\"", Some(Cell::Null)),
            ("string", "\"NA\"", Some(Cell::Null)),
            ("string", "\"yes\"", Some(Cell::Text("yes".into()))),
            ("int64", "\"na\"", None),
        ] {
            let data_type = DataType::try_from(data_type.to_string()).unwrap();
            assert_eq!(decode(raw, &data_type, &notation).ok(), expect, "{data_type} {raw}");
        }
    }
}
