//! Texts: values as JSON, times, durations and numbers.

use lockstep_core::cell::{self, Cell};
use lockstep_core::json;
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_core::time::Time;
use lockstep_core::value::DataType;
use lockstep_core::window::{duration, parse_duration};

const TYPES: [&str; 10] = [
    "bool",
    "int64",
    "float32",
    "float64",
    "string",
    "timestamp",
    "list<int64>",
    "list<list<float64>>",
    "map<string,int64>",
    "map<int64,list<string>>",
];

/// The law: a value that was read is the same when it is written and read again; an object has each
/// of its keys once. The first byte chooses the type.
pub(crate) fn json(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let data_type: DataType =
        TYPES[usize::from(*kind) % TYPES.len()].to_string().try_into().unwrap();
    let (mut slots, mut names, mut keys) = (Vec::new(), Vec::<String>::new(), 0);
    let read = json::object(text, &mut slots, &mut |name| {
        keys += 1;
        names.iter().position(|known| known == name).or_else(|| {
            names.push(name.to_string());
            Some(names.len() - 1)
        })
    });
    if read.is_err() {
        return;
    }
    assert_eq!(names.len(), keys, "a key that is repeated");
    // A time that was read is a number, which needs a unit to be read again.
    let notation = Notation::of_unit(Some(TimeUnit::Microsecond));
    for raw in slots.into_iter().flatten() {
        let Ok(value) = json::decode(raw, &data_type, &notation) else { continue };
        let mut written = Vec::new();
        json::write(&value, &mut written);
        let written = String::from_utf8(written).unwrap();
        let again = json::decode(&written, &data_type, &notation);
        let again = again.unwrap_or_else(|why| panic!("{raw} is written as {written}: {why}"));
        let mut twice = Vec::new();
        json::write(&again, &mut twice);
        assert_eq!(twice, written.as_bytes(), "{raw}");
    }
}

/// The law: a time, a duration or a number that was read is the same when it is shown and read again.
pub(crate) fn times(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(time) = Time::parse(text) {
        assert_eq!(Time::parse(&time.to_string()).unwrap(), time, "{text}");
    }
    if let Some(micros) = parse_duration(text) {
        assert_eq!(parse_duration(&duration(micros)), Some(micros), "{text}");
    }
    let _ = cell::time(text);
    if let Ok(number) = cell::integer(text) {
        assert_eq!(cell::integer(&number.to_string()), Ok(number), "{text}");
    }
    for number in [cell::float64(text).map(Cell::Float64), cell::float32(text).map(Cell::Float32)] {
        let Ok(number) = number else { continue };
        let mut written = Vec::new();
        json::write(&number, &mut written);
        let written = String::from_utf8(written).unwrap();
        let same = match number {
            Cell::Float64(value) => {
                cell::float64(&written).is_ok_and(|it| it.to_bits() == value.to_bits())
            }
            Cell::Float32(value) => {
                cell::float32(&written).is_ok_and(|it| it.to_bits() == value.to_bits())
            }
            _ => false,
        };
        assert!(same, "{text} is written as {written}");
    }
}
