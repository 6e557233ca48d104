//! Moments: times of any Arrow type, and integers in a declared unit, as microseconds (S2).
//!
//! Invariant: coarser times convert exactly, and timestamps finer than a microsecond are floored
//! toward minus infinity; an integer is exact or makes its row bad. Deliberately absent: times of
//! day and durations, which are no points in time.

use super::widen::{BadRows, beyond, partial};
use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Date64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType as Us, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use lockstep_core::notation::Notation;
use lockstep_core::time::DAY_US;
use std::fmt::Display;
use std::sync::Arc;

/// Integers in the declared unit as microseconds.
pub(super) fn of_integers(array: &ArrayRef, notation: &Notation, bad: &mut BadRows) -> ArrayRef {
    zoned(partial::<Int64Type, Us>(array, bad, |value| notation.integer_time(value)))
}

/// A timestamp or a date as microseconds.
pub(super) fn of_times(array: &ArrayRef, bad: &mut BadRows) -> ArrayRef {
    let micros = match array.data_type() {
        ArrowType::Timestamp(TimeUnit::Second, _) => {
            coarser::<TimestampSecondType>(array, 1_000_000, bad)
        }
        ArrowType::Timestamp(TimeUnit::Millisecond, _) => {
            coarser::<TimestampMillisecondType>(array, 1000, bad)
        }
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => coarser::<Us>(array, 1, bad),
        ArrowType::Timestamp(TimeUnit::Nanosecond, _) => {
            partial::<TimestampNanosecondType, Us>(array, bad, |value| Ok(value.div_euclid(1000)))
        }
        ArrowType::Date32 => coarser::<Date32Type>(array, DAY_US, bad),
        _ => coarser::<Date64Type>(array, 1000, bad),
    };
    zoned(micros)
}

fn coarser<S>(array: &ArrayRef, unit_us: i64, bad: &mut BadRows) -> PrimitiveArray<Us>
where
    S: ArrowPrimitiveType<Native: Into<i64> + Display>,
{
    partial::<S, Us>(array, bad, |value| {
        value.into().checked_mul(unit_us).ok_or_else(|| beyond(array, value, "timestamp"))
    })
}

fn zoned(micros: PrimitiveArray<Us>) -> ArrayRef {
    Arc::new(micros.with_timezone("UTC"))
}
