//! Values, their order (S14) and equality of bits.
//!
//! Invariant: null is before every value; -0.0 is before +0.0; a NaN is one quiet NaN and the
//! greatest float; texts order by their UTF-8 bytes, lists by their first difference, a list before
//! those that it begins. Deliberately absent: the encoding, which `encoding.rs` has.

use std::cmp::Ordering;
use std::fmt;

/// One value. There is no `PartialEq`: see [`same_bits`].
#[derive(Clone, Debug)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed 64-bit integer.
    Int64(i64),
    /// An IEEE 754 single.
    Float32(f32),
    /// An IEEE 754 double.
    Float64(f64),
    /// UTF-8 text.
    Text(String),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// A list.
    List(Vec<Value>),
    /// A map: each key once, in ascending order.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// The place of its type among types; that of null, which is of every type, comes first.
    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Int64(_) => 2,
            Value::Float32(_) => 3,
            Value::Float64(_) => 4,
            Value::Text(_) => 5,
            Value::Timestamp(_) => 6,
            Value::List(_) => 7,
            Value::Map(_) => 8,
        }
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The value with any NaN as the one quiet NaN: what a reader of events admits.
    #[must_use]
    pub fn canonical(self) -> Value {
        match self {
            Value::Float32(x) => Value::Float32(quiet_f32(x)),
            Value::Float64(x) => Value::Float64(quiet_f64(x)),
            Value::List(list) => Value::List(list.into_iter().map(Value::canonical).collect()),
            Value::Map(pairs) => Value::Map(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key.canonical(), value.canonical()))
                    .collect(),
            ),
            other => other,
        }
    }

    /// The order of S14. Values of two types never meet in a column; they order by type.
    pub fn order(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int64(a), Value::Int64(b)) => a.cmp(b),
            // A positive quiet NaN is the greatest of IEEE 754's total order.
            (Value::Float32(a), Value::Float32(b)) => quiet_f32(*a).total_cmp(&quiet_f32(*b)),
            (Value::Float64(a), Value::Float64(b)) => quiet_f64(*a).total_cmp(&quiet_f64(*b)),
            (Value::Text(a), Value::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
            (Value::List(a), Value::List(b)) => order_of_lists(a, b, Value::order),
            (Value::Map(a), Value::Map(b)) => {
                order_of_lists(a, b, |a, b| a.0.order(&b.0).then_with(|| a.1.order(&b.1)))
            }
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

fn order_of_lists<T>(a: &[T], b: &[T], order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    let first_difference = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
    first_difference.unwrap_or(a.len().cmp(&b.len()))
}

fn quiet_f32(x: f32) -> f32 {
    if x.is_nan() { f32::from_bits(0x7fc0_0000) } else { x }
}

fn quiet_f64(x: f64) -> f64 {
    if x.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { x }
}

/// Whether two values have one type and the same bits. NaNs of different payload differ: a host
/// must give the canonical one.
pub fn same_bits(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int64(a), Value::Int64(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Float32(a), Value::Float32(b)) => a.to_bits() == b.to_bits(),
        (Value::Float64(a), Value::Float64(b)) => a.to_bits() == b.to_bits(),
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_bits(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let same = |(a, b): (&(Value, Value), &(Value, Value))| {
                same_bits(&a.0, &b.0) && same_bits(&a.1, &b.1)
            };
            a.len() == b.len() && a.iter().zip(b).all(same)
        }
        _ => false,
    }
}

