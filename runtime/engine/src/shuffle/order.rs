//! Gathers values from many pieces of a column into one column, in a given order.
//!
//! Invariant: the result equals that of Arrow's `interleave`. Numbers and times have a faster
//! implementation, because every feature of a training set is put into the spine's order in this
//! way. Deliberately absent: what the order means.

use super::layout::misfit;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, downcast_primitive,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::interleave;
use lockstep_core::error::Result;
use std::sync::Arc;

/// The index of a value's piece, and its row there.
pub(crate) type At = (u32, u32);

/// The values of `pieces`, of which there must be at least one, at `places`.
pub(crate) fn gather(pieces: &[&dyn Array], places: &[At]) -> Result<ArrayRef> {
    let of = pieces[0].data_type();
    macro_rules! numbers {
        ($primitive:ty) => {
            Ok(Arc::new(numbers::<$primitive>(pieces, places).with_data_type(of.clone())))
        };
    }
    downcast_primitive! {
        of => (numbers),
        _ => {
            let places = places.iter().map(|(piece, row)| (*piece as usize, *row as usize));
            interleave(pieces, &places.collect::<Vec<_>>()).map_err(misfit)
        }
    }
}

fn numbers<T: ArrowPrimitiveType>(pieces: &[&dyn Array], places: &[At]) -> PrimitiveArray<T> {
    let pieces: Vec<&PrimitiveArray<T>> = pieces.iter().map(|piece| piece.as_primitive()).collect();
    let values: Vec<&[T::Native]> = pieces.iter().map(|piece| &piece.values()[..]).collect();
    let value = |&(piece, row): &At| values[piece as usize][row as usize];
    let gathered: Vec<T::Native> = places.iter().map(value).collect();
    let has_null = pieces.iter().any(|piece| piece.null_count() > 0);
    let nulls = has_null.then(|| {
        let nulls: Vec<Option<&NullBuffer>> = pieces.iter().map(|piece| piece.nulls()).collect();
        let is_valid = |at: usize| {
            let (piece, row) = places[at];
            nulls[piece as usize].is_none_or(|nulls| nulls.is_valid(row as usize))
        };
        NullBuffer::new(BooleanBuffer::collect_bool(places.len(), is_valid))
    });
    PrimitiveArray::new(gathered.into(), nulls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
    };

    /// Makes a column of numbers and nulls.
    type Make = fn(&mut dyn Iterator<Item = Option<i64>>) -> ArrayRef;

    /// Goal: for every type and any nulls, the values are those of `interleave`. Method: pieces
    /// without nulls, with some, and slices that do not begin at a byte.
    #[test]
    fn gathers_as_interleave_does() {
        let places: Vec<At> = (0..500u32).map(|at| (at * 7 % 3, at * 31 % 90)).collect();
        let usual: Vec<(usize, usize)> =
            places.iter().map(|(piece, row)| (*piece as usize, *row as usize)).collect();
        let holes = |piece: i64, row: i64| (piece * row % 5 != 1).then_some(piece * 1000 + row);
        let numbers = |piece| (0..100).map(move |row| holes(piece, row));
        let all: [Make; 5] = [
            |it| Arc::new(it.collect::<Int64Array>()),
            |it| Arc::new(it.map(|n| n.map(|n| -0.0 / n as f64)).collect::<Float64Array>()),
            |it| Arc::new(it.collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            |it| Arc::new(it.map(|n| n.map(|n| n % 2 == 0)).collect::<BooleanArray>()),
            |it| Arc::new(it.map(|n| n.map(|n| n.to_string())).collect::<StringArray>()),
        ];
        for (of, make) in all.iter().enumerate() {
            for first in 0..3 {
                let pieces: Vec<ArrayRef> =
                    (first..first + 3).map(|at| make(&mut numbers(at)).slice(5, 90)).collect();
                let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
                let found = gather(&pieces, &places).unwrap();
                let expect = interleave(&pieces, &usual).unwrap();
                assert_eq!(found.data_type(), expect.data_type());
                assert_eq!(&found, &expect, "type {of}, from piece {first}");
            }
        }
    }
}
