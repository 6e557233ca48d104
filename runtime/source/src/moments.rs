//! Moments: times of any Arrow type, and integers in a declared unit, as microseconds (S2); and
//! dates as days.
//!
//! Invariant: coarser times convert exactly, and timestamps finer than a microsecond are floored
//! toward minus infinity; an integer and a date are exact or make their row bad. Deliberately
//! absent: timestamps as dates, which would have to choose a zone; and times of day and durations,
//! which are no points in time.

use super::widen::{BadRows, beyond, exact, partial};
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

/// Milliseconds in a day.
const DAY_MS: i64 = 86_400_000;

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

/// A date as days; one in milliseconds must begin a day.
pub(super) fn of_dates(array: &ArrayRef, bad: &mut BadRows) -> ArrayRef {
    match array.data_type() {
        ArrowType::Date32 => exact::<Date32Type, Date32Type>(array, |days| days),
        _ => Arc::new(partial::<Date64Type, Date32Type>(array, bad, |millis| {
            if millis % DAY_MS != 0 {
                return Err(format!("{millis} ms of type {} is no whole day", array.data_type()));
            }
            i32::try_from(millis / DAY_MS).map_err(|_| beyond(array, millis, "date"))
        })),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray, Date32Array, Date64Array};

    /// Goal: a date is a whole number of days or bad (S6). Method: the ends of both of Arrow's
    /// dates, milliseconds beside a day's beginning, and a day behind a null.
    #[test]
    fn s06_dates_are_whole_days() {
        let mut bad = BadRows::default();
        let days = [i32::MIN, -1, 0, 19_782, i32::MAX];
        let valid = vec![true, true, false, true, true];
        let array: ArrayRef = Arc::new(Date32Array::new(days.to_vec().into(), Some(valid.into())));
        let found = of_dates(&array.slice(1, 4), &mut bad);
        let found: Vec<_> = found.as_primitive::<Date32Type>().iter().collect();
        assert_eq!(found, [Some(-1), None, Some(19_782), Some(i32::MAX)]);
        assert_eq!(bad.len(), 0);
        let (least, most) = (i64::from(i32::MIN) * DAY_MS, i64::from(i32::MAX) * DAY_MS);
        let millis = [
            (0, Some(0)),
            (1, None),
            (-1, None),
            (86_399_999, None),
            (-86_400_000, Some(-1)),
            (86_400_000, Some(1)),
            (most, Some(i32::MAX)),
            (most + DAY_MS, None),
            (least, Some(i32::MIN)),
            (least - DAY_MS, None),
            (i64::MAX, None),
        ];
        let array: ArrayRef = Arc::new(Date64Array::from_iter_values(millis.map(|pair| pair.0)));
        let found = of_dates(&array, &mut bad);
        assert_eq!(*found.data_type(), ArrowType::Date32);
        let found: Vec<_> = found.as_primitive::<Date32Type>().iter().collect();
        assert_eq!(found, millis.map(|pair| pair.1));
        assert_eq!(bad.reason(1), Some("1 ms of type Date64 is no whole day"));
        assert!(bad.reason(7).unwrap().ends_with("is beyond the range of date"));
        let behind = Date64Array::new(vec![1].into(), Some(vec![false].into()));
        let (behind, mut bad): (ArrayRef, _) = (Arc::new(behind), BadRows::default());
        let found = of_dates(&behind, &mut bad);
        assert_eq!((found.null_count(), bad.len()), (1, 0));
        assert_eq!(found.as_primitive::<Date32Type>().values().as_ref(), [0]);
    }
}