impl fmt::Display for Value {
    /// In full: the type, the value, and the bits of a float.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(x) => write!(f, "bool {x}"),
            Value::Int64(x) => write!(f, "int64 {x}"),
            Value::Float32(x) => write!(f, "float32 {x:?} (bits {:#010x})", x.to_bits()),
            Value::Float64(x) => write!(f, "float64 {x:?} (bits {:#018x})", x.to_bits()),
            Value::Text(x) => write!(f, "text {x:?}"),
            Value::Timestamp(x) => write!(f, "timestamp {x} us"),
            Value::List(list) => {
                let texts: Vec<String> = list.iter().map(Value::to_string).collect();
                write!(f, "list [{}]", texts.join(", "))
            }
            Value::Map(pairs) => {
                let pair = |(key, value): &(Value, Value)| format!("{key}: {value}");
                let texts: Vec<String> = pairs.iter().map(pair).collect();
                write!(f, "map {{{}}}", texts.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the order of doubles and texts of S14. Method: lists written in that order.
    #[test]
    fn s14_order_is_total() {
        let doubles =
            [f64::NEG_INFINITY, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, f64::INFINITY, f64::NAN];
        let texts = ["", "\0", "A", "a", "aa", "z", "é", "中", "😀"];
        let doubles = doubles.map(Value::Float64).to_vec();
        let texts = texts.map(|text| Value::Text(text.to_string())).to_vec();
        let list = |list: &[Option<i64>]| {
            Value::List(list.iter().map(|x| x.map_or(Value::Null, Value::Int64)).collect())
        };
        let lists: [&[Option<i64>]; 6] =
            [&[], &[None], &[None, Some(9)], &[Some(-1)], &[Some(-1), None], &[Some(0)]];
        for list in [doubles, texts, lists.map(list).to_vec()] {
            let list = [vec![Value::Null], list].concat();
            for (i, a) in list.iter().enumerate() {
                for (j, b) in list.iter().enumerate() {
                    assert_eq!(a.order(b), i.cmp(&j), "{a} {b}");
                }
            }
        }
        assert_eq!(Value::Float64(-f64::NAN).order(&Value::Float64(f64::NAN)), Ordering::Equal);
    }

    /// Goal: equal only when the type and every bit agree. Method: pairs that print alike.
    #[test]
    fn s14_same_bits_is_strict() {
        let quiet = Value::Float64(f64::from_bits(0x7ff8_0000_0000_0000));
        assert!(same_bits(
            &quiet,
            &Value::Float64(f64::from_bits(0xfff8_1234_0000_0000)).canonical()
        ));
        assert!(!same_bits(&quiet, &Value::Float64(f64::from_bits(0xfff8_0000_0000_0000))));
        assert!(!same_bits(&Value::Float64(0.0), &Value::Float64(-0.0)));
        assert!(!same_bits(&Value::Int64(1), &Value::Timestamp(1)));
        assert!(!same_bits(&Value::Float32(1.0), &Value::Float64(1.0)));
        assert!(!same_bits(&Value::Null, &Value::Int64(0)));
        assert!(same_bits(&Value::Null, &Value::Null));
        let list = |zero: f64| Value::List(vec![Value::Null, Value::Float64(zero)]);
        assert!(same_bits(&list(0.0), &list(0.0)) && !same_bits(&list(0.0), &list(-0.0)));
        assert!(!same_bits(&Value::List(vec![]), &Value::List(vec![Value::Null])));
        let map = |zero: f64| Value::Map(vec![(Value::Int64(1), Value::Float64(zero))]);
        assert!(same_bits(&map(0.0), &map(0.0)) && !same_bits(&map(0.0), &map(-0.0)));
        assert!(!same_bits(&Value::Map(vec![]), &map(0.0)));
        assert!(!same_bits(&Value::Map(vec![]), &Value::List(vec![])));
        assert!(same_bits(&list(-f64::NAN).canonical(), &list(f64::NAN)));
    }

    /// Goal: a value prints in full. Method: a map of lists.
    #[test]
    fn nested_values_print_in_full() {
        let list = Value::List(vec![Value::Null, Value::Bool(true)]);
        let map = Value::Map(vec![(Value::Int64(1), list), (Value::Int64(2), Value::Null)]);
        assert_eq!(map.to_string(), "map {int64 1: list [null, bool true], int64 2: null}");
    }
}
