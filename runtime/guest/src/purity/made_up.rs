//! Made-up values of a type: ordinary ones, and a few at the type's edges.
//!
//! Invariant: the values depend on the type and the seed alone. Deliberately absent: values that
//! mean anything to a transform.

use lockstep_core::value::{DataType, Decimal, Value, power_of_ten};

/// 2024-01-01, in microseconds since 1970.
const NEW_YEAR_US: i64 = 1_704_067_200_000_000;
/// 2024-01-01, in days since 1970.
const NEW_YEAR_DAYS: i32 = 19_723;
/// Texts that transforms may look for, or stumble over.
const TEXTS: [&str; 8] = ["", "a", "b", "ä", "0", "user", "a b", "\u{1F600}"];

/// `count` values of a type, with nulls among them if it is `nullable`. None if there is no way to
/// make one.
pub(super) fn values(
    data_type: &DataType,
    nullable: bool,
    count: usize,
    seed: usize,
) -> Option<Vec<Value>> {
    let null = |row: usize| nullable && (row + seed) % 5 == 4;
    let value =
        |row: usize| if null(row) { Some(Value::Null) } else { value(data_type, row + seed) };
    (0..count).map(value).collect()
}

fn value(data_type: &DataType, row: usize) -> Option<Value> {
    let number = (row * 7 % 101) as i64;
    Some(match data_type {
        DataType::Bool => Value::Bool(row.is_multiple_of(3)),
        DataType::Int64 => Value::Int64(match row % 64 {
            40 => i64::MAX,
            41 => i64::MIN,
            42 => -1,
            _ => number,
        }),
        DataType::Bytes => Value::Bytes((0..row % 5).map(|at| (row * 31 + at) as u8).collect()),
        DataType::Date => Value::Date(NEW_YEAR_DAYS + row as i32 % 1000),
        DataType::Decimal { precision, scale } => {
            let most = power_of_ten(*precision) - 1;
            let unscaled = match row % 64 {
                40 => most,
                41 => -most,
                _ => i128::from(number).min(most),
            };
            Value::Decimal(Box::new(Decimal { unscaled, scale: *scale }))
        }
        integer if integer.is_integer() => {
            let (least, most) = integer.integer_range()?;
            let value = match row % 64 {
                40 => most,
                41 => least,
                _ => i128::from(number),
            };
            match integer.is_unsigned() {
                true => Value::UInt64(value as u64),
                false => Value::Int64(value as i64),
            }
        }
        DataType::Float32 => Value::Float32(float(row) as f32),
        DataType::Float64 => Value::Float64(float(row)),
        DataType::String => Value::String(match row % 3 {
            0 => TEXTS[row / 3 % TEXTS.len()].into(),
            _ => format!("text {number}").into(),
        }),
        DataType::Timestamp => Value::Timestamp(NEW_YEAR_US + 61_000_003 * row as i64),
        DataType::List(element) => {
            Value::List((0..row % 4).map(|at| value(element, row + at)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn float(row: usize) -> f64 {
    match row % 64 {
        40 => f64::NAN,
        41 => -0.0,
        42 => f64::INFINITY,
        43 => 1e300,
        _ => (row * 7 % 101) as f64 * 0.25,
    }
}
